//! Lower bounds of what is still to be bought, in integers: nothing that may be better is cut off.
//!
//! A rate is a weight for a unit of size, in 2⁻¹⁶ of a weight, rounded down. Two bounds are used.
//!
//! **Spot pools**, sorted by rate. Let A be the load that is missing and B what one pool may lose for
//! free. The linear relaxation of "carry A, and A + B − (the largest pool)" fills the cheapest pools
//! with B each; its dual price λ is the rate of pool number A ÷ B, and the bound is
//! λ·A − B·Σ max(0, λ − rate). It holds for any λ ≤ the cheapest steady rate for which the sum is at
//! most λ (beyond it, larger pools pay for themselves). With n nodes left for spot, only
//! the n cheapest pools count in the sums: so few nodes hold so few pools. Prefix sums make it O(1),
//! but for what steady nodes add at a price that no pool has: O(hull).
//!
//! **Steady nodes**. For any line with w ≥ slope × size + intercept for every offer, n nodes that
//! have R in all weigh at least slope × R + intercept × n. The lines are the edges of the lower
//! hull of the offers, of each size; O(hull).

use super::model::{Item, Model, Sizes, ceil_div, gcd, sized};

const FRACTION: u32 = 16;

/// Back to whole weights; a weight is whole, so that it may be rounded up.
const fn whole(fixed: i128) -> i128 {
    fixed.saturating_add((1 << FRACTION) - 1) >> FRACTION
}

/// This weight of an item for a unit of a size, rounded down; `None` where it has none of it.
pub(super) fn rate(weight: i128, item: &Item, size: usize) -> Option<i128> {
    (weight << FRACTION).checked_div(i128::from(sized(&item.sizes, size)))
}

/// Least weight of the whole load, by the smallest rate of all.
pub(super) fn by_rate(model: &Model) -> i128 {
    let rate = model
        .items()
        .filter_map(|item| rate(item.weight, item, 0))
        .min();
    let [load, ..] = model.whole;
    whole(rate.unwrap_or(0).saturating_mul(i128::from(load.max(0))))
}

/// Larger than any rate of these, and any product with a size still fits.
fn none_cheaper(items: &[Item]) -> i128 {
    let largest = items
        .iter()
        .filter_map(|item| rate(item.priced, item, 0))
        .max();
    largest.unwrap_or(0).saturating_mul(1 << 16)
}

/// What a state of the search over the pools looks like to the bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// What the whole still lacks.
    pub(super) need: Sizes,
    /// What the survivors still lack, if no pool becomes larger than the largest so far.
    pub(super) after_loss: i64,
    /// Load of the largest pool so far.
    pub(super) largest: i64,
    /// Fewest steady nodes that the rules ask for.
    pub(super) steady: u32,
    /// Most nodes still to come.
    pub(super) most: u32,
    /// Fewest nodes still to come.
    pub(super) fewest: u32,
}

/// Least weight of what is still to come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bound {
    pub(super) value: i128,
    /// By the load alone, at this price of load.
    by_load: i128,
    price: i128,
}

impl Bound {
    /// What it is with something that costs so much more than its load is worth.
    fn beyond(&self, more: i128) -> i128 {
        // A part of a weight less than that: the bound is rounded up already.
        self.value
            .max(self.by_load.saturating_add(more.max(0) >> FRACTION))
    }

    /// What it is with so many nodes of this pool, one of those that it is about.
    pub(super) fn with(&self, item: &Item, count: u32) -> i128 {
        let one = (item.priced << FRACTION) - self.price.saturating_mul(i128::from(item.load()));
        self.beyond(one.saturating_mul(i128::from(count)))
    }
}

/// Bounds of the search over the spot pools.
#[derive(Debug)]
pub(super) struct PoolBound {
    rates: Vec<i128>,
    prefix: Vec<i128>,
    /// Of the pools from each place on.
    from: Vec<From>,
    /// For each pool's rate as the price: what a steady node costs beyond it.
    extra: Vec<i128>,
    /// Load and priced weight of the steady nodes that may cost least beyond a price of load.
    steady: Vec<(i64, i128)>,
    /// Smallest rate of a steady node.
    steady_rate: i128,
    /// Load that a pool may lose for free.
    free: i64,
    /// Largest load of a steady node.
    steady_load: i64,
}

