//! `yₖ = aₖ` where the condition holds, else `bₖ`.
//!
//! ```text
//! āₖ += ȳₖ [cₖ]        b̄ₖ += ȳₖ [¬cₖ]        summed over the axes along which a, b were stretched
//! ```
//!
//! All three stretch by NumPy's rule. The branch not taken has the gradient 0, and that is all it is told:
//! `√x` at a negative `x` makes NaN of a 0 that arrives, so guard the operand, not the result.

use crate::{
    Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Var, broadcast, error::or_panic,
    shape::for_each_run,
};
use ndarray::{ArrayBase, Data, Dimension};

/// See the [module](self): the shape of the result. Inputs: `a`, `b`. The condition is recorded with it,
/// stretched to that shape, as ones and zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Where(pub Shape);

impl<T: Real> Op<T> for Where {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let stretches = |shape: &[usize]| broadcast(shape, &self.0).as_ref() == Ok(&self.0);
        let len = crate::shape::checked_len(&self.0);
        if !x.shapes::<2>()?.into_iter().all(stretches) || len != Some(x.indices().len()) {
            return Err(Misfit::new(
                format!("with the condition they do not all stretch to {:?}", &self.0[..]),
                "reshape them so that their axes line up from the right",
            ));
        }
        Ok(self.0.clone())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        for i in 0..2 {
            for_each_run(&self.0, &self.0, x.shape(i), |run| {
                for k in 0..run.len {
                    if (x.indices()[run.at + k] == 1) == (i == 0) {
                        y[run.at + k] = x[i][run.b + k * run.b_step];
                    }
                }
            });
        }
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
        for_each_run(&self.0, &self.0, x.shape(i), |run| {
            for k in 0..run.len {
                if (x.indices()[run.at + k] == 1) == (i == 0) {
                    dx[run.b + k * run.b_step] += dy[run.at + k];
                }
            }
        });
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// This where `condition` holds, `other` elsewhere; all three stretch to meet.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn where_<S, D>(self, condition: &ArrayBase<S, D>, other: Var<'t, T>) -> Var<'t, T>
    where
        S: Data<Elem = bool>,
        D: Dimension,
    {
        let condition = condition.view().into_dyn();
        let meet = |a: &[usize], b: &[usize]| broadcast(a, b).unwrap_or_else(|_| a.into());
        let shape = meet(&meet(condition.shape(), &self.shape()), &other.shape());
        let stretched = condition.broadcast(&shape[..]);
        let holds: Vec<usize> = stretched.iter().flatten().map(|&c| usize::from(c)).collect();
        or_panic(self.tape().try_apply_indexed(Where(shape), &[self, other], &holds))
    }

    /// This with `value` in every place where `mask` holds; both stretch to meet. (Two nodes: the constant,
    /// and a [where](self).)
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
                "Where of [2, 3] and []: with the condition they do not all stretch to [2]; \
                 reshape them so that their axes line up from the right"
            )
        );
    }
}
