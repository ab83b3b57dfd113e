//! What a product of Jacobians does to an adjoint.

use ndarray::{Array2, array};
use rnn::spectral;

/// What a sequence of equal steps does to an adjoint is decided by singular values; eigenvalues tell the end only.
#[test]
fn weights_whose_eigenvalues_are_small_may_blow_up_an_adjoint_for_a_while() {
    let u = array![[0.9, 5.0], [0.0, 0.9]];
    assert!(spectral::radius(&u) < 0.901 && spectral::norm(&u) > 5.0);
    let mut power = Array2::eye(2);
    let mut lengths = vec![];
    for _ in 0..200 {
        power = power.dot(&u);
        lengths.push(spectral::norm(&power));
    }
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    assert!(longest > 15.0 && lengths[199] < 1e-5, "{longest}, {}", lengths[199]);
}

/// ‖Jₜ‖ ≤ γ ‖U‖ with γ = 1 for tanh: so ‖U‖ < 1 is enough to vanish. ‖U‖ > 1 is not enough to explode.
#[test]
fn a_norm_below_one_must_vanish_and_one_above_need_not_explode() {
    let product = |scale: f64, input: f64| {
        let u = array![[0.6, -0.8], [0.8, 0.6]] * scale;
        let (mut h, mut product) = (array![[0.1, -0.2]], Array2::<f64>::eye(2));
        for _ in 0..60 {
            h = (h.dot(&u) + input).mapv(f64::tanh);
            let slope = Array2::from_diag(&h.row(0).mapv(|h| 1.0 - h * h));
            product = slope.dot(&u.t()).dot(&product);
        }
        spectral::norm(&product)
    };
    assert!(product(0.9, 0.0) <= 0.9_f64.powi(60));
    assert!(product(3.0, 9.0) < 1e-100, "saturated units pass nothing, however large the weights");
    assert!(product(1.001, 0.0) > 1e-3);
}
