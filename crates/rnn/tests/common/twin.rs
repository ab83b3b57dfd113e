//! A cell and its twin on paper, put to the same questions.

use super::Arrays;
use ndarray::{Array3, ArrayViewD, ArrayViewMutD, Axis, Slice, arr0};
use rnn::by_hand::{
    gru::{self, Gru},
    loss::{Loss, Reduction, Rows},
    lstm::{self, Lstm},
    mgu::{self, Mgu},
    recurrence::{Linear, Problem, Recurrence, forward, gradients},
    truncation::Truncation,
};

/// A cell on paper whose parameters go by names.
pub(crate) trait Twin<const N: usize>: Recurrence<f64, N> + Clone {
    /// The names of the parts of the first state.
    const START: [&'static str; N];

    /// The parameters, or their gradients.
    fn named(parameters: &Self::Parameters) -> Vec<(&'static str, ArrayViewD<'_, f64>)>;

    /// The parameter of this name, to be moved.
    fn parameter(&mut self, name: &str) -> Option<ArrayViewMutD<'_, f64>>;
}

impl Twin<2> for Lstm<f64> {
    const START: [&'static str; 2] = ["h0", "c0"];

    fn named(parameters: &lstm::Parameters<f64>) -> Vec<(&'static str, ArrayViewD<'_, f64>)> {
        parameters.named()
    }

    fn parameter(&mut self, name: &str) -> Option<ArrayViewMutD<'_, f64>> {
        let lstm::Parameters { w, u, b, p_i, p_f, p_o, projection } = &mut self.parameters;
        match name {
            "w" => Some(w.view_mut().into_dyn()),
            "u" => Some(u.view_mut().into_dyn()),
            "b" => Some(b.view_mut().into_dyn()),
            "p_i" => Some(p_i.view_mut().into_dyn()),
            "p_f" => Some(p_f.view_mut().into_dyn()),
            "p_o" => Some(p_o.view_mut().into_dyn()),
            "p" => projection.as_mut().map(|p| p.view_mut().into_dyn()),
            _ => None,
        }
    }
}

impl Twin<1> for Gru<f64> {
    const START: [&'static str; 1] = ["h0"];

    fn named(parameters: &gru::Parameters<f64>) -> Vec<(&'static str, ArrayViewD<'_, f64>)> {
        parameters.named()
    }

    fn parameter(&mut self, name: &str) -> Option<ArrayViewMutD<'_, f64>> {
        let gru::Parameters { w, u, b, b_n } = &mut self.parameters;
        match name {
            "w" => Some(w.view_mut().into_dyn()),
            "u" => Some(u.view_mut().into_dyn()),
            "b" => Some(b.view_mut().into_dyn()),
            "b_n" => Some(b_n.view_mut().into_dyn()),
            _ => None,
        }
    }
}

impl Twin<1> for Mgu<f64> {
    const START: [&'static str; 1] = ["h0"];

    fn named(parameters: &mgu::Parameters<f64>) -> Vec<(&'static str, ArrayViewD<'_, f64>)> {
        parameters.named()
    }

    fn parameter(&mut self, name: &str) -> Option<ArrayViewMutD<'_, f64>> {
        let mgu::Parameters { w, u, b } = &mut self.parameters;
        match name {
            "w" => Some(w.view_mut().into_dyn()),
            "u" => Some(u.view_mut().into_dyn()),
            "b" => Some(b.view_mut().into_dyn()),
            _ => None,
        }
    }
}

/// What `name` stands for: a parameter of the cell or the readout, a part of the first state, or the inputs.
fn array<'a, C: Twin<N>, const N: usize>(
    cell: &'a mut C,
    problem: &'a mut Problem<f64, N>,
    name: &str,
) -> ArrayViewMutD<'a, f64> {
    if let Some(part) = C::START.iter().position(|&part| part == name) {
        return problem.start[part].view_mut().into_dyn();
    }
    match (name, &mut problem.readout) {
        ("inputs", _) => problem.inputs.view_mut().into_dyn(),
        ("v", Some(readout)) => readout.v.view_mut().into_dyn(),
        ("c", Some(readout)) => readout.c.view_mut().into_dyn(),
        _ => cell.parameter(name).unwrap(),
    }
}

/// The arrays themselves, under their names.
pub(crate) fn owned(named: Vec<(&'static str, ArrayViewD<'_, f64>)>) -> Arrays {
    named.into_iter().map(|(name, array)| (name.to_owned(), array.to_owned())).collect()
}

