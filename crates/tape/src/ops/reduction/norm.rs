//! `y = (Σ |x|ᵖ)^(1/p)`, the p-norm over all axes or some.
//!
//! ```text
//! x̄ₖ += ȳ sign(xₖ) (|xₖ| / y)^(p−1),    0 where y = 0 or xₖ = 0
//! ```
//!
//! | p | y | x̄ₖ |
//! |---|---|---|
//! | 1 | `Σ \|x\|` | `ȳ sign(xₖ)` |
//! | 2 | `√Σ x²` | `ȳ xₖ / y` |
//! | ±∞ | `max \|x\|`, `min \|x\|` | `ȳ sign(xₖ)`, shared equally among those that attain it |
//! | 0 | `#{k : xₖ ≠ 0}` | 0 |
//!
//! Elements are first divided by a power of two near the largest (of `p < 0`: the smallest), which changes no
//! digit: a 2-norm of 10²⁰⁰ does not overflow, nor one of 10⁻²⁰⁰ vanish. The norm of nothing is 0; for `p < 0` and
//! `p = ∞` there is none. At the kinks the subgradient 0 is chosen, as in PyTorch, where JAX has NaN.

use super::extremum::{Extremum, share};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Over, Real, Shape, Var};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Norm {
    /// The exponent, any number or ±∞.
    pub p: f64,
    /// The axes.
    pub over: Over,
}

/// The greatest power of two that is not above `x`, for an `x` that has one; 1 for 0, ∞ and NaN.
fn scale(x: f64) -> f64 {
    match f64::from_bits(x.to_bits() & 0x7ff0_0000_0000_0000) {
        power if x > 0.0 && x.is_finite() => power.max(f64::MIN_POSITIVE),
        _ => 1.0,
    }
}

impl Norm {
    fn end(&self) -> Extremum {
        if self.p > 0.0 { Extremum::Greatest } else { Extremum::Least }
    }
    /// `|x|ᵖ`; 0 adds nothing, and has no derivative that could be infinite.
    fn power<T: Real>(&self, x: T) -> T {
        match self.p {
            2.0 => x * x,
            1.0 => x.abs(),
            p if x.primal() != 0.0 || p < 0.0 => x.abs().powf(T::of(p)),
            _ => T::ZERO,
        }
    }
    fn root<T: Real>(&self, sum: T) -> T {
        match self.p {
            2.0 => sum.sqrt(),
            1.0 => sum,
            p => sum.powf(T::of(1.0 / p)),
        }
    }
}

impl<T: Real> Op<T> for Norm {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        if self.p.is_nan() {
            return Err(Misfit::new("the exponent is NaN", "take a norm of order 1, 2, …, or ∞"));
        }
        if self.p < 0.0 || self.p.is_infinite() {
            return self.over.shape_of_some(shape, "nothing has no norm of this order");
        }
        self.over.shape(shape)
    }
    /// The largest element, then by how many it is attained.
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        2 * self.over.results(x.shape(0))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let (x, shape) = (x.value(0), x.shape(0));
        y.fill(T::ZERO);
        if self.p == 0.0 {
            let one = |x: T| if x.primal() == 0.0 { T::ZERO } else { T::ONE };
            return self.over.for_each(shape, |k, j| y[j] += one(x[k]));
        }
        let (largest, ties) = saved.split_at_mut(y.len());
        self.end().find(&self.over, shape, |k| x[k].abs(), largest, ties);
        if self.p.is_infinite() {
            return y.copy_from_slice(largest);
        }
        for largest in &mut *largest {
            *largest = T::of(scale(largest.primal()));
        }
        let scales = &*largest;
        self.over.for_each(shape, |k, j| y[j] += self.power(x[k] / scales[j]));
        for (y, &scale) in y.iter_mut().zip(scales) {
            *y = if y.primal() == 0.0 { T::ZERO } else { self.root(*y) * scale };
        }
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (x, shape, dx) = (x.value(0), x.shape(0), dx.sum());
        if self.p == 0.0 {
            return;
        }
        if self.p.is_infinite() {
            let found = (&y[..], &y.saved()[y.len()..]);
            return share(
                &self.over,
                shape,
                |k| x[k].abs(),
                found,
                dy,
                |k, term| {
                    dx[k] += term * x[k].sign();
                },
            );
        }
        self.over.for_each(shape, |k, j| {
            let (x, y) = (x[k], y[j]);
            if y.primal() == 0.0 {
                return;
            }
            dx[k] += match self.p {
                2.0 => dy[j] * (x / y),
                1.0 => dy[j] * x.sign(),
                _ if x.primal() == 0.0 => return,
                p => dy[j] * x.sign() * (x.abs() / y).powf(T::of(p - 1.0)),
            };
        });
    }
}

