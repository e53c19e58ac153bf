//! The command that a report is reproduced with.

use std::path::Path;

use autoscale_core::format_duration;
use clap::ValueEnum;

use crate::cli::{LoadArgs, Moment, ReplayArgs, SizeArgs, TuneArgs};
use crate::forecast::{ForecastArgs, kind_name};
use crate::recorded::Recorded;
use crate::simulate::OutageArgs;
use crate::size::Share;

/// The `replay` that gives the same figures again.
pub(crate) fn replay(args: &ReplayArgs, recorded: &Recorded) -> String {
    let mut words = Words::new("replay", &args.load);
    for policy in &args.policy {
        words.set("policy", Some(shown(policy)));
    }
    words.load(&args.load, recorded);
    words.set("scenario", name(args.scenario));
    words.0.join(" ")
}

/// The `replay --vertical` that does.
pub(crate) fn vertical(series: &Path, args: &ReplayArgs) -> String {
    let mut words = Words(vec!["plimsoll replay".to_owned()]);
    words.set("vertical", Some(shown(series)));
    for policy in &args.policy {
        words.set("policy", Some(shown(policy)));
    }
    words.set("resource", args.vertical.resource.and_then(name));
    words.set("container", args.vertical.container.clone());
    words.set(
        "violations",
        args.vertical.violations.map(|share| share.to_string()),
    );
    let warm_up = args.load.warm_up;
    words.set(
        "warm-up",
        (!warm_up.is_zero()).then(|| format_duration(warm_up)),
    );
    words.0.join(" ")
}

/// The `tune` that does.
pub(crate) fn tune(args: &TuneArgs, recorded: &Recorded) -> String {
    let mut words = Words::new("tune", &args.load);
    words.set("policy", Some(shown(&args.policy)));
    words.set("bad", Some(args.bad.to_string()));
    words.set("train", Some(args.train.to_string()));
    for knob in &args.keep {
        words.set("keep", name(*knob));
    }
    words.load(&args.load, recorded);
    words.0.join(" ")
}

/// The `size` that does.
pub(crate) fn size(args: &SizeArgs) -> String {
    let mut words = Words(vec!["plimsoll size".to_owned()]);
    words
        .0
        .extend(args.file.iter().map(|path| quoted(&shown(path))));
    let per_minute = |rate: Option<f64>| rate.map(|rate| format!("{rate}/m"));
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let share = |share: Option<Share>| number(share.map(|share| share.0));
    words.set("load", per_minute(args.load));
    words.set("users", number(args.users));
    words.set("requests-per-user", per_minute(args.requests_per_user));
    words.set("quantile", share(args.quantile));
    words.set("unit", args.unit.and_then(name));
    words.set("types", args.types.as_deref().map(shown));
    words.set("node-group", args.node_group.clone());
    words.set("headroom", share(args.headroom));
    words.set("availability", share(args.availability));
    for (flag, set) in [("--spot", args.spot), ("--no-spot", args.no_spot)] {
        words.0.extend(set.then(|| flag.to_owned()));
    }
    words.0.join(" ")
}

