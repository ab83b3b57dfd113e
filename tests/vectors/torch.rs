//! Models that PyTorch has too, with its weights.

use crate::archive::Archive;
use ndarray::{ArrayD, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Activation, Bound, Cell, Elman, Input, ParamStore, Sequence, State, Widths,
    cells::{
        gru::{self, Gru},
        lstm::{self, Lstm},
    },
    init::Zeros,
    layers::{Layer, Recurrent, Run},
    weights::{self, Directions, LoadOptions, Portable, torch},
};
use tape::{Gradients, Real, Var};

/// Runs `$body` with `$cell` bound to the cell inside.
macro_rules! with_cell {
    ($any:expr, $cell:ident => $body:expr) => {
        match $any {
            $crate::torch::AnyCell::Elman($cell) => $body,
            $crate::torch::AnyCell::Lstm($cell) => $body,
            $crate::torch::AnyCell::Gru($cell) => $body,
        }
    };
}
pub(crate) use with_cell;

/// A cell of one of the kinds that occur.
#[derive(Debug, Clone)]
pub(crate) enum AnyCell<T: Real> {
    Elman(Elman<T>),
    Lstm(Lstm<T>),
    Gru(Gru<T>),
}

/// What a case says about its cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a> {
    pub(crate) kind: &'a str,
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
    /// The width of the projection, 0 for none.
    pub(crate) projection: usize,
    pub(crate) bias: bool,
}

impl<T: Real> AnyCell<T> {
    /// A cell with all weights zero.
    pub(crate) fn new(form: Form<'_>, store: &mut ParamStore<T>, name: &str) -> Self {
        let Form { inputs, hidden, bias, .. } = form;
        let sizes = (inputs, hidden);
        let (zeros, rng) = (&Zeros, &mut ChaCha8Rng::seed_from_u64(0));
        match form.kind {
            "rnn_tanh" | "rnn_relu" => {
                let new = if bias { Elman::new } else { Elman::without_bias };
                let cell: Elman<T> = new(store, name, sizes, zeros, rng).unwrap();
                let relu = form.kind == "rnn_relu";
                let activation = if relu { Activation::Relu } else { Activation::Tanh };
                Self::Elman(cell.with_activation(activation))
            }
            "lstm" | "lstm_proj" => {
                let projection = (form.projection > 0).then_some(form.projection);
                let form = lstm::Form { bias, projection, ..lstm::Form::default() };
                Self::Lstm(Lstm::new(store, name, sizes, form, zeros, rng).unwrap())
            }
            "gru" => {
                let form = gru::Form { bias, ..gru::Form::default() };
                Self::Gru(Gru::new(store, name, sizes, form, zeros, rng).unwrap())
            }
            other => panic!("cells of kind {other:?} are not known"),
        }
    }
}

impl<T: Real> Layer<T> for AnyCell<T> {
    fn state_widths(&self) -> Widths {
        with_cell!(self, cell => cell.widths())
    }

    fn width(&self, inputs: usize) -> usize {
        with_cell!(self, cell => Recurrent(cell.clone()).width(inputs))
    }

    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: &[Var<'t, T>],
    ) -> Run<'t, T> {
        with_cell!(self, cell => Recurrent(cell.clone()).run(p, xs, start))
    }
}

impl<T: Real> Portable<T> for AnyCell<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        match self {
            Self::Elman(cell) => cell.layers(),
            Self::Lstm(cell) => cell.layers(),
            Self::Gru(cell) => cell.layers(),
        }
    }
}

/// How a model's weights are called: as a module's, or as a single step's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Module,
    Step,
}

/// The tensors of a case whose names begin with the prefix, each made a number by `number` of its path and place.
pub(crate) fn named<T: Real>(
    archive: &Archive,
    key: &str,
    prefix: &str,
    names: &[&str],
    number: impl Fn(&str, usize, f64) -> T,
) -> weights::Archive<T> {
    let mut found = weights::Archive::new();
    for name in names {
        let array = archive.floats(key, &format!("{prefix}{name}"));
        let numbers = array.iter().enumerate().map(|(i, &x)| number(name, i, x)).collect();
        found.insert(*name, ArrayD::from_shape_vec(array.raw_dim(), numbers).unwrap()).unwrap();
    }
    found
}

/// Writes a model's parameters from PyTorch's.
pub(crate) fn import<T: Real>(
    model: &(impl Portable<T> + ?Sized),
    names: Names,
    store: &mut ParamStore<T>,
    weights: &weights::Archive<T>,
) -> Result<(), String> {
    let options = LoadOptions::default();
    let imported = match names {
        Names::Module => torch::import(model, store, weights, &options),
        Names::Step => torch::import_cell(model, store, weights, &options),
    };
    imported.map_err(|error| format!("import: {error}"))
}

/// The gradients under PyTorch's names: as the weights are written, but that of our one bias stands for both of its
/// two.
pub(crate) fn gradients<T: Real>(
    model: &(impl Portable<T> + ?Sized),
    names: Names,
    store: &ParamStore<T>,
    gradients: &Gradients<T>,
) -> weights::Archive<T> {
    let (mut as_weights, mut written) = (store.clone(), weights::Archive::new());
    for id in store.ids() {
        let gradient = gradients.param(id).cloned();
        let gradient = gradient.unwrap_or_else(|| store.get(id).mapv(|_| T::ZERO));
        as_weights.get_mut(id).assign(&gradient);
    }
    match names {
        Names::Module => torch::export(model, &as_weights, "", &mut written).unwrap(),
        Names::Step => torch::export_cell(model, &as_weights, "", &mut written).unwrap(),
    }
    let gru = matches!(model.layers()[0].forward.kind, weights::Kind::Gru { .. });
    let mut both = weights::Archive::new();
    for (name, array) in written.iter() {
        let mut array = array.clone();
        if let Some(end) = name.strip_prefix("bias_hh") {
            let shared = if gru { array.len() / 3 * 2 } else { array.len() };
            let shared = Slice::from(..shared);
            let input = written.get(&format!("bias_ih{end}")).unwrap();
            array.slice_axis_mut(Axis(0), shared).assign(&input.slice_axis(Axis(0), shared));
        }
        both.insert(name, array).unwrap();
    }
    both
}

/// One step of any cell from the state's parts.
pub(crate) fn step<'t, T: Real, C: Cell<T>>(
    cell: &C,
    store: &ParamStore<T>,
    x: Var<'t, T>,
    state: &[Var<'t, T>],
) -> Vec<Var<'t, T>> {
    let p = store.bind(x.tape());
    let mut parts = state.iter();
    let state = C::State::build(&mut || *parts.next().unwrap());
    let projected = cell.project(p, Input::Dense(x));
    cell.step(p, projected, state).parts().into_vec()
}
