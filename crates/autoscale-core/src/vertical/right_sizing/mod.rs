//! Right-sizing: the smallest request that keeps an accepted share of violations, with few restarts.
//!
//! Alternatives run in shadow on the same samples, each with its own request, violations, slack and
//! restarts; one is followed. For CPU they are three half-lives, and each learns the price of a
//! violation at which the accepted share is kept; for memory three margins above the highest use of
//! a week, learnt from what use rises by at once. A restart must save more than it is worth, the more
//! the fewer are left of those that the budget earns.
//!
//! Source: the idea of cheapest-record shadows is Rzadca et al., "Autopilot: workload autoscaling at
//! Google", `EuroSys` 2020; of a price that follows the errors Gibbs and Candès, "Adaptive conformal
//! inference under distribution shift", `NeurIPS` 2021. Cost: O(1) a sample and O(buckets) every five
//! minutes; no allocation; about 2 KiB. Edge cases: a resource without a sample keeps its request; a
//! sample stands for the time since the last one, a quarter of an hour at most; an earlier `now` than
//! the last one counts as the last one. Evidence and figures: `docs/right-sizing.md` of the workspace.

mod config;
mod levels;
mod memory;
mod processor;
mod record;

use core::time::Duration;

pub use config::RightSizingConfig;
use levels::HALF_LIVES_H;
use memory::Memory;
use processor::Processor;
use record::{Budget, Record, Whole};

use super::config::UpdateMode;
use super::decision::{
    Candidate, CandidateStage, ContainerObservation, ResourceStage, VerticalDecision,
    VerticalReason,
};
use super::resources::{MAX_AMOUNT, Resource, Resources, amount};
use super::vpa::change;
use crate::{ConfigError, Sizer, numeric};

/// A sample stands for no more than this.
const LONGEST: Duration = Duration::from_secs(900);
/// And the first one for this.
const FIRST: Duration = Duration::from_secs(60);
/// History that counts as a confidence of 1, in hours.
const CONFIDENT_H: f64 = 24.0;

/// Sizes a container to an accepted share of violations, with few restarts.
///
/// ```
/// use autoscale_core::{ContainerObservation, Resources, RightSizing, RightSizingConfig, Sizer};
/// use std::time::Duration;
/// let mut sizer = RightSizing::new(RightSizingConfig::default())?;
/// let mut request = Resources::new(2000, 4 << 30);
/// for minute in 0..4 * 1440 {
///     let seen = ContainerObservation::new(request).with_cpu(0.4).with_memory(1e9);
///     let decision = sizer.decide(Duration::from_secs(60 * minute), &seen);
///     if decision.update {
///         request = decision.target;
///     }
/// }
/// assert!((400..480).contains(&request.cpu_milli.unwrap_or(0)));
/// assert!((1_000_000_000..1_050_000_000).contains(&request.memory_bytes.unwrap_or(0)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(into = "RightSizingSnapshot", try_from = "RightSizingSnapshot")
)]
pub struct RightSizing {
    config: RightSizingConfig,
    state: RightSizingState,
}

/// What a [`RightSizing`] remembers.
///
/// ```
/// use autoscale_core::{RightSizing, RightSizingConfig};
/// let sizer = RightSizing::new(RightSizingConfig::default())?;
/// assert!(sizer.state().now.is_zero());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct RightSizingState {
    /// The latest `now`.
    pub now: Duration,
    /// When each resource's newest sample was taken.
    sampled: [Option<Duration>; 2],
    /// What was asked for last instead of what: said again, it costs nothing.
    asked_instead_of: Option<Resources>,
    budget: Budget,
    cpu: Option<Processor>,
    memory: Option<Memory>,
}

/// A [`RightSizing`] as data, to go on with later.
///
/// ```
/// use autoscale_core::{RightSizing, RightSizingConfig, RightSizingSnapshot};
/// let sizer = RightSizing::new(RightSizingConfig::default())?;
/// assert_eq!(RightSizing::try_from(RightSizingSnapshot::from(sizer.clone()))?, sizer);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct RightSizingSnapshot {
    /// How it decides.
    pub config: RightSizingConfig,
    /// What it remembers.
    pub state: RightSizingState,
}

