//! Activations by their names in ONNX.

use super::Op;
use crate::{Activation, weights::layouts::LayoutError};
use std::slice::Iter;
use tape::Real;

/// The activations of those names. Each that has an α takes the next one there is, else its usual value; so with β.
pub(super) fn read<T: Real>(
    op: Op,
    names: &[String],
    alphas: &[f32],
    betas: &[f32],
    count: usize,
) -> Result<Vec<Activation<T>>, LayoutError> {
    let refuse = |name: &str, value: String, rule: &str| Err(op.refuse(name, &value, rule));
    if names.len() != count {
        let rule = format!("the node has {count} of them");
        return refuse("activations", format!("{names:?}"), &rule);
    }
    let (mut alpha, mut beta) = (alphas.iter(), betas.iter());
    let mut found = Vec::new();
    for name in names {
        match of(name, &mut alpha, &mut beta) {
            Some(activation) => found.push(activation),
            None => return refuse("activations", format!("{name:?}"), "there is no such function"),
        }
    }
    let rule = "there are more than the activations take";
    match (alpha.len(), beta.len()) {
        (0, 0) => Ok(found),
        (0, _) => refuse("activation_beta", format!("{betas:?}"), rule),
        _ => refuse("activation_alpha", format!("{alphas:?}"), rule),
    }
}

fn of<T: Real>(
    name: &str,
    alphas: &mut Iter<'_, f32>,
    betas: &mut Iter<'_, f32>,
) -> Option<Activation<T>> {
    let mut alpha = |usual| alphas.next().map_or(usual, |&alpha| f64::from(alpha));
    let mut beta = |usual| betas.next().map_or(usual, |&beta| f64::from(beta));
    Some(match name.to_ascii_lowercase().as_str() {
        "relu" => Activation::Relu,
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        "softsign" => Activation::Softsign,
        "softplus" => Activation::Softplus,
        "affine" => Activation::Affine { alpha: alpha(1.0), beta: beta(0.0) },
        "scaledtanh" => Activation::ScaledTanh { alpha: alpha(1.0), beta: beta(1.0) },
        "hardsigmoid" => Activation::HardSigmoid { alpha: alpha(0.2), beta: beta(0.5) },
        "elu" => Activation::Elu { alpha: alpha(1.0) },
        "leakyrelu" => Activation::LeakyRelu { alpha: alpha(0.01) },
        "thresholdedrelu" => Activation::ThresholdedRelu { alpha: alpha(1.0) },
        _ => return None,
    })
}

/// The name, with α and β if the activation has them; none if it has no name.
pub(super) fn name<T: Real>(
    activation: &Activation<T>,
) -> Option<(&'static str, Option<f64>, Option<f64>)> {
    Some(match *activation {
        Activation::Identity => ("Affine", Some(1.0), Some(0.0)),
        Activation::Tanh => ("Tanh", None, None),
        Activation::Relu => ("Relu", None, None),
        Activation::Sigmoid => ("Sigmoid", None, None),
        Activation::Softsign => ("Softsign", None, None),
        Activation::Softplus => ("Softplus", None, None),
        Activation::Affine { alpha, beta } => ("Affine", Some(alpha), Some(beta)),
        Activation::ScaledTanh { alpha, beta } => ("ScaledTanh", Some(alpha), Some(beta)),
        Activation::HardSigmoid { alpha, beta } => ("HardSigmoid", Some(alpha), Some(beta)),
        Activation::Elu { alpha } => ("Elu", Some(alpha), None),
        Activation::LeakyRelu { alpha } => ("LeakyRelu", Some(alpha), None),
        Activation::ThresholdedRelu { alpha } => ("ThresholdedRelu", Some(alpha), None),
        Activation::Custom(_) => return None,
    })
}
