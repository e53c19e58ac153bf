//! Which crate answers which kind of question.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::report::Comparison;
use crate::{autoscale, cache, forecast, resilience};

/// A family of kinds, named as in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Autoscale,
    Forecast,
    Sharding,
    Replicas,
    Resilience,
    Cache,
}

impl Suite {
    const ALL: [Self; 6] = [
        Self::Autoscale,
        Self::Forecast,
        Self::Sharding,
        Self::Replicas,
        Self::Resilience,
        Self::Cache,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Autoscale => "autoscale",
            Self::Forecast => "forecast",
            Self::Sharding => "sharding",
            Self::Replicas => "replicas",
            Self::Resilience => "resilience",
            Self::Cache => "cache",
        }
    }

    /// What a file may say about all cases of a kind, and the only thing that it may say there.
    pub(crate) fn stated(self, kind: &str) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Resilience => resilience::stated(kind),
            _ => &[],
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// Why a case cannot be checked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// Takes a case without its explaining fields; gives the first difference, if there is one.
pub(crate) type Checker = fn(&Value) -> Result<Option<String>, Refused>;

/// One kind of case: its input and its expected answers.
pub(crate) trait Question: DeserializeOwned {
    /// Puts the question to the crate and compares what it answers.
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused>;
}

/// The checker of a kind.
pub(crate) fn check<Q: Question>(body: &Value) -> Result<Option<String>, Refused> {
    let question: Q = serde_path_to_error::deserialize(body).map_err(|e| {
        let path = e.path().to_string();
        Refused(match path.as_str() {
            "." => e.into_inner().to_string(),
            path => format!("{path}: {}", e.inner()),
        })
    })?;
    let mut answers = Comparison::default();
    question.ask(&mut answers)?;
    answers
        .finish()
        .ok_or_else(|| Refused("expect: holds nothing to compare".to_owned()))
}

/// `None`: the kind is not built yet.
pub(crate) fn checker(suite: Suite, kind: &str) -> Option<Checker> {
    match suite {
        Suite::Autoscale => autoscale::checker(kind),
        Suite::Cache => cache::checker(kind),
        Suite::Forecast => forecast::checker(kind),
        Suite::Resilience => resilience::checker(kind),
        Suite::Sharding | Suite::Replicas => None,
    }
}
