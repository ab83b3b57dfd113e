//! Two operands, element by element, stretched to meet.

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Shape, broadcast, op::short_name,
    shape::for_each_run,
};
use std::{any::Any, fmt::Debug};

/// The short form for `yₖ = f(aₖ, bₖ)`: a function and its two partial derivatives, nothing else.
///
/// Recorded inside [`Broadcast`], it stretches its operands by NumPy's rule.
pub trait Binary<T: Real>: Any + Debug + Send {
    /// `f(a, b)`
    fn f(&self, a: T, b: T) -> T;
    /// `ȳ · ∂f/∂a`, free to use `y = f(a, b)`
    fn da(&self, a: T, b: T, y: T, dy: T) -> T;
    /// `ȳ · ∂f/∂b`, free to use `y = f(a, b)`
    fn db(&self, a: T, b: T, y: T, dy: T) -> T;
    /// Is `ȳ · ∂f/∂xᵢ` just `ȳ`?
    fn passes(&self, _i: usize) -> bool {
        false
    }
}

/// A [`Binary`] as an [`Op`]: the adjoint of a stretched operand is summed over the stretch.
#[derive(Debug, Clone, Copy)]
pub struct Broadcast<B>(pub B);

impl<T: Real, B: Binary<T>> Op<T> for Broadcast<B> {
    fn name(&self) -> &'static str {
        short_name(std::any::type_name::<B>())
    }

    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [a, b] = x.shapes()?;
        broadcast(a, b).map_err(|back| {
            let (na, nb) = (a[a.len() - back], b[b.len() - back]);
            Misfit::new(
                format!("axis -{back} is {na} in one and {nb} in the other; lengths must be equal, or one of them 1"),
                "reshape one operand so that its axes line up from the right",
            )
        })
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let (a, b) = (x.value(0), x.value(1));
        T::vectorize(
            #[inline(always)]
            || {
                if a.len() == y.len() && b.len() == y.len() {
                    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                        *y = self.0.f(a, b);
                    }
                    return;
                }
                let Ok(out) = broadcast(x.shape(0), x.shape(1)) else { return };
                for_each_run(
                    &out,
                    x.shape(0),
                    x.shape(1),
                    #[inline(always)]
                    |run| {
                        let y = &mut y[run.at..run.at + run.len];
                        match (run.a_step, run.b_step) {
                            (1, 0) => {
                                let b = b[run.b];
                                for (y, &a) in y.iter_mut().zip(&a[run.a..]) {
                                    *y = self.0.f(a, b);
                                }
                            }
                            (0, 1) => {
                                let a = a[run.a];
                                for (y, &b) in y.iter_mut().zip(&b[run.b..]) {
                                    *y = self.0.f(a, b);
                                }
                            }
                            (1, 1) => {
                                for ((y, &a), &b) in y.iter_mut().zip(&a[run.a..]).zip(&b[run.b..])
                                {
                                    *y = self.0.f(a, b);
                                }
                            }
                            _ => y.fill(self.0.f(a[run.a], b[run.b])),
                        }
                    },
                );
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
        let (a, b) = (x.value(0), x.value(1));
        let term =
            |a, b, y, dy| if i == 0 { self.0.da(a, b, y, dy) } else { self.0.db(a, b, y, dy) };
        if a.len() == dy.len() && b.len() == dy.len() {
            let ab = a.iter().zip(b);
            let terms =
                dy.iter().zip(y.iter()).zip(ab).map(|((&dy, &y), (&a, &b))| term(a, b, y, dy));
            return dx.add(terms);
        }
        let dx = dx.sum();
        T::vectorize(
            #[inline(always)]
            || {
                for_each_run(
                    y.shape(),
                    x.shape(0),
                    x.shape(1),
                    #[inline(always)]
                    |run| {
                        let (at, step) =
                            if i == 0 { (run.a, run.a_step) } else { (run.b, run.b_step) };
                        let terms = (0..run.len).map(|k| {
                            let (a, b) = (a[run.a + k * run.a_step], b[run.b + k * run.b_step]);
                            term(a, b, y[run.at + k], dy[run.at + k])
                        });
                        if step == 1 {
                            for (dx, term) in dx[at..at + run.len].iter_mut().zip(terms) {
                                *dx += term;
                            }
                        } else {
                            dx[at] += terms.sum();
                        }
                    },
                );
            },
        );
    }

    fn passes(&self, i: usize, x: Inputs<'_, T>) -> bool {
        self.0.passes(i) && x.value(i).len() == x.value(1 - i).len()
    }
}
