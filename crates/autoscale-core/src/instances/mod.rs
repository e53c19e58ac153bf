//! Which instances carry a load at the least cost.
//!
//! **Problem.** Counts n of each (type, option), least Σ price × n, such that Σ load × n is at least
//! load × (1 + headroom), Σ load × n less the largest spot group is at least load × (1 + survivor
//! headroom), vCPU, memory and GPUs reach their minimum, and the group's rules hold. An integer
//! program; NP-hard, small in practice.
//!
//! **Method.** Branch and bound, exact. Prices are integers of 10⁻⁷, sizes of 10⁻³ (divided by their
//! largest common unit), and count and interruptions stand in the low bits of a 128-bit weight, so that
//! nothing is decided by rounding. The load of the largest spot pool is divided into ranges, and the
//! range with the smallest bound is searched first, below a limit that rises from its bound until a
//! mix is found: few columns can be part of a mix below it. Within a range the search branches on the
//! number of nodes, the range, and single counts. Every bound is that of a linear program
//! ([`simplex`]), checked with its rounding or in integers ([`program`]). With `spot_instance_pools` a
//! number of spot nodes is one mix of pools, and each number is tried.
//!
//! **Cost.** Microseconds for a handful of types, milliseconds for 500. Where hundreds of types are
//! worth nearly the same for a unit of load the steps may not suffice: then [`Mix::proven`] is false.
//!
//! **Edge cases.** No load and no minimum: no node. One spot pool: its loss is the loss of all spot
//! nodes. An offer that is used up (`max_count`) stands in for nothing else.
//!
//! Sources: Amazon EC2 Auto Scaling User Guide, "Mixed instances groups" (base, percentage and its
//! rounding, `lowest-price` over a number of pools); Spot Instance Advisor (interruption shares).
mod branch;
mod error;
mod explain;
mod fleet;
mod infeasible;
mod mix;
mod model;
mod off_peak;
mod profile;
mod program;
mod reserve;
mod rules;
mod search;
mod simplex;
mod table;

pub use error::{InstanceError, Shortfall};
pub use fleet::{
    FleetGroup, FleetSizing, IdleNodes, NodeSettings, SizingAdvice, TypeAdvice, right_size,
};
pub use mix::{CheaperMix, Constraint, Mix, NodeGroup};
pub use off_peak::{OffPeak, ScheduleBlock, ScheduleDays, off_peak};
pub use profile::HourlyProfile;
pub use reserve::{ReserveAdvice, reserve};
pub use rules::{Demand, PoolRules};
pub use table::{HOURS_PER_MONTH, InstanceType, Offer, PurchaseOption};

use model::Model;

/// Steps that [`choose`] searches before it gives the best mix found without a proof.
const STEPS: u64 = 8_000;

/// The cheapest mix of nodes that carries `demand.requests_per_minute` with its headroom, and after
/// the loss of its largest spot group (all spot nodes of one type, whichever carry most) still
/// carries the load with `survivor_headroom`; the mix satisfies the rules.
///
/// Among equally cheap mixes the one with the fewest nodes is chosen, then the one of which fewest
/// are expected to be taken back; what is still equal is decided by the order of the table. The
/// answer depends on its arguments only.
///
/// # Errors
/// [`InstanceError::Config`] where a figure is outside its range, [`InstanceError::NoPrice`] where
/// an allowed offer of a type that fits has no price (a type without any offer counts as one without
/// an on-demand price), [`InstanceError::Infeasible`] where no mix will do, with the constraint that
/// cannot be met and by how much.
///
/// ```
/// use autoscale_core::{Demand, InstanceType, Offer, PoolRules, choose};
/// let table = [
///     InstanceType::new("t3.large", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1))),
///     InstanceType::new("t3.2xlarge", 8.0, 32.0, 1000.0)
///         .with_on_demand(Some(Offer::at(0.4)))
///         .with_spot(Some(Offer::at(0.15).with_interruption_share(0.05))),
/// ];
/// let mix = choose(&table, &Demand::new(2000.0).with_headroom(0.5), &PoolRules::default())?;
/// let nodes: Vec<String> = mix.nodes.iter().map(|group| group.to_string()).collect();
/// assert_eq!(nodes, ["2 × t3.2xlarge on_demand", "1 × t3.2xlarge spot"]);
/// assert_eq!(mix.requests_per_minute_after_loss, 2000.0);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
pub fn choose(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
) -> Result<Mix, InstanceError> {
    choose_within(types, demand, rules, STEPS)
}

/// [`choose`], with at most about so many steps of search, each about 1000 sums and products, so that
/// a step takes about the same time whatever the table. Where they do not suffice, [`Mix::proven`] is
/// false and [`Mix::cost_lower_bound_per_hour`] says how much cheaper one may be.
///
/// # Errors
/// As [`choose`].
///
/// ```
/// use autoscale_core::{Demand, InstanceType, Offer, PoolRules, choose_within};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let mix = choose_within(&table, &Demand::new(90.0), &PoolRules::default(), 10_000)?;
/// assert_eq!(mix.size, 2);
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
pub fn choose_within(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
    steps: u64,
) -> Result<Mix, InstanceError> {
    table::validate(types)?;
    demand.validate()?;
    rules.validate()?;
    let mut model = Model::new(types, demand, rules)?;
    model.reduce();
    if let Some(shortfall) = infeasible::unreachable(types, demand, &model) {
        return Err(InstanceError::Infeasible(shortfall));
    }
    let full = model.clone();
    model.prepare();
    let found = search::search(&model, steps);
    let Some(counts) = found.counts else {
        return Err(infeasible::jointly(&full, found.proven, steps));
    };
    let mut mix = explain::mix(types, demand, rules, &model, &counts);
    mix.proven = found.proven;
    mix.steps = found.steps;
    if !found.proven {
        mix.cost_lower_bound_per_hour = model::price_of(found.least).min(mix.cost_per_hour);
    }
    Ok(mix)
}
