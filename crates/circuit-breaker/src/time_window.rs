//! The time window: counts in buckets of equal width, each one word, no lock.
//!
//! A bucket's word is `tag 21 | epoch 4 | calls 19 | failures 20`. Outcomes of the epoch e = ⌊now ÷
//! width⌋ go to the slot e mod n, n a power of two. The tag is ⌊e ÷ n⌋ + generation: a new turn round
//! the ring and a new generation both make what stood there old, so that nothing needs to be cleared.
//! (The four bits of the epoch repeat what the slot says, for the shortest way to a tag.) A record is one
//! fetch-and-add; where the word that comes back has another tag, the bucket is turned over.
//!
//! - **A racing turn-over** may misplace one outcome a thread: one that was about to be added to a
//!   bucket when the ring came round to it. It counts as new instead of as old, and not at all where
//!   it belonged to an earlier generation.
//! - **Overflow**: from 2¹⁸ calls in a bucket on, both its counts are halved: shares stay, the absolute
//!   counts are lower bounds.
//! - **A clock that goes back** by up to 64 turns: an outcome whose bucket is taken by a later time
//!   counts there. Further back: the bucket begins anew.
//! - **A breaker that nobody called**: tags repeat after 2²¹ turns (388 days for 10 s in 10 buckets). A
//!   bucket untouched for exactly that long, or up to 64 turns less, is taken for a live one.
//!
//! Judging sums the buckets: O(buckets). Cases: `vectors/resilience/breaker_resilience4j.json`.

use std::time::Duration;

use crate::sync::{AtomicU64, Ordering};
use crate::time::nanos;
use crate::word::GENERATION_SHIFT;

/// One call, no failure.
pub(crate) const CALL: u64 = 1 << CALL_SHIFT;
/// One failure, to be added to a call.
pub(crate) const FAILURE: u64 = 1;
/// What a slot holds that nothing was counted in: half of all tags away from the first ones.
pub(crate) const EMPTY: u64 = 1 << 63;
/// Slots of a window that lies within the breaker, as a power of two.
pub(crate) const INLINE_LOG2: u32 = 4;
pub(crate) const INLINE: usize = 1 << INLINE_LOG2;

const CALL_SHIFT: u32 = 20;
const TAG_SHIFT: u32 = GENERATION_SHIFT;
const EPOCH_SHIFT: u32 = TAG_SHIFT - INLINE_LOG2;
const FAILURES: u64 = CALL - 1;
const CALLS: u64 = (1 << (EPOCH_SHIFT - CALL_SHIFT)) - 1;
const TAG: u64 = (1 << (64 - TAG_SHIFT)) - 1;
/// How many turns ahead of ours a tag may be and still be taken for a later time.
const AHEAD: u64 = 64;

/// Time to epochs: ⌊now ÷ width⌋ by one multiplication, now modulo 2⁶⁴ nanoseconds (584 years).
///
/// Rounded: with m = ⌈2⁶⁴ ÷ width⌉, ⌊now × m ÷ 2⁶⁴⌋ has buckets that are shorter than `width` by less than
/// its 2⁶⁴ ÷ width-th part, which is 5 × 10⁻¹¹ for a second.
///
/// Exact: with s = ⌈log₂ width⌉ − 1 and m = ⌈2⁶⁴⁺ˢ ÷ width⌉ < 2⁶⁴, ⌊now × m ÷ 2⁶⁴⁺ˢ⌋ is exact for now < 2⁶³
/// nanoseconds (292 years), and never off by more than one beyond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epochs {
    magic: u64,
    shift: u32,
}

impl Epochs {
    /// Epochs of `width` nanoseconds, at least 2.
    #[allow(clippy::cast_possible_truncation, reason = "below 2^64, see above")]
    pub(crate) fn new(width: u64, exact: bool) -> Self {
        let width = width.max(2);
        let shift = if exact {
            63 - (width - 1).leading_zeros()
        } else {
            0
        };
        let magic = (1_u128 << (64 + shift)).div_ceil(u128::from(width)) as u64;
        Self { magic, shift }
    }

    pub(crate) const fn of(self, now: Duration) -> u64 {
        self.rounded(now) >> self.shift
    }

    /// As [`of`](Self::of) where these are rounded ones.
    #[inline(always)]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the upper half of a product"
    )]
    pub(crate) const fn rounded(self, now: Duration) -> u64 {
        ((nanos(now) as u128 * self.magic as u128) >> 64) as u64
    }
}

/// The tag of `epoch` in `era`, in its place.
const fn wanted(epoch: u64, log2: u32, era: u64) -> u64 {
    let low = (epoch & (INLINE as u64 - 1)) << EPOCH_SHIFT;
    (epoch >> log2 << TAG_SHIFT | low).wrapping_add(era)
}

/// As [`wanted`] for an inline ring, where the two parts of the epoch meet.
#[inline(always)]
pub(crate) const fn wanted_inline(epoch: u64, era: u64) -> u64 {
    (epoch << EPOCH_SHIFT).wrapping_add(era)
}

/// Whether a bucket that held `before` was the wanted one and is not full.
#[inline(always)]
pub(crate) const fn fits(before: u64, wanted: u64) -> bool {
    (before ^ wanted) >> (EPOCH_SHIFT - 1) == 0
}

/// How far the tag of `word` is ahead of the wanted one.
const fn ahead(word: u64, wanted: u64) -> u64 {
    (word >> TAG_SHIFT).wrapping_sub(wanted >> TAG_SHIFT) & TAG
}

/// What was counted.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Sum {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
}

