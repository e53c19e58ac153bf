use core::time::Duration;

use crate::{MetricError, MetricReading, Milli, Observation, numeric};

/// How a policy that looks at one figure reads it out of an observation.
///
/// Target tracking, step scaling, triggers and factors are all about one figure: a mean
/// utilization, requests a replica, a p95. A gauge names the reading it is taken from and what is
/// done with it. What cannot be read is a [`MetricError`], never a 0.
///
/// ```
/// use autoscale_core::{Gauge, MetricReading, Milli, Observation, PodGroup, Sample};
/// let pods = PodGroup::running(2).with_request("app", "cpu", Milli(500));
/// let usage = Sample::of_group(0, 2, Milli(400));
/// let seen = Observation::new(2)
///     .with_pods([pods])
///     .with_readings([MetricReading::Pods(vec![usage])]);
/// assert_eq!(Gauge::cpu_utilization().read(&seen)?.value, 80.0);
/// # Ok::<(), autoscale_core::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Gauge {
    /// What is done with the reading.
    pub statistic: Statistic,
    /// Which of the observation's readings; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reading: usize,
    /// The age beyond which a value counts as absent; none unless set.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "crate::duration::option"
        )
    )]
    pub max_sample_age: Option<Duration>,
}

/// What a [`Gauge`] makes of a reading.
///
/// ```
/// use autoscale_core::{Gauge, MetricReading, Milli, Observation, PodGroup, Statistic};
/// let seen = Observation::new(4)
///     .with_pods([PodGroup::running(4)])
///     .with_readings([MetricReading::value(Milli(90_000))]);
/// assert_eq!(Gauge::new(Statistic::Value).read(&seen)?.value, 90.0);
/// assert_eq!(Gauge::new(Statistic::PerReplica).read(&seen)?.value, 22.5);
/// # Ok::<(), autoscale_core::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Statistic {
    /// Percent of what the sampled pods request of the resource: Σ usage ÷ Σ request, × 100.
    Utilization {
        /// The resource: `cpu`, `memory`.
        resource: String,
    },
    /// The mean of the pods' samples; of a value without pods, its share per ready pod.
    PerReplica,
    /// The sum: of the values as they are, or of the pods' samples, where a ready pod without one
    /// is taken to carry as much as the others do on average.
    Total,
    /// The largest of the values as they are (a p95, a queue's length, a percentage).
    Value,
}

/// A figure read by a [`Gauge`].
///
/// ```
/// use autoscale_core::{Gauge, MetricReading, Milli, Observation, Statistic};
/// let seen = Observation::new(1).with_readings([MetricReading::value(Milli(1_500))]);
/// let read = Gauge::new(Statistic::Value).read(&seen)?;
/// assert_eq!((read.value, read.complete), (1.5, true));
/// # Ok::<(), autoscale_core::MetricError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugeReading {
    /// In the metric's unit; utilization in percent.
    pub value: f64,
    /// How old its newest part is.
    pub age: Duration,
    /// Whether every ready pod is in it. What is absent must make nothing smaller.
    pub complete: bool,
    /// How many replicas it speaks for: the ready ones, or the sampled ones where they are more. A
    /// mean times this is the load.
    pub replicas: u32,
}

impl Gauge {
    /// The first reading, of any age.
    ///
    /// ```
    /// use autoscale_core::{Gauge, Statistic};
    /// assert_eq!(Gauge::new(Statistic::Total).reading, 0);
    /// ```
    #[must_use]
    pub const fn new(statistic: Statistic) -> Self {
        Self {
            statistic,
            reading: 0,
            max_sample_age: None,
        }
    }

    /// Mean CPU utilization, in percent of the request, from the first reading.
    ///
    /// ```
    /// use autoscale_core::{Gauge, Statistic};
    /// let gauge = Gauge::cpu_utilization();
    /// assert_eq!(gauge.statistic, Statistic::Utilization { resource: "cpu".into() });
    /// ```
    #[must_use]
    pub fn cpu_utilization() -> Self {
        Self::new(Statistic::Utilization {
            resource: "cpu".to_owned(),
        })
    }

    /// Takes another of the observation's readings.
    ///
    /// ```
    /// assert_eq!(autoscale_core::Gauge::cpu_utilization().with_reading(2).reading, 2);
    /// ```
    #[must_use]
    pub const fn with_reading(mut self, reading: usize) -> Self {
        self.reading = reading;
        self
    }

    /// Counts older values as absent.
    ///
    /// ```
    /// use autoscale_core::{Gauge, MetricError, MetricReading, Milli, Observation, Statistic};
    /// # use std::time::Duration;
    /// let gauge = Gauge::new(Statistic::Value).with_max_sample_age(Duration::from_secs(60));
    /// let old = MetricReading::Values { values_milli: vec![Milli(1)], age: Duration::from_secs(61) };
    /// let seen = Observation::new(1).with_readings([old]);
    /// assert_eq!(gauge.read(&seen), Err(MetricError::Stale));
    /// ```
    #[must_use]
    pub const fn with_max_sample_age(mut self, age: Duration) -> Self {
        self.max_sample_age = Some(age);
        self
    }

    /// Reads the figure.
    ///
    /// # Errors
    /// [`MetricError`] where the reading is absent, failed, stale, negative, or of another kind.
    ///
    /// ```
    /// use autoscale_core::{Gauge, MetricError, Observation};
    /// let blind = Gauge::cpu_utilization().read(&Observation::new(3));
    /// assert_eq!(blind, Err(MetricError::FetchFailed));
    /// ```
    pub fn read(&self, seen: &Observation) -> Result<GaugeReading, MetricError> {
        self.read_settled(seen, Duration::ZERO)
    }

