//! A long tape needs memory, not stack: recording, sweeping, printing and dropping are loops.

use std::thread;
use tape::Tape;

const STEPS: usize = 1_000_000;

#[test]
fn a_million_steps_need_no_deeper_stack_than_one() {
    let body = || {
        let (w0, h0) = (0.999_999_5, 2.0);
        let mut tape = Tape::<f64>::new();
        {
            let (w, start) = (tape.leaf(w0), tape.leaf(h0));
            let last = (0..STEPS).fold(start, |h, _| w * h);
            // hₙ = wⁿ h₀
            let n = STEPS as i32;
            let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} and {b}");
            close(last.item(), w0.powi(n) * h0);
            let gradients = tape.backward(last);
            close(gradients[w].sum(), f64::from(n) * w0.powi(n - 1) * h0);
            close(gradients[start].sum(), w0.powi(n));

            let (mut count, mut newest) = (0, None);
            for row in tape.table_with(&gradients).rows() {
                count += 1;
                newest = Some(row);
            }
            let newest = newest.unwrap();
            assert_eq!((count, newest.node, newest.op), (STEPS + 2, last.id(), "Mul"));
            assert_eq!(newest.inputs, [w.id(), last.id() - 1]);
        }
        tape.clear();
        assert_eq!(tape.len(), 0);
        let x = tape.leaf(1.0);
        (0..STEPS).fold(x, |h, _| h + x);
        drop(tape);
    };
    in_a_small_stack(body);
}

#[test]
fn a_long_tape_is_printed_line_by_line() {
    in_a_small_stack(|| {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(1.0);
        let last = (0..STEPS / 20).fold(x, |h, _| h + x);
        let printed = tape.table().to_string();
        assert_eq!(printed.lines().count(), 1 + 1 + STEPS / 20);
        assert!(printed.lines().last().unwrap().trim_start().starts_with(&last.id().to_string()));
        assert_eq!(tape.to_dot().matches(" -> ").count(), 2 * (STEPS / 20));
        assert_eq!(tape.to_json().matches("\"op\":\"Add\"").count(), STEPS / 20);
    });
}

/// 64 KiB: a frame for each node would need a thousand times as much.
fn in_a_small_stack(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(64 << 10).spawn(body).unwrap().join().unwrap();
}
