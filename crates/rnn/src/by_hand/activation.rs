//! The function that bends, and its slope told from its value.

use ndarray::NdFloat;

/// f, applied to every entry. The slope f′(a) of each can be told from h = f(a), so that a
/// forward pass need not keep a.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// a; f′ = 1.
    Identity,
    /// tanh a; f′ = 1 − h².
    Tanh,
    /// max(a, 0); f′ = 1 where a > 0 and 0 elsewhere, also at the kink a = 0.
    Relu,
    /// 1/(1 + e⁻ᵃ); f′ = h(1 − h).
    Sigmoid,
}

impl Activation {
    /// f(a)
    pub fn value<F: NdFloat>(self, a: F) -> F {
        match self {
            Self::Identity => a,
            Self::Tanh => a.tanh(),
            Self::Relu if a <= F::zero() => F::zero(),
            Self::Relu => a, // NaN stays NaN
            Self::Sigmoid => F::one() / (F::one() + (-a).exp()),
        }
    }

    /// f′(a), from h = f(a).
    pub fn slope<F: NdFloat>(self, h: F) -> F {
        match self {
            Self::Identity => F::one(),
            Self::Tanh => F::one() - h * h,
            Self::Relu if h <= F::zero() => F::zero(),
            Self::Relu => F::one(),
            Self::Sigmoid => h * (F::one() - h),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kink_of_relu_is_flat() {
        assert_eq!(Activation::Relu.slope(Activation::Relu.value(0.0)), 0.0);
        assert_eq!(Activation::Relu.slope(Activation::Relu.value(-0.0)), 0.0);
        assert_eq!(Activation::Relu.slope(Activation::Relu.value(f64::MIN_POSITIVE)), 1.0);
    }

    #[test]
    fn not_a_number_passes_through_relu() {
        assert!(Activation::Relu.value(f64::NAN).is_nan());
    }

    #[test]
    fn a_sigmoid_far_out_is_flat_and_finite() {
        for (a, h) in [(-1e4, 0.0), (1e4, 1.0)] {
            assert_eq!(Activation::Sigmoid.value(a), h);
            assert_eq!(Activation::Sigmoid.slope(h), 0.0);
        }
    }
}
