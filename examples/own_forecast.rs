//! The predictive policy on its own forecast, and on one of ours: the load of a minute ago, and how
//! far that was off lately.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use autoscale_core::{DemandForecast, Policy, Predictive, PredictiveConfig};
use plimsoll_sim::{
    CsvSource, Demand, Plant, PlantConfig, ServiceModel, Signal, Summary, TraceSource,
};

/// Intervals of a quarter of a minute from a sample to what an order of now serves.
const HORIZON: usize = 7;

/// What comes is what is, times one of the last day's ratios between what came and what was.
#[derive(Default)]
struct LikeYesterday {
    demand: VecDeque<f64>,
    ratios: VecDeque<f64>,
    seen: usize,
}

impl DemandForecast for LikeYesterday {
    fn observe(&mut self, _at: Duration, demand: f64) {
        self.demand.push_back(demand.max(0.01));
        if self.demand.len() > HORIZON
            && let Some(then) = self.demand.pop_front()
        {
            // One in ten minutes is enough to know a day by.
            self.seen += 1;
            if self.seen.is_multiple_of(40) {
                if self.ratios.len() == 144 {
                    self.ratios.pop_front();
                }
                self.ratios.push_back(demand / then);
            }
        }
    }

    fn skip(&mut self, _intervals: u64) {
        self.demand.clear();
    }

    fn partial_expectations(&mut self, _at: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        let now = self.expected();
        let known = self.ratios.len().max(1) as f64;
        for (out, n) in out.iter_mut().zip(counts) {
            let beyond = self.ratios.iter().map(|r| now * r).filter(|y| y > n);
            *out = beyond.sum::<f64>() / known;
        }
        let most = self.ratios.iter().fold(1.0_f64, |most, r| most.max(*r));
        counts.iter().take_while(|n| **n < now * most).count() + 1
    }

    fn expected(&self) -> f64 {
        self.demand.back().copied().unwrap_or(0.0)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let trace = CsvSource::new(examples::WORLD_CUP).load()?;
    let week = trace.between(trace.start_s, trace.start_s + 7 * 86_400)?;
    let model = ServiceModel::fitted(&week, 0.8, 40.0);
    let demand = Demand::new(&week, model, Duration::from_secs(15), Duration::ZERO)?;
    let plant = Plant::new(&demand, PlantConfig::default())?;

    // One request in a hundred may meet too few replicas.
    let config = PredictiveConfig::new(0.01, model.capacity_rps * model.utilization)
        .with_start_up(Duration::from_secs(60))
        .with_unix_origin(Duration::from_secs(week.start_s.unsigned_abs()))
        .with_max_replicas(400);
    let judge = |name: &str, policy: &mut dyn Policy| {
        let mut figures = Summary::default();
        plant.run(policy, &[Signal::TotalRate], &mut figures);
        println!(
            "{name:15} cost {:.3} × optimum, {:.2} % bad of 1 % accepted",
            figures.replica_ticks as f64 / plant.optimum().replica_ticks as f64,
            100.0 * figures.bad_share()
        );
    };
    judge("built in", &mut Predictive::new(config.clone())?);
    let ours = LikeYesterday::default();
    judge(
        "like yesterday",
        &mut Predictive::with_forecast(config, ours)?,
    );
    Ok(())
}
