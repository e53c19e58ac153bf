//! What holds of every report: nothing is left out, order means nothing, each setting counts.

use std::time::Duration;

use capacity_forecast::{
    Action, CapacityForecast, CapacityPlanner, CapacityPlannerConfig, Health, Limit, Metric,
    MetricKind, PlannerConfig, Refusal, Report, Series, Urgency, UrgencyConfig,
};
use proptest::prelude::*;

use crate::{cases, wild};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn planner(config: CapacityPlannerConfig) -> CapacityPlanner {
    CapacityPlanner::new(config).unwrap()
}

/// A wave of a day that grows; the growth is what makes it urgent or not.
fn load(growth: f64) -> Series {
    let value = |h: u32| {
        let noise = f64::from(h.wrapping_mul(2_654_435_761).rotate_left(13) >> 20) / 4096.0 - 0.5;
        let day = f64::from(h % 24) / 24.0 * std::f64::consts::TAU;
        0.4 + 0.1 * day.sin() + 0.05 * noise + growth * f64::from(h) / 24.0
    };
    Series::from_grid(Duration::ZERO, HOUR, (0..336).map(value)).unwrap()
}

fn of(metrics: Vec<Metric>) -> CapacityPlannerConfig {
    CapacityPlannerConfig::default().with_metrics(metrics)
}

fn cpu() -> Metric {
    Metric::new("cpu", MetricKind::CpuUtilization).with_lead_time(DAY)
}

#[test]
fn each_field_of_the_planner_changes_the_report() {
    let series = load(0.019);
    let report = |config: CapacityPlannerConfig| {
        let mut planner = planner(config);
        planner.report(series.end(), [("cpu", &series), ("load", &series)])
    };
    let default = report(of(vec![cpu()]));
    let forecast = &default.forecasts[0];
    let p = forecast.urgency.probability;
    assert!(
        forecast.urgency.level == Urgency::Medium && forecast.near_limit,
        "{forecast:?}"
    );
    let high = report(of(vec![cpu()]).with_urgency(UrgencyConfig::default().with_high(p)));
    assert_eq!(high.health, Health::Critical);
    let near = report(of(vec![cpu()]).with_near(1.0));
    assert_eq!(near.summary.near_limit, 0);
    let checkpoints = report(of(vec![cpu()]).with_checkpoints(vec![HOUR]));
    assert_ne!(
        checkpoints.forecasts[0].probability_by,
        forecast.probability_by
    );
    let short = PlannerConfig::default().with_horizon(DAY);
    let horizon = report(of(vec![cpu()]).with_planner(short));
    assert_eq!(horizon.summary.horizon, DAY);
    assert_ne!(horizon.forecasts[0].near_limit, forecast.near_limit);
    let load = Metric::new("load", MetricKind::CpuUtilization);
    assert_eq!(
        (
            default.unused.len(),
            report(of(vec![cpu(), load])).unused.len()
        ),
        (1, 0)
    );
}

#[test]
fn each_field_of_a_metric_changes_the_report() {
    let series = load(0.019);
    let report = |metric: Metric| {
        let name = metric.name.clone();
        planner(of(vec![metric])).report(series.end(), [(name.as_str(), &series)])
    };
    let default = report(cpu());
    let urgency = |report: &Report| report.forecasts[0].urgency.level;
    assert_eq!(urgency(&default), Urgency::Medium);
    let far = report(cpu().with_limit(Limit::at_least(2.0)));
    assert_eq!(urgency(&far), Urgency::Low);
    let slow = report(cpu().with_lead_time(7 * DAY));
    assert_eq!(urgency(&slow), Urgency::High);
    let action = report(cpu().with_action(Action::Review));
    assert_eq!(action.recommendations[0].action, Action::Review);
    let bounded = PlannerConfig::default().with_upper_bound(Some(0.7));
    assert_eq!(urgency(&report(cpu().with_planner(bounded))), Urgency::Low);
    let memory = Metric::new("cpu", MetricKind::MemoryUtilization);
    assert_ne!(
        report(memory).forecasts[0].limit,
        default.forecasts[0].limit
    );
    let named = Metric::new("processor", MetricKind::CpuUtilization);
    assert_eq!(report(named).forecasts[0].metric, "processor");
}

