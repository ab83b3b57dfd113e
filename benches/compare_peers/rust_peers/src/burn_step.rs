//! burn, on its flex backend: cells from tensors, the gates of a cell in one product, one call for each time step.
//!
//! Its own `nn::Lstm` and `nn::Gru` make a product for each gate, and were slower by an eighth.

use crate::{
    Failure,
    data::{Rows, Window, windows},
    parameters::{Array, Parameters, Strand},
    worker::{Peer, serve},
    workload::{Inputs, Recurrence, Workload},
};
use burn::{
    nn::loss::CrossEntropyLossConfig,
    tensor::{Device, Element, Gradients, Int, Tensor, TensorData, activation::sigmoid},
};
use tape::Real;

/// What a step of a direction needs: `[X, G·H]`, `[H, G·H]` and both biases, or for f and n `[X, H]`, `[H, H]`, `[H]`.
enum Cell {
    Torch { weights: [Tensor<2>; 2], biases: [Tensor<1>; 2] },
    Mgu([(Tensor<2>, Tensor<2>, Tensor<1>); 2]),
}

/// What is carried: `h`, and `c` where the cell is an LSTM.
type State = (Tensor<2>, Tensor<2>);

impl Cell {
    fn step(&self, cell: Recurrence, x: Tensor<2>, (h, c): State) -> State {
        let (weights, biases) = match self {
            Self::Torch { weights, biases } => (weights, biases),
            Self::Mgu([f, n]) => {
                let gate = |(w, u, b): &(Tensor<2>, Tensor<2>, Tensor<1>), h: Tensor<2>| {
                    x.clone().matmul(w.clone()) + h.matmul(u.clone()) + b.clone().unsqueeze()
                };
                let f = sigmoid(gate(f, h.clone()));
                let n = gate(n, f.clone() * h.clone()).tanh();
                return (f.clone().neg().add_scalar(1.0) * h + f * n, c);
            }
        };
        let x = x.matmul(weights[0].clone()) + biases[0].clone().unsqueeze();
        let u = h.clone().matmul(weights[1].clone()) + biases[1].clone().unsqueeze();
        match cell {
            Recurrence::Lstm => {
                let [i, f, g, o] = apart(x + u);
                let c = sigmoid(f) * c + sigmoid(i) * g.tanh();
                (sigmoid(o) * c.clone().tanh(), c)
            }
            Recurrence::Gru => {
                let ([xr, xz, xn], [ur, uz, un]) = (apart(x), apart(u));
                let z = sigmoid(xz + uz);
                let n = (xn + sigmoid(xr + ur) * un).tanh();
                (n.clone() + z * (h - n), c)
            }
            _ => ((x + u).tanh(), c),
        }
    }
}

/// The blocks `[B, H]` of `[B, N·H]`.
fn apart<const N: usize>(gates: Tensor<2>) -> [Tensor<2>; N] {
    let mut blocks = gates.chunk(N, 1).into_iter();
    std::array::from_fn(|_| blocks.next().unwrap_or_else(|| unreachable!("chunk gives {N} blocks")))
}

enum Numbers {
    /// `[B, X]`, step by step.
    Dense(Vec<Tensor<2>>),
    /// `[T, B]`, to be looked up.
    Classes(Tensor<2, Int>),
}

enum Targets {
    Dense(Tensor<2>),
    Classes(Tensor<1, Int>),
}

struct Burn<T> {
    workload: Workload,
    device: Device,
    cells: Vec<Cell>,
    table: Option<Tensor<2>>,
    head: Tensor<2>,
    head_bias: Tensor<1>,
    windows: Vec<(Numbers, Targets)>,
    at: usize,
    state: Vec<State>,
    last: Option<(Tensor<1>, Gradients)>,
    scalar: std::marker::PhantomData<T>,
}

pub(crate) fn run<T: Real + Element>(workload: Workload) -> Result<(), Failure> {
    let device = Device::flex().autodiff();
    let parameters = Parameters::<T>::of(&workload);
    let matrix = |a: Array<T>| tensor::<T, 2>(&device, a.shape.clone(), a.numbers).require_grad();
    let vector = |a: Array<T>| tensor::<T, 1>(&device, a.shape.clone(), a.numbers).require_grad();
    let cells = parameters.strands.into_iter().map(|strand| match strand {
        Strand::Torch { weights, biases } => Cell::Torch {
            weights: weights.map(|weight| matrix(weight.transposed())),
            biases: biases.map(vector),
        },
        Strand::Mgu(gates) => Cell::Mgu(gates.map(|[w, u, b]| (matrix(w), matrix(u), vector(b)))),
    });
    let windows = windows::<T>(&workload).into_iter();
    serve(Burn::<T> {
        workload,
        cells: cells.collect(),
        table: parameters.table.map(matrix),
        head: matrix(parameters.head.transposed()),
        head_bias: vector(parameters.head_bias),
        windows: windows.map(|window| tensors(&workload, &device, window)).collect(),
        at: 0,
        state: vec![],
        last: None,
        scalar: std::marker::PhantomData,
        device: device.clone(),
    })
}

fn tensor<T: Element, const D: usize>(
    device: &Device,
    shape: Vec<usize>,
    numbers: Vec<T>,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), (device, T::dtype()))
}

