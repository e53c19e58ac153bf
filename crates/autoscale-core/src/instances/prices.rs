//! Prices of the constraints that the bound over the pools does not know by itself.
//!
//! Lagrangian relaxation: a constraint Σ a x ≥ b that every mix with spot nodes satisfies may be
//! priced at any p ≥ 0: each node weighs p × a less, and p × b is added to all. The bound stays a
//! bound, and with good prices it is close. Priced are the largest size, what is asked of vCPU,
//! memory and GPUs, and the steady nodes that an on-demand percentage brings with each spot node.
//! The bound is concave in the prices: they are found one after the other by halving, twice round.

use super::PurchaseOption;
use super::bound::rate;
use super::model::{Item, Model, sized};
use super::rules::MOST_NODES;
use super::search::root;

/// What is priced.
#[derive(Clone, Copy, Debug)]
enum Priced {
    Size(usize),
    MaxSize,
    /// With so many per cent of the nodes above the base on demand.
    Percentage(u32),
}

/// Tries a price.
const TRIES: usize = 12;

/// Sets `priced`, `constant` and the order of the pools.
pub(super) fn set(model: &mut Model) {
    let mut asked: Vec<(Priced, i128)> = Vec::new();
    if let Some(percentage @ 1..=99) = model.rules.on_demand_percentage_above_base_capacity {
        asked.push((Priced::Percentage(percentage), 0));
    }
    for size in 1..4 {
        if sized(&model.whole, size) > 0 {
            asked.push((Priced::Size(size), 0));
        }
    }
    if model.rules.max_size < MOST_NODES {
        asked.push((Priced::MaxSize, 0));
    }
    apply(model, &asked);
    if model.spot.is_empty() {
        return;
    }
    let mut best = root(model);
    let asked_for = asked.len();
    for turn in 0..2 * asked_for {
        let at = turn % asked_for;
        let (mut low, mut high) = (0, asked.get(at).map_or(0, |(what, _)| most(model, *what)));
        let mut at_price = |price: i128| {
            let mut tried = asked.clone();
            if let Some(slot) = tried.get_mut(at) {
                slot.1 = price;
            }
            let value = if apply(model, &tried) {
                root(model)
            } else {
                -1
            };
            if value > best {
                best = value;
                asked = tried;
            }
            value
        };
        // Most constraints are loose: if a small price is worse than none, so are larger ones.
        if at_price(high >> 10) < at_price(0) {
            continue;
        }
        for _ in 0..TRIES {
            let third = (high - low) / 3;
            if at_price(low + third) >= at_price(high - third) {
                high -= third;
            } else {
                low += third;
            }
        }
    }
    apply(model, &asked);
}

/// A price beyond which a node would weigh less than nothing, or of no use.
fn most(model: &Model, what: Priced) -> i128 {
    let heaviest = model.items().map(|item| item.weight).max().unwrap_or(0);
    match what {
        Priced::Size(size) => model
            .items()
            .filter_map(|item| {
                item.weight
                    .checked_div(i128::from(sized(&item.sizes, size)))
            })
            .min()
            .unwrap_or(0),
        Priced::MaxSize | Priced::Percentage(_) => heaviest,
    }
}

/// Weighs all items at these prices; whether none weighs less than nothing.
fn apply(model: &mut Model, prices: &[(Priced, i128)]) -> bool {
    let rules = &model.rules;
    let base = i128::from(rules.on_demand_base_capacity);
    let mut constant = 0;
    for (what, price) in prices {
        constant += match what {
            Priced::Size(size) => price * i128::from(sized(&model.whole, *size)),
            Priced::MaxSize => -price * i128::from(rules.max_size),
            Priced::Percentage(_) => price * base,
        };
    }
    model.constant = constant;
    let weigh = |item: &Item| {
        prices.iter().fold(item.weight, |weight, (what, price)| {
            let spot = item.option == PurchaseOption::Spot;
            weight
                + match what {
                    Priced::Size(size) => -price * i128::from(sized(&item.sizes, *size)),
                    Priced::MaxSize => *price,
                    // Steady nodes − base ≥ spot nodes × percentage ÷ the rest of it.
                    Priced::Percentage(percentage) if spot => {
                        price * i128::from(*percentage) / i128::from(100 - percentage)
                    }
                    Priced::Percentage(_) => -price,
                }
        })
    };
    let mut fine = true;
    for item in model.spot.iter_mut().chain(&mut model.steady) {
        item.priced = weigh(item);
        fine &= item.priced >= 0;
    }
    if fine {
        model
            .spot
            .sort_by_cached_key(|item| (rate(item.priced, item, 0), item.row));
    }
    fine
}
