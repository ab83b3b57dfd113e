//! The squashes and gates.

use crate::witnesses::witness::{Witness, at, one, rule};

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    let halves = || at(-2.0, 2.0, &[&[&[4]], &[&[3, 2]], &[&[2, 3, 4]]]);
    vec![
        w("activation/celu", rule!(|_, x| x[0].celu(T::of(0.7))), one(-3.0, 3.0)),
        w("activation/dropout", rule!(|_, x| x[0].dropout(0.4, 7, 3)), one(-2.0, 2.0)),
        w("activation/dropout", rule!(|_, x| x[0].dropout(0.0, 7, 3)), one(-2.0, 2.0)),
        w("activation/elu", rule!(|_, x| x[0].elu(T::of(1.3))), one(-3.0, 3.0)),
        w("activation/gelu", rule!(|_, x| x[0].gelu()), one(-4.0, 4.0)),
        w("activation/gelu_tanh", rule!(|_, x| x[0].gelu_tanh()), one(-4.0, 4.0)),
        w("activation/glu", rule!(|_, x| x[0].glu()), halves()),
        w("activation/glu", rule!(|_, x| x[0].glu_axis(0)), at(-2.0, 2.0, &[&[&[4]], &[&[2, 3]]])),
        w("activation/hard_sigmoid", rule!(|_, x| x[0].hard_sigmoid()), one(-5.0, 5.0)),
        w("activation/hard_swish", rule!(|_, x| x[0].hard_swish()), one(-5.0, 5.0)),
        w("activation/hard_tanh", rule!(|_, x| x[0].hard_tanh()), one(-2.0, 2.0)),
        w("activation/identity", rule!(|_, x| x[0].identity()), one(-2.0, 2.0)),
        w("activation/leaky_relu", rule!(|_, x| x[0].leaky_relu(T::of(0.2))), one(-2.0, 2.0)),
        w("activation/log_sigmoid", rule!(|_, x| x[0].log_sigmoid()), one(-6.0, 6.0)),
        w("activation/mish", rule!(|_, x| x[0].mish()), one(-5.0, 5.0)),
        w("activation/relu", rule!(|_, x| x[0].relu()), one(-2.0, 2.0)),
        w("activation/relu6", rule!(|_, x| x[0].relu6()), one(-2.0, 9.0)),
        w("activation/selu", rule!(|_, x| x[0].selu()), one(-3.0, 3.0)),
        w("activation/sigmoid", rule!(|_, x| x[0].sigmoid()), one(-5.0, 5.0)),
        w("activation/silu", rule!(|_, x| x[0].silu()), one(-5.0, 5.0)),
        w("activation/softplus", rule!(|_, x| x[0].softplus()), one(-5.0, 5.0)),
        w(
            "activation/softplus",
            rule!(|_, x| x[0].softplus_with(T::of(3.0), T::of(5.0))),
            one(-3.0, 3.0),
        ),
        w("activation/softsign", rule!(|_, x| x[0].softsign()), one(-3.0, 3.0)),
        w("activation/tanh", rule!(|_, x| x[0].tanh()), one(-3.0, 3.0)),
        w("activation/tanhshrink", rule!(|_, x| x[0].tanhshrink()), one(-3.0, 3.0)),
    ]
}
