//! A character language model, trained by truncated backpropagation through time.
//!
//! ```text
//! cargo run --release --example char_lm
//! cargo run --release --example char_lm -- --text shakespeare.txt --steps 3000 --json
//! cargo run --release --example char_lm -- --shards 2 --threads 2
//! ```
//!
//! | file              | what it does                                                |
//! |-------------------|-------------------------------------------------------------|
//! | `options.rs`      | what can be asked on the command line                       |
//! | `corpus.rs`       | the text there is when no other is given                    |
//! | `network.rs`      | a character in, a recurrence, scores for the next one out   |
//! | `training.rs`     | the loop, and the shards that run it                        |
//! | `checkpoint.rs`   | stopping, and going on as if one had not                    |
//! | `ngram.rs`        | what a counter of short contexts reaches: the baseline      |
//! | `chart.rs`        | the course of training in one picture                       |

mod chart;
mod checkpoint;
mod corpus;
mod network;
mod ngram;
mod options;
mod training;

use clap::Parser;
use network::Network;
use ngram::Ngram;
use options::Options;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    optim::Adam,
    text::{Stream, Vocabulary, read_text},
};
use std::{
    error::Error,
    fs,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    busy(options)?;
    let text = match &options.text {
        Some(path) => read_text(path)?,
        None => corpus::text(),
    };
    writable(options)?;
    rnn::bptt::Window::new(options.window, options.k2())?;
    let vocabulary = Vocabulary::from_text(&text)?;
    let prime =
        vocabulary.encode(options.prime.as_deref().unwrap_or(&text[..first_line(&text)]))?;
    let tokens = vocabulary.encode(&text)?;
    let (train_tokens, valid_tokens) = tokens.split_at(tokens.len() * 9 / 10);
    let train = long_enough(Stream::new(train_tokens, options.batch)?, options)?;
    let valid =
        Stream::new(valid_tokens, options.batch.min(valid_tokens.len().saturating_sub(1)).max(1))?;

    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut network = Network::new(vocabulary.len(), options.hidden, &mut rng)?;
    let mut optimizer = Adam::new(options.rate);
    let mut progress = checkpoint::Progress::new(options, &vocabulary);
    if options.resume {
        let file = (&*options.weights(), options.batch);
        checkpoint::load(file, &mut network, &mut optimizer, &mut progress)?;
    }
    let (order, ngram_loss) = (1..=5)
        .map(|order| {
            let ngram = Ngram::train(train_tokens, vocabulary.len(), order);
            (order, ngram.nats_per_character(valid_tokens))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((0, f64::NAN));
    let say = |line: String| {
        if !options.json {
            println!("{line}");
        }
    };
    say(format!(
        "{} characters to learn from, {} held back, {} different; an Elman network of {} numbers",
        train_tokens.len(),
        valid_tokens.len(),
        vocabulary.len(),
        network.store.elements()
    ));
    say(format!(
        "the best n-gram counter (order {order}) reaches {ngram_loss:.3} nats a character\n"
    ));

    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed))?;
    let outcome = training::train(
        options,
        &mut network,
        &mut optimizer,
        &mut progress,
        (&train, &valid),
        &stop,
    )?;
    if outcome.interrupted {
        say(format!(
            "stopped at step {}; --resume goes on from {}",
            progress.step,
            options.weights().display()
        ));
    }
    let val_loss = match progress.validation.last() {
        Some(&(at, loss)) if at as usize == progress.step => loss,
        _ => network.evaluate(&valid, options.window)?,
    };
    draw_chart(options, &progress, ngram_loss)?;

    let mut rng = ChaCha8Rng::seed_from_u64(options.seed ^ 0x5a5a);
    let sample = network.sample(&prime, options.sample, options.temperature, &mut rng);
    let recent = &progress.training[progress.training.len().saturating_sub(100)..];
    let train_loss = recent.iter().map(|(_, loss)| loss).sum::<f64>() / recent.len().max(1) as f64;
    say(format!("{}{}\n", vocabulary.decode(&prime)?, vocabulary.decode(&sample)?));
    say(format!(
        "train loss        {train_loss:.3} nats a character (mean of the last {})",
        recent.len()
    ));
    say(format!("validation loss   {val_loss:.3}"));
    say(format!("best n-gram       {ngram_loss:.3}"));
    say(format!("speed             {:.0} characters a second", outcome.chars_per_s));
    say(format!("tape              {} KiB at most", outcome.tape_bytes / 1024));
    say(format!("written           {} and loss.svg beside it", options.weights().display()));
    if options.json {
        let json = serde_json::json!({
            "steps": progress.step,
            "train_loss": train_loss,
            "val_loss": val_loss,
            "ngram_loss": ngram_loss,
            "ngram_order": order,
            "chars_per_s": outcome.chars_per_s,
            "tape_bytes": outcome.tape_bytes,
            "parameters": network.store.elements(),
            "interrupted": outcome.interrupted,
            "seed": options.seed,
            "shards": options.shards,
        });
        println!("{json}");
    }
    Ok(())
}

/// Makes the folder and a file in it, so that what cannot be written is said before an hour of training.
fn writable(options: &Options) -> Result<(), Box<dyn Error>> {
    let probe = options.out.join(".writable");
    fs::create_dir_all(&options.out)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|why| {
            format!(
                "--out {}: cannot be written: {why}; name a folder that can",
                options.out.display()
            )
            .into()
        })
}

/// Refuses threads that would have nothing to do: how many shards there are is not for threads to decide.
fn busy(Options { shards, threads, .. }: &Options) -> Result<(), Box<dyn Error>> {
    if threads > shards {
        return Err(format!(
            "--threads {threads}: {shards} shard(s) keep no more than {shards} of them busy; cut the batch by \
             --shards {threads}, which is seen in the last bits of every loss, or ask for fewer threads"
        )
        .into());
    }
    Ok(())
}

fn long_enough(stream: Stream<f32>, options: &Options) -> Result<Stream<f32>, Box<dyn Error>> {
    if options.window > 0 && stream.steps() < options.window {
        return Err(format!(
            "the text is shorter than one window: {} characters give each of {} readers {} steps, fewer than \
             --window {}; give a longer text, or fewer readers (--batch) or a shorter window",
            stream.pairs() + 1,
            stream.batch(),
            stream.steps(),
            options.window
        )
        .into());
    }
    Ok(stream)
}

fn draw_chart(
    options: &Options,
    progress: &checkpoint::Progress,
    ngram_loss: f64,
) -> Result<(), Box<dyn Error>> {
    if progress.training.is_empty() {
        return Ok(());
    }
    let chart = chart::LossChart {
        title: "An Elman network learns to write",
        time: "updates",
        training: &progress.training,
        validation: &progress.validation,
        baseline: Some(("best n-gram", ngram_loss)),
    };
    Ok(chart.save(options.out.join("loss.svg"))?)
}

/// Where the first line ends, its newline counted.
fn first_line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}
