//! The records are those of fleets that really ran, and the choice is the rule's.

use autoscale_core::MetricReading;

use super::service::{DAY, Noise, Service, config, hourly_burst};

/// What is known of a fleet that follows one candidate, or the decisions.
struct Record {
    service: Service,
    demand: f64,
    bad: f64,
    cost: f64,
    mean: f64,
    samples: u64,
    followed: Option<usize>,
    /// Choices when no candidate had kept the share.
    fallbacks: u32,
}

/// Intervals until half is forgotten: five days.
fn decay() -> f64 {
    0.5_f64.powf(1.0 / (5.0 * DAY as f64))
}

impl Record {
    fn new(follow: Option<usize>) -> Self {
        let mut service = Service::new(config());
        service.follow = follow;
        Self {
            service,
            demand: 0.0,
            bad: 0.0,
            cost: 0.0,
            mean: 1.0,
            samples: 0,
            followed: None,
            fallbacks: 0,
        }
    }

    /// Runs so long, and checks every record and choice.
    fn run(&mut self, ticks: u64, noise: &mut Noise) {
        let mut past = vec![(1, 0.0); 2]; // the lag: two intervals
        for _ in 0..ticks {
            let tick = self.service.tick + 1;
            let demand = hourly_burst(tick) * (0.15 * noise.normal()).exp();
            // As it is read: a hundred-thousandth of a replica.
            let demand = (demand * 1e5).round() / 1e5;
            let mut seen = self.service.load(demand);
            past.push((self.service.ready, demand));
            if tick % 97 < 4 {
                seen.readings = vec![MetricReading::Failed];
                self.service.decide(&seen);
                continue;
            }
            let starting = seen.spec_replicas;
            self.service.decide(&seen);
            let (ready, sample) = past[past.len() - 3];
            let sample = if sample > 0.0 { sample } else { past[2].1 };
            self.samples += 1;
            self.demand = self.demand * decay() + sample;
            let bad = if f64::from(ready) < sample {
                sample
            } else {
                0.0
            };
            self.bad = self.bad * decay() + bad;
            self.cost = self.cost * decay() + f64::from(starting);
            let gain = (1.0 / 480.0_f64).max(1.0 / self.samples as f64);
            self.mean += gain * (sample - self.mean);
            self.check();
        }
    }

    fn check(&mut self) {
        let ladder = &self.service.out.ladder;
        let chosen = self.samples % 20 == 1;
        let weight = DAY as f64 * self.mean.max(0.5);
        if let Some(index) = self.service.follow {
            let rung = ladder.rungs[index];
            let cost = self.cost * if rung.brisk { 1.02 } else { 1.0 };
            assert!(
                (rung.cost / cost - 1.0).abs() < 1e-9,
                "{} {cost}",
                rung.cost
            );
            if chosen {
                let unknown = if self.samples > 7 * DAY { 0.07 } else { 0.12 };
                let prior = (unknown / rung.price).min(0.5);
                let share = (self.bad + weight * prior) / (self.demand + weight);
                assert!(
                    (rung.bad_share - share).abs() < 1e-9,
                    "{} {share}",
                    rung.bad_share
                );
            }
        }
        let followed = ladder.followed.unwrap();
        if !chosen {
            assert_eq!(Some(followed), self.followed, "between choices");
            return;
        }
        let accepted = 0.85 * self.service.policy.config().accepted_bad_share;
        let real = (self.bad + accepted * weight) / (self.demand + weight);
        let budget = accepted * (2.0 - real / accepted).clamp(1.0, 2.0);
        let least = ladder.rungs.iter().map(|r| r.bad_share).fold(1.0, f64::min);
        let kept = |index: &usize| ladder.rungs[*index].bad_share - 0.3 * least <= budget;
        let cost = |index: usize| ladder.rungs[index].cost;
        let cheapest = (0..28)
            .filter(kept)
            .min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        let before = self.followed.replace(followed).filter(kept);
        match (cheapest, before) {
            (Some(best), Some(before)) if cost(before) * 0.99 <= cost(best) => {
                assert_eq!(followed, before, "it stays");
            }
            (Some(best), _) => assert_eq!(followed, best, "the cheapest"),
            (None, _) => {
                // An accepted share less is worth twice what serves the whole demand.
                let total = self.demand + weight;
                let loss = |i: usize| cost(i) + 2.0 / accepted * total * ladder.rungs[i].bad_share;
                let best = (0..28).map(loss).fold(f64::INFINITY, f64::min);
                assert!(loss(followed) <= best * (1.0 + 1e-9), "the least loss");
                self.fallbacks += 1;
            }
        }
    }
}

#[test]
fn a_record_is_what_that_fleet_would_have_delivered() {
    for index in [2, 6, 12, 18, 27] {
        Record::new(Some(index)).run(2 * DAY, &mut Noise(9));
    }
}

#[test]
fn records_do_not_depend_on_who_is_followed() {
    let mut fleets = [None, Some(0), Some(27)].map(Record::new);
    for seed in 0..200 {
        for fleet in &mut fleets {
            fleet.service.run(1, |tick| hourly_burst(tick + seed));
        }
        let [a, b, c] = &fleets;
        assert_eq!(a.service.out.ladder.rungs.len(), 28);
        for other in [b, c] {
            let (ours, theirs) = (&a.service.out.ladder, &other.service.out.ladder);
            assert_eq!(ours.rungs, theirs.rungs);
        }
    }
    let [_, b, c] = &fleets;
    assert!(c.service.cost > b.service.cost * 1.5);
}

#[test]
fn the_cheapest_that_kept_the_share_is_followed() {
    let mut record = Record::new(None);
    record.run(3 * DAY, &mut Noise(4));
    assert!(record.bad > 0.0);
    assert_eq!(record.fallbacks, 0);
}

#[test]
fn where_none_kept_the_share_the_least_loss_is_followed() {
    let mut record = Record::new(None);
    let strict = config().with_accepted_bad_share(1e-4);
    record.service.policy.reconfigure(strict).unwrap();
    record.run(2 * DAY, &mut Noise(4));
    assert!(record.fallbacks > 20, "{}", record.fallbacks);
}

#[test]
fn less_is_feared_after_a_week() {
    let mut record = Record::new(Some(5));
    record.run(8 * DAY, &mut Noise(2));
    assert!(record.samples > 7 * DAY);
}
