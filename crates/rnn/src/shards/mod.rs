//! One program, many shards: a batch on several threads, with the same bits on any number of them.
//!
//! ```text
//!             ┌ shard 0: rows 0..4   tape, parameters, optimizer ─┐
//!   batch of 8│                                                   ├─► Σ ḡₛ, in order ─► the same update in each
//!             └ shard 1: rows 4..8   tape, parameters, optimizer ─┘
//! ```
//!
//! The program is that of one thread. Each shard runs it on its rows, with a tape and parameters of its own, and where
//! gradients are at hand it sums them with those of the others. So every shard makes the same updates, and the parameters
//! stay the same in all without being sent anywhere. This is training in parallel over the data, synchronously, as it is done
//! on many machines (J. Chen et al., *Revisiting Distributed Synchronous SGD*, 2016).
//!
//! Into how many shards a batch is cut is a part of the computation, for sums round; on how many threads they are
//! computed is not. Four shards on one thread, on three or on four give the same bits.
//!
//! ```
//! use ndarray::{Array3, s};
//! use rand::SeedableRng;
//! use rnn::{Cell, Elman, Input, Linear, ParamStore, Reduction, Result, Rows, init::Uniform, loss::squared_error};
//! use rnn::{bptt::{Truncation, Unrolling}, clip, optim::{Adam, Optimizer}, shards::{self, Shards}};
//! use tape::Tape;
//!
//! let (batch, xs, ys) = (8, Array3::from_elem((10, 8, 2), 0.5), Array3::zeros((10, 8, 1))); // [T, B, X], [T, B, O]
//! let train = |threads| {
//!     shards::run(Shards::new(4).threads(threads), |shard| -> Result<(f64, ParamStore<f32>)> {
//!         let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1); // the same parameters in each shard
//!         let (mut store, init) = (ParamStore::<f32>::new(), Uniform::recurrent(16));
//!         let cell = Elman::new(&mut store, "rnn", (2, 16), &init, &mut rng)?;
//!         let head = Linear::new(&mut store, "head", (16, 1), &init, &mut rng)?;
//!         let (mut adam, tape) = (Adam::new(1e-2), Tape::new());
//!
//!         let rows = shard.rows(batch)?;
//!         let mut last = f64::NAN;
//!         for _ in 0..20 {
//!             let of_mine = |all: &Array3<f32>| tape.constant(all.slice(s![.., rows.clone(), ..]));
//!             let mut run = Unrolling::new(&tape, &cell, Truncation::Full, cell.zeros(&tape, rows.len()));
//!             let p = store.bind(&tape);
//!             let block = run.advance(p, Input::Dense(of_mine(&xs)));
//!             let outputs = head.forward(p, block.outputs);
//!             let loss = squared_error(outputs, of_mine(&ys), true, Reduction::Sum, Rows::Mean);
//!             let loss = loss * shard.share(batch) as f32; // a part of the mean over the batch
//!             last = shard.sum_number(loss.item().into())?;
//!             let mut gradients = run.backward(loss)?;
//!             shard.sum(&mut gradients)?; // here the shards meet
//!             let _ = clip::global_norm(&mut gradients, 1.0)?;
//!             adam.step(&mut store, &gradients)?;
//!         }
//!         Ok((last, store))
//!     })
//! };
//! let (one, four) = (train(1)?, train(4)?);
//! assert_eq!(one[0].0, four[3].0);
//! for ((_, _, a), (_, _, b)) in one[0].1.iter().zip(four[3].1.iter()) {
//!     assert_eq!(a, b);
//! }
//! # Ok::<(), rnn::Error>(())
//! ```
//!
//! | what differs between one batch and its shards   | what to do                                                       |
//! |--------------------------------------------------|-------------------------------------------------------------------|
//! | a loss that is a mean over rows                  | times [`Shard::share`]                                            |
//! | a loss that is a mean over what counts           | times the shard's count over [the sum](Shard::sum_number) of all counts |
//! | a loss that is a sum over rows                   | nothing                                                           |
//! | a term of the parameters alone, as weight decay  | in one shard only, or times [`Shard::share`]                      |
//! | clipping by a norm                               | after the sum: it is the norm of the batch's gradient             |
//! | masks that are drawn row by row                  | [`training`](crate::Bound::training) with [`Shard::seed`]         |
//! | when to stop, whether to skip an update          | decide by a [sum](Shard::sum_number), which is the same everywhere |
//!
//! A mask depends on the seed and on a row's place among the rows of its shard. So masks are the same on any number of
//! threads, but others than those of the batch in one piece. [`DropConnect`](crate::regularize::DropConnect) masks weights, and with one
//! seed for all it drops the same ones in every shard.

mod exchange;
mod gate;
mod parted;
mod shard;

pub use shard::Shard;

