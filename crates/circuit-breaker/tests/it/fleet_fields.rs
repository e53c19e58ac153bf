//! Every refusal of the configuration, and that every field changes something.

use std::time::Duration;

use circuit_breaker::fleet::{
    Board, FleetAction, FleetConfig, FleetDecision, FleetReason, FleetSettings, FleetView, Merged,
    Own, Reply, Vote,
};
use circuit_breaker::{CircuitBreaker, Config, OpenWait, Outcome, Settings};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A breaker whose waits leave room for any period.
fn breaker() -> Settings {
    Settings::new(Config::default().with_open_wait(OpenWait::fixed(ms(200_000)))).unwrap()
}

#[test]
fn what_is_out_of_range_is_refused_by_name() {
    let config = FleetConfig::default;
    let cases = [
        (
            config().with_period(ms(9)),
            "period is 9ms, must be from 10ms to 1m",
        ),
        (
            config().with_period(ms(60_001)),
            "period is 60001ms, must be from 10ms to 1m",
        ),
        (
            config().with_quorum(0.0),
            "quorum is 0, must be above 0 and at most 1",
        ),
        (
            config().with_quorum(1.1),
            "quorum is 1.1, must be above 0 and at most 1",
        ),
        (
            config().with_quorum(f64::NAN),
            "quorum is NaN, must be above 0 and at most 1",
        ),
        (
            config().with_min_voters(1),
            "min_voters is 1, must be from 2 to 65535",
        ),
        (
            config().with_min_voters(65_536),
            "min_voters is 65536, must be from 2 to 65535",
        ),
        (
            config().with_failure_rate(Some(0.0)),
            "failure_rate is 0, must be from 0.000001 to 1",
        ),
        (
            config().with_failure_rate(Some(f64::INFINITY)),
            "failure_rate is inf, must be from 0.000001 to 1",
        ),
        (
            config().with_min_calls(0),
            "min_calls is 0, must be at least 1",
        ),
        (
            config().with_significance(0.0),
            "significance is 0, must be above 0 and at most 10",
        ),
        (
            config().with_significance(f64::NAN),
            "significance is NaN, must be above 0 and at most 10",
        ),
        (
            config().with_recent(ms(249)),
            "recent is 249ms, must be from one period to 24h",
        ),
        (
            config().with_missed_periods(1),
            "missed_periods is 1, must be from 2 to 1000",
        ),
        (
            config().with_max_weight(0),
            "max_weight is 0, must be at least 1",
        ),
        (
            config().with_lease(ms(749)),
            "lease is 749ms, must be from three periods to 1h",
        ),
        (
            config().with_max_probing(ms(3_600_001)),
            "max_probing is 3600001ms, must be from one period to 1h",
        ),
    ];
    for (config, message) in cases {
        let refused = FleetSettings::new(config, &breaker()).unwrap_err();
        assert_eq!(refused.to_string(), message);
    }
    let short = Settings::new(Config::default()).unwrap();
    let refused = FleetSettings::new(FleetConfig::default().with_period(ms(251)), &short);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "period is 251ms, must be at most half of the shortest open wait (500ms)"
    );
    assert!(FleetSettings::new(FleetConfig::default(), &short).is_ok());
}

/// What an instance with `own` calls, so many of which failed, makes of what stands on the board.
fn decide(config: &FleetConfig, own: (u32, u32), written: &[(&str, &str)]) -> FleetDecision {
    let settings = breaker();
    let fleet = FleetSettings::new(config.clone(), &settings).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    let now = ms(10_000);
    for call in 0..own.0 {
        // Not in the newest bucket, and not among the last two seconds.
        let at = ms(7500);
        let token = breaker.try_acquire(at).unwrap();
        let failed = call < own.1;
        breaker.record(
            token,
            if failed {
                Outcome::Failure
            } else {
                Outcome::Success
            },
            at,
        );
    }
    let mut view = FleetView::new(&fleet, "pod-0", 1).unwrap();
    let mut board = Board::default();
    for (id, text) in written {
        board.write(id, text);
    }
    let request = view.prepare(&breaker, now);
    view.decide(&breaker, now, &board.exchange(&request, 100_000))
}

const BAD: [(&str, &str); 3] = [
    ("pod-1", "99900 1 closed 0 bad 40 30 0 0"),
    ("pod-2", "99800 1 closed 0 bad 40 30 0 0"),
    ("pod-3", "99000 1 closed 0 good 2000 0 0 0"),
];

