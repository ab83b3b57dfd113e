//! Training by chance: dropout, zoneout, DropConnect; and terms that are added to a loss.
//!
//! Whatever is dropped is dropped in [training](crate::Bound::training) only, and by masks that are functions of the seed, a key and the
//! step. The key is a number of the user's choice: give each use in a model its own, or two of them fall together.
//!
//! | what is dropped                     | a mask for             | here                                  |
//! |-------------------------------------|------------------------|---------------------------------------|
//! | what a layer reads                  | each step, or sequence | [`Dropout`], between layers           |
//! | what a cell reads, of itself too    | each step, or sequence | [`Dropped`]                           |
//! | steps, unit by unit                 | each step              | [`Zoneout`]                           |
//! | weights                             | each sequence          | [`DropConnect`]                       |
//!
//! Nothing is left to chance by the terms:
//!
//! | term                    | keeps                                 | by                                           |
//! |-------------------------|---------------------------------------|----------------------------------------------|
//! | [`omega`]               | adjoints from fading or growing       | R. Pascanu, T. Mikolov and Y. Bengio, 2013   |
//! | [`activation`]          | states from growing large             | S. Merity, B. McCann and R. Socher, 2017     |
//! | [`temporal_activation`] | states from jumping                   | the same                                     |
//!
//! ```
//! use rnn::regularize::{DropConnect, Dropout, Dropped, Mask, Zoneout};
//! use rnn::{Cell, Elman, Input, ParamStore, init::Uniform};
//! use rand::SeedableRng;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut store = ParamStore::<f64>::new();
//! let cell = Elman::new(&mut store, "rnn", (2, 8), &Uniform::recurrent(8), &mut rng)?;
//! let weights = [cell.u].into_iter().collect();
//! let cell = DropConnect { cell, weights, rate: 0.5, key: 1 };
//! let cell = Zoneout { cell, h: 0.1, c: 0.0, key: 2 };
//! let input = Some(Dropout { rate: 0.3, key: 3, mask: Mask::Locked });
//! let cell = Dropped { cell, input, state: None };
//!
//! let tape = tape::Tape::new();
//! let x = Input::Dense(tape.constant(ndarray::Array3::from_elem((5, 3, 2), 0.1)));
//! let run = |p| {
//!     let mut outputs = Vec::new();
//!     cell.run(p, &(&x).into(), cell.zeros(&tape, 3), &mut outputs).value()
//! };
//! let p = store.bind(&tape);
//! assert_eq!(run(p.training(7)), run(p.training(7)));
//! assert_ne!(run(p.training(7)), run(p.training(8)));
//! assert_ne!(run(p.training(7)), run(p));
//! # Ok::<(), rnn::Error>(())
//! ```

mod activations;
mod dropconnect;
mod dropout;
mod dropped;
mod omega;
mod zoneout;

pub use activations::{activation, temporal_activation};
pub use dropconnect::DropConnect;
pub use dropout::{Dropout, Mask};
pub use dropped::Dropped;
pub use omega::{OmegaForm, omega};
pub use zoneout::Zoneout;

/// The seed of a stream of masks of its own for each key, and each of the parts that share one.
fn stream(seed: u64, key: u64, part: usize) -> u64 {
    // Odd factors are one-to-one; the turns keep the three apart.
    let key = key.wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(32);
    let part = (part as u64).wrapping_mul(0xA076_1D64_78BD_642F).rotate_left(17);
    seed.wrapping_mul(0xE703_7ED1_A0B4_28DB) ^ key ^ part
}
