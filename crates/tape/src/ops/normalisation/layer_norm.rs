//! `y = w ⊙ (x − μ) / √(σ² + ε) + b`, each row brought to mean 0 and variance 1.
//!
//! ```text
//! x̂ = (x − μ) r,   r = 1/√(σ² + ε),   g = ȳ ⊙ w
//! x̄ += r (g − mean g − x̂ mean(g ⊙ x̂))        w̄ += Σ ȳ ⊙ x̂        b̄ += Σ ȳ
//! ```
//!
//! A row is everything along the last `k` axes; `μ` and `σ²` (over `n`, not `n − 1`) are its mean and variance, found in two
//! passes, and saved with one node for all of it. A constant row gives `b`. (J. L. Ba, J. R. Kiros and G. E. Hinton, 2016.)

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, ops::reduction::sum::sum};

/// See the [module](self). Inputs: `x`, then the weight and the bias, if there are any, of the shape of a row.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm<T> {
    /// How many axes, from the last, make up a row; 1 or more.
    pub axes: usize,
    /// What keeps the root from 0.
    pub epsilon: T,
    /// Is there a weight?
    pub weight: bool,
    /// Is there a bias?
    pub bias: bool,
}

/// `Σ a ⊙ b` in eight interleaved sums.
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::ZERO; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    sum(&lanes)
}

impl<T: Real> LayerNorm<T> {
    fn weight<'a>(&self, x: Inputs<'a, T>) -> Option<&'a [T]> {
        self.weight.then(|| x.value(1))
    }
    fn bias<'a>(&self, x: Inputs<'a, T>) -> Option<&'a [T]> {
        self.bias.then(|| x.value(1 + usize::from(self.weight)))
    }
    fn width(&self, shape: &[usize]) -> usize {
        shape[shape.len() - self.axes..].iter().product::<usize>().max(1)
    }
}

