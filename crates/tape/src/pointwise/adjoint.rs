//! The adjoint of a formula, which is a formula again.
//!
//! ```text
//! v = f(a, b)        ā += v̄ ∂f/∂a,    b̄ += v̄ ∂f/∂b,    from the last instruction to the first
//! ```
//!
//! It reads what the formula has found, and the adjoints of its outputs. The first term of a sum stands for the sum, and a
//! term that is `v̄` itself costs nothing.

use super::{
    draft::{Action, Draft},
    program::{Code, Instruction, Place, Program},
};

/// The instructions of the formula, and behind them those of its adjoint.
pub(super) struct Derived {
    pub(super) drafts: Vec<Draft>,
    /// Where the adjoint of each input stands; nowhere if no output depends on it.
    pub(super) inputs: Vec<Option<Place>>,
    results: Vec<Option<Place>>,
}

/// A term of an adjoint.
enum Term {
    Is(Place),
    Of(Action, [Place; 3]),
}

impl Derived {
    pub(super) fn of(program: &Program) -> Self {
        let code = &program.code;
        let forward =
            code.iter().map(|&Instruction { code, a, b }| Draft::new(Action::Do(code), &[a, b]));
        let (inputs, results) = (vec![None; program.inputs], vec![None; code.len()]);
        let mut derived = Self { drafts: forward.collect(), inputs, results };
        for (k, &output) in program.outputs.iter().enumerate() {
            derived.add(output, Term::Is(Place::Adjoint(k)));
        }
        for (k, &Instruction { code, a, b }) in code.iter().enumerate().rev() {
            let Some(dy) = derived.results[k] else { continue };
            let [da, db] = rule(code, a, b, Place::Result(k), dy);
            derived.add(a, da);
            if let (true, Some(db)) = (code.is_binary(), db) {
                derived.add(b, db);
            }
        }
        derived
    }

    /// Adds a term to the adjoint of what stands at `to`.
    fn add(&mut self, to: Place, term: impl Into<Option<Term>>) {
        let Some(term) = term.into() else { return };
        let sum = match to {
            Place::Input(k) => self.inputs[k],
            Place::Result(k) => self.results[k],
            Place::Constant(_) | Place::Adjoint(_) => return,
        };
        let sum = match (sum, term) {
            (None, Term::Is(place)) => place,
            (None, Term::Of(action, x)) => self.draft(Draft { action, x, plus: None }),
            (Some(sum), Term::Is(place)) => {
                self.draft(Draft::new(Action::Do(Code::Add), &[sum, place]))
            }
            (Some(sum), Term::Of(action, x)) if action.adds() => {
                self.draft(Draft { action, x, plus: Some(sum) })
            }
            (Some(sum), Term::Of(action, x)) => {
                let term = self.draft(Draft { action, x, plus: None });
                self.draft(Draft::new(Action::Do(Code::Add), &[sum, term]))
            }
        };
        match to {
            Place::Input(k) => self.inputs[k] = Some(sum),
            Place::Result(k) => self.results[k] = Some(sum),
            Place::Constant(_) | Place::Adjoint(_) => {}
        }
    }

    fn draft(&mut self, draft: Draft) -> Place {
        self.drafts.push(draft);
        Place::Result(self.drafts.len() - 1)
    }
}

/// `ȳ ∂f/∂a` and `ȳ ∂f/∂b` for `y = f(a, b)`.
fn rule(code: Code, a: Place, b: Place, y: Place, dy: Place) -> [Option<Term>; 2] {
    let of = |action, x, z| Some(Term::Of(action, [dy, x, z]));
    match code {
        Code::Add => [Some(Term::Is(dy)), Some(Term::Is(dy))],
        Code::Sub => [Some(Term::Is(dy)), of(Action::Do(Code::Neg), dy, dy)],
        Code::Mul => [of(Action::Do(Code::Mul), b, dy), of(Action::Do(Code::Mul), a, dy)],
        Code::Div => [of(Action::Do(Code::Div), b, dy), of(Action::DivisorSlope, y, b)],
        Code::Max => [of(Action::Share, a, b), of(Action::Share, b, a)],
        Code::AtLeast => [of(Action::Above, a, b), None],
        Code::AtMost => [of(Action::Above, b, a), None],
        Code::Neg => [of(Action::Do(Code::Neg), dy, dy), None],
        Code::Exp => [of(Action::Do(Code::Mul), y, dy), None],
        Code::Tanh => [of(Action::TanhSlope, y, dy), None],
        Code::Sigmoid => [of(Action::SigmoidSlope, y, dy), None],
        _ => [of(Action::Slope(code), if Action::reads_result(code) { y } else { a }, dy), None],
    }
}
