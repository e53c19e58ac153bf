//! The exact search: best first over the load of the largest spot pool, then depth first over the
//! counts, each part cut off where a [bound](super::program) shows that nothing better follows.

use super::PurchaseOption;
use super::branch::Branch;
use super::model::{Item, Model, sized};
use super::program::Program;
use super::simplex::{Run, Simplex};

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
    let mut search = Search {
        model,
        best: i128::MAX,
        limit: i128::MAX,
        found: None,
        steps: 0,
        budget,
        spent: false,
        until: i128::MIN,
    };
    let least = if model.rules.spot_instance_pools.is_some() {
        search.spread()
    } else {
        search.by_largest()
    };
    Found {
        counts: search.found,
        steps: search.steps,
        proven: !search.spent,
        least,
    }
}

/// Numbers that a step goes over.
const NUMBERS: u64 = 1 << 10;

/// Deepest that the search goes.
const DEPTH: u32 = 500;

pub(super) struct Search<'a> {
    pub(super) model: &'a Model,
    best: i128,
    /// What a mix must weigh less than to be looked for.
    limit: i128,
    found: Option<Vec<u32>>,
    steps: u64,
    budget: u64,
    /// Whether something was left out for want of steps.
    spent: bool,
    /// Once a mix weighs no more than this, fewer columns are worth starting anew for.
    until: i128,
}

/// Mixes whose largest spot pool has a load within these bounds.
#[derive(Clone, Copy, Debug)]
struct Range {
    least: i128,
    low: i64,
    high: i64,
    /// Load that the survivors lack at the best point of the relaxation, where that is worth
    /// splitting the range for.
    split: bool,
    /// How far above its bound to look.
    gap: i128,
}

/// What a mix is like.
#[derive(Clone, Copy, Debug)]
struct Mixed {
    fits: bool,
    weight: i128,
}

