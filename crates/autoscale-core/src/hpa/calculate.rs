//! One metric to one replica count.
//!
//! With r = current value ÷ target, the count is ⌈r × ready pods⌉ unless r is within tolerance of
//! one. Utilization is an integer percentage, `trunc(100 · Σusage / Σrequest)`; usage is
//! `trunc(Σvalue / n)`. Pods that are being deleted, succeeded or failed are ignored; pending pods,
//! and for CPU pods that are not ready or too young, are unready; running pods without a sample are
//! missing. Where r would scale down, missing pods are taken to use all of their request (or the
//! target, if that is more); where r would scale up, missing and unready pods are taken to use
//! nothing; then r is computed again, and must not have changed sides.
//!
//! Source: Kubernetes `replica_calculator.go`. Cost: O(pod groups + samples). Edge cases: samples
//! of pods that the selector does not match count in the number of entries, and for plain values in
//! the average; a request total of zero is [`MetricError::MetricsMatchNoPod`]; every sum saturates.
//! Vectors: `replica_calculation`, `pod_grouping`, `pod_requests`, `per_pod_usage`.

use core::time::Duration;

use super::pods::{PodMetric, Sums};
use super::{Compat, MetricSpec, ResourceTarget, ValueTarget};
use crate::{
    MetricError, MetricReading, MetricStage, Milli, Observation, Phase, PodCounts, PodGroup,
    Readiness, Sample, numeric,
};

/// Turns one metric's reading into a replica count.
///
/// ```
/// use autoscale_core::{
///     HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup, ReplicaCalculator, Sample,
/// };
/// let spec = MetricSpec::cpu_utilization(50);
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, [spec.clone()]));
/// let seen = Observation::new(3)
///     .with_pods([PodGroup::running(3).with_request("app", "cpu", Milli(1000))]);
/// let reading = MetricReading::Pods(vec![Sample::of_group(0, 3, Milli(900))]);
/// let stage = calculator.calculate(&spec, &reading, &seen);
/// assert_eq!((stage.utilization_percent, stage.proposal), (Some(90), Ok(6)));
/// ```
#[derive(Clone, Debug)]
pub struct ReplicaCalculator {
    tolerance_up: f64,
    tolerance_down: f64,
    cpu_initialization_period: Duration,
    initial_readiness_delay: Duration,
    max_sample_age: Option<Duration>,
    first_sample_grace: Duration,
    pod_level_requests: bool,
    compat: Compat,
    groups: Vec<GroupCounts>,
}

/// The pods of one group by what their samples are good for.
///
/// ```
/// use autoscale_core::{HpaConfig, Phase, PodGroup, ReplicaCalculator};
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let starting = PodGroup { phase: Phase::Pending, ..PodGroup::running(2) };
/// let groups = calculator.group_pods(Some("cpu"), &[PodGroup::running(3), starting], &[]);
/// let counts: Vec<_> = groups.iter().map(|g| (g.pods.missing, g.pods.unready)).collect();
/// assert_eq!(counts, [(3, 0), (0, 2)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// The four counts.
    pub pods: PodCounts,
    sampled: u32,
}

impl ReplicaCalculator {
    /// A calculator with the tolerances, periods and switches of a configuration.
    ///
    /// ```
    /// use autoscale_core::{HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup};
    /// use autoscale_core::{ReplicaCalculator, ValueTarget};
    /// let target = ValueTarget::Value(Milli(10_000));
    /// let queue = MetricSpec::External { name: "queue".into(), target };
    /// let seen = Observation::new(4).with_pods([PodGroup::running(4)]);
    /// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []).with_tolerance(0.5));
    /// let stage = calculator.calculate(&queue, &MetricReading::value(Milli(14_000)), &seen);
    /// assert!(stage.within_tolerance && stage.proposal == Ok(4));
    /// ```
    #[must_use]
    pub fn new(config: &super::HpaConfig) -> Self {
        let behavior = config.behavior.as_ref();
        let tolerance = |own: Option<f64>| own.unwrap_or(config.tolerance);
        Self {
            tolerance_up: tolerance(behavior.and_then(|b| b.scale_up.tolerance)),
            tolerance_down: tolerance(behavior.and_then(|b| b.scale_down.tolerance)),
            cpu_initialization_period: config.cpu_initialization_period,
            initial_readiness_delay: config.initial_readiness_delay,
            max_sample_age: config.max_sample_age,
            first_sample_grace: config.first_sample_grace,
            pod_level_requests: config.pod_level_requests,
            compat: config.compat,
            groups: Vec::new(),
        }
    }

