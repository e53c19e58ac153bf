//! The HTML report: well-formed, the same every time, and readable whatever a replay came to.

use std::time::Duration;

use autoscale_core::{
    Fixed, Hpa, HpaConfig, MetricSpec, Policy, Predictive, PredictiveConfig, Reason,
};
use plimsoll_sim::{
    Blocks, Column, Demand, Elasticity, FollowedPrice, FrontierPoint, Outcome, Plant, PlantConfig,
    PolicyReport, PolicySummary, Repairs, ReplayReport, ScenarioReport, ServiceModel, Signal,
    Summary, SweepPoint, Timeline, frontier, html, peak,
};

const TICK: Duration = Duration::from_secs(15);

fn demand(load: Vec<f64>) -> Demand {
    let model = ServiceModel {
        capacity_rps: 100.0,
        utilization: 0.8,
    };
    Demand {
        start_s: 897_350_400,
        tick: TICK,
        model,
        load,
        scored_from: 0,
    }
}

/// Two days with two humps a day.
fn waves() -> Demand {
    demand(
        (0..11_520)
            .map(|t| 6.0 + 5.0 * (f64::from(t) / 458.0).sin())
            .collect(),
    )
}

fn empty(demand: &Demand) -> ReplayReport {
    ReplayReport {
        trace: "waves".to_owned(),
        from_s: demand.start_s,
        to_s: demand.start_s + demand.load.len() as i64 * 15,
        repairs: Repairs::default(),
        start_up_s: 60.0,
        lag_s: 30.0,
        tick_s: 15.0,
        capacity_rps: 100.0,
        utilization: 0.8,
        scenario: "healthy",
        seed: 1,
        optimum_replica_seconds: 0.0,
        peak_replicas: 0,
        policies: Vec::new(),
        command: "plimsoll replay".to_owned(),
        scenarios: Vec::new(),
    }
}

/// A replay of a fixed number of replicas for each entry of `fixed`, and of an HPA with a sweep.
fn replay(demand: &Demand, fixed: &[u32], with_hpa: bool, columns: usize) -> ReplayReport {
    let plant = Plant::new(demand, PlantConfig::default()).unwrap();
    let best = plant.optimum();
    let mut report = empty(demand);
    report.optimum_replica_seconds = best.replica_ticks as f64 * 15.0;
    report.peak_replicas = peak(&plant);
    let run = |name: String, kind, policy: &mut dyn Policy, signals: &[Signal]| {
        let mut notes = (Outcome::new(0.8), Timeline::new(demand, columns));
        plant.run(policy, signals, &mut notes);
        PolicyReport::new(name, kind, &plant, &best, &notes.0, notes.1)
    };
    let hpa = |percent| {
        let config = HpaConfig::new(400, [MetricSpec::cpu_utilization(percent)]);
        Hpa::new(config).unwrap()
    };
    if with_hpa {
        let mut policy = run("hpa".to_owned(), "hpa", &mut hpa(70), &[Signal::Cpu]);
        policy.setting = Some(0.7);
        for percent in (40..=80).step_by(10) {
            let mut figures = Summary::default();
            plant.run(&mut hpa(percent), &[Signal::Cpu], &mut figures);
            let setting = f64::from(percent) / 100.0;
            let day = demand.ticks_a_day();
            policy
                .sweep
                .push(SweepPoint::new(setting, &figures, best.replica_ticks, day));
        }
        policy.frontier = frontier(&policy.sweep).to_vec();
        report.policies.push(policy);
    }
    for replicas in fixed {
        report.policies.push(run(
            format!("fixed-{replicas}"),
            "fixed",
            &mut Fixed(*replicas),
            &[],
        ));
    }
    report
}

/// Everything that holds for every page.
fn check(report: &ReplayReport) -> String {
    let page = html(report);
    assert_eq!(page, html(&report.clone()), "not the same bytes");
    for word in ["NaN", "inf", "undefined"] {
        assert!(!page.contains(word), "{word}: {}", around(&page, word));
    }
    for outside in ["<script", "http:", "https:", "url(", "@import", " src="] {
        assert!(
            !page.contains(outside),
            "{outside}: {}",
            around(&page, outside)
        );
    }
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let tree = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let mut ids: Vec<&str> = tree
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is given twice");
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        for (attribute, prefix) in [("href", "#"), ("aria-labelledby", "")] {
            if let Some(id) = node
                .attribute(attribute)
                .and_then(|v| v.strip_prefix(prefix))
            {
                assert!(ids.contains(&id), "nothing has the id {id}");
            }
        }
        match node.tag_name().name() {
            "th" => assert!(node.has_attribute("scope")),
            "svg"
                if node
                    .ancestors()
                    .skip(1)
                    .all(|a| a.tag_name().name() != "svg") =>
            {
                assert!(node.has_attribute("aria-label") || node.has_attribute("aria-hidden"));
            }
            _ => {}
        }
    }
    page
}

