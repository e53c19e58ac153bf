//! Policies as a replay needs them: with the signals they read and a knob to turn.

use std::time::Duration;

use autoscale_core::{
    ConfigError, Fixed, Hpa, HpaConfig, Kpa, KpaConfig, MetricSpec, Milli, Policy, PolicyExt as _,
    Predictive, PredictiveConfig, ResourceTarget, ValueTarget,
};
use plimsoll_sim::Signal;

use crate::policy_file::{Bounds, KpaPolicy, NamedPolicy, PolicySource, PredictivePolicy};
use crate::scaling_group::{GroupPolicy, ScalingGroup};

/// A policy ready to run, and what its readings show.
pub(crate) struct Runnable {
    pub(crate) policy: Box<dyn Policy>,
    pub(crate) signals: Vec<Signal>,
}

/// A policy that can be built at any setting of its knob.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// What the trace says nothing about, and other things to know.
    pub(crate) notes: Vec<String>,
    rule: Rule,
    signals: Vec<Signal>,
}

#[derive(Debug)]
enum Rule {
    /// With only the metrics that a load trace can drive.
    Hpa(Box<HpaConfig>),
    Kpa(Box<KpaPolicy>),
    /// With only the alarms and targets that a load trace can drive.
    Group(Box<ScalingGroup>),
    Predictive(Box<PredictivePolicy>),
    Fixed(u32),
}

/// Why a policy cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CandidateError {
    #[error(
        "policy \"{policy}\": a load trace can drive cpu utilization and average request rates; it \
         says nothing about {metrics}"
    )]
    NoMetric { policy: String, metrics: String },
    #[error("policy \"{policy}\": {source}")]
    Config { policy: String, source: ConfigError },
    #[error("policy \"{policy}\": {message}")]
    Manifest { policy: String, message: String },
}

/// Bounds that hold for policies without their own, what a replica carries, and the delays that a
/// policy may plan for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fleet {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) capacity_rps: f64,
    /// Time from ordering a replica to its service; the mean, where it is drawn.
    pub(crate) start_up: Duration,
    /// Age of the newest sample when a policy sees it.
    pub(crate) lag: Duration,
    /// Time between decisions.
    pub(crate) tick: Duration,
    /// Share of its capacity that a replica may be loaded to.
    pub(crate) utilization: f64,
    /// Unix time at which the load begins, in seconds.
    pub(crate) origin_s: u64,
}

impl Fleet {
    /// For a decision outside of any replay, where a policy says nothing else.
    pub(crate) const fn of_one_decision(capacity_rps: f64) -> Self {
        Self {
            min: 1,
            max: 100,
            capacity_rps,
            start_up: Duration::from_secs(60),
            lag: Duration::from_secs(30),
            tick: Duration::from_secs(15),
            utilization: 0.8,
            origin_s: 0,
        }
    }
}

/// The accepted shares of bad demand that a sweep tries.
const ACCEPTED: [f64; 16] = [
    0.04, 0.03, 0.02, 0.015, 0.01, 0.007, 0.005, 0.003, 0.002, 0.0015, 0.001, 0.0007, 0.0005,
    0.0003, 0.0002, 0.0001,
];

/// The share that a predictive policy accepts unless it is told.
const DEFAULT_ACCEPTED: f64 = 0.01;

/// The policies that are replayed where none is named.
pub(crate) fn default_set(fleet: Fleet) -> Vec<NamedPolicy> {
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
            ..ScalingGroup::default()
        }))
    };
    let tracking = ScalingGroup::tracking_cpu(0.7);
    let step = ScalingGroup::stepping_cpu(0.7);
    let predictive = PredictivePolicy {
        config: PredictiveConfig::new(DEFAULT_ACCEPTED, 1.0),
        target_utilization: Some(None),
        gives_start_up: false,
        gives_metric_lag: false,
        gives_interval: false,
        bounds: Bounds::default(),
    };
    [
        ("hpa", PolicySource::Hpa(hpa)),
        ("kpa", kpa(0)),
        ("kpa-delay", kpa(300)),
        ("target-tracking", group(None, Some(tracking))),
        ("step", group(Some(step), None)),
        ("predictive", PolicySource::Predictive(Box::new(predictive))),
    ]
    .into_iter()
    .map(|(name, source)| NamedPolicy {
        name: name.to_owned(),
        source,
        notes: Vec::new(),
    })
    .collect()
}

