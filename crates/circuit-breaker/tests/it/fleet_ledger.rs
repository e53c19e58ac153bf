//! The ledger's rules, one by one.

use std::time::Duration;

use circuit_breaker::CircuitBreaker;
use circuit_breaker::fleet::{Act, FleetView, Ledger, Request};
use proptest::prelude::*;

use crate::fleet::settings;

fn request(id: &str, act: Act) -> Request {
    let (settings, fleet) = settings();
    let mut view = FleetView::new(&fleet, id, 1).unwrap();
    let breaker = CircuitBreaker::new(&settings, 1);
    let mut request = view.prepare(&breaker, Duration::ZERO);
    request.act = act;
    request.wait = Duration::from_secs(1);
    request
}

fn ledger(text: &str) -> Ledger {
    text.parse().unwrap()
}

#[test]
fn step_by_step() {
    let round = 7;
    let free = "1 3 7 2 0 5000 ";
    let held = "1 3 7 2 9000 0 a";
    let cases = [
        // Nobody has it: whoever asks first gets it, from the time on that the fleet waits until.
        (free, "b", Act::Ask, 4999, free),
        (free, "b", Act::Ask, 5000, "1 3 8 2 7000 5000 b"),
        (free, "b", Act::Nothing, 6000, free),
        // Nobody asked for two windows: the failures before are forgotten.
        (free, "b", Act::Ask, 25_000, "1 3 8 0 27000 5000 b"),
        // Somebody has it.
        (held, "b", Act::Ask, 8000, held),
        (held, "a", Act::Ask, 8000, held),
        (held, "a", Act::Renew { round }, 8000, "1 3 7 2 10000 0 a"),
        (held, "b", Act::Renew { round }, 8000, held),
        (held, "a", Act::Renew { round: 6 }, 8000, held),
        (held, "a", Act::Succeeded { round }, 8000, "1 4 7 0 9000 0 "),
        (held, "b", Act::Succeeded { round }, 8000, held),
        (held, "a", Act::Succeeded { round: 6 }, 8000, held),
        (held, "a", Act::Failed { round }, 8000, "1 3 7 3 9000 9000 "),
        (held, "a", Act::Release { round }, 8000, "1 3 7 2 9000 0 "),
        // The store's clock has gone back by an hour: nobody waits for one.
        (
            "1 3 7 2 3609000 0 a",
            "b",
            Act::Nothing,
            8000,
            "1 3 7 2 10000 0 a",
        ),
        (
            "1 3 7 2 0 3609000 ",
            "b",
            Act::Ask,
            8000,
            "1 3 7 2 0 13000 ",
        ),
        // Its time is over: a failed round, whatever the late answer is.
        (
            held,
            "a",
            Act::Succeeded { round },
            9000,
            "1 3 7 3 9000 10000 ",
        ),
        (held, "b", Act::Ask, 9000, "1 3 7 3 9000 10000 "),
    ];
    for (before, id, act, now, after) in cases {
        let request = request(id, act);
        let got = ledger(before).after(&request, now);
        assert_eq!(got, ledger(after), "{before}: {id} {act} at {now}");
        // Told twice is told once.
        if !matches!(act, Act::Renew { .. }) {
            assert_eq!(got.after(&request, now), got, "{before}: {id} {act} twice");
        }
    }
}

#[test]
fn who_knows_more_than_the_ledger_is_believed() {
    let mut request = request("b", Act::Nothing);
    (request.generation, request.round) = (5, 9);
    let after = ledger("1 3 7 2 9000 0 a").after(&request, 8000);
    assert_eq!(after, ledger("1 5 9 2 9000 0 "));
    (request.generation, request.round) = (1, 2);
    let before = ledger("1 3 7 2 9000 0 a");
    assert_eq!(before.after(&request, 8000), before);
}

fn act() -> impl Strategy<Value = Act> {
    (0_u8..6, 0_u64..6).prop_map(|(kind, round)| match kind {
        0 => Act::Nothing,
        1 => Act::Ask,
        2 => Act::Renew { round },
        3 => Act::Succeeded { round },
        4 => Act::Failed { round },
        _ => Act::Release { round },
    })
}

proptest! {
    #[test]
    fn never_two_holders_of_a_round_and_nothing_goes_back(
        steps in prop::collection::vec((0_usize..4, act(), 0_u64..3000), 1..60)
    ) {
        let names = ["a", "b", "c", "d"];
        let mut ledger = Ledger::default();
        let mut now = 0;
        let mut given = std::collections::BTreeMap::new();
        for (who, act, passes) in steps {
            now += passes;
            let before = ledger.clone();
            ledger = ledger.after(&request(names[who], act), now);
            prop_assert!(ledger.generation >= before.generation);
            prop_assert!(ledger.round >= before.round && ledger.round <= before.round + 1);
            if !ledger.holder.is_empty() {
                let holder = given.entry(ledger.round).or_insert_with(|| ledger.holder.clone());
                prop_assert_eq!(holder, &ledger.holder);
            }
            prop_assert_eq!(&ledger.to_string().parse::<Ledger>().unwrap(), &ledger);
        }
    }
}
