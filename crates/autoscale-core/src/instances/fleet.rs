//! Right-sizing: what a fleet in use would cost at the utilization that it should have.
//!
//! The work is what the fleet uses at its peak: Σ count × vCPU × utilization, and the same of memory.
//! A mix carries it where the vCPUs at the target utilization suffice, those that are left after the
//! loss of its largest spot group at `survivor_utilization`, and the memory at its target. That is
//! [`choose`](super::choose) with vCPUs in place of requests, so the answer is exact. Idle nodes are
//! what the same search leaves of the fleet itself. Cost: one search for each type and two more.

use super::rules::Demand;
use super::{
    HOURS_PER_MONTH, InstanceError, InstanceType, Mix, NodeGroup, Offer, PoolRules, PurchaseOption,
    choose, table,
};
use crate::setters::setters;
use crate::{ConfigError, numeric};

/// Nodes in use and how busy they are.
///
/// ```
/// use autoscale_core::{FleetGroup, PurchaseOption};
/// let group = FleetGroup::new("t3.large", PurchaseOption::OnDemand, 10, 0.15, 0.3);
/// assert_eq!((group.count, group.gpu_utilization), (10, 1.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct FleetGroup {
    /// Name of the type in the table.
    pub instance: String,
    /// How the nodes are paid for.
    pub option: PurchaseOption,
    /// How many; at most 65 535.
    pub count: u32,
    /// Share of the CPU in use on average over these nodes, at the peak or a high quantile of the
    /// time; 0 … 1.
    pub cpu_utilization: f64,
    /// The same of the memory; 0 … 1.
    pub memory_utilization: f64,
    /// The same of the GPUs; 0 … 1, default 1: all that there are stay.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub gpu_utilization: f64,
}

#[cfg(feature = "serde")]
const fn one() -> f64 {
    1.0
}

impl FleetGroup {
    /// Nodes of one type that are so busy.
    ///
    /// ```
    /// use autoscale_core::{FleetGroup, PurchaseOption};
    /// let group = FleetGroup::new("a", PurchaseOption::Spot, 2, 0.5, 0.5);
    /// assert_eq!(group.instance, "a");
    /// ```
    #[must_use]
    pub fn new(
        instance: impl Into<String>,
        option: PurchaseOption,
        count: u32,
        cpu_utilization: f64,
        memory_utilization: f64,
    ) -> Self {
        Self {
            instance: instance.into(),
            option,
            count,
            cpu_utilization,
            memory_utilization,
            gpu_utilization: 1.0,
        }
    }

    setters! { "FleetGroup::new(\"a\", PurchaseOption::Spot, 2, 0.5, 0.5)";
        with_gpu_utilization: gpu_utilization, f64, "0.5";
    }
}

/// What follows for the application from the size of a node.
///
/// ```
/// use autoscale_core::{InstanceType, NodeSettings};
/// let large = InstanceType::new("t3.2xlarge", 8.0, 32.0, 1000.0);
/// let settings = NodeSettings::default();
/// assert_eq!((settings.workers(&large), settings.max_workers(&large)), (16, 32));
/// assert_eq!(settings.cache_mb(&large), 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct NodeSettings {
    /// Workers a virtual CPU; above 0, at most 1000, default 2.
    pub workers_per_vcpu: f64,
    /// Most workers a virtual CPU; at least `workers_per_vcpu`, at most 1000, default 4.
    pub max_workers_per_vcpu: f64,
    /// Share of the memory that the cache may take; 0 … 1, default an eighth.
    pub cache_memory_share: f64,
}

impl Default for NodeSettings {
    fn default() -> Self {
        Self {
            workers_per_vcpu: 2.0,
            max_workers_per_vcpu: 4.0,
            cache_memory_share: 0.125,
        }
    }
}

