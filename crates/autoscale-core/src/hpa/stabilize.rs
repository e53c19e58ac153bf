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

/// Past recommendations, before stabilization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecommendationLog {
    entries: Vec<Recommendation>,
}

/// One past recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Recommendation {
    /// The count asked for.
    pub replicas: u32,
    /// When.
    pub at: Duration,
}

impl RecommendationLog {
    /// A log with these entries.
    #[must_use]
    pub fn from_entries(entries: impl IntoIterator<Item = Recommendation>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }

    /// The entries, in no particular order.
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
        for entry in &mut self.entries {
            let up_end = entry.at.saturating_add(up_window);
            let down_end = entry.at.saturating_add(down_window);
            if up_end > now {
                up = up.min(entry.replicas);
            }
            if down_end > now {
                down = down.max(entry.replicas);
            }
            if up_end < now && down_end < now {
                reuse = Some(entry);
            }
        }
        let entry = Recommendation {
            replicas: recommended,
            at: now,
        };
        match reuse {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        current.max(up).min(down)
    }

    /// Records `recommended` and gives the largest recommendation of `window`: the rule of an HPA
    /// without `behavior`.
    pub fn stabilize_down(&mut self, now: Duration, recommended: u32, window: Duration) -> u32 {
        let mut largest = recommended;
        let mut reuse = None;
        for entry in &mut self.entries {
            if entry.at.saturating_add(window) < now {
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
            None => self.entries.push(entry),
        }
        largest
    }
}
