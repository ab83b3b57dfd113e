//! The adjoint of a part, written where it stands in that of the whole.
//!
//! ```text
//! x = X[t]        y = f(x, …)        X̄[t] += ȳ · ∂f/∂x
//! ```
//!
//! A step reads its part of what all steps were projected to, and its adjoint is a part of that of all. Found elsewhere, it would
//! have to be [moved there](crate::part). So an op that finds the adjoints of all its inputs at once is lent the very place,
//! as long as that place is the part's alone: the sum there then has the terms, and the order, that it would have elsewhere.

use crate::{
    Adjoint, Real,
    buffer::Buffer,
    node::{Kind, Node, Place},
    running::Running,
    sweep::Sweep,
};
use std::{mem::take, ops::Range};

/// Nodes from a part to the last that reads it, as those of a step: more are not looked through.
const STEP: u64 = 64;

/// Where the adjoint of a part stands in that of its whole.
#[derive(Debug)]
pub(crate) struct Part {
    whole: u64,
    pub(crate) stretch: Range<usize>,
    /// Has nothing been written there yet?
    pub(crate) fresh: bool,
    /// What has been written of the whole, this included.
    known: Range<usize>,
}

impl<T: Real> Sweep<'_, T> {
    /// Where the adjoint of input `i` may be written at once: within that of the whole that the input is a part of. Then
    /// nobody is to look at the part's own before it is handed on, and what is written touches what has been.
    pub(crate) fn part_of(&mut self, inputs: &[u64], i: usize) -> Option<Part> {
        let (record, lookup) = (self.record, self.lookup);
        let node = lookup.node(inputs[i]);
        let whole = *record.inputs(node).first()?;
        let target = lookup.node(whole);
        let Kind::Op(op) = &target.kind else { return None };
        let seen = !self.plain || node.watched || target.watched || target.paused;
        let outputs = op.outputs() > 1;
        if seen || outputs || !target.wants || whole < self.first || node.len >= target.len {
            return None;
        }
        for (j, &other) in inputs.iter().enumerate() {
            let of_whole = |id: u64| matches!(*record.inputs(lookup.node(id)), [of] if of == whole);
            if j != i && (other == whole || of_whole(other)) {
                return None;
            }
        }
        let within = match self.slot(inputs[i])? {
            Running::Within => true,
            Running::Zero => false,
            _ => return None,
        };
        // A term of who reads the whole in between would come between two of the part's. (Once for each part: what stands
        // within has been let in.)
        let (first, last) = (inputs[i] + 1, node.last_use);
        if !within {
            if last > first + STEP {
                return None;
            }
            for id in first..=last {
                if record.inputs(lookup.node(id)).contains(&whole) {
                    return None;
                }
            }
        }
        let stretch = stretch(node, target);
        let known = match self.slot(whole)? {
            Running::Zero => stretch.start..stretch.start,
            Running::Part(_, known) => known.clone(),
            Running::Buffer(sum) if within => 0..sum.len(),
            _ => return None,
        };
        let touches = known.start == stretch.end || known.end == stretch.start;
        let known = known.start.min(stretch.start)..known.end.max(stretch.end);
        (within || touches).then_some(Part { whole, stretch, fresh: !within, known })
    }

    /// The adjoint of the whole.
    pub(crate) fn take_part(&mut self, part: &Part) -> Buffer<T> {
        match self.slot(part.whole).map(take).unwrap_or_default() {
            Running::Buffer(sum) | Running::Part(sum, _) => sum,
            _ => self.pool.take(self.lookup.node(part.whole).len),
        }
    }

    /// And back, with what has been written.
    pub(crate) fn put_part(&mut self, part: Part, sum: Buffer<T>) {
        let all = part.known.len() == sum.len();
        let sum = if all { Running::Buffer(sum) } else { Running::Part(sum, part.known) };
        self.put(part.whole, sum);
    }

    /// Lets `add` add to the adjoint of a part that stands there.
    #[cold]
    pub(crate) fn add_within(&mut self, part: Part, add: impl FnOnce(Adjoint<'_, T>)) {
        let mut sum = self.take_part(&part);
        add(Adjoint { slice: &mut sum[part.stretch.clone()], fresh: None });
        self.put_part(part, sum);
    }
}

/// Where a view stands in the node that it is a view of.
#[inline]
pub(crate) fn stretch<T>(view: &Node<T>, whole: &Node<T>) -> Range<usize> {
    let offset = |node: &Node<T>| match node.place {
        Place::View { offset, .. } | Place::SpentView { offset } => offset,
        _ => 0,
    };
    let start = offset(view) - offset(whole); // both count from one root
    start..start + view.len
}

