//! What is promised by ops that have no gradient, or the gradient of no function.

use crate::witnesses::{direction, list::all, sweep, uneven, witness::Promise};
use tape::jvp;

#[test]
fn an_op_without_gradient_gives_none_and_does_not_move() {
    let mut count = 0;
    for w in all().iter().filter(|w| matches!(w.promise, Promise::Nothing(_))) {
        for (name, x) in w.each() {
            let (y, dx) = sweep(w.rule.over_f64, x, |y| uneven(y.shape(), 2));
            assert!(y.iter().all(|y| y.is_finite()), "{name}: {y}");
            assert!(dx.iter().flatten().all(|&dx| dx == 0.0), "{name}: {dx:?}");
            let (value, dy) = jvp(w.rule.over_dual, x, &direction(x, 1)).unwrap();
            assert_eq!(value, y, "{name}");
            assert!(dy.iter().all(|&dy| dy == 0.0), "{name}: {dy}");
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn an_op_on_the_adjoint_leaves_value_and_tangent_alone_and_does_to_the_adjoint_what_it_says() {
    let mut count = 0;
    for w in all() {
        let Promise::Adjoint(adjoint, _) = w.promise else { continue };
        for (name, x) in w.each() {
            for size in [0.1, 1.0, 10.0] {
                let c = uneven(x[0].shape(), 2) * size;
                let (y, dx) = sweep(w.rule.over_f64, x, |_| c.clone());
                assert_eq!(y, x[0], "{name}");
                let off = (&dx[0] - &adjoint(&c)).mapv(f64::abs).sum();
                assert!(off <= 1e-15 * size, "{name}: {} but {}", dx[0], adjoint(&c));
            }
            let v = direction(x, 1);
            let (_, dy) = jvp(w.rule.over_dual, x, &v).unwrap();
            assert_eq!(dy, v[0], "{name}");
            count += 1;
        }
    }
    assert!(count > 0);
}
