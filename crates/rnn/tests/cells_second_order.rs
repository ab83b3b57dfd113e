//! Hessian-vector products through cells whose pointwise part is one node, and finite differences of the gradient.

use crate::zoo;
use ndarray::ArrayD;
use rnn::{Cell, ParamStore, State};
use std::collections::BTreeMap;
use tape::{Dual, Real, Tape};
use zoo::{Visit, leaves, loss, states, wave};

/// The gradient of every parameter of every variant, under the variant's name.
struct Sweep<T: Real>(BTreeMap<String, Vec<ArrayD<T>>>);

impl<T: Real> Visit<T> for Sweep<T> {
    fn visit<C: Cell<T>>(&mut self, name: &str, store: ParamStore<T>, cell: &C) {
        let tape = Tape::new();
        let p = store.bind(&tape);
        let (xs, start) = leaves(&tape, cell);
        let states = states(cell, p, xs, start, |x, state| cell.step(p, x, state));
        let outputs: Vec<_> = states.iter().map(|state| state.output()).collect();
        let gradients = tape.backward(loss::<T, C>(&tape, &outputs, *states.last().unwrap()));
        self.0.insert(name.into(), store.ids().map(|id| gradients[id].clone()).collect());
    }
}

/// Where the Hessian is asked for, and along what: the `k`th number of all parameters.
fn along(k: usize) -> f64 {
    f64::cos(3.0 * k as f64)
}

fn gradients<T: Real>(number: &dyn Fn(usize) -> T) -> BTreeMap<String, Vec<ArrayD<T>>> {
    let mut sweep = Sweep(BTreeMap::new());
    zoo::every_cell(number, &mut sweep);
    sweep.0
}

#[test]
fn a_hessian_vector_product_is_how_the_gradient_changes() {
    const STEP: f64 = 3e-5;
    let exact = gradients(&|k| Dual::new(wave(k), along(k)));
    let at = |steps: f64| gradients(&|k| wave(k) + steps * STEP * along(k));
    let (here, near, far) = (at(0.0), (at(1.0), at(-1.0)), (at(2.0), at(-2.0)));
    assert!(exact.len() > 100, "{}", exact.len());
    for (name, exact) in &exact {
        let mut curved = false;
        for (k, exact) in exact.iter().enumerate() {
            assert_eq!(exact.mapv(|g| g.value), here[name][k], "{name}");
            let exact = exact.mapv(|g| g.tangent);
            // Central differences of the fourth order: normalised rows are curved.
            let near = &near.0[name][k] - &near.1[name][k];
            let far = &far.0[name][k] - &far.1[name][k];
            let slope = (near * 8.0 - far) / (12.0 * STEP);
            let scale = exact.iter().fold(1.0, |max: f64, g| max.max(g.abs()));
            let error = (&exact - &slope).mapv(f64::abs).into_iter().fold(0.0, f64::max);
            assert!(error < 1e-8 * scale, "{name}: parameter {k} by {error:e} of {scale:e}");
            curved |= exact.iter().any(|&g| g.abs() > 1e-3);
        }
        assert!(curved, "{name} is flat");
    }
}
