//! The capacity report: tables of kinds, urgencies, limits and refusals.

use std::time::Duration;

use capacity_forecast::{
    Action, CapacityPlanner, CapacityPlannerConfig, ForecastError, Health, Limit, Metric,
    MetricKind, Planner, PlannerConfig, Relief, Report, Series, TrendDirection, TrendFinding,
    Urgency, UrgencyConfig, UrgencyReason, UrgencyTracker,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// Four weeks of hours.
const COUNT: u32 = 672;

/// Between ±1/2, different for each number, the same on every run.
fn noise(number: u32) -> f64 {
    f64::from(number.wrapping_mul(2_654_435_761).rotate_left(13) >> 20) / 4096.0 - 0.5
}

/// A day's wave between ±1 with noise of hours and days.
fn wave(hour: u32) -> f64 {
    (f64::from(hour % 24) / 24.0 * std::f64::consts::TAU).sin()
        + 0.2 * noise(hour)
        + 0.5 * noise(hour / 24)
}

pub(crate) fn hours(value: impl Fn(u32) -> f64) -> Series {
    Series::from_grid(Duration::ZERO, HOUR, (0..COUNT).map(value)).unwrap()
}

/// Load on a limit of 1 that is `left` below it at the daily peak and grows by `growth` a day.
fn load(left: f64, growth: f64) -> Series {
    let today = f64::from(COUNT) / 24.0;
    hours(move |h| 0.9 - left + 0.1 * wave(h) + growth * (f64::from(h) / 24.0 - today))
}

fn planner(metrics: Vec<Metric>) -> CapacityPlanner {
    CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(metrics)).unwrap()
}

fn report_of(metric: Metric, series: &Series) -> Report {
    let name = metric.name.clone();
    planner(vec![metric]).report(series.end(), [(name.as_str(), series)])
}

/// A metric with a limit of 1 and a remedy that takes three days.
fn metric(kind: MetricKind) -> Metric {
    named("m", kind)
}

fn named(name: &str, kind: MetricKind) -> Metric {
    Metric::new(name, kind)
        .with_limit(Limit::at_least(1.0))
        .with_lead_time(3 * DAY)
}

const KINDS: [(MetricKind, Action); 6] = [
    (MetricKind::CpuUtilization, Action::ScaleOut),
    (MetricKind::MemoryUtilization, Action::ScaleUpOrOut),
    (MetricKind::DiskUtilization, Action::AddStorageOrArchive),
    (MetricKind::ResponseTime, Action::ScaleOutOrOptimizeQueries),
    (MetricKind::QueueLength, Action::AddWorkers),
    (MetricKind::Other, Action::Review),
];

#[test]
fn every_kind_at_every_urgency() {
    let quiet = load(0.5, 0.0);
    let later = load(0.08, 0.03);
    let soon = load(0.05, 0.045);
    let now = hours(|h| {
        if h + 2 > COUNT {
            1.2
        } else {
            0.5 + 0.1 * wave(h)
        }
    });
    for (kind, action) in KINDS {
        let share = matches!(
            kind,
            MetricKind::CpuUtilization
                | MetricKind::MemoryUtilization
                | MetricKind::DiskUtilization
        );
        for (series, urgency, health, near) in [
            (&quiet, Urgency::Low, Health::Healthy, false),
            (&later, Urgency::Medium, Health::Warning, true),
            (&soon, Urgency::High, Health::Critical, true),
            (&now, Urgency::High, Health::Critical, true),
        ] {
            let report = report_of(metric(kind), series);
            let forecast = &report.forecasts[0];
            let numbers = &forecast.urgency;
            assert_eq!(numbers.level, urgency, "{kind:?} {numbers:?}");
            assert_eq!(
                (report.health, forecast.near_limit),
                (health, near),
                "{kind:?}"
            );
            assert_eq!(
                report.summary.high_urgency,
                usize::from(urgency == Urgency::High)
            );
            assert_eq!(report.summary.near_limit, usize::from(near));
            if urgency == Urgency::Low {
                assert!(report.recommendations.is_empty(), "{report:?}");
                continue;
            }
            let [advice] = &report.recommendations[..] else {
                panic!("one recommendation wanted: {report:?}");
            };
            assert_eq!((advice.action, advice.kind), (action, kind));
            assert_eq!(advice.urgency, *numbers);
            let Relief::Limit {
                from,
                to,
                factor,
                probability,
            } = advice.relief
            else {
                panic!("{:?}", advice.relief);
            };
            assert!(
                from < to && probability < 0.1,
                "{kind:?} {to} {probability}"
            );
            assert_eq!(factor.is_some(), share, "{kind:?}");
        }
    }
}

