//! TOML policy files.

use std::path::Path;

use autoscale_core::{
    ActivationConfig, ConfigError, Fixed, Hpa, HpaConfig, Kpa, KpaConfig, PolicyExt as _,
    Predictive, PredictiveConfig, Schedule, StepScaling, StepScalingConfig, TargetTracking,
    TargetTrackingConfig, Triggers, TriggersConfig, WeightedConfig, WeightedFactors,
};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, quote};
use super::nearest::suggestion;
use super::places::Places;
use super::reader::{read, take};
use super::tree::{DEPTH_LIMIT, Entry, Node, Position, Value};
use super::{
    Around, Bounds, ForecastName, KpaPolicy, KpaTarget, NamedPolicy, PolicySource, PredictivePolicy,
};
use crate::input_error::InputError;
use crate::scaling_group::ScalingGroup;

pub(super) const KINDS: [&str; 8] = [
    "hpa",
    "kpa",
    "target-tracking",
    "step",
    "predictive",
    "triggers",
    "weighted",
    "fixed",
];
/// What a predictive policy forecasts with.
const FORECASTS: [&str; 2] = ["adaptive", "seasonal"];
const UTILIZATION: &str = "target_utilization";
/// The most replicas of a fleet, as `--max` and a predictive policy have it.
const REPLICAS_LIMIT: u32 = 1_000_000;
/// The fields of every kind, beside those of its configuration.
const COMMON: [&str; 4] = ["name", "kind", "activation", "schedule"];

