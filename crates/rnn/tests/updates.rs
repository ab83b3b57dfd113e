//! Parameters written between two sweeps: a step keeps those it was made with (Williams & Peng, 1990).

use crate::common;
use common::{Arrays, Network, assert_agree, assert_same_bits, cross_entropy};
use ndarray::ArrayD;
use rnn::{
    Readout,
    bptt::{Truncation, Window},
    by_hand::{self, activation::Activation, elman::Problem},
};
use tape::Tape;

const RATE: f64 = 0.1;

fn descend(parameters: &mut Arrays, gradient: &Arrays) {
    for (name, g) in gradient {
        if let Some(w) = parameters.get_mut(name) {
            w.zip_mut_with(g, |w, g| *w -= RATE * g);
        }
    }
}

/// The same descent written out: every step in reach is made again on a tape of its own, of its own copies of the
/// parameters as they were when it was made first, and the gradients of the copies are summed.
fn written_out(network: &Network, (k1, k2): (usize, usize)) -> (Vec<Arrays>, Arrays) {
    let problem = &network.problem;
    let of = |(_, name, w): (_, &str, &ArrayD<f64>)| (name.to_owned(), w.clone());
    let mut now: Arrays = network.store.iter().map(of).collect();
    let mut states = vec![now["h0"].clone()]; // h₀ … hₜ, as they were made
    let mut made_with: Vec<Arrays> = Vec::new();
    let mut sweeps = Vec::new();
    let mut t = 0;
    while t < problem.steps() {
        let block = k1.min(problem.steps() - t);
        for t in t..t + block {
            made_with.push(now.clone());
            let tape = Tape::new();
            let leaf = |name: &str| tape.leaf(&now[name]);
            let x = tape.constant(problem.inputs.index_axis(ndarray::Axis(0), t));
            let h = tape.leaf(&states[t]);
            let a = h.affine(leaf("u"), x.affine(leaf("w"), leaf("b")));
            states.push(a.tanh().value());
        }
        let end = t + block;
        let first = end.saturating_sub(k2);
        let tape = Tape::new();
        let start = tape.leaf(&states[first]);
        let (mut h, mut read, mut copies) = (start, Vec::new(), Vec::new());
        for (s, parameters) in made_with.iter().enumerate().skip(first) {
            let [w, u, b] = ["w", "u", "b"].map(|name| {
                let copy = tape.leaf(&parameters[name]);
                copies.push((name, copy));
                copy
            });
            let x = tape.constant(problem.inputs.index_axis(ndarray::Axis(0), s));
            let before = h;
            h = before.affine(u, x.affine(w, b)).tanh();
            match network.readout() {
                Readout::After => read.push(h),
                Readout::Before if s == first && first > 0 => read.push(before.detach()),
                Readout::Before => read.push(before),
            }
        }
        let read = tape.stack(&read[read.len() - block..]);
        let (v, c) = (tape.leaf(&now["v"]), tape.leaf(&now["c"]));
        let by_hand::loss::Loss::SoftmaxCrossEntropy { classes } = &problem.loss else { panic!() };
        let classes: Vec<usize> = classes.iter().copied().collect();
        let batch = classes.len() / problem.steps();
        let loss = read.affine(v, c).cross_entropy(&classes[t * batch..end * batch]);
        let sweep = tape.backward(loss);
        copies.extend([("v", v), ("c", c)]);
        copies.extend((first == 0).then_some(("h0", start)));
        let mut sum = Arrays::new();
        for (name, copy) in copies {
            let g = &sweep[copy];
            sum.entry(name.to_owned()).and_modify(|sum| *sum += g).or_insert_with(|| g.clone());
        }
        descend(&mut now, &sum);
        sum.insert("loss".into(), loss.value());
        sweeps.push(sum);
        t = end;
    }
    (sweeps, now)
}

