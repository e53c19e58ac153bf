//! Policies and alarms as the core has them.

use std::time::Duration;

use autoscale_core::{
    AdjustmentType, Alarm, Comparison, Gauge, PeriodStatistic, ScalingAction, ScalingAlarm,
    Statistic, StepAdjustment, TrackedTarget, TreatMissingData,
};

use super::resource::Resource;
use super::schema::{self, PolicyType, PredefinedMetricType, Whole};
use crate::policy_file::fault::{Fault, quote};
use crate::policy_file::reader::read;
use crate::policy_file::tree::{Position, Value};

/// What a policy does.
pub(super) enum Action {
    /// When an alarm triggers it.
    Adjust(ScalingAction),
    /// By itself.
    Track(TrackedTarget),
}

/// A policy as read.
pub(super) struct ReadPolicy {
    pub(super) action: Action,
    pub(super) warm_up: Option<Duration>,
    pub(super) enabled: bool,
    pub(super) notes: Vec<String>,
}

/// The metrics of a group, one a reading of the observation.
#[derive(Clone, Default)]
pub(super) struct Metrics(Vec<(Metric, Position)>);

#[derive(Clone, PartialEq)]
struct Metric {
    name: String,
    statistic: Statistic,
    /// CloudWatch counts in a period, where a gauge shows a rate.
    is_count: bool,
}

impl Metrics {
    /// What each reading of an observation is.
    pub(super) fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|(metric, _)| metric.name.clone())
            .collect()
    }

    /// Where the first of them is named.
    pub(super) fn at(&self) -> Option<Position> {
        self.0.first().map(|(_, at)| *at)
    }

    fn gauge(&mut self, metric: &Metric, at: Position) -> Gauge {
        let place = self.0.iter().position(|(known, _)| known == metric);
        let reading = place.unwrap_or_else(|| {
            self.0.push((metric.clone(), at));
            self.0.len() - 1
        });
        Gauge::new(metric.statistic.clone()).with_reading(reading)
    }
}

impl Metric {
    fn of(name: &str, statistic: Statistic, is_count: bool) -> Self {
        Self {
            name: name.to_owned(),
            statistic,
            is_count,
        }
    }

    fn utilization(resource: &str) -> Self {
        let statistic = Statistic::Utilization {
            resource: resource.to_owned(),
        };
        Self::of(resource, statistic, false)
    }

    fn requests_per_target() -> Self {
        Self::of("requests per target", Statistic::PerReplica, true)
    }

    fn predefined(kind: PredefinedMetricType) -> Self {
        match kind {
            PredefinedMetricType::GroupCpu | PredefinedMetricType::ServiceCpu => {
                Self::utilization("cpu")
            }
            PredefinedMetricType::ServiceMemory => Self::utilization("memory"),
            PredefinedMetricType::RequestsPerTarget => Self::requests_per_target(),
            PredefinedMetricType::NetworkIn => {
                Self::of("ASGAverageNetworkIn", Statistic::Value, false)
            }
            PredefinedMetricType::NetworkOut => {
                Self::of("ASGAverageNetworkOut", Statistic::Value, false)
            }
        }
    }

    fn named(namespace: &str, name: &str) -> Self {
        match (namespace, name) {
            ("AWS/EC2" | "AWS/ECS", "CPUUtilization") => Self::utilization("cpu"),
            ("AWS/ECS", "MemoryUtilization") => Self::utilization("memory"),
            ("AWS/ApplicationELB", "RequestCountPerTarget") => Self::requests_per_target(),
            ("AWS/ApplicationELB", "RequestCount") => Self::of("requests", Statistic::Total, true),
            _ => Self::of(name, Statistic::Value, false),
        }
    }

    /// What CloudWatch's value is divided by to be in the gauge's unit, and how a period's samples
    /// make its value.
    fn in_period(
        &self,
        statistic: schema::Statistic,
        period: Duration,
    ) -> Result<(f64, PeriodStatistic), String> {
        let name = &self.name;
        match (self.is_count, statistic) {
            (true, schema::Statistic::Sum) => Ok((period.as_secs_f64(), PeriodStatistic::Average)),
            (true, other) => Err(format!("statistic is {other:?}, must be Sum for {name}")),
            (false, schema::Statistic::Average) => Ok((1.0, PeriodStatistic::Average)),
            (false, schema::Statistic::Minimum) => Ok((1.0, PeriodStatistic::Minimum)),
            (false, schema::Statistic::Maximum) => Ok((1.0, PeriodStatistic::Maximum)),
            (false, schema::Statistic::Sum) => Ok((1.0, PeriodStatistic::Sum)),
            (false, schema::Statistic::SampleCount) => {
                let known = "Average, Minimum, Maximum or Sum";
                Err(format!("statistic is SampleCount, must be {known}"))
            }
        }
    }
}

