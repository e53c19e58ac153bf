//! What runs now, and what runs when: right-sizing, schedules and reservations.

use autoscale_core::{
    InstanceError, InstanceType, PoolRules, PurchaseOption, choose, off_peak, reserve, right_size,
};

use super::answer::Sizing;
use super::offers;
use super::plan::PlanFile;
use super::report::{
    BlockReport, IdleReport, NoCost, OffPeakReport, RightSizingReport, Saving, Unit,
};
use crate::input_error::InputError;

/// The pool's rules; refuses types, rules, settings and targets that are out of their ranges.
pub(super) fn checked_rules(
    file: &PlanFile,
    types: &[InstanceType],
) -> Result<PoolRules, InputError> {
    let rules = file.plan.pool.rules();
    // Of nothing to carry only what is wrong is of interest.
    let nothing = [InstanceType::new("none", 1.0, 1.0, 1.0)];
    let types = if types.is_empty() { &nothing } else { types };
    let demand = file.plan.objective.demand(0.0);
    for (section, error) in [
        ("pool", choose(types, &demand, &rules).err()),
        (
            "right_sizing",
            right_size(types, &[], &file.plan.right_sizing(&rules)).err(),
        ),
    ] {
        if let Some(InstanceError::Config(error)) = error {
            return Err(file.refused(section, &error));
        }
    }
    if let Some(names) = &file.plan.pool.instance_types
        && names.is_empty()
    {
        let message = "pool.instance_types is empty, must name at least one type";
        return Err(file.refuse("pool.instance_types", message));
    }
    Ok(rules)
}

/// What the fleet in use should be.
pub(super) fn right_sizing(
    sizing: &mut Sizing<'_>,
    types: &[InstanceType],
) -> Result<(), InputError> {
    let plan = &sizing.file.plan;
    if plan.fleet.is_empty() {
        if sizing.file.document.has_path("right_sizing") {
            let note = "right_sizing: no fleet is given";
            sizing.report.notes.push(note.to_owned());
        }
        return Ok(());
    }
    let is_used = |kind: &InstanceType| plan.fleet.iter().any(|group| group.instance == kind.name);
    let allowed = plan.pool.instance_types.as_ref();
    let unoffered = !types.iter().any(offers::has_offer);
    let allowed = |kind: &&InstanceType| {
        let named = allowed.is_none_or(|names| names.contains(&kind.name));
        (named && (unoffered || offers::has_offer(kind))) || is_used(kind)
    };
    let types: Vec<InstanceType> = types.iter().filter(allowed).cloned().collect();
    // Of what runs the price is needed; what else could run is chosen among what has one.
    let runs = |name: &str, option| {
        let mut fleet = plan.fleet.iter();
        fleet.any(|group| group.option == option && group.instance == name)
    };
    let demand = plan.objective.demand(0.0);
    let (types, left_out) = offers::priced(&types, &demand, &sizing.rules, runs);
    for left in left_out {
        if !sizing.report.left_out.contains(&left) && sizing.report.no_cost.is_none() {
            sizing.report.left_out.push(left);
        }
    }
    let advice = match right_size(&types, &plan.fleet, &plan.right_sizing(&sizing.rules)) {
        Ok(advice) => advice,
        Err(error) => {
            if let Some(no_cost) = NoCost::of(&error) {
                let message = format!("right-sizing: no cost: {}", no_cost.message);
                sizing.report.notes.push(message);
                if sizing.report.instances.is_none() {
                    sizing.report.no_cost.get_or_insert(no_cost);
                }
                return Ok(());
            }
            if let InstanceError::Infeasible(short) = error {
                let message = format!("right-sizing: no mix will do: {short}");
                sizing.report.notes.push(message);
                return Ok(());
            }
            return Err(sizing.file.refused_instances("right_sizing", &error));
        }
    };
    let savings = &mut sizing.report.savings;
    if advice.saves_per_month > 1e-9 * advice.cost_per_month {
        savings.push(Saving {
            kind: "right_sizing",
            per_month: advice.saves_per_month,
            why: "against the fleet in use, for the work that it does".to_owned(),
        });
    }
    for idle in &advice.idle {
        savings.push(Saving {
            kind: "idle",
            per_month: idle.saves_per_month,
            why: format!("{} of the fleet in use have nothing to do", idle.nodes),
        });
    }
    let idle = advice.idle.iter().map(|idle| IdleReport {
        nodes: idle.nodes.clone(),
        saves_per_month: idle.saves_per_month,
    });
    sizing.report.right_sizing = Some(RightSizingReport {
        used_vcpu: advice.used_vcpu,
        used_memory_gib: advice.used_memory_gib,
        cost_per_month: advice.cost_per_month,
        nodes_cost_per_month: advice.mix.cost_per_month(),
        saves_per_month: advice.saves_per_month,
        carried: advice.carried,
        idle: idle.collect(),
        nodes: advice.mix.nodes,
    });
    Ok(())
}

