//! Both directions: M. Schuster and K. K. Paliwal, *Bidirectional recurrent neural networks*, 1997.

use super::{Layer, Run};
use crate::{Bound, Sequence, Widths};
use tape::{Real, Var};

/// One layer reads the sequence from its beginning, the other from its end: each row from its own. States: those of
/// `forward`, then those of `backward`.
#[derive(Debug, Clone, Copy)]
pub struct Bidirectional<A, B> {
    /// Reads from the beginning.
    pub forward: A,
    /// Reads from the end.
    pub backward: B,
    /// How their outputs become one.
    pub merge: Merge,
}

/// How the outputs `a` and `b` of two directions become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Merge {
    /// `[a, b]`, side by side.
    #[default]
    Concat,
    /// `a + b`
    Sum,
    /// `(a + b) / 2`
    Mean,
    /// `a ⊙ b`
    Product,
}

impl<A, B> Bidirectional<A, B> {
    /// Both directions.
    pub fn new(forward: A, backward: B, merge: Merge) -> Self {
        Self { forward, backward, merge }
    }
}

impl<T: Real, A: Layer<T>, B: Layer<T>> Layer<T> for Bidirectional<A, B> {
    fn state_widths(&self) -> Widths {
        self.forward.state_widths().into_iter().chain(self.backward.state_widths()).collect()
    }

    fn width(&self, inputs: usize) -> usize {
        let forward = self.forward.width(inputs);
        match self.merge {
            Merge::Concat => forward + self.backward.width(inputs),
            _ => forward,
        }
    }

    #[track_caller]
    fn run<'t>(
        &self,
        p: Bound<'t, '_, T>,
        xs: &Sequence<'t, '_, T>,
        start: &[Var<'t, T>],
    ) -> Run<'t, T> {
        crate::error::or_panic(self.check(xs, start));
        let (there, back) = start.split_at(self.forward.state_widths().len());
        let there = self.forward.run(p, xs, there);
        let back = self.backward.run(p, &xs.clone().reversed(), back);
        let (a, b) = (there.outputs, back.outputs);
        let outputs = match self.merge {
            Merge::Concat => p.tape().concat(-1, &[a, b]),
            merge => {
                assert!(
                    a.shape() == b.shape(),
                    "the two directions put out {:?} and {:?}, of which there is no {merge:?}; \
                     make them equally wide, or let them stand side by side (`Merge::Concat`)",
                    &a.shape()[..],
                    &b.shape()[..]
                );
                match merge {
                    Merge::Product => a * b,
                    Merge::Mean => (a + b) * T::of(0.5),
                    _ => a + b,
                }
            }
        };
        let mut states = there.states;
        states.extend(back.states);
        Run { outputs, states }
    }
}
