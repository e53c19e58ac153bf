//! A period that the seasons do not explain, from the autocorrelation of what they leave:
//! retention, compaction, garbage collection.

use super::task::Task;
use crate::numeric::{at, count_f64, dot, line, part, tail};

/// Fewer values are not searched, and no more than this many are.
const FEWEST: usize = 120;
const MOST: usize = 1008;
/// Seasons longer than this leave no room for a period of steps.
const LONGEST_SEASON: usize = 48;
const LONGEST_PERIOD: usize = 400;
const SHORTEST_PERIOD: usize = 3;
/// Least autocorrelation, and rise of it above the least one of any shorter lag.
const LEAST: f64 = 0.25;
/// A longer period must be this much better.
const BETTER: f64 = 1.1;

/// Length of the period, if there is one. O(n × 400).
pub(super) fn detect(task: &Task<'_>) -> Option<usize> {
    let (season, long) = (task.season, task.long);
    if task.values.len() < FEWEST || season > LONGEST_SEASON {
        return None;
    }
    let mut rest = tail(task.values, MOST).to_vec();
    let (intercept, slope) = line(&rest);
    for (index, value) in rest.iter_mut().enumerate() {
        *value -= intercept + slope * count_f64(index);
    }
    if season > 1 {
        remove_means(&mut rest, season, 1);
        if long > 0 {
            remove_means(&mut rest, long / season, season);
        }
    }
    let count = rest.len();
    let power = rest.iter().map(|v| v * v).sum::<f64>() / count_f64(count) + 1e-300;
    let shortest = if season > 1 {
        season / 2
    } else {
        SHORTEST_PERIOD
    };
    let longest = (count / 3).min(LONGEST_PERIOD);
    let correlation: Vec<f64> = (0..=longest + 1)
        .map(|lag| {
            if lag == 0 || lag >= count {
                return 0.0;
            }
            dot(part(&rest, lag, count), &rest) / (count_f64(count - lag) * power)
        })
        .collect();
    let (mut least, mut best, mut found) = (1.0_f64, 0.0, None);
    for lag in 1..=longest {
        let present = at(&correlation, lag);
        least = least.min(present);
        let peak = present >= at(&correlation, lag - 1) && present >= at(&correlation, lag + 1);
        let strong = present > LEAST && present - least > LEAST && present > best * BETTER;
        if lag > shortest && peak && strong && !is_seasonal(lag, season, long) {
            (best, found) = (present, Some(lag));
        }
    }
    found
}

/// Whether a lag is a multiple of a season, give or take a step. Several days that are not a week
/// are a period where both seasons are known.
fn is_seasonal(lag: usize, season: usize, long: usize) -> bool {
    let near =
        |length: usize| length > 1 && lag.abs_diff((lag + length / 2) / length * length) <= 1;
    let days = long > 0 && lag.is_multiple_of(season) && lag != season && !lag.is_multiple_of(long);
    (near(season) && !days) || near(long)
}

/// Takes the mean of each class off: steps `0..width` are the first class, and so on, cyclic.
fn remove_means(values: &mut [f64], classes: usize, width: usize) {
    let mut sums = vec![(0.0, 0.0); classes];
    for (chunk, class) in values.chunks(width).zip((0..classes).cycle()) {
        if let Some((sum, count)) = sums.get_mut(class) {
            *sum += chunk.iter().sum::<f64>();
            *count += count_f64(chunk.len());
        }
    }
    for (chunk, (sum, count)) in values.chunks_mut(width).zip(sums.iter().cycle()) {
        for value in chunk {
            *value -= sum / count.max(1.0);
        }
    }
}
