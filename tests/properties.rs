//! What must hold for arrays of any shape.
//!
//! ```text
//! ⟨ȳ, J v⟩ = ⟨Jᵀ ȳ, v⟩                     a sweep is the transpose of the derivative
//! Jᵀ(α ȳ + β z̄) = α Jᵀȳ + β Jᵀz̄            and so it is linear
//! ```

use ndarray::ArrayD;
use proptest::{collection::vec, prelude::*};
use tape::{Tape, Var};

/// Small whole numbers other than 0: sums and products of a few are exact.
fn whole() -> impl Strategy<Value = f64> {
    (1..=8i32, any::<bool>()).prop_map(|(n, minus)| f64::from(if minus { -n } else { n }))
}

fn array(shape: Vec<usize>) -> impl Strategy<Value = ArrayD<f64>> {
    let len = shape.iter().product::<usize>();
    vec(whole(), len).prop_map(move |elements| {
        ArrayD::from_shape_vec(shape.clone(), elements).expect("one for each place")
    })
}

/// Two shapes that meet, each with some axes of length 1 and some leading axes missing, and where they meet.
fn shapes() -> impl Strategy<Value = [Vec<usize>; 3]> {
    let length = prop_oneof![1 => Just(0usize), 12 => 1..=4usize];
    let axis = (length, 0..4u8);
    (vec(axis, 0..=4), 0..=4usize, any::<bool>()).prop_map(|(axes, missing, left)| {
        let side = |which: u8| -> Vec<usize> {
            axes.iter().map(|&(n, ones)| if ones == which { 1 } else { n }).collect()
        };
        let (mut a, mut b) = (side(1), side(2));
        let short = if left { &mut a } else { &mut b };
        short.drain(..missing.min(short.len()));
        let rank = a.len().max(b.len());
        let at = |s: &[usize], back: usize| if back <= s.len() { s[s.len() - back] } else { 1 };
        let meet = (1..=rank).rev().map(|back| match (at(&a, back), at(&b, back)) {
            (1, n) | (n, _) => n,
        });
        let meet = meet.collect();
        [a, b, meet]
    })
}

/// Operands `a` and `b`, a direction for each, and a cotangent.
fn operands() -> impl Strategy<Value = [ArrayD<f64>; 5]> {
    shapes().prop_flat_map(|[a, b, y]| {
        (array(a.clone()), array(b.clone()), array(a), array(b), array(y)).prop_map(Into::into)
    })
}

fn dot(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    (a * b).sum()
}

/// The value of `f`, and `⟨Jᵀ ȳ, v⟩`.
fn sweep(
    f: impl for<'t> Fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>,
    [a, b, va, vb, dy]: &[ArrayD<f64>; 5],
) -> (ArrayD<f64>, f64) {
    let tape = Tape::new();
    let (a, b) = (tape.leaf(a), tape.leaf(b));
    let y = f(a, b);
    let gradients = tape.backward_from(&[(y, dy)]);
    (y.value(), dot(&gradients[a], va) + dot(&gradients[b], vb))
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_sum_stretches_as_ndarray_does_and_its_sweep_is_its_transpose(x in operands()) {
        let [a, b, va, vb, dy] = &x;
        let (y, swept) = sweep(|a, b| a + b, &x);
        prop_assert_eq!(y, a + b);
        prop_assert_eq!(swept, dot(dy, &(va + vb)));
    }

    #[test]
    fn a_difference_stretches_as_ndarray_does_and_its_sweep_is_its_transpose(x in operands()) {
        let [a, b, va, vb, dy] = &x;
        let (y, swept) = sweep(|a, b| a - b, &x);
        prop_assert_eq!(y, a - b);
        prop_assert_eq!(swept, dot(dy, &(va - vb)));
    }

    #[test]
    fn a_product_stretches_as_ndarray_does_and_its_sweep_is_its_transpose(x in operands()) {
        let [a, b, va, vb, dy] = &x;
        let (y, swept) = sweep(|a, b| a * b, &x);
        prop_assert_eq!(y, a * b);
        prop_assert_eq!(swept, dot(dy, &(va * b + a * vb)));
    }

    #[test]
    fn a_quotient_stretches_as_ndarray_does_and_its_sweep_is_its_transpose(x in operands()) {
        let [a, b, va, vb, dy] = &x;
        let (y, swept) = sweep(|a, b| a / b, &x);
        prop_assert_eq!(y, a / b);
        // the difference along v, by central differences
        let h = 1e-6;
        let at = |h: f64| (a + &(va * h)) / (b + &(vb * h));
        let expected = dot(dy, &((at(h) - at(-h)) / (2.0 * h)));
        prop_assert!((swept - expected).abs() < 1e-6 * (1.0 + swept.abs()), "{swept} {expected}");
    }

    #[test]
    fn a_sweep_is_linear_in_its_cotangent(
        (x, w, b) in (array(vec![4, 3]), array(vec![3, 3]), array(vec![3])),
        (c, d) in (array(vec![4, 3]), array(vec![4, 3])),
        (alpha, beta) in (-2.0..2.0, -2.0..2.0),
    ) {
        let tape = Tape::<f64>::new();
        let (x, w, b) = (tape.leaf(x * 0.1), tape.leaf(w * 0.1), tape.leaf(b * 0.1));
        let h = (0..3).fold(x, |h, _| h.affine(w, b).tanh() * h.sigmoid());
        let y = h.softmax() + h.slice(0, 1..2) - h.sum_axis(0);
        let mix = &c * alpha + &d * beta;
        let [mixed, c, d] = [&mix, &c, &d].map(|c| tape.backward_from(&[(y, c)]));
        for leaf in [x, w, b] {
            let expected = &c[leaf] * alpha + &d[leaf] * beta;
            let size = c[leaf].mapv(f64::abs).sum() + d[leaf].mapv(f64::abs).sum();
            let error = (&mixed[leaf] - &expected).mapv(f64::abs).sum();
            prop_assert!(error <= 1e-12 * size, "{error} of {size}");
        }
    }
}
