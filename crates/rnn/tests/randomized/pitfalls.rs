//! What brings a bias back, one test each.

use super::{Model, add, elman, every_draw};
use crate::zoo::BATCH;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Elman, ParamStore, Readout,
    bptt::{End, Randomized, Segment, Spread},
    clip,
};
use tape::{Gradients, Tape};

#[test]
fn a_draw_and_its_weight_are_of_the_same_age() {
    let rule = Randomized::by_age(50.0, 4.0).unwrap();
    let (mut asked, mut segment) = (Vec::new(), Segment::before(0));
    let mut decisions = [false, false, true, false, true, false, false].into_iter();
    let mut weights = Vec::new();
    while rule.next(&mut segment, 8, |c| {
        asked.push(c);
        decisions.next().unwrap()
    }) {
        weights.push(segment.factors.clone());
    }
    let c = |age: f64| 3.0 / (2.0 * 50.0 + age);
    assert_eq!(asked, [c(1.0), c(2.0), c(3.0), c(1.0), c(2.0), c(1.0), c(2.0)]);
    let w = |age: f64| 1.0 / (1.0 - c(age));
    assert_eq!(weights, [vec![1.0, w(1.0), w(2.0)], vec![1.0, w(1.0)], vec![1.0, w(1.0), w(2.0)]]);
    // With an age less in the weight, paths of all lengths would be too heavy, by up to this: 100/97.
    let off: f64 = (1..100_000).map(|n| w(f64::from(n) - 1.0) / w(f64::from(n))).product();
    assert!((off - 100.0 / 97.0).abs() < 1e-4, "{off}");
}

#[test]
fn a_mean_over_the_length_that_was_drawn_is_biased_and_over_the_mean_length_is_not() {
    elman(6, |mut model| {
        let rule = Randomized::by_age(3.0, 4.0).unwrap();
        let full = model.full();
        let mut by_mean = Spread::new();
        let mut over = |_: &mut ParamStore<f64>, g: &mut Gradients<f64>| {
            g.for_each_param_mut(|_, g| *g /= 3.0);
        };
        every_draw(|cut| model.drawn(&rule, cut, &mut over).0, |g, p| by_mean.add_weighted(&g, p));
        for (id, g) in full.params() {
            approx::assert_abs_diff_eq!(&(by_mean.mean(id).unwrap() * 3.0), g, epsilon = 1e-12);
        }
        model.mean = true;
        let realised = model.spread(&rule);
        // In no scale is it the gradient: not only too small, but of another direction.
        let (mut dot, mut squares) = (0.0, 0.0);
        for (id, g) in full.params() {
            dot += (realised.mean(id).unwrap() * g).sum();
            squares += (g * g).sum();
        }
        let cosine = dot / (realised.norm() * squares.sqrt());
        assert!((0.5..0.99).contains(&cosine), "{cosine}");
    });
}

#[test]
fn clipping_the_gradient_of_a_segment_is_biased() {
    elman(6, |model| {
        let (rule, full) = (Randomized::constant(0.3).unwrap(), model.full());
        let bias = |threshold: f64| {
            let (mut spread, mut clipped, mut segments) = (Spread::new(), 0, 0);
            every_draw(
                |cut| {
                    let mut change = |_: &mut ParamStore<f64>, g: &mut Gradients<f64>| {
                        let report = clip::global_norm(g, threshold).unwrap();
                        clipped += usize::from(report.clipped);
                        segments += 1;
                    };
                    model.drawn(&rule, cut, &mut change).0
                },
                |g, probability| spread.add_weighted(&g, probability),
            );
            (model.bias(&spread, &full), clipped as f64 / segments as f64)
        };
        let (unclipped, never) = bias(1e9);
        assert!(unclipped < 1e-12 && never == 0.0);
        let (clipped, rate) = bias(0.5);
        assert!(clipped > 0.05 && rate > 0.1, "{clipped}, {rate}");
    });
}