impl NodeSettings {
    setters! { "NodeSettings::default()";
        with_workers_per_vcpu: workers_per_vcpu, f64, "1.0";
        with_max_workers_per_vcpu: max_workers_per_vcpu, f64, "8.0";
        with_cache_memory_share: cache_memory_share, f64, "0.25";
    }

    /// Workers on such a node, at least one.
    ///
    /// ```
    /// use autoscale_core::{InstanceType, NodeSettings};
    /// let small = InstanceType::new("a", 0.25, 0.5, 10.0);
    /// assert_eq!(NodeSettings::default().workers(&small), 1);
    /// ```
    #[must_use]
    pub fn workers(&self, instance: &InstanceType) -> u32 {
        numeric::trunc_replicas(instance.vcpu * self.workers_per_vcpu + 1e-9).max(1)
    }

    /// Most workers on such a node, at least one.
    ///
    /// ```
    /// use autoscale_core::{InstanceType, NodeSettings};
    /// let large = InstanceType::new("a", 2.0, 8.0, 100.0);
    /// assert_eq!(NodeSettings::default().max_workers(&large), 8);
    /// ```
    #[must_use]
    pub fn max_workers(&self, instance: &InstanceType) -> u32 {
        numeric::trunc_replicas(instance.vcpu * self.max_workers_per_vcpu + 1e-9).max(1)
    }

    /// Size of the cache on such a node, in MiB.
    ///
    /// ```
    /// use autoscale_core::{InstanceType, NodeSettings};
    /// let large = InstanceType::new("a", 2.0, 8.0, 100.0);
    /// assert_eq!(NodeSettings::default().with_cache_memory_share(0.25).cache_mb(&large), 2048);
    /// ```
    #[must_use]
    pub fn cache_mb(&self, instance: &InstanceType) -> u32 {
        numeric::trunc_replicas(instance.memory_gib * 1024.0 * self.cache_memory_share + 1e-9)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let fine = |value: f64| value > 0.0 && value <= 1000.0;
        if !fine(self.workers_per_vcpu) {
            let field = "settings.workers_per_vcpu";
            let bound = "above 0, at most 1000";
            return Err(ConfigError::range(field, self.workers_per_vcpu, bound));
        }
        let most = self.max_workers_per_vcpu;
        if !fine(most) || most < self.workers_per_vcpu {
            let bound = "at least workers_per_vcpu, at most 1000";
            return Err(ConfigError::range(
                "settings.max_workers_per_vcpu",
                most,
                bound,
            ));
        }
        share("settings.cache_memory_share", self.cache_memory_share)
    }
}

fn share(field: impl Into<String>, value: f64) -> Result<(), ConfigError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::range(field, value, "0 … 1"))
}

/// How busy nodes should be, and what may stand in for them.
///
/// ```
/// let config = autoscale_core::RightSizing::default().with_cpu_utilization(0.6);
/// assert_eq!((config.cpu_utilization, config.memory_utilization), (0.6, 0.8));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct RightSizing {
    /// Target share of the CPU in use; 0.01 … 1, default 0.7.
    pub cpu_utilization: f64,
    /// Target share of the memory in use; 0.01 … 1, default 0.8.
    pub memory_utilization: f64,
    /// Share of the CPU that may be in use after the loss of the largest spot group;
    /// `cpu_utilization` … 1, default 1.
    pub survivor_utilization: f64,
    /// Virtual CPUs that each node must have; 0 … 10⁶, default 0.
    pub node_vcpu: f64,
    /// Memory in GiB that each node must have; 0 … 10⁶, default 0.
    pub node_memory_gib: f64,
    /// What the nodes may be; what is idle in the fleet is worked out by these rules, too.
    pub rules: PoolRules,
    /// What follows for the application.
    pub settings: NodeSettings,
}

impl Default for RightSizing {
    fn default() -> Self {
        Self {
            cpu_utilization: 0.7,
            memory_utilization: 0.8,
            survivor_utilization: 1.0,
            node_vcpu: 0.0,
            node_memory_gib: 0.0,
            rules: PoolRules::default(),
            settings: NodeSettings::default(),
        }
    }
}

