//! The tool's own policies, by name.

use std::path::Path;
use std::time::Duration;

use autoscale_core::{HpaConfig, KpaConfig, MetricSpec, PredictiveConfig};

use super::Fleet;
use crate::policy_file::{
    Around, Bounds, ForecastName, KpaPolicy, NamedPolicy, PolicySource, PredictivePolicy,
};
use crate::scaling_group::ScalingGroup;

/// The one that is not replayed unless a load is long enough.
const SEASONAL: &str = "predictive-seasonal";

/// The shortest load in which that one can differ from `predictive`: two weeks until a plan knows of
/// weeks, half a day until it is made for the hours, and eight days of a record.
const SEASONAL_AFTER: Duration = Duration::from_secs(23 * 86_400);

/// The share that a predictive policy accepts unless it is told.
const DEFAULT_ACCEPTED: f64 = 0.01;

/// All of them, in the order in which they are shown.
fn policies(fleet: Fleet) -> Vec<NamedPolicy> {
    let hpa = HpaConfig::new(fleet.max, [MetricSpec::cpu_utilization(70)])
        .with_min_replicas(fleet.min.clamp(1, fleet.max.max(1)));
    let kpa = |delay_s: u64| {
        let config = KpaConfig::new(1.0).with_scale_down_delay(Duration::from_secs(delay_s));
        PolicySource::Kpa(KpaPolicy::at_utilization(0.7, config))
    };
    let group = |step, tracking| {
        PolicySource::Group(Box::new(ScalingGroup {
            step,
            tracking,
            warms_up_as_fleet: true,
            // Neither finds its way back from 0.
            bounds: Bounds {
                min: Some(fleet.min.clamp(1, fleet.max.max(1))),
                max: None,
            },
            ..ScalingGroup::default()
        }))
    };
    let tracking = ScalingGroup::tracking_cpu(0.7);
    let step = ScalingGroup::stepping_cpu(0.7);
    let predictive = |forecast| {
        PolicySource::Predictive(Box::new(PredictivePolicy {
            config: PredictiveConfig::new(DEFAULT_ACCEPTED, 1.0),
            target_utilization: Some(None),
            gives_start_up: false,
            gives_metric_lag: false,
            gives_interval: false,
            forecast,
            bounds: Bounds::default(),
        }))
    };
    [
        ("hpa", PolicySource::Hpa(hpa)),
        ("kpa", kpa(0)),
        ("kpa-delay", kpa(300)),
        ("target-tracking", group(None, Some(tracking))),
        ("step", group(Some(step), None)),
        ("predictive", predictive(ForecastName::Adaptive)),
        (SEASONAL, predictive(ForecastName::Seasonal)),
    ]
    .into_iter()
    .map(|(name, source)| NamedPolicy {
        name: name.to_owned(),
        at: None,
        source,
        around: Around::default(),
        notes: Vec::new(),
    })
    .collect()
}

/// Those that are replayed where none is named, on a load so long.
pub(crate) fn defaults(fleet: Fleet, load: Duration) -> Vec<NamedPolicy> {
    let mut all = policies(fleet);
    all.retain(|policy| policy.name != SEASONAL || load > SEASONAL_AFTER);
    all
}

/// The one of this name. No policy file is called so: each has an ending.
pub(crate) fn named(name: &Path, fleet: Fleet) -> Option<NamedPolicy> {
    let mut all = policies(fleet).into_iter();
    all.find(|policy| Path::new(&policy.name) == name)
}
