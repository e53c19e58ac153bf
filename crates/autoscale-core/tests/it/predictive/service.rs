//! A service that takes time to start replicas and to be measured, and loads for it.

use std::collections::VecDeque;
use std::time::Duration;

use autoscale_core::{
    AdaptiveForecast, Decision, DemandForecast, MetricReading, Milli, Observation, Phase, PodGroup,
    Policy, Predictive, PredictiveConfig,
};

/// What a replica carries, in milli-units; loads below are counted in replicas.
pub(crate) const REPLICA_MILLI: f64 = 100_000.0;

/// 1 % may be bad; a replica carries 100; a minute to start, half a minute to be seen, 15 s apart.
pub(crate) fn config() -> PredictiveConfig {
    PredictiveConfig::new(0.01, REPLICA_MILLI / 1000.0)
}

#[allow(clippy::cast_possible_truncation)] // of a test's own load
pub(crate) fn reading(demand: f64) -> MetricReading {
    MetricReading::value(Milli((demand * REPLICA_MILLI).round() as i64))
}

/// `replicas` ready pods under this load.
pub(crate) fn steady(replicas: u32, demand: f64) -> Observation {
    Observation::new(replicas)
        .with_pods([PodGroup::running(replicas)])
        .with_readings([reading(demand)])
}

/// Numbers from a seed, the same ever after.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    /// 0 … 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Mean 0, deviation 1, nearly normal.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// 20 replicas' worth for three minutes from :05 of every hour, 4 otherwise.
pub(crate) fn hourly_burst(tick: u64) -> f64 {
    if (20..32).contains(&(tick % 240)) {
        20.0
    } else {
        4.0
    }
}

/// The policy and what it scales.
#[derive(Clone)]
pub(crate) struct Service<F = AdaptiveForecast> {
    pub(crate) policy: Predictive<F>,
    pub(crate) out: Decision,
    pub(crate) tick: u64,
    pub(crate) ready: u32,
    /// The candidate whose counts are carried out instead of the decision's.
    pub(crate) follow: Option<usize>,
    /// (Tick from which they serve, count).
    starting: VecDeque<(u64, u32)>,
    past: VecDeque<f64>,
    pub(crate) demand: f64,
    pub(crate) bad: f64,
    pub(crate) cost: f64,
}

impl Service {
    pub(crate) fn new(config: PredictiveConfig) -> Self {
        Self::of(Predictive::new(config).unwrap())
    }
}

impl<F: DemandForecast> Service<F> {
    pub(crate) fn of(policy: Predictive<F>) -> Self {
        Self {
            policy,
            out: Decision::default(),
            tick: 0,
            ready: 1,
            follow: None,
            starting: VecDeque::new(),
            past: VecDeque::new(),
            demand: 0.0,
            bad: 0.0,
            cost: 0.0,
        }
    }

    fn intervals(&self, time: Duration) -> u64 {
        let interval = self.policy.config().interval;
        u64::try_from(time.as_millis().div_ceil(interval.as_millis())).unwrap()
    }

    pub(crate) fn now(&self) -> Duration {
        self.policy.config().interval * u32::try_from(self.tick).unwrap()
    }

    /// The next interval's load comes and is counted; what the policy sees at its end.
    pub(crate) fn load(&mut self, demand: f64) -> Observation {
        self.tick += 1;
        while let Some((_, count)) = self.starting.front().filter(|s| s.0 <= self.tick) {
            self.ready += count;
            self.starting.pop_front();
        }
        let starting: u32 = self.starting.iter().map(|s| s.1).sum();
        self.demand += demand;
        self.cost += f64::from(self.ready + starting);
        if f64::from(self.ready) < demand {
            self.bad += demand;
        }
        let lag = self.intervals(self.policy.config().metric_lag);
        self.past.push_back(demand);
        while self.past.len() as u64 > lag + 1 {
            self.past.pop_front();
        }
        let pending = PodGroup {
            phase: Phase::Pending,
            ready: None,
            ..PodGroup::running(starting)
        };
        Observation::new(self.ready + starting)
            .with_pods([PodGroup::running(self.ready), pending])
            .with_readings([reading(self.past[0])])
    }

    /// Decides on this and carries it out.
    pub(crate) fn decide(&mut self, seen: &Observation) -> u32 {
        self.policy.decide_into(self.now(), seen, &mut self.out);
        let rung = self
            .follow
            .and_then(|index| self.out.ladder.rungs.get(index));
        let wanted = match self.follow {
            Some(_) => rung.map_or(seen.spec_replicas, |rung| rung.replicas),
            None => self.out.replicas,
        };
        let mut current = seen.spec_replicas;
        if wanted > current {
            let due = self.tick + self.intervals(self.policy.config().start_up) + 1;
            self.starting.push_back((due, wanted - current));
        }
        while wanted < current {
            current -= 1;
            match self.starting.back_mut() {
                Some((_, count)) if *count > 1 => *count -= 1,
                Some(_) => drop(self.starting.pop_back()),
                None => self.ready -= 1,
            }
        }
        wanted
    }

    pub(crate) fn step(&mut self, demand: f64) -> u32 {
        let seen = self.load(demand);
        self.decide(&seen)
    }

    /// So many ticks of a load.
    pub(crate) fn run(&mut self, ticks: u64, load: impl Fn(u64) -> f64) -> &mut Self {
        for _ in 0..ticks {
            let demand = load(self.tick + 1);
            self.step(demand);
        }
        self
    }

    pub(crate) fn bad_share(&self) -> f64 {
        self.bad / self.demand
    }

    /// Ready replicas when the next burst of [`hourly_burst`] begins, and just before the hour.
    pub(crate) fn next_burst(&mut self) -> [u32; 2] {
        self.run(239 - self.tick % 240, hourly_burst);
        let before = self.ready;
        self.run(21, hourly_burst);
        [before, self.ready]
    }
}

pub(crate) const HOUR: u64 = 240;
pub(crate) const DAY: u64 = 24 * HOUR;
