//! What is added to a loss so that gradients, or states, stay within bounds.
//!
//! | term | keeps | by |
//! |---|---|---|
//! | [`omega`] | adjoints from fading or growing at a step | R. Pascanu, T. Mikolov and Y. Bengio, 2013 |
//! | [`activation`] | states from growing large | S. Merity, B. McCann and R. Socher, 2017 |
//! | [`temporal_activation`] | states from jumping | the same |

mod activations;
mod omega;

pub use activations::{activation, temporal_activation};
pub use omega::{Form, omega};
