//! What must hold for every tape, seen from outside.

use ndarray::{Array2, ArrayD, arr0, arr1};
use rnn::ParamStore;
use tape::{Tape, Var, gradcheck};

fn number(x: f64) -> ArrayD<f64> {
    arr0(x).into_dyn()
}

fn wave(rows: usize, cols: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| f64::sin((1 + i * i + 3 * j) as f64))
}

#[test]
fn a_value_may_meet_itself() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let slope = |y: Var<'_, f64>| tape.backward(y)[x].clone();
    assert_eq!(slope(x * x), number(6.0));
    assert_eq!(slope(x + x), number(2.0));
    assert_eq!(slope(x - x), number(0.0));
    assert_eq!(slope(x / x), number(0.0));
    let a = [wave(3, 3).into_dyn()];
    gradcheck::function(|_, x| x[0].matmul(x[0]), &a).assert();
    gradcheck::function(|_, x| x[0].matmul_t(x[0]), &a).assert();
    gradcheck::function(|_, x| x[0].t_matmul(x[0]).matmul(x[0]), &a).assert();
    gradcheck::function(|tape, x| tape.stack(&[x[0]; 3]).square(), &a).assert();
}

#[test]
fn a_value_read_many_times_sums_what_comes_back() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf([1.0, 2.0]);
    let readers = [x * 3.0, x.square(), -x, x.identity(), x.reshape([2, 1]).reshape([2])];
    let sum = readers.into_iter().reduce(|a, b| a + b).unwrap();
    assert_eq!(tape.backward(sum.sum())[x], arr1(&[3.0 + 2.0 - 1.0 + 2.0, 8.0]).into_dyn());
}

/// Reads a weight `[3, 3]` in 600 rows of 300 steps, and before and after them in 400 rows at once: more than
/// are multiplied together.
fn long_run<'t>(tape: &'t Tape<f64>, mut weight: impl FnMut() -> Var<'t, f64>) -> Var<'t, f64> {
    let mut h = tape.leaf(wave(2, 3));
    let tall = tape.constant(wave(400, 3));
    let mut loss = tall.matmul(weight()).tanh().sum();
    for t in 0..300 {
        let w = weight();
        let z = match t % 4 {
            0 => h.matmul(w),
            1 => h.matmul_t(w),
            2 => h.affine(w, h),
            _ => h * w.slice(0, 0..2),
        };
        h = z.tanh();
        loss = loss + h.square().sum();
    }
    loss + tall.affine(weight(), tall).sum()
}

#[test]
fn a_weight_used_at_many_steps_has_the_sum_of_what_each_step_gives() {
    let tape = Tape::<f64>::new();
    let shared = tape.leaf(wave(3, 3));
    let once = tape.backward(long_run(&tape, || shared))[shared].clone();
    let mut own = Vec::new();
    let loss = long_run(&tape, || {
        own.push(tape.leaf(wave(3, 3)));
        own[own.len() - 1]
    });
    let gradients = tape.backward(loss);
    let sum = own.into_iter().fold(ArrayD::zeros(vec![3, 3]), |sum, w| sum + &gradients[w]);
    let size = sum.mapv(f64::abs).sum();
    assert!((&once - &sum).mapv(f64::abs).sum() < 1e-12 * size, "{once} and {sum}");
}

#[test]
fn sweeping_twice_finds_the_same_bits() {
    let tape = Tape::<f64>::new();
    let (w, x) = (tape.leaf(wave(4, 4)), tape.leaf(wave(2, 4)));
    let y = (0..5).fold(x, |h, _| h.matmul(w).tanh()).square().sum();
    let (first, second) = (tape.backward(y), tape.backward(y));
    assert_eq!((&first[w], &first[x]), (&second[w], &second[x]));
}