#[test]
fn a_limit_reached_now_is_critical_whatever_comes() {
    let spike = hours(|h| if h + 1 == COUNT { 1.5 } else { 0.3 });
    let report = report_of(metric(MetricKind::CpuUtilization), &spike);
    let forecast = &report.forecasts[0];
    assert!(forecast.reached && forecast.headroom < 0.0);
    assert_eq!(forecast.urgency.reason, UrgencyReason::Reached);
    assert_eq!(forecast.time_to_limit.p90, Some(Duration::ZERO));
    assert!(
        forecast
            .probability_by
            .iter()
            .all(|by| by.probability >= 1.0)
    );
    assert_eq!(report.recommendations[0].act_by, Some(spike.end()));
    assert_eq!(report.health, Health::Critical);
    // Three in a row are not reached by one of them.
    let sustained =
        metric(MetricKind::CpuUtilization).with_limit(Limit::at_least(1.0).with_sustained(3, 3));
    assert!(!report_of(sustained, &spike).forecasts[0].reached);
}

#[test]
fn act_by_is_when_it_becomes_high() {
    let series = load(0.08, 0.03);
    let report = report_of(metric(MetricKind::CpuUtilization), &series);
    let advice = &report.recommendations[0];
    let median = advice.time_to_limit.p50.unwrap();
    assert_eq!(advice.urgency.level, Urgency::Medium);
    assert_eq!(advice.act_by, Some(series.end() + median - 3 * DAY));
    // One whose median is beyond the horizon has no such moment yet.
    let unsure = metric(MetricKind::CpuUtilization).with_lead_time(6 * DAY);
    let later = report_of(unsure, &load(0.12, 0.02));
    let advice = &later.recommendations[0];
    assert_eq!(
        (advice.urgency.level, advice.act_by),
        (Urgency::Medium, None)
    );
}

#[test]
fn falling_limits() {
    // Free space that is used up at 20 a day, 100 left.
    let free = hours(|h| 100.0 + 20.0 / 24.0 * f64::from(COUNT - 1 - h));
    for (floor, lead, urgency, left) in [
        (10.0, 3, Urgency::Low, 90.0),
        (10.0, 5, Urgency::High, 90.0),
        (99.0, 1, Urgency::High, 1.0),
        (120.0, 1, Urgency::High, -20.0),
    ] {
        let metric = Metric::new("free", MetricKind::DiskUtilization)
            .with_limit(Limit::at_most(floor))
            .with_lead_time(lead * DAY);
        let report = report_of(metric, &free);
        let forecast = &report.forecasts[0];
        assert_eq!(
            forecast.urgency.level, urgency,
            "{floor}: {:?}",
            forecast.urgency
        );
        assert!((forecast.headroom - left).abs() < 1e-9);
        assert_eq!(forecast.trend.direction(), Some(TrendDirection::Decreasing));
        assert!(forecast.nearest < 1.0, "empty before the week is over");
        // It cannot go below 0, so that the series does not show how much is missing.
        for advice in &report.recommendations {
            assert_eq!(advice.relief, Relief::BeyondBounds { bound: 0.0 });
        }
    }
    // Where it stays above, the limit must fall by what the week takes beyond it: 7 · 5 of 100.
    let slow = hours(|h| 100.0 + 5.0 / 24.0 * f64::from(COUNT - 1 - h) + noise(h));
    let metric = Metric::new("free", MetricKind::DiskUtilization)
        .with_limit(Limit::at_most(80.0))
        .with_lead_time(5 * DAY);
    let report = report_of(metric, &slow);
    let Relief::Limit {
        from, to, factor, ..
    } = report.recommendations[0].relief
    else {
        panic!("a limit wanted: {report:?}");
    };
    assert_eq!((from, factor), (80.0, None));
    assert!((60.0..66.0).contains(&to), "{to}");
}

