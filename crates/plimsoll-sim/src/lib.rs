#![doc = include_str!("../README.md")]

mod demand;
mod fleet;
mod lookahead;
mod optimum;
pub mod outage;
mod outcome;
mod plant;
mod prices;
mod report;
mod scenario;
mod sweep;
mod timeline;
mod trace;
pub mod vertical;

pub use demand::{Demand, DemandError, ServiceModel};
pub use lookahead::LookAhead;
pub use optimum::{Optimum, optimum};
pub use outcome::{Blocks, Elasticity, Outcome, Summary, Tick};
pub use plant::{
    Crash, Outage, Plant, PlantConfig, PlantError, Recorder, RollingUpdate, Signal, StartUp,
};
pub use prices::{FollowedPrice, Prices};
pub use report::{
    CloseUp, PolicyReport, PolicySummary, ReplayReport, ScenarioReport, html, html_page, peak,
};
pub use scenario::{MATRIX_LAGS, MATRIX_START_UPS, Scenario};
pub use sweep::{BAD_LIMITS, FrontierPoint, SweepPoint, frontier, in_parallel};
pub use timeline::{Column, Timeline};
pub use trace::{CsvSource, Repairs, Trace, TraceError, TraceSource, Unit};
