//! `y = x`, then `y[i, iₖ, j] += s[i, k, j]` for each entry of an array of indices along an axis.
//!
//! ```text
//! x̄ += ȳ        s̄[i, k, j] += ȳ[i, iₖ, j]
//! ```
//!
//! It is the adjoint of [gather](super::gather). Where two are added to one place, both count; what the indices
//! do not reach of `s` is not read.

use super::along::{check, for_each, parts};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var};
use ndarray::{ArrayBase, Data, Dimension};

/// See the [module](self). Inputs: `x`, and the source `s`. The indices are recorded with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScatterAdd {
    /// The axis along which the indices count, from the front.
    pub axis: usize,
    /// The shape of the indices.
    pub at: Shape,
}

impl ScatterAdd {
    /// Visits every entry with its places in the source and in the result.
    fn for_each<T: Real>(&self, x: Inputs<'_, T>, mut visit: impl FnMut(usize, usize)) {
        // An entry's place in the source, from its number: the axes' shares one by one, the last one first.
        let source = |mut k: usize| {
            let axes = self.at.iter().zip(x.shape(1)).rev();
            let (place, _) = axes.fold((0, 1), |(place, step), (&at, &n)| {
                let i = k % at;
                k /= at;
                (place + i * step, step * n)
            });
            place
        };
        for_each(x.shape(0), self.axis, &self.at, x.indices(), |k, at| visit(source(k), at));
    }
}

impl<T: Real> Op<T> for ScatterAdd {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape, source] = x.shapes()?;
        check(x, shape, self.axis, &self.at)?;
        if source.len() != self.at.len() || self.at.iter().zip(source).any(|(at, s)| at > s) {
            return Err(Misfit::new(
                format!("the indices are {:?}, beyond the source", &self.at[..]),
                "give a source with an element for every index",
            ));
        }
        Ok(shape.into())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        y.copy_from_slice(&x[0]);
        self.for_each(x, |s, at| y[at] += x[1][s]);
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        if i == 0 {
            return dx.add(dy.iter().copied());
        }
        let dx = dx.sum();
        self.for_each(x, |s, at| dx[s] += dy[at]);
    }
    fn passes(&self, i: usize, _: Inputs<'_, T>) -> bool {
        i == 0
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// This with the elements of `source` added at `indices` along `axis`, `-1` being the last.
    ///
    /// # Panics
    /// When the indices have another rank, reach beyond another axis or the source, or one is out of range.
    #[track_caller]
    pub fn scatter_add<S, D>(
        self,
        axis: isize,
        indices: &ArrayBase<S, D>,
        source: Var<'t, T>,
    ) -> Var<'t, T>
    where
        S: Data<Elem = usize>,
        D: Dimension,
    {
        let (axis, (at, indices)) = (self.axis("ScatterAdd", axis), parts(indices));
        self.tape().apply_indexed(ScatterAdd { axis, at }, &[self, source], &indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::{Array2, Array3, arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        let check = |axis, indices: Array3<usize>, x: &[usize], source: &[usize]| {
            let inputs = [wave(x), wave(source)];
            crate::gradcheck::function(|_, v| v[0].scatter_add(axis, &indices, v[1]), &inputs)
                .assert();
        };
        let every = |shape| Array3::from_shape_fn(shape, |(i, j, k)| (i + 2 * j + k) % 2);
        check(0, every((3, 2, 1)), &[2, 2, 2], &[3, 2, 1]);
        check(2, every((1, 2, 3)), &[2, 2, 2], &[1, 3, 4]);
        check(1, every((1, 0, 3)), &[1, 2, 3], &[1, 1, 3]);
    }

    #[test]
    fn what_falls_on_one_place_is_summed() {
        let tape = Tape::new();
        let (x, s) = (tape.leaf([1.0, 2.0]), tape.leaf([10.0, 20.0, 30.0, 40.0]));
        let y = x.scatter_add(0, &arr1(&[1, 0, 1]), s);
        assert_eq!(y.value(), arr1(&[21.0, 42.0]).into_dyn());
        let gradients = tape.backward((y * tape.constant([3.0, 5.0])).sum());
        assert_eq!(gradients[s], arr1(&[5.0, 3.0, 5.0, 0.0]).into_dyn());
        assert_eq!(gradients[x], arr1(&[3.0, 5.0]).into_dyn());
    }

    #[test]
    fn of_a_larger_source_the_corner_is_read() {
        let tape = Tape::new();
        let source = tape.leaf(arr2(&[[1.0, 2.0, 9.0], [3.0, 4.0, 9.0], [9.0, 9.0, 9.0]]));
        let y = tape.zeros(&[2, 2]).scatter_add(0, &arr2(&[[0, 1], [0, 0]]), source);
        assert_eq!(y.value(), arr2(&[[4.0, 4.0], [0.0, 2.0]]).into_dyn());
    }

    #[test]
    fn scattering_is_the_adjoint_of_gathering() {
        let tape = Tape::new();
        let indices = arr2(&[[0, 2], [2, 2], [1, 0]]);
        let (x, c) = (tape.leaf(wave(&[3, 2])), wave(&[3, 2]));
        let gathered = tape.backward_from(&[(x.gather(0, &indices), &c)]);
        let zeros = tape.leaf(Array2::zeros((3, 2)));
        assert_eq!(gathered[x], zeros.scatter_add(0, &indices, tape.leaf(&c)).value());
    }

    #[test]
    fn a_source_that_is_too_small_is_refused() {
        let tape = Tape::<f64>::new();
        let op = ScatterAdd { axis: 0, at: Shape::from_slice(&[3]) };
        let error = tape.try_apply_indexed(op, &[tape.zeros(&[2]), tape.zeros(&[2])], &[0, 1, 0]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "ScatterAdd of [2] and [2]: the indices are [3], beyond the source; \
             give a source with an element for every index"
        );
    }
}
