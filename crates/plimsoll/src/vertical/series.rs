//! A container's recorded use, from a CSV.
//!
//! Columns: `timestamp` (seconds since the epoch, or a date and time in UTC), and `cpu` (cores),
//! `memory` (bytes), or `value` (the one that `--resource` names); others are not read. A value that is
//! empty, `nan` or `null` is a missing one.

use std::cmp::Ordering;
use std::path::Path;

use plimsoll_sim::vertical::{UsageRow, UsageSeries};

use crate::cli::ResourceName;
use crate::input_error::InputError;
use crate::recorded::read_text;

/// Largest value: more than any machine has, in cores or bytes.
const LARGEST: f64 = 1e14;

/// What stands for a value that was not recorded, in any case of its letters.
const MISSING: [&str; 3] = ["", "nan", "null"];

/// Which column is which, and how many there are.
struct Columns {
    count: usize,
    timestamp: usize,
    cpu: Option<usize>,
    memory: Option<usize>,
}

pub(super) fn read(path: &Path, resource: Option<ResourceName>) -> Result<UsageSeries, InputError> {
    let text = read_text(path)?;
    parse(path, &text, resource)
}

fn parse(
    path: &Path,
    text: &str,
    resource: Option<ResourceName>,
) -> Result<UsageSeries, InputError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line))
        .filter(|(_, line)| !line.trim().is_empty())
        .peekable();
    let fault = |line, message: String| InputError::in_line(path, line, message);
    let header = lines
        .next_if(|(_, line)| {
            cells(line)
                .next()
                .is_some_and(|cell| moment(cell).is_none())
        })
        .map(|(number, line)| columns(line, resource).map_err(|message| fault(number, message)))
        .transpose()?;
    let given = header.is_some();
    let columns = header.unwrap_or_else(|| {
        let memory = resource == Some(ResourceName::Memory);
        Columns {
            count: 2,
            timestamp: 0,
            cpu: (!memory).then_some(1),
            memory: memory.then_some(1),
        }
    });
    let mut rows: Vec<UsageRow> = Vec::new();
    let mut above = 0;
    for (number, line) in lines {
        let fault = |message: String| fault(number, message);
        let count = cells(line).count();
        if !given && count != 2 {
            let message = "must have two columns, timestamp and value, where there is no header";
            return Err(fault(format!("\"{line}\" {message}")));
        }
        let cell = |column: usize, name: &str| {
            let found = cells(line).nth(column);
            found.ok_or_else(|| fault(format!("{name} is missing in \"{line}\"")))
        };
        let written = cell(columns.timestamp, "timestamp")?;
        let time_s = moment(written).ok_or_else(|| {
            fault(format!(
                "timestamp is \"{written}\", must be seconds since the epoch or a date and time \
                 such as 2014-02-14 14:30:00, from 1970 to 5138"
            ))
        })?;
        let value = |column: Option<usize>, name| {
            column.map_or(Ok(None), |column| {
                number_in(cell(column, name)?, name).map_err(fault)
            })
        };
        let row = UsageRow {
            time_s,
            cpu_cores: value(columns.cpu, "cpu")?,
            memory_bytes: value(columns.memory, "memory")?,
        };
        if count != columns.count {
            let header = columns.count;
            let message = format!("\"{line}\" has {count} cells, the header has {header}");
            return Err(fault(message));
        }
        match rows.last().map(|last| time_s.cmp(&last.time_s)) {
            Some(Ordering::Less) => {
                let message =
                    format!("timestamp is {written}, must not be before that of line {above}");
                return Err(fault(message));
            }
            Some(Ordering::Equal) => {
                let message = format!(
                    "timestamp is {written}, the same second as line {above}: a series is one \
                     container's, with one line for each time"
                );
                return Err(fault(message));
            }
            _ => rows.push(row),
        }
        above = number;
    }
    UsageSeries::from_rows(&rows).map_err(|error| InputError::new(path, None, error.to_string()))
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"'))
}

