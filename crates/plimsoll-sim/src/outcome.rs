//! What a replay comes to.

use autoscale_core::{Blocked, Decision};

use crate::Demand;
use crate::plant::Recorder;
use crate::prices::Prices;

/// One tick, as a [`Recorder`] is shown it.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, Recorder, ServiceModel, Tick};
/// # use std::time::Duration;
/// struct Short(Vec<usize>);
/// impl Recorder for Short {
///     fn record(&mut self, tick: &Tick<'_>) {
///         if tick.scored && f64::from(tick.serving) < tick.load {
///             self.0.push(tick.index);
///         }
///     }
/// }
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut short = Short(Vec::new());
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut short);
/// assert_eq!(short.0, [5, 6]);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tick<'a> {
    /// Index of the tick in the demand.
    pub index: usize,
    /// Whether it counts (the warm-up does not).
    pub scored: bool,
    /// Load in replicas at the allowed utilization.
    pub load: f64,
    /// Replicas that serve.
    pub serving: u32,
    /// Replicas that are paid for: serving, starting, surge and draining ones.
    pub billed: u64,
    /// Replicas asked for before and after the decision at the tick's end.
    pub spec: (u32, u32),
    /// That decision.
    pub decision: &'a Decision,
}

/// The figures that a sweep needs.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Summary};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut run = Summary::default();
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut run);
/// assert_eq!((run.ticks, run.replica_ticks, run.changes), (8, 32, 0));
/// assert_eq!((run.bad_load, run.load), (12.0, 32.0)); // two ticks needed 6
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Ticks that count.
    pub ticks: u64,
    /// Replica-ticks paid.
    pub replica_ticks: u64,
    /// Load that met too few replicas, and all load, in replica-ticks.
    pub bad_load: f64,
    /// All load.
    pub load: f64,
    /// Changes of the count asked for.
    pub changes: u64,
    /// Changes against the direction of the change before.
    pub reversals: u64,
    last_direction: i8,
}

impl Summary {
    /// Share of requests that arrived while fewer replicas served than were needed.
    ///
    /// ```
    /// # use plimsoll_sim::Summary;
    /// let mut run = Summary::default();
    /// assert_eq!(run.bad_share(), 0.0); // no load, none badly served
    /// (run.bad_load, run.load) = (3.0, 12.0);
    /// assert_eq!(run.bad_share(), 0.25);
    /// ```
    #[must_use]
    pub fn bad_share(&self) -> f64 {
        if self.load > 0.0 {
            self.bad_load / self.load
        } else {
            0.0
        }
    }
}

impl Recorder for Summary {
    fn record(&mut self, tick: &Tick<'_>) {
        if !tick.scored {
            return;
        }
        self.ticks += 1;
        self.replica_ticks += tick.billed;
        self.load += tick.load;
        if tick.serving < Demand::replicas_for(tick.load) {
            self.bad_load += tick.load;
        }
        let (before, after) = tick.spec;
        if after != before {
            let direction = if after > before { 1 } else { -1 };
            self.changes += 1;
            self.reversals += u64::from(direction == -self.last_direction);
            self.last_direction = direction;
        }
    }
}

/// Provisioning accuracy and timeliness after the SPEC Research Group's report on elasticity
/// (SPEC-RG-2016-01). Where nothing is needed, whatever serves is a surplus, and is taken relative to one
/// replica, since the report divides by a need that is above 0.
///
/// ```
/// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, ServiceModel};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut outcome = Outcome::new(demand.model.utilization);
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut outcome);
/// let elasticity = outcome.elasticity(15.0);
/// assert_eq!((elasticity.under_time_share, elasticity.over_time_share), (0.25, 0.25));
/// assert_eq!(elasticity.over_accuracy, 0.25); // twice the need in a quarter of the time
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Elasticity {
    /// θ_U: mean shortage relative to the need.
    pub under_accuracy: f64,
    /// θ_O: mean surplus relative to the need.
    pub over_accuracy: f64,
    /// τ_U: share of time with a shortage.
    pub under_time_share: f64,
    /// τ_O: share of time with a surplus.
    pub over_time_share: f64,
    /// Share of time in which supply and need move in opposite directions.
    pub instability: f64,
    /// Changes of supply less changes of need, an hour.
    pub jitter_per_hour: f64,
}

/// Time during which a stage kept the policy from what its metrics asked for, as shares.
///
/// ```
/// use autoscale_core::{Fixed, PolicyExt};
/// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, ServiceModel};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut outcome = Outcome::new(demand.model.utilization);
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut Fixed(9).bounded(1..=4)?, &[], &mut outcome);
/// assert_eq!((outcome.blocks().bounds, outcome.blocks().rate), (1.0, 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Blocks {
    /// The tolerance around the target.
    pub tolerance: f64,
    /// A stabilization window.
    pub stabilization: f64,
    /// A rate policy.
    pub rate: f64,
    /// The lower or upper bound.
    pub bounds: f64,
    /// Failed, stale or missing samples.
    pub missing_data: f64,
}

/// The order of [`Outcome`]'s sums.
const BLOCKED: [Blocked; 5] = [
    Blocked::Tolerance,
    Blocked::Stabilization,
    Blocked::Rate,
    Blocked::Bounds,
    Blocked::MissingData,
];

