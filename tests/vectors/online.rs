//! Real-time recurrent learning: the gradient of each loss by all that was before it, and the influence matrix at the end.

use crate::{
    archive::Archive,
    ops::compare,
    through_time::{Arrays, Network},
    torch::with_cell,
};
use ndarray::{Array1, ArrayD, Axis};
use rnn::{
    Cell, State,
    online::{Online, Rtrl},
};
use serde_json::Value;
use tape::Tape;

const GRADIENT: (f64, f64) = (1e-11, 1e-3);

/// The gradients of the cell's weights, one behind the other in PyTorch's order.
fn row(gradients: &Arrays) -> ArrayD<f64> {
    let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
    let all = names.iter().flat_map(|name| gradients[&format!("cell.{name}")].iter().copied());
    all.collect::<Array1<f64>>().into_dyn()
}

fn entry(network: &Network<'_>, path: &str, k: usize) -> ArrayD<f64> {
    network.floats(path).index_axis(Axis(0), k).to_owned()
}

fn learn<C: Cell<f64>>(network: &Network<'_>, cell: &C) -> Result<f64, String> {
    let tape = Tape::new();
    let p = network.store.bind(&tape);
    let mut parts = network.start.iter();
    let start = C::State::build(&mut || p.var(parts.next().unwrap().1));
    let mut run = Online::new(&tape, cell, Rtrl::default(), start);
    let mut worst = 0.0f64;
    for t in 0..network.steps {
        let p = network.store.bind(&tape);
        let block = run.advance(p, network.inputs(&tape, t..t + 1));
        let loss = network.loss(p, block.outputs, block.steps);
        let want = entry(network, "losses", t);
        worst = worst.max(compare("losses", &loss.value(), &want, (1e-12, 1.0))?);
        let swept = run.backward(loss).map_err(|error| error.to_string())?;
        let want = entry(network, "online_grads", t);
        let got = row(&network.gradients(&swept));
        worst = worst.max(compare(&format!("online_grads[{t}]"), &got, &want, GRADIENT)?);
    }
    // Row k of the influence matrix is the gradient of the state's kth number.
    run.output(network.store.bind(&tape));
    let mut k = 0;
    for part in run.state().parts() {
        for unit in 0..part.shape()[1] {
            let swept =
                run.backward(part.select(1, unit).sum()).map_err(|error| error.to_string())?;
            let want = entry(network, "influence_T", k);
            let got = row(&network.gradients(&swept));
            worst = worst.max(compare(&format!("influence_T[{k}]"), &got, &want, GRADIENT)?);
            k += 1;
        }
    }
    Ok(worst)
}

/// Replays a case.
pub(crate) fn judge(archive: &Archive, case: &Value) -> Result<f64, String> {
    let network = Network::read(archive, case)?;
    with_cell!(&network.cell, cell => learn(&network, cell))
}
