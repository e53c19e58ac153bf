//! The answer as tables and sentences, which standard output and the page show alike.

use autoscale_core::{Constraint, ProvisionReason};

use super::figures::{
    NONE, carries, hourly, money, nodes, number, or_none, per, probability, reason, replica_noun,
    source, stage,
};
use super::offers::{LeftOut, Reason};
use super::report::{
    Alternative, ChosenBy, MixReport, ReplicaIs, Replicas, Report, Stage, TypeReport, Unit,
};
use crate::table::plain_percent;

/// Types that the table shows.
const TYPES: usize = 12;

/// One part of the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    /// Its heading, where it is shown with one.
    pub(super) title: &'static str,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Whether the last column holds words.
    pub(super) words: bool,
    /// Sentences below.
    pub(super) notes: Vec<String>,
}

impl Sheet {
    fn new(title: &'static str, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            title,
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            rows,
            ..Self::default()
        }
    }

    /// Whether a column holds words.
    pub(super) const fn is_words(&self, column: usize) -> bool {
        self.words && column + 1 == self.header.len()
    }

    const fn with_words(mut self) -> Self {
        self.words = true;
        self
    }

    fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }
}

/// Everything there is to say, in order.
pub(super) fn sheets(report: &Report) -> Vec<Sheet> {
    [
        replicas(report),
        instances(report),
        alternatives(report),
        types(report),
        phases(report),
        right_sizing(report),
        off_peak(report),
        reserve(report),
        around(report),
        savings(report),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What was asked, and what to know about the answer.
pub(super) fn heading(report: &Report) -> Vec<String> {
    let objective = &report.objective;
    let mut text = format!("{}: ", report.plan);
    match report.load.requests_per_minute {
        Some(load) => text.push_str(&format!(
            "{} requests a minute ({}), headroom {}",
            number(load),
            source(report),
            plain_percent(objective.headroom),
        )),
        None => text.push_str("no load stated"),
    }
    if let Some(availability) = objective.availability {
        text.push_str(&format!(
            ", availability {} of replicas that are up {} of the time",
            plain_percent(availability),
            or_none(objective.replica_availability, plain_percent)
        ));
    }
    let mut lines = vec![text];
    if let Some(trace) = &report.load.trace {
        lines.push(format!(
            "{} steps of {} s, peak {} requests a minute; {} of them are above the load",
            trace.steps,
            trace.step_s,
            number(trace.peak_requests_per_minute),
            probability(trace.uncovered_share),
        ));
    }
    lines.extend(warnings(report));
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines
}

/// What of the costs is not as it seems.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if report.prices_made_up {
        let text = "PRICES ARE MADE UP: the table says so; every cost below is an example";
        lines.push(text.to_owned());
    }
    if let Some(no_cost) = &report.no_cost {
        lines.push(format!("no cost: {}", no_cost.message));
    }
    for (reason, what) in [
        (Reason::NoOffer, "no offer, left out"),
        (
            Reason::NoPrice,
            "no price, left out (the mix is the cheapest without)",
        ),
    ] {
        let named = report.left_out.iter().filter(|left| left.reason == reason);
        let names: Vec<String> = named.map(left_out).collect();
        if !names.is_empty() {
            lines.push(format!("{what}: {}", names.join(", ")));
        }
    }
    lines
}

fn left_out(left: &LeftOut) -> String {
    match left.option {
        Some(option) => format!("{} {option}", left.instance),
        None => left.instance.clone(),
    }
}

/// What was asked for and is not had.
pub(super) fn failures(report: &Report) -> Vec<String> {
    let failed = report.bars.iter().filter(|bar| !bar.met);
    failed
        .map(|bar| format!("NOT MET: {}: {}", bar.bar, bar.message))
        .collect()
}

fn replicas(report: &Report) -> Option<Sheet> {
    let replicas = report.replicas.as_ref()?;
    let row = |part: &Stage| {
        vec![
            stage(part),
            or_none(part.requests_per_minute, number),
            or_none(part.exact, number),
            part.replicas.to_string(),
        ]
    };
    // A minimum that is below what is needed anyway says nothing.
    let counts = |part: &&Stage| {
        part.reason != ProvisionReason::MinReplicas || replicas.reason == part.reason
    };
    let rows = replicas.stages.iter().filter(counts).map(row).collect();
    let mut text = format!("{} {}", replicas.count, replica_noun(report));
    if let (Some(needed), Some(spare)) = (replicas.needed, replicas.spare) {
        text.push_str(&format!(": {needed} needed, {spare} spare"));
    }
    text.push_str(&format!("; decided by {}", reason(replicas.reason)));
    if let Some(short) = replicas.shortage_probability {
        text.push_str(&format!("; short with probability {}", probability(short)));
    }
    let sheet = Sheet::new("Replicas", &["stage", "req/min", "exact", "replicas"], rows);
    Some(sheet.with_notes(vec![text]))
}

