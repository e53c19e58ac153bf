//! The script and the ledger's rules in Rust say the same, step by step.

use std::time::Duration;

use circuit_breaker::fleet::{Act, FleetConfig, FleetSettings, FleetView, Ledger};
use circuit_breaker::{CircuitBreaker, Config, OpenWait, Settings};
use circuit_breaker_redis::{RedisStore, SCRIPT};

use crate::fleet::draw;
use crate::server::Server;

const STEPS: usize = if cfg!(feature = "full") {
    200_000
} else {
    4000
};

#[tokio::test]
async fn the_script_follows_the_ledgers_rules() {
    let server = Server::start().await;
    let wait = OpenWait::fixed(Duration::from_millis(20));
    let settings = Settings::new(Config::default().with_open_wait(wait)).unwrap();
    let config = FleetConfig::default().with_period(Duration::from_millis(10));
    let fleet = FleetSettings::new(config, &settings).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    let mut requests = ["a", "b", "c"].map(|id| {
        FleetView::new(&fleet, id, 1)
            .unwrap()
            .prepare(&breaker, Duration::ZERO)
    });
    let mut store = RedisStore::new(server.connect().await, "orders").unwrap();
    let mut raw = server.connect().await;
    let mut before = Ledger::default();
    let (mut state, mut changes, mut over, mut raised) = (1, 0, 0, 0);
    for step in 0..STEPS {
        let pick = |state: &mut u64, n: u64| (draw(state) * n as f64) as u64;
        let request = &mut requests[pick(&mut state, 3) as usize];
        // The round that is held, most of the time.
        let round = before
            .round
            .saturating_sub(u64::from(draw(&mut state) < 0.2));
        request.act = match pick(&mut state, 7) {
            0 => Act::Nothing,
            1 => Act::Renew { round },
            2 => Act::Succeeded { round },
            3 => Act::Failed { round },
            4 => Act::Release { round },
            _ => Act::Ask,
        };
        let known = draw(&mut state) < 0.02;
        request.generation = before.generation + u64::from(known);
        request.round = before.round;
        // Leases and waits that end while the test runs, a clock that seems to have gone back, and
        // nobody asking for long.
        request.lease = Duration::from_millis(1 + pick(&mut state, 4));
        request.wait = Duration::from_millis(pick(&mut state, 3));
        request.longest_wait = Duration::from_millis(2 + pick(&mut state, 50));
        request.keep = Duration::from_millis(2 + pick(&mut state, 20));
        if draw(&mut state) < 0.05 {
            // A ledger that somebody else wrote.
            let texts = [
                "",
                "1 5 x",
                "1 1 2 3 4 5 two words",
                "1 300000000000000 0 0 0 0 ",
                "1 2 3 4 9999999999999 9999999999999 c",
            ];
            let text = texts[pick(&mut state, 5) as usize];
            let () = redis::cmd("HSET")
                .arg(store.key())
                .arg("ledger")
                .arg(text)
                .query_async(&mut raw)
                .await
                .unwrap();
            before = text.parse().unwrap_or_default();
        }
        let sent = request.clone();
        let reply = store.exchange(&sent).await.unwrap();
        assert!(reply.ledger_is_sound);
        // The key may have expired since: then nothing stood there.
        let expected = before.after(&sent, reply.now);
        let anew = Ledger::default().after(&sent, reply.now);
        assert!(
            reply.ledger == expected || reply.ledger == anew,
            "step {step}: {} and {sent:?} at {}: {}, not {expected}",
            before,
            reply.now,
            reply.ledger
        );
        changes += usize::from(reply.ledger != before);
        over += usize::from(!before.holder.is_empty() && reply.ledger.failed > before.failed);
        raised += usize::from(known);
        let told = reply.reports.iter().find(|r| r.id == sent.id).unwrap();
        assert_eq!((told.age, told.report), (0, sent.report));
        before = reply.ledger;
    }
    assert!(
        changes > STEPS / 10 && over > STEPS / 100 && raised > 0,
        "{changes} {over} {raised}"
    );
}

#[tokio::test]
async fn a_server_that_has_lost_its_scripts_is_told_again() {
    let server = Server::start().await;
    let settings = Settings::new(Config::default()).unwrap();
    let fleet = FleetSettings::new(FleetConfig::default(), &settings).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    let request = FleetView::new(&fleet, "a", 1)
        .unwrap()
        .prepare(&breaker, Duration::ZERO);
    let mut store = RedisStore::new(server.connect().await, "orders").unwrap();
    for _ in 0..3 {
        assert_eq!(store.exchange(&request).await.unwrap().reports.len(), 1);
        let mut raw = server.connect().await;
        let () = redis::cmd("SCRIPT")
            .arg("FLUSH")
            .query_async(&mut raw)
            .await
            .unwrap();
    }
    assert!(SCRIPT.contains("KEYS[1]"));
}

#[tokio::test]
async fn what_is_written_expires_two_windows_after_the_last_instance() {
    let server = Server::start().await;
    let settings = Settings::new(Config::default()).unwrap();
    let fleet = FleetSettings::new(FleetConfig::default(), &settings).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    let mut store = RedisStore::new(server.connect().await, "orders").unwrap();
    let mut raw = server.connect().await;
    let request = FleetView::new(&fleet, "a", 1)
        .unwrap()
        .prepare(&breaker, Duration::ZERO);
    store.exchange(&request).await.unwrap();
    let left: i64 = redis::cmd("PTTL")
        .arg(store.key())
        .query_async(&mut raw)
        .await
        .unwrap();
    assert!((10_000..=20_000).contains(&left), "{left}");
    // An instance that has not been heard of for as long is forgotten before that.
    let text = "5 1 open 0 bad 9 9 0 0";
    let () = redis::cmd("HSET")
        .arg(store.key())
        .arg("i:gone")
        .arg(text)
        .query_async(&mut raw)
        .await
        .unwrap();
    let reply = store.exchange(&request).await.unwrap();
    assert_eq!((reply.reports.len(), reply.refused), (1, 0));
    let there: bool = redis::cmd("HEXISTS")
        .arg(store.key())
        .arg("i:gone")
        .query_async(&mut raw)
        .await
        .unwrap();
    assert!(!there);
}