#[test]
fn limits_that_change_with_time() {
    let series = load(0.08, 0.05);
    let grown = |at: usize| {
        let steps = (0..168)
            .map(|step| if step < at { 1.0 } else { 2.0 })
            .collect();
        metric(MetricKind::CpuUtilization).with_limit(Limit::at_least(0.0).with_steps(steps))
    };
    let (in_time, too_late) = (report_of(grown(2), &series), report_of(grown(100), &series));
    assert_eq!(
        in_time.health,
        Health::Healthy,
        "{:?}",
        in_time.forecasts[0].urgency
    );
    assert_eq!(too_late.health, Health::Critical);
    let Relief::Limit {
        from, to, factor, ..
    } = too_late.recommendations[0].relief
    else {
        panic!("a limit wanted");
    };
    assert!(from >= 1.0 && to > from);
    assert_eq!(
        factor, None,
        "one factor says nothing about a limit that changes"
    );
    // One with too few steps is refused, and can be replaced.
    let short = metric(MetricKind::CpuUtilization)
        .with_limit(Limit::at_least(0.0).with_steps(vec![1.0; 10]));
    let mut planner = planner(vec![short]);
    let report = planner.report(series.end(), [("m", &series)]);
    let message = "limit.steps is 10, must be at least 168 values, one a step ahead";
    assert_eq!(report.refusals[0].reason.to_string(), message);
    planner
        .set_limit("m", Limit::at_least(0.0).with_steps(vec![9.0; 168]))
        .unwrap();
    assert_eq!(
        planner.report(series.end(), [("m", &series)]).health,
        Health::Healthy
    );
}