    /// Computes the count that one metric asks for, with every number on the way.
    ///
    /// ```
    /// use autoscale_core::{HpaConfig, MetricError, MetricReading, MetricSpec, Observation};
    /// use autoscale_core::ReplicaCalculator;
    /// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
    /// let cpu = MetricSpec::cpu_utilization(50);
    /// let stage = calculator.calculate(&cpu, &MetricReading::Failed, &Observation::new(3));
    /// assert_eq!(stage.proposal, Err(MetricError::FetchFailed));
    /// ```
    pub fn calculate(
        &mut self,
        metric: &MetricSpec,
        reading: &MetricReading,
        observation: &Observation,
    ) -> MetricStage {
        let mut stage = MetricStage::default();
        stage.proposal = match metric {
            MetricSpec::Resource { name, target } => self.pods(
                &PodMetric::resource(name, None, *target),
                reading,
                observation,
                &mut stage,
            ),
            MetricSpec::ContainerResource {
                name,
                container,
                target,
            } => {
                let metric = PodMetric::resource(name, Some(container), *target);
                self.pods(&metric, reading, observation, &mut stage)
            }
            MetricSpec::Pods { average_value, .. } => {
                let metric = PodMetric {
                    resource: "",
                    container: None,
                    target: ResourceTarget::AverageValue(*average_value),
                };
                self.pods(&metric, reading, observation, &mut stage)
            }
            MetricSpec::Object { target, .. } | MetricSpec::External { target, .. } => self
                .total(reading)
                .and_then(|total| self.whole(total, *target, observation, &mut stage)),
            MetricSpec::Unknown { .. } => Err(MetricError::UnknownSource),
        };
        stage
    }

    /// Sorts pods by what their samples are good for; one entry a group of the observation, in its
    /// order. `resource` is `Some("cpu")` for the CPU rules; samples that are stale or negative
    /// count as absent.
    ///
    /// ```
    /// use autoscale_core::{HpaConfig, Milli, PodGroup, ReplicaCalculator, Sample};
    /// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
    /// let pods = [PodGroup::running(3), PodGroup { deleting: true, ..PodGroup::running(1) }];
    /// let samples = [Sample::of_group(0, 2, Milli(100))];
    /// let groups = calculator.group_pods(Some("cpu"), &pods, &samples);
    /// assert_eq!((groups[0].pods.ready, groups[0].pods.missing), (2, 1));
    /// assert_eq!(groups[1].pods.ignored, 1);
    /// ```
    pub fn group_pods(
        &mut self,
        resource: Option<&str>,
        pods: &[PodGroup],
        samples: &[Sample],
    ) -> &[GroupCounts] {
        let metric = PodMetric {
            resource: resource.unwrap_or(""),
            container: None,
            target: ResourceTarget::AverageValue(Milli(1)),
        };
        // Whole-pod values cannot fail.
        let _ = self.group(&metric, pods, samples, &mut MetricStage::default());
        &self.groups
    }

    fn usable(&self, sample: &Sample, value: Milli) -> bool {
        self.max_sample_age.is_none_or(|limit| sample.age <= limit)
            && (value.0 >= 0 || self.compat == Compat::Upstream)
    }

