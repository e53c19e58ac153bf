//! Members of the caller's own.

use super::forecasts::{Forecasts, Member};
use super::task::Task;
use crate::forecaster::{Forecaster, History};
use crate::numeric::{part, tail};

/// Adds them. `given`: the history in its own unit; where a member has no forecast, the last cycle
/// is repeated.
pub(super) fn members(
    task: &Task<'_>,
    given: &[f64],
    unit: f64,
    seasons: &[usize],
    custom: &[Box<dyn Forecaster>],
    forecasts: &mut Forecasts,
) {
    let Ok(history) = History::new(given, task.observed, seasons) else {
        return;
    };
    let horizon = task.horizon;
    let mut rows = vec![0.0; task.origins.len() * horizon];
    let mut done = vec![false; task.origins.len()];
    for (number, member) in (0..).zip(custom) {
        member.forecast_each(&history, &task.origins, horizon, &mut rows, &mut done);
        forecasts.add([Member::Custom(number)], |[out]| {
            let given = rows.chunks_exact(horizon).zip(&done).zip(&task.origins);
            for (out, ((row, done), origin)) in out.zip(given) {
                let cycle = tail(part(task.values, 0, *origin), task.season);
                let repeated = cycle.iter().cycle();
                for (out, (value, repeated)) in out.iter_mut().zip(row.iter().zip(repeated)) {
                    let value = value / unit;
                    *out = if *done && value.is_finite() {
                        value
                    } else {
                        *repeated
                    };
                }
            }
        });
    }
}
