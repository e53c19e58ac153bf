//! The Kubernetes VPA: the recommender's target and bounds, and the updater's choice of when.
//!
//! target, lower and upper bound = percentile of the use (0.9, 0.5, 0.95) + 15 %; the upper one times
//! `1 + 1/c`, the lower one times `(1 + 0.001/c)⁻²` with the confidence c; each at least the pod's
//! minimum divided by its containers, then within the allowed minimum and maximum.
//!
//! A container is resized when it has no request for a controlled resource, its request is outside
//! the bounds, it was killed for want of memory within 10 min of its start and the target differs
//! from the request, or it has run for 12 h and the change is at least 10 %.
//!
//! Source: kubernetes/autoscaler, `pkg/recommender/logic/recommender.go` and
//! `pkg/updater/priority`. Cost: O(buckets in use) a decision, no allocation once the histograms have
//! their range. Edge cases: a resource without a sample gets no recommendation here (upstream
//! recommends the pod's minimum: missing data would make it smaller); an unknown start never counts
//! as 12 h; an earlier `now` than the last one counts as the last one.
//! Vectors: `conformance/vectors/autoscale/vpa`.

use core::time::Duration;

use super::config::{ChangeRequirement, UpdateMode, VpaConfig};
use super::decision::{ContainerObservation, ResourceStage, VerticalDecision, VerticalReason};
use super::estimator::{AtLeast, Percentile, ResourceEstimator, WithConfidence, WithMargin};
use super::resources::{Resource, Resources, scaled};
use super::usage::ContainerUsage;
use crate::snapshot::snapshot;
use crate::{ConfigError, Sizer, numeric};

/// Sizes a container as the Kubernetes VPA does.
///
/// ```
/// use autoscale_core::{ContainerObservation, Resources, Sizer, Vpa, VpaConfig};
/// use std::time::Duration;
/// let mut vpa = Vpa::new(VpaConfig::default())?;
/// let request = Resources::new(2000, 4 << 30);
/// let mut resized = None;
/// for minute in 0..=7 * 1440 {
///     let now = Duration::from_secs(60 * minute);
///     let seen = ContainerObservation::new(request)
///         .with_cpu(0.4)
///         .with_memory(1e9)
///         .with_running(now);
///     let decision = vpa.decide(now, &seen);
///     if decision.update {
///         resized = resized.or(decision.target.cpu_milli);
///     }
/// }
/// assert!(resized.is_some_and(|cpu_milli| cpu_milli < 500)); // it was four times too large
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(into = "VpaSnapshot", try_from = "VpaSnapshot")
)]
pub struct Vpa {
    config: VpaConfig,
    state: VpaState,
}

/// What a [`Vpa`] remembers.
///
/// ```
/// use autoscale_core::{Vpa, VpaConfig};
/// let vpa = Vpa::new(VpaConfig::default())?;
/// assert_eq!(vpa.state().usage.sample_count(), 0);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct VpaState {
    /// The container's use.
    pub usage: ContainerUsage,
    /// The latest `now`.
    pub now: Duration,
}

/// A [`Vpa`] as data, to go on with later.
///
/// ```
/// use autoscale_core::{Vpa, VpaConfig, VpaSnapshot};
/// let vpa = Vpa::new(VpaConfig::default())?;
/// assert_eq!(Vpa::try_from(VpaSnapshot::from(vpa.clone()))?, vpa);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct VpaSnapshot {
    /// How it decides.
    pub config: VpaConfig,
    /// What it remembers.
    pub state: VpaState,
}

snapshot!(Vpa, VpaSnapshot);

impl Vpa {
    /// A VPA that has seen nothing.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    ///
    /// ```
    /// use autoscale_core::{Vpa, VpaConfig};
    /// let refused = Vpa::new(VpaConfig::default().with_containers(0));
    /// assert_eq!(refused.err().map(|e| e.to_string()).as_deref(), Some("containers is 0, must be at least 1"));
    /// ```
    pub fn new(config: VpaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let usage = ContainerUsage::new(config.usage.clone())?;
        let state = VpaState {
            usage,
            now: Duration::ZERO,
        };
        Ok(Self { config, state })
    }

