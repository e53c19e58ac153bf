//! `plimsoll size`: what has a price and what has none, and costs that are compared.

use serde_json::{Value, json};

use crate::Dir;
use crate::size::{TYPES, answer};

#[track_caller]
fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

/// The table, with some of its lines written anew.
fn table(lines: &[(&str, &str)]) -> String {
    lines.iter().fold(TYPES.to_owned(), |table, (line, new)| {
        assert!(table.contains(line), "{line}");
        table.replace(line, new)
    })
}

const SPOT: &str = "spot = { price_per_hour = 0.12, interruption_share = 0.05 }\n";

#[test]
fn without_a_price_there_is_no_cost() {
    let load = "[load]\nrequests_per_minute = 2000\n";
    let first = "small has no on_demand price: price_per_hour is needed";
    let will_not_do = format!("{first}; no mix of the offers that have a price will do");
    for (types, message) in [
        // No price at all.
        (
            table(&[
                ("on_demand = 0.10", "on_demand = {}"),
                ("on_demand = 0.40", "on_demand = {}"),
                ("reserved = 0.25\n", ""),
                (SPOT, ""),
            ]),
            first,
        ),
        // No offer at all.
        (
            table(&[
                ("on_demand = 0.10\n", ""),
                ("on_demand = 0.40\n", ""),
                ("reserved = 0.25\n", ""),
                (SPOT, ""),
            ]),
            first,
        ),
        // Spot nodes have one, but all of them may be lost at once.
        (
            table(&[
                ("on_demand = 0.10", "on_demand = {}"),
                ("on_demand = 0.40", "on_demand = {}"),
                ("reserved = 0.25\n", ""),
            ]),
            &will_not_do,
        ),
        // Few nodes have one.
        (
            table(&[
                ("on_demand = 0.10", "on_demand = {}"),
                (
                    "on_demand = 0.40",
                    "on_demand = { price_per_hour = 0.4, max_count = 2 }",
                ),
                ("reserved = 0.25\n", ""),
                (SPOT, ""),
            ]),
            &will_not_do,
        ),
    ] {
        let plan = format!("{load}{types}");
        let report = answer(&plan);
        assert_eq!(
            report["no_cost"],
            json!({
                "kind": "no_price",
                "instance": "small",
                "option": "on_demand",
                "message": message
            }),
            "{types}"
        );
        let mix = &report["instances"];
        assert_eq!(mix["chosen_by"], "count", "{types}");
        for figure in [
            "cost_per_hour",
            "cost_per_month",
            "cost_lower_bound_per_hour",
        ] {
            assert_eq!(mix[figure], Value::Null, "{figure}");
        }
        for of in [&mix["nodes"], &report["types"]] {
            for row in of.as_array().unwrap() {
                for cost in ["cost_per_month", "alone_cost_per_month"] {
                    assert_eq!(row.get(cost).unwrap_or(&Value::Null), &Value::Null, "{row}");
                }
            }
        }
        for empty in ["alternatives", "savings", "left_out"] {
            assert_eq!(report[empty], json!([]), "{types}");
        }
        let report = answer(&format!("[objective]\nmax_cost_per_month = 5\n{plan}"));
        let bars = report["bars"].as_array().unwrap();
        assert!(
            bars.contains(&json!({
                "bar": "cost",
                "met": false,
                "message": "not known, may be 5.00 a month"
            })),
            "{bars:?}"
        );
        let text = Dir::new()
            .with("plan.toml", plan)
            .run(&["size", "plan.toml"])
            .ok();
        assert!(text.contains(&format!("no cost: {message}\n")), "{text}");
    }
    // 2400 by 500: five nodes are the fewest.
    let types = table(&[("on_demand = 0.10\n", ""), ("on_demand = 0.40\n", "")])
        .replace("reserved = 0.25\n", "")
        .replace(SPOT, "");
    let report = answer(&format!("{load}{types}"));
    assert_eq!(report["instances"]["size"], 5);
    assert_eq!(report["replicas"]["count"], 5);
    assert_eq!(report["types"][0]["alone"], 24);
    let note = "no type has an offer (on_demand, reserved, spot): nodes are counted as on-demand ones \
                without a price";
    let notes = report["notes"].as_array().unwrap();
    assert!(notes.contains(&json!(note)), "{notes:?}");
}