impl From<RightSizing> for RightSizingSnapshot {
    fn from(sizer: RightSizing) -> Self {
        Self {
            config: sizer.config,
            state: sizer.state,
        }
    }
}

impl TryFrom<RightSizingSnapshot> for RightSizing {
    type Error = ConfigError;

    fn try_from(snapshot: RightSizingSnapshot) -> Result<Self, ConfigError> {
        let fresh = Self::new(snapshot.config)?;
        let state = snapshot.state;
        let fits = state.cpu.is_some() == fresh.state.cpu.is_some()
            && state.memory.is_some() == fresh.state.memory.is_some();
        let sound = state.cpu.as_ref().is_none_or(Processor::is_sound)
            && state.memory.as_ref().is_none_or(Memory::is_sound)
            && state.budget.is_sound();
        if !(fits && sound) {
            let bound = "what this configuration can have left";
            return Err(ConfigError::range("state", "another one", bound));
        }
        Ok(Self { state, ..fresh })
    }
}

impl RightSizing {
    /// One that has seen nothing.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    ///
    /// ```
    /// use autoscale_core::{RightSizing, RightSizingConfig};
    /// let refused = RightSizing::new(RightSizingConfig::default().with_oom_bump_up_ratio(0.5));
    /// assert_eq!(
    ///     refused.err().map(|error| error.to_string()).as_deref(),
    ///     Some("oom_bump_up_ratio is 0.5, must be between 1 and 100")
    /// );
    /// ```
    pub fn new(config: RightSizingConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let state = RightSizingState {
            now: Duration::ZERO,
            sampled: [None; 2],
            asked_instead_of: None,
            budget: Budget::new(),
            cpu: config.control_cpu.then(|| Processor::new(&config)),
            memory: config.control_memory.then(Memory::new),
        };
        Ok(Self { config, state })
    }

