//! Coordinate descent over the knobs, each structure at the highest target that keeps the limit.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use autoscale_core::manifest::HorizontalPodAutoscaler;
use autoscale_core::{HpaConfig, MetricSpec};
use plimsoll_sim::{Plant, Summary, SweepPoint, in_parallel};

use super::setting::{
    DOWN_RATES, DOWN_WINDOWS, Knob, Setting, TARGETS, TOLERANCES, UP_RATES, UP_WINDOWS, tightest,
};
use crate::candidate::{Candidate, CandidateError, Fleet};
use crate::policy_file::{Around, NamedPolicy, PolicySource};
use crate::progress::Progress;

/// A structure is left only for one that is cheaper by this: what is not worth it is not turned.
const WORTH: f64 = 0.002;
/// Passes over all knobs.
const PASSES: usize = 3;
/// Where no target keeps the limit, this many times the fewest bad requests are as good: the last
/// of them may cost any number of replicas.
const ABOUT: f64 = 1.05;
/// Changes of direction a day that are accepted of any setting, and how many times those of the
/// manifest as it is: what is cheap only because it flaps is not.
const CALM_REVERSALS: f64 = 24.0;
const MORE_REVERSALS: f64 = 1.5;

/// Changes of direction a day that are accepted of a setting of this manifest.
pub(super) fn accepted_reversals(own: &Tried) -> f64 {
    CALM_REVERSALS.max(MORE_REVERSALS * own.figures.reversals_per_day)
}

/// A manifest on a fleet, and the load to try it on.
pub(super) struct Ground<'a> {
    pub(super) manifest: &'a HorizontalPodAutoscaler,
    /// Its metrics as the policy reads them.
    pub(super) metrics: &'a [MetricSpec],
    pub(super) fleet: Fleet,
    pub(super) plant: &'a Plant<'a>,
    pub(super) optimum_ticks: u64,
    /// The accepted share of bad requests.
    pub(super) limit: f64,
    /// What configurations delivered that were run before: settings often come to the same one.
    pub(super) known: Mutex<BTreeMap<String, SweepPoint>>,
}

/// What a setting must keep, and beat.
#[derive(Clone, Copy, Debug)]
struct Bar {
    bad_share: f64,
    reversals: f64,
    /// The cost of the best so far.
    cost: f64,
}

impl Bar {
    fn is_kept_by(&self, tried: &Tried) -> bool {
        let figures = &tried.figures;
        figures.bad_share <= self.bad_share && figures.reversals_per_day <= self.reversals
    }
}

/// A setting and what it delivered.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) setting: Setting,
    pub(super) figures: SweepPoint,
}

impl Tried {
    /// Whether this is better than another: keeping the limit goes before cost, and where neither
    /// keeps it, fewer bad requests do.
    pub(super) fn beats(&self, other: &Self, limit: f64) -> bool {
        let keeps = |tried: &Self| tried.figures.bad_share <= limit;
        match (keeps(self), keeps(other)) {
            (true, true) => self.figures.cost_ratio < other.figures.cost_ratio,
            (false, false) => self.figures.bad_share < other.figures.bad_share,
            (mine, _) => mine,
        }
    }
}

