use super::PurchaseOption;
use crate::ConfigError;
use crate::setters::setters;

/// Most nodes of a mix.
pub(super) const MOST_NODES: u32 = 65_535;

/// What a mix of nodes must carry.
///
/// ```
/// use autoscale_core::Demand;
/// let demand = Demand::new(10_000.0).with_headroom(0.25);
/// assert_eq!((demand.headroom, demand.survivor_headroom), (0.25, 0.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Demand {
    /// The load in requests a minute; 0 … 10⁹, taken to the nearest thousandth.
    pub requests_per_minute: f64,
    /// Share of the load that the whole mix can carry beyond it; 0 … 100, default 0.2.
    #[cfg_attr(feature = "serde", serde(default = "fifth"))]
    pub headroom: f64,
    /// Share of the load that what is left can carry beyond it after the loss of all spot nodes of
    /// one type, whichever carries most; 0 … 100, default 0: the survivors carry the load itself.
    #[cfg_attr(feature = "serde", serde(default))]
    pub survivor_headroom: f64,
    /// Fewest virtual CPUs in all, before any loss; 0 … 10⁹, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min_vcpu: f64,
    /// Least memory in all, in GiB, before any loss; 0 … 10⁹, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min_memory_gib: f64,
    /// Fewest GPUs in all, before any loss; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min_gpus: u32,
    /// Virtual CPUs that each node must have, for one replica to fit; 0 … 10⁶, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub node_vcpu: f64,
    /// Memory in GiB that each node must have, for one replica to fit; 0 … 10⁶, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub node_memory_gib: f64,
}

#[cfg(feature = "serde")]
const fn fifth() -> f64 {
    0.2
}

impl Demand {
    /// This load, with a fifth of it as headroom and nothing else asked for.
    ///
    /// ```
    /// assert_eq!(autoscale_core::Demand::new(1000.0).min_gpus, 0);
    /// ```
    #[must_use]
    pub const fn new(requests_per_minute: f64) -> Self {
        Self {
            requests_per_minute,
            headroom: 0.2,
            survivor_headroom: 0.0,
            min_vcpu: 0.0,
            min_memory_gib: 0.0,
            min_gpus: 0,
            node_vcpu: 0.0,
            node_memory_gib: 0.0,
        }
    }

    setters! { "Demand::new(1000.0)";
        with_requests_per_minute: requests_per_minute, f64, "2000.0";
        with_headroom: headroom, f64, "0.5";
        with_survivor_headroom: survivor_headroom, f64, "0.1";
        with_min_vcpu: min_vcpu, f64, "16.0";
        with_min_memory_gib: min_memory_gib, f64, "64.0";
        with_min_gpus: min_gpus, u32, "2";
        with_node_vcpu: node_vcpu, f64, "2.0";
        with_node_memory_gib: node_memory_gib, f64, "4.0";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (field, value, most, bound) in [
            (
                "requests_per_minute",
                self.requests_per_minute,
                1e9,
                "0 … 1000000000",
            ),
            ("headroom", self.headroom, 100.0, "0 … 100"),
            (
                "survivor_headroom",
                self.survivor_headroom,
                100.0,
                "0 … 100",
            ),
            ("min_vcpu", self.min_vcpu, 1e9, "0 … 1000000000"),
            ("min_memory_gib", self.min_memory_gib, 1e9, "0 … 1000000000"),
            (
                "min_gpus",
                f64::from(self.min_gpus),
                1e9,
                "at most 1000000000",
            ),
            ("node_vcpu", self.node_vcpu, 1e6, "0 … 1000000"),
            ("node_memory_gib", self.node_memory_gib, 1e6, "0 … 1000000"),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(ConfigError::range(field, value, bound));
            }
        }
        Ok(())
    }

    /// The load that the whole mix must carry, requests a minute.
    pub(super) fn whole(&self) -> f64 {
        self.requests_per_minute * (1.0 + self.headroom)
    }

    /// The load that the survivors must carry, requests a minute.
    pub(super) fn survivors(&self) -> f64 {
        self.requests_per_minute * (1.0 + self.survivor_headroom)
    }
}