    /// How it decides.
    ///
    /// ```
    /// use autoscale_core::{RightSizing, RightSizingConfig};
    /// let sizer = RightSizing::new(RightSizingConfig::default())?;
    /// assert_eq!(sizer.config().max_restarts_per_day, 1.0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &RightSizingConfig {
        &self.config
    }

    /// What it remembers.
    ///
    /// ```
    /// use autoscale_core::{RightSizing, RightSizingConfig};
    /// assert!(RightSizing::new(RightSizingConfig::default())?.state().now.is_zero());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &RightSizingState {
        &self.state
    }

    /// Hours that a sample of now stands for.
    fn span(&mut self, resource: Resource, now: Duration) -> f64 {
        let [cpu, memory] = &mut self.state.sampled;
        let sampled = match resource {
            Resource::Cpu => cpu,
            Resource::Memory => memory,
        };
        let since = sampled.map_or(FIRST, |last| now.saturating_sub(last).min(LONGEST));
        *sampled = Some(now);
        since.as_secs_f64() / 3600.0
    }

    /// Within what the container may ask for.
    fn allowed(&self, resource: Resource, amount: u64) -> u64 {
        let config = &self.config;
        let mut amounts = Resources::default();
        let least = config.minimum.get(resource).unwrap_or(0);
        amounts.set(resource, Some(amount.max(least)));
        let within = amounts.clamp(&config.min_allowed, &config.max_allowed);
        within.get(resource).unwrap_or(amount)
    }

    /// Takes a CPU sample in; gives the millicores to ask for, if others.
    fn observe_cpu(&mut self, now: Duration, seen: &ContainerObservation) -> Option<f64> {
        let cores = seen.cpu_cores.filter(|cores| is_usage(*cores))?;
        let cores = cores.min(numeric::u64_f64(MAX_AMOUNT) / 1000.0);
        self.state.cpu.as_ref()?;
        let hours = self.span(Resource::Cpu, now);
        let request = seen.request.cpu_milli.map(|m| numeric::u64_f64(m) / 1000.0);
        let budget = self.state.budget;
        let cpu = self.state.cpu.as_mut()?;
        let wanted = cpu.observe(cores, hours, request, &budget, &self.config);
        let first = || cpu.shadows.get(cpu.followed).map(|shadow| shadow.request);
        wanted.or_else(|| first().filter(|_| request.is_none()))
    }

    /// Takes a memory sample, or a kill, in; gives the bytes to ask for, if others.
    fn observe_memory(&mut self, now: Duration, seen: &ContainerObservation) -> Option<f64> {
        let killed = seen.oom.map(|kill| {
            let used = kill
                .request_bytes
                .max(seen.request.memory_bytes.unwrap_or(0));
            let used = numeric::u64_f64(used.min(MAX_AMOUNT));
            let more = numeric::u64_f64(self.config.oom_min_bump_up_bytes.min(MAX_AMOUNT));
            (
                used,
                (used + more).max(used * self.config.oom_bump_up_ratio),
            )
        });
        let sample = seen.memory_bytes.filter(|bytes| is_usage(*bytes));
        let bytes = sample.or(killed.map(|(used, _)| used))?;
        let bytes = bytes.min(numeric::u64_f64(MAX_AMOUNT));
        self.state.memory.as_ref()?;
        let hours = self.span(Resource::Memory, now);
        let request = seen.request.memory_bytes.map(numeric::u64_f64);
        let needed = killed.map(|(_, needed)| needed);
        let budget = self.state.budget;
        let memory = self.state.memory.as_mut()?;
        let wanted = memory.observe(bytes, hours, needed, request, &budget, &self.config);
        wanted.or_else(|| request.is_none().then(|| memory.first()))
    }

    /// Writes what a resource should ask for.
    fn write(
        &self,
        resource: Resource,
        wanted: Option<f64>,
        seen: &ContainerObservation,
        out: &mut VerticalDecision,
    ) {
        let (age, estimated, with_margin, unit) = match resource {
            Resource::Cpu => match &self.state.cpu {
                Some(cpu) => (cpu.whole.age, cpu.level, cpu.with_margin, 1000.0),
                None => return,
            },
            Resource::Memory => match &self.state.memory {
                Some(memory) => (
                    memory.whole.age,
                    memory.highest(),
                    memory.with_margin(),
                    1.0,
                ),
                None => return,
            },
        };
        if age <= 0.0 {
            return;
        }
        out.confidence = out.confidence.max(age / CONFIDENT_H);
        let in_unit = |value: f64| amount((value * unit).ceil());
        let held = seen.request.get(resource);
        let recommended = in_unit(with_margin);
        let asked = wanted.map(in_unit).or(held).unwrap_or(recommended);
        // What nothing is known of now is not made smaller, not even by a bound.
        let blind = match resource {
            Resource::Cpu => seen.cpu_cores.is_none_or(|cores| !is_usage(cores)),
            Resource::Memory => seen.memory_bytes.is_none_or(|bytes| !is_usage(bytes)),
        };
        let least = held.filter(|_| blind).unwrap_or(0);
        let target = self.allowed(resource, asked).max(least);
        out.uncapped_target.set(resource, Some(asked));
        out.target.set(resource, Some(target));
        let minimum = self.config.minimum.get(resource).unwrap_or(0);
        out.stages.push(ResourceStage {
            resource,
            estimated: in_unit(estimated),
            with_margin: recommended,
            with_minimum: asked.max(minimum),
            capped: target,
        });
    }

    /// Writes what each shadow would have delivered.
    fn describe(&self, out: &mut VerticalDecision) {
        let stage = |candidate, request: f64, record: &Record, whole: &Whole, followed| {
            let hours = whole.hours.max(1e-9);
            CandidateStage {
                candidate,
                request: amount(request.ceil()),
                violation_share: record.violated / hours,
                slack: record.slack / hours / whole.mean(),
                restarts_per_day: record.restarts / hours * 24.0,
                followed,
            }
        };
        if let Some(cpu) = self.state.cpu.as_ref().filter(|cpu| cpu.whole.age > 0.0) {
            let all = cpu.shadows.iter().zip(HALF_LIVES_H).enumerate();
            out.candidates.extend(all.map(|(index, (shadow, hours))| {
                let milli = shadow.request * 1000.0;
                let candidate = Candidate::CpuHalfLifeHours(hours);
                stage(
                    candidate,
                    milli,
                    &shadow.record,
                    &cpu.whole,
                    index == cpu.followed,
                )
            }));
        }
        if let Some(memory) = self.state.memory.as_ref().filter(|m| m.whole.age > 0.0) {
            let all = memory.shadows.iter().zip(memory.margins()).enumerate();
            out.candidates.extend(all.map(|(index, (shadow, margin))| {
                let candidate = Candidate::MemoryMargin(margin);
                let followed = index == memory.followed;
                stage(
                    candidate,
                    shadow.request,
                    &shadow.record,
                    &memory.whole,
                    followed,
                )
            }));
        }
    }

    /// Whether to resize, and why.
    fn judge(&self, seen: &ContainerObservation, out: &VerticalDecision) -> (bool, VerticalReason) {
        match self.config.update_mode {
            _ if out.stages.is_empty() => return (false, VerticalReason::NoSamples),
            UpdateMode::Off => return (false, VerticalReason::Off),
            UpdateMode::Initial => return (false, VerticalReason::InitialOnly),
            _ => {}
        }
        let mut reason = VerticalReason::Sufficient;
        for stage in &out.stages {
            match seen.request.get(stage.resource) {
                None => return (true, VerticalReason::NoRequest),
                Some(held) if stage.capped > held => reason = VerticalReason::Violations,
                Some(held) if stage.capped < held && reason == VerticalReason::Sufficient => {
                    reason = VerticalReason::Slack;
                }
                Some(_) => {}
            }
        }
        (reason != VerticalReason::Sufficient, reason)
    }

    /// Charges a resize, unless it was asked for before.
    fn charge(&mut self, seen: &ContainerObservation, out: &VerticalDecision) {
        if !out.update || self.state.asked_instead_of == Some(seen.request) {
            return;
        }
        self.state.asked_instead_of = Some(seen.request);
        if out.reason != VerticalReason::NoRequest {
            self.state.budget.spend();
        }
    }

    /// Notes that what was asked for was given.
    fn notice(&mut self, given: &Resources) {
        let asked = self.state.asked_instead_of;
        let Some(before) = asked.filter(|before| before != given) else {
            return;
        };
        self.state.asked_instead_of = None;
        if let (Some(memory), Some(before), Some(given)) = (
            &mut self.state.memory,
            before.memory_bytes,
            given.memory_bytes,
        ) && given != before
        {
            memory.changed(given > before);
        }
    }
}

fn is_usage(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

impl Sizer for RightSizing {
    type Observation = ContainerObservation;
    type Decision = VerticalDecision;

    fn decide_into(
        &mut self,
        now: Duration,
        seen: &ContainerObservation,
        out: &mut VerticalDecision,
    ) {
        let now = now.max(self.state.now);
        let passed = now.saturating_sub(self.state.now).as_secs_f64() / 3600.0;
        self.state.now = now;
        self.state
            .budget
            .earn(passed, self.config.max_restarts_per_day);
        self.notice(&seen.request);
        out.reset();
        let samples = [seen.cpu_cores, seen.memory_bytes];
        let lies = samples
            .into_iter()
            .flatten()
            .filter(|value| !is_usage(*value));
        out.rejected_samples = lies.map(|_| 1).sum();
        let wanted = [self.observe_cpu(now, seen), self.observe_memory(now, seen)];
        for (resource, wanted) in Resource::ALL.into_iter().zip(wanted) {
            self.write(resource, wanted, seen, out);
        }
        self.describe(out);
        out.change = change(&seen.request, &out.target);
        (out.update, out.reason) = self.judge(seen, out);
        self.charge(seen, out);
    }
}
