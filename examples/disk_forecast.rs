//! When is a disk full, how sure is that, and must a new one be ordered now? Six weeks of its use by the
//! hour: it fills, more by day than by night, and a log rotation empties a part of it every Sunday.

use std::error::Error;
use std::time::Duration;

use capacity_forecast::{
    CapacityPlanner, CapacityPlannerConfig, EventChange, Limit, Metric, MetricKind, PlannedEvent,
    PlannerConfig, Series, SeriesConfig,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// 1 January 2026.
const START: Duration = Duration::from_secs(1_767_225_600);

/// Share of the disk that is used, so many hours after the start.
fn used(hour: u32) -> f64 {
    let data = 0.42 + 0.008 * f64::from(hour) / 24.0;
    let logs = 0.05 * f64::from(hour % 168) / 168.0;
    let by_day = 0.004 * (f64::from(hour % 24) / 24.0 * std::f64::consts::TAU).sin();
    let noise = 0.0003 * f64::from(hour * 37 % 17);
    data + logs + by_day + noise
}

fn main() -> Result<(), Box<dyn Error>> {
    // Monitoring was down for a night: missing values are no reason not to answer.
    let samples = (0..1008)
        .filter(|hour| !(500..510).contains(hour))
        .map(|hour| (START + HOUR * hour, used(hour)));
    let series = Series::from_samples(samples, &SeriesConfig::default())?;
    let now = series.end();

    // In five days a customer's archive is imported, which the history cannot know.
    let import = PlannedEvent::new("import", now + 5 * DAY, EventChange::Additive(0.03));
    let planner = PlannerConfig::default()
        .with_horizon(14 * DAY)
        .with_upper_bound(Some(1.0))
        .with_events(vec![import]);
    let disk = Metric::new("disk", MetricKind::DiskUtilization)
        .with_limit(Limit::at_least(0.85))
        .with_lead_time(3 * DAY)
        .with_planner(planner);
    let config = CapacityPlannerConfig::default().with_metrics(vec![disk]);
    let report = CapacityPlanner::new(config)?.report(now, [("disk", &series)]);

    let forecast = report.forecast("disk").ok_or("the disk has no forecast")?;
    println!("used now: {:.3}, limit: 0.85", forecast.current);
    for by in &forecast.probability_by {
        let days = by.within.as_secs_f64() / 86_400.0;
        println!(
            "reached within {days:5.2} days: {:3.0} %",
            100.0 * by.probability
        );
    }
    let days = |time: Option<Duration>| match time {
        Some(time) => format!("{:.1}", time.as_secs_f64() / 86_400.0),
        None => "more than 14".to_owned(),
    };
    let time = &forecast.time_to_limit;
    let (p10, p50, p90) = (days(time.p10), days(time.p50), days(time.p90));
    println!(
        "days to the limit: {p50} (one in ten sooner than {p10}, one in ten later than {p90})"
    );
    println!("urgency: {}", forecast.urgency.level);
    if let Some(tried) = &forecast.calibration {
        for level in &tried.coverage {
            if let Some(measured) = level.measured {
                let (level, measured) = (100.0 * level.level, 100.0 * measured);
                println!(
                    "on its own past, {level:.0} % intervals held {measured:.0} % of the values"
                );
            }
        }
    }
    for advice in &report.recommendations {
        println!("{advice}");
    }
    Ok(())
}
