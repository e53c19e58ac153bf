//! Estimates made of a container's use, each a small wrapper around another.
//!
//! | estimate | formula |
//! |---|---|
//! | [`Percentile`] | percentile of the histogram, cut to whole millicores or bytes |
//! | [`WithMargin`] | `e + ⌊e · fraction⌋` |
//! | [`WithConfidence`] | `⌊e · (1 + multiplier / confidence)^exponent⌋`, at most 10¹⁴ |
//! | [`AtLeast`] | `max(e, minimum)` |
//!
//! Source: kubernetes/autoscaler, `pkg/recommender/logic/estimator.go`. Cost: that of the
//! percentile. Edge cases: with no history the confidence is 0, so that a positive exponent gives the
//! largest amount and a negative one 0. Vectors: `conformance/vectors/autoscale/vpa`.

use core::time::Duration;

use super::resources::{Resource, Resources, amount, scaled};
use super::usage::ContainerUsage;

/// An amount that a container's use asks for, in millicores or bytes.
///
/// Closures are estimators, so that a fixed amount is one too.
///
/// ```
/// use autoscale_core::{ContainerUsage, Resource, ResourceEstimator, UsageConfig, WithMargin};
/// let usage = ContainerUsage::new(UsageConfig::default())?;
/// let fixed = |_: &ContainerUsage, _: Resource| 3140;
/// let roomy = WithMargin { fraction: 0.1, base: fixed };
/// assert_eq!(roomy.estimate(&usage, Resource::Cpu), 3454);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
pub trait ResourceEstimator {
    /// The amount of one resource.
    fn estimate(&self, usage: &ContainerUsage, resource: Resource) -> u64;
}

impl<F: Fn(&ContainerUsage, Resource) -> u64> ResourceEstimator for F {
    fn estimate(&self, usage: &ContainerUsage, resource: Resource) -> u64 {
        self(usage, resource)
    }
}

/// A percentile of the use, 0 … 1, of each resource.
///
/// ```
/// use autoscale_core::{ContainerUsage, Percentile, Resource, ResourceEstimator, UsageConfig};
/// let mut usage = ContainerUsage::new(UsageConfig::default())?;
/// usage.add_cpu(std::time::Duration::ZERO, 1.0);
/// let ninetieth = Percentile { cpu: 0.9, memory: 0.9 };
/// assert_eq!(ninetieth.estimate(&usage, Resource::Cpu), 1016); // the bucket's end
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// Of the cores in use.
    pub cpu: f64,
    /// Of the memory peaks.
    pub memory: f64,
}

impl ResourceEstimator for Percentile {
    fn estimate(&self, usage: &ContainerUsage, resource: Resource) -> u64 {
        match resource {
            Resource::Cpu => amount(usage.percentile(resource, self.cpu) * 1000.0),
            Resource::Memory => amount(usage.percentile(resource, self.memory)),
        }
    }
}

/// A share more than another estimate.
///
/// ```
/// use autoscale_core::{ContainerUsage, Resource, ResourceEstimator, UsageConfig, WithMargin};
/// let usage = ContainerUsage::new(UsageConfig::default())?;
/// let roomy = WithMargin { fraction: 0.15, base: |_: &ContainerUsage, _: Resource| 81 };
/// assert_eq!(roomy.estimate(&usage, Resource::Cpu), 93);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WithMargin<E> {
    /// The share, ≥ 0.
    pub fraction: f64,
    /// What it is added to.
    pub base: E,
}

impl<E: ResourceEstimator> ResourceEstimator for WithMargin<E> {
    fn estimate(&self, usage: &ContainerUsage, resource: Resource) -> u64 {
        let base = self.base.estimate(usage, resource);
        base.saturating_add(scaled(base, self.fraction))
    }
}

/// Another estimate, moved away from the truth for as long as the history is short.
///
/// ```
/// use autoscale_core::{ContainerUsage, Resource, ResourceEstimator, UsageConfig, WithConfidence};
/// use std::time::Duration;
/// let usage = ContainerUsage::new(UsageConfig::default())?;
/// let upper = WithConfidence {
///     multiplier: 1.0,
///     exponent: 1.0,
///     interval: Duration::from_secs(86_400),
///     base: |_: &ContainerUsage, _: Resource| 3140,
/// };
/// assert_eq!(upper.estimate(&usage, Resource::Cpu), 100_000_000_000_000); // no history at all
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WithConfidence<E> {
    /// How far; ≥ 0.
    pub multiplier: f64,
    /// Which way: > 0 up, < 0 down.
    pub exponent: f64,
    /// The history that counts as a confidence of 1.
    pub interval: Duration,
    /// What is moved.
    pub base: E,
}

impl<E: ResourceEstimator> ResourceEstimator for WithConfidence<E> {
    fn estimate(&self, usage: &ContainerUsage, resource: Resource) -> u64 {
        let confidence = usage.confidence(self.interval);
        let factor = (1.0 + self.multiplier / confidence).powf(self.exponent);
        scaled(self.base.estimate(usage, resource), factor)
    }
}

/// Another estimate, or a minimum where that is more.
///
/// ```
/// use autoscale_core::{AtLeast, ContainerUsage, Resource, ResourceEstimator, Resources, UsageConfig};
/// let usage = ContainerUsage::new(UsageConfig::default())?;
/// let floor = AtLeast {
///     minimum: Resources::new(200, 0),
///     base: |_: &ContainerUsage, _: Resource| 81,
/// };
/// assert_eq!(floor.estimate(&usage, Resource::Cpu), 200);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtLeast<E> {
    /// The minimum of each resource, where it has one.
    pub minimum: Resources,
    /// What it is compared with.
    pub base: E,
}

impl<E: ResourceEstimator> ResourceEstimator for AtLeast<E> {
    fn estimate(&self, usage: &ContainerUsage, resource: Resource) -> u64 {
        let base = self.base.estimate(usage, resource);
        base.max(self.minimum.get(resource).unwrap_or(0))
    }
}
