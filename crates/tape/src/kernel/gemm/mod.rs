//! `C = A B`, packed into panels that fit the cache.
//!
//! The layering is that of Goto & van de Geijn, *Anatomy of high-performance matrix
//! multiplication* (2008), read row-major.
//!
//! * A **tile** of `C`, a few rows by two vectors of columns, stays in registers while `k`
//!   runs: each step loads one row of `B`, broadcasts a few entries of `A`, and multiplies.
//! * A **panel** of `B` holds two vectors of columns, row after row. A few panels are read for one
//!   row of tiles after the other and stay in the second-level cache meanwhile, so that `B` comes from
//!   memory once, in the order in which it lies there. A `B` whose rows are already contiguous
//!   is left where it is when `A` has too few rows to pay for the copy, and a
//!   weight used at every time step is packed once: [`Packed`], [`Again`].
//! * A **panel** of `A` holds the rows of one tile, interleaved, so that the entries of one
//!   step lie side by side. It is read again for every panel of `B`.
//! * A single row of few columns, the step of a small network, needs no panels: it goes down `B` in one loop.
//! * A small `C = Lᵀ R`, a weight gradient of few units, needs no panels: a tile goes down the rows of both.
//!
//! # The bits
//!
//! Every entry is the chain `cᵢⱼ ← fma(aᵢₖ, bₖⱼ, cᵢⱼ)` over `k = 0, 1, 2, …`, from zero or
//! from the old `cᵢⱼ`, rounded once per step. Only independent entries share a vector, and
//! where `k` is cut into groups the running sum rests in `C` and goes on. So the
//! bits of an entry depend on its row of `A`, its column of `B` and the old `C` alone: a
//! sequence has the same bits alone and in a batch, on every instruction set and along
//! every path below. [`plain`] says the same without the machinery.

mod again;
mod ahead;
mod deal;
mod lanes;
mod loops;
mod micro;
mod pack;
mod product;
mod rank_update;
mod row;
mod soon;
#[cfg(test)]
mod tests;
mod tile;
mod turn;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use again::Again;
pub use micro::Start;
pub use rank_update::RankUpdate;
pub(crate) use soon::Soon;

use super::{
    Matrix,
    line::{LINE, first_line, per_line},
};
use crate::Real;
use again::Shelf;
use lanes::Lanes;
use product::{Pack, Product, Right};
use pulp::Arch;
use row::Row;
use std::mem::take;

/// Packing memory, kept from one product to the next.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    packing: Packing<T>,
    lanes: Buffer<T>,
    again: Shelf<T>,
    /// What the next product asks for.
    pub(crate) soon: Soon,
}

/// Room for the panels of both factors.
#[derive(Debug, Default)]
struct Packing<T> {
    a: Buffer<T>,
    b: Buffer<T>,
}

impl<T: Real> Scratch<T> {
    /// `len` elements of any value, for an op that needs room of its own.
    pub fn lanes(&mut self, len: usize) -> &mut [T] {
        &mut self.lanes.room(len)[..len]
    }

    /// The same [`lanes`](Self::lanes), and the rest of it for products of what stands there.
    pub(crate) fn aside(&mut self, len: usize, act: impl FnOnce(&mut Self, &mut [T])) {
        let mut lanes = take(&mut self.lanes);
        act(self, &mut lanes.room(len)[..len]);
        self.lanes = lanes;
    }

    /// How many bytes it has grown to.
    pub(crate) fn held(&self) -> usize {
        let Packing { a, b } = &self.packing;
        let elements = [a, b, &self.lanes].map(|buffer| buffer.data.capacity());
        (elements.iter().sum::<usize>() + self.again.len()) * size_of::<T>()
    }
}

/// A right-hand side `B` packed once for many products.
///
/// A weight is the same at every time step of a sequence: packing it before the first
/// leaves the products of the others nothing to copy.
#[derive(Debug, Clone, Default)]
pub struct Packed<T> {
    panels: Buffer<T>,
    rows: usize,
    cols: usize,
}

impl<T> Packed<T> {
    /// Rows of `B`.
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// Columns of `B`.
    pub fn cols(&self) -> usize {
        self.cols
    }
}

/// Memory that starts on a cache line and only ever grows.
#[derive(Debug, Clone, Default)]
struct Buffer<T> {
    data: Vec<T>,
    start: usize,
}

impl<T: Real> Buffer<T> {
    /// At least `len` elements, holding anything.
    fn room(&mut self, len: usize) -> &mut [T] {
        let room = len + per_line::<T>();
        if self.data.len() < room {
            self.data.resize(room, T::ZERO);
            self.start = first_line(&self.data);
        }
        &mut self.data[self.start..]
    }

    /// Memory that is a line longer than need be.
    fn starting_on_a_line(data: Vec<T>) -> Self {
        Self { start: first_line(&data), data }
    }

    /// What it has grown to.
    fn filled(&mut self) -> &mut [T] {
        &mut self.data[self.start..]
    }
}

/// `C = A B` or `C += A B` by the definition: one sum after another.
///
/// `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
pub fn plain<T: Real>(
    scratch: &mut Scratch<T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    add: bool,
) {
    plain_strided(scratch, a, b, (c, b.cols), add);
}