#[test]
fn what_has_no_price_is_left_out_of_what_has_one() {
    let load = "[load]\nrequests_per_minute = 2000\n";
    let named = |instance: &str, option: Value, reason: &str| json!({"instance": instance, "option": option, "reason": reason});
    let unpriced = |instance, option: &str| named(instance, json!(option), "no_price");
    for (lines, rules, left_out, hour, line) in [
        // 2400: four reserved large nodes and a spot one.
        (
            &[("on_demand = 0.10", "on_demand = {}")][..],
            "",
            json!([unpriced("small", "on_demand")]),
            1.12,
            "no price, left out (the mix is the cheapest without): small on_demand\n",
        ),
        // Without spot nodes five reserved ones, or four and four small ones.
        (
            &[(
                "spot = { price_per_hour = 0.12, interruption_share = 0.05 }",
                "spot = {}",
            )],
            "",
            json!([unpriced("large", "spot")]),
            1.25,
            "no price, left out (the mix is the cheapest without): large spot\n",
        ),
        (
            &[
                ("reserved = 0.25", "reserved = {}"),
                ("on_demand = 0.10", "on_demand = {}"),
            ],
            "",
            json!([
                unpriced("small", "on_demand"),
                unpriced("large", "reserved")
            ]),
            1.72,
            "no price, left out (the mix is the cheapest without): small on_demand, large reserved\n",
        ),
        // An offer that the rules rule out is not missed.
        (
            &[("reserved = 0.25", "reserved = {}")],
            "[pool]\npurchase_options = [\"on_demand\"]\n",
            json!([]),
            2.0,
            "what holds the cost up: load\n",
        ),
        // An offer that is left out of the table does not exist.
        (
            &[("on_demand = 0.10\n", "")],
            "",
            json!([named("small", Value::Null, "no_offer")]),
            1.12,
            "no offer, left out: small\n",
        ),
    ] {
        let plan = format!("{load}{rules}{}", table(lines));
        let report = answer(&plan);
        assert_eq!(report["left_out"], left_out, "{lines:?}");
        assert_eq!(report["no_cost"], Value::Null, "{lines:?}");
        near(&report["instances"]["cost_per_hour"], hour);
        for node in report["instances"]["nodes"].as_array().unwrap() {
            assert!(node["cost_per_month"].as_f64().unwrap() > 0.0, "{node}");
        }
        let text = Dir::new()
            .with("plan.toml", plan)
            .run(&["size", "plan.toml"])
            .ok();
        assert!(text.contains(line), "{text}");
    }
    // A type that has no price is still counted, without a cost.
    let types = table(&[("on_demand = 0.10", "on_demand = {}")]);
    let report = answer(&format!("{load}{types}"));
    let small = &report["types"][0];
    assert_eq!(
        (&small["alone"], &small["alone_cost_per_month"]),
        (&json!(24), &Value::Null)
    );
}

