//! A mistake is reported at the line of the program that made it, however deep the library finds it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Arc, Mutex},
    thread,
};
use tape::{Pointwise, Preactivation, Tape, ops::linear::matmul::MatMul};

/// The file and the line that each of `acts` panics at.
fn places(acts: &[&dyn Fn()]) -> Vec<(String, u32)> {
    let (seen, before, here) = (Arc::default(), take_hook(), thread::current().id());
    let places: Arc<Mutex<Vec<_>>> = Arc::clone(&seen);
    set_hook(Box::new(move |panic| match panic.location() {
        Some(at) if thread::current().id() == here => {
            seen.lock().unwrap().push((at.file().to_owned(), at.line()));
        }
        _ => before(panic),
    }));
    for act in acts {
        assert!(catch_unwind(AssertUnwindSafe(act)).is_err(), "it panics");
    }
    drop(take_hook());
    let places = places.lock().unwrap();
    places.clone()
}

#[test]
fn a_mistake_is_reported_at_the_line_that_made_it() {
    let (strict, tape) = (Tape::<f64>::strict(), Tape::<f64>::new());
    let square = |x: f64| ndarray::arr2(&[[x, x], [x, x]]);
    let (huge, x, flat) = (strict.leaf(square(1e300)), tape.leaf(square(1.0)), tape.leaf([1.0]));
    let (gate, plain) =
        (Pointwise::new(|[z]| [z.tanh()]), MatMul { left_t: false, right_t: false });
    let line = line!() + 2;
    let found = places(&[
        &|| drop((huge * huge).value()),
        &|| drop(huge.matmul(huge).value()),
        &|| drop(huge.exp().value()),
        &|| drop(gate.activate(Preactivation::matmul(huge, huge), &[])[0].value()),
        &|| drop(huge.apply(plain).value()),
        &|| drop((x + tape.leaf([1.0, 2.0, 3.0])).value()),
        &|| drop(x.matmul(flat).value()),
        &|| drop(gate.activate(Preactivation::matmul(x, flat), &[])[0].value()),
        &|| drop(tape.apply_aside(plain, &[x, flat], &[]).value()),
        &|| drop(x.affine_cross_entropy(x, flat, &[0, 0]).value()),
        &|| drop(tape.checkpoint(&[huge], |_, x| x[0]).value()),
    ]);
    let expected: Vec<_> = (0..found.len() as u32).map(|k| line + k).collect();
    assert_eq!(found.iter().map(|(_, line)| *line).collect::<Vec<_>>(), expected);
    assert!(found.iter().all(|(file, _)| file.ends_with("lines.rs")), "{found:?}");
}
