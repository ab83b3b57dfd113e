//! Where short and long paths pull in opposite directions, a window walks off and truncation at random arrives. (C. Tallec and Y.
//! Ollivier, 2017.)
//!
//! sₜ₊₁ = A sₜ + θ σ with A = ½ on the diagonal and above it, L = ½ (s¹ − 1)²: of n units p have σ = 1, the others −1, and
//! θ* = 1/(2 (2p − n)).

use ndarray::{Array2, Array3, arr0};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Input, ParamStore, Readout, Widths,
    bptt::{Block, Losses, Randomized, Truncation, Updates, Window},
};
use std::ops::Range;
use tape::{Gradients, ParamId, Tape, Var};

struct Balance {
    theta: ParamId,
    transposed: Array2<f64>,
    sigma: Array2<f64>,
}

impl Cell<f64> for Balance {
    type State<'t> = Var<'t, f64>;

    fn widths(&self) -> Widths {
        [self.sigma.len()].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, f64>, x: Input<'t, '_, f64>) -> Var<'t, f64> {
        x.dense(p.tape()) * p.var(self.theta)
    }

    fn step<'t>(&self, p: Bound<'t, '_, f64>, x: Var<'t, f64>, s: Var<'t, f64>) -> Var<'t, f64> {
        s.matmul(p.tape().constant(&self.transposed)) + x
    }
}

/// The problem with p units of one sign and q of the other, from θ = ½, and θ*.
fn problem((p, q): (usize, usize)) -> (ParamStore<f64>, Balance, f64) {
    let (mut store, n) = (ParamStore::new(), p + q);
    let half = |(j, i)| if i == j || i + 1 == j { 0.5 } else { 0.0 };
    let cell = Balance {
        theta: store.add("theta", arr0(0.5).into_dyn()).unwrap(),
        transposed: Array2::from_shape_fn((n, n), half),
        sigma: Array2::from_shape_fn((1, n), |(_, i)| if i < p { 1.0 } else { -1.0 }),
    };
    (store, cell, 0.5 / (p as f64 - q as f64))
}

impl Balance {
    fn start<'t>(&self, tape: &'t Tape<f64>) -> Var<'t, f64> {
        tape.constant(Array2::ones(self.sigma.dim()))
    }

    fn inputs<'t>(&self, tape: &'t Tape<f64>, steps: Range<usize>) -> Input<'t, 'static, f64> {
        let sigma = |(_, _, i)| self.sigma[[0, i]];
        let all = Array3::from_shape_fn((steps.len(), 1, self.sigma.len()), sigma);
        Input::Dense(tape.constant(all))
    }

    /// Σₖ e₁ᵀ Aᵏ σ over `lags` lags: ds¹/dθ as far as it is followed.
    fn slope(&self, lags: usize) -> f64 {
        let (mut row, mut sum) = (self.sigma.clone(), 0.0);
        for _ in 0..lags {
            sum += row[[0, 0]];
            row = row.dot(&self.transposed);
        }
        sum
    }
}

fn loss(block: Block<'_, f64>) -> Var<'_, f64> {
    (block.outputs.slice(2, 0..1) - 1.0).square().sum() * 0.5
}

/// θ halfway and after `steps` steps of descent along the windows' gradients, divided by their length.
fn descended(units: (usize, usize), window: Window, rate: f64, steps: usize) -> [f64; 2] {
    let ((mut store, cell, _), tape) = (problem(units), Tape::new());
    let mut way = Vec::new();
    Truncation::Window(window)
        .run(
            &tape,
            &cell,
            &mut store,
            |_| cell.start(&tape),
            steps,
            Readout::After,
            |_, steps| cell.inputs(&tape, steps),
            |_, block| loss(block),
            |store, gradients: &Gradients<f64>| {
                let rate = rate / window.k1() as f64;
                store.get_mut(cell.theta).scaled_add(-rate, &gradients[cell.theta]);
                way.push(store.get(cell.theta).sum());
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(way.len(), steps / window.k1());
    [way[way.len() / 2 - 1], way[way.len() - 1]]
}

#[test]
fn what_a_window_sees_has_the_wrong_sign_until_it_is_many_times_longer_than_the_memory() {
    for (units, turns, limit) in [((10, 13), 41, -6.0), ((11, 13), 46, -4.0)] {
        let (_, cell, _) = problem(units);
        for lags in 1..100 {
            assert_eq!(cell.slope(lags) < 0.0, lags >= turns, "{units:?}, {lags} lags");
        }
        assert!((cell.slope(400) - limit).abs() < 1e-9);
    }
    assert!((problem((10, 13)).1.slope(19) - 16.5).abs() < 0.05);
}

#[test]
fn the_tape_sees_what_the_window_sees() {
    let ((mut store, cell, _), tape) = (problem((10, 13)), Tape::new());
    let window = Window::new(60, 60).unwrap().losses(Losses::Last).updates(Updates::Stored);
    let mut slopes = Vec::new();
    Truncation::Window(window)
        .run(
            &tape,
            &cell,
            &mut store,
            |_| cell.start(&tape),
            120,
            Readout::After,
            |_, steps| cell.inputs(&tape, steps),
            |_, block| block.outputs.slice(2, 0..1).sum(),
            |_, gradients| {
                slopes.push(gradients[cell.theta].sum());
                Ok(())
            },
        )
        .unwrap();
    assert!(slopes.iter().all(|slope| (slope - cell.slope(60)).abs() < 1e-12), "{slopes:?}");
}

#[test]
fn windows_of_10_50_and_100_steps_walk_the_wrong_way() {
    for units in [(10, 13), (11, 13)] {
        let (_, _, best) = problem(units);
        for length in [10, 50, 100] {
            let window = Window::new(length, length).unwrap();
            let [early, late] = descended(units, window, 1e-3, 8_000);
            assert!(best < 0.0 && 0.5 < early && early < late, "{length}: 0.5, {early}, {late}");
        }
    }
}

#[test]
fn randomized_truncation_arrives() {
    for units in [(10, 13), (11, 13)] {
        for seed in 1..=3 {
            let ((mut store, cell, best), tape) = (problem(units), Tape::new());
            let rule = Randomized::by_age(10.0, 4.0).unwrap();
            rule.run(
                &tape,
                &cell,
                &mut store,
                |_| cell.start(&tape),
                25_000,
                Readout::After,
                &mut ChaCha8Rng::seed_from_u64(seed),
                |_, steps| cell.inputs(&tape, steps),
                |_, block| loss(block),
                |store, gradients| {
                    store.get_mut(cell.theta).scaled_add(-3e-4 / 10.0, &gradients[cell.theta]);
                    Ok(())
                },
            )
            .unwrap();
            let theta = store.get(cell.theta).sum();
            assert!((theta - best).abs() < 1e-6, "{units:?}, seed {seed}: {theta}, not {best}");
        }
    }
}