#[test]
fn every_refusal_is_typed_and_no_good_news() {
    let good = load(0.5, 0.0);
    let two = |values: Vec<Option<f64>>| Series::from_grid(good.end(), HOUR, values).unwrap();
    let short = two(vec![Some(0.1), Some(0.2)]);
    let empty = two(vec![None, None]);
    let old = Series::from_grid(Duration::ZERO, HOUR, vec![0.5; 100]).unwrap();
    let future = Series::from_grid(good.end() + 5 * HOUR, HOUR, vec![0.5; 100]).unwrap();
    let names = ["good", "short", "empty", "old", "future", "absent"];
    let metrics = names.map(|name| named(name, MetricKind::Other));
    let report = planner(metrics.to_vec()).report(
        good.end(),
        [
            ("good", &good),
            ("short", &short),
            ("empty", &empty),
            ("old", &old),
            ("future", &future),
        ],
    );
    assert_eq!(report.forecasts.len(), 1);
    let reasons: Vec<(&str, &ForecastError)> = report
        .refusals
        .iter()
        .map(|refusal| (refusal.metric.as_str(), &refusal.reason))
        .collect();
    let hours = |hours: u32| HOUR * hours;
    let limit = 7 * DAY / 10;
    let expected = [
        ("short", &ForecastError::TooShort { have: 2, need: 8 }),
        ("empty", &ForecastError::AllMissing { count: 2 }),
        (
            "old",
            &ForecastError::Stale {
                age: hours(COUNT - 100),
                limit,
            },
        ),
        (
            "future",
            &ForecastError::FromTheFuture { ahead: hours(104) },
        ),
        ("absent", &ForecastError::NoSeries),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(report.health, Health::Warning);
    assert_eq!((report.summary.metrics, report.summary.refused), (6, 5));
}

#[test]
fn what_was_urgent_stays_so_while_nothing_is_known() {
    let series = load(0.08, 0.05);
    let mut planner = planner(vec![metric(MetricKind::DiskUtilization)]);
    let known = planner.report(series.end(), [("m", &series)]);
    assert_eq!(known.health, Health::Critical);
    let unknown = planner.report(series.end() + HOUR, []);
    assert_eq!(unknown.refusals[0].urgency, Urgency::High);
    assert_eq!(unknown.health, Health::Critical);
    assert_eq!(unknown.summary.high_urgency, 1);
    let relieved = load(0.5, 0.0);
    let fine = planner.report(series.end() + HOUR, [("m", &relieved)]);
    assert_eq!(fine.health, Health::Healthy);
}

#[test]
fn urgency_is_held_over_reports_and_resumes() {
    // The probability lies between the lower and the upper bar of "medium" or "high".
    let series = load(0.08, 0.03);
    let p = report_of(metric(MetricKind::Other), &series).forecasts[0]
        .urgency
        .probability;
    let bars = UrgencyConfig::default()
        .with_high(p * 1.2)
        .with_medium(p * 1.1);
    let config = CapacityPlannerConfig::default()
        .with_metrics(vec![metric(MetricKind::Other)])
        .with_urgency(bars);
    let mut planner = CapacityPlanner::new(config.clone()).unwrap();
    let urgency = |planner: &mut CapacityPlanner, series: &Series| {
        planner.report(series.end(), [("m", series)]).forecasts[0].urgency
    };
    assert_eq!(urgency(&mut planner, &series).level, Urgency::Low);
    urgency(&mut planner, &load(0.0, 0.05));
    let held = urgency(&mut planner, &series);
    assert_eq!(
        (held.level, held.reason),
        (Urgency::High, UrgencyReason::Held)
    );
    let mut resumed = CapacityPlanner::new(config).unwrap();
    resumed.resume(planner.tracker());
    assert_eq!(urgency(&mut resumed, &series), held);
    // A metric that is not watched is not carried along.
    let mut other = self::planner(vec![Metric::new("other", MetricKind::CpuUtilization)]);
    other.resume(planner.tracker());
    assert_eq!(other.tracker().last("m"), None);
}

#[test]
fn hysteresis_calms_what_is_planned_every_hour() {
    let series = load(0.08, 0.008);
    let planner = Planner::new(PlannerConfig::default()).unwrap();
    let releases = [1.0, UrgencyConfig::default().release];
    let trackers = releases.map(|release| UrgencyConfig::default().with_release(release));
    let mut trackers = trackers.map(|config| UrgencyTracker::new(config).unwrap());
    let mut changes = [0; 2];
    for end in COUNT - 168..COUNT {
        let known = series.values()[..end as usize].to_vec();
        let known = Series::from_grid(Duration::ZERO, HOUR, known).unwrap();
        let plan = planner.plan(&known, known.end()).unwrap();
        let breach = plan.breach(&Limit::at_least(0.92)).unwrap();
        for (tracker, changes) in trackers.iter_mut().zip(&mut changes) {
            let before = tracker.last("m").unwrap_or_default();
            let after = tracker.decide("m", &breach, DAY).unwrap().level;
            *changes += usize::from(before != after);
        }
    }
    let [without, with] = changes;
    assert!(
        with > 0 && 3 * with <= 2 * without,
        "{with} changes of {without}"
    );
}

#[test]
fn relief_is_what_brings_the_risk_down() {
    let series = load(0.08, 0.05);
    let mut planner = planner(vec![metric(MetricKind::CpuUtilization)]);
    let plan = planner.plan("m", &series, series.end()).unwrap();
    let report = planner.report_plans(series.end(), [("m", Ok(&plan))]);
    let Relief::Limit {
        from,
        to,
        factor,
        probability,
    } = report.recommendations[0].relief
    else {
        panic!("a limit wanted");
    };
    let risk = |limit| {
        let breach = plan.breach(&Limit::at_least(limit)).unwrap();
        breach.probability_within(plan.horizon())
    };
    assert_eq!((from, factor), (1.0, Some(to)));
    assert!((risk(to) - probability).abs() < 1e-12 && probability < 0.1);
    assert!(
        risk(to - 0.001 * (to - from)) >= 0.1,
        "a little less would not do"
    );
    // A share cannot go over 1: all that can be said is that it is full.
    let share = PlannerConfig::default().with_upper_bound(Some(1.0));
    let bounded = metric(MetricKind::CpuUtilization)
        .with_limit(Limit::at_least(0.95))
        .with_planner(share);
    let report = report_of(bounded, &series);
    assert_eq!(
        report.recommendations[0].relief,
        Relief::BeyondBounds { bound: 1.0 }
    );
}

#[test]
fn the_trend_is_that_of_the_days() {
    for (growth, direction) in [
        (0.05, TrendDirection::Increasing),
        (-0.01, TrendDirection::Decreasing),
        (0.0, TrendDirection::Stable),
        (0.0005, TrendDirection::Stable),
    ] {
        let report = report_of(metric(MetricKind::CpuUtilization), &load(0.5, growth));
        let TrendFinding::Found(trend) = &report.forecasts[0].trend else {
            panic!("a trend wanted");
        };
        assert_eq!(trend.direction, direction, "{growth}: {trend:?}");
        assert!(
            (trend.line.slope - growth).abs() < 0.002,
            "{growth} a day: {trend:?}"
        );
    }
    // Units change nothing.
    let (small, large) = (
        load(0.5, 0.05),
        hours(|h| 1e9 * load(0.5, 0.05).values()[h as usize]),
    );
    let large_limit = metric(MetricKind::Other).with_limit(Limit::at_least(1e9));
    let (small, large) = (
        report_of(metric(MetricKind::Other), &small),
        report_of(large_limit, &large),
    );
    let change = |report: &Report| match &report.forecasts[0].trend {
        TrendFinding::Found(trend) => trend.change,
        TrendFinding::Unknown(error) => panic!("{error}"),
    };
    assert!((change(&small) / change(&large) - 1.0).abs() < 1e-9);
}

/// A new metric of a handful of values that are nowhere near the limit is no reason to act.
#[test]
fn a_handful_of_values_alarms_nobody() {
    for count in [8, 11, 12, 100] {
        let series = Series::from_grid(Duration::ZERO, HOUR, vec![0.4; count]).unwrap();
        let report = report_of(metric(MetricKind::CpuUtilization), &series);
        let forecast = &report.forecasts[0];
        assert_eq!(
            report.health,
            Health::Healthy,
            "{count}: {:?}",
            forecast.urgency
        );
        assert!(report.recommendations.is_empty());
        assert_eq!(
            forecast.trend.direction(),
            Some(TrendDirection::Stable),
            "{count}"
        );
    }
}

#[test]
fn probabilities_are_given_for_the_checkpoints_within_the_horizon() {
    let series = load(0.20, 0.045);
    let by = |horizon: Duration, checkpoints: Vec<Duration>| -> Vec<Duration> {
        let config = CapacityPlannerConfig::default()
            .with_planner(PlannerConfig::default().with_horizon(horizon))
            .with_metrics(vec![metric(MetricKind::Other).with_lead_time(HOUR)])
            .with_checkpoints(checkpoints);
        let report = CapacityPlanner::new(config)
            .unwrap()
            .report(series.end(), [("m", &series)]);
        let by = &report.forecasts[0].probability_by;
        assert!(
            by.is_sorted_by(|a, b| a.probability <= b.probability),
            "{by:?}"
        );
        by.iter().map(|by| by.within).collect()
    };
    let default = CapacityPlannerConfig::default().checkpoints;
    assert_eq!(by(7 * DAY, default.clone()), default);
    assert_eq!(by(2 * DAY, default.clone()), [HOUR, 6 * HOUR, DAY, 2 * DAY]);
    assert_eq!(by(2 * DAY, vec![]), [2 * DAY]);
    assert_eq!(by(10 * DAY, default).last(), Some(&(10 * DAY)));
}