    /// How it decides.
    ///
    /// ```
    /// use autoscale_core::{Vpa, VpaConfig};
    /// assert_eq!(Vpa::new(VpaConfig::default())?.config(), &VpaConfig::default());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &VpaConfig {
        &self.config
    }

    /// What it remembers.
    ///
    /// ```
    /// use autoscale_core::{Vpa, VpaConfig};
    /// assert!(Vpa::new(VpaConfig::default())?.state().now.is_zero());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &VpaState {
        &self.state
    }

    fn controls(&self, resource: Resource) -> bool {
        match resource {
            Resource::Cpu => self.config.control_cpu,
            Resource::Memory => self.config.control_memory,
        }
    }

    fn recommend(&self, out: &mut VerticalDecision) {
        let config = &self.config;
        let usage = &self.state.usage;
        let mut minimum = Resources::default();
        for resource in Resource::ALL {
            let whole = config.pod_minimum.get(resource).unwrap_or(0);
            let part = scaled(whole, 1.0 / f64::from(config.containers));
            minimum.set(resource, Some(part));
        }
        let estimate = |cpu, memory| WithMargin {
            fraction: config.safety_margin,
            base: Percentile { cpu, memory },
        };
        let target = estimate(
            config.target_cpu_percentile,
            config.target_memory_percentile,
        );
        let bound = |multiplier, exponent, cpu, memory| AtLeast {
            minimum,
            base: WithConfidence {
                multiplier,
                exponent,
                interval: config.confidence_interval,
                base: estimate(cpu, memory),
            },
        };
        let lower = bound(
            0.001,
            -2.0,
            config.lower_bound_cpu_percentile,
            config.lower_bound_memory_percentile,
        );
        let upper = bound(
            1.0,
            1.0,
            config.upper_bound_cpu_percentile,
            config.upper_bound_memory_percentile,
        );
        for resource in Resource::ALL {
            if !self.controls(resource) || usage.histogram(resource).is_empty() {
                continue;
            }
            let estimated = target.base.estimate(usage, resource);
            let with_margin = estimated.saturating_add(scaled(estimated, config.safety_margin));
            let with_minimum = with_margin.max(minimum.get(resource).unwrap_or(0));
            out.target.set(resource, Some(with_minimum));
            out.lower_bound
                .set(resource, Some(lower.estimate(usage, resource)));
            out.upper_bound
                .set(resource, Some(upper.estimate(usage, resource)));
            out.stages.push(ResourceStage {
                resource,
                estimated,
                with_margin,
                with_minimum,
                capped: with_minimum,
            });
        }
        out.uncapped_target = out.target;
        for amounts in [&mut out.target, &mut out.lower_bound, &mut out.upper_bound] {
            *amounts = amounts.clamp(&config.min_allowed, &config.max_allowed);
        }
        for stage in &mut out.stages {
            stage.capped = out.target.get(stage.resource).unwrap_or(stage.capped);
        }
        out.confidence = usage.confidence(config.confidence_interval);
    }

    /// Whether to resize, and why.
    fn judge(&self, seen: &ContainerObservation, out: &VerticalDecision) -> (bool, VerticalReason) {
        let config = &self.config;
        match config.update_mode {
            _ if out.stages.is_empty() => return (false, VerticalReason::NoSamples),
            UpdateMode::Off => return (false, VerticalReason::Off),
            UpdateMode::Initial => return (false, VerticalReason::InitialOnly),
            _ => {}
        }
        let reason = self.cause(seen, out);
        let update = matches!(
            reason,
            VerticalReason::NoRequest
                | VerticalReason::BelowLowerBound
                | VerticalReason::AboveUpperBound
                | VerticalReason::QuickOom
                | VerticalReason::LargeChange
        );
        if update && !self.wanted(seen, out) {
            return (false, VerticalReason::Unwanted);
        }
        (update, reason)
    }

    fn cause(&self, seen: &ContainerObservation, out: &VerticalDecision) -> VerticalReason {
        let config = &self.config;
        let quick = seen
            .oom
            .is_some_and(|oom| oom.lived_s < config.evict_after_oom.as_secs_f64());
        for resource in Resource::ALL {
            if out.target.get(resource).is_none() {
                continue;
            }
            let Some(request) = seen.request.get(resource) else {
                return VerticalReason::NoRequest;
            };
            if out
                .lower_bound
                .get(resource)
                .is_some_and(|lower| request < lower)
            {
                return VerticalReason::BelowLowerBound;
            }
            if out
                .upper_bound
                .get(resource)
                .is_some_and(|upper| request > upper)
            {
                return VerticalReason::AboveUpperBound;
            }
        }
        if quick {
            return if out.change > 0.0 {
                VerticalReason::QuickOom
            } else {
                VerticalReason::SmallChange
            };
        }
        match seen.running_s {
            None => VerticalReason::StartUnknown,
            Some(running) if running.is_nan() => VerticalReason::StartUnknown,
            Some(running) if running < config.min_lifetime.as_secs_f64() => {
                VerticalReason::ShortLived
            }
            Some(_) if out.change < config.min_change => VerticalReason::SmallChange,
            Some(_) => VerticalReason::LargeChange,
        }
    }

    /// Whether every eviction requirement is met.
    fn wanted(&self, seen: &ContainerObservation, out: &VerticalDecision) -> bool {
        self.config.eviction_requirements.iter().all(|requirement| {
            requirement.resources.iter().any(|&resource| {
                let Some(target) = out.target.get(resource) else {
                    return false;
                };
                let request = seen.request.get(resource).unwrap_or(0);
                match requirement.change {
                    ChangeRequirement::TargetHigherThanRequests => target > request,
                    ChangeRequirement::TargetLowerThanRequests => target < request,
                }
            })
        })
    }
}

/// Sum over the resources of the target's distance from the request, as a share of the request.
pub(super) fn change(request: &Resources, target: &Resources) -> f64 {
    Resource::ALL
        .into_iter()
        .filter_map(|resource| {
            let target = numeric::u64_f64(target.get(resource)?);
            let request = numeric::u64_f64(request.get(resource).unwrap_or(0)).max(1.0);
            Some((request - target).abs() / request)
        })
        .sum()
}

/// Adds an observation's samples; gives the number of those that made no sense.
pub(super) fn observe(
    usage: &mut ContainerUsage,
    now: Duration,
    seen: &ContainerObservation,
) -> u32 {
    let oom = seen.oom.map(|oom| usage.add_oom(now, oom.request_bytes));
    let cpu = seen.cpu_cores.map(|cores| usage.add_cpu(now, cores));
    let memory = seen.memory_bytes.map(|bytes| usage.add_memory(now, bytes));
    [oom, cpu, memory]
        .into_iter()
        .map(|taken| u32::from(taken == Some(false)))
        .sum()
}

impl Sizer for Vpa {
    type Observation = ContainerObservation;
    type Decision = VerticalDecision;

    fn decide_into(
        &mut self,
        now: Duration,
        seen: &ContainerObservation,
        out: &mut VerticalDecision,
    ) {
        let now = now.max(self.state.now);
        self.state.now = now;
        out.reset();
        out.rejected_samples = observe(&mut self.state.usage, now, seen);
        self.recommend(out);
        out.change = change(&seen.request, &out.target);
        (out.update, out.reason) = self.judge(seen, out);
    }
}
