//! The parts of the `char_lm` example, each on its own.

#![allow(clippy::unwrap_used)] // a test may

#[allow(dead_code)]
#[path = "../examples/char_lm/chart.rs"]
mod chart;
#[allow(dead_code)]
#[path = "../examples/char_lm/checkpoint.rs"]
mod checkpoint;
#[allow(dead_code)]
#[path = "../examples/char_lm/corpus.rs"]
mod corpus;
#[allow(dead_code)]
#[path = "../examples/char_lm/network.rs"]
mod network;
#[allow(dead_code)]
#[path = "../examples/char_lm/ngram.rs"]
mod ngram;
#[allow(dead_code)]
#[path = "../examples/char_lm/options.rs"]
mod options;
#[allow(dead_code)]
#[path = "../examples/char_lm/training.rs"]
mod training;

use approx::assert_abs_diff_eq;
use chart::{ChartError, LossChart};
use checkpoint::Progress;
use clap::Parser;
use network::Network;
use ngram::Ngram;
use options::Options;
use rand::SeedableRng;
use rnn::{
    optim::Adam,
    text::{Stream, Vocabulary},
};
use std::sync::atomic::AtomicBool;

/// A text with repeats at every scale, from a generator that anyone can run in their head.
fn text(len: usize, vocabulary: usize) -> Vec<usize> {
    (0..len)
        .scan(1, |state, i| {
            *state = (*state * 5 + i / 3 + 3) % 64;
            Some(*state % vocabulary)
        })
        .collect()
}

/// The recursion of the module's documentation, word for word, by searching the text.
fn witten_bell(text: &[usize], vocabulary: usize, order: usize, past: &[usize], c: usize) -> f64 {
    if order == 0 {
        return 1.0 / vocabulary as f64;
    }
    if past.len() < order - 1 {
        return witten_bell(text, vocabulary, order - 1, past, c);
    }
    let h = &past[past.len() - (order - 1)..];
    let after: Vec<usize> =
        text.windows(order).filter(|w| w.starts_with(h)).map(|w| w[order - 1]).collect();
    let seen = after.iter().filter(|&&x| x == c).count() as f64;
    let types = (0..vocabulary).filter(|x| after.contains(x)).count() as f64;
    let shorter = witten_bell(text, vocabulary, order - 1, past, c);
    if after.is_empty() { shorter } else { (seen + types * shorter) / (after.len() as f64 + types) }
}

#[test]
fn an_ngram_is_its_formula() {
    let (train, test) = (text(150, 6), text(180, 6).split_off(150));
    for order in 0..=5 {
        let model = Ngram::train(&train, 6, order);
        let mut total = 0.0;
        for (i, &c) in test.iter().enumerate() {
            let expected = witten_bell(&train, 6, order, &test[..i], c);
            let p = model.probability(&test[..i], c);
            assert!((p / expected - 1.0).abs() < 1e-12, "order {order}: {p} is not {expected}");
            total -= expected.ln();
        }
        let nats = model.nats_per_character(&test);
        assert!((nats / (total / 30.0) - 1.0).abs() < 1e-12, "order {order}: {nats}");
    }
}

#[test]
fn an_ngram_worked_by_hand() {
    // abab: after a came b twice; p₁(b) = (2 + 2 · 1/3) / (4 + 2), p₂(b | a) = (2 + p₁) / 3.
    let model = Ngram::train(&[0, 1, 0, 1], 3, 2);
    assert_abs_diff_eq!(model.probability(&[], 1), 4.0 / 9.0, epsilon = 1e-15);
    assert_abs_diff_eq!(model.probability(&[0], 1), 22.0 / 27.0, epsilon = 1e-15);
    // c was never seen, but has its share of the vocabulary: p₁(c) = 2 · 1/3 / 6.
    assert_abs_diff_eq!(model.probability(&[], 2), 1.0 / 9.0, epsilon = 1e-15);
    assert_eq!(model.probability(&[2], 2), model.probability(&[], 2));
}

#[test]
fn probabilities_sum_to_one_after_any_past() {
    let train = text(150, 6);
    for order in 0..=5 {
        let model = Ngram::train(&train, 6, order);
        for past in [&[][..], &[5], &[0, 0, 0, 0, 0], &train[..7]] {
            let sum: f64 = (0..6).map(|c| model.probability(past, c)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "order {order} after {past:?}: {sum}");
        }
    }
}

