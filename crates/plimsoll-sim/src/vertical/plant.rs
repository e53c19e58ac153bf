use std::time::Duration;

use autoscale_core::{
    ContainerObservation, OomKill, Resource, Resources, Sizer, UpdateMode, VerticalDecision,
};

use super::series::UsageSeries;
use crate::PlantError;

/// Longest tick.
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// What a container's replay is configured with.
///
/// ```
/// use plimsoll_sim::vertical::ContainerConfig;
/// assert!(ContainerConfig::default().restart_downtime.is_zero());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ContainerConfig {
    /// What it asks for at first. What is not given comes from the sizer's first target, which counts
    /// as no resize; until then nothing counts. Default: none.
    pub request: Resources,
    /// How a resize is carried out: in place it is no restart (`InPlace`), or one only where memory
    /// shrinks (`InPlaceOrRecreate`); otherwise always. Default [`UpdateMode::Recreate`].
    pub update_mode: UpdateMode,
    /// Time without use or samples after a restart, at most a day; default none. The request is held
    /// then, but counts for nothing.
    pub restart_downtime: Duration,
    /// Time at the start that does not count; default none.
    pub warm_up: Duration,
}

impl ContainerConfig {
    /// Sets [`request`](Self::request).
    ///
    /// ```
    /// use autoscale_core::Resources;
    /// use plimsoll_sim::vertical::ContainerConfig;
    /// let config = ContainerConfig::default().with_request(Resources::new(500, 1 << 30));
    /// assert_eq!(config.request.cpu_milli, Some(500));
    /// ```
    #[must_use]
    pub const fn with_request(mut self, request: Resources) -> Self {
        self.request = request;
        self
    }

    /// Sets [`update_mode`](Self::update_mode).
    ///
    /// ```
    /// use autoscale_core::UpdateMode;
    /// use plimsoll_sim::vertical::ContainerConfig;
    /// let config = ContainerConfig::default().with_update_mode(UpdateMode::InPlace);
    /// assert_eq!(config.update_mode, UpdateMode::InPlace);
    /// ```
    #[must_use]
    pub const fn with_update_mode(mut self, mode: UpdateMode) -> Self {
        self.update_mode = mode;
        self
    }

    /// Sets [`restart_downtime`](Self::restart_downtime).
    ///
    /// ```
    /// use plimsoll_sim::vertical::ContainerConfig;
    /// let downtime = std::time::Duration::from_secs(120);
    /// let config = ContainerConfig::default().with_restart_downtime(downtime);
    /// assert_eq!(config.restart_downtime, downtime);
    /// ```
    #[must_use]
    pub const fn with_restart_downtime(mut self, downtime: Duration) -> Self {
        self.restart_downtime = downtime;
        self
    }

    /// Sets [`warm_up`](Self::warm_up).
    ///
    /// ```
    /// use plimsoll_sim::vertical::ContainerConfig;
    /// let day = std::time::Duration::from_secs(86_400);
    /// assert_eq!(ContainerConfig::default().with_warm_up(day).warm_up, day);
    /// ```
    #[must_use]
    pub const fn with_warm_up(mut self, warm_up: Duration) -> Self {
        self.warm_up = warm_up;
        self
    }
}

/// What a tick's decision changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Event {
    /// Nothing.
    #[default]
    Unchanged,
    /// The request, in place.
    Resized,
    /// The request, and the container is started anew.
    Recreated,
}

/// One tick, as a [`ContainerRecorder`] is shown it.
#[derive(Clone, Copy, Debug)]
pub struct ContainerTick<'a> {
    /// Index of the tick.
    pub index: usize,
    /// Whether it counts (the warm-up does not).
    pub scored: bool,
    /// Length of the tick in seconds.
    pub seconds: f64,
    /// Cores in use; `None` without a sample.
    pub cpu_cores: Option<f64>,
    /// Bytes that would be in use; `None` without a sample.
    pub memory_bytes: Option<f64>,
    /// What the container asked for during the tick.
    pub requested: Resources,
    /// Whether it was killed for want of memory.
    pub killed: bool,
    /// What the decision at the tick's end changed.
    pub event: Event,
    /// That decision.
    pub decision: &'a VerticalDecision,
}

impl ContainerTick<'_> {
    /// Use in cores or bytes.
    #[must_use]
    pub const fn usage(&self, resource: Resource) -> Option<f64> {
        match resource {
            Resource::Cpu => self.cpu_cores,
            Resource::Memory => self.memory_bytes,
        }
    }

    /// Request in cores or bytes.
    #[must_use]
    pub fn request(&self, resource: Resource) -> Option<f64> {
        self.requested
            .get(resource)
            .map(|amount| in_unit(resource, amount))
    }

    /// Whether a resource's use was above its request.
    #[must_use]
    pub fn violated(&self, resource: Resource) -> bool {
        let request = self.request(resource);
        self.usage(resource)
            .zip(request)
            .is_some_and(|(usage, request)| usage > request)
    }

    /// How often the container was started anew: after a kill, after the decision, or both.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        u32::from(self.killed) + u32::from(self.event == Event::Recreated)
    }
}

