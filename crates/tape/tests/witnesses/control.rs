//! What is not an op allocates nothing either: formulas of one's own, pauses, hooks, half sweeps, segments, cuts.
//!
//! Closures that capture nothing take no memory; one that captures is boxed once where it is set.

use crate::witnesses::counting::allocations;
use ndarray::arr1;
use tape::{Formula, Pointwise, Preactivation, Real, Tape, Var};

const WARM_UP: usize = 3;
const ROUNDS: usize = 8;

/// Repeats `round` on a tape that is cleared in between: after the warm-up it allocates nothing.
fn settles(round: impl for<'t> Fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>) {
    let start = arr1(&[0.3, -0.8, 1.2]);
    let mut tape = Tape::new();
    let counts: [u64; WARM_UP + ROUNDS] = std::array::from_fn(|_| {
        tape.clear();
        allocations(|| {
            let x = tape.leaf(&start);
            let y = round(&tape, x).sum();
            assert!(tape.backward(y)[x].iter().all(|dx| dx.is_finite() && *dx != 0.0));
        })
    });
    assert!(counts[0] > 0, "the first round cannot do without");
    assert_eq!(counts[WARM_UP..], [0; ROUNDS], "after {:?} in the warm-up", &counts[..WARM_UP]);
}

#[test]
fn a_pointwise_formula_allocates_nothing() {
    let gate = Pointwise::new(|[g, x]| [g.sigmoid() * x.tanh() + (1.0 - g) * x, g * x]);
    settles(|_, x| {
        let [y, z] = gate.apply(&[x * 2.0, x]);
        y * z
    });
    settles(|tape, x| {
        let (x, weight) = (x.reshape([1, 3]), tape.constant([0.5; 9]).reshape([3, 3]));
        gate.activate(Preactivation::matmul(x, weight), &[x])[0].reshape([3])
    });
}

/// Linear beyond 1, quadratic below.
#[derive(Debug, Clone, Copy)]
struct Hinge;

impl Formula<1, 1> for Hinge {
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        if x > R::ONE { [x * R::of(2.0) - R::ONE] } else { [x * x] }
    }
}

#[test]
fn a_branching_formula_allocates_nothing() {
    settles(|tape, x| tape.branching(Hinge, [x])[0]);
}

#[test]
fn numbers_from_elsewhere_allocate_nothing() {
    settles(|tape, x| tape.precomputed([1.0, 2.0, 3.0], &[(x, [0.5; 3]), (x * 2.0, [0.1; 3])]));
}

#[test]
fn a_pause_a_detached_value_and_a_watched_one_allocate_nothing() {
    settles(|tape, x| {
        let scale = tape.no_grad(|| x.square().sum().sqrt());
        (x / scale).watch() * x.detach().exp()
    });
}

#[test]
fn hooks_allocate_nothing() {
    settles(|_, x| x.tanh().hook(|mut dy| dy *= 0.5).hook(|dy| assert_eq!(dy.len(), 3)).square());
}

#[test]
fn labels_known_before_and_sections_allocate_nothing() {
    settles(|tape, x| {
        tape.section("step");
        x.tanh().label("h").square()
    });
}

#[test]
fn a_sweep_in_halves_allocates_nothing() {
    settles(|tape, x| {
        let h = x.tanh();
        let mark = tape.mark();
        let half = tape.backward_until(h.square().sum(), mark);
        let mut whole = tape.backward_resume(half, mark);
        tape.backward_into(&mut whole, h.sum());
        h
    });
}

#[test]
fn a_segment_that_is_recorded_twice_allocates_nothing() {
    settles(|tape, x| {
        let y = tape.checkpoint(&[x, x.exp()], |_, x| (x[0] * x[1]).tanh().dropout(0.2, 7, 3));
        tape.checkpoint(&[y, x], |tape, x| {
            tape.checkpoint(&[x[0]], |_, x| x[0].sigmoid()) + x[1].square()
        })
    });
}

#[test]
fn a_stream_that_is_cut_and_detached_allocates_nothing() {
    let tape = Tape::<f64>::new();
    let mut h = tape.leaf([0.1, 0.2]);
    let counts: [u64; WARM_UP + ROUNDS] = std::array::from_fn(|_| {
        allocations(|| {
            for _ in 0..50 {
                let mark = tape.mark();
                h = (h * 0.9).tanh().detach();
                tape.cut(mark);
            }
        })
    });
    assert_eq!(counts[WARM_UP..], [0; ROUNDS], "after {:?} in the warm-up", &counts[..WARM_UP]);
}
