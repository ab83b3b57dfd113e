//! A stream is read block by block, its state carried on, and takes no more memory the longer it is.

use crate::common;
use common::{Arrays, Network, assert_agree, cross_entropy, derived};
use rnn::{
    bptt::{Truncation, Unrolling, Window, sliding},
    by_hand::{
        self,
        activation::Activation,
        elman::{Problem, Readout},
        loss::{Loss, Reduction},
    },
};
use tape::Tape;

fn window(k1: usize, k2: usize) -> Truncation {
    Truncation::Window(Window::new(k1, k2).unwrap())
}

#[test]
fn a_stream_in_blocks_is_cut_at_the_start_of_each() {
    for steps in 1..=8 {
        for block in 1..=steps {
            for readout in [Readout::After, Readout::Before] {
                let problem = common::problem(Activation::Tanh, cross_entropy(steps), steps);
                let truncation = by_hand::truncation::Truncation::Blocks(block);
                let problem = Problem { truncation, readout, ..problem };
                let network = Network::new(&common::parameters(), &problem);
                let (tape, mut sum) = (Tape::new(), None);
                let start = network.store.bind(&tape).var(network.h0);
                let mut run = Unrolling::new(&tape, &network.cell, window(block, block), start)
                    .with_readout(network.readout());
                let mut loss = 0.0;
                for first in (0..steps).step_by(block) {
                    let xs = network.inputs(&tape, first..steps.min(first + block));
                    let block = run.advance(network.store.bind(&tape), &xs);
                    let l = network.loss(&network.store, block.outputs, block.steps);
                    loss += l.item();
                    let gradients = run.backward(l).unwrap();
                    match &mut sum {
                        None => sum = Some(gradients),
                        Some(sum) => sum.accumulate(&gradients),
                    }
                }
                let mut got = common::named(&network.store, &sum.unwrap());
                got.insert("loss".into(), ndarray::arr0(loss).into_dyn());
                let want = derived(&common::parameters(), &problem);
                assert_agree(&got, &want, 1e-12, format!("{block} of {steps}, {readout:?}"));
            }
        }
    }
}

#[test]
#[should_panic(
    expected = "a block of 5 steps, of which a sweep reaches 4: the others would never get a \
                           gradient; advance by k1 steps at a time, or ask for the gaps with `Window::gaps`"
)]
fn a_block_longer_than_the_window_is_refused() {
    let problem = common::problem(Activation::Tanh, cross_entropy(5), 5);
    let network = Network::new(&common::parameters(), &problem);
    let tape = Tape::new();
    let p = network.store.bind(&tape);
    let mut run = Unrolling::new(&tape, &network.cell, window(4, 4), p.var(network.h0));
    run.advance(p, network.inputs(&tape, 0..5));
}

/// Every window of the sliding pass, with its gradients.
fn slid(network: &Network, k: usize, rate: f64) -> (Vec<Arrays>, f64, ndarray::ArrayD<f64>) {
    let (tape, mut store, mut sweeps) = (Tape::new(), network.store.clone(), Vec::new());
    let start = store.bind(&tape).var(network.h0);
    let (total, state) = sliding::slide(
        k,
        &tape,
        &network.cell,
        &mut store,
        start,
        network.problem.steps(),
        |p, t| network.inputs(p.tape(), t..t + 1),
        |p, t, h| {
            let h = h.reshape([&[1], &h.shape()[..]].concat());
            network.loss(p.store(), h, t..t + 1)
        },
        |store, gradients| {
            sweeps.push(common::named(store, gradients));
            for (id, g) in gradients.params() {
                store.get_mut(id).zip_mut_with(g, |w, g| *w -= rate * g);
            }
            Ok(())
        },
    )
    .unwrap();
    (sweeps, total, state.value())
}

#[test]
fn a_sliding_window_over_fixed_parameters_is_a_window_of_stride_one() {
    for k in 1..=6 {
        let mut problem = common::problem(Activation::Tanh, common::squared_error(true, 6), 6);
        let network = Network::new(&common::parameters(), &problem);
        let mut got = Arrays::new();
        let (sweeps, total, _) = slid(&network, k, 0.0);
        assert_eq!(sweeps.len(), 6 - k + 1);
        for (name, g) in sweeps.into_iter().flatten().filter(|(name, _)| name != "h0") {
            got.entry(name).and_modify(|sum| *sum += &g).or_insert(g);
        }
        got.insert("loss".into(), ndarray::arr0(total).into_dyn());
        let counts = |(t, _): (usize, usize)| if t + 1 < k { 0.0 } else { 1.0 };
        problem.mask = Some(ndarray::Array2::from_shape_fn((6, 2), counts));
        let paper = by_hand::truncation::Window::new(1, k);
        problem.truncation = by_hand::truncation::Truncation::Fixed(paper);
        let mut want = derived(&common::parameters(), &problem);
        want.remove("h0"); // the state a window starts from is a constant, also the first
        assert_agree(&got, &want, 1e-12, format!("k = {k}"));
    }
}

