//! From a manifest to a policy's configuration, with the API server's checks.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/autoscaling/{v2/defaults.go, validation/validation.go}`.

use core::time::Duration;

use super::{
    HorizontalPodAutoscaler, HpaBehavior, HpaMetric, HpaScalingPolicy, HpaScalingRules,
    ManifestError, MetricSourceType, MetricTarget, MetricTargetType, Quantity, ScalingPolicySelect,
    ScalingPolicyType,
};
use crate::{
    Behavior, Change, HpaConfig, MetricSpec, Milli, ResourceTarget, ScalingPolicy, ScalingRules,
    SelectPolicy, ValueTarget,
};

/// What the API sets where a manifest names no metric.
const DEFAULT_CPU_UTILIZATION: u32 = 80;

pub(super) type Checked<T> = Result<T, ManifestError>;

impl HorizontalPodAutoscaler {
    /// The policy's configuration. What a manifest cannot say — the controller's flags — has
    /// Kubernetes' defaults; set it with the `with_*` functions of [`HpaConfig`].
    ///
    /// # Errors
    /// [`ManifestError`] where the API server would refuse the object, or where a target lacks the
    /// field of its type, so that the controller could never read the metric.
    ///
    /// ```
    /// use autoscale_core::manifest::HorizontalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
    /// #     "metadata": {"name": "api"},
    /// #     "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "maxReplicas": 9}
    /// # }"#;
    /// let mut manifest: HorizontalPodAutoscaler = serde_json::from_str(text)?;
    /// let config = manifest.config()?.with_tolerance(0.05);
    /// assert_eq!((config.max_replicas, config.metrics[0].name()), (9, "cpu"));
    /// manifest.spec.max_replicas = 0;
    /// let path = manifest.config().err().map(|error| error.path().to_owned());
    /// assert_eq!(path.as_deref(), Some("spec.maxReplicas"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn config(&self) -> Result<HpaConfig, ManifestError> {
        self.check_identity()?;
        let spec = &self.spec;
        let (min, max) = self.bounds()?;
        let metrics = if spec.metrics.is_empty() {
            vec![MetricSpec::cpu_utilization(DEFAULT_CPU_UTILIZATION)]
        } else {
            let each = spec.metrics.iter().enumerate();
            each.map(|(i, metric)| convert_metric(&format!("spec.metrics[{i}]"), metric))
                .collect::<Result<_, _>>()?
        };
        let behavior = spec.behavior.as_ref().map(convert_behavior).transpose()?;
        Ok(HpaConfig::new(max, metrics)
            .with_min_replicas(min)
            .with_behavior(behavior))
    }

    fn check_identity(&self) -> Checked<()> {
        one_of("apiVersion", &self.api_version, "autoscaling/v2")?;
        one_of("kind", &self.kind, "HorizontalPodAutoscaler")?;
        not_empty("metadata.name", &self.metadata.name)?;
        let target = self.target();
        not_empty("spec.scaleTargetRef.kind", &target.kind)?;
        not_empty("spec.scaleTargetRef.name", &target.name)
    }

    fn bounds(&self) -> Checked<(u32, u32)> {
        let spec = &self.spec;
        let max = at_least_one("spec.maxReplicas", spec.max_replicas)?;
        let path = "spec.minReplicas";
        let Some(min) = spec.min_replicas else {
            return Ok((1, max));
        };
        let count =
            u32::try_from(min).map_err(|_| ManifestError::range(path, min, "at least 0"))?;
        let wakes = |m: &HpaMetric| {
            matches!(
                m.source_type,
                MetricSourceType::Object | MetricSourceType::External
            )
        };
        if count == 0 && !spec.metrics.iter().any(wakes) {
            let bound = "at least 1 without an Object or External metric";
            return Err(ManifestError::range(path, min, bound));
        }
        if count > max {
            return Err(ManifestError::Inconsistent {
                path: path.into(),
                value: min.to_string(),
                relation: "at most",
                other: "spec.maxReplicas",
                other_value: max.to_string(),
            });
        }
        Ok((count, max))
    }
}