/// What a group of nodes may consist of, in the terms of eksctl and EC2 Auto Scaling; files may use
/// their names (`onDemandBaseCapacity` and so on) as well.
///
/// ```
/// use autoscale_core::PoolRules;
/// let rules = PoolRules::default().with_min_size(3).with_max_size(20).with_on_demand_base_capacity(2);
/// assert_eq!(rules.on_demand_percentage_above_base_capacity, None);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct PoolRules {
    /// Fewest nodes; default 0.
    #[cfg_attr(feature = "serde", serde(alias = "minSize"))]
    pub min_size: u32,
    /// Most nodes; 1 … 65 535, default 65 535.
    #[cfg_attr(feature = "serde", serde(alias = "maxSize"))]
    pub max_size: u32,
    /// The first nodes of the group, as many as this, are on-demand or reserved; default 0.
    #[cfg_attr(feature = "serde", serde(alias = "onDemandBaseCapacity"))]
    pub on_demand_base_capacity: u32,
    /// Percentage of the nodes above the base that are on-demand or reserved; the rest is spot. The
    /// split is exact, a fraction of a node counts as an on-demand one, as EC2 Auto Scaling rounds.
    /// 0 … 100; by default nothing is said and the split is whichever is cheapest (at AWS the default
    /// is 100).
    #[cfg_attr(
        feature = "serde",
        serde(alias = "onDemandPercentageAboveBaseCapacity")
    )]
    pub on_demand_percentage_above_base_capacity: Option<u32>,
    /// Spot nodes are spread evenly over so many types, those whose spot price an hour is lowest, as
    /// the allocation strategy `lowest-price` does. 1 … 20; by default nothing is said and spot
    /// nodes are of any types in any numbers.
    #[cfg_attr(feature = "serde", serde(alias = "spotInstancePools"))]
    pub spot_instance_pools: Option<u32>,
    /// Which ways of paying are allowed, at least one; default all.
    pub purchase_options: Vec<PurchaseOption>,
}

impl Default for PoolRules {
    fn default() -> Self {
        Self {
            min_size: 0,
            max_size: MOST_NODES,
            on_demand_base_capacity: 0,
            on_demand_percentage_above_base_capacity: None,
            spot_instance_pools: None,
            purchase_options: PurchaseOption::ALL.to_vec(),
        }
    }
}

impl PoolRules {
    setters! { "PoolRules::default()";
        with_min_size: min_size, u32, "3";
        with_max_size: max_size, u32, "20";
        with_on_demand_base_capacity: on_demand_base_capacity, u32, "2";
        with_on_demand_percentage_above_base_capacity:
            on_demand_percentage_above_base_capacity, Option<u32>, "Some(0)";
        with_spot_instance_pools: spot_instance_pools, Option<u32>, "Some(2)";
        with_purchase_options: purchase_options, Vec<PurchaseOption>, "vec![PurchaseOption::Spot]";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=MOST_NODES).contains(&self.max_size) {
            return Err(ConfigError::range("max_size", self.max_size, "1 … 65535"));
        }
        if self.min_size > self.max_size {
            return Err(ConfigError::Inconsistent {
                field: "min_size",
                value: self.min_size.to_string(),
                relation: "at most",
                other: "max_size",
                other_value: self.max_size.to_string(),
            });
        }
        if let Some(percentage) = self.on_demand_percentage_above_base_capacity
            && percentage > 100
        {
            let field = "on_demand_percentage_above_base_capacity";
            return Err(ConfigError::range(field, percentage, "0 … 100"));
        }
        if let Some(pools) = self.spot_instance_pools
            && !(1..=20).contains(&pools)
        {
            return Err(ConfigError::range("spot_instance_pools", pools, "1 … 20"));
        }
        if self.purchase_options.is_empty() {
            return Err(ConfigError::Missing {
                field: "purchase_options".into(),
                need: "at least one of on_demand, reserved, spot",
            });
        }
        Ok(())
    }

    /// How many nodes of a group of this size are on-demand or reserved: all of it up to the base,
    /// then the percentage, a fraction rounded up. Without a percentage it is the fewest there may be.
    ///
    /// Source: EC2 Auto Scaling, "Mixed instances groups", scaling behaviour.
    ///
    /// ```
    /// use autoscale_core::PoolRules;
    /// let rules = PoolRules::default().with_on_demand_base_capacity(10)
    ///     .with_on_demand_percentage_above_base_capacity(Some(50));
    /// assert_eq!([10, 20, 21, 40].map(|size| rules.on_demand_nodes(size)), [10, 15, 16, 25]);
    /// ```
    #[must_use]
    pub fn on_demand_nodes(&self, size: u32) -> u32 {
        let base = self.on_demand_base_capacity.min(size);
        let percentage = self.on_demand_percentage_above_base_capacity.unwrap_or(0);
        let above = u64::from(size - base) * u64::from(percentage.min(100));
        base + u32::try_from(above.div_ceil(100)).unwrap_or(u32::MAX)
    }
}
