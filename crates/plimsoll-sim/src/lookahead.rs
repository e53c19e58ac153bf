use std::time::Duration;

use autoscale_core::{Decision, Fixed, Observation, Policy};

/// A policy that knows the load of the next start-up time exactly, and no more: the proof that the
/// plant bills as the optimum does, since it costs exactly 1.000 × the optimum with nothing badly
/// served.
///
/// ```
/// use plimsoll_sim::{Demand, LookAhead, Plant, PlantConfig, ServiceModel, Summary};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// let mut policy = LookAhead::new(plant.needed(), plant.start_up(), demand.tick);
/// let mut run = Summary::default();
/// plant.run(&mut policy, &[], &mut run);
/// assert_eq!((run.replica_ticks, run.bad_share()), (plant.optimum().replica_ticks, 0.0));
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LookAhead {
    tick: Duration,
    /// For each tick, the most that is needed from the next one to a start-up later.
    ahead: Vec<u32>,
}

impl LookAhead {
    /// Looks ahead `start_up` ticks beyond the next one in `needed`.
    ///
    /// ```
    /// use plimsoll_sim::LookAhead;
    /// let policy = LookAhead::new(&[1, 1, 4, 2], 1, std::time::Duration::from_secs(15));
    /// assert_eq!(policy.ahead(), [4, 4, 2, 2]);
    /// ```
    #[must_use]
    pub fn new(needed: &[u32], start_up: usize, tick: Duration) -> Self {
        let last = needed.len().saturating_sub(1);
        let mut ahead = vec![0; needed.len()];
        // Indices of the window, the largest need first.
        let mut window = std::collections::VecDeque::<usize>::new();
        let mut next = 0;
        for (t, slot) in ahead.iter_mut().enumerate() {
            while next <= (t + 1 + start_up).min(last) {
                while window.back().is_some_and(|&i| needed[i] <= needed[next]) {
                    window.pop_back();
                }
                window.push_back(next);
                next += 1;
            }
            while window.front().is_some_and(|&i| i < (t + 1).min(last)) {
                window.pop_front();
            }
            *slot = window.front().map_or(0, |&i| needed[i]);
        }
        Self { tick, ahead }
    }

    /// What it orders at the end of each tick.
    ///
    /// ```
    /// # use plimsoll_sim::LookAhead;
    /// let policy = LookAhead::new(&[1, 1, 4], 0, std::time::Duration::from_secs(15));
    /// assert_eq!(policy.ahead(), [1, 4, 4]); // no start-up: the next tick's need
    /// ```
    #[must_use]
    pub fn ahead(&self) -> &[u32] {
        &self.ahead
    }
}

impl Policy for LookAhead {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let tick = (now.as_millis() / self.tick.as_millis().max(1)).saturating_sub(1) as usize;
        let replicas = self.ahead.get(tick).copied().unwrap_or(seen.spec_replicas);
        Fixed(replicas).decide_into(now, seen, out);
    }
}
