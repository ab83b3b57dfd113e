//! A gated cell that forgets half of its state on the way back.

use crate::common;
use ndarray::{Array2, Array3, ArrayView2, Axis};
use rnn::{
    ParamStore,
    by_hand::{
        loss::Loss,
        lstm::Lstm,
        recurrence::{self, Recurrence, State},
    },
    compare::{Cause, Inquiry, Named, suspects, views},
};

/// An LSTM on paper that forgets what comes back through one part of its state.
struct Forgetful(Lstm<f64>, usize);

impl Recurrence<f64, 2> for Forgetful {
    type Parameters = <Lstm<f64> as Recurrence<f64, 2>>::Parameters;
    type Kept = <Lstm<f64> as Recurrence<f64, 2>>::Kept;

    fn no_gradient(&self) -> Self::Parameters {
        self.0.no_gradient()
    }
    fn step(&self, x: ArrayView2<'_, f64>, s: &State<f64, 2>) -> (State<f64, 2>, Self::Kept) {
        self.0.step(x, s)
    }
    fn step_back(
        &self,
        x: ArrayView2<'_, f64>,
        before: &State<f64, 2>,
        after: &State<f64, 2>,
        kept: &Self::Kept,
        delta: State<f64, 2>,
        sum: &mut Self::Parameters,
    ) -> (Array2<f64>, State<f64, 2>) {
        let (dx, mut back) = self.0.step_back(x, before, after, kept, delta, sum);
        back[self.1].fill(0.0);
        (dx, back)
    }
}

#[test]
fn the_forgotten_half_of_an_lstm_is_found_by_the_tape() {
    let array = |rows, columns, k| {
        Array2::from_shape_fn((rows, columns), |(i, j)| 0.7 * common::wave(i, j, k))
    };
    let b = array(1, 12, 3).row(0).to_owned();
    let hand = Lstm::new(array(2, 12, 1), array(3, 12, 2), b);
    let mut store = ParamStore::new();
    let form = rnn::cells::lstm::Form::default();
    let mut rng: rand_chacha::ChaCha8Rng = rand::SeedableRng::seed_from_u64(1);
    let cell =
        rnn::Lstm::new(&mut store, "rnn", (2, 3), form, &rnn::init::Zeros, &mut rng).unwrap();
    *store.get_mut(cell.w) = hand.parameters.w.clone().into_dyn();
    *store.get_mut(cell.u) = hand.parameters.u.clone().into_dyn();
    *store.get_mut(cell.b.unwrap()) = hand.parameters.b.clone().into_dyn();

    let inputs = Array3::from_shape_fn((5, 2, 2), |(t, i, j)| common::wave(t, i, j));
    let targets = Array3::from_shape_fn((5, 2, 3), |(t, i, j)| common::wave(j, t, i));
    let start = [array(2, 3, 4), array(2, 3, 5)];
    let loss = Loss::SquaredError { half: true, targets: targets.clone() };
    let problem = recurrence::Problem::new(inputs.clone(), start.clone(), loss);
    let as_stored = |p: &rnn::by_hand::lstm::Parameters<f64>| -> Named {
        let named = p.named().into_iter().take(3);
        named.map(|(name, array)| (format!("rnn.{name}"), array.to_owned())).collect()
    };
    let right = as_stored(&recurrence::gradients(&hand, &problem).parameters);
    let start = start.map(Array2::into_dyn);
    let suspects = suspects::of_cell(&cell, &store, &inputs, &start, |p, t, h| {
        h.half_squared_error(p.tape().constant(targets.index_axis(Axis(0), t)))
    });
    let inquiry = Inquiry::new().with_suspects(suspects.unwrap());
    for part in 0..2 {
        let forgetful = Forgetful(hand.clone(), part);
        let wrong = as_stored(&recurrence::gradients(&forgetful, &problem).parameters);
        let report = inquiry.compare(views(&wrong), views(&right));
        assert_eq!(report.cause(), Some(&Cause::MissingRecurrentTerm { part }), "{report}");
    }
    for (k, truncation) in
        [(1, 1), (3, 3)].map(|(k, n)| (k, rnn::by_hand::truncation::Truncation::Blocks(n)))
    {
        let cut = recurrence::Problem { truncation, ..problem.clone() };
        let wrong = as_stored(&recurrence::gradients(&hand, &cut).parameters);
        let report = inquiry.compare(views(&wrong), views(&right));
        let cause =
            if k == 1 { Cause::DirectPartOnly } else { Cause::Truncated { k, blocks: true } };
        assert_eq!(report.cause(), Some(&cause), "{report}");
    }
}
