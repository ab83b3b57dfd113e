//! What one step of each cell leaves on the tape.

use crate::{INPUTS, Options};
use ndarray::Array3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Elman, Gru, IndRnn, Input, Lstm, Mgu, ParamStore,
    bptt::{Truncation, Unrolling},
    cells::{gru, indrnn, lstm},
    init::Uniform,
};
use tape::{LedgerRow, Tape};

/// A line for each cell: nodes of a step, and bytes of their values and of the nodes themselves. The share of the
/// projected inputs and of the stacked outputs is in it; what a sequence takes once is not.
pub(crate) fn print(options: &Options) -> rnn::Result<()> {
    let hidden = options.hidden;
    println!(
        "\non the tape for a step  | {:>6} {:>10} {:>8} | values / (4 B H)",
        "nodes", "values", "records"
    );
    let (mut rng, mut store) = (ChaCha8Rng::seed_from_u64(1), ParamStore::<f32>::new());
    let (init, sizes) = (Uniform::recurrent(hidden), (INPUTS, hidden));
    let elman = Elman::new(&mut store, "elman", sizes, &init, &mut rng)?;
    let ind = IndRnn::new(&mut store, "ind", sizes, indrnn::Form::default(), &init, &mut rng)?;
    let mgu = Mgu::new(&mut store, "mgu", sizes, true, &init, &mut rng)?;
    let gru = Gru::new(&mut store, "gru", sizes, gru::Form::default(), &init, &mut rng)?;
    let lstm = Lstm::new(&mut store, "lstm", sizes, lstm::Form::default(), &init, &mut rng)?;
    line("Elman", options, &store, &elman)?;
    line("IndRNN", options, &store, &ind)?;
    line("MGU", options, &store, &mgu)?;
    line("GRU", options, &store, &gru)?;
    line("LSTM", options, &store, &lstm)?;
    Ok(())
}

fn line<C: Cell<f32>>(
    name: &str,
    options: &Options,
    store: &ParamStore<f32>,
    cell: &C,
) -> rnn::Result<()> {
    let Options { hidden, batch, .. } = *options;
    let recorded = |steps: usize| -> LedgerRow {
        let tape = Tape::new();
        let mut run = Unrolling::new(&tape, cell, Truncation::Full, cell.zeros(&tape, batch));
        let xs = tape.constant(Array3::zeros((steps, batch, INPUTS)));
        run.advance(store.bind(&tape), Input::Dense(xs));
        tape.ledger().total().clone()
    };
    // Whole stretches of projected inputs: what a short last one leaves is no step's.
    let (once, twice) = (recorded(128), recorded(256));
    let each = |of: fn(&LedgerRow) -> usize| (of(&twice) - of(&once)) as f64 / 128.0;
    let values = each(|row| row.values + row.saved);
    println!(
        "{name:23} | {:>6.0} {values:>10.0} {:>8.0} | {:.1}",
        each(|row| row.nodes),
        each(|row| row.records),
        values / (4 * batch * hidden) as f64
    );
    Ok(())
}
