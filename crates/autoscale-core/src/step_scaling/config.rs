use core::time::Duration;

use crate::activity::check_warm_up;
use crate::setters::setters;
use crate::{Alarm, ConfigError};

/// What step and simple scaling are configured with.
///
/// ```
/// use autoscale_core::{Alarm, Comparison, Gauge, StepScaling, StepScalingConfig};
/// use autoscale_core::{AdjustmentType, ScalingAction, ScalingAlarm};
/// let high = Alarm::new("cpu-high", Gauge::cpu_utilization(), Comparison::GreaterThanThreshold, 70.0);
/// let add_two = ScalingAction::simple(AdjustmentType::ChangeInCapacity, 2);
/// StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(high, add_two)]))?;
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct StepScalingConfig {
    /// The alarms with what each of them does, at least one; the largest capacity that one asks for
    /// wins.
    pub alarms: Vec<ScalingAlarm>,
    /// How long a replica warms up after its start: until then it is not part of the figures,
    /// counts as added already where more is to be added, and nothing is taken away; 0 … 1 h,
    /// default 300 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub warm_up: Duration,
}

/// An alarm and what it does. An alarm with two actions, or an action with two alarms, is listed
/// twice.
///
/// ```
/// use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
/// let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
/// let remove_one = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
/// assert_eq!(ScalingAlarm::new(low, remove_one).alarm.name, "cpu-low");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ScalingAlarm {
    /// When.
    pub alarm: Alarm,
    /// What.
    pub action: ScalingAction,
}

/// A simple or a step scaling policy.
///
/// ```
/// use autoscale_core::{AdjustmentType, ScalingAction, StepAdjustment};
/// let steps = [
///     StepAdjustment::new(Some(0.0), Some(10.0), 10),
///     StepAdjustment::new(Some(10.0), None, 30),
/// ];
/// let action = ScalingAction::step(AdjustmentType::PercentChangeInCapacity, steps);
/// assert_eq!(action.steps.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ScalingAction {
    /// One adjustment and a cooldown, or adjustments by the size of the breach and a warm-up.
    pub policy_type: PolicyType,
    /// What the adjustments are.
    pub adjustment_type: AdjustmentType,
    /// The adjustments: of a simple policy one without bounds; of a step policy at least one, with
    /// neither gap nor overlap between them, open-ended on a side where a bound lies beyond the
    /// threshold.
    pub steps: Vec<StepAdjustment>,
    /// How long after a simple policy's activity no simple policy acts; 0 … 1 d, default 300 s. A
    /// step policy has none.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub cooldown: Duration,
    /// The fewest replicas that a change in percent adds or removes; ≥ 1, none unless set.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub min_adjustment_magnitude: Option<u32>,
}

/// Whether one adjustment is made and waited for, or one by the size of the breach at any time.
///
/// ```
/// use autoscale_core::{AdjustmentType, PolicyType, ScalingAction};
/// let action = ScalingAction::simple(AdjustmentType::ChangeInCapacity, 1);
/// assert_eq!(action.policy_type, PolicyType::Simple);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PolicyType {
    /// AWS `SimpleScaling`.
    Simple,
    /// AWS `StepScaling`.
    Step,
}

/// What an adjustment is a number of, with AWS's names.
///
/// ```
/// use autoscale_core::{AdjustmentType, ScalingAction};
/// let to_five = ScalingAction::simple(AdjustmentType::ExactCapacity, 5);
/// assert_eq!(to_five.steps[0].adjustment, 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AdjustmentType {
    /// Replicas to add, or to remove where negative.
    ChangeInCapacity,
    /// The replicas to run; ≥ 0.
    ExactCapacity,
    /// Percent of the replicas to add, or to remove where negative. Beyond ±1 the result is rounded
    /// towards zero, below it away from zero.
    PercentChangeInCapacity,
}

/// An adjustment, and the breaches that it is for: where the metric lies relative to the threshold.
/// Above the threshold the lower bound belongs to the step and the upper does not; below it the
/// other way round.
///
/// ```
/// use autoscale_core::StepAdjustment;
/// let step = StepAdjustment::new(Some(10.0), Some(20.0), 30); // 60 to 70, for a threshold of 50
/// assert_eq!((step.lower_bound, step.adjustment), (Some(10.0), 30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct StepAdjustment {
    /// In the metric's unit; `None` = −∞.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub lower_bound: Option<f64>,
    /// In the metric's unit, more than the lower bound; `None` = ∞.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub upper_bound: Option<f64>,
    /// What is done, in the adjustment type's terms.
    pub adjustment: i32,
}

