//! The loop: read a window, sweep, sum, clip, step; now and then look at text that was held back.
//!
//! Each shard of the batch runs it on its rows, and has parameters, moments and progress of its own. Only sums pass between
//! them, in the order of the shards: on how many threads they are computed changes no bit. See [`rnn::shards`].

use crate::{
    checkpoint::{self, Progress},
    network::Network,
    options::Options,
};
use indicatif::{ProgressBar, ProgressStyle};
use rnn::{
    Cell, Result, State,
    bptt::{Truncation, Unrolling, Window},
    clip,
    optim::{Adam, Optimizer},
    shards::{self, Shard, Shards},
    text::{Stream, Windows},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tape::Tape;

/// How often the held-back text is read.
const VALIDATIONS: usize = 10;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) chars_per_s: f64,
    pub(crate) tape_bytes: usize,
    /// Was it stopped before the last step?
    pub(crate) interrupted: bool,
}

/// A block that the tape still holds, so that whoever resumes can record it again: see [`Progress::past`].
pub(crate) fn keeps(options: &Options) -> usize {
    options.k2().saturating_sub(options.window).div_ceil(options.window)
}

/// Trains until `options.steps`, from wherever `progress` stands, and writes down how far it has come.
pub(crate) fn train(
    options: &Options,
    network: &mut Network,
    optimizer: &mut Adam<f32>,
    progress: &mut Progress,
    (train, valid): (&Stream<f32>, &Stream<f32>),
    stop: &AtomicBool,
) -> Result<Outcome> {
    let shards = Shards::new(options.shards).threads(options.threads);
    let parts = shards::run(shards, |shard| -> Result<Part> {
        let rows = shard.rows(train.batch())?;
        let mut part = Part {
            network: network.clone(),
            optimizer: optimizer.clone(),
            progress: progress.rows(&rows),
            chars_per_s: 0.0,
            tape_bytes: 0,
        };
        let (train, valid) = (train.rows(rows)?, valid.rows(shard.rows(valid.batch())?)?);
        part.train(options, &shard, (&train, &valid), stop)?;
        Ok(part)
    })?;
    let Some(whole) = parts.into_iter().reduce(Part::and) else {
        unreachable!("no shards are refused")
    };
    (*network, *optimizer, *progress) = (whole.network, whole.optimizer, whole.progress);
    checkpoint::save(&options.weights(), network, optimizer, progress)?;
    Ok(Outcome {
        chars_per_s: whole.chars_per_s,
        tape_bytes: whole.tape_bytes,
        interrupted: progress.step < options.steps,
    })
}

/// What a shard has for itself.
#[derive(Debug)]
struct Part {
    network: Network,
    optimizer: Adam<f32>,
    progress: Progress,
    /// Those that all shards read in a second.
    chars_per_s: f64,
    tape_bytes: usize,
}

impl Part {
    /// The whole of this part and the next, who differ in their rows only.
    fn and(mut self, next: Self) -> Self {
        self.progress.append(next.progress);
        self.tape_bytes += next.tape_bytes;
        self
    }

