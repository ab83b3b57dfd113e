//! UORO, which is BPTT on average, and SnAp-1, which is not.

use super::{Arrays, Problem, apart, three};
use crate::{golden, zoo};
use golden::Target;
use ndarray::{ArrayD, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Cell, Elman, Input, Linear, ParamStore,
    online::{Online, Snap1, Uoro},
};
use tape::Tape;

/// The mean of UORO's gradient over all signs at all edges.
struct Enumerate {
    block: usize,
    steps: usize,
}

impl zoo::Visit<f64> for Enumerate {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        let width: usize = cell.widths().iter().sum();
        let problem = Problem::new(store, cell, self.steps, 1);
        let signs = width * (self.steps.div_ceil(self.block) - 1);
        let (mut mean, mut spread) = (Arrays::new(), 0.0f64);
        let want = problem.bptt();
        for draw in 0..1usize << signs {
            // The last edge, whose signs nobody reads, gets zeros.
            let mut k = 0;
            let uoro = Uoro::with_signs(|| {
                k += 1;
                draw >> (k - 1) & 1 == 1
            });
            let got = problem.online(uoro, self.block);
            spread = spread.max(apart(&got, &want));
            for (name, g) in got {
                let sum = mean.entry(name).or_insert_with(|| &g * 0.0);
                sum.scaled_add(1.0 / (1u64 << signs) as f64, &g);
            }
        }
        let off = apart(&mean, &want);
        assert!(off < 1e-10, "{name}: {off:e}");
        assert!(spread > 0.1, "{name}: no draw differs");
    }
}

#[test]
fn uoro_is_backpropagation_through_time_on_the_mean_of_all_signs() {
    three(2, &mut Enumerate { block: 1, steps: 3 });
    three(1, &mut Enumerate { block: 1, steps: 5 });
    three(2, &mut Enumerate { block: 2, steps: 5 });
}

#[test]
fn uoro_gives_on_the_mean_of_all_signs_what_is_known_in_closed_form() {
    let parameters = golden::fill(8, 0, 0.5);
    // One row of Whh after the other is one column of U after the other.
    let u = ndarray::arr2(&[[parameters[2], parameters[4]], [parameters[3], parameters[5]]]);
    let mut store = ParamStore::<f64>::new();
    let mut add = |name: &str, value: ArrayD<f64>| store.add(name, value).unwrap();
    let w = add("w", ndarray::arr2(&[[parameters[0], parameters[1]]]).into_dyn());
    let (u, b) = (add("u", u.into_dyn()), add("b", ndarray::arr1(&parameters[6..]).into_dyn()));
    let cell = Elman { w, u, b: Some(b), activation: Activation::Tanh, hidden: 2 };
    let (inputs, targets) = (golden::fill(3, 100, 1.0), golden::fill(6, 200, 1.0));
    let mut mean = [0.0; 8];
    for draw in 0..16_usize {
        let mut k = 0;
        let uoro = Uoro::with_signs(|| {
            k += 1;
            draw >> (k - 1) & 1 == 1
        });
        let tape = Tape::new();
        let mut run = Online::new(&tape, &cell, uoro, cell.zeros(&tape, 1));
        for t in 0..3 {
            let x = tape.constant(ndarray::arr3(&[[[inputs[t]]]]));
            let y = tape.constant(ndarray::arr3(&[[[targets[2 * t], targets[2 * t + 1]]]]));
            let block = run.advance(store.bind(&tape), Input::Dense(x));
            let gradients = run.backward((block.outputs - y).square().sum() * 0.5).unwrap();
            let du = gradients[u].t();
            let all = gradients[w].iter().chain(du.iter()).chain(gradients[b].iter());
            mean.iter_mut().zip(all).for_each(|(mean, g)| *mean += g / 16.0);
        }
    }
    for (got, want) in mean.into_iter().zip(golden::uoro_tiny()) {
        assert!((got - want).abs() < 1e-12, "{got} and {want}");
    }
}

#[test]
fn uoro_repeats_itself_bit_for_bit_with_the_same_seed_and_only_then() {
    struct Repeat;
    impl zoo::Visit<f64> for Repeat {
        fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
            let problem = Problem::new(store, cell, 8, 2);
            let run = |seed| problem.online(Uoro::new(ChaCha8Rng::seed_from_u64(seed)), 1);
            assert_eq!(run(1), run(1), "{name}");
            assert_ne!(run(1), run(2), "{name}");
        }
    }
    three(4, &mut Repeat);
}

#[test]
fn snap_1_gives_what_it_gives_in_closed_form() {
    let golden::Elman { w, u, b, v, c, h0, inputs, target, .. } =
        golden::sequence("tanh", false, 5);
    let Target::HalfSquaredError(targets) = target else { panic!() };
    let mut store = ParamStore::<f64>::new();
    let mut add = |name: &str, value: ArrayD<f64>| store.add(name, value).unwrap();
    let (w, u, b) = (add("w", w.into_dyn()), add("u", u.into_dyn()), add("b", b.into_dyn()));
    let head = Linear { v: add("v", v.into_dyn()), c: Some(add("c", c.into_dyn())) };
    let cell = Elman { w, u, b: Some(b), activation: Activation::Tanh, hidden: 4 };
    let tape = Tape::new();
    let mut run = Online::new(&tape, &cell, Snap1::default(), tape.constant(&h0));
    let mut sums = [0.0; 3];
    for t in 0..5 {
        let at = |all: &ndarray::Array3<f64>| {
            tape.constant(all.slice_axis(Axis(0), Slice::from(t..t + 1)))
        };
        let p = store.bind(&tape);
        run.advance(p, Input::Dense(at(&inputs)));
        run.carry().unwrap();
        let h = run.output(p);
        let loss = (head.forward(p, h) - at(&targets)).square().sum() * 0.5;
        let gradients = run.backward(loss).unwrap();
        for (sum, id) in sums.iter_mut().zip([w, u, b]) {
            *sum += gradients[id].sum();
        }
    }
    // One unit each: 3 + 4 weights and a bias, of 4 units.
    assert_eq!(run.influence().entries(), 4 * (3 + 4 + 1));
    for (got, want) in sums.into_iter().zip(golden::snap_1()) {
        assert!((got - want).abs() < 1e-12 * want.abs(), "{got} and {want}");
    }
}
