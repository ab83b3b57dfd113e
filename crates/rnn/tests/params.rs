//! Parameters keep their name and key, and a tape keeps what it has read of them.

use ndarray::{ArrayD, arr1, arr2};
use rnn::ParamStore;
use tape::{ParamId, Tape};

fn two() -> (ParamStore<f64>, ParamId, ParamId) {
    let mut store = ParamStore::new();
    let w = store.add("w", arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn()).unwrap();
    let b = store.add("b", arr1(&[5.0, 6.0]).into_dyn()).unwrap();
    (store, w, b)
}

/// A key that `two` does not have.
fn third() -> ParamId {
    let (mut other, ..) = two();
    other.add("third", arr1(&[0.0]).into_dyn()).unwrap()
}

#[test]
fn a_name_is_given_once() {
    let (mut store, w, _) = two();
    let error = store.add("w", arr1(&[0.0]).into_dyn()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a parameter called \"w\" exists already; give each its own name, for example with a prefix"
    );
    assert_eq!((store.len(), store.elements()), (2, 6));
    assert_eq!(store.get(w).shape(), [2, 2]);
}

#[test]
fn parameters_come_in_the_order_in_which_they_were_added() {
    let mut store = ParamStore::<f64>::new();
    assert!(store.is_empty());
    let names = ["z", "a", "m", "0", "y"];
    let ids: Vec<_> =
        names.iter().map(|name| store.add(*name, ArrayD::zeros(vec![1])).unwrap()).collect();
    assert_eq!(store.ids().collect::<Vec<_>>(), ids);
    assert!(store.iter().map(|(_, name, _)| name).eq(names));
    for (name, id) in names.iter().zip(ids) {
        assert_eq!((store.find(name), store.name(id)), (Some(id), *name));
    }
    assert_eq!(store.find("b"), None);
}

#[test]
fn gradients_come_in_that_order_however_they_are_used() {
    let (store, w, b) = two();
    let tape = Tape::new();
    let p = store.bind(&tape);
    let loss = p.var(b).sum() + p.var(w).sum();
    let gradients = tape.backward(loss);
    assert_eq!(gradients.params().map(|(id, _)| id).collect::<Vec<_>>(), [w, b]);
}

#[test]
fn every_write_is_counted() {
    let (mut store, w, b) = two();
    assert_eq!(store.version(w), 0);
    store.get_mut(w).fill(1.0);
    store.get_mut(w);
    assert_eq!((store.version(w), store.version(b)), (2, 0));
}

#[test]
fn a_gradient_knows_the_version_it_belongs_to() {
    let (mut store, w, b) = two();
    store.get_mut(w)[[0, 0]] = 7.0;
    let tape = Tape::new();
    let p = store.bind(&tape);
    let gradients = tape.backward((p.var(w) * p.var(b)).sum());
    assert_eq!((gradients.version(w), gradients.version(b)), (Some(1), Some(0)));
}

#[test]
fn what_a_tape_has_recorded_stays_what_it_was() {
    let (mut store, w, _) = two();
    let tape = Tape::new();
    let old = store.bind(&tape).var(w);
    let loss = old.square().sum();
    store.get_mut(w).fill(10.0);
    assert_eq!(old.value(), arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn());
    assert_eq!(tape.backward(loss)[w], arr2(&[[2.0, 4.0], [6.0, 8.0]]).into_dyn());
    // Asked again, the tape reads the new elements; the gradient of both is one.
    let new = store.bind(&tape).var(w);
    assert_eq!(new.value(), ArrayD::from_elem(vec![2, 2], 10.0));
    let both = tape.backward(loss + new.square().sum());
    assert_eq!(both[w], arr2(&[[22.0, 24.0], [26.0, 28.0]]).into_dyn());
}

#[test]
fn an_unwritten_parameter_is_one_leaf_and_is_not_copied() {
    let (store, w, _) = two();
    let tape = Tape::new();
    let p = store.bind(&tape);
    assert_eq!(p.var(w).id(), p.var(w).id());
    p.var(w).with(|view| assert_eq!(view.as_ptr(), store.get(w).as_ptr()));
}

#[test]
fn a_parameter_that_no_tape_reads_is_written_in_place() {
    let (mut store, w, _) = two();
    let before = store.get(w).as_ptr();
    let mut tape = Tape::new();
    store.bind(&tape).var(w);
    tape.clear();
    store.get_mut(w).fill(0.0);
    assert_eq!(store.get(w).as_ptr(), before);
}

#[test]
fn a_copy_of_a_store_goes_its_own_way_under_the_same_keys() {
    let (mut store, w, _) = two();
    let copy = store.clone();
    store.get_mut(w).fill(0.0);
    assert_eq!(*copy.get(w), arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn());
    assert_eq!((store.version(w), copy.version(w)), (1, 0));
}

#[test]
fn an_array_of_any_layout_is_kept_in_rows() {
    let mut store = ParamStore::<f64>::new();
    let columns = arr2(&[[1.0, 2.0], [3.0, 4.0]]).reversed_axes();
    let w = store.add("w", columns.clone().into_dyn()).unwrap();
    assert!(store.get(w).is_standard_layout());
    assert_eq!(*store.get(w), columns.clone().into_dyn());
    assert_eq!(store.bind(&Tape::new()).var(w).value(), columns.into_dyn());
}

#[test]
fn the_key_of_another_store_is_refused_wherever_it_is_used() {
    let text =
        format!("{:?} is no parameter of this store: use the ids that its `add` returned", third());
    let uses: [fn(&mut ParamStore<f64>, ParamId); 5] = [
        |store, id| drop(store.name(id).to_owned()),
        |store, id| drop(store.get(id).clone()),
        |store, id| store.get_mut(id).fill(0.0),
        |store, id| assert_eq!(store.version(id), 0),
        |store, id| drop(store.bind(&Tape::new()).var(id).value()),
    ];
    for each in uses {
        let (mut store, ..) = two();
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            each(&mut store, third());
        }));
        let panic = panic.unwrap_err();
        assert_eq!(panic.downcast_ref::<String>(), Some(&text));
    }
}
