//! Kinds about how fast a count may change: `clamp_without_behavior`, `rate_limit_with_behavior`,
//! `scale_limit`, `scale_event_log`.

use autoscale_core::{
    Behavior, Change, Hpa, HpaSnapshot, HpaState, MetricSpec, Observation, PendingRescale, Policy,
    ScaleEvent, ScaleEventLog, ScaleHistory, ScalingPolicy, ScalingRules, SelectPolicy,
    legacy_limit, rate_limit,
};
use serde::Deserialize;

use super::{NOW, ago, upstream};
use crate::fields::{Seconds, given};
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// The rules of one direction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesInput {
    stabilization_window_s: Option<Seconds>,
    #[serde(default)]
    select: SelectInput,
    policies: Vec<PolicyInput>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SelectInput {
    #[default]
    Max,
    Min,
    Disabled,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyInput {
    kind: PolicyKind,
    value: u32,
    period_s: Seconds,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PolicyKind {
    Pods,
    Percent,
}

impl RulesInput {
    pub(super) fn rules(&self) -> ScalingRules {
        let policy = |policy: &PolicyInput| ScalingPolicy {
            change: match policy.kind {
                PolicyKind::Pods => Change::Pods(policy.value),
                PolicyKind::Percent => Change::Percent(policy.value),
            },
            period: policy.period_s.0,
        };
        let select = match self.select {
            SelectInput::Max => SelectPolicy::Max,
            SelectInput::Min => SelectPolicy::Min,
            SelectInput::Disabled => SelectPolicy::Disabled,
        };
        ScalingRules::scale_up()
            .with_stabilization_window(self.stabilization_window_s.map(|s| s.0))
            .with_select(select)
            .with_policies(self.policies.iter().map(policy))
    }
}

/// Both directions; the API's defaults where a direction has no rules.
pub(super) fn behavior(up: Option<&RulesInput>, down: Option<&RulesInput>) -> Behavior {
    Behavior::new(
        up.map_or_else(ScalingRules::scale_up, RulesInput::rules),
        down.map_or_else(ScalingRules::scale_down, RulesInput::rules),
    )
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventInput {
    replica_change: u32,
    age_s: Seconds,
    #[serde(default)]
    outdated: bool,
}

fn log(events: &[EventInput]) -> ScaleEventLog {
    ScaleEventLog::from_events(events.iter().map(|e| ScaleEvent {
        replica_change: e.replica_change,
        at: ago(e.age_s),
        outdated: e.outdated,
    }))
}

/// A count and what limited it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitedExpect {
    #[serde(default, deserialize_with = "given")]
    replicas: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    limit_reason: Option<String>,
}

impl LimitedExpect {
    fn compare(&self, answers: &mut Comparison, replicas: u32, reason: &str) {
        answers.same_if_given("replicas", self.replicas.as_ref(), &replicas);
        let reason = reason.to_owned();
        answers.same_if_given("limit_reason", self.limit_reason.as_ref(), &reason);
    }
}

/// Bounds and the legacy limit of an HPA without `behavior`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clamp {
    legacy_scale_up_factor: f64,
    legacy_scale_up_minimum: u32,
    current_replicas: u32,
    recommended_replicas: u32,
    min_replicas: u32,
    max_replicas: u32,
    expect: LimitedExpect,
}

impl Question for Clamp {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let (replicas, reason) = legacy_limit(
            self.current_replicas,
            self.recommended_replicas,
            self.min_replicas..=self.max_replicas,
            self.legacy_scale_up_factor,
            self.legacy_scale_up_minimum,
        );
        self.expect.compare(answers, replicas, reason.name());
        Ok(())
    }
}

/// Bounds and rate policies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimit {
    current_replicas: u32,
    recommended_replicas: u32,
    min_replicas: u32,
    max_replicas: u32,
    scale_up: Option<RulesInput>,
    scale_down: Option<RulesInput>,
    #[serde(default)]
    scale_up_events: Vec<EventInput>,
    #[serde(default)]
    scale_down_events: Vec<EventInput>,
    expect: LimitedExpect,
}