/// The descent as a window does it.
fn done(network: &Network, (k1, k2): (usize, usize)) -> (Vec<Arrays>, Arrays) {
    let (tape, mut store) = (Tape::new(), network.store.clone());
    let (mut sweeps, mut losses) = (Vec::new(), Vec::new());
    let run = Truncation::Window(Window::new(k1, k2).unwrap()).run(
        &tape,
        &network.cell,
        &mut store,
        |p| p.var(network.h0),
        network.problem.steps(),
        network.readout(),
        |p, steps| network.inputs(p.tape(), steps),
        |p, block| {
            let loss = network.loss(p.store(), block.outputs, block.steps);
            losses.push(loss.value());
            loss
        },
        |store, gradients| {
            for (id, g) in gradients.params() {
                store.get_mut(id).zip_mut_with(g, |w, g| *w -= RATE * g);
            }
            sweeps.push(common::named(store, gradients));
            Ok(())
        },
    );
    run.unwrap();
    for (sweep, loss) in sweeps.iter_mut().zip(losses) {
        sweep.insert("loss".into(), loss);
    }
    let last = store.iter().map(|(_, name, w)| (name.to_owned(), w.clone())).collect();
    (sweeps, last)
}

#[test]
fn a_sweep_is_exact_for_what_was_computed_mixed_weights_and_all() {
    for readout in [by_hand::elman::Readout::After, by_hand::elman::Readout::Before] {
        let problem = common::problem(Activation::Tanh, cross_entropy(8), 8);
        let problem = Problem { readout, ..problem };
        let network = Network::new(&common::parameters(), &problem);
        for k2 in 1..=9 {
            for k1 in 1..=k2 {
                let what = format!("({k1}, {k2}), {readout:?}");
                let ((got, last), (want, end)) =
                    (done(&network, (k1, k2)), written_out(&network, (k1, k2)));
                assert_eq!(got.len(), want.len());
                for (mut got, want) in got.into_iter().zip(want) {
                    if !want.contains_key("h0") && got.remove("h0").is_some_and(|g| g.sum() != 0.0)
                    {
                        panic!("{what}: the sweep does not reach the initial state");
                    }
                    assert_agree(&got, &want, 1e-12, &what);
                }
                assert_agree(&last, &end, 1e-12, &what);
            }
        }
    }
}

#[test]
fn the_mixture_is_not_what_the_new_weights_alone_would_give() {
    let problem = common::problem(Activation::Tanh, cross_entropy(6), 6);
    let network = Network::new(&common::parameters(), &problem);
    let (mixed, _) = done(&network, (2, 6));
    let (whole, _) = done(&network, (6, 6));
    let fixed = network.sweeps(Truncation::Window(Window::new(2, 6).unwrap()));
    assert_same_bits(&mixed[0], &fixed[0], "before the first update");
    let apart = |a: &ArrayD<f64>, b: &ArrayD<f64>| (a - b).iter().any(|off| off.abs() > 1e-3);
    assert!(apart(&mixed[2]["u"], &fixed[2]["u"]) && apart(&mixed[2]["u"], &whole[0]["u"]));
}

#[test]
fn writing_a_parameter_leaves_the_last_sweep_repeatable() {
    let problem = common::problem(Activation::Tanh, cross_entropy(4), 4);
    let network = Network::new(&common::parameters(), &problem);
    let (tape, mut store) = (Tape::new(), network.store.clone());
    let p = store.bind(&tape);
    let xs = network.inputs(&tape, 0..4);
    let states: Vec<_> = rnn::unroll(&network.cell, p, &xs, p.var(network.h0)).collect();
    let loss = network.loss(&store, tape.stack(&states), 0..4);
    let once = common::named(&store, &tape.backward(loss));
    for id in store.ids().collect::<Vec<_>>() {
        store.get_mut(id).fill(f64::NAN);
    }
    assert_same_bits(&common::named(&store, &tape.backward(loss)), &once, "again");
}
