use std::time::Duration;

use crate::{Crash, Demand, Outage, PlantConfig, RollingUpdate};

/// A disturbance, once a day, twelve hours after the start of the part that counts (at its middle,
/// where it is shorter than a day).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// None.
    #[default]
    Healthy,
    /// No metrics for ten minutes.
    MetricGap,
    /// Every pod is replaced, with a surge of 25 %.
    RollingUpdate,
    /// Ten times the load for ten minutes.
    Step,
    /// Half of the pods crash.
    Crash,
}

impl Scenario {
    /// Every scenario.
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
    pub fn apply(self, demand: &mut Demand, plant: &mut PlantConfig) {
        let minutes = |m: u64| Demand::ticks(Duration::from_secs(m * 60), demand.tick);
        let day = minutes(24 * 60).max(1);
        let end = demand.load.len();
        let length = end - demand.scored_from;
        let first = demand.scored_from + if length > day { day / 2 } else { length / 2 };
        let ten = minutes(10);
        for at in (first..end).step_by(day) {
            match self {
                Self::Healthy => {}
                Self::MetricGap => plant.outages.push(Outage {
                    from: at,
                    to: at + ten,
                }),
                Self::RollingUpdate => {
                    plant
                        .rolling_updates
                        .push(RollingUpdate { at, surge: 0.25 });
                }
                Self::Step => {
                    demand.load[at..(at + ten).min(end)]
                        .iter_mut()
                        .for_each(|x| *x *= 10.0);
                }
                Self::Crash => plant.crashes.push(Crash { at, share: 0.5 }),
            }
        }
    }
}
