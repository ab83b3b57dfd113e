//! The gradient measured in another norm: 1, the greatest component, or anything between.

use super::{
    Clipped,
    global::{positive, reject, shorten},
    global_norm,
};
use crate::{Error, Result};
use tape::{Gradients, Real};

/// [`global_norm`] with the `p`-norm in place of the Euclidean one; for `p = ∞` the greatest component:
///
/// ```text
///   n = (Σᵢ |ḡᵢ|ᵖ)^(1/p)        if n ≥ θ:   ḡ ← (θ / n) ḡ
/// ```
///
/// Components are divided by the greatest of them before they are raised to a power, so that nothing overflows on the
/// way. The direction stays, as it does in any norm; only what counts as long differs.
///
/// ```
/// use rnn::clip;
/// # use rnn::ParamStore;
/// # let mut store = ParamStore::<f64>::new();
/// # let w = store.add("w", ndarray::arr1(&[0.0, 0.0]).into_dyn())?;
/// # let tape = tape::Tape::new();
/// # let mut gradients = tape.backward((store.bind(&tape).var(w) * tape.constant([30.0, -40.0])).sum());
/// assert_eq!(clip::p_norm(&mut gradients, 1.0, 7.0)?.norm, 70.0);
/// assert_eq!(gradients[w], ndarray::arr1(&[3.0, -4.0]).into_dyn());
/// assert_eq!(clip::p_norm(&mut gradients, f64::INFINITY, 1.0)?.norm, 4.0);
/// # Ok::<(), rnn::Error>(())
/// ```
///
/// # Errors
/// Those of [`global_norm`]; [`Error::Data`] unless `p ≥ 1`, below which it is no norm.
pub fn p_norm<T: Real>(gradients: &mut Gradients<T>, p: f64, threshold: f64) -> Result<Clipped> {
    if p == 2.0 {
        return global_norm(gradients, threshold);
    }
    if p.is_nan() || p < 1.0 {
        return Err(Error::Data {
            what: format!("clip::p_norm with a p of {p}"),
            rule: "below 1 the triangle inequality fails, and it is no norm".into(),
            remedy: "pass 1 or more; infinity for the greatest component",
        });
    }
    positive("clip::p_norm", "threshold", threshold)?;
    reject(gradients, |x| !x.is_finite())?;
    let sizes = || gradients.params().flat_map(|(_, array)| array.iter().map(|x| x.primal().abs()));
    let greatest = sizes().fold(0.0, f64::max);
    let norm = if p.is_infinite() || greatest == 0.0 {
        greatest
    } else {
        greatest * sizes().map(|x| (x / greatest).powf(p)).sum::<f64>().powf(p.recip())
    };
    if norm.is_infinite() {
        let longest =
            gradients.params().find(|(_, g)| g.iter().any(|x| x.primal().abs() == greatest));
        return match longest {
            Some((longest, _)) => Err(Error::GradientOverflow { longest, max: greatest }),
            None => Ok(Clipped { norm, clipped: false }),
        };
    }
    Ok(shorten(gradients, norm, threshold))
}
