//! What an instance that has gone wrong writes is refused, and changes nothing.

use std::time::Duration;

use circuit_breaker::fleet::{Board, FleetView, Ledger, Reply, Report};
use circuit_breaker::{CircuitBreaker, State};
use proptest::prelude::*;

use crate::fleet::{Fleet, settings};

#[test]
fn reports_that_make_no_sense_are_refused_by_name() {
    let cases = [
        ("", "version is , must be 1"),
        ("2 closed 0 good 1 0 0 0", "version is 2, must be 1"),
        ("1", "state is missing, must be a state's name"),
        (
            "1 ajar 0 good 1 0 0 0",
            "state is ajar, must be a state's name",
        ),
        (
            "1 open x good 1 0 0 0",
            "generation is x, must be a whole number up to 2^48",
        ),
        (
            "1 open 0 maybe 1 0 0 0",
            "vote is maybe, must be bad, good or unknown",
        ),
        (
            "1 open 0 bad -1 0 0 0",
            "calls is -1, must be a whole number up to 2^48",
        ),
        (
            "1 open 0 bad +1 0 0 0",
            "calls is +1, must be a whole number up to 2^48",
        ),
        (
            "1 open 0 bad 1e9 0 0 0",
            "calls is 1e9, must be a whole number up to 2^48",
        ),
        (
            "1 open 0 bad 281474976710657 0 0 0",
            "calls is 281474976710657, must be a whole number up to 2^48",
        ),
        (
            "1 open 0 bad 5 6 0 0",
            "failures is 6, must be at most calls (5)",
        ),
        (
            "1 open 0 bad 5 0 6 0",
            "slow is 6, must be at most calls (5)",
        ),
        (
            "1 open 0 bad 5 0 0",
            "demand is missing, must be a whole number up to 2^48",
        ),
        ("1 open 0 bad 5 0 0 0 0", "rest is 0, must be nothing"),
        ("1  open 0 bad 5 0 0 0", "state is , must be a state's name"),
    ];
    for (text, message) in cases {
        assert_eq!(text.parse::<Report>().unwrap_err().to_string(), message);
    }
    assert!("1 0 0 0 0 0 two words".parse::<Ledger>().is_err());
    assert!("1 0 0 0 0 0".parse::<Ledger>().is_err());
}

proptest! {
    #[test]
    fn garbage_never_panics_and_never_opens(
        ledger in ".{0,60}",
        written in prop::collection::vec((".{0,20}", ".{0,60}"), 0..20),
        now in any::<u64>(),
    ) {
        let texts = written.iter().map(|(id, text)| (id.as_str(), text.as_str()));
        let reply = Reply::parse(now, &ledger, texts);
        prop_assert_eq!(reply.reports.len() + reply.refused as usize, written.len());
        let (settings, fleet) = settings();
        let breaker = CircuitBreaker::new(&settings, 1);
        let mut view = FleetView::new(&fleet, "pod-0", 1).unwrap();
        let decision = view.decide(&breaker, Duration::from_secs(1), &reply);
        decision.apply(&breaker);
        prop_assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn numbers_at_their_limits_do_not_overflow(
        numbers in prop::collection::vec(prop::sample::select(vec![0_u64, 1, 1 << 48, u64::MAX]), 5),
        now in prop::sample::select(vec![0_u64, 1 << 48, u64::MAX]),
        time in prop::sample::select(vec![Duration::ZERO, Duration::MAX]),
    ) {
        let n = |i: usize| numbers[i];
        let ledger = format!("1 {} {} {} {} {} pod-0", n(0), n(1), n(2), n(3), n(4));
        let report = format!("{} 1 open {} bad {} {} 0 {}", n(0), n(1), n(2), n(3), n(4));
        let mut board = Board::default();
        board.write("", &ledger);
        board.write("pod-1", &report);
        let (settings, fleet) = settings();
        let breaker = CircuitBreaker::new(&settings, 1);
        let mut view = FleetView::new(&fleet, "pod-0", 1).unwrap();
        for _ in 0..3 {
            let request = view.prepare(&breaker, time);
            let reply = board.exchange(&request, now);
            view.decide(&breaker, time, &reply).apply(&breaker);
            breaker.trip(time, None);
        }
    }
}

#[test]
fn an_instance_that_writes_garbage_takes_nothing_from_the_others() {
    for garbage in [
        "",
        "rubbish",
        "1 open",
        "99999999999999999999 1 open 0 bad 1 1 0 0",
        "\u{0}\n",
    ] {
        let mut fleet = Fleet::new(20, 5, |_, draw| 5.0 + 20.0 * draw);
        fleet.instances[0].connected = false;
        let each = |fleet: &mut Fleet| {
            fleet.board.write("pod-0", garbage);
            fleet.board.write("no name", garbage);
        };
        fleet.run(12_000, |_, _| 0.01, each);
        assert!(fleet.all(State::Closed));
        fleet.run(30_000, |_, _| 1.0, each);
        for instance in fleet.instances.iter().skip(1) {
            let decision = instance.decisions.last().unwrap();
            assert!(instance.opened.is_some());
            assert_eq!(decision.merged.live, 19);
        }
        // A ledger that cannot be read is begun anew with what the instances know.
        let before = fleet.read().ledger;
        fleet.board.write("", garbage);
        assert!(!fleet.read().ledger_is_sound);
        let end = fleet.now + 500;
        fleet.run(end, |_, _| 1.0, |_| {});
        let after = fleet.read();
        assert!(after.ledger_is_sound);
        assert!(after.ledger.round >= before.round && after.ledger.generation >= before.generation);
    }
}

#[test]
fn one_instance_of_enormous_traffic_neither_opens_nor_covers() {
    let mut board = Board::default();
    let (settings, fleet) = settings();
    let written = |board: &mut Board, vote: &str, failures: u64| {
        for id in ["a", "b", "c"] {
            board.write(id, "1000 1 open 0 bad 400 380 0 0");
        }
        let calls = 1_u64 << 40;
        board.write(
            "huge",
            &format!("1000 1 closed 0 {vote} {calls} {failures} 0 0"),
        );
    };
    let mut decide = |vote: &str, failures: u64| {
        written(&mut board, vote, failures);
        let breaker = CircuitBreaker::new(&settings, 1);
        let mut view = FleetView::new(&fleet, "me", 1).unwrap();
        let reply = board.exchange(&view.prepare(&breaker, Duration::ZERO), 1000);
        view.decide(&breaker, Duration::ZERO, &reply)
    };
    let covers = decide("good", 0);
    assert_eq!((covers.merged.calls, covers.merged.failures), (2200, 1140));
    assert_eq!(covers.action, circuit_breaker::fleet::FleetAction::Open);
}