fn instances(report: &Report) -> Option<Sheet> {
    let mix = report.instances.as_ref()?;
    let unit = carries(mix.unit);
    let (hour, month) = (per(report, "h"), per(report, "month"));
    let header = [
        "instances",
        "offer",
        "count",
        "vCPU",
        "GiB",
        unit,
        "workers",
        "max workers",
        "cache MiB",
        &hour,
        &month,
    ];
    let mut rows: Vec<Vec<String>> = mix
        .nodes
        .iter()
        .map(|group| {
            vec![
                group.instance.clone(),
                group.option.to_string(),
                group.count.to_string(),
                number(group.vcpu),
                number(group.memory_gib),
                number(group.carries),
                group.workers.to_string(),
                group.max_workers.to_string(),
                group.cache_mb.to_string(),
                or_none(group.cost_per_hour, hourly),
                or_none(group.cost_per_month, money),
            ]
        })
        .collect();
    rows.push(vec![
        "all".to_owned(),
        String::new(),
        mix.size.to_string(),
        number(mix.vcpu),
        number(mix.memory_gib),
        number(mix.capacity),
        String::new(),
        String::new(),
        String::new(),
        or_none(mix.cost_per_hour, hourly),
        or_none(mix.cost_per_month, money),
    ]);
    let sheet = Sheet::new("Instances", &header, rows);
    Some(sheet.with_notes(why(report, mix)))
}

fn why(report: &Report, mix: &MixReport) -> Vec<String> {
    let mut text = format!(
        "carries {} {}, {} are needed",
        number(mix.capacity),
        mix.unit.name(),
        number(mix.needs),
    );
    if let Some(group) = &mix.largest_spot_group {
        text.push_str(&format!(
            "; after the loss of {group} {}, {} are needed",
            number(mix.capacity_after_loss),
            number(mix.needs_after_loss)
        ));
    }
    let mut lines = vec![text];
    if mix.chosen_by == ChosenBy::Count {
        lines.push("chosen without prices: the fewest nodes that will do".to_owned());
        return lines;
    }
    if !mix.proven {
        let bound = or_none(mix.cost_lower_bound_per_hour, hourly);
        lines.push(format!(
            "not proven to be the cheapest: none costs less than {bound} an hour"
        ));
    }
    let name = |constraint: &Constraint| match constraint {
        Constraint::Load if mix.raised_for_error_budget => "error budget",
        other => other.name(),
    };
    let names: Vec<&str> = mix.binding.iter().map(name).collect();
    if !names.is_empty() {
        lines.push(format!("what holds the cost up: {}", names.join(", ")));
    }
    if let Some(next) = mix.cheaper.first() {
        let with = next.with.as_ref().map_or_else(
            || "one less".to_owned(),
            |with| format!("{} {} in its place", with.instance, with.option),
        );
        lines.push(format!(
            "{} {}, {with}, would save {} an hour, but {}",
            next.without.instance,
            next.without.option,
            money_of(report, hourly(next.saves_per_hour)),
            next.why,
        ));
    }
    if mix.interruptions_per_month > 0.0 {
        lines.push(format!(
            "spot nodes taken back a month: {}",
            number(mix.interruptions_per_month)
        ));
    }
    lines
}

fn money_of(report: &Report, amount: String) -> String {
    match &report.currency {
        Some(currency) => format!("{amount} {currency}"),
        None => amount,
    }
}

fn alternatives(report: &Report) -> Option<Sheet> {
    if report.alternatives.is_empty() {
        return None;
    }
    let month = per(report, "month");
    let rows: Vec<Vec<String>> = report
        .alternatives
        .iter()
        .take(TYPES)
        .map(|other| {
            vec![
                other.name.clone(),
                other.size.to_string(),
                money(other.cost_per_month),
                money(other.choice_saves_per_month),
                nodes(&other.nodes),
            ]
        })
        .collect();
    let header = ["instead", "nodes", &month, "choice saves", "of"];
    let sheet = Sheet::new("Instead", &header, rows).with_words();
    let mut notes = more(report.alternatives.len());
    let cheaper = |other: &Alternative| {
        other.choice_saves_per_month < 0.0 && other.name.ends_with("one spot pool")
    };
    if report.alternatives.iter().any(cheaper) {
        let note = "what costs less is of fewer spot pools than the rules ask for";
        notes.push(note.to_owned());
    }
    Some(sheet.with_notes(notes))
}

