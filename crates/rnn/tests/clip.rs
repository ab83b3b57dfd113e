//! Clipping shortens a gradient and does nothing else to it.

use crate::golden;
use ndarray::{ArrayD, IxDyn, arr1};
use rnn::{Error, ParamStore, clip};
use tape::{Gradients, ParamId, Real, Tape};

/// A tape's gradients, one parameter per array.
fn gradients<T: Real>(arrays: &[ArrayD<T>]) -> (Vec<ParamId>, Gradients<T>) {
    let (mut store, tape) = (ParamStore::new(), Tape::new());
    let ids: Vec<_> = (0..)
        .zip(arrays)
        .map(|(k, array)| store.add(format!("p{k}"), array.clone()).unwrap())
        .collect();
    let bound = store.bind(&tape);
    let loss = ids.iter().map(|&id| bound.var(id).sum()).reduce(|a, b| a + b).unwrap();
    let mut gradients = tape.backward(loss);
    for (&id, array) in ids.iter().zip(arrays) {
        gradients.param_mut(id).unwrap().assign(array);
    }
    (ids, gradients)
}

fn one(components: &[f64]) -> (ParamId, Gradients<f64>) {
    let (ids, gradients) = gradients(&[arr1(components).into_dyn()]);
    (ids[0], gradients)
}

#[track_caller]
fn assert_close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs(), "{got:e} for {want:e}");
}

#[test]
fn a_gradient_at_the_threshold_counts_as_clipped_and_stays() {
    let (id, mut g) = one(&[3.0, 4.0]);
    let clipped = clip::global_norm(&mut g, 5.0).unwrap();
    assert_eq!((clipped.norm, clipped.clipped), (5.0, true));
    assert_eq!(g[id], arr1(&[3.0, 4.0]).into_dyn());
}

#[test]
fn a_gradient_just_short_of_the_threshold_is_left_alone() {
    let (id, mut g) = one(&[3.0, 4.0]);
    let clipped = clip::global_norm(&mut g, 5.0_f64.next_up()).unwrap();
    assert_eq!((clipped.norm, clipped.clipped), (5.0, false));
    assert_eq!(g[id], arr1(&[3.0, 4.0]).into_dyn());
}

#[test]
fn all_parameters_are_measured_as_one_vector_and_scaled_by_one_factor() {
    let arrays =
        [arr1(&[2.0]).into_dyn(), ArrayD::from_elem(IxDyn(&[2, 2]), -1.0), arr1(&[1.0]).into_dyn()];
    let (ids, mut g) = gradients(&arrays);
    let clipped = clip::global_norm(&mut g, 1.5).unwrap();
    assert_eq!((clipped.norm, clipped.clipped), (3.0, true));
    for (id, array) in ids.into_iter().zip(&arrays) {
        assert_eq!(g[id], array * 0.5);
    }
}

#[test]
fn huge_and_tiny_gradients_have_the_norm_they_have() {
    for scale in [1e200, 1e307, 1e-200, 1e-310] {
        let (id, mut g) = one(&[3.0 * scale, -4.0 * scale, 0.0]);
        let unclipped = clip::global_norm(&mut g, f64::INFINITY).unwrap();
        // 10⁻³¹⁰ is subnormal: a dozen of its bits are left.
        let tolerance = if scale < 1e-300 { 1e-12 } else { 1e-15 };
        assert!((unclipped.norm / scale / 5.0 - 1.0).abs() < tolerance, "{:e}", unclipped.norm);
        assert!(!unclipped.clipped);
        if scale > 1.0 {
            assert!(clip::global_norm(&mut g, 1.0).unwrap().clipped);
            assert_close(g[id][0], 0.6);
            assert_close(g[id][1], -0.8);
        }
    }
}

#[test]
fn a_huge_component_does_not_hide_an_infinite_norm_behind_a_clipped_one() {
    let (id, mut g) = one(&[f64::MAX, f64::MAX]);
    let error = clip::global_norm(&mut g, 1.0).unwrap_err();
    assert!(matches!(error, Error::GradientOverflow { longest, .. } if longest == id), "{error}");
    assert_eq!(g[id], arr1(&[f64::MAX, f64::MAX]).into_dyn());
}

#[test]
fn the_direction_is_kept() {
    let components: Vec<f64> = (0..100).map(|i| (i as f64).sin()).collect();
    let (id, mut g) = one(&components);
    let norm = clip::global_norm(&mut g, 0.25).unwrap().norm;
    for (&got, before) in g[id].iter().zip(&components) {
        assert!((got - before * 0.25 / norm).abs() <= 1e-15);
    }
    assert_close(clip::global_norm(&mut g, f64::INFINITY).unwrap().norm, 0.25);
}

#[test]
fn a_gradient_that_is_not_finite_is_reported_and_left_alone() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let (ids, mut g) = gradients(&[arr1(&[1.0]).into_dyn(), arr1(&[7.0, bad]).into_dyn()]);
        match clip::global_norm(&mut g, 0.5).unwrap_err() {
            Error::NonFiniteGradient { id, at, value } => {
                assert_eq!((id, at, value.to_bits()), (ids[1], vec![1], bad.to_bits()));
            }
            other => panic!("{other}"),
        }
        assert_eq!((g[ids[0]][0], g[ids[1]][0]), (1.0, 7.0));
    }
}