    /// Classifies, and sums what counts.
    fn group(
        &mut self,
        metric: &PodMetric<'_>,
        pods: &[PodGroup],
        samples: &[Sample],
        stage: &mut MetricStage,
    ) -> Result<Sums, MetricError> {
        self.groups.clear();
        self.groups.resize(pods.len(), GroupCounts::default());
        let mut sums = Sums::default();
        for sample in samples {
            let value = match sample.value.of(metric.container)? {
                Some(value) if self.usable(sample, value) => value,
                Some(value) => {
                    sums.stale |= value.0 >= 0;
                    stage.rejected_samples = stage.rejected_samples.saturating_add(sample.count);
                    continue;
                }
                None => continue,
            };
            let Some((pod, slot)) = sample
                .group
                .and_then(|g| Some((pods.get(g)?, self.groups.get_mut(g)?)))
            else {
                sums.orphaned += i128::from(value.0) * i128::from(sample.count);
                sums.orphaned_entries += i64::from(sample.count);
                continue;
            };
            // A group cannot have more samples than pods.
            let count = sample.count.min(pod.count.saturating_sub(slot.sampled));
            slot.sampled += count;
            if !pod.is_live() || pod.phase == Phase::Pending {
                continue;
            }
            let unready = metric.resource == "cpu"
                && is_unready(
                    pod,
                    sample,
                    self.cpu_initialization_period,
                    self.initial_readiness_delay,
                );
            if unready {
                slot.pods.unready += count;
            } else {
                slot.pods.ready += count;
                sums.matched += i128::from(value.0) * i128::from(count);
                sums.matched_entries += i64::from(count);
            }
        }
        for (pod, slot) in pods.iter().zip(&mut self.groups) {
            if !pod.is_live() {
                slot.pods.ignored = pod.count;
            } else if pod.phase == Phase::Pending {
                slot.pods.unready = pod.count;
            } else {
                slot.pods.missing = pod.count - slot.sampled;
            }
            stage.pods.add(slot.pods);
            if let ResourceTarget::Utilization(percent) = metric.target
                && pod.count > 0
            {
                let request =
                    pod.request(metric.resource, metric.container, self.pod_level_requests);
                sums.add_requests(request, slot.pods, percent);
            }
        }
        if let ResourceTarget::AverageValue(target) = metric.target {
            sums.full_usage = i128::from(target.0) * i128::from(stage.pods.missing);
        }
        Ok(sums)
    }

    fn pods(
        &mut self,
        metric: &PodMetric<'_>,
        reading: &MetricReading,
        observation: &Observation,
        stage: &mut MetricStage,
    ) -> Result<u32, MetricError> {
        let samples = match reading {
            MetricReading::Pods(samples) if samples.is_empty() => {
                return Err(MetricError::NoSamples);
            }
            MetricReading::Pods(samples) => samples,
            MetricReading::Failed => return Err(MetricError::FetchFailed),
            MetricReading::Values { .. } => return Err(MetricError::WrongReading),
        };
        let pods = &observation.pods;
        let mut sums = self.group(metric, pods, samples, stage)?;
        if pods.iter().all(|p| p.count == 0) {
            return Err(MetricError::NoPods);
        }
        if sums.entries() == 0 {
            return Err(match stage.rejected_samples {
                0 => MetricError::NoSamplesForReadyPods,
                _ if sums.stale => MetricError::Stale,
                _ => MetricError::Negative,
            });
        }
        if let Some(error) = sums.request_error {
            return Err(error);
        }

        let ratio = metric.ratio(&sums, stage)?;
        stage.ratio = finite(ratio);
        let current = observation.spec_replicas;
        let PodCounts {
            ready,
            unready,
            missing,
            ..
        } = stage.pods;
        let up_with_unready = unready > 0 && ratio > 1.0;
        if !up_with_unready && missing == 0 {
            let wanted = numeric::ceil_replicas(ratio * f64::from(ready));
            if self.within(ratio) {
                stage.within_tolerance = wanted != current;
                return Ok(current);
            }
            return Ok(self.guarded(ratio, wanted, observation, stage));
        }

        if missing > 0 && off_target(ratio) {
            sums.matched_entries += i64::from(missing);
            sums.requests += sums.missing_requests;
            if ratio < 1.0 {
                sums.matched = sums.matched.saturating_add(sums.full_usage);
            }
        }
        if up_with_unready {
            sums.matched_entries += i64::from(unready);
            sums.requests += sums.unready_requests;
        }
        let adjusted = metric.ratio(&sums, &mut MetricStage::default())?;
        stage.adjusted_ratio = finite(adjusted);
        let wanted = numeric::ceil_replicas(adjusted * numeric::to_f64(sums.entries()));
        if self.within(adjusted) {
            stage.within_tolerance = wanted != current;
            return Ok(current);
        }
        let changed_sides = (ratio < 1.0 && adjusted > 1.0) || (ratio > 1.0 && adjusted < 1.0);
        let against = (adjusted < 1.0 && wanted > current) || (adjusted > 1.0 && wanted < current);
        if changed_sides || against {
            stage.uncertain = true;
            return Ok(current);
        }
        Ok(self.guarded(adjusted, wanted, observation, stage))
    }

