//! One part of a registry: its entries, and which of them makes room for a new one.
//!
//! Two queues, as in S3-FIFO. New entries wait in `fresh`; those that are asked for again before their
//! turn move to `proven`, the others go. `proven` goes round (second chance): an entry that was asked
//! for since the last round stays. So a flood of keys that come once evicts only its own kind. What may
//! not go yet leaves the queues for a heap ordered by when it may: breakers that refuse cost nothing
//! however many they are. A new key costs at most 3 × [`STEPS`] steps and [`RELEASES`] of the heap.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::table::Table;
use crate::breaker::CircuitBreaker;
use crate::state::State;
use crate::time::{micros, micros_up};

/// Entries of a queue that are looked at in one go.
const STEPS: usize = 32;
/// Entries that come back from the heap for one new key.
const RELEASES: usize = 16;
/// The part of the queues that `fresh` may fill before its entries go first.
const FRESH_PART: usize = 8;
/// What may not go is looked at again after this many microseconds at the latest: an operator may have
/// changed it.
const RECHECK: u64 = 1_000_000;

pub(super) struct Entry<K> {
    pub(super) key: K,
    pub(super) breaker: Arc<CircuitBreaker>,
    hash: u32,
    /// Asked for since it came, or since its last turn.
    used: AtomicBool,
}

impl<K> Entry<K> {
    /// A handle for a caller.
    #[inline]
    pub(super) fn take(&self) -> Arc<CircuitBreaker> {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        Arc::clone(&self.breaker)
    }
}

pub(super) struct Shard<K> {
    table: Table,
    slots: Vec<Option<Entry<K>>>,
    free: Vec<u32>,
    /// Slots that were not asked for a second time, as far as is known.
    fresh: VecDeque<u32>,
    /// Slots that were.
    proven: VecDeque<u32>,
    /// Slots that may not go before a time in microseconds.
    held: BinaryHeap<Reverse<(u64, u32)>>,
    capacity: usize,
    len: usize,
}

/// What is found of an entry whose turn it is.
enum Look {
    Goes,
    /// It was asked for.
    Used,
    /// A caller holds a handle.
    InUse,
    Held(u64),
}

