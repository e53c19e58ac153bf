//! How long a plan lasts: its forecast as it is, followed by a tracker, and made anew.
//!
//! `tracker SERIES.json HORIZON HISTORY STRIDE`: a file of series in the format of protocol CF-1
//! (`series: [{values, season_lengths}]`); a plan of HORIZON steps from HISTORY ones at every STRIDEth
//! step, followed for 72. Prints, for some numbers of steps since the plan, the mean absolute error over
//! the horizon relative to that of a new plan (geometric mean over series), and the coverage.

use std::time::Duration;

use capacity_forecast::{
    Interval, Planner, PlannerConfig, Seasons, Series, Tracker, TrackerConfig,
};
use serde_json::Value;

const STEP: Duration = Duration::from_secs(3600);
const AFTER: [u32; 6] = [1, 3, 6, 12, 24, 72];
const FOLLOWED: u32 = 72;

/// Sums over the windows of one series, so many steps after the plan.
#[derive(Clone, Copy, Default)]
struct Sums {
    old: f64,
    tracked: f64,
    new: f64,
    within: [[f64; 2]; 2],
    count: f64,
}

fn within(interval: &Interval, step: usize, value: f64) -> f64 {
    f64::from(u8::from(
        (interval.lower[step]..=interval.upper[step]).contains(&value),
    ))
}

fn series(values: &[Option<f64>]) -> Result<Series, Box<dyn std::error::Error>> {
    Ok(Series::from_grid(Duration::ZERO, STEP, values.to_vec())?)
}

fn window(
    values: &[Option<f64>],
    from: usize,
    origin: usize,
    [short, long]: [&Planner; 2],
    horizon: usize,
    sums: &mut [Sums],
) -> Result<(), Box<dyn std::error::Error>> {
    let history = series(&values[from..origin])?;
    let end = history.end();
    let config = TrackerConfig::default().with_spare(Some(FOLLOWED * STEP));
    let (Ok(old), Ok(mut tracker)) = (
        long.plan(&history, end),
        Tracker::new(short, config, history, end),
    ) else {
        return Ok(());
    };
    for after in 1..=FOLLOWED {
        let now = origin + after as usize;
        if let Some(value) = values[now - 1] {
            tracker.update(end + after * STEP, value)?;
        }
        let Some(place) = AFTER.iter().position(|a| *a == after) else {
            continue;
        };
        if values[now - 1].is_none() {
            continue;
        }
        let history = series(&values[from + after as usize..now])?;
        let Ok(new) = short.plan(&history, history.end()) else {
            continue;
        };
        let tracked = tracker.plan(end + after * STEP)?;
        let sums = &mut sums[place];
        for step in 0..horizon {
            let Some(value) = values[now + step] else {
                continue;
            };
            sums.old += (value - old.point[after as usize + step]).abs();
            sums.tracked += (value - tracked.point[step]).abs();
            sums.new += (value - new.point[step]).abs();
            for (plan, sums) in [&tracked, &new].into_iter().zip(&mut sums.within) {
                for (interval, sum) in plan.intervals.iter().zip(sums) {
                    *sum += within(interval, step, value);
                }
            }
            sums.count += 1.0;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, horizon, history, stride] = arguments.as_slice() else {
        return Err("usage: tracker SERIES.json HORIZON HISTORY STRIDE".into());
    };
    let (horizon, history, stride): (usize, usize, usize) =
        (horizon.parse()?, history.parse()?, stride.parse()?);
    let text: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let mut logs = [(0.0, 0.0, [[0.0; 2]; 2], 0.0); AFTER.len()];
    for each in text["series"].as_array().ok_or("no series")? {
        let values = each["values"].as_array().ok_or("no values")?;
        let values: Vec<Option<f64>> = values.iter().map(Value::as_f64).collect();
        let lengths = each["season_lengths"]
            .as_array()
            .ok_or("no season_lengths")?;
        let lengths = lengths.iter().filter_map(Value::as_u64);
        let seasons: Result<Vec<Duration>, _> = lengths
            .filter(|length| *length > 1)
            .map(|length| u32::try_from(length).map(|length| length * STEP))
            .collect();
        let config = PlannerConfig::default()
            .with_seasons(Seasons::Given(seasons?))
            .with_max_age(Some(Duration::MAX));
        let ahead = |steps: usize| u32::try_from(steps).map(|steps| steps * STEP);
        let short = Planner::new(config.clone().with_horizon(ahead(horizon)?))?;
        let long = Planner::new(config.with_horizon(ahead(horizon)? + FOLLOWED * STEP))?;
        let mut sums = [Sums::default(); AFTER.len()];
        let mut origin = history
            .min(values.len().saturating_sub(200))
            .max(history / 2);
        while origin + horizon + FOLLOWED as usize <= values.len() {
            let from = origin.saturating_sub(history);
            window(&values, from, origin, [&short, &long], horizon, &mut sums)?;
            origin += stride;
        }
        for (sums, (old, tracked, within, series)) in sums.iter().zip(&mut logs) {
            if sums.new > 0.0 {
                *old += (sums.old / sums.new).max(1e-9).ln();
                *tracked += (sums.tracked / sums.new).max(1e-9).ln();
                for (all, own) in within
                    .iter_mut()
                    .flatten()
                    .zip(sums.within.iter().flatten())
                {
                    *all += own / sums.count;
                }
                *series += 1.0;
            }
        }
    }
    println!("steps  series  old plan  tracked  in 80 %  in 95 %  (new plan: in 80 %  in 95 %)");
    for (after, (old, tracked, within, series)) in AFTER.iter().zip(logs) {
        let [own, new] = within.map(|levels| levels.map(|sum| sum / series));
        println!(
            "{after:5}  {series:6}  {:8.3}  {:7.3}  {:7.3}  {:7.3}  {:20.3}  {:7.3}",
            (old / series).exp(),
            (tracked / series).exp(),
            own[0],
            own[1],
            new[0],
            new[1],
        );
    }
    Ok(())
}