#[derive(Clone, Debug, Default)]
struct From {
    /// Largest price, and how many pools (by place) are cheaper.
    cap: i128,
    below: usize,
    extra: i128,
    /// Smallest rates and largest sizes, of steady nodes as well.
    rates: [Option<i128>; 4],
    sizes: Sizes,
    lightest: i128,
    /// Smallest load of a pool.
    load: i64,
}

impl PoolBound {
    pub(super) fn new(model: &Model) -> Self {
        let rates: Vec<i128> = model
            .spot
            .iter()
            .map(|item| rate(item.priced, item, 0).unwrap_or(i128::MAX))
            .collect();
        let mut prefix = vec![0];
        prefix.extend(rates.iter().scan(0, |sum, rate| {
            *sum += rate;
            Some(*sum)
        }));
        let items: Vec<Item> = model.items().cloned().collect();
        let steady = model
            .steady
            .iter()
            .filter_map(|item| rate(item.priced, item, 0))
            .min();
        let steady = steady.unwrap_or_else(|| none_cheaper(&items));
        let points = model.steady.iter().map(|item| (item.load(), item.priced));
        let corners = lower(points.collect());
        let mut tail = From {
            load: i64::MAX,
            lightest: i128::MAX,
            ..From::default()
        };
        for item in &model.steady {
            tail.take(item);
        }
        let mut from = vec![From::default(); rates.len() + 1];
        for (at, slot) in from.iter_mut().enumerate().rev() {
            if let Some(item) = model.spot.get(at) {
                tail.take(item);
                tail.load = tail.load.min(item.load());
            }
            tail.cap = cap(rates.get(at..).unwrap_or_default()).map_or(steady, |c| c.min(steady));
            tail.below = at.max(rates.partition_point(|rate| *rate < tail.cap));
            tail.extra = extra(&corners, tail.cap);
            *slot = tail.clone();
        }
        Self {
            extra: rates.iter().map(|rate| extra(&corners, *rate)).collect(),
            steady: corners,
            steady_rate: steady,
            rates,
            prefix,
            from,
            free: model.whole[0] - model.survivors,
            steady_load: model.steady.iter().map(Item::load).max().unwrap_or(0),
        }
    }

    /// Least weight of what is still to be bought from the pools from `at` on and the steady nodes;
    /// `i128::MAX` where nothing will do.
    pub(super) fn of(&self, at: usize, open: &Open) -> Bound {
        let Some(from) = self.from.get(at) else {
            return Bound::default();
        };
        let [load, ..] = open.need;
        for (need, size) in open.need.iter().zip(from.sizes) {
            if *need > size.saturating_mul(i64::from(open.most)) {
                return Bound {
                    value: i128::MAX,
                    ..Bound::default()
                };
            }
        }
        let (mut best, mut at_price) = (0, 0);
        let mut take = |(bound, price): (i128, i128)| {
            if bound > best {
                (best, at_price) = (bound, price);
            }
        };
        for (need, lost) in [(load, self.free), (open.after_loss, open.largest)] {
            if need <= 0 || lost < 0 {
                continue;
            }
            take(self.priced(at, from, need, lost, need, open));
            if open.steady > 0 {
                let less = need - self.steady_load.saturating_mul(i64::from(open.steady));
                take(self.priced(at, from, need, lost, less.max(0), open));
            }
        }
        let by_load = whole(best);
        let mut value = by_load;
        let [_, others @ ..] = &open.need;
        let [_, rates @ ..] = &from.rates;
        for (need, rate) in others.iter().zip(rates) {
            if *need > 0 {
                let rate = rate.unwrap_or(0);
                value = value.max(whole(rate.saturating_mul(i128::from(*need))));
            }
        }
        if open.fewest > 0 {
            value = value.max(from.lightest.saturating_mul(i128::from(open.fewest)));
        }
        Bound {
            value,
            by_load,
            price: at_price,
        }
    }

    /// Least weight of this with any node from the pools from `at` on.
    pub(super) fn with_any(&self, at: usize, bound: &Bound) -> i128 {
        let load = self.from.get(at).map_or(0, |from| from.load);
        let rate = self.rates.get(at).copied().unwrap_or(0);
        bound.beyond((rate - bound.price).saturating_mul(i128::from(load)))
    }

