//! Sums, products and powers.

#[macro_use]
mod operator;

pub mod add;
pub mod div;
pub mod exp;
pub mod ln;
pub mod mul;
pub mod neg;
pub mod scalar;
pub mod sqrt;
pub mod square;
pub mod sub;
