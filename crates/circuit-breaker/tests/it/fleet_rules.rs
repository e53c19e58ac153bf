//! Outages that only latency, or only failures in a row, show.

use std::time::Duration;

use circuit_breaker::fleet::{FleetDecision, FleetReason};
use circuit_breaker::{Config, LatencyLimit, OpenReason, State};

use crate::fleet::{Fleet, PERIOD, STEP};

const SEEDS: u64 = if cfg!(feature = "full") { 200 } else { 12 };
const BEGIN: u64 = 12_000;

/// Settings that see nothing but the one, and what a bad call is to them.
fn rules() -> [(&'static str, Config, Option<Duration>); 4] {
    let late = |quantile| {
        let limit = LatencyLimit::new(quantile, Duration::from_millis(300));
        Config::default()
            .with_failure_rate(None)
            .with_latency(Some(limit))
    };
    let in_a_row = Config::consecutive(5, Duration::from_secs(1));
    let took = Some(Duration::from_millis(800));
    [
        ("p90", late(0.9), took),
        ("p99", late(0.99), took),
        (
            "in a row, without a window",
            in_a_row.clone().with_time_window(None),
            None,
        ),
        (
            "in a row, beside a window",
            in_a_row.with_time_window(Config::default().time_window),
            None,
        ),
    ]
}

fn fleet(rule: &(&str, Config, Option<Duration>), seed: u64, few: usize) -> Fleet {
    // The first have too few calls for a rule of their own.
    let rate = |i, draw: f64| {
        if i < few {
            0.4 * draw
        } else {
            10.0 + 30.0 * draw
        }
    };
    let mut fleet = Fleet::with(rule.1.clone(), 20, seed, rate);
    fleet.bad_takes = rule.2;
    fleet
}

#[test]
fn an_outage_opens_everybody_within_two_periods_of_a_quorum() {
    for rule in rules() {
        let (mut slowest, mut told, mut lucky) = (0, 0, 0);
        for seed in 0..SEEDS {
            let mut fleet = fleet(&rule, seed, 8);
            let fails = |_, at| if at >= BEGIN { 1.0 } else { 0.0 };
            let mut quorum = None;
            fleet.run(30_000, fails, |fleet| {
                let own = |by: Option<OpenReason>| by.is_some_and(|by| by != OpenReason::Shared);
                let now = Duration::from_millis(fleet.now);
                let itself = fleet.instances.iter();
                let itself = itself.filter(|i| own(i.breaker.metrics(now).opened_by));
                if quorum.is_none() && itself.count() >= 10 {
                    quorum = Some(fleet.now);
                }
            });
            let quorum = quorum.expect("a quorum opens by its own rules");
            for (i, instance) in fleet.instances.iter().enumerate() {
                let opened = instance.opened.expect("everybody opens");
                let took = opened.saturating_sub(quorum);
                if took <= 2 * PERIOD + STEP {
                    slowest = slowest.max(took);
                    continue;
                }
                // Its newest calls are of before the outage, significantly good: it says so.
                let of_good_calls = |d: &FleetDecision| {
                    let at = d.at.as_millis() as u64;
                    let within = at > quorum && at <= quorum + 2 * PERIOD + STEP;
                    within && d.reason == FleetReason::OwnCallsGood
                };
                assert!(
                    instance.decisions.iter().any(of_good_calls),
                    "{}, seed {seed}, instance {i}: {took} ms",
                    rule.0
                );
                lucky += 1;
            }
            told += fleet.shared_openings();
        }
        assert!(told as u64 >= SEEDS && slowest > 0, "{}", rule.0);
        assert!(lucky * 1000 <= 20 * SEEDS * 5, "{}: {lucky}", rule.0);
    }
}

#[test]
fn one_bad_node_of_twenty_opens_nobody() {
    for rule in rules() {
        for seed in 0..SEEDS {
            let mut fleet = fleet(&rule, seed, 0);
            let fails = |i, _| if i == 19 { 1.0 } else { 0.0 };
            fleet.run(30_000, fails, |fleet| {
                for instance in fleet.instances.iter().take(19) {
                    assert_eq!(instance.breaker.state(), State::Closed, "{}", rule.0);
                }
            });
            assert!(fleet.instances[19].opened.is_some());
            assert_eq!(fleet.shared_openings(), 0);
        }
    }
}

#[test]
fn prompt_calls_of_ones_own_keep_closed() {
    let rules = rules();
    for rule in rules.iter().filter(|rule| rule.2.is_some()) {
        for seed in 0..SEEDS {
            let mut fleet = fleet(rule, seed, 0);
            let fails = |i, at| if i < 15 && at >= BEGIN { 1.0 } else { 0.0 };
            fleet.run(20_000, fails, |fleet| {
                for instance in fleet.instances.iter().skip(15) {
                    assert_eq!(instance.breaker.state(), State::Closed, "{}", rule.0);
                }
            });
            let mut decisions = fleet.instances[19].decisions.iter();
            assert!(decisions.any(|d| d.reason == FleetReason::OwnCallsGood));
        }
    }
}
