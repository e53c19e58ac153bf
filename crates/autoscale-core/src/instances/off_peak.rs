//! What running fewer nodes off peak saves, as a schedule.
//!
//! The days are of a kind (all alike, or weekdays and the weekend); each kind is cut into at most
//! `max_blocks` runs of hours such that the sum of hours × the cost of the mix for the run's highest
//! load is least: a dynamic program over the 24 hours, exact for the blocks allowed, O(24² × blocks)
//! after one [`choose`] for each distinct load. The schedule is worked out without reserved nodes:
//! those are paid whether they run or not, so turning them off saves nothing; what they are good for
//! is [`reserve`](super::reserve)'s answer. A flat profile gives one block that saves nothing.

use super::profile::HourlyProfile;
use super::{
    Demand, HOURS_PER_MONTH, InstanceError, InstanceType, Mix, PoolRules, PurchaseOption, choose,
    table,
};
use crate::ConfigError;

const DAY: usize = 24;

/// Days that a block of a schedule is on.
///
/// ```
/// assert_eq!(autoscale_core::ScheduleDays::Weekend.cron(), "SAT,SUN");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ScheduleDays {
    /// All days.
    Every,
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekend,
}

impl ScheduleDays {
    /// The last field of a cron expression.
    ///
    /// ```
    /// assert_eq!(autoscale_core::ScheduleDays::Weekdays.cron(), "MON-FRI");
    /// ```
    #[must_use]
    pub const fn cron(self) -> &'static str {
        match self {
            Self::Every => "*",
            Self::Weekdays => "MON-FRI",
            Self::Weekend => "SAT,SUN",
        }
    }

    const fn days(self) -> &'static [usize] {
        match self {
            Self::Every => &[0, 1, 2, 3, 4, 5, 6],
            Self::Weekdays => &[0, 1, 2, 3, 4],
            Self::Weekend => &[5, 6],
        }
    }
}

/// A run of hours and the nodes that it needs.
///
/// ```
/// use autoscale_core::{Demand, HourlyProfile, InstanceType, Offer, PoolRules, off_peak};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let day = HourlyProfile::new((0..24).map(|hour| if hour < 8 { 100.0 } else { 900.0 }));
/// let saved = off_peak(&table, &day, &Demand::new(0.0).with_headroom(0.0), &PoolRules::default(), 3)?;
/// let night = &saved.blocks[0];
/// assert_eq!((night.from_hour, night.to_hour, night.min, night.max), (0, 8, 1, 1));
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ScheduleBlock {
    /// On which days.
    pub days: ScheduleDays,
    /// First hour, 0 … 23, local time.
    pub from_hour: u32,
    /// Hour at which it ends, 1 … 24.
    pub to_hour: u32,
    /// Nodes that its quietest hour needs.
    pub min: u32,
    /// Nodes that its busiest hour needs.
    pub max: u32,
    /// The busiest hour's requests a minute.
    pub requests_per_minute: f64,
    /// The mix for it.
    pub mix: Mix,
}

/// What a schedule saves against the fleet that carries the peak all the time.
///
/// ```
/// use autoscale_core::{Demand, HourlyProfile, InstanceType, Offer, PoolRules, off_peak};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let day = HourlyProfile::new((0..24).map(|hour| if hour < 12 { 100.0 } else { 900.0 }));
/// let saved = off_peak(&table, &day, &Demand::new(0.0).with_headroom(0.0), &PoolRules::default(), 3)?;
/// assert_eq!(saved.peak.size, 9);
/// assert!((saved.saves_per_month - 4.0 * 0.1 * 730.0).abs() < 1e-9); // 8 nodes, half of the time
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct OffPeak {
    /// The mix that carries the highest hour.
    pub peak: Mix,
    /// What it costs a month.
    pub static_cost_per_month: f64,
    /// What the schedule costs a month, with each block's `max` running all through it.
    pub cost_per_month: f64,
    /// The difference.
    pub saves_per_month: f64,
    /// The blocks: weekdays before the weekend, by the hour.
    pub blocks: Vec<ScheduleBlock>,
}

