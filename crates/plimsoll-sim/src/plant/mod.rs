//! The closed loop: a load, a fleet of pods, delayed metrics and a policy, in virtual time.
//!
//! In tick t the pods that serve carry the tick's load; all pods are billed. At the end of t the
//! policy is shown the newest sample, one metric lag old, and decides. What it orders is billed from
//! t + 1 and serves from t + 1 + start-up; what it releases is gone from t + 1 (plus the drain
//! time). A policy that knows the next start-up exactly therefore costs what the optimum costs.

mod config;
mod run;

use std::time::Duration;

use autoscale_core::{Decision, MetricReading, Observation, Policy};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use config::{Crash, Outage, PlantConfig, PlantError, RollingUpdate, Signal, StartUp};
use run::Run;

use crate::fleet::Fleet;
use crate::outcome::Tick;
use crate::{Demand, optimum};

/// Takes notes of a replay, tick by tick.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, Recorder, ServiceModel, Summary, Tick};
/// # use std::time::Duration;
/// struct Peak(u64);
/// impl Recorder for Peak {
///     fn record(&mut self, tick: &Tick<'_>) {
///         self.0 = self.0.max(tick.billed);
///     }
/// }
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut both = (Peak(0), Summary::default());
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(7), &[], &mut both);
/// assert_eq!((both.0.0, both.1.changes), (7, 1));
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
pub trait Recorder {
    /// Notes one tick.
    fn record(&mut self, tick: &Tick<'_>);
}

impl<A: Recorder, B: Recorder> Recorder for (A, B) {
    fn record(&mut self, tick: &Tick<'_>) {
        self.0.record(tick);
        self.1.record(tick);
    }
}

/// A simulated fleet under a load.
///
/// ```
/// use autoscale_core::Fixed;
/// use plimsoll_sim::{CsvSource, Demand, Plant, PlantConfig, ServiceModel, Summary, TraceSource};
/// use std::time::Duration;
/// let trace = CsvSource::new("0,6000\n60,12000\n120,6000\n").load()?;
/// let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// let demand = Demand::new(&trace, model, Duration::from_secs(15), Duration::ZERO)?;
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// let mut figures = Summary::default();
/// plant.run(&mut Fixed(3), &[], &mut figures);
/// assert!((figures.bad_share() - 0.5).abs() < 1e-9); // the busy minute needs 5 replicas
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plant<'a> {
    demand: &'a Demand,
    config: PlantConfig,
    needed: Vec<u32>,
    start_up_ticks: (usize, usize),
}

