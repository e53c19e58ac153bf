//! Kinds about one metric: `replica_calculation`, `pod_grouping`, `pod_requests`, `per_pod_usage`.

use std::collections::BTreeMap;

use autoscale_core::{
    Behavior, MetricError, MetricSpec, Milli, Observation, PodCounts, ReplicaCalculator,
    per_pod_usage,
};
use serde::Deserialize;

use super::metrics::{FetchError, MetricInput, ObservedInput, SampleInput, samples};
use super::pods::{PodInput, groups};
use super::upstream;
use crate::fields::{Seconds, given};
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// How far a ratio may be from 1, in each direction.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tolerance {
    pub(super) scale_up: f64,
    pub(super) scale_down: f64,
}

impl Tolerance {
    pub(super) const fn apply(self, behavior: &mut Behavior) {
        behavior.scale_up.tolerance = Some(self.scale_up);
        behavior.scale_down.tolerance = Some(self.scale_down);
    }
}

/// Why a metric gives no count.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExpectedError {
    MetricsMatchNoPod,
    ContainerMetricMissing,
    NoSamples,
    MissingRequest,
    NoSamplesForReadyPods,
    ContainerNotFound,
    NoPods,
}

impl ExpectedError {
    const fn metric_error(self) -> MetricError {
        match self {
            Self::MetricsMatchNoPod => MetricError::MetricsMatchNoPod,
            Self::ContainerMetricMissing => MetricError::ContainerMetricMissing,
            Self::NoSamples => MetricError::NoSamples,
            Self::MissingRequest => MetricError::MissingRequest,
            Self::NoSamplesForReadyPods => MetricError::NoSamplesForReadyPods,
            Self::ContainerNotFound => MetricError::ContainerNotFound,
            Self::NoPods => MetricError::NoPods,
        }
    }
}

/// One metric to one replica count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplicaCalculation {
    tolerance: Tolerance,
    cpu_initialization_s: Seconds,
    initial_readiness_delay_s: Seconds,
    current_replicas: u32,
    status_replicas: Option<u32>,
    pod_level_requests_enabled: Option<bool>,
    pods: Vec<PodInput>,
    metric: MetricInput,
    #[serde(default)]
    samples: Vec<SampleInput>,
    fetch_error: Option<FetchError>,
    expect: CalculationExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalculationExpect {
    #[serde(default, deserialize_with = "given")]
    replicas: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    error: Option<ExpectedError>,
    #[serde(default, deserialize_with = "given")]
    utilization_percent: Option<i32>,
    #[serde(default, deserialize_with = "given")]
    average_value_milli: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    usage_milli: Option<i64>,
}

impl Question for ReplicaCalculation {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let metric = self.metric.spec()?;
        let observed = ObservedInput {
            samples: self.samples,
            fetch_error: self.fetch_error,
        };
        let reading = self.metric.reading(&observed, &self.pods)?;
        let resources = Vec::from_iter(self.metric.resource());
        let mut seen =
            Observation::new(self.current_replicas).with_pods(groups(&self.pods, &resources));
        if let Some(existing) = self.status_replicas {
            seen.status_replicas = existing;
        }
        let mut behavior = Behavior::default();
        self.tolerance.apply(&mut behavior);
        let mut config = upstream(u32::MAX, [metric.clone()])
            .with_behavior(Some(behavior))
            .with_cpu_initialization_period(self.cpu_initialization_s.0)
            .with_initial_readiness_delay(self.initial_readiness_delay_s.0);
        if let Some(enabled) = self.pod_level_requests_enabled {
            config = config.with_pod_level_requests(enabled);
        }
        let stage = ReplicaCalculator::new(&config).calculate(&metric, &reading, &seen);

