//! What is remembered of a container's use: every CPU sample, and one memory peak an interval.
//!
//! A CPU sample weighs 0.1. Memory is the peak of each interval (24 h), replaced where a larger
//! sample comes, and weighs 1 at the interval's end. A kill for want of memory counts as a sample of
//! `max(u + 100 MiB, 1.2 u)`, where u is the larger of the request and the interval's peak; it is
//! dropped when it is older than one interval before the newest memory sample.
//!
//! Source: kubernetes/autoscaler, `pkg/recommender/model` (minimum bump and ratio are its defaults).
//! Cost: O(1) a sample. Edge cases: a CPU sample no newer than the last one, a memory sample older
//! than the last one, and what is negative or not finite are counted as rejected and change nothing.

use core::time::Duration;

use super::histogram::{Histogram, HistogramCheckpoint, HistogramError, HistogramOptions};
use super::resources::{Resource, amount, scaled};
use crate::setters::setters;
use crate::{ConfigError, numeric};

const DAY: Duration = Duration::from_secs(86_400);
/// Weight of a CPU sample.
const CPU_SAMPLE_WEIGHT: f64 = 0.1;

/// How a container's use is remembered.
///
/// ```
/// use autoscale_core::{ContainerUsage, UsageConfig};
/// let usage = ContainerUsage::new(UsageConfig::default())?;
/// assert_eq!(usage.sample_count(), 0);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct UsageConfig {
    /// Buckets of CPU use in cores; default [`HistogramOptions::vpa_cpu`].
    pub cpu_buckets: HistogramOptions,
    /// Time in which a CPU sample loses half of its weight; > 0, default 24 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub cpu_half_life: Duration,
    /// Buckets of memory peaks in bytes; default [`HistogramOptions::vpa_memory`].
    pub memory_buckets: HistogramOptions,
    /// Time in which a memory peak loses half of its weight; > 0, default 24 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub memory_half_life: Duration,
    /// One memory peak is kept for each of these; > 0, default 24 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub memory_interval: Duration,
    /// A kill for want of memory counts as this many times what was used; 1 … 100, default 1.2.
    pub oom_bump_up_ratio: f64,
    /// And as at least this many bytes more; default 100 MiB.
    pub oom_min_bump_up_bytes: u64,
}

impl Default for UsageConfig {
    fn default() -> Self {
        Self {
            cpu_buckets: HistogramOptions::vpa_cpu(),
            cpu_half_life: DAY,
            memory_buckets: HistogramOptions::vpa_memory(),
            memory_half_life: DAY,
            memory_interval: DAY,
            oom_bump_up_ratio: 1.2,
            oom_min_bump_up_bytes: 100 << 20,
        }
    }
}

impl UsageConfig {
    setters! { "UsageConfig::default()";
        with_cpu_buckets: cpu_buckets, HistogramOptions, "HistogramOptions::vpa_memory()";
        with_cpu_half_life: cpu_half_life, Duration, "Duration::from_secs(3600)";
        with_memory_buckets: memory_buckets, HistogramOptions, "HistogramOptions::vpa_cpu()";
        with_memory_half_life: memory_half_life, Duration, "Duration::from_secs(3600)";
        with_memory_interval: memory_interval, Duration, "Duration::from_secs(3600)";
        with_oom_bump_up_ratio: oom_bump_up_ratio, f64, "1.5";
        with_oom_min_bump_up_bytes: oom_min_bump_up_bytes, u64, "1024";
    }

    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        for (field, span) in [
            ("cpu_half_life", self.cpu_half_life),
            ("memory_half_life", self.memory_half_life),
            ("memory_interval", self.memory_interval),
        ] {
            if span.is_zero() {
                return Err(ConfigError::range(field, "0s", "longer than zero"));
            }
        }
        if !(1.0..=100.0).contains(&self.oom_bump_up_ratio) {
            return Err(ConfigError::range(
                "oom_bump_up_ratio",
                self.oom_bump_up_ratio,
                "between 1 and 100",
            ));
        }
        Ok(())
    }
}