/// The policy of a file.
pub(super) fn policy(file: &Path, source: &str) -> Result<NamedPolicy, InputError> {
    let mut root = parse(source).map_err(|fault| fault.in_file(file, &[]))?;
    let in_file = |more: &'static [&'static str]| {
        move |fault: Fault| fault.in_file(file, &[&COMMON, more].concat())
    };
    let all = in_file(&["bounds", UTILIZATION]);
    let stem = || {
        file.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let name = take(&mut root, "name").map_err(&all)?;
    let kind = take_kind(&mut root).map_err(&all)?;
    let activation = root.take("activation");
    let schedule = root.take("schedule");
    let source = match kind.as_str() {
        "hpa" => PolicySource::Hpa(hpa(root).map_err(in_file(&["bounds"]))?),
        "kpa" => PolicySource::Kpa(kpa(root).map_err(&all)?),
        "target-tracking" | "step" => {
            PolicySource::Group(Box::new(group(&kind, root).map_err(&all)?))
        }
        "predictive" => {
            let fields = in_file(&["bounds", UTILIZATION, "forecast"]);
            PolicySource::Predictive(Box::new(predictive(root).map_err(fields)?))
        }
        "triggers" => triggers(root).map_err(in_file(&["bounds"]))?,
        "weighted" => weighted(root).map_err(in_file(&["bounds"]))?,
        _ => PolicySource::Fixed(read::<Number>(&root).map_err(in_file(&[]))?.replicas),
    };
    let around = Around {
        activation: activation
            .map(|entry| self::activation(&entry, &source))
            .transpose()
            .map_err(&all)?,
        schedule: schedule
            .map(|entry| self::schedule(&entry))
            .transpose()
            .map_err(&all)?,
    };
    Ok(NamedPolicy {
        at: None,
        name: name.unwrap_or_else(stem),
        source,
        around,
        notes: Vec::new(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    replicas: u32,
}

fn take_kind(root: &mut Node) -> Result<String, Fault> {
    let at = root.find("kind");
    let Some(kind) = take::<String>(root, "kind")? else {
        let message = format!("kind is missing: one of {}", KINDS.join(", "));
        return Err(Fault::new(at, message));
    };
    if KINDS.contains(&kind.as_str()) {
        Ok(kind)
    } else {
        let hint = suggestion(&kind, "valid values", &KINDS);
        Err(Fault::new(
            at,
            format!("kind has the unknown value {}{hint}", quote(&kind)),
        ))
    }
}

fn hpa(mut root: Node) -> Result<HpaConfig, Fault> {
    if let Some(mut table) = root.take("bounds") {
        bounds(&table)?;
        for (short, long) in [("min", "min_replicas"), ("max", "max_replicas")] {
            let Some(bound) = table.node.take(short) else {
                continue;
            };
            if let Some(twice) = root.entry(long) {
                let message = format!("{long} and bounds.{short} are the same: give one");
                return Err(Fault::new(twice.key_at, message));
            }
            root.put(Entry {
                key: long.to_owned(),
                ..bound
            });
        }
    }
    let config: HpaConfig = read(&root)?;
    Hpa::new(config.clone()).map_err(|error| refused(&root, &error))?;
    Ok(config)
}

/// Alarms or targets; or the utilization that a usual rule aims at.
fn group(kind: &str, mut root: Node) -> Result<ScalingGroup, Fault> {
    let bounds = take_bounds(&mut root)?;
    let is_step = kind == "step";
    let list = if is_step { "alarms" } else { "targets" };
    let aim = match (root.entry(list), root.entry(UTILIZATION)) {
        (Some(_), Some(twice)) => {
            let message = format!("{list} and {UTILIZATION} exclude each other: give one");
            return Err(Fault::new(twice.key_at, message));
        }
        (_, Some(_)) => Some(take_share(&mut root, UTILIZATION)?),
        _ => None,
    };
    let place = root.find(list);
    if aim.is_some() {
        root.put(Entry {
            key: list.to_owned(),
            key_at: place,
            node: Node {
                at: place,
                value: Value::List(Vec::new()),
            },
        });
    }
    let (mut step, mut tracking) = (None, None);
    if is_step {
        let mut config: StepScalingConfig = read(&root)?;
        if let Some(share) = aim {
            config.alarms = ScalingGroup::stepping_cpu(share).alarms;
        }
        StepScaling::new(config.clone()).map_err(|error| refused(&root, &error))?;
        step = Some(config);
    } else {
        let mut config: TargetTrackingConfig = read(&root)?;
        if let Some(share) = aim {
            config.targets = ScalingGroup::tracking_cpu(share).targets;
        }
        TargetTracking::new(config.clone()).map_err(|error| refused(&root, &error))?;
        tracking = Some(config);
    }
    let group = ScalingGroup {
        step,
        tracking,
        metrics: Vec::new(),
        bounds,
        warms_up_as_fleet: false,
    };
    group
        .with_named_metrics()
        .map_err(|gap| unread(gap, list, place))
}

fn triggers(mut root: Node) -> Result<PolicySource, Fault> {
    let bounds = take_bounds(&mut root)?;
    let config: TriggersConfig = read(&root)?;
    Triggers::new(config.clone()).map_err(|error| refused(&root, &error))?;
    let source = PolicySource::Triggers(config, bounds);
    check_readings(&source, "rules", root.find("rules"))?;
    Ok(source)
}

fn weighted(mut root: Node) -> Result<PolicySource, Fault> {
    let bounds = take_bounds(&mut root)?;
    let config: WeightedConfig = read(&root)?;
    WeightedFactors::new(config.clone()).map_err(|error| refused(&root, &error))?;
    let source = PolicySource::Weighted(Box::new(config), bounds);
    check_readings(&source, "factors", root.find("factors"))?;
    Ok(source)
}

/// Checks that the gauges of a list leave no reading out.
fn check_readings(source: &PolicySource, list: &str, at: Position) -> Result<(), Fault> {
    let read = |reading| source.gauges().any(|gauge| gauge.reading == reading);
    match (0..source.gauges().count()).find(|reading| !read(*reading)) {
        Some(gap) if gap < source.readings() => Err(unread(gap, list, at)),
        _ => Ok(()),
    }
}

fn unread(reading: usize, list: &str, at: Position) -> Fault {
    let message =
        format!("reading {reading} is read by none of the {list}: number the readings from 0 on");
    Fault::new(at, message)
}

/// The activation around a policy.
fn activation(entry: &Entry, policy: &PolicySource) -> Result<ActivationConfig, Fault> {
    let config: ActivationConfig = within(entry)?;
    Fixed(0)
        .activated(config.clone())
        .map_err(|error| refused_within(entry, &error))?;
    let (reading, own) = (config.gauge.reading, policy.readings());
    let message = if reading > own {
        format!("is {reading}, must be a reading of the policy or the next one: 0 … {own}")
    } else if policy.is_of_pods(reading) {
        format!("is {reading}: samples of pods, which there are none of at 0; {own} is free")
    } else {
        return Ok(config);
    };
    let message = format!("{}.gauge.reading {message}", entry.key);
    Err(Fault::new(entry.node.find("gauge.reading"), message))
}

/// The schedule around a policy.
fn schedule(entry: &Entry) -> Result<Schedule, Fault> {
    if let Some(origin) = entry.node.entry("origin_unix") {
        let message = format!(
            "{}.origin_unix is not given in a file: the trace's start, or --now, says the time",
            entry.key
        );
        return Err(Fault::new(origin.key_at, message));
    }
    let schedule: Schedule = within(entry)?;
    for (index, scheduled) in schedule.entries.iter().enumerate() {
        for (name, size) in [("min", scheduled.min), ("max", scheduled.max)] {
            let path = format!("entries[{index}].{name}");
            within_limit(&format!("{}.{path}", entry.key), size)
                .map_err(|fault| fault.at(entry.node.find(&path)))?;
        }
    }
    Fixed(0)
        .scheduled(schedule.clone())
        .map_err(|error| refused_within(entry, &error))?;
    Ok(schedule)
}

/// Reads a section.
fn within<T: serde::de::DeserializeOwned>(entry: &Entry) -> Result<T, Fault> {
    let fault = |fault: Fault| fault.at(entry.at()).within(&entry.key, entry.at());
    read(&entry.node).map_err(fault)
}

fn refused_within(entry: &Entry, error: &ConfigError) -> Fault {
    let at = place_of(&entry.node, error);
    Fault::new(at, format!("{}.{error}", entry.key))
}

fn take_bounds(root: &mut Node) -> Result<Bounds, Fault> {
    root.take("bounds")
        .map_or_else(|| Ok(Bounds::default()), |table| bounds(&table))
}

/// Takes the name of what a predictive policy forecasts with.
fn take_forecast(root: &mut Node) -> Result<ForecastName, Fault> {
    let at = root.find("forecast");
    match take::<String>(root, "forecast")?.as_deref() {
        None | Some("adaptive") => Ok(ForecastName::Adaptive),
        Some("seasonal") => Ok(ForecastName::Seasonal),
        Some(other) => {
            let hint = suggestion(other, "valid values", &FORECASTS);
            let message = format!("forecast has the unknown value {}{hint}", quote(other));
            Err(Fault::new(at, message))
        }
    }
}

/// Takes a share of what one replica carries.
fn take_share(root: &mut Node, key: &str) -> Result<f64, Fault> {
    let at = root.find(key);
    let share = take::<f64>(root, key)?.unwrap_or_default();
    if share > 0.0 && share <= 1.5 {
        return Ok(share);
    }
    let message = format!("{key} is {share}, must be above 0 and at most 1.5");
    Err(Fault::new(at, message))
}

fn kpa(mut root: Node) -> Result<KpaPolicy, Fault> {
    let bounds = take_bounds(&mut root)?;
    let target = match (root.entry("target_value"), root.entry(UTILIZATION)) {
        (Some(_), Some(twice)) => {
            let message = format!("target_value and {UTILIZATION} exclude each other: give one");
            return Err(Fault::new(twice.key_at, message));
        }
        (_, None) => KpaTarget::Value,
        (None, Some(entry)) => {
            let at = entry.at();
            let key_at = entry.key_at;
            let share = take_share(&mut root, UTILIZATION)?;
            // Stands in until the capacity of a replica is known.
            root.put(Entry {
                key: "target_value".to_owned(),
                key_at,
                node: Node {
                    at,
                    value: Value::Float(share),
                },
            });
            KpaTarget::Utilization(share)
        }
    };
    let config: KpaConfig = read(&root)?;
    Kpa::new(config.clone()).map_err(|error| refused(&root, &error))?;
    Ok(KpaPolicy {
        config,
        target,
        bounds,
    })
}

fn predictive(mut root: Node) -> Result<PredictivePolicy, Fault> {
    for bound in ["min_replicas", "max_replicas"] {
        if let Some(entry) = root.entry(bound) {
            let message = format!(
                "{bound} is given as bounds.{}",
                bound.get(..3).unwrap_or("")
            );
            return Err(Fault::new(entry.key_at, message));
        }
    }
    let bounds = take_bounds(&mut root)?;
    let forecast = take_forecast(&mut root)?;
    let gives = |key: &str| root.entry(key).is_some();
    let (start_up, lag, interval) = (gives("start_up"), gives("metric_lag"), gives("interval"));
    let target_utilization = match (root.entry("target_value"), root.entry(UTILIZATION)) {
        (Some(_), Some(twice)) => {
            let message = format!("target_value and {UTILIZATION} exclude each other: give one");
            return Err(Fault::new(twice.key_at, message));
        }
        (Some(_), None) => None,
        (None, None) => Some(None),
        (None, Some(_)) => Some(Some(take_share(&mut root, UTILIZATION)?)),
    };
    if target_utilization.is_some() {
        // Stands in until the capacity of a replica is known.
        let at = root.at;
        root.put(Entry {
            key: "target_value".to_owned(),
            key_at: at,
            node: Node {
                at,
                value: Value::Float(1.0),
            },
        });
    }
    let config: PredictiveConfig = read(&root)?;
    Predictive::new(config.clone()).map_err(|error| refused(&root, &error))?;
    Ok(PredictivePolicy {
        config,
        target_utilization,
        gives_start_up: start_up,
        gives_metric_lag: lag,
        gives_interval: interval,
        forecast,
        bounds,
    })
}

/// Refuses more replicas than a fleet may have.
fn within_limit(field: &str, replicas: Option<u32>) -> Result<(), Fault> {
    match replicas.filter(|n| *n > REPLICAS_LIMIT) {
        Some(n) => Err(Fault::of_file(format!(
            "{field} is {n}, must be at most {REPLICAS_LIMIT}"
        ))),
        None => Ok(()),
    }
}

fn bounds(table: &Entry) -> Result<Bounds, Fault> {
    let bounds: Bounds = read(&table.node).map_err(|fault| fault.within("bounds", table.key_at))?;
    let at = |key: &str| table.node.entry(key).map_or(table.key_at, Entry::at);
    for (name, size) in [("min", bounds.min), ("max", bounds.max)] {
        within_limit(&format!("bounds.{name}"), size).map_err(|fault| fault.at(at(name)))?;
    }
    if bounds.max == Some(0) {
        return Err(Fault::new(at("max"), "bounds.max is 0, must be at least 1"));
    }
    match (bounds.min, bounds.max) {
        (Some(min), Some(max)) if min > max => Err(Fault::new(
            at("min"),
            format!("bounds.min is {min}, must be at most bounds.max ({max})"),
        )),
        _ => Ok(bounds),
    }
}

fn refused(root: &Node, error: &ConfigError) -> Fault {
    Fault::new(place_of(root, error), error.to_string())
}

pub(super) fn place_of(root: &Node, error: &ConfigError) -> Position {
    let path: &str = match error {
        ConfigError::OutOfRange { field, .. } | ConfigError::Missing { field, .. } => field,
        ConfigError::Inconsistent { field, .. } => field,
        _ => "",
    };
    // "entries[0].start, hour" is in entries[0].start.
    root.find(path.split(',').next().unwrap_or(path))
}

pub(super) fn parse(source: &str) -> Result<Node, Fault> {
    let places = Places::new(source);
    let table = DeTable::parse(source).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let message = error.message().replace('\n', "; ");
        Fault::new(places.of(start), format!("not valid TOML: {message}"))
    })?;
    let mut root = convert_table(table.into_inner(), &places, 0)?;
    root.at = (1, 1);
    Ok(root)
}

fn convert_table(table: DeTable<'_>, places: &Places<'_>, depth: usize) -> Result<Node, Fault> {
    let mut entries = table
        .into_iter()
        .map(|(key, value)| {
            Ok(Entry {
                key_at: places.of(key.span().start),
                key: key.into_inner().into_owned(),
                node: convert(value, places, depth + 1)?,
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    // The parser sorts by name; the first error of the file is the one to show.
    entries.sort_by_key(|e| e.key_at);
    Ok(Node {
        at: (1, 1),
        value: Value::Table(entries),
    })
}

fn convert(node: Spanned<DeValue<'_>>, places: &Places<'_>, depth: usize) -> Result<Node, Fault> {
    let at = places.of(node.span().start);
    if depth > DEPTH_LIMIT {
        let message = format!("nested deeper than {DEPTH_LIMIT} levels");
        return Err(Fault::new(at, message));
    }
    let value = match node.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            let value = i64::from_str_radix(number.as_str(), number.radix());
            Value::Integer(value.map_err(|_| Fault::new(at, "the number is too large"))?)
        }
        DeValue::Float(number) => {
            let value = number.as_str().parse();
            Value::Float(value.map_err(|_| Fault::new(at, "the number cannot be read"))?)
        }
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Datetime(value) => Value::Text(value.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| convert(item, places, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => convert_table(table, places, depth)?.value,
    };
    Ok(Node { at, value })
}
