//! Why shards do not meet any more.

use crate::Error;

/// What shards meet for: a kind of sum, and which of all sums it is, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Purpose {
    pub(super) what: &'static str,
    pub(super) number: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Parted {
    /// Its program has come to its end.
    Ended { shard: usize },
    /// Its program has returned an error, or was never begun.
    Failed { shard: usize },
    /// Its program has panicked.
    Panicked { shard: usize },
    /// It has come for another sum than the first that came.
    Apart { first: (usize, Purpose), shard: (usize, Purpose) },
    /// It brings other arrays than shard 0.
    Unlike { shard: usize, how: String },
}

impl Parted {
    /// The shard that broke off, if one did, rather than several that do not agree.
    pub(super) fn by(&self) -> Option<usize> {
        match *self {
            Self::Ended { shard } | Self::Failed { shard } | Self::Panicked { shard } => {
                Some(shard)
            }
            Self::Apart { .. } | Self::Unlike { .. } => None,
        }
    }

    /// What a shard is told that has come for the others in vain.
    pub(super) fn told(&self, waiting: usize, purpose: Purpose) -> Error {
        let (shard, did, remedy) = match self {
            Self::Ended { shard } => (
                *shard,
                "has come to the end of its program".into(),
                "let every shard make as many sums as the others, and decide by a sum when to stop",
            ),
            Self::Failed { shard } => {
                (*shard, "has returned an error".into(), "look at that error: `run` returns it")
            }
            Self::Panicked { shard } => {
                (*shard, "has panicked".into(), "look at that panic: `run` hands it on")
            }
            Self::Apart { first, shard } => {
                let other = if first.1 == purpose { shard } else { first };
                let (shard, Purpose { what, number }) = *other;
                let did = format!("is at sum {number}, of {what}");
                (shard, did, "let every shard make the same sums in the same order")
            }
            Self::Unlike { shard, how } => {
                (*shard, how.clone(), "sum the same arrays in every shard")
            }
        };
        let Purpose { what, number } = purpose;
        Error::Parted { waiting, what, number, shard, did, remedy }
    }
}
