//! Times as the breaker keeps them: nanoseconds on the way in, microseconds in its words.

use std::time::Duration;

use crate::sync::{AtomicU64, Ordering};

const TAG_SHIFT: u32 = 53;
const TAG: u64 = 0x7ff;
pub(crate) const MAX_MICROS: u64 = (1 << TAG_SHIFT) - 1;

/// Nanoseconds since the origin, modulo 2⁶⁴: 584 years.
#[inline(always)]
pub(crate) const fn nanos(time: Duration) -> u64 {
    time.as_secs()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.subsec_nanos() as u64)
}

/// Whole microseconds since the origin, 285 years at most.
pub(crate) const fn micros(time: Duration) -> u64 {
    let micros = time
        .as_secs()
        .saturating_mul(1_000_000)
        .saturating_add(time.subsec_micros() as u64);
    if micros > MAX_MICROS {
        MAX_MICROS
    } else {
        micros
    }
}

/// A wait in microseconds, none of it lost.
pub(crate) fn micros_up(wait: Duration) -> u64 {
    let whole = micros(wait);
    let cut = !wait.subsec_nanos().is_multiple_of(1000);
    (whole + u64::from(cut)).min(MAX_MICROS)
}

/// A time that belongs to a generation: 11 bits of it above 53 bits of microseconds.
///
/// The word changes first and its times follow: a reader that finds an earlier generation's time knows
/// that the writer is between the two, and writes what it would have. Tags repeat after 2048
/// transitions and so say only whether a time is ours; whose turn it is, `live` asks the word.
#[derive(Debug)]
pub(crate) struct Stamp(AtomicU64);

impl Stamp {
    pub(crate) fn new(generation: u32, micros: u64) -> Self {
        Self(AtomicU64::new(pack(generation, micros)))
    }

    pub(crate) fn get(&self, generation: u32) -> Option<u64> {
        let value = self.0.load(Ordering::Acquire);
        (value >> TAG_SHIFT == u64::from(generation) & TAG).then_some(value & MAX_MICROS)
    }

    /// The generation's time: what was written, or else `micros` from now on; `None` if the
    /// generation is over.
    pub(crate) fn get_or_set(
        &self,
        generation: u32,
        micros: u64,
        live: impl Fn() -> bool,
    ) -> Option<u64> {
        self.update(generation, micros, |written| written, live)
    }

    /// The generation's time: `first` if it has none, else what `change` makes of it; `None` if the
    /// generation is over and another one's time stands here.
    pub(crate) fn update(
        &self,
        generation: u32,
        first: u64,
        change: impl Fn(u64) -> u64,
        live: impl Fn() -> bool,
    ) -> Option<u64> {
        let tag = u64::from(generation) & TAG;
        let mut value = self.0.load(Ordering::Acquire);
        loop {
            let next = if value >> TAG_SHIFT == tag {
                change(value & MAX_MICROS)
            } else if live() {
                // Whoever wrote a later generation's time had seen its word: `live` would, too.
                first
            } else {
                return None;
            };
            let next = next.min(MAX_MICROS);
            let packed = pack(generation, next);
            if packed == value {
                return Some(next);
            }
            match self
                .0
                .compare_exchange(value, packed, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(next),
                Err(newer) => value = newer,
            }
        }
    }
}

fn pack(generation: u32, micros: u64) -> u64 {
    (u64::from(generation) & TAG) << TAG_SHIFT | micros.min(MAX_MICROS)
}
