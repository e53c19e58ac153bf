//! The choice as integers: weights and capacities whose sums and comparisons are exact.

use super::rules::MOST_NODES;
use super::{
    Constraint, Demand, InstanceError, InstanceType, PoolRules, PurchaseOption, Shortfall,
};
use crate::numeric;

/// Bits of a weight below the price: 17 for the count of nodes, 30 for their interruptions.
const PRICE_SHIFT: u32 = 47;
pub(super) const NODE_SHIFT: u32 = 30;

/// What a node adds: to the load in thousandths, then vCPU, memory and GPUs.
pub(super) type Sizes = [i64; 4];

/// Rows of the program: the sizes, the number of nodes, and the split between steady and spot nodes.
pub(super) const ROWS: usize = 6;
pub(super) const NODES: usize = 4;
pub(super) const SPLIT: usize = 5;

/// One offer of one type.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Index of the type in the table.
    pub(super) row: usize,
    pub(super) option: PurchaseOption,
    /// Price, then count, then interruptions: what is smaller is better.
    pub(super) weight: i128,
    pub(super) sizes: Sizes,
    /// Most nodes of it.
    pub(super) limit: u32,
}

impl Item {
    pub(super) const fn load(&self) -> i64 {
        self.sizes[0]
    }
}

/// The demand and the offers that may meet it.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// Spot offers.
    pub(super) spot: Vec<Item>,
    /// On-demand and reserved offers.
    pub(super) steady: Vec<Item>,
    /// What the whole must have.
    pub(super) whole: Sizes,
    /// The load that the survivors must carry.
    pub(super) survivors: i64,
    pub(super) rules: PoolRules,
}

/// Thousandths, to the nearest.
fn thousandths(value: f64) -> i64 {
    numeric::round_i64(value * 1000.0).unwrap_or(i64::MAX)
}