/// What the derivation on paper gives, under names, the loss as `loss`.
pub(crate) fn derived<C: Twin<N>, const N: usize>(cell: &C, problem: &Problem<f64, N>) -> Arrays {
    let got = gradients(cell, problem);
    let mut arrays = owned(C::named(&got.parameters));
    for (name, part) in C::START.into_iter().zip(got.start) {
        arrays.insert(name.into(), part.into_dyn());
    }
    if let Some(Linear { v, c }) = got.readout {
        arrays.insert("v".into(), v.into_dyn());
        arrays.insert("c".into(), c.into_dyn());
    }
    arrays.insert("inputs".into(), got.inputs.into_dyn());
    arrays.insert("loss".into(), arr0(got.loss).into_dyn());
    arrays
}

/// The slope of the loss by every entry of everything it depends on, from differences of the forward pass. Their
/// error is of the sixth order.
pub(crate) fn differences<C: Twin<N>, const N: usize>(
    cell: &C,
    problem: &Problem<f64, N>,
) -> Arrays {
    const H: f64 = 5e-3;
    let mut slopes = derived(cell, problem);
    for (name, slopes) in slopes.iter_mut().filter(|(name, _)| *name != "loss") {
        for (i, slope) in slopes.iter_mut().enumerate() {
            let moved = |by: f64| {
                let (mut cell, mut problem) = (cell.clone(), problem.clone());
                let mut array = array(&mut cell, &mut problem, name);
                array.iter_mut().skip(i).take(1).for_each(|x| *x += by * H);
                forward(&cell, &problem).loss
            };
            let both = |by: f64| moved(by) - moved(-by);
            *slope = (45.0 * both(1.0) - 9.0 * both(2.0) + both(3.0)) / (60.0 * H);
        }
    }
    slopes
}

/// The same gradients with the windows made by hand: for each a sequence of its own, which starts from a copy of the
/// window's first state. What a copy receives is for nobody, unless it is the first state of all.
pub(crate) fn restarted<C: Twin<N>, const N: usize>(cell: &C, problem: &Problem<f64, N>) -> Arrays {
    let states = forward(cell, problem).states;
    let (steps, batch, _) = problem.inputs.dim();
    let weights = problem.reduction.weights(problem.rows, problem.mask.as_ref(), (steps, batch));
    let mut sums = derived(cell, problem);
    sums.values_mut().for_each(|sum| sum.fill(0.0));
    for pass in problem.truncation.passes(steps) {
        let window = Slice::from(pass.first..pass.last);
        let mut mask = weights.slice_axis(Axis(0), window).to_owned();
        mask.slice_axis_mut(Axis(0), Slice::from(..pass.quiet - pass.first)).fill(0.0);
        let cut = |a: &Array3<f64>| a.slice_axis(Axis(0), window).to_owned();
        let alone = Problem {
            inputs: cut(&problem.inputs),
            start: states[pass.first].clone(),
            loss: match &problem.loss {
                Loss::SquaredError { half, targets } => {
                    Loss::SquaredError { half: *half, targets: cut(targets) }
                }
                Loss::Linear { adjoints } => Loss::Linear { adjoints: cut(adjoints) },
                Loss::SoftmaxCrossEntropy { classes } => Loss::SoftmaxCrossEntropy {
                    classes: classes.slice_axis(Axis(0), window).to_owned(),
                },
            },
            reduction: Reduction::Sum,
            rows: Rows::Sum,
            mask: Some(mask),
            truncation: Truncation::Full,
            readout: problem.readout.clone(),
        };
        for (name, part) in derived(cell, &alone) {
            let sum = sums.get_mut(&name).unwrap();
            match name.as_str() {
                "inputs" => {
                    let mut steps = sum.slice_axis_mut(Axis(0), window);
                    steps += &part;
                }
                "h0" | "c0" if pass.first > 0 => {}
                _ => *sum += &part,
            }
        }
    }
    sums
}

/// What a window gives, and the same made by hand; without the loss, of which a window may leave a part out.
#[track_caller]
pub(crate) fn assert_windows<C: Twin<N>, const N: usize>(cell: &C, problem: &Problem<f64, N>) {
    let (mut got, mut want) = (derived(cell, problem), restarted(cell, problem));
    got.remove("loss");
    want.remove("loss");
    super::assert_agree(&got, &want, 1e-12, format!("{:?}", problem.truncation));
}
