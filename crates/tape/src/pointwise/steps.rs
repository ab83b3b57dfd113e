//! The instructions of a program, over one stretch.

use super::{
    layout::{Layout, STRETCH, Source, Stretch},
    program::{Instruction, Place, Program},
    run::Run,
};
use crate::{Inputs, Real};
use smallvec::SmallVec;

/// The inputs as they lie in memory, found once and not for every stretch.
pub(super) struct Bound<'a, 'l, T> {
    layout: &'l Layout,
    pub(super) constants: usize,
    /// From the first element of each input on.
    inputs: SmallVec<[&'a [T]; 16]>,
}

impl<'a, 'l, T: Real> Bound<'a, 'l, T> {
    pub(super) fn new(x: Inputs<'a, T>, layout: &'l Layout, program: &Program) -> Self {
        let whole = |source: &Source| x.value(source.variable).get(source.start..).unwrap_or(&[]);
        let inputs = layout.sources.iter().map(whole).collect();
        Self { layout, constants: program.constants.len(), inputs }
    }
}

/// The results of instructions so far: those that are worth keeping stand where they are kept, the others in lanes, behind the
/// constants.
pub(super) struct Results<'a, T> {
    pub(super) lanes: &'a [T],
    pub(super) saved: &'a [T],
}

impl Run {
    /// The elements of an operand.
    #[inline(always)]
    pub(super) fn operand<'a, T: Real>(
        &self,
        place: Place,
        x: &'a Bound<'_, '_, T>,
        stretch: Stretch,
        results: &Results<'a, T>,
    ) -> &'a [T] {
        let lane = |k: usize| &results.lanes[k * STRETCH..][..stretch.len];
        match place {
            Place::Input(k) => {
                let at = stretch.row * x.layout.sources[k].stride + stretch.at;
                &x.inputs[k][at..][..stretch.len]
            }
            Place::Constant(k) => lane(k),
            Place::Result(k) => match self.program.kept[k] {
                Some(kept) => &results.saved[x.layout.place(kept, stretch)..][..stretch.len],
                None => lane(x.constants + k),
            },
        }
    }

    /// Runs one instruction over one stretch.
    #[inline(always)]
    fn instruct<T: Real>(
        &self,
        k: usize,
        x: &Bound<'_, '_, T>,
        stretch: Stretch,
        results: &Results<'_, T>,
        y: &mut [T],
    ) {
        let Instruction { code, a, b } = self.program.code[k];
        let operand = |place| self.operand(place, x, stretch, results);
        code.forward(operand(a), operand(b), &mut y[..stretch.len]);
    }

    /// The instructions whose results are not kept, over one stretch.
    #[inline(always)]
    pub(super) fn replay<T: Real>(
        &self,
        x: &Bound<'_, '_, T>,
        stretch: Stretch,
        lanes: &mut [T],
        saved: &[T],
    ) {
        for k in (0..self.program.code.len()).filter(|&k| self.program.kept[k].is_none()) {
            let (lanes, y) = lanes.split_at_mut((x.constants + k) * STRETCH);
            self.instruct(k, x, stretch, &Results { lanes, saved }, y);
        }
    }

    /// All instructions, over one stretch.
    #[inline(always)]
    pub(super) fn run<T: Real>(
        &self,
        x: &Bound<'_, '_, T>,
        stretch: Stretch,
        lanes: &mut [T],
        saved: &mut [T],
    ) {
        for k in 0..self.program.code.len() {
            match self.program.kept[k] {
                Some(kept) => {
                    let (saved, y) = saved.split_at_mut(x.layout.place(kept, stretch));
                    self.instruct(k, x, stretch, &Results { lanes, saved }, y);
                }
                None => {
                    let (lanes, y) = lanes.split_at_mut((x.constants + k) * STRETCH);
                    self.instruct(k, x, stretch, &Results { lanes, saved }, y);
                }
            }
        }
    }
}
