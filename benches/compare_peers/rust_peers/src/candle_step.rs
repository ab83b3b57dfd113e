//! candle: its own LSTM and GRU, the other cells from tensors, one call for each time step.

use crate::{
    Failure,
    data::{Rows, Window, windows},
    parameters::{Array, Parameters, Strand},
    worker::{Peer, serve},
    workload::{Inputs, Loss, Recurrence, Workload},
};
use candle_core::{DType, Device, Result, Tensor, Var, WithDType, backprop::GradStore};
use candle_nn::{
    VarBuilder,
    ops::sigmoid,
    rnn::{GRU, GRUConfig, GRUState, LSTM, LSTMConfig, LSTMState, RNN},
};
use std::collections::HashMap;
use tape::Real;

const CPU: Device = Device::Cpu;

/// What a step of a direction needs.
enum Cell {
    Lstm(LSTM),
    Gru(GRU),
    /// `[X, H]`, `[H, H]` and both biases.
    Elman([Var; 4]),
    /// For f and n: `[X, H]`, `[H, H]`, `[H]`.
    Mgu([[Var; 3]; 2]),
}

impl Cell {
    /// The next state, `h` first. Only an LSTM has a second part.
    fn step(&self, x: &Tensor, state: &[Tensor]) -> Result<Vec<Tensor>> {
        let h = &state[0];
        Ok(match self {
            Self::Lstm(lstm) => {
                let next = lstm.step(x, &LSTMState::new(h.clone(), state[1].clone()))?;
                vec![next.h, next.c]
            }
            Self::Gru(gru) => vec![gru.step(x, &GRUState { h: h.clone() })?.h],
            Self::Elman([w, u, b, c]) => {
                let sum = (x.matmul(w)? + h.matmul(u)?)?;
                vec![sum.broadcast_add(b)?.broadcast_add(c)?.tanh()?]
            }
            Self::Mgu([[wf, uf, bf], [wn, un, bn]]) => {
                let f = sigmoid(&(x.matmul(wf)? + h.matmul(uf)?)?.broadcast_add(bf)?)?;
                let n = (x.matmul(wn)? + (&f * h)?.matmul(un)?)?.broadcast_add(bn)?.tanh()?;
                vec![((f.affine(-1.0, 1.0)? * h)? + (&f * n)?)?]
            }
        })
    }
}

struct Candle {
    workload: Workload,
    vars: Vec<Var>,
    cells: Vec<Cell>,
    table: Option<Var>,
    head: Var,
    head_bias: Var,
    /// Inputs, step by step (tokens: all in one), and targets.
    windows: Vec<(Vec<Tensor>, Tensor)>,
    at: usize,
    state: Vec<Vec<Tensor>>,
    last: Option<(Tensor, GradStore)>,
}

pub(crate) fn run<T: Real + WithDType>(workload: Workload) -> std::result::Result<(), Failure> {
    let parameters = Parameters::<T>::of(&workload);
    let mut vars = Vec::new();
    let mut var = |array: Array<T>| -> Result<Var> {
        let var = Var::from_vec(array.numbers, array.shape, &CPU)?;
        vars.push(var.clone());
        Ok(var)
    };
    let mut cells = Vec::new();
    for strand in parameters.strands {
        cells.push(match (workload.cell, strand) {
            (_, Strand::Mgu([[wf, uf, bf], [wn, un, bn]])) => {
                Cell::Mgu([[var(wf)?, var(uf)?, var(bf)?], [var(wn)?, var(un)?, var(bn)?]])
            }
            (Recurrence::Elman, Strand::Torch { weights: [w, u], biases: [b, c] }) => {
                Cell::Elman([var(w.transposed())?, var(u.transposed())?, var(b)?, var(c)?])
            }
            (cell, Strand::Torch { weights: [w, u], biases: [b, c] }) => {
                let names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];
                let mut named = HashMap::new();
                for (name, array) in names.into_iter().zip([w, u, b, c]) {
                    named.insert(name.to_owned(), var(array)?.as_tensor().clone());
                }
                let (inputs, hidden) = (named["weight_ih_l0"].dim(1)?, workload.hidden);
                let given = VarBuilder::from_tensors(named, T::DTYPE, &CPU);
                if cell == Recurrence::Lstm {
                    Cell::Lstm(LSTM::new(inputs, hidden, LSTMConfig::default(), given)?)
                } else {
                    Cell::Gru(GRU::new(inputs, hidden, GRUConfig::default(), given)?)
                }
            }
        });
    }
    let table = parameters.table.map(&mut var).transpose()?;
    let (head, head_bias) = (var(parameters.head.transposed())?, var(parameters.head_bias)?);
    let windows = windows::<T>(&workload).into_iter().map(|window| tensors(&workload, window));
    let windows = windows.collect::<Result<_>>()?;
    serve(Candle {
        workload,
        vars,
        cells,
        table,
        head,
        head_bias,
        windows,
        at: 0,
        state: vec![],
        last: None,
    })
}

