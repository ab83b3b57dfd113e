//! Files that do not fit.

use super::{an_lstm, bits};
use ndarray::ArrayD;
use rnn::{
    Error, ParamStore,
    cells::lstm,
    weights::{Archive, LoadOptions, torch},
};

/// What becomes of an array of a file.
type Change<'a> = dyn Fn(&str, &ArrayD<f64>) -> Option<(String, ArrayD<f64>)> + 'a;

#[test]
fn a_file_with_wrong_missing_or_surplus_names_is_refused_whole() {
    let mut store = ParamStore::new();
    let cell = an_lstm(&mut store, "a", lstm::Form::default());
    let mut good = Archive::new();
    torch::export(&cell, &store, "m.", &mut good).unwrap();
    let before = bits(&store);
    let mut refused = |change: &Change<'_>| {
        let mut changed = Archive::new();
        for (name, array) in good.iter() {
            let array = array.mapv(|x| x + 1.0);
            if let Some((name, array)) = change(name, &array) {
                changed.insert(name, array).unwrap();
            }
        }
        let error = torch::import(&cell, &mut store, &changed, &LoadOptions::prefix("m."));
        assert!(bits(&store) == before);
        error.unwrap_err()
    };
    let keep = |name: &str, array: &ArrayD<f64>| Some((name.to_owned(), array.clone()));
    match refused(&|name, x| if name.ends_with("bias_hh_l0") { None } else { keep(name, x) }) {
        Error::WeightNames { missing, surplus } => {
            assert_eq!((missing, surplus), (vec!["m.bias_hh_l0".into()], vec![]));
        }
        other => panic!("{other}"),
    }
    match refused(&|name, x| keep(&name.replace("weight_ih_l0", "weight_ih_l1"), x)) {
        Error::WeightNames { missing, surplus } => {
            assert_eq!(missing, ["m.weight_ih_l0"]);
            assert_eq!(surplus, ["m.weight_ih_l1"]);
        }
        other => panic!("{other}"),
    }
    match refused(&|name, x| keep(name, &x.clone().reversed_axes())) {
        Error::WeightShape { name, found, expected } => {
            assert_eq!(name, "m.weight_hh_l0");
            assert_eq!((found, expected), (vec![2, 8], vec![8, 2]));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn nan_is_reported_and_loaded_on_request() {
    let mut store = ParamStore::new();
    let cell = an_lstm(&mut store, "a", lstm::Form::default());
    store.get_mut(cell.u)[[0, 1]] = f64::NAN;
    let mut archive = Archive::new();
    torch::export(&cell, &store, "", &mut archive).unwrap();
    store.get_mut(cell.u).fill(0.0);
    match torch::import(&cell, &mut store, &archive, &LoadOptions::default()).unwrap_err() {
        Error::NonFiniteWeights { names } => assert_eq!(names, ["weight_hh_l0"]),
        other => panic!("{other}"),
    }
    assert!(store.get(cell.u).iter().all(|&x| x == 0.0));
    let anyway = LoadOptions::default().non_finite(true);
    torch::import(&cell, &mut store, &archive, &anyway).unwrap();
    assert!(store.get(cell.u)[[0, 1]].is_nan());
}
