//! The time window: counts in buckets of equal width, each one word, no lock.
//!
//! A bucket's word is `tag 21 | calls 21 | failures 22`. Outcomes of the epoch e = ⌊now ÷ width⌋ go to
//! the slot e mod n, n a power of two. The tag is ⌊e ÷ n⌋ + 64 × generation: a new turn round the ring
//! and a new generation both make what stood there old, so that nothing needs to be cleared. A call that
//! did not fail is one fetch-and-add; where the word that comes back has another tag, the bucket is
//! turned over. What harms is one compare-and-swap, which no other tag lets through.
//!
//! - **A racing turn-over** loses nothing and may misplace one outcome a thread: one that was about to
//!   be added to a bucket when the ring came round to it. It counts as new instead of as old.
//! - **An outcome of an earlier generation** is not counted. A success may stand in a later one's
//!   bucket between the addition that finds it there and the one that takes it back: a judgement of
//!   that moment sees a call too many, never a failure.
//! - **Overflow**: from 2²⁰ calls in a bucket on, both its counts are halved: shares stay, the absolute
//!   counts are lower bounds.
//! - **A clock that goes back** by up to 16 turns: an outcome whose bucket is taken by a later time
//!   counts there; others count in their own. Judged is the window up to the latest time, and the one
//!   up to the outcome's own where the two do not meet. Further back: the bucket begins anew.
//! - **A clock that goes back while the breaker changes state**: k generations and 64 k turns (17 min
//!   each for 10 s in 10 buckets), or up to 16 more, make an old bucket one of ours.
//! - **A bucket that nobody touched** is taken for a live one once turns + 64 × transitions come to 2²¹,
//!   or up to 16 less: 388 days for 10 s in 10 buckets, or 32 768 transitions. One never touched counts
//!   as of half that before the origin.
//!
//! Judging sums the buckets: O(buckets). Cases: `vectors/resilience/breaker_resilience4j.json`.

use crate::sync::{AtomicU64, Ordering};
use crate::word::GENERATION_SHIFT;

/// One call, no failure.
pub(crate) const CALL: u64 = 1 << CALL_SHIFT;
/// One failure, to be added to a call.
pub(crate) const FAILURE: u64 = 1;
/// What a slot holds that nothing was counted in: half of all tags away from the first ones.
pub(crate) const EMPTY: u64 = 1 << 63;
/// Slots of a window that lies within the breaker, as a power of two.
#[cfg(not(any(loom, shuttle)))]
pub(crate) const INLINE_LOG2: u32 = 4;
/// Fewer in models: every slot is a step of every judgement.
#[cfg(any(loom, shuttle))]
pub(crate) const INLINE_LOG2: u32 = 1;
pub(crate) const INLINE: usize = 1 << INLINE_LOG2;

const CALL_SHIFT: u32 = 22;
const TAG_SHIFT: u32 = GENERATION_SHIFT;
/// A bucket is full where the counts reach this bit: from 2²⁰ calls on.
#[cfg(not(any(loom, shuttle)))]
const FULL_SHIFT: u32 = TAG_SHIFT - 1;
/// From 4 calls on in models.
#[cfg(any(loom, shuttle))]
const FULL_SHIFT: u32 = CALL_SHIFT + 2;
const FAILURES: u64 = CALL - 1;
const CALLS: u64 = (1 << (TAG_SHIFT - CALL_SHIFT)) - 1;
const TAG: u64 = (1 << (64 - TAG_SHIFT)) - 1;
/// How many turns ahead of ours a tag may be and still be taken for a later time.
const AHEAD: u64 = 16;
/// How many turns of tags lie between one generation and the next, as a power of two: with a clock
/// that goes back by fewer, no bucket of an earlier generation looks like one of ours.
const ERA_TURNS_LOG2: u32 = 6;

/// Time to epochs: ⌊now ÷ width⌋ by one multiplication.
///
/// With s = ⌈log₂ width⌉ − 1 and m = ⌈2⁶⁴⁺ˢ ÷ width⌉ < 2⁶⁴, ⌊now × m ÷ 2⁶⁴⁺ˢ⌋ is exact for now < 2⁶³
/// nanoseconds (292 years), and never off by more than one beyond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epochs {
    magic: u64,
    shift: u32,
}

impl Epochs {
    /// Epochs of `width` nanoseconds, at least 2.
    #[allow(clippy::cast_possible_truncation, reason = "below 2^64, see above")]
    pub(crate) fn new(width: u64) -> Self {
        let width = width.max(2);
        let shift = 63 - (width - 1).leading_zeros();
        let magic = (1_u128 << (64 + shift)).div_ceil(u128::from(width)) as u64;
        Self { magic, shift }
    }

    #[inline]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the upper half of a product"
    )]
    pub(crate) const fn of(self, nanos: u64) -> u64 {
        ((nanos as u128 * self.magic as u128) >> 64) as u64 >> self.shift
    }
}

