//! Every member's forecast from every origin.

use super::task::Task;
use core::slice::ChunksExactMut;

/// A member of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Member {
    /// The last cycle of the short season again (seasonal naive).
    LastCycle,
    /// Median of its last 7 cycles.
    MedianCycle,
    /// The same, raised to the present level, which fades.
    MedianCycleLevel,
    /// The same, times how much larger the last cycle was.
    MedianCycleRatio,
    /// Median of the last 4 cycles of the long season.
    LongMedianCycle,
    /// Weighted mean of its last 8 cycles.
    LongWeightedCycle,
    /// The same, raised to the present level, which fades.
    LongWeightedCycleLevel,
    /// The last cycle of a period found in the data.
    PeriodLastCycle,
    /// Median of its last 5 cycles, raised to the present level.
    PeriodMedianCycle,
    /// The same, growing from cycle to cycle as it did.
    PeriodGrowingCycle,
    /// A saw-tooth: the present tooth, and usual ones after it.
    Teeth,
    /// Simple exponential smoothing.
    Smoothing,
    /// The last value again.
    Naive,
    /// Autoregression, by number.
    Autoregression(u8),
    /// Theil–Sen trend of cycle means where Mann–Kendall finds one, and a median cycle.
    Trend,
    /// Logistic growth of cycle means to the declared upper bound, and a median cycle.
    CappedTrend,
    /// Theta: smoothing of the deseasonalised values and half the trend.
    Theta,
    /// A caller's own member, by place.
    Custom(u16),
}

/// Rows of `horizon` values, one an origin, of each member.
#[derive(Debug)]
pub(crate) struct Forecasts {
    horizon: usize,
    rows: usize,
    pub(crate) members: Vec<Member>,
    values: Vec<f64>,
}

impl Forecasts {
    pub(crate) fn new(task: &Task<'_>) -> Self {
        Self {
            horizon: task.horizon,
            rows: task.origins.len(),
            members: Vec::with_capacity(20),
            values: Vec::with_capacity(20 * task.origins.len() * task.horizon),
        }
    }

    /// Adds members; `write` gets the rows of each.
    pub(crate) fn add<const N: usize>(
        &mut self,
        members: [Member; N],
        write: impl FnOnce([ChunksExactMut<'_, f64>; N]),
    ) {
        let size = self.horizon * self.rows;
        let start = self.values.len();
        self.values.resize(start + N * size, 0.0);
        self.members.extend(members);
        let mut rest = self.values.get_mut(start..).unwrap_or_default();
        write([(); N].map(|()| {
            let (rows, others) = core::mem::take(&mut rest)
                .split_at_mut_checked(size)
                .unwrap_or_default();
            rest = others;
            rows.chunks_exact_mut(self.horizon)
        }));
    }

    /// Brings every value into its range.
    pub(crate) fn tame(&mut self, task: &Task<'_>) {
        for value in &mut self.values {
            *value = task.tame(*value);
        }
    }

    /// A member's rows.
    pub(crate) fn rows(&self, member: usize) -> &[f64] {
        let size = self.horizon * self.rows;
        crate::numeric::part(&self.values, member * size, (member + 1) * size)
    }

    /// A member's forecast from one origin.
    pub(crate) fn row(&self, member: usize, origin: usize) -> &[f64] {
        let start = (member * self.rows + origin) * self.horizon;
        crate::numeric::part(&self.values, start, start + self.horizon)
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }
}
