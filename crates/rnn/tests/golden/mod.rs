//! Numbers made by others, in this project's layout: plain arrays, no type of any crate under
//! test. Where they come from is told in `README.md`.

#![allow(dead_code)] // each test file reads its own part
#![allow(clippy::unwrap_used)] // the files lie in this folder; a test may stop where they do not fit

pub(crate) mod cells;

use ndarray::{Array1, Array2, Array3, ArrayD, ArrayViewD, IxDyn};
use serde_json::Value;

/// What every oₜ is held against.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Σₜ ½‖oₜ − yₜ‖², y `[T, B, O]`.
    HalfSquaredError(Array3<f64>),
    /// Σₜ (log Σⱼ eᵒʲ − oₖ), k `[T, B]`.
    CrossEntropy(Array2<usize>),
    /// Σₜ ⟨gₜ, oₜ⟩, g `[T, B, O]`.
    Linear(Array3<f64>),
}

/// hₜ = f(xₜ W + hₜ₋₁ U + b), oₜ = hₜ V + c.
#[derive(Debug, Clone)]
pub(crate) struct Elman {
    pub(crate) activation: &'static str,
    pub(crate) w: Array2<f64>,
    pub(crate) u: Array2<f64>,
    pub(crate) b: Array1<f64>,
    pub(crate) v: Array2<f64>,
    pub(crate) c: Array1<f64>,
    pub(crate) h0: Array2<f64>,
    pub(crate) inputs: Array3<f64>,
    pub(crate) target: Target,
}

