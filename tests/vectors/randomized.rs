//! Truncation at random: `artbp` of `torch_*_dyn.json`.
//!
//! A case gives the chances of a cut, some draws with their probabilities and gradients, and the variance over all draws, which
//! are made here as well: their mean is the gradient.

use crate::{
    archive::Archive,
    ops::compare,
    through_time::{Arrays, Network},
    torch::with_cell,
};
use rnn::{Cell, Readout, State, bptt::Randomized};
use serde_json::Value;
use tape::{Gradients, Tape};

/// The gradient of one draw, and its probability. `decide` is told the step (from 0) and the chance of a cut after it.
fn draw<C: Cell<f64>>(
    network: &Network<'_>,
    cell: &C,
    randomized: &Randomized,
    mut decide: impl FnMut(usize, f64) -> Result<bool, String>,
) -> Result<(Gradients<f64>, f64), String> {
    let (tape, mut sum) = (Tape::new(), None::<Gradients<f64>>);
    let (mut step, mut probability, mut wrong) = (0, 1.0, None);
    let cut = |c: f64| {
        let cut = decide(step, c).unwrap_or_else(|error| {
            wrong.get_or_insert(error);
            false
        });
        step += 1;
        probability *= if cut { c } else { 1.0 - c };
        cut
    };
    let ran = randomized.run_by(
        &tape,
        cell,
        &mut network.store.clone(),
        |p| {
            let mut parts = network.start.iter();
            State::build(&mut || p.var(parts.next().unwrap().1))
        },
        network.steps,
        Readout::After,
        cut,
        |p, steps| network.inputs(p.tape(), steps),
        |p, block| network.loss(p, block.outputs, block.steps),
        |_, swept| {
            let empty = || {
                let tape = Tape::new();
                tape.backward(tape.leaf(ndarray::arr0(0.0)))
            };
            sum.get_or_insert_with(empty).accumulate(swept);
            Ok(())
        },
    );
    ran.map_err(|e| e.to_string())?;
    match wrong {
        Some(error) => Err(error),
        None => Ok((sum.unwrap(), probability)),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn close(what: &str, got: f64, want: f64) -> Result<(), String> {
    let off = (got - want).abs();
    if off <= 1e-11 * want.abs().max(1e-3) {
        Ok(())
    } else {
        Err(format!("{what}: {got}, not {want}"))
    }
}

pub(crate) fn judge(archive: &Archive, case: &Value) -> Result<f64, String> {
    let network = Network::read(archive, case)?;
    let randomized = match case["c_mode"].as_str() {
        Some("const") => Randomized::constant(numbers(&case["c"])[0]),
        Some("list") => Randomized::listed(numbers(&case["c"])),
        // The case calls α − 1 what the paper calls α.
        Some("age") if case["c_rule"].as_str().unwrap().ends_with("alpha=3,t0=4") => {
            Randomized::by_age(4.0, 4.0)
        }
        other => panic!("chances by {other:?} are not known"),
    }
    .map_err(|e| e.to_string())?;
    let mut worst = 0.0f64;
    let mut check = |of: &str, gradients: &Arrays| {
        for (name, got) in gradients {
            let path = format!("{of}/{name}");
            worst = worst.max(compare(&path, got, network.floats(&path), (1e-11, 1e-3))?);
        }
        Ok::<(), String>(())
    };
    for (k, draw) in case["draws"].as_array().unwrap().iter().enumerate() {
        let (cuts, chances) = (numbers(&draw["X"]), numbers(&draw["c"]));
        let decide = |t: usize, c: f64| close("a chance", c, chances[t]).map(|()| cuts[t] == 1.0);
        let (gradients, probability) =
            with_cell!(&network.cell, cell => self::draw(&network, cell, &randomized, decide)?);
        close("a probability", probability, draw["probability"].as_f64().unwrap())?;
        check(&format!("draw{k}"), &network.gradients(&gradients))?;
    }

    let (mut mean, mut square) = (None::<Arrays>, 0.0);
    for pattern in 0..1u32 << (network.steps - 1) {
        let decide = |t: usize, _: f64| Ok(pattern >> t & 1 == 1);
        let (gradients, probability) =
            with_cell!(&network.cell, cell => self::draw(&network, cell, &randomized, decide)?);
        let mut term = network.gradients(&gradients);
        square += probability * norm_squared(&term);
        term.values_mut().for_each(|g| *g *= probability);
        match &mut mean {
            Some(mean) => mean.iter_mut().for_each(|(name, sum)| *sum += &term[name]),
            None => mean = Some(term),
        }
    }
    let mean = mean.unwrap();
    check("full_grad", &mean)?;
    let (variance, recorded) = (square - norm_squared(&mean), &case["total_variance"]);
    close("the variance", variance, recorded.as_f64().unwrap())?;
    Ok(worst)
}

fn norm_squared(arrays: &Arrays) -> f64 {
    arrays.values().flatten().map(|x| x * x).sum()
}
