//! Stabilization windows: a change must have been asked for during a whole window.
//!
//! Upwards the smallest, downwards the largest recommendation of the window counts, the newest
//! included; the result is the current count brought between the two. Source: Kubernetes
//! `stabilizeRecommendation`, `stabilizeRecommendationWithBehaviors`. Cost: O(recommendations in
//! the longer window). Edge cases: a recommendation exactly one window old no longer counts with
//! `behavior` but still does under the legacy rule; windows of 0 s leave the newest alone; one
//! stale place is used again by each recording, so the log does not grow. Vectors:
//! `stabilize_with_behavior`, `stabilize_without_behavior`.

use core::time::Duration;

/// Start of a window that ends now; `None` where it lies before the origin of time.
#[derive(Clone, Copy)]
pub(super) struct Start(Option<Duration>);

impl Start {
    pub(super) fn of(now: Duration, window: Duration) -> Self {
        Self(now.checked_sub(window))
    }

    pub(super) fn is_before(self, at: Duration) -> bool {
        self.0.is_none_or(|start| at > start)
    }

    pub(super) fn is_after(self, at: Duration) -> bool {
        self.0.is_some_and(|start| at < start)
    }
}

/// Past recommendations, before stabilization.
///
/// ```
/// use autoscale_core::RecommendationLog;
/// use std::time::Duration;
/// let (second, window) = (Duration::from_secs(1), Duration::from_secs(60));
/// let mut log = RecommendationLog::default();
/// let counts = [(0, 8), (30, 5), (70, 3)]
///     .map(|(at, wanted)| log.stabilize(second * at, 8, wanted, Duration::ZERO, window));
/// assert_eq!(counts, [8, 8, 5]);
/// assert_eq!(log.entries().len(), 2); // the oldest place was used again
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecommendationLog {
    entries: Vec<Recommendation>,
}

/// One past recommendation.
///
/// ```
/// use autoscale_core::{Recommendation, RecommendationLog};
/// use std::time::Duration;
/// let mut log = RecommendationLog::default();
/// log.stabilize_down(Duration::from_secs(15), 4, Duration::from_secs(300));
/// assert_eq!(log.entries(), [Recommendation { replicas: 4, at: Duration::from_secs(15) }]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Recommendation {
    /// The count asked for.
    pub replicas: u32,
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
}

impl RecommendationLog {
    /// A log with these entries.
    ///
    /// ```
    /// use autoscale_core::{Recommendation, RecommendationLog};
    /// use std::time::Duration;
    /// let peak = Recommendation { replicas: 9, at: Duration::ZERO };
    /// let mut log = RecommendationLog::from_entries([peak]);
    /// let window = Duration::from_secs(300);
    /// assert_eq!(log.stabilize_down(Duration::from_secs(60), 4, window), 9);
    /// ```
    #[must_use]
    pub fn from_entries(entries: impl IntoIterator<Item = Recommendation>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }

    /// The entries, in no particular order.
    ///
    /// ```
    /// # use autoscale_core::RecommendationLog;
    /// assert!(RecommendationLog::default().entries().is_empty());
    /// ```
    #[must_use]
    pub fn entries(&self) -> &[Recommendation] {
        &self.entries
    }

    /// Records `recommended` and gives the count after both windows.
    ///
    /// ```
    /// use autoscale_core::RecommendationLog;
    /// use std::time::Duration;
    /// let (second, window) = (Duration::from_secs(1), Duration::from_secs(300));
    /// let mut log = RecommendationLog::default();
    /// assert_eq!(log.stabilize(second, 8, 10, Duration::ZERO, window), 10);
    /// assert_eq!(log.stabilize(second * 60, 10, 4, Duration::ZERO, window), 10);
    /// assert_eq!(log.stabilize(second * 302, 10, 4, Duration::ZERO, window), 4);
    /// ```
    pub fn stabilize(
        &mut self,
        now: Duration,
        current: u32,
        recommended: u32,
        up_window: Duration,
        down_window: Duration,
    ) -> u32 {
        let (mut up, mut down) = (recommended, recommended);
        let mut reuse = None;
        let (up_start, down_start) = (Start::of(now, up_window), Start::of(now, down_window));
        for entry in &mut self.entries {
            if up_start.is_before(entry.at) {
                up = up.min(entry.replicas);
            }
            if down_start.is_before(entry.at) {
                down = down.max(entry.replicas);
            }
            if up_start.is_after(entry.at) && down_start.is_after(entry.at) {
                reuse = Some(entry);
            }
        }
        let entry = Recommendation {
            replicas: recommended,
            at: now,
        };
        match reuse {
            Some(place) => *place = entry,
            None => self.push(entry),
        }
        current.max(up).min(down)
    }

    /// Records `recommended` and gives the largest recommendation of `window`: the rule of an HPA
    /// without `behavior`.
    ///
    /// ```
    /// use autoscale_core::RecommendationLog;
    /// use std::time::Duration;
    /// let (minute, mut log) = (Duration::from_secs(60), RecommendationLog::default());
    /// assert_eq!(log.stabilize_down(minute, 9, minute * 5), 9);
    /// assert_eq!(log.stabilize_down(minute * 6, 4, minute * 5), 9); // exactly a window old
    /// assert_eq!(log.stabilize_down(minute * 7, 4, minute * 5), 4);
    /// ```
    pub fn stabilize_down(&mut self, now: Duration, recommended: u32, window: Duration) -> u32 {
        let mut largest = recommended;
        let mut reuse = None;
        let start = Start::of(now, window);
        for entry in &mut self.entries {
            if start.is_after(entry.at) {
                reuse = Some(entry);
            } else {
                largest = largest.max(entry.replicas);
            }
        }
        let entry = Recommendation {
            replicas: recommended,
            at: now,
        };
        match reuse {
            Some(place) => *place = entry,
            None => self.push(entry),
        }
        largest
    }

    /// Adds an entry. Of those of one instant only the smallest and the largest count, so that a
    /// clock that stands still does not let the log grow.
    fn push(&mut self, entry: Recommendation) {
        let mut same = self.entries.iter_mut().filter(|e| e.at == entry.at);
        let (Some(a), Some(b)) = (same.next(), same.next()) else {
            // In small steps: doubling would leave a third of a service's memory unused.
            if self.entries.len() == self.entries.capacity() {
                self.entries.reserve_exact(2 + self.entries.len() / 16);
            }
            self.entries.push(entry);
            return;
        };
        let (low, high) = if a.replicas <= b.replicas {
            (a, b)
        } else {
            (b, a)
        };
        low.replicas = low.replicas.min(entry.replicas);
        high.replicas = high.replicas.max(entry.replicas);
    }

    /// When the next entry of `window` leaves it.
    pub(crate) fn next_expiry(&self, now: Duration, window: Duration) -> Option<Duration> {
        let ends = self
            .entries
            .iter()
            .map(|entry| entry.at.saturating_add(window));
        // Just after its end: exactly at it an entry may still count.
        ends.filter(|end| *end >= now)
            .min()
            .map(|end| end.saturating_add(Duration::from_nanos(1)))
    }
}
