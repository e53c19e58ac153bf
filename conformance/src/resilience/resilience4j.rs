//! Kind `breaker_resilience4j`: what resilience4j did, step by step.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, HalfOpen, Settings, State, TimeWindow};
use serde::Deserialize;

use super::breaker::{Run, Step, one, open_wait};
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Rates in the files have four decimals.
const RATE: f64 = 0.000_051;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    config: Given,
    steps: Vec<Step<Expect>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    window: Window,
    window_size: u32,
    min_calls: u32,
    failure_rate: f64,
    slow_rate: f64,
    slow_call_ms: u64,
    half_open_permits: u32,
    open_wait_ms: u64,
    #[serde(default = "one")]
    open_wait_multiplier: f64,
    #[serde(default)]
    open_wait_cap_ms: Option<u64>,
    #[serde(default)]
    half_open_max_wait_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Window {
    Time,
    Count,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    state: Option<State>,
    #[serde(default, deserialize_with = "given")]
    permitted: Option<bool>,
    // Null says something here: below the minimum of calls.
    failure_rate: Option<f64>,
    slow_rate: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    buffered: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    failed: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    slow: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    slow_failed: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    rejected: Option<u32>,
}

impl Given {
    fn config(&self) -> Config {
        let config = Config::resilience4j()
            .with_failure_rate(Some(self.failure_rate))
            .with_slow_call_rate(Some(self.slow_rate))
            .with_slow_call_duration(Duration::from_millis(self.slow_call_ms))
            .with_half_open(
                HalfOpen::default()
                    .with_lease(None)
                    .with_permits(self.half_open_permits)
                    .with_max_wait(self.half_open_max_wait_ms.map(Duration::from_millis)),
            )
            .with_open_wait(open_wait(
                self.open_wait_ms,
                self.open_wait_multiplier,
                self.open_wait_cap_ms,
            ));
        match self.window {
            Window::Time => {
                let length = Duration::from_secs(u64::from(self.window_size));
                config
                    .with_count_window(None)
                    .with_time_window(Some(TimeWindow::new(length, self.window_size)))
                    .with_min_calls(self.min_calls)
            }
            Window::Count => config
                .with_count_window(Some(self.window_size))
                .with_min_calls(self.min_calls),
        }
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
                failure_rate,
                slow_rate,
                buffered,
                failed,
                slow,
                slow_failed,
                rejected,
            } = done.expect;
            if let Some((expected, got)) = done.stale {
                answers.same(&field("stale"), &expected, &got);
            }
            if let (Some(expected), Some(got)) = (permitted, done.permitted) {
                answers.same(&field("permitted"), expected, &got);
            }
            answers.same_if_given(&field("state"), state.as_ref(), &metrics.state);
            near(
                answers,
                &field("failure_rate"),
                *failure_rate,
                metrics.failure_rate,
            );
            near(
                answers,
                &field("slow_rate"),
                *slow_rate,
                metrics.slow_call_rate,
            );
            let window = metrics.window;
            answers.same_if_given(&field("buffered"), buffered.as_ref(), &window.calls);
            answers.same_if_given(&field("failed"), failed.as_ref(), &window.failures);
            answers.same_if_given(&field("slow"), slow.as_ref(), &window.slow);
            answers.same_if_given(
                &field("slow_failed"),
                slow_failed.as_ref(),
                &window.slow_failures,
            );
            answers.same_if_given(
                &field("rejected"),
                rejected.as_ref(),
                &metrics.rejected_in_period,
            );
        }
        Ok(())
    }
}

fn near(answers: &mut Comparison, field: &str, expected: Option<f64>, got: Option<f64>) {
    let agrees = match (expected, got) {
        (Some(expected), Some(got)) => (expected - got).abs() <= RATE,
        (expected, got) => expected.is_none() && got.is_none(),
    };
    answers.check(field, agrees, format!("{expected:?}"), format!("{got:?}"));
}