pub(super) fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Model {
    pub(super) fn new(
        types: &[InstanceType],
        demand: &Demand,
        rules: &PoolRules,
    ) -> Result<Self, InstanceError> {
        let fits = |t: &&InstanceType| {
            t.vcpu >= demand.node_vcpu && t.memory_gib >= demand.node_memory_gib
        };
        if !types.iter().any(|t| fits(&t)) {
            return Err(InstanceError::Infeasible(too_small(types, demand)));
        }
        let (mut spot, mut steady) = (Vec::new(), Vec::new());
        for (row, instance) in types.iter().enumerate().filter(|(_, t)| fits(t)) {
            if PurchaseOption::ALL
                .iter()
                .all(|o| instance.offer(*o).is_none())
            {
                return Err(no_price(instance, PurchaseOption::OnDemand));
            }
            for option in PurchaseOption::ALL {
                let Some(offer) = instance.offer(option) else {
                    continue;
                };
                if !rules.purchase_options.contains(&option) {
                    continue;
                }
                let price = offer
                    .price_per_hour
                    .ok_or_else(|| no_price(instance, option))?;
                let lost = numeric::round_i64(offer.interruption_share * 1e4).unwrap_or(0);
                let weight = (i128::from(price_units(price)) << PRICE_SHIFT)
                    + (1 << NODE_SHIFT)
                    + i128::from(lost);
                let item = Item {
                    row,
                    option,
                    weight,
                    sizes: [
                        thousandths(instance.requests_per_minute),
                        thousandths(instance.vcpu),
                        thousandths(instance.memory_gib),
                        i64::from(instance.gpus),
                    ],
                    limit: offer.max_count.unwrap_or(MOST_NODES).min(MOST_NODES),
                };
                if option == PurchaseOption::Spot {
                    spot.push(item);
                } else {
                    steady.push(item);
                }
            }
        }
        let mut model = Self {
            spot,
            steady,
            whole: [
                thousandths(demand.whole()),
                thousandths(demand.min_vcpu),
                thousandths(demand.min_memory_gib),
                i64::from(demand.min_gpus),
            ],
            survivors: thousandths(demand.survivors()),
            rules: rules.clone(),
        };
        model.keep_cheapest_pools();
        Ok(model)
    }

    /// Where spot nodes go to a number of pools: those of the lowest price, in that order.
    fn keep_cheapest_pools(&mut self) {
        if let Some(pools) = self.rules.spot_instance_pools {
            self.spot
                .sort_by_key(|item| (item.weight >> PRICE_SHIFT, item.row));
            self.spot
                .truncate(usize::try_from(pools).unwrap_or(usize::MAX));
        }
    }

    /// Counts every size in the largest unit that all of them are multiples of: demands become
    /// multiples of it, which no mix can tell from what they were.
    pub(super) fn reduce(&mut self) {
        for size in 0..4 {
            let unit = self
                .items()
                .fold(0, |unit, item| gcd(unit, sized(&item.sizes, size)));
            if unit <= 1 {
                continue;
            }
            for item in self.spot.iter_mut().chain(&mut self.steady) {
                if let Some(value) = item.sizes.get_mut(size) {
                    *value /= unit;
                }
            }
            if let Some(value) = self.whole.get_mut(size) {
                *value = ceil_div(*value, unit);
            }
            if size == 0 {
                self.survivors = ceil_div(self.survivors, unit);
            }
        }
    }

    /// Leaves out what can't be part of the best mix.
    pub(super) fn prepare(&mut self) {
        // A limited offer may be used up, so it stands in for nothing else.
        let limited = |item: &Item| item.limit < self.rules.max_size;
        self.steady
            .sort_by_key(|item| (item.weight, item.row, item.option));
        let asked = self.whole.map(|whole| whole > 0);
        let covers = |a: &Item, b: &Item| {
            let sizes = a.sizes.iter().zip(&b.sizes).zip(asked).enumerate();
            !limited(a)
                && sizes
                    .into_iter()
                    .all(|(at, ((a, b), asked))| a >= b || (at > 0 && !asked))
        };
        let mut kept: Vec<Item> = Vec::new();
        for item in self.steady.drain(..) {
            if !kept.iter().any(|better| covers(better, &item)) {
                kept.push(item);
            }
        }
        let free = self.rules.spot_instance_pools.is_none();
        if free
            && self
                .rules
                .on_demand_percentage_above_base_capacity
                .is_none()
        {
            // A steady node that costs no more is never lost.
            self.spot.retain(|item| {
                let better = |b: &&Item| b.weight <= item.weight && covers(b, item);
                kept.iter().find(better).is_none()
            });
        }
        self.steady = kept;
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.spot.iter().chain(&self.steady)
    }

    /// What a node of it adds to the rows of the program: to its sizes, the number of nodes and the
    /// split between steady and spot nodes.
    pub(super) fn activity(&self, item: &Item) -> [i64; ROWS] {
        let spot = item.option == PurchaseOption::Spot;
        let split = match self.rules.on_demand_percentage_above_base_capacity {
            None => i64::from(!spot),
            Some(percentage) if spot => -i64::from(percentage),
            Some(percentage) => 100 - i64::from(percentage),
        };
        let [load, vcpu, memory, gpus] = item.sizes;
        [load, vcpu, memory, gpus, 1, split]
    }

    /// Least and most of each row, `i64::MAX` where there is none, with a largest spot pool of at
    /// least this load.
    pub(super) fn bounds(&self, largest: i64, spot: bool) -> [(i64, i64); ROWS] {
        let rules = &self.rules;
        let [load, vcpu, memory, gpus] = self.whole;
        let load = load.max(self.survivors.saturating_add(largest));
        let base = i64::from(rules.on_demand_base_capacity);
        let split = match rules.on_demand_percentage_above_base_capacity {
            None if spot => (base, i64::MAX),
            None | Some(100) => (0, i64::MAX),
            Some(percentage) => {
                // Above the base, m nodes leave ⌊m × rest ÷ 100⌋ for spot.
                let least = (100 - i64::from(percentage)) * base;
                (if spot { least } else { 0 }, least + 99)
            }
        };
        let nodes = (i64::from(rules.min_size), i64::from(rules.max_size));
        let any = |least| (least, i64::MAX);
        [any(load), any(vcpu), any(memory), any(gpus), nodes, split]
    }

    /// The split of so many nodes, some of them spot nodes; `None` where the rules leave it open.
    pub(super) fn split(&self, nodes: i64) -> Option<i64> {
        let percentage = self.rules.on_demand_percentage_above_base_capacity?;
        let steady = i64::from(self.rules.on_demand_nodes(u32::try_from(nodes).ok()?));
        let percentage = i64::from(percentage);
        Some((100 - percentage) * steady - percentage * (nodes - steady))
    }

    /// Fewest and most steady nodes beside so many spot nodes; `None` where the rules allow none.
    pub(super) fn steady_range(&self, spot: u32) -> Option<(u32, u32)> {
        let rules = &self.rules;
        let most = rules.max_size.checked_sub(spot)?;
        let fewest = rules.min_size.saturating_sub(spot);
        let (low, high) = match rules.on_demand_percentage_above_base_capacity {
            None if spot == 0 => (0, most),
            None => (rules.on_demand_base_capacity, most),
            Some(100) if spot == 0 => (0, most),
            Some(100) => return None,
            Some(percentage) => {
                // Above the base, m nodes leave ⌊m × rest ÷ 100⌋ for spot.
                let rest = u64::from(100 - percentage.min(100));
                let above = |spot: u32| (100 * u64::from(spot)).div_ceil(rest);
                let steady = |above: u64| {
                    u32::try_from(
                        (u64::from(rules.on_demand_base_capacity) + above)
                            .saturating_sub(u64::from(spot)),
                    )
                    .unwrap_or(u32::MAX)
                };
                let low = if spot == 0 { 0 } else { steady(above(spot)) };
                (low, steady(above(spot + 1) - 1))
            }
        };
        let (low, high) = (low.max(fewest), high.min(most));
        (low <= high).then_some((low, high))
    }

    /// So many spot nodes over the pools, one after the other; `None` where the pools hold fewer.
    pub(super) fn spread(&self, spot: u32) -> Option<Vec<u32>> {
        let mut counts = vec![0_u32; self.spot.len()];
        let mut left = spot;
        while left > 0 {
            let open = counts.iter().zip(&self.spot);
            let open = open.filter(|(count, item)| **count < item.limit).count();
            let open = u32::try_from(open).unwrap_or(u32::MAX);
            // A whole round each, as long as no pool fills up within it.
            let round = left.checked_div(open)?.max(1);
            let room = counts.iter().zip(&self.spot);
            let room = room.filter_map(|(n, item)| item.limit.checked_sub(*n).filter(|n| *n > 0));
            let round = room.min().map_or(round, |room| round.min(room));
            for (count, item) in counts.iter_mut().zip(&self.spot) {
                if left > 0 && *count < item.limit {
                    let add = round.min(left);
                    *count += add;
                    left -= add;
                }
            }
        }
        Some(counts)
    }
}

