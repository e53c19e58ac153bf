//! The exact search: depth first over the spot pools, then over the steady offers.

use super::model::{Item, Model, Sizes, ceil_div, sized};

/// The best mix found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Its weight and its counts, spot first; `None` where no mix will do.
    pub(super) best: Option<(i128, Vec<u32>)>,
    pub(super) steps: u64,
    /// Whether everything better was ruled out.
    pub(super) proven: bool,
}

pub(super) fn search(model: &Model, budget: u64) -> Found {
    let mut search = Search {
        model,
        best: i128::MAX,
        found: None,
        counts: vec![0; model.spot.len() + model.steady.len()],
        steps: 0,
        budget,
    };
    if model.rules.spot_instance_pools.is_some() {
        for spot in 0..=model.rules.max_size {
            let Some(counts) = model.spread(spot) else {
                break;
            };
            let weight = weigh(&model.spot, &counts);
            if weight >= search.best {
                break;
            }
            for (slot, count) in search.counts.iter_mut().zip(&counts) {
                *slot = *count;
            }
            search.settle(&counts, weight);
        }
    } else {
        search.pools(0, 0);
    }
    Found {
        best: search.found.map(|counts| (search.best, counts)),
        steps: search.steps,
        proven: search.steps < budget,
    }
}

fn weigh(items: &[Item], counts: &[u32]) -> i128 {
    let parts = items.iter().zip(counts);
    parts.map(|(item, n)| item.weight * i128::from(*n)).sum()
}

struct Search<'a> {
    model: &'a Model,
    best: i128,
    found: Option<Vec<u32>>,
    counts: Vec<u32>,
    steps: u64,
    budget: u64,
}

impl Search<'_> {
    fn pools(&mut self, index: usize, weight: i128) {
        self.steps += 1;
        if self.steps >= self.budget || weight >= self.best {
            return;
        }
        let Some(item) = self.model.spot.get(index) else {
            let spot = self.counts.get(..self.model.spot.len()).unwrap_or_default();
            let spot = spot.to_vec();
            self.settle(&spot, weight);
            return;
        };
        for count in 0..=item.limit {
            if let Some(slot) = self.counts.get_mut(index) {
                *slot = count;
            }
            let weight = weight + item.weight * i128::from(count);
            if weight >= self.best {
                break;
            }
            self.pools(index + 1, weight);
        }
        if let Some(slot) = self.counts.get_mut(index) {
            *slot = 0;
        }
    }

    /// The steady nodes beside these spot nodes.
    fn settle(&mut self, spot: &[u32], weight: i128) {
        let Some((low, high)) = self.model.steady_range(spot.iter().sum()) else {
            return;
        };
        let mut need = self.model.whole;
        let (mut total, mut largest) = (0, 0);
        for (item, count) in self.model.spot.iter().zip(spot) {
            let count = i64::from(*count);
            for (need, size) in need.iter_mut().zip(item.sizes) {
                *need -= size * count;
            }
            total += item.load() * count;
            largest = largest.max(item.load() * count);
        }
        if let Some(load) = need.first_mut() {
            *load = (*load).max(self.model.survivors + largest - total);
        }
        self.steady(0, need, low, high, weight);
    }

    fn steady(&mut self, index: usize, need: Sizes, low: u32, high: u32, weight: i128) {
        self.steps += 1;
        if self.steps >= self.budget || weight >= self.best {
            return;
        }
        if low == 0 && need.iter().all(|n| *n <= 0) {
            self.best = weight;
            self.found = Some(self.counts.clone());
            return;
        }
        let Some(item) = self.model.steady.get(index) else {
            return;
        };
        let slot = self.model.spot.len() + index;
        let enough = (0..4).filter_map(|size| {
            let (need, has) = (sized(&need, size), sized(&item.sizes, size));
            (need > 0 && has > 0).then(|| ceil_div(need, has))
        });
        let enough = enough.max().unwrap_or(0).max(i64::from(low));
        let most = i64::from(item.limit.min(high)).min(enough);
        for count in (0..=u32::try_from(most).unwrap_or(0)).rev() {
            if let Some(slot) = self.counts.get_mut(slot) {
                *slot = count;
            }
            let mut need = need;
            for (need, size) in need.iter_mut().zip(item.sizes) {
                *need -= size * i64::from(count);
            }
            let weight = weight + item.weight * i128::from(count);
            self.steady(
                index + 1,
                need,
                low.saturating_sub(count),
                high - count,
                weight,
            );
        }
        if let Some(slot) = self.counts.get_mut(slot) {
            *slot = 0;
        }
    }
}
