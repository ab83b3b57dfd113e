//! Making steps again changes the memory and the work, and not one bit of the gradient.

use crate::zoo;
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Elman, Input, Linear, Lstm, ParamStore, Stacked, State, Widths,
    bptt::{Budget, Checkpointed, Plan},
    cells,
    init::Uniform,
    regularize::{DropConnect, Dropout, Dropped, Mask, Zoneout},
};
use std::{cell::Cell as Counter, collections::BTreeSet};
use tape::{Gradients, ParamId, Tape, Var};

type Arrays = Vec<(ParamId, ArrayD<f64>)>;

/// Counts the steps that a cell makes.
struct Counting<'c, C> {
    cell: &'c C,
    steps: Counter<usize>,
}

impl<C: Cell<f64>> Cell<f64> for Counting<'_, C> {
    type State<'t> = C::State<'t>;
    fn widths(&self) -> Widths {
        self.cell.widths()
    }
    fn project<'t>(&self, p: Bound<'t, '_, f64>, x: Input<'t, '_, f64>) -> Var<'t, f64> {
        self.cell.project(p, x)
    }
    fn step<'t>(
        &self,
        p: Bound<'t, '_, f64>,
        x: Var<'t, f64>,
        state: Self::State<'t>,
    ) -> Self::State<'t> {
        self.steps.set(self.steps.get() + 1);
        self.cell.step(p, x, state)
    }
}

/// A cell, a readout and a learned start, over `steps` steps.
struct Problem<'c, C> {
    store: ParamStore<f64>,
    cell: Counting<'c, C>,
    head: Linear,
    start: Vec<ParamId>,
    steps: usize,
    seed: Option<u64>,
}

const ROWS: usize = 2;

impl<'c, C: Cell<f64>> Problem<'c, C> {
    fn new(mut store: ParamStore<f64>, cell: &'c C, steps: usize) -> Self {
        let (init, mut rng) = (Uniform { bound: 0.5 }, ChaCha8Rng::seed_from_u64(9));
        let width = cell.output_width();
        let head = Linear::new(&mut store, "head", (width, 2), &init, &mut rng).unwrap();
        let widths = cell.widths().into_iter().enumerate();
        let start = widths.map(|(k, width)| {
            let value = zoo::waves(&[ROWS, width], 500 + 100 * k);
            store.add(format!("start {k}"), value).unwrap()
        });
        let start = start.collect();
        let cell = Counting { cell, steps: Counter::new(0) };
        Self { store, cell, head, start, steps, seed: None }
    }