/// A price in units of 10⁻⁷; at least one.
pub(super) fn price_units(price: f64) -> i64 {
    numeric::round_i64(price * 1e7).unwrap_or(i64::MAX).max(1)
}

/// The price in a weight.
pub(super) fn price_of(weight: i128) -> f64 {
    numeric::to_f64(numeric::saturate_i64(weight >> PRICE_SHIFT)) / 1e7
}

pub(super) fn sized(sizes: &Sizes, size: usize) -> i64 {
    sizes.get(size).copied().unwrap_or(0)
}

/// `⌈value ÷ unit⌉` for a positive unit.
pub(super) const fn ceil_div(value: i64, unit: i64) -> i64 {
    value.div_euclid(unit) + (value.rem_euclid(unit) > 0) as i64
}

pub(super) fn no_price(instance: &InstanceType, option: PurchaseOption) -> InstanceError {
    InstanceError::NoPrice {
        instance: instance.name.clone(),
        option,
    }
}

/// Which of a node's least sizes no type has; where each is had by some, the one whose type is the
/// nearest to having both.
pub(super) fn too_small(types: &[InstanceType], demand: &Demand) -> Shortfall {
    let largest = |size: fn(&InstanceType) -> f64, of: fn(&InstanceType, &Demand) -> bool| {
        let sizes = types.iter().filter(|t| of(t, demand)).map(size);
        sizes.fold(0.0, f64::max)
    };
    let vcpu = largest(|t| t.vcpu, |_, _| true);
    if vcpu < demand.node_vcpu {
        return Shortfall {
            constraint: Constraint::NodeVcpu,
            has: vcpu,
            needs: demand.node_vcpu,
        };
    }
    Shortfall {
        constraint: Constraint::NodeMemory,
        has: largest(|t| t.memory_gib, |t, d| t.vcpu >= d.node_vcpu),
        needs: demand.node_memory_gib,
    }
}
