//! Simple scaling: one adjustment, then a cooldown of the whole group.

use autoscale_core::{AdjustmentType, Reason, StageKind};

use super::{Run, above, at, below, change, policy, starting, step};
use crate::given::secs;

/// When the count changed, and to what.
fn changes(run: &mut Run<autoscale_core::StepScaling>, end: u64, units: i64) -> Vec<(u64, u32)> {
    let mut found = vec![];
    while run.now <= secs(end) {
        let now = run.now;
        let decision = run.once(at(units));
        if decision.is_change() {
            found.push((now.as_secs(), decision.replicas));
        }
    }
    found
}

/// The cooldown begins when the change is seen to be done, a tick after the decision.
#[test]
fn a_lasting_alarm_acts_after_each_cooldown() {
    let mut run = Run::new(policy([(above(50.0), change(2))]), 4);
    assert_eq!(changes(&mut run, 800, 80), [(60, 6), (375, 8), (690, 10)]);
    let mut run = Run::new(
        policy([(above(50.0), change(2).with_cooldown(secs(60)))]),
        4,
    );
    assert_eq!(
        changes(&mut run, 300, 80),
        [(60, 6), (135, 8), (210, 10), (285, 12)]
    );
}

#[test]
fn a_cooldown_is_the_groups() {
    let mut run = Run::new(
        policy([(above(50.0), change(2)), (below(20.0), change(-1))]),
        4,
    );
    assert_eq!(run.until(60, at(80)).replicas, 6);
    let held = run.until(180, at(10));
    assert_eq!((held.replicas, held.reason), (6, Reason::CoolingDown));
    assert_eq!(held.after(StageKind::Recommended), Some(5));
    assert_eq!(held.after(StageKind::Cooled), Some(6));
    assert_eq!(run.policy.next_wakeup_at(), 240);
    assert_eq!(run.until(360, at(10)).replicas, 6);
    assert_eq!(run.until(375, at(10)).replicas, 5);
}

/// A cooldown set for one policy applies to its own activity.
#[test]
fn a_policys_own_cooldown() {
    let quick = change(-1).with_cooldown(secs(30));
    let mut run = Run::new(policy([(above(50.0), change(2)), (below(20.0), quick)]), 4);
    assert_eq!(changes(&mut run, 200, 10), [(60, 3), (120, 2), (180, 1)]);
}

/// "During a cooldown period … scaling activities due to … step scaling policies … can trigger a
/// scaling activity immediately."
#[test]
fn step_policies_do_not_wait() {
    let more = step(AdjustmentType::ChangeInCapacity, 1);
    let mut run = Run::new(policy([(above(50.0), change(2)), (above(90.0), more)]), 4);
    assert_eq!(run.until(60, at(60)).replicas, 6);
    assert_eq!(run.until(120, at(100)).replicas, 7);
}

/// A step policy's activity begins no cooldown.
#[test]
fn step_policies_cool_nothing() {
    let more = step(AdjustmentType::ChangeInCapacity, 3);
    let mut run = Run::new(policy([(above(50.0), change(2)), (above(90.0), more)]), 4);
    assert_eq!(run.until(60, at(100)).replicas, 7);
    assert_eq!(run.policy.state().cooldown, None);
    assert_eq!(run.until(120, at(60)).replicas, 9);
}

/// "The cooldown period … takes effect starting when the last instance finishes launching."
#[test]
fn a_cooldown_waits_for_the_replicas() {
    let mut run = Run::new(
        policy([(above(50.0), change(2).with_cooldown(secs(60)))]),
        4,
    );
    assert_eq!(run.until(60, at(80)).replicas, 6);
    let starting = |n: u32| starting(at(80)(n), 2, None);
    assert_eq!(run.until(200, starting).replicas, 6);
    assert_eq!(
        run.policy.state().cooldown.map(|c| c.until),
        Some(secs(255))
    );
    assert_eq!(run.until(240, at(80)).replicas, 6);
    assert_eq!(run.until(255, at(80)).replicas, 8);
}

/// Replicas that never start are waited for as long as the warm-up, here 300 s from 75.
#[test]
fn a_cooldown_does_not_wait_for_ever() {
    let mut run = Run::new(
        policy([(above(50.0), change(2).with_cooldown(secs(60)))]),
        4,
    );
    assert_eq!(run.until(60, at(80)).replicas, 6);
    let stuck = |n: u32| starting(at(80)(n), 2, None);
    assert_eq!(run.until(405, stuck).replicas, 6);
    assert_eq!(run.until(420, stuck).replicas, 8);
}

/// A change that was not carried out begins no cooldown.
#[test]
fn an_unheard_change_cools_nothing() {
    let mut run = Run::new(policy([(above(50.0), change(2))]), 4);
    for _ in 0..3 {
        run.until(60, at(80));
        run.replicas = 4;
    }
    assert_eq!(run.once(at(80)).replicas, 6);
    assert_eq!(run.policy.state().cooldown, None);
}

/// A simple policy's percentage is of all that is asked for, warmed up or not.
#[test]
fn a_simple_percentage_is_of_all() {
    let action = autoscale_core::ScalingAction::simple(AdjustmentType::PercentChangeInCapacity, 50);
    let mut run = Run::new(policy([(above(50.0), action)]), 10);
    let young = |n| starting(at(80)(n), 4, Some(10));
    assert_eq!(run.until(60, young).replicas, 15);
}

trait NextWakeup {
    fn next_wakeup_at(&self) -> u64;
}

impl NextWakeup for autoscale_core::StepScaling {
    fn next_wakeup_at(&self) -> u64 {
        autoscale_core::Policy::next_wakeup(self).unwrap().as_secs()
    }
}