impl<K> Shard<K> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            table: Table::default(),
            slots: Vec::new(),
            free: Vec::new(),
            fresh: VecDeque::new(),
            proven: VecDeque::new(),
            held: BinaryHeap::new(),
            capacity,
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<K>> {
        self.slots.iter().flatten()
    }

    #[inline]
    fn slot(&self, slot: u32) -> Option<&Entry<K>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    #[inline]
    fn slot_with(&self, hash: u32, is_key: impl Fn(&K) -> bool) -> Option<u32> {
        self.table.find(hash, |slot| {
            self.slot(slot).is_some_and(|entry| is_key(&entry.key))
        })
    }

    #[inline]
    pub(super) fn find(&self, hash: u32, is_key: impl Fn(&K) -> bool) -> Option<&Entry<K>> {
        self.slot(self.slot_with(hash, is_key)?)
    }

    /// Makes room for one more: whether something went for it; `None` if nothing may go.
    pub(super) fn make_room(&mut self, now: Duration) -> Option<bool> {
        if self.len < self.capacity {
            return Some(false);
        }
        let slot = self.victim(now)?;
        self.take_out(slot);
        Some(true)
    }

    /// Adds an entry; there must be room.
    pub(super) fn insert(&mut self, hash: u32, key: K, breaker: Arc<CircuitBreaker>) {
        let entry = Entry {
            key,
            breaker,
            hash,
            used: AtomicBool::new(false),
        };
        let slot = self.free.pop().or_else(|| {
            grow(&mut self.slots, self.capacity);
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).ok()
        });
        let Some((slot, place)) =
            slot.and_then(|slot| Some((slot, self.slots.get_mut(slot as usize)?)))
        else {
            return;
        };
        *place = Some(entry);
        push(&mut self.fresh, slot, self.capacity);
        self.table.insert(hash, slot);
        self.len += 1;
    }

    /// Takes a key out: O(entries of the shard).
    pub(super) fn remove(&mut self, hash: u32, is_key: impl Fn(&K) -> bool) -> Option<Entry<K>> {
        let slot = self.slot_with(hash, is_key)?;
        self.fresh.retain(|other| *other != slot);
        self.proven.retain(|other| *other != slot);
        self.held.retain(|Reverse((_, other))| *other != slot);
        self.take_out(slot)
    }

    fn take_out(&mut self, slot: u32) -> Option<Entry<K>> {
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        self.table.remove(entry.hash, slot);
        self.free.push(slot);
        self.len -= 1;
        Some(entry)
    }

    /// The slot that goes, out of the queues.
    fn victim(&mut self, now: Duration) -> Option<u32> {
        self.release(now);
        if self.fresh.len() * FRESH_PART > self.proven.len()
            && let Some(slot) = self.sweep_fresh(now)
        {
            return Some(slot);
        }
        let mut spare = None;
        if let Some(slot) = self.sweep_proven(now, &mut spare) {
            return Some(slot);
        }
        // All that were looked at are in use: one that is not proven goes, or else the first of them.
        let fresh = self.sweep_fresh(now);
        let goes = fresh.or(spare);
        if let Some(spare) = spare.filter(|_| fresh.is_some()) {
            push(&mut self.proven, spare, self.capacity);
        }
        goes
    }

    fn sweep_fresh(&mut self, now: Duration) -> Option<u32> {
        for _ in 0..STEPS.min(self.fresh.len()) {
            let slot = self.fresh.pop_front()?;
            match self.look(slot, now) {
                Look::Goes => return Some(slot),
                Look::Held(until) => self.held.push(Reverse((until, slot))),
                Look::InUse | Look::Used => push(&mut self.proven, slot, self.capacity),
            }
        }
        None
    }

    /// The first slot that may go though it was asked for is left in `spare`, out of the queue.
    fn sweep_proven(&mut self, now: Duration, spare: &mut Option<u32>) -> Option<u32> {
        for _ in 0..STEPS.min(self.proven.len()) {
            let slot = self.proven.pop_front()?;
            match self.look(slot, now) {
                Look::Goes => {
                    if let Some(spare) = spare.take() {
                        push(&mut self.proven, spare, self.capacity);
                    }
                    return Some(slot);
                }
                Look::Held(until) => self.held.push(Reverse((until, slot))),
                Look::Used => {
                    self.spend(slot);
                    if spare.is_none() {
                        *spare = Some(slot);
                    } else {
                        push(&mut self.proven, slot, self.capacity);
                    }
                }
                Look::InUse => push(&mut self.proven, slot, self.capacity),
            }
        }
        None
    }

    fn look(&mut self, slot: u32, now: Duration) -> Look {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return Look::Goes;
        };
        if let Some(until) = kept_until(&entry.breaker, now) {
            Look::Held(until)
        } else if Arc::strong_count(&entry.breaker) > 1 {
            Look::InUse
        } else if *entry.used.get_mut() {
            Look::Used
        } else {
            Look::Goes
        }
    }

    fn spend(&mut self, slot: u32) {
        if let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) {
            *entry.used.get_mut() = false;
        }
    }

    /// Puts those back into the queue whose time has come.
    fn release(&mut self, now: Duration) {
        for _ in 0..RELEASES {
            let due = self.held.peek().is_some_and(|next| next.0.0 <= micros(now));
            let Some(Reverse((_, slot))) = due.then(|| self.held.pop()).flatten() else {
                return;
            };
            let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
                continue;
            };
            match kept_until(&entry.breaker, now) {
                Some(until) => self.held.push(Reverse((until, slot))),
                None => push(&mut self.fresh, slot, self.capacity),
            }
        }
    }
}

/// Room for one more, doubling up to `most`.
fn grow<T>(list: &mut Vec<T>, most: usize) {
    if list.len() == list.capacity() {
        let more = list.len().max(4).min(most.saturating_sub(list.len()));
        list.reserve_exact(more);
    }
}

fn push(queue: &mut VecDeque<u32>, slot: u32, most: usize) {
    if queue.len() == queue.capacity() {
        let more = queue.len().max(4).min(most.saturating_sub(queue.len()));
        queue.reserve_exact(more);
    }
    queue.push_back(slot);
}

/// Until when a breaker must not be forgotten, or be looked at again before it is, in microseconds.
fn kept_until(breaker: &CircuitBreaker, now: Duration) -> Option<u64> {
    let settings = breaker.compiled();
    let word = breaker.load();
    let generation = word.generation();
    let at = micros(now);
    let end = match word.state() {
        State::Closed if !word.is_ramping() => return None,
        State::Closed => settings.ramp_up.map_or(0, |length| {
            let since = breaker.since.get(generation).unwrap_or(at);
            since.saturating_add(length)
        }),
        State::Open => breaker.until.get(generation).unwrap_or(u64::MAX),
        State::HalfOpen => {
            // Without a lease a lost probe would keep it for ever: the longest wait stands in.
            let newest = breaker.until.get(generation).unwrap_or(at);
            let rest = settings
                .lease
                .or(settings.max_wait)
                .unwrap_or_else(|| micros_up(settings.config.open_wait.cap));
            newest.saturating_add(rest)
        }
        State::ForcedOpen | State::Disabled | State::MetricsOnly => u64::MAX,
    };
    (end > at).then(|| end.min(at.saturating_add(RECHECK)))
}