#[test]
fn a_sliding_window_steps_on_with_the_parameters_it_has_just_updated() {
    let (k, steps, rate) = (3, 7, 0.05);
    let loss = common::squared_error(true, steps);
    let problem = common::problem(Activation::Tanh, loss, steps);
    let (sweeps, total, state) = slid(&Network::new(&common::parameters(), &problem), k, rate);

    let Loss::SquaredError { half, targets } = &problem.loss else { panic!() };
    let (mut parameters, mut h, mut sum) = (common::parameters(), problem.h0.clone(), 0.0);
    for (t, got) in sweeps.iter().enumerate() {
        let part = |a: &ndarray::Array3<f64>, n| {
            a.slice_axis(ndarray::Axis(0), ndarray::Slice::from(t..t + n)).to_owned()
        };
        let loss = Loss::SquaredError { half: *half, targets: part(targets, k) };
        let window = Problem {
            reduction: Reduction::Last,
            ..Problem::new(Activation::Tanh, part(&problem.inputs, k), h.clone(), loss)
        };
        let mut want = derived(&parameters, &window);
        sum += want.remove("loss").unwrap().sum();
        let mut got = got.clone();
        got.remove("h0"); // a constant, also the first
        want.remove("h0");
        assert_agree(&got, &want, 1e-12, format!("t = {t}"));
        let g = by_hand::elman::gradients(&parameters, &window);
        parameters.w.scaled_add(-rate, &g.w);
        parameters.u.scaled_add(-rate, &g.u);
        parameters.b.scaled_add(-rate, &g.b);
        parameters.v.scaled_add(-rate, &g.v);
        parameters.c.scaled_add(-rate, &g.c);
        if t + k < steps {
            let loss = Loss::SquaredError { half: *half, targets: part(targets, 1) };
            let one = Problem::new(Activation::Tanh, part(&problem.inputs, 1), h, loss);
            h = by_hand::elman::forward(&parameters, &one).states.remove(1);
        }
    }
    approx::assert_relative_eq!(total, sum, max_relative = 1e-12);
    approx::assert_abs_diff_eq!(state, h.into_dyn(), epsilon = 1e-13);
}

#[test]
fn a_sliding_window_that_does_not_fit_is_refused() {
    let problem = common::problem(Activation::Tanh, cross_entropy(2), 2);
    let network = Network::new(&common::parameters(), &problem);
    let error = |k| {
        let (tape, mut store) = (Tape::new(), network.store.clone());
        let start = store.bind(&tape).var(network.h0);
        let inputs = |_: rnn::Bound<'_, '_, f64>, _| unreachable!();
        sliding::slide(
            k,
            &tape,
            &network.cell,
            &mut store,
            start,
            2,
            inputs,
            |_, _, h| h,
            |_, _| Ok(()),
        )
        .unwrap_err()
        .to_string()
    };
    for k in [0, 3] {
        let rule = "the window has at least one step, and the sequence at least one window";
        let text = format!("a sliding window of {k} steps over 2: {rule}; choose 1 ≤ k ≤ steps");
        assert_eq!(error(k), text);
    }
}

/// The nodes and the bytes on the tape after each of `blocks` blocks of `k1` steps, parameters updated in between.
fn footprints(k1: usize, k2: usize, blocks: usize) -> Vec<(usize, usize)> {
    let problem = common::problem(Activation::Tanh, cross_entropy(k1), k1);
    let network = Network::new(&common::parameters(), &problem);
    let (tape, mut store) = (Tape::new(), network.store.clone());
    let start = store.bind(&tape).var(network.h0);
    let mut run = Unrolling::new(&tape, &network.cell, window(k1, k2), start);
    let each = (0..blocks).map(|_| {
        let xs = network.inputs(&tape, 0..k1);
        let block = run.advance(store.bind(&tape), &xs);
        let loss = network.loss(&store, block.outputs, 0..k1);
        let gradients = run.backward(loss).unwrap();
        for (id, g) in gradients.params() {
            store.get_mut(id).zip_mut_with(g, |w, g| *w -= 1e-3 * g);
        }
        assert!(tape.len() < 30 * k2 + 50, "{} nodes for {k2} steps", tape.len());
        (tape.len(), tape.bytes())
    });
    each.collect()
}

#[track_caller]
fn assert_bounded(footprints: &[(usize, usize)]) {
    let (early, late) = footprints.split_at(footprints.len() / 10);
    let settled = &early[early.len() / 2..];
    assert!(late.iter().all(|(len, _)| *len == settled[0].0), "{:?}", &footprints[..5]);
    // What is released is closed up now and then, so that bytes go up and down.
    let most = |part: &[(usize, usize)]| part.iter().map(|(_, bytes)| *bytes).fold(0, usize::max);
    assert!(20 * most(late) <= 21 * most(settled), "{} after {}", most(late), most(settled));
}

/// Windows that show a leak: all of them where they pass in seconds.
const MANY: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };

#[test]
fn a_hundred_thousand_windows_take_the_memory_of_a_few() {
    assert_bounded(&footprints(2, 2, MANY));
    assert_bounded(&footprints(1, 3, MANY));
}

#[test]
fn a_long_window_that_moves_by_one_takes_the_memory_of_one_window() {
    assert_bounded(&footprints(1, 64, MANY / 10));
}
