//! `plimsoll decide`.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use autoscale_core::{
    Activated, ActivationConfig, ConfigError, Decision, DemandForecast, Fixed, Hpa, HpaSnapshot,
    HpaState, Kpa, KpaSnapshot, KpaState, Observation, Policy, PolicyExt as _, Predictive,
    Triggers, TriggersSnapshot, TriggersState, WeightedFactors, WeightedSnapshot, WeightedState,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::candidate::Fleet;
use crate::cli::DecideArgs;
use crate::input_error::InputError;
use crate::output;
use crate::policy_file::{self, Bounds, ForecastName, PolicySource};
use crate::scaling_group::{GroupPolicy, GroupState};
use crate::seasonal::SeasonalForecast;

/// What a policy remembers from one call to the next.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Hpa(HpaState),
    Kpa(KpaState),
    Group(GroupState),
    Predictive(Box<Predictive>),
    PredictiveSeasonal(Box<Predictive<SeasonalForecast>>),
    Triggers(TriggersState),
    Weighted(WeightedState),
    /// What an activation and the policy within it remember.
    Activated {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<Box<Self>>,
        activation: serde_json::Value,
    },
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &DecideArgs) -> Result<String, InputError> {
    let file = &args.policy;
    let written: Vec<(&str, &Path)> = [("--json", &args.json), ("--state", &args.state)]
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path.as_deref()?)))
        .collect();
    output::check_apart(&written, &[("--policy", file)])?;
    let mut policies = policy_file::load(file)?;
    let policy = match (policies.pop(), policies.len()) {
        (Some(policy), 0) => policy,
        (_, more) => {
            return Err(InputError::new(
                file,
                None,
                format!("holds {} policies, must hold 1", more + 1),
            ));
        }
    };
    let state = args.state.as_deref().map_or(Ok(None), load_state)?;
    let mismatch = || {
        let path = args.state.as_deref().unwrap_or_else(|| Path::new("state"));
        InputError::new(path, None, "holds the state of another kind of policy")
    };
    let refuse = |e: ConfigError| InputError::new(file, None, e.to_string());
    let needs_capacity = || {
        let message = "target_utilization is a share of what a replica carries: give --capacity";
        InputError::new(file, None, message)
    };
    let observation = read_observation()?;
    let now = args.now.unwrap_or_default();
    if policy.around.schedule.is_some() && args.now.is_none() {
        let message = "has a schedule: say the time with --now, in seconds since the epoch";
        return Err(InputError::new(file, None, message));
    }
    let readings = policy.readings();
    if readings > 0 {
        check_readings(&observation, readings)?;
    }
    let (state, remembered) = match (state, &policy.around.activation) {
        (None, _) => (None, None),
        (Some(State::Activated { policy, activation }), Some(_)) => {
            (policy.map(|state| *state), Some(activation))
        }
        (Some(State::Activated { .. }), None) | (Some(_), Some(_)) => return Err(mismatch()),
        (Some(state), None) => (Some(state), None),
    };
    let (mut decision, mut state) = match policy.source {
        PolicySource::Hpa(config) => {
            let state = match state {
                Some(State::Hpa(state)) => state,
                Some(_) => return Err(mismatch()),
                None => HpaState::default(),
            };
            let mut hpa = Hpa::try_from(HpaSnapshot { config, state }).map_err(refuse)?;
            let decision = hpa.decide(now, &observation);
            (decision, Some(State::Hpa(hpa.state().clone())))
        }
        PolicySource::Kpa(policy) => {
            let state = match state {
                Some(State::Kpa(state)) => state,
                Some(_) => return Err(mismatch()),
                None => KpaState::default(),
            };
            let capacity = match (args.capacity, policy.target) {
                (Some(capacity), _) => capacity,
                (None, policy_file::KpaTarget::Value) => 1.0,
                (None, policy_file::KpaTarget::Utilization(_)) => {
                    return Err(needs_capacity());
                }
            };
            let config = policy.config(capacity);
            let mut kpa = Kpa::try_from(KpaSnapshot { config, state }).map_err(refuse)?;
            let decision = within(&mut kpa, policy.bounds, now, &observation).map_err(refuse)?;
            (decision, Some(State::Kpa(kpa.state().clone())))
        }
        PolicySource::Group(group) => {
            let state = match state {
                Some(State::Group(state)) => Some(state),
                Some(_) => return Err(mismatch()),
                None => None,
            };
            let bounds = group.bounds;
            let mut group = match state {
                None => GroupPolicy::new(&group).map_err(refuse)?,
                Some(state) => GroupPolicy::resume(*group, state)
                    .ok_or_else(mismatch)?
                    .map_err(refuse)?,
            };
            let decision = within(&mut group, bounds, now, &observation).map_err(refuse)?;
            (decision, Some(State::Group(group.state())))
        }
        PolicySource::Predictive(policy) => {
            let capacity = match (args.capacity, policy.target_utilization) {
                (Some(capacity), _) => capacity,
                (None, None) => 1.0,
                (None, Some(_)) => return Err(needs_capacity()),
            };
            let config = policy.config(Fleet::of_one_decision(capacity));
            match (policy.forecast, state) {
                (ForecastName::Adaptive, None) => {
                    let made = Predictive::new(config).map_err(refuse)?;
                    predict(Box::new(made), now, &observation, State::Predictive)
                }
                (ForecastName::Adaptive, Some(State::Predictive(mut state))) => {
                    state.reconfigure(config).map_err(refuse)?;
                    predict(state, now, &observation, State::Predictive)
                }
                (ForecastName::Seasonal, None) => {
                    let forecast = SeasonalForecast::of(&config);
                    let made = Predictive::with_forecast(config, forecast).map_err(refuse)?;
                    predict(Box::new(made), now, &observation, State::PredictiveSeasonal)
                }
                (ForecastName::Seasonal, Some(State::PredictiveSeasonal(mut state))) => {
                    state.reconfigure(config).map_err(refuse)?;
                    predict(state, now, &observation, State::PredictiveSeasonal)
                }
                _ => return Err(mismatch()),
            }
        }
        PolicySource::Triggers(config, bounds) => {
            let state = match state {
                Some(State::Triggers(state)) => state,
                Some(_) => return Err(mismatch()),
                None => TriggersState::default(),
            };
            let snapshot = TriggersSnapshot { config, state };
            let mut triggers = Triggers::try_from(snapshot).map_err(refuse)?;
            let decision = within(&mut triggers, bounds, now, &observation).map_err(refuse)?;
            (decision, Some(State::Triggers(triggers.state().clone())))
        }
        PolicySource::Weighted(config, bounds) => {
            let state = match state {
                Some(State::Weighted(state)) => state,
                Some(_) => return Err(mismatch()),
                None => WeightedState::default(),
            };
            let config = *config;
            let snapshot = WeightedSnapshot { config, state };
            let mut weighted = WeightedFactors::try_from(snapshot).map_err(refuse)?;
            let decision = within(&mut weighted, bounds, now, &observation).map_err(refuse)?;
            (decision, Some(State::Weighted(weighted.state().clone())))
        }
        PolicySource::Fixed(replicas) => {
            if state.is_some() {
                return Err(mismatch());
            }
            (Fixed(replicas).decide(now, &observation), None)
        }
    };
    if let Some(config) = policy.around.activation {
        let from = args.state.as_deref().unwrap_or_else(|| Path::new("state"));
        let activation;
        (decision, activation) = activate(config, remembered, decision, now, &observation)
            .map_err(|e| InputError::new(from, None, format!("activation: {e}")))?;
        state = Some(State::Activated {
            policy: state.map(Box::new),
            activation,
        });
    }
    if let Some(schedule) = policy.around.schedule {
        let mut scheduled = Made(decision).scheduled(schedule).map_err(refuse)?;
        decision = scheduled.decide(now, &observation);
    }
    let text = to_json(&decision)?;
    let state = state.map(|state| to_json(&state)).transpose()?;
    let json = args.json.as_deref().unwrap_or_else(|| Path::new("-"));
    let mut texts = vec![(json, text.as_str())];
    if let (Some(path), Some(state)) = (&args.state, &state) {
        texts.push((path, state));
    }
    output::write_all(&texts)?;
    for note in &policy.notes {
        eprintln!(
            "note: {}: {}",
            output::printable(&policy.name),
            output::printable(note)
        );
    }
    Ok(String::new())
}

