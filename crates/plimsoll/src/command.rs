//! The command that a report is reproduced with.

use std::path::Path;

use autoscale_core::format_duration;
use clap::ValueEnum;

use crate::cli::{LoadArgs, Moment, ReplayArgs, SizeArgs, TuneArgs};
use crate::recorded::Recorded;
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

struct Words(Vec<String>);

impl Words {
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
