//! The closed loop: a load, a fleet of pods, delayed metrics and a policy, in virtual time.
//!
//! In tick t the pods that serve carry the tick's load; all pods are billed. At the end of t the
//! policy is shown the newest sample, one metric lag old, and decides. What it orders is billed from
//! t + 1 and serves from t + 1 + start-up; what it releases is gone from t + 1 (plus the drain
//! time). A policy that knows the next start-up exactly therefore costs what the optimum costs.

use std::time::Duration;

use autoscale_core::{Decision, MetricReading, Milli, Observation, Policy, Sample, SampleValue};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::fleet::{Cohort, Fleet, REQUEST_MILLI};
use crate::outcome::Tick;
use crate::{Demand, optimum};

/// How a plant behaves.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, StartUp};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// config.min = 3;
/// config.start_up = StartUp::Fixed(Duration::from_secs(30));
/// let plant = Plant::new(&demand, config)?;
/// assert_eq!((plant.start_up(), plant.needed()[2]), (2, 3));
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlantConfig {
    /// Time from an order to service.
    pub start_up: StartUp,
    /// Age of the newest sample when the policy sees it; default 30 s.
    pub metric_lag: Duration,
    /// Time between two samples; default a tick.
    pub scrape_interval: Duration,
    /// How long a released pod is still billed; default 0.
    pub drain: Duration,
    /// Fewest replicas; default 1.
    pub min: u32,
    /// Most replicas, 1 … 1 000 000; default 400.
    pub max: u32,
    /// Age after which pods no longer differ to any policy; default 10 m. Must be no less than a
    /// policy's initialization period.
    pub settle: Duration,
    /// Pods that fail.
    pub crashes: Vec<Crash>,
    /// Times without metrics.
    pub outages: Vec<Outage>,
    /// Rolling updates.
    pub rolling_updates: Vec<RollingUpdate>,
    /// Seed of drawn start-up times.
    pub seed: u64,
}

impl Default for PlantConfig {
    fn default() -> Self {
        Self {
            start_up: StartUp::Fixed(Duration::from_secs(60)),
            metric_lag: Duration::from_secs(30),
            scrape_interval: Duration::ZERO,
            drain: Duration::ZERO,
            min: 1,
            max: 400,
            settle: Duration::from_secs(600),
            crashes: Vec::new(),
            outages: Vec::new(),
            rolling_updates: Vec::new(),
            seed: 1,
        }
    }
}

/// Time from ordering a pod to its service.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, StartUp};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// let (from, to) = (Duration::from_secs(30), Duration::from_secs(60));
/// config.start_up = StartUp::Uniform { from, to };
/// assert_eq!(Plant::new(&demand, config.clone())?.start_up(), 3); // 45 s
/// config.start_up = StartUp::Uniform { from: to, to: from };
/// assert!(Plant::new(&demand, config).is_err());
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartUp {
    /// Always the same.
    Fixed(Duration),
    /// Drawn for each pod, each value between the two equally likely.
    Uniform {
        /// Shortest.
        from: Duration,
        /// Longest.
        to: Duration,
    },
}

impl StartUp {
    /// The mean: what the optimum is charged.
    ///
    /// ```
    /// use plimsoll_sim::StartUp;
    /// use std::time::Duration;
    /// let drawn = StartUp::Uniform { from: Duration::from_secs(30), to: Duration::from_secs(90) };
    /// assert_eq!(drawn.mean(), Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn mean(self) -> Duration {
        match self {
            Self::Fixed(time) => time,
            Self::Uniform { from, to } => (from + to) / 2,
        }
    }
}

/// Pods that fail at a tick and start again, with a start-up.
///
/// ```
/// use plimsoll_sim::{Crash, Demand, Outcome, Plant, PlantConfig, ServiceModel};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// config.crashes.push(Crash { at: 2, share: 0.5 });
/// let mut outcome = Outcome::new(demand.model.utilization);
/// Plant::new(&demand, config)?.run(&mut autoscale_core::Fixed(4), &[], &mut outcome);
/// assert_eq!(outcome.bad_ticks, 3); // tick 4, too: the two pods serve again from tick 6 on
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crash {
    /// Tick.
    pub at: usize,
    /// Share of the serving pods, 0 … 1.
    pub share: f64,
}