impl RightSizing {
    setters! { "RightSizing::default()";
        with_cpu_utilization: cpu_utilization, f64, "0.6";
        with_memory_utilization: memory_utilization, f64, "0.75";
        with_survivor_utilization: survivor_utilization, f64, "0.9";
        with_node_vcpu: node_vcpu, f64, "2.0";
        with_node_memory_gib: node_memory_gib, f64, "4.0";
        with_rules: rules, PoolRules, "PoolRules::default().with_min_size(3)";
        with_settings: settings, NodeSettings,
            "NodeSettings::default().with_workers_per_vcpu(1.0)";
    }

    fn validate(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("cpu_utilization", self.cpu_utilization),
            ("memory_utilization", self.memory_utilization),
        ] {
            if !(0.01..=1.0).contains(&value) {
                return Err(ConfigError::range(field, value, "0.01 … 1"));
            }
        }
        let survivors = self.survivor_utilization;
        if !(self.cpu_utilization..=1.0).contains(&survivors) {
            let bound = "at least cpu_utilization, at most 1";
            return Err(ConfigError::range("survivor_utilization", survivors, bound));
        }
        self.rules.validate()?;
        self.settings.validate()
    }
}

/// Nodes with nothing to do, beyond the headroom and what the loss of a spot group needs.
///
/// ```
/// use autoscale_core::{FleetGroup, InstanceType, Offer, PurchaseOption, RightSizing, right_size};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let fleet = [FleetGroup::new("a", PurchaseOption::OnDemand, 10, 0.35, 0.2)];
/// let idle = &right_size(&table, &fleet, &RightSizing::default())?.idle[0];
/// assert_eq!(idle.nodes.to_string(), "5 × a on_demand");
/// assert!((idle.saves_per_month - 5.0 * 0.1 * 730.0).abs() < 1e-9);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IdleNodes {
    /// Which, and how many of them.
    pub nodes: NodeGroup,
    /// What removing them saves a month.
    pub saves_per_month: f64,
}

/// One type of the table that would carry the fleet's work alone.
///
/// ```
/// use autoscale_core::{FleetGroup, InstanceType, Offer, PurchaseOption, RightSizing, right_size};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let fleet = [FleetGroup::new("a", PurchaseOption::OnDemand, 10, 0.35, 0.2)];
/// let advice = right_size(&table, &fleet, &RightSizing::default())?;
/// assert_eq!((advice.by_type[0].workers, advice.by_type[0].cache_mb), (4, 1024));
/// assert_eq!(advice.by_type[0].mix.size, 5);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TypeAdvice {
    /// Name of the type.
    pub instance: String,
    /// How many of it, paid in which ways.
    pub mix: Mix,
    /// What that saves a month; negative where it costs more.
    pub saves_per_month: f64,
    /// Workers on each node.
    pub workers: u32,
    /// Most workers on each node.
    pub max_workers: u32,
    /// Size of the cache on each node, MiB.
    pub cache_mb: u32,
}

/// What a fleet should be.
///
/// ```
/// use autoscale_core::{FleetGroup, InstanceType, Offer, PurchaseOption, RightSizing, right_size};
/// let table = [
///     InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1))),
///     InstanceType::new("b", 8.0, 16.0, 400.0).with_on_demand(Some(Offer::at(0.3))),
/// ];
/// let fleet = [FleetGroup::new("a", PurchaseOption::OnDemand, 20, 0.5, 0.2)];
/// let advice = right_size(&table, &fleet, &RightSizing::default())?;
/// assert_eq!(advice.used_vcpu, 20.0);
/// assert!(advice.saves_per_month > 0.0 && advice.mix.vcpu >= 20.0 / 0.7);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SizingAdvice {
    /// What the fleet costs a month.
    pub cost_per_month: f64,
    /// Virtual CPUs in use.
    pub used_vcpu: f64,
    /// Memory in use, GiB.
    pub used_memory_gib: f64,
    /// The cheapest mix of all types that carries the work. Its requests a minute are those of the
    /// table.
    pub mix: Mix,
    /// What that mix saves a month; negative where the fleet is too small for its work.
    pub saves_per_month: f64,
    /// Types that would carry it alone, cheapest first, with the settings that follow.
    pub by_type: Vec<TypeAdvice>,
    /// Nodes that the fleet does not need, in its order; empty where it needs all.
    pub idle: Vec<IdleNodes>,
    /// Whether the fleet as it is carries its work at the targets.
    pub carried: bool,
}

