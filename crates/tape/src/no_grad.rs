//! A pause: values flow, adjoints do not.
//!
//! ```text
//! y = f(x),    x̄ += 0
//! ```
//!
//! For what is computed beside the loss: a measurement, a target, a step of the data. The nodes are there, to be read and
//! printed; to a sweep they are constants.

use crate::{Real, Tape};

/// A pause under way, which ends when this is dropped: see [`Tape::pause`].
#[derive(Debug)]
#[must_use = "the pause ends when this is dropped"]
pub struct Pause<'t, T: Real> {
    tape: &'t Tape<T>,
}

impl<T: Real> Drop for Pause<'_, T> {
    fn drop(&mut self) {
        self.tape.pauses.set(self.tape.pauses.get().saturating_sub(1));
    }
}

impl<T: Real> Tape<T> {
    /// Until the returned guard is dropped, no gradient flows into what ops record: each is as if
    /// [detached](crate::Var::detach).
    ///
    /// Leaves and parameters are what they always are: one that is first bound during a pause has its gradient
    /// from what uses it later. Pauses nest; the outermost counts.
    pub fn pause(&self) -> Pause<'_, T> {
        self.pauses.set(self.pauses.get() + 1);
        Pause { tape: self }
    }

    /// Runs `record` during a [pause](Tape::pause), which ends even if `record` panics.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let w = tape.leaf(3.0);
    /// let norm = tape.no_grad(|| w.square());
    /// assert_eq!(tape.backward(w * norm)[w].sum(), 9.0);
    /// ```
    pub fn no_grad<R>(&self, record: impl FnOnce() -> R) -> R {
        let _pause = self.pause();
        record()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Elementwise, Map, Tape};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// Panics when it is asked for its slope.
    #[derive(Debug, Clone, Copy)]
    struct Slopeless;

    impl Elementwise<f64> for Slopeless {
        fn f(&self, x: f64) -> f64 {
            x + 1.0
        }
        fn df(&self, _: f64, _: f64) -> f64 {
            panic!("nobody wants this slope")
        }
    }

    #[test]
    fn what_is_recorded_in_a_pause_is_a_constant_to_the_sweep() {
        let tape = Tape::<f64>::new();
        let w = tape.leaf(3.0);
        let y = tape.no_grad(|| w.apply(Map(Slopeless)));
        assert_eq!(y.item(), 4.0);
        assert_eq!(tape.backward(w * y)[w].first(), Some(&4.0));
        assert_eq!(tape.backward(y)[w].first(), Some(&0.0));
    }

    #[test]
    fn watched_a_paused_node_has_its_adjoint_but_hands_nothing_on() {
        let tape = Tape::<f64>::new();
        let w = tape.leaf(3.0);
        let y = tape.no_grad(|| w.apply(Map(Slopeless)));
        let z = tape.no_grad(|| y * y);
        let loss = w * y.watch() + z;
        let gradients = tape.backward(loss);
        assert_eq!((gradients[y].sum(), gradients[w].sum()), (3.0, 4.0));
    }

    #[test]
    fn pauses_nest_and_end_in_a_panic_too() {
        let tape = Tape::<f64>::new();
        let w = tape.leaf(3.0);
        let slope = || tape.backward(w * w)[w].sum();
        tape.no_grad(|| {
            tape.no_grad(|| ());
            assert_eq!(slope(), 0.0);
        });
        assert_eq!(slope(), 6.0);
        let panicked = catch_unwind(AssertUnwindSafe(|| tape.no_grad(|| panic!("inside"))));
        assert!(panicked.is_err());
        assert_eq!(slope(), 6.0);
        let pause = tape.pause();
        assert_eq!(slope(), 0.0);
        drop(pause);
        assert_eq!(slope(), 6.0);
    }

    #[test]
    fn a_leaf_made_in_a_pause_is_a_leaf() {
        let tape = Tape::<f64>::new();
        let w = tape.no_grad(|| tape.leaf(3.0));
        assert_eq!(tape.backward(w * w)[w].sum(), 6.0);
    }
}
