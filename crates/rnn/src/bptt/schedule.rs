//! Which steps to store and which to make again: the optimal schedule, in closed form.
//!
//! ```text
//! C(t, m) = t                                          t ≤ l: the steps are recorded as one leaf
//!         = min over y of  y + C(t − y, m − 1) + C(y, m)      advance y, store, do the right part, then the left
//! ```
//!
//! counts the steps forward of a backward pass over t steps, from a state that is given, with room for m more and for l
//! steps on the tape. Where advancing a stretch once more is all that storing can save, as here, the stretches advanced at
//! most j times are as many as there are ways to store, `β = (m + 1 + j choose j)` leaves of them, and the least sum fills
//! the cheap ones first. (A. Griewank and A. Walther, 2000, for l = 1; A. Gruslys et al., 2016, for recurrent networks.)

/// C(t, m) for `steps` t, with m `states` to store and `leaf` steps l on the tape: how many steps forward the backward pass
/// costs, those that are recorded among them.
///
/// ```
/// use rnn::bptt::forward_steps;
/// assert_eq!(forward_steps(1000, 1000, 0), 1000); //   all on the tape
/// assert_eq!(forward_steps(1000, 32, 31), 1968); //    about twice the work for a twentieth of the memory
/// assert_eq!(forward_steps(1000, 1, 0), 500_500); //   nothing stored: all from the start
/// ```
///
/// # Panics
/// When a leaf has no steps.
#[track_caller]
pub fn forward_steps(steps: usize, leaf: usize, states: usize) -> usize {
    assert!(leaf > 0, "a leaf of 0 steps: record 1 or more at a time");
    let (mut rest, mut count, mut times, mut leaves, mut known) = (steps, steps, 0usize, 1usize, 0);
    while rest > 0 {
        let here = rest.min(leaf.saturating_mul(leaves - known));
        count = count.saturating_add(times.saturating_mul(here));
        (rest, times, known) = (rest - here, times + 1, leaves);
        // (m + 1 + j choose j) from (m + j choose j − 1), which divides without a rest.
        let next = leaves as u128 * (states as u128 + 1 + times as u128) / times as u128;
        leaves = usize::try_from(next).unwrap_or(usize::MAX);
    }
    count
}

/// How far to advance before the next state is stored, for the least C(t, m).
///
/// The sum is convex in y: the first y that the next one does not better is the best.
pub(super) fn advance(steps: usize, leaf: usize, states: usize) -> usize {
    if states == 0 {
        return steps - leaf;
    }
    let sum = |y: usize| {
        (y + forward_steps(steps - y, leaf, states - 1))
            .saturating_add(forward_steps(y, leaf, states))
    };
    let (mut low, mut high) = (1, steps - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if sum(middle + 1) >= sum(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recursion itself, by dynamic programming: `[t][m]`.
    fn table(steps: usize, leaf: usize, states: usize) -> Vec<Vec<usize>> {
        let mut c = vec![vec![0; states + 1]; steps + 1];
        for t in 1..=steps {
            for m in 0..=states {
                c[t][m] = match (t <= leaf, m) {
                    (true, _) => t,
                    (false, 0) => t + c[t - leaf][0],
                    _ => (1..t).map(|y| y + c[t - y][m - 1] + c[y][m]).min().unwrap_or(t),
                };
            }
        }
        c
    }

    #[test]
    fn the_closed_form_is_the_minimum() {
        for leaf in [1, 2, 3, 7, 10] {
            let c = table(80, leaf, 7);
            for (t, row) in c.iter().enumerate() {
                for (m, &least) in row.iter().enumerate() {
                    assert_eq!(
                        forward_steps(t, leaf, m),
                        least,
                        "C({t}, {m}) with leaves of {leaf}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_table_of_gruslys_and_others_comes_out() {
        // C(t, m), t = 1 … 12, m = 1 … 5 with the state that is given counted.
        let table: [[usize; 5]; 12] = [
            [1, 1, 1, 1, 1],
            [3, 3, 3, 3, 3],
            [6, 5, 5, 5, 5],
            [10, 8, 7, 7, 7],
            [15, 11, 10, 9, 9],
            [21, 14, 13, 12, 11],
            [28, 18, 16, 15, 14],
            [36, 22, 19, 18, 17],
            [45, 26, 22, 21, 20],
            [55, 30, 25, 24, 23],
            [66, 35, 29, 27, 26],
            [78, 40, 33, 30, 29],
        ];
        for (t, row) in (1..).zip(table) {
            for (m, want) in row.into_iter().enumerate() {
                assert_eq!(forward_steps(t, 1, m), want, "C({t}, {})", m + 1);
            }
        }
        for (t, m, want) in [(50, 5, 172), (100, 10, 322), (200, 12, 695)] {
            assert_eq!(forward_steps(t, 1, m - 1), want);
        }
    }

    #[test]
    fn the_advance_is_one_of_the_best() {
        for leaf in [1, 4] {
            for (t, m) in (leaf + 1..90).flat_map(|t| (0..6).map(move |m| (t, m))) {
                let y = advance(t, leaf, m);
                let right = forward_steps(t - y, leaf, m.saturating_sub(1));
                assert_eq!(y + right + forward_steps(y, leaf, m), forward_steps(t, leaf, m));
            }
        }
    }
}