#[test]
fn order_zero_is_the_logarithm_of_the_vocabulary() {
    let model = Ngram::train(&text(50, 6), 6, 0);
    assert_abs_diff_eq!(model.nats_per_character(&[0, 1, 5, 5]), 6f64.ln(), epsilon = 1e-15);
}

#[test]
fn a_context_ends_where_the_text_begins() {
    // The training text ends in 0, and 1 always follows 0: a leak would make 1 likelier.
    let model = Ngram::train(&[0, 1, 0, 1, 0], 2, 2);
    let first = model.nats_per_character(&[1]);
    assert!((first + model.probability(&[], 1).ln()).abs() < 1e-15);
}

#[test]
#[should_panic(expected = "token 6 is outside the vocabulary of 6")]
fn a_token_from_elsewhere_is_named() {
    Ngram::train(&[0, 6], 6, 2);
}

const CHART: LossChart<'static> = LossChart {
    title: "a < b",
    time: "epoch",
    training: &[(0.0, 4.0), (0.5, 3.0), (1.0, 2.0)],
    validation: &[(0.5, 2.75), (1.0, 2.25)],
    baseline: Some(("five-gram", 1.5)),
};

#[test]
fn a_chart_names_all_that_it_shows() {
    let svg = CHART.svg().unwrap();
    assert!(svg.starts_with("<svg width=\"840\" height=\"480\""), "{}", &svg[..80]);
    assert!(svg.trim_end().ends_with("</svg>"));
    let words =
        ["a &lt; b", "epoch", "nats per character", "training", "best 2.250", "five-gram, 1.500"];
    for word in words {
        assert!(svg.contains(word), "no `{word}` in the chart");
    }
    // Each validation loss is a point, and one more stands in the legend.
    assert_eq!(svg.matches("<circle").count(), 3);
}

#[test]
fn a_chart_needs_no_more_than_one_loss() {
    let one = LossChart { training: &[(0.0, 4.0)], validation: &[], baseline: None, ..CHART };
    assert!(one.svg().unwrap().contains("training"));
    let one = LossChart { training: &[], validation: &[(1.0, 2.0)], ..CHART };
    assert!(!one.svg().unwrap().contains("training"));
}

#[test]
fn a_long_training_makes_no_long_chart() {
    let training: Vec<_> = (0..100_000).map(|i| (i as f64, 1.0 + (i as f64).sin())).collect();
    let svg = LossChart { training: &training, ..CHART }.svg().unwrap();
    assert!(svg.len() < 50_000, "{} bytes", svg.len());
}

#[test]
fn a_chart_that_cannot_be_drawn_says_why() {
    let empty = LossChart { training: &[], validation: &[], ..CHART };
    assert!(matches!(empty.svg(), Err(ChartError::Empty)));

    let diverged = LossChart { training: &[(0.0, 4.0), (0.5, f64::NAN)], ..CHART };
    let message = diverged.svg().unwrap_err().to_string();
    assert!(
        message.contains("training loss 1 ") && message.contains("NaN at time 0.5"),
        "{message}"
    );

    let message = CHART.save("no/such/directory/loss.svg").unwrap_err().to_string();
    assert!(message.contains("`no/such/directory/loss.svg`"), "{message}");
}

#[test]
fn the_corpus_holds_this_very_sentence() {
    let text = corpus::text();
    assert!(text.contains("fn the_corpus_holds_this_very_sentence()"));
    assert!(text.contains("# bptt"), "the README is missing");
    assert!(!text.contains('\r'));
}

#[test]
fn the_corpus_can_be_streamed() {
    let text = corpus::text();
    let vocabulary = rnn::text::Vocabulary::from_text(&text).unwrap();
    let tokens = vocabulary.encode(&text).unwrap();
    let stream = rnn::text::Stream::<f32>::new(&tokens, 16).unwrap();
    let pairs: usize = stream.windows(50).unwrap().map(|window| window.pairs()).sum();
    assert_eq!(pairs, tokens.len() - 1);
}