fn columns(header: &str, resource: Option<ResourceName>) -> Result<Columns, String> {
    let find = |names: &[&str]| {
        let mut found = cells(header)
            .enumerate()
            .filter(|(_, cell)| names.iter().any(|name| cell.eq_ignore_ascii_case(name)));
        match (found.next(), found.next()) {
            (Some((one, first)), Some((two, second))) => Err(format!(
                "the header \"{header}\" has {} twice: \"{first}\" is column {} and \"{second}\" is \
                 column {}",
                names[0],
                one + 1,
                two + 1
            )),
            (found, _) => Ok(found.map(|(column, _)| column)),
        }
    };
    let timestamp = find(&["timestamp"])?
        .ok_or_else(|| format!("the header \"{header}\" has no column timestamp"))?;
    let mut cpu = find(&["cpu", "cpu_cores"])?;
    let mut memory = find(&["memory", "memory_bytes"])?;
    let value = find(&["value"])?;
    if value.is_some() && (cpu.is_some() || memory.is_some()) {
        let other = if cpu.is_some() { "cpu" } else { "memory" };
        return Err(format!(
            "the header \"{header}\" has columns {other} and value: say which resource value is by \
             naming it cpu or memory, or leave it out"
        ));
    }
    // A value is of the resource that is named; of the others what is not named is left out.
    match (value, resource) {
        (Some(_), Some(ResourceName::Memory)) => memory = value,
        (Some(_), _) => cpu = value,
        (None, Some(ResourceName::Memory)) => cpu = None,
        (None, Some(ResourceName::Cpu)) => memory = None,
        (None, None) => {}
    }
    if cpu.is_none() && memory.is_none() {
        let wanted = match resource {
            Some(ResourceName::Cpu) => "cpu or value",
            Some(ResourceName::Memory) => "memory or value",
            None => "cpu, memory or value",
        };
        return Err(format!("the header \"{header}\" has no column {wanted}"));
    }
    Ok(Columns {
        count: cells(header).count(),
        timestamp,
        cpu,
        memory,
    })
}

/// Seconds since the epoch.
fn moment(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (0.0..1e11).contains(&seconds).then_some(seconds as u64);
    }
    let stamp = match text.parse::<jiff::Timestamp>() {
        Ok(stamp) => stamp,
        Err(_) => {
            let date = text.parse::<jiff::civil::DateTime>().ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(date).ok()?
        }
    };
    u64::try_from(stamp.as_second()).ok()
}

fn number_in(text: &str, name: &str) -> Result<Option<f64>, String> {
    if MISSING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    let value = text.parse::<f64>().ok();
    let value = value.filter(|value| (0.0..=LARGEST).contains(value));
    value.map(Some).ok_or_else(|| {
        format!(
            "{name} is \"{text}\", must be a number from 0 to 1e14, or empty, nan or null where \
             nothing was recorded"
        )
    })
}

#[cfg(test)]
mod tests {
    use autoscale_core::Resource;

    use super::*;