#[test]
fn every_field_changes_a_decision() {
    let FleetConfig {
        period,
        quorum: _,
        min_voters: _,
        failure_rate: _,
        min_calls: _,
        significance: _,
        recent: _,
        missed_periods: _,
        max_weight: _,
        lease,
        max_probing: _,
        ..
    } = FleetConfig::default();
    assert_eq!((period, lease), (ms(250), ms(2000)));
    let config = FleetConfig::default;
    let reason = |config: FleetConfig, own| decide(&config, own, &BAD).reason;
    // pod-3's report is a second old: it is not counted, nor is its traffic.
    let plain = decide(&config(), (0, 0), &BAD);
    assert_eq!(
        (plain.action, plain.reason),
        (FleetAction::Open, FleetReason::FleetFails)
    );
    assert_eq!(
        (plain.merged.live, plain.merged.old, plain.needed),
        (3, 1, 2)
    );

    assert_eq!(
        reason(config().with_quorum(1.0), (0, 0)),
        FleetReason::NoQuorum
    );
    assert_eq!(
        reason(config().with_min_voters(3), (0, 0)),
        FleetReason::NoQuorum
    );
    let rate = config().with_failure_rate(Some(0.8));
    assert_eq!(reason(rate, (0, 0)), FleetReason::RateBelowThreshold);
    assert_eq!(
        reason(config().with_min_calls(81), (0, 0)),
        FleetReason::TooFewCalls
    );
    let missed = config().with_missed_periods(4);
    assert_eq!(
        reason(missed.clone(), (0, 0)),
        FleetReason::RateBelowThreshold
    );
    let weight = missed.with_max_weight(40);
    assert_eq!(reason(weight, (0, 0)), FleetReason::FleetFails);
    assert_eq!(
        reason(config().with_period(ms(400)), (0, 0)),
        FleetReason::RateBelowThreshold
    );

    assert_eq!(reason(config(), (8, 0)), FleetReason::OwnCallsGood);
    let strict = config().with_significance(4.0);
    assert_eq!(reason(strict, (8, 0)), FleetReason::FleetFails);
    let recent = config().with_recent(ms(1000));
    assert_eq!(reason(recent, (8, 0)), FleetReason::FleetFails);
}

#[test]
fn a_quorum_that_is_open_by_its_own_rules_needs_no_rates() {
    let written = |states: [&str; 2]| {
        let [a, b] = states.map(|state| format!("99900 1 {state} 0 bad 3 0 0 0"));
        let decided = decide(
            &FleetConfig::default(),
            (0, 0),
            &[("pod-1", &a), ("pod-2", &b)],
        );
        (decided.merged.open_bad, decided.reason)
    };
    assert_eq!(written(["open", "half_open"]), (2, FleetReason::FleetFails));
    assert_eq!(written(["open", "closed"]), (1, FleetReason::TooFewCalls));
    // Opened by others, and by calls that do not say so: no evidence.
    let shared = [
        ("pod-1", "99900 1 open 0 bad 3 0 0 0"),
        ("pod-2", "99900 1 open 0 unknown 3 0 0 0"),
    ];
    let decided = decide(&FleetConfig::default(), (0, 0), &shared);
    assert_eq!(decided.reason, FleetReason::NoQuorum);
    // And good calls of one's own keep closed.
    let open = [
        ("pod-1", "99900 1 open 0 bad 3 0 0 0"),
        ("pod-2", "99900 1 open 0 bad 3 0 0 0"),
    ];
    let decided = decide(&FleetConfig::default(), (8, 0), &open);
    assert_eq!(decided.reason, FleetReason::OwnCallsGood);
}

#[test]
fn the_lease_and_the_longest_probing_are_as_configured() {
    let settings = breaker();
    let config = FleetConfig::default()
        .with_lease(ms(5000))
        .with_max_probing(ms(3000));
    let fleet = FleetSettings::new(config, &settings).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    let mut view = FleetView::new(&fleet, "pod-0", 1).unwrap();
    let mut board = Board::default();
    let others = |board: &mut Board, now: u64| {
        for id in ["pod-1", "pod-2"] {
            board.write(id, &format!("{now} 1 open 0 bad 40 30 0 0"));
        }
    };
    breaker.trip(ms(0), Some(ms(1000)));
    let mut now = 250;
    let mut seen = Vec::new();
    while now < 10_000 {
        others(&mut board, now);
        let _ = breaker.try_acquire(ms(now));
        let request = view.prepare(&breaker, ms(now));
        assert_eq!(request.lease, ms(5000));
        let decision = view.decide(&breaker, ms(now), &board.exchange(&request, now));
        decision.apply(&breaker);
        if seen
            .last()
            .is_none_or(|(_, reason)| *reason != decision.reason)
        {
            seen.push((now, decision.reason));
        }
        now += 250;
    }
    let [begin, end] = [FleetReason::ProbesForAll, FleetReason::ProbedTooLong]
        .map(|wanted| seen.iter().find(|(_, reason)| *reason == wanted).unwrap().0);
    assert_eq!(end - begin, 3000, "{seen:?}");
    assert_eq!(board.read(now).ledger.failed, 1, "{seen:?}");
}

