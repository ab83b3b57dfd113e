//! A class is a row of zeros and a one, whether it is looked up, multiplied or learned.

use ndarray::{Array2, Array3, ArrayD};
use rnn::{Embedding, Input, ParamStore, init::Uniform};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tape::Tape;

const CLASSES: [usize; 6] = [2, 0, 3, 2, 2, 1];

fn table() -> (ParamStore<f64>, Embedding) {
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(3);
    let mut store = ParamStore::new();
    let table = Embedding::new(&mut store, "letters", (4, 3), &Uniform::recurrent(3), &mut rng);
    (store, table.unwrap())
}

fn weights() -> Array3<f64> {
    Array3::from_shape_fn((3, 2, 3), |(t, i, j)| ((1 + 5 * t + 3 * i + j) as f64).sin())
}

/// `Σ weights ⊙ rows` swept back to the table.
fn swept(rows: impl FnOnce(rnn::Bound<'_, '_, f64>, Embedding) -> ArrayD<f64>) -> ArrayD<f64> {
    let (store, table) = table();
    rows(store.bind(&Tape::new()), table)
}

#[test]
fn the_gradient_of_a_table_is_that_of_a_matrix_times_one_hot_rows() {
    let looked_up = swept(|p, embedding| {
        let x = embedding.look_up(p, &CLASSES, 2).dense(p.tape());
        assert_eq!(x.shape()[..], [3, 2, 3]);
        let loss = (x * p.tape().constant(weights())).sum();
        p.tape().backward(loss)[embedding.table].clone()
    });
    let multiplied = swept(|p, embedding| {
        let rows = Input::one_hot(&CLASSES, 2, 4).dense(p.tape());
        let x = rows.matmul(p.var(embedding.table));
        let loss = (x * p.tape().constant(weights())).sum();
        p.tape().backward(loss)[embedding.table].clone()
    });
    assert_eq!(looked_up, multiplied);
    assert!(looked_up.iter().all(|&g| g != 0.0));
}

#[test]
fn a_row_that_is_never_looked_up_has_a_gradient_of_zeros() {
    let g = swept(|p, embedding| {
        let x = embedding.look_up(p, &[0, 2, 0, 2, 1, 2], 2).dense(p.tape());
        p.tape().backward(x.sum())[embedding.table].clone()
    });
    assert_eq!(g.sum_axis(ndarray::Axis(1)), ndarray::arr1(&[6.0, 3.0, 9.0, 0.0]).into_dyn());
}

#[test]
fn a_table_is_called_after_its_layer() {
    let (store, table) = table();
    assert_eq!(store.name(table.table), "letters.table");
    assert_eq!(store.get(table.table).shape(), [4, 3]);
}

#[test]
fn steps_of_an_input_are_steps_of_its_rows() {
    let tape = Tape::<f64>::new();
    let one_hot = Input::one_hot(&CLASSES, 2, 4);
    let dense = Input::Dense(one_hot.dense(&tape));
    for range in [0..3, 1..3, 2..3, 0..1, 1..1] {
        let (a, b) = (one_hot.steps(range.clone()), dense.steps(range.clone()));
        assert_eq!(a.lead()[..], [range.len(), 2]);
        assert_eq!((a.lead(), a.dense(&tape).value()), (b.lead(), b.dense(&tape).value()));
    }
}

#[test]
fn a_product_with_classes_has_the_bits_of_the_product_with_their_rows() {
    let tape = Tape::<f64>::new();
    let (w, b) =
        (Array2::from_shape_fn((4, 3), |(i, j)| ((i * 7 + j) as f64).cos()), [0.1, -0.2, 0.3]);
    let (w, b) = (tape.leaf(&w), tape.leaf(b));
    let one_hot = Input::one_hot(&CLASSES, 2, 4);
    let dense = Input::Dense(one_hot.dense(&tape));
    assert_eq!(one_hot.matmul(w).value(), dense.matmul(w).value());
    assert_eq!(one_hot.affine(w, b).value(), dense.affine(w, b).value());
    for b in [None, Some(b)] {
        let product = b.map_or_else(|| dense.matmul(w), |b| dense.affine(w, b));
        assert_eq!(one_hot.project(w, b).value(), product.value());
        assert_eq!(dense.project(w, b).value(), product.value());
    }
}

#[test]
fn a_product_is_one_op_at_the_line_that_asks_for_it() {
    let tape = Tape::<f64>::new();
    let (w, b) = (tape.leaf(Array2::ones((4, 3))), tape.leaf([0.1, -0.2, 0.3]));
    let one_hot = Input::one_hot(&CLASSES, 2, 4);
    let dense = Input::Dense(one_hot.dense(&tape));
    let (product, look_up) = (["MatMul", "Affine"], ["GatherRows", "GatherAffine"]);
    for (x, ops) in [(dense, product), (one_hot, look_up)] {
        let before = tape.len();
        let _ = [x.matmul(w), x.affine(w, b), x.project(w, None), x.project(w, Some(b))];
        let line = line!() - 1;
        let table = tape.table();
        let made: Vec<_> = table.rows().skip(before).collect();
        assert!(made.iter().all(|row| row.site.line() == line && row.site.file() == file!()));
        let named: Vec<_> = made.iter().map(|row| row.op).filter(|&op| op != "Reshape").collect();
        assert_eq!(named, [ops, ops].concat());
    }
}

#[track_caller]
fn panic_text(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn what_does_not_fit_is_named() {
    let tape = Tape::<f64>::new();
    let (store, table) = table();
    let p = store.bind(&tape);
    let steps = || drop(Input::<f64>::one_hot(&[1, 2, 3], 2, 4));
    assert_eq!(panic_text(steps), "3 indices do not fill steps of 2 rows");
    let no_rows = || drop(Input::<f64>::one_hot(&[], 0, 4));
    assert_eq!(panic_text(no_rows), "0 indices do not fill steps of 0 rows");
    let weight = || drop(Input::one_hot(&CLASSES, 2, 5).matmul(p.var(table.table)).value());
    assert_eq!(panic_text(weight), "one-hot inputs of 5 classes times a weight of 4 rows");
    let class = || drop(Input::one_hot(&[4], 1, 4).matmul(p.var(table.table)).value());
    assert_eq!(
        panic_text(class),
        "GatherRows of [4, 3]: there is no row 4 among 4; rows count from 0"
    );
    let written_out = || drop(Input::one_hot(&[4], 1, 4).dense(&tape).value());
    assert_eq!(
        panic_text(written_out),
        "OneHot of no inputs: there is no class 4 among 4; classes count from 0"
    );
    let rows = || drop(table.look_up(p, &[1, 2, 3], 2).dense(&tape).value());
    assert_eq!(
        panic_text(rows),
        "Reshape of [3, 3]: its 9 elements do not fill [1, 2, 3]; the product of the lengths must stay the same"
    );
}
