//! `y = x`, with its adjoint kept small on the way back.
//!
//! ```text
//! x̄ += min(max(ȳ, −c), c)          Value
//! x̄ += ȳ min(1, c/|ȳ|)             Norm, RowNorm
//! ```
//!
//! Against gradients that explode along a recurrent edge (T. Mikolov, 2012, each value; R. Pascanu, T. Mikolov and
//! Y. Bengio, 2013, the norm). It is the gradient of no function, unless `c` is never exceeded. NaN stays NaN;
//! an infinite entry is clamped by `Value`, but makes its norm infinite and hence itself NaN and its fellows 0.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};

/// What of an adjoint must not exceed `c ≥ 0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip<T> {
    /// The magnitude of each element.
    Value(T),
    /// `√Σ ȳ²`
    Norm(T),
    /// `√Σ ȳ²` of each row along the last axis.
    RowNorm(T),
}

/// See the [module](self). Shares the memory of its input.
#[derive(Debug, Clone, Copy)]
pub struct ClipGradient<T>(pub Clip<T>);

/// `x̄ += ȳ min(1, c/|ȳ|)`
fn rescale<T: Real>(limit: T, dy: &[T], dx: &mut [T]) {
    let norm = crate::kernel::norm(dy.iter().copied());
    let factor = if norm > limit { limit / norm } else { T::ONE };
    for (dx, &dy) in dx.iter_mut().zip(dy) {
        *dx += dy * factor;
    }
}

impl<T: Real> Op<T> for ClipGradient<T> {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        let (Clip::Value(limit) | Clip::Norm(limit) | Clip::RowNorm(limit)) = self.0;
        if limit >= T::ZERO {
            return Ok(x.into());
        }
        Err(Misfit::new(format!("the limit is {limit}"), "no magnitude is below 0"))
    }
    fn view(&self, _: Inputs<'_, T>) -> Option<usize> {
        Some(0)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.copy_from_slice(&x[0]);
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        match self.0 {
            Clip::Value(limit) => dx.add(dy.iter().map(|&dy| {
                let dy = if dy > limit { limit } else { dy };
                if dy < -limit { -limit } else { dy }
            })),
            Clip::Norm(limit) => rescale(limit, dy, dx.sum()),
            Clip::RowNorm(limit) => {
                let n = x.shape(0).last().copied().unwrap_or(1).max(1);
                for (dy, dx) in dy.chunks_exact(n).zip(dx.sum().chunks_exact_mut(n)) {
                    rescale(limit, dy, dx);
                }
            }
        }
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

impl<T: Real> Var<'_, T> {
    /// The same value, whose adjoint is clipped on the way back.
    ///
    /// # Panics
    /// When the limit is negative or NaN.
    #[track_caller]
    pub fn clip_gradient(self, rule: Clip<T>) -> Self {
        self.apply(ClipGradient(rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, arr2};

    /// What is left of an adjoint of two rows.
    fn clipped(rule: Clip<f64>, dy: Array2<f64>) -> ndarray::ArrayD<f64> {
        let tape = crate::Tape::new();
        let x = tape.leaf(arr2(&[[1.0, 2.0], [3.0, 4.0]]));
        let y = x.clip_gradient(rule);
        assert_eq!(y.value(), x.value());
        tape.backward((y * tape.constant(&dy)).sum())[x].clone()
    }

    #[test]
    fn each_rule_clips_what_it_says() {
        let dy = arr2(&[[3.0, -4.0], [0.0, 12.0]]);
        let expect = |rule, rows: [[f64; 2]; 2]| {
            let gap = clipped(rule, dy.clone()) - arr2(&rows).into_dyn();
            assert!(gap.iter().all(|d| d.abs() < 1e-15), "{rule:?}: {gap}");
        };
        expect(Clip::Value(3.5), [[3.0, -3.5], [0.0, 3.5]]);
        expect(Clip::Norm(6.5), [[1.5, -2.0], [0.0, 6.0]]);
        expect(Clip::Norm(13.0), [[3.0, -4.0], [0.0, 12.0]]);
        expect(Clip::RowNorm(6.0), [[3.0, -4.0], [0.0, 6.0]]);
        expect(Clip::RowNorm(0.0), [[0.0, 0.0], [0.0, 0.0]]);
    }

    #[test]
    fn a_norm_whose_square_overflows_is_clipped_all_the_same() {
        let dx = clipped(Clip::Norm(5.0), arr2(&[[3e200, -4e200], [0.0, 0.0]]));
        let gap = dx - arr2(&[[3.0, -4.0], [0.0, 0.0]]).into_dyn();
        assert!(gap.iter().all(|d| d.abs() < 1e-14));
    }

    #[test]
    fn a_negative_limit_is_refused() {
        let tape = crate::Tape::<f64>::new();
        let refused = tape.try_apply(ClipGradient(Clip::Value(-1.0)), &[tape.leaf(1.0)]);
        assert!(refused.unwrap_err().to_string().contains("the limit is -1"));
    }
}