impl Candidate {
    /// Keeps what a load trace can drive of a policy.
    pub(crate) fn new(policy: NamedPolicy) -> Result<Self, CandidateError> {
        let NamedPolicy {
            name,
            source,
            mut notes,
        } = policy;
        let (kind, rule, signals, left_out) = match source {
            PolicySource::Hpa(config) => {
                let (config, signals, left_out) = driven_by_load(config);
                ("hpa", Rule::Hpa(Box::new(config)), signals, left_out)
            }
            PolicySource::Kpa(policy) => (
                "kpa",
                Rule::Kpa(Box::new(policy)),
                vec![Signal::TotalRate],
                Vec::new(),
            ),
            PolicySource::Group(group) => {
                let (group, signals, left_out) = group.driven_by_load();
                (
                    group.kind(),
                    Rule::Group(Box::new(group)),
                    signals,
                    left_out,
                )
            }
            PolicySource::Predictive(policy) => (
                "predictive",
                Rule::Predictive(policy),
                vec![Signal::TotalRate],
                Vec::new(),
            ),
            PolicySource::Fixed(replicas) => {
                ("fixed", Rule::Fixed(replicas), Vec::new(), Vec::new())
            }
        };
        if !left_out.is_empty() {
            let metrics = left_out.join(", ");
            if signals.is_empty() {
                return Err(CandidateError::NoMetric {
                    policy: name,
                    metrics,
                });
            }
            notes.push(format!(
                "left out, since a load trace says nothing about it: {metrics}"
            ));
        }
        Ok(Self {
            name,
            kind,
            notes,
            rule,
            signals,
        })
    }

    /// The knob's setting in the policy as given, where it has one.
    pub(crate) fn own_setting(&self, fleet: Fleet) -> Option<f64> {
        match &self.rule {
            Rule::Hpa(config) => config
                .metrics
                .iter()
                .map(|metric| target_share(metric, fleet.capacity_rps))
                .reduce(f64::min),
            Rule::Kpa(policy) => {
                Some(policy.config(fleet.capacity_rps).target_value / fleet.capacity_rps)
            }
            Rule::Group(group) => group.setting(fleet.capacity_rps),
            Rule::Predictive(policy) => Some(policy.config.accepted_bad_share),
            Rule::Fixed(_) => None,
        }
    }

    /// How long a pod's age may matter to the policy.
    pub(crate) fn settles_within(&self) -> Duration {
        match &self.rule {
            Rule::Hpa(config) => config.cpu_initialization_period,
            // A warm-up that is the fleet's start-up is over as soon as a pod serves.
            Rule::Group(group) => group.warm_up(),
            Rule::Kpa(_) | Rule::Predictive(_) | Rule::Fixed(_) => Duration::ZERO,
        }
    }

    /// The largest count that the policy can ask for.
    pub(crate) fn most(&self, fleet: Fleet) -> u32 {
        match &self.rule {
            Rule::Hpa(config) => config.max_replicas.min(fleet.max),
            Rule::Kpa(policy) => policy.bounds.max.unwrap_or(fleet.max).min(fleet.max),
            Rule::Group(group) => group.bounds.max.unwrap_or(fleet.max).min(fleet.max),
            Rule::Predictive(policy) => policy.bounds.max.unwrap_or(fleet.max).min(fleet.max),
            Rule::Fixed(replicas) => (*replicas).min(fleet.max),
        }
    }

