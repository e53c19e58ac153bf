#![doc = include_str!("../README.md")]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_possible_truncation
)]

mod activation;
mod combine;
mod decision;
mod duration;
mod error;
mod gauge;
mod hpa;
mod kpa;
mod log;
#[cfg(feature = "manifest")]
pub mod manifest;
mod max_of;
mod numeric;
mod observation;
mod policy;
#[cfg(feature = "schedule")]
mod schedule;
mod setters;
mod triggers;
mod units;
mod weighted;

pub use activation::{Activated, ActivationBurst, ActivationConfig};
pub use combine::{
    Bounded, DryRun, Fallback, FallbackMode, PolicyExt, RateLimited, Stabilized, WithFallback,
};
pub use decision::{
    Blocked, Condition, ConditionReason, Conditions, Decision, KpaStage, MetricStage, PodCounts,
    Reason, Stage, StageKind, ThresholdStage,
};
pub use duration::{ParseDurationError, format_duration, parse_duration};
pub use error::{ConfigError, MetricError};
pub use gauge::{Gauge, GaugeReading, Statistic};
pub use hpa::{
    Behavior, Change, Compat, GroupCounts, Hpa, HpaConfig, HpaSnapshot, HpaState, MetricSpec,
    PendingRescale, Recommendation, RecommendationLog, ReplicaCalculator, ResourceTarget,
    ScaleEvent, ScaleEventLog, ScaleHistory, ScalingPolicy, ScalingRules, SelectPolicy,
    ValueTarget, legacy_limit, per_pod_usage, rate_limit,
};
pub use kpa::{Averages, Kpa, KpaConfig, KpaSample, KpaSnapshot, KpaState};
pub use log::{Divergence, LogEntry, replay};
pub use max_of::MaxOf;
pub use observation::{
    Container, ContainerValue, MetricReading, Observation, Phase, PodGroup, Readiness, Request,
    Sample, SampleValue,
};
pub use policy::{Fixed, FromFn, Policy, from_fn};
#[cfg(feature = "schedule")]
pub use schedule::{Schedule, ScheduleEntry, ScheduleUntil, Scheduled};
pub use triggers::{
    TriggerAdjustment, TriggerComparison, TriggerRule, TriggerRuleState, Triggers, TriggersConfig,
    TriggersSnapshot, TriggersState,
};
pub use units::{Milli, ValueError};
pub use weighted::{
    DecisionHour, Factor, FactorKind, FactorStage, LoadSample, LoadTrend, RecentDecision,
    ScalingAction, ScalingTrend, Scoring, WeightedConfig, WeightedFactors, WeightedSnapshot,
    WeightedState, WeightedStats,
};
