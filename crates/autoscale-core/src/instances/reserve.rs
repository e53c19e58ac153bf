//! How many nodes to reserve: the load duration curve.
//!
//! The n-th node is needed in the share u(n) of the hours that need n or more. Reserved it costs its
//! price all the time, otherwise another price for the share u(n): it pays to reserve where u(n) is
//! above the break-even share, reserved ÷ other price. As u falls with n, that is a number of nodes.
//! Here every number from none to the peak is priced, so that spot nodes above the reserved ones and
//! the rule that their loss must leave the load carried come in exactly. O(peak × hours) a type.

use super::profile::{HourlyProfile, nodes_for};
use super::{
    Constraint, Demand, HOURS_PER_MONTH, InstanceError, InstanceType, PoolRules, PurchaseOption,
    Shortfall, model, table,
};
use crate::numeric::count_f64;

/// How many nodes of one type to reserve.
///
/// ```
/// use autoscale_core::{Demand, HourlyProfile, InstanceType, Offer, PoolRules, reserve};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0)
///     .with_on_demand(Some(Offer::at(0.1)))
///     .with_reserved(Some(Offer::at(0.06)))];
/// // 2 nodes at night, 8 in eight hours of the day.
/// let day = HourlyProfile::new((0..24).map(|hour| if hour < 16 { 200.0 } else { 800.0 }));
/// let advice = &reserve(&table, &day, &Demand::new(0.0).with_headroom(0.0), &PoolRules::default())?[0];
/// assert_eq!((advice.reserved, advice.peak), (2, 8));
/// assert!((advice.break_even_share - 0.6).abs() < 1e-9);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ReserveAdvice {
    /// Name of the type.
    pub instance: String,
    /// Nodes to reserve.
    pub reserved: u32,
    /// Nodes in the busiest hour.
    pub peak: u32,
    /// Share of the hours in which a node must be needed for reserving it to pay, against an
    /// on-demand node: the reserved price ÷ the on-demand price.
    pub break_even_share: f64,
    /// Share of the hours in which the last of the reserved nodes is needed; 0 where none is.
    pub last_reserved_share: f64,
    /// Most spot nodes in any hour.
    pub spot: u32,
    /// What it costs a month.
    pub cost_per_month: f64,
    /// What that saves a month against reserving none.
    pub saves_per_month: f64,
}

/// For each type with a reserved and an on-demand price, the number of reserved nodes with which the
/// profile costs least; the cheapest type first. Types that cannot carry the peak under the rules are
/// left out.
///
/// Above the reserved nodes are spot nodes, as far as the rules, their price and the load after their
/// loss allow (of one type they are one group: without them the rest carries the load with
/// `survivor_headroom`), and on-demand nodes for the rest. Of the rules the sizes, the on-demand base,
/// the percentage (as the fewest on-demand nodes) and the purchase options count; of the demand the
/// headrooms and what a node must have.
///
/// # Errors
/// As [`choose`](super::choose); [`InstanceError::NoPrice`] where no type has both prices.
///
/// ```
/// use autoscale_core::{Demand, HourlyProfile, InstanceType, Offer, PoolRules, reserve};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let day = HourlyProfile::new([100.0; 24]);
/// let refused = reserve(&table, &day, &Demand::new(0.0), &PoolRules::default()).err();
/// let message = refused.map(|error| error.to_string());
/// assert_eq!(message.as_deref(), Some("a has no reserved price: price_per_hour is needed"));
/// ```
pub fn reserve(
    types: &[InstanceType],
    profile: &HourlyProfile,
    demand: &Demand,
    rules: &PoolRules,
) -> Result<Vec<ReserveAdvice>, InstanceError> {
    table::validate(types)?;
    profile.validate()?;
    demand.validate()?;
    rules.validate()?;
    let mut out = Vec::new();
    let mut short = None;
    let mut unpriced = None;
    for instance in types {
        if instance.vcpu < demand.node_vcpu || instance.memory_gib < demand.node_memory_gib {
            continue;
        }
        match Prices::of(instance, rules) {
            Ok(prices) => match advise(instance, &prices, profile, demand, rules) {
                Ok(advice) => out.push(advice),
                Err(shortfall) => short = short.or(Some(shortfall)),
            },
            Err(error) => unpriced = unpriced.or(Some(error)),
        }
    }
    if out.is_empty() {
        return Err(match (short, unpriced) {
            (Some(shortfall), _) => InstanceError::Infeasible(shortfall),
            (None, Some(error)) => error,
            (None, None) => InstanceError::Infeasible(model::too_small(types, demand)),
        });
    }
    out.sort_by(|a, b| a.cost_per_month.total_cmp(&b.cost_per_month));
    Ok(out)
}

