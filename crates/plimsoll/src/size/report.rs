//! What the command answers: the figures behind the tables, the JSON and the page.

use autoscale_core::{
    CheaperMix, Constraint, InstanceError, LagCause, LoadPhase, Mix, NodeAction, NodeGroup,
    ProvisionReason, PurchaseOption, ReplicaReason, ReserveAdvice, ScheduleDays, Shortfall,
};
use serde::Serialize;

use super::figures::number;
use super::load::Load;
use super::offers::LeftOut;

/// The whole answer. A figure that does not exist is `None`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) plan: String,
    pub(super) currency: Option<String>,
    pub(super) prices_made_up: bool,
    pub(super) load: Load,
    pub(super) objective: ObjectiveReport,
    pub(super) replicas: Option<Replicas>,
    pub(super) instances: Option<MixReport>,
    /// Why there is no cost, where there is none.
    pub(super) no_cost: Option<NoCost>,
    /// Types and offers that could not be chosen of.
    pub(super) left_out: Vec<LeftOut>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) types: Vec<TypeReport>,
    pub(super) phases: Vec<PhaseReport>,
    pub(super) right_sizing: Option<RightSizingReport>,
    pub(super) off_peak: Option<OffPeakReport>,
    pub(super) reserve: Vec<ReserveAdvice>,
    pub(super) read_replicas: Option<ReadReplicasReport>,
    pub(super) cache: Option<CacheReport>,
    pub(super) savings: Vec<Saving>,
    pub(super) bars: Vec<Bar>,
    pub(super) notes: Vec<String>,
    pub(super) command: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ObjectiveReport {
    pub(super) headroom: f64,
    pub(super) survivor_headroom: f64,
    pub(super) availability: Option<f64>,
    /// Share of the time that a replica is up; only an error budget asks for it.
    pub(super) replica_availability: Option<f64>,
}

/// What a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReplicaIs {
    /// A node: what the type carries is what a replica does.
    Node,
    /// A part of a node.
    Part,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Replicas {
    pub(super) count: u32,
    pub(super) replica_is: ReplicaIs,
    /// Those that must be up, and those beyond; `None` where nodes are of several types, which are
    /// not spare for each other one by one.
    pub(super) needed: Option<u32>,
    pub(super) spare: Option<u32>,
    pub(super) reason: ProvisionReason,
    /// Probability that fewer than the needed ones are up.
    pub(super) shortage_probability: Option<f64>,
    pub(super) stages: Vec<Stage>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Stage {
    pub(super) reason: ProvisionReason,
    pub(super) name: String,
    pub(super) requests_per_minute: Option<f64>,
    /// Before it is rounded up.
    pub(super) exact: Option<f64>,
    pub(super) replicas: u32,
}

/// What mixes are chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChosenBy {
    Cost,
    /// Without prices: the fewest nodes.
    Count,
}

/// What capacity is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    RequestsPerMinute,
    Replicas,
}

impl Unit {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "requests a minute",
            Self::Replicas => "replicas",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct MixReport {
    pub(super) chosen_by: ChosenBy,
    pub(super) nodes: Vec<NodesReport>,
    pub(super) size: u32,
    pub(super) cost_per_hour: Option<f64>,
    pub(super) cost_per_month: Option<f64>,
    /// No mix costs less.
    pub(super) cost_lower_bound_per_hour: Option<f64>,
    pub(super) proven: bool,
    pub(super) unit: Unit,
    pub(super) capacity: f64,
    pub(super) needs: f64,
    pub(super) capacity_after_loss: f64,
    pub(super) needs_after_loss: f64,
    pub(super) largest_spot_group: Option<NodeGroup>,
    pub(super) vcpu: f64,
    pub(super) memory_gib: f64,
    pub(super) gpus: u64,
    pub(super) interruptions_per_month: f64,
    pub(super) shortage_probability: Option<f64>,
    /// Whether the nodes carry more than `needs` because some are down now and then.
    pub(super) raised_for_error_budget: bool,
    pub(super) binding: Vec<Constraint>,
    pub(super) cheaper: Vec<Cheaper>,
}

/// Nodes of one type and offer, and what follows for the application on each.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NodesReport {
    pub(super) instance: String,
    pub(super) option: PurchaseOption,
    pub(super) count: u32,
    pub(super) vcpu: f64,
    pub(super) memory_gib: f64,
    /// What each carries, in the mix's unit.
    pub(super) carries: f64,
    pub(super) workers: u32,
    pub(super) max_workers: u32,
    pub(super) cache_mb: u32,
    pub(super) cost_per_hour: Option<f64>,
    pub(super) cost_per_month: Option<f64>,
}

