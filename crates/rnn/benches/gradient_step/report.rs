//! Timed, checked and printed.

use crate::{
    Failure,
    measure::{First, GradientStep, Times, first, in_turns},
    options::Options,
    workload::Workload,
};

/// A variant, and on how many threads it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) variant: &'static str,
    pub(crate) threads: usize,
}

/// Times the variants in turns.
pub(crate) fn time(
    workload: &Workload,
    options: &Options,
    labels: &[Label],
    variants: &mut [&mut (dyn GradientStep + '_)],
) -> Result<(), Failure> {
    let mut firsts = Vec::new();
    for (label, variant) in labels.iter().zip(variants.iter_mut()) {
        let first = first(*variant)?;
        check(workload, label, (first.loss, first.grad_norm))?;
        firsts.push(first);
    }
    let (times, cores) = in_turns(variants)?;
    for ((label, variant), first) in labels.iter().zip(variants).zip(&firsts) {
        variant.restart();
        let again = (variant.step()?, variant.grad_norm());
        if again != (first.loss, first.grad_norm) {
            let (name, variant) = (workload.name, label.variant);
            return Err(format!("{name} {variant}: the same step gave another gradient").into());
        }
    }
    for ((label, first), times) in labels.iter().zip(&firsts).zip(&times) {
        if options.json {
            println!("{}", line(workload, label, first, times, cores));
        } else {
            row(workload, label, first, times);
        }
    }
    if !options.json {
        ratios(labels, &times);
    }
    Ok(())
}

/// The tape against the paper, and one thread against several.
fn ratios(labels: &[Label], times: &[Times]) {
    let find = |label: Label| labels.iter().position(|known| *known == label).map(|at| &times[at]);
    for (&label, own) in labels.iter().zip(times) {
        let Label { variant, threads } = label;
        if let (Some(by_hand), true) =
            (find(Label { variant: "by_hand", ..label }), variant != "by_hand")
        {
            let ratio = |q| own.quantile(q) / by_hand.quantile(q);
            let (median, least) = (ratio(0.5), ratio(0.0));
            println!("{:16} {threads} {variant} / by_hand: {median:.3} (least: {least:.3})", "");
        }
        if let (Some(one), true) = (find(Label { threads: 1, ..label }), threads > 1) {
            let ratio = |q| one.quantile(q) / own.quantile(q);
            let (median, least) = (ratio(0.5), ratio(0.0));
            println!(
                "{:16} {variant}, {threads} threads: {median:.2} times as fast as one (least: {least:.2})",
                ""
            );
        }
    }
}

/// Loss and norm of the gradient must be what the peers agree on.
fn check(workload: &Workload, label: &Label, found: (f64, f64)) -> Result<(), Failure> {
    let off = |found: f64, expected: f64| ((found - expected) / expected).abs();
    let (name, expected) = (workload.name, workload.expected);
    let worst = off(found.0, expected.0).max(off(found.1, expected.1));
    if worst <= workload.tolerance() {
        return Ok(());
    }
    let Label { variant, threads } = label;
    Err(format!(
        "{name} {variant} on {threads} thread(s): loss and gradient are {found:?}, but should be {expected:?}; not timed"
    )
    .into())
}

fn line(
    workload: &Workload,
    label: &Label,
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
        "variant": label.variant,
        "threads": label.threads,
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

fn row(workload: &Workload, label: &Label, first: &First, times: &Times) {
    let milliseconds = |q| times.quantile(q) * 1e3;
    println!(
        "{:16} {} {:8} median {:9.4} ms  min {:9.4}  p90 {:9.4}  {:7.2} GFLOP/s  {:5.0} MiB",
        workload.name,
        label.threads,
        label.variant,
        milliseconds(0.5),
        milliseconds(0.0),
        milliseconds(0.9),
        workload.flops().0 / times.quantile(0.5) / 1e9,
        first.peak_rss.unwrap_or(f64::NAN),
    );
}
