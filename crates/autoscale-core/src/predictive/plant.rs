//! A fleet that is only imagined: what a candidate's orders would have become.

use std::collections::VecDeque;

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
}

impl Plant {
    /// `lag` intervals pass until a sample is seen.
    pub(super) fn new(replicas: u32, lag: usize, start_up: usize) -> Self {
        let mut past = VecDeque::with_capacity(lag + 2);
        past.extend(core::iter::repeat_n(replicas, lag));
        Self {
            ready: replicas,
            starting: 0,
            orders: VecDeque::with_capacity(start_up + 2),
            past,
        }
    }

    /// Begins an interval; gives what was ready when its newest sample was taken.
    pub(super) fn begin(&mut self, tick: u64) -> u32 {
        while let Some((_, count)) = self.orders.front().copied().filter(|(due, _)| *due <= tick) {
            self.ready = self.ready.saturating_add(count);
            self.starting = self.starting.saturating_sub(count);
            self.orders.pop_front();
        }
        self.past.push_back(self.ready);
        self.past.pop_front().unwrap_or(self.ready)
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
