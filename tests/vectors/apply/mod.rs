//! PyTorch's operations by name, said with the methods of [`Var`].
//!
//! Generic over the number, so that whatever passes through the tape passes through here. A case is skipped, with a
//! reason, when there is no such operation, or when it has an argument that its mapping did not ask for.

mod arithmetic;
mod functional;
mod index;
mod reduction;
mod shape;

use crate::{
    archive::{Argument, Tensor},
    ops::Case,
    report::Skip,
};
use ndarray::ArrayD;
use std::cell::{Cell, RefCell};
use tape::{Real, Tape, Var};

/// An output: a value, or indices found on the way (`max` along an axis).
#[derive(Debug)]
pub(crate) enum Output<'t, T: Real> {
    Value(Var<'t, T>),
    Indices(ArrayD<usize>),
}

/// What an operation gives: `None` when a family does not know it.
pub(crate) type Applied<'t, T> = Result<Option<Vec<Output<'t, T>>>, Skip>;

/// The operation of a case, called on variables.
pub(crate) struct Call<'c, 't, T: Real> {
    pub(crate) case: &'c Case<'c>,
    pub(crate) tape: &'t Tape<T>,
    leaves: &'c [Var<'t, T>],
    /// How many positional arguments, and which keywords, have been asked for.
    asked: Cell<usize>,
    asked_by_name: RefCell<Vec<&'static str>>,
}

/// Records the op of a call.
pub(crate) fn apply<'t, T: Real>(call: &Call<'_, 't, T>) -> Result<Vec<Output<'t, T>>, Skip> {
    let families =
        [arithmetic::apply, shape::apply, reduction::apply, index::apply, functional::apply];
    for family in families {
        let Some(outputs) = family(call)? else { continue };
        call.all_asked()?;
        return Ok(outputs);
    }
    Skip::because("no such operation")
}

/// One value.
pub(crate) fn one<'t, T: Real>(y: Var<'t, T>) -> Applied<'t, T> {
    Ok(Some(vec![Output::Value(y)]))
}

/// Several values.
pub(crate) fn several<'t, T: Real>(y: Vec<Var<'t, T>>) -> Applied<'t, T> {
    Ok(Some(y.into_iter().map(Output::Value).collect()))
}

impl<'c, 't, T: Real> Call<'c, 't, T> {
    pub(crate) fn new(case: &'c Case<'c>, tape: &'t Tape<T>, leaves: &'c [Var<'t, T>]) -> Self {
        Self { case, tape, leaves, asked: Cell::new(0), asked_by_name: RefCell::default() }
    }

    /// The argument at place `k` (if it can have one), or of this name; nothing if it is not given, or `None`.
    pub(crate) fn get(
        &self,
        k: impl Into<Option<usize>>,
        name: &'static str,
    ) -> Option<&'c Argument> {
        let positional = k.into().and_then(|k| {
            let argument = self.case.args.get(k)?;
            self.asked.set(self.asked.get().max(k + 1));
            Some(argument)
        });
        self.asked_by_name.borrow_mut().push(name);
        let named =
            || self.case.kwargs.iter().find(|(n, _)| n == name).map(|(_, argument)| argument);
        positional.or_else(named).filter(|&argument| *argument != Argument::None)
    }

    /// Has the mapping asked for every argument that is given?
    fn all_asked(&self) -> Result<(), Skip> {
        if self.asked.get() < self.case.args.len() {
            return Skip::because(format!("argument {} is not mapped", self.asked.get()));
        }
        let asked = self.asked_by_name.borrow();
        let left = self
            .case
            .kwargs
            .iter()
            .find(|(name, value)| *value != Argument::None && !asked.contains(&name.as_str()));
        match left {
            Some((name, _)) => Skip::because(format!("argument `{name}` is not mapped")),
            None => Ok(()),
        }
    }

