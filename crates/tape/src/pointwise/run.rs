//! Running a formula over arrays.

use super::{
    layout::{BLOCK, Layout, Lie, last, lead},
    plan::{Plan, Plans},
    steps::{Begin, Read, Target, Written, run},
};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, outputs::each};
use smallvec::SmallVec;
use std::sync::Arc;

/// The op: outputs stand one after the other on a new first axis; a single one needs none.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plans: Arc<Plans>,
    /// Will the first variable be spent? Then what the way back reads of it is saved.
    pub(super) spent: bool,
}

/// Arrays that are read.
type Reads<'a, T> = SmallVec<[Read<'a, T>; 32]>;

impl<T: Real> Op<T> for Run {
    fn name(&self) -> &'static str {
        "Pointwise"
    }

    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let (longest, width) = self.fit(x)?;
        let mut shape = Shape::new();
        if self.plans.outputs > 1 {
            shape.push(self.plans.outputs);
        }
        if let [lead @ .., _] = x.shape(longest) {
            shape.extend_from_slice(lead);
            shape.push(width);
        }
        Ok(shape)
    }

    /// A single output has the shape of a variable that is one input, of those with all leading axes.
    fn shaped_like(&self, x: Inputs<'_, T>) -> Option<usize> {
        if self.plans.outputs > 1 {
            return None;
        }
        let (longest, width) = self.fit(x).ok()?;
        let rank = x.shape(longest).len();
        (0..x.len()).find(|&i| x.shape(i).len() == rank && last(x.shape(i)) == width)
    }

    fn saves(&self, x: Inputs<'_, T>) -> usize {
        if self.plans.saved == 0 && !self.spent {
            return 0;
        }
        let layout = &Layout::of(self.plans.inputs, x);
        (self.plans.saved + self.rescued(x, layout).count()) * layout.whole()
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let layout = &Layout::of(self.plans.inputs, x);
        let scratch = &mut *x.scratch().borrow_mut();
        let plan = &self.plans.forward;
        let (constants, lanes) = self.lanes(scratch.lanes(self.room(plan)));
        let (mut read, mut written) = (Reads::new(), Written::new());
        self.give(x, layout, constants, &mut read);
        let (whole, lie) = (layout.whole(), Lie::Rows(layout.width));
        let (saved, rescued) = saved.split_at_mut(self.plans.saved * whole);
        written.push_each(y, (self.plans.outputs, whole), lie);
        written.push_each(saved, (self.plans.saved, whole), lie);
        work(plan, layout, &read, (&mut written, lanes));
        for (to, k) in rescued.chunks_exact_mut(whole.max(1)).zip(self.rescued(x, layout)) {
            let (start, stride) = (k * layout.width, layout.row(x, x.node(0)).1);
            for (row, to) in to.chunks_exact_mut(layout.width.max(1)).enumerate() {
                to.copy_from_slice(&x[0][row * stride + start..][..layout.width]);
            }
        }
    }

    /// What is spent has been saved.
    fn reads(&self, i: usize, x: Inputs<'_, T>) -> bool {
        if self.spent && i == 0 {
            return false;
        }
        let layout = Layout::of(self.plans.inputs, x);
        let before: usize = (0..i).map(|j| layout.row(x, x.node(j)).0).sum();
        let its = before..before + layout.row(x, x.node(i)).0;
        self.plans.reads.iter().any(|k| its.contains(&(k * layout.width)))
    }

    fn reads_output(&self) -> bool {
        self.plans.rereads
    }

    fn backward(&self, i: usize, x: Inputs<'_, T>, y: Output<'_, T>, dy: &[T], dx: Adjoint<'_, T>) {
        let mut all: SmallVec<[Option<Adjoint<'_, T>>; 8]> = (0..x.len()).map(|_| None).collect();
        all[i] = Some(dx);
        self.backward_jointly(x, y, &each(dy, self.plans.outputs), &mut all);
    }

    fn joint(&self) -> bool {
        true
    }

    fn outputs(&self) -> usize {
        self.plans.outputs
    }

    fn backward_jointly(
        &self,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[&[T]],
        dx: &mut [Option<Adjoint<'_, T>>],
    ) {
        let layout = &Layout::of(self.plans.inputs, x);
        let scratch = &mut *x.scratch().borrow_mut();
        let plan = &self.plans.backward;
        let (constants, lanes) = self.lanes(scratch.lanes(self.room(plan)));
        let (mut read, mut written) = (Reads::new(), Written::new());
        self.give(x, layout, constants, &mut read);
        let (whole, lie) = (layout.whole(), Lie::Rows(layout.width));
        let (saved, rescued) = y.saved().split_at(self.plans.saved * whole);
        for (kept, count) in [(&*y, self.plans.outputs), (saved, self.plans.saved)] {
            for k in 0..count {
                let data = kept.get(k * whole..).unwrap_or(&[]);
                read.push(Read { data, lie });
            }
        }
        for &data in dy {
            read.push(Read { data, lie });
        }
        for (k, data) in self.rescued(x, layout).zip(rescued.chunks_exact(whole.max(1))) {
            read[k] = Read { data, lie };
        }
        self.adjoints((x, layout), dx, &mut read, &mut written);
        work(plan, layout, &read, (&mut written, lanes));
    }
}

/// Runs a plan over all blocks.
fn work<'a, T: Real>(
    plan: &Plan,
    layout: &Layout,
    read: &[Read<'_, T>],
    (written, lanes): (&mut Written<'a, T>, &'a mut [T]),
) {
    written.push_each(lanes, (plan.lanes, BLOCK), Lie::Lane);
    T::vectorize(
        #[inline(always)]
        || {
            for block in layout.blocks() {
                run(&plan.steps, block, read, written);
            }
        },
    );
}

impl Run {
    /// A variable that has all leading axes, and the width of an input.
    fn fit<T: Real>(&self, x: Inputs<'_, T>) -> Result<(usize, usize), Misfit> {
        let (mut longest, mut rank, mut total) = (0, 0, 0);
        for i in 0..x.len() {
            let shape = x.shape(i);
            total += last(shape);
            if shape.len() >= rank {
                (longest, rank) = (i, shape.len());
            }
        }
        let inputs = self.plans.inputs;
        let width = total / inputs.max(1);
        let mut holds = x.len() > 0 && inputs > 0 && width * inputs == total;
        let mut meets = true;
        for i in 0..x.len() {
            let (shape, all) = (x.shape(i), x.shape(longest));
            holds &= last(shape) == width || last(shape).is_multiple_of(width);
            meets &= shape.len() < 2 || lead(shape).iter().eq(lead(all));
        }
        if holds && meets { Ok((longest, width)) } else { Err(self.misfit(x, longest, holds)) }
    }

    #[cold]
    fn misfit<T: Real>(&self, x: Inputs<'_, T>, longest: usize, holds: bool) -> Misfit {
        let inputs = self.plans.inputs;
        let lead = |i| lead(x.shape(i));
        let rule = match (0..x.len()).find(|&i| !lead(i).is_empty() && lead(i) != lead(longest)) {
            Some(i) if holds => {
                format!("the leading axes of input {i} are {:?}, not {:?}", lead(i), lead(longest))
            }
            _ => format!("the last axes do not hold {inputs} inputs of one width"),
        };
        let remedy = "lay inputs of one width side by side on the last axis; leading axes are equal or missing";
        Misfit::new(rule, remedy)
    }

    /// The inputs that are read on the way back, and then are no more.
    fn rescued<T: Real>(
        &self,
        x: Inputs<'_, T>,
        layout: &Layout,
    ) -> impl Iterator<Item = usize> + use<'_, T> {
        let (spent, width) =
            (if self.spent { layout.row(x, x.node(0)).0 } else { 0 }, layout.width);
        self.plans.reads.iter().copied().take_while(move |k| k * width < spent)
    }

    /// How much memory the lanes of a plan take, and the constants in front of them.
    fn room(&self, plan: &Plan) -> usize {
        (self.plans.constants.len() + plan.lanes) * BLOCK
    }

    /// The constants, written out, and the lanes behind them.
    fn lanes<'a, T: Real>(&self, room: &'a mut [T]) -> (&'a [T], &'a mut [T]) {
        let (constants, lanes) = room.split_at_mut(self.plans.constants.len() * BLOCK);
        for (lane, &constant) in constants.chunks_exact_mut(BLOCK).zip(&self.plans.constants) {
            lane.fill(T::of(constant));
        }
        (constants, lanes)
    }

    /// The inputs, and behind them the constants.
    fn give<'a, T: Real>(
        &self,
        x: Inputs<'a, T>,
        layout: &Layout,
        constants: &'a [T],
        read: &mut Reads<'a, T>,
    ) {
        // One by one: put together by iterators, it took a multiple of the time.
        for i in 0..x.len() {
            let node = x.node(i);
            let ((row, stride), data) = (layout.row(x, node), x.0.lookup.values_of(node));
            let mut start = 0;
            while start < row {
                let data = data.get(start..).unwrap_or(&[]);
                read.push(Read { data, lie: Lie::Rows(stride) });
                start += layout.width.max(1);
            }
        }
        for data in constants.chunks_exact(BLOCK) {
            read.push(Read { data, lie: Lie::Number });
        }
    }

    /// The adjoints of the inputs, as they lie in those of the variables. A sum that begins elsewhere is read there.
    fn adjoints<'a, T: Real>(
        &self,
        (x, layout): (Inputs<'_, T>, &Layout),
        dx: &'a mut [Option<Adjoint<'_, T>>],
        read: &mut Reads<'a, T>,
        written: &mut Written<'a, T>,
    ) {
        let width = layout.width;
        for (variable, dx) in dx.iter_mut().enumerate() {
            let (row, stride) = layout.row(x, x.node(variable));
            let lie = Lie::Rows(stride);
            // A product that is spent multiplies with its adjoint, and is given it flushed.
            let flushed = self.spent && variable == 0;
            let (mut array, before) = dx.as_mut().map(Adjoint::begin).unzip();
            let (before, mut start) = (before.flatten(), 0);
            while start < row {
                let k = written.targets.len();
                // What is not written once and in all rows.
                let partly = stride == 0 && layout.rows > 1 || self.plans.unread.contains(&k);
                let begin = match (before, &mut array) {
                    (None, _) | (_, None) => Begin::Itself,
                    (Some(before), Some(dx)) if partly => {
                        let rows = if stride == 0 { 1 } else { layout.rows };
                        for at in (0..rows).map(|row| start + row * stride) {
                            let dx = &mut dx[at..][..width];
                            match before {
                                [] => dx.fill(T::ZERO),
                                _ => dx.copy_from_slice(&before[at..][..width]),
                            }
                        }
                        Begin::Itself
                    }
                    (Some([]), _) => Begin::Zero,
                    (Some(before), _) => {
                        read.push(Read { data: &before[start..], lie });
                        Begin::At(read.len() - 1)
                    }
                };
                written.targets.push(Target { array: variable, start, lie, begin, flushed });
                start += width.max(1);
            }
            written.arrays.push(array);
        }
    }
}