/// Inputs and targets of one window.
fn tensors<T: Real + Element>(
    w: &Workload,
    device: &Device,
    window: Window<T>,
) -> (Numbers, Targets) {
    let classes = |classes: Vec<usize>| -> Vec<i64> {
        classes.into_iter().map(|class| class as i64).collect()
    };
    let steps = |numbers: Vec<T>| {
        let steps = numbers.chunks(w.batch * w.inputs);
        Numbers::Dense(steps.map(|x| tensor(device, vec![w.batch, w.inputs], x.to_vec())).collect())
    };
    let inputs = match (window.inputs, w.kind) {
        (Rows::Dense(array), _) => steps(array.iter().copied().collect()),
        (Rows::Classes(drawn), Inputs::OneHot) => {
            let one = |class| {
                (0..w.inputs).map(move |at| if at == class { T::of(1.0) } else { T::of(0.0) })
            };
            steps(drawn.into_iter().flat_map(one).collect())
        }
        (Rows::Classes(drawn), _) => {
            let drawn = TensorData::new(classes(drawn), vec![w.steps, w.batch]);
            Numbers::Classes(Tensor::from_data(drawn, device))
        }
    };
    let targets = match window.targets {
        Rows::Dense(array) => Targets::Dense(tensor(
            device,
            vec![w.loss_rows(), w.outputs],
            array.iter().copied().collect(),
        )),
        Rows::Classes(drawn) => Targets::Classes(Tensor::from_data(
            TensorData::new(classes(drawn), vec![w.loss_rows()]),
            device,
        )),
    };
    (inputs, targets)
}

impl<T: Real + Element> Burn<T> {
    /// What the first layer reads, step by step.
    fn inputs(&self) -> Vec<Tensor<2>> {
        match (&self.windows[self.at].0, &self.table) {
            (Numbers::Classes(classes), Some(table)) => {
                let rows = burn::tensor::module::embedding(table.clone(), classes.clone());
                rows.iter_dim(0).map(|x| x.squeeze_dim(0)).collect()
            }
            (Numbers::Dense(x), _) => x.clone(),
            (Numbers::Classes(_), None) => {
                unreachable!("classes that are not written out have a table")
            }
        }
    }

    fn forward(&self) -> (Tensor<1>, Vec<State>) {
        let w = self.workload;
        let (mut xs, mut finals) = (self.inputs(), Vec::new());
        for (layer, ways) in self.cells.chunks(w.directions()).enumerate() {
            let mut outputs: Vec<Vec<Tensor<2>>> = vec![Vec::new(); w.steps];
            for (way, cell) in ways.iter().enumerate() {
                let zeros = || Tensor::zeros([w.batch, w.hidden], (&self.device, T::dtype()));
                let kept = self.state.get(layer * w.directions() + way);
                let mut state = kept.cloned().unwrap_or_else(|| (zeros(), zeros()));
                for t in 0..w.steps {
                    let t = if way == 0 { t } else { w.steps - 1 - t };
                    state = cell.step(w.cell, xs[t].clone(), state);
                    outputs[t].push(state.0.clone());
                }
                finals.push((state.0.detach(), state.1.detach()));
            }
            let joined = |mut both: Vec<Tensor<2>>| match both.len() {
                1 => both.swap_remove(0),
                _ => Tensor::cat(both, 1),
            };
            xs = outputs.into_iter().map(joined).collect();
        }
        let h = if w.last_step_only { xs.swap_remove(w.steps - 1) } else { Tensor::cat(xs, 0) };
        let outputs = h.matmul(self.head.clone()) + self.head_bias.clone().unsqueeze();
        let loss = match &self.windows[self.at].1 {
            Targets::Classes(targets) => {
                let mean = CrossEntropyLossConfig::new()
                    .init(&self.device)
                    .forward(outputs, targets.clone());
                mean.mul_scalar(w.steps as f64)
            }
            Targets::Dense(targets) => {
                (outputs - targets.clone()).powi_scalar(2).sum().mul_scalar(0.5 / w.batch as f64)
            }
        };
        (loss, finals)
    }
}

impl<T: Real + Element> Peer for Burn<T> {
    const VERSION: &'static str = "0.22.1";

    fn step(&mut self) -> Result<(), Failure> {
        self.last = None;
        let (loss, finals) = self.forward();
        let gradients = loss.backward();
        self.last = Some((loss, gradients));
        self.at = (self.at + 1) % self.windows.len();
        self.state = if self.at == 0 { vec![] } else { finals };
        Ok(())
    }

    fn found(&self) -> Result<(f64, f64), Failure> {
        let (loss, gradients) = self.last.as_ref().ok_or("no step was made")?;
        let numbers =
            |data: TensorData| data.convert::<f64>().to_vec::<f64>().map_err(|e| format!("{e:?}"));
        let mut square = 0.0;
        let mut add = |data: Option<TensorData>| -> Result<(), Failure> {
            let gradient = numbers(data.ok_or("a parameter without a gradient")?)?;
            square += gradient.iter().map(|g| g * g).sum::<f64>();
            Ok(())
        };
        let mut matrices: Vec<&Tensor<2>> = self.table.iter().chain([&self.head]).collect();
        let mut vectors = vec![&self.head_bias];
        for cell in &self.cells {
            match cell {
                Cell::Torch { weights, biases } => {
                    matrices.extend(weights);
                    vectors.extend(biases);
                }
                Cell::Mgu(gates) => {
                    matrices.extend(gates.iter().flat_map(|(w, u, _)| [w, u]));
                    vectors.extend(gates.iter().map(|(_, _, b)| b));
                }
            }
        }
        for matrix in matrices {
            add(matrix.grad(gradients).map(|g| g.into_data()))?;
        }
        for vector in vectors {
            add(vector.grad(gradients).map(|g| g.into_data()))?;
        }
        let loss = numbers(loss.clone().into_data())?;
        Ok((loss[0], square))
    }
}
