//! Probes of the whole fleet: one lease a wait, recovery, a store that is lost, fences.

use std::time::Duration;

use circuit_breaker::fleet::{Act, Board, FleetAction, FleetReason, FleetView};
use circuit_breaker::{CircuitBreaker, Outcome, State};

use crate::fleet::{Fleet, PERIOD, Probe, STEP, settings};

const SEEDS: u64 = if cfg!(feature = "full") { 200 } else { 10 };
const PERMITS: usize = 5;

/// An outage that everybody is open in.
fn outage(seed: u64, share: f64) -> Fleet {
    let mut fleet = Fleet::new(20, seed, |_, draw| 1.0 + 40.0 * draw * draw);
    fleet.run(8000, |_, _| 0.01, |_| {});
    for _ in 0..200 {
        if fleet.all(State::Open) {
            break;
        }
        let next = fleet.now + 100;
        fleet.run(next, |_, _| share, |_| {});
    }
    let settled = fleet.now + 2 * PERIOD;
    fleet.run(settled, |_, _| share, |_| {});
    fleet.probes.clear();
    fleet
}

#[test]
fn a_wait_has_the_probes_of_one_instance() {
    let (mut rounds, mut holders) = (0, std::collections::BTreeSet::new());
    for seed in 0..SEEDS {
        let mut fleet = outage(seed, 1.0);
        let end = fleet.now + 40_000;
        fleet.run(end, |_, _| 1.0, |_| {});
        let mut by_round = std::collections::BTreeMap::<u64, Vec<&Probe>>::new();
        for probe in &fleet.probes {
            by_round.entry(probe.round).or_default().push(probe);
        }
        let mut last_end = 0;
        for (round, probes) in &by_round {
            assert!(probes.len() <= PERMITS, "seed {seed}: {probes:?}");
            for probe in probes {
                let name = format!("pod-{}", probe.instance);
                assert_eq!(probe.holder, name, "seed {seed}, round {round}");
            }
            // A wait is at least the shortest one that the breakers are configured for.
            let begin = probes.iter().map(|p| p.at).min().unwrap();
            assert!(
                last_end == 0 || begin >= last_end + 500,
                "seed {seed}, round {round}"
            );
            last_end = probes.iter().map(|p| p.at).max().unwrap();
            holders.insert(probes[0].instance);
        }
        rounds += by_round.len();
        assert!(
            by_round.len() >= 8,
            "seed {seed}: the fleet goes on probing"
        );
        assert!(fleet.all(State::Open) || fleet.states().contains(&State::HalfOpen));
    }
    assert!(rounds as u64 >= 8 * SEEDS);
    // It is not always the same one.
    assert!(holders.len() > 5);
}

#[test]
fn the_fleet_recovers_together() {
    for seed in 0..SEEDS {
        for outage_lasts in [0, 10_000] {
            let mut fleet = outage(seed, 1.0);
            let end = fleet.now + outage_lasts;
            fleet.run(end, |_, _| 1.0, |_| {});
            let begun = fleet.now;
            let mut first = None;
            let end = begun + 15_000;
            fleet.run(
                end,
                |_, _| 0.0,
                |fleet| {
                    if first.is_none() && fleet.states().contains(&State::Closed) {
                        first = Some(fleet.now);
                    }
                },
            );
            // An instance without calls stays open until it has some: nothing waits for it.
            let open = fleet.states().iter().filter(|s| **s == State::Open).count();
            assert_eq!(open, 0, "seed {seed}");
            let took = first.unwrap() - begun;
            // The rest of the fleet's wait, two periods until someone asks and the probes.
            assert!(took <= 3000, "seed {seed}: {took} ms");
            for instance in &fleet.instances {
                let told = instance
                    .decisions
                    .iter()
                    .find(|d| d.at >= Duration::from_millis(begun) && d.generation == 1)
                    .unwrap();
                // Told within two periods of the first one's closing.
                let told = told.at.as_millis() as u64;
                assert!(told <= first.unwrap() + 2 * PERIOD + STEP, "seed {seed}");
            }
        }
    }
}

