//! One gradient step, on the tape and by hand, in turns.
//!
//! ```text
//! cargo bench -p bptt-rnn --bench gradient_step -- [--workload NAME..] [--variant tape|by_hand|builtin] [--threads 1] [--json]
//! ```
//!
//! Workloads, data and the fields of the JSON lines are those of the Python peers, so that lines can be laid side
//! by side. Before anything is timed, loss and gradient are held against what the peers agree on: a wrong
//! gradient is not timed.
//!
//! `tape` is the step as a user writes it, `by_hand` the same derived on paper and written for speed. Of `custom_mgu`, whose cell
//! no framework ships, `tape` is a user's own and `builtin` the library's.
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
mod own_mgu;
mod workload;

use ::tape::Tape;
use by_hand::{ByHand, Float};
use cells::{FromLayer, Network};
use data::windows;
use measure::{First, GradientStep, Times, first, in_turns};
use model::Model;
use on_tape::OnTape;
use own_mgu::OwnMgu;
use rnn::{Elman, Gru, Lstm, Mgu};
use std::process::ExitCode;
use workload::{Precision, Recurrence, WORKLOADS, Workload};

type Failure = Box<dyn std::error::Error>;

/// `builtin`: the library's cell, where `tape` is a user's own.
const VARIANTS: [&str; 3] = ["tape", "by_hand", "builtin"];

/// What the command line asks for.
#[derive(Debug)]
struct Options {
    workloads: Vec<Workload>,
    variants: Vec<&'static str>,
    json: bool,
}

impl Options {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut workloads, mut variants, mut json) = (Vec::new(), Vec::new(), false);
        let mut option = String::new();
        for argument in arguments {
            match (argument.as_str(), option.as_str()) {
                ("--json", _) => json = true,
                // Cargo's own.
                ("--bench", _) => {}
                ("--workload" | "--variant" | "--threads", _) => option = argument,
                (name, "--workload") => {
                    let found = WORKLOADS.iter().find(|w| w.name == name);
                    let known = WORKLOADS.map(|w| w.name).join(", ");
                    let found = found.ok_or(format!("no workload is called {name}: {known}"))?;
                    workloads.push(*found);
                }
                (name, "--variant") => {
                    let found = VARIANTS.into_iter().find(|known| *known == name);
                    let known = VARIANTS.join(", ");
                    variants.push(found.ok_or(format!("no variant is called {name}: {known}"))?);
                }
                ("1", "--threads") => {}
                (count, "--threads") => return Err(format!("{count} threads: only 1 so far")),
                (other, _) => return Err(format!("what is {other}?")),
            }
        }
        if workloads.is_empty() {
            workloads.extend(WORKLOADS);
        }
        if variants.is_empty() {
            variants.extend(VARIANTS);
        }
        Ok(Self { workloads, variants, json })
    }
}

