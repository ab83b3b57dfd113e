//! A right-hand side that comes again: packed the second time, read as packed from then on. In the next sequence it is known,
//! and packed when it comes.
//!
//! A weight is read in one direction forward, and transposed on the way back. Its packed forms are as large as itself, and
//! seldom wanted at once: they take turns in one piece of memory. Who came but once before it was turned out must come twice again.

use super::{Matrix, Packed};

/// Rows of `A` so few that a row-major `B` is as well read where it stands.
const FEW: usize = 8;

/// Which matrix it is, and which part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// Whose memory may be used: one packed form is kept for each place and part.
    pub place: u64,
    /// A number that no other matrix has had, as long as its elements stay what they are.
    pub serial: u64,
    /// The first column.
    pub start: usize,
}

/// The packed forms, and how often each matrix has come.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    forms: Vec<Form<T>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { forms: Vec::new() }
    }
}

#[derive(Debug)]
struct Form<T> {
    place: u64,
    start: usize,
    /// Under which it has come, if it has since it was last turned out.
    serial: Option<u64>,
    /// How often it came under the last serial.
    came: usize,
    /// As the matrix is read: its rows, its columns, and the steps between these.
    read: [usize; 3],
    packed: Option<Packed<T>>,
    ready: bool,
}

impl<T> Shelf<T> {
    /// The packed form of `b`, if it has come before and the product with `rows` rows gains by it.
    pub(super) fn find(
        &mut self,
        again: Again,
        b: Matrix<'_, T>,
        rows: usize,
        pack: impl FnOnce(&mut Packed<T>),
    ) -> Option<&Packed<T>>
    where
        T: Default,
    {
        if b.col_stride == 1 && rows <= FEW {
            return None;
        }
        let Again { place, serial, start } = again;
        let read = [b.rows, b.cols, b.col_stride];
        // Word by word: what has just been written so is not yet to be read as a vector, as a comparison of arrays would.
        let same = |form: &Form<T>| {
            let words =
                form.read.iter().zip(read).fold(form.start ^ start, |w, (a, b)| w | (a ^ b));
            form.place == place && words == 0
        };
        let Some(at) = self.forms.iter().position(same) else {
            let serial = Some(serial);
            let form = Form { place, start, serial, came: 1, read, packed: None, ready: false };
            self.forms.push(form);
            return None;
        };
        let form = &mut self.forms[at];
        if form.serial == Some(serial) {
            form.came += 1;
        } else {
            let came = std::mem::replace(&mut form.came, 1);
            (form.serial, form.ready) = (Some(serial), false);
            if came == 1 {
                return None;
            }
        }
        if form.packed.is_none() {
            self.forms[at].packed = self.turn_out(place, start);
        }
        let form = &mut self.forms[at];
        let packed = form.packed.get_or_insert_default();
        if !form.ready {
            pack(packed);
            form.ready = true;
        }
        Some(packed)
    }

    /// How many elements it has room for.
    pub(super) fn len(&self) -> usize {
        let packed = self.forms.iter().filter_map(|form| form.packed.as_ref());
        packed.map(|packed| packed.panels.data.capacity()).sum()
    }

    /// The memory of another form of the same part, if one has some.
    fn turn_out(&mut self, place: u64, start: usize) -> Option<Packed<T>> {
        let mut others = self.forms.iter_mut().filter(|f| (f.place, f.start) == (place, start));
        let other = others.find(|form| form.packed.is_some())?;
        other.serial = None;
        other.packed.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Scratch, gemm};

    fn wave(len: usize, phase: f64) -> Vec<f64> {
        (0..len).map(|i| (i as f64 * 0.37 + phase).sin()).collect()
    }

    #[test]
    fn what_came_often_in_the_last_sequence_is_packed_when_it_comes_in_the_next() {
        let (mut shelf, b) = (Shelf::<f64>::default(), wave(12, 0.2));
        let b = Matrix::row_major(&b, 3, 4);
        let mut sequence = |serial, directions: &[Matrix<'_, f64>], steps: usize| {
            let mut packed = Vec::new();
            for &b in directions {
                for _ in 0..steps {
                    let again = Again { place: 1, serial, start: 0 };
                    packed.push(shelf.find(again, b, 20, |to| to.pack(b)).is_some());
                }
            }
            packed
        };
        let both = [b, b.t()];
        assert_eq!(sequence(1, &both, 3), [false, true, true, false, true, true]);
        assert_eq!(sequence(2, &both, 3), [true; 6], "new numbers in known places");
        assert_eq!(sequence(2, &both, 1), [true; 2], "turned out by the other direction");
        assert_eq!(sequence(3, &both, 3), [false, true, true, false, true, true]);
    }

    #[test]
    fn what_comes_again_has_the_bits_of_what_came_first_and_what_was_written_is_packed_anew() {
        let (mut scratch, a) = (Scratch::default(), wave(20 * 7, 0.1));
        let a = Matrix::row_major(&a, 20, 7);
        for serial in 0..3 {
            let b = wave(7 * 11, serial as f64);
            let transposed = Matrix::row_major(&b, 11, 7).t();
            for _ in 0..3 {
                for b in [Matrix::row_major(&b, 7, 11), transposed] {
                    let again = Again { place: 1, serial, start: 0 };
                    let (mut ours, mut plain) = ([0.0; 220], [0.0; 220]);
                    gemm::f64_again(&mut scratch, a, (b, again), &mut ours, false);
                    gemm::f64(&mut Scratch::default(), a, b, &mut plain, false);
                    assert_eq!(ours, plain);
                }
            }
        }
        let forms = &scratch.again.forms;
        let packed = forms.iter().filter(|form| form.packed.is_some()).count();
        assert_eq!((forms.len(), packed), (2, 1), "each direction is known, and one is packed");
    }
}