impl Action {
    /// Whether it can add replicas, and whether it can take some away.
    pub(super) fn directions(&self) -> [bool; 2] {
        match self {
            Self::Track(target) => [true, !target.disable_scale_in],
            Self::Adjust(action) if action.adjustment_type == AdjustmentType::ExactCapacity => {
                [true, true]
            }
            Self::Adjust(action) => {
                let any = |test: fn(i32) -> bool| action.steps.iter().any(|s| test(s.adjustment));
                [any(|n| n > 0), any(|n| n < 0)]
            }
        }
    }

    /// What a policy never does that nothing triggers.
    pub(super) fn never(&self) -> &'static str {
        let Self::Adjust(action) = self else {
            return "it never scales";
        };
        let relative = action.adjustment_type != AdjustmentType::ExactCapacity;
        let all = |test: fn(i32) -> bool| action.steps.iter().all(|s| test(s.adjustment));
        match () {
            () if relative && all(|n| n < 0) => "it never scales in",
            () if relative && all(|n| n > 0) => "it never scales out",
            () => "it never scales",
        }
    }
}

fn seconds(value: Whole<u32>) -> Duration {
    Duration::from_secs(value.0.into())
}

const fn adjustment(kind: schema::AdjustmentType) -> AdjustmentType {
    match kind {
        schema::AdjustmentType::ChangeInCapacity => AdjustmentType::ChangeInCapacity,
        schema::AdjustmentType::ExactCapacity => AdjustmentType::ExactCapacity,
        schema::AdjustmentType::PercentChangeInCapacity => AdjustmentType::PercentChangeInCapacity,
    }
}

fn steps(steps: &[schema::Step]) -> Vec<StepAdjustment> {
    let convert = |step: &schema::Step| {
        StepAdjustment::new(
            step.metric_interval_lower_bound.map(|n| n.0),
            step.metric_interval_upper_bound.map(|n| n.0),
            step.scaling_adjustment.0,
        )
    };
    steps.iter().map(convert).collect()
}

/// An `aws_autoscaling_policy`.
pub(super) fn policy(
    resource: &Resource,
    cooldown: Duration,
    metrics: &mut Metrics,
) -> Result<ReadPolicy, Fault> {
    let body: schema::Policy = read(&resource.node)?;
    let missing = |field: &str| {
        let message = format!("{field} of {} is missing", resource.address);
        Err(Fault::new(resource.at, message))
    };
    let own: &[&str] = match body.policy_type {
        PolicyType::SimpleScaling => &["scaling_adjustment", "cooldown", "adjustment_type"],
        PolicyType::StepScaling => &[
            "step_adjustment",
            "estimated_instance_warmup",
            "adjustment_type",
        ],
        PolicyType::TargetTrackingScaling => {
            &["target_tracking_configuration", "estimated_instance_warmup"]
        }
        PolicyType::PredictiveScaling => {
            let message = "policy_type PredictiveScaling is not supported: write kind = \
                           \"predictive\" in a TOML policy file";
            return Err(resource.fault("policy_type", message));
        }
    };
    let adjusts = body.policy_type != PolicyType::TargetTrackingScaling;
    for field in [
        "scaling_adjustment",
        "step_adjustment",
        "cooldown",
        "adjustment_type",
        "min_adjustment_magnitude",
        "estimated_instance_warmup",
        "target_tracking_configuration",
        "predictive_scaling_configuration",
    ] {
        let belongs = own.contains(&field) || (adjusts && field == "min_adjustment_magnitude");
        if let Some(entry) = resource.node.entry(field)
            && !belongs
            && !matches!(entry.node.value, Value::Null)
        {
            let message = format!(
                "{field} does not belong to policy_type {:?}",
                body.policy_type
            );
            return Err(Fault::new(entry.at(), message));
        }
    }
    let mut action = match body.policy_type {
        PolicyType::SimpleScaling | PolicyType::StepScaling => {
            let Some(kind) = body.adjustment_type.map(adjustment) else {
                return missing("adjustment_type");
            };
            let action = match (body.policy_type, body.scaling_adjustment) {
                (PolicyType::StepScaling, _) if body.step_adjustment.is_empty() => {
                    return missing("step_adjustment");
                }
                (PolicyType::StepScaling, _) => {
                    ScalingAction::step(kind, steps(&body.step_adjustment))
                }
                (_, Some(Whole(change))) => ScalingAction::simple(kind, change)
                    .with_cooldown(body.cooldown.map_or(cooldown, seconds)),
                (_, None) => return missing("scaling_adjustment"),
            };
            Action::Adjust(action)
        }
        _ => {
            let Some(tracking) = &body.target_tracking_configuration else {
                return missing("target_tracking_configuration");
            };
            Action::Track(target(
                resource,
                "target_tracking_configuration",
                tracking,
                metrics,
            )?)
        }
    };
    if let (Action::Adjust(action), Some(Whole(least))) =
        (&mut action, body.min_adjustment_magnitude)
    {
        action.min_adjustment_magnitude = Some(least);
    }
    Ok(ReadPolicy {
        action,
        warm_up: body.estimated_instance_warmup.map(seconds),
        enabled: body.enabled.unwrap_or(true),
        notes: Vec::new(),
    })
}

