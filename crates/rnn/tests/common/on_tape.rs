//! A cell of the tape, asked what its twin is asked.

use super::{Arrays, named, summed_loss};
use ndarray::{Array3, ArrayD, Axis, Slice, arr0};
use rnn::{
    Cell, Input, Linear, ParamStore, Readout, State,
    bptt::{Truncation, Window},
    by_hand::{recurrence::Problem, truncation},
};
use tape::{ParamId, Tape};

/// Gives the parameters of the cell `rnn` the values of this name, whatever they were.
pub(crate) fn load(store: &mut ParamStore<f64>, values: &Arrays) {
    let named: Vec<_> = store.iter().map(|(id, name, _)| (id, name.to_owned())).collect();
    for (id, name) in named {
        let value = &values[name.strip_prefix("rnn.").unwrap()];
        assert_eq!(store.get(id).shape(), value.shape(), "{name}");
        store.get_mut(id).assign(value);
    }
}

/// The gradients of all sweeps, added up, under the names of the twin: of the parameters, the first state, the readout,
/// and the inputs as far as no cut runs through them. The loss is among them as `loss`.
pub(crate) fn swept<C: Cell<f64>, const N: usize>(
    cell: &C,
    store: &ParamStore<f64>,
    start: [&str; N],
    problem: &Problem<f64, N>,
    truncation: Truncation,
) -> Arrays {
    let (tape, mut store) = (Tape::new(), store.clone());
    let mut add = |name: String, value: ArrayD<f64>| store.add(name, value).unwrap();
    let start: Vec<ParamId> = start
        .into_iter()
        .zip(&problem.start)
        .map(|(name, part)| add(name.into(), part.clone().into_dyn()))
        .collect();
    let head = problem.readout.as_ref().map(|readout| Linear {
        v: add("v".into(), readout.v.clone().into_dyn()),
        c: Some(add("c".into(), readout.c.clone().into_dyn())),
    });
    let inputs: Vec<ParamId> = (0..problem.steps())
        .map(|t| problem.inputs.slice_axis(Axis(0), Slice::from(t..t + 1)).to_owned())
        .enumerate()
        .map(|(t, x)| add(format!("x{t:03}"), x.into_dyn()))
        .collect();

    let mut sums = Arrays::new();
    let run = truncation.run(
        &tape,
        cell,
        &mut store,
        |p| {
            let mut parts = start.iter();
            State::build(&mut || p.var(*parts.next().unwrap()))
        },
        problem.steps(),
        Readout::After,
        |p, steps| {
            let xs: Vec<_> = inputs[steps].iter().map(|&x| p.var(x)).collect();
            // A single step is the leaf itself, which no cut takes away.
            Input::Dense(if let [x] = xs[..] { x } else { p.tape().concat(0, &xs) })
        },
        |p, block| {
            let outputs = head.map_or(block.outputs, |head| head.forward(p, block.outputs));
            summed_loss(
                outputs,
                &problem.loss,
                problem.reduction,
                problem.rows,
                problem.mask.as_ref(),
                block.steps,
            )
        },
        |store, gradients| {
            for (name, gradient) in named(store, gradients) {
                let name = name.strip_prefix("rnn.").unwrap_or(&name).to_owned();
                match sums.get_mut(&name) {
                    Some(sum) => *sum += &gradient,
                    None => drop(sums.insert(name, gradient)),
                }
            }
            Ok(())
        },
    );
    let (loss, _) = run.unwrap();
    sums.insert("loss".into(), arr0(loss).into_dyn());
    let mut dx = Array3::zeros(problem.inputs.dim()).into_dyn();
    for (t, mut step) in dx.axis_iter_mut(Axis(0)).enumerate() {
        if let Some(found) = sums.remove(&format!("x{t:03}")) {
            step.assign(&found.index_axis(Axis(0), 0));
        }
    }
    sums.insert("inputs".into(), dx);
    sums
}

/// Every window over `steps` steps, for the tape and for the paper; and whether the gradient of the inputs is whole
/// as well: blocks longer than one step are put together on the tape, and a window that reaches into an older
/// block has that cut off.
pub(crate) fn every_window(steps: usize) -> Vec<(Truncation, truncation::Truncation, bool)> {
    let mut windows = Vec::new();
    for k2 in 1..=steps + 1 {
        for k1 in 1..=k2.min(steps) {
            for flush in [true, false] {
                let window = Window::new(k1, k2).unwrap().flush(flush);
                let paper = truncation::Window { flush, ..truncation::Window::new(k1, k2) };
                let whole = k1 == 1 || k1 >= steps || (k1 == k2 && steps.is_multiple_of(k1));
                windows.push((
                    Truncation::Window(window),
                    truncation::Truncation::Fixed(paper),
                    whole,
                ));
            }
        }
    }
    windows
}
