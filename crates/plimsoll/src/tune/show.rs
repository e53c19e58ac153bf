//! What is printed.

use plimsoll_sim::PolicyReport;

use super::search::Tried;
use super::{Figures, Side, Tuning};
use crate::output::printable;
use crate::table::{percent, table};

/// Before and after, the frontiers, and what they say.
pub(super) fn tables(tuning: &Tuning, refuted: Option<&Tried>, judged: &[PolicyReport]) -> String {
    let mut text = format!(
        "{}: at most {} bad requests; judged from {} on\n\n",
        printable(&tuning.trace),
        percent(tuning.bad_limit),
        jiff::Timestamp::from_second(tuning.judged_from_s)
            .map_or_else(|_| tuning.judged_from_s.to_string(), |t| t.to_string()),
    );
    let header = [
        "",
        "target",
        "min",
        "searched: cost/optimum",
        "bad",
        "reversals/d",
        "judged: cost/optimum",
        "bad",
        "reversals/d",
    ];
    let row = |name: &str, side: &Side| {
        let figures = |f: &Figures| {
            [
                format!("{:.3}", f.cost_ratio),
                percent(f.bad_share),
                format!("{:.1}", f.reversals_per_day),
            ]
        };
        let mut cells = vec![
            name.to_owned(),
            percent(side.setting.target),
            side.setting.min_replicas.to_string(),
        ];
        cells.extend(figures(&side.train));
        cells.extend(figures(&side.test));
        cells
    };
    let rows = [row("before", &tuning.before), row("after", &tuning.after)];
    text.push_str(&table(&header, &rows));
    text.push('\n');
    text.push_str(&frontiers(judged));
    text.push('\n');
    text.push_str(&verdict(tuning, refuted));
    text
}

/// Cheapest cost of the judged part that keeps each limit, over the target.
fn frontiers(judged: &[PolicyReport]) -> String {
    let rows: Vec<Vec<String>> = judged
        .iter()
        .map(|policy| {
            let points = policy
                .frontier
                .iter()
                .map(|p| match (p.cost_ratio, p.setting) {
                    (Some(cost), Some(setting)) => format!("{cost:.3} @{}", percent(setting)),
                    _ => "never".to_owned(),
                });
            std::iter::once(policy.name.clone()).chain(points).collect()
        })
        .collect();
    let header = ["judged, any target", "bad≤1%", "≤0.1%", "≤0.01%"];
    table(&header, &rows)
}

fn verdict(tuning: &Tuning, refuted: Option<&Tried>) -> String {
    let mut text = String::new();
    if let Some(found) = refuted {
        text.push_str(&format!(
            "the best setting of the searched part (cost {:.3}, bad {} there) did not hold on the \
             judged part: {}\n",
            found.figures.cost_ratio,
            percent(found.figures.bad_share),
            if tuning.changed {
                "the target alone is turned"
            } else {
                "nothing is changed"
            },
        ));
    } else if !tuning.changed {
        text.push_str("no setting was better than the manifest's own: nothing is changed\n");
    }
    let (before, after) = (&tuning.before.test, &tuning.after.test);
    if after.bad_share > tuning.bad_limit {
        text.push_str(&format!(
            "the judged part has more bad requests ({}) than asked for: it was harder than the \
             searched one\n",
            percent(after.bad_share)
        ));
    }
    if tuning.changed {
        text.push_str(&format!(
            "{}\n",
            change("the manifest as it was", before, after)
        ));
    }
    if let Some(equal) = &tuning.before_at_equal_bad
        && tuning.changed
        && (1.0 - after.cost_ratio / equal.cost_ratio).abs() > 5e-4
    {
        let saved = 1.0 - after.cost_ratio / equal.cost_ratio;
        text.push_str(&format!(
            "the old behavior would need target {} to have as few bad requests there, at cost \
             {:.3}: {} {}\n",
            percent(equal.setting),
            equal.cost_ratio,
            percent(saved.abs()),
            if saved >= 0.0 { "saved" } else { "more" },
        ));
    } else if tuning.changed && tuning.before_at_equal_bad.is_none() {
        text.push_str("the old behavior has more bad requests there at any target\n");
    }
    text
}

fn change(than: &str, before: &Figures, after: &Figures) -> String {
    let cost = after.cost_ratio / before.cost_ratio - 1.0;
    format!(
        "on the judged part: {} {} than {than}, bad requests {} instead of {}",
        percent(cost.abs()),
        if cost <= 0.0 { "cheaper" } else { "dearer" },
        percent(after.bad_share),
        percent(before.bad_share),
    )
}

/// A few lines about where a manifest comes from.
pub(super) fn summary(tuning: &Tuning) -> String {
    let line = |name: &str, before: &Figures, after: &Figures| {
        format!(
            "{name}: cost ÷ optimum {:.3} (before {:.3}), bad requests {} (before {})\n",
            after.cost_ratio,
            before.cost_ratio,
            percent(after.bad_share),
            percent(before.bad_share),
        )
    };
    format!(
        "Written by plimsoll tune for at most {} bad requests on {}.\n{}{}",
        percent(tuning.bad_limit),
        printable(&tuning.trace),
        line("searched part", &tuning.before.train, &tuning.after.train),
        line("judged part", &tuning.before.test, &tuning.after.test),
    )
}