#[test]
fn refused_configurations_name_field_value_and_bound() {
    let other = Metric::new("m", MetricKind::Other);
    let limit = |limit: Limit| of(vec![cpu().with_limit(limit)]);
    let bad_planner = PlannerConfig::default().with_min_observed(1);
    for (config, message) in [
        (of(vec![]), "metrics is empty, must be at least one"),
        (
            of(vec![cpu(), cpu()]),
            "metrics[1].name is \"cpu\", must be a name that no other metric has",
        ),
        (
            of(vec![Metric::new("", MetricKind::CpuUtilization)]),
            "metrics[0].name is \"\", must be a name that no other metric has",
        ),
        (
            of(vec![other]),
            "metrics[0].limit is absent, must be given for a metric of kind other",
        ),
        (
            limit(Limit::at_least(f64::NAN)),
            "metrics[0].limit is NaN, must be a finite number",
        ),
        (
            limit(Limit::at_least(0.0).with_steps(vec![1.0, f64::INFINITY])),
            "metrics[0].limit.steps[1] is inf, must be a finite number",
        ),
        (
            limit(Limit::at_least(0.8).with_sustained(0, 3)),
            "metrics[0].limit.sustained.hits is 0, must be between 1 and of",
        ),
        (
            limit(Limit::at_least(0.8).with_sustained(1, 0)),
            "metrics[0].limit.sustained.of is 0, must be between 1 and 1000",
        ),
        (
            of(vec![cpu().with_lead_time(8 * DAY)]),
            "metrics[0].lead_time is 8d, must be at most the horizon, or the probability would be too small",
        ),
        (
            of(vec![cpu().with_planner(bad_planner.clone())]),
            "metrics[0].planner.min_observed is 1, must be at least 4",
        ),
        (
            of(vec![cpu()]).with_planner(bad_planner),
            "planner.min_observed is 1, must be at least 4",
        ),
        (
            of(vec![cpu()]).with_urgency(UrgencyConfig::default().with_high(0.0)),
            "urgency.high is 0, must be above 0 and at most 1",
        ),
        (
            of(vec![cpu()]).with_near(f64::NAN),
            "near is NaN, must be above 0 and at most 1",
        ),
        (
            of(vec![cpu()]).with_checkpoints(vec![HOUR; 33]),
            "checkpoints is 33, must be at most 32",
        ),
        (
            of(vec![cpu()]).with_checkpoints(vec![HOUR, HOUR]),
            "checkpoints[1] is 1h, must be above 0 and the one before it",
        ),
    ] {
        let refused = CapacityPlanner::new(config)
            .err()
            .map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some(message));
    }
}

#[test]
fn a_limit_that_is_refused_changes_nothing() {
    let series = load(0.0);
    let mut planner = planner(of(vec![cpu()]));
    let before = planner.report(series.end(), [("cpu", &series)]);
    let refused = planner
        .set_limit("cpu", Limit::at_least(f64::INFINITY))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cpu.limit is inf, must be a finite number"
    );
    let refused = planner.set_limit("disk", Limit::at_least(1.0)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "metric is \"disk\", must be one that is watched"
    );
    assert_eq!(planner.report(series.end(), [("cpu", &series)]), before);
}

#[test]
fn the_most_urgent_come_first_and_a_second_series_is_not_used() {
    let metrics =
        NAMES.map(|name| Metric::new(name, MetricKind::CpuUtilization).with_lead_time(3 * DAY));
    let growths = [0.019, 0.0, 0.03, 0.018, 0.04];
    let series = growths.map(load);
    let now = series[0].end();
    let mut given: Vec<(&str, &Series)> = NAMES.into_iter().zip(&series).collect();
    given.push(("b", &series[4]));
    given.push(("?", &series[4]));
    let report = planner(of(metrics.to_vec())).report(now, given);
    assert_eq!(report.unused, ["?", "b"]);
    assert_eq!(
        report.forecast("b").map(|f| f.urgency.level),
        Some(Urgency::Low)
    );
    let advice = &report.recommendations;
    assert!(advice.len() >= 3, "{advice:?}");
    let key = |at: usize| (advice[at].urgency.level, advice[at].urgency.probability);
    for at in 1..advice.len() {
        assert!(key(at - 1) >= key(at));
    }
}

