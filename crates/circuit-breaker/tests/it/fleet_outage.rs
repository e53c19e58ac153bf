//! One bad node opens nobody else; a real outage opens everybody within two periods.

use circuit_breaker::fleet::{FleetAction, FleetReason};
use circuit_breaker::{OpenReason, State};

use crate::fleet::{Fleet, PERIOD, STEP};

const SEEDS: u64 = if cfg!(feature = "full") { 200 } else { 12 };

/// From none to sixty calls a second, some of them idle.
fn uneven(_: usize, draw: f64) -> f64 {
    if draw < 0.1 { 0.0 } else { 60.0 * draw.powi(2) }
}

#[test]
fn one_bad_node_of_twenty_never_opens_the_others() {
    for share in [0.3, 0.5, 0.6, 0.8, 1.0] {
        let mut own_openings = 0;
        for seed in 0..SEEDS {
            let mut fleet = Fleet::new(
                20,
                seed,
                |i, draw| {
                    if i == 0 { 40.0 } else { uneven(i, draw) }
                },
            );
            let fails = |i, _| if i == 0 { share } else { 0.01 };
            fleet.run(30_000, fails, |fleet| {
                for (i, instance) in fleet.instances.iter().enumerate().skip(1) {
                    assert_eq!(
                        instance.breaker.state(),
                        State::Closed,
                        "seed {seed}, share {share}, instance {i}"
                    );
                }
            });
            assert_eq!(fleet.shared_openings(), 0);
            own_openings += usize::from(fleet.instances[0].opened.is_some());
        }
        // The bad node itself opens where its own rule says so.
        let expected = if share > 0.5 { SEEDS as usize } else { 0 };
        assert!(own_openings >= expected, "share {share}");
    }
}

#[test]
fn healthy_traffic_stays_closed_however_many_others_are_bad() {
    let mut vetoes = 0;
    for bad in [1, 5, 9, 10, 15, 18] {
        for seed in 0..SEEDS {
            let mut fleet = Fleet::new(
                20,
                seed,
                |i, draw| {
                    if i < bad { 0.0 } else { 10.0 + 5.0 * draw }
                },
            );
            fleet.run(4000, |_, _| 0.01, |_| {});
            for instance in fleet.instances.iter_mut().take(bad) {
                instance.rate = 30.0;
            }
            let fails = |i, _| if i < bad { 1.0 } else { 0.01 };
            fleet.run(20_000, fails, |fleet| {
                for instance in fleet.instances.iter().skip(bad) {
                    let state = instance.breaker.state();
                    assert_eq!(state, State::Closed, "seed {seed}, {bad} bad");
                }
            });
            let reasons = &fleet.instances[19].decisions;
            let vetoed = reasons
                .iter()
                .any(|d| d.reason == FleetReason::OwnCallsGood);
            assert!(!vetoed || bad >= 10, "seed {seed}, {bad} bad");
            vetoes += u32::from(vetoed);
        }
    }
    // Where most are bad, nothing but its own good calls keeps an instance closed.
    assert!(u64::from(vetoes) >= SEEDS);
}

/// Whether so many instances see an outage that it is one: from the breakers' own figures, by the
/// rule as it is documented.
fn evidence(fleet: &Fleet) -> bool {
    let now = std::time::Duration::from_millis(fleet.now);
    let (mut bad, mut open, mut calls, mut failures) = (0, 0, 0, 0);
    for instance in &fleet.instances {
        let metrics = instance.breaker.metrics(now);
        let window = instance.at_opening.unwrap_or(metrics.window);
        let (n, k) = (window.calls as f64, window.failures as f64);
        let lower = (k + 2.0 - 2.0 * (k * (n - k) / n + 1.0).sqrt()) / (n + 4.0);
        let itself = metrics.opened_by.is_some_and(|by| by != OpenReason::Shared);
        let says_bad = itself || n > 0.0 && lower >= 0.5;
        bad += u32::from(says_bad);
        open += u32::from(says_bad && instance.at_opening.is_some());
        calls += window.calls;
        failures += window.failures;
    }
    bad >= 10 && (open >= 10 || calls >= 20 && failures * 2 >= calls)
}

