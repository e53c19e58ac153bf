//! What stands around a policy, whatever its kind: an activation, and a schedule around that.

use autoscale_core::{
    ActivationConfig, ConfigError, Gauge, MetricSpec, Policy, PolicyExt as _, Schedule, Statistic,
};

use super::{NamedPolicy, PolicySource};

/// What stands around a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Around {
    /// Scaling to an idle count and back; valid.
    pub(crate) activation: Option<ActivationConfig>,
    /// Bounds at recurring times, outermost; valid.
    pub(crate) schedule: Option<Schedule>,
}

impl Around {
    /// With the Unix time at which the policy's time begins.
    pub(crate) fn starting_at(mut self, origin_unix: i64) -> Self {
        if let Some(schedule) = &mut self.schedule {
            schedule.origin_unix = origin_unix;
        }
        self
    }

    /// Puts it around a policy.
    pub(crate) fn wrap(self, policy: Box<dyn Policy>) -> Result<Box<dyn Policy>, ConfigError> {
        let mut policy = policy;
        if let Some(activation) = self.activation {
            policy = Box::new(policy.activated(activation)?);
        }
        if let Some(schedule) = self.schedule {
            policy = Box::new(policy.scheduled(schedule)?);
        }
        Ok(policy)
    }

    /// The largest count that it asks for by itself.
    pub(crate) fn lifts_to(&self) -> u32 {
        let active = self.activation.iter().map(|a| a.min_active);
        let entries = self.schedule.iter().flat_map(|s| &s.entries);
        let scheduled = entries.filter_map(|entry| entry.min);
        active.chain(scheduled).max().unwrap_or(0)
    }

    /// The smallest count that it goes down to by itself.
    pub(crate) fn lowers_to(&self) -> Option<u32> {
        let idle = self.activation.iter().map(|a| a.idle_replicas);
        let entries = self.schedule.iter().flat_map(|s| &s.entries);
        let scheduled = entries.filter_map(|entry| entry.max);
        idle.chain(scheduled).min()
    }
}

impl NamedPolicy {
    /// How many readings its observations have.
    pub(crate) fn readings(&self) -> usize {
        let activation = self.around.activation.as_ref();
        let activation = activation.map_or(0, |a| a.gauge.reading.saturating_add(1));
        self.source.readings().max(activation)
    }
}

impl PolicySource {
    /// How many readings the policy itself looks at.
    pub(super) fn readings(&self) -> usize {
        match self {
            Self::Hpa(config) => config.metrics.len(),
            Self::Kpa(_) | Self::Predictive(_) => 1,
            Self::Group(group) => group.metrics.len(),
            Self::Triggers(..) | Self::Weighted(..) => {
                let last = self.gauges().map(|gauge| gauge.reading).max();
                last.map_or(0, |reading| reading.saturating_add(1))
            }
            Self::Fixed(_) => 0,
        }
    }

    /// The gauges of a policy that is made of such.
    pub(super) fn gauges(&self) -> Box<dyn Iterator<Item = &Gauge> + '_> {
        match self {
            Self::Group(group) => Box::new(group.gauges()),
            Self::Triggers(config, _) => Box::new(config.rules.iter().map(|rule| &rule.gauge)),
            Self::Weighted(config, _) => {
                let trend = config.trend.iter().map(|trend| &trend.gauge);
                Box::new(
                    config
                        .factors
                        .iter()
                        .map(|factor| &factor.gauge)
                        .chain(trend),
                )
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Whether a reading is made of samples of pods, which nothing gives without replicas.
    pub(super) fn is_of_pods(&self, reading: usize) -> bool {
        if let Self::Hpa(config) = self {
            return config.metrics.get(reading).is_some_and(|metric| {
                !matches!(
                    metric,
                    MetricSpec::Object { .. } | MetricSpec::External { .. }
                )
            });
        }
        self.gauges().any(|gauge| {
            gauge.reading == reading && matches!(gauge.statistic, Statistic::Utilization { .. })
        })
    }
}