fn around(page: &str, word: &str) -> String {
    let at = page.find(word).unwrap_or(0);
    page.chars()
        .skip(page[..at].chars().count().saturating_sub(80))
        .take(200)
        .collect()
}

/// What a reader sees of a page, with plain spaces.
fn words(page: &str) -> String {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let tree = roxmltree::Document::parse_with_options(page, options).unwrap();
    let texts = tree
        .descendants()
        .filter(|n| n.is_text() && !is_style(n))
        .filter_map(|n| n.text());
    texts.collect::<String>().replace('\u{a0}', " ")
}

fn is_style(node: &roxmltree::Node<'_, '_>) -> bool {
    node.parent_element()
        .is_some_and(|p| p.tag_name().name() == "style")
}

/// A timeline of these columns.
fn timeline(columns: Vec<Column>) -> Timeline {
    let mut timeline = Timeline::new(&demand(vec![1.0]), 1);
    timeline.columns = columns;
    timeline
}

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

#[test]
fn numbers_out_of_all_proportion_are_survived() {
    let hard = [
        0.0,
        -0.0,
        1e-300,
        1e12,
        1e300,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let moments = [0, i64::MIN, i64::MAX, -62_135_596_800, 95_617_584_000];
    for (i, value) in hard.into_iter().enumerate() {
        for from_s in moments {
            let mut report = replay(&waves(), &[2], true, 50);
            report.from_s = from_s;
            report.to_s = moments[i % moments.len()];
            report.optimum_replica_seconds = value;
            report.capacity_rps = value;
            report.utilization = value;
            report.start_up_s = value;
            report.tick_s = value;
            report.lag_s = value;
            report.peak_replicas = u32::MAX;
            report.seed = u64::MAX;
            for policy in &mut report.policies {
                spoil(policy, value);
            }
            check(&report);
        }
    }
}

/// Sets every number to `value`, or to the largest there is.
fn spoil(policy: &mut PolicyReport, value: f64) {
    policy.cost_ratio = value;
    policy.static_peak_ratio = value;
    policy.bad_share = value;
    policy.bad_minutes = value;
    policy.longest_bad_run_s = value;
    policy.overload_share = value;
    policy.reversals_per_day = value;
    policy.changes_per_day = value;
    policy.setting = Some(value);
    policy.elasticity = Elasticity {
        under_accuracy: value,
        jitter_per_hour: value,
        ..policy.elasticity
    };
    policy.blocked = Blocks {
        tolerance: value,
        ..policy.blocked
    };
    policy.sweep.push(SweepPoint {
        setting: value,
        cost_ratio: value,
        bad_share: value,
        reversals_per_day: value,
    });
    policy.frontier.push(FrontierPoint {
        bad_limit: 0.01,
        cost_ratio: Some(value),
        setting: Some(value),
        reversals_per_day: None,
    });
    policy.frontier.reverse();
    policy.timeline = timeline(vec![
        Column {
            ticks: u32::MAX,
            needed: (0, value, u32::MAX),
            serving: (0, value, u32::MAX),
            billed: value,
            bad_ticks: u32::MAX,
            reasons: vec![(Reason::Steady, u32::MAX), (Reason::Panic, 1)],
            ..Column::default()
        },
        Column::default(),
    ]);
}

/// A matrix of two scenarios, two start-ups and two lags; bad shares as a function of the cell.
fn matrix(policies: &[&str], bad: impl Fn(&str, f64, f64, &str) -> f64) -> Vec<ScenarioReport> {
    let mut rows = Vec::new();
    for scenario in ["healthy", "step"] {
        for (start_up_s, lag_s) in [(15.0, 15.0), (15.0, 60.0), (600.0, 15.0), (600.0, 60.0)] {
            for policy in policies {
                let bad_share = bad(scenario, start_up_s, lag_s, policy);
                rows.push(ScenarioReport {
                    scenario,
                    start_up_s,
                    lag_s,
                    policy: (*policy).to_owned(),
                    cost_ratio: if *policy == "fixed-3" { 1.5 } else { 1.2 },
                    bad_share,
                    extra_bad_share: bad_share - bad("healthy", start_up_s, lag_s, policy),
                    longest_bad_run_s: 570.0,
                    reversals_per_day: 2.5,
                });
            }
        }
    }
    rows
}

/// The best of a cell is the cheapest within 1 %, and where there is none the one with the fewest
/// bad requests.
#[test]
fn the_matrix_marks_the_best_of_each_cell() {
    let mut report = replay(&waves(), &[3, 11], false, 50);
    report.scenarios = matrix(&["fixed-3", "fixed-11"], |scenario, _, _, policy| {
        match (scenario, policy) {
            ("healthy", "fixed-3") => 0.0,
            ("healthy", _) => 0.009,
            (_, "fixed-3") => 0.05,
            _ => 0.2,
        }
    });
    let page = check(&report);
    let tables: Vec<&str> = page
        .split("<table class=\"matrix\">")
        .skip(1)
        .map(|t| t.split("</table>").next().unwrap_or(t))
        .collect();
    // fixed-3 and fixed-11 when healthy, then under the step.
    let marks: Vec<usize> = tables
        .iter()
        .map(|t| t.matches("<b>best</b>").count())
        .collect();
    assert_eq!(marks, [0, 4, 4, 0]);
    let shades: Vec<bool> = (tables.iter().zip(["s0", "s2", "s3", "s4"]))
        .map(|(t, shade)| t.matches(&format!("<td class=\"{shade}")).count() == 4)
        .collect();
    assert_eq!(shades, [true; 4], "{}", tables[0]);
    let text = words(&page);
    for expected in [
        "lag 60 s",
        "10 min",
        "+19.1 %",
        "1.50×",
        "9.5 min",
        "Ten times the load",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    // Nothing is the best of one, and no difference is shown where nothing disturbs.
    report.policies.truncate(1);
    report.scenarios = matrix(&["fixed-3"], |_, _, _, _| 0.02);
    let page = check(&report);
    assert!(!page.contains("<b>best</b>") && !words(&page).contains("best:"));
    assert_eq!(page.matches("<small>±0").count(), 4);
}

#[test]
fn a_matrix_with_holes_and_strange_numbers_is_shown() {
    let mut report = replay(&waves(), &[3], false, 50);
    report.scenarios = matrix(&["fixed-3", "<gone>"], |_, _, _, _| f64::NAN);
    report.scenarios.remove(3);
    report.scenarios.truncate(9);
    for value in [0.0, -1.0, 1e300, f64::NAN, f64::INFINITY] {
        let row = &mut report.scenarios[1];
        (row.start_up_s, row.lag_s, row.cost_ratio) = (value, value, value);
        (row.extra_bad_share, row.longest_bad_run_s) = (value, value);
        assert!(words(&check(&report)).contains("<gone>"));
    }
}

#[test]
fn a_summary_has_the_worst_cell_of_each_scenario() {
    let rows = matrix(&["a", "b"], |scenario, start_up, lag, policy| {
        match (scenario, policy) {
            ("step", "a") => start_up + lag,
            ("step", _) => -start_up,
            _ => 0.0,
        }
    });
    let worst: Vec<_> = PolicySummary::of(&rows)
        .iter()
        .flat_map(|s| {
            s.worst
                .iter()
                .map(|w| (s.policy, w.scenario, w.start_up_s, w.lag_s))
        })
        .collect();
    let expected = [
        ("a", "healthy", 15.0, 15.0),
        ("a", "step", 600.0, 60.0),
        ("b", "healthy", 15.0, 15.0),
        ("b", "step", 15.0, 15.0),
    ];
    assert_eq!(worst, expected);
}

#[test]
fn reasons_add_up_to_their_columns() {
    let mut report = replay(&waves(), &[2], false, 1);
    let column = |reasons: &[(Reason, u32)]| Column {
        ticks: reasons.iter().map(|r| r.1).sum(),
        reasons: reasons.to_vec(),
        ..Column::default()
    };
    report.policies[0].timeline = timeline(vec![
        column(&[(Reason::Steady, 50), (Reason::ScaleUp, 10)]),
        column(&[
            (Reason::ScaleUpLimit, 20),
            (Reason::ScaleDownLimit, 10),
            (Reason::NoData, 10),
        ]),
    ]);
    let text = words(&check(&report));
    for expected in [
        "50.0 % steady",
        "10.0 % scale up",
        "30.0 % rate limited",
        "10.0 % missing data",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    assert!(!text.contains("% panic") && !text.contains("% stabilized"));

    report.policies[0].timeline = timeline(vec![column(&[
        (Reason::CoolingDown, 10),
        (Reason::Dampened, 5),
        (Reason::WarmingUp, 15),
        (Reason::Scheduled, 20),
        (Reason::Activated, 10),
        (Reason::Idle, 30),
        (Reason::Disabled, 10),
    ])]);
    let text = words(&check(&report));
    for expected in [
        "15.0 % cooling down, dampened",
        "15.0 % warming up",
        "20.0 % by schedule",
        "10.0 % activated",
        "40.0 % idle, switched off",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    assert!(!text.contains("% other"));
}

/// The close-up lies around the worst column, within the part that counts, and is shown.
#[test]
fn the_worst_hours_are_shown_closer() {
    let mut columns = vec![
        Column {
            ticks: 100,
            serving: (2, 2.0, 2),
            needed: (1, 1.0, 1),
            ..Column::default()
        };
        10
    ];
    for (i, column) in columns.iter_mut().enumerate() {
        column.first_tick = i * 100;
    }
    columns[7].bad_ticks = 3;
    let mut whole = Timeline::part(0..1000, 10);
    whole.columns = columns;
    assert_eq!(whole.worst(200), Some(650..850));
    assert_eq!(whole.worst(500), None); // hardly closer
    whole.columns[9].bad_ticks = 90;
    assert_eq!(whole.worst(200), Some(800..1000));
}
