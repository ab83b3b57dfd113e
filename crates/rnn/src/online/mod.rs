//! Learning online: what the past was, carried forwards.
//!
//! The gradient through time has two factors where it crosses a moment: what a loss wants of the state there, s̄, and what
//! the parameters have done to it, `M = ∂s/∂θ`, the influence matrix `[B·n, P]`.
//!
//! ```text
//! sₜ = F(sₜ₋₁, xₜ, θ)        J = ∂F/∂s,  I = ∂F/∂θ
//! θ̄  = s̄ᵀ M                  backpropagation carries s̄ back, and keeps every step for it
//! M′ = J M + I               these methods carry M forwards, and keep none
//! ```
//!
//! An [`Online`] run records blocks of any length, sweeps within them, and crosses their edges by M:
//!
//! | block      | what it is                                                                                     |
//! |------------|------------------------------------------------------------------------------------------------|
//! | one step   | real-time recurrent learning                                                                   |
//! | k steps    | truncated BPTT without the bias: the window decides about memory and time, not about the gradient |
//! | T steps    | BPTT: M is never asked                                                                         |
//!
//! What becomes of M is the method's choice, an [`Influence`]:
//!
//! | method           | keeps               | memory  | sweeps for an edge | gradient              |
//! |------------------|---------------------|---------|--------------------|-----------------------|
//! | [`Rtrl`]         | M                   | 2 N P   | N                  | exact                 |
//! | [`Snap1`]        | the entries of I    | about P | N                  | biased, no variance   |
//! | [`Uoro`]         | one random product  | N + P   | N + 1              | unbiased, much variance |
//!
//! with `N = B·n` numbers in the state of all rows. Each sweep is of one block, and costs what its backward pass costs.
//! M belongs to the parameters it was carried with: exact for fixed ones, approximate where they are updated between
//! blocks, the better the smaller the updates.
//!
//! ```
//! use rnn::{Cell, Gru, Input, ParamStore, cells::gru::Form, init::Uniform, online::{Online, Rtrl}};
//! # use rand::SeedableRng;
//! # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut store = ParamStore::<f64>::new();
//! let cell = Gru::new(&mut store, "gru", (2, 4), Form::default(), &Uniform::recurrent(4), &mut rng)?;
//! let tape = tape::Tape::new();
//! let mut run = Online::new(&tape, &cell, Rtrl::default(), cell.zeros(&tape, 1));
//! for t in 0..20 {
//!     let x = tape.constant(ndarray::Array3::from_elem((1, 1, 2), f64::from(t).sin()));
//!     let block = run.advance(store.bind(&tape), Input::Dense(x));
//!     let gradients = run.backward(block.outputs.square().sum())?; // through all steps so far
//!     assert!(gradients.params().count() > 0 && tape.len() < 50);
//! }
//! # Ok::<(), rnn::Error>(())
//! ```

mod edge;
mod rtrl;
mod run;
mod snap;
mod uoro;

pub use edge::{Edge, Influence};
pub use rtrl::Rtrl;
pub use run::Online;
pub use snap::Snap1;
pub use uoro::Uoro;
