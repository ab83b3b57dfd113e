//! Truncation at random: every draw is made, and the mean of all is the gradient.

#![allow(clippy::unwrap_used)] // a test may

mod zoo;

use ndarray::{Array3, ArrayD};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Elman, Gru, Input, Lstm, ParamStore, Readout, Stacked, State,
    bptt::{Block, End, RandomLength, Randomized, Segment, Spread, Tally, Truncation, Window},
    cells, clip,
    init::Uniform,
};
use std::{collections::BTreeMap, ops::Range};
use tape::{Gradients, ParamId, Tape, Var};
use zoo::{BATCH, HIDDEN, INPUTS};

/// A cell with its data: the loss is Σₜ ½|hₜ − yₜ|², and the first state is learned.
struct Model<'c, C> {
    cell: &'c C,
    store: ParamStore<f64>,
    start: Vec<ParamId>,
    steps: usize,
    /// Divides the loss of a block by its length.
    mean: bool,
    rows: Range<usize>,
}

impl<'c, C: Cell<f64>> Model<'c, C> {
    fn new(cell: &'c C, mut store: ParamStore<f64>, steps: usize) -> Self {
        let mut part = |(k, &width): (usize, &usize)| {
            store.add(format!("s{k}"), zoo::waves(&[BATCH, width], 900 + k)).unwrap()
        };
        let start = cell.widths().iter().enumerate().map(&mut part).collect();
        Self { cell, store, start, steps, mean: false, rows: 0..BATCH }
    }

    fn first<'t>(&self, p: Bound<'t, '_, f64>) -> C::State<'t> {
        let mut parts = self.start.iter();
        let rows = self.rows.clone();
        State::build(&mut || p.var(*parts.next().unwrap()).slice(0, rows.clone()))
    }

    fn inputs<'t>(&self, p: Bound<'t, '_, f64>, steps: Range<usize>) -> Input<'t, 'static, f64> {
        let x = |(t, i, j)| zoo::wave(7 * (steps.start + t) + 3 * (self.rows.start + i) + j);
        let xs = Array3::from_shape_fn((steps.len(), self.rows.len(), INPUTS), x);
        Input::Dense(p.tape().constant(xs))
    }

    fn loss<'t>(&self, block: Block<'t, f64>) -> Var<'t, f64> {
        let shape = block.outputs.shape();
        let y = |(t, i, j)| zoo::wave(11 * (block.steps.start + t) + 5 * (self.rows.start + i) + j);
        let targets = Array3::from_shape_fn((shape[0], shape[1], shape[2]), y);
        let loss = block.outputs.half_squared_error(block.outputs.tape().constant(targets));
        if self.mean { loss / block.steps.len() as f64 } else { loss }
    }

    fn full(&self) -> Gradients<f64> {
        self.window(Truncation::Full)
    }

    fn window(&self, truncation: Truncation) -> Gradients<f64> {
        let mut sum = None;
        truncation
            .run(
                &Tape::new(),
                self.cell,
                &mut self.store.clone(),
                |p| self.first(p),
                self.steps,
                Readout::After,
                |p, steps| self.inputs(p, steps),
                |_, block| self.loss(block),
                |_, gradients| {
                    add(&mut sum, gradients);
                    Ok(())
                },
            )
            .unwrap();
        sum.unwrap()
    }

    /// The gradient of one draw, the sum over its segments, each of which `change` may alter.
    fn drawn(
        &self,
        randomized: &Randomized,
        cut: &mut dyn FnMut(f64) -> bool,
        change: &mut dyn FnMut(&mut ParamStore<f64>, &mut Gradients<f64>),
    ) -> (Gradients<f64>, Tally) {
        let mut sum = None;
        let (_, _, tally) = randomized
            .run_by(
                &Tape::new(),
                self.cell,
                &mut self.store.clone(),
                |p| self.first(p),
                self.steps,
                Readout::After,
                cut,
                |p, steps| self.inputs(p, steps),
                |_, block| self.loss(block),
                |store, gradients| {
                    let mut own = None;
                    add(&mut own, gradients);
                    let mut own = own.unwrap();
                    change(store, &mut own);
                    add(&mut sum, &own);
                    Ok(())
                },
            )
            .unwrap();
        (sum.unwrap(), tally)
    }

    fn roulette(&self, randomized: &Randomized, cut: &mut dyn FnMut(f64) -> bool) -> Gradients<f64> {
        let mut sum = None;
        randomized
            .roulette_by(
                &Tape::new(),
                self.cell,
                &mut self.store.clone(),
                |p| self.first(p),
                self.steps,
                Readout::After,
                cut,
                |p, steps| self.inputs(p, steps),
                |_, block| self.loss(block),
                |_, gradients| {
                    add(&mut sum, gradients);
                    Ok(())
                },
            )
            .unwrap();
        sum.unwrap()
    }

    /// All draws with their probabilities.
    fn spread(&self, randomized: &Randomized) -> Spread {
        let mut spread = Spread::new();
        every_draw(|cut| self.drawn(randomized, cut, &mut |_, _| {}).0, |g, probability| {
            spread.add_weighted(&g, probability);
        });
        spread
    }

    /// The largest difference to the gradient, relative to its largest entry.
    fn bias(&self, spread: &Spread, full: &Gradients<f64>) -> f64 {
        let largest = |a: &ArrayD<f64>| a.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let (mut off, mut scale) = (0.0_f64, 0.0_f64);
        for (id, want) in full.params() {
            let none = ArrayD::zeros(want.raw_dim());
            off = off.max(largest(&(spread.mean(id).unwrap_or(&none) - want)));
            scale = scale.max(largest(want));
        }
        off / scale
    }
}

