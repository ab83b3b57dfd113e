//! A value and its slopes, from elsewhere: the quick way to bring an external function.
//!
//! ```text
//! x̄ᵢ += ȳ ⊙ ∂y/∂xᵢ        each element for itself
//! x̄ᵢ += ȳ · ∂y/∂xᵢ        y one number
//! x̄ᵢ += Σ ȳ ⊙ ∂y/∂xᵢ      xᵢ one number
//! ```
//!
//! Value and partial derivatives stand on the tape as constants, so that the op itself holds nothing.

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Result, Shape, Tape, Value, Var, error::or_panic,
};
use smallvec::SmallVec;

/// See the [module](self). Inputs: the value, then each input and its partial derivative in turn.
#[derive(Debug, Clone, Copy)]
struct Precomputed;

impl<T: Real> Op<T> for Precomputed {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let y = x.value(0).len();
        for i in (1..x.len()).step_by(2) {
            let (input, partial) = (x.shape(i), x.shape(i + 1));
            let elementwise = partial == x.shape(0) && (input == partial || x.value(i).len() == 1);
            if !(elementwise || y == 1 && partial == input) {
                return Err(Misfit::new(
                    format!(
                        "the value is {:?} and an input {input:?}, with a partial derivative of {partial:?}",
                        x.shape(0)
                    ),
                    "give a partial derivative of the value's shape for an input of that shape or of one element, \
                     or of the input's shape for a value of one element",
                ));
            }
        }
        Ok(x.shape(0).into())
    }
    fn view(&self, _: Inputs<'_, T>) -> Option<usize> {
        Some(0)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.copy_from_slice(&x[0]);
    }
    fn differentiable(&self, i: usize) -> bool {
        i % 2 == 1
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let partial = x.value(i + 1);
        match dy {
            [dy] => dx.add(partial.iter().map(|&p| *dy * p)),
            _ if x.value(i).len() == dy.len() => {
                dx.add(dy.iter().zip(partial).map(|(&dy, &p)| dy * p));
            }
            _ => {
                let sum = dy.iter().zip(partial).map(|(&dy, &p)| dy * p).sum();
                dx.sum().iter_mut().for_each(|dx| *dx += sum);
            }
        }
    }
}

/// A value that is read where it is.
struct Borrowed<'a, V>(&'a V);

impl<T, V: Value<T>> Value<T> for Borrowed<'_, V> {
    fn shape(&self) -> Shape {
        self.0.shape()
    }
    fn write(&self, out: &mut [T]) {
        self.0.write(out);
    }
}

impl<T: Real> Tape<T> {
    /// A variable with the given value, which depends on each input by the given partial derivative.
    ///
    /// Where the value is an array, the function is one of each element: a partial derivative has the value's shape, and
    /// so has its input, unless it is one number that stands in all elements. Where the value is one number, a partial
    /// derivative has the shape of its input, whatever that is.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, y) = (tape.leaf(3.0), tape.leaf(4.0));
    /// // √(x² + y²), from a library that knows its slopes
    /// let r = tape.precomputed(5.0, &[(x, 3.0 / 5.0), (y, 4.0 / 5.0)]);
    /// let gradients = tape.backward(r * r);
    /// assert!((gradients[x].sum() - 6.0).abs() < 1e-15);
    /// assert!((gradients[y].sum() - 8.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// At the caller's line when the shapes do not fit, or an input is of another tape or released.
    #[track_caller]
    pub fn precomputed<'t>(
        &'t self,
        value: impl Value<T>,
        partials: &[(Var<'t, T>, impl Value<T>)],
    ) -> Var<'t, T> {
        or_panic(self.try_precomputed(value, partials))
    }

    /// [`precomputed`](Tape::precomputed), or the reason why not: then the numbers are on the tape, but nothing
    /// that depends on them.
    #[track_caller]
    pub fn try_precomputed<'t>(
        &'t self,
        value: impl Value<T>,
        partials: &[(Var<'t, T>, impl Value<T>)],
    ) -> Result<Var<'t, T>> {
        let mut inputs = SmallVec::<[_; 9]>::new(); // the value, and up to four inputs with their partials
        inputs.push(self.constant(value));
        for (input, partial) in partials {
            inputs.extend([*input, self.constant(Borrowed(partial))]);
        }
        self.try_apply(Precomputed, &inputs)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;
    use ndarray::{arr1, arr2};

    #[test]
    fn elementwise_partials_meet_elements_and_a_number_collects_them_all() {
        let tape = Tape::<f64>::new();
        let (x, k) = (tape.leaf([1.0, 2.0]), tape.leaf(3.0));
        let y = tape.precomputed([5.0, 7.0], &[(x, [10.0, 20.0]), (k, [-1.0, 4.0])]);
        assert_eq!(y.value(), arr1(&[5.0, 7.0]).into_dyn());
        let gradients = tape.backward((y * tape.constant([1.0, 2.0])).sum());
        assert_eq!(gradients[x], arr1(&[10.0, 40.0]).into_dyn());
        assert_eq!(gradients[k].sum(), 7.0);
    }

    #[test]
    fn a_number_has_partials_of_its_inputs_shapes() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(arr2(&[[1.0, 2.0], [3.0, 4.0]]));
        let slope = arr2(&[[1.0, -1.0], [0.0, 5.0]]);
        let y = tape.precomputed(9.0, &[(x, &slope), (x, &slope)]);
        assert_eq!(tape.backward(y * 0.5)[x], slope.into_dyn());
    }

    #[test]
    fn partials_of_another_shape_are_refused() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf([1.0, 2.0, 3.0]);
        let refused = tape.try_precomputed([1.0, 2.0], &[(x, [1.0, 2.0, 3.0])]);
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("the value is [2] and an input [3]"), "{said}");
    }
}