    fn read(text: &str, resource: Option<ResourceName>) -> Result<UsageSeries, String> {
        parse(Path::new("s.csv"), text, resource).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name() {
        let text = "memory,timestamp,cpu\n5e8,0,0.5\n,60,0.75\n6e8,120,\n";
        let both = read(text, None).unwrap();
        assert_eq!(both.value(Resource::Cpu, 1), Some(0.75));
        assert_eq!(both.value(Resource::Memory, 1), None);
        assert_eq!(both.value(Resource::Memory, 2), Some(6e8));
        let one = read(text, Some(ResourceName::Memory)).unwrap();
        assert_eq!(one.value(Resource::Cpu, 0), None);
    }

    #[test]
    fn a_value_is_cpu_unless_it_is_said_to_be_memory() {
        for text in ["timestamp,value\n0,5\n60,6\n", "0,5\n60,6\n"] {
            assert_eq!(read(text, None).unwrap().value(Resource::Cpu, 0), Some(5.0));
            let memory = read(text, Some(ResourceName::Memory)).unwrap();
            assert_eq!(memory.value(Resource::Memory, 0), Some(5.0));
        }
    }

    #[test]
    fn what_was_not_recorded_may_be_written_in_several_ways() {
        let text =
            "timestamp,cpu,pod\n0,0.5,a\n60,nan,a\n120,NaN,a\n180,null,a\n240,NULL,a\n300,,a\n";
        let series = read(text, None).unwrap();
        let recorded = series.cpu_cores.iter().flatten().count();
        assert_eq!((series.len(), recorded), (6, 1));
    }

    #[test]
    fn a_value_beside_a_resource_is_refused_whatever_is_asked_for() {
        for resource in [None, Some(ResourceName::Cpu), Some(ResourceName::Memory)] {
            let refused = read("timestamp,cpu,value\n0,1,1\n60,1,1\n", resource).unwrap_err();
            assert!(refused.contains("has columns cpu and value"), "{refused}");
        }
    }

    #[test]
    fn dates_are_utc() {
        let text = "timestamp,value\n2014-02-14 14:30:00,1\n2014-02-14T14:35:00Z,2\n";
        let series = read(text, None).unwrap();
        assert_eq!(series.start.as_secs(), 1_392_388_200);
        assert_eq!(series.step.as_secs(), 300);
    }

    #[test]
    fn faults_have_their_line() {
        for (text, expected) in [
            (
                "timestamp,use\n0,1\n",
                "s.csv:1: the header \"timestamp,use\" has no column cpu, memory or value",
            ),
            (
                "timestamp,cpu,memory,CPU\n0,1,1,1\n",
                "s.csv:1: the header \"timestamp,cpu,memory,CPU\" has cpu twice: \"cpu\" is column 2 \
                 and \"CPU\" is column 4",
            ),
            (
                "memory_bytes,timestamp,memory\n1,0,1\n",
                "s.csv:1: the header \"memory_bytes,timestamp,memory\" has memory twice: \
                 \"memory_bytes\" is column 1 and \"memory\" is column 3",
            ),
            (
                "timestamp,value,timestamp\n0,1,0\n",
                "s.csv:1: the header \"timestamp,value,timestamp\" has timestamp twice: \
                 \"timestamp\" is column 1 and \"timestamp\" is column 3",
            ),
            (
                "timestamp,value,memory\n0,1,1\n",
                "s.csv:1: the header \"timestamp,value,memory\" has columns memory and value: say \
                 which resource value is by naming it cpu or memory, or leave it out",
            ),
            (
                "time,value\n0,1\n",
                "s.csv:1: the header \"time,value\" has no column timestamp",
            ),
            (
                "timestamp,value\n0,1\n60,-1\n",
                "s.csv:3: cpu is \"-1\", must be a number from 0 to 1e14, or empty, nan or null where \
                 nothing was recorded",
            ),
            (
                "timestamp,value\n60,1\n0,1\n",
                "s.csv:3: timestamp is 0, must not be before that of line 2",
            ),
            ("timestamp,value\n0\n", "s.csv:2: cpu is missing in \"0\""),
            (
                "timestamp,value\n0,1\n\n60,1,5\n",
                "s.csv:4: \"60,1,5\" has 3 cells, the header has 2",
            ),
            (
                "timestamp,value,pod\n0,1\n",
                "s.csv:2: \"0,1\" has 2 cells, the header has 3",
            ),
            (
                "timestamp,value\n0,1\n60,1\n\n60.5,2\n",
                "s.csv:5: timestamp is 60.5, the same second as line 3: a series is one container's, \
                 with one line for each time",
            ),
            (
                "0,1,2\n",
                "s.csv:1: \"0,1,2\" must have two columns, timestamp and value, where there is no \
                 header",
            ),
            (
                "timestamp,value\n0,1\nlater,1\n",
                "s.csv:3: timestamp is \"later\", must be seconds since the epoch or a date and \
                 time such as 2014-02-14 14:30:00, from 1970 to 5138",
            ),
            (
                "timestamp,value\n0,1\n",
                "s.csv: lines are 1, must be at least 2 of different times",
            ),
        ] {
            assert_eq!(read(text, None).unwrap_err(), expected);
        }
    }
}