/// Adds to a sum that owns its arrays.
fn add(sum: &mut Option<Gradients<f64>>, term: &Gradients<f64>) {
    let sum = sum.get_or_insert_with(|| {
        let tape = Tape::new();
        tape.backward(tape.leaf(ndarray::arr0(0.0)))
    });
    sum.accumulate(term);
}

/// Follows every branch of a random course: `course` asks for decisions, `end` gets what came of it and its probability.
/// Returns how many there were.
fn every_draw<R>(
    mut course: impl FnMut(&mut dyn FnMut(f64) -> bool) -> R,
    mut end: impl FnMut(R, f64),
) -> usize {
    let (mut path, mut count, mut total) = (Vec::<bool>::new(), 0, 0.0);
    loop {
        let (mut depth, mut probability) = (0, 1.0);
        let result = course(&mut |c| {
            if depth == path.len() {
                path.push(false);
            }
            let cut = path[depth];
            depth += 1;
            probability *= if cut { c } else { 1.0 - c };
            cut
        });
        end(result, probability);
        (count, total) = (count + 1, total + probability);
        while path.last() == Some(&true) {
            path.pop();
        }
        match path.last_mut() {
            Some(last) => *last = true,
            None => break,
        }
    }
    assert!((total - 1.0_f64).abs() < 1e-12, "{total}");
    count
}

fn rules() -> [Randomized; 4] {
    [
        Randomized::by_age(4.0, 4.0).unwrap(),
        Randomized::by_age(2.5, 6.0).unwrap(),
        Randomized::constant(0.3).unwrap(),
        Randomized::listed(vec![0.1, 0.0, 0.36, 0.49, 0.62, 0.75, 0.05]).unwrap(),
    ]
}

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
            assert!(spread.variance() > 1e-3 * spread.norm().powi(2), "{name}, {rule:?}");
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
    for steps in [1, 2, 5, 8] {
        let mut visit = Unbiased { steps, cells: 0 };
        if steps > 1 {
            some_cells(&mut visit);
            assert_eq!(visit.cells, 4);
        }
    }
}

