//! Every element of `y` is one of `x`: only its place must be said.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, op::short_name};
use smallvec::SmallVec;
use std::{any::Any, fmt::Debug};

/// Where the elements of `y` stand in `x`: `y[i, j, …] = x[start + i·step₀ + j·step₁ + …]`.
///
/// A step of 0 repeats, a negative one turns round, and one that is the sum of two walks a diagonal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The shape of `y`.
    pub shape: Shape,
    /// The place of the first element.
    pub start: usize,
    /// Lengths and steps, outermost first: as many elements as the shape has, but perhaps more axes.
    pub axes: SmallVec<[(usize, isize); 6]>,
}

impl Places {
    /// Visits the places in the order of `y`.
    pub fn for_each(&self, mut visit: impl FnMut(usize)) {
        if self.axes.iter().any(|&(n, _)| n == 0) {
            return;
        }
        let Some((&(n, step), outer)) = self.axes.split_last() else { return visit(self.start) };
        let mut index = SmallVec::<[usize; 6]>::from_elem(0, outer.len());
        let mut row = self.start as isize;
        loop {
            for i in 0..n as isize {
                visit((row + i * step) as usize);
            }
            let mut axis = outer.len();
            loop {
                let Some(next) = axis.checked_sub(1) else { return };
                axis = next;
                let (n, step) = outer[axis];
                index[axis] += 1;
                row += step;
                if index[axis] < n {
                    break;
                }
                row -= step * n as isize;
                index[axis] = 0;
            }
        }
    }
}

/// How far apart neighbours along each axis stand.
pub(crate) fn steps(shape: &[usize]) -> SmallVec<[isize; 6]> {
    let mut steps = SmallVec::from_elem(1, shape.len());
    for axis in (1..shape.len()).rev() {
        steps[axis - 1] = steps[axis] * shape[axis] as isize;
    }
    steps
}

/// The short form for an op that only moves elements: it says where from.
pub trait Arrangement: Any + Debug + Send {
    /// Where the elements of `y` stand in an `x` of this shape, or the rule that the shape breaks.
    fn places(&self, x: &[usize]) -> Result<Places, Misfit>;
}

/// An [`Arrangement`] as an [`Op`]: the adjoints go back to where the elements came from.
#[derive(Debug, Clone)]
pub struct Rearrange<A>(pub A);

impl<T: Real, A: Arrangement> Op<T> for Rearrange<A> {
    fn name(&self) -> &'static str {
        short_name(std::any::type_name::<A>())
    }
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [shape] = x.shapes()?;
        self.0.places(shape).map(|places| places.shape)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let (Ok(places), x, mut y) = (self.0.places(x.shape(0)), x.value(0), y.iter_mut()) else {
            return;
        };
        places.for_each(|at| {
            if let Some(y) = y.next() {
                *y = x[at];
            }
        });
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (dx, mut dy) = (dx.sum(), dy.iter());
        let Ok(places) = self.0.places(x.shape(0)) else { return };
        places.for_each(|at| {
            if let Some(&dy) = dy.next() {
                dx[at] += dy;
            }
        });
    }
}

#[test]
fn places_are_visited_in_the_order_of_the_result() {
    let visited = |start, axes: &[(usize, isize)]| {
        let mut seen = vec![];
        let shape = axes.iter().map(|&(n, _)| n).collect();
        Places { shape, start, axes: axes.into() }.for_each(|at| seen.push(at));
        seen
    };
    assert_eq!(visited(0, &[(2, 3), (3, 1)]), [0, 1, 2, 3, 4, 5]);
    assert_eq!(visited(5, &[(2, -3), (3, -1)]), [5, 4, 3, 2, 1, 0]);
    assert_eq!(visited(1, &[(2, 0), (2, 4)]), [1, 5, 1, 5]);
    assert_eq!(visited(7, &[]), [7]);
    assert_eq!(visited(0, &[(3, 1), (0, 1)]), [0; 0]);
    assert_eq!(steps(&[2, 3, 4])[..], [12, 4, 1]);
}
