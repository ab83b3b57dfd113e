//! Running a program over arrays.

use super::{
    expr::Expr,
    program::{Instruction, Place, Program},
};
use crate::{Adjoint, Inputs, Misfit, Op, Output, Real, Shape, Tape, Var, error::or_panic};
use smallvec::SmallVec;
use std::{cell::RefCell, fmt, sync::Arc};

/// How many elements an instruction does at a time: enough to forget its jump, few enough for the cache.
const STRETCH: usize = 128;

/// An elementwise function of `IN` inputs and `OUT` outputs as one node: see the [module](super).
///
/// Cheap to clone; make it once, in a cell's constructor.
#[derive(Clone)]
pub struct Pointwise<const IN: usize, const OUT: usize> {
    program: Arc<Program>,
}

impl<const IN: usize, const OUT: usize> Pointwise<IN, OUT> {
    /// Writes down what `f` does.
    ///
    /// `f` is run once, so it must do the same whatever the numbers: for one that branches on them there is
    /// `Branching`.
    pub fn new(f: impl for<'p> FnOnce([Expr<'p>; IN]) -> [Expr<'p>; OUT]) -> Self {
        let program = RefCell::new(Program { inputs: IN, ..Program::default() });
        let outputs = f(std::array::from_fn(|k| Expr::input(&program, k))).map(Expr::place);
        let mut program = program.into_inner();
        program.outputs = outputs.to_vec();
        Self { program: Arc::new(program) }
    }

    /// Applies it to variables.
    ///
    /// The inputs may stand side by side on the last axis of one variable: `[.., 4H]` and `[.., H]` are five
    /// inputs of width `H`. Leading axes must be equal, or missing (a bias `[H]` serves all rows). Each output
    /// is `[.., H]`.
    ///
    /// # Panics
    /// When the variables do not amount to `IN` inputs of one width, or are of another tape.
    #[track_caller]
    pub fn apply<'t, T: Real>(&self, inputs: &[Var<'t, T>]) -> [Var<'t, T>; OUT] {
        let Some(first) = inputs.first() else {
            panic!("a pointwise function is applied to at least one variable")
        };
        or_panic(self.try_apply(first.tape(), inputs))
    }

    /// [`apply`](Self::apply), or the reason why not.
    #[track_caller]
    pub fn try_apply<'t, T: Real>(
        &self,
        tape: &'t Tape<T>,
        inputs: &[Var<'t, T>],
    ) -> crate::Result<[Var<'t, T>; OUT]> {
        let node = tape.try_apply(Run { program: Arc::clone(&self.program) }, inputs)?;
        Ok(std::array::from_fn(|k| node.select(0, k)))
    }
}

impl<const IN: usize, const OUT: usize> fmt::Debug for Pointwise<IN, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pointwise {{ {} }}", self.program.to_string().replace('\n', "; "))
    }
}

/// The formula, one instruction to a line.
impl<const IN: usize, const OUT: usize> fmt::Display for Pointwise<IN, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.fmt(f)
    }
}

/// The op: outputs stand one after the other on a new first axis.
#[derive(Debug)]
struct Run {
    program: Arc<Program>,
}

/// Where one input stands: elements `[row · stride + start ..][.. width]` of a variable.
#[derive(Debug, Clone, Copy)]
struct Source {
    variable: usize,
    start: usize,
    /// 0 where one row serves all.
    stride: usize,
}

/// How the inputs of a program lie in the variables it is applied to.
struct Layout {
    rows: usize,
    width: usize,
    sources: SmallVec<[Source; 16]>,
}

impl Layout {
    /// Variables whose last axes hold `inputs` inputs together.
    fn of<T: Real>(inputs: usize, x: Inputs<'_, T>) -> Self {
        let last = |i: usize| x.shape(i).last().copied().unwrap_or(1);
        let width = (0..x.len()).map(last).sum::<usize>() / inputs.max(1);
        let rows = (0..x.len()).map(|i| x[i].len() / last(i).max(1)).max().unwrap_or(0);
        // Where every variable is one input, all rows are as good as one long one.
        let flat = (0..x.len()).all(|i| last(i) == width && x[i].len() == rows * width);
        let (rows, width, flat_width) =
            if flat { (1, rows * width, Some(rows * width)) } else { (rows, width, None) };
        let mut sources = SmallVec::new();
        for variable in 0..x.len() {
            let row = flat_width.unwrap_or_else(|| last(variable));
            let stride = if x[variable].len() == row { 0 } else { row };
            let starts = (0..row).step_by(width.max(1));
            sources.extend(starts.map(|start| Source { variable, start, stride }));
        }
        Self { rows, width, sources }
    }