    /// The variable that stands for a tensor: its leaf, or a constant.
    pub(crate) fn var(&self, argument: &Argument) -> Result<Var<'t, T>, Skip> {
        let constant = |x: f64| self.tape.constant(T::of(x));
        match argument {
            Argument::Tensor(path) => {
                if let Some(k) = self.case.leaves.iter().position(|leaf| leaf == path) {
                    return Ok(self.leaves[k]);
                }
                Ok(self.tape.constant(self.case.archive.floats(self.case.key, path).mapv(T::of)))
            }
            Argument::Int(n) => Ok(constant(*n as f64)),
            Argument::Float(x) => Ok(constant(*x)),
            other => Skip::because(format!("an operand is {other:?}")),
        }
    }

    /// The first operand.
    pub(crate) fn x(&self) -> Result<Var<'t, T>, Skip> {
        self.var(&self.case.input)
    }

    /// The first operand, a single number read as a vector of one: PyTorch grants numbers an axis to name.
    pub(crate) fn x_with_axis(&self) -> Result<Var<'t, T>, Skip> {
        self.x().map(with_axis)
    }

    /// The operand at place `k`, or of this name.
    pub(crate) fn operand(&self, k: usize, name: &'static str) -> Result<Var<'t, T>, Skip> {
        match self.get(k, name) {
            Some(argument) => self.var(argument),
            None => Skip::because(format!("operand `{name}` is not given")),
        }
    }

    /// The shape of the first output as the case has it.
    pub(crate) fn shape(&self) -> &'c [usize] {
        &self.case.shapes[0]
    }

    /// One value, in the shape that the case wants: to undo [`x_with_axis`](Call::x_with_axis).
    pub(crate) fn shaped(&self, y: Var<'t, T>) -> Applied<'t, T> {
        one(if y.shape()[..] == *self.shape() { y } else { y.reshape(self.shape()) })
    }

    /// A whole number, also one in a tensor.
    pub(crate) fn int(
        &self,
        k: impl Into<Option<usize>>,
        name: &'static str,
    ) -> Result<Option<i64>, Skip> {
        match self.get(k, name) {
            None => Ok(None),
            Some(Argument::Int(n)) => Ok(Some(*n)),
            Some(Argument::Tensor(path)) => match self.case.archive.get(self.case.key, path) {
                Some(Tensor::Int(array)) => Ok(array.first().copied()),
                other => Skip::because(format!("`{name}` is {other:?}")),
            },
            Some(other) => Skip::because(format!("`{name}` is {other:?}")),
        }
    }

    /// An axis that must be given.
    pub(crate) fn axis(&self, k: usize, name: &'static str) -> Result<isize, Skip> {
        match self.int(k, name)? {
            Some(axis) => Ok(axis as isize),
            None => Skip::because(format!("`{name}` is not given")),
        }
    }

    /// Whole numbers, a single one counting as a list.
    pub(crate) fn ints(
        &self,
        k: impl Into<Option<usize>>,
        name: &'static str,
    ) -> Result<Option<Vec<i64>>, Skip> {
        let Some(argument) = self.get(k, name) else { return Ok(None) };
        let list = match argument {
            Argument::List(list) => &list[..],
            single => std::slice::from_ref(single),
        };
        let int = |argument: &Argument| match argument {
            Argument::Int(n) => Ok(*n),
            other => Skip::because(format!("`{name}` has {other:?} in it")),
        };
        list.iter().map(int).collect::<Result<_, _>>().map(Some)
    }

    /// A number.
    pub(crate) fn number(
        &self,
        k: impl Into<Option<usize>>,
        name: &'static str,
    ) -> Result<Option<f64>, Skip> {
        match self.get(k, name) {
            None => Ok(None),
            Some(Argument::Int(n)) => Ok(Some(*n as f64)),
            Some(Argument::Float(x)) => Ok(Some(*x)),
            Some(other) => Skip::because(format!("`{name}` is {other:?}")),
        }
    }

    /// Yes or no; no if it is not given.
    pub(crate) fn flag(
        &self,
        k: impl Into<Option<usize>>,
        name: &'static str,
    ) -> Result<bool, Skip> {
        match self.get(k, name) {
            None => Ok(false),
            Some(Argument::Bool(flag)) => Ok(*flag),
            Some(other) => Skip::because(format!("`{name}` is {other:?}")),
        }
    }

    /// The array of integers or booleans at place `k`, or of this name.
    pub(crate) fn tensor(&self, k: usize, name: &'static str) -> Result<&'c Tensor, Skip> {
        let found = match self.get(k, name) {
            Some(Argument::Tensor(path)) => self.case.archive.get(self.case.key, path),
            _ => None,
        };
        found.map_or_else(|| Skip::because(format!("`{name}` is no tensor")), Ok)
    }
}

/// A single number as a vector of one, anything else as it is.
pub(crate) fn with_axis<T: Real>(x: Var<'_, T>) -> Var<'_, T> {
    if x.shape().is_empty() { x.unsqueeze(0) } else { x }
}