/// Millicores or bytes as cores or bytes.
fn in_unit(resource: Resource, amount: u64) -> f64 {
    match resource {
        Resource::Cpu => amount as f64 / 1000.0,
        Resource::Memory => amount as f64,
    }
}

/// Takes notes of a replay, tick by tick.
///
/// ```
/// use autoscale_core::{Vpa, VpaConfig};
/// use plimsoll_sim::vertical::{
///     ContainerConfig, ContainerPlant, ContainerRecorder, ContainerTick, MemoryPattern,
/// };
/// struct Restarts(Vec<usize>);
/// impl ContainerRecorder for Restarts {
///     fn record(&mut self, tick: &ContainerTick<'_>) {
///         if tick.restarts() > 0 {
///             self.0.push(tick.index);
///         }
///     }
/// }
/// let series = MemoryPattern::Leak.series(1, 7);
/// let mut restarts = Restarts(Vec::new());
/// ContainerPlant::new(&series, ContainerConfig::default())?
///     .run(&mut Vpa::new(VpaConfig::default())?, &mut restarts);
/// assert!(!restarts.0.is_empty()); // the first target knows the first minute only
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ContainerRecorder {
    /// Notes one tick.
    fn record(&mut self, tick: &ContainerTick<'_>);
}

impl<A: ContainerRecorder, B: ContainerRecorder> ContainerRecorder for (A, B) {
    fn record(&mut self, tick: &ContainerTick<'_>) {
        self.0.record(tick);
        self.1.record(tick);
    }
}

impl<R: ContainerRecorder + ?Sized> ContainerRecorder for &mut R {
    fn record(&mut self, tick: &ContainerTick<'_>) {
        (**self).record(tick);
    }
}

/// A container under its recorded use.
///
/// ```
/// use autoscale_core::{Resources, Vpa, VpaConfig};
/// use plimsoll_sim::vertical::{
///     ContainerConfig, ContainerPlant, SizingOutcome, UsageRow, UsageSeries,
/// };
/// let at = |time_s, cores| UsageRow { time_s, cpu_cores: Some(cores), memory_bytes: None };
/// let series = UsageSeries::from_rows(&[at(0, 0.2), at(300, 0.2), at(600, 0.6), at(900, 0.2)])?;
/// let config = ContainerConfig::default().with_request(Resources::new(500, 1 << 30));
/// let mut outcome = SizingOutcome::default();
/// ContainerPlant::new(&series, config)?.run(&mut Vpa::new(VpaConfig::default())?, &mut outcome);
/// assert_eq!(outcome.cpu.violation_share(), 0.25);
/// assert!((outcome.cpu.slack() - 0.75).abs() < 1e-9); // 3 × 0.3 of 3 × 0.2 + 0.6
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ContainerPlant<'a> {
    series: &'a UsageSeries,
    config: ContainerConfig,
    ticks_a_step: u32,
}

impl<'a> ContainerPlant<'a> {
    /// Checks the configuration and makes the plant.
    ///
    /// # Errors
    /// [`PlantError`] names the field, the value and the bound.
    ///
    /// ```
    /// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern};
    /// use std::time::Duration;
    /// let config = ContainerConfig::default().with_warm_up(Duration::from_secs(1 << 40));
    /// assert!(ContainerPlant::new(&MemoryPattern::Spikes.series(1, 3), config).is_err());
    /// ```
    pub fn new(series: &'a UsageSeries, config: ContainerConfig) -> Result<Self, PlantError> {
        let refuse = |field, value: String, bound| {
            Err(PlantError {
                field,
                value,
                bound,
            })
        };
        if series.step.is_zero() {
            return refuse("step", "0s".to_owned(), "longer than zero");
        }
        if config.restart_downtime > DAY {
            let value = format!("{:?}", config.restart_downtime);
            return refuse("restart_downtime", value, "at most a day");
        }
        let steps = u32::try_from(series.len()).unwrap_or(u32::MAX);
        if config.warm_up >= series.step.saturating_mul(steps) {
            let value = format!("{:?}", config.warm_up);
            return refuse("warm_up", value, "shorter than the series");
        }
        for resource in Resource::ALL {
            let values = (0..series.len()).filter_map(|step| series.value(resource, step));
            for value in values {
                if !(value.is_finite() && value >= 0.0) {
                    return refuse("usage", value.to_string(), "a finite number ≥ 0");
                }
            }
        }
        let ticks = series.step.as_nanos().div_ceil(MINUTE.as_nanos());
        Ok(Self {
            series,
            config,
            ticks_a_step: u32::try_from(ticks).unwrap_or(u32::MAX),
        })
    }