impl Search<'_> {
    /// Runs the program, for as many steps as its size and its pivots take; `None` where none is left.
    fn run(&mut self, program: &Program, simplex: &mut Simplex, limit: i128) -> Option<Run> {
        if self.steps >= self.budget {
            self.spent = true;
            return None;
        }
        let run = program.run(simplex, limit);
        self.steps += simplex.work() / NUMBERS + 1;
        Some(run)
    }

    /// Every number of spot nodes, spread over the pools, and the best steady nodes beside them: the
    /// number with the smallest bound first.
    fn spread(&mut self) -> i128 {
        let model = self.model;
        let mut program = Program::new(model, false);
        program.open(model, 0, 0);
        let mut simplex = program.simplex();
        let mut open: Vec<(i128, u32)> = Vec::new();
        for spot in 0..=model.rules.max_size {
            let Some(counts) = model.spread(spot) else {
                break;
            };
            if !self.beside(&mut program, &counts, spot) {
                continue;
            }
            if program.offset >= self.best {
                break;
            }
            let Some(run) = self.run(&program, &mut simplex, self.best) else {
                // More spot nodes weigh more, without any others beside them.
                let examined = open.iter().map(|(least, _)| *least);
                return examined.fold(program.offset, i128::min);
            };
            if let Run::Infeasible(equation) = run
                && program.contradicts(simplex.certificate(equation))
            {
                continue;
            }
            let (bound, _) = program.bound(simplex.prices(), true);
            self.offer(&program, simplex.counts());
            open.push((program.least(bound), spot));
        }
        open.sort_unstable();
        for (least, spot) in open {
            if least >= self.best {
                break;
            }
            let counts = model.spread(spot).unwrap_or_default();
            self.beside(&mut program, &counts, spot);
            self.within(&program, simplex.clone());
            if self.spent {
                return least;
            }
        }
        self.best
    }

    /// Makes the program that of the steady nodes beside these spot nodes; false where the rules
    /// allow none.
    fn beside(&self, program: &mut Program, counts: &[u32], spot: u32) -> bool {
        let model = self.model;
        let Some((low, high)) = model.steady_range(spot) else {
            return false;
        };
        let (mut whole, mut load, mut largest) = (model.whole, 0, 0);
        for (item, count) in model.spot.iter().zip(counts) {
            let n = i64::from(*count);
            for (need, size) in whole.iter_mut().zip(item.sizes) {
                *need -= size * n;
            }
            load += item.load() * n;
            largest = largest.max(item.load() * n);
        }
        whole[0] = whole[0].max(model.survivors + largest - load);
        let any = |need: i64| (need, i64::MAX);
        let nodes = (i64::from(low), i64::from(high));
        let [load, vcpu, memory, gpus] = whole.map(any);
        program.settle(model, &[load, vcpu, memory, gpus, nodes, any(0)], counts);
        true
    }

    /// Ranges of the load of the largest pool, the one with the smallest bound first.
    fn by_largest(&mut self) -> i128 {
        let model = self.model;
        let with_spot = model.rules.on_demand_percentage_above_base_capacity != Some(100);
        let mut program = Program::new(model, with_spot);
        let simplex = program.simplex();
        let mut open: Vec<Range> = Vec::new();
        self.range(&mut program, simplex.clone(), (0, 0), 0, &mut open);
        let load = |item: &Item| {
            let most = i64::from(item.limit.min(model.rules.max_size));
            item.load().saturating_mul(most)
        };
        let high = model.spot.iter().map(load).max().unwrap_or(0);
        if with_spot && high > 0 {
            self.range(&mut program, simplex.clone(), (1, high), 0, &mut open);
        }
        while let Some(next) = open
            .iter()
            .enumerate()
            .min_by_key(|(_, range)| range.least)
            .map(|(place, _)| place)
        {
            let range = open.swap_remove(next);
            if range.least >= self.best {
                return self.best;
            }
            if self.spent {
                return range.least;
            }
            if range.split && range.low < range.high {
                let middle = middle(range.low, range.high);
                for part in [(range.low, middle), (middle + 1, range.high)] {
                    self.range(&mut program, simplex.clone(), part, range.least, &mut open);
                }
            } else {
                // Far above the bound it is no use to look for less than all there is.
                self.limit = if range.gap > range.least {
                    self.best
                } else {
                    self.best.min(range.least.saturating_add(range.gap))
                };
                let limit = self.limit;
                program.open(model, range.low, range.high);
                self.within(&program, simplex.clone());
                self.limit = self.best;
                if self.spent {
                    return range.least;
                }
                if limit < self.best {
                    open.push(Range {
                        least: limit,
                        gap: range.gap * 2,
                        ..range
                    });
                }
            }
        }
        self.best
    }

    /// Bounds a range and keeps it unless it is ruled out.
    fn range(
        &mut self,
        program: &mut Program,
        mut simplex: Simplex,
        (low, high): (i64, i64),
        parent: i128,
        open: &mut Vec<Range>,
    ) {
        program.open(self.model, low, high);
        let Some(run) = self.run(program, &mut simplex, self.best) else {
            open.push(Range {
                least: parent,
                low,
                high,
                split: false,
                gap: 0,
            });
            return;
        };
        if let Run::Infeasible(equation) = run
            && program.contradicts(simplex.certificate(equation))
        {
            return;
        }
        let (bound, _) = program.bound(simplex.prices(), true);
        if program.gap(bound, self.best) <= 0.0 {
            return;
        }
        self.offer(program, simplex.counts());
        let lacking = self.lacking(program, simplex.counts()).0;
        let least = program.least(bound);
        open.push(Range {
            least,
            gap: (least >> 10).max(1),
            low,
            high,
            split: lacking > 0.5 && high - low > high >> 5,
        });
    }

    /// Searches all that this program allows, anew over fewer columns whenever a better mix is found.
    fn within(&mut self, program: &Program, mut simplex: Simplex) {
        loop {
            let Some(run) = self.run(program, &mut simplex, self.limit) else {
                return;
            };
            if let Run::Infeasible(equation) = run
                && program.contradicts(simplex.certificate(equation))
            {
                return;
            }
            let (bound, reduced) = program.bound(simplex.prices(), true);
            if program.gap(bound, self.limit) <= 0.0 {
                return;
            }
            let mut core = program.core(self.model, bound, &reduced, self.limit);
            let mut inner = core.simplex();
            let least = program.least(bound);
            self.until = if self.limit == i128::MAX {
                i128::MAX - 1
            } else {
                least + (self.limit - least) / 4 * 3
            };
            self.explore(&mut core, &mut inner, 0);
            let again = self.best <= self.until;
            self.until = i128::MIN;
            if self.spent || !again {
                return;
            }
        }
    }

    fn explore(&mut self, program: &mut Program, simplex: &mut Simplex, depth: u32) {
        if depth > DEPTH {
            self.spent = true;
            return;
        }
        let Some(run) = self.run(program, simplex, self.limit) else {
            return;
        };
        if let Run::Infeasible(equation) = run
            && program.contradicts(simplex.certificate(equation))
        {
            return;
        }
        if program.rules_out(simplex, self.limit) {
            return;
        }
        if self.offer(program, simplex.counts()) && program.rules_out(simplex, self.limit) {
            return;
        }
        let Some((first, second)) = self.branch(program, simplex) else {
            return;
        };
        for branch in [first, second] {
            let before = program.limits();
            match branch {
                Branch::Column {
                    column,
                    lower,
                    upper,
                } => {
                    if let Some(column) = program.columns.get_mut(column) {
                        (column.lower, column.upper) = (lower, upper);
                    }
                }
                Branch::Largest { low, high } => program.limit_largest(self.model, low, high),
                Branch::Nodes { lower, upper } => program.limit_nodes(self.model, lower, upper),
            }
            if self.possible(program) {
                self.explore(program, simplex, depth + 1);
            }
            program.restore(&before);
            if self.spent || self.best <= self.until {
                return;
            }
        }
    }

    /// Whether no settled pool is larger than the largest may be, and every column has a count.
    fn possible(&self, program: &Program) -> bool {
        let loads = program.settled.iter().filter_map(|(item, count)| {
            let item = self.model.spot.get(*item)?;
            Some(item.load() * i64::from(*count))
        });
        let spread = self.model.rules.spot_instance_pools.is_some();
        (spread || loads.max().unwrap_or(0) <= program.high)
            && program.columns.iter().all(|c| c.lower <= c.upper)
    }

    /// Takes the point with its counts rounded to whole ones, and rounded up, as a mix if it is one
    /// and better than the best; whether one was.
    fn offer(&mut self, program: &Program, counts: &[f64]) -> bool {
        let mut better = false;
        for up in [false, true] {
            let rounded = counts.iter().zip(&program.columns).map(|(count, column)| {
                let whole = if up {
                    (count - 1e-6).ceil()
                } else {
                    count.round()
                };
                let whole = crate::numeric::round_i64(whole).unwrap_or(0);
                let whole = whole.clamp(column.lower, column.upper);
                (column.item, u32::try_from(whole).unwrap_or(0))
            });
            let rounded = rounded.filter(|(_, count)| *count > 0);
            let mix: Vec<(usize, u32)> = rounded.chain(program.settled.iter().copied()).collect();
            let mixed = self.mixed(&mix);
            if mixed.fits && mixed.weight < self.best {
                self.best = mixed.weight;
                self.limit = self.limit.min(self.best);
                let mut all = vec![0; self.model.items().count()];
                for (item, count) in mix {
                    if let Some(slot) = all.get_mut(item) {
                        *slot += count;
                    }
                }
                self.found = Some(all);
                better = true;
            }
        }
        better
    }

    pub(super) fn item(&self, place: usize) -> Option<&Item> {
        let pools = self.model.spot.len();
        let steady = || self.model.steady.get(place - pools);
        self.model.spot.get(place).or_else(steady)
    }

    /// What these counts amount to.
    fn mixed(&self, mix: &[(usize, u32)]) -> Mixed {
        let model = self.model;
        let (mut has, mut largest, mut weight) = ([0_i64; 4], 0_i64, 0_i128);
        let (mut spot, mut steady) = (0_u32, 0_u32);
        for (place, count) in mix {
            let Some(item) = self.item(*place) else {
                continue;
            };
            let n = i64::from(*count);
            for (has, size) in has.iter_mut().zip(item.sizes) {
                *has = has.saturating_add(size.saturating_mul(n));
            }
            weight += item.weight * i128::from(*count);
            if item.option == PurchaseOption::Spot {
                spot = spot.saturating_add(*count);
                largest = largest.max(item.load().saturating_mul(n));
            } else {
                steady = steady.saturating_add(*count);
            }
        }
        let reached = has.iter().zip(&model.whole).all(|(has, need)| has >= need);
        let survive = sized(&has, 0) - largest >= model.survivors;
        let range = model.steady_range(spot);
        let split = range.is_some_and(|(low, high)| (low..=high).contains(&steady));
        Mixed {
            fits: reached && survive && split,
            weight,
        }
    }
}

/// Between two loads, nearer to the smaller one where they are far apart.
fn middle(low: i64, high: i64) -> i64 {
    let (a, b) = (crate::numeric::to_f64(low), crate::numeric::to_f64(high));
    let middle = crate::numeric::round_i64((a * b).sqrt()).unwrap_or(low);
    middle.clamp(low, high - 1)
}
