//! Hooks: a look at an adjoint on its way.
//!
//! ```text
//! ȳ complete  →  ȳ := hook(ȳ)  →  x̄ += ȳ ∂y/∂x
//! ```
//!
//! What [`clip_gradient`](crate::Var::clip_gradient) does by an op, a hook does by any rule, and on a variable that
//! others read already.

use crate::{Real, Var, error::or_panic, node::Node};
use ndarray::{ArrayViewMutD, IxDyn};
use std::{cell::RefCell, fmt};

/// Reads an adjoint, or changes it in place.
type Hook<T> = Box<dyn FnMut(ArrayViewMutD<'_, T>) + Send>;

/// The hooks of a tape, by rising serial number of their node, and in the order in which they were set.
///
/// Behind a cell: a sweep borrows the tape to read, but a hook may remember what it saw.
pub(crate) struct Hooks<T>(RefCell<Vec<(u64, Hook<T>)>>);

impl<T> Default for Hooks<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> fmt::Debug for Hooks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.try_borrow() {
            Ok(hooks) => f.debug_list().entries(hooks.iter().map(|(id, _)| id)).finish(),
            Err(_) => f.write_str("[…]"),
        }
    }
}

impl<T: Real> Hooks<T> {
    fn add(&mut self, id: u64, hook: Hook<T>) {
        let hooks = self.0.get_mut();
        let at = hooks.partition_point(|(known, _)| *known <= id);
        hooks.insert(at, (id, hook));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Shows the complete adjoint of node `id` to its hooks, if anything arrived there.
    #[inline]
    pub(crate) fn call(&self, id: u64, shape: &[usize], dy: &mut [T]) {
        let mut hooks = self.0.borrow_mut();
        if hooks.is_empty() || dy.is_empty() {
            return;
        }
        let first = hooks.partition_point(|(known, _)| *known < id);
        for (_, hook) in hooks[first..].iter_mut().take_while(|(known, _)| *known == id) {
            match ArrayViewMutD::from_shape(IxDyn(shape), dy) {
                Ok(view) => hook(view),
                Err(error) => unreachable!("an adjoint fills the shape of its variable: {error}"),
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.get_mut().clear();
    }

    /// Drops the hooks of what was released.
    pub(crate) fn release(&mut self, front: u64, survivors: &[(u64, Node<T>)]) {
        let lives = |id| survivors.binary_search_by_key(&id, |s| s.0).is_ok();
        self.0.get_mut().retain(|(id, _)| *id >= front || lives(*id));
    }
}

impl<T: Real> Var<'_, T> {
    /// Shows every sweep's adjoint of this variable to `hook` when it is complete, before anything is computed from
    /// it: to read it, or to change it in place. What a [watched](Var::watch) variable or a leaf keeps is
    /// the changed one.
    ///
    /// Several hooks are called in the order in which they were set, each with what the one before left. None is
    /// called where no adjoint arrives: at a constant, or at what the loss does not depend on. Hooks go with
    /// [`Tape::clear`](crate::Tape::clear) and with a [cut](crate::Tape::cut) that releases their variable. A hook
    /// that panics ends the sweep and leaves the tape as it was.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.leaf([3.0, -4.0]);
    /// let y = x.square().hook(|mut dy| dy.mapv_inplace(|dy| dy.min(0.5)));
    /// assert_eq!(tape.backward(y.sum())[x], ndarray::arr1(&[3.0, -4.0]).into_dyn());
    /// ```
    ///
    /// # Panics
    /// When the variable was released by a cut.
    #[track_caller]
    pub fn hook(self, hook: impl FnMut(ArrayViewMutD<'_, T>) + Send + 'static) -> Self {
        let mut record = self.tape.record.borrow_mut();
        or_panic(self.tape.check(&record, &self, || "hook").map(|_| ()));
        record.hooks.add(self.id, Box::new(hook));
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::{Param, ParamId, Tape};
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{Arc, Mutex},
    };

    type Seen = Arc<Mutex<Vec<f64>>>;

    #[test]
    fn a_hook_sees_the_whole_adjoint_once_and_what_it_leaves_goes_on() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(2.0);
        let seen = Seen::default();
        let log = seen.clone();
        let y = (x * x).watch().hook(move |mut dy| {
            log.lock().unwrap().push(dy[[]]);
            dy[[]] *= 10.0;
        });
        let gradients = tape.backward(y * y + y); // ȳ = 2·4 + 1
        assert_eq!(*seen.lock().unwrap(), [9.0]);
        assert_eq!((gradients[y].sum(), gradients[x].sum()), (90.0, 360.0));
    }

    #[test]
    fn several_hooks_are_called_in_the_order_in_which_they_were_set() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf([1.0, 2.0]);
        let y = x.square();
        x.hook(|mut dy| dy += 1.0).hook(|mut dy| dy *= 3.0);
        y.hook(|mut dy| dy *= 2.0);
        assert_eq!(tape.backward(y.sum())[x], ndarray::arr1(&[15.0, 27.0]).into_dyn());
    }

    #[test]
    fn a_gathered_weight_shows_its_complete_gradient() {
        let tape = Tape::<f64>::new();
        let w = tape.param(&Param::new(ParamId::default(), ndarray::arr2(&[[2.0]]).into_dyn()));
        let mut h = tape.leaf(ndarray::arr2(&[[1.0]]));
        for _ in 0..3 {
            h = h.matmul(w);
        }
        let seen = Seen::default();
        let log = seen.clone();
        w.hook(move |dy| log.lock().unwrap().extend(dy.iter()));
        tape.backward(h.sum());
        assert_eq!(*seen.lock().unwrap(), [12.0]);
    }

    #[test]
    fn nothing_arrives_at_a_constant_or_beside_the_loss() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(2.0);
        let beside = x.square().hook(|_| panic!("beside the loss"));
        let c = tape.constant(1.0).hook(|_| panic!("a constant"));
        assert_eq!(tape.backward(x * c)[x].sum(), 1.0);
        assert_eq!(beside.item(), 4.0);
    }

    #[test]
    fn after_a_panic_in_a_hook_the_tape_sweeps_as_before() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf([1.0, 2.0]);
        let y = x.square();
        let mut calls = 0;
        y.hook(move |_| {
            calls += 1;
            assert!(calls > 1, "the first time");
        });
        assert!(catch_unwind(AssertUnwindSafe(|| tape.backward(y.sum()))).is_err());
        assert_eq!(tape.backward(y.sum())[x], ndarray::arr1(&[2.0, 4.0]).into_dyn());
    }

    #[test]
    fn hooks_go_with_clear_and_with_what_a_cut_releases() {
        let alive = Arc::new(());
        let mut tape = Tape::<f64>::new();
        let hook = |alive: &Arc<()>| {
            let alive = alive.clone();
            move |_: ndarray::ArrayViewMutD<'_, f64>| drop(alive.clone())
        };
        tape.leaf(1.0).hook(hook(&alive));
        let mark = tape.mark();
        tape.leaf(1.0).hook(hook(&alive));
        assert_eq!(Arc::strong_count(&alive), 3);
        tape.cut(mark);
        assert_eq!(Arc::strong_count(&alive), 2);
        tape.clear();
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
