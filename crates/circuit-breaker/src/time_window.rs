//! The time window: counts in buckets of equal width, each one word, no lock.
//!
//! A bucket's word is `tag 21 | epoch 4 | calls 19 | failures 20`. Outcomes of the epoch e = ⌊now ÷
//! width⌋ go to the slot e mod n, n a power of two. The tag is ⌊e ÷ n⌋ + 64 × generation: a new turn
//! round the ring and a new generation both make what stood there old, so that nothing needs to be
//! cleared. (The four bits of the epoch repeat what the slot says, for the shortest way to a tag.) A call
//! that did not fail is one fetch-and-add; where the word that comes back has another tag, the bucket is
//! turned over. What harms is one compare-and-swap, which no other tag lets through.
//!
//! - **A racing turn-over** loses nothing and may misplace one outcome a thread: one that was about to
//!   be added to a bucket when the ring came round to it. It counts as new instead of as old.
//! - **An outcome of an earlier generation** is not counted. A success may stand in a later one's
//!   bucket between the addition that finds it there and the one that takes it back: a judgement of
//!   that moment sees a call too many, never a failure.
//! - **Overflow**: from 2¹⁸ calls in a bucket on, both its counts are halved: shares stay, the absolute
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
#[cfg(not(any(loom, shuttle)))]
pub(crate) const INLINE_LOG2: u32 = 4;
/// Fewer in models: every slot is a step of every judgement.
#[cfg(any(loom, shuttle))]
pub(crate) const INLINE_LOG2: u32 = 1;
pub(crate) const INLINE: usize = 1 << INLINE_LOG2;

const CALL_SHIFT: u32 = 20;
const TAG_SHIFT: u32 = GENERATION_SHIFT;
const EPOCH_SHIFT: u32 = TAG_SHIFT - INLINE_LOG2;
/// A bucket is full where the counts reach this bit: from 2¹⁸ calls on.
#[cfg(not(any(loom, shuttle)))]
const FULL_SHIFT: u32 = EPOCH_SHIFT - 1;
/// From 4 calls on in models.
#[cfg(any(loom, shuttle))]
const FULL_SHIFT: u32 = CALL_SHIFT + 2;
const FAILURES: u64 = CALL - 1;
const CALLS: u64 = (1 << (EPOCH_SHIFT - CALL_SHIFT)) - 1;
/// The most calls of a bucket that is not full.
pub(crate) const MOST_CALLS: u64 = (1 << (FULL_SHIFT - CALL_SHIFT)) - 1;
const TAG: u64 = (1 << (64 - TAG_SHIFT)) - 1;
/// How many turns ahead of ours a tag may be and still be taken for a later time.
const AHEAD: u64 = 16;
/// How many turns of tags lie between one generation and the next, as a power of two: with a clock
/// that goes back by fewer, no bucket of an earlier generation looks like one of ours.
const ERA_TURNS_LOG2: u32 = 6;

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
    (epoch >> log2 << TAG_SHIFT | low).wrapping_add(era << ERA_TURNS_LOG2)
}

/// As [`wanted`] for an inline ring, where the two parts of the epoch meet.
#[inline(always)]
pub(crate) const fn wanted_inline(epoch: u64, era: u64) -> u64 {
    (epoch << (EPOCH_SHIFT - ERA_TURNS_LOG2)).wrapping_add(era) << ERA_TURNS_LOG2
}

/// Whether a bucket that held `before` was the wanted one and is not full.
#[inline(always)]
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