impl<T: Real> Var<'_, T> {
    /// The `p`-norm `(Σ |x|ᵖ)^(1/p)` over an axis, several, or [`Over::all`].
    ///
    /// # Panics
    /// When `p` is NaN; when there is nothing and `p` is negative or ∞.
    #[track_caller]
    pub fn norm(self, p: f64, over: impl Into<Over>) -> Self {
        self.apply(Norm { p, over: over.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::{arr1, arr2};

    const INF: f64 = f64::INFINITY;

    #[test]
    fn backward_matches_central_differences() {
        for p in [1.0, 2.0, 3.0, 1.5, 0.5, -1.0, -2.5, 0.0, INF, -INF] {
            for (shape, axes) in [(&[4][..], &[0][..]), (&[2, 3, 2], &[0, 2]), (&[3, 1], &[1])] {
                crate::gradcheck::op(Norm { p, over: Over::from(axes) }, &[wave(shape)]).assert();
            }
        }
    }

    /// The norm of `x` and its gradient.
    fn at(p: f64, x: &[f64]) -> (f64, Vec<f64>) {
        let tape = Tape::new();
        let x = tape.leaf(x);
        let y = x.norm(p, Over::all());
        (y.item(), tape.backward(y)[x].iter().copied().collect())
    }

    #[test]
    fn a_vector_has_many_norms() {
        let x = [3.0, -4.0, 0.0, 4.0];
        assert_eq!(at(0.0, &x), (3.0, vec![0.0; 4]));
        assert_eq!(at(1.0, &x), (11.0, vec![1.0, -1.0, 0.0, 1.0]));
        assert_eq!(at(2.0, &[3.0, -4.0]), (5.0, vec![0.6, -0.8]));
        assert_eq!(at(INF, &x), (4.0, vec![0.0, -0.5, 0.0, 0.5]));
        assert_eq!(at(-INF, &x).0, 0.0);
        assert_eq!(at(-1.0, &[1.0, -1.0]).0, 0.5);
        let (y, dx) = at(3.0, &x);
        assert!((y.powi(3) - (27.0 + 128.0)).abs() < 1e-12);
        assert!((dx[1] + 16.0 / (y * y)).abs() < 1e-14 && dx[2] == 0.0);
    }

    #[test]
    fn the_slope_at_zero_is_zero() {
        for p in [0.0, 0.5, 1.0, 2.0, 3.0, INF, -INF] {
            assert_eq!(at(p, &[0.0, 0.0]), (0.0, vec![0.0, 0.0]), "p = {p}");
        }
    }

    #[test]
    fn neither_huge_nor_tiny_elements_are_lost() {
        for unit in [1e200, 1e-200, 1e300, 1e-310] {
            let (y, dx) = at(2.0, &[3.0 * unit, -4.0 * unit]);
            assert!((y / (5.0 * unit) - 1.0).abs() < 1e-12, "{unit}: {y}");
            assert!((dx[0] - 0.6).abs() < 1e-12 && (dx[1] + 0.8).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_has_a_norm_of_positive_order_only() {
        assert_eq!(at(2.0, &[]), (0.0, vec![]));
        let tape = Tape::new();
        let x = tape.leaf(arr2(&[[0.0; 0]; 2]));
        assert_eq!(x.norm(1.0, 1).value(), arr1(&[0.0, 0.0]).into_dyn());
        let error =
            |p| tape.try_apply(Norm { p, over: Over::from(1) }, &[x]).unwrap_err().to_string();
        assert_eq!(
            error(INF),
            "Norm of [2, 0]: nothing has no norm of this order; reduce over axes that have a length"
        );
        assert_eq!(
            error(f64::NAN),
            "Norm of [2, 0]: the exponent is NaN; take a norm of order 1, 2, …, or ∞"
        );
    }
}
