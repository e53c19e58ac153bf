//! What a policy is shown: plain data, from any source.
//!
//! Pods that look the same are one [`PodGroup`] with a count, so that 400 equal replicas cost as
//! much to decide on as one. All ages are relative to the `now` that the observation is decided at.

use core::time::Duration;

use crate::{MetricError, Milli};

/// The state of one scaled workload at one instant.
///
/// ```
/// use autoscale_core::{MetricReading, Milli, Observation, PodGroup, Sample};
/// use std::time::Duration;
/// let observation = Observation::new(3)
///     .with_pods([PodGroup::running(3).with_request("app", "cpu", Milli(500))])
///     .with_readings([MetricReading::Pods(vec![Sample::of_group(0, 3, Milli(450))])]);
/// assert_eq!(observation.status_replicas, 3);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Observation {
    /// Replicas that the target is asked to run (`spec.replicas`).
    pub spec_replicas: u32,
    /// Replicas that exist (`status.replicas`), surge pods of a rolling update included.
    pub status_replicas: u32,
    /// The pods that the target's selector matches, grouped.
    #[cfg_attr(feature = "serde", serde(default))]
    pub pods: Vec<PodGroup>,
    /// One reading for each metric of the policy, in the policy's order.
    #[cfg_attr(feature = "serde", serde(default))]
    pub readings: Vec<MetricReading>,
}

impl Observation {
    /// An observation of a target with `replicas` asked for and existing, no pods described yet.
    ///
    /// ```
    /// use autoscale_core::Observation;
    /// let seen = Observation::new(3);
    /// assert_eq!((seen.spec_replicas, seen.status_replicas, seen.pods.len()), (3, 3, 0));
    /// ```
    #[must_use]
    pub fn new(replicas: u32) -> Self {
        Self {
            spec_replicas: replicas,
            status_replicas: replicas,
            ..Self::default()
        }
    }

    /// Sets the pod groups.
    ///
    /// ```
    /// use autoscale_core::{Observation, Phase, PodGroup};
    /// let starting = PodGroup { phase: Phase::Pending, ready: None, ..PodGroup::running(2) };
    /// let seen = Observation::new(5).with_pods([PodGroup::running(3), starting]);
    /// assert_eq!(seen.ready_replicas(), 3);
    /// ```
    #[must_use]
    pub fn with_pods(mut self, pods: impl IntoIterator<Item = PodGroup>) -> Self {
        self.pods = pods.into_iter().collect();
        self
    }

    /// Sets the readings, one for each metric of the policy, in the policy's order.
    ///
    /// ```
    /// use autoscale_core::{MetricReading, Milli, Observation};
    /// let seen = Observation::new(3)
    ///     .with_readings([MetricReading::Failed, MetricReading::value(Milli(45_000))]);
    /// assert_eq!(seen.readings[1], MetricReading::value(Milli(45_000)));
    /// ```
    #[must_use]
    pub fn with_readings(mut self, readings: impl IntoIterator<Item = MetricReading>) -> Self {
        self.readings = readings.into_iter().collect();
        self
    }

    /// Whether the list of pods is shorter than the status says.
    pub(crate) fn is_shortened(&self) -> bool {
        let live = self.pods.iter().filter(|p| p.is_live());
        live.fold(0_u32, |sum, p| sum.saturating_add(p.count)) < self.status_replicas
    }

    /// Pods that run and are ready.
    ///
    /// ```
    /// use autoscale_core::{Observation, PodGroup};
    /// assert_eq!(Observation::new(2).with_pods([PodGroup::running(2)]).ready_replicas(), 2);
    /// ```
    #[must_use]
    pub fn ready_replicas(&self) -> u32 {
        self.pods
            .iter()
            .filter(|p| p.phase == Phase::Running && p.ready == Some(Readiness::True))
            .fold(0, |sum, p| sum.saturating_add(p.count))
    }
}

/// A pod's life cycle phase, with Kubernetes' names.
///
/// ```
/// use autoscale_core::{Observation, Phase, PodGroup};
/// let done = PodGroup { phase: Phase::Succeeded, ..PodGroup::running(2) };
/// assert_eq!(Observation::new(2).with_pods([done]).ready_replicas(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs)] // the names are Kubernetes' own
pub enum Phase {
    Pending,
    #[default]
    Running,
    Succeeded,
    Failed,
    Unknown,
}