/// The ring of a window.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'a> {
    pub(crate) slots: &'a [AtomicU64],
    pub(crate) log2: u32,
}

impl Ring<'_> {
    #[allow(clippy::cast_possible_truncation, reason = "masked to the ring")]
    fn slot(&self, epoch: u64) -> Option<&AtomicU64> {
        self.slots.get((epoch & ((1 << self.log2) - 1)) as usize)
    }

    /// Counts `add` in `epoch` of `era`. `live` says whether that is still the breaker's era; false
    /// if it is not and the outcome was too late to count.
    pub(crate) fn add(&self, epoch: u64, era: u64, add: u64, live: impl Fn() -> bool) -> bool {
        let Some(slot) = self.slot(epoch) else {
            return false;
        };
        let wanted = wanted(epoch, self.log2, era);
        let before = slot.fetch_add(add, Ordering::AcqRel);
        fits(before, wanted) || added_elsewhere(slot, before, wanted, add, live)
    }

    /// The last epoch that anything was counted in, `epoch` at least: an earlier time saturates.
    pub(crate) fn newest(&self, epoch: u64, era: u64) -> u64 {
        let wanted = wanted(epoch, self.log2, era);
        let size = 1 << self.log2;
        let here = epoch & (size - 1);
        let mut newest = epoch;
        for (slot, at) in self.slots.iter().zip(0_u64..) {
            let turns = ahead(slot.load(Ordering::Acquire), wanted);
            if turns <= AHEAD && (turns > 0 || at > here) {
                newest = newest.max(
                    (epoch - here)
                        .saturating_add(turns * size)
                        .saturating_add(at),
                );
            }
        }
        newest
    }

    /// What the last `buckets` epochs up to the `newest` counted.
    pub(crate) fn sum(&self, newest: u64, buckets: u32, era: u64) -> Sum {
        let mut sum = Sum::default();
        for back in 0..u64::from(buckets) {
            let Some(epoch) = newest.checked_sub(back) else {
                break;
            };
            if let Some((_, calls, failures)) = self.bucket(epoch, era) {
                sum.calls += calls;
                sum.failures += failures;
            }
        }
        sum
    }

    /// The live buckets of the last `buckets` epochs: epoch, calls, failures; newest first.
    pub(crate) fn live(
        &self,
        newest: u64,
        buckets: u32,
        era: u64,
    ) -> impl Iterator<Item = (u64, u64, u64)> {
        (0..u64::from(buckets))
            .map_while(move |back| newest.checked_sub(back))
            .filter_map(move |epoch| self.bucket(epoch, era))
    }

    fn bucket(&self, epoch: u64, era: u64) -> Option<(u64, u64, u64)> {
        let word = self.slot(epoch)?.load(Ordering::Acquire);
        (ahead(word, wanted(epoch, self.log2, era)) == 0).then_some((
            epoch,
            word >> CALL_SHIFT & CALLS,
            word & FAILURES,
        ))
    }

    /// Puts counts where a snapshot had them.
    pub(crate) fn restore(&self, epoch: u64, era: u64, calls: u64, failures: u64) {
        if let Some(slot) = self.slot(epoch) {
            let calls = calls.min(CALLS >> 1);
            let word = wanted(epoch, self.log2, era) | calls << CALL_SHIFT | failures.min(calls);
            slot.store(word, Ordering::Release);
        }
    }
}

/// `add` was added to a bucket that held `before`, which is full or not the `wanted` one.
#[cold]
#[inline(never)]
pub(crate) fn added_elsewhere(
    slot: &AtomicU64,
    before: u64,
    wanted: u64,
    add: u64,
    live: impl Fn() -> bool,
) -> bool {
    let turns = ahead(before, wanted);
    if turns == 0 {
        halve(slot, wanted);
        return true;
    }
    if turns <= AHEAD {
        // The ring has gone round since this call read the clock.
        return live() || {
            take_back(slot, before, add);
            false
        };
    }
    turn_over(slot, wanted, add);
    true
}

/// Halves the counts of a full bucket, once however many threads saw it full.
fn halve(slot: &AtomicU64, wanted: u64) {
    let mut word = slot.load(Ordering::Acquire);
    while !fits(word, wanted) && ahead(word, wanted) == 0 {
        let calls = (word >> CALL_SHIFT & CALLS) >> 1;
        let failures = (word & FAILURES) >> 1;
        let halved = word >> EPOCH_SHIFT << EPOCH_SHIFT | calls << CALL_SHIFT | failures;
        match slot.compare_exchange(word, halved, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(newer) => word = newer,
        }
    }
}

/// Takes `add` out of the bucket that it was added to, unless that has been turned over with it.
fn take_back(slot: &AtomicU64, added_to: u64, add: u64) {
    let mut word = slot.load(Ordering::Acquire);
    while ahead(word, added_to) == 0 {
        // A halving in between has halved what is taken back.
        let Some(without) = word.checked_sub(add).filter(|w| ahead(*w, added_to) == 0) else {
            return;
        };
        match slot.compare_exchange(word, without, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(newer) => word = newer,
        }
    }
}

/// Begins the wanted bucket with `add` in place of an old one, or adds to it if another thread began it.
fn turn_over(slot: &AtomicU64, wanted: u64, add: u64) {
    let mut word = slot.load(Ordering::Acquire);
    loop {
        let turns = ahead(word, wanted);
        let next = if turns <= AHEAD {
            word.wrapping_add(add)
        } else {
            wanted.wrapping_add(add)
        };
        match slot.compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(newer) => word = newer,
        }
    }
}
