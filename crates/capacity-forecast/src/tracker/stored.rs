//! A tracker as stored data; read back, its parts are checked against each other.

use core::time::Duration;

use super::correction::Correction;
use super::{State, Tracker, TrackerConfig};
use crate::duration;
use crate::error::ForecastError;
use crate::event::Effect;
use crate::plan::{Calibration, Interval, MemberShare, Model, Plan};
use crate::pool::Pooled;
use crate::season::SeasonReport;
use crate::series::{Repairs, Series};
use crate::trend::CycleLevels;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    config: TrackerConfig,
    series: Series,
    plan: StoredPlan,
    window: usize,
    #[serde(with = "duration")]
    horizon: Duration,
    #[serde(with = "duration")]
    max_age: Duration,
    correction: Correction,
    settled: State,
    current: State,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPlan {
    #[serde(with = "duration")]
    now: Duration,
    #[serde(with = "duration")]
    first: Duration,
    #[serde(with = "duration")]
    newest: Duration,
    current: f64,
    coverage: f64,
    repairs: Repairs,
    seasons: SeasonReport,
    intervals: Vec<Interval>,
    members: Vec<MemberShare>,
    calibration: Option<Calibration>,
    pooled: Pooled,
    effects: Vec<Effect>,
    /// Absent where there is no bound.
    lower: Option<f64>,
    upper: Option<f64>,
    #[serde(with = "crate::gaps")]
    before: Vec<f64>,
}

impl From<Tracker> for Stored {
    fn from(tracker: Tracker) -> Self {
        let Plan { model, .. } = tracker.plan;
        let bound = |bound: f64| Some(bound).filter(|bound| bound.is_finite());
        Self {
            config: tracker.config,
            series: tracker.series,
            plan: StoredPlan {
                now: tracker.plan.now,
                first: tracker.plan.first,
                newest: tracker.plan.newest,
                current: tracker.plan.current,
                coverage: tracker.plan.coverage,
                repairs: tracker.plan.repairs,
                seasons: tracker.plan.seasons,
                intervals: tracker.plan.intervals,
                members: tracker.plan.members,
                calibration: tracker.plan.calibration,
                pooled: model.pooled,
                effects: model.effects,
                lower: bound(model.lower),
                upper: bound(model.upper),
                before: model.newest,
            },
            window: tracker.window,
            horizon: tracker.horizon,
            max_age: tracker.max_age,
            correction: tracker.correction,
            settled: tracker.settled,
            current: tracker.current,
        }
    }
}

impl TryFrom<Stored> for Tracker {
    type Error = ForecastError;

    fn try_from(stored: Stored) -> Result<Self, ForecastError> {
        stored.config.check()?;
        let plan = stored.plan;
        let steps = plan.pooled.point.len();
        let levels = plan.intervals.len();
        let state = |state: &State| {
            state.errors.is_sound()
                && state.alphas.len() == levels
                && state.alphas.iter().all(|alpha| alpha.is_finite())
        };
        let checks = [
            ("plan.pooled", plan.pooled.is_sound()),
            ("window", (1..=steps).contains(&stored.window)),
            (
                "plan.effects",
                plan.effects.is_empty() || plan.effects.len() == steps,
            ),
            (
                "plan.intervals",
                plan.intervals.iter().all(|interval| {
                    let ends = (interval.lower.len(), interval.upper.len());
                    ends == (steps, steps) && interval.level > 0.0 && interval.level < 1.0
                }),
            ),
            (
                "plan.upper",
                plan.lower.unwrap_or(f64::MIN) < plan.upper.unwrap_or(f64::MAX),
            ),
            (
                "plan.first",
                stored
                    .series
                    .time(0)
                    .is_some_and(|first| first <= plan.first),
            ),
            ("correction", stored.correction.is_sound()),
            ("settled", state(&stored.settled)),
            ("current", state(&stored.current)),
            (
                "current.steps",
                stored.settled.steps <= stored.current.steps
                    && u32::try_from(stored.current.steps).is_ok(),
            ),
        ];
        if let Some((field, _)) = checks.iter().find(|(_, sound)| !sound) {
            let what = (*field).to_owned();
            return Err(ForecastError::Inconsistent { what });
        }
        let model = Model {
            pooled: plan.pooled,
            effects: plan.effects,
            lower: plan.lower.unwrap_or(f64::NEG_INFINITY),
            upper: plan.upper.unwrap_or(f64::INFINITY),
            newest: plan.before,
            cycles: CycleLevels::default(),
            sampling: stored.series.sampling(),
        };
        Ok(Self {
            plan: Plan {
                now: plan.now,
                first: plan.first,
                step: stored.series.step(),
                newest: plan.newest,
                current: plan.current,
                coverage: plan.coverage,
                repairs: plan.repairs,
                seasons: plan.seasons,
                point: model.point(),
                intervals: plan.intervals,
                members: plan.members,
                calibration: plan.calibration,
                model,
            },
            config: stored.config,
            series: stored.series,
            window: stored.window,
            horizon: stored.horizon,
            max_age: stored.max_age,
            correction: stored.correction,
            settled: stored.settled,
            current: stored.current,
        })
    }
}
