//! Which offers take part.
//!
//! An offer that the table leaves out does not exist, and an offer without a price has no cost: nodes
//! are chosen among those with a price, and what that leaves out is named. Only where no mix of them
//! will do are the others counted, and then there is no cost at all.

use autoscale_core::{Demand, InstanceError, InstanceType, Offer, PoolRules, PurchaseOption};
use serde::Serialize;

use super::report::NoCost;

const OPTIONS: [PurchaseOption; 3] = [
    PurchaseOption::OnDemand,
    PurchaseOption::Reserved,
    PurchaseOption::Spot,
];

/// A type or one of its offers that no node was chosen of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct LeftOut {
    pub(super) instance: String,
    /// `None` for the whole type.
    pub(super) option: Option<PurchaseOption>,
    pub(super) reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// The type has no offer at all.
    NoOffer,
    /// The offer has no price.
    NoPrice,
}

impl LeftOut {
    /// Why there is no cost, where this is the reason.
    pub(super) fn no_cost(&self, why: &str) -> Option<NoCost> {
        let mut no_cost = NoCost::of(&InstanceError::NoPrice {
            instance: self.instance.clone(),
            option: self.option?,
        })?;
        no_cost.message.push_str(why);
        Some(no_cost)
    }
}

fn offers(kind: &mut InstanceType) -> [&mut Option<Offer>; 3] {
    [&mut kind.on_demand, &mut kind.reserved, &mut kind.spot]
}

pub(super) fn has_offer(kind: &InstanceType) -> bool {
    OPTIONS.iter().any(|option| kind.offer(*option).is_some())
}

/// The types that are offered, and those that are not; all of them where no type is.
pub(super) fn offered(types: &[InstanceType]) -> (Vec<InstanceType>, Vec<LeftOut>) {
    if !types.iter().any(has_offer) {
        return (types.to_vec(), Vec::new());
    }
    let none = types.iter().filter(|kind| !has_offer(kind));
    let left_out = none.map(|kind| LeftOut {
        instance: kind.name.clone(),
        option: None,
        reason: Reason::NoOffer,
    });
    let some = types.iter().filter(|kind| has_offer(kind));
    (some.cloned().collect(), left_out.collect())
}

/// The types with the offers that have a price, and the offers, allowed by the rules, of nodes that
/// fit, that have none; those to `keep` stay. A type without any offer has an on-demand one without
/// a price.
pub(super) fn priced(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
    keep: impl Fn(&str, PurchaseOption) -> bool,
) -> (Vec<InstanceType>, Vec<LeftOut>) {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for kind in types {
        let fits = kind.vcpu >= demand.node_vcpu && kind.memory_gib >= demand.node_memory_gib;
        let mut kind = kind.clone();
        if !has_offer(&kind) {
            kind.on_demand = Some(Offer::default());
        }
        let name = kind.name.clone();
        for (option, offer) in OPTIONS.into_iter().zip(offers(&mut kind)) {
            let unpriced =
                offer.is_some_and(|offer| offer.price_per_hour.is_none()) && !keep(&name, option);
            if unpriced {
                *offer = None;
            }
            if unpriced && fits && rules.purchase_options.contains(&option) {
                left_out.push(LeftOut {
                    instance: name.clone(),
                    option: Some(option),
                    reason: Reason::NoPrice,
                });
            }
        }
        if has_offer(&kind) {
            kept.push(kind);
        }
    }
    (kept, left_out)
}

/// The types as if every offer cost the same: what is then chosen is the fewest nodes.
pub(super) fn at_one_price(types: &[InstanceType]) -> Vec<InstanceType> {
    let mut types = types.to_vec();
    for kind in &mut types {
        if !has_offer(kind) {
            kind.on_demand = Some(Offer::default());
        }
        for offer in offers(kind).into_iter().flatten() {
            offer.price_per_hour = Some(1.0);
        }
    }
    types
}
