//! Running a program over arrays.

use super::{
    layout::{Layout, STRETCH, Source},
    program::{Instruction, Place, Program},
    steps::{Bound, Results},
};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape};
use smallvec::SmallVec;
use std::sync::Arc;

/// The op: outputs stand one after the other on a new first axis.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) program: Arc<Program>,
}

impl Run {
    fn dear(&self) -> usize {
        self.program.kept.iter().flatten().count()
    }

    fn lanes(&self) -> usize {
        (self.program.constants.len() + self.program.code.len()) * STRETCH
    }

    fn fill_constants<T: Real>(&self, lanes: &mut [T]) {
        for (lane, &constant) in lanes.chunks_exact_mut(STRETCH).zip(&self.program.constants) {
            lane.fill(T::of(constant));
        }
    }
}

impl<T: Real> Op<T> for Run {
    fn name(&self) -> &'static str {
        "Pointwise"
    }

    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let inputs = self.program.inputs;
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
        let mut shape = Shape::from_slice(&[self.program.outputs.len()]);
        shape.extend_from_slice(longest);
        shape.extend((rank > 0).then_some(width));
        Ok(shape)
    }

    fn saves(&self, x: Inputs<'_, T>) -> usize {
        let layout = Layout::of(self.program.inputs, x);
        self.dear() * layout.rows * layout.width
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let layout = &Layout::of(self.program.inputs, x);
        let whole = layout.rows * layout.width;
        let scratch = &mut *x.scratch().borrow_mut();
        let lanes = scratch.lanes(self.lanes());
        let x = Bound::new(x, layout, &self.program);
        self.fill_constants(lanes);
        T::vectorize(
            #[inline(always)]
            || {
                for stretch in layout.stretches() {
                    self.run(&x, stretch, lanes, saved);
                    let results = Results { lanes, saved };
                    for (k, &place) in self.program.outputs.iter().enumerate() {
                        let y = &mut y[k * whole + stretch.whole..][..stretch.len];
                        y.copy_from_slice(self.operand(place, &x, stretch, &results));
                    }
                }
            },
        );
    }

    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let mut terms: SmallVec<[Option<&mut [T]>; 8]> = (0..x.len()).map(|_| None).collect();
        terms[i] = Some(dx.sum());
        self.sweep(x, y, dy, &mut terms);
    }

    fn joint(&self) -> bool {
        true
    }

    fn backward_jointly(
        &self,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        dx: &mut [Option<&mut [T]>],
    ) {
        self.sweep(x, y, dy, dx);
    }
}

impl Run {
    /// Adds the adjoints of all inputs that are wanted.
    fn sweep<T: Real>(
        &self,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        dx: &mut [Option<&mut [T]>],
    ) {
        let layout = &Layout::of(self.program.inputs, x);
        let whole = layout.rows * layout.width;
        let inputs = self.program.inputs;
        let scratch = &mut *x.scratch().borrow_mut();
        let x = Bound::new(x, layout, &self.program);
        let adjoints = (inputs + self.program.code.len()) * STRETCH;
        let (lanes, adjoints) = scratch.lanes(self.lanes() + adjoints).split_at_mut(self.lanes());
        self.fill_constants(lanes);
        // The adjoint lanes: inputs first, results behind them.
        let lane = |place| match place {
            Place::Input(k) => Some(k),
            Place::Constant(_) => None,
            Place::Result(k) => Some(inputs + k),
        };
        T::vectorize(
            #[inline(always)]
            || {
                for stretch in layout.stretches() {
                    let len = stretch.len;
                    self.replay(&x, stretch, lanes, y.saved());
                    let results = Results { lanes, saved: y.saved() };
                    let operand = |place| self.operand(place, &x, stretch, &results);
                    adjoints.fill(T::ZERO);
                    for (k, place) in self.program.outputs.iter().enumerate() {
                        let Some(at) = lane(*place) else { continue };
                        let dy = &dy[k * whole + stretch.whole..][..len];
                        for (sum, &dy) in adjoints[at * STRETCH..][..len].iter_mut().zip(dy) {
                            *sum += dy;
                        }
                    }
                    for (k, &Instruction { code, a, b }) in
                        self.program.code.iter().enumerate().rev()
                    {
                        let (before, dy) = adjoints.split_at_mut((inputs + k) * STRETCH);
                        let dy = &dy[..len];
                        let y = operand(Place::Result(k));
                        let (left, right) = (operand(a), operand(b));
                        if let Some(at) = lane(a) {
                            code.backward_a(left, right, y, dy, &mut before[at * STRETCH..][..len]);
                        }
                        if let (Some(at), true) = (lane(b), code.is_binary()) {
                            code.backward_b(left, right, y, dy, &mut before[at * STRETCH..][..len]);
                        }
                    }
                    for (k, &Source { variable, start, stride }) in
                        layout.sources.iter().enumerate()
                    {
                        let Some(dx) = &mut dx[variable] else { continue };
                        let dx = &mut dx[stretch.row * stride + start + stretch.at..][..len];
                        for (dx, &term) in dx.iter_mut().zip(&adjoints[k * STRETCH..][..len]) {
                            *dx += term;
                        }
                    }
                }
            },
        );
    }
}
