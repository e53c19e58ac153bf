#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_possible_truncation
)]
//! Draft.

pub mod accuracy;
mod breach;
mod change_points;
mod conformal;
mod descent;
mod duration;
mod error;
mod ets;
mod event;
mod first_passage;
mod forecaster;
mod limit;
mod metric;
mod naive;
pub mod normal;
mod numeric;
mod outliers;
mod plan;
mod planner;
#[cfg(feature = "linfa")]
mod polynomial;
mod pool;
mod report;
mod season;
mod seasonal;
mod series;
mod setters;
mod simplex;
#[cfg(feature = "stl")]
mod stl;
mod theta;
mod trend;
mod urgency;

pub use accuracy::Score;
pub use breach::{Breach, TimeToLimit};
pub use change_points::{ChangePointConfig, Segmentation, default_penalty};
pub use conformal::{
    AdaptiveConformal, AdaptiveConformalConfig, AdaptiveConformalSnapshot, SplitConformal,
};
pub use error::{ConfigError, ForecastError};
pub use ets::{
    AutoEts, Ets, EtsError, EtsFit, EtsForm, EtsParameters, EtsSeason, EtsState, EtsTrend,
    SeasonUpdate,
};
pub use event::{Effect, EventChange, Events, PlannedEvent};
pub use first_passage::FirstPassage;
pub use forecaster::{Forecaster, History};
pub use limit::{Direction, Limit, LimitValue, Sustained};
pub use metric::{Action, Metric, MetricKind};
pub use naive::{Drift, Naive, SeasonalNaive};
pub use outliers::{HampelConfig, Winsorized};
pub use plan::{Calibration, Interval, LevelCoverage, MemberShare, Plan};
pub use planner::{Planner, PlannerConfig};
#[cfg(feature = "linfa")]
pub use polynomial::{PolynomialFit, PolynomialTrend};
pub use pool::Member;
pub use report::{
    CapacityForecast, CapacityPlanner, CapacityPlannerConfig, Health, ProbabilityBy,
    Recommendation, Refusal, Relief, Report, Summary, TrendFinding,
};
pub use season::{SeasonCandidate, SeasonReport, SeasonVerdict, Seasons};
pub use series::{Combine, Filled, Kind, Repairs, Sampling, Series, SeriesConfig, SeriesError};
#[cfg(feature = "stl")]
pub use stl::{Decomposition, Mstl, Stl, StlConfig};
pub use theta::{Theta, ThetaFit, ThetaMethod};
pub use trend::{
    LeastSquares, MAX_PAIRWISE_POINTS, MannKendall, Points, Siegel, TheilSen, Trend, TrendDirection,
};
pub use urgency::{Urgency, UrgencyConfig, UrgencyDecision, UrgencyReason, UrgencyTracker};
