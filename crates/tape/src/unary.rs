//! One operand, element by element.

use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, op::short_name};
use std::{any::Any, fmt::Debug};

/// The short form for `yₖ = f(xₖ)`: a function and its derivative, nothing else. Recorded inside [`Map`].
///
/// ```
/// use tape::{Elementwise, Map, Real, Tape, gradcheck};
///
/// #[derive(Debug, Clone, Copy)]
/// struct Cube;
///
/// impl<T: Real> Elementwise<T> for Cube {
///     fn f(&self, x: T) -> T {
///         x * x * x
///     }
///     fn df(&self, x: T, _y: T) -> T {
///         T::of(3.0) * x * x
///     }
/// }
///
/// gradcheck::op(Map(Cube), &[ndarray::arr1(&[0.3, -2.0]).into_dyn()]).assert();
/// ```
pub trait Elementwise<T: Real>: Any + Debug + Send {
    /// `f(x)`
    fn f(&self, x: T) -> T;
    /// `f′(x)`, free to use `y = f(x)`
    fn df(&self, x: T, y: T) -> T;
}

/// An [`Elementwise`] as an [`Op`].
#[derive(Debug, Clone, Copy)]
pub struct Map<E>(pub E);

impl<T: Real, E: Elementwise<T>> Op<T> for Map<E> {
    fn name(&self) -> &'static str {
        short_name(std::any::type_name::<E>())
    }
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        Ok(x.into())
    }
    fn shaped_like(&self, x: Inputs<'_, T>) -> Option<usize> {
        (x.len() == 1).then_some(0)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let x = x.value(0);
        T::vectorize(
            #[inline(always)]
            || {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = self.0.f(x);
                }
            },
        );
    }
    fn backward(&self, _: usize, x: Inputs<'_, T>, y: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let xy = x.value(0).iter().zip(y.iter());
        dx.add(dy.iter().zip(xy).map(|(&dy, (&x, &y))| dy * self.0.df(x, y)));
    }
    #[inline]
    fn number(&self, x: &[T]) -> Option<T> {
        let &[x] = x else { return None };
        Some(T::vectorize(
            #[inline(always)]
            || self.0.f(x),
        ))
    }
    fn backward_number(&self, [x, _]: [T; 2], y: T, dy: T) -> [T; 2] {
        [dy * self.0.df(x, y), T::ZERO]
    }
}
