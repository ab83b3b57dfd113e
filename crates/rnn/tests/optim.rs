//! Optimizers walk where PyTorch's walk, and refuse gradients that are out of date.

use crate::golden;
use ndarray::{ArrayD, IxDyn, arr1};
use rnn::{
    Error, ParamStore,
    optim::{Adam, Optimizer, Sgd},
    weights::Archive,
};
use serde_json::Value;
use tape::{Gradients, ParamId, Real, Tape};

fn optimizer<T: Real>(name: &str, arguments: &Value) -> Box<dyn Optimizer<T>> {
    let number = |key: &str| arguments.get(key).and_then(Value::as_f64);
    let rate = number("lr").unwrap();
    if name.starts_with("SGD") {
        let sgd = Sgd::new(rate)
            .momentum(number("momentum").unwrap_or(0.0))
            .nesterov(arguments.get("nesterov").is_some())
            .weight_decay(number("weight_decay").unwrap_or(0.0));
        return Box::new(sgd);
    }
    let mut adam = Adam::new(rate).weight_decay(number("weight_decay").unwrap_or(0.0));
    if let Some(betas) = arguments.get("betas") {
        adam = adam.betas(betas[0].as_f64().unwrap(), betas[1].as_f64().unwrap());
    }
    Box::new(adam.epsilon(number("eps").unwrap_or(1e-8)))
}

#[track_caller]
fn assert_at(got: impl IntoIterator<Item = f64>, want: &[f64], what: &str) {
    let got: Vec<f64> = got.into_iter().collect();
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-12, "{what}: {got} for {want}");
    }
}

#[test]
fn twenty_steps_lead_where_pytorch_goes() {
    let (a, z_star, z0, cases) = golden::descents();
    for case in cases.iter().filter(|case| case.name != "Adam_skipping") {
        let mut optimizer = optimizer::<f64>(&case.name, &case.arguments);
        let mut store = ParamStore::new();
        let z = store.add("z", arr1(&z0).into_shape_with_order(IxDyn(&[1, 7])).unwrap()).unwrap();
        for (step, want) in case.points.iter().enumerate() {
            let tape = Tape::new();
            let distance = store.bind(&tape).var(z) - tape.constant(arr1(&z_star));
            let loss = (distance.matmul(tape.constant(&a)) * distance).sum() * 0.5;
            let gradients = tape.backward(loss);
            optimizer.step(&mut store, &gradients).unwrap();
            assert_at(store.get(z).iter().copied(), want, &format!("{} step {step}", case.name));
        }
    }
}

#[test]
fn a_parameter_without_gradient_is_skipped_and_counts_no_step() {
    let (_, z_star, z0, cases) = golden::descents();
    let case = cases.iter().find(|case| case.name == "Adam_skipping").unwrap();
    // What no path leads to is like what was never bound.
    for bind_anyway in [false, true] {
        let mut adam = Adam::new(case.arguments["lr"].as_f64().unwrap());
        let mut store = ParamStore::new();
        let a = store.add("a", arr1(&z0[..3]).into_dyn()).unwrap();
        let b = store.add("b", arr1(&[0.0, 0.0]).into_dyn()).unwrap();
        for (step, want) in case.points.iter().enumerate() {
            let tape = Tape::new();
            let bound = store.bind(&tape);
            let mut loss = (bound.var(a) - tape.constant(&z_star[..3])).square().sum();
            if step % 2 == 0 {
                loss = loss + (bound.var(b) - tape.constant(1.0)).square().sum();
            } else if bind_anyway {
                bound.var(b);
            }
            let gradients = tape.backward(loss);
            adam.step(&mut store, &gradients).unwrap();
            let point = store.get(a).iter().chain(store.get(b)).copied();
            assert_at(point, want, &format!("step {step}"));
        }
        assert_eq!((adam.steps(a), adam.steps(b)), (20, 10));
    }
}

/// One parameter of three numbers.
fn model<T: Real>() -> (ParamStore<T>, ParamId) {
    let mut store = ParamStore::new();
    let values = [1.0, -0.5, 2.0].map(T::of);
    let w = store.add("layer.w", ArrayD::from_shape_vec(IxDyn(&[3]), values.to_vec()).unwrap());
    (store, w.unwrap())
}

