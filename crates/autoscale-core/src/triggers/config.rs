use core::time::Duration;

use crate::setters::setters;
use crate::{ConfigError, Gauge, Statistic, numeric};

/// The most rules that one policy may have: what it remembers stays within 1 KiB.
const MOST_RULES: usize = 16;
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Which side of its threshold a value must be on; on the threshold itself no rule is met.
///
/// ```
/// use autoscale_core::TriggerComparison;
/// assert!(TriggerComparison::Above.is_crossed(70.1, 70.0));
/// assert!(!TriggerComparison::Above.is_crossed(70.0, 70.0));
/// assert!(TriggerComparison::Below.is_crossed(29.9, 30.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TriggerComparison {
    /// Larger than the threshold.
    Above,
    /// Smaller than the threshold.
    Below,
}

impl TriggerComparison {
    /// Whether the value is on this side of the threshold.
    ///
    /// ```
    /// assert!(!autoscale_core::TriggerComparison::Below.is_crossed(30.0, 30.0));
    /// ```
    #[must_use]
    pub fn is_crossed(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::Below => value < threshold,
        }
    }
}

/// What a rule does to the count: it adds where positive, removes where negative.
///
/// ```
/// use autoscale_core::TriggerAdjustment::{Count, Percent};
/// assert_eq!(Count(2).apply(5), 7);
/// assert_eq!(Percent(10).apply(5), 6); // part of a replica more is a whole one
/// assert_eq!(Percent(-50).apply(5), 3); // part of a replica less is none
/// assert_eq!(Percent(-10).apply(5), 4); // but one at least
/// assert_eq!(Count(-9).apply(5), 1); // the last one stays
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TriggerAdjustment {
    /// So many replicas; not 0.
    Count(i32),
    /// So many percent of the current count; not 0, above −100.
    Percent(i32),
}

impl TriggerAdjustment {
    pub(super) const fn adds(self) -> bool {
        let (Self::Count(by) | Self::Percent(by)) = self;
        by > 0
    }

    /// The count that a rule with this adjustment proposes. What is added is rounded up, what is
    /// removed is rounded down, and either is one replica at least; the last replica is never
    /// removed (that is for [`activated`](crate::PolicyExt::activated)), and there is nothing to
    /// remove from 0.
    ///
    /// ```
    /// use autoscale_core::TriggerAdjustment::{Count, Percent};
    /// assert_eq!([Percent(100).apply(0), Count(-1).apply(0)], [1, 0]);
    /// ```
    #[must_use]
    pub fn apply(self, current: u32) -> u32 {
        let by = match self {
            Self::Count(by) => by.unsigned_abs(),
            Self::Percent(by) => {
                let part = f64::from(current) * f64::from(by.unsigned_abs()) / 100.0;
                let part = if by > 0 { part.ceil() } else { part };
                numeric::trunc_replicas(part).max(1)
            }
        };
        if self.adds() {
            current.saturating_add(by)
        } else {
            current.saturating_sub(by).max(current.min(1))
        }
    }
}

/// One rule: a figure, its threshold, for how long it must be crossed, and what happens then.
///
/// ```
/// use autoscale_core::{Gauge, TriggerAdjustment, TriggerRule};
/// use std::time::Duration;
/// let busy = TriggerRule::above("cpu", Gauge::cpu_utilization(), 70.0, TriggerAdjustment::Count(2))
///     .with_sustained(Duration::from_secs(240));
/// assert_eq!(busy.cooldown, Duration::from_secs(300));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct TriggerRule {
    /// Name, unique among the policy's rules; a reconfigured policy knows its rules by it.
    pub name: String,
    /// The figure.
    pub gauge: Gauge,
    /// On which side of the threshold it must be.
    pub comparison: TriggerComparison,
    /// What it is compared with, in the gauge's unit; finite and ≥ 0.
    pub threshold: f64,
    /// For how long it must have been there without a break; default 5 m, 0 = at once.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub sustained: Duration,
    /// What is proposed then.
    pub adjustment: TriggerAdjustment,
    /// How long after a change of its own the rule rests, and how long after it no rule removes
    /// anything; above 0, default 5 m.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub cooldown: Duration,
}

#[cfg(feature = "serde")]
const fn five_minutes() -> Duration {
    FIVE_MINUTES
}

impl TriggerRule {
    /// A rule for values above a threshold, of 5 minutes and as much cooldown.
    ///
    /// ```
    /// use autoscale_core::{Gauge, Statistic, TriggerAdjustment, TriggerRule, TriggerComparison};
    /// let queue = Gauge::new(Statistic::Value);
    /// let rule = TriggerRule::above("queue", queue, 100.0, TriggerAdjustment::Percent(50));
    /// assert_eq!(rule.comparison, TriggerComparison::Above);
    /// ```
    #[must_use]
    pub fn above(
        name: impl Into<String>,
        gauge: Gauge,
        threshold: f64,
        adjustment: TriggerAdjustment,
    ) -> Self {
        Self {
            name: name.into(),
            gauge,
            comparison: TriggerComparison::Above,
            threshold,
            sustained: FIVE_MINUTES,
            adjustment,
            cooldown: FIVE_MINUTES,
        }
    }

