//! The simulated pods: cohorts of equal ones, and how they show to a policy.

use std::collections::VecDeque;
use std::time::Duration;

use autoscale_core::{Milli, Observation, Phase, PodGroup, Readiness};

/// Tick of pods that were there long before the trace.
const LONG_AGO: i64 = -1_000_000_000;

/// Pods that started and serve from the same ticks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cohort {
    pub(crate) count: u32,
    /// First tick that is billed.
    pub(crate) started: i64,
    /// First tick of service.
    pub(crate) serves: i64,
    /// Generation of the rolling update that made it.
    pub(crate) generation: u32,
}

/// All pods, those that serve first longest first.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    cohorts: VecDeque<Cohort>,
    /// Pods that are there: serving and starting.
    pub(crate) alive: u32,
    /// Pods that serve in the current tick.
    pub(crate) serving: u32,
    /// Index of the first cohort that does not serve yet.
    starting_from: usize,
    /// Removed pods that still drain: (first tick no longer billed, count).
    draining: VecDeque<(i64, u32)>,
    pub(crate) draining_count: u64,
    /// Ticks after which a cohort's age no longer matters.
    settle: i64,
    template: PodGroup,
    spare: Vec<PodGroup>,
}

impl Fleet {
    pub(crate) fn new(count: u32, settle: i64) -> Self {
        let first = Cohort {
            count,
            started: LONG_AGO,
            serves: LONG_AGO,
            generation: 0,
        };
        Self {
            cohorts: VecDeque::from([first]),
            alive: count,
            serving: count,
            starting_from: 1,
            draining: VecDeque::new(),
            draining_count: 0,
            settle,
            template: PodGroup::running(0).with_request("app", "cpu", Milli(REQUEST_MILLI)),
            spare: Vec::new(),
        }
    }

    pub(crate) fn cohorts(&self) -> impl Iterator<Item = &Cohort> {
        self.cohorts.iter()
    }

    /// Begins a tick: started pods serve, drained ones are gone, old cohorts become one.
    pub(crate) fn advance(&mut self, tick: i64) {
        while let Some(cohort) = self.cohorts.get(self.starting_from)
            && cohort.serves <= tick
        {
            self.serving += cohort.count;
            self.starting_from += 1;
        }
        while let Some(&(until, count)) = self.draining.front()
            && until <= tick
        {
            self.draining_count -= u64::from(count);
            self.draining.pop_front();
        }
        while self.starting_from >= 2
            && self.cohorts[1].serves + self.settle <= tick
            && self.cohorts[0].generation == self.cohorts[1].generation
        {
            let merged = self.cohorts[0].count;
            self.cohorts.pop_front();
            self.starting_from -= 1;
            self.cohorts[0].count += merged;
        }
    }

    /// Adds pods that are billed from `started` and serve from `serves`.
    pub(crate) fn add(&mut self, cohort: Cohort) {
        if cohort.count == 0 {
            return;
        }
        self.alive += cohort.count;
        // Newest are last; drawn start-up times may put one before others.
        let mut at = self.cohorts.len();
        while at > self.starting_from && self.cohorts[at - 1].serves > cohort.serves {
            at -= 1;
        }
        match at.checked_sub(1).map(|i| &mut self.cohorts[i]) {
            Some(last)
                if at > self.starting_from
                    && (last.started, last.serves, last.generation)
                        == (cohort.started, cohort.serves, cohort.generation) =>
            {
                last.count += cohort.count;
            }
            _ => self.cohorts.insert(at, cohort),
        }
    }

    /// Removes pods, those that serve last first; serving ones drain until tick `drained`.
    pub(crate) fn remove_newest(&mut self, mut count: u32, now: i64, drained: i64) {
        while count > 0
            && let Some(last) = self.cohorts.back_mut()
        {
            let taken = count.min(last.count);
            last.count -= taken;
            count -= taken;
            self.alive -= taken;
            let served = self.cohorts.len() <= self.starting_from;
            if self.cohorts.back().is_some_and(|c| c.count == 0) {
                self.cohorts.pop_back();
                self.starting_from = self.starting_from.min(self.cohorts.len());
            }
            if served {
                self.serving -= taken;
                self.drain(taken, now, drained);
            }
        }
    }

    /// Removes serving pods of generations before `generation`, oldest first; gives how many.
    pub(crate) fn remove_outdated(
        &mut self,
        most: u32,
        generation: u32,
        now: i64,
        drained: i64,
    ) -> u32 {
        let mut removed = 0;
        for cohort in self.cohorts.iter_mut().take(self.starting_from) {
            if cohort.generation < generation {
                let taken = cohort.count.min(most - removed);
                cohort.count -= taken;
                removed += taken;
            }
        }
        self.serving -= removed;
        self.alive -= removed;
        self.drain(removed, now, drained);
        self.drop_empty();
        removed
    }

    /// Pods of generations before `generation`.
    pub(crate) fn outdated(&self, generation: u32) -> u32 {
        self.cohorts
            .iter()
            .filter(|c| c.generation < generation)
            .map(|c| c.count)
            .sum()
    }

    /// Takes a share of the serving pods out of service, oldest first, and gives their number.
    pub(crate) fn take_serving(&mut self, count: u32) -> u32 {
        let mut taken = 0;
        for cohort in self.cohorts.iter_mut().take(self.starting_from) {
            let part = cohort.count.min(count - taken);
            cohort.count -= part;
            taken += part;
        }
        self.serving -= taken;
        self.alive -= taken;
        self.drop_empty();
        taken
    }

    fn drain(&mut self, count: u32, now: i64, until: i64) {
        if until > now + 1 && count > 0 {
            self.draining.push_back((until, count));
            self.draining_count += u64::from(count);
        }
    }

    fn drop_empty(&mut self) {
        let mut i = 0;
        while i < self.cohorts.len() {
            if self.cohorts[i].count == 0 {
                self.cohorts.remove(i);
                if i < self.starting_from {
                    self.starting_from -= 1;
                }
            } else {
                i += 1;
            }
        }
    }

    /// Describes the pods as they are at the end of `tick`, one group a cohort.
    pub(crate) fn describe(&mut self, tick: i64, tick_length: Duration, seen: &mut Observation) {
        let groups = self.cohorts.len();
        while seen.pods.len() > groups {
            self.spare.extend(seen.pods.pop());
        }
        while seen.pods.len() < groups {
            seen.pods
                .push(self.spare.pop().unwrap_or_else(|| self.template.clone()));
        }
        for (i, (cohort, group)) in self.cohorts.iter().zip(&mut seen.pods).enumerate() {
            let serves = i < self.starting_from;
            group.count = cohort.count;
            group.phase = Phase::Running;
            group.ready = Some(if serves {
                Readiness::True
            } else {
                Readiness::False
            });
            let started = age(tick, cohort.started, tick_length);
            group.started_age = Some(started);
            group.ready_transition_age = Some(if serves {
                age(tick, cohort.serves, tick_length)
            } else {
                started
            });
        }
        seen.status_replicas = self.alive;
    }
}

/// CPU that a simulated pod requests: what it uses at its full capacity.
pub(crate) const REQUEST_MILLI: i64 = 1000;

/// Time from the beginning of `since` to the end of `tick`.
fn age(tick: i64, since: i64, length: Duration) -> Duration {
    let ticks = u32::try_from(tick + 1 - since).unwrap_or(0);
    length.saturating_mul(ticks)
}
