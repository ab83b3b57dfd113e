//! One gradient, found three ways: by the tape, on paper, and by finite differences.
//!
//! A small Elman network reads four rows of six steps. The table compares the gradients parameter by parameter and
//! then `daₜ`, the adjoint before the squash, step by step from the last to the first.
//!
//! ```text
//! cargo run --release --example tape_vs_hand [-- --steps 12 --hidden 8 --seed 3]
//! ```

use clap::Parser;
use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis, Ix1, Ix2};
use rand::{RngExt, SeedableRng};
use rnn::{
    Cell, Elman, Input, Linear, ParamStore, Reduction, Rows,
    by_hand::{
        elman::{self, Activation, Parameters, Problem},
        loss::Loss,
    },
    compare::compare,
    init::Uniform,
    loss::squared_error,
};
use std::error::Error;
use tape::{ParamId, Tape};

#[derive(Parser)]
#[command(
    about = "The tape's gradient through time beside the one derived on paper and finite differences"
)]
struct Options {
    /// T, the steps of the sequence.
    #[arg(long, default_value_t = 6)]
    steps: usize,
    /// H, the units.
    #[arg(long, default_value_t = 4)]
    hidden: usize,
    /// B, the rows.
    #[arg(long, default_value_t = 4)]
    batch: usize,
    /// Where the random numbers start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const INPUTS: usize = 3;
const OUTPUTS: usize = 2;

/// The network, its data, and the loss `Σₜ ½ |oₜ − yₜ|²`.
struct Experiment {
    store: ParamStore<f64>,
    cell: Elman<f64>,
    readout: Linear,
    xs: Array3<f64>,
    ys: Array3<f64>,
}

/// The gradient of each parameter, by name.
type Named = Vec<(String, ArrayD<f64>)>;

/// What one way of differentiating finds.
struct Found {
    loss: f64,
    gradients: Named,
    /// `daₜ`, step by step.
    das: Vec<ArrayD<f64>>,
}

impl Experiment {
    fn new(options: &Options) -> rnn::Result<Self> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(options.seed);
        let mut store = ParamStore::new();
        let init = Uniform::recurrent(options.hidden);
        let cell = Elman::new(&mut store, "rnn", (INPUTS, options.hidden), &init, &mut rng)?;
        let readout = Linear::new(&mut store, "head", (options.hidden, OUTPUTS), &init, &mut rng)?;
        let mut noise = |width| {
            Array3::from_shape_simple_fn((options.steps, options.batch, width), || {
                rng.random_range(-1.0..1.0)
            })
        };
        let (xs, ys) = (noise(INPUTS), noise(OUTPUTS));
        Ok(Self { store, cell, readout, xs, ys })
    }

    /// The loss, the gradient of every parameter in the order of the store, and every `daₜ`.
    fn on_the_tape(&self) -> Found {
        let tape = Tape::new();
        let p = self.store.bind(&tape);
        let xs = self.cell.project(p, Input::Dense(tape.constant(&self.xs)));
        let mut h = self.cell.zeros(&tape, self.xs.len_of(Axis(1)));
        let (mut states, mut sums) = (vec![], vec![]);
        for t in 0..self.xs.len_of(Axis(0)) {
            // What `Elman::step` does, with a hand on the sum before the squash.
            let a = h.affine(p.var(self.cell.u), xs.select(0, t)).watch();
            h = a.tanh();
            states.push(h);
            sums.push(a);
        }
        let outputs = self.readout.forward(p, tape.stack(&states));
        let loss = squared_error(outputs, tape.constant(&self.ys), true, Reduction::Sum, Rows::Sum);
        let gradients = tape.backward(loss);
        let named = |id: ParamId| (self.store.name(id).to_owned(), gradients[id].clone());
        let das = sums.iter().map(|&a| gradients[a].clone()).collect();
        Found { loss: loss.item(), gradients: self.store.ids().map(named).collect(), das }
    }

    /// The same by the equations of `by_hand::elman`, which know no tape.
    fn by_hand(&self) -> Result<Found, Box<dyn Error>> {
        let matrix = |name| self.array(name).into_dimensionality::<Ix2>();
        let vector = |name| self.array(name).into_dimensionality::<Ix1>();
        let parameters = Parameters {
            w: matrix("rnn.w")?,
            u: matrix("rnn.u")?,
            b: vector("rnn.b")?,
            v: matrix("head.v")?,
            c: vector("head.c")?,
        };
        let h0 = Array2::zeros((self.xs.len_of(Axis(1)), self.cell.hidden));
        let loss = Loss::SquaredError { half: true, targets: self.ys.clone() };
        let problem = Problem::new(Activation::Tanh, self.xs.clone(), h0, loss);
        let forward = elman::forward(&parameters, &problem);
        let adjoints = elman::backward(&parameters, &problem, &forward);
        let gradients = elman::gradients(&parameters, &problem);
        let named = [
            ("rnn.w", gradients.w.into_dyn()),
            ("rnn.u", gradients.u.into_dyn()),
            ("rnn.b", gradients.b.into_dyn()),
            ("head.v", gradients.v.into_dyn()),
            ("head.c", gradients.c.into_dyn()),
        ];
        let gradients = named.map(|(name, g)| (name.to_owned(), g)).to_vec();
        let das = adjoints.da.iter().map(|da| da.clone().into_dyn()).collect();
        Ok(Found { loss: forward.loss, gradients, das })
    }

    /// The same by central differences, which know nothing but the loss.
    fn by_differences(&mut self) -> Named {
        let ids: Vec<ParamId> = self.store.ids().collect();
        let mut all = vec![];
        for id in ids {
            let here = self.store.get(id).clone();
            let mut gradient = here.clone();
            for (index, slope) in gradient.indexed_iter_mut() {
                let h = f64::EPSILON.cbrt();
                let mut at = |x| {
                    self.store.get_mut(id)[&index] = x;
                    self.on_the_tape().loss
                };
                *slope = (at(here[&index] + h) - at(here[&index] - h)) / (2.0 * h);
                at(here[&index]);
            }
            all.push((self.store.name(id).to_owned(), gradient));
        }
        all
    }

    fn array(&self, name: &str) -> ArrayD<f64> {
        self.store.find(name).map(|id| self.store.get(id).clone()).unwrap_or_default()
    }
}

fn views(named: &[(String, ArrayD<f64>)]) -> impl Iterator<Item = (&str, ArrayViewD<'_, f64>)> {
    named.iter().map(|(name, array)| (name.as_str(), array.view()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut experiment = Experiment::new(&Options::parse())?;
    let (tape, hand) = (experiment.on_the_tape(), experiment.by_hand()?);
    let differences = experiment.by_differences();

    println!("loss on the tape {:.15}\nloss by hand     {:.15}\n", tape.loss, hand.loss);
    println!("The tape (left) and the paper (right):\n");
    let steps = compare(views(&tape.gradients), views(&hand.gradients)).with_sequences(
        1,
        [("da", tape.das.iter().map(|da| da.view()).collect())],
        [("da", hand.das.iter().map(|da| da.view()).collect())],
    );
    println!("{steps}\n");
    println!("The tape (left) and central differences (right):\n");
    println!("{}", compare(views(&tape.gradients), views(&differences)).with_tolerance(1e-8));
    Ok(())
}
