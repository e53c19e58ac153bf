//! Policies as a replay needs them: with the signals they read and a knob to turn.

pub(crate) mod built_in;
pub(crate) mod hpa;
mod rules;

use std::time::Duration;

use autoscale_core::{
    ConfigError, Fixed, Hpa, HpaConfig, Kpa, Policy, PolicyExt as _, Predictive, PredictiveConfig,
    Triggers, TriggersConfig, WeightedConfig, WeightedFactors,
};
use plimsoll_sim::Signal;

use crate::policy_file::{
    Around, Bounds, ForecastName, KpaPolicy, NamedPolicy, PolicySource, PredictivePolicy,
};
use crate::scaling_group::{GroupPolicy, ScalingGroup, drive};
use crate::seasonal::SeasonalForecast;

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
    /// With only what a load trace can drive.
    around: Around,
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
    /// With only the rules that a load trace can drive.
    Triggers(TriggersConfig, Bounds),
    /// With only the factors that a load trace can drive.
    Weighted(Box<WeightedConfig>, Bounds),
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

impl Candidate {
    /// Keeps what a load trace can drive of a policy.
    pub(crate) fn new(policy: NamedPolicy) -> Result<Self, CandidateError> {
        let NamedPolicy {
            name,
            at: _,
            source,
            mut around,
            mut notes,
        } = policy;
        let (kind, rule, mut signals, mut left_out) = match source {
            PolicySource::Hpa(config) => {
                let (config, signals, left_out) = hpa::driven_by_load(config);
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
            PolicySource::Triggers(config, bounds) => {
                let (config, signals, left_out) = rules::triggers(config);
                (
                    "triggers",
                    Rule::Triggers(config, bounds),
                    signals,
                    left_out,
                )
            }
            PolicySource::Weighted(config, bounds) => {
                let (config, signals, left_out) = rules::weighted(*config);
                let rule = Rule::Weighted(Box::new(config), bounds);
                ("weighted", rule, signals, left_out)
            }
            PolicySource::Fixed(replicas) => {
                ("fixed", Rule::Fixed(replicas), Vec::new(), Vec::new())
            }
        };
        if !left_out.is_empty() && signals.is_empty() {
            return Err(CandidateError::NoMetric {
                policy: name,
                metrics: left_out.join(", "),
            });
        }
        around.activation.take_if(|activation| {
            let driven = drive(&mut activation.gauge, &mut signals);
            if !driven {
                left_out.push("activation".to_owned());
            }
            !driven
        });
        if !left_out.is_empty() {
            notes.push(format!(
                "left out, since a load trace says nothing about it: {}",
                left_out.join(", ")
            ));
        }
        Ok(Self {
            name,
            kind,
            notes,
            rule,
            around,
            signals,
        })
    }

    /// The knob's setting in the policy as given, where it has one.
    pub(crate) fn own_setting(&self, fleet: Fleet) -> Option<f64> {
        match &self.rule {
            Rule::Hpa(config) => config
                .metrics
                .iter()
                .map(|metric| hpa::target_share(metric, fleet.capacity_rps))
                .reduce(f64::min),
            Rule::Kpa(policy) => {
                Some(policy.config(fleet.capacity_rps).target_value / fleet.capacity_rps)
            }
            Rule::Group(group) => group.setting(fleet.capacity_rps),
            Rule::Predictive(policy) => Some(policy.config.accepted_bad_share),
            Rule::Triggers(config, _) => rules::triggers_setting(config, fleet.capacity_rps),
            Rule::Weighted(config, _) => rules::weighted_setting(config, fleet.capacity_rps),
            Rule::Fixed(_) => None,
        }
    }

    /// How long a pod's age may matter to the policy.
    pub(crate) fn settles_within(&self) -> Duration {
        match &self.rule {
            Rule::Hpa(config) => config.cpu_initialization_period,
            // A warm-up that is the fleet's start-up is over as soon as a pod serves.
            Rule::Group(group) => group.warm_up(),
            _ => Duration::ZERO,
        }
    }

    /// Its own bounds.
    fn bounds(&self) -> Bounds {
        match &self.rule {
            Rule::Hpa(config) => Bounds {
                min: Some(config.min_replicas),
                max: Some(config.max_replicas),
            },
            Rule::Kpa(policy) => policy.bounds,
            Rule::Group(group) => group.bounds,
            Rule::Predictive(policy) => policy.bounds,
            Rule::Triggers(_, bounds) | Rule::Weighted(_, bounds) => *bounds,
            Rule::Fixed(replicas) => Bounds {
                min: Some(*replicas),
                max: Some(*replicas),
            },
        }
    }

    /// The largest count that the policy can ask for.
    pub(crate) fn most(&self, fleet: Fleet) -> u32 {
        let own = self.bounds().max.unwrap_or(fleet.max);
        own.max(self.around.lifts_to()).min(fleet.max)
    }

    /// The smallest count that the policy's file has it go down to, where it says so.
    pub(crate) fn least(&self) -> Option<u32> {
        let own = self.bounds().min;
        own.into_iter().chain(self.around.lowers_to()).min()
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
                        hpa::set_target(metric, share, fleet.capacity_rps);
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
                match policy.forecast {
                    ForecastName::Adaptive => Box::new(Predictive::new(config).map_err(fail)?),
                    ForecastName::Seasonal => {
                        let forecast = SeasonalForecast::of(&config);
                        Box::new(Predictive::with_forecast(config, forecast).map_err(fail)?)
                    }
                }
            }
            Rule::Triggers(config, bounds) => {
                let config = match setting {
                    Some(share) => rules::triggers_at(config, share, fleet.capacity_rps),
                    None => config.clone(),
                };
                let policy = Triggers::new(config).map_err(fail)?;
                Box::new(policy.bounded(within(*bounds, fleet)).map_err(fail)?)
            }
            Rule::Weighted(config, bounds) => {
                let config = match setting {
                    Some(share) => rules::weighted_at(config, share, fleet.capacity_rps),
                    None => (**config).clone(),
                };
                let policy = WeightedFactors::new(config).map_err(fail)?;
                Box::new(policy.bounded(within(*bounds, fleet)).map_err(fail)?)
            }
            Rule::Fixed(replicas) => Box::new(Fixed(*replicas)),
        };
        let origin = i64::try_from(fleet.origin_s).unwrap_or(i64::MAX);
        let around = self.around.clone().starting_at(origin);
        Ok(Runnable {
            policy: around.wrap(policy).map_err(fail)?,
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
