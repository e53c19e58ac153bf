use autoscale_core::{Resource, VerticalReason};

use super::plant::{ContainerPlant, ContainerRecorder, ContainerTick};

/// A replay condensed to a fixed number of columns, for plots.
///
/// ```
/// use autoscale_core::{Vpa, VpaConfig};
/// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern, SizingTimeline};
/// let series = MemoryPattern::Daily.series(1, 7);
/// let plant = ContainerPlant::new(&series, ContainerConfig::default())?;
/// let mut timeline = SizingTimeline::new(&plant, 100);
/// plant.run(&mut Vpa::new(VpaConfig::default())?, &mut timeline);
/// assert_eq!(timeline.columns.len(), 100);
/// assert!(timeline.columns.iter().all(|column| column.memory.most > 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SizingTimeline {
    ticks_a_column: usize,
    /// In the order of time.
    pub columns: Vec<SizingColumn>,
}

/// Some ticks of a [`SizingTimeline`].
///
/// ```
/// assert_eq!(plimsoll_sim::vertical::SizingColumn::default().restarts, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct SizingColumn {
    /// Index of its first tick.
    pub first_tick: usize,
    /// How many ticks it stands for.
    pub ticks: u32,
    /// CPU, in cores.
    pub cpu: UsageColumn,
    /// Memory, in bytes.
    pub memory: UsageColumn,
    /// Times that the container was started anew.
    pub restarts: u32,
    /// Reasons of the decisions, each with the number of its ticks.
    pub reasons: Vec<(VerticalReason, u32)>,
}

/// One resource in a [`SizingColumn`], in cores or bytes.
///
/// ```
/// assert_eq!(plimsoll_sim::vertical::UsageColumn::default().samples, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct UsageColumn {
    /// Ticks with a sample; where there are none the next three are 0.
    pub samples: u32,
    /// Least use.
    pub least: f64,
    /// Mean use.
    pub mean: f64,
    /// Most use.
    pub most: f64,
    /// Least and most request; 0 where there is none.
    pub request: (f64, f64),
    /// Ticks with use above the request.
    pub violations: u32,
}

impl SizingTimeline {
    /// A timeline of at most `columns` columns.
    ///
    /// ```
    /// use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern, SizingTimeline};
    /// let series = MemoryPattern::Leak.series(1, 1);
    /// let plant = ContainerPlant::new(&series, ContainerConfig::default())?;
    /// assert!(SizingTimeline::new(&plant, 50).columns.is_empty()); // before the run
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn new(plant: &ContainerPlant<'_>, columns: usize) -> Self {
        let ticks = plant.ticks();
        Self {
            ticks_a_column: ticks.div_ceil(columns.max(1)).max(1),
            columns: Vec::with_capacity(columns.min(ticks)),
        }
    }
}

impl UsageColumn {
    fn add(&mut self, tick: &ContainerTick<'_>, resource: Resource, first: bool) {
        let request = tick.request(resource).unwrap_or(0.0);
        self.request = if first {
            (request, request)
        } else {
            (self.request.0.min(request), self.request.1.max(request))
        };
        self.violations += u32::from(tick.violated(resource));
        let Some(usage) = tick.usage(resource) else {
            return;
        };
        self.samples += 1;
        if self.samples == 1 {
            (self.least, self.most) = (usage, usage);
        }
        self.least = self.least.min(usage);
        self.most = self.most.max(usage);
        self.mean += (usage - self.mean) / f64::from(self.samples);
    }
}

impl ContainerRecorder for SizingTimeline {
    fn record(&mut self, tick: &ContainerTick<'_>) {
        let first = tick.index.is_multiple_of(self.ticks_a_column);
        if first {
            self.columns.push(SizingColumn {
                first_tick: tick.index,
                ..SizingColumn::default()
            });
        }
        let Some(column) = self.columns.last_mut() else {
            return;
        };
        column.ticks += 1;
        column.cpu.add(tick, Resource::Cpu, first);
        column.memory.add(tick, Resource::Memory, first);
        column.restarts += tick.restarts();
        let reason = tick.decision.reason;
        match column.reasons.iter_mut().find(|(r, _)| *r == reason) {
            Some((_, ticks)) => *ticks += 1,
            None => column.reasons.push((reason, 1)),
        }
    }
}
