//! `Y[free, …] = Σ A[…] B[…]`, a sum of products, its axes named by letters: `"bij,bjk->bik"`.
//!
//! ```text
//! "ij,jk->ik"  a product of matrices        "i,j->ij"    an outer product
//! "bij,bj->bi" one for each b               "ii->i"      a diagonal
//! "ij->ji"     a transpose                  "ij->"       the sum of all
//! ```
//!
//! Axes with one letter run together; a letter that is not to the right of the arrow is summed over. It is no op
//! but a composition of [products](super::matmul), [sums](crate::ops::reduction::sum),
//! [permutations](crate::ops::shape::permute) and [diagonals](crate::ops::shape::diagonal), and so is its gradient:
//!
//! 1. a letter twice in an operand: its diagonal is taken;
//! 2. a letter in one operand alone: summed over;
//! 3. what remains is in both: kept (a batch) or summed (the inner axis), or in one and kept (rows, columns):
//!    one batched product does it.

use crate::{Error, Real, Result, Shape, Tape, Var, error::or_panic};
use smallvec::SmallVec;

/// A letter for each axis; the inner axes of a product, and a few more, stay off the heap.
type Letters = SmallVec<[char; 8]>;

/// A variable, and a letter for each of its axes.
#[derive(Clone)]
struct Lettered<'t, T: Real> {
    var: Var<'t, T>,
    letters: Letters,
}

impl<'t, T: Real> Lettered<'t, T> {
    fn find(&self, letter: char) -> isize {
        self.letters.iter().position(|&l| l == letter).map_or(-1, |at| at as isize)
    }

    /// Takes diagonals until no letter stands twice.
    #[track_caller]
    fn without_repeats(mut self) -> Self {
        while let Some(i) =
            (1..self.letters.len()).find(|&i| self.letters[..i].contains(&self.letters[i]))
        {
            let letter = self.letters.remove(i);
            let first = self.find(letter);
            self.letters.remove(first as usize);
            self.letters.push(letter);
            self.var = self.var.diagonal(0, first, i as isize);
        }
        self
    }

    /// Sums over every letter that `keep` does not want.
    #[track_caller]
    fn summed(mut self, keep: impl Fn(char) -> bool) -> Self {
        let over: SmallVec<[isize; 8]> =
            (0..).zip(&self.letters).filter(|(_, l)| !keep(**l)).map(|(i, _)| i).collect();
        if !over.is_empty() {
            self.var = self.var.sum_over(&over[..]);
            self.letters.retain(|l| keep(*l));
        }
        self
    }

    /// With its axes in this order.
    #[track_caller]
    fn ordered(mut self, letters: &[char]) -> Self {
        if self.letters[..] != *letters {
            let order: SmallVec<[isize; 8]> = letters.iter().map(|&l| self.find(l)).collect();
            self.var = self.var.permute(&order);
            self.letters = letters.into();
        }
        self
    }

    /// The lengths of some of its axes.
    #[track_caller]
    fn lens(&self, letters: &[char]) -> Shape {
        let shape = self.var.shape();
        letters.iter().map(|&l| shape[self.find(l) as usize]).collect()
    }

    /// `Σ a b` over the letters that both have and `out` has not.
    #[track_caller]
    fn times(self, other: Self, out: &[char]) -> Self {
        let (a, b) = (self, other);
        let pick = |x: &Self, y: &Self, shared: bool, kept: bool| -> Letters {
            let mut letters = x.letters.clone();
            letters.retain(|l| y.letters.contains(l) == shared && out.contains(l) == kept);
            letters
        };
        let (batch, inner) = (pick(&a, &b, true, true), pick(&a, &b, true, false));
        let (rows, cols) = (pick(&a, &b, false, true), pick(&b, &a, false, true));
        let size = |lens: &[usize]| lens.iter().product::<usize>();
        let (batch_lens, k) = (a.lens(&batch), size(&a.lens(&inner)));
        let (row_lens, col_lens) = (a.lens(&rows), b.lens(&cols));
        let (n, m, p) = (size(&batch_lens), size(&row_lens), size(&col_lens));
        let left = a.ordered(&joined([&batch, &rows, &inner])).var.reshape([n, m, k]);
        let right = b.ordered(&joined([&batch, &inner, &cols])).var.reshape([n, k, p]);
        let lens: Shape = [batch_lens, row_lens, col_lens].into_iter().flatten().collect();
        Self { var: left.matmul(right).reshape(lens), letters: joined([&batch, &rows, &cols]) }
    }
}

