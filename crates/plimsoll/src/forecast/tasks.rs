//! `plimsoll forecast --tasks`: one task a line in, one answer a line out.
//!
//! A task is a history on a grid and a number of steps; it has no times, so the steps are hours. A
//! line that is no task ends the run; a task that cannot be planned is answered with its error. What
//! else a task has, the track and the truth for the scores among it, is not looked at.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use capacity_forecast::{Interval, Limit, Planner, PlannerConfig, Seasons, Series};
use serde::{Deserialize, Serialize};

use super::cpu;
use super::lines::Lines;
use crate::input_error::InputError;
use crate::progress::Progress;

/// Longest line: a history of a million values.
const LONGEST: u64 = 1 << 26;
/// Stands for the step, which a task does not say.
const STEP: Duration = Duration::from_secs(3600);
/// Steps ahead at most, as the planner has it.
const MOST_STEPS: u32 = 10_000;
/// Seasons at most, as the planner has it.
const MOST_SEASONS: usize = 2;
/// Values of a history at most.
const MOST_VALUES: usize = 1 << 20;
const METHOD: &str = "plimsoll";

#[derive(Debug, Deserialize)]
struct Task {
    key: String,
    /// Steps ahead.
    h: i64,
    /// Season lengths, in steps; 1 is none.
    m: Lengths,
    /// The history with its gaps filled in.
    y: Vec<Option<f64>>,
    /// The history as it was observed; `y` where that is not given.
    #[serde(default)]
    raw: Option<Vec<Option<f64>>>,
    #[serde(default)]
    limit: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a whole number or a list of whole numbers"
)]
enum Lengths {
    One(i64),
    Several(Vec<i64>),
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    key: &'a str,
    method: &'static str,
    #[serde(flatten)]
    said: Said,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_seconds: Option<Option<f64>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Said {
    Planned {
        point: Vec<f64>,
        lo80: Vec<f64>,
        hi80: Vec<f64>,
        lo95: Vec<f64>,
        hi95: Vec<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        breach: Option<Vec<f64>>,
    },
    Refused {
        error: String,
    },
}

/// Answers every task of a file. A file is looked through first, so that nothing is written where a
/// line is no task; a pipe cannot be, its tasks are answered until one is not.
pub(super) fn run(path: &Path) -> Result<(), InputError> {
    let mut lines = Lines::open(path, LONGEST)?;
    if lines.size().is_some() {
        while next(&mut lines)?.is_some() {}
        lines = Lines::open(path, LONGEST)?;
    }
    let mut progress = Progress::bytes(lines.size());
    let mut out = std::io::stdout().lock();
    while let Some(task) = next(&mut lines)? {
        let mut text = serde_json::to_vec(&answer(&task))
            .map_err(|error| lines.fault(format!("{}: {error}", task.key)))?;
        text.push(b'\n');
        match out.write_all(&text).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            Err(error) => {
                return Err(InputError::new("standard output", None, error.to_string()));
            }
            Ok(()) => progress.set_bytes(lines.read()),
        }
    }
    progress.finish();
    Ok(())
}

fn next(lines: &mut Lines) -> Result<Option<Task>, InputError> {
    let Some((number, text)) = lines.next()? else {
        return Ok(None);
    };
    match parse(text) {
        Ok(task) => Ok(Some(task)),
        Err((column, message)) => {
            let at = column.map(|column| (number, column));
            Err(match at {
                Some(at) => InputError::new(lines.file(), Some(at), message),
                None => lines.fault(message),
            })
        }
    }
}

/// Reads a line; an error has its column, where it has one.
fn parse(text: &str) -> Result<Task, (Option<usize>, String)> {
    // serde would also take a struct's values as a list.
    if !text.trim_start().starts_with('{') {
        return Err((None, "must be a JSON object".to_owned()));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let task: Task = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        let said = inner.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        let message = match path.as_str() {
            "." | "?" => said.to_owned(),
            _ if said.starts_with("unknown field") => said.to_owned(),
            _ => format!("{path}: {said}"),
        };
        (Some(inner.column()).filter(|column| *column > 0), message)
    })?;
    json.end()
        .map_err(|error| (Some(error.column()), "more than one task".to_owned()))?;
    Ok(task)
}

/// Steps ahead, seasons and history of a task, each within its bounds.
fn check(task: &Task) -> Result<(u32, Seasons, &[Option<f64>]), String> {
    let Task { h, y, raw, .. } = task;
    let steps = u32::try_from(*h).ok();
    let steps = steps.filter(|steps| (1..=MOST_STEPS).contains(steps));
    let steps = steps.ok_or_else(|| format!("h is {h}, must be 1 to {MOST_STEPS}"))?;
    let history = raw.as_ref().unwrap_or(y);
    if y.len() != history.len() {
        let (have, need) = (y.len(), history.len());
        return Err(format!(
            "y has {have} values, must have as many as raw, {need}"
        ));
    }
    if history.is_empty() {
        return Err("y has 0 values, must have at least 1".to_owned());
    }
    if history.len() > MOST_VALUES {
        let have = history.len();
        return Err(format!(
            "y has {have} values, must have at most {MOST_VALUES}"
        ));
    }
    Ok((steps, task.m.seasons()?, history))
}

impl Lengths {
    fn all(&self) -> &[i64] {
        match self {
            Self::One(length) => std::slice::from_ref(length),
            Self::Several(lengths) => lengths,
        }
    }

