//! The fields of the resources that bear on scaling, as the AWS provider names them.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, Error as _, IgnoredAny, Unexpected, Visitor};

/// Meta-arguments of Terraform that change no decision.
pub(super) const ALWAYS_IGNORED: &[&str] = &[
    "depends_on",
    "lifecycle",
    "provider",
    "timeouts",
    "connection",
    "provisioner",
];

/// Of the fields that are not read, those that may keep a group from scaling as it is replayed.
pub(super) const NOT_FOLLOWED: &[&str] = &[
    "protect_from_scale_in",
    "suspended_processes",
    "suspended_state",
    "warm_pool",
];

/// Fields that name things or are told about only: a value that only AWS knows will do.
pub(super) const LENIENT: &[&str] = &[
    "name",
    "name_prefix",
    "alarm_name",
    "scheduled_action_name",
    "dimensions",
];

/// A resource that bears on scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceType {
    Group,
    Policy,
    Schedule,
    Alarm,
    EcsTarget,
    EcsPolicy,
    EcsSchedule,
}

/// Which fields a resource has.
pub(super) struct Schema {
    /// Those that are read.
    pub(super) read: &'static [&'static str],
    /// The others.
    pub(super) ignored: &'static [&'static str],
}

impl ResourceType {
    pub(super) const ALL: [Self; 7] = [
        Self::Group,
        Self::Policy,
        Self::Schedule,
        Self::Alarm,
        Self::EcsTarget,
        Self::EcsPolicy,
        Self::EcsSchedule,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Group => "aws_autoscaling_group",
            Self::Policy => "aws_autoscaling_policy",
            Self::Schedule => "aws_autoscaling_schedule",
            Self::Alarm => "aws_cloudwatch_metric_alarm",
            Self::EcsTarget => "aws_appautoscaling_target",
            Self::EcsPolicy => "aws_appautoscaling_policy",
            Self::EcsSchedule => "aws_appautoscaling_scheduled_action",
        }
    }

    pub(super) const fn schema(self) -> Schema {
        let (read, ignored): (&'static [&'static str], &'static [&'static str]) = match self {
            Self::Group => (
                &[
                    "name",
                    "name_prefix",
                    "min_size",
                    "max_size",
                    "desired_capacity",
                    "health_check_grace_period",
                    "default_cooldown",
                    "default_instance_warmup",
                ],
                &[
                    "availability_zone_distribution",
                    "availability_zones",
                    "capacity_rebalance",
                    "capacity_reservation_specification",
                    "context",
                    "desired_capacity_type",
                    "enabled_metrics",
                    "force_delete",
                    "force_delete_warm_pool",
                    "health_check_type",
                    "ignore_failed_scaling_activities",
                    "initial_lifecycle_hook",
                    "instance_maintenance_policy",
                    "instance_refresh",
                    "launch_configuration",
                    "launch_template",
                    "load_balancers",
                    "max_instance_lifetime",
                    "metrics_granularity",
                    "min_elb_capacity",
                    "mixed_instances_policy",
                    "placement_group",
                    "protect_from_scale_in",
                    "region",
                    "service_linked_role_arn",
                    "suspended_processes",
                    "tag",
                    "tags",
                    "target_group_arns",
                    "termination_policies",
                    "traffic_source",
                    "vpc_zone_identifier",
                    "wait_for_capacity_timeout",
                    "wait_for_elb_capacity",
                    "warm_pool",
                ],
            ),
            Self::Policy => (
                &[
                    "name",
                    "autoscaling_group_name",
                    "policy_type",
                    "enabled",
                    "adjustment_type",
                    "scaling_adjustment",
                    "step_adjustment",
                    "min_adjustment_magnitude",
                    "cooldown",
                    "estimated_instance_warmup",
                    "target_tracking_configuration",
                    "predictive_scaling_configuration",
                ],
                &["metric_aggregation_type", "region"],
            ),
            Self::Alarm => (
                &[
                    "alarm_name",
                    "alarm_actions",
                    "ok_actions",
                    "insufficient_data_actions",
                    "actions_enabled",
                    "comparison_operator",
                    "threshold",
                    "threshold_metric_id",
                    "evaluation_periods",
                    "datapoints_to_alarm",
                    "period",
                    "statistic",
                    "extended_statistic",
                    "metric_name",
                    "metric_query",
                    "namespace",
                    "treat_missing_data",
                    "dimensions",
                ],
                &[
                    "alarm_description",
                    "evaluate_low_sample_count_percentiles",
                    "region",
                    "tags",
                    "unit",
                ],
            ),
            Self::EcsTarget => (
                &[
                    "min_capacity",
                    "max_capacity",
                    "resource_id",
                    "service_namespace",
                ],
                &[
                    "region",
                    "role_arn",
                    "scalable_dimension",
                    "suspended_state",
                    "tags",
                ],
            ),
            Self::EcsPolicy => (
                &[
                    "name",
                    "policy_type",
                    "resource_id",
                    "step_scaling_policy_configuration",
                    "target_tracking_scaling_policy_configuration",
                    "predictive_scaling_policy_configuration",
                ],
                &["region", "scalable_dimension", "service_namespace"],
            ),
            Self::Schedule => (
                &[
                    "autoscaling_group_name",
                    "scheduled_action_name",
                    "recurrence",
                    "time_zone",
                    "start_time",
                    "end_time",
                    "min_size",
                    "max_size",
                    "desired_capacity",
                ],
                &["region"],
            ),
            Self::EcsSchedule => (
                &[
                    "name",
                    "resource_id",
                    "schedule",
                    "timezone",
                    "start_time",
                    "end_time",
                    "scalable_target_action",
                ],
                &["region", "scalable_dimension", "service_namespace"],
            ),
        };
        Schema { read, ignored }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) min_size: Whole<u32>,
    pub(super) max_size: Whole<u32>,
    pub(super) desired_capacity: Option<Whole<u32>>,
    pub(super) health_check_grace_period: Option<Whole<u32>>,
    pub(super) default_cooldown: Option<Whole<u32>>,
    pub(super) default_instance_warmup: Option<Whole<u32>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Schedule {
    pub(super) recurrence: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) min_size: Option<Whole<i64>>,
    pub(super) max_size: Option<Whole<i64>>,
    pub(super) desired_capacity: Option<Whole<i64>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    #[serde(default)]
    pub(super) policy_type: PolicyType,
    pub(super) enabled: Option<bool>,
    pub(super) adjustment_type: Option<AdjustmentType>,
    pub(super) scaling_adjustment: Option<Whole<i32>>,
    #[serde(default)]
    pub(super) step_adjustment: Vec<Step>,
    pub(super) min_adjustment_magnitude: Option<Whole<u32>>,
    pub(super) cooldown: Option<Whole<u32>>,
    pub(super) estimated_instance_warmup: Option<Whole<u32>>,
    pub(super) target_tracking_configuration: Option<Tracking>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[expect(clippy::enum_variant_names, reason = "the names are AWS's own")]
