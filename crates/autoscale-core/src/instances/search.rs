//! The exact search: depth first over the spot pools, then over the steady offers, each cut off
//! where a [bound](super::bound) shows that nothing better follows.

use super::bound::{Open, PoolBound, SteadyBound, by_rate};
use super::model::{Item, Model, Sizes, ceil_div, sized};

/// The best mix found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Its counts, spot first; `None` where no mix will do.
    pub(super) counts: Option<Vec<u32>>,
    pub(super) steps: u64,
    /// Whether everything better was ruled out.
    pub(super) proven: bool,
    /// No mix weighs less.
    pub(super) least: i128,
}

pub(super) fn search(model: &Model, budget: u64) -> Found {
    let mut search = Search::new(model, budget);
    let start = State {
        need: model.whole,
        ..State::default()
    };
    let least = if model.rules.spot_instance_pools.is_some() {
        search.spread();
        by_rate(model)
    } else {
        // Without spot nodes, the steady ones alone; with some, what the prices say.
        let steady = model.steady_range(0).map_or(i128::MAX, |(low, high)| {
            search.steady.of(0, &search.whole(), low, high)
        });
        let bound = search.pools.of(0, &search.open(&start)).value;
        let least = steady.min(search.least(&start, bound));
        search.seeds();
        search.dive(|search| search.pools(0, &start));
        search.deepen(&start, least)
    };
    Found {
        counts: search.found,
        steps: search.steps,
        proven: search.steps < budget,
        least,
    }
}

/// The spot nodes so far.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// What the whole still lacks, negative where it has more.
    need: Sizes,
    /// Load of all and of the largest pool.
    load: i64,
    largest: i64,
    nodes: u32,
    weight: i128,
    /// The weight with the prices of the constraints.
    priced: i128,
}

impl State {
    fn with(mut self, item: &Item, count: u32) -> Self {
        let n = i64::from(count);
        for (need, size) in self.need.iter_mut().zip(item.sizes) {
            *need -= size * n;
        }
        self.load += item.load() * n;
        self.largest = self.largest.max(item.load() * n);
        self.nodes += count;
        self.weight += item.weight * i128::from(count);
        self.priced += item.priced * i128::from(count);
        self
    }
}

/// The state as the bound over the pools takes it.
fn open(model: &Model, state: &State) -> Open {
    let rules = &model.rules;
    // Only mixes with spot nodes are bounded by it.
    let steady = rules.on_demand_base_capacity;
    Open {
        need: state.need,
        after_loss: model.survivors + state.largest - state.load,
        largest: state.largest,
        steady,
        most: rules.max_size.saturating_sub(state.nodes),
        fewest: rules.min_size.saturating_sub(state.nodes).max(steady),
    }
}

/// Least weight of a mix with spot nodes.
pub(super) fn root(model: &Model) -> i128 {
    let start = State {
        need: model.whole,
        ..State::default()
    };
    let bound = PoolBound::new(model).of(0, &open(model, &start)).value;
    bound.saturating_add(model.constant)
}

struct Search<'a> {
    model: &'a Model,
    pools: PoolBound,
    steady: SteadyBound,
    best: i128,
    found: Option<Vec<u32>>,
    counts: Vec<u32>,
    steps: u64,
    /// Steps at which to stop for now, and for good.
    until: u64,
    budget: u64,
}

/// Steps to look for a mix to begin with, each time.
const DIVE: u64 = 300;

/// Most rounds of the search with a limit.
const ROUNDS: u32 = 12;

impl<'a> Search<'a> {
    fn new(model: &'a Model, budget: u64) -> Self {
        Self {
            model,
            pools: PoolBound::new(model),
            steady: SteadyBound::new(model),
            best: i128::MAX,
            found: None,
            counts: vec![0; model.spot.len() + model.steady.len()],
            steps: 0,
            until: budget,
            budget,
        }
    }

    fn set(&mut self, at: usize, count: u32) {
        if let Some(slot) = self.counts.get_mut(at) {
            *slot = count;
        }
    }

    const fn spent(&mut self) -> bool {
        self.steps = self.steps.saturating_add(1);
        self.steps >= self.until
    }

    /// Searches for a few steps only.
    fn dive(&mut self, run: impl FnOnce(&mut Self)) {
        self.until = self.budget.min(self.steps.saturating_add(DIVE));
        run(self);
        self.until = self.budget;
    }

