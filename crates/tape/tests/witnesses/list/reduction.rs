//! Many numbers made one.

use crate::witnesses::witness::{Point, Witness, at, one, rule};
use tape::Over;

/// Arrays with two axes or more.
fn arrays(low: f64, high: f64) -> Vec<Point> {
    at(low, high, &[&[&[2, 3]], &[&[4, 2]], &[&[2, 3, 4]]])
}

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    let x = || arrays(-2.0, 2.0);
    let rows = "reduction/norm";
    vec![
        w("reduction/amax", rule!(|_, x| x[0].amax(1)), x()),
        w("reduction/amax", rule!(|_, x| x[0].amax([0, 1])), x()),
        w("reduction/amin", rule!(|_, x| x[0].amin(-1)), x()),
        w("reduction/amin", rule!(|_, x| x[0].amin(Over::from(0).keep())), x()),
        w("reduction/cumsum", rule!(|_, x| x[0].cumsum(1)), x()),
        w("reduction/cumsum", rule!(|_, x| x[0].cumsum_reverse(0)), x()),
        w("reduction/logsumexp", rule!(|_, x| x[0].logsumexp(-1)), x()),
        w("reduction/logsumexp", rule!(|_, x| x[0].logsumexp(Over::all())), x()),
        w("reduction/max_axis", rule!(|_, x| x[0].max_axis(0).0), x()),
        w("reduction/max_axis", rule!(|_, x| x[0].min_axis(-1).0), x()),
        w("reduction/mean", rule!(|_, x| x[0].mean()), one(-2.0, 2.0)),
        w("reduction/mean", rule!(|_, x| x[0].mean_axis(1)), x()),
        w("reduction/mean", rule!(|_, x| x[0].mean_over([0, -1])), x()),
        w(rows, rule!(|_, x| x[0].norm(2.0, Over::all())), one(-2.0, 2.0)),
        w(rows, rule!(|_, x| x[0].norm(2.0, 1)), x()),
        w(rows, rule!(|_, x| x[0].norm(1.0, 0)), x()),
        w(rows, rule!(|_, x| x[0].norm(3.5, 0)), x()),
        w(rows, rule!(|_, x| x[0].norm(0.5, -1)), x()),
        w(rows, rule!(|_, x| x[0].norm(-1.5, -1)), x()),
        w(rows, rule!(|_, x| x[0].norm(f64::INFINITY, 1)), x()),
        w(rows, rule!(|_, x| x[0].norm(f64::NEG_INFINITY, 1)), x()),
        w(rows, rule!(|_, x| x[0].norm(0.0, 1)), x()).without_gradient("it counts what is not 0"),
        w("reduction/prod", rule!(|_, x| x[0].prod(1)), x()),
        w("reduction/prod", rule!(|_, x| x[0].prod([0, 1])), x()),
        w("reduction/std", rule!(|_, x| x[0].std(1, 1.0)), x()),
        w("reduction/std", rule!(|_, x| x[0].std(Over::all(), 0.0)), x()),
        w("reduction/sum", rule!(|_, x| x[0].sum()), one(-2.0, 2.0)),
        w("reduction/sum", rule!(|_, x| x[0].sum_axis(0)), x()),
        w("reduction/sum", rule!(|_, x| x[0].sum_over(Over::from([0, -1]).keep())), x()),
        w("reduction/variance", rule!(|_, x| x[0].var(0, 1.0)), x()),
        w("reduction/variance", rule!(|_, x| x[0].var([0, 1], 0.0)), x()),
    ]
}
