//! Running a program over arrays.

use super::{
    layout::{Layout, STRETCH, Source, Stretch},
    program::{Instruction, Place, Program},
};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape};
use smallvec::SmallVec;
use std::sync::Arc;

/// The op: outputs stand one after the other on a new first axis.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) program: Arc<Program>,
}

/// The elements of an operand: among the inputs, or in the lanes, where constants stand first and results follow.
#[inline(always)]
fn operand<'a, T: Real>(
    place: Place,
    x: &Bound<'a, '_, T>,
    stretch: Stretch,
    lanes: &'a [T],
) -> &'a [T] {
    let lane = |k: usize| &lanes[k * STRETCH..][..stretch.len];
    match place {
        Place::Input(k) => {
            let Source { variable, start, stride } = x.layout.sources[k];
            &x.values.value(variable)[stretch.row * stride + start + stretch.at..][..stretch.len]
        }
        Place::Constant(k) => lane(k),
        Place::Result(k) => lane(x.constants + k),
    }
}

/// The inputs, with what is needed to find an operand among them.
struct Bound<'a, 'l, T: Real> {
    values: Inputs<'a, T>,
    layout: &'l Layout,
    constants: usize,
}

impl Run {
    fn dear(&self) -> usize {
        self.program.code.iter().filter(|step| step.code.is_dear()).count()
    }

    fn lanes(&self) -> usize {
        (self.program.constants.len() + self.program.code.len()) * STRETCH
    }

    fn fill_constants<T: Real>(&self, lanes: &mut [T]) {
        for (lane, &constant) in lanes.chunks_exact_mut(STRETCH).zip(&self.program.constants) {
            lane.fill(T::of(constant));
        }
    }

    /// Runs the program over one stretch. `dear` is shown each result that is worth keeping, or, where `replay`
    /// says so, gives it.
    #[inline(always)]
    fn run<T: Real>(
        &self,
        x: &Bound<'_, '_, T>,
        stretch: Stretch,
        lanes: &mut [T],
        mut saved: Saved<'_, T>,
    ) {
        let mut dear = stretch.whole;
        for (k, &Instruction { code, a, b }) in self.program.code.iter().enumerate() {
            let (before, y) = lanes.split_at_mut((x.constants + k) * STRETCH);
            let y = &mut y[..stretch.len];
            let range = dear..dear + stretch.len;
            if code.is_dear() {
                dear += x.layout.rows * x.layout.width;
                if let Saved::Read(saved) = &saved {
                    y.copy_from_slice(&saved[range]);
                    continue;
                }
            }
            let (a, b) = (operand(a, x, stretch, before), operand(b, x, stretch, before));
            code.forward(a, b, y);
            if code.is_dear()
                && let Saved::Write(saved) = &mut saved
            {
                saved[range].copy_from_slice(y);
            }
        }
    }
}

/// The results that are kept: written on the way, read on the way back.
enum Saved<'a, T> {
    Write(&'a mut [T]),
    Read(&'a [T]),
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
        let x = Bound { values: x, layout, constants: self.program.constants.len() };
        let scratch = &mut *x.values.scratch().borrow_mut();
        let lanes = scratch.lanes(self.lanes());
        self.fill_constants(lanes);
        T::vectorize(
            #[inline(always)]
            || {
                for stretch in layout.stretches() {
                    self.run(&x, stretch, lanes, Saved::Write(saved));
                    for (k, &place) in self.program.outputs.iter().enumerate() {
                        let y = &mut y[k * whole + stretch.whole..][..stretch.len];
                        y.copy_from_slice(operand(place, &x, stretch, lanes));
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
        let (inputs, constants) = (self.program.inputs, self.program.constants.len());
        let x = Bound { values: x, layout, constants };
        let scratch = &mut *x.values.scratch().borrow_mut();
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
                    self.run(&x, stretch, lanes, Saved::Read(y.saved()));
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
                        let y = operand(Place::Result(k), &x, stretch, lanes);
                        let (left, right) =
                            (operand(a, &x, stretch, lanes), operand(b, &x, stretch, lanes));
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