    /// The same for values below it.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TriggerAdjustment, TriggerRule};
    /// let idle = Gauge::cpu_utilization();
    /// let rule = TriggerRule::below("idle", idle, 30.0, TriggerAdjustment::Count(-1));
    /// assert_eq!(rule.threshold, 30.0);
    /// ```
    #[must_use]
    pub fn below(
        name: impl Into<String>,
        gauge: Gauge,
        threshold: f64,
        adjustment: TriggerAdjustment,
    ) -> Self {
        Self {
            comparison: TriggerComparison::Below,
            ..Self::above(name, gauge, threshold, adjustment)
        }
    }

    setters! {
        with_sustained: sustained, Duration;
        with_cooldown: cooldown, Duration;
    }

    fn validate(&self, index: usize) -> Result<(), ConfigError> {
        let field = |name: &str| format!("rules[{index}].{name}");
        if !self.threshold.is_finite() || self.threshold < 0.0 {
            let bound = "a finite number ≥ 0";
            return Err(ConfigError::range(
                field("threshold"),
                self.threshold,
                bound,
            ));
        }
        let (by, bound) = match self.adjustment {
            TriggerAdjustment::Count(by) => (by, "other than 0"),
            TriggerAdjustment::Percent(by) => (by, "above -100 and other than 0"),
        };
        if by == 0 || matches!(self.adjustment, TriggerAdjustment::Percent(..=-100)) {
            return Err(ConfigError::range(field("adjustment"), by, bound));
        }
        if self.cooldown.is_zero() {
            return Err(ConfigError::range(
                field("cooldown"),
                "0s",
                "greater than 0",
            ));
        }
        Ok(())
    }
}

/// What [`Triggers`](crate::Triggers) is configured with.
///
/// ```
/// use autoscale_core::{Triggers, TriggersConfig};
/// let triggers = Triggers::new(TriggersConfig::web_service(1000.0))?;
/// assert_eq!(triggers.config().rules.len(), 6);
/// assert!(Triggers::new(TriggersConfig::new([])).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct TriggersConfig {
    /// The rules, 1 … 16; their order does not matter.
    pub rules: Vec<TriggerRule>,
}

impl TriggersConfig {
    /// These rules.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TriggerAdjustment, TriggerRule, TriggersConfig};
    /// let busy = Gauge::cpu_utilization();
    /// let busy = TriggerRule::above("cpu", busy, 70.0, TriggerAdjustment::Count(2));
    /// assert_eq!(TriggersConfig::new([busy]).rules.len(), 1);
    /// ```
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = TriggerRule>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
        }
    }

    /// What scaling guides of web services commonly ask for. Readings, in this order: CPU and
    /// memory samples of the pods, the p95 response time in seconds, requests a minute (of the pods,
    /// or in total), connections in use in percent of the most there may be.
    ///
    /// | rule | crossed | for | then |
    /// |---|---|---|---|
    /// | `cpu` | > 70 % of the request | 4 m | +2 |
    /// | `memory` | > 80 % of the request | 5 m | +2 |
    /// | `response-time` | p95 > 2 s | 10 m | +2 |
    /// | `requests` | > `requests_per_minute` a replica | 4 m | +2 |
    /// | `connections` | > 80 % | 5 m | +2 |
    /// | `idle` | CPU < 30 % of the request | 5 m | −1 |
    ///
    /// The thresholds are those of one guide, which says no more than "sustained"; 4 m is the CPU
    /// alarm (two periods of 120 s) and +2, −1 and the 5 m cooldown the steps of another, 5 m and 10 m
    /// the alert durations of a third for load and for latency, 30 % the scale-down threshold of a
    /// fourth.
    ///
    /// ```
    /// use autoscale_core::TriggersConfig;
    /// let rules = TriggersConfig::web_service(1000.0).rules;
    /// assert_eq!((rules[3].name.as_str(), rules[3].threshold), ("requests", 1000.0));
    /// ```
    #[must_use]
    pub fn web_service(requests_per_minute: f64) -> Self {
        let utilization = |resource: &str| {
            Gauge::new(Statistic::Utilization {
                resource: resource.to_owned(),
            })
        };
        let value = |reading| Gauge::new(Statistic::Value).with_reading(reading);
        let requests = Gauge::new(Statistic::PerReplica).with_reading(3);
        let rule = |name: &str, gauge, threshold, minutes| {
            TriggerRule::above(name, gauge, threshold, TriggerAdjustment::Count(2))
                .with_sustained(Duration::from_secs(60) * minutes)
        };
        let idle = utilization("cpu");
        Self::new([
            rule("cpu", utilization("cpu"), 70.0, 4),
            rule("memory", utilization("memory").with_reading(1), 80.0, 5),
            rule("response-time", value(2), 2.0, 10),
            rule("requests", requests, requests_per_minute, 4),
            rule("connections", value(4), 80.0, 5),
            TriggerRule::below("idle", idle, 30.0, TriggerAdjustment::Count(-1)),
        ])
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=MOST_RULES).contains(&self.rules.len()) {
            return Err(ConfigError::range(
                "rules",
                format!("{} long", self.rules.len()),
                "1 … 16 long",
            ));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            rule.validate(index)?;
            if self.rules.iter().take(index).any(|r| r.name == rule.name) {
                let field = format!("rules[{index}].name");
                return Err(ConfigError::range(field, &rule.name, "unique"));
            }
        }
        Ok(())
    }
}