#[test]
fn without_the_store_everybody_is_on_its_own_within_two_periods() {
    for seed in 0..SEEDS {
        let mut fleet = outage(seed, 1.0);
        let lost = fleet.now;
        for instance in &mut fleet.instances {
            instance.connected = false;
        }
        let open = fleet
            .instances
            .iter()
            .filter(|i| i.breaker.state() == State::Open);
        assert!(open.clone().count() >= 19);
        for instance in open {
            let metrics = instance.breaker.metrics(Duration::from_millis(lost));
            let left = metrics.retry_after.unwrap();
            // Who has opened again just now has its own wait before it, which nobody has
            // lengthened.
            let own = 1.0 * 1.1_f64.powi(i32::from(metrics.openings) - 1);
            let whole = (metrics.for_how_long + left).as_secs_f64();
            let held = left.as_millis() as u64;
            assert!(
                held <= 2 * PERIOD || whole <= own,
                "seed {seed}: {held} ms, {whole} s"
            );
        }
        let end = lost + 5000;
        fleet.run(end, |_, _| 0.0, |_| {});
        let busy = fleet.instances.iter().filter(|i| i.rate > 5.0);
        assert!(busy.clone().count() > 3);
        for instance in busy {
            assert_eq!(instance.breaker.state(), State::Closed, "seed {seed}");
        }
    }
}

#[test]
fn whoever_probes_may_vanish() {
    let mut vanished = 0;
    for seed in 0..SEEDS {
        let mut fleet = outage(seed, 1.0);
        let mut holder = None;
        for _ in 0..200 {
            let next = fleet.now + STEP;
            fleet.run(next, |_, _| 1.0, |_| {});
            holder = fleet.instances.iter().position(|i| {
                i.decisions
                    .last()
                    .is_some_and(|d| d.reason == FleetReason::ProbesForAll)
            });
            if holder.is_some() {
                break;
            }
        }
        let Some(holder) = holder else { continue };
        vanished += 1;
        fleet.instances[holder].connected = false;
        fleet.instances[holder].rate = 0.0;
        let end = fleet.now + 15_000;
        fleet.run(end, |_, _| 0.0, |_| {});
        let others = (0..20).filter(|i| *i != holder);
        for i in others {
            let state = fleet.instances[i].breaker.state();
            assert_ne!(state, State::Open, "seed {seed}, instance {i}");
        }
    }
    assert!(vanished > 0);
}

#[test]
fn an_instance_without_calls_gives_the_lease_back() {
    let mut fleet = outage(3, 1.0);
    let mut given_back = 0;
    let end = fleet.now + 20_000;
    // Whoever gets the lease loses its calls.
    while fleet.now < end {
        let next = fleet.now + STEP;
        fleet.run(next, |_, _| 1.0, |_| {});
        for instance in &mut fleet.instances {
            match instance.decisions.last().map(|d| d.reason) {
                Some(FleetReason::ProbesForAll) => instance.rate = 0.0,
                Some(FleetReason::NoCallsToProbeWith) => given_back += 1,
                _ => {}
            }
        }
    }
    assert!(given_back > 0);
    let ledger = fleet.read().ledger;
    assert!(ledger.round > 3, "{ledger}");
}

#[test]
fn a_late_answer_of_an_earlier_round_changes_nothing() {
    let mut fleet = outage(1, 1.0);
    let instance = &mut fleet.instances[0];
    let now = Duration::from_millis(fleet.now);
    let request = instance.view.prepare(&instance.breaker, now);
    let before = fleet.read().ledger;
    for round in [0, before.round.saturating_sub(1), before.round + 1] {
        for act in [
            Act::Succeeded { round },
            Act::Failed { round },
            Act::Release { round },
            Act::Renew { round },
        ] {
            let mut late = request.clone();
            late.act = act;
            late.round = 0;
            let after = before.after(&late, before.lease_until.saturating_sub(1));
            assert_eq!(after, before, "{act}");
        }
    }
}