    /// The stretches of all rows: the row, where in it the stretch begins, and its length.
    fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let width = self.width;
        (0..self.rows).flat_map(move |row| {
            let starts = (0..width).step_by(STRETCH);
            starts.map(move |at| Stretch {
                row,
                at,
                len: STRETCH.min(width - at),
                whole: row * width + at,
            })
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    row: usize,
    at: usize,
    len: usize,
    /// Where it begins in an array of all rows.
    whole: usize,
}

/// The elements of an operand: among the inputs, or in the lanes, where constants stand first and results follow.
#[inline(always)]
fn operand<'a, T: Real>(
    place: Place,
    x: &Bound<'a, '_, T>,
    stretch: Stretch,
    lanes: &'a [T],
) -> &'a [T] {
    let lane = |k: usize| &lanes[k * STRETCH..][..stretch.len];
    match place {
        Place::Input(k) => {
            let Source { variable, start, stride } = x.layout.sources[k];
            &x.values.value(variable)[stretch.row * stride + start + stretch.at..][..stretch.len]
        }
        Place::Constant(k) => lane(k),
        Place::Result(k) => lane(x.constants + k),
    }
}

/// The inputs, with what is needed to find an operand among them.
struct Bound<'a, 'l, T: Real> {
    values: Inputs<'a, T>,
    layout: &'l Layout,
    constants: usize,
}

impl Run {
    fn dear(&self) -> usize {
        self.program.code.iter().filter(|step| step.code.is_dear()).count()
    }

    fn lanes(&self) -> usize {
        (self.program.constants.len() + self.program.code.len()) * STRETCH
    }

    fn fill_constants<T: Real>(&self, lanes: &mut [T]) {
        for (lane, &constant) in lanes.chunks_exact_mut(STRETCH).zip(&self.program.constants) {
            lane.fill(T::of(constant));
        }
    }

    /// Runs the program over one stretch. `dear` is shown each result that is worth keeping, or, where `replay`
    /// says so, gives it.
    #[inline(always)]
    fn run<T: Real>(
        &self,
        x: &Bound<'_, '_, T>,
        stretch: Stretch,
        lanes: &mut [T],
        mut saved: Saved<'_, T>,
    ) {
        let mut dear = stretch.whole;
        for (k, &Instruction { code, a, b }) in self.program.code.iter().enumerate() {
            let (before, y) = lanes.split_at_mut((x.constants + k) * STRETCH);
            let y = &mut y[..stretch.len];
            let range = dear..dear + stretch.len;
            if code.is_dear() {
                dear += x.layout.rows * x.layout.width;
                if let Saved::Read(saved) = &saved {
                    y.copy_from_slice(&saved[range]);
                    continue;
                }
            }
            let (a, b) = (operand(a, x, stretch, before), operand(b, x, stretch, before));
            code.forward(a, b, y);
            if code.is_dear()
                && let Saved::Write(saved) = &mut saved
            {
                saved[range].copy_from_slice(y);
            }
        }
    }
}

/// The results that are kept: written on the way, read on the way back.
enum Saved<'a, T> {
    Write(&'a mut [T]),
    Read(&'a [T]),
}

impl<T: Real> Op<T> for Run {
    fn name(&self) -> &'static str {
        "Pointwise"
    }

    fn shape(&self, x: Inputs<'_, T>) -> Result<Shape, Misfit> {
        let inputs = self.program.inputs;
        let last = |i: usize| x.shape(i).last().copied().unwrap_or(1);
        let remedy = "lay inputs of one width side by side on the last axis; leading axes are equal or missing";
        let total: usize = (0..x.len()).map(last).sum();
        let width = total / inputs.max(1);
        if inputs == 0
            || width * inputs != total
            || (0..x.len()).any(|i| last(i) % width.max(1) != 0)
        {
            let rule = format!("the last axes do not hold {inputs} inputs of one width");
            return Err(Misfit::new(rule, remedy));
        }
        let lead = |i: usize| &x.shape(i)[..x.shape(i).len().saturating_sub(1)];
        let rank = (0..x.len()).map(|i| x.shape(i).len()).max().unwrap_or(0);
        let longest = (0..x.len()).map(lead).max_by_key(|lead| lead.len()).unwrap_or(&[]);
        if let Some(wrong) = (0..x.len()).find(|&i| !lead(i).is_empty() && lead(i) != longest) {
            let rule =
                format!("the leading axes of input {wrong} are {:?}, not {longest:?}", lead(wrong));
            return Err(Misfit::new(rule, remedy));
        }
        let mut shape = Shape::from_slice(&[self.program.outputs.len()]);
        shape.extend_from_slice(longest);
        shape.extend((rank > 0).then_some(width));
        Ok(shape)
    }

    fn saves(&self, x: Inputs<'_, T>) -> usize {
        let layout = Layout::of(self.program.inputs, x);
        self.dear() * layout.rows * layout.width
    }

    fn forward(&self, x: Inputs<'_, T>, y: &mut [T], saved: &mut [T]) {
        let layout = &Layout::of(self.program.inputs, x);
        let whole = layout.rows * layout.width;
        let x = Bound { values: x, layout, constants: self.program.constants.len() };
        let scratch = &mut *x.values.scratch().borrow_mut();
        let lanes = scratch.lanes(self.lanes());
        self.fill_constants(lanes);
        T::vectorize(
            #[inline(always)]
            || {
                for stretch in layout.stretches() {
                    self.run(&x, stretch, lanes, Saved::Write(saved));
                    for (k, &place) in self.program.outputs.iter().enumerate() {
                        let y = &mut y[k * whole + stretch.whole..][..stretch.len];
                        y.copy_from_slice(operand(place, &x, stretch, lanes));
                    }
                }
            },
        );
    }

    fn backward(
        &self,
        i: usize,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        mut dx: Adjoint<'_, T>,
    ) {
        let mut terms: SmallVec<[Option<&mut [T]>; 8]> = (0..x.len()).map(|_| None).collect();
        terms[i] = Some(dx.sum());
        self.sweep(x, y, dy, &mut terms);
    }

    fn joint(&self) -> bool {
        true
    }

    fn backward_jointly(
        &self,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        dx: &mut [Option<&mut [T]>],
    ) {
        self.sweep(x, y, dy, dx);
    }
}