#[test]
fn one_sweep_from_many_roots_is_the_sum_of_many_sweeps() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf([1.0, -2.0, 3.0]);
    let (a, b) = (x.square(), x.sum());
    let c = a * b; // `a` and `b` are roots as well as inputs, and `x` is a root as well as a leaf
    let seeds = [
        (a, arr1(&[1.0, 2.0, 4.0]).into_dyn()),
        (b, number(-3.0)),
        (c, arr1(&[0.5, 8.0, -1.0]).into_dyn()),
        (c, arr1(&[1.0, 1.0, 1.0]).into_dyn()),
        (x, arr1(&[16.0, 0.0, 2.0]).into_dyn()),
    ];
    let seeds: Vec<_> = seeds.iter().map(|(var, cotangent)| (*var, cotangent)).collect();
    let together = tape.backward_from(&seeds);
    let mut sum = ArrayD::zeros(vec![3]);
    for &seed in &seeds {
        sum += &tape.backward_from(&[seed])[x];
    }
    assert_eq!(together[x], sum);
    assert_eq!(tape.backward_from(&[])[x], ArrayD::<f64>::zeros(vec![3]));
}

#[test]
fn a_cotangent_may_stand_in_any_layout() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(Array2::zeros((2, 3)));
    let c = wave(3, 2).reversed_axes().into_dyn();
    assert_eq!(tape.backward_from(&[(x * 1.0, &c)])[x], c);
}

#[test]
fn a_watched_value_keeps_its_gradient() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(2.0);
    let h = (x * 3.0).watch();
    let off_the_path = (x * 5.0).watch();
    let unwatched = h.square();
    let gradients = tape.backward(unwatched.watch() * 0.5);
    assert_eq!(gradients[h], number(6.0));
    assert_eq!(gradients[x], number(18.0));
    assert_eq!(gradients[unwatched], number(0.5));
    assert_eq!(gradients[off_the_path], number(0.0));
    assert!(gradients.get(x * 3.0).is_err());
}

#[test]
fn a_watched_constant_has_a_gradient_like_a_leaf() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(2.0);
    let (c, d) = (tape.constant(5.0), (x * 3.0).detach());
    let y = (c * d).square() * x; // recorded before anyone watches
    let (before, c, d) = (tape.backward(y), c.watch(), d.watch());
    let after = tape.backward(y);
    assert_eq!(after[c], number(2.0 * 30.0 * 6.0 * 2.0));
    assert_eq!(after[d], number(2.0 * 30.0 * 5.0 * 2.0));
    assert_eq!(after[x], number(900.0));
    assert_eq!(after[x], before[x]);
}

#[test]
fn a_leaf_without_influence_has_a_gradient_of_zeros() {
    let tape = Tape::<f64>::new();
    let (x, idle, late) = (tape.leaf(2.0), tape.leaf(wave(2, 3)), tape.leaf([1.0]));
    let y = x * x;
    let _ = late * x;
    let gradients = tape.backward(y);
    assert_eq!(gradients[idle], ArrayD::<f64>::zeros(vec![2, 3]));
    assert_eq!(gradients[late], ArrayD::<f64>::zeros(vec![1]));
}

#[test]
fn a_parameter_is_found_by_its_key() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", arr1(&[2.0, 3.0]).into_dyn()).unwrap();
    let idle = store.add("idle", number(1.0)).unwrap();
    let unbound = store.add("unbound", number(1.0)).unwrap();
    let tape = Tape::new();
    let bound = store.bind(&tape);
    bound.var(idle);
    let gradients = tape.backward((bound.var(w) * bound.var(w)).sum());
    assert_eq!(gradients[w], arr1(&[4.0, 6.0]).into_dyn());
    assert_eq!((gradients.is_unused(w), gradients.is_unused(idle)), (false, true));
    assert_eq!(gradients[idle], number(0.0));
    assert!(gradients.param(unbound).is_none());
    assert_eq!(gradients.params().count(), 2);
}