    /// The knob's settings that a sweep tries: target utilization 0.15 … 0.80, or the accepted
    /// share; none without a knob.
    pub(crate) fn settings(&self, fleet: Fleet) -> Vec<f64> {
        match &self.rule {
            Rule::Predictive(_) => ACCEPTED.to_vec(),
            _ if self.own_setting(fleet).is_none() => Vec::new(),
            _ => (15_u32..=80)
                .map(|percent| f64::from(percent) / 100.0)
                .collect(),
        }
    }

    /// Builds the policy, as given or with its knob at a setting.
    pub(crate) fn build(
        &self,
        setting: Option<f64>,
        fleet: Fleet,
    ) -> Result<Runnable, CandidateError> {
        let fail = |source| CandidateError::Config {
            policy: self.name.clone(),
            source,
        };
        let policy: Box<dyn Policy> = match &self.rule {
            Rule::Hpa(config) => {
                let mut config = (**config).clone();
                if let Some(share) = setting {
                    for metric in &mut config.metrics {
                        set_target(metric, share, fleet.capacity_rps);
                    }
                }
                Box::new(Hpa::new(config).map_err(fail)?)
            }
            Rule::Kpa(policy) => {
                let mut config = policy.config(fleet.capacity_rps);
                if let Some(share) = setting {
                    config.target_value = fleet.capacity_rps * share;
                }
                let kpa = Kpa::new(config).map_err(fail)?;
                Box::new(kpa.bounded(within(policy.bounds, fleet)).map_err(fail)?)
            }
            Rule::Group(group) => {
                let mut group = match setting {
                    Some(share) => group.at(share, fleet.capacity_rps),
                    None => (**group).clone(),
                };
                if group.warms_up_as_fleet {
                    group = group.with_warm_up(fleet.start_up);
                }
                let policy = GroupPolicy::new(&group).map_err(fail)?;
                Box::new(policy.bounded(within(group.bounds, fleet)).map_err(fail)?)
            }
            Rule::Predictive(policy) => {
                let mut config = policy.config(fleet);
                if let Some(share) = setting {
                    config.accepted_bad_share = share;
                }
                Box::new(Predictive::new(config).map_err(fail)?)
            }
            Rule::Fixed(replicas) => Box::new(Fixed(*replicas)),
        };
        Ok(Runnable {
            policy,
            signals: self.signals.clone(),
        })
    }
}

impl PredictivePolicy {
    /// The configuration for a fleet; what the file gives goes before.
    pub(crate) fn config(&self, fleet: Fleet) -> PredictiveConfig {
        let mut config = self.config.clone();
        if let Some(share) = self.target_utilization {
            config.target_value = fleet.capacity_rps * share.unwrap_or(fleet.utilization);
        }
        if !self.gives_start_up {
            config.start_up = fleet.start_up;
        }
        if !self.gives_metric_lag {
            config.metric_lag = fleet.lag;
        }
        if !self.gives_interval {
            config.interval = fleet.tick;
        }
        config.unix_origin += Duration::from_secs(fleet.origin_s);
        let bounds = within(self.bounds, fleet);
        // Without load one replica stays: scaling to zero is not its business.
        config
            .with_min_replicas((*bounds.start()).max(1))
            .with_max_replicas(*bounds.end())
    }
}

/// A policy's own bounds, or the fleet's.
fn within(bounds: Bounds, fleet: Fleet) -> std::ops::RangeInclusive<u32> {
    bounds.min.unwrap_or(fleet.min)..=bounds.max.unwrap_or(fleet.max)
}