fn convert_metric(path: &str, metric: &HpaMetric) -> Checked<MetricSpec> {
    use MetricSourceType as Source;
    let blocks = [
        (Source::Resource, "resource", metric.resource.is_some()),
        (
            Source::ContainerResource,
            "containerResource",
            metric.container_resource.is_some(),
        ),
        (Source::Pods, "pods", metric.pods.is_some()),
        (Source::Object, "object", metric.object.is_some()),
        (Source::External, "external", metric.external.is_some()),
    ];
    let source = metric.source_type;
    for (other, block, given) in blocks {
        if given && other != source {
            return Err(ManifestError::Forbidden {
                path: format!("{path}.{block}"),
                why: format!("{path}.type is {source:?}"),
            });
        }
    }
    let absent = |block: &str| ManifestError::Missing {
        path: format!("{path}.{block}"),
        need: format!("{path}.type is {source:?}"),
    };
    match source {
        Source::Resource => {
            let block = metric.resource.as_ref().ok_or_else(|| absent("resource"))?;
            let path = format!("{path}.resource");
            not_empty(&format!("{path}.name"), &block.name)?;
            Ok(MetricSpec::Resource {
                name: block.name.clone(),
                target: resource_target(&format!("{path}.target"), &block.target)?,
            })
        }
        Source::ContainerResource => {
            let block = metric.container_resource.as_ref();
            let block = block.ok_or_else(|| absent("containerResource"))?;
            let path = format!("{path}.containerResource");
            not_empty(&format!("{path}.name"), &block.name)?;
            not_empty(&format!("{path}.container"), &block.container)?;
            Ok(MetricSpec::ContainerResource {
                name: block.name.clone(),
                container: block.container.clone(),
                target: resource_target(&format!("{path}.target"), &block.target)?,
            })
        }
        Source::Pods => {
            let block = metric.pods.as_ref().ok_or_else(|| absent("pods"))?;
            let path = format!("{path}.pods");
            not_empty(&format!("{path}.metric.name"), &block.metric.name)?;
            let at = format!("{path}.target");
            let bound = "AverageValue for a Pods metric";
            check_target(&at, &block.target, &[MetricTargetType::AverageValue], bound)?;
            Ok(MetricSpec::Pods {
                name: block.metric.name.clone(),
                average_value: average_value(&at, &block.target)?,
            })
        }
        Source::Object => {
            let block = metric.object.as_ref().ok_or_else(|| absent("object"))?;
            let path = format!("{path}.object");
            let described = &block.described_object;
            not_empty(&format!("{path}.describedObject.kind"), &described.kind)?;
            not_empty(&format!("{path}.describedObject.name"), &described.name)?;
            not_empty(&format!("{path}.metric.name"), &block.metric.name)?;
            Ok(MetricSpec::Object {
                name: block.metric.name.clone(),
                target: value_target(&format!("{path}.target"), &block.target)?,
            })
        }
        Source::External => {
            let block = metric.external.as_ref().ok_or_else(|| absent("external"))?;
            let path = format!("{path}.external");
            not_empty(&format!("{path}.metric.name"), &block.metric.name)?;
            let at = format!("{path}.target");
            if block.target.value.is_some() && block.target.average_value.is_some() {
                return Err(ManifestError::Forbidden {
                    path: format!("{at}.averageValue"),
                    why: format!("{at}.value is given too"),
                });
            }
            Ok(MetricSpec::External {
                name: block.metric.name.clone(),
                target: value_target(&at, &block.target)?,
            })
        }
    }
}

/// The target's type, and the range of every field that is there, whether the type uses it or not.
fn check_target(
    path: &str,
    target: &MetricTarget,
    allowed: &[MetricTargetType],
    bound: &'static str,
) -> Checked<()> {
    if !allowed.contains(&target.target_type) {
        let value = format!("{:?}", target.target_type);
        return Err(ManifestError::range(format!("{path}.type"), value, bound));
    }
    if let Some(percent) = target.average_utilization {
        at_least_one(&format!("{path}.averageUtilization"), percent)?;
    }
    for (leaf, given) in [
        ("averageValue", &target.average_value),
        ("value", &target.value),
    ] {
        if let Some(quantity) = given
            && quantity.signum() < 1
        {
            let at = format!("{path}.{leaf}");
            return Err(ManifestError::range(at, quantity, "greater than 0"));
        }
    }
    Ok(())
}

fn resource_target(path: &str, target: &MetricTarget) -> Checked<ResourceTarget> {
    let allowed = [
        MetricTargetType::Utilization,
        MetricTargetType::AverageValue,
    ];
    let bound = "Utilization or AverageValue for a resource metric";
    check_target(path, target, &allowed, bound)?;
    if target.average_utilization.is_some() && target.average_value.is_some() {
        return Err(ManifestError::Forbidden {
            path: format!("{path}.averageValue"),
            why: format!("{path}.averageUtilization is given too"),
        });
    }
    if target.target_type == MetricTargetType::AverageValue {
        return average_value(path, target).map(ResourceTarget::AverageValue);
    }
    let field = format!("{path}.averageUtilization");
    match target.average_utilization {
        Some(percent) => at_least_one(&field, percent).map(ResourceTarget::Utilization),
        None => Err(needed_by_type(path, field, "Utilization")),
    }
}