    /// The repairs of [`Compat::Repaired`] on a count from per-pod samples.
    fn guarded(
        &self,
        ratio: f64,
        wanted: u32,
        observation: &Observation,
        stage: &mut MetricStage,
    ) -> u32 {
        let current = observation.spec_replicas;
        if self.compat == Compat::Upstream {
            return wanted;
        }
        let wanted = match stage.ratio {
            // Surge pods do not multiply what each pod has of its own.
            Some(plain) if ratio > 1.0 && stage.pods.ready > current => {
                let without = numeric::ceil_replicas(plain * f64::from(current));
                wanted.min(without.max(current))
            }
            _ => wanted,
        };
        if (ratio < 1.0 && wanted > current) || (ratio > 1.0 && wanted < current) {
            stage.uncertain = true;
            return current;
        }
        if wanted < current && self.samples_lost(observation) {
            stage.samples_lost = true;
            return current;
        }
        wanted
    }

    /// Whether something is absent that a live, grown-up pod must have — its sample, its readiness,
    /// its start — or pods are absent from the list that the status counts.
    fn samples_lost(&self, observation: &Observation) -> bool {
        let lost = |(pod, slot): (&PodGroup, &GroupCounts)| {
            let runs = matches!(pod.phase, Phase::Running | Phase::Unknown) && pod.is_live();
            let since_ready = pod
                .ready_transition_age
                .filter(|_| pod.ready == Some(Readiness::True));
            let overdue = since_ready.is_some_and(|age| age > self.first_sample_grace)
                || pod
                    .started_age
                    .is_none_or(|age| age >= self.cpu_initialization_period);
            let unknown = pod.ready.is_none() || pod.started_age.is_none();
            runs && ((overdue && slot.pods.missing > 0) || (unknown && slot.pods.unready > 0))
        };
        observation.is_shortened() || observation.pods.iter().zip(&self.groups).any(lost)
    }

    /// The value of an object or external metric.
    fn total(&self, reading: &MetricReading) -> Result<i64, MetricError> {
        let (values, age) = match reading {
            MetricReading::Values { values_milli, age } => (values_milli, age),
            MetricReading::Failed => return Err(MetricError::FetchFailed),
            MetricReading::Pods(_) => return Err(MetricError::WrongReading),
        };
        if values.is_empty() {
            return Err(MetricError::NoSamples);
        }
        if self.max_sample_age.is_some_and(|limit| *age > limit) {
            return Err(MetricError::Stale);
        }
        let total: i128 = values.iter().map(|v| i128::from(v.0)).sum();
        if self.compat == Compat::Repaired && values.iter().any(|v| v.0 < 0) {
            return Err(MetricError::Negative);
        }
        Ok(numeric::saturate_i64(total))
    }

    fn whole(
        &self,
        total: i64,
        target: ValueTarget,
        observation: &Observation,
        stage: &mut MetricStage,
    ) -> Result<u32, MetricError> {
        match target {
            ValueTarget::Value(target) => self.whole_value(total, target, observation, stage),
            ValueTarget::AverageValue(target) => {
                Ok(self.whole_average(total, target, observation, stage))
            }
        }
    }

