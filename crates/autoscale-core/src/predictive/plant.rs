//! A fleet that is only imagined: what a candidate's orders would have become.

use std::collections::VecDeque;

use crate::numeric;

/// Replicas that serve, replicas that start, and what was ready a little earlier.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Plant {
    ready: u32,
    starting: u32,
    /// (Interval in which they are ready, count), oldest first.
    orders: VecDeque<(u64, u32)>,
    /// Ready counts of the last intervals, oldest first.
    past: VecDeque<u32>,
    /// The first interval that has not begun.
    next: u64,
}

impl Plant {
    /// Begins with the interval `next`; `lag` intervals pass until a sample is seen.
    pub(super) fn new(replicas: u32, lag: usize, start_up: usize, next: u64) -> Self {
        let mut past = VecDeque::with_capacity(lag + 2);
        past.extend(core::iter::repeat_n(replicas, lag));
        Self {
            ready: replicas,
            starting: 0,
            orders: VecDeque::with_capacity(start_up + 2),
            past,
            next,
        }
    }

    /// Begins an interval, and those before it that nobody asked about; gives what was ready when its
    /// newest sample was taken.
    pub(super) fn begin(&mut self, tick: u64) -> u32 {
        let kept = numeric::count_u64(self.past.len());
        let mut seen = self.ready;
        for interval in tick.saturating_sub(kept).max(self.next)..=tick {
            self.finish_starting(interval);
            self.past.push_back(self.ready);
            seen = self.past.pop_front().unwrap_or(self.ready);
        }
        self.next = tick.saturating_add(1);
        seen
    }

    fn finish_starting(&mut self, interval: u64) {
        let is_due = |(due, _): &(u64, u32)| *due <= interval;
        while let Some((_, count)) = self.orders.front().copied().filter(is_due) {
            self.ready = self.ready.saturating_add(count);
            self.starting = self.starting.saturating_sub(count);
            self.orders.pop_front();
        }
    }

    pub(super) const fn replicas(&self) -> u32 {
        self.ready.saturating_add(self.starting)
    }

    pub(super) const fn ready(&self) -> u32 {
        self.ready
    }

    /// Walks to a count: orders, or releases those that start first, the newest before the others.
    pub(super) fn order(&mut self, wanted: u32, due: u64) {
        let current = self.replicas();
        if wanted > current {
            let more = wanted - current;
            self.starting = self.starting.saturating_add(more);
            self.orders.push_back((due, more));
            return;
        }
        let mut spare = current - wanted;
        while spare > 0 {
            let Some((_, count)) = self.orders.back_mut() else {
                self.ready = self.ready.saturating_sub(spare);
                return;
            };
            let taken = spare.min(*count);
            *count -= taken;
            spare -= taken;
            self.starting = self.starting.saturating_sub(taken);
            if *count == 0 {
                self.orders.pop_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plant;

    #[test]
    fn a_gap_is_as_many_intervals_as_it_lasts() {
        // Ordered in interval 0, serving from interval 3 on; a sample is two intervals old.
        let ordered = || {
            let mut plant = Plant::new(1, 2, 3, 0);
            assert_eq!(plant.begin(0), 1);
            plant.order(5, 3);
            plant
        };
        let mut asked = ordered();
        let every: Vec<_> = (1..9).map(|tick| (tick, asked.begin(tick))).collect();
        assert_eq!(
            every.iter().map(|e| e.1).collect::<Vec<_>>(),
            [1, 1, 1, 1, 5, 5, 5, 5]
        );
        for (tick, seen) in every {
            for before in 0..tick {
                let mut plant = ordered();
                if before > 0 {
                    plant.begin(before);
                }
                assert_eq!(plant.begin(tick), seen, "{before} {tick}");
                assert_eq!(plant.past.len(), 2);
            }
        }
        // Whatever the gap.
        assert_eq!((ordered().begin(u64::MAX - 1), asked.begin(9)), (5, 5));
    }
}