impl Ground<'_> {
    /// The configuration that a setting makes of the manifest.
    fn config(&self, setting: &Setting) -> Result<HpaConfig, CandidateError> {
        let manifest = setting.apply(self.manifest, self.metrics, self.fleet.capacity_rps);
        manifest.config().map_err(|error| CandidateError::Manifest {
            policy: manifest.name().to_owned(),
            message: error.to_string(),
        })
    }

    /// The policy that a setting makes of the manifest.
    pub(super) fn candidate(&self, setting: &Setting) -> Result<Candidate, CandidateError> {
        self.config(setting).and_then(|config| self.policy(config))
    }

    fn policy(&self, config: HpaConfig) -> Result<Candidate, CandidateError> {
        Candidate::new(NamedPolicy {
            at: None,
            name: self.manifest.name().to_owned(),
            source: PolicySource::Hpa(config),
            around: Around::default(),
            notes: Vec::new(),
        })
    }

    pub(super) fn run(&self, setting: &Setting) -> Result<Tried, CandidateError> {
        let config = self.config(setting)?;
        let key = format!("{config:?}");
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known().get(&key).copied();
        let figures = match before {
            Some(figures) => figures,
            None => {
                let figures = self.replay(config)?;
                known().insert(key, figures);
                figures
            }
        };
        Ok(Tried {
            setting: setting.clone(),
            figures,
        })
    }

    fn replay(&self, config: HpaConfig) -> Result<SweepPoint, CandidateError> {
        let target = tightest(&config.metrics, self.fleet.capacity_rps);
        let mut runnable = self.policy(config)?.build(None, self.fleet)?;
        let mut figures = Summary::default();
        self.plant
            .run(&mut *runnable.policy, &runnable.signals, &mut figures);
        let day = self.plant.demand().ticks_a_day();
        Ok(SweepPoint::new(target, &figures, self.optimum_ticks, day))
    }

    /// A structure at the highest target that keeps the bar, sought from `near`; given up as soon
    /// as it cannot be cheaper, since a lower target only costs more.
    fn at_best_target(
        &self,
        setting: &Setting,
        near: u32,
        bar: Bar,
    ) -> Result<Option<Tried>, CandidateError> {
        let (lowest, highest) = (*TARGETS.start(), *TARGETS.end());
        let at = |target: u32| {
            self.run(&Setting {
                target: Some(target),
                ..setting.clone()
            })
        };
        let (mut here, mut step) = (near.clamp(lowest, highest), 1);
        // The highest target that keeps it, and the lowest above that does not.
        let (mut good, mut above) = (None, None);
        while good.is_none() || above.is_none() {
            let tried = at(here)?;
            let next = if bar.is_kept_by(&tried) {
                good = Some((here, tried));
                (here + step).min(highest)
            } else if tried.figures.cost_ratio >= bar.cost {
                return Ok(good.map(|(_, tried)| tried));
            } else {
                above = Some(here);
                here.saturating_sub(step).max(lowest)
            };
            if next == here {
                break;
            }
            here = next;
            step *= 2;
        }
        let (Some((mut low, mut best)), Some(mut high)) = (good.clone(), above) else {
            return Ok(good.map(|(_, tried)| tried));
        };
        while high > low + 1 {
            let middle = low.midpoint(high);
            let tried = at(middle)?;
            if bar.is_kept_by(&tried) {
                (low, best) = (middle, tried);
            } else if tried.figures.cost_ratio >= bar.cost {
                break;
            } else {
                high = middle;
            }
        }
        Ok(Some(best))
    }

    /// Where nothing keeps the bar: the cheapest target that keeps the limit itself, or else that
    /// has about as few bad requests as any.
    fn least_bad(&self, own: &Tried) -> Result<Tried, CandidateError> {
        let settings: Vec<Setting> = TARGETS
            .map(|target| Setting {
                target: Some(target),
                ..Setting::default()
            })
            .collect();
        let tried = in_parallel(&settings, |setting| self.run(setting), |_| {});
        let tried = tried.into_iter().collect::<Result<Vec<_>, _>>()?;
        let shares = tried.iter().map(|t| t.figures.bad_share);
        let fewest = shares.fold(own.figures.bad_share, f64::min);
        let within = |t: &&Tried| t.figures.bad_share <= self.limit.max(ABOUT * fewest);
        let best = tried.iter().chain([own]).filter(within);
        let best = best.min_by(|a, b| a.figures.cost_ratio.total_cmp(&b.figures.cost_ratio));
        Ok(best.unwrap_or(own).clone())
    }

    /// The best setting found, never worse on this ground than the manifest as it is. It aims at a
    /// part of the accepted share.
    pub(super) fn search(
        &self,
        aim: f64,
        keep: &[Knob],
        minima: &[i32],
        own_target: u32,
    ) -> Result<Tried, CandidateError> {
        let turns = |knob: Knob| !keep.contains(&knob);
        let own = self.run(&Setting::default())?;
        let mut bar = Bar {
            bad_share: aim * self.limit,
            reversals: accepted_reversals(&own),
            cost: f64::INFINITY,
        };
        let try_out = |setting: &Setting, near: u32, bar: Bar| {
            if turns(Knob::Target) {
                self.at_best_target(setting, near, bar)
            } else {
                let tried = self.run(setting)?;
                Ok(bar.is_kept_by(&tried).then_some(tried))
            }
        };
        let mut best = try_out(&Setting::default(), own_target, bar)?;
        let groups = alternatives(&turns, minima);
        let total = groups.iter().map(|(_, values)| values).sum::<usize>() * PASSES;
        let mut progress = Progress::new(total);
        let mut done = 0;
        for _ in 0..PASSES {
            let mut better = false;
            for (change, values) in &groups {
                let base = best
                    .as_ref()
                    .map_or(Setting::default(), |b| b.setting.clone());
                let near = base.target.unwrap_or(own_target);
                let tries: Vec<Setting> = (0..*values)
                    .map(|value| {
                        let mut setting = base.clone();
                        change(&mut setting, value);
                        setting
                    })
                    .collect();
                bar.cost = best
                    .as_ref()
                    .map_or(f64::INFINITY, |b| b.figures.cost_ratio * (1.0 - WORTH));
                let results = in_parallel(
                    &tries,
                    |setting| try_out(setting, near, bar),
                    |count| progress.set(done + count),
                );
                done += values;
                for tried in results {
                    if let Some(tried) = tried?
                        && tried.figures.cost_ratio < bar.cost
                    {
                        bar.cost = tried.figures.cost_ratio;
                        best = Some(tried);
                        better = true;
                    }
                }
            }
            if !better {
                break;
            }
        }
        progress.finish();
        let best = match best {
            None if turns(Knob::Target) => Some(self.least_bad(&own)?),
            best => best,
        };
        Ok(best
            .filter(|best| best.beats(&own, self.limit))
            .unwrap_or(own))
    }
}

