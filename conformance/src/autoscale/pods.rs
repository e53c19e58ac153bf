//! Pods as the cases write them.

use autoscale_core::{Container, Milli, Phase, PodGroup, Readiness, Request};
use serde::Deserialize;

use crate::fields::Seconds;

/// One pod. `phase` is running where only requests matter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodInput {
    pub(super) name: String,
    #[serde(default)]
    phase: PhaseInput,
    #[serde(default)]
    deleting: bool,
    started_age_s: Option<Seconds>,
    ready: Option<ReadinessInput>,
    ready_transition_age_s: Option<Seconds>,
    #[serde(default)]
    containers: Vec<ContainerInput>,
    #[serde(default)]
    init_containers: Vec<ContainerInput>,
    pod_request_milli: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContainerInput {
    name: String,
    request_milli: Option<i64>,
    #[serde(default)]
    restartable: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PhaseInput {
    Pending,
    #[default]
    Running,
    Succeeded,
    Failed,
    Unknown,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReadinessInput {
    True,
    False,
    Unknown,
}

impl PodInput {
    /// The pod as a group of one. The cases' requests have no resource name of their own: they are
    /// for every resource that the case's metrics name.
    pub(super) fn group(&self, resources: &[&str]) -> PodGroup {
        let requests = |amount: Option<i64>| -> Vec<Request> {
            let amount = amount.map(Milli);
            resources
                .iter()
                .filter_map(|name| {
                    Some(Request {
                        resource: (*name).to_owned(),
                        amount: amount?,
                    })
                })
                .collect()
        };
        let containers = |all: &[ContainerInput]| {
            all.iter()
                .map(|c| Container {
                    name: c.name.clone(),
                    restartable: c.restartable,
                    requests: requests(c.request_milli),
                })
                .collect()
        };
        PodGroup {
            count: 1,
            phase: match self.phase {
                PhaseInput::Pending => Phase::Pending,
                PhaseInput::Running => Phase::Running,
                PhaseInput::Succeeded => Phase::Succeeded,
                PhaseInput::Failed => Phase::Failed,
                PhaseInput::Unknown => Phase::Unknown,
            },
            ready: self.ready.map(|ready| match ready {
                ReadinessInput::True => Readiness::True,
                ReadinessInput::False => Readiness::False,
                ReadinessInput::Unknown => Readiness::Unknown,
            }),
            started_age: self.started_age_s.map(|s| s.0),
            ready_transition_age: self.ready_transition_age_s.map(|s| s.0),
            deleting: self.deleting,
            containers: containers(&self.containers),
            init_containers: containers(&self.init_containers),
            pod_requests: requests(self.pod_request_milli),
        }
    }
}

pub(super) fn groups(pods: &[PodInput], resources: &[&str]) -> Vec<PodGroup> {
    pods.iter().map(|p| p.group(resources)).collect()
}
