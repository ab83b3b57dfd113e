//! The loop: read a window, sweep, clip, step; now and then look at text that was held back.

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

/// Trains until `options.steps`, from wherever `progress` stands.
pub(crate) fn train(
    options: &Options,
    network: &mut Network,
    optimizer: &mut Adam<f32>,
    progress: &mut Progress,
    (train, valid): (&Stream<f32>, &Stream<f32>),
    stop: &AtomicBool,
) -> Result<Outcome> {
    let tape = Tape::new();
    let window = Truncation::Window(Window::new(options.window, options.k2())?);
    let cell = network.cell.clone();
    let zeros = |batch| cell.zeros(&tape, batch);
    let mut run = Unrolling::new(&tape, &cell, window, zeros(train.batch()));
    let mut windows = train.windows(options.window)?;
    resume(&tape, &mut run, &mut windows, network, progress)?;

    let bar = bar(options, progress.step);
    let (mut training, mut characters, mut tape_bytes) = (Duration::ZERO, 0.0, 0);
    let interval = (options.steps / VALIDATIONS).max(1);
    while progress.step < options.steps && !stop.load(Ordering::Relaxed) {
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
        let loss = network.loss(&tape, &block, &window);
        let value = f64::from(loss.item());
        tape_bytes = tape_bytes.max(tape.bytes());
        let mut gradients = run.backward(loss)?;
        let _ = clip::global_norm(&mut gradients, options.clip)?;
        optimizer.set_learning_rate(options.rate / (1.0 + progress.step as f64 / 1000.0).sqrt());
        optimizer.step(&mut network.store, &gradients)?;
        drop(gradients);
        progress.step += 1;
        progress.position = windows.position();
        progress.training.push((progress.step as f64, value));
        characters += window.pairs() as f64;
        training += clock.elapsed();

        if progress.step.is_multiple_of(interval) || progress.step == options.steps {
            let loss = network.evaluate(valid, options.window)?;
            progress.validation.push((progress.step as f64, loss));
        }
        show(&bar, progress, characters / training.as_secs_f64());
    }
    bar.finish_and_clear();
    progress.state = run.state_values();
    let interrupted = progress.step < options.steps;
    checkpoint::save(&options.weights(), network, optimizer, progress)?;
    Ok(Outcome {
        chars_per_s: characters / training.as_secs_f64().max(1e-9),
        tape_bytes,
        interrupted,
    })
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

fn bar(options: &Options, done: usize) -> ProgressBar {
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
