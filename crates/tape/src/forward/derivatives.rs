//! Products with Jacobians and Hessians, and these themselves.

use crate::{Dual, Error, Result, Tape, Var};
use ndarray::{Array2, ArrayD, Zip};

/// A tape in double precision that carries tangents.
type Tangents = Tape<Dual<f64>>;

/// One array for each input.
type Arrays = Vec<ArrayD<f64>>;

/// `f(x)` and `J v`, its derivative along `v`: `(y, ẏ)`.
///
/// ```
/// use ndarray::arr1;
/// let (x, v) = (arr1(&[1.0, 2.0]).into_dyn(), arr1(&[1.0, -1.0]).into_dyn());
/// let (y, dy) = tape::jvp(|_, x| x[0].square(), &[x], &[v])?;
/// assert_eq!(y, arr1(&[1.0, 4.0]).into_dyn());
/// assert_eq!(dy, arr1(&[2.0, -4.0]).into_dyn());
/// # Ok::<(), tape::Error>(())
/// ```
///
/// # Errors
/// When `x` and `v` are not alike.
pub fn jvp<F>(f: F, x: &[ArrayD<f64>], v: &[ArrayD<f64>]) -> Result<(ArrayD<f64>, ArrayD<f64>)>
where
    F: for<'t> Fn(&'t Tangents, &[Var<'t, Dual<f64>>]) -> Var<'t, Dual<f64>>,
{
    let tape = Tape::new();
    let x = leaves(&tape, x, v)?;
    let y = f(&tape, &x).value();
    Ok((y.mapv(|y| y.value), y.mapv(|y| y.tangent)))
}

/// The gradient of a scalar function and `H v`, the change of the gradient along `v`: one array for each input.
///
/// ```
/// use ndarray::arr1;
/// let (x, v) = (arr1(&[1.0, 2.0]).into_dyn(), arr1(&[1.0, 0.0]).into_dyn());
/// let (gradient, hv) = tape::hvp(|_, x| (x[0].square() * x[0]).sum(), &[x], &[v])?;
/// assert_eq!(gradient[0], arr1(&[3.0, 12.0]).into_dyn());
/// assert_eq!(hv[0], arr1(&[6.0, 0.0]).into_dyn());
/// # Ok::<(), tape::Error>(())
/// ```
///
/// # Errors
/// When `x` and `v` are not alike, or `f` does not give one number.
pub fn hvp<F>(f: F, x: &[ArrayD<f64>], v: &[ArrayD<f64>]) -> Result<(Arrays, Arrays)>
where
    F: for<'t> Fn(&'t Tangents, &[Var<'t, Dual<f64>>]) -> Var<'t, Dual<f64>>,
{
    let tape = Tape::new();
    let x = leaves(&tape, x, v)?;
    let gradients = tape.try_backward(f(&tape, &x))?;
    let part = |part: fn(&Dual<f64>) -> f64| x.iter().map(|&x| gradients[x].map(part)).collect();
    Ok((part(|g| g.value), part(|g| g.tangent)))
}

/// `J`, as a matrix `[elements of f(x), elements of x]`, for a function of one array.
///
/// By rows (a sweep for each output) or by columns (a run for each input), whichever are fewer.
///
/// # Errors
/// None but those of the tape.
pub fn jacobian<F>(f: F, x: &ArrayD<f64>) -> Result<Array2<f64>>
where
    F: for<'t> Fn(&'t Tangents, &[Var<'t, Dual<f64>>]) -> Var<'t, Dual<f64>>,
{
    let tape = Tape::new();
    let leaf = leaves(&tape, std::slice::from_ref(x), &[ArrayD::zeros(x.raw_dim())])?;
    let y = f(&tape, &leaf);
    let shape = y.shape();
    let outputs: usize = shape.iter().product();
    let mut jacobian = Array2::zeros((outputs, x.len()));
    if outputs <= x.len() {
        for (k, mut row) in jacobian.rows_mut().into_iter().enumerate() {
            let cotangent = unit(&shape, k).mapv(|one| Dual::new(one, 0.0));
            let gradients = tape.try_backward_from(&[(y, &cotangent)])?;
            row.iter_mut().zip(&gradients[leaf[0]]).for_each(|(entry, g)| *entry = g.value);
        }
    } else {
        for (k, mut column) in jacobian.columns_mut().into_iter().enumerate() {
            let (_, dy) = jvp(&f, std::slice::from_ref(x), &[unit(x.shape(), k)])?;
            column.iter_mut().zip(&dy).for_each(|(entry, &dy)| *entry = dy);
        }
    }
    Ok(jacobian)
}

/// `H`, as a matrix `[elements of x, elements of x]`, for a scalar function of one array.
///
/// # Errors
/// When `f` does not give one number.
pub fn hessian<F>(f: F, x: &ArrayD<f64>) -> Result<Array2<f64>>
where
    F: for<'t> Fn(&'t Tangents, &[Var<'t, Dual<f64>>]) -> Var<'t, Dual<f64>>,
{
    let mut hessian = Array2::zeros((x.len(), x.len()));
    for (k, mut column) in hessian.columns_mut().into_iter().enumerate() {
        let (_, hv) = hvp(&f, std::slice::from_ref(x), &[unit(x.shape(), k)])?;
        column.iter_mut().zip(&hv[0]).for_each(|(entry, &hv)| *entry = hv);
    }
    Ok(hessian)
}

fn leaves<'t>(
    tape: &'t Tangents,
    x: &[ArrayD<f64>],
    v: &[ArrayD<f64>],
) -> Result<Vec<Var<'t, Dual<f64>>>> {
    let alike = x.len() == v.len() && x.iter().zip(v).all(|(x, v)| x.shape() == v.shape());
    if !alike {
        let shapes =
            |arrays: &[ArrayD<f64>]| arrays.iter().map(|a| a.shape().to_vec()).collect::<Vec<_>>();
        return Err(Error::Argument {
            op: "forward mode",
            what: format!("points of shapes {:?}, directions of shapes {:?}", shapes(x), shapes(v)),
            remedy: "give each input a direction of its own shape",
        });
    }
    let pair = |(x, v)| tape.leaf(Zip::from(x).and(v).map_collect(|&x, &v| Dual::new(x, v)));
    Ok(x.iter().zip(v).map(pair).collect())
}

/// All zeros but a one at place `k`.
fn unit(shape: &[usize], k: usize) -> ArrayD<f64> {
    let mut unit = ArrayD::zeros(shape);
    unit.iter_mut().skip(k).take(1).for_each(|one| *one = 1.0);
    unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, arr2};

    #[test]
    fn a_jacobian_is_the_same_by_rows_and_by_columns() {
        let w = arr2(&[[0.3, -1.0, 2.0], [1.5, 0.2, -0.4]]);
        let matrix = w.mapv(|w| Dual::new(w, 0.0));
        let x = arr1(&[0.5, -0.7, 0.1]).into_dyn();
        let wide = jacobian(|tape, x| tape.constant(&matrix).matmul(x[0]), &x).unwrap();
        assert_eq!(wide, w);
        let x = arr1(&[0.5, -0.7]).into_dyn();
        let tall = jacobian(|tape, x| x[0].matmul(tape.constant(&matrix)), &x).unwrap();
        assert_eq!(tall, w.t());
    }

    #[test]
    fn a_hessian_is_symmetric_and_exact() {
        // f = x₀² x₁ + tanh x₁
        let x = arr1(&[2.0, 0.5]).into_dyn();
        let h = hessian(
            |_, x| x[0].select(0, 0).square() * x[0].select(0, 1) + x[0].select(0, 1).tanh(),
            &x,
        )
        .unwrap();
        let t = 0.5f64.tanh();
        let expected = arr2(&[[1.0, 4.0], [4.0, -2.0 * t * (1.0 - t * t)]]);
        approx::assert_abs_diff_eq!(h, expected, epsilon = 1e-14);
    }

    #[test]
    fn directions_must_be_alike() {
        let error = jvp(|_, x| x[0], &[arr1(&[1.0]).into_dyn()], &[]).unwrap_err();
        assert!(error.to_string().contains("give each input a direction of its own shape"));
    }
}
