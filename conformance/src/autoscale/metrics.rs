//! Metrics and their samples as the cases write them.

use autoscale_core::{
    ContainerValue, MetricReading, MetricSpec, Milli, ResourceTarget, Sample, SampleValue,
    ValueTarget,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::pods::PodInput;
use crate::fields::Seconds;
use crate::suite::Refused;

/// One metric with its target.
#[derive(Debug, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum MetricInput {
    Resource {
        resource: String,
        target: TargetInput,
    },
    ContainerResource {
        resource: String,
        container: String,
        target: TargetInput,
    },
    Pods {
        name: String,
        target: TargetInput,
    },
    Object {
        name: String,
        target: TargetInput,
    },
    External {
        name: String,
        target: TargetInput,
    },
    /// A source type that nobody knows, so that its details mean nothing.
    Unknown {
        #[allow(dead_code)] // may stand in a case, decides nothing
        name: Option<IgnoredAny>,
        #[allow(dead_code)] // as the name
        target: Option<IgnoredAny>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum TargetInput {
    Utilization { percent: u32 },
    AverageValue { milli: i64 },
    Value { milli: i64 },
}

impl TargetInput {
    fn of_resource(self) -> Result<ResourceTarget, Refused> {
        match self {
            Self::Utilization { percent } => Ok(ResourceTarget::Utilization(percent)),
            Self::AverageValue { milli } => Ok(ResourceTarget::AverageValue(Milli(milli))),
            Self::Value { .. } => Err(mismatch("value", "a resource")),
        }
    }

    fn of_whole(self) -> Result<ValueTarget, Refused> {
        match self {
            Self::Value { milli } => Ok(ValueTarget::Value(Milli(milli))),
            Self::AverageValue { milli } => Ok(ValueTarget::AverageValue(Milli(milli))),
            Self::Utilization { .. } => Err(mismatch("utilization", "an object or external")),
        }
    }

    fn of_pods(self) -> Result<Milli, Refused> {
        match self {
            Self::AverageValue { milli } => Ok(Milli(milli)),
            Self::Value { .. } => Err(mismatch("value", "a pods")),
            Self::Utilization { .. } => Err(mismatch("utilization", "a pods")),
        }
    }
}

fn mismatch(kind: &str, metric: &str) -> Refused {
    Refused(format!(
        "metric.target.kind: {kind} is no target of {metric} metric"
    ))
}

impl MetricInput {
    pub(super) fn spec(&self) -> Result<MetricSpec, Refused> {
        Ok(match self {
            Self::Resource { resource, target } => MetricSpec::Resource {
                name: resource.clone(),
                target: target.of_resource()?,
            },
            Self::ContainerResource {
                resource,
                container,
                target,
            } => MetricSpec::ContainerResource {
                name: resource.clone(),
                container: container.clone(),
                target: target.of_resource()?,
            },
            Self::Pods { name, target } => MetricSpec::Pods {
                name: name.clone(),
                average_value: target.of_pods()?,
            },
            Self::Object { name, target } => MetricSpec::Object {
                name: name.clone(),
                target: target.of_whole()?,
            },
            Self::External { name, target } => MetricSpec::External {
                name: name.clone(),
                target: target.of_whole()?,
            },
            Self::Unknown { .. } => MetricSpec::Unknown {
                source_type: "unknown".to_owned(),
            },
        })
    }

    /// The resource whose requests matter to this metric.
    pub(super) fn resource(&self) -> Option<&str> {
        match self {
            Self::Resource { resource, .. } | Self::ContainerResource { resource, .. } => {
                Some(resource)
            }
            _ => None,
        }
    }

    /// What the metric's source gave; an unknown source gives nothing.
    pub(super) fn reading(
        &self,
        observed: &ObservedInput,
        pods: &[PodInput],
    ) -> Result<MetricReading, Refused> {
        if observed.failed() {
            return Ok(MetricReading::Failed);
        }
        match self {
            Self::Unknown { .. } => Ok(MetricReading::Failed),
            Self::Object { .. } | Self::External { .. } => whole(&observed.samples),
            Self::Resource { .. } | Self::ContainerResource { .. } | Self::Pods { .. } => {
                samples(&observed.samples, pods).map(MetricReading::Pods)
            }
        }
    }
}

/// What was read for one metric.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservedInput {
    #[serde(default)]
    pub(super) samples: Vec<SampleInput>,
    pub(super) fetch_error: Option<FetchError>,
}

/// Whether the source failed, or how.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FetchError {
    Failed(bool),
    // The text explains; that it stands there is what counts.
    Message(#[allow(dead_code)] String),
}

impl ObservedInput {
    fn failed(&self) -> bool {
        match self.fetch_error {
            None | Some(FetchError::Failed(false)) => false,
            Some(FetchError::Failed(true) | FetchError::Message(_)) => true,
        }
    }
}

/// One sample: a value, or a value for each container.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleInput {
    pod: Option<String>,
    #[serde(default)]
    age_s: Seconds,
    #[serde(default)]
    window_s: Seconds,
    value_milli: Option<i64>,
    containers: Option<Vec<ContainerValueInput>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContainerValueInput {
    name: String,
    value_milli: Option<i64>,
}

/// Samples of single pods; the pods that the list does not hold have no group.
pub(super) fn samples(all: &[SampleInput], pods: &[PodInput]) -> Result<Vec<Sample>, Refused> {
    all.iter()
        .enumerate()
        .map(|(index, sample)| {
            let bad = |what: &str| Refused(format!("samples[{index}]: {what}"));
            let pod = sample.pod.as_ref().ok_or_else(|| bad("pod is missing"))?;
            let value = match (sample.value_milli, &sample.containers) {
                (Some(value), None) => SampleValue::Total(Milli(value)),
                (None, Some(containers)) => SampleValue::Containers(
                    containers
                        .iter()
                        .map(|c| ContainerValue {
                            name: c.name.clone(),
                            value: c.value_milli.map(Milli),
                        })
                        .collect(),
                ),
                _ => return Err(bad("needs value_milli or containers, not both")),
            };
            Ok(Sample {
                group: pods.iter().position(|p| p.name == *pod),
                count: 1,
                value,
                age: sample.age_s.0,
                window: sample.window_s.0,
            })
        })
        .collect()
}

/// Values that describe the whole target.
fn whole(all: &[SampleInput]) -> Result<MetricReading, Refused> {
    let value = |(index, sample): (usize, &SampleInput)| match sample {
        SampleInput {
            pod: None,
            containers: None,
            value_milli: Some(value),
            ..
        } => Ok(Milli(*value)),
        _ => Err(Refused(format!(
            "samples[{index}]: an object or external metric has a value_milli, no pod or containers"
        ))),
    };
    Ok(MetricReading::Values {
        values_milli: all
            .iter()
            .enumerate()
            .map(value)
            .collect::<Result<_, _>>()?,
        age: all.iter().map(|s| s.age_s.0).max().unwrap_or_default(),
    })
}