/// A network with what is known of its gradient in closed form. Names are w, u, b, v, c, h0;
/// entries are indexed in our layout.
#[derive(Debug)]
pub(crate) struct ClosedForm {
    pub(crate) name: String,
    pub(crate) problem: Elman,
    pub(crate) loss: f64,
    pub(crate) gradient_norm: f64,
    pub(crate) sums: Vec<(&'static str, f64)>,
    pub(crate) entries: Vec<(&'static str, Vec<usize>, f64)>,
}

/// What windows give on [`sequence`]`("tanh", false, 7)`.
#[derive(Debug)]
pub(crate) struct Truncated {
    pub(crate) name: String,
    pub(crate) every: usize,
    pub(crate) reach: usize,
    pub(crate) all_losses: bool,
    /// The norm of dW, dU and db together.
    pub(crate) recurrent_norm: f64,
    pub(crate) sum_u: f64,
    pub(crate) sum_v: f64,
    pub(crate) sum_h0: f64,
}

/// A network with PyTorch's outputs and gradients; V = 1, c = 0, and the loss is linear.
#[derive(Debug)]
pub(crate) struct Torch {
    pub(crate) name: String,
    pub(crate) problem: Elman,
    pub(crate) loss: f64,
    /// `[T, B, H]`
    pub(crate) outputs: Array3<f64>,
    /// Under the names w, u, b, inputs, and h0 where the case has one, in our layout.
    pub(crate) gradients: Vec<(&'static str, ArrayD<f64>)>,
}

const BLOCKS: [(&str, &str); 6] =
    [("Wxh", "w"), ("Whh", "u"), ("bh", "b"), ("Why", "v"), ("by", "c"), ("h0", "h0")];

/// scale·sin(1 + offset + i)
pub(crate) fn fill(n: usize, offset: usize, scale: f64) -> Vec<f64> {
    (0..n).map(|i| scale * ((1 + offset + i) as f64).sin()).collect()
}

/// The problem every closed-form case is about: X = 3, H = 4, O = 2, one row.
pub(crate) fn sequence(activation: &'static str, cross_entropy: bool, steps: usize) -> Elman {
    let parameters = fill(12 + 16 + 4 + 8 + 2 + 4, 0, 0.5);
    let mut rest = parameters.as_slice();
    let mut cut = |rows: usize, columns: usize| {
        let (block, after) = rest.split_at(rows * columns);
        rest = after;
        Array2::from_shape_vec((rows, columns), block.to_vec()).unwrap()
    };
    let row = |block: Array2<f64>| block.into_shape_with_order(4).unwrap();
    let (w, u, b) = (cut(4, 3).reversed_axes(), cut(4, 4).reversed_axes(), row(cut(1, 4)));
    let (v, c, h0) = (cut(2, 4).reversed_axes(), cut(1, 2).row(0).to_owned(), cut(1, 4));
    let shaped = |width, data| Array3::from_shape_vec((steps, 1, width), data).unwrap();
    let target = if cross_entropy {
        Target::CrossEntropy(Array2::from_shape_vec((5, 1), vec![0, 1, 1, 0, 1]).unwrap())
    } else {
        Target::HalfSquaredError(shaped(2, fill(steps * 2, 200, 1.0)))
    };
    Elman { activation, w, u, b, v, c, h0, inputs: shaped(3, fill(steps * 3, 100, 1.0)), target }
}

fn read(text: &str) -> Vec<(String, Value)> {
    let file: Value = serde_json::from_str(text).unwrap();
    file.as_object().unwrap().iter().map(|(name, case)| (name.clone(), case.clone())).collect()
}

/// Identity, tanh and ReLU, squared error and cross-entropy, T = 5.
pub(crate) fn closed_form() -> Vec<ClosedForm> {
    let mut cases = Vec::new();
    for (name, case) in read(include_str!("elman_closed_form.json")) {
        let Some(kind) = name.strip_prefix("elman_") else { continue };
        let (activation, loss) = kind.split_once('_').unwrap();
        let activation = ["identity", "tanh", "relu"].into_iter().find(|a| *a == activation);
        let problem = sequence(activation.unwrap(), loss == "ce", 5);
        let (mut sums, mut entries) = (Vec::new(), Vec::new());
        for (theirs, ours) in BLOCKS {
            sums.push((ours, number(&case["block_sums"][theirs])));
            for (i, value) in case["blocks"][theirs].as_array().unwrap().iter().enumerate() {
                let index = match ours {
                    "b" | "c" => vec![i],
                    "h0" => vec![0, i],
                    _ => vec![i, 0], // the first row, transposed
                };
                entries.push((ours, index, number(value)));
            }
        }
        let (loss, gradient_norm) = (number(&case["loss"]), number(&case["grad_norm"]));
        cases.push(ClosedForm { name, problem, loss, gradient_norm, sums, entries });
    }
    assert_eq!(cases.len(), 6);
    cases
}

/// TBPTT(k₁, k₂) on the sequence of seven steps.
pub(crate) fn truncated() -> Vec<Truncated> {
    let mut cases = Vec::new();
    for (name, case) in read(include_str!("elman_closed_form.json")) {
        let Some(window) = name.strip_prefix("tbptt_T7_k1_") else { continue };
        let parts: Vec<&str> = window.split('_').collect();
        let &[every, "k2", reach, injected] = parts.as_slice() else { panic!("{name}") };
        cases.push(Truncated {
            every: every.parse().unwrap(),
            reach: reach.parse().unwrap(),
            all_losses: injected == "all",
            recurrent_norm: number(&case["rec_norm"]),
            sum_u: number(&case["sum_gU"]),
            sum_v: number(&case["sum_gV"]),
            sum_h0: number(&case["sum_gh0"]),
            name,
        });
    }
    assert_eq!(cases.len(), 11);
    cases
}

/// The norm of the gradient by all but h₀ on [`sequence`]`("tanh", false, 5)`, in blocks of two
/// steps with the state detached between them.
pub(crate) fn norm_in_blocks_of_two() -> f64 {
    let cases = read(include_str!("elman_closed_form.json"));
    let (_, case) = cases.into_iter().find(|(name, _)| name == "tbptt_k1k2_2_blocks").unwrap();
    number(&case["norm"])
}

/// The gradient of a network of two units over three steps: Wxh, Whh and bh, one row of each after the other.
pub(crate) fn uoro_tiny() -> Vec<f64> {
    let cases = read(include_str!("online_closed_form.json"));
    let (_, case) = cases.into_iter().find(|(name, _)| name == "uoro_tiny").unwrap();
    case["grad"].as_array().unwrap().iter().map(number).collect()
}

/// The sums of dW, dU and db that SnAp-1 gives on [`sequence`]`("tanh", false, 5)`.
pub(crate) fn snap_1() -> [f64; 3] {
    let cases = read(include_str!("online_closed_form.json"));
    let (_, case) = cases.into_iter().find(|(name, _)| name == "snap1_tanh_mse").unwrap();
    ["Wxh", "Whh", "bh"].map(|block| number(&case[block]))
}

/// `torch.nn.RNN`, one layer, one direction.
pub(crate) fn torch() -> Vec<Torch> {
    let mut cases = Vec::new();
    for (name, case) in read(include_str!("elman_torch.json")) {
        let get = |key: &str| tensor(&case["tensors"][key]);
        let transposed = |key: &str| get(key).unwrap().reversed_axes();
        let w = transposed("param/weight_ih_l0").into_dimensionality().unwrap();
        let u: Array2<f64> = transposed("param/weight_hh_l0").into_dimensionality().unwrap();
        let b = get("param/bias_ih_l0").unwrap() + get("param/bias_hh_l0").unwrap();
        let inputs: Array3<f64> = get("input").unwrap().into_dimensionality().unwrap();
        let outputs: Array3<f64> = get("output").unwrap().into_dimensionality().unwrap();
        let (steps, batch, hidden) = outputs.dim();
        // Only [1, B, H] states here: their leading axis is dropped.
        let state = |a: ArrayD<f64>| a.into_shape_with_order((batch, hidden)).unwrap();
        let h0 = get("h0").map_or_else(|| Array2::zeros((batch, hidden)), state);

        let mut adjoints: Array3<f64> = get("w_output").unwrap().into_dimensionality().unwrap();
        let mut last = adjoints.index_axis_mut(ndarray::Axis(0), steps - 1);
        last += &state(get("w_hn").unwrap());

        let mut gradients = vec![
            ("w", transposed("grad/weight_ih_l0")),
            ("u", transposed("grad/weight_hh_l0")),
            ("b", get("grad/bias_ih_l0").unwrap()),
            ("inputs", get("grad/input").unwrap()),
        ];
        gradients.extend(get("grad/h0").map(|h0| ("h0", state(h0).into_dyn())));
        let problem = Elman {
            activation: if case["kind"] == "rnn_tanh" { "tanh" } else { "relu" },
            w,
            u,
            b: b.into_dimensionality().unwrap(),
            v: Array2::eye(hidden),
            c: Array1::zeros(hidden),
            h0,
            inputs,
            target: Target::Linear(adjoints),
        };
        cases.push(Torch { name, problem, loss: number(&case["loss"]), outputs, gradients });
    }
    assert_eq!(cases.len(), 10);
    cases
}

/// A gradient before and after PyTorch's `clip_grad_norm_`, one array per parameter.
#[derive(Debug)]
pub(crate) struct Clipping {
    pub(crate) threshold: f64,
    /// As PyTorch has it: its squares may have overflowed to ∞ or underflowed to 0.
    pub(crate) norm: f64,
    pub(crate) before: Vec<ArrayD<f64>>,
    pub(crate) after: Vec<ArrayD<f64>>,
}

pub(crate) fn clipped() -> Vec<Clipping> {
    let mut cases = Vec::new();
    for (_, case) in read(include_str!("clip_torch.json")) {
        let shapes: Vec<Vec<usize>> = serde_json::from_value(case["shapes"].clone()).unwrap();
        let arrays = |key: &str| {
            let lists: Vec<Vec<f64>> = serde_json::from_value(case[key].clone()).unwrap();
            let array = |(shape, list)| ArrayD::from_shape_vec(IxDyn(shape), list).unwrap();
            shapes.iter().map(Vec::as_slice).zip(lists).map(array).collect()
        };
        cases.push(Clipping {
            threshold: number(&case["max_norm"]),
            norm: case["total_norm"].as_f64().unwrap_or(f64::INFINITY),
            before: arrays("grads"),
            after: arrays("clipped"),
        });
    }
    assert_eq!(cases.len(), 18);
    cases
}

/// Where 20 steps of an optimizer led, with the arguments it was given.
#[derive(Debug)]
pub(crate) struct Trajectory {
    pub(crate) name: String,
    pub(crate) arguments: Value,
    pub(crate) points: Vec<Vec<f64>>,
}

/// A `[7, 7]`, z* and z0 `[7]`, and the trajectories on ½ (z − z*)ᵀ A (z − z*).
pub(crate) fn descents() -> (ArrayD<f64>, Vec<f64>, Vec<f64>, Vec<Trajectory>) {
    let (mut cases, mut problem) = (Vec::new(), Value::Null);
    for (name, mut case) in read(include_str!("optim_torch.json")) {
        if name == "problem" {
            problem = case;
        } else {
            let points = serde_json::from_value(case["trajectory"].take()).unwrap();
            cases.push(Trajectory { name, arguments: case["args"].take(), points });
        }
    }
    assert_eq!(cases.len(), 8);
    let list = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    let a = problem["A"].as_array().unwrap().iter().flat_map(list).collect();
    let a = ArrayD::from_shape_vec(IxDyn(&[7, 7]), a).unwrap();
    (a, list(&problem["z_star"]), list(&problem["z0"]), cases)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn tensor(value: &Value) -> Option<ArrayD<f64>> {
    let shape: Vec<usize> = serde_json::from_value(value.get("shape")?.clone()).unwrap();
    let data: Vec<f64> = serde_json::from_value(value["data"].clone()).unwrap();
    Some(ArrayD::from_shape_vec(IxDyn(&shape), data).unwrap())
}

/// Whether every entry of `got` is within `tolerance` · max(`floor`, max|want|) of `want`.
pub(crate) fn close(
    got: ArrayViewD<'_, f64>,
    want: ArrayViewD<'_, f64>,
    tolerance: f64,
    floor: f64,
) -> bool {
    let scale = want.fold(floor, |m, x| m.max(x.abs()));
    got.shape() == want.shape()
        && got.iter().zip(&want).all(|(got, want)| (got - want).abs() <= tolerance * scale)
}