#[test]
fn a_lost_store_begins_with_what_the_instances_know() {
    let mut fleet = outage(2, 1.0);
    let end = fleet.now + 20_000;
    fleet.run(end, |_, _| 0.0, |_| {});
    assert!(fleet.all(State::Closed) || fleet.states().contains(&State::HalfOpen));
    let known = fleet.read().ledger;
    assert!(known.generation >= 1);
    fleet.board = Board::default();
    let end = fleet.now + 2 * PERIOD;
    fleet.run(end, |_, _| 0.0, |_| {});
    let again = fleet.read().ledger;
    assert_eq!(
        (again.generation, again.round),
        (known.generation, known.round)
    );
    // And the fleet opens as before.
    let end = fleet.now + 20_000;
    fleet.run(end, |_, _| 1.0, |_| {});
    let opened = fleet.shared_openings();
    assert!(opened > 0);
    let actions = fleet.instances.iter().flat_map(|i| &i.decisions);
    assert!(
        actions
            .filter(|d| matches!(d.action, FleetAction::Hold { .. }))
            .count()
            > 20
    );
}

#[test]
fn an_instance_that_is_restarted_under_its_name_joins_in() {
    let mut fleet = outage(4, 1.0);
    let fresh = Fleet::new(1, 99, |_, _| 30.0).instances.remove(0);
    let (settings, name) = (fresh.view.settings().clone(), "pod-7");
    fleet.instances[7] = fresh;
    fleet.instances[7].view = FleetView::new(&settings, name, 5).unwrap();
    // Nothing fails it and nobody calls it: the others' word is enough.
    fleet.instances[7].rate = 0.0;
    let end = fleet.now + 2 * PERIOD;
    fleet.run(end, |_, _| 1.0, |_| {});
    assert_eq!(fleet.instances[7].breaker.state(), State::Open);
    assert_eq!(fleet.read().reports.len(), 20);
}

/// Callers that wait under back-pressure ask once a second, four periods: that is enough to come back.
#[test]
fn a_fleet_whose_callers_wait_comes_back() {
    for seed in 0..10_u64 {
        let (settings, fleet) = settings();
        let mut board = Board::default();
        let mut instances: Vec<_> = (0..6)
            .map(|i| {
                let breaker = CircuitBreaker::new(&settings, seed * 100 + i);
                let view = FleetView::new(&fleet, &format!("pod-{i}"), seed * 100 + i).unwrap();
                (breaker, view)
            })
            .collect();
        let mut back = None;
        for at in (0..90_000_u64).step_by(10) {
            let now = Duration::from_millis(at);
            let down = (10_000..20_000).contains(&at);
            for (i, (breaker, view)) in (0_u64..).zip(&mut instances) {
                // Closed, fifty calls a second; refused, one ask a second.
                let every = if breaker.state() == State::Closed {
                    20
                } else {
                    1000
                };
                if (at + i * 170) % every == 0
                    && let Ok(token) = breaker.try_acquire(now)
                {
                    let outcome = if down {
                        Outcome::Failure
                    } else {
                        Outcome::Success
                    };
                    breaker.record(token, outcome, now);
                }
                if at % 250 == i * 10 {
                    let request = view.prepare(breaker, now);
                    let reply = board.exchange(&request, at);
                    view.decide(breaker, now, &reply).apply(breaker);
                }
            }
            let closed = instances.iter().all(|(b, _)| b.state() == State::Closed);
            if at >= 20_000 && closed && back.is_none() {
                back = Some(at - 20_000);
            }
        }
        let back = back.expect("it comes back");
        assert!(back <= 10_000, "seed {seed}: after {back} ms");
    }
}
