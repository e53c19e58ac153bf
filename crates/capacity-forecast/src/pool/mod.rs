//! The pool: cheap robust members forecast from a rolling set of origins, their errors weigh them,
//! the weighted median of them is the forecast, its residuals the intervals and the paths.

mod autoregression;
pub(crate) mod breach;
mod climatology;
mod custom;
mod forecasts;
pub(crate) mod intervals;
mod period;
mod seasonal;
mod shape;
mod smoothing;
pub(crate) mod structure;
mod task;
mod teeth;
mod teeth_ahead;
mod trend;
mod weights;

pub use forecasts::Member;

use breach::Paths;
pub(crate) use breach::Run;
pub(crate) use climatology::Climatology;
use forecasts::Forecasts;
use intervals::Residuals;
use shape::Shape;
use structure::Structure;
use task::Task;
use teeth::{Drops, Teeth};
use weights::{Errors, combine};

use crate::forecaster::Forecaster;
use crate::numeric::part;

/// An origin before a break counts so much where this many come after it.
const BEFORE_BREAK: f64 = 0.6;
const AFTER_BREAK: usize = 3;

/// A power of two that brings the largest value near 1: exact, and nothing overflows on the way.
fn unit(values: &[f64]) -> f64 {
    let largest = values
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    if largest > 0.0 {
        largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
    } else {
        1.0
    }
}

/// What the pool gives.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Pooled {
    /// What `residuals` and `paths` count in; `point` is in the series' own unit.
    pub(crate) unit: f64,
    pub(crate) point: Vec<f64>,
    /// The history's least and largest value, over `unit`.
    pub(crate) range: (f64, f64),
    pub(crate) residuals: Residuals,
    pub(crate) paths: Paths,
    /// Members, their mean weight, and their discounted mean error in the series' own unit.
    pub(crate) members: Vec<(Member, f64, Option<f64>)>,
    /// 1 less the backtest's mean absolute error over that of the naive forecast with the season;
    /// `None` where that made no error.
    pub(crate) skill: Option<f64>,
}

impl Pooled {
    /// Whether the parts of a state that was read back belong together.
    #[cfg(feature = "serde")]
    pub(crate) fn is_sound(&self) -> bool {
        let horizon = self.point.len();
        let (least, most) = self.range;
        horizon > 0
            && self.unit > 0.0
            && self.unit.is_finite()
            && least.is_finite()
            && most.is_finite()
            && least <= most
            && self.point.iter().all(|value| value.is_finite())
            && self.residuals.is_sound(horizon)
            && self.paths.is_sound(horizon)
    }

    /// Where intervals end, over `unit`: the history's range on either side of what was seen.
    pub(crate) fn farthest(&self) -> (f64, f64) {
        let (least, most) = self.range;
        (least - (most - least), most + (most - least))
    }
}

