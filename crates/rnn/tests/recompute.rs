//! What updates between windows leave of older steps: they stay, are made anew, or there is one update at the end.

use crate::{common, meanings};
use common::{Arrays, Network, assert_agree, cross_entropy, derived};
use ndarray::{Array2, Array3, ArrayD, Axis, Slice};
use rnn::{
    bptt::{Truncation, Updates, Window},
    by_hand::{activation::Activation, elman, loss::Loss},
};
use tape::Tape;

/// The gradients of each update and its loss, over parameters that move by `rate` times the gradient; and how many there
/// were.
fn updates(network: &Network, truncation: Truncation, rate: f64) -> (Vec<Arrays>, f64) {
    let (tape, mut store, mut each) = (Tape::new(), network.store.clone(), Vec::new());
    let (total, _) = truncation
        .run(
            &tape,
            &network.cell,
            &mut store,
            |p| p.var(network.h0),
            network.problem.steps(),
            network.readout(),
            |p, steps| network.inputs(p.tape(), steps),
            |p, block| network.loss(p.store(), block.outputs, block.steps),
            |store, gradients| {
                each.push(common::named(store, gradients));
                for (id, g) in gradients.params() {
                    store.get_mut(id).zip_mut_with(g, |w, g| *w -= rate * g);
                }
                Ok(())
            },
        )
        .unwrap();
    (each, total)
}

fn sum(each: &[Arrays]) -> Arrays {
    let mut sums = Arrays::new();
    for (name, array) in each.iter().flatten() {
        sums.entry(name.clone()).and_modify(|sum| *sum += array).or_insert(array.clone());
    }
    sums
}

#[test]
fn updates_that_change_nothing_have_one_meaning() {
    for (steps, k1, k2) in meanings::every_window(7) {
        for readout in [elman::Readout::After, elman::Readout::Before] {
            let problem = common::problem(Activation::Tanh, cross_entropy(steps), steps);
            let problem = elman::Problem { readout, ..problem };
            let network = Network::new(&common::parameters(), &problem);
            for losses in meanings::MEANINGS {
                let with = |updates: Updates| {
                    let window = Window::new(k1, k2).unwrap().losses(losses).updates(updates);
                    self::updates(&network, Truncation::Window(window), 0.0)
                };
                let what = format!("{steps}: ({k1}, {k2}), {losses:?}, {readout:?}");
                let (stored, total) = with(Updates::Stored);
                for semantics in [Updates::Recompute, Updates::Accumulate] {
                    let (other, loss) = with(semantics);
                    let expected = if semantics == Updates::Accumulate { 1 } else { stored.len() };
                    assert_eq!(other.len(), expected, "{what}, {semantics:?}");
                    assert_agree(&sum(&other), &sum(&stored), 1e-12, &what);
                    approx::assert_relative_eq!(loss, total, max_relative = 1e-13);
                }
            }
        }
    }
}

#[test]
fn one_update_for_a_sequence_within_reach_is_full_bptt() {
    let problem = common::problem(Activation::Tanh, cross_entropy(9), 9);
    let network = Network::new(&common::parameters(), &problem);
    let (full, _) = updates(&network, Truncation::Full, 0.3);
    for k1 in 1..=9 {
        let window = Window::new(k1, 9).unwrap().updates(Updates::Accumulate);
        let (got, _) = updates(&network, Truncation::Window(window), 0.3);
        assert_eq!(got.len(), 1);
        assert_agree(&got[0], &full[0], 1e-12, k1);
    }
}

/// The same descent on paper: each window a sequence of its own, from a state that the parameters of the moment have stepped
/// on.
fn recomputed(problem: &elman::Problem<f64>, (k1, k2): (usize, usize), rate: f64) -> Vec<Arrays> {
    let mut parameters = common::parameters();
    let (mut state, mut first, mut each) = (problem.h0.clone(), 0, Vec::new());
    let Loss::SquaredError { half, targets } = &problem.loss else { panic!() };
    let part = |a: &Array3<f64>, range: std::ops::Range<usize>| {
        a.slice_axis(Axis(0), Slice::from(range)).to_owned()
    };
    let steps = problem.steps();
    let mut end = 0;
    while end < steps {
        let made = end;
        end = steps.min(end + k1);
        let sequence = |range: std::ops::Range<usize>, h0: &Array2<f64>| {
            let loss = Loss::SquaredError { half: *half, targets: part(targets, range.clone()) };
            elman::Problem::new(Activation::Tanh, part(&problem.inputs, range), h0.clone(), loss)
        };
        let from = end.saturating_sub(k2);
        if from > first {
            state = elman::forward(&parameters, &sequence(first..from, &state))
                .states
                .remove(from - first);
            first = from;
        }
        let counts = |(t, _): (usize, usize)| if first + t < made { 0.0 } else { 1.0 };
        let window = elman::Problem {
            mask: Some(Array2::from_shape_fn((end - first, 2), counts)),
            ..sequence(first..end, &state)
        };
        let mut gradient = derived(&parameters, &window);
        if first == 0 {
            // The first state is a parameter, and moves as well.
            state.scaled_add(
                -rate,
                &gradient["h0"].view().into_dimensionality::<ndarray::Ix2>().unwrap(),
            );
        } else {
            gradient.remove("h0");
        }
        gradient.remove("loss");
        let step = |w: &mut ArrayD<f64>, name: &str| w.scaled_add(-rate, &gradient[name]);
        macro_rules! descend {
            ($($name:ident),*) => {$(
                let mut array = parameters.$name.clone().into_dyn();
                step(&mut array, stringify!($name));
                parameters.$name = array.into_dimensionality().unwrap();
            )*};
        }
        descend!(w, u, b, v, c);
        each.push(gradient);
    }
    each
}

#[test]
fn a_window_made_anew_is_a_gradient_at_the_parameters_of_the_moment() {
    let rate = 0.1;
    for (k1, k2) in [(1, 1), (1, 3), (2, 2), (2, 3), (2, 5), (3, 4), (3, 8), (8, 8), (1, 8)] {
        let problem = common::problem(Activation::Tanh, common::squared_error(true, 8), 8);
        let network = Network::new(&common::parameters(), &problem);
        let window = Window::new(k1, k2).unwrap();
        let new = Truncation::Window(window.updates(Updates::Recompute));
        let (got, _) = updates(&network, new, rate);
        let want = recomputed(&problem, (k1, k2), rate);
        assert_eq!(got.len(), want.len());
        for (i, (mut got, want)) in got.into_iter().zip(want).enumerate() {
            if !want.contains_key("h0") {
                assert!(got.remove("h0").is_none_or(|g| g.iter().all(|&g| g == 0.0)));
            }
            assert_agree(&got, &want, 1e-11, format!("({k1}, {k2}), update {i}"));
        }
        if k1 < k2.min(8) {
            let (stored, _) = updates(&network, Truncation::Window(window), rate);
            let apart =
                (&stored[1]["u"] - &recomputed(&problem, (k1, k2), rate)[1]["u"]).mapv(f64::abs);
            assert!(apart.iter().any(|&off| off > 1e-4), "({k1}, {k2}) {apart}");
        }
    }
}
