//! Any observation, made of bytes.

use std::time::Duration;

use autoscale_core::{
    Container, ContainerValue, MetricReading, Milli, Observation, Phase, PodGroup, Readiness,
    Request, Sample, SampleValue,
};

use super::Bytes;

impl Bytes<'_> {
    fn requests(&mut self) -> Vec<Request> {
        self.many(2, |b| Request {
            resource: b.name(),
            amount: b.milli(),
        })
    }

    fn container(&mut self) -> Container {
        Container {
            name: self.name(),
            restartable: self.flag(),
            requests: self.requests(),
        }
    }

    fn pod(&mut self) -> PodGroup {
        let group = PodGroup::running(self.u32());
        if self.below(16) < 15 {
            let group = group.with_request("app", "cpu", Milli(1000)).with_request(
                "app",
                "memory",
                Milli(1000),
            );
            let young = self.below(4) == 0;
            return PodGroup {
                started_age: Some(self.short(if young { 120 } else { 86_400 })),
                ready_transition_age: Some(self.short(if young { 120 } else { 86_400 })),
                deleting: self.below(16) == 0,
                ..group
            };
        }
        use Phase::{Failed, Pending, Running, Succeeded, Unknown};
        use Readiness::{False, True};
        PodGroup {
            phase: self.pick(&[Running, Running, Pending, Succeeded, Failed, Unknown]),
            ready: self.optional(|b| b.pick(&[True, False, Readiness::Unknown])),
            started_age: self.optional(Self::duration),
            ready_transition_age: self.optional(Self::duration),
            deleting: self.flag(),
            containers: self.many(2, Self::container),
            init_containers: self.many(1, Self::container),
            pod_requests: self.requests(),
            ..group
        }
    }

    fn sample(&mut self) -> Sample {
        let group = self.pick(&[Some(0), Some(1), Some(2), Some(3), Some(usize::MAX), None]);
        let sample = Sample {
            count: self.u32(),
            age: Duration::from_secs(u64::from(self.byte() % 60)),
            ..Sample::of_group(group.unwrap_or(0), 1, self.milli())
        };
        match self.below(8) {
            0..=5 => Sample { group, ..sample },
            6 => Sample {
                value: SampleValue::Containers(self.many(2, |b| ContainerValue {
                    name: b.name(),
                    value: b.optional(Self::milli),
                })),
                group,
                ..sample
            },
            _ => Sample {
                group,
                age: self.duration(),
                window: self.duration(),
                ..sample
            },
        }
    }

    fn reading(&mut self, per_pod: bool) -> MetricReading {
        match self.below(16) {
            0 => MetricReading::Failed,
            kind if (kind == 1) != per_pod => MetricReading::Pods(self.some(6, Self::sample)),
            _ => MetricReading::Values {
                values_milli: self.many(2, Self::milli),
                age: if self.below(8) == 0 {
                    self.duration()
                } else {
                    Duration::ZERO
                },
            },
        }
    }

    /// Any observation of a target with `spec` replicas asked for.
    pub(crate) fn observation(&mut self, spec: u32) -> Observation {
        let per_pod = self.per_pod.clone();
        let mut readings: Vec<_> = per_pod.iter().map(|p| self.reading(*p)).collect();
        if self.below(8) == 0 {
            readings.pop();
        }
        Observation {
            spec_replicas: spec,
            status_replicas: if self.flag() { spec } else { self.u32() },
            pods: self.some(4, Self::pod),
            readings,
        }
    }
}
