//! The count window: the last n outcomes, exactly.
//!
//! A ring of outcomes at 2 bits each and one word, from its lowest bit `lock 1 | full 1 | position 15 |
//! failures 15 | slow 15 | slow failures 15`, whose lowest bit is a spin lock: taking it hands over the
//! sums, and giving it back publishes the new ones, so that a record costs one compare-and-swap, two
//! plain loads and one or two plain stores. It is not lock-free: a
//! thread that is descheduled within those few instructions holds up the others. Exact at any history:
//! the outcome that leaves the window is read from the ring.

use crate::sync::{AtomicU64, Ordering, relax};

/// The largest size.
pub(crate) const MAX_COUNT: u32 = (1 << FIELD) - 1;

const FIELD: u32 = 15;
const MASK: u64 = (1 << FIELD) - 1;
const LOCKED: u64 = 1;
const FULL: u64 = 2;
const POSITION: u32 = 2;
const FAILURES: u32 = POSITION + FIELD;
const SLOW: u32 = FAILURES + FIELD;
const SLOW_FAILURES: u32 = SLOW + FIELD;
const PER_WORD: u64 = 32;

const FAILED_BIT: u64 = 1;
const SLOW_BIT: u64 = 2;

#[derive(Debug)]
pub(crate) struct CountWindow {
    sums: AtomicU64,
    /// The era that the outcomes belong to; read and written under the lock.
    era: AtomicU64,
    ring: Box<[AtomicU64]>,
    size: u32,
}

/// What the window holds.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct CountSums {
    pub(crate) calls: u32,
    pub(crate) failures: u32,
    pub(crate) slow: u32,
    pub(crate) slow_failures: u32,
}

impl CountWindow {
    pub(crate) fn new(size: u32) -> Self {
        let words = u64::from(size).div_ceil(PER_WORD);
        Self {
            sums: AtomicU64::new(0),
            era: AtomicU64::new(0),
            ring: (0..words).map(|_| AtomicU64::new(0)).collect(),
            size: size.min(MAX_COUNT),
        }
    }

    #[inline]
    fn lock(&self) -> u64 {
        let mut sums = self.sums.load(Ordering::Relaxed) & !LOCKED;
        loop {
            match self.sums.compare_exchange_weak(
                sums,
                sums | LOCKED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return sums,
                Err(seen) => {
                    if seen & LOCKED != 0 {
                        relax();
                    }
                    sums = seen & !LOCKED;
                }
            }
        }
    }

    #[inline]
    fn unlock(&self, sums: u64) {
        self.sums.store(sums, Ordering::Release);
    }

    /// Adds an outcome of `era` and says what the window holds then; `None` if the era is over, by what
    /// `live` says, and another one's outcomes are held.
    #[inline]
    pub(crate) fn push(
        &self,
        era: u64,
        failed: bool,
        slow: bool,
        live: impl Fn() -> bool,
    ) -> Option<CountSums> {
        let mut sums = self.lock();
        let held = self.era.load(Ordering::Relaxed);
        if held != era {
            // Whoever began a later era here had seen its word: `live` would, too.
            if !live() {
                self.unlock(sums);
                return None;
            }
            self.era.store(era, Ordering::Relaxed);
            sums = 0;
        }
        let outcome = u64::from(failed) * FAILED_BIT + u64::from(slow) * SLOW_BIT;
        sums = self.replace(sums, outcome);
        self.unlock(sums);
        Some(self.unpack(sums))
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "a position within the ring"
    )]
    fn replace(&self, mut sums: u64, outcome: u64) -> u64 {
        let position = sums >> POSITION & MASK;
        let Some(word) = self.ring.get((position / PER_WORD) as usize) else {
            return sums;
        };
        let shift = position % PER_WORD * 2;
        let old = word.load(Ordering::Relaxed);
        let leaving = if sums & FULL == 0 {
            0
        } else {
            old >> shift & 3
        };
        if leaving != outcome || sums & FULL == 0 {
            word.store(old & !(3 << shift) | outcome << shift, Ordering::Relaxed);
            sums = sums
                .wrapping_sub(weight(leaving))
                .wrapping_add(weight(outcome));
        }
        let next = position + 1;
        if next >= u64::from(self.size) {
            (sums & !(MASK << POSITION)) | FULL
        } else {
            sums + (1 << POSITION)
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "fields of 15 bits")]
    fn unpack(&self, sums: u64) -> CountSums {
        let field = |shift: u32| (sums >> shift & MASK) as u32;
        CountSums {
            calls: if sums & FULL == 0 {
                field(POSITION)
            } else {
                self.size
            },
            failures: field(FAILURES),
            slow: field(SLOW),
            slow_failures: field(SLOW_FAILURES),
        }
    }

    /// Puts outcomes of `era` into a new window, oldest first.
    pub(crate) fn restore(&self, era: u64, outcomes: impl Iterator<Item = (bool, bool)>) {
        let sums = self.lock();
        self.era.store(era, Ordering::Relaxed);
        let sums = outcomes.fold(sums, |sums, (failed, slow)| {
            self.replace(
                sums,
                u64::from(failed) * FAILED_BIT + u64::from(slow) * SLOW_BIT,
            )
        });
        self.unlock(sums);
    }

    /// What the window holds of `era`.
    pub(crate) fn sums(&self, era: u64) -> CountSums {
        let sums = self.lock();
        let held = self.era.load(Ordering::Relaxed);
        self.unlock(sums);
        if held == era {
            self.unpack(sums)
        } else {
            CountSums::default()
        }
    }

    /// The outcomes of `era`, oldest first: failed, slow.
    pub(crate) fn outcomes(&self, era: u64) -> Vec<(bool, bool)> {
        let sums = self.lock();
        let held = self.era.load(Ordering::Relaxed);
        let words: Vec<u64> = self
            .ring
            .iter()
            .map(|w| w.load(Ordering::Relaxed))
            .collect();
        self.unlock(sums);
        if held != era {
            return Vec::new();
        }
        let position = sums >> POSITION & MASK;
        let size = u64::from(self.size);
        let order = if sums & FULL == 0 {
            0..position
        } else {
            position..position + size
        };
        order
            .map(|at| {
                let at = at % size;
                let word = usize::try_from(at / PER_WORD)
                    .ok()
                    .and_then(|i| words.get(i))
                    .map_or(0, |w| w >> (at % PER_WORD * 2));
                (word & FAILED_BIT != 0, word & SLOW_BIT != 0)
            })
            .collect()
    }
}

/// What an outcome adds to the sums.
const fn weight(outcome: u64) -> u64 {
    let failed = outcome & FAILED_BIT;
    let slow = outcome >> 1;
    failed << FAILURES | slow << SLOW | (failed & slow) << SLOW_FAILURES
}