/// The `forecast` that does.
pub(crate) fn forecast(args: &ForecastArgs) -> String {
    let mut words = Words(vec!["plimsoll forecast".to_owned()]);
    words
        .0
        .extend(args.file.iter().map(|path| quoted(&shown(path))));
    words.each("limit", &args.limit);
    words.each("lead-time", &args.lead_time);
    words.set("horizon", args.horizon.map(format_duration));
    words.each("season", &args.season);
    for (metric, kind) in &args.metric {
        let kind = kind_name(*kind);
        words.set("metric", Some(format!("{metric}={kind}")));
    }
    words.each("only", &args.only);
    for (flag, names) in [("--falling", &args.falling), ("--counter", &args.counter)] {
        words.0.extend(names.iter().map(|name| match name.as_str() {
            "" => flag.to_owned(),
            name => format!("{flag}={}", quoted(name)),
        }));
    }
    let sustained = args.sustained.map(|(hits, of)| format!("{hits}/{of}"));
    words.set("sustained", sustained);
    words.each("min", &args.min);
    words.each("max", &args.max);
    words.set("events", args.events.as_deref().map(shown));
    words.set(
        "now",
        args.now.map(|now| match now {
            Moment::Epoch(seconds) => seconds.to_string(),
            Moment::Offset(after) => format_duration(after),
        }),
    );
    words.set("step", args.step.map(format_duration));
    words.set("bins", args.bins.and_then(name));
    let default = ForecastArgs::KEEP;
    words.set(
        "keep",
        Some(args.keep)
            .filter(|keep| *keep != default)
            .map(|keep| keep.to_string()),
    );
    words.set("max-age", args.max_age.map(format_duration));
    words.set("fail-on", args.fail_on.and_then(name));
    words.0.join(" ")
}

/// The `simulate outage` that does.
pub(crate) fn outage(args: &OutageArgs) -> String {
    let mut words = Words(vec!["plimsoll simulate outage".to_owned()]);
    words.each("defence", &args.defence);
    words.set("load", Some(args.load.to_string()));
    words.set("capacity", Some(args.capacity.to_string()));
    words.set("time-out", Some(format_duration(args.time_out)));
    words.set("outage", Some(format_duration(args.outage)));
    words.set("after", Some(format_duration(args.after)));
    words.set("attempts", Some(args.attempts.to_string()));
    words.set("layers", Some(args.layers.to_string()));
    words.set("clients", Some(args.clients.to_string()));
    words.set("queue", Some(args.queue.to_string()));
    words.set("budget", Some(args.budget.to_string()));
    words.set("budget-ttl", Some(format_duration(args.budget_ttl)));
    words.set("open-wait-cap", args.open_wait_cap.map(format_duration));
    words.0.extend(args.drops.then(|| "--drops".to_owned()));
    words.set("seed", Some(args.seed.to_string()));
    words.0.join(" ")
}

struct Words(Vec<String>);

impl Words {
    fn each<T: ToString>(&mut self, name: &str, values: &[T]) {
        for value in values {
            self.set(name, Some(value.to_string()));
        }
    }

    fn new(command: &str, load: &LoadArgs) -> Self {
        let mut words = vec![format!("plimsoll {command}")];
        words.extend(load.trace.iter().map(|path| quoted(&shown(path))));
        Self(words)
    }

    fn set(&mut self, name: &str, value: Option<String>) {
        let value = value.map(|value| format!("--{name} {}", quoted(&value)));
        self.0.extend(value);
    }

    fn load(&mut self, load: &LoadArgs, recorded: &Recorded) {
        let time = format_duration;
        self.set("start-up", Some(time(load.start_up)));
        self.set("start-up-max", load.start_up_max.map(time));
        self.set("lag", Some(time(load.lag)));
        self.set("tick", Some(time(load.tick)));
        self.set("scrape", load.scrape.map(time));
        self.set("drain", (!load.drain.is_zero()).then(|| time(load.drain)));
        self.set("capacity", load.capacity.map(|rps| rps.to_string()));
        self.set("utilization", Some(load.utilization.to_string()));
        self.set("min", Some(load.min.to_string()));
        self.set("max", Some(load.max.to_string()));
        let moment =
            |moment: Option<Moment>| moment.map(|m| m.resolve(recorded.trace_start_s).to_string());
        self.set("from", moment(load.from));
        self.set("to", moment(load.to));
        let warm_up = (!load.warm_up.is_zero()).then(|| time(load.warm_up));
        self.set("warm-up", warm_up);
        self.set("unit", name(load.unit));
        self.set("seed", Some(load.seed.to_string()));
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn name<T: ValueEnum>(value: T) -> Option<String> {
    value.to_possible_value().map(|v| v.get_name().to_owned())
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,%+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