/// What fewer nodes off peak save, and how many are worth reserving.
pub(super) fn off_peak_savings(sizing: &mut Sizing<'_>) -> Result<(), InputError> {
    let (Some(profile), Some(need)) = (&sizing.report.load.profile, &sizing.need) else {
        if sizing.file.document.has_path("off_peak") && sizing.report.load.profile.is_none() {
            let note = "off_peak: no trace and no hourly load is given";
            sizing.report.notes.push(note.to_owned());
        }
        return Ok(());
    };
    if sizing.report.no_cost.is_some() {
        return Ok(());
    }
    let options = &sizing.rules.purchase_options;
    if options
        .iter()
        .all(|option| *option == PurchaseOption::Reserved)
    {
        let note = "off-peak: reserved nodes are paid all the time: no schedule saves anything";
        sizing.report.notes.push(note.to_owned());
        return Ok(());
    }
    let load = profile.peak();
    let shared = matches!(
        sizing.report.instances.as_ref().map(|mix| mix.unit),
        Some(Unit::Replicas)
    );
    // Replicas in requests a minute: what one carries.
    let one = match (shared, sizing.file.plan.replica) {
        (false, _) => 1.0,
        (true, Some(replica)) if replica.requests_per_minute.is_some() => {
            replica.requests_per_minute.unwrap_or(1.0)
        }
        (true, _) => {
            let message = "off-peak: replica.requests_per_minute is not given";
            sizing.report.notes.push(message.to_owned());
            return Ok(());
        }
    };
    if load <= 0.0 {
        return Ok(());
    }
    let types: Vec<InstanceType> = sizing
        .types
        .iter()
        .map(|kind| {
            let mut kind = kind.clone();
            kind.requests_per_minute *= one;
            kind
        })
        .collect();
    // Every hour gets the peak's headroom and spare, as shares of its load.
    let objective = &sizing.file.plan.objective;
    let mut demand = objective.demand(load);
    demand.headroom = (need.whole * one / load - 1.0).clamp(0.0, 100.0);
    let blocks = sizing.file.plan.off_peak.max_blocks;
    match off_peak(&types, profile, &demand, &sizing.rules, blocks) {
        Ok(found) => {
            let chosen = sizing.report.instances.as_ref();
            let chosen = chosen.and_then(|mix| mix.cost_per_month);
            let all_the_time = chosen.unwrap_or(found.static_cost_per_month);
            let mut saves = all_the_time - found.cost_per_month;
            // One block all week is the chosen mix: rounding saves nothing.
            if saves.abs() < 1e-9 * all_the_time {
                saves = 0.0;
            }
            if saves > 0.0 {
                sizing.report.savings.push(Saving {
                    kind: "off_peak",
                    per_month: saves,
                    why: "by the schedule, against the chosen nodes all the time".to_owned(),
                });
            }
            let blocks = found.blocks.into_iter().map(|block| BlockReport {
                days: block.days,
                from_hour: block.from_hour,
                to_hour: block.to_hour,
                min: block.min,
                max: block.max,
                requests_per_minute: block.requests_per_minute,
                capacity: block.mix.requests_per_minute,
                cost_per_hour: block.mix.cost_per_hour,
                nodes: block.mix.nodes,
            });
            sizing.report.off_peak = Some(OffPeakReport {
                static_cost_per_month: all_the_time,
                cost_per_month: found.cost_per_month,
                saves_per_month: saves,
                utc_offset_hours: sizing.file.plan.load.utc_offset_hours.unwrap_or(0.0),
                blocks: blocks.collect(),
            });
        }
        Err(InstanceError::Config(error)) => return Err(sizing.file.refused("off_peak", &error)),
        Err(error) => sizing.report.notes.push(format!("off-peak: {error}")),
    }
    if sizing.types.iter().all(|kind| kind.reserved.is_none()) {
        return Ok(());
    }
    match reserve(&types, profile, &demand, &sizing.rules) {
        Ok(advice) => {
            if let Some(best) = advice.first().filter(|best| best.saves_per_month > 0.0) {
                sizing.report.savings.push(Saving {
                    kind: "reserve",
                    per_month: best.saves_per_month,
                    why: format!(
                        "{} × {} reserved, against none of it reserved",
                        best.reserved, best.instance
                    ),
                });
            }
            sizing.report.reserve = advice;
        }
        Err(InstanceError::Config(error)) => return Err(sizing.file.refused("pool", &error)),
        Err(error) => sizing.report.notes.push(format!("reserving: {error}")),
    }
    Ok(())
}
