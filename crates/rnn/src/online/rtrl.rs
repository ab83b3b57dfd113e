//! Real-time recurrent learning: the influence matrix, exactly.
//!
//! ```text
//! M′ = J M + I        one row of J and of I for each number of the state, by a sweep each
//! ```
//!
//! For one row of a layer of n units and P ≈ n² parameters: n³ numbers, and n⁴ products for an edge, where backpropagation
//! through time takes n² for a step and keeps the steps. (A. J. Robinson and F. Fallside, 1987; R. J. Williams and
//! D. Zipser, 1989.)

use super::{
    Edge, Influence,
    edge::{elements, reached},
};
use crate::{Error, Result};
use ndarray::ArrayView2;
use tape::{Gradients, ParamId, Real};

/// `M = ∂s/∂θ`, `[N, P]`, and room for its successor.
///
/// Entries of J that are zero cost nothing: rows of a batch, which do not mix, do not multiply each other's work.
#[derive(Debug)]
pub struct Rtrl<T> {
    params: Vec<ParamId>,
    blocks: Vec<Columns<T>>,
    /// Bytes that the matrices may take.
    limit: usize,
    width: usize,
}

/// The columns of one parameter.
#[derive(Debug)]
struct Columns<T> {
    count: usize,
    now: Vec<T>,
    next: Vec<T>,
}

impl<T> Default for Rtrl<T> {
    /// At most 1 GiB of matrices.
    fn default() -> Self {
        Self::within(1 << 30)
    }
}

impl<T> Rtrl<T> {
    /// At most so many bytes of matrices: a run that would need more is refused before they are allocated.
    pub fn within(bytes: usize) -> Self {
        Self { params: Vec::new(), blocks: Vec::new(), limit: bytes, width: 0 }
    }
}

impl<T: Real> Rtrl<T> {
    /// ∂s/∂θ for one parameter, `[N, elements]`, both in row-major order, if it has had an influence.
    pub fn matrix(&self, id: ParamId) -> Option<ArrayView2<'_, T>> {
        let Columns { count, now, .. } = &self.blocks[self.params.iter().position(|p| *p == id)?];
        ArrayView2::from_shape((self.width, *count), now).ok()
    }

    /// Makes room for the parameters that are new to it: until now they had no influence.
    fn adopt(&mut self, swept: &Gradients<T>, width: usize) -> Result<()> {
        let new = |(id, _): &(ParamId, _)| !self.params.contains(id);
        let more: usize = reached(swept).filter(new).map(|(_, g)| g.len()).sum();
        if more == 0 && width == self.width {
            return Ok(());
        }
        let columns = more + self.blocks.iter().map(|block| block.count).sum::<usize>();
        let bytes = width.checked_mul(columns).and_then(|n| n.checked_mul(2 * size_of::<T>()));
        if bytes.is_none_or(|bytes| bytes > self.limit) {
            return Err(Error::Data {
                what: format!(
                    "an influence matrix of {width} × {columns} numbers and its successor, {} bytes",
                    bytes.map_or("more than can be counted".into(), |bytes| bytes.to_string())
                ),
                rule: format!("{} bytes are allowed; nothing was allocated", self.limit),
                remedy: "allow more by `Rtrl::within`, carry fewer rows or units, or take `Snap1` or `Uoro`",
            });
        }
        self.width = width;
        for (id, gradient) in reached(swept) {
            if !self.params.contains(&id) {
                let zeros = || vec![T::ZERO; width * gradient.len()];
                self.params.push(id);
                self.blocks.push(Columns { count: gradient.len(), now: zeros(), next: zeros() });
            }
        }
        Ok(())
    }
}

impl<T: Real> Influence<T> for Rtrl<T> {
    fn params(&self) -> &[ParamId] {
        &self.params
    }

    fn pull(&self, cotangent: &[T], gradients: &mut Gradients<T>) {
        for (id, Columns { count, now, .. }) in self.params.iter().zip(&self.blocks) {
            add_product(cotangent, now, *count, elements(gradients, *id));
        }
    }

    fn carry(&mut self, edge: &mut Edge<'_, T>) -> Result<()> {
        for k in 0..edge.width() {
            let mut row = edge.row(k)?;
            self.adopt(&row, edge.width())?;
            let j = edge.state(&row)?;
            for (id, Columns { count, now, next }) in self.params.iter().zip(&mut self.blocks) {
                let next = &mut next[k * *count..][..*count];
                match elements(&mut row, *id) {
                    [] => next.fill(T::ZERO),
                    i => next.copy_from_slice(i),
                }
                add_product(j, now, *count, next);
            }
        }
        self.blocks.iter_mut().for_each(|block| std::mem::swap(&mut block.now, &mut block.next));
        Ok(())
    }
}

/// y += v M, with M of `count` columns.
fn add_product<T: Real>(v: &[T], matrix: &[T], count: usize, y: &mut [T]) {
    for (&v, row) in v.iter().zip(matrix.chunks_exact(count.max(1))) {
        if v != T::ZERO {
            y.iter_mut().zip(row).for_each(|(y, &m)| *y += v * m);
        }
    }
}
