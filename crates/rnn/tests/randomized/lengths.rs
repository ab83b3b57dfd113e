//! How long segments are, and what is no probability.

use super::{add, elman};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Readout,
    bptt::{RandomLength, Randomized, Segment, Spread},
};
use std::collections::BTreeMap;
use tape::Tape;

#[test]
fn segments_have_the_mean_length_that_was_asked_for() {
    for (mean, alpha) in [(1.5, 4.0), (16.0, 4.0), (50.0, 6.0), (16.0, 2.5)] {
        let rule = Randomized::by_age(mean, alpha).unwrap();
        for n in [1, 10, 1000] {
            // E[length] = Σ P(length > k), and what is left after n steps is a + n over α − 2, for a = (α − 2) L₀.
            let sum: f64 = (0..n).map(|k| rule.survival(k)).sum();
            let left = rule.survival(n) * ((alpha - 2.0) * mean + n as f64) / (alpha - 2.0);
            approx::assert_relative_eq!(sum + left, mean, max_relative = 1e-12);
        }
    }
    let (mut rng, rule) = (ChaCha8Rng::seed_from_u64(9), Randomized::by_age(16.0, 6.0).unwrap());
    let (mut segment, mut counts) = (Segment::before(0), BTreeMap::<usize, usize>::new());
    while rule.next(&mut segment, 1_000_000, |c| rand::RngExt::random::<f64>(&mut rng) < c) {
        *counts.entry(segment.steps.len()).or_default() += 1;
    }
    let n: usize = counts.values().sum();
    let mean = 1e6 / n as f64;
    // Var = Σ (2n + 1) P(length > n) − L₀²
    let mut longer = 1.0;
    let mut second = 0.0;
    for n in 0..200_000 {
        second += (2 * n + 1) as f64 * longer;
        longer *= 1.0 - rule.chance(n + 1, 0);
    }
    let variance: f64 = second - 256.0;
    assert!((mean - 16.0).abs() < 4.0 * (variance / n as f64).sqrt(), "{mean}");
}

#[test]
fn random_lengths_are_as_they_were_described() {
    let (mut rng, lengths) = (ChaCha8Rng::seed_from_u64(4), RandomLength::new(70.0).unwrap());
    let n = 200_000;
    let drawn: Vec<f64> = (0..n).map(|_| lengths.draw(&mut rng) as f64).collect();
    let mean = drawn.iter().sum::<f64>() / n as f64;
    // 0.95 · 70 + 0.05 · 35, less a half for rounding down.
    let variance = 25.0 + 1.0 / 12.0 + 0.95 * 0.05 * 35.0 * 35.0;
    assert!((mean - 67.75).abs() < 4.0 * (variance / f64::from(n)).sqrt(), "{mean}");
    let halved = drawn.iter().filter(|&&length| length < 52.0).count() as f64 / f64::from(n);
    assert!((halved - 0.05).abs() < 4.0 * (0.05 * 0.95 / f64::from(n)).sqrt(), "{halved}");
    let short = RandomLength::with(6.0, 0.5, 5.0, 5).unwrap();
    assert!((0..1000).all(|_| short.draw(&mut rng) >= 5));
    assert_eq!(lengths.rate(35), 0.5);

    elman(40, |model| {
        let (mut at, mut sum) = (0, None);
        let lengths = RandomLength::with(7.0, 0.2, 2.0, 3).unwrap();
        let (_, _, tally) = lengths
            .run(
                &Tape::new(),
                model.cell,
                &mut model.store.clone(),
                |p| model.first(p),
                40,
                Readout::After,
                &mut rng,
                |p, steps| model.inputs(p, steps),
                |_, block| model.loss(block),
                |_, gradients, segment| {
                    assert_eq!(segment.steps.start, at);
                    at = segment.steps.end;
                    assert!(segment.factors.is_empty() && segment.weight() == 1.0);
                    add(&mut sum, gradients);
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!((at, tally.steps), (40, 40));
        let mut spread = Spread::new();
        spread.add(&sum.unwrap());
        assert!(model.bias(&spread, &model.full()) > 1e-3);
    });
}

#[test]
fn chances_that_are_none_are_refused() {
    let text = |result: rnn::Result<Randomized>| result.unwrap_err().to_string();
    let rule = "there is a probability in [0, 1) for every step: a sure cut cannot be made up for; \
                for cuts at fixed places take a `Window`";
    for (c, named) in [(1.0, "1"), (-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(
            text(Randomized::constant(c)),
            format!("a cut with probability {named}: {rule}")
        );
        let listed = Randomized::listed(vec![0.5, c]);
        assert_eq!(text(listed), format!("a cut with probability {named}: {rule}"));
    }
    assert_eq!(text(Randomized::listed(vec![])), format!("no chances: {rule}"));
    assert!(Randomized::constant(0.0).is_ok());
    let rule = "segments are longer than one step, and have a mean only for α > 2; let L₀ be more than 1 and α 4 or 6";
    for (mean, alpha) in [(1.0, 4.0), (16.0, 2.0), (f64::NAN, 4.0), (16.0, f64::INFINITY)] {
        let what = format!("segments of {mean} steps on the average, with α = {alpha}: {rule}");
        assert_eq!(text(Randomized::by_age(mean, alpha)), what);
    }
    assert_eq!(
        text(Randomized::constant(0.5).unwrap().capped(0)),
        "segments of at most 0 steps: a segment has a step; let the cap be several times the mean length"
    );
    for wrong in [
        RandomLength::with(0.5, 0.05, 5.0, 5),
        RandomLength::with(70.0, 1.5, 5.0, 5),
        RandomLength::with(70.0, 0.05, -1.0, 5),
        RandomLength::with(70.0, 0.05, 5.0, 0),
    ] {
        assert!(wrong.unwrap_err().to_string().contains("lengths are at least 1"));
    }
}
