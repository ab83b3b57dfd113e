//! The one recursion of the gated cells is the one that is written out for Elman's network.

use crate::common;
use common::{
    Arrays, assert_agree,
    questions::{every_problem, every_truncation, title},
};
use ndarray::{Array1, Array2, ArrayView2, Axis, arr0};
use rnn::by_hand::{
    elman,
    recurrence::{Linear, Problem, Recurrence, State, gradients},
};

/// hₜ = tanh(xₜ W + hₜ₋₁ U + b), with its way back.
struct Elman {
    w: Array2<f64>,
    u: Array2<f64>,
    b: Array1<f64>,
}

impl Recurrence<f64, 1> for Elman {
    type Parameters = (Array2<f64>, Array2<f64>, Array1<f64>);
    type Kept = ();

    fn no_gradient(&self) -> Self::Parameters {
        (Array2::zeros(self.w.dim()), Array2::zeros(self.u.dim()), Array1::zeros(self.b.dim()))
    }

    fn step(&self, x: ArrayView2<'_, f64>, [h]: &State<f64, 1>) -> (State<f64, 1>, ()) {
        ([(x.dot(&self.w) + h.dot(&self.u) + &self.b).mapv(f64::tanh)], ())
    }

    fn step_back(
        &self,
        x: ArrayView2<'_, f64>,
        [before]: &State<f64, 1>,
        [after]: &State<f64, 1>,
        (): &(),
        [delta]: State<f64, 1>,
        (w, u, b): &mut Self::Parameters,
    ) -> (Array2<f64>, State<f64, 1>) {
        let da = delta * after.mapv(|h| 1.0 - h * h);
        *w += &x.t().dot(&da);
        *u += &before.t().dot(&da);
        *b += &da.sum_axis(Axis(0));
        (da.dot(&self.w.t()), [da.dot(&self.u.t())])
    }
}

/// By the one recursion, with the loss and every δₜ.
fn general(
    elman: &elman::Parameters<f64>,
    problem: &Problem<f64, 1>,
) -> (Arrays, Vec<Array2<f64>>) {
    let elman::Parameters { w, u, b, .. } = elman.clone();
    let got = gradients(&Elman { w, u, b }, problem);
    let ((w, u, b), Linear { v, c }) = (got.parameters, got.readout.unwrap());
    let [h0] = got.start;
    let arrays = [
        ("w", w.into_dyn()),
        ("u", u.into_dyn()),
        ("b", b.into_dyn()),
        ("v", v.into_dyn()),
        ("c", c.into_dyn()),
        ("h0", h0.into_dyn()),
        ("inputs", got.inputs.into_dyn()),
        ("loss", arr0(got.loss).into_dyn()),
    ];
    let deltas = got.deltas.into_iter().map(|[delta]| delta).collect();
    (arrays.map(|(name, array)| (name.to_owned(), array)).into(), deltas)
}

/// As it is written out.
fn special(
    parameters: &elman::Parameters<f64>,
    problem: &Problem<f64, 1>,
) -> (Arrays, Vec<Array2<f64>>) {
    let Problem { inputs, start: [h0], loss, reduction, rows, mask, truncation, .. } =
        problem.clone();
    let asked = elman::Problem {
        activation: elman::Activation::Tanh,
        readout: elman::Readout::After,
        inputs,
        h0,
        loss,
        reduction,
        rows,
        mask,
        truncation,
    };
    let mut arrays = common::derived(parameters, &asked);
    let inputs = elman::gradients(parameters, &asked).inputs;
    arrays.insert("inputs".into(), inputs.into_dyn());
    let run = elman::forward(parameters, &asked);
    (arrays, elman::backward(parameters, &asked, &run).total)
}

#[test]
fn elmans_step_gives_elmans_gradient_and_every_adjoint_on_the_way() {
    let parameters = common::parameters();
    let mut tried = 0;
    for mut problem in every_problem([4], 5).into_iter().filter(|asked| asked.readout.is_some()) {
        problem.readout = Some(Linear { v: parameters.v.clone(), c: parameters.c.clone() });
        for truncation in every_truncation(6) {
            problem.truncation = truncation;
            let ((got, got_each), (want, want_each)) =
                (general(&parameters, &problem), special(&parameters, &problem));
            assert_agree(&got, &want, 1e-12, title(&problem));
            assert_eq!(got_each.len(), want_each.len());
            for (got, want) in got_each.iter().zip(&want_each) {
                assert!((got - want).iter().all(|off| off.abs() < 1e-14), "{}", title(&problem));
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 16 * (1 + 6 + 6 * 6 * 4));
}
