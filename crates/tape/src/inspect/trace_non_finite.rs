//! Where the first NaN came from.
//!
//! By the time a loss is NaN everything behind the first bad value is NaN too. The tape still has all
//! values in the order of their making, so the first that is not finite names the op to blame, and
//! since its inputs were finite, their ranges tell why. Adjoints are gone after a sweep; for them the sweep is
//! made once more, with a look at every adjoint an op has added to.

use super::Spread;
use crate::{Real, Tape, Var, record::Record};
use std::{fmt, panic::Location};

/// The first node at which a number stopped being finite. Printed, it is an explanation.
#[derive(Debug, Clone, PartialEq)]
pub struct Culprit {
    /// Going which way, and what came out.
    pub direction: Direction,
    /// Its serial number.
    pub node: u64,
    /// The op's name; `leaf`, `constant` or `param` for what no op has made.
    pub op: &'static str,
    /// What [`Var::label`] called it.
    pub label: Option<String>,
    /// The [section](Tape::section) it is in.
    pub section: Option<String>,
    /// The line of the program that recorded it.
    pub site: &'static Location<'static>,
    /// The range of its value `y`.
    pub value: Spread,
    /// What it was computed from.
    pub inputs: Vec<Operand>,
}

/// Which way the numbers were going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Direction {
    /// The op computed it, or it was put on the tape.
    Forward,
    /// The op's `backward` added it.
    Backward {
        /// The range of `ȳ`, which the op was given.
        dy: Spread,
        /// To whose adjoint it added, counted among the op's inputs.
        input: usize,
        /// The range of that adjoint afterwards.
        dx: Spread,
    },
}

/// One input of a [`Culprit`].
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// Its serial number.
    pub node: u64,
    /// The op's name; `leaf`, `constant` or `param` for what no op has made.
    pub op: &'static str,
    /// What [`Var::label`] called it.
    pub label: Option<String>,
    /// The range of its value.
    pub value: Spread,
}

/// What a traced sweep found: the op at `node` made the adjoint of its input `input` leave the finite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blame {
    pub(crate) node: u64,
    pub(crate) input: usize,
    pub(crate) dy: Spread,
    pub(crate) dx: Spread,
}

impl<T: Real> Record<T> {
    /// Node `id` as a culprit, when its value is not finite.
    pub(crate) fn non_finite(&self, id: u64) -> Option<Culprit> {
        let values = self.lookup().values_of(self.get(id)?);
        if values.iter().all(|x| x.is_finite()) {
            return None;
        }
        self.culprit(id, Direction::Forward)
    }

    fn culprit(&self, id: u64, direction: Direction) -> Option<Culprit> {
        let node = self.get(id)?;
        let lookup = self.lookup();
        let label = |id| self.notes.label(id).map(str::to_owned);
        let operand = |&id: &u64| {
            let node = lookup.node(id);
            let value = Spread::of(lookup.values_of(node));
            Operand { node: id, op: node.op_name(), label: label(id), value }
        };
        Some(Culprit {
            direction,
            node: id,
            op: node.op_name(),
            label: label(id),
            section: self.notes.section(id).map(str::to_owned),
            site: node.site,
            value: Spread::of(lookup.values_of(node)),
            inputs: self.inputs(node).iter().map(operand).collect(),
        })
    }
}

impl<T: Real> Tape<T> {
    /// The first node, in the order of the recording, whose value is not finite; `None` on a clean tape.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let p = tape.leaf([1.0, 0.0]).label("p");
    /// let loss = (p * p.ln()).sum();
    /// assert!(loss.item().is_nan());
    /// let culprit = tape.trace_non_finite().unwrap();
    /// assert_eq!((culprit.op, culprit.node), ("Ln", 1)); // not the Mul that made it NaN
    /// assert!(culprit.to_string().ends_with("input 0, leaf (node 0, `p`): in [0, 1]"));
    /// ```
    pub fn trace_non_finite(&self) -> Option<Culprit> {
        let record = self.record.borrow();
        let lookup = record.lookup();
        let bad = |x: &T| !x.is_finite();
        let mut nodes = record.living();
        let (id, _) = nodes.find(|(_, node)| lookup.values_of(node).iter().any(bad))?;
        record.culprit(id, Direction::Forward)
    }

    /// The first op of the sweep from `loss` that makes an adjoint leave the finite; `None` where all stay finite.
    ///
    /// Look at [`trace_non_finite`](Tape::trace_non_finite) first: a value that is not finite seldom leaves the
    /// adjoints in peace. The sweep stops at the culprit; it costs about two that run through.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.leaf(0.0);
    /// let culprit = tape.trace_non_finite_adjoint(x.sqrt()).unwrap();
    /// assert!(culprit.to_string().starts_with("backward: Sqrt (node 1, recorded at "));
    /// ```
    ///
    /// # Panics
    /// Where [`backward`](Tape::backward) does.
    #[track_caller]
    pub fn trace_non_finite_adjoint(&self, loss: Var<'_, T>) -> Option<Culprit> {
        let Blame { node, input, dy, dx } = crate::error::or_panic(self.try_blame(loss))?;
        self.record.borrow().culprit(node, Direction::Backward { dy, input, dx })
    }
}

