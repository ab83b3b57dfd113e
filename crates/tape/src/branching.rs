//! A formula that may branch on its numbers, written once and differentiated by itself.
//!
//! ```text
//! y = f(x)        x̄ᵢ += Σⱼ ȳⱼ ∂fⱼ/∂xᵢ,    ∂f/∂xᵢ the tangent of f(x + eᵢ ε)
//! ```
//!
//! `f` works on plain numbers: it may compare them, loop until they are small, look up a table. The sweep
//! evaluates the same code on [`Dual`] numbers, one pass for each input that wants a gradient; the branch taken is that
//! of the values, and the derivative is that of the branch.

use crate::{
    Adjoint, Dual, Inputs, Misfit, Op, Output, Real, Result, Shape, Tape, Var, error::or_panic,
    op::short_name,
};
use std::{any::Any, fmt::Debug};

/// A function of `IN` numbers with `OUT` results, for every kind of number.
///
/// ```
/// use tape::{Formula, Real, Tape};
///
/// /// Polar coordinates by Newton's rule.
/// #[derive(Debug)]
/// struct Radius;
///
/// impl Formula<2, 1> for Radius {
///     fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
///         let square = x * x + y * y;
///         let mut r = R::ONE;
///         while (r * r - square).abs() > square * R::of(1e-12) {
///             r = (r + square / r) * R::of(0.5);
///         }
///         [(r + square / r) * R::of(0.5)]
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let (x, y) = (tape.leaf(3.0), tape.leaf(4.0));
/// let [r] = tape.branching(Radius, [x, y]);
/// let gradients = tape.backward(r);
/// assert!((gradients[x].sum() - 0.6).abs() < 1e-12);
/// ```
pub trait Formula<const IN: usize, const OUT: usize>: Any + Debug + Send {
    /// `f(x)`
    fn eval<R: Real>(&self, x: [R; IN]) -> [R; OUT];
}

/// A [`Formula`] as an [`Op`], applied to each element.
///
/// Inputs: `IN` arrays of one shape, any of which may be one number instead, the same for all elements. Output:
/// `[OUT, ..]`, the results one behind the other on a new first axis.
#[derive(Debug, Clone, Copy)]
pub struct Branching<F, const IN: usize, const OUT: usize>(pub F);

/// The numbers of all inputs at element `k`.
#[inline(always)]
fn at<T: Real, const IN: usize>(x: &[&[T]; IN], k: usize) -> [T; IN] {
    std::array::from_fn(|i| if let [number] = x[i] { *number } else { x[i][k] })
}

impl<T: Real, F: Formula<IN, OUT>, const IN: usize, const OUT: usize> Op<T>
    for Branching<F, IN, OUT>
{
    fn name(&self) -> &'static str {
        short_name(std::any::type_name::<F>())
    }

    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let shapes: [&[usize]; IN] = x.shapes()?;
        let arrays = (0..IN).filter(|&i| x.value(i).len() != 1).map(|i| shapes[i]);
        // Among numbers, the one of the highest rank: [1] and [] meet in [1].
        let Some(each) = arrays.clone().next().or(shapes.into_iter().max_by_key(|s| s.len()))
        else {
            return Err(Misfit::new("it takes no inputs", "put a constant on the tape instead"));
        };
        if let Some(other) = arrays.clone().find(|other| *other != each) {
            return Err(Misfit::new(
                format!("{other:?} is not {each:?}"),
                "give arrays of one shape, or single numbers",
            ));
        }
        let mut shape = Shape::from_slice(each);
        shape.insert(0, OUT);
        Ok(shape)
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let x: [&[T]; IN] = std::array::from_fn(|i| x.value(i));
        let n = y.len() / OUT.max(1);
        T::vectorize(
            #[inline(always)]
            || {
                for k in 0..n {
                    for (j, result) in self.0.eval(at(&x, k)).into_iter().enumerate() {
                        y[j * n + k] = result;
                    }
                }
            },
        );
    }

    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let x: [&[T]; IN] = std::array::from_fn(|i| x.value(i));
        let n = dy.len() / OUT.max(1);
        let terms = (0..n).map(|k| {
            let mut numbers = at(&x, k).map(|x| Dual::new(x, T::ZERO));
            numbers[i].tangent = T::ONE;
            let results = self.0.eval(numbers).into_iter().enumerate();
            results.map(|(j, result)| dy[j * n + k] * result.tangent).sum()
        });
        if x[i].len() == n {
            dx.add(terms);
        } else {
            let sum = terms.sum();
            dx.sum().iter_mut().for_each(|dx| *dx += sum);
        }
    }
}