#[cfg(feature = "serde")]
const fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

impl StepScalingConfig {
    /// The alarms given, and a warm-up of 300 s.
    ///
    /// ```
    /// assert_eq!(autoscale_core::StepScalingConfig::new([]).warm_up.as_secs(), 300);
    /// ```
    #[must_use]
    pub fn new(alarms: impl IntoIterator<Item = ScalingAlarm>) -> Self {
        Self {
            alarms: alarms.into_iter().collect(),
            warm_up: Duration::from_secs(300),
        }
    }

    setters! {
        "StepScalingConfig::new([])";
        with_warm_up: warm_up, Duration, "Duration::from_secs(90)";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.alarms.is_empty() {
            return Err(ConfigError::Missing {
                field: "alarms".to_owned(),
                need: "at least one alarm",
            });
        }
        for (i, ScalingAlarm { alarm, action }) in self.alarms.iter().enumerate() {
            alarm.validate(&format!("alarms[{i}].alarm"))?;
            action.validate(&format!("alarms[{i}].action"))?;
        }
        check_warm_up(self.warm_up)
    }
}

impl ScalingAlarm {
    /// An alarm that does this.
    ///
    /// ```
    /// use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
    /// let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
    /// let remove_one = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
    /// assert_eq!(ScalingAlarm::new(low, remove_one.clone()).action, remove_one);
    /// ```
    #[must_use]
    pub const fn new(alarm: Alarm, action: ScalingAction) -> Self {
        Self { alarm, action }
    }
}

impl StepAdjustment {
    /// An adjustment for breaches between the bounds.
    ///
    /// ```
    /// use autoscale_core::StepAdjustment;
    /// assert_eq!(StepAdjustment::new(Some(0.0), None, 1).upper_bound, None);
    /// ```
    #[must_use]
    pub const fn new(lower_bound: Option<f64>, upper_bound: Option<f64>, adjustment: i32) -> Self {
        Self {
            lower_bound,
            upper_bound,
            adjustment,
        }
    }

    fn lower(&self) -> f64 {
        self.lower_bound.unwrap_or(f64::NEG_INFINITY) + 0.0 // no −0
    }

    fn upper(&self) -> f64 {
        self.upper_bound.unwrap_or(f64::INFINITY) + 0.0
    }

    /// Whether a breach of this size is its own; at the threshold it is the alarm's direction that
    /// tells above from below.
    pub(super) fn contains(&self, breach: f64, upwards: bool) -> bool {
        if breach > 0.0 || (breach >= 0.0 && upwards) {
            self.lower() <= breach && breach < self.upper()
        } else {
            self.lower() < breach && breach <= self.upper()
        }
    }
}

impl ScalingAction {
    /// A simple policy: one adjustment, then a cooldown of 300 s.
    ///
    /// ```
    /// use autoscale_core::{AdjustmentType, ScalingAction};
    /// let action = ScalingAction::simple(AdjustmentType::ChangeInCapacity, 2);
    /// assert_eq!(action.cooldown.as_secs(), 300);
    /// ```
    #[must_use]
    pub fn simple(adjustment_type: AdjustmentType, adjustment: i32) -> Self {
        Self {
            policy_type: PolicyType::Simple,
            ..Self::step(
                adjustment_type,
                [StepAdjustment::new(None, None, adjustment)],
            )
        }
    }

    /// A step policy: an adjustment by the size of the breach.
    ///
    /// ```
    /// use autoscale_core::{AdjustmentType, PolicyType, ScalingAction, StepAdjustment};
    /// let steps = [StepAdjustment::new(Some(0.0), None, 2)];
    /// let action = ScalingAction::step(AdjustmentType::ChangeInCapacity, steps);
    /// assert_eq!(action.policy_type, PolicyType::Step);
    /// ```
    #[must_use]
    pub fn step(
        adjustment_type: AdjustmentType,
        steps: impl IntoIterator<Item = StepAdjustment>,
    ) -> Self {
        Self {
            policy_type: PolicyType::Step,
            adjustment_type,
            steps: steps.into_iter().collect(),
            cooldown: Duration::from_secs(300),
            min_adjustment_magnitude: None,
        }
    }