/// Series of wild values, each with a length of its own; some are too short, some never seen.
fn any_series() -> impl Strategy<Value = Series> {
    let values = prop_oneof![
        proptest::collection::vec(wild(), 1..80),
        proptest::collection::vec(0.0..2.0_f64, 30..120),
        (0.0..1.0_f64, -0.01..0.02_f64, 40..120_usize).prop_map(|(from, step, count)| {
            (0..count).map(|at| from + step * at as f64).collect()
        }),
    ];
    // All end at the same time.
    values.prop_map(|values| {
        let start = HOUR * (200 - u32::try_from(values.len()).unwrap());
        Series::from_grid(start, HOUR, values).unwrap()
    })
}

fn any_metrics() -> impl Strategy<Value = Vec<Metric>> {
    let kinds = [
        MetricKind::CpuUtilization,
        MetricKind::MemoryUtilization,
        MetricKind::DiskUtilization,
        MetricKind::ResponseTime,
        MetricKind::QueueLength,
    ];
    proptest::collection::vec((0..5_usize, 0..25_u32, any::<bool>()), 5).prop_map(move |choices| {
        let metrics = NAMES.into_iter().zip(choices);
        let metric = |(name, (kind, lead, falling)): (&str, (usize, u32, bool))| {
            let metric = Metric::new(name, kinds[kind]).with_lead_time(HOUR * lead);
            if falling {
                metric.with_limit(Limit::at_most(0.3))
            } else {
                metric
            }
        };
        metrics.map(metric).collect()
    })
}

fn short_horizon(metrics: Vec<Metric>) -> CapacityPlannerConfig {
    of(metrics).with_planner(PlannerConfig::default().with_horizon(DAY))
}

