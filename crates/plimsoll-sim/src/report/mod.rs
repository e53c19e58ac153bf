//! A replay's report: what the tool writes as JSON and HTML.

mod axis;
mod facts;
mod figures;
mod frontier_plot;
mod html;
mod load_plot;
mod look;
mod matrix;
mod moment;
mod outage;
mod outage_plot;
mod place;
mod policy_section;
mod reasons_plot;
mod scenarios;
mod table;
mod verdict;
mod vertical;

use serde::Serialize;

pub use html::{html, html_page};
pub use matrix::PolicySummary;
pub use outage::outage_html;
pub use vertical::vertical_html;

use crate::{
    Blocks, Demand, Elasticity, FollowedPrice, FrontierPoint, Optimum, Outcome, Plant, Repairs,
    SweepPoint, Timeline,
};

/// A load replayed through several policies.
///
/// ```
/// use plimsoll_sim::{Repairs, ReplayReport};
/// let report = ReplayReport {
///     trace: "checkout".to_owned(),
///     from_s: 0,
///     to_s: 86_400,
/// #     repairs: Repairs::default(),
/// #     start_up_s: 60.0,
/// #     lag_s: 30.0,
/// #     tick_s: 15.0,
/// #     capacity_rps: 65.0,
/// #     utilization: 0.8,
///     scenario: "healthy",
/// #     seed: 1,
///     optimum_replica_seconds: 2_160_000.0,
///     peak_replicas: 50,
/// #     command: "plimsoll replay".to_owned(),
///     policies: Vec::new(),
///     scenarios: Vec::new(),
/// };
/// let json = serde_json::to_value(&report)?;
/// assert_eq!(json["peak_replicas"], 50);
/// assert!(json.get("scenarios").is_none()); // empty: not asked for
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct ReplayReport {
    /// Name of the trace.
    pub trace: String,
    /// Start of the part that counts, seconds since the epoch.
    pub from_s: i64,
    /// End of it.
    pub to_s: i64,
    /// What was repaired in the trace.
    pub repairs: Repairs,
    /// Start-up time of a replica (the mean, where it is drawn).
    pub start_up_s: f64,
    /// Age of the newest sample.
    pub lag_s: f64,
    /// Length of a tick.
    pub tick_s: f64,
    /// Requests a second that one replica carries at most.
    pub capacity_rps: f64,
    /// Share of that which it may be loaded to.
    pub utilization: f64,
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Cheapest cost without any bad request, known with perfect knowledge.
    pub optimum_replica_seconds: f64,
    /// Most replicas needed at once: what a fleet of constant size would need.
    pub peak_replicas: u32,
    /// The command that gives the same figures again.
    pub command: String,
    /// One entry a policy.
    pub policies: Vec<PolicyReport>,
    /// The scenario matrix, where that was asked for: the policies as given, by scenario (without a
    /// disturbance first), start-up, lag and policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioReport>,
}

/// A part of a run, in more detail.
///
/// ```
/// use plimsoll_sim::{CloseUp, Demand, Plant, PlantConfig, ServiceModel, Timeline};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut close_up = CloseUp { from_s: 4 * 15, timeline: Timeline::part(4..6, 400) };
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut close_up.timeline);
/// assert_eq!(close_up.timeline.columns.len(), 2);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CloseUp {
    /// Start of the part, seconds since the epoch.
    pub from_s: i64,
    /// The part.
    pub timeline: Timeline,
}

/// What one policy came to at one start-up and lag, under one disturbance: a cell of the scenario
/// matrix.
///
/// ```
/// use plimsoll_sim::{Scenario, ScenarioReport};
/// let report = ScenarioReport {
///     scenario: Scenario::Crash.name(),
///     start_up_s: 600.0,
///     lag_s: 30.0,
///     policy: "hpa".to_owned(),
///     cost_ratio: 1.25,
///     bad_share: 0.01,
///     extra_bad_share: 0.004, // 0.006 without the crash
///     longest_bad_run_s: 75.0,
///     reversals_per_day: 4.0,
/// };
/// assert_eq!(serde_json::to_value(&report)?["scenario"], "crash");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct ScenarioReport {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Start-up time of a replica.
    pub start_up_s: f64,
    /// Age of the newest sample.
    pub lag_s: f64,
    /// Name of the policy.
    pub policy: String,
    /// Cost as a multiple of the optimum for the same load.
    pub cost_ratio: f64,
    /// Share of requests that arrived while fewer replicas served than were needed.
    pub bad_share: f64,
    /// That share less the one of the same policy, start-up and lag without a disturbance; zero
    /// where there is none.
    pub extra_bad_share: f64,
    /// Longest stretch of such time, in seconds.
    pub longest_bad_run_s: f64,
    /// Changes of direction a day.
    pub reversals_per_day: f64,
}

