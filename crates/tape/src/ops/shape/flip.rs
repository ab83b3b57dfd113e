//! `y[…, i, …] = x[…, n − 1 − i, …]`, backwards along some axes.
//!
//! ```text
//! x̄[…, n − 1 − i, …] += ȳ[…, i, …]
//! ```

use super::rearrange::{Arrangement, Places, Rearrange, steps};
use crate::{Misfit, Real, Shape, Var};

/// See the [module](self): the axes to turn round, counted from the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip(pub Shape);

impl Arrangement for Flip {
    fn places(&self, x: &[usize]) -> Result<Places, Misfit> {
        let wrong = |(k, &axis): (usize, &usize)| axis >= x.len() || self.0[..k].contains(&axis);
        if let Some((_, axis)) = self.0.iter().enumerate().find(|&entry| wrong(entry)) {
            return Err(Misfit::new(
                format!("axis {axis} among {} is not there, or named twice", x.len()),
                "name each axis that should turn round once",
            ));
        }
        let (mut steps, mut start) = (steps(x), 0);
        for &axis in &self.0 {
            start += x[axis].saturating_sub(1) * steps[axis] as usize;
            steps[axis] = -steps[axis];
        }
        Ok(Places { shape: x.into(), start, axes: x.iter().copied().zip(steps).collect() })
    }
}

impl<T: Real> Var<'_, T> {
    /// The elements in reverse order along each of `axes`; `-1` is the last.
    #[track_caller]
    pub fn flip(self, axes: &[isize]) -> Self {
        let axes = axes.iter().map(|&axis| self.axis("Flip", axis)).collect();
        self.apply(Rearrange(Flip(axes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::arr2;

    #[test]
    fn backward_matches_central_differences() {
        for (shape, axes) in
            [(&[2, 3, 4][..], &[0, 2][..]), (&[3], &[0]), (&[2, 0, 1], &[0, 1, 2]), (&[2, 2], &[])]
        {
            crate::gradcheck::op(Rearrange(Flip(Shape::from_slice(axes))), &[wave(shape)]).assert();
        }
    }

    #[test]
    fn rows_and_columns_turn_round() {
        let tape = Tape::new();
        let x = tape.leaf(arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
        let rows = arr2(&[[4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]).into_dyn();
        let both = arr2(&[[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]).into_dyn();
        assert_eq!((x.flip(&[0]).value(), x.flip(&[-1, 0]).value()), (rows, both));
    }

    #[test]
    fn an_axis_named_twice_is_refused() {
        let tape = Tape::<f64>::new();
        let flip = Rearrange(Flip(Shape::from_slice(&[1, 1])));
        assert_eq!(
            tape.try_apply(flip, &[tape.zeros(&[2, 3])]).unwrap_err().to_string(),
            "Flip of [2, 3]: axis 1 among 2 is not there, or named twice; \
             name each axis that should turn round once"
        );
    }
}
