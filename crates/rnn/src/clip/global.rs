//! Once for an update: the whole gradient, shortened as one vector or cut entry by entry.

use crate::{Error, Result};
use ndarray::ArrayD;
use tape::{Gradients, Real};

/// What [`global_norm`] found.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "it tells how long the gradient was, and whether it was shortened"]
pub struct Clipped {
    /// `n`, the Euclidean norm of all parameters' gradients as one vector, before they were clipped.
    pub norm: f64,
    /// Whether `n ≥ θ`.
    pub clipped: bool,
}

/// Shortens the gradient to the threshold `θ` when it reaches it; its direction stays:
///
/// ```text
///   n = √(Σₚ ‖ḡₚ‖²)        if n ≥ θ:   ḡₚ ← (θ / n) ḡₚ   for every parameter p
/// ```
///
/// The norm neither overflows nor underflows on the way. An infinite `θ` measures without clipping. PyTorch's
/// `clip_grad_norm_` multiplies by `min(1, θ / (n + 10⁻⁶))` instead, and so falls short of `θ` by one part in `10⁶ n`.
///
/// # Errors
/// [`Error::NonFiniteGradient`] when a component is infinite or NaN, [`Error::GradientOverflow`] when all are finite
/// but `n` is more than an `f64` can hold, [`Error::Data`] unless `θ > 0`. The gradients are then as they were.
///
/// # Source
/// Pascanu, Mikolov & Bengio (2013), algorithm 1.
pub fn global_norm<T: Real>(gradients: &mut Gradients<T>, threshold: f64) -> Result<Clipped> {
    positive("clip::global_norm", "threshold", threshold)?;
    let norm = norm(gradients)?;
    Ok(shorten(gradients, norm, threshold))
}

/// Shortens gradients of a known norm to the threshold, if that is reached.
pub(super) fn shorten<T: Real>(gradients: &mut Gradients<T>, norm: f64, threshold: f64) -> Clipped {
    let clipped = norm >= threshold;
    if clipped {
        let ratio = T::of(threshold / norm);
        gradients.for_each_param_mut(|_, gradient| gradient.mapv_inplace(|x| ratio * x));
    }
    Clipped { norm, clipped }
}

/// Cuts every component down to the bound `c`, whichever it is: `ḡ ← max(−c, min(ḡ, c))`. This bends the direction.
/// Returns how many components it changed.
///
/// # Errors
/// [`Error::NonFiniteGradient`] when a component is NaN (an infinite one is cut like any other), [`Error::Data`]
/// unless `c > 0`. The gradients are then as they were.
pub fn value<T: Real>(gradients: &mut Gradients<T>, bound: f64) -> Result<usize> {
    positive("clip::value", "bound", bound)?;
    reject(gradients, |x| x.primal().is_nan())?;
    let (above, below) = (T::of(bound), -T::of(bound));
    let mut changed = 0;
    gradients.for_each_param_mut(|_, gradient| {
        for x in gradient {
            if *x > above || *x < below {
                *x = if *x > above { above } else { below };
                changed += 1;
            }
        }
    });
    Ok(changed)
}

/// `√(Σₚ ‖ḡₚ‖²)`
fn norm<T: Real>(gradients: &Gradients<T>) -> Result<f64> {
    // Squares between these bounds have lost nothing: what overflowed would be above, and what underflowed
    // is too small, by far, to be seen in the sum.
    const SAFE: std::ops::Range<f64> = 1e-250..1e250;
    let square = sum_of_squares(gradients, 1.0);
    if SAFE.contains(&square) {
        return Ok(square.sqrt());
    }
    reject(gradients, |x| !x.is_finite())?;
    let of_one = |array: &ArrayD<T>| array.fold(0.0, |max: f64, x| max.max(x.primal().abs()));
    let longest = gradients.params().map(|(id, array)| (id, of_one(array)));
    let Some((id, max)) = longest.max_by(|(_, a), (_, b)| a.total_cmp(b)) else { return Ok(0.0) };
    if max == 0.0 {
        return Ok(0.0);
    }
    // A power of two scales without rounding. Its exponent keeps clear of what 1/scale cannot hold.
    let scale = 2.0_f64.powi(max.log2().clamp(-1000.0, 1000.0) as i32);
    let norm = scale * sum_of_squares(gradients, 1.0 / scale).sqrt();
    if norm.is_finite() { Ok(norm) } else { Err(Error::GradientOverflow { longest: id, max }) }
}

/// `Σ (s ḡᵢ)²`, in as many partial sums as SIMD can add at once.
fn sum_of_squares<T: Real>(gradients: &Gradients<T>, scale: f64) -> f64 {
    const LANES: usize = 16;
    let square = |x: T| (scale * x.primal()).powi(2);
    let of_one = |array: &ArrayD<T>| match array.as_slice_memory_order() {
        None => array.iter().map(|&x| square(x)).sum::<f64>(),
        Some(elements) => T::vectorize(
            #[inline(always)]
            || {
                let (whole, rest) = elements.as_chunks::<LANES>();
                let mut sums = [0.0; LANES];
                for chunk in whole {
                    for (sum, &x) in sums.iter_mut().zip(chunk) {
                        *sum += square(x);
                    }
                }
                sums.iter().sum::<f64>() + rest.iter().map(|&x| square(x)).sum::<f64>()
            },
        ),
    };
    gradients.params().map(|(_, array)| of_one(array)).sum()
}

pub(super) fn reject<T: Real>(gradients: &Gradients<T>, bad: impl Fn(T) -> bool) -> Result<()> {
    for (id, array) in gradients.params() {
        if let Some((at, value)) = array.indexed_iter().find(|&(_, &x)| bad(x)) {
            use ndarray::Dimension;
            let at = at.slice().to_vec();
            return Err(Error::NonFiniteGradient { id, at, value: value.primal() });
        }
    }
    Ok(())
}

pub(super) fn positive(function: &str, what: &str, value: f64) -> Result<()> {
    if value > 0.0 {
        return Ok(());
    }
    Err(Error::Data {
        what: format!("{function} with a {what} of {value}"),
        rule: format!("a {what} is more than 0"),
        remedy: "pass a positive one, or infinity not to clip at all",
    })
}