/// An `aws_appautoscaling_policy`.
pub(super) fn ecs_policy(resource: &Resource, metrics: &mut Metrics) -> Result<ReadPolicy, Fault> {
    let body: schema::EcsPolicy = read(&resource.node)?;
    let steps_field = "step_scaling_policy_configuration";
    let tracking_field = "target_tracking_scaling_policy_configuration";
    let missing = |field: &str| {
        let message = format!("{field} of {} is missing", resource.address);
        Err(Fault::new(resource.at, message))
    };
    let mut notes = Vec::new();
    let (action, warm_up) = match body.policy_type.unwrap_or(PolicyType::StepScaling) {
        PolicyType::StepScaling => {
            let Some(body) = &body.step_scaling_policy_configuration else {
                return missing(steps_field);
            };
            let Some(kind) = body.adjustment_type.map(adjustment) else {
                return missing(&format!("{steps_field}.adjustment_type"));
            };
            let mut action = ScalingAction::step(kind, steps(&body.step_adjustment));
            action.min_adjustment_magnitude = body.min_adjustment_magnitude.map(|n| n.0);
            (Action::Adjust(action), body.cooldown)
        }
        PolicyType::TargetTrackingScaling => {
            let Some(body) = &body.target_tracking_scaling_policy_configuration else {
                return missing(tracking_field);
            };
            if let Some(Whole(wait)) = body.scale_in_cooldown {
                let name = quote(resource.name());
                notes.push(format!(
                    "policy {name}: scale_in_cooldown ({wait} s) is not replayed"
                ));
            }
            let target = target(resource, tracking_field, body, metrics)?;
            (Action::Track(target), body.scale_out_cooldown)
        }
        kind => {
            let message = format!(
                "policy_type is {kind:?}, must be StepScaling or TargetTrackingScaling for ECS"
            );
            return Err(resource.fault("policy_type", message));
        }
    };
    Ok(ReadPolicy {
        action,
        // What was added during a cooldown counts as there, as what warms up does.
        warm_up: warm_up.map(seconds),
        enabled: true,
        notes,
    })
}

fn target(
    resource: &Resource,
    field: &str,
    body: &schema::Tracking,
    metrics: &mut Metrics,
) -> Result<TrackedTarget, Fault> {
    let period = Duration::from_secs(60);
    let specification = match (
        &body.predefined_metric_specification,
        &body.customized_metric_specification,
    ) {
        (Some(metric), None) => Ok(Metric::predefined(metric.predefined_metric_type)),
        (None, Some(metric)) if metric.metrics.is_some() => {
            let path = format!("{field}.customized_metric_specification.metrics");
            let message = format!("{path}: metric math is not supported");
            return Err(resource.fault(&path, message));
        }
        (None, Some(metric)) => Err(metric),
        _ => {
            let message = format!(
                "{field} must have either a predefined_metric_specification or a \
                 customized_metric_specification"
            );
            return Err(resource.fault(field, message));
        }
    };
    let statistic_path = format!("{field}.customized_metric_specification.statistic");
    let (metric, statistic) = match specification {
        Ok(metric) if metric.is_count => (metric, schema::Statistic::Sum),
        Ok(metric) => (metric, schema::Statistic::Average),
        Err(custom) => {
            let path = format!("{field}.customized_metric_specification");
            let (Some(name), Some(statistic)) = (&custom.metric_name, custom.statistic) else {
                let message = format!("{path} must have a metric_name and a statistic");
                return Err(resource.fault(&path, message));
            };
            let namespace = custom.namespace.as_deref().unwrap_or_default();
            (Metric::named(namespace, name), statistic)
        }
    };
    let (divisor, _) = metric
        .in_period(statistic, period)
        .map_err(|message| resource.fault(&statistic_path, format!("{field}: {message}")))?;
    let at = resource.node.find(field);
    let mut target = TrackedTarget::new(metrics.gauge(&metric, at), body.target_value.0 / divisor);
    target.disable_scale_in = body.disable_scale_in;
    Ok(target)
}

