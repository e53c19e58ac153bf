//! A replay condensed to a fixed number of columns, for plots.

use autoscale_core::Reason;

use crate::Demand;
use crate::outcome::Tick;
use crate::plant::Recorder;

/// A replay condensed to columns of equally many ticks.
#[derive(Clone, Debug)]
pub struct Timeline {
    ticks_a_column: usize,
    from: usize,
    /// The columns, oldest first.
    pub columns: Vec<Column>,
}

/// Some ticks in a row.
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
    #[must_use]
    pub fn new(demand: &Demand, columns: usize) -> Self {
        let scored = demand.load.len() - demand.scored_from;
        Self {
            ticks_a_column: scored.div_ceil(columns.max(1)).max(1),
            from: demand.scored_from,
            columns: Vec::with_capacity(columns),
        }
    }
}

impl Recorder for Timeline {
    fn record(&mut self, tick: &Tick<'_>) {
        if !tick.scored {
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
