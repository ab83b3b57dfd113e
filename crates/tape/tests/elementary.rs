//! The elementary functions against wider arithmetic, and against themselves in every lane.

use tape::Real;

/// The distance between neighbouring `f32` where `y` lies.
fn ulp_f32(y: f64) -> f64 {
    let exponent = (y.abs().to_bits() >> 52) as i32 - 1023;
    2f64.powi(exponent.max(-126) - 23)
}

/// Compares `f` at every 97th of all the `f32` there are with `exact`: the greatest error in ULP.
fn sweep(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
    let step = if cfg!(debug_assertions) { 9973 } else { 97 };
    let mut worst = 0.0;
    let mut ys = [0.0; 4096];
    let mut xs = (0..=u32::MAX).step_by(step).map(f32::from_bits);
    loop {
        let block: Vec<f32> = xs.by_ref().take(ys.len()).collect();
        if block.is_empty() {
            return worst;
        }
        f32::vectorize(|| ys.iter_mut().zip(&block).for_each(|(y, &x)| *y = f(x)));
        for (&x, &y) in block.iter().zip(&ys) {
            let truth = exact(f64::from(x));
            let rounded = truth as f32;
            if rounded.is_nan() {
                assert!(y.is_nan(), "NaN expected at {x:e}, not {y:e}");
            } else if rounded.is_infinite() || y.is_infinite() {
                assert_eq!(y, rounded, "at {x:e}");
            } else {
                assert!(y.is_finite(), "{truth:e} expected at {x:e}, not {y:e}");
                worst = f64::max(worst, (f64::from(y) - truth).abs() / ulp_f32(truth));
            }
        }
    }
}

#[test]
fn single_exp_is_within_one_ulp_on_the_whole_line() {
    let worst = sweep(Real::exp, f64::exp);
    assert!(worst < 0.9, "{worst}");
}

#[test]
fn single_expm1_is_within_about_one_ulp_on_the_whole_line() {
    let worst = sweep(Real::expm1, f64::exp_m1);
    assert!(worst < 1.1, "{worst}");
}

#[test]
fn single_tanh_is_within_two_ulp_on_the_whole_line() {
    let worst = sweep(Real::tanh, f64::tanh);
    assert!(worst < 1.6, "{worst}");
}

#[test]
fn single_sigmoid_is_within_two_ulp_on_the_whole_line() {
    let logistic =
        |x: f64| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
    let worst = sweep(Real::sigmoid, logistic);
    assert!(worst < 1.6, "{worst}");
}

#[test]
fn single_ln_is_within_one_ulp_on_the_whole_line() {
    let worst = sweep(Real::ln, f64::ln);
    assert!(worst < 0.9, "{worst}");
}

#[test]
fn single_ln_1p_is_within_one_ulp_on_the_whole_line() {
    let worst = sweep(Real::ln_1p, f64::ln_1p);
    assert!(worst < 0.95, "{worst}");
}

#[test]
fn double_functions_meet_values_of_sixty_digits() {
    let mut lines = 0;
    for line in include_str!("golden/elementary.txt").lines() {
        let [name, x, y, excess] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("not a row: {line}");
        };
        let bits = |hex| u64::from_str_radix(hex, 16).unwrap();
        let x = f64::from_bits(bits(x));
        let (ours, bound) = match name {
            "exp" => (Real::exp(x), 0.9),
            "expm1" => (Real::expm1(x), 1.1),
            "tanh" => (Real::tanh(x), 1.6),
            "sigmoid" => (Real::sigmoid(x), 1.6),
            "ln" => (Real::ln(x), 0.9),
            "ln_1p" => (Real::ln_1p(x), 0.95),
            "erf" => (Real::erf(x), 1.1),
            _ => panic!("no function of that name: {line}"),
        };
        let steps = ours.to_bits().wrapping_sub(bits(y)) as i64 as f64;
        let error = (steps - excess.parse::<f64>().unwrap()).abs();
        assert!(error < bound, "{name}({x:e}) = {ours:e} is {error} ULP off");
        lines += 1;
    }
    assert!(lines > 2000);
}

