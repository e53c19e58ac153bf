//! What a plant is configured with.

use std::time::Duration;

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
            Self::Uniform { from, to } => from.saturating_add(to) / 2,
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
