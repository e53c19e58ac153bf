//! Kinds about stabilization windows: `stabilize_without_behavior`, `stabilize_with_behavior`.

use autoscale_core::{Recommendation, RecommendationLog};
use serde::Deserialize;

use super::{NOW, ago};
use crate::fields::{Seconds, given};
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// One past recommendation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecommendationInput {
    replicas: u32,
    age_s: Seconds,
}

pub(super) fn log(history: &[RecommendationInput]) -> RecommendationLog {
    RecommendationLog::from_entries(history.iter().map(|entry| Recommendation {
        replicas: entry.replicas,
        at: ago(entry.age_s),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StabilizedExpect {
    #[serde(default, deserialize_with = "given")]
    replicas: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    history_length: Option<usize>,
    #[serde(default, deserialize_with = "given")]
    history_after: Option<Vec<u32>>,
}

impl StabilizedExpect {
    fn compare(&self, answers: &mut Comparison, replicas: u32, log: &RecommendationLog) {
        answers.same_if_given("replicas", self.replicas.as_ref(), &replicas);
        let length = log.entries().len();
        answers.same_if_given("history_length", self.history_length.as_ref(), &length);
        let after: Vec<u32> = log.entries().iter().map(|e| e.replicas).collect();
        answers.same_if_given("history_after", self.history_after.as_ref(), &after);
    }
}

/// The downward window of an HPA without `behavior`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithoutBehavior {
    downscale_stabilization_s: Seconds,
    history: Vec<RecommendationInput>,
    recommended_replicas: u32,
    expect: StabilizedExpect,
}

impl Question for WithoutBehavior {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let mut log = log(&self.history);
        let window = self.downscale_stabilization_s.0;
        let replicas = log.stabilize_down(NOW, self.recommended_replicas, window);
        self.expect.compare(answers, replicas, &log);
        Ok(())
    }
}

/// Both windows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithBehavior {
    current_replicas: u32,
    recommended_replicas: u32,
    scale_up_window_s: Seconds,
    scale_down_window_s: Seconds,
    history: Vec<RecommendationInput>,
    expect: StabilizedExpect,
}

impl Question for WithBehavior {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let mut log = log(&self.history);
        let replicas = log.stabilize(
            NOW,
            self.current_replicas,
            self.recommended_replicas,
            self.scale_up_window_s.0,
            self.scale_down_window_s.0,
        );
        self.expect.compare(answers, replicas, &log);
        Ok(())
    }
}
