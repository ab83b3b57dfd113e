//! What a cell is made of, in words that every framework has.

use super::{LayoutError, only_cell};
use crate::Activation;
use std::fmt;
use tape::{ParamId, Real};

/// A model that other frameworks may know too: it says what it is made of, and the layouts say whether they have a
/// place for that.
pub trait Portable<T: Real> {
    /// The layers, the one that reads the inputs first.
    fn layers(&self) -> Vec<Directions<T>>;
}

impl<T: Real, M: Portable<T> + ?Sized> Portable<T> for &M {
    fn layers(&self) -> Vec<Directions<T>> {
        (**self).layers()
    }
}

/// Cells one above the other: the layers of the first, then of the next.
impl<T: Real, M: Portable<T>> Portable<T> for [M] {
    fn layers(&self) -> Vec<Directions<T>> {
        self.iter().flat_map(M::layers).collect()
    }
}

/// A layer is itself one.
impl<T: Real> Portable<T> for Directions<T> {
    fn layers(&self) -> Vec<Directions<T>> {
        vec![self.clone()]
    }
}

/// One layer: a cell, or one for each direction.
#[derive(Debug, Clone)]
pub struct Directions<T: Real> {
    /// The cell that begins at the first step.
    pub forward: Anatomy<T>,
    /// The cell that begins at the last, if there is one.
    pub reverse: Option<Anatomy<T>>,
}

impl<T: Real> Directions<T> {
    /// A layer that reads both ways, each with a cell of its own.
    ///
    /// ```
    /// use rnn::{Elman, ParamStore, init::Uniform, weights::{Archive, Directions, torch}};
    /// # use rand::SeedableRng;
    /// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    ///
    /// let mut store = ParamStore::<f32>::new();
    /// let ahead = Elman::new(&mut store, "ahead", (2, 3), &Uniform::recurrent(3), &mut rng)?;
    /// let back = Elman::new(&mut store, "back", (2, 3), &Uniform::recurrent(3), &mut rng)?;
    /// let mut archive = Archive::new();
    /// torch::export(&Directions::both(&ahead, &back)?, &store, "rnn.", &mut archive)?;
    /// assert!(archive.get("rnn.weight_ih_l0_reverse").is_some());
    /// # Ok::<(), rnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::Layers`] when one of them is more than a cell.
    pub fn both(
        forward: &(impl Portable<T> + ?Sized),
        reverse: &(impl Portable<T> + ?Sized),
    ) -> Result<Self, LayoutError> {
        let [forward, reverse] = [only_cell(forward)?, only_cell(reverse)?];
        Ok(Self { forward, reverse: Some(reverse) })
    }

    /// One or two: forward first.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Anatomy<T>> {
        [&self.forward].into_iter().chain(&self.reverse)
    }
}

/// What one cell is made of.
#[derive(Debug, Clone)]
pub struct Anatomy<T: Real> {
    /// Its equation.
    pub kind: Kind,
    /// The squashes, in the order of ONNX: of an Elman cell `f`, of a GRU those of the gates and the candidate, of an LSTM
    /// those of the gates, the candidate and the way out.
    pub activations: Vec<Activation<T>>,
    /// Input weights `[X, G·H]`, for G gates.
    pub w: ParamId,
    /// Recurrent weights `[R, G·H]`, where R is the width of what is read back.
    pub u: ParamId,
    /// Bias `[G·H]`.
    pub b: Option<ParamId>,
    /// The bias of a GRU's candidate that the reset gate scales, `[H]`.
    pub b_n: Option<ParamId>,
    /// Peepholes of an LSTM `[3H]`: input, forget, output gate; coupled `[2H]`, without the forget gate.
    pub peepholes: Option<ParamId>,
    /// Projection of an LSTM's output `[H, R]`.
    pub projection: Option<ParamId>,
    /// What no other framework's cell has, each in a few words.
    pub only_here: Vec<&'static str>,
}

impl<T: Real> Anatomy<T> {
    /// A cell with weights, perhaps a bias, and nothing else.
    pub fn new(
        kind: Kind,
        activations: &[Activation<T>],
        (w, u, b): (ParamId, ParamId, Option<ParamId>),
    ) -> Self {
        let (activations, only_here) = (activations.to_vec(), Vec::new());
        let (b_n, peepholes, projection) = (None, None, None);
        Self { kind, activations, w, u, b, b_n, peepholes, projection, only_here }
    }

    /// The layer that has this cell only.
    pub fn into_layer(self) -> Directions<T> {
        Directions { forward: self, reverse: None }
    }
}

/// The equation of a cell, as far as layouts differ in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `h′ = f(x W + h U + b)`.
    Elman,
    /// Gates i, f, g, o; coupled i, g, o.
    Lstm {
        /// Is the forget gate one less the input gate?
        coupled: bool,
    },
    /// Gates r, z, n.
    Gru {
        /// Does the reset gate scale `h U + b_n`, or `h` itself?
        reset_after: bool,
        /// Does `z = 1` take the new state, where other frameworks keep the old?
        replaces: bool,
    },
    /// A cell that other frameworks do not have.
    Other(&'static str),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elman => "an Elman cell",
            Self::Lstm { coupled: false } => "an LSTM",
            Self::Lstm { coupled: true } => "an LSTM with coupled gates",
            Self::Gru { reset_after: false, .. } => "a GRU that resets before the product",
            Self::Gru { reset_after: true, .. } => "a GRU that resets after the product",
            Self::Other(name) => name,
        })
    }
}