fn more(rows: usize) -> Vec<String> {
    match rows.saturating_sub(TYPES) {
        0 => Vec::new(),
        rest => vec![format!("… and {rest} more (in --json)")],
    }
}

fn types(report: &Report) -> Option<Sheet> {
    if report.types.is_empty() {
        return None;
    }
    let month = per(report, "month");
    let is_part = |replicas: &Replicas| replicas.replica_is == ReplicaIs::Part;
    let unit = if report.replicas.as_ref().is_some_and(is_part) {
        Unit::Replicas
    } else {
        Unit::RequestsPerMinute
    };
    let has_gpus = report.types.iter().any(|kind| kind.gpus > 0);
    let mut header = vec!["type", "vCPU", "GiB"];
    header.extend(has_gpus.then_some("GPUs"));
    header.extend([
        carries(unit),
        "workers",
        "max workers",
        "cache MiB",
        "alone",
        &month,
    ]);
    let row = |kind: &TypeReport| {
        let mut row = vec![
            kind.instance.clone(),
            number(kind.vcpu),
            number(kind.memory_gib),
        ];
        row.extend(has_gpus.then(|| kind.gpus.to_string()));
        row.extend([
            number(kind.carries),
            kind.workers.to_string(),
            kind.max_workers.to_string(),
            kind.cache_mb.to_string(),
            or_none(kind.alone, |n| n.to_string()),
            or_none(kind.alone_cost_per_month, money),
        ]);
        row
    };
    let rows = report.types.iter().take(TYPES).map(row).collect();
    let mut notes = more(report.types.len());
    notes.extend(report.types.iter().take(TYPES).filter_map(|kind| {
        let why = kind.why_not.as_ref()?;
        Some(format!("{} alone will not do: {why}", kind.instance))
    }));
    Some(Sheet::new("Types", &header, rows).with_notes(notes))
}

fn phases(report: &Report) -> Option<Sheet> {
    if report.phases.is_empty() {
        return None;
    }
    let month = per(report, "month");
    let header = [
        "phase", "users", "req/min", "allowed", "needed", "replicas", "verdict", &month, "of",
    ];
    let rows: Vec<Vec<String>> = report
        .phases
        .iter()
        .map(|phase| {
            let verdict = match (phase.carried, phase.missing, phase.idle) {
                (false, Some(missing), _) => format!("{missing} short"),
                (false, None, _) => "short".to_owned(),
                (true, _, Some(idle)) if idle > 0 => format!("{idle} idle"),
                (true, ..) => "fits".to_owned(),
            };
            vec![
                phase.name.clone(),
                number(phase.users),
                number(phase.requests_per_minute),
                format!(
                    "{}-{}",
                    or_none(phase.min_instances, |n| n.to_string()).replace(NONE, "0"),
                    or_none(phase.max_instances, |n| n.to_string()).replace(NONE, "any")
                ),
                or_none(phase.needed, |n| n.to_string()),
                or_none(phase.replicas, |n| n.to_string()),
                verdict,
                or_none(phase.cost_per_month, money),
                nodes(&phase.nodes),
            ]
        })
        .collect();
    Some(Sheet::new("Phases", &header, rows).with_words())
}

fn right_sizing(report: &Report) -> Option<Sheet> {
    let advice = report.right_sizing.as_ref()?;
    let mut notes = vec![
        format!(
            "fleet in use: {} a month, uses {} vCPU and {} GiB{}",
            money_of(report, money(advice.cost_per_month)),
            number(advice.used_vcpu),
            number(advice.used_memory_gib),
            if advice.carried {
                ""
            } else {
                ", more than it should carry"
            },
        ),
        format!(
            "right size: {}, {} a month, saves {}",
            nodes(&advice.nodes),
            money_of(report, money(advice.nodes_cost_per_month)),
            money(advice.saves_per_month),
        ),
    ];
    notes.extend(advice.idle.iter().map(|idle| {
        format!(
            "idle: {}, removing them saves {} a month",
            idle.nodes,
            money_of(report, money(idle.saves_per_month))
        )
    }));
    Some(Sheet::new("Right size", &[], Vec::new()).with_notes(notes))
}

