//! Six types and up to forty nodes, against an exact method of another kind: every mix in turn,
//! column by column, left off only where a table says that what is still missing costs too much.
//!
//! The table is a plain dynamic programme: the least price of any number of nodes of the columns
//! from one on that have so much of one size, whatever else is asked. It is whole numbers throughout.

use autoscale_core::{Demand, InstanceType, PoolRules, PurchaseOption};
use proptest::prelude::*;

use super::brute::{Column, Rank, columns, fine};
use super::optimal::{demand, rules, same, table};
use crate::cases;

/// Mixes that a case may take to go through.
const STEPS: u64 = 400_000;

fn price(column: &Column<'_>) -> i64 {
    (column.price * 1e7).round() as i64
}

/// What a node has, in whole units: of load tens of requests a minute.
fn sizes(instance: &InstanceType) -> [i64; 4] {
    [
        (instance.requests_per_minute / 10.0).round() as i64,
        instance.vcpu.round() as i64,
        instance.memory_gib.round() as i64,
        i64::from(instance.gpus),
    ]
}

/// By column from which on, and by what is missing: the least price; `None` where nothing has any.
type Costs = Vec<Vec<Option<i64>>>;

fn costs(columns: &[Column<'_>], size: usize, most: usize) -> Costs {
    let nothing: Vec<Option<i64>> = (0..=most).map(|need| (need == 0).then_some(0)).collect();
    let mut all = vec![nothing];
    for column in columns.iter().rev() {
        let has = sizes(column.instance)[size];
        let mut costs = all.last().unwrap().clone();
        if has > 0 {
            for need in 1..=most {
                let rest = need.saturating_sub(has as usize);
                let with = costs[rest].map(|cost| cost + price(column));
                costs[need] = match (costs[need], with) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        all.push(costs);
    }
    all.reverse();
    all
}

struct Mixes<'a> {
    columns: Vec<Column<'a>>,
    demand: &'a Demand,
    rules: &'a PoolRules,
    need: [i64; 4],
    survivors: i64,
    costs: Vec<Costs>,
    counts: Vec<u32>,
    best: Option<Rank>,
    steps: u64,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    has: [i64; 4],
    largest: i64,
    rank: Rank,
}

impl Mixes<'_> {
    /// The least price of a mix that begins so; `None` where none will do.
    fn least(&self, at: usize, sum: &Sum) -> Option<i64> {
        let mut missing = [0; 4];
        for (missing, (need, has)) in missing.iter_mut().zip(self.need.iter().zip(sum.has)) {
            *missing = need - has;
        }
        missing[0] = missing[0].max(self.survivors + sum.largest - sum.has[0]);
        let mut least = 0;
        for (costs, missing) in self.costs.iter().zip(missing) {
            let missing = usize::try_from(missing).unwrap_or(0);
            // A pool so large that its loss is beyond the table is bounded by the table's end.
            let missing = missing.min(costs[at].len() - 1);
            least = least.max(costs[at][missing]?);
        }
        Some(sum.rank.0 + least)
    }

    fn descend(&mut self, at: usize, sum: Sum) {
        self.steps += 1;
        if self.steps > STEPS {
            return;
        }
        if at == self.columns.len() {
            let better = self.best.is_none_or(|best| sum.rank < best);
            if better && fine(&self.columns, self.demand, self.rules, &self.counts) {
                self.best = Some(sum.rank);
            }
            return;
        }
        let column = &self.columns[at];
        let left = self.rules.max_size - sum.rank.1;
        let (one, lost) = (price(column), (column.share * 1e4).round() as i64);
        let (sizes, spot) = (
            sizes(column.instance),
            column.option == PurchaseOption::Spot,
        );
        let mut next: Vec<(i64, u32, Sum)> = Vec::new();
        for count in 0..=left.min(column.limit) {
            let n = i64::from(count);
            let mut sum = sum;
            for (has, size) in sum.has.iter_mut().zip(sizes) {
                *has += size * n;
            }
            if spot {
                sum.largest = sum.largest.max(sizes[0] * n);
            }
            sum.rank.0 += one * n;
            sum.rank.1 += count;
            sum.rank.2 += lost * n;
            if let Some(least) = self.least(at + 1, &sum) {
                next.push((least, count, sum));
            }
        }
        // What promises most comes first: then more can be left off.
        next.sort_by_key(|(least, count, _)| (*least, *count));
        for (least, count, sum) in next {
            let beaten = |best: Rank| (least, sum.rank.1) > (best.0, best.1);
            if self.best.is_some_and(beaten) {
                continue;
            }
            self.counts[at] = count;
            self.descend(at + 1, sum);
        }
        self.counts[at] = 0;
    }
}

/// The best mix; `None` where the steps do not suffice.
fn best(types: &[InstanceType], demand: &Demand, rules: &PoolRules) -> Option<Option<Rank>> {
    let load = demand.requests_per_minute / 10.0;
    let whole = |units: f64| (units - 1e-6).ceil() as i64;
    let need = [
        whole(load * (1.0 + demand.headroom)),
        whole(demand.min_vcpu),
        whole(demand.min_memory_gib),
        i64::from(demand.min_gpus),
    ];
    let survivors = whole(load * (1.0 + demand.survivor_headroom));
    let columns = columns(types, demand, rules);
    let table = |size: usize| {
        let most = if size == 0 {
            2 * need[0].max(survivors)
        } else {
            need[size]
        };
        costs(&columns, size, most as usize)
    };
    let costs = (0..4).map(table).collect();
    let mut mixes = Mixes {
        counts: vec![0; columns.len()],
        columns,
        demand,
        rules,
        need,
        survivors,
        costs,
        best: None,
        steps: 0,
    };
    mixes.descend(0, Sum::default());
    (mixes.steps <= STEPS).then_some(mixes.best)
}

proptest! {
    #![proptest_config(cases(400, 20_000))]

    #[test]
    fn six_types_of_forty_nodes(
        types in table(6), demand in demand(), rules in rules(40),
    ) {
        let expected = best(&types, &demand, &rules);
        prop_assume!(expected.is_some());
        same(&types, &demand, &rules, expected.flatten())?;
    }
}