impl<'a> Plant<'a> {
    /// Checks the configuration and makes the plant.
    ///
    /// # Errors
    /// [`PlantError`] names the field, the value and the bound.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut config = PlantConfig::default();
    /// assert_eq!(Plant::new(&demand, config.clone())?.needed().len(), 8);
    /// config.min = config.max + 1;
    /// assert!(Plant::new(&demand, config).is_err());
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    pub fn new(demand: &'a Demand, config: PlantConfig) -> Result<Self, PlantError> {
        let refuse = |field, value: String, bound| {
            Err(PlantError {
                field,
                value,
                bound,
            })
        };
        if config.max == 0 || config.max > 1_000_000 {
            return refuse("max", config.max.to_string(), "1 … 1000000");
        }
        if config.min > config.max {
            return refuse("min", config.min.to_string(), "at most max");
        }
        let day = Duration::from_secs(86_400);
        let (shortest, longest) = match config.start_up {
            StartUp::Fixed(time) => (time, time),
            StartUp::Uniform { from, to } => (from, to),
        };
        if shortest > longest {
            return refuse("start_up", format!("{shortest:?}"), "from at most to");
        }
        for (field, value) in [
            ("start_up", longest),
            ("lag", config.metric_lag),
            ("scrape_interval", config.scrape_interval),
            ("drain", config.drain),
            ("settle", config.settle),
        ] {
            if value > day {
                return refuse(field, format!("{value:?}"), "at most a day");
            }
        }
        for share in config.crashes.iter().map(|c| c.share) {
            if !(0.0..=1.0).contains(&share) {
                return refuse("crash share", share.to_string(), "0 … 1");
            }
        }
        for surge in config.rolling_updates.iter().map(|u| u.surge) {
            if !(surge > 0.0 && surge <= 1.0) {
                return refuse("surge", surge.to_string(), "more than 0, at most 1");
            }
        }
        if demand.scored_from >= demand.load.len() {
            return refuse(
                "scored_from",
                demand.scored_from.to_string(),
                "before the load's end",
            );
        }
        if let Some(load) = demand.load.iter().find(|x| !(x.is_finite() && **x >= 0.0)) {
            return refuse("load", load.to_string(), "finite and at least 0");
        }
        let needed = demand.needed(config.min, config.max);
        let start_up_ticks = (
            Demand::ticks(shortest, demand.tick),
            Demand::ticks(longest, demand.tick),
        );
        Ok(Self {
            demand,
            config,
            needed,
            start_up_ticks,
        })
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &PlantConfig {
        &self.config
    }

    /// The load that it is under.
    #[must_use]
    pub const fn demand(&self) -> &Demand {
        self.demand
    }

    /// Replicas that each tick needs, within the bounds.
    ///
    /// ```
    /// # use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// assert_eq!(plant.needed(), [4, 4, 2, 2, 4, 6, 6, 4]);
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn needed(&self) -> &[u32] {
        &self.needed
    }

    /// The mean start-up in ticks.
    ///
    /// ```
    /// # use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// assert_eq!(Plant::new(&demand, PlantConfig::default())?.start_up(), 4); // 60 s of 15 s each
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn start_up(&self) -> usize {
        Demand::ticks(self.config.start_up.mean(), self.demand.tick)
    }

    /// The cheapest fleet without shortage for the part that counts.
    ///
    /// ```
    /// # use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let best = Plant::new(&demand, PlantConfig::default())?.optimum();
    /// // Two replicas bridge a gap of 2 ticks, two more start in 4.
    /// assert_eq!((best.replica_ticks, best.starts), (32 + 2 * 2 + 2 * 4, 2));
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn optimum(&self) -> crate::Optimum {
        optimum(&self.needed[self.demand.scored_from..], self.start_up())
    }

    /// Runs a policy through the whole load. The policy is shown one reading a signal, in this
    /// order. The fleet begins with what the first start-up time needs, but at least one replica.
    ///
    /// ```
    /// use autoscale_core::{Kpa, KpaConfig};
    /// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Signal, Summary};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut run = Summary::default();
    /// let mut kpa = Kpa::new(KpaConfig::new(40.0))?; // requests a second and replica
    /// Plant::new(&demand, PlantConfig::default())?.run(&mut kpa, &[Signal::TotalRate], &mut run);
    /// assert_eq!(run.ticks, 8);
    /// assert!(run.bad_share() > 0.0); // the metric lag and the start-up make it late
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<P: Policy + ?Sized, R: Recorder>(
        &self,
        policy: &mut P,
        signals: &[Signal],
        recorder: &mut R,
    ) {
        let first_ticks = ..(self.start_up() + 1).min(self.needed.len());
        let spec = self.needed[first_ticks]
            .iter()
            .copied()
            .max()
            .unwrap_or(self.config.min)
            // At 0 some policies never begin: that is for them to go to.
            .max(1);
        let settle = Demand::ticks(self.config.settle, self.demand.tick) as i64;
        let lag = Demand::ticks(self.config.metric_lag, self.demand.tick);
        let scrape = Demand::ticks(self.config.scrape_interval, self.demand.tick).max(1);
        let mut run = Run {
            plant: self,
            fleet: Fleet::new(spec, settle),
            spec,
            generation: 0,
            rollout: None,
            served: vec![spec; lag + scrape],
            lag,
            scrape,
            drain: Demand::ticks(self.config.drain, self.demand.tick) as i64,
            rng: ChaCha8Rng::seed_from_u64(self.config.seed),
            seen: Observation {
                readings: vec![MetricReading::Failed; signals.len()],
                ..Observation::new(spec)
            },
        };
        let mut decision = Decision::default();
        let tick_ms = self.demand.tick.as_millis() as u64;
        for (index, &load) in self.demand.load.iter().enumerate() {
            run.begin(index);
            run.observe(index, signals);
            let now = Duration::from_millis((index as u64 + 1) * tick_ms);
            policy.decide_into(now, &run.seen, &mut decision);
            let before = run.spec;
            let after = decision.replicas.clamp(self.config.min, self.config.max);
            recorder.record(&Tick {
                index,
                scored: index >= self.demand.scored_from,
                load,
                serving: run.fleet.serving,
                billed: u64::from(run.fleet.alive) + run.fleet.draining_count,
                spec: (before, after),
                decision: &decision,
            });
            run.order(index, after);
        }
    }
}
