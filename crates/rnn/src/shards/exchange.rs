//! Arrays handed round, and added up in the order of the shards.
//!
//! ```text
//!   post      each shard lays down its arrays, which are moved, not copied
//!   add       each takes the next array that nobody has taken:  Σ = ((g₀ + g₁) + g₂) + …   in the memory of g₀, which becomes its own
//!   fetch     each copies the sums that others have made
//!   collect   each takes its arrays up again
//! ```
//!
//! Between any two of them the shards meet. Who adds which array is a matter of chance; the order of its terms is not.

use super::{locked, parted::Parted};
use ndarray::ArrayD;
use std::{
    mem,
    sync::{
        RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
};
use tape::Real;

/// Shows a shard's arrays one after the other, in an order that is the same everywhere.
pub(super) type Arrays<'a, T> = dyn FnMut(&mut dyn FnMut(&mut ArrayD<T>)) + 'a;

/// Elements of a sum that stay in the cache while the terms of all shards are added to them.
const BLOCK: usize = 1 << 14;

#[derive(Debug)]
pub(super) struct Exchange<T> {
    /// Of each shard, the arrays that it has laid down.
    posts: Vec<RwLock<Vec<RwLock<ArrayD<T>>>>>,
    /// Of each array, the shard that has its sum.
    owners: RwLock<Vec<AtomicUsize>>,
    /// The next array to be added up.
    next: AtomicUsize,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    locked(lock.read())
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    locked(lock.write())
}

fn elements<T>(array: &ArrayD<T>) -> &[T] {
    match array.as_slice() {
        Some(elements) => elements,
        None => unreachable!("`post` lays arrays out row by row"),
    }
}

fn elements_mut<T>(array: &mut ArrayD<T>) -> &mut [T] {
    match array.as_slice_mut() {
        Some(elements) => elements,
        None => unreachable!("`post` lays arrays out row by row"),
    }
}

impl<T: Real> Exchange<T> {
    pub(super) fn new(shards: usize) -> Self {
        let posts = (0..shards).map(|_| RwLock::default()).collect();
        Self { posts, owners: RwLock::default(), next: AtomicUsize::new(0) }
    }

    pub(super) fn post(&self, shard: usize, arrays: &mut Arrays<'_, T>) {
        let (mut post, mut count) = (write(&self.posts[shard]), 0);
        arrays(&mut |array| {
            if post.len() == count {
                post.push(RwLock::default());
            }
            let array = mem::take(array);
            let straight = array.is_standard_layout();
            *locked(post[count].get_mut()) =
                if straight { array } else { array.as_standard_layout().into_owned() };
            count += 1;
        });
        post.truncate(count);
    }

    /// Once for all, when every shard has laid down its arrays: do they match?
    pub(super) fn begin(&self) -> Result<(), Parted> {
        let first = read(&self.posts[0]);
        for (shard, post) in self.posts.iter().enumerate().skip(1) {
            let post = read(post);
            if post.len() != first.len() {
                let how = format!("brings {} arrays, shard 0 {}", post.len(), first.len());
                return Err(Parted::Unlike { shard, how });
            }
            for (k, (ours, theirs)) in first.iter().zip(post.iter()).enumerate() {
                let (ours, theirs) = (read(ours), read(theirs));
                if ours.shape() != theirs.shape() {
                    let how = format!(
                        "brings {:?} as array {k}, shard 0 {:?}",
                        theirs.shape(),
                        ours.shape()
                    );
                    return Err(Parted::Unlike { shard, how });
                }
            }
        }
        write(&self.owners).resize_with(first.len(), AtomicUsize::default);
        self.next.store(0, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn add(&self, shard: usize) {
        let (owners, first) = (read(&self.owners), read(&self.posts[0]));
        loop {
            let k = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(owner), Some(sum)) = (owners.get(k), first.get(k)) else { return };
            let mut sum = write(sum);
            self.add_terms(k, &mut sum);
            if shard > 0 {
                mem::swap(&mut *sum, &mut *write(&read(&self.posts[shard])[k]));
            }
            owner.store(shard, Ordering::Relaxed);
        }
    }

    /// Adds the `k`th arrays of all shards but the first, stretch by stretch.
    fn add_terms(&self, k: usize, sum: &mut ArrayD<T>) {
        for (at, sum) in elements_mut(sum).chunks_mut(BLOCK).enumerate() {
            for post in &self.posts[1..] {
                let post = read(post);
                let term = read(&post[k]);
                let term = &elements(&term)[at * BLOCK..][..sum.len()];
                T::vectorize(
                    #[inline(always)]
                    || sum.iter_mut().zip(term).for_each(|(sum, &x)| *sum += x),
                );
            }
        }
    }

    pub(super) fn fetch(&self, shard: usize) {
        let (owners, own) = (read(&self.owners), read(&self.posts[shard]));
        for ((k, owner), own) in owners.iter().enumerate().zip(own.iter()) {
            let owner = owner.load(Ordering::Relaxed);
            if owner != shard {
                let sum = read(&self.posts[owner]);
                elements_mut(&mut write(own)).copy_from_slice(elements(&read(&sum[k])));
            }
        }
    }

    pub(super) fn collect(&self, shard: usize, arrays: &mut Arrays<'_, T>) {
        let mut post = write(&self.posts[shard]);
        let mut own = post.iter_mut();
        arrays(&mut |array| {
            if let Some(own) = own.next() {
                *array = mem::take(locked(own.get_mut()));
            }
        });
    }
}