fn joined(parts: [&Letters; 3]) -> Letters {
    parts.into_iter().flatten().copied().collect()
}

/// The operands with their letters, and those of the result; or what is wrong with the formula.
fn parse<'t, T: Real>(
    formula: &str,
    vars: &[Var<'t, T>],
) -> Result<(SmallVec<[Lettered<'t, T>; 2]>, Letters)> {
    let wrong = |what: String| Error::Argument {
        op: "einsum",
        what: format!("`{formula}`: {what}"),
        remedy: "write one letter for each axis, as in `bij,bjk->bik`",
    };
    let letters = |side: &str| side.chars().filter(|c| !c.is_whitespace()).collect::<Letters>();
    let Some((left, right)) = formula.split_once("->") else {
        return Err(wrong("there is no `->`".into()));
    };
    let (sides, out): (SmallVec<[Letters; 2]>, _) =
        (left.split(',').map(letters).collect(), letters(right));
    if let Some(other) = sides.iter().flatten().chain(&out).find(|l| !l.is_ascii_alphabetic()) {
        return Err(wrong(format!("`{other}` is not a letter")));
    }
    if sides.len() != vars.len() || !(1..=2).contains(&vars.len()) {
        let count = format!("it names {} operands, of {} given", sides.len(), vars.len());
        return Err(wrong(format!("{count}; there must be one or two")));
    }
    let mut lens = SmallVec::<[(char, usize); 8]>::new();
    for (letters, var) in sides.iter().zip(vars) {
        let shape = var.shape();
        if letters.len() != shape.len() {
            let count = letters.len();
            return Err(wrong(format!("{count} letters do not name the axes of {:?}", &shape[..])));
        }
        for (&letter, &n) in letters.iter().zip(&shape) {
            match lens.iter().find(|(known, _)| *known == letter) {
                Some((_, known)) if *known != n => {
                    return Err(wrong(format!("`{letter}` is {known} long, and also {n}")));
                }
                Some(_) => {}
                None => lens.push((letter, n)),
            }
        }
    }
    for (i, letter) in out.iter().enumerate() {
        if out[..i].contains(letter) || !lens.iter().any(|(known, _)| known == letter) {
            return Err(wrong(format!("`{letter}` of the result is unknown, or there twice")));
        }
    }
    let operands = sides.into_iter().zip(vars);
    Ok((operands.map(|(letters, &var)| Lettered { var, letters }).collect(), out))
}

impl<T: Real> Tape<T> {
    /// Einstein's summation of one or two operands, as in `tape.einsum("bij,bjk->bik", &[a, b])`; white space does
    /// not count. Records several nodes.
    ///
    /// # Panics
    /// With the text of the [`Error`] that [`try_einsum`](Tape::try_einsum) returns.
    #[track_caller]
    pub fn einsum<'t>(&'t self, formula: &str, operands: &[Var<'t, T>]) -> Var<'t, T> {
        or_panic(self.try_einsum(formula, operands))
    }

    /// [`einsum`](Tape::einsum), or an [`Error::Argument`] that says what is wrong with the formula. There
    /// must be an arrow, one or two operands, a letter for each axis, and one length for each letter; there is no `...`.
    #[track_caller]
    pub fn try_einsum<'t>(&'t self, formula: &str, operands: &[Var<'t, T>]) -> Result<Var<'t, T>> {
        let (operands, out) = parse(formula, operands)?;
        let mut operands = operands.into_iter().map(Lettered::without_repeats);
        let Some(first) = operands.next() else { return Ok(self.zeros(&[])) };
        let result = match operands.next() {
            None => first.summed(|l| out.contains(&l)),
            Some(second) => {
                let (a, b) = (first.letters.clone(), second.letters.clone());
                let first = first.summed(|l| out.contains(&l) || b.contains(&l));
                let second = second.summed(|l| out.contains(&l) || a.contains(&l));
                first.times(second, &out)
            }
        };
        Ok(result.ordered(&out).var)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, ops::reduction::examples::wave};
    use ndarray::ArrayD;
    use std::collections::BTreeMap;

    const FORMULAS: &[(&str, &[&[usize]])] = &[
        ("ij,jk->ik", &[&[2, 3], &[3, 4]]),
        ("bij,bjk->bik", &[&[2, 2, 3], &[2, 3, 2]]),
        ("bij,bj->bi", &[&[2, 3, 2], &[2, 2]]),
        ("i,j->ji", &[&[2], &[3]]),
        ("i,i->", &[&[3], &[3]]),
        ("ij,ij->ij", &[&[2, 3], &[2, 3]]),
        ("ijk,lk->jl", &[&[2, 3, 2], &[2, 2]]),
        ("jbi,kjb->bki", &[&[2, 3, 2], &[2, 2, 3]]),
        ("iji,k->jk", &[&[3, 2, 3], &[2]]),
        ("ij->ji", &[&[2, 3]]),
        ("iij -> j", &[&[2, 2, 3]]),
        ("iii->i", &[&[2, 2, 2]]),
        ("ij->", &[&[2, 3]]),
        (",->", &[&[], &[]]),
        ("ij,jk->ik", &[&[2, 0], &[0, 3]]),
        ("ij,jk->ik", &[&[0, 2], &[2, 1]]),
    ];

    /// The definition: a loop over every letter.
    fn by_definition(formula: &str, x: &[ArrayD<f64>]) -> ArrayD<f64> {
        let formula = formula.replace(' ', "");
        let (left, out) = formula.split_once("->").unwrap();
        let sides: Vec<&str> = left.split(',').collect();
        let mut lens = BTreeMap::new();
        for (side, x) in sides.iter().zip(x) {
            lens.extend(side.chars().zip(x.shape().iter().copied()));
        }
        let mut y = ArrayD::zeros(out.chars().map(|l| lens[&l]).collect::<Vec<_>>());
        for k in 0..lens.values().product::<usize>() {
            let mut rest = k;
            let mut at = BTreeMap::new();
            for (&letter, &n) in &lens {
                at.insert(letter, rest % n);
                rest /= n;
            }
            let place = |side: &str| side.chars().map(|l| at[&l]).collect::<Vec<_>>();
            y[&place(out)[..]] +=
                sides.iter().zip(x).map(|(side, x)| x[&place(side)[..]]).product::<f64>();
        }
        y
    }

    #[test]
    fn every_formula_means_its_loops() {
        for (formula, shapes) in FORMULAS {
            let x: Vec<_> = shapes.iter().map(|shape| wave(shape)).collect();
            let tape = Tape::new();
            let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
            let (found, wanted) = (tape.einsum(formula, &vars).value(), by_definition(formula, &x));
            assert_eq!(found.shape(), wanted.shape(), "{formula}");
            assert!((found - wanted).iter().all(|d| d.abs() < 1e-13), "{formula}");
        }
    }

    #[test]
    fn backward_matches_central_differences() {
        for (formula, shapes) in FORMULAS {
            let x: Vec<_> = shapes.iter().map(|shape| wave(shape)).collect();
            crate::gradcheck::function(|tape, x| tape.einsum(formula, x), &x).assert();
        }
    }

    #[test]
    fn a_wrong_formula_is_explained() {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.zeros(&[2, 3]), tape.zeros(&[4]));
        for (formula, what) in [
            ("ij,k", "there is no `->`"),
            ("...j,k->jk", "`.` is not a letter"),
            ("ij->ij", "it names 1 operands, of 2 given; there must be one or two"),
            ("ijk,l->i", "3 letters do not name the axes of [2, 3]"),
            ("ij,j->i", "`j` is 3 long, and also 4"),
            ("ij,k->il", "`l` of the result is unknown, or there twice"),
            ("ij,k->ii", "`i` of the result is unknown, or there twice"),
        ] {
            let remedy = "write one letter for each axis, as in `bij,bjk->bik`";
            assert_eq!(
                tape.try_einsum(formula, &[a, b]).unwrap_err().to_string(),
                format!("einsum: `{formula}`: {what}; {remedy}")
            );
        }
    }
}