/// The status of a pod's `Ready` condition.
///
/// ```
/// use autoscale_core::{Observation, PodGroup, Readiness};
/// let lost = PodGroup { ready: Some(Readiness::Unknown), ..PodGroup::running(2) };
/// assert_eq!(Observation::new(2).with_pods([lost]).ready_replicas(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs)] // the names are Kubernetes' own
pub enum Readiness {
    True,
    False,
    Unknown,
}

/// A number of pods that look the same.
///
/// ```
/// use autoscale_core::{Milli, Observation, PodGroup, Readiness};
/// use std::time::Duration;
/// let settled = PodGroup::running(398).with_request("app", "cpu", Milli(500));
/// let young = PodGroup {
///     count: 2,
///     ready: Some(Readiness::False),
///     started_age: Some(Duration::from_secs(20)),
///     ..settled.clone()
/// };
/// assert_eq!(Observation::new(400).with_pods([settled, young]).ready_replicas(), 398);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct PodGroup {
    /// How many pods this entry stands for.
    pub count: u32,
    /// Life cycle phase.
    #[cfg_attr(feature = "serde", serde(default))]
    pub phase: Phase,
    /// `Ready` condition; `None` where the pod has no such condition.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ready: Option<Readiness>,
    /// Time since the pod started; `None` where it has not.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration::option"))]
    pub started_age: Option<Duration>,
    /// Time since the `Ready` condition last changed.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration::option"))]
    pub ready_transition_age: Option<Duration>,
    /// Whether the pod has a deletion timestamp.
    #[cfg_attr(feature = "serde", serde(default))]
    pub deleting: bool,
    /// Containers with their resource requests.
    #[cfg_attr(feature = "serde", serde(default))]
    pub containers: Vec<Container>,
    /// Init containers; the restartable ones (sidecars) count towards the pod's request.
    #[cfg_attr(feature = "serde", serde(default))]
    pub init_containers: Vec<Container>,
    /// Pod-level requests (KEP-2837), where set.
    #[cfg_attr(feature = "serde", serde(default))]
    pub pod_requests: Vec<Request>,
}

impl PodGroup {
    /// `count` running, ready pods that started and became ready a day ago.
    ///
    /// ```
    /// use autoscale_core::{PodGroup, Readiness};
    /// let pods = PodGroup::running(3);
    /// assert_eq!((pods.count, pods.ready), (3, Some(Readiness::True)));
    /// ```
    #[must_use]
    pub fn running(count: u32) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            count,
            phase: Phase::Running,
            ready: Some(Readiness::True),
            started_age: Some(DAY),
            ready_transition_age: Some(DAY),
            deleting: false,
            containers: Vec::new(),
            init_containers: Vec::new(),
            pod_requests: Vec::new(),
        }
    }

    /// Adds a request of a container, which is added where it is not there yet.
    ///
    /// ```
    /// use autoscale_core::{Milli, PodGroup};
    /// let pods = PodGroup::running(3).with_request("app", "cpu", Milli(500));
    /// assert_eq!(pods.request("cpu", None, false)?, Milli(500));
    /// # Ok::<(), autoscale_core::MetricError>(())
    /// ```
    #[must_use]
    pub fn with_request(mut self, container: &str, resource: &str, amount: Milli) -> Self {
        let request = Request {
            resource: resource.to_owned(),
            amount,
        };
        match self.containers.iter_mut().find(|c| c.name == container) {
            Some(found) => found.requests.push(request),
            None => self.containers.push(Container {
                name: container.to_owned(),
                restartable: false,
                requests: vec![request],
            }),
        }
        self
    }

    /// Whether these pods neither end nor have ended: those that a status counts.
    pub(crate) const fn is_live(&self) -> bool {
        !self.deleting && !matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// What one of these pods requests of `resource`: a named container's request; else the
    /// pod-level request where set and enabled (KEP-2837); else the sum over containers and
    /// restartable init containers (sidecars).
    ///
    /// # Errors
    /// [`MetricError::MissingRequest`] where a container that counts has no (or a negative) request
    /// for the resource, or pod-level requests are set but not for it;
    /// [`MetricError::ContainerNotFound`] where the named container does not exist.
    ///
    /// ```
    /// use autoscale_core::{MetricError, Milli, PodGroup};
    /// let pods = PodGroup::running(3)
    ///     .with_request("app", "cpu", Milli(500))
    ///     .with_request("proxy", "cpu", Milli(100));
    /// assert_eq!(pods.request("cpu", None, false)?, Milli(600));
    /// assert_eq!(pods.request("cpu", Some("proxy"), false)?, Milli(100));
    /// assert_eq!(pods.request("memory", None, false), Err(MetricError::MissingRequest));
    /// # Ok::<(), autoscale_core::MetricError>(())
    /// ```
    pub fn request(
        &self,
        resource: &str,
        container: Option<&str>,
        pod_level_requests: bool,
    ) -> Result<Milli, MetricError> {
        let of = |requests: &[Request]| {
            requests
                .iter()
                .find(|r| r.resource == resource && r.amount.0 >= 0)
                .map(|r| r.amount)
        };
        if container.is_none() && pod_level_requests && !self.pod_requests.is_empty() {
            return of(&self.pod_requests).ok_or(MetricError::MissingRequest);
        }
        let mut counted = self
            .containers
            .iter()
            .chain(self.init_containers.iter().filter(|c| c.restartable));
        match container {
            Some(name) => counted
                .find(|c| c.name == name)
                .ok_or(MetricError::ContainerNotFound)
                .and_then(|c| of(&c.requests).ok_or(MetricError::MissingRequest)),
            None => counted.try_fold(Milli(0), |sum, c| {
                let amount = of(&c.requests).ok_or(MetricError::MissingRequest)?;
                Ok(Milli(sum.0.saturating_add(amount.0)))
            }),
        }
    }
}