    fn bind<'t>(&self, tape: &'t Tape<f64>) -> Bound<'t, '_, f64> {
        let p = self.store.bind(tape);
        self.seed.map_or(p, |seed| p.training(seed))
    }

    fn start<'t>(&self, p: Bound<'t, '_, f64>) -> C::State<'t> {
        let mut ids = self.start.iter();
        State::build(&mut || p.var(*ids.next().unwrap()))
    }

    fn input<'t>(&self, tape: &'t Tape<f64>, t: usize) -> Input<'t, 'static, f64> {
        let x = zoo::waves::<f64>(&[1, ROWS, zoo::INPUTS], ROWS * zoo::INPUTS * t);
        Input::Dense(tape.constant(x))
    }

    fn loss<'t>(&self, p: Bound<'t, '_, f64>, t: usize, h: Var<'t, f64>) -> Var<'t, f64> {
        let y = p.tape().constant(zoo::waves::<f64>(&[ROWS, 2], 7000 + 2 * ROWS * t));
        (self.head.forward(p, h) - y).square().sum()
    }

    /// All steps on one tape, and one sweep.
    fn plain(&self) -> (f64, Arrays) {
        let tape = Tape::new();
        let p = self.bind(&tape);
        let (mut state, mut outputs) = (self.start(p), Vec::new());
        let mut total: Option<Var<'_, f64>> = None;
        for t in 0..self.steps {
            let xs = self.input(&tape, t);
            state = self.cell.run(p.at(t), &(&xs).into(), state, &mut outputs);
            let loss = self.loss(p.at(t), t, outputs[t]);
            total = Some(total.map_or(loss, |sum| sum + loss));
        }
        let total = total.unwrap();
        let loss = total.item();
        (loss, arrays(&tape.backward(total)))
    }

    /// The same within a budget; with the plan, and the steps it took.
    fn within(&self, budget: Budget) -> rnn::Result<(f64, Arrays, Plan, usize)> {
        let tape = Tape::new();
        let mut run = Checkpointed::new(
            &tape,
            &self.cell,
            self.steps,
            |p| self.start(p),
            |p, t| self.input(p.tape(), t).into(),
            |p, t, h| self.loss(p, t, h),
        );
        let plan = run.plan(self.bind(&tape), budget)?;
        self.cell.steps.set(0);
        let (loss, gradients) = run.backward(self.bind(&tape), &plan)?;
        Ok((loss, arrays(&gradients), plan, self.cell.steps.get()))
    }

    /// The least of all budgets.
    fn least(&self) -> usize {
        let error = self.within(Budget::bytes(0)).unwrap_err().to_string();
        let least = error.split("the least is ").nth(1).unwrap();
        least.split(':').next().unwrap().parse().unwrap()
    }

    /// Holds plans of all kinds against the plain pass, and returns which they were.
    fn hold(&self, name: &str, fractions: usize) -> BTreeSet<(usize, usize)> {
        let plain = self.plain();
        let whole = self.within(Budget::mebibytes(64)).unwrap().2;
        assert_eq!((whole.leaf(), whole.forward()), (self.steps, self.steps), "{name}");
        let (least, mut plans) = (self.least(), BTreeSet::new());
        for part in 0..=fractions {
            let bytes = least + (whole.bytes() - least) * part / fractions;
            let (loss, gradients, plan, steps) = self.within(Budget::bytes(bytes)).unwrap();
            assert!(plan.bytes() <= bytes);
            assert_eq!(steps, plan.forward(), "{name}: {plan}");
            assert_eq!(loss.to_bits(), plain.0.to_bits(), "{name}: {plan}");
            if !same_bits(&gradients, &plain.1) {
                for ((i, a), (j, b)) in gradients.iter().zip(&plain.1) {
                    let d = a.iter().zip(b).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
                    eprintln!(
                        "{i:?} {j:?} {} differ {d} of {} max {:e}",
                        self.store.name(*i),
                        a.len(),
                        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
                    );
                    if d > 0 {
                        let k =
                            a.iter().zip(b).position(|(a, b)| a.to_bits() != b.to_bits()).unwrap();
                        eprintln!("{:?} {:?}", a.iter().nth(k), b.iter().nth(k));
                    }
                }
            }
            assert!(same_bits(&gradients, &plain.1), "{name}: {plan}");
            plans.insert((plan.leaf(), plan.states()));
        }
        plans
    }
}

fn arrays(gradients: &Gradients<f64>) -> Arrays {
    gradients.params().map(|(id, g)| (id, g.clone())).collect()
}

fn same_bits(a: &Arrays, b: &Arrays) -> bool {
    let bits = |arrays: &Arrays| -> Vec<(ParamId, Vec<u64>)> {
        arrays.iter().map(|(id, g)| (*id, g.iter().map(|g| g.to_bits()).collect())).collect()
    };
    bits(a) == bits(b)
}

/// Holds every cell.
struct HoldEvery {
    cells: usize,
}

impl zoo::Visit<f64> for HoldEvery {
    fn visit<C: Cell<f64>>(&mut self, name: &str, store: ParamStore<f64>, cell: &C) {
        let plans = Problem::new(store, cell, 12).hold(name, 6);
        assert!(plans.contains(&(1, 0)) && plans.contains(&(12, 0)), "{name}: {plans:?}");
        self.cells += 1;
    }
}