type Change<'a> = Box<dyn Fn(&mut Setting, usize) + 'a>;

/// Ways to change one thing of a setting, and how many values each has.
fn alternatives<'a>(turns: &dyn Fn(Knob) -> bool, minima: &'a [i32]) -> Vec<(Change<'a>, usize)> {
    let mut groups: Vec<(Change<'a>, usize)> = Vec::new();
    if turns(Knob::Windows) {
        groups.push((
            Box::new(|s, i| s.down.window = DOWN_WINDOWS.get(i).copied()),
            DOWN_WINDOWS.len(),
        ));
    }
    if turns(Knob::Rates) {
        groups.push((
            Box::new(|s, i| s.down.rate = DOWN_RATES.get(i).copied()),
            DOWN_RATES.len(),
        ));
    }
    if turns(Knob::Tolerance) {
        groups.push((
            Box::new(|s, i| s.up.tolerance = TOLERANCES.get(i).copied()),
            TOLERANCES.len(),
        ));
        groups.push((
            Box::new(|s, i| s.down.tolerance = TOLERANCES.get(i).copied()),
            TOLERANCES.len(),
        ));
    }
    if turns(Knob::Windows) {
        groups.push((
            Box::new(|s, i| s.up.window = UP_WINDOWS.get(i).copied()),
            UP_WINDOWS.len(),
        ));
    }
    if turns(Knob::Rates) {
        groups.push((
            Box::new(|s, i| s.up.rate = UP_RATES.get(i).copied()),
            UP_RATES.len(),
        ));
    }
    if turns(Knob::Min) {
        groups.push((
            Box::new(|s, i| s.min = minima.get(i).copied()),
            minima.len(),
        ));
    }
    groups
}