/// A container's name and resource requests.
///
/// ```
/// use autoscale_core::{Container, Milli, PodGroup, Request};
/// let cpu = |milli| vec![Request { resource: "cpu".into(), amount: Milli(milli) }];
/// let mut pods = PodGroup::running(3).with_request("app", "cpu", Milli(500));
/// pods.init_containers = vec![
///     Container { name: "migrate".into(), restartable: false, requests: cpu(900) },
///     Container { name: "proxy".into(), restartable: true, requests: cpu(100) },
/// ];
/// assert_eq!(pods.request("cpu", None, false)?, Milli(600)); // the sidecar counts
/// # Ok::<(), autoscale_core::MetricError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Container {
    /// Name, unique in the pod.
    pub name: String,
    /// For init containers: `restartPolicy: Always`, a sidecar that runs as long as the pod.
    #[cfg_attr(feature = "serde", serde(default))]
    pub restartable: bool,
    /// Resource requests.
    #[cfg_attr(feature = "serde", serde(default))]
    pub requests: Vec<Request>,
}

/// A request for an amount of a resource.
///
/// ```
/// use autoscale_core::{Milli, PodGroup, Request};
/// let mut pods = PodGroup::running(3).with_request("app", "cpu", Milli(500));
/// pods.pod_requests = vec![Request { resource: "cpu".into(), amount: Milli(750) }];
/// assert_eq!(pods.request("cpu", None, true)?, Milli(750)); // the pod's own comes first
/// # Ok::<(), autoscale_core::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Request {
    /// Resource name, such as `cpu` or `memory`.
    pub resource: String,
    /// The amount requested.
    #[cfg_attr(feature = "serde", serde(rename = "amount_milli"))]
    pub amount: Milli,
}

/// What the source of one metric gave.
///
/// ```
/// use autoscale_core::{Kpa, KpaConfig, MetricReading, Milli, Observation, Policy};
/// use std::time::Duration;
/// let series = MetricReading::Values {
///     values_milli: vec![Milli(12_000), Milli(13_000)],
///     age: Duration::from_secs(2),
/// };
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// let decision = kpa.decide(Duration::ZERO, &Observation::new(1).with_readings([series]));
/// assert_eq!(decision.replicas, 3); // ⌈25 ÷ 10⌉
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum MetricReading {
    /// The source could not be read, or its answer made no sense (NaN, an infinity).
    #[default]
    Failed,
    /// Samples of single pods, for resource, container-resource and pods metrics.
    Pods(Vec<Sample>),
    /// Values that describe the whole target, for object and external metrics. An object metric
    /// has one; the values of an external metric's series are summed.
    Values {
        /// One value a series.
        values_milli: Vec<Milli>,
        /// Age of the oldest of them.
        #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
        age: Duration,
    },
}

impl MetricReading {
    /// One fresh value for the whole target.
    ///
    /// ```
    /// use autoscale_core::{MetricReading, Milli};
    /// assert!(matches!(MetricReading::value(Milli(1)), MetricReading::Values { .. }));
    /// ```
    #[must_use]
    pub fn value(value: Milli) -> Self {
        Self::Values {
            values_milli: vec![value],
            age: Duration::ZERO,
        }
    }
}