#[test]
fn votes_by_the_numbers() {
    let settings = breaker();
    let fleet = FleetSettings::new(FleetConfig::default(), &settings).unwrap();
    let vote = |calls: u32, failures: u32| {
        let breaker = CircuitBreaker::new(&settings, 1);
        for call in 0..calls {
            let token = breaker.try_acquire(ms(9000)).unwrap();
            let failed = call < failures;
            let outcome = if failed {
                Outcome::Failure
            } else {
                Outcome::Success
            };
            breaker.record(token, outcome, ms(9000));
        }
        Own::read(&fleet, &breaker, ms(9500)).vote
    };
    // Wilson's bounds at two standard errors, by hand: (k + 2 ± 2·√(k(n−k)/n + 1)) ÷ (n + 4).
    assert_eq!(vote(0, 0), Vote::Unknown);
    assert_eq!(vote(3, 3), Vote::Unknown);
    assert_eq!(vote(4, 4), Vote::Bad);
    assert_eq!(vote(4, 0), Vote::Unknown);
    assert_eq!(vote(5, 0), Vote::Good);
    assert_eq!(vote(9, 1), Vote::Good);
    assert_eq!(vote(8, 2), Vote::Unknown);
    assert_eq!(vote(19, 15), Vote::Bad);
    assert_eq!(vote(19, 10), Vote::Unknown);
}

#[test]
fn slow_calls_count_where_they_are_configured() {
    let config = Config::default()
        .with_slow_call_rate(Some(0.5))
        .with_slow_call_duration(ms(100))
        .with_open_wait(OpenWait::fixed(ms(2000)));
    let settings = Settings::new(config).unwrap();
    let fleet = FleetSettings::new(FleetConfig::default(), &settings).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    for _ in 0..5 {
        let token = breaker.try_acquire(ms(0)).unwrap();
        breaker.record(token, Outcome::Success, ms(900));
    }
    let own = Own::read(&fleet, &breaker, ms(900));
    assert_eq!((own.slow, own.failures, own.vote), (5, 0, Vote::Bad));
    let written = [
        ("pod-1", "900 1 open 0 bad 20 0 20 0"),
        ("pod-2", "900 1 open 0 bad 20 0 15 0"),
    ];
    let merged = Merged::new(&fleet, &Reply::parse(1000, "1 0 0 0 0 0 ", written));
    assert_eq!((merged.slow, merged.failures), (35, 0));
    let mut view = FleetView::new(&fleet, "pod-0", 1).unwrap();
    let mut board = Board::default();
    for (id, text) in written {
        board.write(id, text);
    }
    let fresh = CircuitBreaker::new(&settings, 2);
    let reply = board.exchange(&view.prepare(&fresh, ms(0)), 1000);
    let decision = view.decide(&fresh, ms(0), &reply);
    assert_eq!(decision.action, FleetAction::Open);
    assert_eq!(decision.slow_rate, Some(35.0 / 40.0));
}

#[cfg(feature = "serde")]
#[test]
fn a_configuration_and_a_decision_are_read_back() {
    let config = FleetConfig::default()
        .with_period(ms(200))
        .with_failure_rate(Some(0.25));
    let text = serde_json::to_string(&config).unwrap();
    assert!(text.contains(r#""period":"200ms""#), "{text}");
    assert_eq!(serde_json::from_str::<FleetConfig>(&text).unwrap(), config);
    let short: FleetConfig = serde_json::from_str(r#"{"lease": "5s"}"#).unwrap();
    assert_eq!(short, FleetConfig::default().with_lease(ms(5000)));
    let unknown = serde_json::from_str::<FleetConfig>(r#"{"leases": "5s"}"#).unwrap_err();
    assert!(unknown.to_string().contains("leases"), "{unknown}");
    let decision = decide(&config, (3, 1), &BAD);
    let text = serde_json::to_string(&decision).unwrap();
    assert_eq!(
        serde_json::from_str::<FleetDecision>(&text).unwrap(),
        decision
    );
}