/// A container's use so far, as far as a recommendation needs it.
///
/// ```
/// use autoscale_core::{ContainerUsage, Resource, UsageConfig};
/// use std::time::Duration;
/// let mut usage = ContainerUsage::new(UsageConfig::default())?;
/// for minute in 0..60 {
///     let now = Duration::from_secs(60 * minute);
///     usage.add_cpu(now, 0.25);
///     usage.add_memory(now, 4e8 + 1e6 * minute as f64);
/// }
/// assert_eq!(usage.sample_count(), 60);
/// assert!(usage.percentile(Resource::Memory, 0.9) > 4.5e8); // the peak of the day so far
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ContainerUsage {
    cpu: Histogram,
    memory: Histogram,
    memory_interval: Duration,
    oom_bump_up_ratio: f64,
    oom_min_bump_up_bytes: u64,
    first_cpu: Option<Duration>,
    last_cpu: Option<Duration>,
    cpu_samples: u64,
    first_memory: Option<Duration>,
    last_memory: Option<Duration>,
    memory_samples: u64,
    /// End of the interval whose peak is being looked for.
    interval_end: Option<Duration>,
    /// Largest sample of that interval, and the largest made of a kill, in bytes.
    peak: u64,
    oom_peak: u64,
}

impl ContainerUsage {
    /// Nothing used yet.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// assert!(ContainerUsage::new(UsageConfig::default().with_oom_bump_up_ratio(0.5)).is_err());
    /// ```
    pub fn new(config: UsageConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            cpu: Histogram::decaying(config.cpu_buckets, config.cpu_half_life)?,
            memory: Histogram::decaying(config.memory_buckets, config.memory_half_life)?,
            memory_interval: config.memory_interval,
            oom_bump_up_ratio: config.oom_bump_up_ratio,
            oom_min_bump_up_bytes: config.oom_min_bump_up_bytes,
            first_cpu: None,
            last_cpu: None,
            cpu_samples: 0,
            first_memory: None,
            last_memory: None,
            memory_samples: 0,
            interval_end: None,
            peak: 0,
            oom_peak: 0,
        })
    }

    /// Adds a sample of the cores in use. False where it was rejected: not finite, negative, or no
    /// newer than the last one.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// use std::time::Duration;
    /// let mut usage = ContainerUsage::new(UsageConfig::default())?;
    /// assert!(usage.add_cpu(Duration::from_secs(60), 0.25));
    /// assert!(!usage.add_cpu(Duration::from_secs(60), 0.25));
    /// assert!(!usage.add_cpu(Duration::from_secs(90), f64::NAN));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn add_cpu(&mut self, now: Duration, cores: f64) -> bool {
        let newer = self.last_cpu.is_none_or(|last| now > last);
        if !(cores.is_finite() && cores >= 0.0 && newer) {
            return false;
        }
        let cores = numeric::u64_f64(amount(cores * 1000.0)) / 1000.0;
        self.cpu.add(cores, CPU_SAMPLE_WEIGHT, now);
        self.first_cpu = self.first_cpu.or(Some(now));
        self.last_cpu = Some(now);
        self.cpu_samples = self.cpu_samples.saturating_add(1);
        true
    }

    /// Adds a sample of the bytes in use. False where it was rejected: not finite, negative, or
    /// older than the last one.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// use std::time::Duration;
    /// let mut usage = ContainerUsage::new(UsageConfig::default())?;
    /// assert!(usage.add_memory(Duration::from_secs(60), 4e8));
    /// assert!(!usage.add_memory(Duration::from_secs(30), 4e8));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn add_memory(&mut self, now: Duration, bytes: f64) -> bool {
        let outdated = self.last_memory.is_some_and(|last| now < last);
        if !(bytes.is_finite() && bytes >= 0.0) || outdated {
            return false;
        }
        self.first_memory = self.first_memory.or(Some(now));
        self.memory_samples = self.memory_samples.saturating_add(1);
        self.add_peak(now, amount(bytes), false);
        true
    }

    /// Adds that the container was killed for want of memory while it asked for `request_bytes`.
    /// False where that is too old to count.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, Resource, UsageConfig};
    /// use std::time::Duration;
    /// let mut usage = ContainerUsage::new(UsageConfig::default())?;
    /// assert!(usage.add_oom(Duration::from_secs(60), 1_000_000_000));
    /// assert!(usage.percentile(Resource::Memory, 0.9) >= 1.2e9);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn add_oom(&mut self, now: Duration, request_bytes: u64) -> bool {
        let oldest = self
            .last_memory
            .map(|last| last.saturating_sub(self.memory_interval));
        if oldest.is_some_and(|oldest| now < oldest) {
            return false;
        }
        let used = request_bytes.max(self.peak);
        let needed = used
            .saturating_add(self.oom_min_bump_up_bytes)
            .max(scaled(used, self.oom_bump_up_ratio));
        self.add_peak(now, needed, true);
        true
    }

    fn add_peak(&mut self, now: Duration, bytes: u64, oom: bool) {
        self.last_memory = Some(now);
        let end = *self.interval_end.get_or_insert(now);
        let value = numeric::u64_f64(bytes);
        if now < end {
            let held = self.peak.max(self.oom_peak);
            if held == 0 || bytes <= held {
                return;
            }
            self.memory.subtract(numeric::u64_f64(held), 1.0, end);
            self.memory.add(value, 1.0, end);
        } else {
            let whole = (now - end).as_nanos() / self.memory_interval.as_nanos() + 1;
            let step = self
                .memory_interval
                .saturating_mul(u32::try_from(whole).unwrap_or(u32::MAX));
            let end = end.saturating_add(step);
            self.interval_end = Some(end);
            (self.peak, self.oom_peak) = (0, 0);
            self.memory.add(value, 1.0, end);
        }
        if oom {
            self.oom_peak = bytes;
        } else {
            self.peak = bytes;
        }
    }

    /// A percentile of the cores in use, or of the peaks in bytes; 0 where there was no sample.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, Resource, UsageConfig};
    /// let usage = ContainerUsage::new(UsageConfig::default())?;
    /// assert!(usage.percentile(Resource::Cpu, 0.9).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn percentile(&self, resource: Resource, percentile: f64) -> f64 {
        self.histogram(resource).percentile(percentile)
    }

    /// The weights behind [`percentile`](Self::percentile).
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, Resource, UsageConfig};
    /// let usage = ContainerUsage::new(UsageConfig::default())?;
    /// assert!(usage.histogram(Resource::Memory).is_empty());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn histogram(&self, resource: Resource) -> &Histogram {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
        }
    }

    /// Replaces the weights of a resource with some that were gathered elsewhere.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, Histogram, HistogramOptions, Resource, UsageConfig};
    /// let mut cores = Histogram::new(HistogramOptions::vpa_cpu());
    /// cores.add(0.5, 1.0, std::time::Duration::ZERO);
    /// let usage = ContainerUsage::new(UsageConfig::default())?.with_histogram(Resource::Cpu, cores);
    /// assert!(usage.percentile(Resource::Cpu, 0.9) > 0.5);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_histogram(mut self, resource: Resource, histogram: Histogram) -> Self {
        match resource {
            Resource::Cpu => self.cpu = histogram,
            Resource::Memory => self.memory = histogram,
        }
        self
    }

    /// Adds what another container of the same kind used, such as one of another pod.
    ///
    /// # Errors
    /// [`HistogramError::Unlike`] where the buckets or half-lives differ; nothing was added then.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// use std::time::Duration;
    /// let mut one = ContainerUsage::new(UsageConfig::default())?;
    /// let mut other = one.clone();
    /// one.add_cpu(Duration::from_secs(60), 0.2);
    /// other.add_cpu(Duration::from_secs(30), 0.4);
    /// one.merge(&other)?;
    /// assert_eq!(one.sample_count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<(), HistogramError> {
        let mut cpu = self.cpu.clone();
        cpu.merge(&other.cpu)?;
        self.memory.merge(&other.memory)?;
        self.cpu = cpu;
        self.first_cpu = earlier(self.first_cpu, other.first_cpu);
        self.last_cpu = self.last_cpu.max(other.last_cpu);
        self.cpu_samples = self.cpu_samples.saturating_add(other.cpu_samples);
        self.first_memory = earlier(self.first_memory, other.first_memory);
        self.memory_samples = self.memory_samples.saturating_add(other.memory_samples);
        Ok(())
    }

    /// How many CPU samples were added.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// assert_eq!(ContainerUsage::new(UsageConfig::default())?.sample_count(), 0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn sample_count(&self) -> u64 {
        self.cpu_samples
    }

    /// How far the history is to be trusted: the number of intervals that the CPU samples span, or
    /// that they would fill at one a minute, whichever is less. Where no CPU sample ever came the
    /// memory samples count instead (upstream's confidence would stay 0).
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// use std::time::Duration;
    /// let mut usage = ContainerUsage::new(UsageConfig::default())?;
    /// for minute in 0..=720 {
    ///     usage.add_cpu(Duration::from_secs(60 * minute), 0.25);
    /// }
    /// let day = Duration::from_secs(86_400);
    /// assert!((usage.confidence(day) - 0.5).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn confidence(&self, interval: Duration) -> f64 {
        let (first, last, count) = match self.first_cpu {
            Some(_) => (self.first_cpu, self.last_cpu, self.cpu_samples),
            None => (self.first_memory, self.last_memory, self.memory_samples),
        };
        let (Some(first), Some(last)) = (first, last) else {
            return 0.0;
        };
        let spanned = last.saturating_sub(first).as_secs_f64() / interval.as_secs_f64();
        let filled = numeric::u64_f64(count) / (interval.as_secs_f64() / 60.0);
        spanned.min(filled)
    }

    /// What a `VerticalPodAutoscalerCheckpoint` keeps of it.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// let checkpoint = ContainerUsage::new(UsageConfig::default())?.checkpoint();
    /// assert_eq!(checkpoint.total_samples_count, 0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn checkpoint(&self) -> UsageCheckpoint {
        UsageCheckpoint {
            first_sample_start: self.first_cpu,
            last_sample_start: self.last_cpu,
            total_samples_count: self.cpu_samples,
            cpu_histogram: self.cpu.checkpoint(),
            memory_histogram: self.memory.checkpoint(),
        }
    }

    /// Adds a checkpoint's weights and takes over its times and count.
    ///
    /// # Errors
    /// [`HistogramError`]; nothing was taken over then.
    ///
    /// ```
    /// use autoscale_core::{ContainerUsage, UsageConfig};
    /// use std::time::Duration;
    /// let mut usage = ContainerUsage::new(UsageConfig::default())?;
    /// usage.add_cpu(Duration::ZERO, 0.25);
    /// let mut loaded = ContainerUsage::new(UsageConfig::default())?;
    /// loaded.load(&usage.checkpoint())?;
    /// assert_eq!(loaded.sample_count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(&mut self, checkpoint: &UsageCheckpoint) -> Result<(), HistogramError> {
        let mut memory = self.memory.clone();
        memory.load(&checkpoint.memory_histogram)?;
        self.cpu.load(&checkpoint.cpu_histogram)?;
        self.memory = memory;
        self.first_cpu = checkpoint.first_sample_start;
        self.last_cpu = checkpoint.last_sample_start;
        self.cpu_samples = checkpoint.total_samples_count;
        Ok(())
    }
}

fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What is kept of a container's use across restarts of the recommender.
///
/// ```
/// use autoscale_core::UsageCheckpoint;
/// assert_eq!(UsageCheckpoint::default().first_sample_start, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct UsageCheckpoint {
    /// When the first CPU sample was taken.
    pub first_sample_start: Option<Duration>,
    /// When the newest CPU sample was taken.
    pub last_sample_start: Option<Duration>,
    /// How many CPU samples there were.
    pub total_samples_count: u64,
    /// CPU use in cores.
    pub cpu_histogram: HistogramCheckpoint,
    /// Memory peaks in bytes.
    pub memory_histogram: HistogramCheckpoint,
}
