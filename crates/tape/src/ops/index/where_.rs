//! `yₖ = aₖ` where the condition holds, else `bₖ`.
//!
//! ```text
//! āₖ += ȳₖ [cₖ]        b̄ₖ += ȳₖ [¬cₖ]        summed over the axes along which a, b were stretched
//! ```
//!
//! All three stretch by NumPy's rule. The branch not taken has the gradient 0, and that is all it is told:
//! `√x` at a negative `x` makes NaN of a 0 that arrives, so guard the operand, not the result.

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Value, Var, broadcast, shape::for_each_run,
};
use ndarray::{ArrayBase, Data, Dimension};

/// See the [module](self). Inputs: `a`, `b`, and the condition: 0 where it does not hold.
#[derive(Debug, Clone, Copy)]
pub struct Where;

/// Ones where a condition holds, zeros elsewhere, written straight onto the tape.
struct Indicator<'c, S: Data, D>(&'c ArrayBase<S, D>);

impl<T: Real, S: Data<Elem = bool>, D: Dimension> Value<T> for Indicator<'_, S, D> {
    fn shape(&self) -> Shape {
        self.0.shape().into()
    }
    fn write(&self, out: &mut [T]) {
        for (out, &holds) in out.iter_mut().zip(self.0) {
            *out = if holds { T::ONE } else { T::ZERO };
        }
    }
}

impl Where {
    /// Visits the elements that come from input `i`, with their places in the result and in the input.
    fn for_each<T: Real>(x: Inputs<'_, T>, i: usize, mut visit: impl FnMut(usize, usize)) {
        let (Ok(shape), c) = (Self.shape(x), x.value(2)) else { return };
        for_each_run(&shape, x.shape(2), x.shape(i), |run| {
            for k in 0..run.len {
                let holds = c[run.a + k * run.a_step].primal() != 0.0;
                if holds == (i == 0) {
                    visit(run.at + k, run.b + k * run.b_step);
                }
            }
        });
    }
}

impl<T: Real> Op<T> for Where {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let [a, b, condition] = x.shapes()?;
        let meet = |a: &[usize], b: &[usize]| {
            broadcast(a, b).map_err(|back| {
                let (n, m) = (a[a.len() - back], b[b.len() - back]);
                Misfit::new(
                    format!("axis -{back} is {n} long and also {m}; lengths must be equal, or 1"),
                    "reshape them so that their axes line up from the right",
                )
            })
        };
        meet(&meet(a, b)?, condition)
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for i in 0..2 {
            Self::for_each(x, i, |at, from| y[at] = x[i][from]);
        }
    }
    fn differentiable(&self, i: usize) -> bool {
        i < 2
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let dx = dx.sum();
        Self::for_each(x, i, |at, to| dx[to] += dy[at]);
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// This where `condition` holds, `other` elsewhere; all three stretch to meet. (Two nodes: the condition as
    /// a constant of ones and zeros, and the choice.)
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn where_<S, D>(self, condition: &ArrayBase<S, D>, other: Var<'t, T>) -> Var<'t, T>
    where
        S: Data<Elem = bool>,
        D: Dimension,
    {
        let condition = self.tape().constant(Indicator(condition));
        self.tape().apply(Where, &[self, other, condition])
    }

    /// This with `value` in every place where `mask` holds; both stretch to meet. (The value
    /// as a constant, and a [where](self).)
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn masked_fill<S, D>(self, mask: &ArrayBase<S, D>, value: T) -> Var<'t, T>
    where
        S: Data<Elem = bool>,
        D: Dimension,
    {
        self.tape().constant(value).where_(mask, self)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, gradcheck::function as check, ops::reduction::examples::wave};
    use ndarray::{ArrayD, arr0, arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        for (c, a, b) in [
            (&[2, 3][..], &[2, 3][..], &[2, 3][..]),
            (&[2, 3], &[], &[3]),
            (&[3], &[2, 1], &[1, 3]),
            (&[], &[2, 1], &[3]),
            (&[2, 1], &[2, 0], &[1, 1]),
        ] {
            let condition = wave(c).mapv(|x| x > 0.0);
            check(|_, v| v[0].where_(&condition, v[1]), &[wave(a), wave(b)]).assert();
            check(|_, v| v[0].masked_fill(&condition, 2.5), &[wave(a)]).assert();
        }
    }

    #[test]
    fn each_element_comes_from_its_branch() {
        let tape = Tape::new();
        let x = tape.leaf([1.0, -2.0, 3.0]);
        let negative = x.value().mapv(|x| x < 0.0);
        let y = x.where_(&negative, tape.leaf(arr2(&[[10.0], [20.0]])));
        let expected = arr2(&[[10.0, -2.0, 10.0], [20.0, -2.0, 20.0]]).into_dyn();
        assert_eq!(y.value(), expected);
        assert_eq!(x.masked_fill(&negative, 0.0).value(), arr1(&[1.0, 0.0, 3.0]).into_dyn());
        assert_eq!(x.masked_fill(&arr0(true), 7.0).value(), arr1(&[7.0; 3]).into_dyn());
    }

    #[test]
    fn a_guarded_operand_keeps_nan_out_of_the_gradient() {
        let tape = Tape::new();
        let x = tape.leaf([-1.0f64, 0.0, 4.0]);
        let safe = x.value().mapv(|x| x > 0.0);
        let zero = tape.constant(0.0);
        let trap = tape.backward(x.sqrt().where_(&safe, zero).sum());
        assert!(trap[x][0].is_nan() && trap[x][2] == 0.25);
        let guarded = x.where_(&safe, tape.constant(1.0)).sqrt().where_(&safe, zero);
        assert_eq!(tape.backward(guarded.sum())[x], arr1(&[0.0, 0.0, 0.25]).into_dyn());
    }

    #[test]
    fn shapes_that_do_not_meet_are_named() {
        let refused = |condition: ArrayD<bool>| {
            std::panic::catch_unwind(|| {
                let tape = Tape::<f64>::new();
                tape.zeros(&[2, 3]).where_(&condition, tape.zeros(&[]));
            })
            .unwrap_err()
            .downcast_ref::<String>()
            .cloned()
        };
        assert_eq!(
            refused(arr1(&[true, false]).into_dyn()).as_deref(),
            Some(
                "Where of [2, 3] and [] and [2]: axis -1 is 3 long and also 2; lengths must be equal, or 1; \
                 reshape them so that their axes line up from the right"
            )
        );
    }
}
