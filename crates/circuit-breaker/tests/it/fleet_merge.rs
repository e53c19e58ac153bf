//! Properties of merging and of the quorum.

use std::time::Duration;

use circuit_breaker::fleet::{
    Board, FleetAction, FleetConfig, FleetReason, FleetSettings, FleetView, Merged, Reply,
};
use circuit_breaker::{CircuitBreaker, State};
use proptest::prelude::*;

use crate::fleet::settings;

const CASES: u32 = if cfg!(feature = "full") { 20_000 } else { 300 };

/// What an instance might have written.
fn written() -> impl Strategy<Value = String> {
    let state = prop::sample::select(vec!["closed", "open", "half_open", "disabled"]);
    let vote = prop::sample::select(vec!["bad", "good", "unknown"]);
    let counts = (0_u64..3000, 0.0_f64..=1.0, 0_u64..50);
    (0_u64..2000, state, 0_u64..3, vote, counts).prop_map(
        |(age, state, generation, vote, (calls, share, demand))| {
            let failures = (calls as f64 * share) as u64;
            let stamp = 100_000 - age;
            format!("{stamp} 1 {state} {generation} {vote} {calls} {failures} 0 {demand}")
        },
    )
}

fn reply(texts: &[String]) -> Reply {
    let ids: Vec<String> = (0..texts.len()).map(|i| format!("pod-{i}")).collect();
    let written = ids
        .iter()
        .zip(texts)
        .map(|(id, text)| (id.as_str(), text.as_str()));
    Reply::parse(100_000, "1 1 4 0 0 0 ", written)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn the_order_of_reports_changes_nothing(
        (texts, shuffled) in prop::collection::vec(written(), 0..30)
            .prop_flat_map(|texts| (Just(texts.clone()), Just(texts).prop_shuffle()))
    ) {
        let (_, fleet) = settings();
        let merged = Merged::new(&fleet, &reply(&texts));
        prop_assert_eq!(merged, Merged::new(&fleet, &reply(&shuffled)));
        prop_assert_eq!((merged.live + merged.old) as usize, texts.len());
        prop_assert!(merged.bad + merged.good <= merged.live);
        prop_assert!(merged.failures <= merged.calls);
        prop_assert!(merged.calls <= 1000 * u64::from(merged.live));
    }

    #[test]
    fn a_quorum_grows_with_the_fleet_and_never_beyond_it(live in 2_u32..5000, quorum in 0.01_f64..=1.0) {
        let (breaker, _) = settings();
        let fleet = FleetSettings::new(FleetConfig::default().with_quorum(quorum), &breaker).unwrap();
        prop_assert!(fleet.needed(live) <= fleet.needed(live + 1));
        prop_assert!(fleet.needed(live) >= 2);
        prop_assert!(fleet.needed(live) <= live);
    }

    /// One more instance that says "bad" never closes what would have opened.
    #[test]
    fn more_bad_votes_never_keep_it_closed(
        texts in prop::collection::vec(written(), 0..20),
        turned in any::<prop::sample::Index>(),
    ) {
        let before = action(&texts);
        let mut worse = texts;
        if !worse.is_empty() {
            let i = turned.index(worse.len());
            // The same report, with the vote turned.
            worse[i] = worse[i].replace(" good ", " bad ").replace(" unknown ", " bad ");
            let after = action(&worse);
            if before == FleetAction::Open {
                prop_assert_eq!(after, FleetAction::Open);
            }
        }
    }

    /// Whatever is missing, nobody opens for whom fewer than a quorum of those who are there speak.
    #[test]
    fn missing_reports_never_open(
        texts in prop::collection::vec(written(), 0..20),
        missing in prop::collection::vec(any::<bool>(), 20),
    ) {
        let kept: Vec<String> = texts
            .into_iter()
            .zip(missing)
            .filter(|(text, missing)| !(*missing && text.contains(" bad ")))
            .map(|(text, _)| text)
            .collect();
        let bad = kept
            .iter()
            .filter(|text| text.contains(" 1 bad ") && fresh(text))
            .count();
        let opened = action(&kept) == FleetAction::Open;
        prop_assert!(!opened || bad >= 2);
        let nobody: Vec<String> = kept.into_iter().filter(|t| !t.contains(" bad ")).collect();
        prop_assert_eq!(action(&nobody), FleetAction::Nothing);
    }
}

fn fresh(text: &str) -> bool {
    let stamp: u64 = text.split(' ').next().unwrap().parse().unwrap();
    100_000 - stamp <= 750
}

/// What a closed instance without calls of its own makes of it.
fn action(texts: &[String]) -> FleetAction {
    let (settings, fleet) = settings();
    let breaker = CircuitBreaker::new(&settings, 1);
    let mut view = FleetView::new(&fleet, "me", 1).unwrap();
    let now = Duration::from_secs(9);
    let _ = view.prepare(&breaker, now);
    let decision = view.decide(&breaker, now, &reply(texts));
    assert_eq!(breaker.state(), State::Closed, "deciding changes nothing");
    decision.action
}

#[test]
fn the_same_report_twice_counts_once() {
    let (settings, fleet) = settings();
    let breaker = CircuitBreaker::new(&settings, 1);
    for _ in 0..12 {
        let token = breaker.try_acquire(Duration::from_secs(1)).unwrap();
        breaker.record(
            token,
            circuit_breaker::Outcome::Failure,
            Duration::from_secs(1),
        );
    }
    let mut view = FleetView::new(&fleet, "pod-0", 1).unwrap();
    let mut board = Board::default();
    let mut last = None;
    for tick in 0..4_u64 {
        let now = Duration::from_millis(1000 + 250 * tick);
        let reply = board.exchange(&view.prepare(&breaker, now), 1000 + 250 * tick);
        let merged = view.decide(&breaker, now, &reply).merged;
        assert_eq!((merged.calls, merged.failures, merged.bad), (12, 12, 1));
        last = Some(merged);
    }
    // A process that starts anew under the same name takes the old one's place.
    let fresh = CircuitBreaker::new(&settings, 2);
    let mut view = FleetView::new(&fleet, "pod-0", 2).unwrap();
    let now = Duration::ZERO;
    let reply = board.exchange(&view.prepare(&fresh, now), 2000);
    let merged = view.decide(&fresh, now, &reply).merged;
    assert_eq!((merged.live, merged.calls, merged.bad), (1, 0, 0));
    assert_ne!(last, Some(merged));
}

#[test]
fn openings_do_not_feed_on_each_other() {
    // Two of five have opened by themselves, the other two because of something else than their own
    // calls: three speak of nothing that they have seen.
    let texts = [
        "99900 1 open 1 bad 40 40 0 0",
        "99900 1 open 1 bad 40 40 0 0",
        "99900 1 open 1 unknown 0 0 0 0",
        "99900 1 open 1 unknown 0 0 0 0",
        "99900 1 closed 1 unknown 0 0 0 0",
    ]
    .map(String::from);
    let (settings, fleet) = settings();
    let breaker = CircuitBreaker::new(&settings, 1);
    let mut view = FleetView::new(&fleet, "pod-4", 1).unwrap();
    let decision = view.decide(&breaker, Duration::ZERO, &reply(&texts));
    assert_eq!(decision.reason, FleetReason::NoQuorum);
    assert_eq!(
        (decision.merged.open, decision.merged.bad, decision.needed),
        (4, 2, 3)
    );
}