fn main() -> ExitCode {
    let run = || -> Result<(), Failure> {
        let options = Options::read(std::env::args().skip(1))?;
        for workload in &options.workloads {
            match workload.precision {
                Precision::F32 => compare::<f32>(*workload, &options)?,
                Precision::F64 => compare::<f64>(*workload, &options)?,
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

/// Makes the variants of one workload.
fn compare<T: Float>(workload: Workload, options: &Options) -> Result<(), Failure> {
    match workload.cell {
        Recurrence::Elman => both::<T, Elman<T>, by_hand::Elman<T>>(workload, options),
        Recurrence::Lstm => both::<T, Lstm<T>, by_hand::Lstm<T>>(workload, options),
        Recurrence::Gru => both::<T, Gru<T>, by_hand::Gru<T>>(workload, options),
        Recurrence::Mgu => {
            let (model, windows) = (Model::<T>::of(&workload), windows(&workload));
            let (own, built_in) = (Network::of(&model)?, Network::of(&model)?);
            let tapes = [Tape::new(), Tape::new()];
            let mut own = OnTape::<_, OwnMgu>::new(workload, &tapes[0], &own, &windows);
            let mut built_in = OnTape::<_, Mgu>::new(workload, &tapes[1], &built_in, &windows);
            let mut by_hand = ByHand::<_, by_hand::Mgu<T>>::new(workload, &model, &windows);
            time(
                &workload,
                options,
                [("tape", &mut own), ("by_hand", &mut by_hand), ("builtin", &mut built_in)],
            )
        }
    }
}

/// A built-in cell and its twin.
fn both<T: Float, C: FromLayer<T>, H: by_hand::Cell<T>>(
    workload: Workload,
    options: &Options,
) -> Result<(), Failure> {
    let (model, windows) = (Model::<T>::of(&workload), windows(&workload));
    let (network, tape) = (Network::of(&model)?, Tape::new());
    let mut on_tape = OnTape::<_, C>::new(workload, &tape, &network, &windows);
    let mut by_hand = ByHand::<_, H>::new(workload, &model, &windows);
    time(&workload, options, [("tape", &mut on_tape), ("by_hand", &mut by_hand)])
}

/// Times the variants that were asked for, in turns.
fn time<const N: usize>(
    workload: &Workload,
    options: &Options,
    all: [(&'static str, &mut dyn GradientStep); N],
) -> Result<(), Failure> {
    let asked_for = all.into_iter().filter(|(name, _)| options.variants.contains(name));
    let (names, mut variants): (Vec<_>, Vec<_>) = asked_for.unzip();
    if names.is_empty() {
        return Ok(());
    }
    let mut firsts = Vec::new();
    for (name, variant) in names.iter().zip(&mut variants) {
        let first = first(*variant)?;
        check(workload, name, (first.loss, first.grad_norm))?;
        firsts.push(first);
    }
    let (times, cores) = in_turns(&mut variants)?;
    for ((name, variant), first) in names.iter().zip(&mut variants).zip(&firsts) {
        variant.restart();
        let again = (variant.step()?, variant.grad_norm());
        if again != (first.loss, first.grad_norm) {
            return Err(
                format!("{} {name}: the same step gave another gradient", workload.name).into()
            );
        }
    }
    for ((name, first), times) in names.iter().zip(&firsts).zip(&times) {
        if options.json {
            println!("{}", line(workload, name, first, times, cores));
        } else {
            row(workload, name, first, times);
        }
    }
    let by_hand = names.iter().position(|name| *name == "by_hand");
    if let (Some(at), false) = (by_hand, options.json) {
        for (name, variant) in names.iter().zip(&times).filter(|(name, _)| **name != "by_hand") {
            let ratio = |q| variant.quantile(q) / times[at].quantile(q);
            println!("{:16} {name} / by_hand: {:.3} (least: {:.3})", "", ratio(0.5), ratio(0.0));
        }
    }
    Ok(())
}

/// Loss and norm of the gradient must be what the peers agree on.
fn check(workload: &Workload, variant: &str, found: (f64, f64)) -> Result<(), Failure> {
    let off = |found: f64, expected: f64| ((found - expected) / expected).abs();
    let expected = workload.expected;
    let worst = off(found.0, expected.0).max(off(found.1, expected.1));
    if worst <= workload.tolerance() {
        return Ok(());
    }
    let name = workload.name;
    Err(format!(
        "{name} {variant}: loss and gradient are {found:?}, but should be {expected:?}; not timed"
    )
    .into())
}

fn line(
    workload: &Workload,
    variant: &str,
    first: &First,
    times: &Times,
    cores: Option<f64>,
) -> serde_json::Value {
    let (flops, nominal) = workload.flops();
    let median = times.quantile(0.5);
    let grown = first.peak_rss.zip(first.setup_rss).map(|(peak, setup)| peak - setup);
    serde_json::json!({
        "framework": "bptt",
        "workload": workload.name,
        "variant": variant,
        "threads": 1,
        "version": env!("CARGO_PKG_VERSION"),
        "median_s": median,
        "min_s": times.quantile(0.0),
        "p90_s": times.quantile(0.9),
        "steps_timed": times.len(),
        "flops": flops,
        "flops_nominal": nominal,
        "gflops_per_s": flops / median / 1e9,
        "cores_used": cores,
        "import_s": 0,
        "first_step_s": first.seconds,
        "loss": first.loss,
        "grad_norm": first.grad_norm,
        "setup_rss_mib": first.setup_rss,
        "peak_rss_mib": first.peak_rss,
        "step_rss_mib": grown,
    })
}

fn row(workload: &Workload, variant: &str, first: &First, times: &Times) {
    let milliseconds = |q| times.quantile(q) * 1e3;
    println!(
        "{:16} {variant:8} median {:9.4} ms  min {:9.4}  p90 {:9.4}  {:7.2} GFLOP/s  {:5.0} MiB",
        workload.name,
        milliseconds(0.5),
        milliseconds(0.0),
        milliseconds(0.9),
        workload.flops().0 / times.quantile(0.5) / 1e9,
        first.peak_rss.unwrap_or(f64::NAN),
    );
}
