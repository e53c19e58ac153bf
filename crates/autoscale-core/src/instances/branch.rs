//! How the search divides what is within the bounds of a program: by the load of the largest spot
//! pool, by the number of nodes, or by one count. Both parts are smaller, wherever the point is.

use super::PurchaseOption;
use super::program::Program;
use super::search::Search;
use super::simplex::{NEAR, Simplex};

/// A part of what is within the bounds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Branch {
    Column {
        column: usize,
        lower: i64,
        upper: i64,
    },
    Largest {
        low: i64,
        high: i64,
    },
    Nodes {
        lower: i64,
        upper: i64,
    },
}

impl Search<'_> {
    /// Load that the survivors lack at this point, and the largest pool's.
    pub(super) fn lacking(&self, program: &Program, counts: &[f64]) -> (f64, f64) {
        let model = self.model;
        let (mut load, mut largest) = (0.0, 0.0_f64);
        let mut take = |place: usize, count: f64| {
            let Some(item) = self.item(place) else {
                return;
            };
            let has = count * crate::numeric::to_f64(item.load());
            load += has;
            if item.option == PurchaseOption::Spot {
                largest = largest.max(has);
            }
        };
        for (column, count) in program.columns.iter().zip(counts) {
            if *count > NEAR {
                take(column.item, *count);
            }
        }
        for (item, count) in &program.settled {
            take(*item, f64::from(*count));
        }
        (
            crate::numeric::to_f64(model.survivors) + largest - load,
            largest,
        )
    }

    /// How to divide what is within the bounds; `None` where it is one mix.
    pub(super) fn branch(&self, program: &Program, simplex: &Simplex) -> Option<(Branch, Branch)> {
        let counts = simplex.counts();
        let mut choice: Option<(f64, usize, f64, bool)> = None;
        for (equation, column) in simplex.determined() {
            let count = counts.get(column).copied().unwrap_or(0.0);
            let part = count - count.floor();
            let inside = program
                .columns
                .get(column)
                .is_some_and(|c| c.contains(count));
            if !inside || !(1e-6..=1.0 - 1e-6).contains(&part) {
                continue;
            }
            let (down, up) = simplex.penalties(equation);
            let (down, up) = (down * part, up * (1.0 - part));
            let score = down.min(up) + 1e-3 * down.max(up).min(1e9);
            if choice.is_none_or(|(best, ..)| score > best) {
                choice = Some((score, column, count.floor(), up <= down));
            }
        }
        let (lacking, largest) = self.lacking(program, counts);
        let (low, high) = (program.low, program.high);
        if low < high && lacking > 1e-3 {
            let worth = program.price_of_load(simplex.prices()) * lacking;
            if choice.is_none_or(|(score, ..)| worth > 2.0 * score) {
                let at = crate::numeric::round_i64(largest).unwrap_or(high).min(high);
                let middle = (low + (at - low).max(0) / 2).min(high - 1);
                return Some((
                    Branch::Largest { low, high: middle },
                    Branch::Largest {
                        low: middle + 1,
                        high,
                    },
                ));
            }
        }
        if let Some((nodes, lower, upper)) = program.nodes(counts) {
            let down = nodes.floor();
            let down_to = crate::numeric::round_i64(down)?;
            let inside = (lower..upper).contains(&down_to);
            if inside && (1e-6..=1.0 - 1e-6).contains(&(nodes - down)) {
                let fewer = Branch::Nodes {
                    lower,
                    upper: down_to,
                };
                let more = Branch::Nodes {
                    lower: down_to + 1,
                    upper,
                };
                return Some(if nodes - down > 0.5 {
                    (more, fewer)
                } else {
                    (fewer, more)
                });
            }
        }
        let (column, down, up_first) = match choice {
            Some((_, column, floor, up_first)) => {
                (column, crate::numeric::round_i64(floor)?, up_first)
            }
            // All are whole, and yet it is not settled.
            None => {
                if low < high && lacking > 0.0 {
                    let middle = low + (high - low) / 2;
                    return Some((
                        Branch::Largest { low, high: middle },
                        Branch::Largest {
                            low: middle + 1,
                            high,
                        },
                    ));
                }
                let (place, column) = program
                    .columns
                    .iter()
                    .enumerate()
                    .filter(|(_, c)| c.lower < c.upper)
                    .max_by_key(|(_, c)| c.upper - c.lower)?;
                let count = counts
                    .get(place)
                    .copied()
                    .and_then(crate::numeric::round_i64)?;
                (place, count.clamp(column.lower, column.upper - 1), false)
            }
        };
        let of = program.columns.get(column)?;
        let fewer = Branch::Column {
            column,
            lower: of.lower,
            upper: down,
        };
        let more = Branch::Column {
            column,
            lower: down + 1,
            upper: of.upper,
        };
        Some(if up_first {
            (more, fewer)
        } else {
            (fewer, more)
        })
    }
}
