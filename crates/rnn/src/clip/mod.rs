//! A bound on how far one update may go.
//!
//! Across a cliff of the loss the gradient is huge and its length says nothing about how far to walk; its direction
//! still does. (Pascanu, Mikolov & Bengio, 2013)
//!
//! ```
//! use ndarray::arr1;
//! use rnn::{ParamStore, clip};
//! use tape::Tape;
//!
//! let mut store = ParamStore::<f64>::new();
//! let w = store.add("w", arr1(&[0.0, 0.0]).into_dyn())?;
//! let tape = Tape::new();
//! let loss = (store.bind(&tape).var(w) * tape.constant([30.0, 40.0])).sum();
//!
//! let mut gradients = tape.backward(loss);
//! let clipped = clip::global_norm(&mut gradients, 5.0)?;
//! assert_eq!((clipped.norm, clipped.clipped), (50.0, true));
//! assert_eq!(gradients[w], arr1(&[3.0, 4.0]).into_dyn());
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! What is clipped is the [`Gradients`](tape::Gradients) of the parameters: once per update, after all sweeps have been accumulated,
//! before the optimizer. Gradients of other leaves do not count and are not touched.
//!
//! What explodes on the way is clipped on the way: [`InTime`] bounds every `δₜ` inside the recurrence.

mod global;
mod in_time;
mod p_norm;

pub use global::{Clipped, global_norm, value};
pub use in_time::{Counts, InTime};
pub use p_norm::p_norm;