    setters! {
        "ScalingAction::simple(AdjustmentType::PercentChangeInCapacity, 10)\n    ";
        with_cooldown: cooldown, Duration, "Duration::from_secs(60)";
        with_min_adjustment_magnitude: min_adjustment_magnitude, Option<u32>, "Some(2)";
    }

    fn validate(&self, path: &str) -> Result<(), ConfigError> {
        let field = |name: &str| format!("{path}.{name}");
        if self.cooldown > Duration::from_secs(86_400) {
            let given = crate::format_duration(self.cooldown);
            return Err(ConfigError::range(field("cooldown"), given, "0 … 1d"));
        }
        if let Some(least) = self.min_adjustment_magnitude
            && (least == 0 || self.adjustment_type != AdjustmentType::PercentChangeInCapacity)
        {
            let bound = "≥ 1, and given for percent-change-in-capacity only";
            return Err(ConfigError::range(
                field("min_adjustment_magnitude"),
                least,
                bound,
            ));
        }
        if self.steps.is_empty() {
            return Err(ConfigError::Missing {
                field: field("steps"),
                need: "at least one adjustment",
            });
        }
        for (i, step) in self.steps.iter().enumerate() {
            let field = |name: &str| format!("{path}.steps[{i}].{name}");
            if self.adjustment_type == AdjustmentType::ExactCapacity && step.adjustment < 0 {
                let bound = "≥ 0 for exact_capacity";
                return Err(ConfigError::range(
                    field("adjustment"),
                    step.adjustment,
                    bound,
                ));
            }
            for (name, bound) in [
                ("lower_bound", step.lower_bound),
                ("upper_bound", step.upper_bound),
            ] {
                if let Some(value) = bound.filter(|value| !value.is_finite()) {
                    return Err(ConfigError::range(field(name), value, "a finite number"));
                }
            }
            if step.lower() >= step.upper() {
                let bound = "more than lower_bound";
                return Err(ConfigError::range(
                    field("upper_bound"),
                    step.upper(),
                    bound,
                ));
            }
        }
        match self.policy_type {
            PolicyType::Simple => self.validate_simple(&field("steps")),
            PolicyType::Step => self.validate_steps(&field("steps")),
        }
    }

    fn validate_simple(&self, path: &str) -> Result<(), ConfigError> {
        match self.steps.as_slice() {
            [step] if step.lower_bound.is_none() && step.upper_bound.is_none() => Ok(()),
            steps => {
                let bound = "one without bounds for a simple policy";
                Err(ConfigError::range(
                    path,
                    format!("{} steps", steps.len()),
                    bound,
                ))
            }
        }
    }

    /// AWS's rules for step adjustments.
    fn validate_steps(&self, path: &str) -> Result<(), ConfigError> {
        let mut steps: Vec<&StepAdjustment> = self.steps.iter().collect();
        steps.sort_by(|a, b| a.lower().total_cmp(&b.lower()));
        for pair in steps.windows(2) {
            if let [a, b] = pair
                && a.upper().total_cmp(&b.lower()).is_ne()
            {
                let given = format!("{} before {}", a.upper(), b.lower());
                return Err(ConfigError::range(path, given, "without gap or overlap"));
            }
        }
        let lowest = steps.first().map_or(0.0, |s| s.lower());
        let highest = steps.last().map_or(0.0, |s| s.upper());
        if lowest == f64::NEG_INFINITY && highest == f64::INFINITY && steps.len() == 1 {
            let bound = "bounded on one side at least";
            return Err(ConfigError::range(path, "without bounds", bound));
        }
        if lowest < 0.0 && lowest.is_finite() {
            let bound = "open-ended below where a lower bound is negative";
            return Err(ConfigError::range(path, format!("from {lowest}"), bound));
        }
        if highest > 0.0 && highest.is_finite() {
            let bound = "open-ended above where an upper bound is positive";
            return Err(ConfigError::range(path, format!("up to {highest}"), bound));
        }
        Ok(())
    }
}