macro_rules! in_both_precisions {
    ($($float:ident)*) => {$(
        mod $float {
            use tape::Real;

            type Function = (&'static str, fn($float) -> $float);

            const FUNCTIONS: [Function; 7] = [
                ("exp", Real::exp),
                ("expm1", Real::expm1),
                ("tanh", Real::tanh),
                ("sigmoid", Real::sigmoid),
                ("ln", Real::ln),
                ("ln_1p", Real::ln_1p),
                ("erf", Real::erf),
            ];

            /// Both signs of what is small, middling, huge, subnormal, infinite.
            fn arguments() -> Vec<$float> {
                let mut xs = vec![0.0, $float::MIN_POSITIVE, $float::MAX, $float::INFINITY];
                xs.extend((1..400).map(|i| (i as $float * 0.731).sin() * i as $float));
                xs.extend((1..400).map(|i| (i as $float * 0.517).cos() * (0.1 * i as $float).exp2()));
                xs.extend((1..400).map(|i| (-0.3 * i as $float).exp2()));
                xs.extend((1..50).map(|i| $float::MIN_POSITIVE / i as $float));
                let mirrored: Vec<_> = xs.iter().map(|x| -x).collect();
                xs.extend(mirrored);
                xs
            }

            /// `f` of a slice, inlined where wide instructions are on.
            fn slice(f: impl Fn($float) -> $float, xs: &[$float]) -> Vec<$float> {
                let mut ys = vec![0.0; xs.len()];
                <$float>::vectorize(
                    #[inline(always)]
                    || {
                        for (y, &x) in ys.iter_mut().zip(xs) {
                            *y = f(x);
                        }
                    },
                );
                ys
            }

            #[test]
            fn a_value_has_the_same_bits_alone_and_in_any_lane() {
                let xs = arguments();
                let compare = |name: &str, f: fn($float) -> $float, offset: usize, ys: Vec<$float>| {
                    for (&x, y) in xs[offset..].iter().zip(ys) {
                        let alone = f(std::hint::black_box(x));
                        let same = alone.to_bits() == y.to_bits() || alone.is_nan() && y.is_nan();
                        assert!(same, "{name}({x:e}): {alone:e} alone, {y:e} from offset {offset}");
                    }
                };
                for offset in 0..33 {
                    let [exp, expm1, tanh, sigmoid, ln, ln_1p, erf] = FUNCTIONS;
                    compare(exp.0, exp.1, offset, slice(Real::exp, &xs[offset..]));
                    compare(expm1.0, expm1.1, offset, slice(Real::expm1, &xs[offset..]));
                    compare(tanh.0, tanh.1, offset, slice(Real::tanh, &xs[offset..]));
                    compare(sigmoid.0, sigmoid.1, offset, slice(Real::sigmoid, &xs[offset..]));
                    compare(ln.0, ln.1, offset, slice(Real::ln, &xs[offset..]));
                    compare(ln_1p.0, ln_1p.1, offset, slice(Real::ln_1p, &xs[offset..]));
                    compare(erf.0, erf.1, offset, slice(Real::erf, &xs[offset..]));
                }
            }

            #[test]
            fn what_is_known_exactly_is_exact() {
                let inf = $float::INFINITY;
                let known: [(fn($float) -> $float, $float, $float); 25] = [
                    (Real::exp, 0.0, 1.0),
                    (Real::exp, -0.0, 1.0),
                    (Real::exp, inf, inf),
                    (Real::exp, -inf, 0.0),
                    (Real::exp, $float::MAX, inf),
                    (Real::exp, $float::MIN, 0.0),
                    (Real::expm1, 0.0, 0.0),
                    (Real::expm1, -0.0, -0.0),
                    (Real::expm1, inf, inf),
                    (Real::expm1, -inf, -1.0),
                    (Real::tanh, 0.0, 0.0),
                    (Real::tanh, -0.0, -0.0),
                    (Real::tanh, inf, 1.0),
                    (Real::tanh, -inf, -1.0),
                    (Real::sigmoid, 0.0, 0.5),
                    (Real::sigmoid, -0.0, 0.5),
                    (Real::sigmoid, inf, 1.0),
                    (Real::sigmoid, -inf, 0.0),
                    (Real::ln, 1.0, 0.0),
                    (Real::ln, 0.0, -inf),
                    (Real::ln, inf, inf),
                    (Real::ln_1p, -0.0, -0.0),
                    (Real::ln_1p, -1.0, -inf),
                    (Real::ln_1p, inf, inf),
                    (Real::erf, -inf, -1.0),
                ];
                for (i, (f, x, y)) in known.into_iter().enumerate() {
                    assert_eq!(f(x).to_bits(), y.to_bits(), "row {i}: {:e} at {x:e}", f(x));
                }
            }

            #[test]
            fn nan_stays_nan_and_logarithms_know_no_negative_number() {
                for (name, f) in FUNCTIONS {
                    assert!(f($float::NAN).is_nan() && f(-$float::NAN).is_nan(), "{name}");
                }
                for x in [-1.5, $float::MIN, $float::NEG_INFINITY] {
                    assert!(Real::ln(x).is_nan() && Real::ln_1p(x).is_nan());
                }
            }

            #[test]
            fn odd_functions_are_odd_to_the_bit_and_at_most_one() {
                for x in arguments() {
                    for f in [<$float as Real>::tanh, <$float as Real>::erf] {
                        assert_eq!(f(-x).to_bits(), (-f(x)).to_bits(), "at {x:e}");
                        assert!(f(x).abs() <= 1.0, "at {x:e}");
                    }
                }
            }

            #[test]
            fn sigmoid_and_its_mirror_image_fill_one() {
                for x in arguments() {
                    let (y, mirrored) = (Real::sigmoid(x), Real::sigmoid(-x));
                    assert!((0.0..=1.0).contains(&y), "{y} at {x:e}");
                    assert!((y + mirrored - 1.0).abs() <= $float::EPSILON, "at {x:e}");
                }
            }

            #[test]
            fn small_arguments_keep_their_relative_accuracy() {
                for i in 30..120 {
                    let x = (-(i as $float)).exp2() * 1.234_567;
                    for f in [<$float as Real>::tanh, <$float as Real>::expm1, <$float as Real>::ln_1p] {
                        assert!((f(x) / x - 1.0).abs() <= 1.5e-9, "{:e} at {x:e}", f(x));
                    }
                }
                let tiny = $float::from_bits(1);
                assert_eq!([Real::tanh(tiny), Real::expm1(tiny), Real::ln_1p(tiny)], [tiny; 3]);
                assert_eq!(Real::tanh(1e-10), 1e-10 as $float);
            }

            #[test]
            fn exp_and_sigmoid_fall_through_the_subnormals_to_zero() {
                let end: $float = $float::MIN_POSITIVE.ln();
                let steps = 40_000;
                for f in [<$float as Real>::exp, <$float as Real>::sigmoid] {
                    let (mut last, mut subnormals) = ($float::MAX, 0);
                    for i in 0..steps {
                        let y = f(end + 1.0 - 50.0 * i as $float / steps as $float);
                        assert!(y <= last && y >= 0.0, "{y:e} after {last:e}");
                        subnormals += usize::from(y.is_subnormal());
                        last = y;
                    }
                    assert!(last == 0.0 && subnormals > 1000, "{subnormals}");
                }
            }

            #[test]
            fn exp_overflows_where_its_value_does() {
                let nearest: $float = $float::MAX.ln();
                let beyond = nearest.exp().is_infinite(); // the nearest may lie above ln MAX
                let last = if beyond { nearest.next_down() } else { nearest };
                assert!(Real::exp(last).is_finite() && Real::expm1(last).is_finite());
                assert!(Real::exp(last) > $float::MAX * 0.999);
                assert_eq!(Real::exp(last.next_up()), $float::INFINITY);
                assert_eq!(Real::expm1(last.next_up()), $float::INFINITY);
            }

            #[test]
            fn exp_and_ln_undo_each_other() {
                for x in arguments().into_iter().filter(|x| (0.1..1e30).contains(x)) {
                    let back = Real::exp(Real::ln(x));
                    let bound = 2.0 * (1.0 + Real::ln(x).abs()) * $float::EPSILON;
                    assert!((back / x - 1.0).abs() <= bound, "{back} from {x}");
                }
            }

            #[test]
            fn ln_counts_on_through_the_subnormals() {
                let bits_below = $float::MANTISSA_DIGITS as i32 - 1;
                for i in 1..=bits_below {
                    let x = $float::MIN_POSITIVE / (2.0 as $float).powi(i);
                    let exponent = f64::from($float::MIN_EXP - 1 - i);
                    let truth = (exponent * std::f64::consts::LN_2) as $float;
                    assert!((Real::ln(x) / truth - 1.0).abs() <= 2.0 * $float::EPSILON, "at {x:e}");
                }
            }

            #[test]
            fn functions_not_written_here_are_the_standard_library_s() {
                fn all<T: Real>(x: T) -> [T; 9] {
                    let y = T::of(1.25);
                    [x.sin(), x.cos(), x.tan(), x.atan(), x.sinh(), x.cosh(), x.abs(), x.sqrt(), x.powf(y)]
                }
                let (x, y): ($float, $float) = (0.75, 1.25);
                let std = [x.sin(), x.cos(), x.tan(), x.atan(), x.sinh(), x.cosh(), x, x.sqrt(), x.powf(y)];
                assert_eq!(all(x), std);
                assert_eq!(Real::abs(-x), x);
            }

            #[test]
            fn sign_is_zero_at_zero() {
                let signs = [-2.0, -0.0, 0.0, 3.0].map(|x: $float| x.sign());
                assert_eq!(signs, [-1.0, 0.0, 0.0, 1.0]);
                assert!($float::NAN.sign().is_nan());
            }
        }
    )*};
}

in_both_precisions!(f32 f64);
