//! What the tape says when it is misused, and at whose line.

use ndarray::{ArrayD, arr1};
use rnn::ParamStore;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Arc, Mutex},
    thread,
};
use tape::{Error, Misfit, Shapes, Tape, ops};

fn zeros(shape: &[usize]) -> ArrayD<f64> {
    ArrayD::zeros(shape)
}

#[test]
fn shapes_that_do_not_fit_are_told_with_the_rule_and_the_way_out() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.leaf(zeros(&[2, 3])), tape.leaf(zeros(&[2, 4])));
    let error = tape.try_apply(tape::Broadcast(ops::arithmetic::add::Add), &[a, b]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Add of [2, 3] and [2, 4]: axis -1 is 3 in one and 4 in the other; lengths must be equal, or one of \
         them 1; reshape one operand so that its axes line up from the right"
    );
    let Error::Shape { op, shapes, misfit } = error else { panic!("{error}") };
    assert_eq!((op, shapes), ("Add", Shapes(vec![a.shape(), b.shape()])));
    assert_eq!(misfit.remedy, "reshape one operand so that its axes line up from the right");

    let error = tape.try_apply(ops::reduction::sum::Sum(tape::Over::all()), &[a, b]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Sum of [2, 3] and [2, 4]: it takes 1 inputs, but was given 2; apply it to as many variables as it takes"
    );
    let shapes = Shapes(Vec::new());
    let error = Error::Shape { op: "Own", shapes, misfit: Misfit::new("a rule", "a remedy") };
    assert_eq!(error.to_string(), "Own of no inputs: a rule; a remedy");
}

#[test]
fn a_sweep_from_an_array_is_told_how_to_become_one_from_a_number() {
    let tape = Tape::<f64>::new();
    assert_eq!(
        tape.try_backward(tape.leaf(zeros(&[2, 3]))).unwrap_err().to_string(),
        "backward from a variable of shape [2, 3]: a gradient is that of one number; reduce it (`.sum()`, \
         `.mean()`), or give a cotangent of this shape to `backward_from`"
    );
}

#[test]
fn a_cotangent_that_does_not_fit_is_told_both_shapes() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(zeros(&[2, 3]));
    assert_eq!(
        tape.try_backward_from(&[(x, &zeros(&[3, 2]))]).unwrap_err().to_string(),
        "backward_from: the variable is [2, 3] but its cotangent is [3, 2]; they must be equal"
    );
}

#[test]
fn a_variable_of_another_tape_is_told_how_to_come_over() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, y) = (tape.leaf(1.0), other.leaf(2.0));
    let remedy = "read its value there and put it on this one (`tape.constant(var.value())`)";
    let error = tape.try_apply(ops::shape::stack::Stack, &[x, y]).unwrap_err();
    assert_eq!(error.to_string(), format!("Stack: node 0 belongs to another tape; {remedy}"));
    let error = tape.try_backward(y).unwrap_err();
    assert_eq!(error.to_string(), format!("backward: node 0 belongs to another tape; {remedy}"));
    let gradients = tape.backward(x);
    let error = gradients.get(y).unwrap_err();
    assert_eq!(error.to_string(), format!("gradient: node 0 belongs to another tape; {remedy}"));
}

#[test]
fn a_mark_of_another_tape_is_told_what_was_asked_of_it() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let x = tape.leaf(1.0);
    let remedy = "read its value there and put it on this one (`tape.constant(var.value())`)";
    let told = |what: &str| format!("{what}: node 0 belongs to another tape; {remedy}");
    assert_eq!(tape.try_cut(other.mark()).unwrap_err().to_string(), told("cut"));
    let error = tape.try_backward_until(x, other.mark()).unwrap_err();
    assert_eq!(error.to_string(), told("backward_until"));
    let half = tape.backward_until(x, tape.mark());
    let error = tape.try_backward_resume(half, other.mark()).unwrap_err();
    assert_eq!(error.to_string(), told("backward_resume"));
    assert_eq!(tape.backward(x)[x].sum(), 1.0);
}

#[test]
fn half_a_sweep_from_an_array_is_refused_like_a_whole_one() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(zeros(&[2]));
    let whole = tape.try_backward(x).unwrap_err();
    assert_eq!(tape.try_backward_until(x, tape.mark()).unwrap_err(), whole);
}

#[test]
fn a_segment_must_stay_on_the_tape_it_was_given() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, y) = (tape.leaf(1.0), other.leaf(2.0));
    let remedy = "read its value there and put it on this one (`tape.constant(var.value())`)";
    let error = tape.try_checkpoint(&[y], |_, x| x[0]).unwrap_err();
    assert_eq!(error.to_string(), format!("checkpoint: node 0 belongs to another tape; {remedy}"));
    let z = tape.checkpoint(&[x], |_, x| x[0] * 2.0);
    assert_eq!(tape.backward(z)[x].sum(), 2.0);
}

#[test]
fn a_parameter_that_was_never_bound_is_told_so() {
    let tape = Tape::<f64>::new();
    let gradients = tape.backward(tape.leaf(1.0));
    let unbound = ParamStore::<f64>::new().add("w", arr1(&[1.0]).into_dyn()).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| gradients[unbound].sum())).unwrap_err();
    assert_eq!(
        *panic.downcast_ref::<String>().unwrap(),
        format!(
            "no gradient for {unbound:?}: the parameter was not bound to the tape that was swept"
        )
    );
}

