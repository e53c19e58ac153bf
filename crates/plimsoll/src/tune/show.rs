//! What is printed.

use plimsoll_sim::PolicyReport;

use super::{Choice, Figures, Side, Tuning};
use crate::output::printable;
use crate::table::{percent, table};

/// Before and after, the frontiers, and what they say.
pub(super) fn tables(tuning: &Tuning, choice: &Choice, judged: &[PolicyReport]) -> String {
    let mut text = format!(
        "{}: at most {} bad requests; searched before, judged from {} on\n\n",
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
    let mut rows = vec![row("before", &tuning.before)];
    if tuning.changed {
        rows.push(row("after", &tuning.after));
    }
    text.push_str(&table(&header, &rows));
    text.push('\n');
    text.push_str(&frontiers(judged));
    text.push('\n');
    text.push_str(&verdict(tuning, choice));
    for note in &tuning.notes {
        text.push_str(&format!("note: {}\n", printable(note)));
    }
    text
}

/// Cheapest cost of the judged part that keeps each limit, over the target.
fn frontiers(judged: &[PolicyReport]) -> String {
    let rows: Vec<Vec<String>> = ["before", "after"]
        .into_iter()
        .zip(judged)
        .map(|(name, policy)| {
            let points = policy
                .frontier
                .iter()
                .map(|p| match (p.cost_ratio, p.setting) {
                    (Some(cost), Some(setting)) => format!("{cost:.3} @{}", percent(setting)),
                    _ => "never".to_owned(),
                });
            std::iter::once(name.to_owned()).chain(points).collect()
        })
        .collect();
    let header = ["judged, best target", "bad≤1%", "≤0.1%", "≤0.01%"];
    table(&header, &rows)
}

fn verdict(tuning: &Tuning, choice: &Choice) -> String {
    let mut text = String::new();
    let mut line = |sentence: String| {
        text.push_str(&sentence);
        text.push('\n');
    };
    let (before, after) = (&tuning.before.test, &tuning.after.test);
    let limit = percent(tuning.bad_limit);
    let searched = tuning.after.train.bad_share;
    if !choice.kept {
        line(format!(
            "no setting that was tried keeps bad requests to {limit} on the searched part"
        ));
    } else if searched > tuning.bad_limit {
        line(format!(
            "what is returned has {} bad requests on the searched part, more than the {limit} asked for",
            percent(searched)
        ));
    }
    if let Some(((there, here), instead)) = &choice.refuted {
        line(format!(
            "the best setting of the searched part (cost {:.3}, bad {}) did not hold on the judged \
             part (cost {:.3}, bad {}): {instead}",
            there.figures.cost_ratio,
            percent(there.figures.bad_share),
            here.figures.cost_ratio,
            percent(here.figures.bad_share),
        ));
    } else if !tuning.changed {
        line("no setting was better than the manifest's own: nothing is changed".to_owned());
    }
    if choice.kept && after.bad_share > tuning.bad_limit {
        line(format!(
            "the judged part has {} bad requests, more than the {limit} asked for: it was harder \
             than the searched one",
            percent(after.bad_share)
        ));
    }
    if !tuning.changed {
        return text;
    }
    line(format!(
        "on the judged part: {} than the manifest as it was, bad requests {} instead of {}",
        compared(after.cost_ratio, before.cost_ratio),
        percent(after.bad_share),
        percent(before.bad_share),
    ));
    match &tuning.before_at_equal_bad {
        // Nothing but the target differs.
        Some(equal) if (after.cost_ratio / equal.cost_ratio - 1.0).abs() < 5e-4 => {}
        Some(equal) => line(format!(
            "the old behavior has as few bad requests there at target {}, at cost {:.3}: the tuned \
             one is {}",
            percent(equal.setting),
            equal.cost_ratio,
            compared(after.cost_ratio, equal.cost_ratio),
        )),
        None => line("the old behavior has more bad requests there at any target".to_owned()),
    }
    text
}

fn compared(cost: f64, with: f64) -> String {
    let more = cost / with - 1.0;
    let word = if more <= 0.0 { "cheaper" } else { "dearer" };
    format!("{} {word}", percent(more.abs()))
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
    let notes = tuning.notes.iter();
    let notes: String = notes.map(|note| format!("{}\n", printable(note))).collect();
    format!(
        "Written by plimsoll tune for at most {} bad requests on {}.\n{}{}{notes}",
        percent(tuning.bad_limit),
        printable(&tuning.trace),
        line("searched part", &tuning.before.train, &tuning.after.train),
        line("judged part", &tuning.before.test, &tuning.after.test),
    )
}
