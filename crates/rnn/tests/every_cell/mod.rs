//! Every cell, and the cases in which it is asked.

mod own;
pub(crate) use own::own;

use ndarray::{Array2, Array3, ArrayD, Axis, Slice, s};
use rnn::{
    Cell, Input, ParamStore, Sequence, State,
    bptt::{Truncation, Window},
    loss::Readout,
};
use std::ops::Range;
use tape::{ParamId, Tape, Var};

pub(crate) const T: usize = 8;
pub(crate) const B: usize = 4;
pub(crate) const X: usize = 3;
pub(crate) const H: usize = 5;
/// Each row ends with a block, and fills two: a sweep goes back from the end of its block, be it padding or not, and
/// what is one block in all is projected at once.
const LENGTHS: [usize; B] = [4, 8, 0, 6];

/// How a recurrence is unrolled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) truncation: Truncation,
    pub(crate) padded: bool,
}

/// As a whole, in blocks, and in windows that overlap; with rows of one length and of many.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    let window = |k1, k2| Truncation::Window(Window::new(k1, k2).unwrap());
    let truncations = [Truncation::Full, window(2, 2), window(2, 3)];
    truncations
        .into_iter()
        .flat_map(|truncation| [false, true].map(|padded| Case { truncation, padded }))
}

/// A cell and its parameters.
pub(crate) struct Model<C> {
    pub(crate) name: &'static str,
    pub(crate) store: ParamStore<f64>,
    pub(crate) cell: C,
}

impl<C> Model<C> {
    /// Something of each parameter; zeros if there is nothing.
    pub(crate) fn of_each(&self, of: impl Fn(ParamId) -> Option<ArrayD<f64>>) -> Vec<ArrayD<f64>> {
        self.store.ids().map(|id| of(id).unwrap_or_else(|| self.store.get(id) * 0.0)).collect()
    }
}

/// Sequences whose rows have names, by which their initial states and their losses are weighed.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    pub(crate) x: Array3<f64>,
    lengths: Option<Vec<usize>>,
    pub(crate) rows: Vec<usize>,
    /// The one step whose loss counts, if not all do.
    only: Option<usize>,
}

impl Data {
    pub(crate) fn new(case: Case) -> Self {
        let wave = |(t, b, i)| f64::sin(1.0 + 2.3 * t as f64 + 1.7 * b as f64 + 0.9 * i as f64);
        let x = Array3::from_shape_fn((T, B, X), wave);
        let all = Self { x, lengths: None, rows: (0..B).collect(), only: None };
        if case.padded { all.with_lengths(LENGTHS.to_vec()) } else { all }
    }

    /// With what is no number at padding.
    fn with_lengths(mut self, lengths: Vec<usize>) -> Self {
        for (r, &length) in lengths.iter().enumerate() {
            self.x.slice_mut(s![length.., r, ..]).fill(f64::NAN);
        }
        Self { lengths: Some(lengths), ..self }
    }

    pub(crate) fn length(&self, r: usize) -> usize {
        self.lengths.as_ref().map_or(self.x.dim().0, |lengths| lengths[r])
    }

    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self {
            x: self.x.select(Axis(1), rows),
            lengths: self.lengths.as_ref().map(|n| rows.iter().map(|&r| n[r]).collect()),
            rows: rows.iter().map(|&r| self.rows[r]).collect(),
            only: self.only,
        }
    }

    /// The first steps, as a sequence without padding.
    pub(crate) fn cut(&self, steps: usize) -> Self {
        let x = self.x.slice_axis(Axis(0), Slice::from(..steps)).to_owned();
        Self { x, lengths: None, ..self.clone() }
    }

    /// More steps, at which all rows have ended.
    pub(crate) fn padded_to(&self, steps: usize) -> Self {
        let (own, batch, width) = self.x.dim();
        let mut x = Array3::from_elem((steps, batch, width), f64::NAN);
        x.slice_mut(s![..own, .., ..]).assign(&self.x);
        let lengths = (0..batch).map(|r| self.length(r)).collect();
        Self { x, ..self.clone() }.with_lengths(lengths)
    }

    pub(crate) fn only(&self, t: usize) -> Self {
        Self { only: Some(t), ..self.clone() }
    }

    /// Some steps on a tape.
    pub(crate) fn sequence<'t>(
        &self,
        tape: &'t Tape<f64>,
        steps: Range<usize>,
    ) -> Sequence<'t, '_, f64> {
        let first = steps.start;
        let x = tape.constant(self.x.slice_axis(Axis(0), Slice::from(steps)));
        let xs = Sequence::time_major(Input::Dense(x));
        match &self.lengths {
            Some(lengths) => xs.with_lengths_from(first, lengths).unwrap(),
            None => xs,
        }
    }

    /// The initial states of the rows.
    pub(crate) fn start<'t, C: Cell<f64>>(&self, tape: &'t Tape<f64>, cell: &C) -> C::State<'t> {
        let mut part = 0.0;
        cell.zeros(tape, self.rows.len()).map(&mut |zeros| {
            part += 1.0;
            let value = |(r, i)| f64::sin(part + 2.0 * self.rows[r] as f64 + 0.4 * i as f64) / 2.0;
            tape.constant(Array2::from_shape_fn((self.rows.len(), zeros.shape()[1]), value))
        })
    }
}

/// A sum over outputs `[n, B, H]` of rows so called, in which each counts differently.
pub(crate) fn weighed<'t>(y: Var<'t, f64>, first: usize, rows: &[usize]) -> Var<'t, f64> {
    weigh(y, rows, |t| Some(first + t))
}

