//! From a gradient to a better model.
//!
//! ```
//! use ndarray::arr1;
//! use rnn::{ParamStore, optim::{Adam, Optimizer}};
//! use tape::Tape;
//!
//! let mut store = ParamStore::<f64>::new();
//! let w = store.add("w", arr1(&[3.0, -2.0]).into_dyn())?;
//! let (mut adam, mut tape) = (Adam::new(0.1), Tape::new());
//! for _ in 0..300 {
//!     tape.clear();
//!     let gradients = tape.backward(store.bind(&tape).var(w).square().sum());
//!     adam.step(&mut store, &gradients)?;
//! }
//! assert!(store.get(w).iter().all(|x| x.abs() < 1e-3));
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! An optimizer writes a parameter in place when no tape reads it any more, and on a copy when one does; so a loop
//! that [clears](tape::Tape::clear) its tape after the sweep, not before the next one, spares the copies.
//!
//! | rule     | update                                        | source                         |
//! |----------|-----------------------------------------------|--------------------------------|
//! | [`Sgd`]  | `θ −= η ḡ`, with momentum or Nesterov's       | Polyak, 1964; Nesterov, 1983   |
//! | [`Adam`] | `θ −= η m̂ / (√v̂ + ε)`                         | Kingma & Ba, 2015              |

mod adam;
mod sgd;
mod state;

pub use adam::Adam;
pub use sgd::Sgd;

use crate::{Error, ParamStore, Result, weights::Archive};
use tape::{Gradients, Real};

/// A rule that turns gradients into updates.
pub trait Optimizer<T: Real> {
    /// Updates every parameter that the gradients reach. One that was not bound to the tape, or had no path to
    /// what was swept, stays as it is, and so do its moments.
    ///
    /// # Errors
    /// [`Error::StaleGradient`] when a parameter was written after the forward pass that its gradient belongs to,
    /// unless the optimizer allows it; [`Error::WeightShape`] when it has even changed its shape; [`Error::Data`] when
    /// the learning rate is not a number. Nothing is updated then.
    ///
    /// # Panics
    /// When the gradients are of another store's parameters.
    fn step(&mut self, store: &mut ParamStore<T>, gradients: &Gradients<T>) -> Result<()>;

    /// `η`
    fn learning_rate(&self) -> f64;

    /// Sets `η`, for schedules.
    fn set_learning_rate(&mut self, learning_rate: f64);

    /// Adds what the next step depends on to the archive, under the prefix: settings as notes, moments as arrays.
    ///
    /// # Errors
    /// Those of [`Archive::insert`].
    fn put_state(
        &self,
        prefix: &str,
        store: &ParamStore<T>,
        archive: &mut Archive<T>,
    ) -> Result<()>;

    /// Takes it back from the archive, in place of the optimizer's own settings and moments. Every step from there
    /// on is, bit for bit, the step that would have followed when the archive was made.
    ///
    /// # Errors
    /// [`Error::Data`] when the archive has no state of such an optimizer under the prefix, or not all of it;
    /// [`Error::WeightNames`] and [`Error::WeightShape`] when the moments are not of this store's parameters.
    /// The optimizer is then as it was.
    fn restore_state(
        &mut self,
        prefix: &str,
        store: &ParamStore<T>,
        archive: &Archive<T>,
    ) -> Result<()>;
}

/// May these gradients be applied to this store?
fn check<T: Real>(
    store: &ParamStore<T>,
    gradients: &Gradients<T>,
    learning_rate: f64,
    allow_stale: bool,
) -> Result<()> {
    if !learning_rate.is_finite() {
        return Err(Error::Data {
            what: format!("a step with a learning rate of {learning_rate}"),
            rule: "a learning rate is a finite number".into(),
            remedy: "check the schedule that made it",
        });
    }
    // A leaf that an earlier pass has left on the tape, and this one did not use, changes nothing.
    for (id, gradient) in gradients.params().filter(|(id, _)| !gradients.is_unused(*id)) {
        let (made, now) = (gradients.version(id).unwrap_or(0), store.version(id));
        if made != now && !allow_stale {
            return Err(Error::StaleGradient {
                name: store.name(id).into(),
                gradient: made,
                parameter: now,
            });
        }
        crate::weights::fits(store, id, gradient)?;
    }
    Ok(())
}