#[test]
fn an_outage_opens_everybody_within_two_periods_of_a_quorums_evidence() {
    const BEGIN: u64 = 12_000;
    let (mut slowest, mut alone, mut lucky) = (0, 0, 0);
    for share in [0.6, 0.7, 0.8, 0.9, 1.0] {
        let mut unseen = 0;
        for seed in 0..SEEDS {
            let mut fleet = Fleet::new(20, seed, uneven);
            let fails = |_, at| if at >= BEGIN { share } else { 0.01 };
            let (mut known, mut streak) = (None, None);
            fleet.run(60_000, fails, |fleet| {
                // Without a break for so long that everybody has told of it and been told, and
                // before lucky probes have begun a new generation, which none of it belongs to.
                if known.is_none() && fleet.now > BEGIN {
                    if evidence(fleet) && fleet.read().ledger.generation == 0 {
                        let since = *streak.get_or_insert(fleet.now);
                        known = (fleet.now - since >= 2 * PERIOD).then_some(since);
                    } else {
                        streak = None;
                    }
                }
            });
            // Where most are idle, a quorum may never see it for so long; who has calls opens by
            // itself.
            let Some(known) = known else {
                unseen += 1;
                continue;
            };
            for instance in &fleet.instances {
                let took = instance
                    .opened
                    .expect("everybody opens")
                    .saturating_sub(known);
                if took <= 2 * PERIOD + STEP {
                    slowest = slowest.max(took);
                    continue;
                }
                // By chance its newest calls have succeeded, significantly: it says so.
                let of_good_calls = instance.decisions.iter().any(|d| {
                    let at = d.at.as_millis() as u64;
                    let within = at > known + PERIOD && at <= known + 2 * PERIOD + STEP;
                    within && d.reason == FleetReason::OwnCallsGood
                });
                assert!(of_good_calls, "seed {seed}, share {share}: {took} ms");
                lucky += 1;
            }
            // By itself no instance of so few calls would have opened.
            alone += fleet
                .instances
                .iter()
                .filter(|i| i.decisions.iter().any(|d| d.action == FleetAction::Open))
                .count();
        }
        assert!(unseen <= SEEDS / 4, "share {share}: {unseen}");
    }
    assert!(alone > 0 && slowest > 0);
    assert!(lucky * 1000 <= 100 * SEEDS, "{lucky}");
}

#[test]
fn those_who_still_report_open_when_others_are_lost() {
    for lost in [1, 4, 8] {
        for seed in 0..SEEDS {
            let mut fleet = Fleet::new(20, seed, |_, draw| 2.0 + 20.0 * draw);
            fleet.run(10_000, |_, _| 0.01, |_| {});
            for instance in fleet.instances.iter_mut().take(lost) {
                instance.connected = false;
                instance.rate = 0.0;
            }
            fleet.run(30_000, |_, _| 0.9, |_| {});
            for instance in fleet.instances.iter().skip(lost) {
                assert!(instance.opened.is_some(), "seed {seed}, {lost} lost");
            }
            let last = fleet.instances[19].decisions.last().unwrap();
            assert_eq!(last.merged.live as usize, 20 - lost);
        }
    }
}

#[test]
fn missing_reports_never_open_anybody() {
    for seed in 0..SEEDS {
        // Nine of twenty are bad, and eleven vanish: of those who are left, nobody has seen harm.
        let mut fleet = Fleet::new(20, seed, |i, _| if i < 9 { 30.0 } else { 0.5 });
        let fails = |i, _| if i < 9 { 1.0 } else { 0.0 };
        fleet.run(5_000, fails, |_| {});
        for instance in fleet.instances.iter_mut().take(9) {
            instance.connected = false;
        }
        fleet.run(20_000, fails, |_| {});
        for instance in fleet.instances.iter().skip(9) {
            assert_eq!(instance.opened, None, "seed {seed}");
        }
    }
}
