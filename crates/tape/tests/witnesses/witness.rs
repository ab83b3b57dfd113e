//! What the list says of one op: a function that uses it, and points at which to ask.

use ndarray::ArrayD;
use tape::{Dual, Tape, Var};

pub(crate) type Nested = Dual<Dual<f64>>;

/// A function of variables on a tape of `T`.
pub(crate) type Function<T> = for<'t> fn(&'t Tape<T>, &[Var<'t, T>]) -> Var<'t, T>;

/// One function over the three kinds of number that are asked, and its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) over_f64: Function<f64>,
    pub(crate) over_dual: Function<Dual<f64>>,
    pub(crate) over_nested: Function<Nested>,
    pub(crate) text: &'static str,
}

/// `rule!(|tape, x| …)`: a [`Rule`], its function written once for any `T: Real`.
macro_rules! rule {
    (|$tape:pat_param, $x:pat_param| $body:expr) => {{
        fn f<'t, T: ::tape::Real>(
            $tape: &'t ::tape::Tape<T>,
            $x: &[::tape::Var<'t, T>],
        ) -> ::tape::Var<'t, T> {
            $body
        }
        $crate::witnesses::witness::Rule {
            over_f64: f,
            over_dual: f,
            over_nested: f,
            text: stringify!($body),
        }
    }};
}
pub(crate) use rule;

/// What the sweep through an op is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Promise {
    /// The transpose of its derivative.
    Derivative,
    /// Nothing: the op is constant wherever it has a derivative, and why.
    Nothing(#[allow(dead_code, reason = "read by whoever reads the list")] &'static str),
    /// The value is the input; the adjoint is this function of the cotangent, the gradient of no function, and why.
    Adjoint(
        fn(&ArrayD<f64>) -> ArrayD<f64>,
        #[allow(dead_code, reason = "read by whoever reads the list")] &'static str,
    ),
}

/// The inputs of one call.
pub(crate) type Point = Vec<ArrayD<f64>>;

/// An entry of the list.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    /// The file of the op below `src/ops`, without its ending.
    pub(crate) file: &'static str,
    pub(crate) rule: Rule,
    pub(crate) points: Vec<Point>,
    pub(crate) promise: Promise,
}

impl Witness {
    pub(crate) fn new(file: &'static str, rule: Rule, points: Vec<Point>) -> Self {
        Self { file, rule, points, promise: Promise::Derivative }
    }

    /// Says that no gradient flows, and why.
    pub(crate) fn without_gradient(self, why: &'static str) -> Self {
        Self { promise: Promise::Nothing(why), ..self }
    }

    /// Says what the sweep does instead of transposing the derivative, and why.
    pub(crate) fn with_adjoint(
        self,
        adjoint: fn(&ArrayD<f64>) -> ArrayD<f64>,
        why: &'static str,
    ) -> Self {
        Self { promise: Promise::Adjoint(adjoint, why), ..self }
    }

    /// Every point, named for the message of a failure.
    pub(crate) fn each(&self) -> impl Iterator<Item = (String, &Point)> {
        self.points.iter().map(|point| {
            let shapes: Vec<_> = point.iter().map(|x| x.shape().to_vec()).collect();
            (format!("{}: {} at {shapes:?}", self.file, self.rule.text), point)
        })
    }
}

/// Where some op of the list bends: no input comes closer than a hundredth.
const KINKS: [f64; 10] = [-3.0, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 2.0, 3.0, 6.0];

/// Elements over `low..high` in no order, no two alike, each array of a call its own.
fn elements(shape: &[usize], (low, high): (f64, f64), seed: usize) -> ArrayD<f64> {
    let mut k = (1 + 17 * seed) as f64;
    ArrayD::from_shape_simple_fn(shape, || {
        k += 1.0;
        let x = low + (high - low) * (k * 0.618_033_988_749_895).fract();
        let near = KINKS.iter().find(|&kink| (x - kink).abs() < 0.01);
        near.map_or(x, |kink| kink + 0.01f64.copysign(x - kink))
    })
}

/// One point for each list of shapes, its elements in a range.
pub(crate) fn at(low: f64, high: f64, shapes: &[&[&[usize]]]) -> Vec<Point> {
    let point = |shapes: &&[&[usize]]| {
        shapes.iter().enumerate().map(|(i, shape)| elements(shape, (low, high), i)).collect()
    };
    shapes.iter().map(point).collect()
}

/// Points for an op of one array of any shape.
pub(crate) fn one(low: f64, high: f64) -> Vec<Point> {
    at(low, high, &[&[&[]], &[&[5]], &[&[2, 3]], &[&[2, 1, 3]]])
}

/// Points for an op of two arrays that meet: alike, a number, a row, a column with a row.
pub(crate) fn two(low: f64, high: f64) -> Vec<Point> {
    at(
        low,
        high,
        &[
            &[&[2, 3], &[2, 3]],
            &[&[], &[3]],
            &[&[2, 3], &[3]],
            &[&[2, 1], &[1, 3]],
            &[&[2], &[3, 1, 2]],
        ],
    )
}

/// Points for an op along an axis of a matrix.
pub(crate) fn matrix(low: f64, high: f64) -> Vec<Point> {
    at(low, high, &[&[&[2, 4]], &[&[3, 3]]])
}