proptest! {
    #![proptest_config(cases(60, 5_000))]

    /// Each metric stands in the report once; the whole is as bad as the worst; the counts count.
    #[test]
    fn nothing_is_left_out(
        metrics in any_metrics(), series in proptest::collection::vec(any_series(), 0..6),
    ) {
        let given: Vec<(&str, &Series)> = NAMES.into_iter().zip(&series).collect();
        let mut planner = planner(short_horizon(metrics.clone()));
        let report = planner.report(200 * HOUR, given.clone());
        let planned = report.forecasts.iter().map(|f| f.metric.as_str());
        let refused = report.refusals.iter().map(|r| r.metric.as_str());
        let mut names: Vec<&str> = planned.chain(refused).collect();
        names.sort_unstable();
        prop_assert_eq!(names, NAMES);
        let healths = report.forecasts.iter().map(CapacityForecast::health);
        let worst = healths.chain(report.refusals.iter().map(Refusal::health)).max();
        prop_assert_eq!(Some(report.health), worst);
        prop_assert_eq!(report.summary.refused, report.refusals.len());
        let urgent = report.forecasts.iter().filter(|f| f.urgency.level > Urgency::Low);
        prop_assert_eq!(report.recommendations.len(), urgent.count());
        for forecast in &report.forecasts {
            prop_assert!(!forecast.reached || forecast.health() == Health::Critical);
            prop_assert!(forecast.predicted.is_finite() && forecast.nearest.is_finite());
            prop_assert!((0.0..=1.0).contains(&forecast.urgency.probability));
        }
        // JSON has no infinities: one would be read back as an error.
        #[cfg(feature = "serde")]
        {
            let text = serde_json::to_string(&report).unwrap();
            let back = serde_json::from_str::<Report>(&text);
            prop_assert!(back.is_ok(), "{:?} of {}", back.err(), text);
        }
        // The same again, from plans made one by one.
        let plans: Vec<_> = given.iter().map(|(n, s)| (*n, planner.plan(n, s, 200 * HOUR))).collect();
        let plans = plans.iter().map(|(n, plan)| (*n, plan.as_ref().map_err(Clone::clone)));
        let mut other = self::planner(short_horizon(metrics));
        prop_assert_eq!(other.report_plans(200 * HOUR, plans), report);
    }

    /// Neither the order of the series nor, but for that of the results, the order of the metrics.
    #[test]
    fn order_means_nothing(
        metrics in any_metrics().prop_shuffle(),
        given in proptest::collection::vec(any_series(), 5)
            .prop_map(|series| NAMES.into_iter().zip(series).collect::<Vec<_>>())
            .prop_shuffle(),
    ) {
        let report = |metrics: &[Metric], given: &[(&'static str, Series)]| {
            let given: Vec<(&str, &Series)> = given.iter().map(|(n, s)| (*n, s)).collect();
            planner(short_horizon(metrics.to_vec())).report(200 * HOUR, given)
        };
        let first = report(&metrics, &given);
        let mut sorted = given.clone();
        sorted.sort_by_key(|(name, _)| *name);
        prop_assert_eq!(&first, &report(&metrics, &sorted));
        let mut metrics = metrics;
        metrics.sort_by(|a, b| a.name.cmp(&b.name));
        let second = report(&metrics, &given);
        prop_assert_eq!((first.health, first.summary), (second.health, second.summary));
        for forecast in &first.forecasts {
            prop_assert_eq!(second.forecast(&forecast.metric), Some(forecast));
        }
        for refusal in &first.refusals {
            prop_assert!(second.refusals.contains(refusal));
        }
        for advice in &first.recommendations {
            prop_assert!(second.recommendations.contains(advice));
        }
    }
}

#[cfg(feature = "serde")]
mod stored {
    use super::*;

    #[test]
    fn a_report_is_written_out_and_read_back() {
        let (urgent, quiet) = (load(0.03), load(0.0));
        let metrics = NAMES.map(|name| Metric::new(name, MetricKind::CpuUtilization));
        let mut planner = planner(of(metrics.to_vec()));
        let stale = Series::from_grid(Duration::ZERO, HOUR, vec![0.5; 50]).unwrap();
        let given = [("a", &urgent), ("b", &quiet), ("c", &stale), ("?", &quiet)];
        let report = planner.report(urgent.end(), given);
        let text = serde_json::to_string(&report).unwrap();
        let back: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["health"], "critical");
        assert_eq!(json["summary"]["metrics"], 5);
        assert_eq!(json["summary"]["horizon"], "7d");
        assert_eq!(json["forecasts"][0]["kind"], "cpu_utilization");
        assert_eq!(json["forecasts"][0]["urgency"]["lead_time"], "1d");
        assert_eq!(json["refusals"][0]["reason"]["stale"]["age"], "286h");
        assert_eq!(json["refusals"][1]["reason"], "no_series");
        assert_eq!(json["recommendations"][0]["action"], "scale_out");
        assert_eq!(json["unused"][0], "?");
    }

    #[test]
    fn a_configuration_is_read_from_what_differs() {
        let text = r#"{
            "metrics": [
                {"name": "cpu", "kind": "cpu_utilization", "lead_time": "10m"},
                {"name": "free", "limit": {"value": {"constant": 5e9}, "direction": "falling"}}
            ],
            "planner": {"horizon": "3d"},
            "urgency": {"medium": 0.05},
            "checkpoints": ["1h", "1d"]
        }"#;
        let config: CapacityPlannerConfig = serde_json::from_str(text).unwrap();
        let expected = of(vec![
            Metric::new("cpu", MetricKind::CpuUtilization).with_lead_time(HOUR / 6),
            Metric::new("free", MetricKind::Other).with_limit(Limit::at_most(5e9)),
        ])
        .with_planner(PlannerConfig::default().with_horizon(3 * DAY))
        .with_urgency(UrgencyConfig::default().with_medium(0.05))
        .with_checkpoints(vec![HOUR, DAY]);
        assert_eq!(config, expected);
        let back = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<CapacityPlannerConfig>(&back).unwrap(),
            config
        );
        let default: CapacityPlannerConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(default, CapacityPlannerConfig::default());
        for unknown in [
            r#"{"metric": []}"#,
            r#"{"urgency": {"hi": 0.5}}"#,
            r#"{"metrics": [{"name": "cpu", "leadtime": "1h"}]}"#,
        ] {
            let refused = serde_json::from_str::<CapacityPlannerConfig>(unknown).unwrap_err();
            assert!(refused.to_string().contains("unknown field"), "{refused}");
        }
    }
}
