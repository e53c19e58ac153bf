//! Polly's time window: a bucket begins with the first call after the last bucket's end.
//!
//! Rules: `RollingHealthMetrics` and `SingleHealthMetrics` of Polly 8. A bucket is left out once its
//! begin lies the window's length back. At most 11 buckets; below 200 ms there is one. Under a mutex,
//! as in Polly. Cases: `vectors/resilience/breaker_polly.json`.

use std::sync::PoisonError;
use std::time::Duration;

use crate::snapshot::WindowBucket;
use crate::sync::Mutex;
use crate::time_window::Sum;

#[derive(Debug)]
pub(crate) struct AnchoredWindow {
    length: u64,
    width: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    era: u64,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    begin: u64,
    sum: Sum,
}

impl AnchoredWindow {
    pub(crate) fn new(length: u64, buckets: u32) -> Self {
        Self {
            length,
            width: length / u64::from(buckets.max(1)),
            held: Mutex::new(Held::default()),
        }
    }

    /// Begins an empty window of `era`, unless that is over (`live`) or something was counted in it.
    pub(crate) fn begin(&self, era: u64, live: impl Fn() -> bool) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.era != era && live() {
            held.era = era;
            held.buckets.clear();
        }
    }

    /// Counts a call of `era` at `now` nanoseconds; what the window holds then. `None` if the era is
    /// over, by what `live` says, and another one's calls are held.
    pub(crate) fn add(
        &self,
        now: u64,
        era: u64,
        failed: bool,
        live: impl Fn() -> bool,
    ) -> Option<Sum> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.era != era {
            if !live() {
                return None;
            }
            held.era = era;
            held.buckets.clear();
        }
        let fresh = held
            .buckets
            .last()
            .is_none_or(|b| age(now, b.begin) >= self.width);
        if fresh {
            held.buckets.push(Bucket {
                begin: now,
                sum: Sum::default(),
            });
        }
        held.buckets.retain(|b| age(now, b.begin) < self.length);
        if let Some(bucket) = held.buckets.last_mut() {
            bucket.sum.calls += 1;
            bucket.sum.failures += u64::from(failed);
        }
        Some(self.total(&held, now))
    }

    /// What the window holds at `now`: of `era`, or whatever era was counted last.
    pub(crate) fn sum(&self, now: u64, era: Option<u64>) -> Sum {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if era.is_none_or(|era| held.era == era) {
            self.total(&held, now)
        } else {
            Sum::default()
        }
    }

    /// The live buckets of `era`, or of whatever era was counted last, newest first.
    pub(crate) fn buckets(&self, now: u64, era: Option<u64>) -> Vec<WindowBucket> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if era.is_some_and(|era| held.era != era) {
            return Vec::new();
        }
        let mut buckets: Vec<WindowBucket> = Vec::new();
        for bucket in held.buckets.iter().rev() {
            let age = age(now, bucket.begin);
            if age >= self.length {
                continue;
            }
            let age = Duration::from_nanos(age);
            match buckets.last_mut() {
                // Later than now, after a clock that went back: as one.
                Some(last) if last.age >= age => {
                    last.calls += bucket.sum.calls;
                    last.failures += bucket.sum.failures;
                }
                _ => buckets.push(WindowBucket {
                    age,
                    calls: bucket.sum.calls,
                    failures: bucket.sum.failures,
                    ..WindowBucket::default()
                }),
            }
        }
        buckets
    }

    /// Puts the buckets of a snapshot in, newest first.
    pub(crate) fn restore(&self, buckets: &[WindowBucket], now: u64, era: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.era = era;
        held.buckets = buckets
            .iter()
            .rev()
            .map(|bucket| Bucket {
                begin: now.wrapping_sub(crate::time::nanos(bucket.age)),
                sum: Sum {
                    calls: bucket.calls,
                    failures: bucket.failures,
                },
            })
            .collect();
    }

    fn total(&self, held: &Held, now: u64) -> Sum {
        let mut sum = Sum::default();
        for bucket in held
            .buckets
            .iter()
            .filter(|b| age(now, b.begin) < self.length)
        {
            sum.calls += bucket.sum.calls;
            sum.failures += bucket.sum.failures;
        }
        sum
    }
}

/// How long before `now` a bucket began. That may be before the origin, where it comes from a snapshot;
/// a clock that went back makes it 0.
const fn age(now: u64, begin: u64) -> u64 {
    let age = now.wrapping_sub(begin);
    if age > u64::MAX / 2 { 0 } else { age }
}