#[test]
fn what_runs_needs_its_price_and_what_could_run_does_not() {
    let fleet = "[[fleet]]\ninstance = \"large\"\noption = \"on_demand\"\ncount = 10\n\
                 cpu_utilization = 0.35\nmemory_utilization = 0.2\n";
    // 28 vCPU at 70 %: 40, which are five large nodes.
    let types = table(&[
        ("on_demand = 0.10", "on_demand = {}"),
        ("reserved = 0.25", "reserved = {}"),
    ]);
    let rules = "[pool]\npurchase_options = [\"on_demand\", \"reserved\"]\n";
    let report = answer(&format!("{rules}{fleet}{types}"));
    near(
        &report["right_sizing"]["saves_per_month"],
        5.0 * 0.4 * 730.0,
    );
    assert_eq!(report["no_cost"], Value::Null);
    assert_eq!(report["left_out"].as_array().unwrap().len(), 2);
    // The price of the fleet itself is missing: its own cost, not that of the load's nodes.
    let types = table(&[("on_demand = 0.40", "on_demand = {}")]);
    let note =
        json!("right-sizing: no cost: large has no on_demand price: price_per_hour is needed");
    let report = answer(&format!("{fleet}{types}"));
    assert_eq!(report["right_sizing"], Value::Null);
    assert_eq!(report["no_cost"]["instance"], "large");
    assert!(report["notes"].as_array().unwrap().contains(&note));
    let report = answer(&format!(
        "[load]\nrequests_per_minute = 1000\n{fleet}{types}"
    ));
    assert_eq!(report["right_sizing"], Value::Null);
    assert_eq!(report["no_cost"], Value::Null);
    near(&report["instances"]["cost_per_hour"], 0.62);
    assert!(report["notes"].as_array().unwrap().contains(&note));
}

#[test]
fn a_schedule_is_compared_with_the_chosen_nodes() {
    // The nodes of 1000 a minute: two on-demand ones (0.80) or two reserved ones (0.50); of 100 a
    // small one (0.10). Reserved nodes are no part of a schedule.
    let plan = |busy: usize, options: &str| {
        let hours: Vec<u32> = (0..24)
            .map(|hour| if hour < busy { 1000 } else { 100 })
            .collect();
        format!(
            "[load]\nhourly = {hours:?}\n[objective]\nheadroom = 0\n[pool]\n\
             purchase_options = [{options}]\n{TYPES}"
        )
    };
    for (busy, options, chosen, saves, words) in [
        (12, "\"on_demand\"", 0.8, 0.35, "saves 255.50"),
        (12, "\"on_demand\", \"reserved\"", 0.5, 0.05, "saves 36.50"),
        (
            20,
            "\"on_demand\", \"reserved\"",
            0.5,
            0.5 - 16.4 / 24.0,
            "costs 133.83 more",
        ),
        (24, "\"on_demand\"", 0.8, 0.0, "saves 0.00"),
    ] {
        let plan = plan(busy, options);
        let report = answer(&plan);
        let schedule = &report["off_peak"];
        near(&schedule["static_cost_per_month"], chosen * 730.0);
        near(&report["instances"]["cost_per_month"], chosen * 730.0);
        near(&schedule["saves_per_month"], saves * 730.0);
        let savings = report["savings"].as_array().unwrap();
        let named = savings.iter().find(|saving| saving["kind"] == "off_peak");
        assert_eq!(named.is_some(), saves > 0.0, "{busy} {options}");
        let dir = Dir::new().with("plan.toml", plan);
        let text = dir.run(&["size", "plan.toml", "--html", "a.html"]).ok();
        let page = dir.read("a.html");
        for line in [
            format!(
                "the chosen nodes all the time {:.2}: {words}",
                chosen * 730.0
            ),
            "min and max: nodes that the quietest and the busiest of the hours need".to_owned(),
        ] {
            assert!(text.contains(&line), "{text}");
            assert!(page.contains(&line), "{line}");
        }
    }
    // Nodes that are all reserved are not turned off: that is said, not refused.
    let types = table(&[("on_demand = 0.10", "reserved = 0.06")]);
    let only = plan(12, "\"reserved\"").replace(TYPES, &types);
    let report = answer(&only);
    assert_eq!(report["off_peak"], Value::Null);
    let note = "off-peak: reserved nodes are paid all the time: no schedule saves anything";
    assert!(report["notes"].as_array().unwrap().contains(&json!(note)));
}
