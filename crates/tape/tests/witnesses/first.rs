//! First derivatives.

use crate::witnesses::{
    direction, dot,
    list::all,
    sweep, uneven,
    witness::{Promise, Witness},
};
use tape::{gradcheck, jvp};

fn derivatives() -> Vec<Witness> {
    let mut list = all();
    list.retain(|w| matches!(w.promise, Promise::Derivative));
    list
}

#[test]
fn a_sweep_is_what_central_differences_say() {
    for w in derivatives() {
        for (name, x) in w.each() {
            let mut report = gradcheck::function(w.rule.over_f64, x);
            report.name = name;
            report.assert();
        }
    }
}

#[test]
fn a_sweep_is_the_transpose_of_forward_mode() {
    for w in derivatives() {
        for (name, x) in w.each() {
            let v = direction(x, 1);
            let (y, dy) = jvp(w.rule.over_dual, x, &v).unwrap();
            let c = uneven(y.shape(), 2);
            let (value, dx) = sweep(w.rule.over_f64, x, |_| c.clone());
            assert_eq!(y.shape(), value.shape(), "{name}");
            let off = y.iter().zip(&value).any(|(y, v)| (y - v).abs() > 1e-13 * v.abs().max(1.0));
            assert!(!off, "{name}: the value of duals is {y}, not {value}");
            let (forward, a) = dot(&[c], &[dy]);
            let (reverse, b) = dot(&dx, &v);
            let error = (forward - reverse).abs() / a.max(b).max(f64::MIN_POSITIVE);
            assert!(error <= 1e-12, "{name}: ⟨c, J v⟩ = {forward:e}, ⟨Jᵀ c, v⟩ = {reverse:e}");
        }
    }
}

#[test]
fn twice_the_cotangent_is_twice_the_gradient_to_the_last_bit() {
    for w in derivatives() {
        for (name, x) in w.each() {
            let (_, once) = sweep(w.rule.over_f64, x, |y| uneven(y.shape(), 2));
            let (_, twice) = sweep(w.rule.over_f64, x, |y| uneven(y.shape(), 2) * 2.0);
            for (once, twice) in once.iter().zip(twice) {
                assert_eq!(once * 2.0, twice, "{name}");
            }
        }
    }
}
