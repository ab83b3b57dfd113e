//! What a unit receives, before its function: `x W + c`.
//!
//! It is not made when it is said, but by the formula that reads it: see [`Pointwise::activate`].

use super::op::Pointwise;
use crate::{
    Real, Result, Var,
    error::or_panic,
    ops::linear::{affine::Affine, matmul::MatMul, matmul_columns::MatMulColumns},
};
use smallvec::SmallVec;
use std::ops::Range;

/// `X W + c`, what units receive before their function. It is not made when it is said, but by the formula that reads it
/// ([`Pointwise::activate`]). [`From`] a variable it is made already, and stays.
#[derive(Debug, Clone, Copy)]
pub struct Preactivation<'t, T: Real>(Product<'t, T>);

#[derive(Debug, Clone, Copy)]
enum Product<'t, T: Real> {
    Made(Var<'t, T>),
    Whole([Var<'t, T>; 2]),
    Columns(MatMulColumns, [Var<'t, T>; 2]),
    Plus([Var<'t, T>; 3]),
}

impl<'t, T: Real> Preactivation<'t, T> {
    /// `X W`, as [`Var::matmul`]: `[.., in] · [in, out] → [.., out]`.
    pub fn matmul(x: Var<'t, T>, weight: Var<'t, T>) -> Self {
        Self(Product::Whole([x, weight]))
    }

    /// `X W[:, columns]`, as [`Var::matmul_columns`]: `[.., in] · [in, out] → [.., columns]`.
    pub fn columns(x: Var<'t, T>, weight: Var<'t, T>, columns: Range<usize>) -> Self {
        let columns = MatMulColumns { start: columns.start, end: columns.end };
        Self(Product::Columns(columns, [x, weight]))
    }

    /// `X W + c`, as [`Var::affine`]: `c` is a bias, or an input that was projected beforehand.
    pub fn affine(x: Var<'t, T>, weight: Var<'t, T>, c: Var<'t, T>) -> Self {
        Self(Product::Plus([x, weight, c]))
    }
}

/// A sum that stays on the tape for others to read.
impl<'t, T: Real> From<Var<'t, T>> for Preactivation<'t, T> {
    fn from(z: Var<'t, T>) -> Self {
        Self(Product::Made(z))
    }
}

impl<const IN: usize, const OUT: usize> Pointwise<IN, OUT> {
    /// [`apply`](Self::apply), whose first inputs are a product that nothing else will read: it is made, read and
    /// forgotten, so that `[.., out]` less stays on the tape.
    ///
    /// ```
    /// use tape::{Pointwise, Preactivation, Tape};
    ///
    /// // c′ = σ(f) c + σ(i) tanh(g)
    /// let gates = Pointwise::new(|[i, f, g, c]| [f.sigmoid() * c + i.sigmoid() * g.tanh()]);
    /// let tape = Tape::<f64>::new();
    /// let leaf = |rows, columns| tape.leaf(ndarray::Array2::from_elem((rows, columns), 0.1));
    /// let (h, u, x, c) = (leaf(2, 3), leaf(3, 9), leaf(2, 9), leaf(2, 3));
    /// let [one] = gates.activate(Preactivation::affine(h, u, x), &[c]);
    /// let [two] = gates.apply(&[h.affine(u, x), c]);
    /// assert_eq!(one.value(), two.value());
    /// ```
    ///
    /// # Panics
    /// When the product's variables do not fit each other, or all do not amount to `IN` inputs of one width, or are of
    /// another tape.
    #[track_caller]
    pub fn activate<'t, T: Real>(
        &self,
        z: impl Into<Preactivation<'t, T>>,
        rest: &[Var<'t, T>],
    ) -> [Var<'t, T>; OUT] {
        or_panic(self.try_activate(z, rest))
    }

    /// [`activate`](Self::activate), or the reason why not. Nothing is recorded then.
    #[track_caller]
    pub fn try_activate<'t, T: Real>(
        &self,
        z: impl Into<Preactivation<'t, T>>,
        rest: &[Var<'t, T>],
    ) -> Result<[Var<'t, T>; OUT]> {
        // No closures: each node is to name the line of whoever called.
        let (z, spent) = match z.into().0 {
            Product::Made(z) => (z, false),
            Product::Whole(x) => {
                let product = MatMul { left_t: false, right_t: false };
                (x[0].tape().try_apply_aside(product, &x, &[], 0)?, true)
            }
            Product::Columns(columns, x) => {
                (x[0].tape().try_apply_aside(columns, &x, &[], 0)?, true)
            }
            Product::Plus(x) => (x[0].tape().try_apply_aside(Affine, &x, &[], 0)?, true),
        };
        let mut inputs: SmallVec<[_; 8]> = SmallVec::new();
        inputs.push(z);
        inputs.extend_from_slice(rest);
        let node = z.tape().try_apply(self.run(spent), &inputs);
        if spent {
            z.tape().spend(z, node.is_ok());
        }
        Ok(self.outputs(node?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Expr, Gradients, Tape, gradcheck, ops::reduction::examples::wave};

    /// `h′ = r n + (1 − r) h` with `r = σ(x + a)`, `n = tanh(x + r b)`: the way back reads `b`.
    fn mixed() -> Pointwise<4, 1> {
        Pointwise::new(|[a, b, x, h]: [Expr<'_>; 4]| {
            let r = (x + a).sigmoid();
            [r * (x + r * b).tanh() + (1.0 - r) * h]
        })
    }

    /// Where the rest of a sum comes from.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Plus {
        Nothing,
        NothingToSomeColumns,
        /// A step of an input that was projected beforehand.
        Step,
        /// The same, which something else reads, too.
        SharedStep,
    }

    /// Three steps with sums that are spent, or that stay: what they end with, the gradients, and what stands on the tape.
    fn run(spent: bool, plus: Plus) -> (Vec<f64>, [ndarray::ArrayD<f64>; 4], usize) {
        let tape = Tape::<f64>::new();
        let all = [&[5, 3][..], &[3, 8], &[5, 3], &[4, 5, 6]].map(|shape| tape.leaf(wave(shape)));
        let [x, u, mut h, inputs] = all;
        let (part, projected) = (u.slice(1, 0..6), inputs * 0.5);
        let mut other = tape.zeros(&[5, 6]);
        for t in 1..4 {
            let c = projected.select(0, t);
            let z: Preactivation<'_, f64> = match (spent, plus) {
                (true, Plus::Nothing) => Preactivation::matmul(h, part),
                (false, Plus::Nothing) => h.matmul(part).into(),
                (true, Plus::NothingToSomeColumns) => Preactivation::columns(h, u, 1..7),
                (false, Plus::NothingToSomeColumns) => h.matmul_columns(u, 1..7).into(),
                (true, _) => Preactivation::affine(h, part, c),
                (false, _) => h.affine(part, c).into(),
            };
            [h] = mixed().activate(z, &[x, h]);
            if plus == Plus::SharedStep {
                other = other + c * c;
            }
        }
        assert_eq!(tape.ledger().total().bytes(), tape.bytes());
        drop(tape.backward((projected * 3.0).sum())); // leaves memory behind that is not zero
        let gradients: Gradients<f64> = tape.backward(h.square().sum() + other.sum());
        let all = all.map(|leaf| gradients[leaf].clone());
        (h.value().iter().copied().collect(), all, tape.bytes())
    }

    #[test]
    fn a_product_that_is_spent_has_the_bits_of_one_that_stays() {
        for plus in [Plus::Nothing, Plus::NothingToSomeColumns, Plus::Step, Plus::SharedStep] {
            let ((h, gradients, bytes), (h_, gradients_, bytes_)) =
                (run(true, plus), run(false, plus));
            assert_eq!((h, gradients), (h_, gradients_), "{plus:?}");
            assert!(bytes < bytes_, "{bytes} bytes of {bytes_}");
        }
    }

    #[test]
    fn an_adjoint_below_the_normal_numbers_ends_at_a_product_that_is_spent() {
        let tape = Tape::<f64>::new();
        let [h, u, x] = [&[2, 3][..], &[3, 6], &[2, 3]].map(|shape| tape.leaf(wave(shape)));
        for loss in [1e-300, 1e-309] {
            let [spent, stays] = [Preactivation::matmul(h, u), h.matmul(u).into()].map(|z| {
                let [y] = mixed().activate(z, &[x, x]);
                tape.backward(y.sum() * loss)
            });
            for leaf in [h, u, x] {
                assert_eq!(spent[leaf], stays[leaf]);
                let reached = spent[leaf].iter().any(|&dx| dx != 0.0);
                assert_eq!(reached, loss == 1e-300 || leaf.id == x.id);
            }
        }
    }

    #[test]
    fn backward_matches_central_differences() {
        fn step<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
            mixed().activate(Preactivation::affine(x[0], x[1], x[2]), &[x[3], x[3]])[0]
        }
        let (weight, bias, rest) = (wave(&[2, 6]), wave(&[6]), wave(&[4, 3]));
        // Of one row of products that serves all rows of the others, what is read on the way back is kept for each.
        for lead in [&[4, 2][..], &[2]] {
            let x = [wave(lead), weight.clone(), bias.clone(), rest.clone()];
            gradcheck::function(|_, x| step(x), &x).assert();
        }
    }

    #[test]
    fn nothing_is_read_of_arrays_without_elements() {
        let tape = Tape::<f64>::new();
        for (rows, width) in [(0, 2), (3, 0)] {
            let [h, u, x] = [[rows, 3], [3, 2 * width], [rows, width]].map(|s| tape.leaf(wave(&s)));
            let [y] = mixed().activate(Preactivation::matmul(h, u), &[x, x]);
            assert_eq!(y.shape()[..], [rows, width]);
            assert_eq!(tape.backward(y.sum())[h].shape(), [rows, 3]);
        }
    }

    #[test]
    fn what_does_not_fit_leaves_nothing_behind() {
        let tape = Tape::<f64>::new();
        let [h, u, x] = [&[2, 3][..], &[3, 8], &[2, 4]].map(|shape| tape.leaf(wave(shape)));
        let before = (tape.len(), tape.bytes());
        for (z, expected) in [
            (Preactivation::matmul(x, u), "MatMul of [2, 4] and [3, 8]"),
            (Preactivation::columns(h, u, 0..7), "do not hold 4 inputs of one width"),
        ] {
            let error = mixed().try_activate(z, &[x, x]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!((tape.len(), tape.bytes()), before);
        }
        let [h] = mixed().activate(Preactivation::matmul(h, u), &[x, x]);
        assert!(tape.backward(h.sum())[u].iter().any(|&du| du != 0.0));
    }

    #[test]
    fn each_node_names_the_line_that_activates() {
        let tape = Tape::<f64>::new();
        let [h, u, x] = [&[2, 3][..], &[3, 8], &[2, 4]].map(|shape| tape.leaf(wave(shape)));
        let before = tape.len();
        let (line, _) = (line!(), mixed().activate(Preactivation::matmul(h, u), &[x, x]));
        let lines: Vec<_> = tape.table().rows().map(|row| row.site.line()).collect();
        assert_eq!(lines[before..], [line; 2], "the product and the formula");
    }

    #[test]
    fn it_may_be_cut_off_and_traced_like_any_other() {
        let mut tape = Tape::<f64>::new();
        tape.set_strict(true);
        let last = |tape: &Tape<f64>, cut: bool| {
            let mut h = tape.constant(wave(&[5, 3]));
            for _ in 0..4 {
                let (x, u) = (tape.leaf(wave(&[5, 3])), tape.leaf(wave(&[3, 6])));
                [h] = mixed().activate(Preactivation::matmul(h, u), &[x, h]);
                let mark = tape.mark();
                if cut {
                    h = h.detach();
                    tape.cut(mark);
                }
            }
            assert!(tape.trace_non_finite().is_none() && !tape.table().to_string().is_empty());
            h.value()
        };
        let all = last(&tape, false);
        assert_eq!(last(&tape, true), all);
        tape.clear();
        assert_eq!(last(&tape, true), all);
    }
}
