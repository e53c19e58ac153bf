use autoscale_core::Resource;

use super::plant::{ContainerRecorder, ContainerTick, Event};

/// What became of one resource. Only time with a sample and a request counts.
///
/// ```
/// use plimsoll_sim::vertical::ResourceOutcome;
/// let mut cpu = ResourceOutcome::default();
/// cpu.add(0.5, 2.0, 60.0);
/// cpu.add(1.5, 1.0, 60.0);
/// assert_eq!((cpu.slack(), cpu.violation_share()), (0.75, 0.5));
/// assert_eq!((cpu.mean_request(), cpu.mean_usage()), (1.5, 1.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct ResourceOutcome {
    /// Time that counts, in seconds.
    pub seconds: f64,
    /// Time with use above the request, in seconds.
    pub violation_s: f64,
    /// Use × time, in core- or byte-seconds.
    pub usage_s: f64,
    /// Request × time, in core- or byte-seconds.
    pub request_s: f64,
    /// What was requested beyond the use × time, in core- or byte-seconds.
    pub slack_s: f64,
}

impl ResourceOutcome {
    /// Adds `seconds` with this use and this request, both in cores or bytes.
    ///
    /// ```
    /// let mut memory = plimsoll_sim::vertical::ResourceOutcome::default();
    /// memory.add(1e9, 2e9, 60.0);
    /// assert_eq!((memory.seconds, memory.slack()), (60.0, 1.0));
    /// ```
    pub fn add(&mut self, usage: f64, request: f64, seconds: f64) {
        self.seconds += seconds;
        self.usage_s += usage * seconds;
        self.request_s += request * seconds;
        self.slack_s += (request - usage).max(0.0) * seconds;
        if usage > request {
            self.violation_s += seconds;
        }
    }

    /// What was requested in vain, as a share of the use: 0.5 for one and a half times the use.
    ///
    /// ```
    /// let mut cpu = plimsoll_sim::vertical::ResourceOutcome::default();
    /// assert_eq!(cpu.slack(), 0.0);
    /// cpu.add(2.0, 3.0, 60.0);
    /// assert_eq!(cpu.slack(), 0.5);
    /// ```
    #[must_use]
    pub fn slack(&self) -> f64 {
        share(self.slack_s, self.usage_s)
    }

    /// Share of the time with use above the request.
    ///
    /// ```
    /// let mut cpu = plimsoll_sim::vertical::ResourceOutcome::default();
    /// cpu.add(2.0, 1.0, 60.0);
    /// assert_eq!(cpu.violation_share(), 1.0);
    /// ```
    #[must_use]
    pub fn violation_share(&self) -> f64 {
        share(self.violation_s, self.seconds)
    }

    /// Mean request, in cores or bytes.
    ///
    /// ```
    /// let mut cpu = plimsoll_sim::vertical::ResourceOutcome::default();
    /// cpu.add(2.0, 4.0, 60.0);
    /// assert_eq!(cpu.mean_request(), 4.0);
    /// ```
    #[must_use]
    pub fn mean_request(&self) -> f64 {
        share(self.request_s, self.seconds)
    }

    /// Mean use, in cores or bytes.
    ///
    /// ```
    /// let mut cpu = plimsoll_sim::vertical::ResourceOutcome::default();
    /// cpu.add(2.0, 4.0, 60.0);
    /// assert_eq!(cpu.mean_usage(), 2.0);
    /// ```
    #[must_use]
    pub fn mean_usage(&self) -> f64 {
        share(self.usage_s, self.seconds)
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Every figure of a replay.
///
/// ```
/// use autoscale_core::{Resources, Vpa, VpaConfig};
/// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern, SizingOutcome};
/// let series = MemoryPattern::Daily.series(1, 21);
/// let mut outcome = SizingOutcome::default();
/// ContainerPlant::new(&series, ContainerConfig::default())?
///     .run(&mut Vpa::new(VpaConfig::default())?, &mut outcome);
/// assert!(outcome.memory.slack() > 0.3);
/// assert_eq!(outcome.restarts, outcome.resizes + outcome.oom_kills);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct SizingOutcome {
    /// CPU, in cores.
    pub cpu: ResourceOutcome,
    /// Memory, in bytes.
    pub memory: ResourceOutcome,
    /// Times that the container was started anew: kills, and resizes that were not in place.
    pub restarts: u64,
    /// Changes of the request.
    pub resizes: u64,
    /// Kills for want of memory.
    pub oom_kills: u64,
    /// Time that counts, in seconds.
    pub seconds: f64,
}

impl SizingOutcome {
    /// What became of one resource.
    ///
    /// ```
    /// use autoscale_core::Resource;
    /// let outcome = plimsoll_sim::vertical::SizingOutcome::default();
    /// assert_eq!(outcome.resource(Resource::Cpu), &outcome.cpu);
    /// ```
    #[must_use]
    pub const fn resource(&self, resource: Resource) -> &ResourceOutcome {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
        }
    }

    /// Restarts a day.
    ///
    /// ```
    /// let mut outcome = plimsoll_sim::vertical::SizingOutcome::default();
    /// (outcome.restarts, outcome.seconds) = (3, 43_200.0);
    /// assert_eq!(outcome.restarts_per_day(), 6.0);
    /// ```
    #[must_use]
    pub fn restarts_per_day(&self) -> f64 {
        share(self.restarts as f64, self.seconds / 86_400.0)
    }
}

impl ContainerRecorder for SizingOutcome {
    fn record(&mut self, tick: &ContainerTick<'_>) {
        if !tick.scored {
            return;
        }
        self.seconds += tick.seconds;
        for resource in Resource::ALL {
            if let (Some(usage), Some(request)) = (tick.usage(resource), tick.request(resource)) {
                let outcome = match resource {
                    Resource::Cpu => &mut self.cpu,
                    Resource::Memory => &mut self.memory,
                };
                outcome.add(usage, request, tick.seconds);
            }
        }
        self.restarts += u64::from(tick.restarts());
        self.oom_kills += u64::from(tick.killed);
        self.resizes += u64::from(tick.event != Event::Unchanged);
    }
}
