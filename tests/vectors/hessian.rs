//! The Hessian of a case along a direction: its sweep, run over numbers that carry the direction.
//!
//! ```text
//! hv.X = d/dε grad.X(leaves + ε hv_v)  at ε = 0
//! ```
//!
//! The leaves are `Dual(x, hv_v)`, the cotangents constant; the tangents of the gradients are compared with `hv.*`
//! within 10⁻⁸ max(10⁻³, max |want|).

use crate::{
    ops::{Case, compare, evaluate},
    report::Skip,
};
use ndarray::{ArrayD, Zip};
use tape::Dual;

/// The worst error of a case that has the Hessian's product, or what failed.
pub(crate) fn judge(case: &Case<'_>) -> Result<Result<f64, String>, Skip> {
    let dual = |leaf: &&str| -> ArrayD<Dual<f64>> {
        let direction = case.floats(&format!("hv_v.{leaf}"));
        Zip::from(case.floats(leaf)).and(direction).map_collect(|&x, &v| Dual::new(x, v))
    };
    let leaves: Vec<_> = case.leaves.iter().map(dual).collect();
    let found = evaluate(case, &leaves)?;
    let mut worst = 0.0f64;
    for (leaf, gradient) in case.leaves.iter().zip(&found.gradients) {
        let path = format!("hv.{leaf}");
        let (got, want) = (gradient.mapv(|g| g.tangent), case.floats(&path));
        match compare(&path, &got, want, (1e-8, 1e-3)) {
            Ok(error) => worst = worst.max(error),
            failure => return Ok(failure),
        }
    }
    Ok(Ok(worst))
}
