//! Seasons of weeks before the predictive policy's own forecast: `capacity-forecast` plans the load's
//! quarters of an hour once a day, and what the plans expect goes before `AdaptiveForecast`. The same
//! glue, with more plans and a record that decides among them, is the tool's `predictive-seasonal`.

use std::error::Error;
use std::time::Duration;

use autoscale_core::{AdaptiveForecast, DemandForecast, Policy, Predictive, PredictiveConfig};
use capacity_forecast::{Planner, PlannerConfig, Series};
use plimsoll_sim::{
    Demand, Plant, PlantConfig, Repairs, ServiceModel, Signal, StartUp, Summary, Trace,
};

const STEP_S: u64 = 900;
const STEP: Duration = Duration::from_secs(STEP_S);
/// Steps a day.
const DAY: usize = 96;
/// Steps that a plan looks back on, and ahead.
const KEPT: usize = 28 * DAY;
const AHEAD: u32 = 110;

/// The load over its course through the week is a load without seasons: that is what is forecast.
struct Weekly {
    planner: Planner,
    rest: AdaptiveForecast,
    /// Means of the steps from the first one on, and the sum and count of the one under way.
    first: u64,
    steps: Vec<f64>,
    step: (f64, f64),
    /// When the first step of the latest plan begins, and the course from there.
    course: (f64, Vec<f64>),
    expected: f64,
}

impl Weekly {
    fn new(interval: Duration, horizon: usize) -> Result<Self, Box<dyn Error>> {
        let config = PlannerConfig::default().with_horizon(STEP * AHEAD);
        Ok(Self {
            planner: Planner::new(config)?,
            rest: AdaptiveForecast::new(interval, horizon),
            first: 0,
            steps: Vec::new(),
            step: (0.0, 0.0),
            course: (0.0, vec![1.0]),
            expected: 0.0,
        })
    }

    /// What the time brings, relative to the load's mean: between the middles of the plan's steps.
    fn factor(&self, at: Duration) -> f64 {
        let (from, values) = &self.course;
        let place = ((at.as_secs_f64() - from) / STEP.as_secs_f64() - 0.5).max(0.0);
        let (index, share) = (place as usize, place.fract());
        match values.get(index..) {
            Some([this, next, ..]) => this * (1.0 - share) + next * share,
            _ => values.last().copied().unwrap_or(1.0),
        }
    }

    /// Plans the next day, from what two weeks at least have shown. A plan joins the one before it.
    fn plan(&mut self, end: Duration) {
        if self.steps.len() < 15 * DAY || !self.steps.len().is_multiple_of(DAY) {
            return;
        }
        let kept = &self.steps[self.steps.len().saturating_sub(KEPT)..];
        let start = end.saturating_sub(STEP * u32::try_from(kept.len()).unwrap_or(0));
        let series = Series::from_grid(start, STEP, kept.iter().copied());
        let planned = series
            .ok()
            .and_then(|s| self.planner.plan(&s, s.end() + STEP).ok());
        let Some(plan) = planned.filter(|plan| plan.point.iter().all(|point| *point > 0.0)) else {
            return;
        };
        let scale = self.factor(end) / plan.point[0];
        let course = plan.point.iter().map(|point| point * scale).collect();
        self.course = (end.as_secs_f64(), course);
    }
}

impl DemandForecast for Weekly {
    fn observe(&mut self, at: Duration, demand: f64) {
        let number = at.as_secs() / STEP_S;
        if self.first == 0 {
            self.first = number;
        }
        if number > self.first + self.steps.len() as u64 {
            self.steps.push(self.step.0 / self.step.1.max(1.0));
            self.step = (0.0, 0.0);
            self.plan(STEP * u32::try_from(number).unwrap_or(u32::MAX));
        }
        self.step = (self.step.0 + demand, self.step.1 + 1.0);
        self.rest.observe(at, demand / self.factor(at));
    }

    fn skip(&mut self, intervals: u64) {
        self.rest.skip(intervals);
    }

    fn partial_expectations(&mut self, at: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        let factor = self.factor(at);
        let counts: Vec<f64> = counts.iter().map(|count| count / factor).collect();
        let useful = self.rest.partial_expectations(at, &counts, out);
        out.iter_mut().for_each(|beyond| *beyond *= factor);
        self.expected = self.rest.expected() * factor;
        useful
    }

    fn expected(&self) -> f64 {
        self.expected
    }
}

/// Five weeks of a request rate a minute: a wave a day, a little more in the evening, and more than
/// twice as much on one evening of the week, some minutes sooner or later.
fn evenings() -> Trace {
    let mut state = 12_347_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
    };
    let (mut level, mut late, mut wander) = (1.0, 0.0, 0.0);
    let minute = |t: u64| {
        if t.is_multiple_of(1440) {
            (level, late) = (1.0 + 0.15 * random(), 10.0 * random());
        }
        wander = 0.9 * wander + 0.05 * random();
        let clock = (t % 1440) as f64;
        let wave = 1.0 - 0.4 * ((clock - 240.0) / 1440.0 * std::f64::consts::TAU).cos();
        let ramp = |from: f64, to: f64| ((clock + late - from) / (to - from)).clamp(0.0, 1.0);
        let evening = ramp(1195.0, 1215.0) - ramp(1320.0, 1345.0);
        let more = if t / 1440 % 7 == 5 { 2.5 } else { 0.3 };
        level * 8.0 * wave * (1.0 + more * evening) * (1.0 + wander) * (1.0 + 0.06 * random())
    };
    Trace {
        start_s: 896_659_200, // a Monday
        step_s: 60,
        rates: (0..35 * 1440).map(minute).collect(),
        repairs: Repairs::default(),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let trace = evenings();
    let model = ServiceModel::fitted(&trace, 0.8, 40.0);
    let warm_up = STEP * (21 * 96);
    let demand = Demand::new(&trace, model, Duration::from_secs(30), warm_up)?;
    let start_up = Duration::from_secs(600);
    let mut fleet = PlantConfig::default();
    fleet.start_up = StartUp::Fixed(start_up);
    let plant = Plant::new(&demand, fleet)?;
    for accepted in [0.01, 0.001] {
        let config = PredictiveConfig::new(accepted, model.capacity_rps * model.utilization)
            .with_interval(demand.tick)
            .with_start_up(start_up)
            .with_unix_origin(Duration::from_secs(trace.start_s.unsigned_abs()))
            .with_max_replicas(400);
        let judge = |name: &str, policy: &mut dyn Policy| {
            let mut figures = Summary::default();
            plant.run(policy, &[Signal::TotalRate], &mut figures);
            println!(
                "{name:15} cost {:.3} × optimum, {:.2} % bad of {:.1} % accepted",
                figures.replica_ticks as f64 / plant.optimum().replica_ticks as f64,
                100.0 * figures.bad_share(),
                100.0 * accepted
            );
        };
        judge("without seasons", &mut Predictive::new(config.clone())?);
        let weekly = Weekly::new(config.interval, config.horizon())?;
        judge("with them", &mut Predictive::with_forecast(config, weekly)?);
    }
    Ok(())
}
