//! Levels of a series' cycles: what a trend is tested on, since their seasons are gone and they follow
//! each other less closely than samples do.

use crate::numeric::{median, part};

/// Cycles at most: the newest. Keeps Theil–Sen's pairs below 1800.
const CYCLES: usize = 60;
/// Cycles of a long season from which on it is taken rather than a shorter one: five values in order
/// are the fewest that are significant, a little room for one that is not.
const ENOUGH: usize = 7;

/// Medians of the newest cycles, in time order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CycleLevels {
    /// Steps of a cycle.
    pub(crate) steps: usize,
    /// One a cycle, the last of which ends with the series; NaN where less than half was observed.
    pub(crate) medians: Vec<f64>,
}

impl CycleLevels {
    /// Of the longest of the `seasons` that was seen often enough, else of the shortest; without one of
    /// equal parts, as many as are used.
    pub(crate) fn new(values: &[f64], seasons: &[usize]) -> Self {
        let count = values.len();
        let long = seasons
            .iter()
            .rev()
            .find(|season| count / **season >= ENOUGH);
        let steps = match long.or(seasons.first()) {
            Some(season) => (*season).max(1),
            None => count.div_ceil(CYCLES).max(1),
        };
        let cycles = (count / steps).min(CYCLES);
        let newest = part(values, count - cycles * steps, count);
        let mut seen = Vec::with_capacity(steps);
        let level = |cycle: &[f64]| {
            seen.clear();
            seen.extend(cycle.iter().filter(|value| !value.is_nan()));
            if 2 * seen.len() < cycle.len() {
                f64::NAN
            } else {
                median(&mut seen)
            }
        };
        Self {
            steps,
            medians: newest.chunks_exact(steps).map(level).collect(),
        }
    }
}