    /// Searches below a limit that rises from the bound until something is found, so that no steps
    /// go to what a poor mix would not rule out; what no mix weighs less than. The last eighth of
    /// the steps is for whatever improves on the mix known by then.
    fn deepen(&mut self, start: &State, mut least: i128) -> i128 {
        let mut gap = (least >> 7).max(1);
        let mut rounds = ROUNDS;
        loop {
            let limit = if rounds > 0 {
                least.saturating_add(gap)
            } else {
                i128::MAX
            };
            let last = self.best <= limit;
            let limit = self.best.min(limit);
            let model = self.narrowed(start, limit);
            let mut search = Search::new(&model, self.budget);
            (search.best, search.steps) = (limit, self.steps);
            if !last {
                search.until -= self.budget / 8;
            }
            search.pools(0, start);
            self.steps = search.steps;
            let whole = search.steps < search.until;
            if let Some(counts) = &search.found {
                (self.best, self.found) = (search.best, Some(self.widened(&model, counts)));
            }
            if last || (whole && search.found.is_some()) {
                return least;
            }
            if whole {
                least = limit;
                gap += gap / 2;
                rounds -= 1;
            } else {
                rounds = 0;
            }
        }
    }

    /// Without the pools of which no mix below the limit has a node.
    fn narrowed(&self, start: &State, limit: i128) -> Model {
        let mut model = self.model.clone();
        loop {
            let before = model.spot.len();
            let bound = PoolBound::new(&model).of(0, &self.open(start));
            model
                .spot
                .retain(|item| self.least(start, bound.with(item, 1)) < limit);
            if model.spot.len() == before {
                return model;
            }
        }
    }

    /// The counts of a narrowed model for all pools.
    fn widened(&self, narrowed: &Model, counts: &[u32]) -> Vec<u32> {
        let (spot, steady) = counts.split_at(narrowed.spot.len());
        let mut kept = narrowed.spot.iter().zip(spot).peekable();
        let all = self.model.spot.iter().map(|item| {
            let same = kept.next_if(|(kept, _)| kept.row == item.row);
            same.map_or(0, |(_, count)| *count)
        });
        all.collect::<Vec<_>>()
            .into_iter()
            .chain(steady.iter().copied())
            .collect()
    }

    /// Every number of spot nodes, spread over the pools.
    fn spread(&mut self) {
        for spot in 0..=self.model.rules.max_size {
            let Some(counts) = self.model.spread(spot) else {
                break;
            };
            let state = self.place(&counts);
            if state.weight >= self.best || self.spent() {
                break;
            }
            self.settle(&state);
        }
    }

    /// Sets the pools' counts.
    fn place(&mut self, counts: &[u32]) -> State {
        let mut state = State {
            need: self.model.whole,
            ..State::default()
        };
        let model = self.model;
        for (at, (item, count)) in model.spot.iter().zip(counts).enumerate() {
            self.set(at, *count);
            state = state.with(item, *count);
        }
        state
    }

    /// Good mixes to begin with: the cheapest pools, some of them, equally full.
    fn seeds(&mut self) {
        let model = self.model;
        let pools = model.spot.len();
        for used in 1..=pools.min(12) {
            let others = i64::try_from(used).unwrap_or(i64::MAX) - 1;
            let free = model.whole[0] - model.survivors;
            let even = ceil_div(model.survivors, others.max(1));
            let levels = [free, if others > 0 { even } else { 0 }];
            for (level, up) in levels.into_iter().flat_map(|l| [(l, false), (l, true)]) {
                if level <= 0 {
                    continue;
                }
                let count = |(at, item): (usize, &Item)| {
                    let up = i64::from(up) * (item.load() - 1);
                    let count = (level + up).checked_div(item.load()).unwrap_or(0);
                    let most = if at < used { item.limit } else { 0 };
                    u32::try_from(count).unwrap_or(u32::MAX).min(most)
                };
                let counts: Vec<u32> = model.spot.iter().enumerate().map(count).collect();
                let nodes = counts.iter().fold(0_u32, |sum, n| sum.saturating_add(*n));
                if nodes <= model.rules.max_size {
                    let state = self.place(&counts);
                    self.dive(|search| search.settle(&state));
                }
            }
        }
        self.place(&vec![0; pools]);
    }

    /// What a mix without spot nodes needs.
    fn whole(&self) -> Sizes {
        let mut need = self.model.whole;
        if let Some(load) = need.first_mut() {
            *load = (*load).max(self.model.survivors);
        }
        need
    }

    fn open(&self, state: &State) -> Open {
        open(self.model, state)
    }

