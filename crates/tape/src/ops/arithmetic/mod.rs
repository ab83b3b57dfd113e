//! Sums, products and powers.

#[macro_use]
mod operator;

pub mod abs;
pub mod add;
pub mod clamp;
pub mod div;
pub mod exp;
pub mod exp2;
pub mod expm1;
pub mod ln;
pub mod log1p;
pub mod logaddexp;
pub mod maximum;
pub mod minimum;
pub mod mul;
pub mod neg;
pub mod pow;
pub mod powf;
pub mod reciprocal;
pub mod rsqrt;
pub mod scalar;
pub mod sign;
pub mod sqrt;
pub mod square;
pub mod sub;
