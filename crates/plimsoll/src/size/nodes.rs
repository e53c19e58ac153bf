//! Which nodes: the cheapest mix that also keeps the error budget.
//!
//! Where a node is a replica, nodes that are down now and then are part of the choice: the mix must
//! carry the load and its headroom with at most the budget's probability of not doing so, each node
//! up independently of the others. The capacity that is asked for rises from mix to mix until one
//! does: that is the first on the line of cheapest mixes by capacity. More and smaller nodes may do
//! with less capacity, so the same is tried with each type alone and, in tables of at most
//! [`PAIRED`] types, with each pair; the cheapest of these is the answer. It is proven to be the
//! cheapest of all only where it costs no more than the cheapest mix without an error budget.

use std::collections::BTreeMap;

use autoscale_core::{Demand, InstanceError, InstanceType, Mix, NodeGroup, PoolRules, choose};

/// Mixes that are tried one after the other; then the capacity rises by a hundredth each time.
const STEPS: u32 = 64;
/// Most types of which every pair is tried.
const PAIRED: usize = 8;

/// What nodes are chosen for.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// What those that are left after a loss must carry (with the demand's `survivor_headroom`).
    pub(super) base: f64,
    /// What all of them must carry.
    pub(super) whole: f64,
    /// What else there is to it.
    pub(super) demand: Demand,
    /// The error budget, where a node is a replica.
    pub(super) budget: Option<Budget>,
}

/// Probability that may be left short, and how often a node is up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) up: f64,
    pub(super) down: f64,
}

/// A mix, and how likely it falls short.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) mix: Mix,
    /// The capacity that was asked for in the end.
    pub(super) whole: f64,
    /// `None` without an error budget.
    pub(super) shortage_probability: Option<f64>,
}

impl Need {
    fn demand(&self, whole: f64) -> Demand {
        // A headroom of more than 100 loads is not accepted.
        let base = self.base.max(whole / 101.0);
        let mut demand = self.demand.clone();
        demand.requests_per_minute = base;
        demand.headroom = if base > 0.0 {
            (whole / base - 1.0).max(0.0)
        } else {
            0.0
        };
        demand
    }

    /// The same for another load, with the same shares.
    pub(super) fn with(&self, base: f64, whole: f64) -> Self {
        Self {
            base,
            whole,
            ..self.clone()
        }
    }

    /// The cheapest mix.
    pub(super) fn choose(
        &self,
        types: &[InstanceType],
        rules: &PoolRules,
    ) -> Result<Chosen, InstanceError> {
        let first = choose(types, &self.demand(self.whole), rules)?;
        let (bound, proven) = (first.cost_lower_bound_per_hour, first.proven);
        let mut best = self.raised(types, rules, first);
        let raised = best.as_ref().map_or(true, |best| best.whole > self.whole);
        // Pools are those of the whole table: with fewer types they would be others.
        if raised && rules.spot_instance_pools.is_none() && types.len() > 1 {
            for some in fewer(types) {
                let found = choose(&some, &self.demand(self.whole), rules)
                    .and_then(|first| self.raised(&some, rules, first));
                let cost = |chosen: &Chosen| chosen.mix.cost_per_hour;
                let least = best.as_ref().map_or(f64::INFINITY, cost);
                if found.as_ref().is_ok_and(|found| cost(found) < least - 1e-9) {
                    best = found;
                }
            }
        }
        let mut best = best?;
        best.mix.cost_lower_bound_per_hour = bound;
        best.mix.proven = proven && best.mix.cost_per_hour <= bound + 1e-9;
        Ok(best)
    }

    /// The first mix, from this one on, that keeps the error budget.
    fn raised(
        &self,
        types: &[InstanceType],
        rules: &PoolRules,
        first: Mix,
    ) -> Result<Chosen, InstanceError> {
        let (mut mix, mut whole, mut step) = (first, self.whole, 0);
        loop {
            let short = self
                .budget
                .map(|budget| shortage(types, &mix.nodes, budget.up, self.whole));
            if short
                .zip(self.budget)
                .is_none_or(|(short, budget)| short <= budget.down)
            {
                return Ok(Chosen {
                    mix,
                    whole,
                    shortage_probability: short,
                });
            }
            step += 1;
            let carried = mix.requests_per_minute.max(whole);
            whole = if step < STEPS {
                carried + 0.001
            } else {
                carried * 1.01
            };
            mix = choose(types, &self.demand(whole), rules)?;
        }
    }
}