    /// Reads the figure of the pods that have run for `warm_up` at least; younger ones count
    /// neither in it nor as missing. A pod of unknown start has run long enough.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// use autoscale_core::{Gauge, MetricReading, Milli, Observation, PodGroup, Sample};
    /// # use std::time::Duration;
    /// let settled = PodGroup::running(1).with_request("app", "cpu", Milli(1000));
    /// let mut young = settled.clone();
    /// young.started_age = Some(Duration::from_secs(30));
    /// let samples = vec![Sample::of_group(0, 1, Milli(900)), Sample::of_group(1, 1, Milli(100))];
    /// let seen = Observation::new(2)
    ///     .with_pods([settled, young])
    ///     .with_readings([MetricReading::Pods(samples)]);
    /// let gauge = Gauge::cpu_utilization();
    /// assert_eq!(gauge.read(&seen)?.value, 50.0);
    /// assert_eq!(gauge.read_settled(&seen, Duration::from_secs(60))?.value, 90.0);
    /// # Ok::<(), autoscale_core::MetricError>(())
    /// ```
    pub fn read_settled(
        &self,
        seen: &Observation,
        warm_up: Duration,
    ) -> Result<GaugeReading, MetricError> {
        let fresh = |age: Duration| self.max_sample_age.is_none_or(|limit| age <= limit);
        match seen.readings.get(self.reading) {
            None | Some(MetricReading::Failed) => Err(MetricError::FetchFailed),
            Some(MetricReading::Values { values_milli, age }) => {
                let value = self.of_values(values_milli, seen)?;
                if !fresh(*age) {
                    return Err(MetricError::Stale);
                }
                Ok(GaugeReading {
                    value,
                    age: *age,
                    complete: true,
                    replicas: if seen.pods.is_empty() {
                        seen.status_replicas
                    } else {
                        seen.ready_replicas()
                    },
                })
            }
            Some(MetricReading::Pods(samples)) => {
                let mut sums = Sums::default();
                for sample in samples {
                    let Some(value) = sample.value.of(None)? else {
                        continue;
                    };
                    let pods = sample.group.and_then(|group| seen.pods.get(group));
                    if pods.is_some_and(|p| is_warming(p.started_age, warm_up) || !p.is_live()) {
                        continue;
                    }
                    if value.0 < 0 {
                        return Err(MetricError::Negative);
                    }
                    if !fresh(sample.age) {
                        sums.stale = true;
                        continue;
                    }
                    let request = match (&self.statistic, pods) {
                        (Statistic::Utilization { resource }, Some(pods)) => {
                            pods.request(resource, None, true)?
                        }
                        (Statistic::Utilization { .. }, None) => {
                            return Err(MetricError::MetricsMatchNoPod);
                        }
                        _ => Milli(0),
                    };
                    sums.add(sample.count, value, request, sample.age);
                }
                let ready = seen.pods.iter().filter(|p| {
                    p.ready == Some(crate::Readiness::True)
                        && p.is_live()
                        && !is_warming(p.started_age, warm_up)
                });
                let ready = ready.fold(0_u32, |sum, p| sum.saturating_add(p.count));
                self.of_samples(&sums, ready)
            }
        }
    }

    fn of_values(&self, values: &[Milli], seen: &Observation) -> Result<f64, MetricError> {
        if values.is_empty() {
            return Err(MetricError::NoSamples);
        }
        if values.iter().any(|v| v.0 < 0) {
            return Err(MetricError::Negative);
        }
        let sum = values.iter().map(|v| i128::from(v.0)).sum();
        let total = Milli(numeric::saturate_i64(sum)).to_units();
        match self.statistic {
            Statistic::Utilization { .. } => Err(MetricError::WrongReading),
            Statistic::Total => Ok(total),
            Statistic::PerReplica => match seen.ready_replicas() {
                0 => Err(MetricError::NoPods),
                ready => Ok(total / f64::from(ready)),
            },
            Statistic::Value => Ok(values.iter().max().copied().unwrap_or_default().to_units()),
        }
    }

    fn of_samples(&self, sums: &Sums, ready: u32) -> Result<GaugeReading, MetricError> {
        if sums.count == 0 {
            return Err(if sums.stale {
                MetricError::Stale
            } else {
                MetricError::NoSamples
            });
        }
        let units = |milli: i128| Milli(numeric::saturate_i64(milli)).to_units();
        let (usage, count) = (units(sums.usage), f64::from(sums.count));
        let replicas = ready.max(sums.count);
        let value = match self.statistic {
            Statistic::Utilization { .. } if sums.request == 0 => {
                return Err(MetricError::MissingRequest);
            }
            Statistic::Utilization { .. } => usage / units(sums.request) * 100.0,
            Statistic::PerReplica => usage / count,
            Statistic::Total => usage * f64::from(replicas) / count,
            Statistic::Value => return Err(MetricError::WrongReading),
        };
        Ok(GaugeReading {
            value,
            age: sums.newest.unwrap_or_default(),
            complete: sums.count >= ready,
            replicas,
        })
    }
}

/// Whether pods are younger than the warm-up.
pub(crate) fn is_warming(started_age: Option<Duration>, warm_up: Duration) -> bool {
    started_age.is_some_and(|age| age < warm_up)
}

#[derive(Default)]
struct Sums {
    usage: i128,
    request: i128,
    count: u32,
    newest: Option<Duration>,
    stale: bool,
}

impl Sums {
    fn add(&mut self, count: u32, usage: Milli, request: Milli, age: Duration) {
        self.usage += i128::from(usage.0) * i128::from(count);
        self.request += i128::from(request.0) * i128::from(count);
        self.count = self.count.saturating_add(count);
        self.newest = Some(self.newest.map_or(age, |newest| newest.min(age)));
    }
}