/// Equal samples of a number of pods of one group.
///
/// ```
/// use autoscale_core::{HpaConfig, Milli, PodGroup, ReplicaCalculator, Sample};
/// use std::time::Duration;
/// let old = Sample { age: Duration::from_secs(3600), ..Sample::of_group(0, 1, Milli(450)) };
/// let samples = [Sample::of_group(0, 2, Milli(450)), old];
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let pods = calculator.group_pods(None, &[PodGroup::running(3)], &samples)[0].pods;
/// assert_eq!((pods.ready, pods.missing), (2, 1)); // older than `max_sample_age`
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Sample {
    /// Index of the pods' group in [`Observation::pods`]; `None` for pods that the selector does
    /// not match (any more).
    pub group: Option<usize>,
    /// How many pods of the group gave this sample; pods of a group beyond the sum of these counts
    /// are missing a sample.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub count: u32,
    /// What each of them reported.
    pub value: SampleValue,
    /// Time since the end of the sample's window.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
    pub age: Duration,
    /// Length of the window that the sample was averaged over.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
    pub window: Duration,
}

#[cfg(feature = "serde")]
const fn one() -> u32 {
    1
}

impl Sample {
    /// A fresh sample of `count` pods of the group with index `group`, each reporting `value`,
    /// averaged over a minute.
    ///
    /// ```
    /// use autoscale_core::{Milli, Sample, SampleValue};
    /// let sample = Sample::of_group(0, 3, Milli(450));
    /// assert_eq!((sample.group, sample.count), (Some(0), 3));
    /// assert_eq!(sample.value, SampleValue::Total(Milli(450)));
    /// ```
    #[must_use]
    pub fn of_group(group: usize, count: u32, value: Milli) -> Self {
        Self {
            group: Some(group),
            count,
            value: SampleValue::Total(value),
            age: Duration::ZERO,
            window: Duration::from_secs(60),
        }
    }
}

/// What a pod reported.
///
/// ```
/// use autoscale_core::{ContainerValue, HpaConfig, MetricReading, MetricSpec, Milli, Observation};
/// use autoscale_core::{PodGroup, ReplicaCalculator, Sample, SampleValue};
/// let each = [("app", 300), ("proxy", 150)]
///     .map(|(name, milli)| ContainerValue { name: name.into(), value: Some(Milli(milli)) });
/// let value = SampleValue::Containers(each.to_vec());
/// let sample = Sample { value, ..Sample::of_group(0, 3, Milli(0)) };
/// let spec = MetricSpec::Pods { name: "cpu".into(), average_value: Milli(450) };
/// let seen = Observation::new(3).with_pods([PodGroup::running(3)]);
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let stage = calculator.calculate(&spec, &MetricReading::Pods(vec![sample]), &seen);
/// assert_eq!(stage.usage_milli, Some(450));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SampleValue {
    /// One value for the pod.
    #[cfg_attr(feature = "serde", serde(rename = "milli"))]
    Total(Milli),
    /// A value for each container; a container without one makes the pod's total unknown.
    Containers(Vec<ContainerValue>),
}

impl SampleValue {
    /// The value of a named container, or of the whole pod.
    pub(crate) fn of(&self, container: Option<&str>) -> Result<Option<Milli>, MetricError> {
        match (self, container) {
            (Self::Total(value), None) => Ok(Some(*value)),
            (Self::Total(_), Some(_)) => Err(MetricError::ContainerMetricMissing),
            (Self::Containers(all), Some(name)) => all
                .iter()
                .find(|c| c.name == name)
                .map(|c| c.value)
                .ok_or(MetricError::ContainerMetricMissing),
            (Self::Containers(all), None) => Ok(all.iter().try_fold(Milli(0), |sum, c| {
                c.value.map(|v| Milli(sum.0.saturating_add(v.0)))
            })),
        }
    }
}

/// A container's part of a pod's sample.
///
/// ```
/// use autoscale_core::{ContainerValue, HpaConfig, Milli, PodGroup, ReplicaCalculator, Sample};
/// use autoscale_core::SampleValue;
/// let silent = ContainerValue { name: "proxy".into(), value: None };
/// let value = SampleValue::Containers(vec![silent]);
/// let samples = [Sample { value, ..Sample::of_group(0, 3, Milli(0)) }];
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let pods = calculator.group_pods(None, &[PodGroup::running(3)], &samples)[0].pods;
/// assert_eq!((pods.ready, pods.missing), (0, 3)); // without it the total is unknown
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ContainerValue {
    /// The container's name.
    pub name: String,
    /// Its value; `None` where the source has none.
    #[cfg_attr(feature = "serde", serde(rename = "value_milli"))]
    pub value: Option<Milli>,
}