impl OffPeak {
    /// The blocks as a [`Schedule`](crate::Schedule) for [`scheduled`](crate::PolicyExt::scheduled),
    /// in the local time of this zone.
    ///
    /// ```
    /// use autoscale_core::{
    ///     Demand, Fixed, HourlyProfile, InstanceType, Offer, PolicyExt, PoolRules, off_peak,
    /// };
    /// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
    /// let day = HourlyProfile::new((0..24).map(|hour| if hour < 8 { 100.0 } else { 900.0 }));
    /// let demand = Demand::new(0.0);
    /// let saved = off_peak(&table, &day, &demand, &PoolRules::default(), 3)?;
    /// assert!(Fixed(5).scheduled(saved.schedule("Europe/Berlin")).is_ok());
    /// # Ok::<(), autoscale_core::InstanceError>(())
    /// ```
    #[cfg(feature = "schedule")]
    #[must_use]
    pub fn schedule(&self, time_zone: &str) -> crate::Schedule {
        crate::Schedule::new(self.blocks.iter().map(|block| {
            let start = format!("0 {} * * {}", block.from_hour, block.days.cron());
            let end = match block.to_hour {
                // Midnight belongs to the next day.
                24 if block.days == ScheduleDays::Every => "0 0 * * *".to_owned(),
                24 if block.days == ScheduleDays::Weekdays => "0 0 * * TUE-SAT".to_owned(),
                24 => "0 0 * * SUN,MON".to_owned(),
                hour => format!("0 {hour} * * {}", block.days.cron()),
            };
            // A whole day ends where it starts anew; then a length says the same.
            let until = if block.to_hour - block.from_hour == 24 {
                crate::ScheduleUntil::After(core::time::Duration::from_secs(86_400))
            } else {
                crate::ScheduleUntil::Cron(end)
            };
            crate::ScheduleEntry::new(start, until, time_zone)
                .with_min(Some(block.min))
                .with_max(Some(block.max))
        }))
    }
}

/// What running fewer nodes off peak saves, with at most `max_blocks` runs of hours a day.
///
/// The load comes from the profile; `demand` gives the headroom and the rest,
/// its own `requests_per_minute` is not used. Reserved offers are left out.
///
/// # Errors
/// As [`choose`]; [`InstanceError::Config`] also where the profile is not of 24 or 168 hours or
/// `max_blocks` is not 1 … 24.
///
/// ```
/// use autoscale_core::{Demand, HourlyProfile, InstanceType, Offer, PoolRules, off_peak};
/// let table = [InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))];
/// let flat = HourlyProfile::new([500.0; 168]);
/// let saved = off_peak(&table, &flat, &Demand::new(0.0), &PoolRules::default(), 3)?;
/// assert_eq!((saved.blocks.len(), saved.saves_per_month), (2, 0.0));
/// # Ok::<(), autoscale_core::InstanceError>(())
/// ```
pub fn off_peak(
    types: &[InstanceType],
    profile: &HourlyProfile,
    demand: &Demand,
    rules: &PoolRules,
    max_blocks: u32,
) -> Result<OffPeak, InstanceError> {
    table::validate(types)?;
    profile.validate()?;
    rules.validate()?;
    if !(1..=24).contains(&max_blocks) {
        return Err(ConfigError::range("max_blocks", max_blocks, "1 … 24").into());
    }
    let mut rules = rules.clone();
    rules
        .purchase_options
        .retain(|option| *option != PurchaseOption::Reserved);
    if rules.purchase_options.is_empty() {
        let field = "purchase_options";
        let bound = "on_demand or spot as well: reserved nodes are paid all the time";
        return Err(ConfigError::range(field, "reserved", bound).into());
    }
    let mut mixes = Mixes {
        types,
        demand,
        rules: &rules,
        known: Vec::new(),
    };
    let mut out = OffPeak {
        peak: mixes.of(profile.peak())?,
        ..OffPeak::default()
    };
    out.static_cost_per_month = out.peak.cost_per_month();
    let kinds: &[ScheduleDays] = if profile.requests_per_minute.len() == DAY {
        &[ScheduleDays::Every]
    } else {
        &[ScheduleDays::Weekdays, ScheduleDays::Weekend]
    };
    let mut per_week = 0.0;
    for kind in kinds {
        let mut loads = [(0.0_f64, 0.0_f64); DAY];
        for (hour, (least, most)) in loads.iter_mut().enumerate() {
            *least = profile.at(kind.days(), hour).fold(f64::INFINITY, f64::min);
            *most = profile.at(kind.days(), hour).fold(0.0, f64::max);
        }
        for (from, to) in cut(&loads.map(|(_, most)| most), max_blocks, &mut mixes)? {
            let hours = loads.get(from..to).unwrap_or_default();
            let least = hours.iter().map(|h| h.0).fold(f64::INFINITY, f64::min);
            let most = hours.iter().map(|h| h.1).fold(0.0, f64::max);
            let min = mixes.of(least)?.size;
            let mix = mixes.of(most)?;
            per_week += mix.cost_per_hour * hours_in(from, to) * f64::from(days(*kind));
            out.blocks.push(ScheduleBlock {
                days: *kind,
                from_hour: hour(from),
                to_hour: hour(to),
                // The quieter hour's cheapest mix may be of more, smaller nodes.
                min: min.min(mix.size),
                max: mix.size,
                requests_per_minute: most,
                mix,
            });
        }
    }
    out.cost_per_month = per_week / 168.0 * HOURS_PER_MONTH;
    // One block all week is the static fleet: no rounding of the sum makes it dearer or cheaper.
    out.saves_per_month = (out.peak.cost_per_hour - per_week / 168.0) * HOURS_PER_MONTH;
    if out.saves_per_month < 1e-9 * out.static_cost_per_month {
        out.saves_per_month = 0.0;
    }
    Ok(out)
}