/// A decision that the policy inside has made; what stands around it goes on from there.
#[derive(Debug, Serialize, Deserialize)]
struct Made(Decision);

impl Policy for Made {
    fn decide_into(&mut self, _: Duration, _: &Observation, out: &mut Decision) {
        out.clone_from(&self.0);
    }
}

/// Goes on from the policy's decision and from what the activation remembers, which only its own
/// form in files holds; gives the decision and what is remembered then.
fn activate(
    config: ActivationConfig,
    remembered: Option<serde_json::Value>,
    decision: Decision,
    now: Duration,
    observation: &Observation,
) -> Result<(Decision, serde_json::Value), serde_json::Error> {
    let mut whole = json!({ "inner": Made(decision), "config": config });
    if let Some(state) = remembered {
        whole["state"] = state;
    }
    let mut activated: Activated<Made> = serde_json::from_value(whole)?;
    let decision = activated.decide(now, observation);
    let state = serde_json::to_value(activated)?["state"].take();
    Ok((decision, state))
}

/// A predictive policy's decision, and what it remembers then.
fn predict<F: DemandForecast>(
    mut policy: Box<Predictive<F>>,
    now: Duration,
    observation: &Observation,
    state: fn(Box<Predictive<F>>) -> State,
) -> (Decision, Option<State>) {
    let decision = policy.decide(now, observation);
    (decision, Some(state(policy)))
}

