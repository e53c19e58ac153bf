//! Every mix of a small table, one after the other.

use autoscale_core::{Demand, InstanceType, Mix, PoolRules, PurchaseOption};

const OPTIONS: [PurchaseOption; 3] = [
    PurchaseOption::OnDemand,
    PurchaseOption::Reserved,
    PurchaseOption::Spot,
];

pub(super) struct Column<'a> {
    pub(super) instance: &'a InstanceType,
    pub(super) option: PurchaseOption,
    pub(super) price: f64,
    pub(super) share: f64,
    pub(super) limit: u32,
}

/// Cost in 10⁻⁷, nodes, interruptions in 10⁻⁴.
pub(super) type Rank = (i64, u32, i64);

pub(super) fn rank(types: &[InstanceType], mix: &Mix) -> Rank {
    let mut rank = (0, 0, 0);
    for group in &mix.nodes {
        let instance = types.iter().find(|t| t.name == group.instance).unwrap();
        let offer = instance.offer(group.option).unwrap();
        let n = i64::from(group.count);
        rank.0 += n * (offer.price_per_hour.unwrap() * 1e7).round() as i64;
        rank.1 += group.count;
        rank.2 += n * (offer.interruption_share * 1e4).round() as i64;
    }
    rank
}

/// The best mix of at most `most` nodes, by trying them all.
pub(super) fn best(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
    most: u32,
) -> Option<Rank> {
    let columns = columns(types, demand, rules);
    let mut counts = vec![0; columns.len()];
    let mut best = None;
    descend(&columns, demand, rules, most, 0, &mut counts, &mut best);
    best
}

/// The offers that may be part of a mix.
pub(super) fn columns<'a>(
    types: &'a [InstanceType],
    demand: &Demand,
    rules: &PoolRules,
) -> Vec<Column<'a>> {
    let mut columns = Vec::new();
    for instance in types {
        if instance.vcpu < demand.node_vcpu || instance.memory_gib < demand.node_memory_gib {
            continue;
        }
        for option in OPTIONS {
            if let Some(offer) = instance.offer(option)
                && rules.purchase_options.contains(&option)
            {
                columns.push(Column {
                    instance,
                    option,
                    price: offer.price_per_hour.unwrap(),
                    share: offer.interruption_share,
                    limit: offer.max_count.unwrap_or(u32::MAX),
                });
            }
        }
    }
    columns
}

fn descend(
    columns: &[Column<'_>],
    demand: &Demand,
    rules: &PoolRules,
    left: u32,
    at: usize,
    counts: &mut Vec<u32>,
    best: &mut Option<Rank>,
) {
    if at == columns.len() {
        if fine(columns, demand, rules, counts) {
            let rank =
                columns
                    .iter()
                    .zip(counts.iter())
                    .fold((0, 0, 0), |rank: Rank, (column, n)| {
                        (
                            rank.0 + i64::from(*n) * (column.price * 1e7).round() as i64,
                            rank.1 + n,
                            rank.2 + i64::from(*n) * (column.share * 1e4).round() as i64,
                        )
                    });
            if best.is_none_or(|best| rank < best) {
                *best = Some(rank);
            }
        }
        return;
    }
    for count in 0..=left.min(columns[at].limit) {
        counts[at] = count;
        descend(columns, demand, rules, left - count, at + 1, counts, best);
    }
    counts[at] = 0;
}

pub(super) fn fine(
    columns: &[Column<'_>],
    demand: &Demand,
    rules: &PoolRules,
    counts: &[u32],
) -> bool {
    let sum = |size: &dyn Fn(&InstanceType) -> f64| -> f64 {
        let parts = columns.iter().zip(counts);
        parts.map(|(c, n)| f64::from(*n) * size(c.instance)).sum()
    };
    let spot: Vec<(&Column<'_>, u32)> = columns
        .iter()
        .zip(counts.iter().copied())
        .filter(|(column, _)| column.option == PurchaseOption::Spot)
        .collect();
    let load = sum(&|t| t.requests_per_minute);
    let lost = spot
        .iter()
        .map(|(c, n)| f64::from(*n) * c.instance.requests_per_minute)
        .fold(0.0, f64::max);
    let base = demand.requests_per_minute;
    let near = 1e-6;
    let size: u32 = counts.iter().sum();
    let spots: u32 = spot.iter().map(|(_, n)| n).sum();
    load >= base * (1.0 + demand.headroom) - near
        && load - lost >= base * (1.0 + demand.survivor_headroom) - near
        && sum(&|t| t.vcpu) >= demand.min_vcpu - near
        && sum(&|t| t.memory_gib) >= demand.min_memory_gib - near
        && sum(&|t| f64::from(t.gpus)) >= f64::from(demand.min_gpus)
        && (rules.min_size..=rules.max_size).contains(&size)
        && split(rules, size, size - spots)
        && even(rules, &spot)
}

/// On-demand first up to the base, then the percentage, a fraction in favour of on-demand.
pub(super) fn split(rules: &PoolRules, size: u32, steady: u32) -> bool {
    let base = rules.on_demand_base_capacity.min(size);
    match rules.on_demand_percentage_above_base_capacity {
        None => steady >= base,
        Some(percentage) => {
            let above = f64::from(size - base) * f64::from(percentage) / 100.0;
            steady == base + (above - 1e-9).ceil() as u32
        }
    }
}

/// All in the cheapest pools, one more in a cheaper one at most, unless a pool is full.
fn even(rules: &PoolRules, spot: &[(&Column<'_>, u32)]) -> bool {
    let Some(pools) = rules.spot_instance_pools else {
        return true;
    };
    let mut sorted: Vec<_> = spot.iter().enumerate().collect();
    sorted.sort_by(|a, b| a.1.0.price.total_cmp(&b.1.0.price).then(a.0.cmp(&b.0)));
    let (used, rest) = sorted.split_at(sorted.len().min(pools as usize));
    let full = |&(_, (column, n)): &(usize, &(&Column<'_>, u32))| *n == column.limit;
    rest.iter().all(|(_, (_, n))| *n == 0)
        && used.iter().enumerate().all(|(i, a)| {
            used.iter().skip(i + 1).all(|b| {
                let (na, nb) = (a.1.1, b.1.1);
                (na >= nb || full(a)) && (na <= nb + 1 || full(b))
            })
        })
}
