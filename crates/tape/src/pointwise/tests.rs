//! A formula as one node against the same formula as many.

use crate::{Expr, Pointwise, Tape, gradcheck};
use ndarray::{ArrayD, arr1, arr2};

fn wave(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(shape, || {
        k += 1.0;
        f64::sin(k * k)
    })
}

fn lstm() -> Pointwise<5, 2> {
    Pointwise::new(|[i, f, g, o, c]| {
        let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
        [o.sigmoid() * c.tanh(), c]
    })
}

#[test]
fn the_gates_of_an_lstm_are_what_their_ops_say() {
    // Many rows in a block, several blocks in a row, and no multiples of either.
    for (rows, n) in [(3, 200), (7, 1), (2, 1100), (50, 21), (1, 512)] {
        gates_of(rows, n);
    }
}

fn gates_of(rows: usize, n: usize) {
    let tape = Tape::<f64>::new();
    let (z, c0) = (tape.leaf(wave(&[rows, 4 * n])), tape.leaf(wave(&[rows, n])));
    let gate = |k: usize| z.slice(1, k * n..(k + 1) * n);
    let c = gate(1).sigmoid() * c0 + gate(0).sigmoid() * gate(2).tanh();
    let h = gate(3).sigmoid() * c.tanh();
    let [h1, c1] = lstm().apply(&[z, c0]);
    assert_eq!((h1.value(), c1.value()), (h.value(), c.value()));
    let (one, many) = (tape.backward((h1 * c1).sum()), tape.backward((h * c).sum()));
    for leaf in [z, c0] {
        let error = (&one[leaf] - &many[leaf]).mapv(f64::abs).into_iter().fold(0.0, f64::max);
        assert!(error < 1e-15, "{error}");
    }
}

#[test]
fn what_is_left_out_is_nowhere_missed() {
    // An input that is not read, a result that is not used, a gate that is an output, and outputs that are inputs, numbers or
    // the same.
    let f = Pointwise::new(|[a, _, b]: [Expr<'_>; 3]| {
        let _unused = (a * b).exp();
        let f = (a + b).sigmoid();
        [f, f * b - a * b, b, f, a * 0.0 + 2.0]
    });
    let x = [wave(&[3, 4]), wave(&[3, 4])];
    for k in 0..5 {
        gradcheck::function(|t, x| f.apply(&[t.concat(1, &[x[0], x[0]]), x[1]])[k], &x).assert();
    }
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.leaf(wave(&[3, 8])), tape.leaf(wave(&[3, 4])));
    let before = tape.len();
    let all = f.apply(&[x, y]);
    assert_eq!(tape.len() - before, 6, "one node, and a view of each output");
    let gradient = tape.backward(all[0].sum())[x].clone();
    let unread = gradient.slice(ndarray::s![.., 4..]).to_owned();
    assert!(unread.iter().all(|&dx| dx == 0.0) && gradient.iter().any(|&dx| dx != 0.0));
}