#[cfg(test)]
mod tests {
    use crate::{Pointwise, Tape, Var, ops::reduction::examples::wave};
    use ndarray::{ArrayD, Axis};

    /// How the steps of [`run`] read their part of the inputs.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Reads {
        Once,
        /// By two formulas, of which neither reads all of it.
        Twice,
        /// By another op, too.
        AlsoElsewhere,
        /// A part of it by another op, too.
        APartElsewhere,
        /// Once more from the whole, between two formulas.
        FromTheWhole,
        /// As all others are, by one op between two formulas.
        WithTheWhole,
        /// As two inputs of one formula.
        AsTwo,
    }

    /// A step for some of five parts, in this order, and the gradients of the inputs and the first state. `watched` parts have
    /// an adjoint of their own.
    fn run(reads: Reads, order: [usize; 4], watched: bool) -> [ArrayD<f64>; 2] {
        let (gate, mix) = gates();
        let tape = Tape::<f64>::new();
        let (inputs, start) = (tape.leaf(wave(&[5, 2, 6])), tape.leaf(wave(&[2, 3])));
        let (projected, mut h) = (inputs * 0.5, start);
        let (mut other, mut parts) = (tape.zeros(&[]), Vec::new());
        for t in order {
            let x = projected.select(0, t);
            if watched {
                parts.push((t, x.watch()));
            }
            let f = if reads == Reads::Once { h.sigmoid() } else { gate.apply(&[x, h])[0] };
            if reads == Reads::AlsoElsewhere {
                other = other + (x * x).sum();
            }
            if reads == Reads::APartElsewhere {
                other = other + x.select(0, 1).square().sum();
            }
            if reads == Reads::FromTheWhole {
                other = other + projected.select(0, t).exp().sum();
            }
            if reads == Reads::WithTheWhole {
                other = other + projected.exp().sum();
            }
            [h] = match reads {
                Reads::AsTwo => two().apply(&[x, x, h]),
                Reads::FromTheWhole | Reads::WithTheWhole => both().apply(&[x, f, h]),
                _ => mix.apply(&[x, f, h]),
            };
        }
        drop(tape.backward((projected * 3.0).sum())); // leaves memory behind that is not zero
        let loss = h.square().sum() + other;
        let (first, gradients) = (tape.backward(loss), tape.backward(loss));
        assert_eq!(first[inputs], gradients[inputs], "a sweep leaves nothing behind");
        let alone = !matches!(reads, Reads::FromTheWhole | Reads::WithTheWhole);
        for (t, x) in parts.into_iter().filter(|_| alone) {
            assert_eq!(&gradients[x] * 0.5, gradients[inputs].index_axis(Axis(0), t));
        }
        [inputs, start].map(|leaf: Var<'_, f64>| gradients[leaf].clone())
    }

    /// Neither reads all of what it is given.
    fn gates() -> (Pointwise<3, 1>, Pointwise<4, 1>) {
        let gate = Pointwise::new(|[a, _, h]| [(a + h).sigmoid()]);
        (gate, Pointwise::new(|[_, b, f, h]| [f * b.tanh() + (1.0 - f) * h]))
    }

    fn both() -> Pointwise<4, 1> {
        Pointwise::new(|[a, b, f, h]| [f * (a + b).tanh() + (1.0 - f) * h])
    }

    fn two() -> Pointwise<5, 1> {
        Pointwise::new(|[a, b, c, d, h]| [(a * b + c * d).tanh() + h])
    }

    #[test]
    fn a_part_has_the_bits_that_it_would_have_elsewhere() {
        use Reads::*;
        for reads in [Once, Twice, AlsoElsewhere, APartElsewhere, FromTheWhole, WithTheWhole, AsTwo]
        {
            // Those of a sequence read from either end touch each other, those of the last one do not.
            for order in [[0, 1, 2, 3], [4, 3, 2, 1], [0, 3, 1, 4]] {
                let [within, elsewhere] = [false, true].map(|watched| run(reads, order, watched));
                assert_eq!(within, elsewhere, "{reads:?}, parts {order:?}");
            }
        }
    }

    #[test]
    fn backward_matches_central_differences() {
        fn steps<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
            let (gate, mix) = gates();
            let (projected, mut h) = (x[0] * 0.5, x[1]);
            for t in 0..3 {
                let part = projected.select(0, t);
                let [f] = gate.apply(&[part, h]);
                [h] = mix.apply(&[part, f, h]);
            }
            h
        }
        crate::gradcheck::function(|_, x| steps(x), &[wave(&[4, 2, 6]), wave(&[2, 3])]).assert();
    }
}
