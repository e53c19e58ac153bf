//! The table of CPU series.

use std::error::Error;

use autoscale_core::RightSizingConfig;
use plimsoll_sim::vertical::SizingOutcome;

use crate::{asked_restarts, files, ours, vpa};

/// Accepted shares that are tried, as parts of the VPA's.
const PARTS: [f64; 9] = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0, 1.2, 1.5];
const SHARES: (f64, f64) = (1e-6, 0.5);
/// Of the VPA's slack, where no point keeps its share.
const NONE_KEEPS: f64 = 2.0;

/// Prints a line a series and one for all.
pub(crate) fn files(paths: &[String]) -> Result<(), Box<dyn Error>> {
    println!("asked: the VPA's share of violations accepted, and its restarts a day");
    println!("equal: interpolated at the VPA's share, over 0.1 to 1.5 times it accepted");
    println!(
        "{:<40} {:>6} {:>6} {:>8} {:>8} {:>8} {:>13}",
        "series", "asked", "equal", "slack", "violated", "VPA's", "restarts/VPA's"
    );
    let (mut count, mut asked_log, mut equal_log) = (0_u32, 0.0, 0.0);
    let (mut restarts, mut of_vpa) = (0, 0);
    for path in paths {
        for (name, series) in files::read(path)? {
            let vpa = vpa(&series)?;
            let share = vpa.cpu.violation_share();
            let at = |part: f64| {
                let config = RightSizingConfig::default()
                    .with_control_memory(false)
                    .with_max_restarts_per_day(asked_restarts(&vpa))
                    .with_cpu_violations((part * share).clamp(SHARES.0, SHARES.1));
                ours(&series, config)
            };
            let sweep = PARTS
                .iter()
                .map(|part| at(*part))
                .collect::<Result<Vec<_>, _>>()?;
            let asked = at(1.0)?;
            let ratio = asked.cpu.slack() / vpa.cpu.slack();
            let equal = equal(&sweep, share).map_or(NONE_KEEPS, |slack| slack / vpa.cpu.slack());
            println!(
                "{name:<40} {:>5.0}% {:>5.0}% {:>7.1}% {:>7.2}% {:>7.2}% {:>9}/{}",
                (1.0 - ratio) * 100.0,
                (1.0 - equal) * 100.0,
                asked.cpu.slack() * 100.0,
                asked.cpu.violation_share() * 100.0,
                share * 100.0,
                asked.restarts,
                vpa.restarts,
            );
            count += 1;
            asked_log += ratio.ln();
            equal_log += equal.ln();
            restarts += asked.restarts;
            of_vpa += vpa.restarts;
        }
    }
    let less = |log: f64| (1.0 - (log / f64::from(count)).exp()) * 100.0;
    println!(
        "{:<40} {:>5.0}% {:>5.0}% {:>43}/{of_vpa}",
        "all (geometric mean)",
        less(asked_log),
        less(equal_log),
        restarts,
    );
    Ok(())
}

/// Slack at a share of violations: between the points on both sides of it; where all keep the share
/// that of the least.
fn equal(sweep: &[SizingOutcome], share: f64) -> Option<f64> {
    let point = |outcome: &SizingOutcome| (outcome.cpu.violation_share(), outcome.cpu.slack());
    let mut points: Vec<(f64, f64)> = sweep.iter().map(point).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let keeps = |point: &&(f64, f64)| point.0 <= share;
    let below = points.iter().rfind(keeps)?;
    let Some(above) = points.iter().find(|point| point.0 > share) else {
        let least = points.iter().map(|point| point.1);
        return least.min_by(f64::total_cmp);
    };
    let part = (share - below.0) / (above.0 - below.0);
    Some(below.1 + part * (above.1 - below.1))
}