#[test]
fn a_variable_that_is_two_inputs_gets_both_adjoints() {
    let f = Pointwise::new(|[a, b]: [Expr<'_>; 2]| [a * b.sigmoid()]);
    gradcheck::function(|_, x| f.apply(&[x[0], x[0]])[0], &[wave(&[3, 4])]).assert();
    // Another reader has left something in the sum before.
    gradcheck::function(|_, x| f.apply(&[x[0], x[0].tanh()])[0] * x[0], &[wave(&[3, 4])]).assert();
}

#[test]
fn a_sum_goes_where_something_has_been_left_before() {
    let mix = Pointwise::new(|[x, f, h]: [Expr<'_>; 3]| [(1.0 - f) * h + f * x.tanh()]);
    let x = [wave(&[3, 4]), wave(&[3, 4]), wave(&[3, 4])];
    gradcheck::function(|_, x| mix.apply(x)[0] * x[0] * x[1] * x[2], &x).assert();
}

#[test]
fn a_plan_saves_and_makes_no_more_than_it_must() {
    let count = |plans: &super::plan::Plans| {
        (plans.saved, plans.forward.steps.len(), plans.backward.steps.len())
    };
    // The gate is an output, and need not be saved; nothing is found twice.
    let gate = Pointwise::new(|[x, _, u, h]| {
        let f = (x + u).sigmoid();
        [f, f * h]
    });
    assert_eq!(count(gate.plans()), (0, 2, 4));
    // A share and its rest: what is weighted with `1 − f` is one step, and so is a sum that an input gets.
    let mix = Pointwise::new(|[x, u, f, h]| [(1.0 - f) * h + f * (x + u).tanh()]);
    assert_eq!(count(mix.plans()), (1, 3, 5));
    // No lane is held longer than it is read.
    let long = Pointwise::new(|[a, b, c, d]| {
        let y = (0..40).fold(a, |y, _| (y + b).max(c) * d);
        [y, y]
    });
    assert!(long.plans().forward.lanes < 4, "{}", long.plans().forward.lanes);
}

#[test]
fn every_instruction_has_its_rule() {
    let f = Pointwise::new(|[a, b]: [Expr<'_>; 2]| {
        let positive = a.square() + 0.5;
        let first = a.exp() + a.expm1() * b.sin() - b.cos() / positive + positive.ln() * b.ln_1p();
        let second = positive.sqrt() + b.atan() * a.erf() + (2.0 / positive) - a.max(b) * a.min(b)
            + a.abs()
            - (-b).relu()
            + a.softplus() * b.clamp(0.3, 0.7);
        [first, second]
    });
    let (a, b) = (arr2(&[[0.3, -0.7], [1.2, 0.1]]), arr2(&[[0.5, 0.9], [0.2, 0.4]]));
    let report = gradcheck::function(
        |tape, x| f.try_apply(tape, x).unwrap()[0],
        &[a.clone().into_dyn(), b.clone().into_dyn()],
    );
    report.assert();
    gradcheck::function(|_, x| f.apply(x)[1], &[a.into_dyn(), b.into_dyn()]).assert();
}

#[test]
fn a_row_without_leading_axes_serves_all_rows() {
    let peephole = Pointwise::new(|[z, p, c]| [(z + p * c).sigmoid()]);
    let x = [wave(&[2, 3, 4]), wave(&[4]), wave(&[2, 3, 4])];
    gradcheck::function(|_, x| peephole.apply(x)[0], &x).assert();
}

#[test]
fn an_output_has_all_leading_axes_and_the_width_of_one_input() {
    let sum = Pointwise::new(|[a, b, c]| [a + b + c]);
    let tape = Tape::<f64>::new();
    let shape_of = |x: &[&[usize]]| {
        let x: Vec<_> = x.iter().map(|shape| tape.leaf(wave(shape))).collect();
        sum.apply(&x)[0].shape().to_vec()
    };
    assert_eq!(shape_of(&[&[4], &[2, 3, 8]]), [2, 3, 4], "of none that has them all");
    assert_eq!(shape_of(&[&[4], &[2, 4], &[2, 4]]), [2, 4]);
    assert_eq!(shape_of(&[&[8], &[2, 4]]), [2, 4]);
    assert_eq!(shape_of(&[&[4], &[4], &[4]]), [4]);
}

#[test]
fn tangents_pass_through() {
    let x = [wave(&[2, 8]), wave(&[2, 2])];
    let v = [wave(&[2, 8]) * 0.3, wave(&[2, 2]) * 0.7];
    let gates = lstm();
    let (_, hv) = crate::hvp(|_, x| gates.apply(x)[0].square().sum(), &x, &v).unwrap();
    let gradient = |shift: f64| {
        let tape = Tape::new();
        let at = |k: usize| tape.leaf(&x[k] + &(&v[k] * shift));
        let x = [at(0), at(1)];
        let gradients = tape.backward(gates.apply(&x)[0].square().sum());
        [gradients[x[0]].clone(), gradients[x[1]].clone()]
    };
    let (ahead, behind) = (gradient(1e-5), gradient(-1e-5));
    for k in 0..2 {
        let slope = (&ahead[k] - &behind[k]) / 2e-5;
        assert!((&slope - &hv[k]).iter().all(|d| d.abs() < 1e-8));
    }
}

#[test]
fn a_formula_bends_where_the_ops_bend() {
    let f = Pointwise::new(|[x]| [x.clamp(-1.0, 1.0) + x.softplus()]);
    let tape = Tape::<f64>::new();
    let x = tape.leaf(arr1(&[-2.0, -1.0, -0.5, 0.0, 1.0, 3.0, f64::NAN]));
    let (one, many) = (f.apply(&[x])[0], x.clamp(-1.0, 1.0) + x.softplus());
    let bits = |x: ArrayD<f64>| x.mapv(f64::to_bits);
    assert_eq!(bits(one.value()), bits(many.value()));
    let (one, many) = (tape.backward(one.sum()), tape.backward(many.sum()));
    assert_eq!(bits(one[x].clone()), bits(many[x].clone()));
}

#[test]
fn what_is_no_formula_is_none() {
    assert!(Pointwise::<1, 1>::if_some(|_| None).is_none());
    let f = Pointwise::if_some(|[x]| Some([x + 1.0])).unwrap();
    assert_eq!(f.to_string(), Pointwise::new(|[x]| [x + 1.0]).to_string());
}

#[test]
fn what_does_not_fit_is_named() {
    let tape = Tape::<f64>::new();
    let (z, c) = (tape.leaf(wave(&[2, 8])), tape.leaf(wave(&[3, 2])));
    let error = lstm().try_apply(&tape, &[z, c]).unwrap_err().to_string();
    assert!(error.contains("the leading axes of input 0 are [2], not [3]"), "{error}");
    for few in [&[z][..], &[]] {
        let error = lstm().try_apply(&tape, few).unwrap_err().to_string();
        assert!(error.contains("the last axes do not hold 5 inputs of one width"), "{error}");
    }
}

#[test]
fn a_formula_can_be_read() {
    let f = Pointwise::new(|[x, y]| [x.sigmoid() * y + 1.0]);
    assert_eq!(f.to_string(), "t0 = σ(x0)\nt1 = t0 · x1\nt2 = t1 + 1\ny0 = t2");
}

#[test]
fn single_numbers_are_rows_of_one() {
    let tape = Tape::<f64>::new();
    let [y] = Pointwise::new(|[a, b]| [a * b]).apply(&[tape.leaf(2.0), tape.leaf(3.0)]);
    assert_eq!(y.item(), 6.0);
    let [y] = Pointwise::new(|[a]| [a.exp()]).apply(&[tape.leaf(arr1::<f64>(&[]))]);
    assert!(y.value().is_empty());
}