#[test]
fn a_released_variable_is_told_how_to_be_carried() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(1.0);
    tape.cut(tape.mark());
    let line = line!() - 1;
    assert_eq!(
        tape.try_apply(ops::shape::stack::Stack, &[x]).unwrap_err().to_string(),
        format!(
            "Stack: node 0 was released by a cut (number 1, the last, was made at {}:{line}:10); to carry a \
             value over a cut, record it again behind the mark (`var.detach()` before cutting) or read it before \
             (`var.value()`)",
            file!()
        )
    );
}

#[test]
fn a_gradient_that_was_not_kept_is_told_why() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(1.0);
    let y = x * 2.0;
    let gradients = tape.backward(y);
    assert_eq!(
        gradients.get(y).unwrap_err().to_string(),
        "no gradient is kept for node 1: it is neither a leaf nor watched, or a cut had released it; call \
         `var.watch()` before the sweep"
    );
    assert_eq!(
        gradients.get(tape.leaf(3.0)).unwrap_err().to_string(),
        "no gradient is kept for node 2: it was recorded after the sweep; sweep again"
    );
}

#[test]
fn an_argument_without_sense_is_told_its_rule() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(zeros(&[2, 3]));
    let panic = catch_unwind(AssertUnwindSafe(|| x.sum_axis(-3))).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "Sum of [2, 3]: there is no axis -3 among 2; axes count from 0, or from −1 backwards"
    );
    let panic = catch_unwind(AssertUnwindSafe(|| x.transpose(0, -3))).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "Transpose: axis -3 of an array of rank 2; axes count from 0 up to the rank, or from −1 backwards"
    );
    let panic = catch_unwind(AssertUnwindSafe(|| x.item())).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "item of a variable of shape [2, 3]: it must have one element; read `value()`"
    );
}

/// Makes a mistake, and checks that the panic blames this very line.
macro_rules! blame {
    ($seen:expr, $mistake:expr) => {{
        let outcome = catch_unwind(AssertUnwindSafe(|| drop($mistake)));
        assert!(outcome.is_err(), "no panic: {}", stringify!($mistake));
        let blamed = $seen.lock().unwrap().take();
        assert_eq!(blamed, Some((file!().to_owned(), line!())), "{}", stringify!($mistake));
    }};
}

/// The one test here that replaces the panic hook; it looks at this thread's panics and passes on all others.
#[test]
#[allow(clippy::op_ref, clippy::drop_non_drop, dropping_copy_types)] // what a mistake returns is not looked at
fn a_mistake_is_reported_at_the_line_that_made_it() {
    let seen = Arc::new(Mutex::new(None));
    let (others, mine, me) = (take_hook(), Arc::clone(&seen), thread::current().id());
    set_hook(Box::new(move |panic| match panic.location() {
        Some(at) if thread::current().id() == me => {
            *mine.lock().unwrap() = Some((at.file().to_owned(), at.line()));
        }
        _ => others(panic),
    }));

    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let gone = tape.leaf(1.0);
    tape.cut(tape.mark());
    let foreign = other.leaf(1.0);
    let (a, b) = (tape.leaf(zeros(&[2, 3])), tape.leaf(zeros(&[2, 4])));
    let number = tape.leaf(1.0);
    let gradients = tape.backward(number);
    let mut store = ParamStore::<f64>::new();
    let unbound = store.add("w", arr1(&[1.0]).into_dyn()).unwrap();

    blame!(seen, a + b);
    blame!(seen, &a - b);
    blame!(seen, a * &b);
    blame!(seen, &a / &b);
    blame!(seen, gone * 2.0);
    blame!(seen, 2.0 / foreign + gone);
    blame!(seen, -gone);
    blame!(seen, a + foreign);
    blame!(seen, a.matmul(b));
    blame!(seen, a.matmul_t(b));
    blame!(seen, a.t_matmul(number));
    blame!(seen, a.affine(b, number));
    blame!(seen, a.reshape([7]));
    blame!(seen, a.slice(1, 2..5));
    blame!(seen, a.slice(2, 0..1));
    blame!(seen, a.select(0, 2));
    blame!(seen, a.transpose(0, 2));
    blame!(seen, number.t());
    blame!(seen, a.sum_axis(2));
    blame!(seen, a.mean_axis(-3));
    blame!(seen, gone.sum());
    blame!(seen, gone.mean());
    blame!(seen, gone.tanh());
    blame!(seen, gone.detach());
    blame!(seen, gone.scale_gradient(0.5));
    blame!(seen, number.softmax());
    blame!(seen, number.log_softmax());
    blame!(seen, a.cross_entropy(&[0, 3]));
    blame!(seen, a.cross_entropy_weighted(&[0, 1], b));
    blame!(seen, a.squared_error(b));
    blame!(seen, a.half_squared_error(b));
    blame!(seen, a.gather_rows(&[2]));
    blame!(seen, tape.one_hot(&[2], 2));
    blame!(seen, tape.stack(&[]));
    blame!(seen, tape.concat(0, &[a, number]));
    blame!(seen, tape.apply(ops::gradient::detach::Detach, &[]));
    blame!(seen, number.apply(ops::loss::softmax::Softmax { axis: 0 }));
    blame!(seen, gone.shape());
    blame!(seen, gone.value());
    blame!(seen, gone.with(|view| view.len()));
    blame!(seen, gone.item());
    blame!(seen, a.item());
    blame!(seen, gone.watch());
    blame!(seen, tape.backward(a));
    blame!(seen, tape.backward(foreign));
    blame!(seen, tape.backward_from(&[(a, &zeros(&[3]))]));
    blame!(seen, tape.cut(other.mark()));
    blame!(seen, gradients[gone].sum());
    blame!(seen, gradients[foreign].sum());
    blame!(seen, gradients[unbound].sum());

    drop(take_hook());
}
