//! Second derivatives, of `s = Σ c ⊙ f²`: it has some where `f` has none.

use crate::witnesses::{
    direction, dot,
    list::all,
    sweep, uneven,
    witness::{Function, Point, Promise, Witness},
};
use ndarray::{ArrayD, Zip};
use tape::{Dual, Real, Tape, hvp};

fn derivatives() -> Vec<Witness> {
    let mut list = all();
    list.retain(|w| matches!(w.promise, Promise::Derivative));
    list
}

/// `Σ c ⊙ f²` of leaves `x`, on a tape of its own.
fn scalar<T: Real>(f: Function<T>, x: &[ArrayD<T>]) -> T {
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
    let y = f(&tape, &vars).value();
    y.iter().zip(&uneven(y.shape(), 2)).map(|(&y, &c)| T::of(c) * y * y).sum()
}

/// `∇s`: the cotangent of `f` in it is `2 c ⊙ f`.
fn gradient(f: Function<f64>, x: &[ArrayD<f64>]) -> Point {
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
    let y = f(&tape, &vars).value();
    sweep(f, x, |_| &y * &uneven(y.shape(), 2) * 2.0).1
}

/// `H v` of `s`.
fn hessian_times(w: &Witness, x: &Point, v: &Point) -> Point {
    let f = w.rule.over_dual;
    hvp(
        |tape, x| {
            let y = f(tape, x);
            (y * y * tape.constant(uneven(&y.shape(), 2).mapv(Dual::of))).sum()
        },
        x,
        v,
    )
    .unwrap()
    .1
}

#[test]
fn a_hessian_is_how_the_gradient_changes() {
    for w in derivatives() {
        for (name, x) in w.each() {
            let v = direction(x, 1);
            let h = 1e-5;
            let at = |h: f64| -> Point { x.iter().zip(&v).map(|(x, v)| x + v * h).collect() };
            let (up, down) =
                (gradient(w.rule.over_f64, &at(h)), gradient(w.rule.over_f64, &at(-h)));
            let hv = hessian_times(&w, x, &v);
            let scale = hv.iter().flatten().fold(1.0f64, |scale, h| scale.max(h.abs()));
            for ((up, down), hv) in up.iter().zip(&down).zip(&hv) {
                let numeric = (up - down) / (2.0 * h);
                let close = numeric.iter().zip(hv).all(|(n, hv)| (n - hv).abs() <= 1e-6 * scale);
                assert!(close, "{name}: H v is {hv}, by differences {numeric}");
            }
        }
    }
}

#[test]
fn a_hessian_is_symmetric_whichever_way_it_is_found() {
    for w in derivatives() {
        for (name, x) in w.each() {
            let (u, v) = (direction(x, 1), direction(x, 4));
            let (uhv, a) = dot(&u, &hessian_times(&w, x, &v));
            let (vhu, b) = dot(&v, &hessian_times(&w, x, &u));
            let nested: Vec<_> = x
                .iter()
                .zip(&u)
                .zip(&v)
                .map(|((x, u), v)| {
                    Zip::from(x)
                        .and(u)
                        .and(v)
                        .map_collect(|&x, &u, &v| Dual::new(Dual::new(x, u), Dual::new(v, 0.0)))
                })
                .collect();
            let forward = scalar(w.rule.over_nested, &nested).tangent.tangent;
            // Terms as large as the gradient cancel where s is linear, as it is of a root.
            let (_, g) = dot(&u, &gradient(w.rule.over_f64, x));
            let tolerance = 1e-10 * a.max(b).max(g);
            assert!((uhv - vhu).abs() <= tolerance, "{name}: {uhv:e} and {vhu:e}");
            assert!((uhv - forward).abs() <= tolerance, "{name}: {uhv:e}, nested {forward:e}");
        }
    }
}