#[test]
fn a_threshold_that_is_none_is_refused() {
    let (_, mut g) = one(&[0.0]);
    for threshold in [0.0, -1.0, f64::NAN] {
        assert!(matches!(clip::global_norm(&mut g, threshold), Err(Error::Data { .. })));
        assert!(matches!(clip::value(&mut g, threshold), Err(Error::Data { .. })));
    }
}

#[test]
fn a_gradient_of_zero_has_no_direction_to_keep() {
    let (id, mut g) = one(&[0.0, -0.0]);
    assert_eq!(clip::global_norm(&mut g, 1e-300).unwrap().norm, 0.0);
    assert_eq!(g[id], arr1(&[0.0, 0.0]).into_dyn());
}

#[test]
fn in_single_precision_the_squares_overflow_no_earlier() {
    let (ids, mut g) =
        gradients::<f32>(&[arr1(&[3e38, 0.0]).into_dyn(), arr1(&[1e-30]).into_dyn()]);
    let clipped = clip::global_norm(&mut g, 2.0).unwrap();
    assert_eq!(clipped.norm, f64::from(3e38_f32));
    assert!((g[ids[0]][0] - 2.0).abs() < 1e-6);
}

#[test]
fn pytorch_falls_short_of_the_threshold_by_a_millionth_of_the_unit() {
    let cases = golden::clipped();
    for case in &cases {
        let (ids, mut g) = gradients(&case.before);
        let ours = clip::global_norm(&mut g, case.threshold).unwrap();
        if case.norm > 0.0 && case.norm.is_finite() {
            assert_close(ours.norm, case.norm);
        } else {
            // PyTorch's squares have left the range of f64, and its gradients with them.
            assert_eq!(ours.clipped, case.norm > 0.0);
            continue;
        }
        let theirs = if ours.clipped { ours.norm / (ours.norm + 1e-6) } else { 1.0 };
        for (id, after) in ids.into_iter().zip(&case.after) {
            for (&got, &want) in g[id].iter().zip(after) {
                assert_close(got * theirs, want);
            }
        }
    }
    assert_eq!(cases.iter().filter(|case| case.norm >= case.threshold).count(), 8);
}

#[test]
fn components_are_cut_one_by_one() {
    let (id, mut g) = one(&[-2.0, -0.5, 0.0, 0.7, f64::INFINITY]);
    assert_eq!(clip::value(&mut g, 0.5).unwrap(), 3);
    assert_eq!(g[id], arr1(&[-0.5, -0.5, 0.0, 0.5, 0.5]).into_dyn());
    assert_eq!(clip::value(&mut g, 0.5).unwrap(), 0);
}

#[test]
fn a_component_that_is_no_number_cannot_be_cut() {
    let (id, mut g) = one(&[2.0, f64::NAN]);
    assert!(matches!(clip::value(&mut g, 1.0), Err(Error::NonFiniteGradient { .. })));
    assert_eq!(g[id][0], 2.0);
}

#[test]
fn in_another_norm_the_length_differs_and_the_direction_does_not() {
    let g = [3.0, -4.0, 0.0];
    for (p, length) in [(1.0, 7.0), (2.0, 5.0), (3.0, 91_f64.cbrt()), (f64::INFINITY, 4.0)] {
        let (id, mut gradients) = one(&g);
        let clipped = clip::p_norm(&mut gradients, p, 1.0).unwrap();
        assert_close(clipped.norm, length);
        assert!(clipped.clipped);
        for (&got, want) in gradients[id].iter().zip(g) {
            assert_close(got, want / length);
        }
        let (id, mut gradients) = one(&g);
        assert!(!clip::p_norm(&mut gradients, p, length * 1.01).unwrap().clipped);
        assert_eq!(gradients[id], arr1(&g).into_dyn());
    }
}

#[test]
fn another_norm_neither_overflows_on_the_way_nor_hides_what_is_not_finite() {
    let (_, mut gradients) = one(&[3e200, 4e200]);
    assert_close(
        clip::p_norm(&mut gradients, 3.0, f64::INFINITY).unwrap().norm,
        91_f64.cbrt() * 1e200,
    );
    let (_, mut gradients) = one(&[f64::MAX, f64::MAX]);
    let error = clip::p_norm(&mut gradients, 1.0, 1.0).unwrap_err();
    assert!(matches!(error, Error::GradientOverflow { max: f64::MAX, .. }), "{error}");
    let (_, mut gradients) = one(&[1.0, f64::NAN]);
    let error = clip::p_norm(&mut gradients, 1.0, 1.0).unwrap_err();
    assert!(matches!(error, Error::NonFiniteGradient { .. }), "{error}");
    let (_, mut gradients) = one(&[0.0, 0.0]);
    assert_eq!(clip::p_norm(&mut gradients, 1.5, 1.0).unwrap().norm, 0.0);
    let error = clip::p_norm(&mut gradients, 0.5, 1.0).unwrap_err().to_string();
    assert!(error.starts_with("clip::p_norm with a p of 0.5"), "{error}");
}