    /// The bound at the price of the pool where `fill` is full.
    fn priced(
        &self,
        at: usize,
        from: &From,
        need: i64,
        lost: i64,
        fill: i64,
        open: &Open,
    ) -> (i128, i128) {
        let sum = |place: usize| self.prefix.get(place).copied().unwrap_or(0);
        // No more pools than spot nodes.
        let most = usize::try_from(open.most.saturating_sub(open.steady)).unwrap_or(usize::MAX);
        let end = at.saturating_add(most);
        let (cap, below, extra_at_cap) = if end < from.below {
            let cheapest = sum(end) - sum(at);
            let others = i128::try_from(most).unwrap_or(i128::MAX) - 1;
            let cap = if others > 0 {
                (cheapest / others).min(self.steady_rate)
            } else {
                self.steady_rate
            };
            (cap, end, None)
        } else {
            (from.cap, from.below, Some(from.extra))
        };
        let pools = fill.checked_div(lost).unwrap_or(i64::MAX);
        let pools = usize::try_from(pools).unwrap_or(usize::MAX);
        let place = at.saturating_add(pools);
        let (price, below, known) = match self.rates.get(place) {
            Some(rate) if place < below => (*rate, place, self.extra.get(place).copied()),
            _ => (cap, below, extra_at_cap),
        };
        let extra = match known {
            _ if open.steady == 0 => 0,
            Some(known) => known,
            None => extra(&self.steady, price),
        };
        let cheaper = i128::try_from(below - at).unwrap_or(0);
        let gain = price.saturating_mul(cheaper) - (sum(below) - sum(at));
        let value = (price.saturating_mul(i128::from(need))
            - gain.saturating_mul(i128::from(lost)))
        .saturating_add(extra.saturating_mul(i128::from(open.steady)));
        (value, price)
    }
}

/// What a steady node costs at least beyond this price of its load.
fn extra(steady: &[(i64, i128)], price: i128) -> i128 {
    let beyond = steady
        .iter()
        .map(|(load, weight)| (weight << FRACTION) - price.saturating_mul(i128::from(*load)));
    beyond.min().unwrap_or(0).max(0)
}

impl From {
    fn take(&mut self, item: &Item) {
        self.lightest = self.lightest.min(item.priced);
        for size in 0..4 {
            if let (Some(known), Some(largest)) =
                (self.rates.get_mut(size), self.sizes.get_mut(size))
            {
                *largest = (*largest).max(sized(&item.sizes, size));
                let rate = rate(item.priced, item, size);
                *known = match (*known, rate) {
                    (Some(known), Some(rate)) => Some(known.min(rate)),
                    (known, rate) => known.or(rate),
                };
            }
        }
    }
}

/// The largest price at which larger pools do not pay for themselves: Σ max(0, price − rate) = price.
fn cap(rates: &[i128]) -> Option<i128> {
    let mut sum = 0_i128;
    for (place, rate) in rates.iter().enumerate() {
        sum += rate;
        let others = i128::try_from(place).unwrap_or(i128::MAX);
        if place > 0
            && rates
                .get(place + 1)
                .is_none_or(|next| sum / others <= *next)
        {
            return Some(sum / others);
        }
    }
    None
}

/// Bounds of the search over the steady offers, of those from each place on.
#[derive(Debug)]
pub(super) struct SteadyBound {
    from: Vec<Suffix>,
}

#[derive(Clone, Debug, Default)]
struct Suffix {
    /// Slope and intercept, of each size.
    lines: [Vec<(i128, i128)>; 4],
    /// Largest of each size, and the unit that all are multiples of.
    largest: Sizes,
    unit: Sizes,
    /// Smallest rate by load.
    rate: i128,
}

/// Lines are made anew for so many places of a table.
const LINE_PLACES: usize = 32;