/// Inputs, step by step (tokens: all in one), and targets, all rows in one.
fn tensors<T: Real + WithDType>(w: &Workload, window: Window<T>) -> Result<(Vec<Tensor>, Tensor)> {
    let targets = match window.targets {
        Rows::Dense(array) => {
            Tensor::from_iter(array.iter().copied(), &CPU)?.reshape(((), w.outputs))?
        }
        Rows::Classes(classes) => {
            Tensor::from_iter(classes.into_iter().map(|class| class as u32), &CPU)?
        }
    };
    let inputs = match window.inputs {
        Rows::Dense(array) => {
            Tensor::from_iter(array.iter().copied(), &CPU)?.reshape((w.steps, w.batch, w.inputs))?
        }
        Rows::Classes(classes) => {
            let classes: Vec<u32> = classes.into_iter().map(|class| class as u32).collect();
            let classes = Tensor::new(classes, &CPU)?;
            if w.kind == Inputs::Tokens {
                return Ok((vec![classes], targets));
            }
            let rows = candle_nn::encoding::one_hot(classes, w.inputs, T::of(1.0), T::of(0.0))?;
            rows.reshape((w.steps, w.batch, w.inputs))?
        }
    };
    Ok(((0..w.steps).map(|t| inputs.get(t)).collect::<Result<_>>()?, targets))
}

impl Candle {
    fn gradients(&mut self) -> Result<()> {
        let w = self.workload;
        self.last = None;
        let (inputs, targets) = &self.windows[self.at];
        let mut xs = match &self.table {
            Some(table) => {
                let rows = table.embedding(&inputs[0])?.reshape((w.steps, w.batch, w.inputs))?;
                (0..w.steps).map(|t| rows.get(t)).collect::<Result<_>>()?
            }
            None => inputs.clone(),
        };
        let mut finals = Vec::new();
        for (layer, ways) in self.cells.chunks(w.directions()).enumerate() {
            let mut outputs: Vec<Vec<Tensor>> = vec![Vec::new(); w.steps];
            for (way, cell) in ways.iter().enumerate() {
                let zeros = Tensor::zeros((w.batch, w.hidden), self.head.dtype(), &CPU)?;
                let kept = self.state.get(layer * w.directions() + way);
                let mut state = kept.cloned().unwrap_or(vec![zeros; 2]);
                for t in 0..w.steps {
                    let t = if way == 0 { t } else { w.steps - 1 - t };
                    state = cell.step(&xs[t], &state)?;
                    outputs[t].push(state[0].clone());
                }
                finals.push(state.iter().map(Tensor::detach).collect());
            }
            xs = match w.directions() {
                1 => outputs.into_iter().flatten().collect(),
                _ => outputs.iter().map(|both| Tensor::cat(both, 1)).collect::<Result<_>>()?,
            };
        }
        let h = if w.last_step_only { xs.swap_remove(w.steps - 1) } else { Tensor::cat(&xs, 0)? };
        let outputs = h.matmul(&self.head)?.broadcast_add(&self.head_bias)?;
        let loss = match w.loss {
            Loss::CrossEntropy => {
                (candle_nn::loss::cross_entropy(&outputs, targets)? * w.steps as f64)?
            }
            Loss::SquaredError => {
                ((outputs - targets)?.sqr()?.sum_all()? * (0.5 / w.batch as f64))?
            }
        };
        let gradients = loss.backward()?;
        self.last = Some((loss, gradients));
        self.at = (self.at + 1) % self.windows.len();
        self.state = if self.at == 0 { vec![] } else { finals };
        Ok(())
    }
}

impl Peer for Candle {
    const VERSION: &'static str = "0.11.1";

    fn step(&mut self) -> std::result::Result<(), Failure> {
        Ok(self.gradients()?)
    }

    fn found(&self) -> std::result::Result<(f64, f64), Failure> {
        let (loss, gradients) = self.last.as_ref().ok_or("no step was made")?;
        let mut square = 0.0;
        for var in &self.vars {
            let gradient = gradients.get(var).ok_or("a parameter without a gradient")?;
            square += gradient.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
        }
        Ok((loss.to_dtype(DType::F64)?.to_scalar::<f64>()?, square))
    }
}
