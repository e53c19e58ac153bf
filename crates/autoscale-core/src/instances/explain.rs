//! A mix in figures, and the reasons why it is not cheaper.

use super::model::{Item, Model, price_units};
use super::{
    CheaperMix, Constraint, Demand, InstanceType, Mix, NodeGroup, PoolRules, PurchaseOption,
    Shortfall,
};

/// What so many nodes of each offer have.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) spot: u32,
    pub(super) steady: u32,
    pub(super) load: f64,
    pub(super) largest: f64,
    /// Position of that spot group among the items.
    pub(super) largest_at: Option<usize>,
    pub(super) vcpu: f64,
    pub(super) memory_gib: f64,
    pub(super) gpus: u64,
    pub(super) cost: f64,
    pub(super) interruptions: f64,
}

impl Totals {
    pub(super) fn new(types: &[InstanceType], items: &[&Item], counts: &[u32]) -> Self {
        let mut totals = Self::default();
        for (at, (item, count)) in items.iter().zip(counts).enumerate() {
            let Some(instance) = types.get(item.row).filter(|_| *count > 0) else {
                continue;
            };
            let n = f64::from(*count);
            let load = n * instance.requests_per_minute;
            totals.load += load;
            totals.vcpu += n * instance.vcpu;
            totals.memory_gib += n * instance.memory_gib;
            totals.gpus += u64::from(*count) * u64::from(instance.gpus);
            let offer = instance.offer(item.option).unwrap_or_default();
            totals.cost += n * offer.price_per_hour.unwrap_or(0.0);
            if item.option == PurchaseOption::Spot {
                totals.spot += count;
                totals.interruptions += n * offer.interruption_share;
                if load > totals.largest {
                    totals.largest = load;
                    totals.largest_at = Some(at);
                }
            } else {
                totals.steady += count;
            }
        }
        totals
    }
}

/// Everything that these counts violate.
pub(super) fn violations(
    types: &[InstanceType],
    demand: &Demand,
    model: &Model,
    items: &[&Item],
    counts: &[u32],
) -> Vec<Shortfall> {
    let totals = Totals::new(types, items, counts);
    let size = f64::from(totals.spot + totals.steady);
    let rules = &model.rules;
    let mut out = Vec::new();
    // Half of the thousandths that everything is taken to.
    let mut least = |constraint, has: f64, needs: f64| {
        if has < needs - 0.0005 {
            out.push(Shortfall {
                constraint,
                has,
                needs,
            });
        }
    };
    least(Constraint::Load, totals.load, demand.whole());
    let left = totals.load - totals.largest;
    least(Constraint::SurvivorLoad, left, demand.survivors());
    least(Constraint::Vcpu, totals.vcpu, demand.min_vcpu);
    least(Constraint::Memory, totals.memory_gib, demand.min_memory_gib);
    least(
        Constraint::Gpus,
        crate::numeric::to_f64(i64::try_from(totals.gpus).unwrap_or(i64::MAX)),
        f64::from(demand.min_gpus),
    );
    least(Constraint::MinSize, size, f64::from(rules.min_size));
    let steady = rules.on_demand_nodes(totals.spot + totals.steady);
    least(
        Constraint::OnDemand,
        f64::from(totals.steady),
        f64::from(steady),
    );
    if rules.on_demand_percentage_above_base_capacity.is_some() {
        let spot = (totals.spot + totals.steady).saturating_sub(steady);
        least(Constraint::Spot, f64::from(totals.spot), f64::from(spot));
    }
    let mut most = |constraint, has: u32, needs: u32| {
        if has > needs {
            out.push(Shortfall {
                constraint,
                has: f64::from(has),
                needs: f64::from(needs),
            });
        }
    };
    most(
        Constraint::MaxSize,
        totals.spot + totals.steady,
        rules.max_size,
    );
    for (item, count) in items.iter().zip(counts) {
        let offer = types.get(item.row).and_then(|t| t.offer(item.option));
        if let Some(limit) = offer.and_then(|offer| offer.max_count) {
            most(Constraint::MaxCount, *count, limit);
        }
    }
    if rules.spot_instance_pools.is_some() {
        let spot = counts.get(..model.spot.len()).unwrap_or_default();
        let even = model.spread(totals.spot).unwrap_or_default();
        let off = spot.iter().zip(&even).find(|(has, even)| has < even);
        if let Some((has, needs)) = off {
            out.push(Shortfall {
                constraint: Constraint::SpotPools,
                has: f64::from(*has),
                needs: f64::from(*needs),
            });
        }
    }
    out
}

