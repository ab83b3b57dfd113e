//! One gradient step, on the tape and by hand, on one thread and on several, in turns.
//!
//! ```text
//! cargo bench -p bptt-rnn --bench gradient_step -- [--workload NAME..] [--variant tape|by_hand|builtin] [--threads 1 2] [--json]
//! ```
//!
//! Workloads, data and the fields of the JSON lines are those of the Python peers, so that lines can be laid side
//! by side. Before anything is timed, loss and gradient are held against what the peers agree on: a wrong
//! gradient is not timed.
//!
//! `tape` is the step as a user writes it, `by_hand` the same derived on paper and written for speed. Of `custom_mgu`, whose cell
//! no framework ships, `tape` is a user's own and `builtin` the library's.
//!
//! On several threads the batch is cut into as many shards: see `rnn::shards`. A step is over when its gradients are summed
//! and every shard has the sum. A batch of one row stays on one thread, and its line says so.
//!
//! One-hot inputs are looked up here, where the peers multiply rows of zeros and a one. `flops` counts the products
//! all the same, as theirs does. `cores_used` is that of all variants timed together, and the memory of a
//! variant is its own only when it is asked for alone. On a machine that is shared, a step of more than a few
//! milliseconds has no least time that is free of others: ask for one variant at a time, and read
//! `cores_used` beside the median.

mod by_hand;
mod cells;
mod data;
mod measure;
mod model;
mod on_tape;
mod options;
mod own_mgu;
mod report;
mod team;
mod workload;

use ::tape::Tape;
use by_hand::{ByHand, Float};
use cells::{FromLayer, Network};
use data::windows;
use measure::GradientStep;
use model::Model;
use on_tape::OnTape;
use options::Options;
use own_mgu::OwnMgu;
use report::{Label, time};
use rnn::{
    Elman, Gru, Lstm, Mgu,
    shards::{self, Shard, Shards},
};
use std::process::ExitCode;
use team::{Parts, Piece, Together, dismiss, follow};
use workload::{Precision, Recurrence, Workload};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let run = || -> Result<(), Failure> {
        let options = Options::read(std::env::args().skip(1))?;
        for workload in &options.workloads {
            match workload.precision {
                Precision::F32 => compare::<f32>(workload, &options)?,
                Precision::F64 => compare::<f64>(workload, &options)?,
            }
        }
        Ok(())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("gradient_step: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// One workload on all numbers of threads.
fn compare<T: Float>(workload: &Workload, options: &Options) -> Result<(), Failure> {
    let (model, windows) = (Model::<T>::of(workload), windows(workload));
    let whole = || Piece::of(workload, &(0..workload.batch), &model, &windows);
    for (one, many) in options.passes(workload) {
        if many == 1 {
            with_parts(&whole(), options, &mut |parts| {
                turns(workload, options, parts, &mut Vec::new(), 1)
            })?;
            continue;
        }
        let program = |shard: Shard<'_, T>| -> Result<(), Failure> {
            let piece = Piece::of(workload, &shard.rows(workload.batch)?, &model, &windows);
            with_parts(&piece, options, &mut |parts| {
                if shard.index() > 0 {
                    return follow(&shard, parts);
                }
                let mut together = Vec::new();
                for (index, (variant, part)) in parts.into_iter().enumerate() {
                    let team = Together { shard: &shard, part, index, anew: true };
                    together.push((variant, team));
                }
                if one {
                    with_parts(&whole(), options, &mut |parts| {
                        turns(workload, options, parts, &mut together, many)
                    })?;
                } else {
                    turns(workload, options, Vec::new(), &mut together, many)?;
                }
                Ok(dismiss(&shard)?)
            })
        };
        shards::run(Shards::new(many).threads(many), program)?;
    }
    Ok(())
}

/// Times what is done on one thread and what is done together.
fn turns<T: Float>(
    workload: &Workload,
    options: &Options,
    alone: Parts<'_, T>,
    together: &mut [(&'static str, Together<'_, '_, T>)],
    threads: usize,
) -> Result<(), Failure> {
    let (mut labels, mut variants): (Vec<_>, Vec<&mut dyn GradientStep>) = (vec![], vec![]);
    for (variant, part) in alone {
        labels.push(Label { variant, threads: 1 });
        variants.push(part);
    }
    for (variant, team) in together {
        labels.push(Label { variant, threads });
        variants.push(team);
    }
    if labels.is_empty() {
        return Ok(());
    }
    time(workload, options, &labels, &mut variants)
}

/// What is done with the variants of a piece.
type Then<'a, T> = dyn FnMut(Parts<'_, T>) -> Result<(), Failure> + 'a;

/// Makes the variants that were asked for.
fn with_parts<T: Float>(
    piece: &Piece<'_, T>,
    options: &Options,
    then: &mut Then<'_, T>,
) -> Result<(), Failure> {
    let then = &mut |mut parts: Parts<'_, T>| {
        parts.retain(|(name, _)| options.variants.contains(name));
        then(parts)
    };
    match piece.workload.cell {
        Recurrence::Elman => both::<T, Elman<T>, by_hand::Elman<T>>(piece, then),
        Recurrence::Lstm => both::<T, Lstm<T>, by_hand::Lstm<T>>(piece, then),
        Recurrence::Gru => both::<T, Gru<T>, by_hand::Gru<T>>(piece, then),
        Recurrence::Mgu => {
            let (own, built_in) = (Network::of(piece.model)?, Network::of(piece.model)?);
            let tapes = [Tape::new(), Tape::new()];
            let mut own = OnTape::<_, OwnMgu>::new(piece, &tapes[0], &own);
            let mut built_in = OnTape::<_, Mgu>::new(piece, &tapes[1], &built_in);
            let mut by_hand = ByHand::<_, by_hand::Mgu<T>>::new(piece);
            then(vec![("tape", &mut own), ("by_hand", &mut by_hand), ("builtin", &mut built_in)])
        }
    }
}

/// A built-in cell and its twin.
fn both<T: Float, C: FromLayer<T>, H: by_hand::Cell<T>>(
    piece: &Piece<'_, T>,
    then: &mut Then<'_, T>,
) -> Result<(), Failure> {
    let (network, tape) = (Network::of(piece.model)?, Tape::new());
    let mut on_tape = OnTape::<_, C>::new(piece, &tape, &network);
    let mut by_hand = ByHand::<_, H>::new(piece);
    then(vec![("tape", &mut on_tape), ("by_hand", &mut by_hand)])
}