/// What became of an outcome that was added to a bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Added {
    Counted,
    /// Counted, and the bucket was full and has been halved: so must be those beside it.
    Halved,
    /// Too late to count.
    Late,
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
    /// breaker's era.
    pub(crate) fn count(&self, epoch: u64, era: u64, live: impl Fn() -> bool) -> Added {
        let Some(slot) = self.slot(epoch) else {
            return Added::Late;
        };
        let wanted = wanted(epoch, self.log2, era);
        let before = slot.fetch_add(CALL, Ordering::AcqRel);
        if fits(before, wanted) {
            return Added::Counted;
        }
        counted_elsewhere(slot, before, wanted, live)
    }

    /// As [`count`](Self::count), for what harms: never in a bucket of another era, not even until it
    /// is taken back, for a judgement might come in between.
    pub(crate) fn add(&self, epoch: u64, era: u64, add: u64, live: impl Fn() -> bool) -> Added {
        let wanted = wanted(epoch, self.log2, era);
        self.slot(epoch)
            .map_or(Added::Late, |slot| place(slot, wanted, add, live))
    }

    /// Halves the bucket of `epoch`, beside one that was full.
    pub(crate) fn halve(&self, epoch: u64, era: u64) {
        if let Some(slot) = self.slot(epoch) {
            let wanted = wanted(epoch, self.log2, era);
            halve(slot, |word| ahead(word, wanted) == 0);
        }
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
        for (_, calls, failures) in self.live(newest, buckets, era) {
            sum.calls += calls;
            sum.failures += failures;
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

    /// The live buckets of the last `buckets` epochs: epoch, calls, failures; newest first. Those
    /// before the first epoch are there after a restart: they come from a snapshot.
    pub(crate) fn live(
        &self,
        newest: u64,
        buckets: u32,
        era: u64,
    ) -> impl Iterator<Item = (u64, u64, u64)> {
        (0..u64::from(buckets)).filter_map(move |back| self.bucket(newest.wrapping_sub(back), era))
    }

    pub(crate) fn bucket(&self, epoch: u64, era: u64) -> Option<(u64, u64, u64)> {
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
            let calls = calls.min(MOST_CALLS);
            let word = wanted(epoch, self.log2, era) | calls << CALL_SHIFT | failures.min(calls);
            slot.store(word, Ordering::Release);
        }
    }
}

/// A call was added to a bucket that held `before`, which is full or not the `wanted` one.
#[cold]
#[inline(never)]
pub(crate) fn counted_elsewhere(
    slot: &AtomicU64,
    before: u64,
    wanted: u64,
    live: impl Fn() -> bool,
) -> Added {
    let turns = ahead(before, wanted);
    if turns > 0 && !live() {
        take_back(slot, before);
        return Added::Late;
    }
    if turns <= AHEAD {
        // Of a later turn, the ring has gone round since this call read the clock.
        let full = |word| is_full(word) && ahead(word, before) == 0;
        // Once, however many threads saw it full.
        return if is_full(before) && halve(slot, full) {
            Added::Halved
        } else {
            Added::Counted
        };
    }
    place(slot, wanted, CALL, live)
}

/// Adds to the wanted bucket, to a later one in its place, or begins it in place of an old one; or
/// not, if the era is over and the bucket another's.
///
/// The bucket's word was read before `live` was asked: had it been of a later era, the thread that
/// wrote it would have seen that era's word, and so would `live`.
fn place(slot: &AtomicU64, wanted: u64, add: u64, live: impl Fn() -> bool) -> Added {
    let mut word = slot.load(Ordering::Acquire);
    loop {
        let turns = ahead(word, wanted);
        if turns > 0 && !live() {
            return Added::Late;
        }
        let (next, added) = if turns > AHEAD {
            (wanted.wrapping_add(add), Added::Counted)
        } else if is_full(word) {
            (halved(word).wrapping_add(add), Added::Halved)
        } else {
            (word.wrapping_add(add), Added::Counted)
        };
        match slot.compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return added,
            Err(newer) => word = newer,
        }
    }
}

const fn is_full(word: u64) -> bool {
    (word & ((1 << EPOCH_SHIFT) - 1)) >> FULL_SHIFT != 0
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
    word >> EPOCH_SHIFT << EPOCH_SHIFT | calls << CALL_SHIFT | failures
}

/// Halves the counts of a bucket while `needed`; whether this thread did.
fn halve(slot: &AtomicU64, needed: impl Fn(u64) -> bool) -> bool {
    let mut word = slot.load(Ordering::Acquire);
    while needed(word) {
        match slot.compare_exchange(word, halved(word), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return true,
            Err(newer) => word = newer,
        }
    }
    false
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