/// A mix that is one node cheaper, and why it will not do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cheaper {
    pub(super) without: NodeName,
    pub(super) with: Option<NodeName>,
    pub(super) saves_per_hour: f64,
    pub(super) violates: Vec<Shortfall>,
    /// Probability that it falls short of the load and its headroom, where that is looked at.
    pub(super) shortage_probability: Option<f64>,
    /// The first of what it violates, in words.
    pub(super) why: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct NodeName {
    pub(super) instance: String,
    pub(super) option: PurchaseOption,
}

/// A price is missing, hence every cost.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NoCost {
    pub(super) kind: &'static str,
    pub(super) instance: String,
    pub(super) option: PurchaseOption,
    pub(super) message: String,
}

impl NoCost {
    /// Of an error, where it is of this kind.
    pub(super) fn of(error: &InstanceError) -> Option<Self> {
        match error {
            InstanceError::NoPrice { instance, option } => Some(Self {
                kind: "no_price",
                instance: instance.clone(),
                option: *option,
                message: error.to_string(),
            }),
            _ => None,
        }
    }
}

/// Another way to carry the same.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Alternative {
    pub(super) name: String,
    pub(super) nodes: Vec<NodeGroup>,
    pub(super) size: u32,
    pub(super) cost_per_month: f64,
    /// What the choice saves against it.
    pub(super) choice_saves_per_month: f64,
}

/// A type of the table, by itself.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TypeReport {
    pub(super) instance: String,
    pub(super) vcpu: f64,
    pub(super) memory_gib: f64,
    pub(super) gpus: u32,
    /// What a node carries, in the unit of the mix.
    pub(super) carries: f64,
    pub(super) workers: u32,
    pub(super) max_workers: u32,
    pub(super) cache_mb: u32,
    /// Nodes, if all were of it.
    pub(super) alone: Option<u32>,
    pub(super) alone_cost_per_month: Option<f64>,
    /// Why it cannot carry the load alone.
    pub(super) why_not: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct PhaseReport {
    pub(super) name: String,
    pub(super) users: f64,
    pub(super) requests_per_minute: f64,
    pub(super) min_instances: Option<u32>,
    pub(super) max_instances: Option<u32>,
    /// Replicas that its users need.
    pub(super) needed: Option<u32>,
    /// Those within its bounds.
    pub(super) replicas: Option<u32>,
    pub(super) carried: bool,
    pub(super) missing: Option<u32>,
    pub(super) idle: Option<u32>,
    pub(super) nodes: Vec<NodeGroup>,
    pub(super) cost_per_month: Option<f64>,
}