/// An `aws_cloudwatch_metric_alarm` that triggers an action, and what to know about it.
pub(super) fn alarm(
    resource: &Resource,
    body: &schema::Alarm,
    action: &ScalingAction,
    metrics: &mut Metrics,
) -> Result<(ScalingAlarm, Option<String>), Fault> {
    for field in ["metric_query", "extended_statistic", "threshold_metric_id"] {
        if resource.node.entry(field).is_some() {
            return Err(resource.fault(field, format!("{field} is not supported")));
        }
    }
    let missing = |field: &str| {
        let message = format!("{field} of {} is missing", resource.address);
        Fault::new(resource.at, message)
    };
    let name = body.metric_name.as_deref();
    let name = name.ok_or_else(|| missing("metric_name"))?;
    let threshold = body.threshold.ok_or_else(|| missing("threshold"))?.0;
    let period = seconds(body.period.ok_or_else(|| missing("period"))?);
    if period.is_zero() {
        return Err(resource.fault("period", "period is 0, must be at least 10"));
    }
    let statistic = body.statistic.ok_or_else(|| missing("statistic"))?;
    let namespace = body.namespace.as_deref().unwrap_or_default();
    let metric = Metric::named(namespace, name);
    let (divisor, statistic) = metric
        .in_period(statistic, period)
        .map_err(|message| resource.fault("statistic", message))?;
    let comparison = match body.comparison_operator {
        schema::Comparison::GreaterThanThreshold => Comparison::GreaterThanThreshold,
        schema::Comparison::GreaterThanOrEqualToThreshold => {
            Comparison::GreaterThanOrEqualToThreshold
        }
        schema::Comparison::LessThanThreshold => Comparison::LessThanThreshold,
        schema::Comparison::LessThanOrEqualToThreshold => Comparison::LessThanOrEqualToThreshold,
    };
    let missing_data = match body.treat_missing_data {
        schema::MissingData::Missing => TreatMissingData::Missing,
        schema::MissingData::Breaching => TreatMissingData::Breaching,
        schema::MissingData::NotBreaching => TreatMissingData::NotBreaching,
        schema::MissingData::Ignore => TreatMissingData::Ignore,
    };
    let gauge = metrics.gauge(&metric, resource.node.find("metric_name"));
    let alarm = Alarm::new(resource.name(), gauge, comparison, threshold / divisor)
        .with_period(period)
        .with_evaluation_periods(body.evaluation_periods.0)
        .with_datapoints_to_alarm(body.datapoints_to_alarm.map(|n| n.0))
        .with_statistic(statistic)
        .with_treat_missing_data(missing_data);
    let mut action = action.clone();
    for step in &mut action.steps {
        step.lower_bound = step.lower_bound.map(|bound| bound / divisor);
        step.upper_bound = step.upper_bound.map(|bound| bound / divisor);
    }
    let has = |dimension: &str| match resource.node.entry("dimensions").map(|e| &e.node.value) {
        Some(Value::Table(entries)) => entries.iter().any(|e| e.key == dimension),
        // What they are is not known.
        Some(_) => true,
        None => false,
    };
    let note = (namespace == "AWS/EC2" && !has("AutoScalingGroupName")).then(|| {
        format!(
            "alarm {}: no dimension AutoScalingGroupName: AWS watches the instances of all groups, \
             the replay those of this one",
            quote(resource.name())
        )
    });
    Ok((ScalingAlarm::new(alarm, action), note))
}
