//! Which constraint cannot be met, and by how much.

use super::model::{Item, Model, NODE_SHIFT, Sizes, sized};
use super::rules::MOST_NODES;
use super::search::search;
use super::{Constraint, Demand, InstanceError, InstanceType, Shortfall};

/// Steps for finding out what would make it feasible.
const STEPS: u64 = 5_000;

/// The first constraint that no mix under the rules meets even if it is the only one.
pub(super) fn unreachable(
    types: &[InstanceType],
    demand: &Demand,
    model: &Model,
) -> Option<Shortfall> {
    let mut most = [0_i64; 4];
    let mut after_loss = 0;
    let mut any = false;
    let spot = Largest::new(&model.spot);
    let steady = Largest::new(&model.steady);
    let pools = i64::try_from(model.spot.len()).unwrap_or(i64::MAX);
    for count in 0..=spot.nodes.min(model.rules.max_size) {
        let Some((low, high)) = model.steady_range(count) else {
            continue;
        };
        if low > steady.nodes {
            continue;
        }
        any = true;
        let high = high.min(steady.nodes);
        let spread = model
            .rules
            .spot_instance_pools
            .and_then(|_| model.spread(count));
        for (size, most) in most.iter_mut().enumerate() {
            let spot = spread.as_ref().map_or_else(
                || spot.of(size, count),
                |counts| total(&model.spot, counts, size),
            );
            *most = (*most).max(spot.saturating_add(steady.of(size, high)));
        }
        let left = match &spread {
            Some(counts) => {
                let loads = counts.iter().zip(&model.spot);
                let lost = loads.map(|(n, item)| item.load() * i64::from(*n)).max();
                total(&model.spot, counts, 0) - lost.unwrap_or(0)
            }
            // The largest of so many pools has at least its share of the load.
            None if pools > 0 => {
                let load = i128::from(spot.of(0, count)) * i128::from(pools - 1);
                i64::try_from(load / i128::from(pools)).unwrap_or(i64::MAX)
            }
            None => 0,
        };
        after_loss = after_loss.max(left.saturating_add(steady.of(0, high)));
        let reached = most.iter().zip(&model.whole).all(|(has, need)| has >= need);
        if reached && after_loss >= model.survivors {
            return None;
        }
    }
    let nodes = spot.nodes.saturating_add(steady.nodes);
    let short = |constraint, has, needs| {
        Some(Shortfall {
            constraint,
            has,
            needs,
        })
    };
    if nodes < model.rules.min_size {
        let needs = f64::from(model.rules.min_size);
        return short(Constraint::MinSize, f64::from(nodes), needs);
    }
    if !any {
        let size = model.rules.min_size.max(1);
        let needs = f64::from(model.rules.on_demand_nodes(size));
        return if f64::from(steady.nodes) < needs {
            short(Constraint::OnDemand, f64::from(steady.nodes), needs)
        } else {
            short(
                Constraint::Spot,
                f64::from(spot.nodes),
                f64::from(size) - needs,
            )
        };
    }
    // In the table's units: how large a unit of the reduced sizes is.
    let has = |size: usize, value: i64| {
        let unit = model.items().find_map(|item| {
            let instance = types.get(item.row)?;
            let size_of = [
                instance.requests_per_minute,
                instance.vcpu,
                instance.memory_gib,
                f64::from(instance.gpus),
            ];
            let units = sized(&item.sizes, size);
            (units > 0).then(|| size_of.get(size).map(|s| s / crate::numeric::to_f64(units)))?
        });
        crate::numeric::to_f64(value) * unit.unwrap_or(0.0)
    };
    let needs = [
        (Constraint::Load, demand.whole()),
        (Constraint::Vcpu, demand.min_vcpu),
        (Constraint::Memory, demand.min_memory_gib),
        (Constraint::Gpus, f64::from(demand.min_gpus)),
    ];
    for (size, (constraint, needed)) in needs.into_iter().enumerate() {
        if sized(&most, size) < sized(&model.whole, size) {
            // Without its base a group has no spot nodes either.
            let base = model
                .rules
                .on_demand_base_capacity
                .min(model.rules.max_size);
            if steady.nodes < base {
                let has = f64::from(steady.nodes);
                return short(Constraint::OnDemand, has, f64::from(base));
            }
            return short(constraint, has(size, sized(&most, size)), needed);
        }
    }
    if after_loss < model.survivors {
        let has = has(0, after_loss);
        return short(Constraint::SurvivorLoad, has, demand.survivors());
    }
    None
}