/// Which types and counts would carry what a fleet does at the target utilization, what that saves,
/// and which of its nodes are idle.
///
/// # Errors
/// As [`choose`](super::choose), and [`InstanceError::UnknownType`] for a node that the table does
/// not have.
///
/// ```
/// use autoscale_core::{FleetGroup, InstanceType, Offer, PurchaseOption, RightSizing, right_size};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let fleet = [FleetGroup::new("b", PurchaseOption::OnDemand, 1, 0.5, 0.5)];
/// let refused = right_size(&table, &fleet, &RightSizing::default()).err().map(|e| e.to_string());
/// let expected = "fleet[0].instance is b, must be the name of a type in the table";
/// assert_eq!(refused.as_deref(), Some(expected));
/// ```
pub fn right_size(
    types: &[InstanceType],
    fleet: &[FleetGroup],
    config: &RightSizing,
) -> Result<SizingAdvice, InstanceError> {
    table::validate(types)?;
    config.validate()?;
    let mut advice = SizingAdvice::default();
    let mut used_gpus = 0.0;
    for (index, group) in fleet.iter().enumerate() {
        let instance = checked(types, group, index)?;
        let n = f64::from(group.count);
        advice.used_vcpu += n * instance.vcpu * group.cpu_utilization;
        advice.used_memory_gib += n * instance.memory_gib * group.memory_utilization;
        used_gpus += n * f64::from(instance.gpus) * group.gpu_utilization;
        advice.cost_per_month += n * price(instance, group.option)? * HOURS_PER_MONTH;
    }
    let demand = Demand::new(advice.used_vcpu)
        .with_headroom(1.0 / config.cpu_utilization - 1.0)
        .with_survivor_headroom(1.0 / config.survivor_utilization - 1.0)
        .with_min_memory_gib(advice.used_memory_gib / config.memory_utilization)
        .with_min_gpus(numeric::replicas_for(used_gpus))
        .with_node_vcpu(config.node_vcpu)
        .with_node_memory_gib(config.node_memory_gib);
    // A node carries as many units of work as it has virtual CPUs.
    let by_vcpu = |instance: &InstanceType| InstanceType {
        requests_per_minute: instance.vcpu,
        ..instance.clone()
    };
    let table: Vec<InstanceType> = types.iter().map(by_vcpu).collect();
    advice.mix = in_requests(types, choose(&table, &demand, &config.rules)?);
    advice.saves_per_month = advice.cost_per_month - advice.mix.cost_per_month();
    for (instance, row) in types.iter().zip(&table) {
        let alone = choose(core::slice::from_ref(row), &demand, &config.rules);
        let mix = match alone {
            Ok(mix) => in_requests(types, mix),
            Err(InstanceError::Infeasible(_)) => continue,
            Err(error) => return Err(error),
        };
        advice.by_type.push(TypeAdvice {
            instance: instance.name.clone(),
            saves_per_month: advice.cost_per_month - mix.cost_per_month(),
            mix,
            workers: config.settings.workers(instance),
            max_workers: config.settings.max_workers(instance),
            cache_mb: config.settings.cache_mb(instance),
        });
    }
    advice
        .by_type
        .sort_by(|a, b| a.mix.cost_per_hour.total_cmp(&b.mix.cost_per_hour));
    match choose(&in_use(&table, fleet), &demand, &config.rules) {
        Ok(needed) => {
            advice.carried = true;
            advice.idle = idle(types, fleet, &needed)?;
        }
        Err(InstanceError::Infeasible(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(advice)
}

fn checked<'a>(
    types: &'a [InstanceType],
    group: &FleetGroup,
    index: usize,
) -> Result<&'a InstanceType, InstanceError> {
    let field = |name: &str| format!("fleet[{index}].{name}");
    let Some(instance) = types.iter().find(|t| t.name == group.instance) else {
        return Err(InstanceError::UnknownType {
            field: field("instance"),
            name: group.instance.clone(),
        });
    };
    if group.count > super::rules::MOST_NODES {
        return Err(ConfigError::range(field("count"), group.count, "at most 65535").into());
    }
    share(field("cpu_utilization"), group.cpu_utilization)?;
    share(field("memory_utilization"), group.memory_utilization)?;
    share(field("gpu_utilization"), group.gpu_utilization)?;
    Ok(instance)
}

fn price(instance: &InstanceType, option: PurchaseOption) -> Result<f64, InstanceError> {
    let offer = instance.offer(option).unwrap_or_default();
    offer
        .price_per_hour
        .ok_or_else(|| super::model::no_price(instance, option))
}

/// The table of what the fleet consists of: as many nodes as there are.
fn in_use(table: &[InstanceType], fleet: &[FleetGroup]) -> Vec<InstanceType> {
    let counted = |instance: &InstanceType, option: PurchaseOption| {
        let groups = fleet.iter().filter(|g| g.instance == instance.name);
        let count: u32 = groups
            .filter(|group| group.option == option)
            .fold(0, |sum, group| sum.saturating_add(group.count));
        let offer = instance.offer(option)?;
        (count > 0).then_some(Offer {
            max_count: Some(count),
            ..offer
        })
    };
    let used = table.iter().filter(|t| {
        fleet
            .iter()
            .any(|group| group.instance == t.name && group.count > 0)
    });
    let used: Vec<InstanceType> = used
        .map(|instance| InstanceType {
            on_demand: counted(instance, PurchaseOption::OnDemand),
            reserved: counted(instance, PurchaseOption::Reserved),
            spot: counted(instance, PurchaseOption::Spot),
            ..instance.clone()
        })
        .collect();
    if used.is_empty() {
        return table.to_vec();
    }
    used
}

/// What the fleet has beyond what it needs.
fn idle(
    types: &[InstanceType],
    fleet: &[FleetGroup],
    needed: &Mix,
) -> Result<Vec<IdleNodes>, InstanceError> {
    let mut left = needed.nodes.clone();
    let mut out = Vec::new();
    for (index, group) in fleet.iter().enumerate() {
        let instance = checked(types, group, index)?;
        let kept = left
            .iter_mut()
            .find(|n| n.instance == group.instance && n.option == group.option);
        let kept = kept.map_or(0, |needed| {
            let kept = needed.count.min(group.count);
            needed.count -= kept;
            kept
        });
        let count = group.count - kept;
        if count > 0 {
            out.push(IdleNodes {
                nodes: NodeGroup::new(group.instance.clone(), group.option, count),
                saves_per_month: f64::from(count)
                    * price(instance, group.option)?
                    * HOURS_PER_MONTH,
            });
        }
    }
    Ok(out)
}

/// A mix that was chosen by virtual CPUs, with the requests a minute of the table.
fn in_requests(types: &[InstanceType], mut mix: Mix) -> Mix {
    let load = |group: &NodeGroup| {
        let instance = types.iter().find(|t| t.name == group.instance);
        f64::from(group.count) * instance.map_or(0.0, |t| t.requests_per_minute)
    };
    mix.requests_per_minute = mix.nodes.iter().map(load).sum();
    let lost = mix.largest_spot_group.as_ref().map_or(0.0, load);
    mix.requests_per_minute_after_loss = mix.requests_per_minute - lost;
    mix
}
