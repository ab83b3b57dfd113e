//! One product of two matrices on the tape's packing memory.

use crate::{
    Adjoint, Inputs, Real,
    kernel::{
        Matrix,
        gemm::{Again, Soon, Start},
    },
    lookup::Lookup,
    node::{Kind, Place},
};

/// The matrix that input `i` is, and its name if it is a parameter, which may come again.
#[inline]
pub(super) fn weight<'a, T: Real>(x: Inputs<'a, T>, i: usize) -> (Matrix<'a, T>, Option<Again>) {
    let node = x.node(i);
    let &[rows, columns] = &x.0.lookup.shape(node)[..] else {
        unreachable!("the shapes were checked when the op was recorded")
    };
    (Matrix::row_major(x.0.lookup.values_of(node), rows, columns), x.again(i, 0))
}

/// `c = a b`, or `c += a b`.
pub(super) fn product<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    add: bool,
) {
    T::gemm(&mut x.scratch().borrow_mut(), a, b, c, add);
}

/// `x̄ += a b`
pub(super) fn add_product<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    mut dx: Adjoint<'_, T>,
) {
    let (dx, fresh) = dx.parts();
    product(x, a, b, dx, !fresh);
}

/// `y = a b`, or `y += a b`, on the way forward, where `b` may be a parameter that comes `again`.
pub(super) fn weighted<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: (Matrix<'_, T>, Option<Again>),
    y: &mut [T],
    add: bool,
) {
    behind(x, y);
    again_or_not(x, a, b, y, add);
}

/// `y = from + a b`, likewise.
pub(super) fn weighted_from<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: (Matrix<'_, T>, Option<Again>),
    from: Start<'_, T>,
    y: &mut [T],
) {
    behind(x, y);
    T::gemm_from(&mut x.scratch().borrow_mut(), a, b, from, y);
}

/// Values of so many elements are worth asking for.
const LONG: usize = 1 << 11;

/// Has the next product ask for the memory in which what comes next will be written: as much as `y` takes if that stands
/// there, too, and about twice as much for a formula that `y` is made for.
fn behind<T: Real>(x: Inputs<'_, T>, y: &[T]) {
    if y.len() >= LONG {
        let (len, y, end) = (y.len(), y.as_ptr_range(), x.0.lookup.values.as_ptr_range().end);
        let (start, len) = if y.start == end { (y.end, len) } else { (end, 2 * len) };
        x.scratch().borrow_mut().soon = Soon::of(start..start.wrapping_add(len));
    }
}

/// Has the next product ask for the values that a sweep will read next, as a rule: those that the node needs which made the
/// first factor.
fn before<T: Real>(x: Inputs<'_, T>) {
    x.scratch().borrow_mut().soon = read_back(x.0.lookup, x.0.nodes[0]);
}

/// The values that the way back reads of what was made together with `id`: its own, what was saved, its inputs.
fn read_back<T: Real>(lookup: &Lookup<'_, T>, id: u64) -> Soon {
    let (node, mut soon) = (lookup.root(id), Soon::default());
    let Kind::Op(op) = &node.kind else { return soon };
    if op.reads_output() {
        soon.then(lookup.values_of(node).as_ptr_range());
    }
    soon.then(lookup.saved_of(node).as_ptr_range());
    for &input in lookup.inputs(node) {
        let input = lookup.node(input);
        if matches!(input.place, Place::Arena(_) | Place::View { .. }) {
            soon.then(lookup.values_of(input).as_ptr_range());
        }
    }
    soon
}

fn again_or_not<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    (b, again): (Matrix<'_, T>, Option<Again>),
    c: &mut [T],
    add: bool,
) {
    match again {
        Some(again) => T::gemm_again(&mut x.scratch().borrow_mut(), a, (b, again), c, add),
        None => product(x, a, b, c, add),
    }
}

/// `x̄ += a b`, likewise. What stands elsewhere is read by the product itself.
pub(super) fn add_weighted<T: Real>(
    x: Inputs<'_, T>,
    a: Matrix<'_, T>,
    b: (Matrix<'_, T>, Option<Again>),
    mut dx: Adjoint<'_, T>,
) {
    if dx.slice.len() >= LONG {
        before(x);
    }
    if let Some(begin @ [_, ..]) = dx.fresh {
        dx.fresh = None;
        let from = Start { data: begin, row: b.0.cols };
        return T::gemm_from(&mut x.scratch().borrow_mut(), a, b, from, dx.slice);
    }
    let (dx, fresh) = dx.parts();
    again_or_not(x, a, b, dx, !fresh);
}

/// `sum += Σ rows`, of rows as long as the sum: the gradient of a bias.
pub(in crate::ops) fn add_rows<T: Real>(rows: &[T], sum: &mut [T]) {
    T::vectorize(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(sum.len().max(1)) {
                for (sum, &x) in sum.iter_mut().zip(row) {
                    *sum += x;
                }
            }
        },
    );
}

#[test]
fn a_product_is_told_where_the_next_values_will_be_written_and_on_the_way_back_which_are_read() {
    use crate::{Pointwise, Tape, lend::Lent};
    use ndarray::Array2;

    let tape = Tape::<f64>::new();
    let width = LONG;
    let [x, u] = [[2, width], [width, 1]].map(|s| tape.leaf(Array2::from_elem(s, 0.1)));
    // Two outputs, which the way back does not read, and a tanh that is saved.
    let [h, _] = Pointwise::new(|[a, b]| [(a + b).tanh() * b, a + b]).apply(&[x, x]);
    let e = x.exp(); // of which it does
    let record = tape.record.borrow();
    let lookup = &record.lookup();
    let nodes = &[h.id, u.id];
    let lent = Lent { lookup, nodes, indices: &[], scratch: &tape.scratch };
    let told = || std::mem::take(&mut tape.scratch.borrow_mut().soon);
    before(Inputs(&lent));
    let (outputs, input) = (lookup.values_of(lookup.root(h.id)), lookup.values(x.id));
    let saved = outputs.as_ptr_range().end;
    let mut expected = Soon::of(saved..saved.wrapping_add(2 * width));
    (0..2).for_each(|_| expected.then(input.as_ptr_range()));
    assert_eq!(told(), expected);
    let mut expected = Soon::of(lookup.values(e.id).as_ptr_range());
    expected.then(input.as_ptr_range());
    assert_eq!(read_back(lookup, e.id), expected);
    let end = lookup.values.as_ptr_range().end;
    behind(Inputs(&lent), &vec![0.0; LONG]);
    assert_eq!(told(), Soon::of(end..end.wrapping_add(2 * LONG)));
    behind(Inputs(&lent), &vec![0.0; LONG - 1]);
    assert_eq!(told(), Soon::default(), "so little is not worth it");
}
