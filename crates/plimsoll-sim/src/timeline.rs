//! A replay condensed to a fixed number of columns, for plots.

use autoscale_core::Reason;

use crate::Demand;
use crate::outcome::Tick;
use crate::plant::Recorder;

/// A replay condensed to columns of equally many ticks.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Timeline};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut timeline = Timeline::new(&demand, 4);
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut timeline);
/// let bad: Vec<u32> = timeline.columns.iter().map(|column| column.bad_ticks).collect();
/// assert_eq!(bad, [0, 0, 1, 1]);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    ticks_a_column: usize,
    from: usize,
    to: usize,
    /// The columns, oldest first.
    pub columns: Vec<Column>,
}

/// Some ticks in a row.
///
/// ```
/// use autoscale_core::{Fixed, Reason};
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Timeline};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut timeline = Timeline::new(&demand, 1);
/// Plant::new(&demand, PlantConfig::default())?.run(&mut Fixed(4), &[], &mut timeline);
/// let column = &timeline.columns[0];
/// assert_eq!((column.ticks, column.needed), (8, (2, 4.0, 6)));
/// assert_eq!(column.reasons, [(Reason::Fixed, 8)]);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// First tick.
    pub first_tick: usize,
    /// Ticks.
    pub ticks: u32,
    /// Smallest, mean and largest need of replicas.
    pub needed: (u32, f64, u32),
    /// Smallest, mean and largest number of serving replicas.
    pub serving: (u32, f64, u32),
    /// Mean of the replicas that are paid for.
    pub billed: f64,
    /// Ticks with too few replicas.
    pub bad_ticks: u32,
    /// How many ticks each reason had the last word.
    pub reasons: Vec<(Reason, u32)>,
}

impl Timeline {
    /// A timeline of at most `columns` columns of the part of a demand that counts.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Timeline};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut timeline = Timeline::new(&demand, 3); // 8 ticks by 3 at most
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// plant.run(&mut autoscale_core::Fixed(4), &[], &mut timeline);
    /// let ticks: Vec<u32> = timeline.columns.iter().map(|column| column.ticks).collect();
    /// assert_eq!(ticks, [3, 3, 2]);
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn new(demand: &Demand, columns: usize) -> Self {
        Self::part(demand.scored_from..demand.load.len(), columns)
    }

    /// A timeline of at most `columns` columns of some ticks of a demand.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Timeline};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut second_half = Timeline::part(4..8, 4);
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// plant.run(&mut autoscale_core::Fixed(4), &[], &mut second_half);
    /// let bad: Vec<u32> = second_half.columns.iter().map(|column| column.bad_ticks).collect();
    /// assert_eq!(bad, [0, 1, 1, 0]);
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn part(ticks: core::ops::Range<usize>, columns: usize) -> Self {
        Self {
            ticks_a_column: ticks.len().div_ceil(columns.max(1)).max(1),
            from: ticks.start,
            to: ticks.end,
            columns: Vec::with_capacity(columns.min(ticks.len())),
        }
    }

    /// The `length` ticks around the column with the most ticks with too few replicas, or around the
    /// largest need where there are none; `None` where the timeline shows that much detail anyway.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, Timeline};
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let mut timeline = Timeline::new(&demand, 4); // by two ticks
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// plant.run(&mut autoscale_core::Fixed(4), &[], &mut timeline);
    /// assert_eq!(timeline.worst(2), Some(4..6)); // the first column with too few
    /// assert_eq!(timeline.worst(4), None); // half of it would hardly be closer
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn worst(&self, length: usize) -> Option<core::ops::Range<usize>> {
        let close_enough = self.ticks_a_column == 1 || self.to - self.from <= 2 * length;
        let worst = self
            .columns
            .iter()
            .rev()
            .max_by_key(|c| (c.bad_ticks, c.needed.2))?;
        if close_enough {
            return None;
        }
        let middle = worst.first_tick + worst.ticks as usize / 2;
        let from = middle
            .saturating_sub(length / 2)
            .clamp(self.from, self.to - length);
        Some(from..from + length)
    }
}

impl Recorder for Timeline {
    fn record(&mut self, tick: &Tick<'_>) {
        if !(self.from..self.to).contains(&tick.index) {
            return;
        }
        let needed = Demand::replicas_for(tick.load);
        if (tick.index - self.from).is_multiple_of(self.ticks_a_column) {
            self.columns.push(Column {
                first_tick: tick.index,
                needed: (needed, 0.0, needed),
                serving: (tick.serving, 0.0, tick.serving),
                ..Column::default()
            });
        }
        let Some(column) = self.columns.last_mut() else {
            return;
        };
        column.ticks += 1;
        let weight = 1.0 / f64::from(column.ticks);
        let add = |range: &mut (u32, f64, u32), value: u32| {
            range.0 = range.0.min(value);
            range.1 += (f64::from(value) - range.1) * weight;
            range.2 = range.2.max(value);
        };
        add(&mut column.needed, needed);
        add(&mut column.serving, tick.serving);
        column.billed += (tick.billed as f64 - column.billed) * weight;
        column.bad_ticks += u32::from(tick.serving < needed);
        let reason = tick.decision.reason;
        match column.reasons.iter_mut().find(|(r, _)| *r == reason) {
            Some((_, ticks)) => *ticks += 1,
            None => column.reasons.push((reason, 1)),
        }
    }
}
