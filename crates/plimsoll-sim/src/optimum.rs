//! What the load would have cost with perfect knowledge.
//!
//! With linear cost, a fixed start-up time s (in ticks, billed) and no shortage allowed, the fleet
//! splits into layers: layer k must run whenever at least k replicas are needed, and over an idle
//! gap of g ticks it is cheaper to keep it iff g ≤ s. So cost = Σ needed + Σ over gaps of
//! min(g, s), the time before a layer's first use counting as such a gap. Source: Lu & Chen,
//! "Simple and effective dynamic provisioning for power-proportional data centers"
//! (arXiv:1112.0442). Cost: O(T + Σ|change of need|). Edge cases: nothing is gained by knowing more
//! than s + 1 ticks ahead; the fleet begins as the optimum wants it, so that no policy is charged for
//! the trace having a beginning; after its last use a layer is released at once.

/// The cheapest fleet without shortage.
///
/// ```
/// use plimsoll_sim::{Optimum, optimum};
/// // Layers 2 and 3 each pay one tick of start-up before tick 2.
/// let best = Optimum { replica_ticks: 7, ideal_replica_ticks: 5, starts: 2 };
/// assert_eq!(optimum(&[1, 1, 3], 1), best);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Optimum {
    /// Replica-ticks paid, start-ups included.
    pub replica_ticks: u64,
    /// Replica-ticks needed: what a fleet that starts in no time would cost.
    pub ideal_replica_ticks: u64,
    /// Start-ups.
    pub starts: u64,
}

/// Computes the optimum for a need of replicas, tick by tick, and a start-up of `start_up` ticks.
///
/// ```
/// use plimsoll_sim::optimum;
/// // Layer 2 bridges its gap of 1 tick, layer 3 restarts after 3 ticks with a start-up of 2.
/// let best = optimum(&[3, 1, 2, 2, 3], 2);
/// assert_eq!(best.replica_ticks, 11 + 1 + 2);
/// ```
#[must_use]
pub fn optimum(needed: &[u32], start_up: usize) -> Optimum {
    let layers = needed.iter().copied().max().unwrap_or(0) as usize;
    // First idle tick of each layer, while it is idle.
    let mut idle_since = vec![0_usize; layers];
    let (mut previous, mut cost, mut ideal, mut starts) = (0_usize, 0_u64, 0_u64, 0_u64);
    for (t, &need) in needed.iter().enumerate() {
        let need = need as usize;
        ideal += need as u64;
        if need < previous {
            idle_since[need..previous].fill(t);
        } else {
            for since in &idle_since[previous..need] {
                let gap = t - since;
                cost += gap.min(start_up) as u64;
                starts += u64::from(gap > start_up);
            }
        }
        previous = need;
    }
    Optimum {
        replica_ticks: cost + ideal,
        ideal_replica_ticks: ideal,
        starts,
    }
}