impl SteadyBound {
    pub(super) fn new(model: &Model) -> Self {
        let items = &model.steady;
        let every = items.len().div_ceil(LINE_PLACES).max(1);
        let mut from: Vec<Suffix> = Vec::with_capacity(items.len() + 1);
        for at in 0..=items.len() {
            let rest = items.get(at..).unwrap_or_default();
            let mut suffix = Suffix {
                rate: rest
                    .iter()
                    .filter_map(|item| rate(item.weight, item, 0))
                    .min()
                    .unwrap_or(0),
                ..Suffix::default()
            };
            for size in 0..4 {
                let sizes = rest.iter().map(|item| sized(&item.sizes, size));
                if let Some(largest) = suffix.largest.get_mut(size) {
                    *largest = sizes.clone().max().unwrap_or(0);
                }
                if let Some(unit) = suffix.unit.get_mut(size) {
                    *unit = sizes.fold(0, gcd).max(1);
                }
            }
            if at % every == 0 && !rest.is_empty() {
                for (size, lines) in suffix.lines.iter_mut().enumerate() {
                    if size == 0 || sized(&model.whole, size) > 0 {
                        *lines = hull(rest, size);
                    }
                }
            } else if let Some(before) = from.last() {
                suffix.lines = before.lines.clone();
            }
            from.push(suffix);
        }
        Self { from }
    }

    /// Least weight of `low` … `high` nodes of the offers from `at` on that have `need`;
    /// `i128::MAX` where none will do.
    pub(super) fn of(&self, at: usize, need: &Sizes, low: u32, high: u32) -> i128 {
        let Some(suffix) = self.from.get(at) else {
            return 0;
        };
        let mut best = 0;
        let units = suffix.largest.iter().zip(&suffix.unit);
        for ((need, lines), (largest, unit)) in need.iter().zip(&suffix.lines).zip(units) {
            let need = if *need > 0 {
                ceil_div(*need, *unit) * unit
            } else {
                0
            };
            if need > largest.saturating_mul(i64::from(high)) {
                return i128::MAX;
            }
            for (slope, intercept) in lines {
                let nodes = if *intercept > 0 { low } else { high };
                let line = slope
                    .saturating_mul(i128::from(need))
                    .saturating_add(intercept * i128::from(nodes));
                best = best.max(line);
            }
        }
        whole(best)
    }

    /// Least weight of so much load from the offers from `at` on, by their rates alone.
    pub(super) fn by_rate(&self, at: usize, load: i64) -> i128 {
        let rate = self.from.get(at).map_or(0, |suffix| suffix.rate);
        whole(rate.saturating_mul(i128::from(load.max(0))))
    }

    /// Whether one node of `item`, the offer before `at`, never pays less than the load that it
    /// brings costs from the offers from `at` on.
    pub(super) fn is_cheaper(&self, at: usize, item: &Item) -> bool {
        self.from.get(at).is_some_and(|suffix| {
            item.weight << FRACTION <= suffix.rate.saturating_mul(i128::from(item.load()))
        })
    }
}

/// The lower hull of points, by floating point: no more than a guess at which edges there are.
fn lower(mut points: Vec<(i64, i128)>) -> Vec<(i64, i128)> {
    points.sort_unstable();
    let mut edge: Vec<(i64, i128)> = Vec::new();
    let slope = |a: (i64, i128), b: (i64, i128)| (b.1 - a.1) as f64 / (b.0 - a.0) as f64;
    for point in points {
        if edge.last().is_some_and(|last| last.0 == point.0) {
            continue;
        }
        while let [.., a, b] = edge.as_slice()
            && slope(*a, *b) >= slope(*b, point)
        {
            edge.pop();
        }
        edge.push(point);
    }
    edge
}

/// Lines below all offers, of one size.
fn hull(items: &[Item], size: usize) -> Vec<(i128, i128)> {
    let points: Vec<(i64, i128)> = items
        .iter()
        .map(|item| (sized(&item.sizes, size), item.weight))
        .collect();
    // Each line is put below all afterwards.
    let edge = lower(points);
    let below = |slope: i128| {
        let over = items
            .iter()
            .map(|item| (item.weight << FRACTION) - slope * i128::from(sized(&item.sizes, size)));
        (slope, over.min().unwrap_or(0))
    };
    let mut lines = vec![below(0)];
    let rates = items.iter().map(|item| rate(item.weight, item, size));
    lines.extend(rates.flatten().min().map(|rate| (rate, 0)));
    let largest = edge.last().map_or(1, |point| point.0.max(1));
    for pair in edge.windows(2) {
        if let [a, b] = pair {
            let slope = ((b.1 - a.1) << FRACTION) / i128::from(b.0 - a.0);
            // A slope so steep that its products might not fit says little.
            if slope > 0 && slope.saturating_mul(i128::from(largest)) < 1 << 108 {
                lines.push(below(slope));
            }
        }
    }
    lines
}
