//! What a truncation costs, before anything is trained with it.

use super::Unrolled;
use crate::{State, bptt::Window};
use tape::{Gradients, ParamId, Real};

/// A truncated gradient held against the full one, as one vector over some parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bias {
    /// The truncation.
    pub window: Window,
    /// `⟨g, ĝ⟩ / (‖g‖ ‖ĝ‖)`: 1 if it points the right way, below 0 if it makes things worse.
    pub cosine: f64,
    /// `‖ĝ − g‖ / ‖g‖`
    pub relative: f64,
}

impl<'t, T: Real, S: State<'t, T>> Unrolled<'t, T, S> {
    /// The bias of each window, for the parameters `of` together. NaN where a norm that is divided by is 0.
    ///
    /// The gradient of a readout is the same under every truncation, so leave it out: it would only dilute the figure.
    ///
    /// ```
    /// # use ndarray::Array3;
    /// # use rnn::{Cell, Elman, Input, ParamStore, bptt::Window, diagnose::Unrolled, init::Uniform};
    /// # use rand::SeedableRng;
    /// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// # let mut store = ParamStore::<f64>::new();
    /// # let cell = Elman::new(&mut store, "rnn", (2, 4), &Uniform::recurrent(4), &mut rng)?;
    /// # let tape = tape::Tape::new();
    /// # let xs = Input::Dense(tape.constant(Array3::from_elem((8, 1, 2), 0.3)));
    /// # let run = Unrolled::new(&cell, store.bind(&tape), &xs, cell.zeros(&tape, 1), |_, h| h.square().sum());
    /// for bias in run.bias(&[Window::new(1, 1)?, Window::new(1, 8)?], &[cell.w, cell.u]) {
    ///     println!("k2 = {}: cosine {:.4}, relative {:.1e}", bias.window.k2(), bias.cosine, bias.relative);
    /// }
    /// # Ok::<(), rnn::Error>(())
    /// ```
    pub fn bias(&self, windows: &[Window], of: &[ParamId]) -> Vec<Bias> {
        let full = vector(&self.gradients(), of);
        let against = |&window: &Window| {
            let cut = vector(&self.truncated(window), of);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let apart: Vec<f64> = cut.iter().zip(&full).map(|(a, b)| a - b).collect();
            let (length, square) = (dot(&cut, &cut).sqrt(), dot(&full, &full));
            Bias {
                window,
                cosine: dot(&full, &cut) / (length * square.sqrt()),
                relative: (dot(&apart, &apart) / square).sqrt(),
            }
        };
        windows.iter().map(against).collect()
    }
}

fn vector<T: Real>(gradients: &Gradients<T>, of: &[ParamId]) -> Vec<f64> {
    let arrays = of.iter().filter_map(|&id| gradients.param(id));
    arrays.flat_map(|array| array.iter().map(|x| x.primal())).collect()
}