impl Question for RateLimit {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let (replicas, reason) = rate_limit(
            NOW,
            self.current_replicas,
            self.recommended_replicas,
            self.min_replicas..=self.max_replicas,
            &behavior(self.scale_up.as_ref(), self.scale_down.as_ref()),
            &log(&self.scale_up_events),
            &log(&self.scale_down_events),
        );
        self.expect.compare(answers, replicas, reason.name());
        Ok(())
    }
}

/// The limit that one direction's rules set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleLimit {
    direction: Direction,
    current_replicas: u32,
    rules: Option<RulesInput>,
    #[serde(default)]
    scale_up_events: Vec<EventInput>,
    #[serde(default)]
    scale_down_events: Vec<EventInput>,
    expect: LimitExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitExpect {
    limit: u32,
}

impl Question for ScaleLimit {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let (added, removed) = (log(&self.scale_up_events), log(&self.scale_down_events));
        let behavior = behavior(self.rules.as_ref(), self.rules.as_ref());
        let current = self.current_replicas;
        let limit = match self.direction {
            Direction::Up => behavior
                .scale_up
                .scale_up_limit(NOW, current, &added, &removed),
            Direction::Down => {
                let rules = &behavior.scale_down;
                rules.scale_down_limit(NOW, current, &added, &removed)
            }
        };
        answers.same("limit", &self.expect.limit, &limit);
        Ok(())
    }
}

/// What a carried-out change leaves in the log of its direction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLog {
    direction: Direction,
    replica_change: u32,
    lookback_s: Seconds,
    events_before: Vec<EventInput>,
    rules: Option<RulesInput>,
    expect: EventLogExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLogExpect {
    #[serde(default, deserialize_with = "given")]
    change_in_lookback_before: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    events_after: Option<Vec<EventExpect>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventExpect {
    replica_change: u32,
    outdated: bool,
}

impl EventLog {
    /// An HPA that has just asked for the change.
    fn snapshot(&self, before: ScaleEventLog) -> (HpaSnapshot, u32) {
        let (few, many) = (1, self.replica_change.saturating_add(1));
        let mut history = ScaleHistory::default();
        let (from, to) = match self.direction {
            Direction::Up => {
                history.up = before;
                (few, many)
            }
            Direction::Down => {
                history.down = before;
                (many, few)
            }
        };
        history.pending = Some(PendingRescale { from, to, at: NOW });
        let rules = self.rules.as_ref();
        let config = upstream(many, [MetricSpec::cpu_utilization(100)])
            .with_behavior(rules.map(|rules| behavior(Some(rules), Some(rules))));
        let state = HpaState {
            now: NOW,
            history,
            ..HpaState::default()
        };
        (HpaSnapshot { config, state }, to)
    }
}

impl Question for EventLog {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let before = log(&self.events_before);
        let change = before.change_within(NOW, self.lookback_s.0);
        answers.same_if_given(
            "change_in_lookback_before",
            self.expect.change_in_lookback_before.as_ref(),
            &change,
        );
        let (snapshot, carried_out) = self.snapshot(before);
        let mut hpa = match Hpa::try_from(snapshot) {
            Ok(hpa) => hpa,
            Err(e) => {
                answers.refused(e);
                return Ok(());
            }
        };
        // It learns from the count that its change was carried out; the metrics are silent.
        hpa.decide(NOW, &Observation::new(carried_out));
        let history = &hpa.state().history;
        let log = match self.direction {
            Direction::Up => &history.up,
            Direction::Down => &history.down,
        };
        let after: Vec<_> = log
            .events()
            .iter()
            .map(|e| EventExpect {
                replica_change: e.replica_change,
                outdated: e.outdated,
            })
            .collect();
        answers.same_if_given("events_after", self.expect.events_after.as_ref(), &after);
        Ok(())
    }
}
