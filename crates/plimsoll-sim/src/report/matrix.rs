//! The scenario matrix as a table of its rows, and what a policy comes to in all of it.

use super::ScenarioReport;

/// What one policy came to over the whole scenario matrix.
///
/// ```
/// use plimsoll_sim::{PolicySummary, ScenarioReport};
/// let row = |scenario, start_up_s, cost_ratio, bad_share| ScenarioReport {
///     scenario,
///     start_up_s,
///     cost_ratio,
///     bad_share,
/// #     lag_s: 30.0,
/// #     policy: "hpa".to_owned(),
/// #     extra_bad_share: 0.0,
/// #     longest_bad_run_s: 75.0,
/// #     reversals_per_day: 4.0,
///     // …
/// };
/// let rows = [
///     row("healthy", 60.0, 1.2, 0.001),
///     row("healthy", 600.0, 1.4, 0.01),
///     row("crash", 60.0, 1.2, 0.002),
///     row("crash", 600.0, 1.4, 0.05),
/// ];
/// let summary = &PolicySummary::of(&rows)[0];
/// assert!((summary.mean_cost_ratio - 1.3).abs() < 1e-9);
/// assert_eq!(summary.worst[1].bad_share, 0.05); // under "crash", at a start-up of 600 s
/// ```
#[derive(Clone, Debug)]
pub struct PolicySummary<'a> {
    /// Name of the policy.
    pub policy: &'a str,
    /// Mean of its costs, each as a multiple of its cell's optimum.
    pub mean_cost_ratio: f64,
    /// For each scenario the cell with the largest share of bad requests; of equal ones the first.
    pub worst: Vec<&'a ScenarioReport>,
}

impl<'a> PolicySummary<'a> {
    /// One summary a policy; policies and scenarios come in the order of their first rows.
    ///
    /// ```
    /// use plimsoll_sim::PolicySummary;
    /// assert!(PolicySummary::of(&[]).is_empty());
    /// ```
    #[must_use]
    pub fn of(rows: &'a [ScenarioReport]) -> Vec<Self> {
        let summary = |policy| {
            let own: Vec<_> = rows.iter().filter(|row| row.policy == policy).collect();
            let costs: f64 = own.iter().map(|row| row.cost_ratio).sum();
            let worse = |worst: &'a ScenarioReport, row: &'a ScenarioReport| {
                if row.bad_share > worst.bad_share {
                    row
                } else {
                    worst
                }
            };
            let worst = distinct(&own, |row| row.scenario).into_iter();
            let worst = worst.filter_map(|scenario| {
                let under = own.iter().copied().filter(|row| row.scenario == scenario);
                under.reduce(worse)
            });
            Self {
                policy,
                mean_cost_ratio: costs / own.len() as f64,
                worst: worst.collect(),
            }
        };
        let rows: Vec<_> = rows.iter().collect();
        let policies = distinct(&rows, |row| row.policy.as_str());
        policies.into_iter().map(summary).collect()
    }
}

/// A column's different values, in the order of their first rows.
pub(super) fn distinct<'a, T: PartialEq>(
    rows: &[&'a ScenarioReport],
    value: impl Fn(&'a ScenarioReport) -> T,
) -> Vec<T> {
    let mut found = Vec::new();
    for row in rows {
        let value = value(row);
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// How good a row is, least best: those that keep bad requests within the limit by their cost, then
/// the others by their bad requests.
pub(super) fn rank(row: &ScenarioReport, limit: f64) -> (bool, f64) {
    if row.bad_share <= limit {
        (false, row.cost_ratio)
    } else {
        (true, row.bad_share)
    }
}

/// The best rank, where there is a choice.
pub(super) fn best(rows: &[&ScenarioReport], limit: f64) -> Option<(bool, f64)> {
    let ranks = rows.iter().map(|row| rank(row, limit));
    let least = ranks.reduce(|a, b| if b < a { b } else { a });
    least.filter(|_| rows.len() > 1)
}