    /// These spot nodes and none of the pools from `first` on, then with more of them.
    fn pools(&mut self, first: usize, state: &State) {
        if self.spent() {
            return;
        }
        self.settle(state);
        let open = self.open(state);
        let model = self.model;
        let all = self.pools.of(first, &open);
        for (at, item) in model.spot.iter().enumerate().skip(first) {
            // The pools are sorted by their rates: what is too dear now stays so.
            if self.least(state, self.pools.with_any(at, &all)) >= self.best {
                return;
            }
            if self.least(state, all.with(item, 1)) >= self.best {
                continue;
            }
            let bound = self.pools.of(at, &open);
            if self.least(state, self.pools.with_any(at, &bound)) >= self.best {
                return;
            }
            if self.least(state, bound.with(item, 1)) >= self.best {
                continue;
            }
            let free = (model.whole[0] - model.survivors).max(state.largest);
            let fit = free.checked_div(item.load()).unwrap_or(0);
            let most = self.most(item, &open);
            let start = u32::try_from(fit).unwrap_or(u32::MAX).clamp(1, most.max(1));
            for count in (1..=start).rev().chain(start + 1..=most) {
                if self.least(state, bound.with(item, count)) >= self.best {
                    if count > start {
                        break;
                    }
                    continue;
                }
                let next = state.with(item, count);
                if next.weight >= self.best {
                    if count > start {
                        break;
                    }
                    continue;
                }
                let bound = self.pools.of(at + 1, &self.open(&next)).value;
                if self.least(&next, bound) < self.best && count <= most {
                    self.set(at, count);
                    self.pools(at + 1, &next);
                }
                if self.steps >= self.until {
                    break;
                }
            }
            self.set(at, 0);
            if self.steps >= self.until {
                break;
            }
        }
    }

    /// Least weight of a mix with these spot nodes, given the bound of what is still to come.
    const fn least(&self, state: &State, bound: i128) -> i128 {
        let priced = state.priced + self.model.constant;
        priced.saturating_add(bound)
    }

    /// Most nodes of a pool that can be of use.
    fn most(&self, item: &Item, open: &Open) -> u32 {
        let most = item.limit.min(open.most);
        if self
            .model
            .rules
            .on_demand_percentage_above_base_capacity
            .is_some()
        {
            // More spot nodes allow more steady ones.
            return most;
        }
        // So many carry what is missing whichever other pool is lost.
        let mut need = open.need;
        if let Some(load) = need.first_mut() {
            *load = (*load).max(open.after_loss);
        }
        most.min(enough(item, &need, open.fewest))
    }

    /// The steady nodes beside these spot nodes.
    fn settle(&mut self, state: &State) {
        let Some((low, high)) = self.model.steady_range(state.nodes) else {
            return;
        };
        let mut need = state.need;
        if let Some(load) = need.first_mut() {
            *load = (*load).max(self.model.survivors + state.largest - state.load);
        }
        let bound = self.steady.of(0, &need, low, high);
        if state.weight.saturating_add(bound) < self.best {
            self.steady(0, &need, low, high, state.weight);
        }
    }

    fn steady(&mut self, at: usize, need: &Sizes, low: u32, high: u32, weight: i128) {
        if self.spent() {
            return;
        }
        if low == 0 && need.iter().all(|n| *n <= 0) {
            if weight < self.best {
                self.best = weight;
                self.found = Some(self.counts.clone());
            }
            return;
        }
        let model = self.model;
        let Some(item) = model.steady.get(at) else {
            return;
        };
        let slot = model.spot.len() + at;
        let most = item.limit.min(high).min(enough(item, need, low));
        let falls = self.steady.is_cheaper(at + 1, item);
        for count in (0..=most).rev() {
            let next = weight + item.weight * i128::from(count);
            let mut rest = *need;
            for (need, size) in rest.iter_mut().zip(item.sizes) {
                *need -= size * i64::from(count);
            }
            let (low, high) = (low.saturating_sub(count), high - count);
            let bound = self.steady.of(at + 1, &rest, low, high);
            if next.saturating_add(bound) < self.best {
                self.set(slot, count);
                self.steady(at + 1, &rest, low, high, next);
                if self.steps >= self.until {
                    break;
                }
            } else if bound == i128::MAX && at + 1 == model.steady.len() {
                break;
            } else if falls
                && rest[0] >= 0
                && next.saturating_add(self.steady.by_rate(at + 1, rest[0])) >= self.best
            {
                // Fewer of it only leave more to dearer offers.
                break;
            }
        }
        self.set(slot, 0);
    }
}

/// Nodes of one offer beyond which more are of no use.
fn enough(item: &Item, need: &Sizes, fewest: u32) -> u32 {
    let counts = (0..4).filter_map(|size| {
        let (need, has) = (sized(need, size), sized(&item.sizes, size));
        (need > 0 && has > 0).then(|| ceil_div(need, has))
    });
    let most = counts.max().unwrap_or(0);
    u32::try_from(most).unwrap_or(u32::MAX).max(fewest)
}