/// A time without metrics: the source fails.
///
/// ```
/// use autoscale_core::{MetricReading, Observation, from_fn};
/// use plimsoll_sim::{Demand, Outage, Plant, PlantConfig, ServiceModel, Signal, Summary};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// config.outages.push(Outage { from: 4, to: 7 });
/// let mut failed = 0;
/// let mut policy = from_fn(|_, seen: &Observation| {
///     failed += u32::from(seen.readings[0] == MetricReading::Failed);
///     4
/// });
/// Plant::new(&demand, config)?.run(&mut policy, &[Signal::Cpu], &mut Summary::default());
/// assert_eq!(failed, 2 + 3); // the first two ticks lie within the metric lag
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// First tick.
    pub from: usize,
    /// First tick after it.
    pub to: usize,
}

/// Every pod is replaced, `surge` more than asked for at a time, never fewer than asked for.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, RollingUpdate, ServiceModel, Summary};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// config.rolling_updates.push(RollingUpdate { at: 1, surge: 0.25 });
/// let mut run = Summary::default();
/// Plant::new(&demand, config)?.run(&mut autoscale_core::Fixed(4), &[], &mut run);
/// assert_eq!(run.replica_ticks, 4 + 7 * 5); // one surge pod from tick 1 on
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollingUpdate {
    /// Tick at whose start it begins.
    pub at: usize,
    /// Share of the count, rounded up; Kubernetes' default is 0.25.
    pub surge: f64,
}

/// What a policy's reading shows of the simulated service.
///
/// ```
/// use autoscale_core::{MetricReading, Milli, Observation, from_fn};
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Signal, Summary};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut newest = MetricReading::Failed;
/// let mut policy = from_fn(|_, seen: &Observation| {
///     newest = seen.readings[0].clone();
///     4
/// });
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut policy, &[Signal::TotalRate], &mut Summary::default());
/// let (values_milli, age) = (vec![Milli(240_000)], Duration::from_secs(30)); // 6 × 40 a second
/// assert_eq!(newest, MetricReading::Values { values_milli, age });
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// CPU of each pod: its request at full capacity.
    Cpu,
    /// CPU of each pod as one container's value.
    ContainerCpu,
    /// Requests a second of each pod.
    PodRate,
    /// Requests a second of all pods together.
    TotalRate,
}

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

/// Why a plant could not be built.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// config.max = 0;
/// let message = Plant::new(&demand, config).err().map(|error| error.to_string());
/// assert_eq!(message.as_deref(), Some("max is 0, must be 1 … 1000000"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}, must be {bound}")]
pub struct PlantError {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// Its range.
    pub bound: &'static str,
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
    /// order. The fleet begins with what the first start-up time needs.
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
            .unwrap_or(self.config.min);
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

/// What changes during a run.
struct Run<'p, 'd> {
    plant: &'p Plant<'d>,
    fleet: Fleet,
    spec: u32,
    generation: u32,
    /// Surge of the rolling update under way.
    rollout: Option<f64>,
    /// Serving pods of the latest ticks, a ring.
    served: Vec<u32>,
    lag: usize,
    scrape: usize,
    drain: i64,
    rng: ChaCha8Rng,
    seen: Observation,
}

impl Run<'_, '_> {
    /// Start of a tick: pods become ready, crash, are replaced.
    fn begin(&mut self, index: usize) {
        let config = &self.plant.config;
        let tick = index as i64;
        self.fleet.advance(tick);
        for crash in config.crashes.iter().filter(|c| c.at == index) {
            let wanted = (f64::from(self.fleet.serving) * crash.share).round() as u32;
            let failed = self.fleet.take_serving(wanted);
            self.start(failed, tick);
        }
        if let Some(update) = config.rolling_updates.iter().find(|u| u.at == index) {
            self.generation += 1;
            self.rollout = Some(update.surge);
        }
        if let Some(surge) = self.rollout {
            self.roll(tick, surge);
        }
        let slot = index % self.served.len();
        self.served[slot] = self.fleet.serving;
    }

    /// One step of a rolling update: release old pods that new ones have replaced, start more.
    fn roll(&mut self, tick: i64, surge: f64) {
        let spare = self.fleet.serving.saturating_sub(self.spec);
        self.fleet
            .remove_outdated(spare, self.generation, tick - 1, tick + self.drain);
        let outdated = self.fleet.outdated(self.generation);
        if outdated == 0 {
            self.rollout = None;
            let excess = self.fleet.alive.saturating_sub(self.spec);
            self.fleet
                .remove_newest(excess, tick - 1, tick + self.drain);
            return;
        }
        let most = self.spec + (f64::from(self.spec) * surge).ceil() as u32;
        // The count asked for may have fallen meanwhile.
        let excess = self.fleet.alive.saturating_sub(most);
        self.fleet
            .remove_newest(excess, tick - 1, tick + self.drain);
        let outdated = self.fleet.outdated(self.generation);
        let room = most - self.fleet.alive;
        let fresh = self.fleet.alive - outdated;
        self.start(room.min(self.spec.saturating_sub(fresh)), tick);
    }

