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
mod activity;
mod alarm;
mod combine;
mod decision;
mod diagnosis;
mod duration;
mod error;
mod gauge;
mod hpa;
mod instances;
mod kpa;
mod log;
#[cfg(feature = "manifest")]
pub mod manifest;
mod max_of;
mod nodes;
mod numeric;
mod observation;
mod period;
mod policy;
mod predictive;
mod provision;
#[cfg(feature = "schedule")]
mod schedule;
mod setters;
mod sizer;
mod snapshot;
mod step_scaling;
mod target_tracking;
mod triggers;
mod units;
mod vertical;
mod weighted;

pub use activation::{Activated, ActivationBurst, ActivationConfig};
pub use activity::GroupActivity;
pub use alarm::{Alarm, AlarmState, Comparison, PeriodStatistic, TreatMissingData};
pub use combine::{
    Bounded, DryRun, Fallback, FallbackMode, PolicyExt, RateLimited, Stabilized, WithFallback,
};
pub use decision::{
    Blocked, Condition, ConditionReason, Conditions, Decision, KpaStage, LadderStage, MetricStage,
    PodCounts, Reason, RungStage, Stage, StageKind, ThresholdStage,
};
pub use diagnosis::{
    Contradiction, DiagnosedAction, Diagnosis, DiagnosisConfig, DiagnosisStatus, Evidence, Layer,
    LayerFigures, Place, Signal, SignalKind, SystemFigures, TimeShare, diagnose,
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
pub use instances::{
    CheaperMix, Constraint, Demand, FleetGroup, FleetSizing, HOURS_PER_MONTH, HourlyProfile,
    IdleNodes, InstanceError, InstanceType, Mix, NodeGroup, NodeSettings, OffPeak, Offer,
    PoolRules, PurchaseOption, ReserveAdvice, ScheduleBlock, ScheduleDays, Shortfall, SizingAdvice,
    TypeAdvice, choose, choose_within, off_peak, reserve, right_size,
};
pub use kpa::{Averages, Kpa, KpaConfig, KpaSample, KpaSnapshot, KpaState};
pub use log::{Divergence, LogEntry, replay};
pub use max_of::MaxOf;
pub use nodes::{
    JobQueue, LagCause, MissingFigure, NodeAction, NodeFigure, NodePool, NodePoolConfig,
    NodePoolSnapshot, NodePoolState, PoolDecision, PoolHealth, PoolNeeds, PoolNode,
    PoolObservation, PoolPressures, PoolReason, PoolSurvivors, ReadReplicas, ReadReplicasConfig,
    ReadReplicasSnapshot, ReadReplicasState, ReplicaDecision, ReplicaNode, ReplicaObservation,
    ReplicaReason,
};
pub use observation::{
    Container, ContainerValue, MetricReading, Observation, Phase, PodGroup, Readiness, Request,
    Sample, SampleValue,
};
pub use period::{Datapoint, PeriodWindow};
pub use policy::{Fixed, FromFn, Policy, from_fn};
pub use predictive::{AdaptiveForecast, DemandForecast, Predictive, PredictiveConfig};
pub use provision::{
    Endpoint, LoadPhase, PhaseCheck, Provision, ProvisionConfig, ProvisionReason, ProvisionStage,
    UserLoad, binomial_below, provision,
};
#[cfg(feature = "schedule")]
pub use schedule::{Schedule, ScheduleEntry, ScheduleUntil, Scheduled};
pub use sizer::{Sizer, SizingDivergence, SizingEntry, replay_sizing};
pub use step_scaling::{
    AdjustmentType, AlarmMemory, PolicyType, ScalingAction, ScalingAlarm, ScalingCooldown,
    StepAdjustment, StepScaling, StepScalingConfig, StepScalingSnapshot, StepScalingState,
};
pub use target_tracking::{
    TargetTracking, TargetTrackingConfig, TargetTrackingSnapshot, TargetTrackingState,
    TrackedTarget,
};
pub use triggers::{
    TriggerAdjustment, TriggerComparison, TriggerRule, TriggerRuleState, Triggers, TriggersConfig,
    TriggersSnapshot, TriggersState,
};
pub use units::{Milli, ValueError};
pub use vertical::{
    AtLeast, Candidate, CandidateStage, ChangeRequirement, ContainerObservation, ContainerUsage,
    EvictionRequirement, Histogram, HistogramCheckpoint, HistogramError, HistogramOptions, OomKill,
    Percentile, Resource, ResourceEstimator, ResourceStage, Resources, RightSizing,
    RightSizingConfig, RightSizingSnapshot, RightSizingState, UpdateMode, UsageCheckpoint,
    UsageConfig, VerticalDecision, VerticalReason, Vpa, VpaConfig, VpaSnapshot, VpaState,
    WithConfidence, WithMargin,
};
pub use weighted::{
    DecisionHour, Factor, FactorKind, FactorStage, LoadSample, LoadTrend, RecentDecision,
    ScalingDirection, ScalingTrend, Scoring, WeightedConfig, WeightedFactors, WeightedSnapshot,
    WeightedState, WeightedStats,
};
