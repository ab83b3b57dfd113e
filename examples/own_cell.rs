//! A cell of one's own, wherever a built-in one goes.
//!
//! Its units leak, each at a rate that it learns. They are to follow two averages of a noise, a fast and a slow one. The cell is trained with
//! every strategy, held against central differences, saved and loaded; and the table shows what it buys to say which part of a step
//! depends on the input only.
//!
//! ```text
//! cargo run --release --example own_cell [-- --epochs 200 --hidden 16 --seed 3]
//! ```

use clap::Parser;
use ndarray::{Array3, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Input, Linear, ParamStore, Readout, Reduction, Rows, Widths,
    bptt::{Truncation, Window, sliding},
    init::{Init, Uniform, Zeros},
    loss::squared_error,
    optim::{Adam, Optimizer},
    unroll, weights,
};
use std::{collections::BTreeMap, error::Error, ops::Range};
use tape::{Gradients, ParamId, Real, Tape, Var, gradcheck};

/// hₜ = hₜ₋₁ + a ⊙ (tanh(xₜ W + b + hₜ₋₁ U) − hₜ₋₁),  a = σ(α)
#[derive(Debug, Clone, Copy)]
struct Leaky {
    w: ParamId,
    b: ParamId,
    u: ParamId,
    alpha: ParamId,
    hidden: usize,
}

impl<T: Real> Cell<T> for Leaky {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        [self.hidden].into_iter().collect()
    }

    fn project<'t>(&self, p: Bound<'t, '_, T>, x: Input<'t, '_, T>) -> Var<'t, T> {
        x.project(p.var(self.w), Some(p.var(self.b)))
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        leak(x, h, p.var(self.u), p.var(self.alpha))
    }
}

fn leak<'t, T: Real>(x: Var<'t, T>, h: Var<'t, T>, u: Var<'t, T>, alpha: Var<'t, T>) -> Var<'t, T> {
    h + alpha.sigmoid() * (h.affine(u, x).tanh() - h)
}

/// The same cell, which keeps to itself that `x W + b` needs no state.
struct Reticent(Leaky);

impl<T: Real> Cell<T> for Reticent {
    type State<'t> = Var<'t, T>;

    fn widths(&self) -> Widths {
        Cell::<T>::widths(&self.0)
    }

    fn step<'t>(&self, p: Bound<'t, '_, T>, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        self.0.step(p, x.affine(p.var(self.0.w), p.var(self.0.b)), h)
    }
}

#[derive(Parser)]
#[command(about = "A cell of one's own: trained with every strategy, checked, saved and loaded")]
struct Options {
    /// Passes over the sequence with each strategy.
    #[arg(long, default_value_t = 100)]
    epochs: usize,
    /// T, the steps of the sequence.
    #[arg(long, default_value_t = 40)]
    steps: usize,
    /// H, the units.
    #[arg(long, default_value_t = 8)]
    hidden: usize,
    /// Where the random numbers start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const BATCH: usize = 8;
const RATES: [f64; 2] = [0.5, 0.1];

struct Model {
    store: ParamStore<f64>,
    cell: Leaky,
    head: Linear,
}

impl Model {
    fn new(hidden: usize, seed: u64) -> rnn::Result<Self> {
        let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(seed));
        let init = Uniform::recurrent(hidden);
        let cell = Leaky {
            w: store.add("leaky.w", init.sample(&[1, hidden], &mut rng))?,
            b: store.add("leaky.b", Zeros.sample(&[hidden], &mut rng))?,
            u: store.add("leaky.u", init.sample(&[hidden, hidden], &mut rng))?,
            alpha: store.add("leaky.alpha", Zeros.sample(&[hidden], &mut rng))?,
            hidden,
        };
        let head = Linear::new(&mut store, "head", (hidden, RATES.len()), &init, &mut rng)?;
        Ok(Self { store, cell, head })
    }

    /// The outputs `[T, B, 2]` of any cell that reads this store.
    fn outputs<'t, C: Cell<f64>>(
        &self,
        cell: &C,
        tape: &'t Tape<f64>,
        xs: &Array3<f64>,
    ) -> Var<'t, f64> {
        let p = self.store.bind(tape);
        let start = cell.zeros(tape, BATCH);
        let states = unroll(cell, p, &Input::Dense(tape.constant(xs)), start);
        let outputs: Vec<_> = states.map(rnn::State::output).collect();
        self.head.forward(p, tape.stack(&outputs))
    }

    fn loss(&self, data: &Data) -> f64 {
        let tape = Tape::new();
        error(self.outputs(&self.cell, &tape, &data.xs), tape.constant(&data.ys)).item()
    }
}

/// A noise `[T, B, 1]` and its averages `[T, B, 2]`.
struct Data {
    xs: Array3<f64>,
    ys: Array3<f64>,
}

impl Data {
    fn new(steps: usize, rng: &mut ChaCha8Rng) -> Self {
        let xs = Array3::from_shape_simple_fn((steps, BATCH, 1), || rng.random_range(-1.0..1.0));
        let averages = RATES.map(|rate| {
            let mut average = xs.clone();
            average.index_axis_mut(Axis(0), 0).map_inplace(|y| *y *= rate);
            for t in 1..steps {
                let before = average.index_axis(Axis(0), t - 1).mapv(|y| y * (1.0 - rate));
                average.index_axis_mut(Axis(0), t).zip_mut_with(&before, |y, b| *y = rate * *y + b);
            }
            average
        });
        let ys = Array3::from_shape_fn((steps, BATCH, 2), |(t, i, k)| averages[k][[t, i, 0]]);
        Self { xs, ys }
    }
}