impl Run {
    /// Adds the adjoints of all inputs that are wanted.
    fn sweep<T: Real>(
        &self,
        x: Inputs<'_, T>,
        y: Output<'_, T>,
        dy: &[T],
        dx: &mut [Option<&mut [T]>],
    ) {
        let layout = &Layout::of(self.program.inputs, x);
        let whole = layout.rows * layout.width;
        let (inputs, constants) = (self.program.inputs, self.program.constants.len());
        let x = Bound { values: x, layout, constants };
        let scratch = &mut *x.values.scratch().borrow_mut();
        let adjoints = (inputs + self.program.code.len()) * STRETCH;
        let (lanes, adjoints) = scratch.lanes(self.lanes() + adjoints).split_at_mut(self.lanes());
        self.fill_constants(lanes);
        // The adjoint lanes: inputs first, results behind them.
        let lane = |place| match place {
            Place::Input(k) => Some(k),
            Place::Constant(_) => None,
            Place::Result(k) => Some(inputs + k),
        };
        T::vectorize(
            #[inline(always)]
            || {
                for stretch in layout.stretches() {
                    let len = stretch.len;
                    self.run(&x, stretch, lanes, Saved::Read(y.saved()));
                    adjoints.fill(T::ZERO);
                    for (k, place) in self.program.outputs.iter().enumerate() {
                        let Some(at) = lane(*place) else { continue };
                        let dy = &dy[k * whole + stretch.whole..][..len];
                        for (sum, &dy) in adjoints[at * STRETCH..][..len].iter_mut().zip(dy) {
                            *sum += dy;
                        }
                    }
                    for (k, &Instruction { code, a, b }) in
                        self.program.code.iter().enumerate().rev()
                    {
                        let (before, dy) = adjoints.split_at_mut((inputs + k) * STRETCH);
                        let dy = &dy[..len];
                        let y = operand(Place::Result(k), &x, stretch, lanes);
                        let (left, right) =
                            (operand(a, &x, stretch, lanes), operand(b, &x, stretch, lanes));
                        if let Some(at) = lane(a) {
                            code.backward_a(left, right, y, dy, &mut before[at * STRETCH..][..len]);
                        }
                        if let (Some(at), true) = (lane(b), code.is_binary()) {
                            code.backward_b(left, right, y, dy, &mut before[at * STRETCH..][..len]);
                        }
                    }
                    for (k, &Source { variable, start, stride }) in
                        layout.sources.iter().enumerate()
                    {
                        let Some(dx) = &mut dx[variable] else { continue };
                        let dx = &mut dx[stretch.row * stride + start + stretch.at..][..len];
                        for (dx, &term) in dx.iter_mut().zip(&adjoints[k * STRETCH..][..len]) {
                            *dx += term;
                        }
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradcheck;
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
        let tape = Tape::<f64>::new();
        // Wider than a stretch, and no multiple of one.
        let (z, c0) = (tape.leaf(wave(&[3, 4 * 200])), tape.leaf(wave(&[3, 200])));
        let gate = |k: usize| z.slice(1, k * 200..(k + 1) * 200);
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
    fn every_instruction_has_its_rule() {
        let f = Pointwise::new(|[a, b]: [Expr<'_>; 2]| {
            let positive = a.square() + 0.5;
            let first =
                a.exp() + a.expm1() * b.sin() - b.cos() / positive + positive.ln() * b.ln_1p();
            let second = positive.sqrt() + b.atan() * a.erf() + (2.0 / positive)
                - a.max(b) * a.min(b)
                + a.abs()
                - (-b).relu();
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
    fn what_does_not_fit_is_named() {
        let tape = Tape::<f64>::new();
        let (z, c) = (tape.leaf(wave(&[2, 8])), tape.leaf(wave(&[3, 2])));
        let error = lstm().try_apply(&tape, &[z, c]).unwrap_err().to_string();
        assert!(error.contains("the leading axes of input 0 are [2], not [3]"), "{error}");
        let error = lstm().try_apply(&tape, &[z]).unwrap_err().to_string();
        assert!(error.contains("the last axes do not hold 5 inputs of one width"), "{error}");
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
}
