//! The answer: the capacity report, and the curves that it comes from.

use std::time::Duration;

use capacity_forecast::{Breach, CapacityForecast, Interval, Plan, Repairs, Series, UrgencyConfig};
use serde::Serialize;

use super::events::Planned;
use super::verdict;

/// Horizons of history that are shown.
const SHOWN: u32 = 2;
/// History is shown for at least so many steps.
const FEWEST: usize = 48;

/// What a run of the command comes to.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The file.
    pub(super) series: String,
    /// Reproduces it.
    pub(super) command: String,
    /// The moment that it forecasts from, in seconds since the epoch.
    pub(super) now_s: f64,
    /// What is most pressing, in one sentence.
    pub(super) verdict: String,
    #[serde(flatten)]
    pub(super) report: capacity_forecast::Report,
    /// One for each forecast, in the same order.
    pub(super) curves: Vec<Curve>,
    pub(super) events: Vec<Event>,
    /// Lines of the file that are later than the moment asked for.
    pub(super) later_lines: usize,
}

/// What a metric was, what is expected of it, and how probable its limit is.
#[derive(Debug, Serialize)]
pub(super) struct Curve {
    pub(super) metric: String,
    /// What is to be said about it.
    pub(super) verdict: String,
    /// Until when a remedy must have begun so that the limit is reached before it helps with a
    /// probability of less than that of high urgency; `null` where that is beyond the horizon.
    pub(super) act_by_s: Option<f64>,
    /// The moment that it forecasts from.
    #[serde(skip)]
    pub(super) now_s: f64,
    pub(super) step_s: f64,
    /// What several values of a step became.
    pub(super) bins: &'static str,
    /// Time of the first value of the history shown.
    pub(super) history_start_s: f64,
    /// `null` where nothing was recorded.
    pub(super) history: Vec<Option<f64>>,
    /// Time of the first step ahead.
    pub(super) forecast_start_s: f64,
    pub(super) point: Vec<f64>,
    pub(super) intervals: Vec<Interval>,
    /// P(limit reached by this step).
    pub(super) probability: Vec<f64>,
    pub(super) seasons_s: Vec<f64>,
    /// Seasons that were asked for and were not seen twice.
    pub(super) seasons_left_out_s: Vec<f64>,
    pub(super) repairs: Repairs,
}

/// A planned event as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) metric: Option<String>,
    /// Begin and end of each time, in seconds since the epoch; `null`: it stays.
    pub(super) times_s: Vec<(f64, Option<f64>)>,
}

impl Event {
    pub(super) fn new(planned: &Planned) -> Self {
        let event = &planned.event;
        let length = event.end.map(|end| end.saturating_sub(event.start));
        let starts = std::iter::once(&event.start).chain(&event.repeats);
        let time = |start: &Duration| {
            let end = length.map(|length| start.saturating_add(length).as_secs_f64());
            (start.as_secs_f64(), end)
        };
        Self {
            name: event.name.clone(),
            metric: planned.metric.clone(),
            times_s: starts.map(time).collect(),
        }
    }
}

impl Curve {
    pub(super) fn new(
        forecast: &CapacityForecast,
        plan: &Plan,
        breach: &Breach,
        series: &Series,
        bins: &'static str,
        asked: &[Duration],
    ) -> Self {
        let step = plan.step.as_secs_f64();
        let wanted = plan.horizon().saturating_mul(SHOWN).as_secs_f64() / step.max(1e-9);
        let shown = series.tail((wanted as usize).max(FEWEST));
        let history = shown.values().iter();
        let until = breach.quantile(UrgencyConfig::default().high);
        let act_by = until.map(|until| {
            let left = until.saturating_sub(forecast.urgency.lead_time);
            plan.now.saturating_add(left)
        });
        Self {
            metric: forecast.metric.clone(),
            verdict: verdict::sentence(forecast, act_by, plan.now),
            act_by_s: act_by.map(|at| at.as_secs_f64()),
            now_s: plan.now.as_secs_f64(),
            step_s: step,
            bins,
            history_start_s: shown.start().as_secs_f64(),
            history: history.map(|v| Some(*v).filter(|v| !v.is_nan())).collect(),
            forecast_start_s: plan.first.as_secs_f64(),
            point: plan.point.clone(),
            intervals: plan.intervals.clone(),
            probability: breach.probability.clone(),
            seasons_s: plan
                .seasons
                .lengths()
                .iter()
                .map(|steps| *steps as f64 * step)
                .collect(),
            seasons_left_out_s: asked
                .iter()
                .map(Duration::as_secs_f64)
                .filter(|asked| {
                    let used = plan.seasons.lengths();
                    let mut used = used.iter().map(|steps| *steps as f64 * step);
                    !used.any(|used| (used - asked).abs() < 0.5 * step)
                })
                .collect(),
            repairs: plan.repairs,
        }
    }
}
