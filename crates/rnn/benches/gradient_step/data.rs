//! Numbers that any language repeats: a counter hashed, one stream to a name.

use crate::workload::{Inputs, Loss, Workload};
use ::tape::Real;
use ndarray::{ArrayD, Axis, IxDyn, Slice};
use std::{ops::Range, sync::Arc};

/// `[0, 1)`: splitmix64 (Steele, Lea & Flood, 2014) in counter mode from the FNV-1a hash of `name`.
fn units(name: &str) -> impl Iterator<Item = f64> + use<> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    (1..).map(move |i: u64| {
        let z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    })
}

/// Uniform in ±`bound`, before it is rounded to the workload's type.
pub(crate) fn uniform(name: &str, bound: f64) -> impl Iterator<Item = f64> + use<> {
    units(name).map(move |u| -bound + (bound + bound) * u)
}

/// Rows of numbers, which a tape reads where they are, or classes.
#[derive(Debug)]
pub(crate) enum Rows<T> {
    Dense(Arc<ArrayD<T>>),
    Classes(Vec<usize>),
}

/// What one step is given.
#[derive(Debug)]
pub(crate) struct Window<T> {
    /// `[T, B, X]`, or `[T, B]` classes.
    pub(crate) inputs: Rows<T>,
    /// `[T, B, O]`, or `[T, B]` classes; for the last step only, `T` is 1.
    pub(crate) targets: Rows<T>,
}

impl<T: Copy> Window<T> {
    /// Some rows of the batch.
    fn rows(&self, rows: &Range<usize>, batch: usize) -> Self {
        let of = |all: &Rows<T>| match all {
            Rows::Dense(all) => {
                let some = all.slice_axis(Axis(1), Slice::from(rows.clone()));
                Rows::Dense(Arc::new(some.as_standard_layout().into_owned()))
            }
            Rows::Classes(all) => {
                let some = all.chunks(batch).flat_map(|step| &step[rows.clone()]);
                Rows::Classes(some.copied().collect())
            }
        };
        Self { inputs: of(&self.inputs), targets: of(&self.targets) }
    }
}

/// Some rows of all windows.
pub(crate) fn cut<T: Copy>(
    windows: &[Window<T>],
    rows: &Range<usize>,
    batch: usize,
) -> Vec<Window<T>> {
    windows.iter().map(|window| window.rows(rows, batch)).collect()
}

/// The windows of the stream, one after the other: a single one, unless the workload is truncated.
pub(crate) fn windows<T: Real>(w: &Workload) -> Vec<Window<T>> {
    let targets = if w.last_step_only { 1 } else { w.steps };
    let dense = |name: &str, window: usize, shape: [usize; 3]| {
        let len = shape.iter().product();
        let numbers = uniform(name, 1.0).skip(window * len).take(len);
        Rows::Dense(Arc::new(shaped(&shape, numbers.map(T::of).collect())))
    };
    let classes = |name: &str, window: usize, len: usize, count: usize| {
        let drawn = units(name).skip(window * len).take(len);
        Rows::Classes(drawn.map(|u| (count as f64 * u) as usize).collect())
    };
    let inputs = |k| match w.kind {
        Inputs::Dense => dense("inputs", k, [w.steps, w.batch, w.inputs]),
        Inputs::OneHot => classes("inputs", k, w.steps * w.batch, w.inputs),
        Inputs::Tokens => classes("inputs", k, w.steps * w.batch, w.outputs),
    };
    let targets = |k| match w.loss {
        Loss::SquaredError => dense("targets", k, [targets, w.batch, w.outputs]),
        Loss::CrossEntropy => classes("targets", k, targets * w.batch, w.outputs),
    };
    (0..w.windows).map(|k| Window { inputs: inputs(k), targets: targets(k) }).collect()
}

/// `numbers` as an array, of which there are as many as it takes.
pub(crate) fn shaped<T: Real>(shape: &[usize], numbers: Vec<T>) -> ArrayD<T> {
    match ArrayD::from_shape_vec(IxDyn(shape), numbers) {
        Ok(array) => array,
        Err(error) => unreachable!("as many numbers were drawn as the shape holds: {error}"),
    }
}