/// Trains a small network on a text of 600 characters, from the beginning or from where it stands in `out`, and
/// returns where it stands then: losses, parameters and the carried state of each row.
fn trained(out: &str, flags: &str) -> (Progress, Network) {
    let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(out);
    std::fs::create_dir_all(&out).unwrap();
    let small = "char_lm --hidden 5 --window 6 --k2 14 --batch 7 --rate 0.01 ";
    let flags = small.split_whitespace().chain(flags.split_whitespace());
    let mut options = Options::parse_from(flags);
    options.out = out;
    let vocabulary: Vocabulary = "abcdef".parse().unwrap();
    let text = text(600, 6);
    let (train, valid) = text.split_at(500);
    let (train, valid) = (Stream::new(train, 7).unwrap(), Stream::new(valid, 7).unwrap());
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(options.seed);
    let mut network = Network::new(6, options.hidden, &mut rng).unwrap();
    let (mut adam, mut progress) = (Adam::new(options.rate), Progress::new(&options, &vocabulary));
    if options.resume {
        let file = (&*options.weights(), options.batch);
        checkpoint::load(file, &mut network, &mut adam, &mut progress).unwrap();
    }
    let stop = AtomicBool::new(false);
    training::train(&options, &mut network, &mut adam, &mut progress, (&train, &valid), &stop)
        .unwrap();
    (progress, network)
}

#[track_caller]
fn assert_same_bits((a, one): &(Progress, Network), (b, other): &(Progress, Network)) {
    let losses = |points: &[(f64, f64)]| points.iter().map(|p| p.1 as f32).collect::<Vec<_>>();
    assert_eq!(losses(&a.training), losses(&b.training));
    assert_eq!(a.state, b.state);
    for ((_, name, a), (_, _, b)) in one.store.iter().zip(other.store.iter()) {
        assert_eq!(a, b, "{name}");
    }
}

#[test]
fn any_number_of_threads_trains_to_the_same_bits() {
    // 30 steps lead over the end of the text, where some rows end one character earlier.
    let one = trained("one_thread", "--steps 30 --shards 3 --threads 1");
    assert_eq!((one.0.training.len(), one.0.validation.len()), (30, 10));
    for threads in [2, 3] {
        let flags = format!("--steps 30 --shards 3 --threads {threads}");
        let several = trained(&format!("{threads}_threads"), &flags);
        assert_same_bits(&one, &several);
        assert_eq!(one.0.training, several.0.training);
        assert_eq!(one.0.validation, several.0.validation);
    }
}

#[test]
fn shards_train_what_the_batch_in_one_piece_does() {
    let (whole, cut) = (trained("whole", "--steps 30"), trained("cut", "--steps 30 --shards 3"));
    for (a, b) in [(&whole.0.training, &cut.0.training), (&whole.0.validation, &cut.0.validation)] {
        for (a, b) in a.iter().zip(b) {
            assert!((a.1 - b.1).abs() < 2e-6, "{a:?} and {b:?}");
        }
    }
    assert_ne!(whole.0.training, cut.0.training, "sums are rounded in another order");
    assert_eq!(whole.0.state[0].shape(), cut.0.state[0].shape());
    assert_abs_diff_eq!(whole.0.state[0], cut.0.state[0], epsilon = 1e-5);
}

#[test]
fn shards_go_on_from_a_file_on_another_number_of_threads() {
    let straight = trained("straight", "--steps 20 --shards 3 --threads 2");
    for steps in [0, 7, 13, 20] {
        trained("stopped", &format!("--steps {steps} --shards 3 --threads 3"));
        let resumed = trained("stopped", "--steps 20 --shards 3 --threads 1 --resume");
        assert_eq!(resumed.0.training.len(), 20);
        assert_same_bits(&straight, &resumed);
    }
}

#[test]
fn a_file_whose_states_do_not_fit_is_refused() {
    let (progress, _) = trained("unfit", "--steps 3");
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("unfit/weights.safetensors");
    let load = |batch| {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let mut network = Network::new(6, 5, &mut rng).unwrap();
        checkpoint::load((&path, batch), &mut network, &mut Adam::new(0.01), &mut progress.clone())
    };
    load(7).unwrap();
    let error = load(8).unwrap_err().to_string();
    assert!(error.contains("each state has the shapes [[7, 5]], but the network's are [[8, 5]]"));
}
