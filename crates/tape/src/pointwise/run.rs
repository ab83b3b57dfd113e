//! Running a formula over arrays.

use super::{
    layout::{BLOCK, Layout, Lie, Place},
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
        let inputs = self.plans.inputs;
        let last = |i: usize| x.shape(i).last().copied().unwrap_or(1);
        let remedy = "lay inputs of one width side by side on the last axis; leading axes are equal or missing";
        let total: usize = (0..x.len()).map(last).sum();
        let width = total / inputs.max(1);
        if inputs == 0
            || width * inputs != total
            || (0..x.len()).any(|i| last(i) % width.max(1) != 0)
        {
            let rule = format!("the last axes do not hold {inputs} inputs of one width");
            return Err(Misfit::new(rule, remedy));
        }
        let lead = |i: usize| &x.shape(i)[..x.shape(i).len().saturating_sub(1)];
        let rank = (0..x.len()).map(|i| x.shape(i).len()).max().unwrap_or(0);
        let longest = (0..x.len()).map(lead).max_by_key(|lead| lead.len()).unwrap_or(&[]);
        if let Some(wrong) = (0..x.len()).find(|&i| !lead(i).is_empty() && lead(i) != longest) {
            let rule =
                format!("the leading axes of input {wrong} are {:?}, not {longest:?}", lead(wrong));
            return Err(Misfit::new(rule, remedy));
        }
        let several = self.plans.outputs > 1;
        let mut shape: Shape = several.then_some(self.plans.outputs).into_iter().collect();
        shape.extend_from_slice(longest);
        shape.extend((rank > 0).then_some(width));
        Ok(shape)
    }

    fn saves(&self, x: Inputs<'_, T>) -> usize {
        let layout = &Layout::of(self.plans.inputs, x);
        (self.plans.saved + self.rescued(layout).count()) * layout.whole()
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let layout = &Layout::of(self.plans.inputs, x);
        let scratch = &mut *x.scratch().borrow_mut();
        let plan = &self.plans.forward;
        let (constants, lanes) = self.lanes(scratch.lanes(self.room(plan)));
        let read = self.given(x, layout, constants);
        let mut written = Written::new();
        let whole = layout.whole().max(1);
        let (saved, rescued) = saved.split_at_mut(self.plans.saved * layout.whole());
        for kept in y.chunks_exact_mut(whole).chain(saved.chunks_exact_mut(whole)) {
            written.push(kept, Lie::Rows(layout.width));
        }
        work(plan, layout, &read, (&mut written, lanes));
        for (to, k) in rescued.chunks_exact_mut(whole).zip(self.rescued(layout)) {
            let Place { start, stride, .. } = layout.inputs[k];
            for (row, to) in to.chunks_exact_mut(layout.width.max(1)).enumerate() {
                to.copy_from_slice(&x[0][row * stride + start..][..layout.width]);
            }
        }
    }

    /// What is spent has been saved.
    fn reads(&self, i: usize, x: Inputs<'_, T>) -> bool {
        let layout = Layout::of(self.plans.inputs, x);
        let reads = |&k: &usize| layout.inputs[k].variable == i;
        !(self.spent && i == 0) && self.plans.reads.iter().any(reads)
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
        let mut read = self.given(x, layout, constants);
        let lie = Lie::Rows(layout.width);
        let (saved, rescued) = y.saved().split_at(self.plans.saved * layout.whole());
        let whole = layout.whole().max(1);
        for kept in [&*y, saved] {
            kept.chunks_exact(whole).for_each(|data| read.push(Read { data, lie }));
        }
        dy.iter().for_each(|&data| read.push(Read { data, lie }));
        for (k, data) in self.rescued(layout).zip(rescued.chunks_exact(whole)) {
            read[k] = Read { data, lie };
        }
        let mut written = self.adjoints(layout, dx, &mut read);
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
    for lane in lanes.chunks_exact_mut(BLOCK) {
        written.push(lane, Lie::Lane);
    }
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
    /// The inputs that are read on the way back, and then are no more.
    fn rescued(&self, layout: &Layout) -> impl Iterator<Item = usize> {
        let spent = |&k: &usize| self.spent && layout.inputs[k].variable == 0;
        self.plans.reads.iter().copied().filter(spent)
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
    fn given<'a, T: Real>(
        &self,
        x: Inputs<'a, T>,
        layout: &Layout,
        constants: &'a [T],
    ) -> Reads<'a, T> {
        let mut read = Reads::new(); // one by one: put together by iterators, it took a multiple of the time
        for &Place { variable, start, stride } in &layout.inputs {
            let data = x.value(variable).get(start..).unwrap_or(&[]);
            read.push(Read { data, lie: Lie::Rows(stride) });
        }
        for data in constants.chunks_exact(BLOCK) {
            read.push(Read { data, lie: Lie::Number });
        }
        read
    }

    /// The adjoints of the inputs, as they lie in those of the variables. A sum that begins elsewhere is read there.
    fn adjoints<'a, T: Real>(
        &self,
        layout: &Layout,
        dx: &'a mut [Option<Adjoint<'_, T>>],
        read: &mut Reads<'a, T>,
    ) -> Written<'a, T> {
        // What is not written once and in all rows.
        let partly = |k: usize| {
            let shared = layout.inputs[k].stride == 0 && layout.rows > 1;
            shared || self.plans.unread.contains(&k)
        };
        let mut written = Written::new();
        let mut before: SmallVec<[Option<&[T]>; 8]> = SmallVec::new();
        for dx in dx {
            let (array, begin) = dx.as_mut().map(Adjoint::begin).unzip();
            written.arrays.push(array);
            before.push(begin.flatten());
        }
        for (k, &Place { variable, start, stride }) in layout.inputs.iter().enumerate() {
            let lie = Lie::Rows(stride);
            let begin = match (before[variable], &mut written.arrays[variable]) {
                (None, _) | (_, None) => Begin::Itself,
                (Some(before), Some(dx)) if partly(k) => {
                    let (apart, width) = (stride.max(layout.width).max(1), layout.width);
                    let rows = dx[start..].chunks_mut(apart).map(|row| &mut row[..width]);
                    if before.is_empty() {
                        rows.for_each(|row| row.fill(T::ZERO));
                    } else {
                        let before = before[start..].chunks(apart).map(|row| &row[..width]);
                        rows.zip(before).for_each(|(row, before)| row.copy_from_slice(before));
                    }
                    Begin::Itself
                }
                (Some([]), _) => Begin::Zero,
                (Some(before), _) => {
                    read.push(Read { data: &before[start..], lie });
                    Begin::At(read.len() - 1)
                }
            };
            // A product that is spent multiplies with its adjoint, and is given it flushed.
            let flushed = self.spent && variable == 0;
            written.targets.push(Target { array: variable, start, lie, begin, flushed });
        }
        written
    }
}