fn weigh<'t>(
    y: Var<'t, f64>,
    rows: &[usize],
    step: impl Fn(usize) -> Option<usize>,
) -> Var<'t, f64> {
    let weights = ArrayD::from_shape_fn(y.shape().to_vec(), |at| {
        let weight =
            |t| f64::cos(0.7 + 1.1 * t as f64 + 2.9 * rows[at[1]] as f64 + 0.3 * at[2] as f64);
        step(at[0]).map_or(0.0, weight)
    });
    (y * y.tape().constant(weights)).sum()
}

/// What a run finds.
pub(crate) struct Found {
    /// All outputs `[T, B, H]`, then the parts of the last state.
    pub(crate) values: Vec<ArrayD<f64>>,
    /// Of every parameter: the sum over all sweeps.
    pub(crate) gradients: Vec<ArrayD<f64>>,
}

/// Unrolls, sweeps and adds up.
pub(crate) fn run<C: Cell<f64>>(model: &Model<C>, data: &Data, truncation: Truncation) -> Found {
    let (tape, mut store) = (Tape::new(), model.store.clone());
    let steps = data.x.dim().0;
    let mut outputs = ArrayD::zeros(vec![steps, data.rows.len(), model.cell.output_width()]);
    let mut gradients: Vec<ArrayD<f64>> = Vec::new();
    let (_, last) = truncation
        .run(
            &tape,
            &model.cell,
            &mut store,
            |p| data.start(p.tape(), &model.cell),
            steps,
            Readout::After,
            |p, steps| data.sequence(p.tape(), steps),
            |_, block| {
                let first = block.steps.start;
                let mut place = outputs.slice_axis_mut(Axis(0), Slice::from(block.steps.clone()));
                place.assign(&block.outputs.value());
                let counts = |t: usize| data.only.is_none_or(|only| only == t).then_some(t);
                weigh(block.outputs, &data.rows, |t| counts(first + t))
            },
            |_, found| {
                let found = model.of_each(|id| found.param(id).cloned());
                if gradients.is_empty() {
                    gradients = found;
                } else {
                    gradients.iter_mut().zip(&found).for_each(|(sum, g)| *sum += g);
                }
                Ok(())
            },
        )
        .unwrap();
    if gradients.is_empty() {
        gradients = model.of_each(|_| None); // no step, no sweep
    }
    let states = last.parts();
    Found {
        values: [outputs].into_iter().chain(states.iter().map(|s| s.value())).collect(),
        gradients,
    }
}

/// Asks a law of every cell.
macro_rules! every_cell {
    ($law:ident) => {{
        use crate::every_cell::{H, Model, X, own};
        use rand::SeedableRng;
        use rnn::{
            Diagonal, Elman, Gru, IndRnn, Jordan, Lstm, Mgu, ParamStore, Stacked,
            cells::{diagonal, gru, indrnn, jordan, lstm},
            init::Uniform,
        };
        macro_rules! ask {
            ($name:literal, |$s:ident, $rng:ident, $init:ident| $cell:expr) => {{
                let mut store = ParamStore::<f64>::new();
                let ($s, $init) = (&mut store, &Uniform::recurrent(4));
                let $rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(11);
                let cell = $cell;
                $law(&Model { name: $name, store, cell });
            }};
        }
        const BY: (usize, usize) = (X, H);
        ask!("Elman", |s, rng, init| Elman::new(s, "a", BY, init, rng).unwrap());
        ask!("Jordan", |s, rng, init| {
            Jordan::new(s, "a", (X, H, 2), jordan::Form::default(), init, rng).unwrap()
        });
        ask!("LSTM", |s, rng, init| {
            Lstm::new(s, "a", BY, lstm::Form::default(), init, rng).unwrap()
        });
        ask!("LSTM with peepholes and projection", |s, rng, init| {
            let form = lstm::Form { peepholes: true, projection: Some(2), ..Default::default() };
            Lstm::new(s, "a", BY, form, init, rng).unwrap()
        });
        ask!("LSTM, coupled, clipped and normalised", |s, rng, init| {
            let form = lstm::Form {
                coupled: true,
                cell_clip: Some(0.4),
                layer_norm: Some(1e-5),
                ..Default::default()
            };
            Lstm::new(s, "a", BY, form, init, rng).unwrap()
        });
        for reset in [gru::Reset::After, gru::Reset::Before] {
            for update in [gru::Update::Keep, gru::Update::Replace] {
                ask!("GRU", |s, rng, init| {
                    let form = gru::Form { reset, update, ..Default::default() };
                    Gru::new(s, "a", BY, form, init, rng).unwrap()
                });
            }
        }
        ask!("MGU", |s, rng, init| Mgu::new(s, "a", BY, true, init, rng).unwrap());
        ask!("IndRNN", |s, rng, init| {
            IndRnn::new(s, "a", BY, indrnn::Form::default(), init, rng).unwrap()
        });
        ask!("diagonal", |s, rng, init| {
            Diagonal::new(s, "a", BY, diagonal::Form::default(), init, rng).unwrap()
        });
        ask!("a cell of one's own", |s, rng, init| {
            let _ = (rng, init);
            own(s)
        });
        ask!("stacked", |s, rng, init| {
            let lstm = Lstm::new(s, "a", BY, lstm::Form::default(), init, rng).unwrap();
            let gru = Gru::new(s, "b", (H, 2), gru::Form::default(), init, rng).unwrap();
            Stacked::new(lstm, gru)
        });
        ask!("stacked three high", |s, rng, init| {
            let elman = Elman::new(s, "a", (X, X), init, rng).unwrap();
            let mgu = Mgu::new(s, "b", (H, 4), true, init, rng).unwrap();
            Stacked::new(elman, Stacked::new(own(s), mgu))
        });
    }};
}
pub(crate) use every_cell;
