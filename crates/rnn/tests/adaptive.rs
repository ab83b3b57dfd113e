//! A window as long as a tolerated bias asks for.

use ndarray::{Array2, Array3, arr1};
use rnn::{
    Bound, Cell, Input, ParamStore, Widths,
    bptt::{Adaptive, Decay, LagNorms},
    unroll,
};
use tape::{ParamId, Tape, Var};

/// hₜ = w ⊙ hₜ₋₁ + xₜ, two units.
struct Fading {
    w: ParamId,
}

impl Cell<f64> for Fading {
    type State<'t> = Var<'t, f64>;

    fn widths(&self) -> Widths {
        [2].into_iter().collect()
    }

    fn step<'t>(&self, p: Bound<'t, '_, f64>, x: Var<'t, f64>, h: Var<'t, f64>) -> Var<'t, f64> {
        h * p.var(self.w) + x
    }
}

fn norms(w: [f64; 2], steps: usize) -> LagNorms {
    let (tape, mut store, mut norms) = (Tape::new(), ParamStore::new(), LagNorms::new());
    let cell = Fading { w: store.add("w", arr1(&w).into_dyn()).unwrap() };
    let xs = Input::Dense(tape.constant(Array3::ones((steps, 1, 2))));
    let start = tape.constant(Array2::zeros((1, 2)));
    let states: Vec<_> = unroll(&cell, store.bind(&tape), &xs, start).collect();
    norms.measure(&states, states[steps - 1].sum()).unwrap();
    norms
}

#[test]
fn the_norms_by_lag_are_those_of_the_products_of_jacobians() {
    let norms = norms([0.9, 0.5], 12).means();
    assert_eq!(norms.len(), 12);
    for (lag, norm) in norms.into_iter().enumerate() {
        let want = (0.81_f64.powi(lag as i32) + 0.25_f64.powi(lag as i32)).sqrt();
        approx::assert_relative_eq!(norm, want, max_relative = 1e-13);
    }
}

#[test]
fn several_losses_are_averaged_lag_by_lag() {
    let mut norms = norms([0.9, 0.5], 3);
    let first = norms.means();
    norms.add(0, first[0] + 2.0);
    norms.add(4, 0.25);
    let means = norms.means();
    assert_eq!(means.len(), 5);
    approx::assert_relative_eq!(means[0], first[0] + 1.0, max_relative = 1e-14);
    assert_eq!((means[1], means[3], means[4]), (first[1], 0.0, 0.25));
}

#[test]
fn a_rate_is_that_of_the_tail() {
    // Two modes: the fast one is gone after some lags.
    let norms = norms([0.9, 0.3], 60).means();
    let decay = Decay::fit(&norms, 20).unwrap();
    approx::assert_relative_eq!(decay.rate, 0.9, max_relative = 1e-9);
    assert!((Decay::fit(&norms, 0).unwrap().rate - 0.9).abs() > 1e-5);
    // What has underflowed has no logarithm.
    assert_eq!(Decay::fit(&[1.0, 0.0, 0.0], 0).unwrap().rate, 0.0);
}

#[test]
fn the_estimated_bias_of_a_geometric_decay_is_exact() {
    let norms: Vec<f64> = (0..25).map(|k| 3.0 * 0.7_f64.powi(k)).collect();
    let decay = Decay::fit(&norms, 5).unwrap();
    for k in 1..=25 {
        let want = 0.7_f64.powi(k) / (1.0 - 0.7_f64.powi(k));
        approx::assert_relative_eq!(decay.bias(k as usize), want, max_relative = 1e-9);
    }
    // Beyond what was measured the lost part goes on to fall.
    let (at, after) = (decay.bias(30), decay.bias(31));
    approx::assert_relative_eq!(after / at, 0.7, max_relative = 1e-9);
    assert_eq!(decay.bias(0), f64::INFINITY);
}

#[test]
fn the_shortest_window_that_is_tolerated_is_chosen() {
    let norms: Vec<f64> = (0..40).map(|k| 0.8_f64.powi(k)).collect();
    let decay = Decay::fit(&norms, 10).unwrap();
    for tolerance in [0.5, 0.1, 0.01, 1e-6] {
        let k2 = Adaptive::new(tolerance, 1, 200).unwrap().choose(&decay).unwrap();
        assert!(decay.bias(k2) <= tolerance && decay.bias(k2 - 1) > tolerance, "{tolerance}: {k2}");
        assert_eq!(Adaptive::new(tolerance, k2 + 3, 200).unwrap().choose(&decay).unwrap(), k2 + 3);
    }
}

#[test]
fn where_nothing_falls_no_window_is_long_enough() {
    let decay = Decay::fit(&[1.0, 1.1, 1.21, 1.331], 0).unwrap();
    assert_eq!(decay.bias(1_000), f64::INFINITY);
    let error = Adaptive::new(0.1, 1, 500).unwrap().choose(&decay).unwrap_err().to_string();
    assert_eq!(
        error,
        "a bias of 0.1 with windows of up to 500 steps: gradients change by a factor of 1.1000 with each lag, and the \
         longest window has a bias of inf; allow longer windows, tolerate more, or truncate at random (`Randomized`)"
    );
}

#[test]
fn what_cannot_be_fitted_or_chosen_is_refused() {
    for (norms, from) in
        [(&[1.0][..], 0), (&[1.0, 0.5, 0.2], 2), (&[1.0, f64::NAN, 0.1], 0), (&[], 3)]
    {
        assert!(Decay::fit(norms, from).is_err(), "{norms:?} from {from}");
    }
    for (tolerance, least, most) in [(0.0, 1, 9), (f64::NAN, 1, 9), (0.1, 0, 9), (0.1, 5, 4)] {
        assert!(Adaptive::new(tolerance, least, most).is_err(), "{tolerance}, {least}, {most}");
    }
}
