//! The command that a report is reproduced with.

use autoscale_core::format_duration;
use clap::ValueEnum as _;

use crate::cli::{Moment, ReplayArgs};
use crate::recorded::Recorded;

/// The command that gives the same figures again.
pub(super) fn command(args: &ReplayArgs, recorded: &Recorded) -> String {
    let load = &args.load;
    let time = format_duration;
    let mut words = vec!["plimsoll replay".to_owned()];
    words.extend(
        load.trace
            .iter()
            .map(|path| quoted(&path.display().to_string())),
    );
    let mut set = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))));
    };
    for policy in &args.policy {
        set("policy", Some(policy.display().to_string()));
    }
    set("start-up", Some(time(load.start_up)));
    set("start-up-max", load.start_up_max.map(time));
    set("lag", Some(time(load.lag)));
    set("tick", Some(time(load.tick)));
    set("scrape", load.scrape.map(time));
    set("drain", (!load.drain.is_zero()).then(|| time(load.drain)));
    set("capacity", load.capacity.map(|rps| rps.to_string()));
    set("utilization", Some(load.utilization.to_string()));
    set("min", Some(load.min.to_string()));
    set("max", Some(load.max.to_string()));
    let moment =
        |moment: Option<Moment>| moment.map(|m| m.resolve(recorded.trace_start_s).to_string());
    set("from", moment(load.from));
    set("to", moment(load.to));
    set(
        "warm-up",
        (!load.warm_up.is_zero()).then(|| time(load.warm_up)),
    );
    let name = |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
    set("scenario", name(args.scenario.to_possible_value()));
    set("unit", name(load.unit.to_possible_value()));
    set("seed", Some(load.seed.to_string()));
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
