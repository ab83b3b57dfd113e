//! SnAp-1: the influence matrix, sparse.
//!
//! ```text
//! M′ = (J M + I) ⊙ [I ≠ 0]
//! ```
//!
//! A weight of unit i moves unit i within a step, and the others only after it. SnAp-1 remembers the first and forgets the
//! rest: of M, `[N, P]`, it keeps the entries where a single step can put something, about P of them. For an Elman
//! network that is `m′ = I + diag(J) m`. What is forgotten is a bias; there is no variance. (J. Menick, E. Elsen, U. Evci,
//! S. Osindero, K. Simonyan and A. Graves, 2021.)

use super::{
    Edge, Influence,
    edge::{elements, reached},
};
use crate::Result;
use tape::{Gradients, ParamId, Real};

/// The entries of `M = ∂s/∂θ` that a single block reaches.
///
/// Which these are is seen as it goes: an entry is kept from the first block on in which its immediate derivative is not
/// zero. Until then it is zero in the paper's method, too, where the cell's structure says no more than its numbers. The rows
/// of J are swept for one by one, as for [`Rtrl`](super::Rtrl): what is saved is memory and the long product.
///
/// Meant for blocks of one step. In longer ones more entries are reached (the paper's SnAp-n).
#[derive(Debug)]
pub struct Snap1<T> {
    params: Vec<ParamId>,
    blocks: Vec<Columns<T>>,
    /// A row of M, written out.
    row: Vec<T>,
    kept: Vec<bool>,
}

/// The columns of one parameter, row by row: which, and what.
#[derive(Debug)]
struct Columns<T> {
    now: Vec<Vec<(u32, T)>>,
    next: Vec<Vec<(u32, T)>>,
}

impl<T> Default for Snap1<T> {
    fn default() -> Self {
        Self { params: Vec::new(), blocks: Vec::new(), row: Vec::new(), kept: Vec::new() }
    }
}

impl<T: Real> Snap1<T> {
    /// How many entries of M are kept.
    pub fn entries(&self) -> usize {
        self.blocks.iter().flat_map(|block| &block.now).map(Vec::len).sum()
    }

    fn adopt(&mut self, swept: &Gradients<T>, width: usize) {
        for (id, _) in reached(swept) {
            if !self.params.contains(&id) {
                let empty = || vec![Vec::new(); width];
                self.params.push(id);
                self.blocks.push(Columns { now: empty(), next: empty() });
            }
        }
    }
}

impl<T: Real> Influence<T> for Snap1<T> {
    fn params(&self) -> &[ParamId] {
        &self.params
    }

    fn pull(&self, cotangent: &[T], gradients: &mut Gradients<T>) {
        for (id, columns) in self.params.iter().zip(&self.blocks) {
            let gradient = elements(gradients, *id);
            for (&s, row) in cotangent.iter().zip(&columns.now) {
                row.iter().for_each(|&(at, m)| gradient[at as usize] += s * m);
            }
        }
    }

    fn carry(&mut self, edge: &mut Edge<'_, T>) -> Result<()> {
        for k in 0..edge.width() {
            let mut swept = edge.row(k)?;
            self.adopt(&swept, edge.width());
            let j = edge.state(&swept)?;
            for (id, Columns { now, next }) in self.params.iter().zip(&mut self.blocks) {
                let i = elements(&mut swept, *id);
                self.row.clear();
                self.row.extend_from_slice(i);
                self.kept.clear();
                self.kept.extend(i.iter().map(|&i| i != T::ZERO));
                now[k].iter().for_each(|&(at, _)| self.kept[at as usize] = true);
                for (&j, row) in j.iter().zip(&*now).filter(|(j, _)| **j != T::ZERO) {
                    row.iter().for_each(|&(at, m)| self.row[at as usize] += j * m);
                }
                let entries = (0..).zip(&self.row).zip(&self.kept);
                next[k].clear();
                next[k].extend(entries.filter(|(_, kept)| **kept).map(|((at, m), _)| (at, *m)));
            }
        }
        for block in &mut self.blocks {
            std::mem::swap(&mut block.now, &mut block.next);
        }
        Ok(())
    }
}
