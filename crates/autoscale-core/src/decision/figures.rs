use crate::MetricError;

/// What one metric said.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup};
/// use autoscale_core::{Policy, ValueTarget};
/// let queue = MetricSpec::External {
///     name: "queue".into(),
///     target: ValueTarget::Value(Milli(10_000)),
/// };
/// let seen = Observation::new(2)
///     .with_pods([PodGroup::running(2)])
///     .with_readings([MetricReading::value(Milli(25_000))]);
/// let mut hpa = Hpa::new(HpaConfig::new(10, [queue]))?;
/// let said = hpa.decide(std::time::Duration::ZERO, &seen).metrics[0];
/// assert_eq!((said.ratio, said.proposal), (Some(2.5), Ok(5)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MetricStage {
    /// The replicas it asks for, or why it could not say.
    #[cfg_attr(feature = "serde", serde(with = "proposal"))]
    pub proposal: Result<u32, MetricError>,
    /// Current value over target; `None` where it could not be computed.
    pub ratio: Option<f64>,
    /// The ratio after missing and unready pods were filled in with conservative values, where any
    /// were.
    pub adjusted_ratio: Option<f64>,
    /// Whether the tolerance kept the proposal at the current count.
    pub within_tolerance: bool,
    /// Whether a smaller proposal was refused since samples that must be there are not.
    pub samples_lost: bool,
    /// Whether the proposal is the current count since missing or unready pods, taken
    /// conservatively, put the ratio on the other side of the target or the count against it.
    pub uncertain: bool,
    /// Average utilization in whole percent of the request, for utilization targets.
    pub utilization_percent: Option<i32>,
    /// Average usage a pod, or the value for the whole target, in thousandths.
    pub usage_milli: Option<i64>,
    /// Pods by what their samples are good for.
    pub pods: PodCounts,
    /// Samples that made no sense (stale, negative) and were treated as missing.
    pub rejected_samples: u32,
}

impl Default for MetricStage {
    fn default() -> Self {
        Self {
            proposal: Err(MetricError::WrongReading),
            ratio: None,
            adjusted_ratio: None,
            within_tolerance: false,
            samples_lost: false,
            uncertain: false,
            utilization_percent: None,
            usage_milli: None,
            pods: PodCounts::default(),
            rejected_samples: 0,
        }
    }
}

/// A proposal in files: the count, or the error's name.
#[cfg(feature = "serde")]
mod proposal {
    use super::MetricError;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Count(u32),
        Error(MetricError),
    }

    pub(super) fn serialize<S: Serializer>(
        proposal: &Result<u32, MetricError>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match proposal {
            Ok(count) => Written::Count(*count),
            Err(error) => Written::Error(*error),
        }
        .serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Result<u32, MetricError>, D::Error> {
        Ok(match Written::deserialize(from)? {
            Written::Count(count) => Ok(count),
            Written::Error(error) => Err(error),
        })
    }
}

/// Pods by what their samples are good for.
///
/// ```
/// use autoscale_core::{HpaConfig, PodCounts, PodGroup, ReplicaCalculator, Milli, Sample};
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let samples = [Sample::of_group(0, 2, Milli(450))];
/// let groups = calculator.group_pods(Some("cpu"), &[PodGroup::running(3)], &samples);
/// assert_eq!(groups[0].pods, PodCounts { ready: 2, missing: 1, ..PodCounts::default() });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PodCounts {
    /// Ready and with a usable sample.
    pub ready: u32,
    /// Not ready, or too young for its CPU sample to mean anything.
    pub unready: u32,
    /// Without a sample.
    pub missing: u32,
    /// Being deleted, succeeded or failed.
    pub ignored: u32,
}

/// The figures of a Knative decision.
///
/// ```
/// use autoscale_core::{Averages, Kpa, KpaConfig};
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// let averages = Averages { stable: 15.0, panic: 45.0 };
/// let (replicas, stage) = kpa.scale(std::time::Duration::ZERO, 1, averages);
/// assert_eq!((stage.stable_wanted, stage.panic_wanted), (2, 5));
/// assert!(stage.panicking && replicas == 5);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KpaStage {
    /// Average over the stable window, in the metric's unit.
    pub stable_value: f64,
    /// Average over the panic window, in the metric's unit.
    pub panic_value: f64,
    /// Count that the stable average asks for, before the scale rates.
    pub stable_wanted: u32,
    /// Count that the panic average asks for, before the scale rates.
    pub panic_wanted: u32,
    /// Count that the stable average asks for, after the scale rates.
    pub stable_replicas: u32,
    /// Count that the panic average asks for, after the scale rates.
    pub panic_replicas: u32,
    /// Whether panic mode is on.
    pub panicking: bool,
    /// Capacity left for a burst beyond the configured one; negative where there is too little.
    pub excess_burst_capacity: i32,
}

/// A figure against a threshold that must be crossed for a while: a tracked target, an alarm, a
/// trigger.
///
/// ```
/// let stage = autoscale_core::ThresholdStage::default();
/// assert!(!stage.met && stage.value.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ThresholdStage {
    /// The newest figure; `None` where there was none.
    pub value: Option<f64>,
    /// What it is compared with, in the same unit.
    pub threshold: f64,
    /// Periods (or, for a trigger, milliseconds) for which it has been crossed.
    pub crossed: u64,
    /// How many are needed.
    pub needed: u64,
    /// Whether the condition holds.
    pub met: bool,
    /// The replicas that it asks for, where it asks.
    pub proposal: Option<u32>,
}

/// Which price a predictive policy followed, and what each would have delivered.
///
/// ```
/// let stage = autoscale_core::LadderStage::default();
/// assert!(stage.rungs.is_empty() && stage.followed.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LadderStage {
    /// Index of the rung whose count is the decision's.
    pub followed: Option<usize>,
    /// The demand expected when an order of now serves, in replicas.
    pub expected_demand: f64,
    /// All candidates: the calm ones by rising price, then the brisk ones.
    pub rungs: Vec<RungStage>,
}

impl LadderStage {
    /// Whether the policy is another one.
    #[cfg(feature = "serde")]
    pub(super) fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.followed = None;
        self.expected_demand = 0.0;
        self.rungs.clear();
    }
}

/// One candidate of a predictive policy: a price and a style, run in shadow.
///
/// ```
/// # use autoscale_core::RungStage;
/// let rung = RungStage { price: 40.0, brisk: false, replicas: 12, bad_share: 0.004, cost: 9e4 };
/// assert!(!rung.brisk);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RungStage {
    /// Replica-intervals that it pays to save one replica-interval of bad demand.
    pub price: f64,
    /// Whether it releases early (the other style holds on for longer).
    pub brisk: bool,
    /// What it would run.
    pub replicas: u32,
    /// The share of bad demand that it would have delivered lately, with its prior.
    pub bad_share: f64,
    /// Replica-intervals that it would have cost lately, recent ones counting more.
    pub cost: f64,
}