fn hour(hour: usize) -> u32 {
    u32::try_from(hour).unwrap_or(0)
}

fn days(kind: ScheduleDays) -> u32 {
    hour(kind.days().len())
}

fn hours_in(from: usize, to: usize) -> f64 {
    crate::numeric::count_f64(to - from)
}

/// The mixes of the loads asked for so far.
struct Mixes<'a> {
    types: &'a [InstanceType],
    demand: &'a Demand,
    rules: &'a PoolRules,
    known: Vec<(u64, Mix)>,
}

impl Mixes<'_> {
    fn of(&mut self, load: f64) -> Result<Mix, InstanceError> {
        if let Some((_, mix)) = self.known.iter().find(|(bits, _)| *bits == load.to_bits()) {
            return Ok(mix.clone());
        }
        let demand = Demand {
            requests_per_minute: load,
            ..self.demand.clone()
        };
        let mix = choose(self.types, &demand, self.rules)?;
        self.known.push((load.to_bits(), mix.clone()));
        Ok(mix)
    }
}

/// The cheapest cut of a day into at most so many runs; of equally cheap ones the one with fewest.
fn cut(
    loads: &[f64; DAY],
    max_blocks: u32,
    mixes: &mut Mixes<'_>,
) -> Result<Vec<(usize, usize)>, InstanceError> {
    // best[to]: cost and cuts of the hours before `to` with the runs allowed so far.
    let mut best: Vec<Option<(f64, Vec<usize>)>> = vec![None; DAY + 1];
    if let Some(start) = best.first_mut() {
        *start = Some((0.0, vec![0]));
    }
    let mut answer: Option<(f64, Vec<usize>)> = None;
    for _ in 0..max_blocks {
        let mut next: Vec<Option<(f64, Vec<usize>)>> = vec![None; DAY + 1];
        for (from, before) in best.iter().enumerate() {
            let Some((cost, cuts)) = before else { continue };
            let mut most: f64 = 0.0;
            for (to, load) in loads.iter().enumerate().skip(from) {
                most = most.max(*load);
                let cost = cost + mixes.of(most)?.cost_per_hour * hours_in(from, to + 1);
                let Some(slot) = next.get_mut(to + 1) else {
                    continue;
                };
                if slot.as_ref().is_none_or(|(known, _)| cost < *known) {
                    let mut cuts = cuts.clone();
                    cuts.push(to + 1);
                    *slot = Some((cost, cuts));
                }
            }
        }
        best = next;
        if let Some(Some((cost, cuts))) = best.last()
            && answer
                .as_ref()
                .is_none_or(|(known, _)| *cost < known * (1.0 - 1e-9))
        {
            answer = Some((*cost, cuts.clone()));
        }
    }
    let cuts = answer.map(|(_, cuts)| cuts).unwrap_or_default();
    let runs = cuts.iter().zip(cuts.iter().skip(1));
    Ok(runs.map(|(from, to)| (*from, *to)).collect())
}
