//! What can be done to a stretch of numbers in one go.
//!
//! An instruction of a formula, a rule of its adjoint, or two of them that follow each other: what is done while numbers are
//! in registers needs no memory in between. Two in one round as often as one after the other.

use super::program::{Code, Place};

/// A function of up to three operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// An instruction of the formula.
    Do(Code),
    /// `a`
    Copy,
    /// `−a b`
    NegMul,
    /// `a (b − c)`
    MulDifference,
    /// `σ(a + b)`
    SigmoidOfSum,
    /// `tanh(a + b)`
    TanhOfSum,
    /// `ȳ y (1 − y)`, of ȳ and y
    SigmoidSlope,
    /// `ȳ (1 − y²)`, of ȳ and y
    TanhSlope,
    /// `(a b) y (1 − y)`
    MulSigmoidSlope,
    /// `(a b) (1 − y²)`
    MulTanhSlope,
    /// `ȳ f′`, of ȳ and of what it takes to know f′: see [`reads_result`](Self::reads_result).
    Slope(Code),
    /// `−ȳ y / b`, of ȳ, y and b: what the divisor of `y = a / b` gets.
    DivisorSlope,
    /// The part of ȳ that is a's in `max(a, b)`: all, none, or half where they are equal; of ȳ, a and b.
    Share,
    /// `ȳ` where `a > b`, and zero elsewhere; of ȳ, a and b.
    Above,
}

impl Action {
    /// How many operands it has.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Do(code) if code.is_binary() => 2,
            Self::Do(_) | Self::Copy => 1,
            Self::MulDifference
            | Self::MulSigmoidSlope
            | Self::MulTanhSlope
            | Self::DivisorSlope
            | Self::Share
            | Self::Above => 3,
            _ => 2,
        }
    }

    /// May it add to something what it has found?
    pub(super) fn adds(self) -> bool {
        matches!(
            self,
            Self::Do(Code::Mul | Code::Neg)
                | Self::Copy
                | Self::NegMul
                | Self::MulDifference
                | Self::SigmoidSlope
                | Self::TanhSlope
                | Self::MulSigmoidSlope
                | Self::MulTanhSlope
        )
    }

    /// Is `f′` known from the result of `f`, rather than from its operand?
    pub(super) fn reads_result(code: Code) -> bool {
        matches!(code, Code::Sqrt | Code::Expm1)
    }
}

/// An action before it is known where its result will stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) action: Action,
    /// As many as it has operands; the others are the first once more.
    pub(super) x: [Place; 3],
    /// What it adds to.
    pub(super) plus: Option<Place>,
}

impl Draft {
    pub(super) fn new(action: Action, x: &[Place]) -> Self {
        let or_first = |k: usize| *x.get(k).unwrap_or(&x[0]);
        Self { action, x: [x[0], or_first(1), or_first(2)], plus: None }
    }

    /// Everything it reads.
    pub(super) fn operands(&self) -> impl Iterator<Item = Place> {
        self.x.into_iter().take(self.action.arity()).chain(self.plus)
    }
}

/// How often each draft is read, by the `roots` or by another one that is read itself. What is `held` somewhere need not be
/// made, so that nothing is read for its sake.
pub(super) fn uses(
    drafts: &[Draft],
    roots: impl Iterator<Item = Place>,
    held: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut uses = vec![0; drafts.len()];
    let read = |uses: &mut Vec<usize>, place| {
        if let Place::Result(j) = place {
            uses[j] += 1;
        }
    };
    roots.for_each(|place| read(&mut uses, place));
    for j in (0..drafts.len()).rev() {
        if uses[j] > 0 && !held(j) {
            drafts[j].operands().for_each(|place| read(&mut uses, place));
        }
    }
    uses
}

/// Does what a draft from `first` on reads, and nothing else does, in the draft itself; unless it is `held` somewhere.
pub(super) fn fuse(
    drafts: &mut [Draft],
    uses: &mut [usize],
    first: usize,
    held: impl Fn(usize) -> bool,
) {
    for j in first..drafts.len() {
        if uses[j] == 0 {
            continue;
        }
        let Draft { action, x: [a, b, _], plus } = drafts[j];
        let own = |place| match place {
            Place::Result(i) if uses[i] == 1 && !held(i) => Some((i, drafts[i])),
            _ => None,
        };
        let product = |place| {
            own(place).filter(|(_, d)| d.action == Action::Do(Code::Mul) && d.plus.is_none())
        };
        let difference = |place| own(place).filter(|(_, d)| d.action == Action::Do(Code::Sub));
        let term = |place| {
            let weighted = |d: Draft| d.action == Action::MulDifference && d.plus.is_none();
            product(place).or_else(|| own(place).filter(|&(_, d)| weighted(d)))
        };
        let fused = match action {
            Action::Do(Code::Mul) => difference(b)
                .map(|(i, d)| (i, Action::MulDifference, [a, d.x[0], d.x[1]], plus))
                .or_else(|| {
                    let (i, d) = difference(a)?;
                    Some((i, Action::MulDifference, [b, d.x[0], d.x[1]], plus))
                }),
            Action::Do(code @ (Code::Sigmoid | Code::Tanh)) => {
                own(a).filter(|(_, d)| d.action == Action::Do(Code::Add)).map(|(i, d)| {
                    let sigmoid = code == Code::Sigmoid;
                    (i, if sigmoid { Action::SigmoidOfSum } else { Action::TanhOfSum }, d.x, plus)
                })
            }
            Action::Do(Code::Add) => term(b)
                .map(|(i, d)| (i, d.action, d.x, Some(a)))
                .or_else(|| term(a).map(|(i, d)| (i, d.action, d.x, Some(b)))),
            Action::Do(Code::Sub) => product(b).map(|(i, d)| (i, Action::NegMul, d.x, Some(a))),
            Action::Do(Code::Neg) => product(a).map(|(i, d)| (i, Action::NegMul, d.x, plus)),
            Action::SigmoidSlope => {
                product(a).map(|(i, d)| (i, Action::MulSigmoidSlope, [d.x[0], d.x[1], b], plus))
            }
            Action::TanhSlope => {
                product(a).map(|(i, d)| (i, Action::MulTanhSlope, [d.x[0], d.x[1], b], plus))
            }
            _ => None,
        };
        if let Some((i, action, x, plus)) = fused {
            drafts[j] = Draft { action, x, plus };
            uses[i] = 0;
        }
    }
}
