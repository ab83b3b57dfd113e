//! A user's own op: through the same door as the built-in ones, judged by the same check, and when it fails,
//! without harm to the tape.

use ndarray::{Array2, arr1, arr2};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tape::{
    Adjoint, Binary, Broadcast, Elementwise, Inputs, Map, Misfit, Op, Output, Shape, Tape,
    gradcheck,
};

fn wave(rows: usize, cols: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| f64::sin((1 + i * i + 3 * j) as f64))
}

/// `yₖ = x₀ + … + xₖ`
#[derive(Debug, Clone, Copy)]
struct RunningSum;

impl Op<f64> for RunningSum {
    fn shape(&self, x: Inputs<'_, f64>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        Ok(x.into())
    }
    fn forward(&self, x: Inputs<'_, f64>, y: &mut [f64], _: &mut [f64]) {
        let mut sum = 0.0;
        for (y, x) in y.iter_mut().zip(&x[0]) {
            sum += x;
            *y = sum;
        }
    }
    fn backward(
        &self,
        _: usize,
        _: Inputs<'_, f64>,
        _: Output<'_, f64>,
        dy: &[f64],
        mut dx: Adjoint<'_, f64>,
    ) {
        let mut sum = 0.0;
        for (dx, dy) in dx.sum().iter_mut().zip(dy).rev() {
            sum += dy;
            *dx += sum;
        }
    }
}

/// `y = k ‖x‖`, with `k / ‖x‖` saved for the way back.
#[derive(Debug, Clone, Copy)]
struct Norm(f64);

impl Op<f64> for Norm {
    fn shape(&self, x: Inputs<'_, f64>) -> Result<Shape, Misfit> {
        x.shapes::<1>()?;
        Ok(Shape::new())
    }
    fn saves(&self, _: Inputs<'_, f64>) -> usize {
        1
    }
    fn forward(&self, x: Inputs<'_, f64>, y: &mut [f64], saved: &mut [f64]) {
        let norm = x[0].iter().map(|x| x * x).sum::<f64>().sqrt();
        (y[0], saved[0]) = (self.0 * norm, self.0 / norm);
    }
    fn backward(
        &self,
        _: usize,
        x: Inputs<'_, f64>,
        y: Output<'_, f64>,
        dy: &[f64],
        dx: Adjoint<'_, f64>,
    ) {
        dx.add(x.value(0).iter().map(|x| dy[0] * y.saved()[0] * x));
    }
}

#[derive(Debug, Clone, Copy)]
struct Sine;

impl Elementwise<f64> for Sine {
    fn f(&self, x: f64) -> f64 {
        x.sin()
    }
    fn df(&self, x: f64, _: f64) -> f64 {
        x.cos()
    }
}

/// `y = √(a² + b²)`
#[derive(Debug, Clone, Copy)]
struct Hypotenuse;

impl Binary<f64> for Hypotenuse {
    fn f(&self, a: f64, b: f64) -> f64 {
        a.hypot(b)
    }
    fn da(&self, a: f64, _: f64, y: f64, dy: f64) -> f64 {
        dy * a / y
    }
    fn db(&self, _: f64, b: f64, y: f64, dy: f64) -> f64 {
        dy * b / y
    }
}

#[test]
fn a_user_can_bring_an_op() {
    let x = wave(3, 2).into_dyn();
    gradcheck::op(RunningSum, std::slice::from_ref(&x)).assert();
    gradcheck::op(Norm(3.0), std::slice::from_ref(&x)).assert();
    gradcheck::op(Map(Sine), std::slice::from_ref(&x)).assert();
    gradcheck::op(Broadcast(Hypotenuse), &[x.clone(), arr1(&[0.5, -2.0]).into_dyn()]).assert();
    gradcheck::function(
        |tape, x| {
            let y = x[0].apply(RunningSum).apply(Map(Sine));
            let z = tape.apply(Broadcast(Hypotenuse), &[y, x[0]]);
            z.apply(Norm(3.0)) * z.apply(Norm(-0.5))
        },
        &[x],
    )
    .assert();
}

/// `y = a b`, with a derivative for `b` that is wrong where `b > 1`.
#[derive(Debug, Clone, Copy)]
struct Wrong;

impl Binary<f64> for Wrong {
    fn f(&self, a: f64, b: f64) -> f64 {
        a * b
    }
    fn da(&self, _: f64, b: f64, _: f64, dy: f64) -> f64 {
        dy * b
    }
    fn db(&self, a: f64, b: f64, _: f64, dy: f64) -> f64 {
        if b > 1.0 { 2.0 * dy * a } else { dy * a }
    }
}

#[test]
fn a_wrong_derivative_is_named_with_its_input_and_index() {
    let a = arr2(&[[1.0, 1.0], [2.0, 4.0]]).into_dyn();
    let b = arr2(&[[0.5, -3.0], [1.5, 0.0]]).into_dyn();
    let report = gradcheck::op(Broadcast(Wrong), &[a, b]);
    assert!(!report.passed());
    assert_eq!((report.name.as_str(), report.entries.len()), ("Wrong", 8));
    let worst = report.worst().unwrap();
    assert_eq!((worst.input, &worst.index[..]), (1, &[1, 0][..]));
    assert!((worst.analytic / worst.numeric - 2.0).abs() < 1e-8);
    let text = report.to_string();
    assert!(
        text.starts_with("Wrong: 1 of 8 derivatives differ from central differences by more than"),
        "{text}"
    );
    assert!(text.contains("\n  input 1 [1, 0]: analytic "), "{text}");
    assert!(catch_unwind(AssertUnwindSafe(|| report.assert())).is_err());
}

/// An op that panics on its way forward or back.
#[derive(Debug, Clone, Copy)]
struct Faulty {
    forward: bool,
}

impl Op<f64> for Faulty {
    fn shape(&self, x: Inputs<'_, f64>) -> Result<Shape, Misfit> {
        let [x] = x.shapes()?;
        Ok(x.into())
    }
    fn forward(&self, _: Inputs<'_, f64>, _: &mut [f64], _: &mut [f64]) {
        assert!(!self.forward, "on the way forward");
    }
    fn backward(
        &self,
        _: usize,
        _: Inputs<'_, f64>,
        _: Output<'_, f64>,
        _: &[f64],
        _: Adjoint<'_, f64>,
    ) {
        panic!("on the way back");
    }
}

#[test]
fn a_tape_outlives_an_op_that_panics() {
    let mut tape = Tape::<f64>::new();
    for _ in 0..3 {
        let (x, w) = (tape.leaf(wave(2, 3)), tape.leaf(wave(3, 3)));
        let h = x.matmul(w).tanh();
        let loss = h.square().sum();
        let before = tape.backward(loss);
        let (len, bytes) = (tape.len(), tape.bytes());

        assert!(catch_unwind(AssertUnwindSafe(|| h.apply(Faulty { forward: true }))).is_err());
        assert_eq!((tape.len(), tape.bytes()), (len, bytes));
        let behind = h.apply(Faulty { forward: false }).sum() + loss;
        assert!(catch_unwind(AssertUnwindSafe(|| tape.backward(behind))).is_err());

        let after = tape.backward(loss);
        assert_eq!((&after[x], &after[w]), (&before[x], &before[w]));
        assert_eq!((h * 2.0).value(), h.value() * 2.0);
        drop((before, after));
        tape.clear();
    }
}