/// ``(node 3, `h`)``
fn write_node(f: &mut fmt::Formatter<'_>, node: u64, label: Option<&str>) -> fmt::Result {
    write!(f, "(node {node}")?;
    label.map_or(Ok(()), |label| write!(f, ", `{label}`"))
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.direction {
            Direction::Forward => "forward",
            Direction::Backward { .. } => "backward",
        };
        write!(f, "{way}: {} ", self.op)?;
        write_node(f, self.node, self.label.as_deref())?;
        if let Some(section) = &self.section {
            write!(f, ", in {section}")?;
        }
        write!(f, ", recorded at {}) ", self.site)?;
        match self.direction {
            Direction::Forward => {
                write!(f, "is the first value that is not finite: {}", self.value)?
            }
            Direction::Backward { dy, input, dx } => {
                write!(f, "gave its input {input} the first adjoint that is not finite: {dx}")?;
                write!(f, "\n  its own adjoint: {dy}\n  its value: {}", self.value)?;
            }
        }
        for (i, input) in self.inputs.iter().enumerate() {
            write!(f, "\n  input {i}, {} ", input.op)?;
            write_node(f, input.node, input.label.as_deref())?;
            write!(f, "): {}", input.value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The explanation, without the call site.
    fn explain(culprit: Option<Culprit>) -> String {
        let culprit = culprit.unwrap();
        culprit.to_string().replace(&culprit.site.to_string(), "HERE")
    }

    #[test]
    fn the_logarithm_of_zero() {
        let tape = Tape::<f64>::new();
        tape.section("loss");
        let p = tape.leaf([0.5, 0.0, 1.0]).label("p");
        let _ = p.ln().label("ln p").sum();
        assert_eq!(
            explain(tape.trace_non_finite()),
            "forward: Ln (node 1, `ln p`, in loss, recorded at HERE) is the first value that is not finite: 1 of 3 \
             not finite, the others in [-0.6931, 0]\n  input 0, leaf (node 0, `p`): in [0, 1]"
        );
    }

    #[test]
    fn zero_over_zero() {
        let tape = Tape::<f64>::new();
        let (x, y) = (tape.leaf(0.0), tape.leaf(0.0));
        let _ = (x / y) + 1.0;
        assert_eq!(
            explain(tape.trace_non_finite()),
            "forward: Div (node 2, recorded at HERE) is the first value that is not finite: not finite\n  \
             input 0, leaf (node 0): in [0, 0]\n  input 1, leaf (node 1): in [0, 0]"
        );
    }

    #[test]
    fn an_overflow_of_the_exponential() {
        let tape = Tape::<f64>::new();
        let _ = tape.leaf([1.0, 1000.0]).exp();
        let culprit = tape.trace_non_finite().unwrap();
        assert_eq!(
            (culprit.op, culprit.value.non_finite, culprit.inputs[0].value.max),
            ("Exp", 1, 1000.0)
        );
    }

    #[test]
    fn what_was_put_on_the_tape_so() {
        let tape = Tape::<f64>::new();
        let _ = tape.constant([f64::NAN, 1.0]).exp();
        assert_eq!(
            explain(tape.trace_non_finite()),
            "forward: constant (node 0, recorded at HERE) is the first value that is not finite: 1 of 2 not finite, \
             the others in [1, 1]"
        );
    }

    #[test]
    fn the_slope_of_a_root_at_zero() {
        let tape = Tape::<f64>::new();
        let loss = (tape.leaf([4.0, 0.0]).label("x").sqrt() * 2.0).sum();
        assert_eq!(tape.trace_non_finite(), None);
        assert_eq!(
            explain(tape.trace_non_finite_adjoint(loss)),
            "backward: Sqrt (node 1, recorded at HERE) gave its input 0 the first adjoint that is not finite: 1 of 2 \
             not finite, the others in [0.5, 0.5]\n  its own adjoint: in [2, 2]\n  its value: in [0, 2]\n  \
             input 0, leaf (node 0, `x`): in [0, 4]"
        );
    }

    #[test]
    fn a_gathered_weight_is_looked_at_where_it_is_used() {
        let tape = Tape::<f64>::new();
        let w = tape.leaf(ndarray::arr2(&[[1e-200, 0.0], [0.0, 1e-200]])).label("W");
        let x = tape.leaf(ndarray::arr2(&[[1e200, 1.0]]));
        let loss = (x.matmul(w) * 1e200).sum();
        let culprit = tape.trace_non_finite_adjoint(loss).unwrap();
        let Direction::Backward { input, .. } = culprit.direction else { panic!("{culprit}") };
        assert_eq!((culprit.op, input), ("MatMul", 1));
    }

    #[test]
    fn a_clean_tape_has_no_culprit_and_is_swept_as_before() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf([0.5, 2.0]);
        let loss = (x.ln() * x).sum();
        let before = tape.backward(loss)[x].clone();
        assert_eq!((tape.trace_non_finite(), tape.trace_non_finite_adjoint(loss)), (None, None));
        assert_eq!(tape.backward(loss)[x], before);
    }

    #[test]
    fn a_sweep_after_a_culprit_starts_afresh() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf([4.0, 0.0]);
        assert!(tape.trace_non_finite_adjoint(x.sqrt().sum()).is_some());
        let loss = (x * x).sum();
        assert_eq!(tape.backward(loss)[x], ndarray::arr1(&[8.0, 0.0]).into_dyn());
    }
}
