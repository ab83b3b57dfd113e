//! Ten thousand steps of backpropagation through time, in as much memory as you allow.
//!
//! An LSTM over a long sequence is differentiated within budgets from generous to narrow. The table shows what each plan stores, how
//! many steps forward it makes and what the allocator saw; and that the gradient is the same, bit for bit.
//!
//! ```text
//! cargo run --release --example memory_budget [-- --steps 10000 --hidden 64 --mebibytes 64]
//! ```

#![allow(unsafe_code)] // an allocator that counts is a `GlobalAlloc`, whose methods are unsafe

use clap::Parser;
use ndarray::Array3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Cell, Input, Linear, Lstm, ParamStore,
    bptt::{Budget, Checkpointed},
    cells::lstm::Form,
    init::Uniform,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    error::Error,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Instant,
};
use tape::Tape;

/// Counts the bytes that are held, and the most that were.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it is; counting touches numbers only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(held, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `at` came from `alloc`, hence from the system.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Parser)]
#[command(about = "Backpropagation through a long sequence, within a budget of memory")]
struct Options {
    /// T, the steps of the sequence.
    #[arg(long, default_value_t = 10_000)]
    steps: usize,
    /// H, the units.
    #[arg(long, default_value_t = 32)]
    hidden: usize,
    /// B, the rows of the batch.
    #[arg(long, default_value_t = 4)]
    batch: usize,
    /// The budget in MiB, which is also quartered again and again.
    #[arg(long, default_value_t = 64)]
    mebibytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { steps, hidden, batch, mebibytes } = Options::parse();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut store = ParamStore::<f32>::new();
    let init = Uniform::recurrent(hidden);
    let cell = Lstm::new(&mut store, "lstm", (2, hidden), Form::default(), &init, &mut rng)?;
    let head = Linear::new(&mut store, "head", (hidden, 1), &init, &mut rng)?;

    println!("LSTM of {hidden} units, {batch} rows, {steps} steps; the last loss alone\n");
    println!(
        "{:>9} | {:>8} {:>8} {:>9} {:>6} | {:>9} {:>9} {:>7} | gradient",
        "budget", "on tape", "stored", "forward", "each", "forecast", "measured", "seconds"
    );
    let mut first = None;
    let whole = 1 << 14; // 16 GiB: more than a plain pass takes
    for allowed in [whole, mebibytes, mebibytes / 4, mebibytes / 16, mebibytes / 64] {
        if allowed == 0 {
            continue;
        }
        let (begun, before) = (Instant::now(), HELD.load(Relaxed));
        PEAK.store(before, Relaxed);
        let tape = Tape::new();
        let mut run = Checkpointed::new(
            &tape,
            &cell,
            steps,
            |p| cell.zeros(p.tape(), batch),
            |p, t| {
                let wave = |(_, row, k)| ((t * (k + 1)) as f32 * 0.1 + row as f32).sin();
                Input::Dense(p.tape().constant(Array3::from_shape_fn((1, batch, 2), wave))).into()
            },
            |p, t, h| match t + 1 == steps {
                true => (head.forward(p, h) - 1.0).square().sum(),
                false => p.tape().constant(0.0),
            },
        );
        let plan = run.plan(store.bind(&tape), Budget::mebibytes(allowed))?;
        let (_, gradients) = run.backward(store.bind(&tape), &plan)?;
        let (peak, seconds) = (PEAK.load(Relaxed) - before, begun.elapsed().as_secs_f64());
        let bits: Vec<u32> =
            gradients.params().flat_map(|(_, g)| g.iter().map(|g| g.to_bits())).collect();
        let same = *first.get_or_insert_with(|| bits.clone()) == bits;
        let mib = |bytes: usize| format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64);
        println!(
            "{:>9} | {:>8} {:>8} {:>9} {:>6.2} | {:>9} {:>9} {seconds:>7.2} | {}",
            if allowed == whole { "plain".into() } else { format!("{allowed} MiB") },
            plan.leaf(),
            plan.states(),
            plan.forward(),
            plan.forward() as f64 / steps as f64,
            mib(plan.bytes()),
            mib(peak),
            if same { "the same bits" } else { "OTHER BITS" },
        );
        if !same || (allowed != whole && peak > allowed << 20) {
            return Err("a promise was broken".into());
        }
    }
    Ok(())
}