/// The gradient of Σ w⁴.
fn sweep<T: Real>(store: &ParamStore<T>, w: ParamId) -> Gradients<T> {
    let tape = Tape::new();
    tape.backward(store.bind(&tape).var(w).square().square().sum())
}

fn both<T: Real>() -> [Box<dyn Optimizer<T>>; 2] {
    [Box::new(Sgd::new(0.01).momentum(0.9)), Box::new(Adam::new(0.01))]
}

#[test]
fn a_gradient_serves_one_step_only() {
    for mut optimizer in both::<f64>() {
        let (mut store, w) = model();
        let gradients = sweep(&store, w);
        optimizer.step(&mut store, &gradients).unwrap();
        let after = store.get(w).clone();
        match optimizer.step(&mut store, &gradients).unwrap_err() {
            Error::StaleGradient { name, gradient: 0, parameter: 1 } => assert_eq!(name, "layer.w"),
            other => panic!("{other}"),
        }
        assert_eq!(store.get(w), after);
    }
}

#[test]
fn nothing_moves_when_one_gradient_is_stale() {
    let (mut store, w) = model::<f64>();
    let late = store.add("late", arr1(&[1.0]).into_dyn()).unwrap();
    let tape = Tape::new();
    let bound = store.bind(&tape);
    let gradients = tape.backward(bound.var(w).sum() + bound.var(late).sum());
    store.get_mut(late)[0] = 3.0;
    for mut optimizer in both() {
        let error = optimizer.step(&mut store, &gradients).unwrap_err();
        assert!(error.to_string().contains("\"late\""), "{error}");
        assert_eq!(store.get(w), model::<f64>().0.get(w));
        assert_eq!(store.version(w), 0);
    }
}

#[test]
fn a_leaf_that_an_earlier_pass_has_left_on_the_tape_is_not_stale() {
    for mut optimizer in both() {
        let (mut store, w) = model::<f64>();
        let once = store.add("once", arr1(&[1.0]).into_dyn()).unwrap();
        let tape = Tape::new();
        let first = store.bind(&tape).var(w).sum() + store.bind(&tape).var(once).sum();
        optimizer.step(&mut store, &tape.backward(first)).unwrap();
        let after = store.get(once).clone();
        let second = store.bind(&tape).var(w).sum();
        optimizer.step(&mut store, &tape.backward(second)).unwrap();
        assert_eq!((store.get(once), store.version(once)), (&after, 1));
        assert_eq!(store.version(w), 2);
    }
}

#[test]
fn a_stale_gradient_is_applied_on_request() {
    let (mut store, w) = model::<f64>();
    let gradients = sweep(&store, w);
    let mut sgd = Sgd::new(0.5).allow_stale(true);
    sgd.step(&mut store, &gradients).unwrap();
    sgd.step(&mut store, &gradients).unwrap();
    assert_eq!(store.get(w), arr1(&[1.0 - 4.0, -0.5 + 0.5, 2.0 - 32.0]).into_dyn());
}

#[test]
fn a_gradient_of_another_shape_is_refused_even_when_a_stale_one_is_not() {
    let (mut store, w) = model::<f64>();
    let gradients = sweep(&store, w);
    *store.get_mut(w) = arr1(&[1.0]).into_dyn();
    let error = Sgd::new(0.5).allow_stale(true).step(&mut store, &gradients).unwrap_err();
    assert!(matches!(error, Error::WeightShape { .. }), "{error}");
}

#[test]
fn a_learning_rate_that_is_no_number_is_refused() {
    for mut optimizer in both::<f64>() {
        let (mut store, w) = model();
        let gradients = sweep(&store, w);
        optimizer.set_learning_rate(f64::NAN);
        assert!(matches!(optimizer.step(&mut store, &gradients), Err(Error::Data { .. })));
        assert_eq!(store.get(w), model::<f64>().0.get(w));
    }
}

