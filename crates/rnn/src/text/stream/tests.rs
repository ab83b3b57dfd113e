//! Every text, batch and window that is small, and nothing lost in any.

use super::*;

/// Every window, owned, so that two readings can be compared.
type Copied = (usize, Vec<usize>, Vec<usize>, Vec<f64>);

fn copied(window: Window<'_, f64>) -> Copied {
    (window.start, window.inputs.to_vec(), window.targets.to_vec(), window.mask.to_vec())
}

/// All texts of `N ≤ 40` tokens (token `i` is `i`, so a pair tells its place), all `B ≤ 5`
/// that fit, all `k ≤ 7`.
fn for_all(mut check: impl FnMut(&Stream<f64>, usize)) {
    for tokens in 2..=40 {
        for batch in 1..=5.min(tokens - 1) {
            let text: Vec<usize> = (0..tokens).collect();
            let stream = Stream::new(&text, batch).unwrap();
            assert_eq!(stream.pairs(), tokens - 1);
            (1..=7).for_each(|window| check(&stream, window));
        }
    }
}

#[test]
fn every_pair_comes_exactly_once() {
    for_all(|stream, k| {
        let mut seen = vec![0; stream.pairs()];
        for window in stream.windows(k).unwrap() {
            assert_eq!(window.inputs.len(), window.mask.len());
            for ((&x, &y), &m) in window.inputs.iter().zip(window.targets).zip(window.mask) {
                assert!(m == 0.0 || m == 1.0);
                if m == 1.0 {
                    assert_eq!(y, x + 1);
                    seen[x] += 1;
                }
            }
        }
        assert_eq!(seen, vec![1; stream.pairs()]);
    });
}

#[test]
fn each_row_goes_on_where_it_stopped() {
    for_all(|stream, k| {
        for row in 0..stream.batch() {
            let mut last = None;
            for (inputs, targets, mask) in
                stream.windows(k).unwrap().flat_map(|window| window.steps().collect::<Vec<_>>())
            {
                if mask[row] == 1.0 {
                    assert!(last.is_none_or(|target| target == inputs[row]));
                    last = Some(targets[row]);
                }
            }
            assert!(last.is_some());
        }
    });
}

#[test]
fn only_the_last_window_is_short_and_only_the_last_step_is_masked() {
    for_all(|stream, k| {
        let windows = stream.windows(k).unwrap();
        let count = windows.len();
        let (mut steps, mut pairs) = (0, 0);
        for (i, window) in windows.enumerate() {
            assert_eq!(window.start, steps);
            assert!(window.len() == k || i + 1 == count && window.len() <= k);
            assert!(!window.is_empty());
            (steps, pairs) = (steps + window.len(), pairs + window.pairs());
            for (t, (_, targets, mask)) in window.steps().enumerate() {
                let last = window.start + t + 1 == stream.steps();
                assert!(last || mask.iter().all(|&m| m == 1.0));
                assert!(targets.iter().all(|&token| token <= stream.pairs()));
            }
        }
        assert_eq!((steps, pairs), (stream.steps(), stream.pairs()));
    });
}

#[test]
fn a_saved_position_resumes_at_the_very_next_window() {
    for_all(|stream, k| {
        let mut reader = stream.windows(k).unwrap();
        for _ in 0..3 * reader.len() {
            let mut resumed = stream.windows(k).unwrap();
            resumed.seek(reader.position());
            reader.next_epoch();
            assert_eq!((resumed.position(), resumed.epoch()), (reader.position(), reader.epoch()));
            assert_eq!(resumed.len(), reader.len());
            let window = reader.next().map(copied).unwrap();
            assert_eq!(resumed.next().map(copied), Some(window));
        }
        assert_eq!((reader.epoch(), reader.position()), (3, 3 * stream.steps()));
    });
}

#[test]
fn some_rows_are_read_as_they_are_among_all() {
    for_all(|stream, k| {
        for cut in 1..stream.batch() {
            let [left, right] = [0..cut, cut..stream.batch()].map(|r| stream.rows(r).unwrap());
            assert_eq!(left.pairs() + right.pairs(), stream.pairs());
            let (mut left, mut right) = (left.windows(k).unwrap(), right.windows(k).unwrap());
            for all in stream.windows(k).unwrap() {
                let (left, right) = (left.next().unwrap(), right.next().unwrap());
                for (all, (left, right)) in all.steps().zip(left.steps().zip(right.steps())) {
                    assert_eq!(all.0, [left.0, right.0].concat());
                    assert_eq!(all.1, [left.1, right.1].concat());
                    assert_eq!(all.2, [left.2, right.2].concat());
                }
            }
            assert!(left.next().is_none() && right.next().is_none());
        }
        assert!(matches!(stream.rows(1..1), Err(Error::ZeroBatch)));
        assert!(matches!(stream.rows(0..stream.batch() + 1), Err(Error::Data { .. })));
    });
}

#[test]
fn an_epoch_ends_until_the_next_is_asked_for() {
    let stream = Stream::<f64>::new(&[0, 1, 2, 3, 4, 5], 2).unwrap();
    let mut windows = stream.windows(2).unwrap();
    let first: Vec<_> = windows.by_ref().map(copied).collect();
    assert!(windows.next().is_none() && windows.next().is_none());
    windows.next_epoch();
    assert_eq!(windows.by_ref().map(copied).collect::<Vec<_>>(), first);
    assert_eq!(windows.epoch(), 2);
}

#[test]
fn a_call_for_the_next_epoch_in_the_midst_of_one_skips_nothing() {
    let stream = Stream::<f64>::new(&[0, 1, 2, 3, 4, 5], 1).unwrap();
    let mut windows = stream.windows(2).unwrap();
    windows.next();
    windows.next_epoch();
    assert_eq!(windows.next().unwrap().inputs, [2, 3]);
}

#[test]
fn a_window_beyond_the_text_sees_it_whole() {
    let stream = Stream::<f32>::new(&[7, 8, 9], 1).unwrap();
    let window = stream.windows(usize::MAX).unwrap().next().unwrap();
    assert_eq!((window.inputs, window.targets), ([7, 8].as_slice(), [8, 9].as_slice()));
}

#[test]
fn a_text_too_short_is_told_what_would_do() {
    let error = Stream::<f32>::new(&[0; 4], 4).unwrap_err();
    assert!(matches!(error, Error::TextTooShort { tokens: 4, batch: 4 }));
    let message = error.to_string();
    assert!(message.contains("need 5 tokens") && message.contains("at most 3"), "{message}");
    assert!(Stream::<f32>::new(&[0; 4], 3).is_ok());
    assert!(matches!(Stream::<f32>::new(&[0], 1), Err(Error::TextTooShort { .. })));
    assert!(matches!(Stream::<f32>::new(&[], 1), Err(Error::EmptyText { .. })));
}

#[test]
fn nothing_at_a_time_is_refused() {
    assert!(matches!(Stream::<f32>::new(&[0, 1], 0), Err(Error::ZeroBatch)));
    let stream = Stream::<f32>::new(&[0, 1], 1).unwrap();
    assert!(matches!(stream.windows(0), Err(Error::ZeroWindow)));
}