        let expect = self.expect;
        let error = expect.error.map(|e| Err(e.metric_error()));
        answers.same_if_given("error", error.as_ref(), &stage.proposal);
        let replicas = expect.replicas.map(Ok);
        answers.same_if_given("replicas", replicas.as_ref(), &stage.proposal);
        let utilization = expect.utilization_percent.map(Some);
        answers.same_if_given(
            "utilization_percent",
            utilization.as_ref(),
            &stage.utilization_percent,
        );
        for (field, expected) in [
            ("average_value_milli", expect.average_value_milli),
            ("usage_milli", expect.usage_milli),
        ] {
            answers.same_if_given(field, expected.map(Some).as_ref(), &stage.usage_milli);
        }
        Ok(())
    }
}

/// Which pods' samples count. `resource` is null for metrics that are not a resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodGrouping {
    resource: Option<String>,
    cpu_initialization_s: Seconds,
    initial_readiness_delay_s: Seconds,
    pods: Vec<PodInput>,
    samples: Vec<SampleInput>,
    expect: GroupingExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupingExpect {
    #[serde(default, deserialize_with = "given")]
    ready_count: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    unready: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    missing: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    ignored: Option<Vec<String>>,
}

impl Question for PodGrouping {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let config = upstream(1, [MetricSpec::cpu_utilization(100)])
            .with_cpu_initialization_period(self.cpu_initialization_s.0)
            .with_initial_readiness_delay(self.initial_readiness_delay_s.0);
        let mut calculator = ReplicaCalculator::new(&config);
        let resource = self.resource.as_deref();
        let pods = groups(&self.pods, &Vec::from_iter(resource));
        let counts = calculator.group_pods(resource, &pods, &samples(&self.samples, &self.pods)?);

        let ready: u32 = counts.iter().map(|c| c.pods.ready).sum();
        answers.same_if_given("ready_count", self.expect.ready_count.as_ref(), &ready);
        let mut names = |field: &str, expected: Option<Vec<String>>, of: fn(&PodCounts) -> u32| {
            let Some(mut expected) = expected else { return };
            let mut got: Vec<String> = self
                .pods
                .iter()
                .zip(counts)
                .filter(|(_, c)| of(&c.pods) > 0)
                .map(|(pod, _)| pod.name.clone())
                .collect();
            expected.sort();
            got.sort();
            answers.same(field, &expected, &got);
        };
        names("unready", self.expect.unready, |c| c.unready);
        names("missing", self.expect.missing, |c| c.missing);
        names("ignored", self.expect.ignored, |c| c.ignored);
        Ok(())
    }
}

/// What each pod requests; the first failure counts for all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodRequests {
    resource: String,
    container: Option<String>,
    #[serde(default)]
    pod_level_requests_enabled: bool,
    pods: Vec<PodInput>,
    expect: RequestsExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsExpect {
    #[serde(default, deserialize_with = "given")]
    requests_milli: Option<BTreeMap<String, i64>>,
    #[serde(default, deserialize_with = "given")]
    error: Option<ExpectedError>,
}

impl Question for PodRequests {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let got: Result<BTreeMap<String, i64>, MetricError> = self
            .pods
            .iter()
            .map(|pod| {
                let request = pod.group(&[&self.resource]).request(
                    &self.resource,
                    self.container.as_deref(),
                    self.pod_level_requests_enabled,
                )?;
                Ok((pod.name.clone(), request.0))
            })
            .collect();
        let requests = self.expect.requests_milli.map(Ok);
        answers.same_if_given("requests_milli", requests.as_ref(), &got);
        let error = self.expect.error.map(|e| Err(e.metric_error()));
        answers.same_if_given("error", error.as_ref(), &got);
        Ok(())
    }
}

/// A total as it is reported for each pod.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PerPodUsage {
    usage_milli: i64,
    replicas: u32,
    expect: UsageExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageExpect {
    per_pod_milli: i64,
}

impl Question for PerPodUsage {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let got = per_pod_usage(Milli(self.usage_milli), self.replicas);
        answers.same("per_pod_milli", &self.expect.per_pod_milli, &got.0);
        Ok(())
    }
}