impl PhaseReport {
    /// A phase that nothing is known of yet.
    pub(super) fn of(phase: &LoadPhase, requests_per_minute: f64) -> Self {
        Self {
            name: phase.name.clone(),
            users: phase.users,
            requests_per_minute,
            min_instances: phase.min_instances,
            max_instances: phase.max_instances,
            needed: None,
            replicas: None,
            carried: false,
            missing: None,
            idle: None,
            nodes: Vec::new(),
            cost_per_month: None,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct RightSizingReport {
    pub(super) used_vcpu: f64,
    pub(super) used_memory_gib: f64,
    pub(super) cost_per_month: f64,
    pub(super) nodes: Vec<NodeGroup>,
    pub(super) nodes_cost_per_month: f64,
    pub(super) saves_per_month: f64,
    /// Whether the fleet as it is carries its work at the targets.
    pub(super) carried: bool,
    pub(super) idle: Vec<IdleReport>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct IdleReport {
    pub(super) nodes: NodeGroup,
    pub(super) saves_per_month: f64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct OffPeakReport {
    pub(super) static_cost_per_month: f64,
    pub(super) cost_per_month: f64,
    pub(super) saves_per_month: f64,
    pub(super) utc_offset_hours: f64,
    pub(super) blocks: Vec<BlockReport>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct BlockReport {
    pub(super) days: ScheduleDays,
    pub(super) from_hour: u32,
    pub(super) to_hour: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) requests_per_minute: f64,
    /// Requests a minute that its nodes carry.
    pub(super) capacity: f64,
    pub(super) nodes: Vec<NodeGroup>,
    pub(super) cost_per_hour: f64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ReadReplicasReport {
    pub(super) target_replicas: u32,
    pub(super) needed_for_reads: Option<u32>,
    pub(super) needed_for_loss: Option<u32>,
    pub(super) needed_fresh: Option<u32>,
    pub(super) action: NodeAction,
    pub(super) reason: ReplicaReason,
    pub(super) lag_cause: Option<LagCause>,
    pub(super) missing: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct CacheReport {
    pub(super) target_nodes: u32,
    pub(super) needed_for_memory: Option<u32>,
    pub(super) needed_for_ops: Option<u32>,
    pub(super) needed_for_latency: Option<u32>,
    pub(super) reason: String,
    pub(super) missing: Vec<String>,
}

/// Something that costs less than what it is compared with.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Saving {
    pub(super) kind: &'static str,
    pub(super) per_month: f64,
    pub(super) why: String,
}

/// Something that was asked for, and whether it is had.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Bar {
    pub(super) bar: String,
    pub(super) met: bool,
    pub(super) message: String,
}

/// A constraint that is not met, in words; capacity is in `unit`.
pub(super) fn shortfall(short: &Shortfall, unit: Unit) -> String {
    short
        .to_string()
        .replace(Unit::RequestsPerMinute.name(), unit.name())
}

/// What a mix would have to be without, in words; `raised` where its load was raised for the error
/// budget.
pub(super) fn cheaper(mix: &Mix, unit: Unit, raised: Option<Raised<'_>>) -> Vec<Cheaper> {
    let name = |(instance, option)| NodeName { instance, option };
    let of = |other: &CheaperMix| {
        let mut violates = other.violates.clone();
        let mut short = None;
        if let Some(raised) = &raised {
            // What the search asked for was found on its way: the budget is what counts.
            for load in &mut violates {
                if load.constraint == Constraint::Load {
                    load.needs = raised.needs;
                    short =
                        (load.has >= load.needs).then(|| (raised.shortage)(&beside(mix, other)));
                }
            }
            violates.retain(|v| v.constraint != Constraint::Load || v.has < v.needs);
        }
        let why = match (violates.first(), short, &raised) {
            (Some(violated), ..) => shortfall(violated, unit),
            (None, Some(short), Some(raised)) if short <= raised.allowed => format!(
                "the search did not come by it: fewer than {} {} with probability {short:.1e}, \
                 may be {:.1e}",
                number(raised.needs),
                unit.name(),
                raised.allowed,
            ),
            (None, Some(short), Some(raised)) => format!(
                "error budget: fewer than {} {} with probability {short:.1e}, may be {:.1e}",
                number(raised.needs),
                unit.name(),
                raised.allowed,
            ),
            _ => String::new(),
        };
        Cheaper {
            without: name((other.without.clone(), other.without_option)),
            with: other.with.clone().zip(other.with_option).map(name),
            saves_per_hour: other.saves_per_hour,
            violates,
            shortage_probability: short,
            why,
        }
    };
    mix.cheaper.iter().map(of).collect()
}

/// An error budget that a load was raised for.
pub(super) struct Raised<'a> {
    /// The load and its headroom.
    pub(super) needs: f64,
    /// Probability with which a mix may fall short of it.
    pub(super) allowed: f64,
    /// Probability with which these nodes do.
    pub(super) shortage: &'a dyn Fn(&[NodeGroup]) -> f64,
}

/// The nodes of a mix that is one node away.
fn beside(mix: &Mix, other: &CheaperMix) -> Vec<NodeGroup> {
    let mut nodes = mix.nodes.clone();
    let mut add = |name: &str, option, count: i32| {
        let same = |group: &&mut NodeGroup| group.instance == name && group.option == option;
        match nodes.iter_mut().find(same) {
            Some(group) => group.count = group.count.saturating_add_signed(count),
            None => nodes.push(NodeGroup::new(name, option, u32::from(count > 0))),
        }
    };
    add(&other.without, other.without_option, -1);
    if let (Some(name), Some(option)) = (&other.with, other.with_option) {
        add(name, option, 1);
    }
    nodes
}
