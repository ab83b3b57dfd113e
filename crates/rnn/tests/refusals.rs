//! What does not fit a sequence, a layer, a run or a stepper, and what they say to it.

use rand::SeedableRng;
use rnn::{
    Cell, Elman, Input, ParamStore, Sequence, State, Stepper,
    bptt::{Truncation, Unrolling, Window},
    init::Uniform,
    layers::{Bidirectional, Layer, Merge, Recurrent, Residual},
};
use tape::Tape;

const T: usize = 5;
const B: usize = 5;
const X: usize = 3;

/// A new cell for inputs and outputs of the given widths.
fn cell(store: &mut ParamStore<f64>, inputs: usize, hidden: usize) -> Elman<f64> {
    let seed = store.len();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed as u64);
    Elman::new(store, &seed.to_string(), (inputs, hidden), &Uniform::recurrent(4), &mut rng)
        .unwrap()
}

fn refusal(act: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).unwrap_err();
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => (*other.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let tape = Tape::<f64>::new();
    let xs = || Sequence::time_major(Input::Dense(tape.zeros(&[T, B, X])));
    let refused = |lengths: &[usize]| xs().with_lengths(lengths).unwrap_err().to_string();
    assert_eq!(
        refused(&[1, 2, 3]),
        "3 lengths: the batch has 5 rows; give one length for each row, 0 for an empty one"
    );
    assert_eq!(
        refused(&[5, 5, 6, 0, 7]),
        "a length of 6 for row 2: the sequence has 5 steps; pad the inputs to the longest row"
    );
}

#[test]
fn what_does_not_fit_a_layer_is_named() {
    let mut store = ParamStore::new();
    let (cell, wide) = (cell(&mut store, X, 4), cell(&mut store, X, 6));
    let tape = Tape::<f64>::new();
    let p = store.bind(&tape);
    let xs = || Sequence::time_major(Input::Dense(tape.zeros(&[T, B, X])));
    let layer = Recurrent(cell.clone());

    let state_of_another = [wide.zeros(&tape, B)];
    let text = "a state of shapes [[5, 6]]: for a batch of 5 rows this cell carries [[5, 4]]; carry a state \
                between batches of one size and steps of one cell only; begin another batch with `zeros`";
    assert_eq!(layer.check(&xs(), &state_of_another).unwrap_err().to_string(), text);
    assert_eq!(refusal(|| drop(layer.run(p, &xs(), &state_of_another))), text);
    assert!(layer.check(&xs(), &[]).unwrap_err().to_string().starts_with("a state of shapes []: "));

    let features = Sequence::time_major(Input::Dense(tape.zeros(&[T, B, X + 1])));
    assert_eq!(
        refusal(|| drop(layer.run(p, &features, &[cell.zeros(&tape, B)]))),
        "Affine of [5, 5, 4] and [3, 4] and [4]: the input's last axis is 4, the weight's first 3; \
         the weight is [in, out]: transpose it, or reshape the input"
    );
    assert_eq!(
        refusal(|| drop(Sequence::time_major(Input::Dense(tape.zeros(&[T, X]))))),
        "a sequence of inputs [.., X] with [5] before the last axis: it is [T, B, X]; \
         add the axis that is missing (`unsqueeze`), or name the layout by `batch_major`"
    );
    let uneven = Bidirectional::new(Recurrent(cell.clone()), Recurrent(wide), Merge::Mean);
    assert_eq!(
        refusal(|| drop(uneven.run(p, &xs(), &uneven.zero_states(&tape, B)))),
        "the two directions put out [5, 5, 4] and [5, 5, 6], of which there is no Mean; \
         make them equally wide, or let them stand side by side (`Merge::Concat`)"
    );
    let residual = Residual::new(Recurrent(cell.clone()));
    assert_eq!(
        refusal(|| drop(residual.run(p, &xs(), &residual.zero_states(&tape, B)))),
        "x + F(x) of x [5, 5, 3] and F(x) [5, 5, 4]: both must be equally wide; \
         bring x to the width of F first, by a `Linear` say"
    );
}

#[test]
fn a_run_refuses_the_state_of_another_batch_or_cell() {
    let mut store = ParamStore::new();
    let cell = cell(&mut store, X, 4);
    let tape = Tape::<f64>::new();
    for window in [Truncation::Full, Truncation::Window(Window::new(1, 3).unwrap())] {
        let mut run = Unrolling::new(&tape, &cell, window, cell.zeros(&tape, 2));
        let p = store.bind(&tape);
        let xs = |batch| Input::Dense(tape.zeros(&[1, batch, X]));
        run.advance(p, xs(2));
        let nodes = tape.len();
        let three = xs(3);
        let refused = run.try_advance(p, &three).unwrap_err().to_string();
        assert_eq!(
            refused,
            "a state of shapes [[2, 4]]: for a batch of 3 rows this cell carries [[3, 4]]; carry a state \
             between batches of one size and steps of one cell only; begin another batch with `zeros`"
        );
        assert_eq!(tape.len(), nodes + 1, "only the inputs are there");
        let backwards = Sequence::from(&xs(2)).reversed();
        assert_eq!(
            run.try_advance(p, backwards).unwrap_err().to_string(),
            "a block of a sequence that is read from its end: windows follow each other forwards in time; \
             run it as a whole (`Cell::run`), or reverse the data"
        );
        run.advance(p, xs(2));
    }
}

#[test]
fn a_mask_is_one_flag_for_each_row() {
    let tape = Tape::<f64>::new();
    let state = tape.zeros(&[3, 4]);
    assert_eq!(
        refusal(|| _ = state.reset_rows(&[true, false])),
        "ChooseRows of [2] and [3, 4]: 2 flags are not one for each row of [3, 4]; \
         give as many flags as the batch has rows"
    );
}

#[test]
fn what_a_stepper_cannot_take_is_named() {
    let mut store = ParamStore::new();
    let cell = cell(&mut store, X, 4);
    let mut stepper = Stepper::new(&cell, &store, 2);
    let three = Stepper::new(&cell, &store, 3).state().to_vec();
    assert_eq!(
        stepper.set_state(&three).unwrap_err().to_string(),
        "a state of shapes [[3, 4]]: for a batch of 2 rows this cell carries [[2, 4]]; carry a state \
         between batches of one size and steps of one cell only; begin another batch with `zeros`"
    );
    assert_eq!(
        refusal(|| drop(stepper.step(ndarray::Array2::zeros((3, X))).clone())),
        "inputs for [3] in a step of 2 rows: they are [B, X]; make a stepper for each size of batch"
    );
    assert_eq!(
        stepper.state()[0],
        ndarray::ArrayD::<f64>::zeros(vec![2, 4]),
        "nothing has happened"
    );
    assert_eq!(stepper.time(), 0);
}
