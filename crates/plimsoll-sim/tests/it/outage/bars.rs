//! What everything together must keep: at most 1.25 attempts for each arrival during the outage,
//! and at least 99 % served from 2 s after it on. The breakers are the real ones.

use std::time::Duration;

use circuit_breaker::{Config, OpenWait};
use plimsoll_sim::outage::{OutageConfig, OutageRun, Second, Tokens};

use super::run;

const MOST_ATTEMPTS: f64 = 1.25;
const LEAST_GOODPUT: f64 = 0.99;
const LOADS: [f64; 4] = [0.6, 0.7, 0.8, 0.9];
/// Seeds of each load and length.
const SEEDS: u64 = if cfg!(feature = "full") { 50 } else { 3 };

/// Runs of both kinds of clients at every load, for these lengths of the outage.
fn grid(outages_s: &[u64], config: &OutageConfig) -> Vec<(String, OutageRun)> {
    let mut runs = Vec::new();
    for load in LOADS {
        for outage_s in outages_s {
            for seed in 1..=SEEDS {
                for defence in ["all", "three-tries+all"] {
                    let outage = Duration::from_secs(*outage_s);
                    let config = config.clone().with_load(load).with_outage(outage);
                    let about = format!("{defence}, load {load}, {outage_s} s, seed {seed}");
                    runs.push((about, run(config.with_seed(seed), defence)));
                }
            }
        }
    }
    runs
}

#[test]
fn all_keeps_its_bars_for_fifty_seeds() {
    let mut soon = 0;
    for seed in 1..=50 {
        let run = run(OutageConfig::default().with_seed(seed), "all");
        assert!(run.attempts_per_arrival <= MOST_ATTEMPTS, "{seed}");
        assert!(run.goodput_after_2s >= LEAST_GOODPUT, "{seed}");
        let recovery_s = run.recovery_s().unwrap();
        assert!(recovery_s <= 3, "{seed}: {recovery_s} s");
        soon += u32::from(recovery_s <= 2);
    }
    assert!(soon >= 45, "{soon} of 50 within 2 s");
}

#[test]
fn all_keeps_its_bars_at_other_loads_and_lengths() {
    for (about, run) in grid(&[2, 3, 4, 5, 8, 12, 20], &OutageConfig::default()) {
        let (attempts, goodput) = (run.attempts_per_arrival, run.goodput_after_2s);
        assert!(attempts <= MOST_ATTEMPTS, "{about}: {attempts}");
        assert!(goodput >= LEAST_GOODPUT, "{about}: {goodput}");
    }
}

/// By then a breaker's wait has grown with the outage; with a wait of at most 2 s nothing is
/// missed.
#[test]
fn long_outages_need_a_cap_of_the_open_wait() {
    let wait = OpenWait::default().with_cap(Duration::from_secs(2));
    let breaker = Config::default().with_open_wait(wait);
    let capped = OutageConfig::default().with_breaker(breaker);
    for (about, run) in grid(&[30, 60], &capped) {
        let (attempts, goodput) = (run.attempts_per_arrival, run.goodput_after_2s);
        assert!(attempts <= MOST_ATTEMPTS, "{about}: {attempts}");
        assert!(goodput >= LEAST_GOODPUT, "{about}: {goodput}");
    }
    for (about, run) in grid(&[30, 60], &OutageConfig::default()) {
        let attempts = run.attempts_per_arrival;
        assert!(attempts <= MOST_ATTEMPTS, "{about}: {attempts}");
        assert!(run.recovery_s().is_some(), "{about}");
    }
}

/// The floor of a budget is one retry a second for each instance, however few calls it has.
#[test]
fn instances_with_few_calls_spend_the_floor_of_the_budget() {
    let attempts = |config: OutageConfig| run(config, "all").attempts_per_arrival;
    let default = OutageConfig::default;
    for few in [
        default().with_clients(1000),
        default().with_capacity_rps(10.0),
    ] {
        let floored = attempts(few.clone());
        assert!(floored > MOST_ATTEMPTS, "{floored}");
        let mut budget = few.budget;
        budget.tokens = Tokens::Window {
            ttl: Duration::from_secs(1),
            floor_per_s: 0.0,
        };
        let unfloored = attempts(few.with_budget(budget));
        assert!(unfloored < 1.02, "{unfloored}");
    }
    // Four calls a second are enough.
    assert!(attempts(default().with_clients(100)) <= MOST_ATTEMPTS);
}

#[test]
fn each_part_alone_leaves_something() {
    for (defence, attempts, recovers) in [
        ("budget", 1.25, false),
        ("breaker", 1.25, false),
        ("bounded-queue", f64::INFINITY, true),
    ] {
        let run = run(OutageConfig::default(), defence);
        assert!(run.attempts_per_arrival <= attempts, "{defence}");
        assert_eq!(run.recovery_s().is_some(), recovers, "{defence}");
    }
    let bounded = run(OutageConfig::default(), "bounded-queue");
    assert!(bounded.attempts_per_arrival > 5.0);
    let tower = run(OutageConfig::default(), "tower-budget+bounded-queue");
    assert!(tower.attempts_per_arrival > MOST_ATTEMPTS);
}

#[test]
fn what_a_breaker_refuses_is_no_attempt_and_waits_as_long_as_it_asks() {
    let wait = Duration::from_secs(10);
    let config = OutageConfig::default()
        .with_clients(1)
        .with_outage(Duration::from_secs(30))
        .with_breaker(Config::default().with_open_wait(OpenWait::fixed(wait)));
    let run = run(config, "three-tries+breaker");
    let opened = run
        .seconds
        .iter()
        .position(|second| second.attempts == 0)
        .unwrap();
    assert!((25..30).contains(&opened), "opened after {opened} s");
    // Tries of before are over after 1.8 s; until the wait ends nobody comes back.
    for second in &run.seconds[opened + 2..opened + 8] {
        let Second {
            arrivals,
            attempts,
            rejected,
            ..
        } = *second;
        assert_eq!((attempts, rejected), (0, arrivals), "{}", second.from_s);
    }
    // Then those who waited do.
    let back: u64 = run.seconds[opened + 9..opened + 12]
        .iter()
        .map(|second| second.rejected)
        .sum();
    assert!(back > 3 * 400, "{back}");
}

#[test]
fn a_breaker_that_sees_only_young_dropped_calls_does_not_open() {
    let refused = |time_out_ms, drops| {
        let config = OutageConfig::default()
            .with_time_out(Duration::from_millis(time_out_ms))
            .with_drops(drops);
        run(config, "three-tries+breaker").rejected_per_arrival
    };
    // The default counts a dropped call from the slow-call threshold, 1 s, on.
    assert!(refused(1000, true) > 1.0 && refused(1000, true) <= refused(1000, false));
    assert!(refused(900, false) > 1.0);
    assert_eq!(refused(900, true), 0.0);
}