    fn seasons(&self) -> Result<Seasons, String> {
        let lengths = self.all();
        let mut seasons = Vec::with_capacity(lengths.len());
        for (index, length) in lengths.iter().enumerate() {
            let steps = u32::try_from(*length).ok().filter(|steps| *steps > 0);
            let bound = format!("must be 1 to {} steps", u32::MAX);
            let steps = steps.ok_or_else(|| format!("m[{index}] is {length}, {bound}"))?;
            if steps > 1 {
                seasons.push(STEP * steps);
            }
        }
        if seasons.len() > MOST_SEASONS {
            let have = seasons.len();
            return Err(format!(
                "m has {have} season lengths, must have at most {MOST_SEASONS}"
            ));
        }
        Ok(if seasons.is_empty() {
            Seasons::None
        } else {
            Seasons::Given(seasons)
        })
    }
}

fn answer(task: &Task) -> Answer<'_> {
    let (wall, cpu) = (Instant::now(), cpu::time());
    let said = plan(task);
    let seconds = micros(wall.elapsed());
    let cpu_seconds = cpu
        .zip(cpu::time())
        .map(|(before, after)| micros(after.saturating_sub(before)));
    let planned = matches!(said, Said::Planned { .. });
    Answer {
        key: &task.key,
        method: METHOD,
        said,
        seconds: planned.then_some(seconds),
        cpu_seconds: planned.then_some(cpu_seconds),
    }
}

fn plan(task: &Task) -> Said {
    planned(task).unwrap_or_else(|error| Said::Refused { error })
}

fn planned(task: &Task) -> Result<Said, String> {
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let (steps, seasons, history) = check(task)?;
    let values = history.iter().copied();
    let series = Series::from_grid(Duration::ZERO, STEP, values).map_err(|e| say(&e))?;
    // A task is asked for at its end, however long nothing has been observed there.
    let config = PlannerConfig::default()
        .with_horizon(STEP * steps)
        .with_seasons(seasons)
        .with_max_age(Some(Duration::MAX));
    let planner = Planner::new(config).map_err(|e| say(&e))?;
    let plan = planner.plan(&series, series.end()).map_err(|e| say(&e))?;
    let breach = match task.limit {
        Some(limit) => {
            let breach = plan.breach(&Limit::at_least(limit));
            Some(breach.map_err(|e| say(&e))?.probability)
        }
        None => None,
    };
    let of = |level| plan.interval(level).map_err(|e| say(&e));
    let Interval {
        lower: lo80,
        upper: hi80,
        ..
    } = of(0.8)?;
    let Interval {
        lower: lo95,
        upper: hi95,
        ..
    } = of(0.95)?;
    Ok(Said::Planned {
        point: plan.point,
        lo80,
        hi80,
        lo95,
        hi95,
        breach,
    })
}

fn micros(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_task_say_why() {
        for (line, expected) in [
            ("{", "EOF while parsing an object"),
            ("{}", "missing field `key`"),
            ("[\"a\",2,1,[1],[1]]", "must be a JSON object"),
            (
                r#"{"key":"a","m":1,"y":[1],"raw":[1]}"#,
                "missing field `h`",
            ),
            (
                r#"{"key":"a","h":2,"m":"day","y":[1],"raw":[1]}"#,
                "m: expected a whole number or a list of whole numbers",
            ),
            (
                r#"{"key":"a","h":2,"m":1,"y":[1],"raw":["x"]}"#,
                "raw[0]: invalid type: string \"x\", expected f64",
            ),
            (
                r#"{"key":"a","h":2,"m":1,"y":[1],"raw":[1]}{}"#,
                "more than one task",
            ),
        ] {
            let (_, said) = parse(line).map(|_| ()).unwrap_err();
            assert!(said.starts_with(expected), "{line}: {said}");
        }
    }

    /// One task that cannot be planned must not cost the answers of the others.
    #[test]
    fn tasks_out_of_range_are_answered_with_why() {
        for (line, expected) in [
            (
                r#"{"key":"a","h":-2,"m":1,"y":[1],"raw":[1]}"#,
                "h is -2, must be 1 to 10000",
            ),
            (
                r#"{"key":"a","h":0,"m":1,"y":[1]}"#,
                "h is 0, must be 1 to 10000",
            ),
            (
                r#"{"key":"a","h":2,"m":[24,0],"y":[1],"raw":[1]}"#,
                "m[1] is 0, must be 1 to 4294967295 steps",
            ),
            (
                r#"{"key":"a","h":2,"m":[2,3,4],"y":[1],"raw":[1]}"#,
                "m has 3 season lengths, must have at most 2",
            ),
            (
                r#"{"key":"a","h":2,"m":1,"y":[1,2],"raw":[1]}"#,
                "y has 2 values, must have as many as raw, 1",
            ),
            (
                r#"{"key":"a","h":2,"m":1,"y":[],"raw":[]}"#,
                "y has 0 values, must have at least 1",
            ),
            (
                r#"{"key":"a","h":2,"m":1,"y":[null],"raw":[null],"track":"x"}"#,
                "every one of the series' 1 values is missing",
            ),
        ] {
            let task = parse(line).unwrap();
            let Said::Refused { error } = plan(&task) else {
                panic!("{line} was planned");
            };
            assert_eq!(error, expected, "{line}");
        }
    }

    #[test]
    fn one_step_is_no_season() {
        assert_eq!(Lengths::One(1).seasons(), Ok(Seasons::None));
        let days = Seasons::Given(vec![24 * STEP, 168 * STEP]);
        assert_eq!(Lengths::Several(vec![1, 24, 168]).seasons(), Ok(days));
    }
}