/// Splits an HPA's metrics into those that a load trace can drive and the names of the others.
fn driven_by_load(mut config: HpaConfig) -> (HpaConfig, Vec<Signal>, Vec<String>) {
    let (mut kept, mut signals, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for metric in std::mem::take(&mut config.metrics) {
        match signal_for(&metric) {
            Some(signal) => {
                signals.push(signal);
                kept.push(metric);
            }
            None => left_out.push(describe(&metric)),
        }
    }
    config.metrics = kept;
    // The simulated pods have one container, whatever its name in the manifest.
    for metric in &mut config.metrics {
        if let MetricSpec::ContainerResource { container, .. } = metric {
            "app".clone_into(container);
        }
    }
    (config, signals, left_out)
}

/// A metric's name, and its target's kind where another kind could be driven.
fn describe(metric: &MetricSpec) -> String {
    let name = metric.name();
    match metric {
        MetricSpec::Resource {
            target: ResourceTarget::AverageValue(_),
            ..
        }
        | MetricSpec::ContainerResource {
            target: ResourceTarget::AverageValue(_),
            ..
        } => {
            format!("{name} (averageValue)")
        }
        MetricSpec::Object {
            target: ValueTarget::Value(_),
            ..
        }
        | MetricSpec::External {
            target: ValueTarget::Value(_),
            ..
        } => format!("{name} (value)"),
        _ => name.to_owned(),
    }
}

/// What a load trace shows of a metric, where it shows anything.
pub(crate) fn signal_for(metric: &MetricSpec) -> Option<Signal> {
    match metric {
        MetricSpec::Resource {
            name,
            target: ResourceTarget::Utilization(_),
        } if name == "cpu" => Some(Signal::Cpu),
        MetricSpec::ContainerResource {
            name,
            target: ResourceTarget::Utilization(_),
            ..
        } if name == "cpu" => Some(Signal::ContainerCpu),
        MetricSpec::Pods { name, .. } if is_request_rate(name) => Some(Signal::PodRate),
        MetricSpec::Object {
            name,
            target: ValueTarget::AverageValue(_),
        }
        | MetricSpec::External {
            name,
            target: ValueTarget::AverageValue(_),
        } if is_request_rate(name) => Some(Signal::TotalRate),
        _ => None,
    }
}

/// Whether a metric's name says that it counts requests a second.
fn is_request_rate(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.', '/', ':'], "_");
    let words: Vec<&str> = name.split('_').collect();
    let has = |word: &str| words.contains(&word);
    has("rps")
        || has("qps")
        || ((has("requests") || has("request"))
            && (has("rate") || (has("per") && (has("second") || has("sec")))))
}

/// A metric's target as a share of what a replica carries.
pub(crate) fn target_share(metric: &MetricSpec, capacity_rps: f64) -> f64 {
    match metric {
        MetricSpec::Resource {
            target: ResourceTarget::Utilization(percent),
            ..
        }
        | MetricSpec::ContainerResource {
            target: ResourceTarget::Utilization(percent),
            ..
        } => f64::from(*percent) / 100.0,
        MetricSpec::Pods {
            average_value: value,
            ..
        }
        | MetricSpec::Object {
            target: ValueTarget::AverageValue(value),
            ..
        }
        | MetricSpec::External {
            target: ValueTarget::AverageValue(value),
            ..
        } => value.to_units() / capacity_rps,
        _ => f64::INFINITY,
    }
}

fn set_target(metric: &mut MetricSpec, share: f64, capacity_rps: f64) {
    match metric {
        MetricSpec::Resource { target, .. } | MetricSpec::ContainerResource { target, .. } => {
            *target = ResourceTarget::Utilization((100.0 * share).round() as u32);
        }
        MetricSpec::Pods {
            average_value: value,
            ..
        }
        | MetricSpec::Object {
            target: ValueTarget::AverageValue(value),
            ..
        }
        | MetricSpec::External {
            target: ValueTarget::AverageValue(value),
            ..
        } => {
            let units = capacity_rps * share;
            // A replica that carries less than a thousandth of a request a second has target 1m.
            *value = Milli::try_from_units(units).unwrap_or(*value).max(Milli(1));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_rates_are_known_by_their_names() {
        for name in [
            "http_requests_per_second",
            "request_rate",
            "nginx-rps",
            "app.qps",
        ] {
            assert!(is_request_rate(name), "{name}");
        }
        for name in [
            "queue_length",
            "response_time_p95",
            "requests_in_flight",
            "error_rate",
        ] {
            assert!(!is_request_rate(name), "{name}");
        }
    }
}