/// The tag of `epoch` in `era`, in its place.
#[inline]
pub(crate) const fn wanted(epoch: u64, log2: u32, era: u64) -> u64 {
    (epoch >> log2 << TAG_SHIFT).wrapping_add(era << ERA_TURNS_LOG2)
}

/// Whether a bucket that held `before` was the wanted one and is not full.
#[inline]
pub(crate) const fn fits(before: u64, wanted: u64) -> bool {
    (before ^ wanted) >> FULL_SHIFT == 0
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

    /// Counts a call that did not fail in `epoch` of `era`. `live` says whether that is still the
    /// breaker's era; false if it is not and the outcome was too late to count.
    pub(crate) fn count(&self, epoch: u64, era: u64, live: impl Fn() -> bool) -> bool {
        let Some(slot) = self.slot(epoch) else {
            return false;
        };
        let wanted = wanted(epoch, self.log2, era);
        let before = slot.fetch_add(CALL, Ordering::AcqRel);
        fits(before, wanted) || counted_elsewhere(slot, before, wanted, live)
    }

    /// As [`count`](Self::count), for what harms: never in a bucket of another era, not even until it
    /// is taken back, for a judgement might come in between.
    pub(crate) fn add(&self, epoch: u64, era: u64, add: u64, live: impl Fn() -> bool) -> bool {
        self.slot(epoch)
            .is_some_and(|slot| place(slot, wanted(epoch, self.log2, era), add, live))
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

    /// What is judged at `epoch`: the window up to the `newest`, and where that is all of later times
    /// than the window up to `epoch`, both.
    pub(crate) fn held(&self, epoch: u64, newest: u64, buckets: u32, era: u64) -> Sum {
        let mut sum = self.sum(newest, buckets, era);
        if newest.saturating_sub(epoch) >= u64::from(buckets) {
            let own = self.sum(epoch, buckets, era);
            sum.calls += own.calls;
            sum.failures += own.failures;
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

/// A call was added to a bucket that held `before`, which is full or not the `wanted` one. False if
/// the era is over and it was not counted.
#[cold]
#[inline(never)]
pub(crate) fn counted_elsewhere(
    slot: &AtomicU64,
    before: u64,
    wanted: u64,
    live: impl Fn() -> bool,
) -> bool {
    let turns = ahead(before, wanted);
    if turns > 0 && !live() {
        take_back(slot, before);
        return false;
    }
    if turns <= AHEAD {
        // Of a later turn, the ring has gone round since this call read the clock.
        if is_full(before) {
            halve(slot, before);
        }
        return true;
    }
    place(slot, wanted, CALL, live)
}

/// Adds to the wanted bucket, to a later one in its place, or begins it in place of an old one. False
/// if the era is over and the bucket another's.
///
/// The bucket's word was read before `live` was asked: had it been of a later era, the thread that
/// wrote it would have seen that era's word, and so would `live`.
fn place(slot: &AtomicU64, wanted: u64, add: u64, live: impl Fn() -> bool) -> bool {
    let mut word = slot.load(Ordering::Acquire);
    loop {
        let turns = ahead(word, wanted);
        if turns > 0 && !live() {
            return false;
        }
        let next = if turns > AHEAD {
            wanted.wrapping_add(add)
        } else if is_full(word) {
            halved(word).wrapping_add(add)
        } else {
            word.wrapping_add(add)
        };
        match slot.compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return true,
            Err(newer) => word = newer,
        }
    }
}

const fn is_full(word: u64) -> bool {
    word << (64 - TAG_SHIFT) >> (64 - TAG_SHIFT) >> FULL_SHIFT != 0
}

const fn halved(word: u64) -> u64 {
    counted(
        word,
        (word >> CALL_SHIFT & CALLS) >> 1,
        (word & FAILURES) >> 1,
    )
}

/// Other counts under the tag of `word`.
const fn counted(word: u64, calls: u64, failures: u64) -> u64 {
    word >> TAG_SHIFT << TAG_SHIFT | calls << CALL_SHIFT | failures
}

/// Halves the counts of a full bucket, once however many threads saw it full.
fn halve(slot: &AtomicU64, seen: u64) {
    let mut word = slot.load(Ordering::Acquire);
    while is_full(word) && ahead(word, seen) == 0 {
        match slot.compare_exchange(word, halved(word), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(newer) => word = newer,
        }
    }
}

/// Takes a call out of the bucket that it was added to, unless that has been turned over with it.
fn take_back(slot: &AtomicU64, added_to: u64) {
    let mut word = slot.load(Ordering::Acquire);
    while ahead(word, added_to) == 0 {
        let calls = (word >> CALL_SHIFT & CALLS).saturating_sub(1);
        // A halving in between may have left no more calls than failures.
        let without = counted(word, calls, (word & FAILURES).min(calls));
        match slot.compare_exchange(word, without, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(newer) => word = newer,
        }
    }
}
