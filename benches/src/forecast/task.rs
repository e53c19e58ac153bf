//! Forecast tasks and answers, one JSON line each, as `forecast_peers.sh` passes them around.

use std::time::{Duration, Instant};

use capacity_forecast::{Limit, Planner, PlannerConfig, Seasons, Series};
use cpu_time::ThreadTime;
use serde::{Deserialize, Serialize};

use super::peer::{AutoEts, Mstl};

/// A history to forecast.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// What the answer is known by.
    pub key: String,
    /// Steps ahead.
    pub h: usize,
    /// Seasons in steps, shortest first; `[1]` = none.
    pub m: Vec<usize>,
    /// The history with gaps filled, for models that need it.
    pub y: Vec<f64>,
    /// The history as recorded, `None` = missing.
    pub raw: Vec<Option<f64>>,
    /// Limits whose probability to be reached within `h` steps is asked for.
    #[serde(default)]
    pub limits: Vec<f64>,
}

/// What a method says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Forecast {
    /// The forecast.
    pub point: Vec<f64>,
    /// Ends of the 80 % interval; empty where the method gives none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lo80: Vec<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hi80: Vec<f64>,
    /// Ends of the 95 % interval.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lo95: Vec<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hi95: Vec<f64>,
    /// P(limit reached within the horizon), for each of the task's; empty where the method gives none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<f64>,
}

/// An answer's line.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The task's.
    pub key: String,
    /// Who answers.
    pub method: &'static str,
    /// What it says.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Time by the clock.
    pub seconds: f64,
    /// Time of the processor.
    pub cpu_seconds: f64,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `capacity-forecast`.
    Plimsoll,
    /// augurs' MSTL over AutoETS.
    AugursMstl,
    /// augurs' AutoETS.
    AugursAutoEts,
}

impl Method {
    /// All.
    pub const ALL: [Self; 3] = [Self::Plimsoll, Self::AugursMstl, Self::AugursAutoEts];

    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plimsoll => "plimsoll",
            Self::AugursMstl => "augurs MSTL",
            Self::AugursAutoEts => "augurs AutoETS",
        }
    }

    /// Answers a task.
    #[must_use]
    pub fn answer(self, task: &Task) -> Answer {
        let (clock, cpu) = (Instant::now(), ThreadTime::now());
        let forecast = match self {
            Self::Plimsoll => plan(task),
            Self::AugursMstl => Mstl {
                seasons: task.m.clone(),
            }
            .forecast(&task.y, task.h),
            Self::AugursAutoEts => AutoEts.forecast(&task.y, task.h),
        };
        let (cpu_seconds, seconds) = (cpu.elapsed().as_secs_f64(), clock.elapsed().as_secs_f64());
        let (forecast, error) = match forecast {
            Ok(forecast) => (Some(forecast), None),
            Err(error) => (None, Some(error)),
        };
        Answer {
            key: task.key.clone(),
            method: self.name(),
            forecast,
            error,
            seconds,
            cpu_seconds,
        }
    }
}

fn plan(task: &Task) -> Result<Forecast, String> {
    // The pool knows seasons in steps only: any step will do.
    let step = Duration::from_secs(3600);
    let steps = |count: &usize| step * u32::try_from(*count).unwrap_or(u32::MAX);
    let seasons: Vec<Duration> = task.m.iter().filter(|m| **m > 1).map(steps).collect();
    let config = PlannerConfig::default()
        .with_horizon(steps(&task.h))
        .with_seasons(if seasons.is_empty() {
            Seasons::None
        } else {
            Seasons::Given(seasons)
        })
        // A history may end with a long gap, and is to be forecast all the same.
        .with_max_age(Some(Duration::MAX));
    let planner = Planner::new(config).map_err(|e| e.to_string())?;
    let history = task.raw.iter().copied();
    let series = Series::from_grid(Duration::ZERO, step, history).map_err(|e| e.to_string())?;
    let plan = planner
        .plan(&series, series.end())
        .map_err(|e| e.to_string())?;
    let reached = |limit: &f64| {
        let breach = plan.breach(&Limit::at_least(*limit));
        let breach = breach.map_err(|e| e.to_string())?;
        Ok(breach.probability.last().copied().unwrap_or(0.0))
    };
    let reached = task.limits.iter().map(reached);
    let reached: Vec<f64> = reached.collect::<Result<_, String>>()?;
    let [inner, outer] = <[_; 2]>::try_from(plan.intervals).map_err(|_| "not two levels")?;
    Ok(Forecast {
        point: plan.point,
        lo80: inner.lower,
        hi80: inner.upper,
        lo95: outer.lower,
        hi95: outer.upper,
        reached,
    })
}