/// The mix of these counts.
pub(super) fn mix(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
    model: &Model,
    counts: &[u32],
) -> Mix {
    let items: Vec<&Item> = model.items().collect();
    let totals = Totals::new(types, &items, counts);
    let group = |item: &Item, count: u32| {
        let name = types.get(item.row).map(|t| t.name.as_str());
        NodeGroup::new(name.unwrap_or_default(), item.option, count)
    };
    let mut nodes: Vec<(&Item, u32)> = items
        .iter()
        .copied()
        .zip(counts.iter().copied())
        .filter(|(_, count)| *count > 0)
        .collect();
    nodes.sort_by_key(|(item, _)| (item.row, item.option));
    let largest = totals.largest_at.and_then(|at| {
        let item = items.get(at)?;
        Some(group(item, *counts.get(at)?))
    });
    let mut cheaper = neighbours(types, demand, model, &items, counts);
    cheaper.sort_by(|a, b| b.saves_per_hour.total_cmp(&a.saves_per_hour));
    let mut binding: Vec<Constraint> = cheaper
        .iter()
        .flat_map(|c| c.violates.iter().map(|v| v.constraint))
        .collect();
    if totals.spot + totals.steady == rules.max_size {
        binding.push(Constraint::MaxSize);
    }
    binding.sort_unstable();
    binding.dedup();
    Mix {
        nodes: nodes
            .iter()
            .map(|(item, count)| group(item, *count))
            .collect(),
        size: totals.spot + totals.steady,
        cost_per_hour: totals.cost,
        requests_per_minute: totals.load,
        requests_per_minute_after_loss: totals.load - totals.largest,
        largest_spot_group: largest,
        vcpu: totals.vcpu,
        memory_gib: totals.memory_gib,
        gpus: totals.gpus,
        interruptions_per_month: totals.interruptions,
        cost_lower_bound_per_hour: totals.cost,
        proven: true,
        steps: 0,
        binding,
        cheaper,
    }
}

/// For each group of the mix: one node of it less, and one replaced by the next cheaper offer.
fn neighbours(
    types: &[InstanceType],
    demand: &Demand,
    model: &Model,
    items: &[&Item],
    counts: &[u32],
) -> Vec<CheaperMix> {
    let price = |item: &Item| {
        let offer = types.get(item.row).and_then(|t| t.offer(item.option));
        offer.and_then(|offer| offer.price_per_hour).unwrap_or(0.0)
    };
    let name = |item: &Item| {
        types
            .get(item.row)
            .map_or_else(String::new, |t| t.name.clone())
    };
    let mut out = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if counts.get(at).is_none_or(|count| *count == 0) {
            continue;
        }
        let below = items
            .iter()
            .enumerate()
            .filter(|(_, other)| price_units(price(other)) < price_units(price(item)))
            .max_by(|(_, a), (_, b)| price(a).total_cmp(&price(b)).then(b.row.cmp(&a.row)));
        for with in [None, below] {
            let mut changed = counts.to_vec();
            if let Some(count) = changed.get_mut(at) {
                *count -= 1;
            }
            let mut saves = price(item);
            if let Some((other_at, other)) = with {
                if let Some(count) = changed.get_mut(other_at) {
                    *count += 1;
                }
                saves -= price(other);
            }
            out.push(CheaperMix {
                without: name(item),
                without_option: item.option,
                with: with.map(|(_, other)| name(other)),
                with_option: with.map(|(_, other)| other.option),
                saves_per_hour: saves,
                violates: violations(types, demand, model, items, &changed),
            });
            if below.is_none() {
                break;
            }
        }
    }
    out
}