/// What one policy came to.
///
/// ```
/// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, PolicyReport, ServiceModel, Timeline};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// let mut notes = (Outcome::new(demand.model.utilization), Timeline::new(&demand, 400));
/// plant.run(&mut autoscale_core::Fixed(4), &[], &mut notes);
/// let (name, best) = ("four".to_owned(), plant.optimum());
/// let report = PolicyReport::new(name, "fixed", &plant, &best, &notes.0, notes.1);
/// assert_eq!((report.bad_share, report.longest_bad_run_s), (0.375, 30.0));
/// assert_eq!(serde_json::to_value(&report)?["bad_minutes"], 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct PolicyReport {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// The setting of its knob that the figures here belong to.
    pub setting: Option<f64>,
    /// Cost as a multiple of the optimum.
    pub cost_ratio: f64,
    /// Cost as a share of a constant fleet of the peak's size.
    pub static_peak_ratio: f64,
    /// Share of requests that arrived while fewer replicas served than were needed.
    pub bad_share: f64,
    /// Time with such requests, in minutes.
    pub bad_minutes: f64,
    /// Longest stretch of such time, in seconds.
    pub longest_bad_run_s: f64,
    /// Share of requests beyond the full capacity of what served.
    pub overload_share: f64,
    /// Changes of direction a day.
    pub reversals_per_day: f64,
    /// Changes a day.
    pub changes_per_day: f64,
    /// Provisioning accuracy and timeliness.
    pub elasticity: Elasticity,
    /// Share of time that each stage kept the policy from what its metrics asked for.
    pub blocked: Blocks,
    /// The prices that a predictive policy followed, and for how long; empty for other policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<FollowedPrice>,
    /// How often it changed from one to another, a week; `None` for other policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ladder_switches_per_week: Option<f64>,
    /// What the reader should know, such as metrics that the trace says nothing about.
    pub notes: Vec<String>,
    /// Cheapest settings within each limit of bad requests.
    pub frontier: Vec<FrontierPoint>,
    /// Every setting tried.
    pub sweep: Vec<SweepPoint>,
    /// The run at `setting`, for plots.
    #[serde(skip)]
    pub timeline: Timeline,
    /// Its worst hours, closer.
    #[serde(skip)]
    pub close_up: Option<CloseUp>,
}

impl PolicyReport {
    /// Puts a run's figures in relation to the optimum and to a constant fleet.
    ///
    /// ```
    /// use plimsoll_sim::{Demand, Outcome, Plant, PlantConfig, PolicyReport, Timeline};
    /// # use plimsoll_sim::ServiceModel;
    /// # use std::time::Duration;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// # let (tick, scored_from) = (Duration::from_secs(15), 0);
    /// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
    /// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
    /// let plant = Plant::new(&demand, PlantConfig::default())?;
    /// let mut notes = (Outcome::new(demand.model.utilization), Timeline::new(&demand, 400));
    /// plant.run(&mut autoscale_core::Fixed(6), &[], &mut notes);
    /// let (name, best) = ("six".to_owned(), plant.optimum());
    /// let report = PolicyReport::new(name, "fixed", &plant, &best, &notes.0, notes.1);
    /// assert!((report.cost_ratio - 46.0 / 44.0).abs() < 1e-9); // from 4 to 6 after tick 0
    /// # Ok::<(), plimsoll_sim::PlantError>(())
    /// ```
    #[must_use]
    pub fn new(
        name: String,
        kind: &'static str,
        plant: &Plant<'_>,
        best: &Optimum,
        outcome: &Outcome,
        timeline: Timeline,
    ) -> Self {
        let demand = plant.demand();
        let tick_s = demand.tick.as_secs_f64();
        let run = &outcome.summary;
        let ticks = (run.ticks as f64).max(1.0);
        let days = ticks / demand.ticks_a_day();
        let peak = f64::from(peak(plant));
        let ladder = outcome.prices.followed();
        let switches = outcome.prices.switches as f64 / days * 7.0;
        Self {
            name,
            kind,
            setting: None,
            cost_ratio: run.replica_ticks as f64 / (best.replica_ticks as f64).max(1.0),
            static_peak_ratio: run.replica_ticks as f64 / (peak * ticks).max(1.0),
            bad_share: run.bad_share(),
            bad_minutes: outcome.bad_ticks as f64 * tick_s / 60.0,
            longest_bad_run_s: outcome.longest_bad_run_ticks as f64 * tick_s,
            overload_share: outcome.overload_share(),
            reversals_per_day: run.reversals as f64 / days,
            changes_per_day: run.changes as f64 / days,
            elasticity: outcome.elasticity(tick_s),
            blocked: outcome.blocks(),
            ladder_switches_per_week: (!ladder.is_empty()).then_some(switches),
            ladder,
            notes: Vec::new(),
            frontier: Vec::new(),
            sweep: Vec::new(),
            timeline,
            close_up: None,
        }
    }
}

/// Most replicas that the part that counts needs at once, at least the lower bound; the upper bound
/// does not cut it.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel, peak};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let mut config = PlantConfig::default();
/// config.max = 5;
/// assert_eq!(peak(&Plant::new(&demand, config)?), 6);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[must_use]
pub fn peak(plant: &Plant<'_>) -> u32 {
    let demand = plant.demand();
    let scored = demand.load.get(demand.scored_from..).unwrap_or_default();
    let needed = scored.iter().map(|load| Demand::replicas_for(*load));
    needed.fold(plant.config().min, u32::max)
}
