//! Where shards meet, and where they wait for their turn.
//!
//! A meeting is complete when every shard has come. Who comes last sees to what must be done once, and wakes the others. Of more
//! shards than threads, only as many compute at a time: who waits for the others lends its turn to one that does not.
//!
//! One who cannot come any more says so as it leaves, and whoever waits for it then, or comes later, is told.

use super::{
    locked,
    parted::{Parted, Purpose},
};
use crate::Result;
use std::{
    hint, mem,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a shard looks out for the others before it sleeps. To be woken takes tens of microseconds; shards of the
/// same work arrive closer together than that, if nothing disturbs them.
const PATIENCE: Duration = Duration::from_micros(100);

#[derive(Debug)]
pub(super) struct Gate {
    shards: usize,
    /// Are there fewer turns than shards?
    limited: bool,
    /// Is there a core for each shard, so that looking out keeps nobody from working?
    patient: bool,
    /// Meetings that are complete. Written under the lock only.
    met: AtomicU64,
    state: Mutex<State>,
    together: Condvar,
    turn: Condvar,
}

#[derive(Debug)]
struct State {
    /// Turns that nobody has.
    turns: usize,
    arrived: usize,
    asleep: usize,
    /// Who came first, and for what.
    first: Option<(usize, Purpose)>,
    parted: Option<Parted>,
}

impl Gate {
    pub(super) fn new(shards: usize, threads: usize) -> Self {
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
        let limited = threads < shards;
        Self {
            shards,
            limited,
            patient: !limited && shards <= cores,
            met: AtomicU64::new(0),
            state: Mutex::new(State {
                turns: threads,
                arrived: 0,
                asleep: 0,
                first: None,
                parted: None,
            }),
            together: Condvar::new(),
            turn: Condvar::new(),
        }
    }

    /// Waits until every shard has come. The last one runs `last` before the others go on.
    pub(super) fn meet(
        &self,
        shard: usize,
        purpose: Purpose,
        last: impl FnOnce() -> Result<(), Parted>,
    ) -> Result<()> {
        let mut state = locked(self.state.lock());
        let meeting = self.met.load(Ordering::Relaxed);
        let (first, theirs) = *state.first.get_or_insert((shard, purpose));
        if theirs != purpose {
            let parted = Parted::Apart { first: (first, theirs), shard: (shard, purpose) };
            self.part(&mut state, parted);
        }
        if state.parted.is_none() {
            state.arrived += 1;
            if state.arrived < self.shards {
                return self.wait(state, shard, purpose, meeting);
            }
            if let Err(parted) = last() {
                self.part(&mut state, parted);
            }
        }
        if let Some(parted) = &state.parted {
            return Err(parted.told(shard, purpose));
        }
        (state.arrived, state.first) = (0, None);
        self.met.store(meeting + 1, Ordering::Release);
        if mem::take(&mut state.asleep) > 0 {
            self.together.notify_all();
        }
        Ok(())
    }

    /// Waits for the others, who may take the turn of this shard meanwhile.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        shard: usize,
        purpose: Purpose,
        meeting: u64,
    ) -> Result<()> {
        if self.limited {
            self.give_turn(&mut state);
        }
        if self.patient {
            drop(state);
            if self.look_out(meeting) {
                return Ok(());
            }
            state = locked(self.state.lock());
        }
        let open = || self.met.load(Ordering::Relaxed) == meeting;
        while open() && state.parted.is_none() {
            state.asleep += 1;
            state = locked(self.together.wait(state));
        }
        let outcome = match &state.parted {
            Some(parted) if open() => Err(parted.told(shard, purpose)),
            _ => Ok(()),
        };
        if self.limited {
            self.take_turn(state);
        }
        outcome
    }

    /// Has the meeting been completed within [`PATIENCE`]?
    fn look_out(&self, meeting: u64) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            for _ in 0..16 {
                if self.met.load(Ordering::Acquire) != meeting {
                    return true;
                }
                hint::spin_loop();
            }
        }
        false
    }

    /// The first turn of a shard; the last one ends with [`leave`](Gate::leave).
    pub(super) fn enter(&self) {
        self.take_turn(locked(self.state.lock()));
    }

    fn take_turn<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        while state.turns == 0 {
            state = locked(self.turn.wait(state));
        }
        state.turns -= 1;
    }

    fn give_turn(&self, state: &mut State) {
        state.turns += 1;
        self.turn.notify_one();
    }

    /// A shard comes to no more meetings.
    pub(super) fn leave(&self, parted: Parted) {
        let mut state = locked(self.state.lock());
        self.part(&mut state, parted);
        self.give_turn(&mut state);
    }

    /// Nobody meets again. The first reason counts.
    fn part(&self, state: &mut State, parted: Parted) {
        state.parted.get_or_insert(parted);
        state.asleep = 0;
        self.together.notify_all();
    }

    /// Why nobody meets any more.
    pub(super) fn parted(self) -> Option<Parted> {
        locked(self.state.into_inner()).parted
    }
}
