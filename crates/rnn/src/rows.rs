//! `y[r] = a[r]` in the rows that are chosen, `b[r]` in the others: each row of a batch its own way.
//!
//! ```text
//! ā[r] += m[r] ȳ[r]        b̄[r] += (1 − m[r]) ȳ[r]
//! ```
//!
//! Rows are moved, not multiplied: what is in a row that was not chosen, NaN included, is never seen.

use tape::{Adjoint, Inputs, Misfit, Op, Output, Real, Result, Shape, Value, Var};

/// See the [module](self). Inputs: `m`, one number for each row, 0 for no; `a`; and `b`, zeros if it is left out.
#[derive(Debug, Clone, Copy)]
struct ChooseRows;

impl<T: Real> Op<T> for ChooseRows {
    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let (rows, shape) = (x[0].len(), x.shape(1));
        let mut lead = 1;
        let whole = rows == 1
            || shape.iter().any(|n| {
                lead *= n;
                lead == rows
            });
        if !whole {
            let rule = format!("{rows} flags are not one for each row of {shape:?}");
            return Err(Misfit::new(rule, "give as many flags as the batch has rows"));
        }
        if x.len() == 3 && x.shape(2) != shape {
            return Err(Misfit::new("the two choices differ", "give arrays of one shape"));
        }
        Ok(shape.into())
    }
    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], _: &mut [T]) {
        let width = y.len() / x[0].len().max(1);
        for (r, &m) in x[0].iter().enumerate() {
            let row = r * width..(r + 1) * width;
            match (m != T::ZERO, x.len()) {
                (true, _) => y[row.clone()].copy_from_slice(&x[1][row]),
                (false, 3) => y[row.clone()].copy_from_slice(&x[2][row]),
                (false, _) => y[row].fill(T::ZERO),
            }
        }
    }
    fn differentiable(&self, i: usize) -> bool {
        i > 0
    }
    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        _: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let (dx, width) = (dx.sum(), dy.len() / x[0].len().max(1));
        for (r, &m) in x[0].iter().enumerate() {
            if (m != T::ZERO) == (i == 1) {
                let row = r * width..(r + 1) * width;
                dx[row.clone()].iter_mut().zip(&dy[row]).for_each(|(dx, &dy)| *dx += dy);
            }
        }
    }
    fn flops(&self, _: Inputs<'_, T>, _: &[usize]) -> u64 {
        0
    }
}

/// Which rows are chosen, to be put on a tape as ones and zeros.
struct Flags<F>(usize, F);

impl<T: Real, F: Fn(usize) -> bool> Value<T> for Flags<F> {
    fn shape(&self) -> Shape {
        [self.0].into_iter().collect()
    }
    fn write(&self, out: &mut [T]) {
        let flag = |r| if (self.1)(r) { T::ONE } else { T::ZERO };
        out.iter_mut().enumerate().for_each(|(r, out)| *out = flag(r));
    }
}

/// One flag for each of `rows` rows, as a constant.
#[track_caller]
pub(crate) fn flags<T: Real>(
    tape: &tape::Tape<T>,
    rows: usize,
    chosen: impl Fn(usize) -> bool,
) -> Var<'_, T> {
    tape.constant(Flags(rows, chosen))
}

/// `a` in the rows that `flags` choose, `b` in the others.
#[track_caller]
pub(crate) fn choose<'t, T: Real>(flags: Var<'t, T>, a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
    a.tape().apply(ChooseRows, &[flags, a, b])
}

/// `a` in the rows that `flags` choose, zeros in the others.
#[track_caller]
pub(crate) fn keep<'t, T: Real>(flags: Var<'t, T>, a: Var<'t, T>) -> Var<'t, T> {
    a.tape().apply(ChooseRows, &[flags, a])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, arr2};

    #[test]
    fn backward_matches_central_differences() {
        let (a, b) = (arr2(&[[0.3, -1.2], [2.0, 0.1], [0.7, 0.9]]), arr2(&[[1.0; 2]; 3]));
        let x = [arr1(&[1.0, 0.0, 1.0]).into_dyn(), a.into_dyn(), b.into_dyn()];
        tape::gradcheck::function(|_, x| choose(x[0].detach(), x[1], x[2]), &x).assert();
        tape::gradcheck::function(|_, x| keep(x[0].detach(), x[1]), &x[..2]).assert();
    }

    #[test]
    fn a_row_that_is_not_chosen_is_never_seen() {
        let tape = tape::Tape::<f64>::new();
        let a = tape.leaf(arr2(&[[f64::NAN, -0.0], [3.0, 4.0]]));
        let y = keep(flags(&tape, 2, |r| r == 1), a);
        assert_eq!(y.value(), arr2(&[[0.0, 0.0], [3.0, 4.0]]).into_dyn());
        assert_eq!(tape.backward(y.square().sum())[a].sum(), 14.0);
    }
}
