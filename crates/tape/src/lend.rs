//! What the tape lends to an op while it works.

use crate::{
    Misfit, Real,
    kernel::{Scratch, gemm::Again},
    lookup::Lookup,
    node::{Kind, Node},
};
use slotmap::Key;
use std::{
    cell::RefCell,
    ops::{Deref, Index},
};

/// The inputs of an op: `x[i]` are the elements of input `i` in row-major order.
#[derive(Debug)]
pub struct Inputs<'a, T: Real>(pub(crate) &'a Lent<'a, T>);

/// All that an op is lent beside its output. (Ops are handed a reference to it: they are asked many small questions, and
/// so many words would be copied for each.)
#[derive(Debug)]
pub(crate) struct Lent<'a, T: Real> {
    pub(crate) lookup: &'a Lookup<'a, T>,
    pub(crate) nodes: &'a [u64],
    pub(crate) indices: &'a [usize],
    pub(crate) scratch: &'a RefCell<Scratch<T>>,
}

impl<T: Real> Clone for Inputs<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Inputs<'_, T> {}

impl<'a, T: Real> Inputs<'a, T> {
    /// How many there are.
    #[allow(clippy::len_without_is_empty)]
    #[inline]
    pub fn len(self) -> usize {
        self.0.nodes.len()
    }

    /// The elements of input `i`, in row-major order.
    #[inline]
    pub fn value(self, i: usize) -> &'a [T] {
        self.0.lookup.values(self.0.nodes[i])
    }

    /// The shape of input `i`.
    #[inline]
    pub fn shape(self, i: usize) -> &'a [usize] {
        self.0.lookup.shape(self.node(i))
    }

    #[inline]
    pub(crate) fn node(self, i: usize) -> &'a Node<T> {
        self.0.lookup.node(self.0.nodes[i])
    }

    /// Under which name a parameter, from column `start` on, may be known again in a later product; `None` if input `i` is
    /// no parameter.
    #[inline]
    pub(crate) fn again(self, i: usize, start: usize) -> Option<Again> {
        match self.node(i).kind {
            Kind::Param(id) => {
                Some(Again { place: id.data().as_ffi(), serial: self.0.nodes[i], start })
            }
            _ => None,
        }
    }

    /// The shapes of all inputs, when there are exactly `N`.
    #[inline]
    pub fn shapes<const N: usize>(self) -> Result<[&'a [usize]; N], Misfit> {
        if self.len() != N {
            return Err(miscounted(N, self.len()));
        }
        Ok(std::array::from_fn(|i| self.shape(i)))
    }

    /// Whole numbers recorded with the op (rows to gather, classes to hit): they belong to the tape, too.
    pub fn indices(self) -> &'a [usize] {
        self.0.indices
    }

    /// Packing memory for [`Real::gemm`], kept by the tape from op to op.
    pub fn scratch(self) -> &'a RefCell<Scratch<T>> {
        self.0.scratch
    }
}

#[cold]
fn miscounted(takes: usize, given: usize) -> Misfit {
    Misfit::new(
        format!("it takes {takes} inputs, but was given {given}"),
        "apply it to as many variables as it takes",
    )
}

impl<T: Real> Index<usize> for Inputs<'_, T> {
    type Output = [T];
    #[inline]
    fn index(&self, i: usize) -> &[T] {
        self.value(i)
    }
}

/// The output of an op as `backward` finds it: its elements, its shape and what `forward` saved.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a, T>(pub(crate) &'a Made<'a, T>);

/// What an [`Output`] refers to.
#[derive(Debug)]
pub(crate) struct Made<'a, T> {
    pub(crate) value: &'a [T],
    pub(crate) saved: &'a [T],
    pub(crate) shape: &'a [usize],
}

impl<'a, T> Output<'a, T> {
    /// What `forward` left behind.
    pub fn saved(self) -> &'a [T] {
        self.0.saved
    }
    /// The shape.
    pub fn shape(self) -> &'a [usize] {
        self.0.shape
    }
}

impl<T> Deref for Output<'_, T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        self.0.value
    }
}

/// The adjoint `x̄` of one input, to which `backward` adds.
///
/// The first to write assigns, later ones add; an op need not know which it is.
#[derive(Debug)]
pub struct Adjoint<'a, T: Real> {
    pub(crate) slice: &'a mut [T],
    /// Nobody has written yet, and the memory holds rubbish: the sum begins with this, which stands elsewhere, or with zero
    /// if it is empty.
    pub(crate) fresh: Option<&'a [T]>,
}

impl<'a, T: Real> Adjoint<'a, T> {
    /// The memory, and what the sum in it begins with if that is not what stands there: see [`fresh`](Self::fresh).
    #[inline]
    pub(crate) fn begin(&mut self) -> (&mut [T], Option<&'a [T]>) {
        (self.slice, self.fresh.take())
    }

    /// `x̄ₖ += termₖ` for every element `k`, in order.
    #[inline(always)]
    pub fn add(mut self, terms: impl Iterator<Item = T>) {
        let (slice, fresh) = self.parts();
        T::vectorize(
            #[inline(always)]
            || {
                if fresh {
                    for (dx, term) in slice.iter_mut().zip(terms) {
                        *dx = term;
                    }
                } else {
                    for (dx, term) in slice.iter_mut().zip(terms) {
                        *dx += term;
                    }
                }
            },
        );
    }

    /// The sum so far, zero where nobody has written: for rules that scatter.
    pub fn sum(&mut self) -> &mut [T] {
        if let (sum, true) = self.parts() {
            sum.fill(T::ZERO);
        }
        self.slice
    }

    /// The memory itself, for a rule that assigns when it is told `true` and adds when `false`: it must
    /// write every element.
    #[inline]
    pub fn parts(&mut self) -> (&mut [T], bool) {
        match self.fresh.take() {
            None => (self.slice, false),
            Some([]) => (self.slice, true),
            Some(before) => {
                self.slice.copy_from_slice(before);
                (self.slice, false)
            }
        }
    }
}

/// A rule that wrote nothing has added nothing.
impl<T: Real> Drop for Adjoint<'_, T> {
    fn drop(&mut self) {
        if self.fresh.is_some() {
            self.sum();
        }
    }
}
