//! What one operation must know about itself.

use crate::{Adjoint, Inputs, Misfit, Output, Real, shape::Shape};
use std::{any::Any, fmt::Debug};

/// One differentiable operation `y = f(x₀, x₁, …)`.
///
/// An op holds no tensors: the tape owns every value and lends them here. What it does hold (an axis, a
/// factor) should be small; the tape recycles the ops it has recorded, so that none is allocated twice.
///
/// The built-in ops and a user's own come through this one door, and [`gradcheck::op`](crate::gradcheck::op)
/// judges both alike.
pub trait Op<T: Real>: Any + Debug + Send {
    /// What errors and tables call it.
    fn name(&self) -> &'static str {
        short_name(std::any::type_name::<Self>())
    }

    /// The shape of `y`, or the rule that the inputs' shapes break.
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit>;

    /// `Some(i)` where `y` plainly has the shape of input `i`: the tape then has no [`shape`](Op::shape) to ask for.
    /// `None` where that takes thought, or where something does not fit.
    fn shaped_like(&self, _x: Inputs<'_, T>) -> Option<usize> {
        None
    }

    /// How many values `forward` leaves behind for `backward`, beside `y`.
    fn saves(&self, _x: Inputs<'_, T>) -> usize {
        0
    }

    /// Writes `y = f(x)`, and what [`saves`](Op::saves) promised: every element, for there is rubbish where they go.
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]);

    /// Turns `ȳ` into `z̄` in place, for an op `y = f(z)` that ends in a function of each element: the rules for
    /// the inputs are then given `z̄` as `dy`. So the outermost factor of the chain rule is multiplied once,
    /// not once for every input.
    fn outermost(&self, _y: Output<'_, T>, _dy: &mut [T]) {}

    /// Adds `x̄ᵢ += ȳ · ∂y/∂xᵢ` for the one input `i`.
    ///
    /// One input at a time, so that `x * x` needs no special case and an input that wants no gradient
    /// costs nothing.
    fn backward(&self, i: usize, x: Inputs<'_, T>, y: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>);

    /// Are the adjoints of all inputs found together more cheaply than one by one? The tape then calls
    /// [`backward_jointly`](Op::backward_jointly) in place of [`backward`](Op::backward).
    fn joint(&self) -> bool {
        false
    }

    /// How many outputs stand one after the other in `y`, all of one shape. Where `y` is cut into them as soon as it has been
    /// recorded, and the op is [joint](Op::joint), the adjoints stay where they are until
    /// [`backward_jointly`](Op::backward_jointly) is given all of them. (There is no [`outermost`](Op::outermost) then.)
    fn outputs(&self) -> usize {
        1
    }

    /// Adds `x̄ᵢ += ȳ · ∂y/∂xᵢ` for every input `i` whose adjoint is wanted, and so is not `None`. The elements of `ȳ` are
    /// given for each [output](Op::outputs).
    fn backward_jointly(
        &self,
        _x: Inputs<'_, T>,
        _y: Output<'_, T>,
        _dy: &[&[T]],
        _dx: &mut [Option<Adjoint<'_, T>>],
    ) {
    }

    /// `Some(offset)` when `y` is a contiguous part of the first input's elements: the tape then shares
    /// the memory and never calls `forward`.
    fn view(&self, _x: Inputs<'_, T>) -> Option<usize> {
        None
    }

    /// Is `x̄ᵢ += ȳ`, element for element? The tape then hands the adjoint on without a copy. (For a
    /// [view](Op::view) of a part: of the elements that it shares.)
    fn passes(&self, _i: usize, _x: Inputs<'_, T>) -> bool {
        false
    }

    /// Is `y` the elements of all inputs, one input after the other, so that `x̄ᵢ` gets its stretch of `ȳ`? The tape then
    /// leaves `ȳ` where it is until each is needed; and where the inputs stand side by side already, `y` shares their memory, and
    /// `forward` is not called.
    fn joins(&self, _x: Inputs<'_, T>) -> bool {
        false
    }

    /// Does the way back read the elements of input `i`? A value that nobody reads again may be
    /// [let go](crate::Tape::let_go) before; its shape stays known.
    fn reads(&self, _i: usize, _x: Inputs<'_, T>) -> bool {
        true
    }

    /// And the elements of `y`?
    fn reads_output(&self) -> bool {
        true
    }

    /// `y = f(x₀, …)` where every input is a number without axes: the tape's short way for chains of numbers. An op
    /// that has it is differentiable in every input, and has [`backward_number`](Op::backward_number), too.
    fn number(&self, _x: &[T]) -> Option<T> {
        None
    }

    /// `ȳ · ∂f/∂xᵢ` for the (at most two) inputs of a [`number`](Op::number); of one input only the first is read.
    fn backward_number(&self, _x: [T; 2], _y: T, _dy: T) -> [T; 2] {
        [T::ZERO; 2]
    }

    /// About how many floating-point operations `forward` makes, for [`Tape::ledger`](crate::Tape::ledger): one
    /// for each element of `y` unless the op knows better. An elementary function counts as one, a
    /// multiplication with an addition as two; moving elements is free.
    fn flops(&self, _x: Inputs<'_, T>, y: &[usize]) -> u64 {
        crate::shape::len(y) as u64
    }

    /// Does `y` depend on `xᵢ` in a way that gradients follow? `false` is what detaching means.
    fn differentiable(&self, _i: usize) -> bool {
        true
    }

    /// `x̄ᵢ += leftᵀ right`, a sum over rows, if that is what it is.
    ///
    /// A weight that is used at every step has such a gradient at every step; the tape gathers their rows and
    /// multiplies once.
    fn row_sum(&self, _i: usize, _x: Inputs<'_, T>) -> Option<RowSum> {
        None
    }
}

/// The two factors of a gradient that is a sum over rows: see [`Op::row_sum`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSum {
    /// The factor that is transposed, `[rows, m]`.
    pub left: Factor,
    /// The other, `[rows, n]`.
    pub right: Factor,
    /// The first of the `n` columns of `x̄ᵢ` that are added to: 0 where the factors make all of it.
    pub column: usize,
}

/// Where the rows of one factor of a [`RowSum`] stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// In input `i`, read as rows along its last axis.
    Input(usize),
    /// In `ȳ`, read as rows along its last axis.
    Adjoint,
}

/// `module::Tanh<f64>` is called `Tanh`.
pub(crate) fn short_name(path: &'static str) -> &'static str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}