/// Forecasts `horizon` steps of a history without gaps. `cap`: what no value can exceed, where that is
/// known.
pub(crate) fn forecast(
    values: &[f64],
    observed: &[bool],
    seasons: &[usize],
    horizon: usize,
    cap: Option<f64>,
    custom: &[Box<dyn Forecaster>],
) -> Pooled {
    let unit = unit(values);
    let given = values;
    let values: Vec<f64> = values.iter().map(|value| value / unit).collect();
    let task = Task::new(&values, observed, seasons, horizon);
    let mut forecasts = Forecasts::new(&task);
    if task.season > 1 {
        seasonal::short(&task, &mut forecasts);
        if task.long > 0 {
            seasonal::long(&task, &mut forecasts);
        }
    }
    let period = period::detect(&task);
    if let Some(period) = period {
        seasonal::period(&task, period, &mut forecasts);
    }
    let drops = Drops::find(&task);
    let teeth = drops.as_ref().and_then(|drops| Teeth::fit(&task, drops));
    if let (Some(drops), Some(teeth)) = (&drops, &teeth) {
        teeth_ahead::member(&task, drops, teeth, &mut forecasts);
    }
    smoothing::level(&task, &mut forecasts);
    autoregression::members(&task, &mut forecasts);
    trend::member(&task, &mut forecasts);
    let structure = Structure::fit(&task, period, cap.map(|cap| cap / unit));
    if let Some(Shape::Logistic { cap, .. }) = structure.as_ref().map(|fitted| fitted.shape) {
        trend::capped(&task, cap, &mut forecasts);
    }
    smoothing::theta(&task, &mut forecasts);
    custom::members(&task, given, unit, seasons, custom, &mut forecasts);
    forecasts.tame(&task);
    let origin_weights = origin_weights(&task, structure.as_ref());
    let errors = Errors::new(&task, &forecasts, &origin_weights);
    let sums = errors.sums();
    let last = task.origins.len() - 1;
    let weights = errors.weigh(None, &sums);
    let mut point = vec![0.0; horizon];
    combine(
        &errors.ends,
        &weights,
        |member| forecasts.row(member, last),
        &mut point,
    );
    let mut residuals = vec![f64::NAN; last * horizon];
    for (index, (origin, row)) in task
        .judged()
        .iter()
        .zip(residuals.chunks_exact_mut(horizon))
        .enumerate()
    {
        let known = horizon.min(values.len() - origin);
        let (row, _) = row.split_at_mut_checked(known).unwrap_or_default();
        let weights = errors.weigh(Some(index), &sums);
        combine(
            &errors.ends,
            &weights,
            |member| forecasts.row(member, index),
            row,
        );
        let actual = part(&values, *origin, values.len()).iter();
        for (out, (value, seen)) in
            row.iter_mut()
                .zip(actual.zip(part(observed, *origin, observed.len())))
        {
            *out = if *seen { value - *out } else { f64::NAN };
        }
    }
    let naive = if task.season > 1 {
        Member::LastCycle
    } else {
        Member::Naive
    };
    let naive = forecasts
        .members
        .iter()
        .position(|member| *member == naive)
        .unwrap_or(0);
    let skill = skill(&task, &residuals, |origin| forecasts.row(naive, origin));
    let members = forecasts.members.iter().enumerate();
    let members = members
        .map(|(index, member)| {
            let error = sums.error(index).map(|error| error * unit);
            (*member, weights.mean(index), error)
        })
        .collect();
    for value in &mut point {
        *value *= unit;
    }
    Pooled {
        unit,
        point,
        range: (task.least, task.most),
        residuals: Residuals::new(&task, &residuals),
        paths: Paths::new(&task, residuals, origin_weights, structure, teeth),
        members,
        skill,
    }
}

/// 1 less the residuals' sum of sizes over that of another forecast's errors at the same steps.
fn skill<'f>(
    task: &Task<'_>,
    residuals: &[f64],
    other: impl Fn(usize) -> &'f [f64],
) -> Option<f64> {
    let (mut own, mut others) = (0.0, 0.0);
    let rows = task
        .judged()
        .iter()
        .zip(residuals.chunks_exact(task.horizon));
    for (index, (origin, row)) in rows.enumerate() {
        let actual = part(task.values, *origin, task.values.len());
        for (residual, (value, naive)) in row.iter().zip(actual.iter().zip(other(index))) {
            if residual.is_finite() {
                own += residual.abs();
                others += (value - naive).abs();
            }
        }
    }
    (others > 0.0).then(|| 1.0 - own / others)
}

/// What each judged origin counts, apart from its age.
fn origin_weights(task: &Task<'_>, structure: Option<&Structure>) -> Vec<f64> {
    let broke = structure
        .and_then(|structure| structure.broke_at)
        .unwrap_or(0);
    let judged = task.judged();
    let after = judged.iter().filter(|origin| **origin >= broke).count();
    let of_origin = |origin: &usize| {
        if *origin < broke && after >= AFTER_BREAK {
            BEFORE_BREAK
        } else {
            1.0
        }
    };
    judged.iter().map(of_origin).collect()
}
