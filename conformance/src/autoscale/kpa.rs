//! Kind `kpa_sequence`: decisions of one Knative autoscaler, step after step.

use core::time::Duration;

use autoscale_core::{Averages, ConfigError, Kpa, KpaConfig, KpaSnapshot, KpaState};
use serde::Deserialize;

use crate::fields::{Seconds, given};
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Second 0 of the cases; late enough for times before it, and at the start of a 2 s bucket.
const ORIGIN_S: f64 = 1_000_000.0;
/// How far `excess_burst_capacity` may be from the expected one.
const BURST_SLACK: u32 = 1;

/// An autoscaler and the steps that it goes through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    config: ConfigInput,
    initial_ready: u32,
    initial_panic: Option<PanicInput>,
    steps: Vec<StepInput>,
}

/// A configuration, or the fields of it that a step changes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigInput {
    /// Which of the target's figures the averages are; it changes no decision.
    #[allow(dead_code)] // checked to be one of Knative's
    metric: Option<MetricName>,
    target_value: Option<f64>,
    total_value: Option<f64>,
    target_burst_capacity: Option<f64>,
    panic_threshold: Option<f64>,
    max_scale_up_rate: Option<f64>,
    max_scale_down_rate: Option<f64>,
    stable_window_s: Option<Seconds>,
    scale_down_delay_s: Option<Seconds>,
    activation_scale: Option<u32>,
    reachable: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MetricName {
    Concurrency,
    Rps,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PanicInput {
    since_s: f64,
    max_replicas: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepInput {
    at_s: f64,
    /// Changed before the step's decision.
    set_config: Option<ConfigInput>,
    ready: u32,
    stable: f64,
    panic: f64,
    expect: Option<StepExpect>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepExpect {
    #[serde(default, deserialize_with = "given")]
    replicas: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    excess_burst_capacity: Option<i32>,
}

impl ConfigInput {
    fn apply(self, config: &mut KpaConfig) {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut config.target_value, self.target_value);
        set(&mut config.total_value, self.total_value.map(Some));
        set(
            &mut config.target_burst_capacity,
            self.target_burst_capacity,
        );
        set(&mut config.panic_threshold, self.panic_threshold);
        set(&mut config.max_scale_up_rate, self.max_scale_up_rate);
        set(&mut config.max_scale_down_rate, self.max_scale_down_rate);
        set(&mut config.stable_window, self.stable_window_s.map(|s| s.0));
        set(
            &mut config.scale_down_delay,
            self.scale_down_delay_s.map(|s| s.0),
        );
        set(&mut config.activation_scale, self.activation_scale);
        set(&mut config.reachable, self.reachable);
    }
}

fn instant(field: &str, seconds: f64) -> Result<Duration, Refused> {
    Duration::try_from_secs_f64(ORIGIN_S + seconds)
        .map_err(|e| Refused(format!("{field}: {seconds} s: {e}")))
}

impl Sequence {
    /// The autoscaler before the first step, or the crate's refusal of its configuration.
    fn born(&self) -> Result<Result<Kpa, ConfigError>, Refused> {
        let target = self.config.target_value;
        let target = target.ok_or_else(|| Refused("config.target_value: is missing".to_owned()))?;
        let mut config = KpaConfig::new(target).with_max_sample_age(None);
        self.config.apply(&mut config);
        let start = instant("origin", 0.0)?;
        Ok(match self.initial_panic {
            None => Kpa::new(config).map(|kpa| kpa.with_initial_ready(start, self.initial_ready)),
            Some(panic) => Kpa::try_from(KpaSnapshot {
                config,
                state: KpaState {
                    born: true,
                    panic_since: Some(instant("initial_panic.since_s", panic.since_s)?),
                    max_panic_replicas: panic.max_replicas,
                    ..KpaState::default()
                },
            }),
        })
    }
}

impl Question for Sequence {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let mut kpa = match self.born()? {
            Ok(kpa) => kpa,
            Err(e) => {
                answers.refused(e);
                return Ok(());
            }
        };
        for (index, step) in self.steps.into_iter().enumerate() {
            let field = |leaf: &str| format!("steps[{index}].{leaf}");
            if let Some(change) = step.set_config {
                let mut config = kpa.config().clone();
                change.apply(&mut config);
                if let Err(e) = kpa.reconfigure(config) {
                    answers.refused(format_args!("{}: {e}", field("set_config")));
                    return Ok(());
                }
            }
            let averages = Averages {
                stable: step.stable,
                panic: step.panic,
            };
            let now = instant(&field("at_s"), step.at_s)?;
            let (replicas, stage) = kpa.scale(now, step.ready, averages);
            let Some(expect) = step.expect else { continue };
            answers.same_if_given(&field("replicas"), expect.replicas.as_ref(), &replicas);
            if let Some(expected) = expect.excess_burst_capacity {
                let got = stage.excess_burst_capacity;
                let agrees = expected.abs_diff(got) <= BURST_SLACK;
                answers.check(&field("excess_burst_capacity"), agrees, expected, got);
            }
        }
        Ok(())
    }
}