    fn train(
        &mut self,
        options: &Options,
        shard: &Shard<'_, f32>,
        (train, valid): (&Stream<f32>, &Stream<f32>),
        stop: &AtomicBool,
    ) -> Result<()> {
        let Self { network, optimizer, progress, chars_per_s, tape_bytes } = self;
        let tape = Tape::new();
        let window = Truncation::Window(Window::new(options.window, options.k2())?);
        let cell = network.cell.clone();
        let zeros = |batch| cell.zeros(&tape, batch);
        let mut run = Unrolling::new(&tape, &cell, window, zeros(train.batch()));
        let mut windows = train.windows(options.window)?;
        resume(&tape, &mut run, &mut windows, network, progress)?;

        let bar = bar(options, progress.step, shard);
        let (mut training, mut characters) = (Duration::ZERO, 0.0);
        let interval = (options.steps / VALIDATIONS).max(1);
        let stopped = || shard.sum_number(f64::from(stop.load(Ordering::Relaxed)));
        while progress.step < options.steps && stopped()? == 0.0 {
            let clock = Instant::now();
            if windows.len() == 0 {
                windows.next_epoch();
            }
            let begins_anew = windows.position() % train.steps() == 0;
            if begins_anew {
                run.set_state(zeros(train.batch()));
            }
            progress.remember(keeps(options), windows.position(), begins_anew, &run, network);
            let Some(window) = windows.next() else { break };
            let block =
                run.advance(network.store.bind(&tape), network.input(window.inputs, window.batch));
            // A part of the mean over the characters of all shards.
            let pairs = shard.sum_number(window.pairs() as f64)?;
            let share = window.pairs() as f64 / pairs;
            let loss = network.loss(&tape, &block, &window) * share as f32;
            let value = shard.sum_number(f64::from(loss.item()))?;
            *tape_bytes = tape.bytes().max(*tape_bytes);
            let mut gradients = run.backward(loss)?;
            shard.sum(&mut gradients)?;
            let _ = clip::global_norm(&mut gradients, options.clip)?;
            optimizer
                .set_learning_rate(options.rate / (1.0 + progress.step as f64 / 1000.0).sqrt());
            optimizer.step(&mut network.store, &gradients)?;
            drop(gradients);
            progress.step += 1;
            progress.position = windows.position();
            progress.training.push((progress.step as f64, value));
            characters += pairs;
            training += clock.elapsed();

            if progress.step.is_multiple_of(interval) || progress.step == options.steps {
                let nats = shard.sum_number(network.surprise(valid, options.window)?)?;
                let loss = nats / shard.sum_number(valid.pairs() as f64)?;
                progress.validation.push((progress.step as f64, loss));
            }
            *chars_per_s = characters / training.as_secs_f64().max(1e-9);
            show(&bar, progress, *chars_per_s);
        }
        bar.finish_and_clear();
        progress.state = run.state_values();
        Ok(())
    }
}

/// Brings the run to where `progress` stands: the state as it was, and on the tape the blocks that sweeps to come
/// go back to, each recorded with the parameters that it was recorded with the first time.
fn resume<'t>(
    tape: &'t Tape<f32>,
    run: &mut Unrolling<'t, '_, f32, rnn::Elman<f32>>,
    windows: &mut Windows<'_, f32>,
    network: &Network,
    progress: &Progress,
) -> Result<()> {
    let constants = |parts: &[ndarray::ArrayD<f32>]| {
        let mut parts = parts.iter();
        State::build(&mut || match parts.next() {
            Some(part) => tape.constant(part),
            None => tape.zeros(&[0, 0]),
        })
    };
    for (k, past) in progress.past.iter().enumerate() {
        windows.seek(past.position);
        if k == 0 || past.begins_anew {
            run.set_state(constants(&past.state));
        }
        let mut store = network.store.clone();
        for (id, parameter) in network.store.ids().zip(&past.parameters) {
            store.get_mut(id).assign(parameter);
        }
        if let Some(window) = windows.next() {
            run.advance(store.bind(tape), network.input(window.inputs, window.batch));
        }
    }
    windows.seek(progress.position);
    if progress.past.is_empty() && !progress.state.is_empty() {
        run.set_state(constants(&progress.state));
    }
    Ok(())
}

/// How far all have come, which one of them shows.
fn bar(options: &Options, done: usize, shard: &Shard<'_, f32>) -> ProgressBar {
    if shard.index() > 0 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(options.steps as u64).with_position(done as u64);
    let style = "{bar:32.cyan/blue} {pos}/{len}  {msg}  ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: &Progress, chars_per_s: f64) {
    let recent = &progress.training[progress.training.len().saturating_sub(50)..];
    let mean = recent.iter().map(|(_, loss)| loss).sum::<f64>() / recent.len().max(1) as f64;
    let valid =
        progress.validation.last().map_or(String::new(), |(_, loss)| format!("  valid {loss:.3}"));
    bar.set_message(format!("loss {mean:.3}{valid}  {:.0}k chars/s", chars_per_s / 1e3));
    bar.set_position(progress.step as u64);
}