fn error<'t>(outputs: Var<'t, f64>, targets: Var<'t, f64>) -> Var<'t, f64> {
    squared_error(outputs, targets, true, Reduction::MeanOverTime, Rows::Mean)
}

/// How a sequence is learned from.
#[derive(Clone, Copy)]
enum Strategy {
    Blocks(Truncation),
    Sliding(usize),
}

/// One pass over the sequence, from the state of zeros.
fn epoch(
    Model { store, cell, head }: &mut Model,
    data: &Data,
    strategy: Strategy,
    adam: &mut Adam<f64>,
) -> rnn::Result<()> {
    let (tape, steps) = (Tape::new(), data.xs.len_of(Axis(0)));
    let start = cell.zeros(&tape, BATCH);
    let inputs = |at: Range<usize>| Input::Dense(tape.constant(data.xs.slice(s![at, .., ..])));
    let targets = |at: Range<usize>| tape.constant(data.ys.slice(s![at, .., ..]));
    let update =
        |store: &mut ParamStore<f64>, gradients: &Gradients<f64>| adam.step(store, gradients);
    match strategy {
        Strategy::Blocks(truncation) => truncation.run(
            &tape,
            cell,
            store,
            |_| start,
            steps,
            Readout::After,
            |_, at| inputs(at),
            |p, block| error(head.forward(p, block.outputs), targets(block.steps)),
            update,
        )?,
        Strategy::Sliding(k) => sliding::slide(
            k,
            &tape,
            cell,
            store,
            start,
            steps,
            |_, t| inputs(t..t + 1),
            |p, t, h| error(head.forward(p, h).unsqueeze(0), targets(t..t + 1)),
            update,
        )?,
    };
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let (data, unseen) = (Data::new(options.steps, &mut rng), Data::new(options.steps, &mut rng));
    let new = || Model::new(options.hidden, options.seed);
    let mut model = new()?;

    // Is the step right? It is a function of its input, its state and its weights.
    let array =
        |shape: &[usize]| Uniform { bound: 1.0 }.sample(shape, &mut ChaCha8Rng::seed_from_u64(7));
    let (h, store) = (options.hidden, &model.store);
    let weights = [store.get(model.cell.u).clone(), store.get(model.cell.alpha).clone()];
    let [u, alpha] = weights;
    let point = [array(&[BATCH, h]), array(&[BATCH, h]), u, alpha];
    let mut report = gradcheck::function(|_, v| leak(v[0], v[1], v[2], v[3]), &point);
    report.name = "one step".into();
    println!("{report}\n");

    println!("{:<26}{:>14}{:>14}", "trained with", "loss before", "after");
    let window =
        |k1, k2| Window::new(k1, k2).map(|window| Strategy::Blocks(Truncation::Window(window)));
    for (name, strategy) in [
        ("full BPTT", Strategy::Blocks(Truncation::Full)),
        ("TBPTT(10, 10)", window(10, 10)?),
        ("TBPTT(5, 20)", window(5, 20)?),
        ("a sliding window of 10", Strategy::Sliding(10)),
    ] {
        model = new()?;
        let (mut adam, before) = (Adam::new(0.01), model.loss(&unseen));
        for _ in 0..options.epochs {
            epoch(&mut model, &data, strategy, &mut adam)?;
        }
        println!("{name:<26}{before:>14.6}{:>14.6}", model.loss(&unseen));
    }

    // The products of a sweep's forward pass, with the projection hoisted out of time and without.
    println!("\n{:<26}{:>14}{:>14}", "x W + b", "nodes", "loss");
    let (hoisted, reticent) = (&model.cell, &Reticent(model.cell));
    print_nodes("for all steps at once", &model, hoisted, &unseen);
    print_nodes("at every step", &model, reticent, &unseen);

    let path = std::env::temp_dir().join(format!("own_cell_{}.safetensors", std::process::id()));
    weights::save(&path, &model.store, &BTreeMap::new())?;
    let mut loaded = Model::new(options.hidden, options.seed + 1)?;
    weights::load(&path, &mut loaded.store)?;
    std::fs::remove_file(&path)?;
    let same = loaded.loss(&unseen).to_bits() == model.loss(&unseen).to_bits();
    println!(
        "\nsaved, loaded into another model, and run: {}",
        if same { "the same bits" } else { "not the same" }
    );
    if !report.passed() || !same {
        return Err("the cell is not what it should be".into());
    }
    Ok(())
}

/// How many nodes it takes to come to the loss.
fn print_nodes<C: Cell<f64>>(name: &str, model: &Model, cell: &C, data: &Data) {
    let tape = Tape::new();
    let loss = error(model.outputs(cell, &tape, &data.xs), tape.constant(&data.ys));
    println!("{name:<26}{:>14}{:>14.6}", tape.ledger().total().nodes, loss.item());
}
