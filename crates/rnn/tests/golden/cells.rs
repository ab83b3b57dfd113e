//! Gated cells with what is known of their gradients in closed form.

use super::{fill, number, read};
use ndarray::{Array3, ArrayD, IxDyn};
use std::collections::BTreeMap;

/// A cell of X = 3, H = 4 on five steps of one row, whose loss is Σₜ ½‖hₜ − yₜ‖². Names are ours: w, u, b, p_i, p_f, p_o,
/// p (the projection), b_n, h0, c0, as far as the cell has them; and so is the layout.
#[derive(Debug)]
pub(crate) struct Gated {
    pub(crate) name: String,
    pub(crate) arrays: BTreeMap<&'static str, ArrayD<f64>>,
    pub(crate) inputs: Array3<f64>,
    pub(crate) targets: Array3<f64>,
    pub(crate) loss: f64,
    pub(crate) gradient_norm: f64,
    pub(crate) sums: Vec<(&'static str, f64)>,
    /// The entry at index 0 of each.
    pub(crate) first: Vec<(&'static str, f64)>,
}

/// A block by the name it has in the file, its name here, and its shape in the file.
type Block = (&'static str, &'static str, Vec<usize>);

/// The blocks of a case, in the order in which its parameters are filled.
fn blocks(name: &str) -> Vec<Block> {
    let (gates, width) = match name.split('_').next() {
        Some("lstm") => (16, if name.contains("proj") { 2 } else { 4 }),
        Some("gru") => (12, 4),
        Some("mgu") => (8, 4),
        _ => panic!("{name}"),
    };
    let mut blocks =
        vec![("W", "w", vec![gates, 3]), ("U", "u", vec![gates, width]), ("b", "b", vec![gates])];
    if name.contains("peep") {
        blocks.extend([("pi", "p_i"), ("pf", "p_f"), ("po", "p_o")].map(|(a, b)| (a, b, vec![4])));
    }
    if name.contains("proj") {
        blocks.push(("Wp", "p", vec![2, 4]));
    }
    if name.contains("reset_after") {
        blocks.push(("bhn", "b_n", vec![4]));
    }
    blocks.push(("h0", "h0", vec![1, width]));
    if name.contains("lstm") {
        blocks.push(("c0", "c0", vec![1, 4]));
    }
    blocks
}

/// Every case whose name begins with `kind`: `lstm`, `gru` or `mgu`.
pub(crate) fn closed_form(kind: &str) -> Vec<Gated> {
    let cases = read(include_str!("cells_closed_form.json"));
    cases
        .into_iter()
        .filter(|(name, _)| name.starts_with(kind))
        .map(|(name, case)| {
            let blocks = blocks(&name);
            let size = |block: &Block| block.2.iter().product::<usize>();
            let parameters = fill(blocks.iter().map(size).sum(), 0, 0.5);
            let mut rest = parameters.as_slice();
            let arrays = blocks.iter().map(|block| {
                let (data, after) = rest.split_at(size(block));
                rest = after;
                let array = ArrayD::from_shape_vec(IxDyn(&block.2), data.to_vec()).unwrap();
                let state = block.1 == "h0" || block.1 == "c0";
                (block.1, if state { array } else { array.reversed_axes() })
            });
            let arrays: BTreeMap<_, _> = arrays.collect();
            let of = |key: &str| blocks.iter().map(|b| (b.1, number(&case[key][b.0]))).collect();
            let shaped = |width, data| Array3::from_shape_vec((5, 1, width), data).unwrap();
            let width = arrays["h0"].len();
            Gated {
                inputs: shaped(3, fill(15, 100, 1.0)),
                targets: shaped(width, fill(5 * width, 200, 1.0)),
                loss: number(&case["loss"]),
                gradient_norm: number(&case["grad_norm"]),
                sums: of("block_sums"),
                first: of("first"),
                arrays,
                name,
            }
        })
        .collect()
}

impl Gated {
    /// Fails unless `got`, with the loss as `loss`, is what is known.
    #[track_caller]
    pub(crate) fn assert(&self, got: &BTreeMap<String, ArrayD<f64>>) {
        let check = |what: &str, got: f64, want: f64| {
            let close = (got - want).abs() <= 1e-11 * want.abs().max(1e-3);
            assert!(close, "{}: {what} is {got:e}, not {want:e}", self.name);
        };
        check("the loss", got["loss"].sum(), self.loss);
        let parts = self.arrays.keys().map(|name| &got[*name]);
        let square: f64 = parts.flatten().map(|x| x * x).sum();
        check("the norm", square.sqrt(), self.gradient_norm);
        for (name, sum) in &self.sums {
            check(&format!("the sum of {name}"), got[*name].sum(), *sum);
        }
        for (name, first) in &self.first {
            check(&format!("the first of {name}"), *got[*name].first().unwrap(), *first);
        }
    }
}