use crate::{Error, Result};
use exchange::Exchange;
use gate::Gate;
use parted::Parted;
use shard::Note;
use std::{
    cell::Cell,
    panic,
    sync::{LockResult, PoisonError, RwLock, atomic::AtomicU64},
    thread,
};
use tape::Real;

/// Into how many shards a batch is cut, and how many of them are computed at a time.
///
/// The first is a part of the computation, as the batch size is. The second is not: it changes no bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards {
    count: usize,
    threads: Option<usize>,
}

impl Shards {
    /// `S` shards, on as many threads as the machine has cores, or as there are shards if that is fewer.
    pub fn new(count: usize) -> Self {
        Self { count, threads: None }
    }

    /// The same on `threads` threads: as many shards compute at a time, and the others wait for their turn.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: Some(threads), ..self }
    }
}

/// What the shards share.
#[derive(Debug)]
struct Team<T> {
    gate: Gate,
    exchange: Exchange<T>,
    notes: Vec<RwLock<Vec<Note>>>,
    /// Of each shard, those of the sums with even numbers, and with odd ones.
    numbers: Vec<[AtomicU64; 2]>,
}

/// Runs the program once for each shard, each on a thread of its own, and returns what they return, in order.
///
/// # Errors
/// What the first shard to fail returns: the others are released from the sums that they wait at, by
/// [`Error::Parted`]. [`Error::Data`] when there are no shards or no threads, or the system has no thread to give.
///
/// # Panics
/// When a shard panics, and with what it panicked with, once the others have ended.
pub fn run<T, R, E, F>(shards: Shards, program: F) -> Result<Vec<R>, E>
where
    T: Real,
    R: Send,
    E: From<Error> + Send,
    F: Fn(Shard<'_, T>) -> Result<R, E> + Sync,
{
    let team = Team::<T>::new(shards)?;
    let ends: Vec<_> = thread::scope(|scope| {
        let begin = |index| {
            let (team, program) = (&team, &program);
            let thread = thread::Builder::new().name(format!("shard {index}"));
            thread.spawn_scoped(scope, move || team.play(index, program)).map_err(|error| {
                team.gate.leave(Parted::Failed { shard: index });
                Error::Data {
                    what: format!("shard {index}"),
                    rule: format!("the system gives it no thread: {error}"),
                    remedy: "cut the batch into fewer shards",
                }
            })
        };
        let threads: Vec<_> = (0..shards.count).map(begin).collect();
        let end = |thread: Result<thread::ScopedJoinHandle<'_, _>>| match thread {
            Ok(thread) => thread.join(),
            Err(error) => Ok(Err(E::from(error))),
        };
        threads.into_iter().map(end).collect()
    });
    let first = team.gate.parted().and_then(|parted| parted.by());
    let (mut results, mut worst) = (Vec::with_capacity(shards.count), None);
    for (index, end) in ends.into_iter().enumerate() {
        match end {
            Ok(Ok(result)) => results.push(result),
            // What went wrong first; of what followed from it, nobody wants to hear.
            bad if worst.is_none() || first == Some(index) => worst = Some(bad),
            _ => {}
        }
    }
    match worst {
        None | Some(Ok(Ok(_))) => Ok(results),
        Some(Ok(Err(error))) => Err(error),
        Some(Err(panic)) => panic::resume_unwind(panic),
    }
}

impl<T: Real> Team<T> {
    fn new(shards: Shards) -> Result<Self> {
        let Shards { count, threads } = shards;
        let cores = || thread::available_parallelism().map_or(1, |cores| cores.get());
        let threads = threads.unwrap_or_else(cores).min(count);
        if threads == 0 {
            return Err(Error::Data {
                what: format!("{count} shard(s) on {threads} thread(s)"),
                rule: "somebody must do the work".into(),
                remedy: "ask for one shard and one thread at least",
            });
        }
        Ok(Self {
            gate: Gate::new(count, threads),
            exchange: Exchange::new(count),
            notes: (0..count).map(|_| RwLock::default()).collect(),
            numbers: (0..count).map(|_| Default::default()).collect(),
        })
    }

    /// A shard's program from beginning to end.
    fn play<R, E>(
        &self,
        index: usize,
        program: impl Fn(Shard<'_, T>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.gate.enter();
        let mut leaving = Leaving { gate: &self.gate, why: Parted::Panicked { shard: index } };
        let end = program(Shard { team: self, index, sums: Cell::new(0) });
        leaving.why = match end {
            Ok(_) => Parted::Ended { shard: index },
            Err(_) => Parted::Failed { shard: index },
        };
        end
    }
}

/// Tells the others that a shard is gone, whichever way it went.
#[derive(Debug)]
struct Leaving<'g> {
    gate: &'g Gate,
    why: Parted,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.gate.leave(self.why.clone());
    }
}

/// What a lock protects, also after a panic: the shards have parted then, and nothing is made of it any more.
fn locked<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}
