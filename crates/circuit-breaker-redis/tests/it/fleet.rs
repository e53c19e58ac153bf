//! Twenty instances, each with its own connection: virtual time for the breakers, real round trips.

use std::time::Duration;

use circuit_breaker::fleet::{FleetAction, FleetConfig, FleetSettings, Merged};
use circuit_breaker::{CircuitBreaker, Config, ManualClock, Outcome, Settings, State};
use circuit_breaker_redis::SharedBreaker;
use redis::aio::MultiplexedConnection;

use crate::server::Server;

pub(crate) const PERIOD: u64 = 250;
const STEP: u64 = 10;

/// splitmix64.
pub(crate) fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// The store's clock goes slower here than the breakers': no report grows old by it.
pub(crate) fn patient(settings: &Settings) -> FleetSettings {
    FleetSettings::new(FleetConfig::default().with_missed_periods(1000), settings).unwrap()
}

pub(crate) struct Instance {
    pub(crate) breaker: CircuitBreaker,
    pub(crate) shared: SharedBreaker<MultiplexedConnection>,
    pub(crate) rate: f64,
    pub(crate) opened: Option<u64>,
    pub(crate) by_the_fleet: bool,
    pub(crate) merged: Merged,
    phase: u64,
}

pub(crate) struct Fleet {
    pub(crate) instances: Vec<Instance>,
    pub(crate) clock: ManualClock,
    pub(crate) now: u64,
    /// Ticks that failed.
    pub(crate) errors: usize,
    pub(crate) draws: u64,
}

impl Fleet {
    pub(crate) async fn new(
        server: &Server,
        name: &str,
        size: usize,
        rate: impl Fn(usize) -> f64,
    ) -> Self {
        let settings = Settings::new(Config::default()).unwrap();
        let fleet = patient(&settings);
        let mut instances = Vec::new();
        for i in 0..size {
            let connection = server.connect().await;
            let id = format!("pod-{i}");
            let seed = i as u64 + 1;
            instances.push(Instance {
                breaker: CircuitBreaker::new(&settings, seed),
                shared: SharedBreaker::new(connection, name, &id, &fleet, seed).unwrap(),
                rate: rate(i),
                opened: None,
                by_the_fleet: false,
                merged: Merged::default(),
                phase: (i as u64 * 70) % PERIOD / STEP * STEP,
            });
        }
        Self {
            instances,
            clock: ManualClock::default(),
            now: 0,
            errors: 0,
            draws: 7,
        }
    }

    /// Runs up to `end`; `fails` says the share of an instance's calls that fail.
    pub(crate) async fn run(
        &mut self,
        end: u64,
        fails: impl Fn(usize) -> f64,
        mut each: impl FnMut(&Self),
    ) {
        while self.now < end {
            self.now += STEP;
            let now = Duration::from_millis(self.now);
            self.clock.set(now);
            for (i, instance) in self.instances.iter_mut().enumerate() {
                if draw(&mut self.draws) < instance.rate * STEP as f64 / 1000.0
                    && let Ok(token) = instance.breaker.try_acquire(now)
                {
                    let failed = draw(&mut self.draws) < fails(i);
                    let outcome = if failed {
                        Outcome::Failure
                    } else {
                        Outcome::Success
                    };
                    instance.breaker.record(token, outcome, now);
                }
                if self.now % PERIOD == instance.phase {
                    match instance.shared.tick(&instance.breaker, &self.clock).await {
                        Ok(tick) => {
                            instance.merged = tick.decision.merged;
                            instance.by_the_fleet |= tick.decision.action == FleetAction::Open;
                        }
                        Err(error) => {
                            assert!(error.is_retryable(), "{error}");
                            self.errors += 1;
                        }
                    }
                }
                if instance.breaker.state() != State::Closed && instance.opened.is_none() {
                    instance.opened = Some(self.now);
                }
            }
            each(self);
        }
    }
}

