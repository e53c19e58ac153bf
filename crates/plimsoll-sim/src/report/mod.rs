//! A replay's report: what the tool writes as JSON and HTML.

mod axis;
mod facts;
mod figures;
mod frontier_plot;
mod html;
mod load_plot;
mod look;
mod moment;
mod place;
mod policy_section;
mod reasons_plot;
mod scenarios;
mod table;
mod verdict;

use serde::Serialize;

pub use html::html;

use crate::{
    Blocks, Demand, Elasticity, FrontierPoint, Optimum, Outcome, Plant, Repairs, SweepPoint,
    Timeline,
};

/// A load replayed through several policies.
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
    /// The policies as given under each disturbance, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioReport>,
}

/// What one policy came to under one disturbance.
#[derive(Clone, Debug, Serialize)]
pub struct ScenarioReport {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Name of the policy.
    pub policy: String,
    /// Cost as a multiple of the optimum for the same load.
    pub cost_ratio: f64,
    /// Share of requests that arrived while fewer replicas served than were needed.
    pub bad_share: f64,
    /// Longest stretch of such time, in seconds.
    pub longest_bad_run_s: f64,
    /// Changes of direction a day.
    pub reversals_per_day: f64,
}

/// What one policy came to.
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
    /// What the reader should know, such as metrics that the trace says nothing about.
    pub notes: Vec<String>,
    /// Cheapest settings within each limit of bad requests.
    pub frontier: Vec<FrontierPoint>,
    /// Every setting tried.
    pub sweep: Vec<SweepPoint>,
    /// The run at `setting`, for plots.
    #[serde(skip)]
    pub timeline: Timeline,
}

impl PolicyReport {
    /// Puts a run's figures in relation to the optimum and to a constant fleet.
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
            notes: Vec::new(),
            frontier: Vec::new(),
            sweep: Vec::new(),
            timeline,
        }
    }
}

/// Most replicas that the part that counts needs at once, at least the lower bound; the upper bound
/// does not cut it.
#[must_use]
pub fn peak(plant: &Plant<'_>) -> u32 {
    let demand = plant.demand();
    let scored = demand.load.get(demand.scored_from..).unwrap_or_default();
    let needed = scored.iter().map(|load| Demand::replicas_for(*load));
    needed.fold(plant.config().min, u32::max)
}
