//! The workloads: everything two libraries must agree on before their times can be compared.
//!
//! One gradient step is forward over `steps` time steps from given inputs and a state of zeros, a loss summed over
//! time and averaged over the batch, and back to the gradients of all parameters. No update, and no gradient of
//! the given inputs.

/// Which recurrence a workload unrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recurrence {
    Elman,
    Mgu,
    Gru,
    Lstm,
}

impl Recurrence {
    /// How many blocks `[.., H]` stand side by side in a weight.
    pub(crate) fn gates(self) -> usize {
        match self {
            Self::Elman => 1,
            Self::Mgu => 2,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}

/// What a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// Rows of numbers.
    Dense,
    /// Classes. The peers multiply rows of zeros and a one; we look rows up. `flops` counts the products.
    OneHot,
    /// Rows of a table that is trained, too.
    Tokens,
}

/// The loss of one output `o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// `−ln softmax(o)[target]`
    CrossEntropy,
    /// `½ |o − target|²`
    SquaredError,
}

/// The type of all numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    F32,
    F64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) cell: Recurrence,
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
    pub(crate) outputs: usize,
    pub(crate) batch: usize,
    pub(crate) steps: usize,
    pub(crate) loss: Loss,
    pub(crate) kind: Inputs,
    pub(crate) layers: usize,
    pub(crate) bidirectional: bool,
    /// The loss reads the last output only.
    pub(crate) last_step_only: bool,
    /// Windows of a truncated stream.
    pub(crate) windows: usize,
    pub(crate) precision: Precision,
    /// Loss and Euclidean norm of all gradients, as the peers agree on them.
    pub(crate) expected: (f64, f64),
}

/// A small dense Elman network in single precision: what the table below departs from.
const BASE: Workload = Workload {
    name: "",
    cell: Recurrence::Elman,
    inputs: 1,
    hidden: 1,
    outputs: 1,
    batch: 1,
    steps: 1,
    loss: Loss::SquaredError,
    kind: Inputs::Dense,
    layers: 1,
    bidirectional: false,
    last_step_only: false,
    windows: 1,
    precision: Precision::F32,
    expected: (0.0, 0.0),
};

/// `[inputs, hidden, outputs, batch, steps]` of a workload.
const fn sized(base: Workload, [inputs, hidden, outputs, batch, steps]: [usize; 5]) -> Workload {
    Workload { inputs, hidden, outputs, batch, steps, ..base }
}

/// Classes in, classes out.
const CHARACTERS: Workload = Workload { loss: Loss::CrossEntropy, kind: Inputs::OneHot, ..BASE };

pub(crate) const WORKLOADS: [Workload; 10] = [
    Workload {
        name: "teach_elman_f64",
        precision: Precision::F64,
        expected: (26.0517905559447, 29.8542859803899),
        ..sized(BASE, [8, 16, 4, 1, 32])
    },
    Workload {
        name: "char_elman",
        expected: (267.4191, 2.942531),
        ..sized(CHARACTERS, [65, 128, 65, 32, 64])
    },
    Workload {
        name: "char_lstm",
        cell: Recurrence::Lstm,
        layers: 2,
        expected: (208.8550, 1.261395),
        ..sized(CHARACTERS, [65, 128, 65, 50, 50])
    },
    Workload {
        name: "ptb_small",
        cell: Recurrence::Lstm,
        kind: Inputs::Tokens,
        layers: 2,
        expected: (184.2312, 1.192616),
        ..sized(CHARACTERS, [200, 200, 10_000, 20, 20])
    },
    Workload {
        name: "gru_512",
        cell: Recurrence::Gru,
        expected: (1088.792, 47.80924),
        ..sized(BASE, [256, 512, 64, 64, 100])
    },
    Workload {
        name: "lstm_1024",
        cell: Recurrence::Lstm,
        expected: (268.3554, 13.26312),
        ..sized(BASE, [1024, 1024, 64, 64, 25])
    },
    Workload {
        name: "long_elman",
        last_step_only: true,
        expected: (0.1688311, 0.4863383),
        ..sized(BASE, [2, 64, 1, 8, 2000])
    },
    Workload {
        name: "tbptt_lstm",
        cell: Recurrence::Lstm,
        windows: 16,
        expected: (146.1440, 1.351088),
        ..sized(CHARACTERS, [65, 256, 65, 32, 35])
    },
    Workload {
        name: "custom_mgu",
        cell: Recurrence::Mgu,
        expected: (701.9787, 43.14355),
        ..sized(BASE, [64, 128, 64, 32, 64])
    },
    Workload {
        name: "bidi_gru",
        cell: Recurrence::Gru,
        bidirectional: true,
        expected: (736.8761, 69.03354),
        ..sized(BASE, [128, 128, 64, 32, 64])
    },
];

impl Workload {
    /// One for each direction: 2 where the sequence is read from both ends.
    pub(crate) fn directions(&self) -> usize {
        if self.bidirectional { 2 } else { 1 }
    }

    /// How wide the inputs of a layer are.
    pub(crate) fn layer_inputs(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.hidden * self.directions() }
    }

    /// Rows of outputs that the loss reads.
    pub(crate) fn loss_rows(&self) -> usize {
        if self.last_step_only { self.batch } else { self.steps * self.batch }
    }

    /// Operations in the matrix products of a step: those it needs, and three times the forward ones. The two
    /// differ by the gradient of the given inputs, which nothing depends on.
    pub(crate) fn flops(&self) -> (f64, f64) {
        let (gates, directions) = (self.cell.gates(), self.directions());
        let product = |m: usize, k: usize, n: usize| 2.0 * m as f64 * k as f64 * n as f64;
        let (mut forward, mut needed) = (0.0, 0.0);
        for layer in 0..self.layers {
            let inputs = self.layer_inputs(layer);
            let rows = directions * self.steps * self.batch;
            let project = product(rows, inputs, gates * self.hidden);
            let recur = product(rows, self.hidden, gates * self.hidden);
            let trained = layer > 0 || self.kind == Inputs::Tokens;
            forward += project + recur;
            needed += if trained { 3.0 } else { 2.0 } * project + 3.0 * recur;
        }
        let head = product(self.loss_rows(), self.hidden * directions, self.outputs);
        (needed + 3.0 * head, 3.0 * (forward + head))
    }

    /// How far loss and gradient may be off what the peers agree on, relatively.
    pub(crate) fn tolerance(&self) -> f64 {
        match self.precision {
            Precision::F32 => 1e-5,
            Precision::F64 => 1e-12,
        }
    }
}