impl<T: Real> Op<T> for LayerNorm<T> {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let count = 1 + usize::from(self.weight) + usize::from(self.bias);
        if x.len() != count {
            let rule = format!("it takes {count} inputs, but was given {}", x.len());
            return Err(Misfit::new(rule, "give x, then the weight and the bias it says it has"));
        }
        let shape = x.shape(0);
        if self.axes == 0 || self.axes > shape.len() {
            let rule = format!("a row cannot be {} axes of {}", self.axes, shape.len());
            return Err(Misfit::new(rule, "a row is one axis or more, and at most all"));
        }
        let row = &shape[shape.len() - self.axes..];
        if (1..count).any(|i| x.shape(i) != row) {
            let rule = format!("a row is {row:?}");
            return Err(Misfit::new(rule, "weight and bias must have the shape of a row"));
        }
        Ok(shape.into())
    }
    fn saves(&self, x: Inputs<'_, T>) -> usize {
        2 * (x.value(0).len() / self.width(x.shape(0)))
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let width = self.width(x.shape(0));
        let (weight, bias, n) = (self.weight(x), self.bias(x), T::of(width as f64));
        let rows = x[0].chunks_exact(width).zip(y.chunks_exact_mut(width));
        T::vectorize(
            #[inline(always)]
            || {
                for ((x, y), saved) in rows.zip(saved.chunks_exact_mut(2)) {
                    let mean = sum(x) / n;
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = x - mean;
                    }
                    let scale = (dot(y, y) / n + self.epsilon).sqrt().recip();
                    saved.copy_from_slice(&[mean, scale]);
                    for y in &mut *y {
                        *y *= scale;
                    }
                    for (y, &w) in y.iter_mut().zip(weight.unwrap_or(&[])) {
                        *y *= w;
                    }
                    for (y, &b) in y.iter_mut().zip(bias.unwrap_or(&[])) {
                        *y += b;
                    }
                }
            },
        );
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let width = self.width(x.shape(0));
        let (weight, n, dx) = (self.weight(x), T::of(width as f64), dx.sum());
        let rows = x[0].chunks_exact(width).zip(dy.chunks_exact(width));
        T::vectorize(
            #[inline(always)]
            || {
                for (k, ((x, dy), saved)) in rows.zip(y.saved().chunks_exact(2)).enumerate() {
                    let (mean, scale) = (saved[0], saved[1]);
                    let normal = |j: usize| (x[j] - mean) * scale;
                    if i == 1 && self.weight {
                        for (j, (dw, &dy)) in dx.iter_mut().zip(dy).enumerate() {
                            *dw += dy * normal(j);
                        }
                    } else if i > 0 {
                        for (db, &dy) in dx.iter_mut().zip(dy) {
                            *db += dy;
                        }
                    } else {
                        let g = |j: usize| weight.map_or(dy[j], |w| dy[j] * w[j]);
                        let mean_g = (0..width).map(g).sum::<T>() / n;
                        let mean_gx = (0..width).map(|j| g(j) * normal(j)).sum::<T>() / n;
                        for (j, dx) in dx[k * width..][..width].iter_mut().enumerate() {
                            *dx += scale * (g(j) - mean_g - normal(j) * mean_gx);
                        }
                    }
                }
            },
        );
    }
    /// Mean 1, variance 3, normalising 2, scale and shift 2.
    fn flops(&self, x: Inputs<'_, T>, _: &[usize]) -> u64 {
        8 * x.value(0).len() as u64
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `w ⊙ (x − μ) / √(σ² + ε) + b` over the last `axes` axes, whose shape the weight and the bias have, if given. A
    /// usual `ε` is 10⁻⁵.
    #[track_caller]
    pub fn layer_norm(
        self,
        axes: usize,
        weight: Option<Var<'t, T>>,
        bias: Option<Var<'t, T>>,
        epsilon: T,
    ) -> Self {
        let op = LayerNorm { axes, epsilon, weight: weight.is_some(), bias: bias.is_some() };
        match (weight, bias) {
            (Some(w), Some(b)) => self.tape().apply(op, &[self, w, b]),
            (Some(one), None) | (None, Some(one)) => self.tape().apply(op, &[self, one]),
            (None, None) => self.apply(op),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ArrayD, IxDyn};

    fn sines(shape: &[usize], shift: f64) -> ArrayD<f64> {
        let mut k = shift;
        ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            k += 1.3;
            f64::sin(k * k)
        })
    }

    #[test]
    fn backward_matches_central_differences() {
        for axes in 1..3 {
            for (weight, bias) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut x = vec![sines(&[2, 3, 4], 0.0)];
                for shift in (0..usize::from(weight) + usize::from(bias)).map(|i| i as f64) {
                    x.push(sines(&[2, 3, 4][3 - axes..], 5.0 + shift));
                }
                let op = LayerNorm { axes, epsilon: 1e-2, weight, bias };
                crate::gradcheck::op(op, &x).assert();
            }
        }
    }

    #[test]
    fn rows_have_mean_0_and_variance_1_and_constant_ones_are_the_bias() {
        let tape = crate::Tape::<f64>::new();
        let x = tape.leaf(sines(&[5, 7], 0.0) * 100.0 + 1e3);
        let y = x.layer_norm(1, None, None, 0.0);
        assert!(y.mean_axis(-1).value().iter().all(|mean| mean.abs() < 1e-12));
        assert!(y.square().mean_axis(-1).value().iter().all(|one| (one - 1.0).abs() < 1e-12));
        let (flat, bias) = (tape.leaf([5.0; 3]), tape.leaf([1.0, 2.0, 3.0]));
        let y = flat.layer_norm(1, Some(bias), Some(bias), 1e-5);
        assert_eq!(y.value(), bias.value());
    }

    #[test]
    fn a_weight_that_is_no_row_is_refused() {
        let tape = crate::Tape::<f64>::new();
        let op = LayerNorm { axes: 1, epsilon: 1e-5, weight: true, bias: false };
        let x = tape.leaf(sines(&[2, 3], 0.0));
        let refused = tape.try_apply(op, &[x, tape.leaf([1.0, 2.0])]);
        assert!(refused.unwrap_err().to_string().contains("a row is [3]"));
    }
}