fn value_target(path: &str, target: &MetricTarget) -> Checked<ValueTarget> {
    let allowed = [MetricTargetType::Value, MetricTargetType::AverageValue];
    let bound = "Value or AverageValue for an Object or External metric";
    check_target(path, target, &allowed, bound)?;
    if target.target_type == MetricTargetType::AverageValue {
        return average_value(path, target).map(ValueTarget::AverageValue);
    }
    let value = target.value.as_ref().map(Quantity::milli);
    let value = value.ok_or_else(|| needed_by_type(path, format!("{path}.value"), "Value"))?;
    Ok(ValueTarget::Value(value))
}

fn average_value(path: &str, target: &MetricTarget) -> Checked<Milli> {
    let value = target.average_value.as_ref().map(Quantity::milli);
    value.ok_or_else(|| needed_by_type(path, format!("{path}.averageValue"), "AverageValue"))
}

fn needed_by_type(path: &str, field: String, target_type: &str) -> ManifestError {
    ManifestError::Missing {
        path: field,
        need: format!("{path}.type is {target_type}"),
    }
}

fn convert_behavior(behavior: &HpaBehavior) -> Checked<Behavior> {
    let convert = |path: &str, rules: &Option<HpaScalingRules>, default: ScalingRules| match rules {
        Some(rules) => convert_rules(path, rules, default),
        None => Ok(default),
    };
    let (up, down) = (&behavior.scale_up, &behavior.scale_down);
    Ok(Behavior {
        scale_up: convert("spec.behavior.scaleUp", up, ScalingRules::scale_up())?,
        scale_down: convert("spec.behavior.scaleDown", down, ScalingRules::scale_down())?,
    })
}

fn convert_rules(
    path: &str,
    rules: &HpaScalingRules,
    default: ScalingRules,
) -> Checked<ScalingRules> {
    let stabilization_window = match rules.stabilization_window_seconds {
        Some(window) => {
            let at = format!("{path}.stabilizationWindowSeconds");
            Some(seconds(&at, window, 0..=3600, "0 … 3600")?)
        }
        None => default.stabilization_window,
    };
    if let Some(tolerance) = &rules.tolerance
        && tolerance.signum() < 0
    {
        let at = format!("{path}.tolerance");
        return Err(ManifestError::range(at, tolerance, "at least 0"));
    }
    let policies = match &rules.policies {
        Some(policies) if policies.is_empty() => {
            return Err(ManifestError::Missing {
                path: format!("{path}.policies"),
                need: "at least one policy, or leave the field out for the default".into(),
            });
        }
        Some(policies) => policies
            .iter()
            .enumerate()
            .map(|(i, policy)| convert_policy(&format!("{path}.policies[{i}]"), policy))
            .collect::<Result<_, _>>()?,
        None => default.policies,
    };
    Ok(ScalingRules {
        stabilization_window,
        tolerance: rules.tolerance.as_ref().map(Quantity::to_units),
        select: match rules.select_policy {
            Some(ScalingPolicySelect::Min) => SelectPolicy::Min,
            Some(ScalingPolicySelect::Disabled) => SelectPolicy::Disabled,
            Some(ScalingPolicySelect::Max) | None => SelectPolicy::Max,
        },
        policies,
    })
}

fn convert_policy(path: &str, policy: &HpaScalingPolicy) -> Checked<ScalingPolicy> {
    let value = at_least_one(&format!("{path}.value"), policy.value)?;
    let at = format!("{path}.periodSeconds");
    Ok(ScalingPolicy {
        change: match policy.policy_type {
            ScalingPolicyType::Pods => Change::Pods(value),
            ScalingPolicyType::Percent => Change::Percent(value),
        },
        period: seconds(&at, policy.period_seconds, 1..=1800, "1 … 1800")?,
    })
}

fn seconds(
    path: &str,
    value: i32,
    range: core::ops::RangeInclusive<i32>,
    bound: &'static str,
) -> Checked<Duration> {
    match u64::try_from(value) {
        Ok(count) if range.contains(&value) => Ok(Duration::from_secs(count)),
        _ => Err(ManifestError::range(path, value, bound)),
    }
}

fn at_least_one(path: &str, value: i32) -> Checked<u32> {
    match u32::try_from(value) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(ManifestError::range(path, value, "at least 1")),
    }
}

pub(super) fn not_empty(path: &str, value: &str) -> Checked<()> {
    if value.is_empty() {
        Err(ManifestError::range(path, "\"\"", "a name"))
    } else {
        Ok(())
    }
}

pub(super) fn one_of(path: &str, value: &str, want: &'static str) -> Checked<()> {
    if value == want {
        Ok(())
    } else {
        Err(ManifestError::range(path, format!("\"{value}\""), want))
    }
}