/// [`plain`], where the rows of `C` begin a `stride` apart: some columns of a wider matrix.
pub fn plain_strided<T: Real>(
    _: &mut Scratch<T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (c, stride): (&mut [T], usize),
    add: bool,
) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let c = &mut c[i * stride + j];
            let mut sum = if add { *c } else { T::ZERO };
            for k in 0..a.cols {
                sum = a.at(i, k).mul_add(b.at(k, j), sum);
            }
            *c = sum;
        }
    }
}

/// A product with a `B` that may come [`Again`], whose sums go on from what `C` holds or begin with something else.
#[inline(always)]
fn multiply<T: Lanes>(
    scratch: &mut Scratch<T>,
    a: Matrix<'_, T>,
    (b, again): (Matrix<'_, T>, Option<Again>),
    c: (&mut [T], usize),
    (add, from): (bool, Option<Start<'_, T>>),
) {
    assert_eq!(a.cols, b.rows, "A has as many columns as B has rows");
    let Scratch { packing, soon, again: shelf, .. } = scratch;
    let packed = again.and_then(|again| shelf.find(again, b, a.rows, |to| pack(b, to)));
    let b = packed.map_or(Right::Matrix(b), Right::Packed);
    make(packing, soon, a, b, c, (add, from));
}

/// Makes a product: one of the [least](row) by a way of its own.
#[inline(always)]
fn make<T: Lanes>(
    packing: &mut Packing<T>,
    soon: &mut Soon,
    a: Matrix<'_, T>,
    b: Right<'_, T>,
    c: (&mut [T], usize),
    (add, from): (bool, Option<Start<'_, T>>),
) {
    let arch = Arch::new();
    if let Some(a) = Row::of(a) {
        let (c, from) = (&mut c.0[..b.columns()], from.map(|from| from.data));
        if arch.dispatch(Row { a, b: &b, c, from, add }) {
            return;
        }
    }
    let soon = take(soon);
    arch.dispatch(&mut Product { packing, soon, a, b, c, add, from });
}

/// Packs `b`, in the memory of what was packed there before.
fn pack<T: Lanes>(b: Matrix<'_, T>, to: &mut Packed<T>) {
    (to.rows, to.cols) = (b.rows, b.cols);
    Arch::new().dispatch(Pack { b, to: &mut to.panels });
}

macro_rules! primitive {
    ($float:ident, $strided:ident, $packed:ident, $again:ident, $from:ident) => {
        #[doc = concat!("[`plain`] for `", stringify!($float), "`, to the same bits.")]
        ///
        /// # Panics
        ///
        /// If the shapes do not agree: `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
        pub fn $float(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            b: Matrix<'_, $float>,
            c: &mut [$float],
            add: bool,
        ) {
            $strided(scratch, a, b, (c, b.cols), add);
        }

        #[doc = concat!("[`plain_strided`] for `", stringify!($float), "`, to the same bits.")]
        ///
        /// # Panics
        ///
        /// If the shapes do not agree: `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
        pub fn $strided(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            b: Matrix<'_, $float>,
            c: (&mut [$float], usize),
            add: bool,
        ) {
            multiply(scratch, a, (b, None), c, (add, None));
        }

        #[doc = concat!("[`", stringify!($float), "()`] with `B` packed before, to the same bits.")]
        ///
        /// # Panics
        ///
        /// If the shapes do not agree: `A` is `[M, K]`, `B` is `[K, N]`, `C` is `[M, N]`.
        pub fn $packed(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            b: &Packed<$float>,
            c: &mut [$float],
            add: bool,
        ) {
            assert_eq!(a.cols, b.rows, "A has as many columns as B has rows");
            let Scratch { packing, soon, .. } = scratch;
            make(packing, soon, a, Right::Packed(b), (c, b.cols), (add, None));
        }

        #[doc = concat!("[`", stringify!($float), "()`] with a `B` that may come [`Again`], to the same bits.")]
        pub fn $again(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            (b, again): (Matrix<'_, $float>, Again),
            c: &mut [$float],
            add: bool,
        ) {
            multiply(scratch, a, (b, Some(again)), (c, b.cols), (add, None));
        }

        #[doc = concat!("`C = from + A B`, to the bits of [`", stringify!($float), "()`] added to a copy.")]
        /// `B` may come [`Again`].
        pub fn $from(
            scratch: &mut Scratch<$float>,
            a: Matrix<'_, $float>,
            (b, again): (Matrix<'_, $float>, Option<Again>),
            from: Start<'_, $float>,
            c: &mut [$float],
        ) {
            multiply(scratch, a, (b, again), (c, b.cols), (false, Some(from)));
        }

        impl Packed<$float> {
            /// Packs `b`, in the memory of what was packed here before.
            pub fn pack(&mut self, b: Matrix<'_, $float>) {
                pack(b, self);
            }
        }
    };
}

primitive!(f32, f32_strided, f32_packed, f32_again, f32_from);
primitive!(f64, f64_strided, f64_packed, f64_again, f64_from);
