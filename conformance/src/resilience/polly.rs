//! Kind `breaker_polly`: what Polly 8's rules say, step by step.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, Settings, State, TimeWindow};
use serde::Deserialize;

use super::breaker::{Run, Step, one, open_wait};
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Rates in the files have six decimals.
const RATE: f64 = 0.000_000_51;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    config: Given,
    steps: Vec<Step<Expect>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    failure_ratio: f64,
    min_throughput: u32,
    sampling_ms: u64,
    break_ms: u64,
    #[serde(default = "one")]
    break_multiplier: f64,
    #[serde(default)]
    break_cap_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    state: Option<State>,
    #[serde(default, deserialize_with = "given")]
    permitted: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    throughput: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    failure_rate: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    failures: Option<u64>,
}

impl Given {
    fn config(&self) -> Config {
        let sampling = Duration::from_millis(self.sampling_ms);
        Config::polly()
            .with_failure_rate(Some(self.failure_ratio))
            .with_min_calls(self.min_throughput)
            .with_time_window(Some(TimeWindow::new(sampling, 10)))
            .with_open_wait(open_wait(
                self.break_ms,
                self.break_multiplier,
                self.break_cap_ms,
            ))
    }
}

impl Question for Case {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let settings = Settings::new(self.config.config()).map_err(|e| Refused(e.to_string()))?;
        let mut run = Run::new(CircuitBreaker::new(&settings, 1));
        for (at, step) in self.steps.iter().enumerate() {
            let done = run.step(step)?;
            let metrics = run.breaker.metrics(run.now);
            let field = |name: &str| format!("steps[{at}].{name}");
            let Expect {
                state,
                permitted,
                throughput,
                failure_rate,
                failures,
            } = done.expect;
            if let Some((expected, got)) = done.stale {
                answers.same(&field("stale"), &expected, &got);
            }
            if let (Some(expected), Some(got)) = (permitted, done.permitted) {
                answers.same(&field("permitted"), expected, &got);
            }
            let window = metrics.window;
            answers.same_if_given(&field("state"), state.as_ref(), &metrics.state);
            answers.same_if_given(&field("throughput"), throughput.as_ref(), &window.calls);
            answers.same_if_given(&field("failures"), failures.as_ref(), &window.failures);
            if let Some(expected) = failure_rate {
                // Polly gives a rate of 0 where there were no calls.
                let got = window.failures as f64 / window.calls.max(1) as f64;
                answers.check(
                    &field("failure_rate"),
                    (expected - got).abs() <= RATE,
                    expected.to_string(),
                    got.to_string(),
                );
            }
        }
        Ok(())
    }
}