fn off_peak(report: &Report) -> Option<Sheet> {
    let schedule = report.off_peak.as_ref()?;
    let hour = per(report, "h");
    let rows: Vec<Vec<String>> = schedule
        .blocks
        .iter()
        .map(|block| {
            vec![
                format!(
                    "{:02}-{:02} {}",
                    block.from_hour,
                    block.to_hour,
                    days(block.days.cron())
                ),
                number(block.requests_per_minute),
                block.min.to_string(),
                block.max.to_string(),
                hourly(block.cost_per_hour),
                nodes(&block.nodes),
            ]
        })
        .collect();
    let header = ["hours", "req/min", "min", "max", &hour, "of"];
    let saves = schedule.saves_per_month;
    let verdict = if saves < 0.0 { "costs" } else { "saves" };
    let more = if saves < 0.0 { " more" } else { "" };
    let text = format!(
        "by this schedule {} a month, the chosen nodes all the time {}: {verdict} {}{more}",
        money(schedule.cost_per_month),
        money(schedule.static_cost_per_month),
        money_of(report, money(saves.abs())),
    );
    let mut columns =
        "min and max: nodes that the quietest and the busiest of the hours need; costs \
                       are those of the busiest all through them, without reserved nodes"
            .to_owned();
    if report.load.trace.is_some() {
        let zone = schedule.utc_offset_hours;
        let sign = if zone < 0.0 { "-" } else { "+" };
        columns.push_str(&format!("; hours are UTC{sign}{}", number(zone.abs())));
    }
    let sheet = Sheet::new("Off peak", &header, rows).with_words();
    Some(sheet.with_notes(vec![columns, text]))
}

fn days(cron: &str) -> &str {
    if cron == "*" { "daily" } else { cron }
}

fn reserve(report: &Report) -> Option<Sheet> {
    if report.reserve.is_empty() {
        return None;
    }
    let month = per(report, "month");
    let header = ["reserve", "nodes", "of peak", "break-even", &month, "saves"];
    let rows: Vec<Vec<String>> = report
        .reserve
        .iter()
        .take(TYPES)
        .map(|advice| {
            vec![
                advice.instance.clone(),
                advice.reserved.to_string(),
                advice.peak.to_string(),
                plain_percent(advice.break_even_share),
                money(advice.cost_per_month),
                money(advice.saves_per_month),
            ]
        })
        .collect();
    let mut notes = more(report.reserve.len());
    let columns = "nodes to reserve, of those that the busiest hour needs, if all were of the type; \
                   break-even: share of the hours in which one must be needed to cost less than on demand";
    notes.push(columns.to_owned());
    Some(Sheet::new("Reserve", &header, rows).with_notes(notes))
}

fn around(report: &Report) -> Option<Sheet> {
    let mut notes = Vec::new();
    let count = |n: u32| n.to_string();
    if let Some(replicas) = &report.read_replicas {
        notes.push(format!(
            "read replicas: {} ({}); by reads {}, with some lost {}",
            replicas.target_replicas,
            replicas.reason,
            or_none(replicas.needed_for_reads, count),
            or_none(replicas.needed_for_loss, count),
        ));
        notes.extend(missing("read_replicas", &replicas.missing));
    }
    if let Some(cache) = &report.cache {
        notes.push(format!(
            "cache nodes: {} ({}); by memory {}, by operations {}",
            cache.target_nodes,
            cache.reason,
            or_none(cache.needed_for_memory, count),
            or_none(cache.needed_for_ops, count),
        ));
        notes.extend(missing("cache", &cache.missing));
    }
    (!notes.is_empty())
        .then(|| Sheet::new("Read replicas and cache", &[], Vec::new()).with_notes(notes))
}

fn missing(section: &str, fields: &[String]) -> Option<String> {
    let fields = (!fields.is_empty()).then(|| fields.join(", "))?;
    Some(format!(
        "note: {section}: not given, not looked at: {fields}"
    ))
}

fn savings(report: &Report) -> Option<Sheet> {
    if report.savings.is_empty() {
        return None;
    }
    let rows: Vec<Vec<String>> = report
        .savings
        .iter()
        .map(|saving| {
            vec![
                saving.kind.replace('_', " "),
                money(saving.per_month),
                saving.why.clone(),
            ]
        })
        .collect();
    let saves = match &report.currency {
        Some(currency) => format!("saves, {currency}/month"),
        None => "saves/month".to_owned(),
    };
    let header = ["saving", &saves, "why"];
    let sheet = Sheet::new("Savings", &header, rows).with_words();
    let note = "each by itself: they do not add up";
    Some(sheet.with_notes(vec![note.to_owned()]))
}
