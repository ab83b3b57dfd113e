//! The steps of a plan, block after block.

use super::{
    draft::Action,
    layout::{Block, Lie},
    plan::{Source, Step},
    program::Code,
};
use crate::Real;
use smallvec::SmallVec;

/// An array that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a, T> {
    pub(super) data: &'a [T],
    pub(super) lie: Lie,
}

/// Where a result goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// Which of the arrays that are written, and from where on.
    pub(super) array: usize,
    pub(super) start: usize,
    pub(super) lie: Lie,
    pub(super) begin: Begin,
    /// Is what is written to be cleared of [what is too small](crate::kernel::flush)?
    pub(super) flushed: bool,
}

/// What the result of a step is added to where it goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Begin {
    /// Nothing: it is assigned.
    Zero,
    /// The sum that stands there already.
    Itself,
    /// A sum that stands in one of the arrays that are read.
    At(usize),
}

/// What is written: arrays, none where nobody wants it, and the targets in them.
#[derive(Debug)]
pub(super) struct Written<'a, T> {
    pub(super) arrays: SmallVec<[Option<&'a mut [T]>; 32]>,
    pub(super) targets: SmallVec<[Target; 32]>,
}

impl<'a, T> Written<'a, T> {
    pub(super) fn new() -> Self {
        Self { arrays: SmallVec::new(), targets: SmallVec::new() }
    }

    /// Adds so many arrays of so many elements, each of which is one target, from where they stand one after the other.
    pub(super) fn push_each(
        &mut self,
        mut all: &'a mut [T],
        (count, len): (usize, usize),
        lie: Lie,
    ) {
        for _ in 0..count {
            let (data, rest) = all.split_at_mut(len);
            let array = self.arrays.len();
            self.targets.push(Target { array, start: 0, lie, begin: Begin::Zero, flushed: false });
            self.arrays.push(Some(data));
            all = rest;
        }
    }
}

/// The rows of a block in one array.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    data: &'a [T],
    step: usize,
}

impl<'a, T> Rows<'a, T> {
    #[inline(always)]
    fn row(self, r: usize, len: usize) -> &'a [T] {
        &self.data[r * self.step..][..len]
    }
}

/// What a term is added to.
#[derive(Clone, Copy, PartialEq)]
enum Plus {
    /// `y = term`
    Nothing,
    /// The same, and zero where that is too small.
    Flushed,
    /// `y += term`
    Itself,
    /// `y = sum + term`
    Other,
    /// `y += sum + term`
    Both,
}