struct Prices {
    on_demand: f64,
    reserved: f64,
    spot: Option<f64>,
    most_reserved: u32,
    most_spot: u32,
}

impl Prices {
    fn of(instance: &InstanceType, rules: &PoolRules) -> Result<Self, InstanceError> {
        let need = |option| {
            let offer = instance.offer(option).unwrap_or_default();
            offer
                .price_per_hour
                .ok_or_else(|| model::no_price(instance, option))
        };
        let most = |option| {
            let offer = instance.offer(option).unwrap_or_default();
            offer.max_count.unwrap_or(u32::MAX)
        };
        let spot =
            rules.purchase_options.contains(&PurchaseOption::Spot) && instance.spot.is_some();
        Ok(Self {
            on_demand: need(PurchaseOption::OnDemand)?,
            reserved: need(PurchaseOption::Reserved)?,
            spot: if spot {
                Some(need(PurchaseOption::Spot)?)
            } else {
                None
            },
            most_reserved: most(PurchaseOption::Reserved),
            most_spot: most(PurchaseOption::Spot),
        })
    }
}

fn advise(
    instance: &InstanceType,
    prices: &Prices,
    profile: &HourlyProfile,
    demand: &Demand,
    rules: &PoolRules,
) -> Result<ReserveAdvice, Shortfall> {
    let one = instance.requests_per_minute;
    let hours: Vec<Hour> = profile
        .requests_per_minute
        .iter()
        .map(|load| {
            let whole = nodes_for(load * (1.0 + demand.headroom), one, rules.min_size);
            let after_loss = nodes_for(load * (1.0 + demand.survivor_headroom), one, 0);
            // Without spot nodes nothing is lost: then the survivors are all.
            let total = whole.max(after_loss);
            Hour {
                total,
                steady: after_loss.max(rules.on_demand_nodes(total)).min(total),
            }
        })
        .collect();
    let totals: Vec<u32> = hours.iter().map(|hour| hour.total).collect();
    let peak = totals.iter().copied().max().unwrap_or(0);
    if peak > rules.max_size {
        return Err(Shortfall {
            constraint: Constraint::MaxSize,
            has: f64::from(peak),
            needs: f64::from(rules.max_size),
        });
    }
    let cost = |reserved: u32| -> f64 {
        let above = hours.iter().map(|hour| hour.cost_above(reserved, prices));
        let above: f64 = above.sum();
        f64::from(reserved) * prices.reserved + above / count_f64(hours.len())
    };
    let none = cost(0);
    let (mut best, mut least) = (0, none);
    for reserved in 1..=peak.min(prices.most_reserved) {
        let cost = cost(reserved);
        if cost < least * (1.0 - 1e-12) {
            (best, least) = (reserved, cost);
        }
    }
    let spot = hours.iter().map(|hour| hour.spot(best, prices)).max();
    Ok(ReserveAdvice {
        instance: instance.name.clone(),
        reserved: best,
        peak,
        break_even_share: prices.reserved / prices.on_demand,
        last_reserved_share: if best == 0 {
            0.0
        } else {
            HourlyProfile::share(&totals, best)
        },
        spot: spot.unwrap_or(0),
        cost_per_month: least * HOURS_PER_MONTH,
        saves_per_month: (none - least) * HOURS_PER_MONTH,
    })
}

/// What an hour needs.
struct Hour {
    /// Nodes in all.
    total: u32,
    /// Those that may not be spot.
    steady: u32,
}

impl Hour {
    /// Spot nodes above so many reserved ones.
    fn spot(&self, reserved: u32, prices: &Prices) -> u32 {
        match prices.spot {
            Some(spot) if spot < prices.on_demand => self
                .total
                .saturating_sub(self.steady.max(reserved))
                .min(prices.most_spot),
            _ => 0,
        }
    }

    fn cost_above(&self, reserved: u32, prices: &Prices) -> f64 {
        let spot = self.spot(reserved, prices);
        let on_demand = self.total.saturating_sub(reserved).saturating_sub(spot);
        f64::from(spot) * prices.spot.unwrap_or(0.0) + f64::from(on_demand) * prices.on_demand
    }
}
