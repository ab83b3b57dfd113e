//! The squashes and gates of a network.

pub mod celu;
pub mod dropout;
pub mod elu;
pub mod gelu;
pub mod gelu_tanh;
pub mod glu;
pub mod hard_sigmoid;
pub mod hard_swish;
pub mod hard_tanh;
pub mod identity;
pub mod leaky_relu;
pub mod log_sigmoid;
pub mod mish;
pub mod relu;
pub mod relu6;
pub mod selu;
pub mod sigmoid;
pub mod silu;
pub mod softplus;
pub mod softsign;
pub mod tanh;
pub mod tanhshrink;
