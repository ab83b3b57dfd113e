//! Forward mode: tangents travel with the values.
//!
//! A tape of [`Dual`] numbers runs every op on values and tangents at once. Swept backwards, it gives adjoints that carry
//! tangents themselves: exact products of the Hessian with a vector, at the price of a few gradients, through every
//! op and none of them written twice (Pearlmutter, 1994).
//!
//! | what              | formula    | how                       | costs about                    |
//! |-------------------|------------|---------------------------|--------------------------------|
//! | [`jvp`]           | `J v`      | one run on dual numbers   | 3 runs                         |
//! | [`hvp`]           | `H v`      | one sweep on dual numbers | 3 gradients                    |
//! | [`jacobian`]      | `J`        | by rows or by columns     | the shorter side of `J`        |
//! | [`hessian`]       | `H`        | one `hvp` for each column | as many `hvp`s as inputs       |

mod derivatives;
mod dual;

pub use derivatives::{hessian, hvp, jacobian, jvp};
pub use dual::Dual;
