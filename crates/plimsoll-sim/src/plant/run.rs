//! One run: what changes from tick to tick.

use std::time::Duration;

use autoscale_core::{MetricReading, Milli, Observation, Sample, SampleValue};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{Plant, Signal};
use crate::fleet::{Cohort, Fleet, REQUEST_MILLI};

/// What changes during a run.
pub(super) struct Run<'p, 'd> {
    pub(super) plant: &'p Plant<'d>,
    pub(super) fleet: Fleet,
    pub(super) spec: u32,
    pub(super) generation: u32,
    /// Surge of the rolling update under way.
    pub(super) rollout: Option<f64>,
    /// Serving pods of the latest ticks, a ring.
    pub(super) served: Vec<u32>,
    pub(super) lag: usize,
    pub(super) scrape: usize,
    pub(super) drain: i64,
    pub(super) rng: ChaCha8Rng,
    pub(super) seen: Observation,
}

impl Run<'_, '_> {
    /// Start of a tick: pods become ready, crash, are replaced.
    pub(super) fn begin(&mut self, index: usize) {
        let config = &self.plant.config;
        let tick = index as i64;
        self.fleet.advance(tick);
        for crash in config.crashes.iter().filter(|c| c.at == index) {
            let wanted = (f64::from(self.fleet.serving) * crash.share).round() as u32;
            let failed = self.fleet.take_serving(wanted);
            self.start(failed, tick);
        }
        if let Some(update) = config.rolling_updates.iter().find(|u| u.at == index) {
            self.generation += 1;
            self.rollout = Some(update.surge);
        }
        if let Some(surge) = self.rollout {
            self.roll(tick, surge);
        }
        let slot = index % self.served.len();
        self.served[slot] = self.fleet.serving;
    }

    /// One step of a rolling update: release old pods that new ones have replaced, start more.
    fn roll(&mut self, tick: i64, surge: f64) {
        let spare = self.fleet.serving.saturating_sub(self.spec);
        self.fleet
            .remove_outdated(spare, self.generation, tick - 1, tick + self.drain);
        let most = self.spec + (f64::from(self.spec) * surge).ceil() as u32;
        // The count asked for may have fallen meanwhile.
        self.release_beyond(most, tick);
        let outdated = self.fleet.outdated(self.generation);
        if outdated == 0 {
            self.rollout = None;
            self.release_beyond(self.spec, tick);
            return;
        }
        let room = most - self.fleet.alive;
        let fresh = self.fleet.alive - outdated;
        self.start(room.min(self.spec.saturating_sub(fresh)), tick);
    }

    /// Releases, as of this tick, what is alive beyond a count.
    fn release_beyond(&mut self, most: u32, tick: i64) {
        let excess = self.fleet.alive.saturating_sub(most);
        self.fleet
            .remove_newest(excess, tick - 1, tick + self.drain);
    }

    /// Starts pods that are billed from `from` on.
    fn start(&mut self, count: u32, from: i64) {
        let (shortest, longest) = self.plant.start_up_ticks;
        let generation = self.generation;
        if shortest == longest {
            let serves = from + shortest as i64;
            self.fleet.add(Cohort {
                count,
                started: from,
                serves,
                generation,
            });
            return;
        }
        for _ in 0..count {
            let drawn = self.rng.random_range(shortest as i64..=longest as i64);
            self.fleet.add(Cohort {
                count: 1,
                started: from,
                serves: from + drawn,
                generation,
            });
        }
    }

    /// Carries a decision of the end of a tick out.
    pub(super) fn order(&mut self, index: usize, wanted: u32) {
        let tick = index as i64;
        if wanted > self.spec {
            self.start(wanted - self.spec, tick + 1);
        } else if wanted < self.spec {
            self.fleet
                .remove_newest(self.spec - wanted, tick, tick + 1 + self.drain);
        }
        self.spec = wanted;
    }

    /// What the policy is shown at the end of a tick.
    pub(super) fn observe(&mut self, index: usize, signals: &[Signal]) {
        let demand = self.plant.demand;
        self.seen.spec_replicas = self.spec;
        self.fleet
            .describe(index as i64, demand.tick, &mut self.seen);
        if signals.is_empty() {
            return;
        }
        let dead = self
            .plant
            .config
            .outages
            .iter()
            .any(|o| (o.from..o.to).contains(&index));
        // Samples are taken every `scrape` ticks and seen `lag` ticks later.
        let newest = index.checked_sub(self.lag).map(|i| i - i % self.scrape);
        let Some(sampled) = newest.filter(|_| !dead) else {
            self.seen.readings.fill_with(MetricReading::default);
            return;
        };
        let age = demand.tick * u32::try_from(index - sampled).unwrap_or(u32::MAX);
        let rate = demand.load[sampled] * demand.model.capacity_rps * demand.model.utilization;
        let served = self.served[sampled % self.served.len()].max(1);
        for (signal, reading) in signals.iter().zip(&mut self.seen.readings) {
            let pod_rate = rate / f64::from(served);
            let value = match signal {
                Signal::TotalRate => {
                    write_total(reading, milli(rate), age);
                    continue;
                }
                Signal::PodRate => milli(pod_rate),
                Signal::Cpu | Signal::ContainerCpu => {
                    milli(pod_rate / demand.model.capacity_rps * REQUEST_MILLI as f64 / 1000.0)
                }
            };
            let container = *signal == Signal::ContainerCpu;
            write_samples(
                reading,
                &self.fleet,
                sampled as i64,
                value,
                age,
                demand.tick,
                container,
            );
        }
    }
}

/// Thousandths, cut: a metrics server does not report more than was used.
fn milli(units: f64) -> Milli {
    // The epsilon keeps exact ratios such as 70 % from falling below through division.
    Milli((units * 1000.0 + 1e-6) as i64)
}

fn write_total(reading: &mut MetricReading, value: Milli, at_age: Duration) {
    if let MetricReading::Values { values_milli, age } = reading {
        values_milli.clear();
        values_milli.push(value);
        *age = at_age;
    } else {
        *reading = MetricReading::Values {
            values_milli: vec![value],
            age: at_age,
        };
    }
}

/// One sample a cohort that served in the sampled tick.
fn write_samples(
    reading: &mut MetricReading,
    fleet: &Fleet,
    sampled: i64,
    value: Milli,
    age: Duration,
    window: Duration,
    container: bool,
) {
    if !matches!(reading, MetricReading::Pods(_)) {
        *reading = MetricReading::Pods(Vec::new());
    }
    let MetricReading::Pods(samples) = reading else {
        return;
    };
    samples.clear();
    for (group, cohort) in fleet.cohorts().enumerate() {
        if cohort.serves > sampled {
            break;
        }
        let value = if container {
            SampleValue::Containers(vec![autoscale_core::ContainerValue {
                name: "app".to_owned(),
                value: Some(value),
            }])
        } else {
            SampleValue::Total(value)
        };
        samples.push(Sample {
            group: Some(group),
            count: cohort.count,
            value,
            age,
            window,
        });
    }
}
