//! Series from files: a CSV of a timestamp and a value a line, or the JSON of many.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use plimsoll_sim::vertical::{UsageRow, UsageSeries};
use serde_json::Value;

/// Every series of a file with its name, in cores.
///
/// A CSV (`timestamp,value`; seconds since the epoch or `2014-02-14 14:30:00`) is in cores. A JSON,
/// `{"series": [{"id", "step_seconds", "values": [number or null]}]}`, is in any unit: each series is
/// scaled to a mean of one core.
pub(crate) fn read(path: &str) -> Result<Vec<(String, UsageSeries)>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    if Path::new(path).extension().is_some_and(|end| end == "json") {
        return json(&text).map_err(|error| format!("{path}: {error}").into());
    }
    let name = Path::new(path).file_stem().unwrap_or_default();
    let series = csv(&text).map_err(|error| format!("{path}: {error}"))?;
    Ok(vec![(name.to_string_lossy().into_owned(), series)])
}

fn csv(text: &str) -> Result<UsageSeries, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let cells = line.split_once(',');
        let row = cells.and_then(|(time, value)| Some((moment(time)?, value.trim().parse().ok()?)));
        match row {
            Some((time_s, cores)) => rows.push(UsageRow {
                time_s,
                cpu_cores: Some(cores),
                memory_bytes: None,
            }),
            None if index == 0 => {} // The header.
            None => return Err(format!("line {}: no timestamp and value", index + 1).into()),
        }
    }
    Ok(UsageSeries::from_rows(&rows)?)
}

/// Seconds since the epoch.
fn moment(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let mut parts = text.split(['-', ' ', 'T', ':']).map(str::parse::<u64>);
    let mut next = || parts.next()?.ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next().unwrap_or(0));
    // Years begin in March here, so that the leap day is the last one.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some(((days.checked_sub(719_468)? * 24 + hour) * 60 + minute) * 60 + second)
}

fn json(text: &str) -> Result<Vec<(String, UsageSeries)>, Box<dyn Error>> {
    let file: Value = serde_json::from_str(text)?;
    let all = file["series"].as_array().ok_or("series is missing")?;
    let one = |series: &Value| -> Result<(String, UsageSeries), Box<dyn Error>> {
        let id = series["id"].as_str().ok_or("series.id is missing")?;
        let step = series["step_seconds"].as_u64().filter(|step| *step > 0);
        let step = step.ok_or_else(|| format!("{id}: step_seconds is missing"))?;
        let values = series["values"].as_array();
        let values = values.ok_or_else(|| format!("{id}: values are missing"))?;
        let known: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        if !(mean > 0.0 && known.iter().all(|value| *value >= 0.0)) {
            return Err(format!("{id}: values must be ≥ 0, some of them more").into());
        }
        let cores = values.iter().map(|value| Some(value.as_f64()? / mean));
        let series = UsageSeries {
            start: Duration::ZERO,
            step: Duration::from_secs(step),
            cpu_cores: cores.collect(),
            memory_bytes: Vec::new(),
        };
        Ok((id.to_owned(), series))
    };
    all.iter().map(one).collect()
}
