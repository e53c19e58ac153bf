//! Polly's time window: a bucket begins with the first call after the last bucket's end.
//!
//! Rules: `RollingHealthMetrics` and `SingleHealthMetrics` of Polly 8. A bucket is left out once its
//! begin lies the window's length back. At most 11 buckets; below 200 ms there is one. Under a mutex,
//! as in Polly. Cases: `vectors/resilience/breaker_polly.json`.

use std::sync::PoisonError;

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
            .is_none_or(|b| now.saturating_sub(b.begin) >= self.width);
        if fresh {
            held.buckets.push(Bucket {
                begin: now,
                sum: Sum::default(),
            });
        }
        held.buckets
            .retain(|b| now.saturating_sub(b.begin) < self.length);
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

    fn total(&self, held: &Held, now: u64) -> Sum {
        let mut sum = Sum::default();
        for bucket in held
            .buckets
            .iter()
            .filter(|b| now.saturating_sub(b.begin) < self.length)
        {
            sum.calls += bucket.sum.calls;
            sum.failures += bucket.sum.failures;
        }
        sum
    }
}
