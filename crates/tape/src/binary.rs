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

    fn shaped_like(&self, x: Inputs<'_, T>) -> Option<usize> {
        (x.len() == 2 && x.node(0).shape == x.node(1).shape).then_some(0)
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
                        let (a, b) = (&a[run.a..], &b[run.b..]);
                        let dx = match i {
                            0 => &mut dx[run.a..][..if run.a_step == 1 { run.len } else { 1 }],
                            _ => &mut dx[run.b..][..if run.b_step == 1 { run.len } else { 1 }],
                        };
                        let dy = &dy[run.at..][..run.len];
                        let ydy = y[run.at..][..run.len].iter().zip(dy);
                        match (run.a_step, run.b_step) {
                            (1, 1) => add_terms(
                                dx,
                                ydy.zip(a.iter().zip(b))
                                    .map(|((&y, &dy), (&a, &b))| term(a, b, y, dy)),
                            ),
                            (1, _) => add_terms(
                                dx,
                                ydy.zip(a).map(|((&y, &dy), &a)| term(a, b[0], y, dy)),
                            ),
                            (_, 1) => add_terms(
                                dx,
                                ydy.zip(b).map(|((&y, &dy), &b)| term(a[0], b, y, dy)),
                            ),
                            _ => add_terms(dx, ydy.map(|(&y, &dy)| term(a[0], b[0], y, dy))),
                        }
                    },
                );
            },
        );
    }

    #[inline(always)]
    fn number(&self, x: &[T]) -> Option<T> {
        let &[a, b] = x else { return None };
        Some(self.0.f(a, b))
    }

    fn backward_number(&self, [a, b]: [T; 2], y: T, dy: T) -> [T; 2] {
        [self.0.da(a, b, y, dy), self.0.db(a, b, y, dy)]
    }

    fn passes(&self, i: usize, x: Inputs<'_, T>) -> bool {
        self.0.passes(i) && x.value(i).len() == x.value(1 - i).len()
    }
}

/// `x̄ₖ += termₖ`, or `x̄ += Σ termₖ` where there is one `x̄` for all.
#[inline(always)]
fn add_terms<T: Real>(dx: &mut [T], terms: impl Iterator<Item = T>) {
    match dx {
        [dx] => *dx += terms.sum(),
        _ => {
            for (dx, term) in dx.iter_mut().zip(terms) {
                *dx += term;
            }
        }
    }
}