#[test]
fn a_draw_does_not_know_the_data() {
    elman(40, |mut model| {
        let rule = Randomized::by_age(4.0, 4.0).unwrap();
        let lengths = |model: &Model<'_, Elman<f64>>| {
            let (mut rng, mut lengths) = (ChaCha8Rng::seed_from_u64(3), Vec::new());
            let tape = Tape::new();
            let run = rule.run(
                &tape,
                model.cell,
                &mut model.store.clone(),
                |p| model.first(p),
                model.steps,
                Readout::After,
                &mut rng,
                |p, steps| model.inputs(p, steps),
                |_, block| {
                    lengths.push(block.steps.clone());
                    model.loss(block)
                },
                |_, _| Ok(()),
            );
            (lengths, run.unwrap().2)
        };
        let (one, tally) = lengths(&model);
        for id in model.store.ids().collect::<Vec<_>>() {
            model.store.get_mut(id).mapv_inplace(|w| 1.7 * w);
        }
        assert_eq!(lengths(&model).0, one);
        let longest = one.iter().map(ExactSizeIterator::len).max();
        assert_eq!((tally.segments, tally.steps, Some(tally.longest)), (one.len(), 40, longest));
        assert!(tally.weight > 1.0 && tally.capped == 0);
        assert_eq!(
            one.iter().map(|steps| steps.start).skip(1).collect::<Vec<_>>(),
            one.iter().map(|steps| steps.end).take(one.len() - 1).collect::<Vec<_>>()
        );
    });
}

#[test]
fn parameters_that_move_within_a_sequence_have_no_one_gradient_to_be_right_about() {
    elman(5, |model| {
        let (rule, full) = (Randomized::constant(0.3).unwrap(), model.full());
        let bias = |rate: f64| {
            let mut spread = Spread::new();
            every_draw(
                |cut| {
                    let mut descend = |store: &mut ParamStore<f64>, g: &mut Gradients<f64>| {
                        for (id, g) in g.params() {
                            store.get_mut(id).scaled_add(-rate, g);
                        }
                    };
                    model.drawn(&rule, cut, &mut descend).0
                },
                |g, probability| spread.add_weighted(&g, probability),
            );
            model.bias(&spread, &full)
        };
        let (still, slow, fast) = (bias(0.0), bias(1e-3), bias(1e-2));
        assert!(still < 1e-12 && slow > 1e-6, "{still:e} {slow:e}");
        assert!((5.0..20.0).contains(&(fast / slow)), "of the first order: {slow:e} {fast:e}");
    });
}

#[test]
fn one_draw_serves_all_rows_of_a_batch() {
    elman(7, |mut model| {
        let rule = Randomized::by_age(3.0, 4.0).unwrap();
        let decisions = [false, true, false, false, true, false];
        let draw = |model: &Model<'_, Elman<f64>>| {
            let mut left = decisions.into_iter();
            let (g, tally) = model.drawn(&rule, &mut |_| left.next().unwrap(), &mut |_, _| {});
            assert_eq!((tally.segments, left.next()), (3, None));
            g
        };
        let both = draw(&model);
        let mut rows = None;
        for row in 0..BATCH {
            model.rows = row..row + 1;
            add(&mut rows, &draw(&model));
        }
        let rows = rows.unwrap();
        for (id, g) in both.params() {
            approx::assert_abs_diff_eq!(g, &rows[id], epsilon = 1e-13);
        }
    });
}

#[test]
fn nothing_makes_up_for_the_end_of_the_sequence() {
    let rule = Randomized::constant(0.25).unwrap();
    for steps in 1..6 {
        let (mut asked, mut segment) = (0, Segment::before(0));
        assert!(rule.next(&mut segment, steps, |_| {
            asked += 1;
            false
        }));
        assert_eq!((asked, segment.end), (steps - 1, End::Data));
        assert_eq!(segment.steps, 0..steps);
        let weight = (4.0_f64 / 3.0).powi(steps as i32 - 1);
        assert!(
            (segment.weight() / weight - 1.0).abs() < 1e-15,
            "{} and {weight}",
            segment.weight()
        );
        assert!(!rule.next(&mut segment, steps, |_| unreachable!()));
    }
}
