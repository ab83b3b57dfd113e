//! The mean over all draws is the gradient, of every cell; and what the draws spread.

use super::{Model, elman, every_draw, rules};
use crate::zoo::{self, HIDDEN, INPUTS};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Gru, Lstm, ParamStore, Stacked,
    bptt::{Randomized, Spread, Truncation, Window},
    cells,
    init::Uniform,
};

/// Makes all draws of every rule.
struct Unbiased {
    steps: usize,
    cells: usize,
}

impl zoo::Visit<f64> for Unbiased {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        self.cells += 1;
        let model = Model::new(cell, store, self.steps);
        let full = model.full();
        for rule in rules() {
            let spread = model.spread(&rule);
            assert_eq!(spread.draws(), 1 << (self.steps - 1));
            let bias = model.bias(&spread, &full);
            assert!(bias < 1e-12, "{name}, {rule:?}: {bias:e}");
            assert!(spread.variance() > 1e-10 * spread.norm().powi(2), "{name}, {rule:?}");
        }
    }
}

/// Elman, LSTM, GRU and two layers.
fn some_cells(visit: &mut impl zoo::Visit<f64>) {
    let (init, mut rng) = (Uniform { bound: 0.9 }, ChaCha8Rng::seed_from_u64(5));
    let sizes = (INPUTS, HIDDEN);
    let mut store = ParamStore::new();
    let elman = Elman::new(&mut store, "cell", sizes, &init, &mut rng).unwrap();
    visit.visit("elman", store, &elman);
    let (mut store, form) = (ParamStore::new(), cells::lstm::Form::default());
    let lstm = Lstm::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
    visit.visit("lstm", store, &lstm);
    let (mut store, form) = (ParamStore::new(), cells::gru::Form::default());
    let gru = Gru::new(&mut store, "cell", sizes, form, &init, &mut rng).unwrap();
    visit.visit("gru", store, &gru);
    let mut store = ParamStore::new();
    let lower = Elman::new(&mut store, "lower", sizes, &init, &mut rng).unwrap();
    let (upper, form) = ((HIDDEN, HIDDEN), cells::gru::Form::default());
    let upper = Gru::new(&mut store, "upper", upper, form, &init, &mut rng).unwrap();
    visit.visit("two layers", store, &Stacked { lower, upper });
}

#[test]
fn the_mean_over_all_draws_is_the_gradient() {
    for steps in [2, 5, 8] {
        let mut visit = Unbiased { steps, cells: 0 };
        some_cells(&mut visit);
        assert_eq!(visit.cells, 4);
    }
}

#[test]
fn the_mean_over_all_draws_is_the_gradient_of_every_cell() {
    let mut visit = Unbiased { steps: 3, cells: 0 };
    zoo::every_cell(&zoo::wave, &mut visit);
    assert!(visit.cells > 90, "{}", visit.cells);
}

/// Russian roulette, where the draws of the losses are made one by one and all together.
struct Roulette {
    steps: usize,
}

impl zoo::Visit<f64> for Roulette {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        let model = Model::new(cell, store, self.steps);
        let full = model.full();
        for rule in rules() {
            let mut spread = Spread::new();
            let draws = every_draw(
                |cut| model.roulette(&rule, cut),
                |g, probability| spread.add_weighted(&g, probability),
            );
            assert_eq!(draws, (1..=self.steps).product::<usize>());
            let bias = model.bias(&spread, &full);
            assert!(bias < 1e-12, "{name}, {rule:?}: {bias:e}");
        }
    }
}

#[test]
fn the_mean_over_all_roulettes_is_the_gradient() {
    for steps in [2, 4] {
        some_cells(&mut Roulette { steps });
    }
}

/// With the roulette of the last loss only: eight steps, eight draws.
#[test]
fn the_lags_of_a_loss_are_weighed_by_how_likely_they_are_reached() {
    for rule in rules() {
        let mut reached = [0.0; 8];
        let draws = every_draw(
            |cut| {
                let mut factors = Vec::new();
                rule.lags(7, &mut factors, cut);
                factors
            },
            |factors, probability| {
                assert_eq!(factors[0], 1.0);
                let mut weight = 1.0;
                for (lag, at) in (0..factors.len()).rev().enumerate() {
                    reached[lag] += probability * weight;
                    weight *= factors[at];
                }
            },
        );
        assert_eq!(draws, 8);
        assert!(reached.iter().all(|share: &f64| (share - 1.0).abs() < 1e-12), "{reached:?}");
    }
}

#[test]
fn without_weights_a_random_length_is_as_biased_as_a_fixed_one() {
    elman(6, |model| {
        let full = model.full();
        for rule in rules() {
            let bias = model.bias(&model.spread(&rule.clone().uncompensated()), &full);
            assert!(bias > 5e-3, "{rule:?}: {bias:e}");
        }
    });
}

#[test]
fn a_cap_loses_the_paths_that_it_cuts_and_no_others() {
    elman(6, |model| {
        let (rule, full) = (Randomized::constant(0.3).unwrap(), model.full());
        let mut last = f64::INFINITY;
        for longest in 1..6 {
            let bias = model.bias(&model.spread(&rule.clone().capped(longest).unwrap()), &full);
            assert!(bias > 1e-6 && bias < last, "{longest}: {bias:e} after {last:e}");
            last = bias;
        }
        let none = model.bias(&model.spread(&rule.clone().capped(6).unwrap()), &full);
        assert!(none < 1e-12, "{none:e}");
        // One step at a time: nothing is left to chance.
        let one = rule.capped(1).unwrap();
        let (got, tally) = model.drawn(&one, &mut |_| unreachable!(), &mut |_, _| {});
        assert_eq!((tally.segments, tally.capped), (6, 5));
        let direct = model.window(Truncation::Window(Window::new(1, 1).unwrap()));
        for (id, want) in direct.params() {
            approx::assert_abs_diff_eq!(&got[id], want, epsilon = 1e-13);
        }
    });
}

#[test]
fn the_variance_is_that_of_the_draws() {
    elman(5, |model| {
        let rule = Randomized::constant(0.3).unwrap();
        let spread = model.spread(&rule);
        // E|ĝ|² − |E ĝ|²
        let (mut second, mut draws) = (0.0, 0);
        every_draw(
            |cut| model.drawn(&rule, cut, &mut |_, _| {}).0,
            |g, probability| {
                let square: f64 = g.params().flat_map(|(_, g)| g.iter()).map(|g| g * g).sum();
                second += probability * square;
                draws += 1;
            },
        );
        let want = second - spread.norm().powi(2);
        approx::assert_relative_eq!(spread.variance(), want, max_relative = 1e-10);
        assert_eq!(spread.draws(), draws);
        approx::assert_relative_eq!(
            spread.relative(),
            want.sqrt() / spread.norm(),
            max_relative = 1e-10
        );
        let never = model.spread(&Randomized::constant(0.0).unwrap());
        assert!(never.variance() < 1e-25, "{}", never.variance());
    });
}
