use std::time::Duration;

use crate::{Crash, Demand, Outage, PlantConfig, RollingUpdate};

/// Start-up times of the scenario matrix, shortest first.
///
/// ```
/// let seconds = plimsoll_sim::MATRIX_START_UPS.map(|start_up| start_up.as_secs());
/// assert_eq!(seconds, [15, 60, 180, 600]);
/// ```
pub const MATRIX_START_UPS: [Duration; 4] = [
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(180),
    Duration::from_secs(600),
];

/// Metric lags of the scenario matrix, shortest first.
///
/// ```
/// let seconds = plimsoll_sim::MATRIX_LAGS.map(|lag| lag.as_secs());
/// assert_eq!(seconds, [15, 30, 60]);
/// ```
pub const MATRIX_LAGS: [Duration; 3] = [
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// A disturbance, once a day, twelve hours after the start of the part that counts (at its middle,
/// where it is shorter than a day).
///
/// ```
/// use plimsoll_sim::{Demand, PlantConfig, Scenario, ServiceModel};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let tick = Duration::from_secs(15);
/// let load = vec![2.0; 2 * 5760]; // two days
/// let mut demand = Demand { start_s: 0, tick, model, load, scored_from: 0 };
/// let mut plant = PlantConfig::default();
/// Scenario::Crash.apply(&mut demand, &mut plant);
/// let ticks: Vec<usize> = plant.crashes.iter().map(|crash| crash.at).collect();
/// assert_eq!(ticks, [2880, 2880 + 5760]); // at noon
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// None.
    #[default]
    Healthy,
    /// No metrics for ten minutes.
    MetricGap,
    /// Every pod is replaced, with a surge of 25 %.
    RollingUpdate,
    /// Ten times the load for thirty minutes: longer than the slowest start-up of the matrix, so that
    /// what a policy does about it can be seen.
    Step,
    /// Half of the pods crash.
    Crash,
}

impl Scenario {
    /// Every scenario.
    ///
    /// ```
    /// use plimsoll_sim::Scenario;
    /// let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == "step");
    /// assert_eq!(found, Some(Scenario::Step));
    /// ```
    pub const ALL: [Self; 5] = [
        Self::Healthy,
        Self::MetricGap,
        Self::RollingUpdate,
        Self::Step,
        Self::Crash,
    ];

    /// The name used on the command line.
    ///
    /// ```
    /// assert_eq!(plimsoll_sim::Scenario::MetricGap.name(), "metric-gap");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::MetricGap => "metric-gap",
            Self::RollingUpdate => "rolling-update",
            Self::Step => "step",
            Self::Crash => "crash",
        }
    }

    /// Puts the disturbance into a demand and a plant.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, PlantConfig, Scenario, ServiceModel};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let tick = Duration::from_secs(900);
    /// let load = vec![2.0; 6]; // by quarters of an hour
    /// let mut demand = Demand { start_s: 0, tick, model, load, scored_from: 0 };
    /// Scenario::Step.apply(&mut demand, &mut PlantConfig::default());
    /// assert_eq!(demand.load, [2.0, 2.0, 2.0, 20.0, 20.0, 2.0]);
    /// ```
    pub fn apply(self, demand: &mut Demand, plant: &mut PlantConfig) {
        let minutes = |m: u64| Demand::ticks(Duration::from_secs(m * 60), demand.tick);
        let day = minutes(24 * 60).max(1);
        let end = demand.load.len();
        let length = end - demand.scored_from;
        let first = demand.scored_from + if length > day { day / 2 } else { length / 2 };
        let (gap, step) = (minutes(10), minutes(30));
        for at in (first..end).step_by(day) {
            match self {
                Self::Healthy => {}
                Self::MetricGap => plant.outages.push(Outage {
                    from: at,
                    to: at + gap,
                }),
                Self::RollingUpdate => {
                    plant
                        .rolling_updates
                        .push(RollingUpdate { at, surge: 0.25 });
                }
                Self::Step => {
                    demand.load[at..(at + step).min(end)]
                        .iter_mut()
                        .for_each(|x| *x *= 10.0);
                }
                Self::Crash => plant.crashes.push(Crash { at, share: 0.5 }),
            }
        }
    }
}
