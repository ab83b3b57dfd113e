//! `s₀`, learned: the state before the first step as a parameter.

use crate::{Bound, Cell, ParamStore, Result, State, States};
use ndarray::ArrayD;
use smallvec::SmallVec;
use tape::{ParamId, Real};

/// One row for each part of a state, the same for every row of a batch. (Without it, runs begin with zeros.)
///
/// ```
/// use rnn::{Cell, Elman, InitialState, ParamStore, init::Uniform};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut store = ParamStore::<f64>::new();
/// let cell = Elman::new(&mut store, "rnn", (2, 8), &Uniform::recurrent(8), &mut rng)?;
/// let initial = InitialState::new(&mut store, "rnn.start", &Cell::<f64>::widths(&cell))?;
/// let tape = tape::Tape::new();
/// let h = initial.of(&cell, store.bind(&tape), 3);
/// assert_eq!(h.shape()[..], [3, 8]);
/// assert_eq!(tape.backward(h.sum())[initial.parts[0]], ndarray::arr1(&[3.0; 8]).into_dyn());
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct InitialState {
    /// `[width]` for each part.
    pub parts: SmallVec<[ParamId; 2]>,
}

impl InitialState {
    /// New parameters `{name}.0`, `{name}.1`, … of zeros in `store`, as wide as `widths` says: those of
    /// [`Cell::widths`] or [`Layer::state_widths`](crate::layers::Layer::state_widths).
    ///
    /// # Errors
    /// A name that is taken.
    pub fn new<T: Real>(store: &mut ParamStore<T>, name: &str, widths: &[usize]) -> Result<Self> {
        let part =
            |(i, &width)| store.add(format!("{name}.{i}"), ArrayD::from_elem(vec![width], T::ZERO));
        Ok(Self { parts: widths.iter().enumerate().map(part).collect::<Result<_>>()? })
    }

    /// The parts for `batch` rows, `[B, width]` each: for a layer.
    #[track_caller]
    pub fn states<'t, T: Real>(&self, p: Bound<'t, '_, T>, batch: usize) -> States<'t, T> {
        let rows = |&id: &ParamId| {
            let row = p.var(id);
            row.broadcast_to([batch, row.shape()[0]])
        };
        self.parts.iter().map(rows).collect()
    }

    /// The state of `cell` for `batch` rows.
    ///
    /// # Panics
    /// When the cell's state has more parts.
    #[track_caller]
    pub fn of<'t, T: Real, C: Cell<T>>(
        &self,
        _cell: &C,
        p: Bound<'t, '_, T>,
        batch: usize,
    ) -> C::State<'t> {
        let mut parts = self.states(p, batch).into_iter();
        let count = self.parts.len();
        State::build(&mut || match parts.next() {
            Some(part) => part,
            None => panic!("an initial state of {count} parts for a cell that carries more"),
        })
    }
}