    /// Length of a tick: a minute at most, a whole part of a step.
    ///
    /// ```
    /// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern};
    /// let series = MemoryPattern::Spikes.series(1, 3); // every five minutes
    /// let plant = ContainerPlant::new(&series, ContainerConfig::default())?;
    /// assert_eq!((plant.tick().as_secs(), plant.ticks()), (60, 3 * 1440));
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn tick(&self) -> Duration {
        self.series.step / self.ticks_a_step
    }

    /// How many ticks there are.
    ///
    /// ```
    /// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, UsageSeries};
    /// use std::time::Duration;
    /// let (start, step) = (Duration::ZERO, Duration::from_secs(15));
    /// let series = UsageSeries { start, step, cpu_cores: vec![Some(1.0); 8], memory_bytes: vec![] };
    /// assert_eq!(ContainerPlant::new(&series, ContainerConfig::default())?.ticks(), 8);
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn ticks(&self) -> usize {
        self.series.len() * self.ticks_a_step as usize
    }

    /// Runs a sizer through the whole series. `now` is Unix time.
    ///
    /// ```
    /// use autoscale_core::{Vpa, VpaConfig};
    /// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern, SizingOutcome};
    /// let series = MemoryPattern::CacheFill.series(7, 21);
    /// let mut outcome = SizingOutcome::default();
    /// ContainerPlant::new(&series, ContainerConfig::default())?
    ///     .run(&mut Vpa::new(VpaConfig::default())?, &mut outcome);
    /// assert!(outcome.memory.violation_share() < 0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<S, R>(&self, sizer: &mut S, recorder: &mut R)
    where
        S: Sizer<Observation = ContainerObservation, Decision = VerticalDecision> + ?Sized,
        R: ContainerRecorder + ?Sized,
    {
        let mut decision = VerticalDecision::default();
        let mut request = self.config.request;
        // Since when it runs; later than now while it starts.
        let mut since = self.series.start;
        let tick = self.tick();
        let mut now = self.series.start;
        for index in 0..self.ticks() {
            let step = index / self.ticks_a_step as usize;
            let begun = now;
            // From the step's start, so that nothing adds up over the ticks.
            let in_step = u32::try_from(index % self.ticks_a_step as usize).unwrap_or(0) + 1;
            let steps = u32::try_from(step).unwrap_or(u32::MAX);
            now = self.series.start
                + self.series.step.saturating_mul(steps)
                + self.series.step.saturating_mul(in_step) / self.ticks_a_step;
            let runs = since <= begun;
            let usage = |resource| self.series.value(resource, step).filter(|_| runs);
            let (cpu_cores, memory_bytes) = (usage(Resource::Cpu), usage(Resource::Memory));
            let limit = request.memory_bytes.map(|bytes| bytes as f64);
            let killed = memory_bytes
                .zip(limit)
                .is_some_and(|(usage, limit)| usage > limit);

            let mut seen = ContainerObservation::new(request);
            seen.cpu_cores = cpu_cores;
            seen.memory_bytes = memory_bytes.map(|bytes| bytes.min(limit.unwrap_or(f64::MAX)));
            if killed {
                seen.oom = Some(OomKill {
                    request_bytes: request.memory_bytes.unwrap_or(0),
                    lived_s: (now - since).as_secs_f64(),
                });
                since = now + self.config.restart_downtime;
            }
            seen.running_s = Some(now.saturating_sub(since).as_secs_f64());
            sizer.decide_into(now, &seen, &mut decision);

            let (next, event) = self.carry_out(&request, &decision);
            if event == Event::Recreated {
                since = now + self.config.restart_downtime;
            }
            recorder.record(&ContainerTick {
                index,
                scored: begun - self.series.start >= self.config.warm_up,
                seconds: tick.as_secs_f64(),
                cpu_cores,
                memory_bytes,
                requested: request,
                killed,
                event,
                decision: &decision,
            });
            request = next;
        }
    }

    /// The request from the next tick on. What had none is given the target in any case.
    fn carry_out(&self, held: &Resources, decision: &VerticalDecision) -> (Resources, Event) {
        let mut next = *held;
        let (mut changed, mut shrinks) = (false, false);
        for resource in Resource::ALL {
            let Some(target) = decision.target.get(resource) else {
                continue;
            };
            match held.get(resource) {
                Some(request) if decision.update && request != target => {
                    changed = true;
                    shrinks |= resource == Resource::Memory && target < request;
                }
                Some(_) => continue,
                None => {}
            }
            next.set(resource, Some(target));
        }
        let event = match self.config.update_mode {
            _ if !changed => Event::Unchanged,
            UpdateMode::InPlace => Event::Resized,
            UpdateMode::InPlaceOrRecreate if !shrinks => Event::Resized,
            _ => Event::Recreated,
        };
        (next, event)
    }
}
