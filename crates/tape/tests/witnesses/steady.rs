//! Recorded and swept again, no op allocates: whatever its axes, indices, numbers and masks.
//!
//! In the first rounds the tape learns how much memory the work takes; after that an op must find everything in what the
//! tape has kept.

use crate::witnesses::{
    counting::allocations,
    list::all,
    uneven,
    witness::{Function, Point},
};
use ndarray::ArrayD;
use smallvec::SmallVec;
use tape::{Real, Tape};

/// What returns a list of variables, or an array of places, must allocate that, once for each call.
const LISTS: [&str; 6] =
    [".split(", ".chunk(", ".split_at(", ".unbind(", ".max_axis(", ".min_axis("];

const WARM_UP: usize = 3;
const ROUNDS: usize = 6;

/// How often each round of record and sweep allocates.
fn rounds<T: Real>(f: Function<T>, point: &Point) -> [u64; ROUNDS] {
    let x: Vec<ArrayD<T>> = point.iter().map(|x| x.mapv(T::of)).collect();
    let mut cotangent = None;
    let mut tape = Tape::new();
    std::array::from_fn(|_| {
        tape.clear();
        allocations(|| {
            let vars: SmallVec<[_; 4]> = x.iter().map(|x| tape.leaf(x)).collect();
            let y = f(&tape, &vars);
            let c = cotangent.get_or_insert_with(|| uneven(&y.shape(), 2).mapv(T::of));
            drop(tape.backward_from(&[(y, c)]));
        })
    })
}

#[test]
fn recorded_and_swept_again_no_op_allocates() {
    let mut greedy = Vec::new();
    for w in all() {
        let lists: usize = LISTS.iter().map(|call| w.rule.text.matches(call).count()).sum();
        for (name, x) in w.each() {
            let numbers = rounds(w.rule.over_f64, x);
            let duals = rounds(w.rule.over_dual, x);
            if numbers[WARM_UP..].iter().chain(&duals[WARM_UP..]).any(|&n| n != lists as u64) {
                greedy.push(format!("{name}: {numbers:?}, over duals {duals:?}"));
            }
        }
    }
    assert!(greedy.is_empty(), "these allocate in every round:\n{}", greedy.join("\n"));
}

#[test]
fn the_first_round_is_seen_to_allocate() {
    let first = all().iter().map(|w| rounds(w.rule.over_f64, &w.points[0])[0]).min();
    assert!(first > Some(0));
}