#[test]
fn a_parameter_written_between_two_uses_keeps_what_each_has_read() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", number(2.0)).unwrap();
    let tape = Tape::new();
    let old = store.bind(&tape).var(w);
    let first = old.square();
    *store.get_mut(w) = number(10.0);
    let new = store.bind(&tape).var(w);
    let loss = first * new;
    assert_eq!((old.item(), new.item(), loss.item()), (2.0, 10.0, 40.0));
    let gradients = tape.backward(loss);
    // ∂/∂old = 2·2·10, ∂/∂new = 2²: the key has them both
    assert_eq!(gradients[w], number(44.0));
    assert_eq!(gradients.version(w), Some(1));
    assert_eq!(gradients.params().count(), 1);
}

#[test]
fn a_parameter_may_be_replaced_by_an_array_of_any_layout() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", wave(2, 3).into_dyn()).unwrap();
    *store.get_mut(w) = wave(3, 2).reversed_axes().into_dyn();
    let tape = Tape::new();
    let var = store.bind(&tape).var(w);
    assert_eq!(var.value(), wave(3, 2).reversed_axes().into_dyn());
    let loss = (var * var).sum() + store.bind(&tape).var(w).sum();
    let gradients = tape.backward(loss);
    assert_eq!(gradients[w], (wave(3, 2).reversed_axes() * 2.0 + 1.0).into_dyn());
}

#[test]
fn an_array_in_any_layout_is_read_in_logical_order() {
    let tape = Tape::<f64>::new();
    let a = wave(3, 4);
    let every_other = a.slice(ndarray::s![..;2, ..;-1]);
    assert_eq!(tape.leaf(a.t()).value(), a.t().into_dyn());
    assert_eq!(tape.constant(every_other).value(), every_other.into_dyn());
    assert_eq!(tape.leaf(a.t()).t().value(), a.into_dyn());
}

#[test]
fn numbers_and_variables_mix() {
    gradcheck::function(
        |_, x| (2.0 - x[0] * 3.0) / 4.0 + 1.0 / (x[0] + 5.0) - 7.0,
        &[arr1(&[0.3, -2.0]).into_dyn()],
    )
    .assert();
    let tape = Tape::<f32>::new();
    let x = tape.leaf(4.0f32);
    assert_eq!((1.0 - &x / 2.0).item(), -1.0);
}

#[test]
fn arrays_may_be_empty() {
    let tape = Tape::<f64>::new();
    let (none, w, b) =
        (tape.leaf(Array2::zeros((0, 3))), tape.leaf(wave(3, 2)), tape.leaf([1.0; 2]));
    let y = (none.affine(w, b).tanh() * 2.0 + b).softmax();
    assert_eq!(y.value().shape(), [0, 2]);
    let loss = y.sum() + none.gather_rows(&[]).sum() + none.slice(1, 1..1).reshape([0]).sum();
    let loss = loss + y.cross_entropy(&[]) + tape.stack(&[none, none]).sum();
    assert_eq!(loss.item(), 0.0);
    let gradients = tape.backward(loss);
    assert_eq!(gradients[none].shape(), [0, 3]);
    assert_eq!((gradients[w].sum(), gradients[b].sum()), (0.0, 0.0));
    // nothing to sum over: a product of [2, 0] with [0, 2] is zero, not rubbish
    let (thin, flat) = (tape.leaf(Array2::zeros((2, 0))), tape.leaf(Array2::zeros((0, 2))));
    let product = thin.matmul(flat);
    assert_eq!(product.value(), ArrayD::<f64>::zeros(vec![2, 2]));
    let gradients = tape.backward(product.sum());
    assert_eq!((gradients[thin].shape(), gradients[flat].shape()), (&[2, 0][..], &[0, 2][..]));
}

#[test]
fn detaching_stops_an_adjoint_and_scaling_bends_it() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(3.0);
    let h = x * x;
    assert_eq!(tape.backward(x * h.detach())[x], number(9.0));
    assert_eq!(tape.backward(x * h.scale_gradient(0.0))[x], number(9.0));
    assert_eq!(tape.backward(x * h.scale_gradient(0.5))[x], number(9.0 + 0.5 * 18.0));
    assert_eq!((x * h.detach()).item().to_bits(), (x * h.scale_gradient(-7.0)).item().to_bits());
    assert_eq!(tape.backward(h.detach())[x], number(0.0));
}
