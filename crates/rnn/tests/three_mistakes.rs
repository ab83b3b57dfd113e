//! Three ways to get it wrong: what introductions to backpropagation through time say, taken literally.
//!
//! The problem is the golden one of five steps, tanh, whose gradient is known from elsewhere.

use crate::posed::golden_problem;
use ndarray::{Array1, Array2, Axis};
use rnn::{
    by_hand::elman::{Adjoints, Forward, Parameters, Problem, backward, forward, gradients},
    compare::{Cause, Inquiry, Named, suspects, views},
};

struct Golden {
    parameters: Parameters<f64>,
    problem: Problem<f64>,
    run: Forward<f64>,
    adjoints: Adjoints<f64>,
    right: Named,
}

fn golden_of_five() -> Golden {
    let (parameters, problem) = golden_problem("tanh", 5);
    let run = forward(&parameters, &problem);
    let adjoints = backward(&parameters, &problem, &run);
    let right = gradients(&parameters, &problem);
    let named = right.named().into_iter().take(3);
    let right = named.map(|(name, g)| (name.to_owned(), g.to_owned())).collect();
    Golden { parameters, problem, run, adjoints, right }
}

impl Golden {
    /// J_t, of which entry [i, j] is ∂hₜ[i]/∂hₜ₋₁[j]: diag(f′(aₜ)) Uᵀ for rows.
    fn jacobian(&self, t: usize) -> Array2<f64> {
        let slope = self.run.states[t].row(0).mapv(|h| 1.0 - h * h);
        Array2::from_diag(&slope).dot(&self.parameters.u.t())
    }

    /// dW, dU and db if `deltas` (t = 1 … 5) were dL/dhₜ.
    fn gradient_of(&self, deltas: &[Array1<f64>]) -> Named {
        let Parameters { w, u, b, .. } = &self.parameters;
        let (mut dw, mut du) = (Array2::zeros(w.dim()), Array2::zeros(u.dim()));
        let mut db = Array1::zeros(b.len());
        for (t, delta) in (1..).zip(deltas) {
            let da = delta * &self.run.states[t].row(0).mapv(|h| 1.0 - h * h);
            let da = da.insert_axis(Axis(0));
            dw += &self.problem.inputs.index_axis(Axis(0), t - 1).t().dot(&da);
            du += &self.run.states[t - 1].t().dot(&da);
            db += &da.row(0);
        }
        let all = [("w", dw.into_dyn()), ("u", du.into_dyn()), ("b", db.into_dyn())];
        all.map(|(name, array)| (name.to_owned(), array)).to_vec()
    }

    fn direct(&self, t: usize) -> Array1<f64> {
        self.adjoints.direct[t].row(0).to_owned()
    }

    fn inquiry(&self) -> Inquiry {
        let suspects = suspects::elman(&self.parameters, &self.problem);
        Inquiry::new().with_lengths(5, 1).with_suspects(suspects)
    }

    /// ‖wrong − right‖ / ‖right‖ and the cosine between them, for dL/dU.
    fn apart(&self, wrong: &Named) -> (f64, f64) {
        let (wrong, right) = (&wrong[1].1, &self.right[1].1);
        let norm = |a: &ndarray::ArrayD<f64>| a.mapv(|x| x * x).sum().sqrt();
        (norm(&(wrong - right)) / norm(right), (wrong * right).sum() / (norm(wrong) * norm(right)))
    }
}

#[test]
fn the_right_deltas_give_the_right_gradient() {
    let golden = golden_of_five();
    let deltas: Vec<_> = (1..=5).map(|t| golden.adjoints.total[t].row(0).to_owned()).collect();
    let report =
        golden.inquiry().compare(views(&golden.gradient_of(&deltas)), views(&golden.right));
    assert!(report.agrees_within(1e-13), "{report}");
}

/// First: "dL/dW = Σₜ dLₜ/dhₜ ∂hₜ/∂W", with the derivative of the loss at t alone.
#[test]
fn the_direct_part_taken_for_the_whole_is_off_by_a_fifth() {
    let golden = golden_of_five();
    let deltas: Vec<_> = (1..=5).map(|t| golden.direct(t)).collect();
    let wrong = golden.gradient_of(&deltas);
    let (relative, cosine) = golden.apart(&wrong);
    assert_eq!(format!("{relative:.3} {cosine:.3}"), "0.186 0.984");
    let report = golden.inquiry().compare(views(&wrong), views(&golden.right));
    assert_eq!(report.cause(), Some(&Cause::DirectPartOnly), "{report}");
    let said = "likely cause: direct part only: nothing comes back through time (w, u, b)";
    assert!(report.to_string().ends_with(said), "{report}");
}

/// What stands for dL_k/dh_k, given k and what has been found so far.
type Later<'a> = dyn Fn(usize, &[Array1<f64>]) -> Array1<f64> + 'a;

/// Second: "dL/dhₜ = dLₜ/dhₜ + Σ_{k>t} dL/dh_k ∂h_k/∂hₜ", with totals on the right as well. A path from k to t is then
/// counted once for each state it passes.
#[test]
fn totals_in_the_sum_over_later_steps_count_paths_again_and_again() {
    let golden = golden_of_five();
    let sum = |of: &Later<'_>| {
        let mut deltas: Vec<Array1<f64>> = Vec::new(); // from t = 5 down
        for t in (1..=5).rev() {
            let mut delta = golden.direct(t);
            let mut product = Array2::eye(4);
            for k in t + 1..=5 {
                product = golden.jacobian(k).dot(&product); // ∂h_k/∂hₜ
                delta += &of(k, &deltas).dot(&product);
            }
            deltas.push(delta);
        }
        deltas.reverse();
        golden.gradient_of(&deltas)
    };
    let twice = sum(&|k, deltas| deltas[5 - k].clone());
    let (relative, _) = golden.apart(&twice);
    assert_eq!(format!("{relative:.3}"), "0.040");
    let report = golden.inquiry().compare(views(&twice), views(&golden.right));
    assert_eq!(report.cause(), None, "{report}");
    // With the direct parts it is right.
    let once = sum(&|k, _| golden.direct(k));
    let report = golden.inquiry().compare(views(&once), views(&golden.right));
    assert!(report.agrees_within(1e-13), "{report}");
}

/// Third: "∂h_k/∂hₜ = Π f′(a) W", as if factors commuted and f′ were a number.
#[test]
fn jacobians_in_the_wrong_order_are_another_product() {
    let golden = golden_of_five();
    let by_order = |reversed: bool| {
        let deltas = (1..=5).map(|t| {
            let mut delta = golden.direct(t);
            for k in t + 1..=5 {
                let product = (t + 1..=k).fold(Array2::eye(4), |product, j| {
                    let jacobian = golden.jacobian(j);
                    if reversed { product.dot(&jacobian) } else { jacobian.dot(&product) }
                });
                delta += &golden.direct(k).dot(&product);
            }
            delta
        });
        golden.gradient_of(&deltas.collect::<Vec<_>>())
    };
    let right = golden.inquiry().compare(views(&by_order(false)), views(&golden.right));
    assert!(right.agrees_within(1e-13), "{right}");
    let wrong = by_order(true);
    let (relative, _) = golden.apart(&wrong);
    assert_eq!(format!("{relative:.3}"), "0.015");
    let report = golden.inquiry().compare(views(&wrong), views(&golden.right));
    assert!(!report.agrees_within(1e-3) && report.cause().is_none(), "{report}");
}
