use super::{HOURS_PER_MONTH, PurchaseOption, Shortfall};

/// What a mix must satisfy.
///
/// ```
/// assert_eq!(autoscale_core::Constraint::SurvivorLoad.name(), "load after a loss");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Constraint {
    /// All nodes carry the load and its headroom.
    Load,
    /// What is left without the largest spot group carries the load.
    SurvivorLoad,
    /// Virtual CPUs in all.
    Vcpu,
    /// Memory in all.
    Memory,
    /// GPUs in all.
    Gpus,
    /// Virtual CPUs of each node.
    NodeVcpu,
    /// Memory of each node.
    NodeMemory,
    /// Fewest nodes.
    MinSize,
    /// Most nodes.
    MaxSize,
    /// On-demand and reserved nodes: the base and the percentage above it.
    OnDemand,
    /// Spot nodes: what the percentage leaves for them.
    Spot,
    /// Spot nodes are spread evenly over the cheapest pools.
    SpotPools,
    /// Most nodes of one offer.
    MaxCount,
}

impl Constraint {
    /// Its name in words.
    ///
    /// ```
    /// assert_eq!(autoscale_core::Constraint::MaxSize.name(), "largest size");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::SurvivorLoad => "load after a loss",
            Self::Vcpu => "virtual CPUs",
            Self::Memory => "memory",
            Self::Gpus => "GPUs",
            Self::NodeVcpu => "virtual CPUs of a node",
            Self::NodeMemory => "memory of a node",
            Self::MinSize => "smallest size",
            Self::MaxSize => "largest size",
            Self::OnDemand => "on-demand nodes",
            Self::Spot => "spot nodes",
            Self::SpotPools => "spot pools",
            Self::MaxCount => "nodes of an offer",
        }
    }

    pub(super) const fn relation(self) -> &'static str {
        match self {
            Self::MaxSize | Self::MaxCount => "where there may be",
            _ => "of",
        }
    }

    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Load | Self::SurvivorLoad => "requests a minute",
            Self::Vcpu | Self::NodeVcpu => "vCPU",
            Self::Memory | Self::NodeMemory => "GiB",
            Self::Gpus => "GPUs",
            _ => "nodes",
        }
    }
}

/// So many nodes of one type, paid one way.
///
/// ```
/// use autoscale_core::{NodeGroup, PurchaseOption};
/// let group = NodeGroup::new("t3.large", PurchaseOption::Spot, 3);
/// assert_eq!(group.to_string(), "3 × t3.large spot");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct NodeGroup {
    /// Name of the type.
    pub instance: String,
    /// How it is paid for.
    pub option: PurchaseOption,
    /// How many.
    pub count: u32,
}

impl NodeGroup {
    /// So many nodes of this type.
    ///
    /// ```
    /// use autoscale_core::{NodeGroup, PurchaseOption};
    /// assert_eq!(NodeGroup::new("a", PurchaseOption::OnDemand, 2).count, 2);
    /// ```
    #[must_use]
    pub fn new(instance: impl Into<String>, option: PurchaseOption, count: u32) -> Self {
        Self {
            instance: instance.into(),
            option,
            count,
        }
    }
}

impl core::fmt::Display for NodeGroup {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} × {} {}", self.count, self.instance, self.option)
    }
}

/// A cheaper mix that is one node away from the one chosen, and what it would violate.
///
/// ```
/// use autoscale_core::{Constraint, Demand, InstanceType, Offer, PoolRules, choose};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let mix = choose(&table, &Demand::new(1000.0), &PoolRules::default())?;
/// let fewer = &mix.cheaper[0];
/// assert_eq!((fewer.without.as_str(), &fewer.with), ("a", &None));
/// assert_eq!(fewer.violates[0].constraint, Constraint::Load);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheaperMix {
    /// One node of this type less …
    pub without: String,
    /// … paid this way.
    pub without_option: PurchaseOption,
    /// One node of this type more; `None` where a node is only taken away.
    pub with: Option<String>,
    /// How that one would be paid for.
    pub with_option: Option<PurchaseOption>,
    /// What it would save an hour.
    pub saves_per_hour: f64,
    /// What it would violate; at least one, unless the mix is not proven to be the cheapest.
    pub violates: Vec<Shortfall>,
}

/// The cheapest mix of nodes: how many of which type, what it costs, what it carries, and why it is
/// not cheaper.
///
/// ```
/// use autoscale_core::{Demand, InstanceType, Offer, PoolRules, choose};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let mix = choose(&table, &Demand::new(1000.0).with_headroom(0.2), &PoolRules::default())?;
/// assert_eq!((mix.size, mix.requests_per_minute), (12, 1200.0));
/// assert!((mix.cost_per_hour - 1.2).abs() < 1e-9);
/// assert!(mix.proven);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Mix {
    /// The nodes, in the table's order, on-demand before reserved before spot; none with a count of
    /// 0.
    pub nodes: Vec<NodeGroup>,
    /// How many nodes in all.
    pub size: u32,
    /// What they cost an hour.
    pub cost_per_hour: f64,
    /// Requests a minute that they carry.
    pub requests_per_minute: f64,
    /// Requests a minute that they carry without their largest spot group.
    pub requests_per_minute_after_loss: f64,
    /// That group: the spot nodes of one type that carry most; `None` without spot nodes.
    pub largest_spot_group: Option<NodeGroup>,
    /// Virtual CPUs in all.
    pub vcpu: f64,
    /// Memory in all, GiB.
    pub memory_gib: f64,
    /// GPUs in all.
    pub gpus: u64,
    /// Nodes that are expected to be taken back in a month.
    pub interruptions_per_month: f64,
    /// No mix costs less than this an hour.
    pub cost_lower_bound_per_hour: f64,
    /// Whether it is proven that no mix that will do is cheaper.
    pub proven: bool,
    /// How many steps the search took.
    pub steps: u64,
    /// The constraints that hold the cost up: without them a node could be saved or be replaced by
    /// a cheaper one.
    pub binding: Vec<Constraint>,
    /// The cheaper mixes next to it, largest saving first, and what each would violate.
    pub cheaper: Vec<CheaperMix>,
}

impl Mix {
    /// What it costs in a month of [`HOURS_PER_MONTH`].
    ///
    /// ```
    /// let mix = autoscale_core::Mix::default();
    /// assert_eq!(mix.cost_per_month(), 0.0);
    /// ```
    #[must_use]
    pub fn cost_per_month(&self) -> f64 {
        self.cost_per_hour * HOURS_PER_MONTH
    }

    /// How far above the cheapest it may be, in its own price an hour; 0 where it is proven.
    ///
    /// ```
    /// assert_eq!(autoscale_core::Mix::default().gap_per_hour(), 0.0);
    /// ```
    #[must_use]
    pub fn gap_per_hour(&self) -> f64 {
        self.cost_per_hour - self.cost_lower_bound_per_hour
    }
}
