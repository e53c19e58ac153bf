//! A server that goes and comes back on the same port: so does the instance.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use circuit_breaker::fleet::{FleetConfig, FleetSettings};
use circuit_breaker::{CircuitBreaker, Config, Settings};
use circuit_breaker_redis::{Error, SharedBreaker};

use crate::server::Server;

pub(crate) const PERIOD: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(30);
/// Failed ticks between a server that answers and a tick that does: one that found the attempt
/// before it failed, one that was on its way, and room for a busy machine.
const FEW: usize = 5;

pub(crate) fn fleet() -> (CircuitBreaker, FleetSettings) {
    let settings = Settings::new(Config::default()).unwrap();
    let config = FleetConfig::default().with_period(PERIOD);
    let fleet = FleetSettings::new(config, &settings).unwrap();
    (CircuitBreaker::new(&settings, 1), fleet)
}

/// What the ticks came to, one after another.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Result<(), bool>>>>);

impl Log {
    pub(crate) fn tell(&self, tick: Result<(), Error>) {
        let tick = tick.map_err(|error| error.is_retryable());
        self.0.lock().unwrap().push(tick);
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Waits for so many ticks after the first `from` that are well, or that are not, and says how
    /// many of the other kind there were.
    pub(crate) async fn until(&self, from: usize, well: bool, many: usize) -> usize {
        let begun = Instant::now();
        loop {
            let ticks = self.0.lock().unwrap().clone();
            let (those, others): (Vec<_>, Vec<_>) = ticks
                .into_iter()
                .skip(from)
                .partition(|tick| tick.is_ok() == well);
            if those.len() >= many {
                return others.len();
            }
            assert!(begun.elapsed() < PATIENCE, "{those:?}, {others:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn all_retryable(&self) -> bool {
        self.0.lock().unwrap().iter().all(|t| *t != Err(false))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_back_within_a_few_periods_of_its_server() {
    let mut server = Server::start().await;
    let (breaker, fleet) = fleet();
    let mut shared = SharedBreaker::new(server.manager(&fleet), "orders", "a", &fleet, 1).unwrap();
    let log = Log::default();
    let told = log.clone();
    let origin = Instant::now();
    let looped = tokio::spawn(async move {
        let clock = move || origin.elapsed();
        let tell = |tick: Result<_, Error>| told.tell(tick.map(|_| ()));
        shared.run(&breaker, &clock, tell).await;
    });
    log.until(0, true, 3).await;
    for _ in 0..3 {
        server.kill();
        log.until(log.len(), false, 10).await;
        server = Server::start_on(server.port, &[]).await.unwrap();
        let failed = log.until(log.len(), true, 3).await;
        assert!(failed <= FEW, "restarted: {failed} ticks failed");
    }
    // Ten periods are no longer than a connection attempt may take.
    for periods in [3, 20] {
        server.hang(true);
        log.until(log.len(), false, periods).await;
        server.hang(false);
        let failed = log.until(log.len(), true, 3).await;
        assert!(failed <= FEW, "hung for {periods}: {failed} ticks failed");
    }
    assert!(log.all_retryable());
    looped.abort();
}

#[tokio::test]
async fn an_instance_may_start_before_its_server() {
    let (breaker, fleet) = fleet();
    let mut server = Server::start().await;
    server.kill();
    let mut shared = SharedBreaker::new(server.manager(&fleet), "orders", "a", &fleet, 1).unwrap();
    let origin = Instant::now();
    let clock = || origin.elapsed();
    for _ in 0..3 {
        let error = shared.tick(&breaker, &clock).await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
    }
    let _server = Server::start_on(server.port, &[]).await.unwrap();
    let mut failed = 0;
    while shared.tick(&breaker, &clock).await.is_err() {
        failed += 1;
        assert!(failed <= FEW);
    }
}