#[test]
fn a_step_is_taken_in_place() {
    let mut optimizers = both::<f64>();
    for optimizer in &mut optimizers {
        let (mut store, w) = model();
        let memory = store.get(w).as_ptr();
        for _ in 0..3 {
            let gradients = sweep(&store, w);
            optimizer.step(&mut store, &gradients).unwrap();
            assert_eq!(store.get(w).as_ptr(), memory);
        }
    }
}

#[test]
fn single_precision_follows_double_precision() {
    for (mut single, mut double) in both::<f32>().into_iter().zip(both::<f64>()) {
        let ((mut narrow, w), (mut wide, _)) = (model::<f32>(), model::<f64>());
        for _ in 0..50 {
            let gradients = sweep(&narrow, w);
            single.step(&mut narrow, &gradients).unwrap();
            let gradients = sweep(&wide, w);
            double.step(&mut wide, &gradients).unwrap();
        }
        for (&narrow, &wide) in narrow.get(w).iter().zip(wide.get(w)) {
            assert!((f64::from(narrow) - wide).abs() < 1e-5 * wide.abs().max(1.0));
        }
    }
}

#[test]
fn a_restored_optimizer_goes_on_as_if_never_stopped() {
    for ((mut whole, mut first), mut second) in both::<f64>().into_iter().zip(both()).zip(both()) {
        let ((mut a, w), (mut b, _)) = (model(), model());
        for optimizer in [&mut whole, &mut first, &mut second] {
            optimizer.set_learning_rate((0.1 + 0.2) / 30.0); // as schedules leave it: with all its digits
        }
        for _ in 0..9 {
            let gradients = sweep(&a, w);
            whole.step(&mut a, &gradients).unwrap();
        }
        for _ in 0..4 {
            let gradients = sweep(&b, w);
            first.step(&mut b, &gradients).unwrap();
        }
        let mut archive = Archive::new();
        first.put_state("o.", &b, &mut archive).unwrap();
        second.set_learning_rate(7.0);
        second.restore_state("o.", &b, &archive).unwrap();
        for _ in 4..9 {
            let gradients = sweep(&b, w);
            second.step(&mut b, &gradients).unwrap();
        }
        assert_eq!(a.get(w), b.get(w));
    }
}

#[test]
fn an_incomplete_state_is_refused_and_changes_nothing() {
    let (mut store, w) = model::<f64>();
    let mut adam = Adam::new(0.1);
    let gradients = sweep(&store, w);
    adam.step(&mut store, &gradients).unwrap();
    let mut state = Archive::new();
    adam.put_state("o.", &store, &mut state).unwrap();
    let before = state.clone();

    let mut refused = |archive: &Archive<f64>, prefix: &str, why: &str| {
        let error = adam.restore_state(prefix, &store, archive).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        let mut after = Archive::new();
        adam.put_state("o.", &store, &mut after).unwrap();
        assert_eq!(after, before);
    };
    refused(&state, "other.", "\"kind\" is missing");
    for key in ["learning_rate", "beta1", "beta2", "epsilon", "weight_decay", "steps.layer.w"] {
        let mut cut = state.clone();
        cut.metadata.remove(&format!("o.{key}"));
        refused(&cut, "o.", key);
        cut.metadata.insert(format!("o.{key}"), "many".into());
        refused(&cut, "o.", "\"many\", which is not the number");
    }
    let without = |group: &str| {
        let mut cut = Archive::new();
        cut.metadata.clone_from(&state.metadata);
        for (name, array) in state.iter().filter(|(name, _)| !name.starts_with(group)) {
            cut.insert(name, array.clone()).unwrap();
        }
        cut
    };
    refused(&without("o.m."), "o.", "\"m.layer.w\" is missing");
    refused(&without("o.v."), "o.", "\"v.layer.w\" is missing");
    let mut foreign = state.clone();
    foreign.insert("o.m.ghost", arr1(&[1.0]).into_dyn()).unwrap();
    refused(&foreign, "o.", "o.m.ghost");
    let mut misshapen = without("o.m.");
    misshapen.insert("o.m.layer.w", arr1(&[1.0]).into_dyn()).unwrap();
    refused(&misshapen, "o.", "shape [1]");

    let error = Sgd::new(0.1).restore_state("o.", &store, &state).unwrap_err();
    assert!(error.to_string().contains("saved by \"adam\""), "{error}");
}
