//! The parts of the `char_lm` example, each on its own.

#[allow(dead_code)]
#[path = "../examples/char_lm/chart.rs"]
mod chart;
#[allow(dead_code)]
#[path = "../examples/char_lm/corpus.rs"]
mod corpus;
#[allow(dead_code)]
#[path = "../examples/char_lm/ngram.rs"]
mod ngram;

use approx::assert_abs_diff_eq;
use chart::{ChartError, LossChart};
use ngram::Ngram;

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