fn total(items: &[Item], counts: &[u32], size: usize) -> i64 {
    let parts = items.iter().zip(counts);
    parts
        .map(|(item, n)| sized(&item.sizes, size) * i64::from(*n))
        .sum()
}

/// The most that a number of nodes can have.
struct Largest {
    /// Of each size: nodes up to here and what they have, largest first.
    sorted: [Vec<(u32, i64)>; 4],
    nodes: u32,
}

impl Largest {
    fn new(items: &[Item]) -> Self {
        let sorted = [0, 1, 2, 3].map(|size| {
            let mut offers: Vec<(u32, i64)> = items
                .iter()
                .map(|item| (item.limit, sized(&item.sizes, size)))
                .collect();
            offers.sort_by_key(|(_, size)| core::cmp::Reverse(*size));
            // Beyond the most nodes of any mix nothing counts.
            let mut room = MOST_NODES;
            offers.retain_mut(|(limit, _)| {
                *limit = (*limit).min(room);
                room -= *limit;
                *limit > 0
            });
            offers
        });
        let nodes = items
            .iter()
            .fold(0_u32, |n, item| n.saturating_add(item.limit));
        Self { sorted, nodes }
    }

    fn of(&self, size: usize, mut nodes: u32) -> i64 {
        let mut sum = 0;
        for (limit, has) in self.sorted.get(size).into_iter().flatten() {
            let take = nodes.min(*limit);
            sum += i64::from(take) * has;
            nodes -= take;
            if nodes == 0 {
                break;
            }
        }
        sum
    }
}

/// Why constraints that can each be met cannot be met together: the size of the group, where more
/// nodes would do, or else the number of nodes of an offer.
pub(super) fn jointly(model: &Model, proven: bool, steps: u64) -> InstanceError {
    if !proven {
        return InstanceError::Undecided { steps };
    }
    let fewest = |change: fn(&mut Model)| {
        let mut model = model.clone();
        let sizes: Sizes = model.whole;
        change(&mut model);
        model.whole = sizes;
        for item in model.spot.iter_mut().chain(&mut model.steady) {
            item.weight = 1 << NODE_SHIFT;
        }
        model.prepare();
        let counts = search(&model, STEPS).counts?;
        Some(counts.iter().sum::<u32>())
    };
    let limit = f64::from(model.rules.max_size);
    if let Some(nodes) = fewest(|model| model.rules.max_size = MOST_NODES) {
        return InstanceError::Infeasible(Shortfall {
            constraint: Constraint::MaxSize,
            has: f64::from(nodes),
            needs: limit,
        });
    }
    let unlimited = fewest(|model| {
        model.rules.max_size = MOST_NODES;
        for item in model.spot.iter_mut().chain(&mut model.steady) {
            item.limit = MOST_NODES;
        }
    });
    let limits: u32 = model
        .items()
        .fold(0, |sum, item| sum.saturating_add(item.limit));
    InstanceError::Infeasible(match unlimited {
        Some(nodes) => Shortfall {
            constraint: Constraint::MaxCount,
            has: f64::from(nodes),
            needs: f64::from(limits.min(MOST_NODES)),
        },
        None => Shortfall {
            constraint: Constraint::OnDemand,
            has: f64::from(
                model
                    .steady
                    .iter()
                    .fold(0, |sum: u32, item| sum.saturating_add(item.limit)),
            ),
            needs: f64::from(model.rules.on_demand_nodes(model.rules.max_size)),
        },
    })
}