#[tokio::test]
async fn one_bad_node_of_twenty_opens_no_other() {
    let server = Server::start().await;
    for (share, name) in [(0.6, "sixty"), (1.0, "all")] {
        let mut fleet = Fleet::new(&server, name, 20, |i| 1.0 + 2.0 * i as f64).await;
        fleet.instances[0].rate = 30.0;
        fleet
            .run(
                20_000,
                |i| if i == 0 { share } else { 0.01 },
                |fleet| {
                    for instance in fleet.instances.iter().skip(1) {
                        assert_eq!(instance.breaker.state(), State::Closed, "share {share}");
                    }
                },
            )
            .await;
        assert!(fleet.instances[0].opened.is_some());
        assert_eq!(fleet.errors, 0);
        for instance in &fleet.instances {
            assert_eq!((instance.merged.live, instance.merged.refused), (20, 0));
        }
    }
}

#[tokio::test]
async fn an_outage_opens_all_twenty_within_two_periods_of_a_quorum() {
    let server = Server::start().await;
    for (share, name) in [(0.7, "seventy"), (1.0, "all")] {
        // Eight of them have too few calls to tell by themselves.
        let mut fleet = Fleet::new(&server, name, 20, |i| if i < 8 { 0.1 } else { 20.0 }).await;
        fleet.run(12_000, |_| 0.01, |_| {}).await;
        assert!(fleet.instances.iter().all(|i| i.opened.is_none()));
        let mut quorum = None;
        fleet
            .run(
                30_000,
                |_| share,
                |fleet| {
                    let open = |i: &&Instance| i.opened.is_some() && !i.by_the_fleet;
                    if quorum.is_none() && fleet.instances.iter().filter(open).count() >= 10 {
                        quorum = Some(fleet.now);
                    }
                },
            )
            .await;
        let quorum = quorum.expect("a quorum sees it");
        for (i, instance) in fleet.instances.iter().enumerate() {
            let opened = instance.opened.expect("everybody opens");
            assert!(
                opened <= quorum + 2 * PERIOD,
                "share {share}, instance {i}: {opened}, {quorum}"
            );
        }
        assert!(
            fleet.instances.iter().take(8).all(|i| i.by_the_fleet),
            "share {share}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_everybody_on_its_own() {
    let mut server = Server::start().await;
    let mut fleet = Fleet::new(&server, "orders", 20, |_| 25.0).await;
    fleet.run(6000, |_| 0.01, |_| {}).await;
    fleet.run(14_000, |_| 1.0, |_| {}).await;
    assert!(
        fleet
            .instances
            .iter()
            .all(|i| i.breaker.state() != State::Closed)
    );
    server.kill();
    let lost = fleet.now;
    // Whatever was held for the others ends within two periods.
    let now = Duration::from_millis(lost);
    let longest = fleet
        .instances
        .iter()
        .filter_map(|i| i.breaker.metrics(now).retry_after)
        .map(|left| left.as_millis() as u64)
        .filter(|left| *left > 2 * PERIOD)
        .count();
    assert!(
        longest <= 1,
        "only whose own probes have just failed may wait longer"
    );
    fleet.run(lost + 6000, |_| 0.0, |_| {}).await;
    assert!(fleet.errors > 100);
    for instance in &fleet.instances {
        assert_eq!(instance.breaker.state(), State::Closed);
    }
    // And the local rule still opens.
    let now = fleet.now;
    fleet.run(now + 15_000, |_| 1.0, |_| {}).await;
    assert!(
        fleet
            .instances
            .iter()
            .all(|i| i.breaker.state() != State::Closed)
    );
}

#[tokio::test]
async fn a_dry_run_reports_and_changes_nothing() {
    let server = Server::start().await;
    let mut fleet = Fleet::new(&server, "orders", 3, |i| if i == 0 { 0.0 } else { 30.0 }).await;
    let watcher = fleet.instances.remove(0);
    let Instance { shared, .. } = watcher;
    fleet.instances.insert(
        0,
        Instance {
            shared: shared.with_dry_run(true),
            ..watcher
        },
    );
    fleet.run(8000, |_| 1.0, |_| {}).await;
    let watcher = &fleet.instances[0];
    assert!(watcher.by_the_fleet, "it says that it would open");
    assert_eq!(watcher.breaker.state(), State::Closed);
    assert_eq!(watcher.merged.live, 3);
}