pub(super) enum PolicyType {
    #[default]
    SimpleScaling,
    StepScaling,
    TargetTrackingScaling,
    PredictiveScaling,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[expect(clippy::enum_variant_names, reason = "the names are AWS's own")]
pub(super) enum AdjustmentType {
    ChangeInCapacity,
    ExactCapacity,
    PercentChangeInCapacity,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) metric_interval_lower_bound: Option<Number>,
    pub(super) metric_interval_upper_bound: Option<Number>,
    pub(super) scaling_adjustment: Whole<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tracking {
    pub(super) target_value: Number,
    #[serde(default)]
    pub(super) disable_scale_in: bool,
    pub(super) predefined_metric_specification: Option<PredefinedMetric>,
    pub(super) customized_metric_specification: Option<CustomizedMetric>,
    // Of Application Auto Scaling only.
    pub(super) scale_in_cooldown: Option<Whole<u32>>,
    pub(super) scale_out_cooldown: Option<Whole<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PredefinedMetric {
    pub(super) predefined_metric_type: PredefinedMetricType,
    #[serde(default, rename = "resource_label")]
    _resource_label: IgnoredAny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum PredefinedMetricType {
    #[serde(rename = "ASGAverageCPUUtilization")]
    GroupCpu,
    #[serde(rename = "ASGAverageNetworkIn")]
    NetworkIn,
    #[serde(rename = "ASGAverageNetworkOut")]
    NetworkOut,
    #[serde(rename = "ALBRequestCountPerTarget")]
    RequestsPerTarget,
    #[serde(rename = "ECSServiceAverageCPUUtilization")]
    ServiceCpu,
    #[serde(rename = "ECSServiceAverageMemoryUtilization")]
    ServiceMemory,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomizedMetric {
    pub(super) metric_name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) statistic: Option<Statistic>,
    pub(super) metrics: Option<IgnoredAny>,
    #[serde(default, rename = "metric_dimension")]
    _metric_dimension: IgnoredAny,
    #[serde(default, rename = "dimensions")]
    _dimensions: IgnoredAny,
    #[serde(default, rename = "unit")]
    _unit: IgnoredAny,
}

#[derive(Debug, Deserialize)]
pub(super) struct Alarm {
    pub(super) actions_enabled: Option<bool>,
    pub(super) comparison_operator: Comparison,
    pub(super) threshold: Option<Number>,
    pub(super) evaluation_periods: Whole<u32>,
    pub(super) datapoints_to_alarm: Option<Whole<u32>>,
    pub(super) period: Option<Whole<u32>>,
    pub(super) statistic: Option<Statistic>,
    pub(super) metric_name: Option<String>,
    pub(super) namespace: Option<String>,
    #[serde(default)]
    pub(super) treat_missing_data: MissingData,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[expect(clippy::enum_variant_names, reason = "the names are AWS's own")]
pub(super) enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Statistic {
    Average,
    Minimum,
    Maximum,
    Sum,
    SampleCount,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum MissingData {
    #[default]
    Missing,
    Breaching,
    NotBreaching,
    Ignore,
}

#[derive(Debug, Deserialize)]
pub(super) struct EcsTarget {
    pub(super) min_capacity: Whole<u32>,
    pub(super) max_capacity: Whole<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EcsPolicy {
    pub(super) policy_type: Option<PolicyType>,
    pub(super) step_scaling_policy_configuration: Option<EcsSteps>,
    pub(super) target_tracking_scaling_policy_configuration: Option<Tracking>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EcsSteps {
    pub(super) adjustment_type: Option<AdjustmentType>,
    pub(super) cooldown: Option<Whole<u32>>,
    #[serde(default, rename = "metric_aggregation_type")]
    _metric_aggregation_type: IgnoredAny,
    pub(super) min_adjustment_magnitude: Option<Whole<u32>>,
    #[serde(default)]
    pub(super) step_adjustment: Vec<Step>,
}

/// A whole number, which Terraform also takes in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole<T>(pub(super) T);

/// A finite number, which Terraform also takes in quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number(pub(super) f64);

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor(PhantomData))
    }
}

struct WholeVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Visitor<'_> for WholeVisitor<T> {
    type Value = Whole<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Whole<T>, E> {
        T::try_from(value)
            .map(Whole)
            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Whole<T>, E> {
        Err(E::invalid_type(Unexpected::Float(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole<T>, E> {
        match text.trim().parse::<i64>() {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(NumberVisitor)?;
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(D::Error::invalid_value(Unexpected::Float(value), &"f64"))
        }
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("f64")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
        text.trim()
            .parse()
            .map_err(|_| E::invalid_type(Unexpected::Str(text), &self))
    }
}