/// Every figure of a replay.
///
/// ```
/// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, ServiceModel};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut outcome = Outcome::new(demand.model.utilization);
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut outcome);
/// assert_eq!((outcome.bad_ticks, outcome.longest_bad_run_ticks), (2, 2));
/// assert_eq!(outcome.peak_needed, 6);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The figures that a sweep needs, too.
    pub summary: Summary,
    /// Ticks in which requests were badly served.
    pub bad_ticks: u64,
    /// Longest run of them.
    pub longest_bad_run_ticks: u64,
    /// Load beyond the full capacity of what served, in replicas at the allowed utilization.
    pub overload: f64,
    /// Most replicas needed at once.
    pub peak_needed: u32,
    /// The prices that a predictive policy followed.
    pub prices: Prices,
    /// Sums behind the elasticity figures: shortage, surplus (relative), ticks of each, opposite
    /// moves, changes of supply and of need.
    sums: [f64; 7],
    /// Ticks blocked by tolerance, stabilization, rate, bounds, missing data.
    blocked: [u64; 5],
    previous: Option<(u32, u32)>,
    bad_run: u64,
    utilization: f64,
}

impl Outcome {
    /// An empty outcome for a service whose replicas may be loaded to `utilization`.
    ///
    /// ```
    /// use plimsoll_sim::Outcome;
    /// let outcome = Outcome::new(0.8);
    /// assert_eq!((outcome.summary.ticks, outcome.overload_share()), (0, 0.0));
    /// ```
    #[must_use]
    pub fn new(utilization: f64) -> Self {
        Self {
            utilization,
            ..Self::default()
        }
    }

    /// Share of requests beyond the full capacity of what served.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut outcome = Outcome::new(demand.model.utilization);
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// plant.run(&mut autoscale_core::Fixed(4), &[], &mut outcome);
    /// // Fully loaded, 4 replicas carry as much as 5 do at 80 %: 1 of 6 is left over, twice.
    /// assert!((outcome.overload_share() - 2.0 / 32.0).abs() < 1e-9);
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn overload_share(&self) -> f64 {
        if self.summary.load > 0.0 {
            self.overload / self.summary.load
        } else {
            0.0
        }
    }

    /// Elasticity figures; `tick_s` is the length of a tick in seconds.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut outcome = Outcome::new(demand.model.utilization);
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// plant.run(&mut autoscale_core::Fixed(4), &[], &mut outcome);
    /// let jitter = outcome.elasticity(15.0).jitter_per_hour;
    /// // In 2 minutes the need changed 4 times and supply never.
    /// assert!((jitter + 120.0).abs() < 1e-9);
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn elasticity(&self, tick_s: f64) -> Elasticity {
        let ticks = (self.summary.ticks as f64).max(1.0);
        let [under, over, under_ticks, over_ticks, opposite, supply, need] = self.sums;
        Elasticity {
            under_accuracy: under / ticks,
            over_accuracy: over / ticks,
            under_time_share: under_ticks / ticks,
            over_time_share: over_ticks / ticks,
            instability: opposite / ticks,
            jitter_per_hour: (supply - need) / (ticks * tick_s / 3600.0),
        }
    }

    /// Time blocked by each stage.
    ///
    /// ```
    /// use autoscale_core::{Behavior, Fixed, PolicyExt};
    /// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut outcome = Outcome::new(demand.model.utilization);
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// plant.run(&mut Fixed(30).rate_limited(Behavior::default())?, &[], &mut outcome);
    /// assert_eq!(outcome.blocks().rate, 0.25); // 4 → 8 → 16 → 30
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn blocks(&self) -> Blocks {
        let ticks = (self.summary.ticks as f64).max(1.0);
        let [tolerance, stabilization, rate, bounds, missing_data] =
            self.blocked.map(|n| n as f64 / ticks);
        Blocks {
            tolerance,
            stabilization,
            rate,
            bounds,
            missing_data,
        }
    }
}

impl Recorder for Outcome {
    fn record(&mut self, tick: &Tick<'_>) {
        self.summary.record(tick);
        self.prices.record(tick);
        if !tick.scored {
            return;
        }
        let needed = Demand::replicas_for(tick.load);
        self.peak_needed = self.peak_needed.max(needed);
        let (supply, need) = (f64::from(tick.serving), f64::from(needed));
        if tick.serving < needed {
            self.bad_ticks += 1;
            self.bad_run += 1;
            self.longest_bad_run_ticks = self.longest_bad_run_ticks.max(self.bad_run);
            self.sums[0] += (need - supply) / need;
            self.sums[2] += 1.0;
        } else {
            self.bad_run = 0;
            if supply > need {
                // Nothing can be relative to no need: then it is to one replica.
                self.sums[1] += (supply - need) / need.max(1.0);
                self.sums[3] += 1.0;
            }
        }
        // Load at the allowed utilization × utilization = load at full capacity.
        self.overload += (tick.load - supply / self.utilization).max(0.0);
        if let Some((supply_before, need_before)) = self.previous {
            let by_supply = i64::from(tick.serving) - i64::from(supply_before);
            let by_need = i64::from(needed) - i64::from(need_before);
            self.sums[4] += f64::from(u8::from(by_supply.signum() * by_need.signum() < 0));
            self.sums[5] += f64::from(u8::from(by_supply != 0));
            self.sums[6] += f64::from(u8::from(by_need != 0));
        }
        self.previous = Some((tick.serving, needed));
        for (ticks, stage) in self.blocked.iter_mut().zip(BLOCKED) {
            *ticks += u64::from(tick.decision.is_blocked_by(stage));
        }
    }
}