/// Runs `steps` over one block.
#[inline(always)]
pub(super) fn run<T: Real>(
    steps: &[Step],
    block: Block,
    read: &[Read<'_, T>],
    written: &mut Written<'_, T>,
) {
    let (arrays, targets) = (&mut written.arrays[..], &written.targets[..]);
    for step in steps {
        let Target { array, start, lie, begin, flushed } = targets[step.to];
        let Some(y) = arrays[array].take() else { continue };
        let rows = |source: Source| {
            let (data, lie) = match source {
                Source::Read(k) => (read[k].data, read[k].lie),
                Source::Written(k) => {
                    let Target { array, lie, .. } = targets[k];
                    (arrays[array].as_deref().unwrap_or(&[]), lie)
                }
            };
            let (first, step) = lie.within(block);
            Rows { data: &data[first..], step }
        };
        let (first, apart) = lie.within(block);
        // One by one, and not as an array: words that are written one by one and read back as a vector are waited for.
        let [a, b, c] = step.x;
        let (a, b, c) = (rows(a), rows(b), rows(c));
        let (plus, sum) = match (step.plus, begin) {
            (None, Begin::Zero) => (Plus::Nothing, a),
            (None, Begin::Itself) => (Plus::Itself, a),
            (None, Begin::At(k)) => (Plus::Other, rows(Source::Read(k))),
            (Some(sum), Begin::Zero) => (Plus::Other, rows(sum)),
            (Some(sum), _) => (Plus::Both, rows(sum)),
        };
        if let (Some(_), Begin::At(k)) = (step.plus, begin) {
            let before = rows(Source::Read(k));
            for r in 0..block.rows {
                let y = &mut y[start + first + r * apart..][..block.len];
                y.copy_from_slice(before.row(r, block.len));
            }
        }
        // What is assigned is flushed as it is written, if the action knows how.
        let at_once = flushed && plus == Plus::Nothing && step.action.adds();
        let plus = if at_once { Plus::Flushed } else { plus };
        act(step.action, block, (&mut y[start + first..], apart), (a, b, c), (plus, sum));
        if flushed && !at_once {
            for r in 0..block.rows {
                for y in &mut y[start + first + r * apart..][..block.len] {
                    *y = y.flushed();
                }
            }
        }
        arrays[array] = Some(y);
    }
}

/// `y = f(a, b, …)`, or added to something, row by row.
#[inline(always)]
fn act<T: Real>(
    action: Action,
    Block { rows, len, .. }: Block,
    (y, apart): (&mut [T], usize),
    (a, b, c): (Rows<'_, T>, Rows<'_, T>, Rows<'_, T>),
    (plus, sum): (Plus, Rows<'_, T>),
) {
    // Rows that follow each other everywhere are as good as one long one.
    let flat = [apart, a.step, b.step, c.step, sum.step].iter().all(|&step| step == len);
    let (rows, len) = if flat { (1, rows * len) } else { (rows, len) };
    macro_rules! each {
        (|$y:ident, $($x:ident),+| $f:expr) => {
            for r in 0..rows {
                each(&mut y[r * apart..][..len], [$($x.row(r, len)),+], #[inline(always)] |$y, [$($x),+]| $f);
            }
        };
    }
    macro_rules! make {
        (|$($x:ident),+| $f:expr) => { each!(|_y, $($x),+| $f) };
    }
    macro_rules! add {
        (|$($x:ident),+| $f:expr) => {
            match plus {
                Plus::Nothing => each!(|_y, $($x),+| $f),
                Plus::Flushed => each!(|_y, $($x),+| ($f).flushed()),
                Plus::Itself => each!(|y, $($x),+| y + $f),
                Plus::Other => each!(|_y, sum, $($x),+| sum + $f),
                Plus::Both => each!(|y, sum, $($x),+| y + (sum + $f)),
            }
        };
    }
    let one = T::ONE;
    match action {
        Action::Copy => add!(|a| a),
        Action::NegMul => add!(|a, b| -(a * b)),
        Action::MulDifference => add!(|a, b, c| a * (b - c)),
        Action::SigmoidOfSum => make!(|a, b| (a + b).sigmoid()),
        Action::TanhOfSum => make!(|a, b| (a + b).tanh()),
        Action::SigmoidSlope => add!(|a, b| a * (b * (one - b))),
        Action::TanhSlope => add!(|a, b| a * (one - b * b)),
        Action::MulSigmoidSlope => add!(|a, b, c| a * b * (c * (one - c))),
        Action::MulTanhSlope => add!(|a, b, c| a * b * (one - c * c)),
        Action::DivisorSlope => make!(|a, b, c| -a * b / c),
        Action::Share => make!(|a, b, c| a * share(b, c)),
        Action::Above => make!(|a, b, c| a * if b > c { one } else { T::ZERO }),
        Action::Slope(code) => match code {
            Code::Sqrt => make!(|a, b| a * (T::of(0.5) / b)),
            Code::Expm1 => make!(|a, b| a * (b + one)),
            Code::Abs => make!(|a, b| a * b.sign()),
            Code::Relu => make!(|a, b| a * if b > T::ZERO { one } else { T::ZERO }),
            Code::Ln => make!(|a, b| a * b.recip()),
            Code::Ln1p => make!(|a, b| a * (one + b).recip()),
            Code::Softplus => make!(|a, b| a * b.sigmoid()),
            Code::Sin => make!(|a, b| a * b.cos()),
            Code::Cos => make!(|a, b| a * -b.sin()),
            Code::Atan => make!(|a, b| a * (one + b * b).recip()),
            Code::Erf => {
                let factor = T::of(std::f64::consts::FRAC_2_SQRT_PI);
                make!(|a, b| a * (factor * (-b * b).exp()))
            }
            _ => unreachable!("{code:?} has a rule of its own"),
        },
        Action::Do(code) => match code {
            Code::Mul => add!(|a, b| a * b),
            Code::Neg => add!(|a| -a),
            Code::Add => make!(|a, b| a + b),
            Code::Sub => make!(|a, b| a - b),
            Code::Div => make!(|a, b| a / b),
            Code::Max | Code::AtLeast => make!(|a, b| a.max(b)),
            Code::AtMost => make!(|a, b| a.min(b)),
            Code::Abs => make!(|a| a.abs()),
            Code::Relu => make!(|a| if a <= T::ZERO { T::ZERO } else { a }),
            Code::Sqrt => make!(|a| a.sqrt()),
            Code::Exp => make!(|a| a.exp()),
            Code::Expm1 => make!(|a| a.expm1()),
            Code::Ln => make!(|a| a.ln()),
            Code::Ln1p => make!(|a| a.ln_1p()),
            Code::Tanh => make!(|a| a.tanh()),
            Code::Sigmoid => make!(|a| a.sigmoid()),
            Code::Softplus => make!(|a| a.softplus()),
            Code::Sin => make!(|a| a.sin()),
            Code::Cos => make!(|a| a.cos()),
            Code::Atan => make!(|a| a.atan()),
            Code::Erf => make!(|a| a.erf()),
        },
    }
}

/// `yₖ = f(yₖ, xₖ)`
#[inline(always)]
fn each<T: Real, const N: usize>(y: &mut [T], x: [&[T]; N], f: impl Fn(T, [T; N]) -> T) {
    let len = y.len();
    let x = x.map(|x| &x[..len]);
    for k in 0..len {
        y[k] = f(y[k], x.map(|x| x[k]));
    }
}

/// How much of the adjoint of `max(a, b)` is `a`'s: all, none, or half where they are equal.
#[inline(always)]
fn share<T: Real>(a: T, b: T) -> T {
    if a > b {
        T::ONE
    } else if a == b {
        T::of(0.5)
    } else {
        T::ZERO
    }
}