/// Each type alone, and of a small table each pair.
fn fewer(types: &[InstanceType]) -> Vec<Vec<InstanceType>> {
    let mut out: Vec<Vec<InstanceType>> = types.iter().map(|kind| vec![kind.clone()]).collect();
    if (3..=PAIRED).contains(&types.len()) {
        for (i, one) in types.iter().enumerate() {
            let others = types.iter().skip(i + 1);
            out.extend(others.map(|other| vec![one.clone(), other.clone()]));
        }
    }
    out
}

/// The probability that the nodes that are up carry less than `whole`.
pub(super) fn shortage(types: &[InstanceType], nodes: &[NodeGroup], up: f64, whole: f64) -> f64 {
    let thousandths = |value: f64| (value * 1000.0).round() as i64;
    let groups: Vec<(i64, u32)> = nodes
        .iter()
        .filter_map(|group| {
            let kind = types.iter().find(|kind| kind.name == group.instance)?;
            Some((thousandths(kind.requests_per_minute), group.count))
        })
        .collect();
    let all: i64 = groups
        .iter()
        .map(|(one, count)| one * i64::from(*count))
        .sum();
    let spare = all - thousandths(whole);
    if spare < 0 {
        return 1.0;
    }
    // What is down, and with which probability, as far as it may be down.
    let mut down = BTreeMap::from([(0_i64, 1.0_f64)]);
    for (one, count) in groups {
        let mut next = BTreeMap::new();
        let mut some = up.powf(f64::from(count));
        for lost in 0..=count {
            let gone = one * i64::from(lost);
            if gone > spare {
                break;
            }
            for (before, probability) in down.range(..=spare - gone) {
                *next.entry(before + gone).or_insert(0.0) += probability * some;
            }
            some *= f64::from(count - lost) / f64::from(lost + 1) * (1.0 - up) / up;
        }
        down = next;
    }
    (1.0 - down.values().sum::<f64>()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autoscale_core::{Offer, PurchaseOption, binomial_below};

    fn table() -> Vec<InstanceType> {
        vec![
            InstanceType::new("s", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1))),
            InstanceType::new("l", 8.0, 32.0, 250.0).with_on_demand(Some(Offer::at(0.2))),
        ]
    }

    fn group(name: &str, count: u32) -> NodeGroup {
        NodeGroup::new(name, PurchaseOption::OnDemand, count)
    }

    #[test]
    fn of_one_type_it_is_the_binomial_distribution() {
        for (count, need) in [(3, 200.0), (12, 1000.0), (5, 500.0), (40, 3700.0)] {
            let found = shortage(&table(), &[group("s", count)], 0.98, need);
            let exact = binomial_below(count, 0.98, (need / 100.0) as u32);
            assert!(
                (found - exact).abs() < 1e-12,
                "{count} {need}: {found} {exact}"
            );
        }
    }

    #[test]
    fn two_types_are_counted_by_what_they_carry() {
        // 3 × 100 + 1 × 250 for 300: short if the large one and any small one are down, or all
        // three small ones.
        let (up, down) = (0.9_f64, 0.1_f64);
        let fine = up.powi(3) + up * (1.0 - up.powi(3) - down.powi(3));
        let found = shortage(&table(), &[group("s", 3), group("l", 1)], up, 300.0);
        assert!((found - (1.0 - fine)).abs() < 1e-12, "{found}");
        assert_eq!(shortage(&table(), &[group("s", 3)], 0.9, 301.0), 1.0);
        assert_eq!(shortage(&table(), &[group("s", 3)], 1.0, 300.0), 0.0);
    }
}