#[test]
fn the_mean_over_all_draws_is_the_gradient_of_every_cell() {
    let mut visit = Unbiased { steps: 4, cells: 0 };
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
    for steps in [2, 5] {
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

fn elman(steps: usize, test: impl FnOnce(Model<'_, Elman<f64>>)) {
    let (init, mut rng) = (Uniform { bound: 0.9 }, ChaCha8Rng::seed_from_u64(5));
    let mut store = ParamStore::new();
    let cell = Elman::new(&mut store, "cell", (INPUTS, HIDDEN), &init, &mut rng).unwrap();
    test(Model::new(&cell, store, steps));
}

// What ALGORITHMS of this kind get wrong, one test each.

#[test]
fn a_draw_and_its_weight_are_of_the_same_age() {
    let rule = Randomized::by_age(50.0, 4.0).unwrap();
    let (mut asked, mut segment) = (Vec::new(), Segment::before(0));
    let mut decisions = [false, false, true, false, true, false, false].into_iter();
    let mut weights = Vec::new();
    while rule.next(&mut segment, 8, |c| {
        asked.push(c);
        decisions.next().unwrap()
    }) {
        weights.push(segment.factors.clone());
    }
    let c = |age: f64| 3.0 / (2.0 * 50.0 + age);
    assert_eq!(asked, [c(1.0), c(2.0), c(3.0), c(1.0), c(2.0), c(1.0), c(2.0)]);
    let w = |age: f64| 1.0 / (1.0 - c(age));
    assert_eq!(weights, [vec![1.0, w(1.0), w(2.0)], vec![1.0, w(1.0)], vec![1.0, w(1.0), w(2.0)]]);
    // With an age less in the weight, paths of all lengths would be too heavy, by up to this: 100/97.
    let off: f64 = (1..100_000).map(|n| w(f64::from(n) - 1.0) / w(f64::from(n))).product();
    assert!((off - 100.0 / 97.0).abs() < 1e-4, "{off}");
}

#[test]
fn a_mean_over_the_length_that_was_drawn_is_biased_and_over_the_mean_length_is_not() {
    elman(6, |mut model| {
        let rule = Randomized::by_age(3.0, 4.0).unwrap();
        let full = model.full();
        let mut by_mean = Spread::new();
        let over = |_: &mut ParamStore<f64>, g: &mut Gradients<f64>| {
            g.for_each_param_mut(|_, g| *g /= 3.0); // L₀, then times 3 to compare
            g.for_each_param_mut(|_, g| *g *= 3.0);
        };
        every_draw(|cut| model.drawn(&rule, cut, &mut { over }).0, |g, p| by_mean.add_weighted(&g, p));
        assert!(model.bias(&by_mean, &full) < 1e-12);
        model.mean = true;
        let realised = model.spread(&rule);
        // In no scale is it the gradient: not only too small, but of another direction.
        let (mut dot, mut squares) = (0.0, 0.0);
        for (id, g) in full.params() {
            dot += (realised.mean(id).unwrap() * g).sum();
            squares += (g * g).sum();
        }
        let cosine = dot / (realised.norm() * squares.sqrt());
        assert!((0.5..0.99).contains(&cosine), "{cosine}");
    });
}

#[test]
fn clipping_the_gradient_of_a_segment_is_biased() {
    elman(6, |model| {
        let (rule, full) = (Randomized::constant(0.3).unwrap(), model.full());
        let bias = |threshold: f64| {
            let (mut spread, mut clipped, mut segments) = (Spread::new(), 0, 0);
            every_draw(
                |cut| {
                    let mut change = |_: &mut ParamStore<f64>, g: &mut Gradients<f64>| {
                        let report = clip::global_norm(g, threshold).unwrap();
                        clipped += usize::from(report.clipped);
                        segments += 1;
                    };
                    model.drawn(&rule, cut, &mut change).0
                },
                |g, probability| spread.add_weighted(&g, probability),
            );
            (model.bias(&spread, &full), clipped as f64 / segments as f64)
        };
        let (unclipped, never) = bias(1e9);
        assert!(unclipped < 1e-12 && never == 0.0);
        let (clipped, rate) = bias(0.5);
        assert!(clipped > 0.05 && rate > 0.1, "{clipped}, {rate}");
    });
}

#[test]
fn a_draw_does_not_know_the_data() {
    elman(40, |mut model| {
        let rule = Randomized::by_age(4.0, 4.0).unwrap();
        let lengths = |model: &Model<'_, Elman<f64>>| {
            let (mut rng, mut lengths) = (ChaCha8Rng::seed_from_u64(3), Vec::new());
            let run = rule.run(
                &Tape::new(),
                model.cell,
                &mut model.store.clone(),
                |p| model.first(p),
                model.steps,
                Readout::After,
                &mut rng,
                |p, steps| model.inputs(p, steps),
                |_, block| {
                    lengths.push(block.steps.clone());
                    model.loss(block)
                },
                |_, _| Ok(()),
            );
            (lengths, run.unwrap().2)
        };
        let (one, tally) = lengths(&model);
        for id in model.store.ids().collect::<Vec<_>>() {
            model.store.get_mut(id).mapv_inplace(|w| 1.7 * w);
        }
        assert_eq!(lengths(&model).0, one);
        let longest = one.iter().map(ExactSizeIterator::len).max();
        assert_eq!((tally.segments, tally.steps, Some(tally.longest)), (one.len(), 40, longest));
        assert!(tally.weight > 1.0 && tally.capped == 0);
        assert_eq!(one.iter().map(|steps| steps.start).skip(1).collect::<Vec<_>>(), one
            .iter()
            .map(|steps| steps.end)
            .take(one.len() - 1)
            .collect::<Vec<_>>());
    });
}

#[test]
fn parameters_that_move_within_a_sequence_have_no_one_gradient_to_be_right_about() {
    elman(5, |model| {
        let (rule, full) = (Randomized::constant(0.3).unwrap(), model.full());
        let bias = |rate: f64| {
            let mut spread = Spread::new();
            every_draw(
                |cut| {
                    let mut descend = |store: &mut ParamStore<f64>, g: &mut Gradients<f64>| {
                        for (id, g) in g.params() {
                            store.get_mut(id).scaled_add(-rate, g);
                        }
                    };
                    model.drawn(&rule, cut, &mut descend).0
                },
                |g, probability| spread.add_weighted(&g, probability),
            );
            model.bias(&spread, &full)
        };
        let (still, slow, fast) = (bias(0.0), bias(1e-3), bias(1e-2));
        assert!(still < 1e-12 && slow > 1e-6, "{still:e} {slow:e}");
        assert!((5.0..20.0).contains(&(fast / slow)), "of the first order: {slow:e} {fast:e}");
    });
}

#[test]
fn one_draw_serves_all_rows_of_a_batch() {
    elman(7, |mut model| {
        let rule = Randomized::by_age(3.0, 4.0).unwrap();
        let decisions = [false, true, false, false, true, false];
        let draw = |model: &Model<'_, Elman<f64>>| {
            let mut left = decisions.into_iter();
            let (g, tally) = model.drawn(&rule, &mut |_| left.next().unwrap(), &mut |_, _| {});
            assert_eq!((tally.segments, left.next()), (3, None));
            g
        };
        let both = draw(&model);
        let mut rows = None;
        for row in 0..BATCH {
            model.rows = row..row + 1;
            add(&mut rows, &draw(&model));
        }
        let rows = rows.unwrap();
        for (id, g) in both.params() {
            approx::assert_abs_diff_eq!(g, &rows[id], epsilon = 1e-13);
        }
    });
}

#[test]
fn nothing_makes_up_for_the_end_of_the_sequence() {
    let rule = Randomized::constant(0.25).unwrap();
    for steps in 1..6 {
        let (mut asked, mut segment) = (0, Segment::before(0));
        assert!(rule.next(&mut segment, steps, |_| {
            asked += 1;
            false
        }));
        assert_eq!((asked, segment.end), (steps - 1, End::Data));
        assert_eq!(segment.steps, 0..steps);
        assert_eq!(segment.weight(), (4.0_f64 / 3.0).powi(steps as i32 - 1));
        assert!(!rule.next(&mut segment, steps, |_| unreachable!()));
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
fn segments_have_the_mean_length_that_was_asked_for() {
    for (mean, alpha) in [(1.5, 4.0), (16.0, 4.0), (50.0, 6.0), (16.0, 2.5)] {
        let rule = Randomized::by_age(mean, alpha).unwrap();
        for n in [1, 10, 1000] {
            // E[length] = Σ P(length > k), and what is left after n steps is a + n over α − 2, for a = (α − 2) L₀.
            let sum: f64 = (0..n).map(|k| rule.survival(k)).sum();
            let left = rule.survival(n) * ((alpha - 2.0) * mean + n as f64) / (alpha - 2.0);
            approx::assert_relative_eq!(sum + left, mean, max_relative = 1e-12);
        }
    }
    let (mut rng, rule) = (ChaCha8Rng::seed_from_u64(9), Randomized::by_age(16.0, 6.0).unwrap());
    let (mut segment, mut counts) = (Segment::before(0), BTreeMap::<usize, usize>::new());
    while rule.next(&mut segment, 1_000_000, |c| rand::RngExt::random::<f64>(&mut rng) < c) {
        *counts.entry(segment.steps.len()).or_default() += 1;
    }
    let n: usize = counts.values().sum();
    let mean = 1e6 / n as f64;
    // Var = Σ (2n + 1) P(length > n) − L₀²
    let variance: f64 = (0..200_000).map(|k| (2 * k + 1) as f64 * rule.survival(k)).sum::<f64>() - 256.0;
    assert!((mean - 16.0).abs() < 4.0 * (variance / n as f64).sqrt(), "{mean}");
}

#[test]
fn random_lengths_are_as_they_were_described() {
    let (mut rng, lengths) = (ChaCha8Rng::seed_from_u64(4), RandomLength::new(70.0).unwrap());
    let n = 200_000;
    let drawn: Vec<f64> = (0..n).map(|_| lengths.draw(&mut rng) as f64).collect();
    let mean = drawn.iter().sum::<f64>() / n as f64;
    // 0.95 · 70 + 0.05 · 35, less a half for rounding down.
    let variance = 25.0 + 1.0 / 12.0 + 0.95 * 0.05 * 35.0 * 35.0;
    assert!((mean - 67.75).abs() < 4.0 * (variance / f64::from(n)).sqrt(), "{mean}");
    let halved = drawn.iter().filter(|&&length| length < 52.0).count() as f64 / f64::from(n);
    assert!((halved - 0.05).abs() < 4.0 * (0.05 * 0.95 / f64::from(n)).sqrt(), "{halved}");
    let short = RandomLength::with(6.0, 0.5, 5.0, 5).unwrap();
    assert!((0..1000).all(|_| short.draw(&mut rng) >= 5));
    assert_eq!(lengths.rate(35), 0.5);

    elman(40, |model| {
        let (mut at, mut sum) = (0, None);
        let lengths = RandomLength::with(7.0, 0.2, 2.0, 3).unwrap();
        let (_, _, tally) = lengths
            .run(
                &Tape::new(),
                model.cell,
                &mut model.store.clone(),
                |p| model.first(p),
                40,
                Readout::After,
                &mut rng,
                |p, steps| model.inputs(p, steps),
                |_, block| model.loss(block),
                |_, gradients, segment| {
                    assert_eq!(segment.steps.start, at);
                    at = segment.steps.end;
                    assert!(segment.factors.is_empty() && segment.weight() == 1.0);
                    add(&mut sum, gradients);
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!((at, tally.steps), (40, 40));
        let mut spread = Spread::new();
        spread.add(&sum.unwrap());
        assert!(model.bias(&spread, &model.full()) > 1e-3);
    });
}

#[test]
fn chances_that_are_none_are_refused() {
    let text = |result: rnn::Result<Randomized>| result.unwrap_err().to_string();
    let rule = "there is a probability in [0, 1) for every step: a sure cut cannot be made up for; \
                for cuts at fixed places take a `Window`";
    for (c, named) in [(1.0, "1"), (-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(text(Randomized::constant(c)), format!("a cut with probability {named}: {rule}"));
        let listed = Randomized::listed(vec![0.5, c]);
        assert_eq!(text(listed), format!("a cut with probability {named}: {rule}"));
    }
    assert_eq!(text(Randomized::listed(vec![])), format!("no chances: {rule}"));
    assert!(Randomized::constant(0.0).is_ok());
    let rule = "segments are longer than one step, and have a mean only for α > 2; let L₀ be more than 1 and α 4 or 6";
    for (mean, alpha) in [(1.0, 4.0), (16.0, 2.0), (f64::NAN, 4.0), (16.0, f64::INFINITY)] {
        let what = format!("segments of {mean} steps on the average, with α = {alpha}: {rule}");
        assert_eq!(text(Randomized::by_age(mean, alpha)), what);
    }
    assert_eq!(
        text(Randomized::constant(0.5).unwrap().capped(0)),
        "segments of at most 0 steps: a segment has a step; let the cap be several times the mean length"
    );
    for wrong in [
        RandomLength::with(0.5, 0.05, 5.0, 5),
        RandomLength::with(70.0, 1.5, 5.0, 5),
        RandomLength::with(70.0, 0.05, -1.0, 5),
        RandomLength::with(70.0, 0.05, 5.0, 0),
    ] {
        assert!(wrong.unwrap_err().to_string().contains("lengths are at least 1"));
    }
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