    fn whole_value(
        &self,
        total: i64,
        target: Milli,
        observation: &Observation,
        stage: &mut MetricStage,
    ) -> Result<u32, MetricError> {
        let ratio = numeric::to_f64(total) / numeric::to_f64(target.0);
        stage.usage_milli = Some(total);
        stage.ratio = finite(ratio);
        let current = observation.spec_replicas;
        if current == 0 {
            return Ok(numeric::ceil_replicas(ratio));
        }
        let ready = observation.ready_replicas();
        stage.pods.ready = ready;
        if self.within(ratio) {
            stage.within_tolerance = numeric::ceil_replicas(ratio * f64::from(ready)) != current;
            return Ok(current);
        }
        if observation.pods.iter().all(|p| p.count == 0) {
            return Err(MetricError::NoPods);
        }
        if self.compat == Compat::Upstream {
            return Ok(numeric::ceil_replicas(ratio * f64::from(ready)));
        }
        if ratio > 1.0 {
            // Surge pods do not multiply the demand; unready ones do not cut it below what runs.
            let wanted = numeric::ceil_replicas(ratio * f64::from(ready.min(current)));
            return Ok(wanted.max(current));
        }
        // Pods whose readiness is not known may be ready.
        let unknown = observation
            .pods
            .iter()
            .filter(|p| p.is_live() && !matches!(p.ready, Some(Readiness::True | Readiness::False)))
            .fold(0_u32, |sum, p| sum.saturating_add(p.count));
        let counted = ready.saturating_add(unknown).min(current);
        let wanted = numeric::ceil_replicas(ratio * f64::from(counted));
        if wanted < current && observation.is_shortened() {
            stage.samples_lost = true;
            return Ok(current);
        }
        Ok(wanted)
    }

    fn whole_average(
        &self,
        total: i64,
        target: Milli,
        observation: &Observation,
        stage: &mut MetricStage,
    ) -> u32 {
        let counted = match self.compat {
            Compat::Upstream => observation.status_replicas,
            Compat::Repaired => observation.spec_replicas,
        };
        let ratio = numeric::to_f64(total) / (numeric::to_f64(target.0) * f64::from(counted));
        stage.ratio = finite(ratio);
        stage.usage_milli = Some(per_pod_usage(Milli(total), observation.status_replicas).0);
        let wanted = numeric::ceil_replicas(numeric::to_f64(total) / numeric::to_f64(target.0));
        if self.within(ratio) {
            stage.within_tolerance = wanted != counted;
            counted
        } else {
            wanted
        }
    }

    fn within(&self, ratio: f64) -> bool {
        (1.0 - self.tolerance_down) <= ratio && ratio <= (1.0 + self.tolerance_up)
    }
}

impl PodCounts {
    const fn add(&mut self, other: Self) {
        self.ready = self.ready.saturating_add(other.ready);
        self.unready = self.unready.saturating_add(other.unready);
        self.missing = self.missing.saturating_add(other.missing);
        self.ignored = self.ignored.saturating_add(other.ignored);
    }
}

/// Whether a CPU sample says nothing about the pod's steady use.
fn is_unready(pod: &PodGroup, sample: &Sample, period: Duration, delay: Duration) -> bool {
    let (Some(ready), Some(started)) = (pod.ready, pod.started_age) else {
        return true;
    };
    let transition = pod.ready_transition_age.unwrap_or(started);
    if started < period {
        // The sample was taken before a whole window had passed since readiness last changed.
        ready == Readiness::False || sample.age.saturating_add(sample.window) > transition
    } else {
        ready == Readiness::False && transition.saturating_add(delay) > started
    }
}

/// Whether a ratio is a number other than one.
const fn off_target(ratio: f64) -> bool {
    ratio.is_finite() && (ratio - 1.0).abs() > 0.0
}

fn finite(ratio: f64) -> Option<f64> {
    ratio.is_finite().then_some(ratio)
}

/// A total spread over replicas, rounded up; 0 for no replicas, `i64::MAX` for a total of that.
///
/// ```
/// use autoscale_core::{per_pod_usage, Milli};
/// assert_eq!(per_pod_usage(Milli(20), 3), Milli(7));
/// ```
#[must_use]
pub fn per_pod_usage(total: Milli, replicas: u32) -> Milli {
    if total.0 == i64::MAX {
        return total;
    }
    if replicas == 0 {
        return Milli(0);
    }
    Milli(numeric::ceil_i64(
        numeric::to_f64(total.0) / f64::from(replicas),
    ))
}
