//! The command that a report is reproduced with.

use autoscale_core::format_duration;
use clap::ValueEnum as _;
use plimsoll_sim::Trace;

use crate::cli::{Moment, ReplayArgs};

/// The command that gives the same figures again.
pub(super) fn command(args: &ReplayArgs, trace: &Trace) -> String {
    let time = format_duration;
    let mut words = vec!["plimsoll replay".to_owned()];
    words.extend(
        args.trace
            .iter()
            .map(|path| quoted(&path.display().to_string())),
    );
    let mut set = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))));
    };
    for policy in &args.policy {
        set("policy", Some(policy.display().to_string()));
    }
    set("start-up", Some(time(args.start_up)));
    set("start-up-max", args.start_up_max.map(time));
    set("lag", Some(time(args.lag)));
    set("tick", Some(time(args.tick)));
    set("scrape", args.scrape.map(time));
    set("drain", (!args.drain.is_zero()).then(|| time(args.drain)));
    set("capacity", args.capacity.map(|rps| rps.to_string()));
    set("utilization", Some(args.utilization.to_string()));
    set("min", Some(args.min.to_string()));
    set("max", Some(args.max.to_string()));
    let moment = |moment: Option<Moment>| moment.map(|m| m.resolve(trace.start_s).to_string());
    set("from", moment(args.from));
    set("to", moment(args.to));
    set(
        "warm-up",
        (!args.warm_up.is_zero()).then(|| time(args.warm_up)),
    );
    let name = |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
    set("scenario", name(args.scenario.to_possible_value()));
    set("unit", name(args.unit.to_possible_value()));
    set("seed", Some(args.seed.to_string()));
    words.join(" ")
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
