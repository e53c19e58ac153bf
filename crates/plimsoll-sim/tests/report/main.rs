//! The HTML report: well-formed, the same every time, and readable whatever a replay came to.

mod given;
mod hard_numbers;
mod matrix;
mod outage;
mod page;
mod timeline;

use autoscale_core::{Predictive, PredictiveConfig};
use plimsoll_sim::{
    FollowedPrice, Outcome, Plant, PlantConfig, PolicyReport, Repairs, Signal, SweepPoint, frontier,
};

use crate::given::{demand, empty, replay, timeline, waves};
use crate::page::{check, words};

#[test]
fn says_what_the_replay_came_to() {
    let report = replay(&waves(), &[3, 11], true, 800);
    let page = check(&report);
    let text = words(&page);
    for policy in &report.policies {
        assert!(text.matches(&policy.name).count() >= 4, "{}", policy.name);
    }
    for expected in [
        "What would these autoscalers have done with waves?",
        "9 Jun 1998, 00:00 – 11 Jun 1998, 00:00 UTC",
        "fixed-11 would have cost",
        "no request met too few replicas",
        "hpa (target 70 %) would have cost",
        "it keeps bad ≤ 1 % at",
        "within tolerance",
        "fixed number",
        "no sweep",
        "optimum",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn one_policy_is_named_in_the_question() {
    let text = words(&check(&replay(&waves(), &[12], false, 800)));
    assert!(
        text.contains("What would fixed-12 have done with waves?"),
        "{text}"
    );
}

#[test]
fn twelve_policies_have_twelve_looks() {
    let page = check(&replay(
        &waves(),
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        false,
        800,
    ));
    let looks: std::collections::BTreeSet<&str> = page
        .split("<svg class=\"swatch ")
        .skip(1)
        .filter_map(|s| s.split_once("</svg>").map(|(look, _)| look))
        .collect();
    assert_eq!(looks.len(), 12);
    assert!((1..=12).all(|i| page.contains(&format!("id=\"policy-{i}\""))));
}

#[test]
fn what_users_name_is_escaped() {
    let nasty = "<b>\"x\" & 'y'</b>\u{0}\u{b}</style><script>alert(1)</script>";
    let mut report = replay(&waves(), &[4], true, 100);
    report.trace = nasty.to_owned();
    for policy in &mut report.policies {
        policy.name = nasty.to_owned();
        policy.notes = vec![nasty.to_owned()];
    }
    let page = check(&report);
    assert!(page.contains("&lt;b&gt;&quot;x&quot; &amp; 'y'&lt;/b&gt;\u{fffd}\u{fffd}"));
    assert!(!page.contains("<b>"));
}

#[test]
fn any_number_of_columns_is_drawn() {
    for (columns, drawn) in [(1, 1), (2, 2), (3, 3), (240, 240), (5000, 3840)] {
        let report = replay(&waves(), &[4], false, columns);
        assert_eq!(report.policies[0].timeline.columns.len(), drawn);
        check(&report);
    }
    let mut report = replay(&waves(), &[4], false, 1);
    report.policies[0].timeline.columns.clear();
    assert!(words(&check(&report)).contains("No course over time was recorded."));
}

#[test]
fn no_policy_at_all_is_no_error() {
    assert!(words(&check(&empty(&waves()))).contains("No policy was replayed."));
}

#[test]
fn constant_idle_and_short_loads_are_drawn() {
    for load in [
        vec![3.0; 5760],
        vec![0.0; 960],
        vec![2.5],
        vec![0.0, 1e6, 0.0, 40.0],
    ] {
        check(&replay(&demand(load), &[1, 3], true, 800));
    }
}

#[test]
fn repairs_are_told() {
    let mut report = empty(&waves());
    assert!(!words(&check(&report)).contains("repaired"));
    report.repairs = Repairs {
        missing_steps: 12,
        longest_gap_steps: 1,
        duplicate_rows: 1,
    };
    let text = words(&check(&report));
    let expected = "12 steps without a value repeat the value before (longest gap: 1 step). 1 row";
    assert!(text.contains(expected));
}

#[test]
fn a_limit_that_no_setting_reaches_has_no_figure() {
    let mut report = replay(&waves(), &[], true, 100);
    let policy = &mut report.policies[0];
    policy.sweep = vec![SweepPoint {
        setting: 0.7,
        cost_ratio: 1.1,
        bad_share: 0.5,
        reversals_per_day: 3.0,
    }];
    policy.frontier = frontier(&policy.sweep).to_vec();
    let text = words(&check(&report));
    assert_eq!(text.matches("—never in this sweep").count(), 3);
    assert!(text.contains("No setting of this sweep keeps bad ≤ 1 %."));
}

#[test]
fn a_predictive_policy_shows_its_share_and_the_prices_it_followed() {
    let demand = waves();
    let plant = Plant::new(&demand, PlantConfig::default()).unwrap();
    let best = plant.optimum();
    let mut policy = Predictive::new(PredictiveConfig::new(0.0002, 80.0)).unwrap();
    let mut outcome = Outcome::new(0.8);
    plant.run(&mut policy, &[Signal::TotalRate], &mut outcome);
    let mut report = empty(&demand);
    let name = "ahead".to_owned();
    let mut row = PolicyReport::new(
        name,
        "predictive",
        &plant,
        &best,
        &outcome,
        timeline(vec![]),
    );
    row.setting = Some(0.0002);
    assert!(outcome.prices.switches > 0);
    let shares = row.ladder.iter().map(|followed| followed.share_of_time);
    let blind = 2.0 / demand.load.len() as f64;
    assert!((shares.sum::<f64>() - (1.0 - blind)).abs() < 1e-9);
    let order =
        |pair: &[FollowedPrice]| (pair[0].brisk, pair[0].price) < (pair[1].brisk, pair[1].price);
    assert!(row.ladder.len() > 1 && row.ladder.windows(2).all(order));
    let switches = outcome.prices.switches as f64 * 7.0 / 2.0;
    assert_eq!(row.ladder_switches_per_week, Some(switches));
    report.policies.push(row);
    let text = words(&check(&report));
    assert!(text.contains("ε 0.02 %"), "{text}");
    assert!(
        text.contains(&format!("it changed {switches:.1} times a week")),
        "{text}"
    );
    assert!(text.contains("A predictive policy's knob"));
    assert!(!text.contains("A reactive policy's knob"));

    let others = replay(&demand, &[3], true, 10);
    let text = words(&check(&others));
    assert!(!text.contains("Prices followed") && !text.contains("A predictive policy's knob"));
    assert!(text.contains("A reactive policy's knob"));
    let json = serde_json::to_value(&others).unwrap();
    assert!(json["policies"][0].get("ladder").is_none());
}

#[test]
fn settings_beyond_the_plot_are_counted() {
    let mut report = replay(&waves(), &[], true, 100);
    let at = |setting, cost_ratio, bad_share| SweepPoint {
        setting,
        cost_ratio,
        bad_share,
        reversals_per_day: 0.0,
    };
    let policy = &mut report.policies[0];
    policy.sweep = vec![at(0.01, 80.0, 0.0), at(0.02, 60.0, 0.0), at(0.7, 1.2, 0.0)];
    policy.frontier = frontier(&policy.sweep).to_vec();
    assert!(words(&check(&report)).contains("2 settings cost more than the plot shows"));
}