    /// Starts pods that are billed from `from` on.
    fn start(&mut self, count: u32, from: i64) {
        let (shortest, longest) = self.plant.start_up_ticks;
        let generation = self.generation;
        if shortest == longest {
            let serves = from + shortest as i64;
            self.fleet.add(Cohort {
                count,
                started: from,
                serves,
                generation,
            });
            return;
        }
        for _ in 0..count {
            let drawn = self.rng.random_range(shortest as i64..=longest as i64);
            self.fleet.add(Cohort {
                count: 1,
                started: from,
                serves: from + drawn,
                generation,
            });
        }
    }

    /// Carries a decision of the end of a tick out.
    fn order(&mut self, index: usize, wanted: u32) {
        let tick = index as i64;
        if wanted > self.spec {
            self.start(wanted - self.spec, tick + 1);
        } else if wanted < self.spec {
            self.fleet
                .remove_newest(self.spec - wanted, tick, tick + 1 + self.drain);
        }
        self.spec = wanted;
    }

    /// What the policy is shown at the end of a tick.
    fn observe(&mut self, index: usize, signals: &[Signal]) {
        let demand = self.plant.demand;
        self.seen.spec_replicas = self.spec;
        self.fleet
            .describe(index as i64, demand.tick, &mut self.seen);
        if signals.is_empty() {
            return;
        }
        let dead = self
            .plant
            .config
            .outages
            .iter()
            .any(|o| (o.from..o.to).contains(&index));
        // Samples are taken every `scrape` ticks and seen `lag` ticks later.
        let newest = index.checked_sub(self.lag).map(|i| i - i % self.scrape);
        let Some(sampled) = newest.filter(|_| !dead) else {
            self.seen.readings.fill_with(MetricReading::default);
            return;
        };
        let age = demand.tick * u32::try_from(index - sampled).unwrap_or(u32::MAX);
        let rate = demand.load[sampled] * demand.model.capacity_rps * demand.model.utilization;
        let served = self.served[sampled % self.served.len()].max(1);
        for (signal, reading) in signals.iter().zip(&mut self.seen.readings) {
            let pod_rate = rate / f64::from(served);
            let value = match signal {
                Signal::TotalRate => {
                    write_total(reading, milli(rate), age);
                    continue;
                }
                Signal::PodRate => milli(pod_rate),
                Signal::Cpu | Signal::ContainerCpu => {
                    milli(pod_rate / demand.model.capacity_rps * REQUEST_MILLI as f64 / 1000.0)
                }
            };
            let container = *signal == Signal::ContainerCpu;
            write_samples(
                reading,
                &self.fleet,
                sampled as i64,
                value,
                age,
                demand.tick,
                container,
            );
        }
    }
}

/// Thousandths, cut: a metrics server does not report more than was used.
fn milli(units: f64) -> Milli {
    // The epsilon keeps exact ratios such as 70 % from falling below through division.
    Milli((units * 1000.0 + 1e-6) as i64)
}

fn write_total(reading: &mut MetricReading, value: Milli, at_age: Duration) {
    if let MetricReading::Values { values_milli, age } = reading {
        values_milli.clear();
        values_milli.push(value);
        *age = at_age;
    } else {
        *reading = MetricReading::Values {
            values_milli: vec![value],
            age: at_age,
        };
    }
}

/// One sample a cohort that served in the sampled tick.
fn write_samples(
    reading: &mut MetricReading,
    fleet: &Fleet,
    sampled: i64,
    value: Milli,
    age: Duration,
    window: Duration,
    container: bool,
) {
    if !matches!(reading, MetricReading::Pods(_)) {
        *reading = MetricReading::Pods(Vec::new());
    }
    let MetricReading::Pods(samples) = reading else {
        return;
    };
    samples.clear();
    for (group, cohort) in fleet.cohorts().enumerate() {
        if cohort.serves > sampled {
            break;
        }
        let value = if container {
            SampleValue::Containers(vec![autoscale_core::ContainerValue {
                name: "app".to_owned(),
                value: Some(value),
            }])
        } else {
            SampleValue::Total(value)
        };
        samples.push(Sample {
            group: Some(group),
            count: cohort.count,
            value,
            age,
            window,
        });
    }
}