#[test]
fn every_cell_has_the_bits_of_the_plain_pass_whatever_the_plan() {
    let mut hold = HoldEvery { cells: 0 };
    zoo::every_cell(&zoo::wave, &mut hold);
    assert!(hold.cells > 100);
}

#[test]
fn a_long_sequence_has_them_in_many_plans() {
    let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(3));
    let init = Uniform { bound: 0.7 };
    let cell = Elman::new(&mut store, "cell", (zoo::INPUTS, 4), &init, &mut rng).unwrap();
    // More rows than the tape gathers before it multiplies.
    let plans = Problem::new(store, &cell, 300).hold("elman", 60);
    assert!(plans.len() > 20, "{plans:?}");
    assert!(plans.iter().any(|&(leaf, states)| leaf < 10 && states > 5), "{plans:?}");
}

#[test]
fn masks_are_drawn_again_as_they_were() {
    let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(3));
    let (init, form) = (Uniform { bound: 0.7 }, cells::lstm::Form::default());
    let lower = Lstm::new(&mut store, "lower", (zoo::INPUTS, 4), form, &init, &mut rng).unwrap();
    let upper = Elman::new(&mut store, "upper", (4, 4), &init, &mut rng).unwrap();
    let weights = [upper.u].into_iter().collect();
    let upper = DropConnect { cell: upper, weights, rate: 0.3, key: 1 };
    let lower = Zoneout { cell: lower, h: 0.2, c: 0.3, key: 2 };
    let input = Some(Dropout { rate: 0.4, key: 3, mask: Mask::EachStep });
    let upper = Dropped { cell: upper, input, state: None };
    let cell = Stacked::new(lower, upper);
    let mut problem = Problem::new(store, &cell, 20);
    let without = problem.plain().0;
    problem.seed = Some(17);
    assert_ne!(problem.plain().0, without, "nothing is dropped");
    let plans = problem.hold("dropped", 30);
    assert!(plans.len() > 5, "{plans:?}");
}

#[test]
fn a_budget_that_is_too_small_says_which_is_not() {
    let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(3));
    let init = Uniform { bound: 0.7 };
    let cell = Elman::new(&mut store, "cell", (zoo::INPUTS, 4), &init, &mut rng).unwrap();
    let problem = Problem::new(store, &cell, 100);
    let refused = |bytes| problem.within(Budget::bytes(bytes)).unwrap_err().to_string();
    let error = refused(1000);
    assert!(error.starts_with("a budget of 1000 bytes for 100 steps: the least is "), "{error}");
    let least = problem.least();
    let (.., plan, steps) = problem.within(Budget::bytes(least)).unwrap();
    assert_eq!((plan.leaf(), plan.states(), plan.bytes()), (1, 0, least));
    assert_eq!((steps, plan.forward()), (5050, 5050));
    assert!(
        refused(least - 1).contains(&format!("the least is {least}: a step on the tape takes "))
    );
}

#[test]
fn no_steps_and_another_runs_plan_are_refused() {
    let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(3));
    let init = Uniform { bound: 0.7 };
    let cell = Elman::new(&mut store, "cell", (zoo::INPUTS, 4), &init, &mut rng).unwrap();
    let mut problem = Problem::new(store, &cell, 0);
    let error = problem.within(Budget::mebibytes(1)).unwrap_err().to_string();
    assert!(error.starts_with("a sequence of 0 steps: "), "{error}");
    problem.steps = 5;
    let plan = problem.within(Budget::mebibytes(1)).unwrap().2;
    let tape = Tape::new();
    let mut run = Checkpointed::new(
        &tape,
        &problem.cell,
        6,
        |p| problem.start(p),
        |p, t| problem.input(p.tape(), t).into(),
        |p, t, h| problem.loss(p, t, h),
    );
    let error = run.backward(problem.bind(&tape), &plan).unwrap_err().to_string();
    assert!(error.starts_with("a plan for 5 steps: "), "{error}");
}
