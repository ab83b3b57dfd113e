//! Where the gradient goes: how it fades, blows up, or stops on its way back through time.
//!
//! ```text
//! dL/dsₜ = ∂⁺L/∂sₜ + dL/dsₜ₊₁ Jₜ₊₁        Jₜ = ∂sₜ/∂sₜ₋₁
//! dLₜ/dsₛ = ∂⁺Lₜ/∂sₜ Jₜ Jₜ₋₁ … Jₛ₊₁
//! ```
//!
//! Everything that is said about vanishing and exploding gradients is said about the second line. Here it is measured, for
//! any [`Cell`](crate::Cell), from one recording of the sequence, [`Unrolled`]:
//!
//! | question                                                | answer                    |
//! |---------------------------------------------------------|---------------------------|
//! | how much of each loss arrives at each earlier step?     | [`Unrolled::flow`]        |
//! | what does a state do to its own loss, and to later ones? | [`Unrolled::parts`]       |
//! | what would a truncation cost?                           | [`Unrolled::bias`]        |
//! | how far does a step stretch an adjoint? and many?       | [`jacobians`], [`products`] |
//! | are the gates stuck?                                    | [`saturation`]            |
//!
//! The state is taken as a whole: of an LSTM, `sₜ = (hₜ, cₜ)`, two independent parts. (The adjoint that a tape keeps for `cₜ`
//! has the way through `hₜ` in it as well; here it has not.)

mod bias;
mod flow;
mod jacobian;
mod parts;
mod saturation;
mod unrolled;

pub use bias::Bias;
pub use flow::Flow;
pub use jacobian::{Product, jacobians, products};
pub use parts::Parts;
pub use saturation::{Saturation, customary, saturation};
pub use unrolled::Unrolled;