/// A policy's decision, kept within bounds.
fn within(
    policy: &mut impl Policy,
    bounds: Bounds,
    now: Duration,
    observation: &Observation,
) -> Result<Decision, ConfigError> {
    let range = bounds.min.unwrap_or(0)..=bounds.max.unwrap_or(u32::MAX);
    Ok(policy.bounded(range)?.decide(now, observation))
}

fn load_state(path: &Path) -> Result<Option<State>, InputError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text).map(Some),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(InputError::unreadable(path, &e)),
    }
}

fn read_observation() -> Result<Observation, InputError> {
    let file = Path::new("standard input");
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| InputError::unreadable(file, &e))?;
    parse(file, &text)
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, InputError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let refuse = |e: &serde_json::Error, field: Option<String>| {
        let message = e.to_string();
        // The place stands in front already.
        let place = format!(" at line {} column {}", e.line(), e.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        let field = field
            .filter(|f| f != ".")
            .map_or_else(String::new, |f| format!("{f}: "));
        let at = (e.line().max(1), e.column().max(1));
        InputError::new(path, Some(at), format!("{field}{message}"))
    };
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|e| refuse(e.inner(), Some(e.path().to_string())))?;
    json.end().map_err(|e| refuse(&e, None))?;
    Ok(value)
}

fn check_readings(observation: &Observation, metrics: usize) -> Result<(), InputError> {
    let given = observation.readings.len();
    if given == metrics {
        return Ok(());
    }
    Err(InputError::new(
        "standard input",
        None,
        format!(
            "readings has {given} entries, must have {metrics}: one for each metric of the policy, in its order"
        ),
    ))
}

fn to_json<T: Serialize>(value: &T) -> Result<String, InputError> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|e| InputError::new("decision", None, e.to_string()))
}