impl<T: Real> Tape<T> {
    /// `f` of each element of `x`: arrays of one shape, any of which may be one number instead. Recorded as one node, of
    /// which the results are parts.
    ///
    /// # Panics
    /// At the caller's line when the shapes do not fit, or an input is of another tape or released.
    #[track_caller]
    pub fn branching<'t, F, const IN: usize, const OUT: usize>(
        &'t self,
        f: F,
        x: [Var<'t, T>; IN],
    ) -> [Var<'t, T>; OUT]
    where
        F: Formula<IN, OUT>,
    {
        let all = or_panic(self.try_apply(Branching(f), &x));
        std::array::from_fn(|j| all.select(0, j))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ArrayD, arr1};

    /// Below a threshold a product, above it a sum and a sine: two results, three numbers.
    #[derive(Debug, Clone, Copy)]
    struct Kinked;

    impl Formula<3, 2> for Kinked {
        fn eval<R: Real>(&self, [a, b, c]: [R; 3]) -> [R; 2] {
            if a < c { [a * b, c.exp()] } else { [a + b * c, (a * b).sin()] }
        }
    }

    fn inputs() -> [ArrayD<f64>; 3] {
        [arr1(&[0.3, 2.0, -1.0, 1.4]), arr1(&[1.5, -0.2, 0.7, 2.0]), arr1(&[1.0, 1.1, 0.9, 1.2])]
            .map(|x| x.into_dyn())
    }

    #[test]
    fn backward_matches_central_differences_on_both_branches() {
        let [a, b, c] = inputs();
        crate::gradcheck::op(Branching(Kinked), &[a.clone(), b, c]).assert();
        // Numbers among arrays, and numbers alone.
        let number = |x: f64| ndarray::arr0(x).into_dyn();
        crate::gradcheck::op(Branching(Kinked), &[a, number(0.4), number(1.0)]).assert();
        crate::gradcheck::op(Branching(Kinked), &[0.4, 0.5, 0.1].map(number)).assert();
    }

    #[test]
    fn the_results_are_those_of_the_formula() {
        let tape = Tape::<f64>::new();
        let [a, b, c] = inputs();
        let x = [&a, &b, &c].map(|x| tape.leaf(x));
        let y: [_; 2] = tape.branching(Kinked, x);
        for k in 0..4 {
            let expected = Kinked.eval([a[k], b[k], c[k]]);
            assert_eq!([y[0].value()[k], y[1].value()[k]], expected);
        }
    }

    #[test]
    fn inputs_without_a_gradient_cost_no_pass() {
        /// Counts how often duals pass.
        #[derive(Debug)]
        struct Counted(std::sync::Arc<std::sync::atomic::AtomicUsize>);
        impl Formula<2, 1> for Counted {
            fn eval<R: Real>(&self, [a, b]: [R; 2]) -> [R; 1] {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                [a * b]
            }
        }
        let count = std::sync::Arc::default();
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.leaf([1.0, 2.0, 3.0]), tape.constant(2.0));
        let [y] = tape.branching(Counted(std::sync::Arc::clone(&count)), [a, b]);
        assert_eq!(tape.backward(y.sum())[a], arr1(&[2.0, 2.0, 2.0]).into_dyn());
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 3 + 3);
    }

    #[test]
    fn arrays_of_two_shapes_are_refused() {
        let tape = Tape::<f64>::new();
        let x = [tape.leaf([1.0, 2.0]), tape.leaf(1.0), tape.leaf([1.0, 2.0, 3.0])];
        let refused = tape.try_apply(Branching::<_, 3, 2>(Kinked), &x);
        assert!(refused.unwrap_err().to_string().contains("[3] is not [2]"));
    }
}
