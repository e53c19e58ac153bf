use autoscale_core::Resource;

use super::{ResourceOutcome, SizingOutcome, SizingTimeline};

/// Vertical sizers side by side on one container's recorded use.
///
/// ```
/// use plimsoll_sim::vertical::{VerticalReport, html};
/// let report = VerticalReport {
///     series: "checkout <eu>".to_owned(),
///     from_s: 896_659_200,
///     to_s: 898_473_600,
///     step_s: 300.0,
///     tick_s: 60.0,
///     warm_up_s: 0.0,
///     command: "plimsoll replay --vertical checkout.csv".to_owned(),
///     policies: Vec::new(),
/// };
/// assert!(html(&report).contains("checkout &lt;eu&gt;"));
/// ```
#[derive(Clone, Debug, serde::Serialize)]
pub struct VerticalReport {
    /// The series' name.
    pub series: String,
    /// Start of the part that counts, in Unix seconds.
    pub from_s: u64,
    /// Its end.
    pub to_s: u64,
    /// Time between the series' values, in seconds.
    pub step_s: f64,
    /// Time between decisions, in seconds.
    pub tick_s: f64,
    /// What the sizers saw before that part, in seconds; the plots show it too.
    pub warm_up_s: f64,
    /// The command that gives the same figures again.
    pub command: String,
    /// The sizers, in the order in which they were given.
    pub policies: Vec<SizerReport>,
}

/// What became of one sizer.
///
/// With one resource in the series the figures are that resource's. With both, `slack` is their mean
/// and `violation_share` the larger one.
///
/// ```
/// use plimsoll_sim::vertical::{SizerReport, SizingOutcome};
/// let report = SizerReport::new("vpa", "vpa", &SizingOutcome::default());
/// assert_eq!(report.slack, None); // nothing was used
/// ```
#[derive(Clone, Debug, serde::Serialize)]
pub struct SizerReport {
    /// Its name.
    pub name: String,
    /// What it is: `vpa` or `right-sizing`.
    pub kind: &'static str,
    /// The accepted share of violations, for those that have one.
    pub setting: Option<f64>,
    /// What was requested beyond the use, as a share of the use.
    pub slack: Option<f64>,
    /// Share of the time that the use exceeded the request.
    pub violation_share: Option<f64>,
    /// Restarts, kills for want of memory included.
    pub restarts: u64,
    /// Restarts a day.
    pub restarts_per_day: f64,
    /// Changes of the request.
    pub resizes: u64,
    /// Kills for want of memory.
    pub oom_kills: u64,
    /// CPU in cores, where the series has it.
    pub cpu: Option<ResourceReport>,
    /// Memory in bytes, where the series has it.
    pub memory: Option<ResourceReport>,
    /// What to know about it.
    pub notes: Vec<String>,
    /// The same with other settings.
    pub sweep: Vec<SizerPoint>,
    /// The swept setting with the least slack that had no more violations and no more restarts than
    /// the VPA before it; chosen in hindsight.
    pub at_vpa_violations: Option<SizerPoint>,
    /// What the plots are made of.
    #[serde(skip)]
    pub timeline: Option<SizingTimeline>,
}

/// One resource's figures.
///
/// ```
/// use plimsoll_sim::vertical::{ResourceOutcome, ResourceReport};
/// let mut outcome = ResourceOutcome::default();
/// outcome.add(0.5, 1.0, 60.0);
/// let report = ResourceReport::new(&outcome);
/// assert_eq!((report.slack, report.mean_request), (Some(1.0), 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ResourceReport {
    /// What was requested beyond the use, as a share of the use; `None` where nothing was used.
    pub slack: Option<f64>,
    /// Share of the time that the use exceeded the request.
    pub violation_share: f64,
    /// Mean request, in cores or bytes.
    pub mean_request: f64,
    /// Mean use, in cores or bytes.
    pub mean_usage: f64,
}

/// A sizer's figures at one setting.
///
/// ```
/// use plimsoll_sim::vertical::{SizerPoint, SizingOutcome};
/// let point = SizerPoint::new(0.01, &SizingOutcome::default());
/// assert_eq!(point.setting, 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SizerPoint {
    /// The accepted share of violations.
    pub setting: f64,
    /// As in [`SizerReport`].
    pub slack: Option<f64>,
    /// As in [`SizerReport`].
    pub violation_share: Option<f64>,
    /// As in [`SizerReport`].
    pub restarts: u64,
}

impl ResourceReport {
    /// The figures of an outcome.
    #[must_use]
    pub fn new(outcome: &ResourceOutcome) -> Self {
        Self {
            slack: slack(outcome),
            violation_share: outcome.violation_share(),
            mean_request: outcome.mean_request(),
            mean_usage: outcome.mean_usage(),
        }
    }
}

impl SizerPoint {
    /// The figures of an outcome.
    #[must_use]
    pub fn new(setting: f64, outcome: &SizingOutcome) -> Self {
        let (slack, violation_share) = together(outcome);
        Self {
            setting,
            slack,
            violation_share,
            restarts: outcome.restarts,
        }
    }
}

impl SizerReport {
    /// The figures of an outcome, without setting, notes, sweep and timeline.
    #[must_use]
    pub fn new(name: &str, kind: &'static str, outcome: &SizingOutcome) -> Self {
        let (slack, violation_share) = together(outcome);
        Self {
            name: name.to_owned(),
            kind,
            setting: None,
            slack,
            violation_share,
            restarts: outcome.restarts,
            restarts_per_day: outcome.restarts_per_day(),
            resizes: outcome.resizes,
            oom_kills: outcome.oom_kills,
            cpu: recorded(outcome, Resource::Cpu).map(ResourceReport::new),
            memory: recorded(outcome, Resource::Memory).map(ResourceReport::new),
            notes: Vec::new(),
            sweep: Vec::new(),
            at_vpa_violations: None,
            timeline: None,
        }
    }

    /// Sets [`at_vpa_violations`](Self::at_vpa_violations) from the sweep.
    ///
    /// ```
    /// use plimsoll_sim::vertical::{SizerPoint, SizerReport, SizingOutcome};
    /// let vpa = SizerReport::new("vpa", "vpa", &SizingOutcome::default());
    /// let mut ours = vpa.clone();
    /// ours.sweep.push(SizerPoint::new(0.01, &SizingOutcome::default()));
    /// ours.compare(&vpa);
    /// assert_eq!(ours.at_vpa_violations, None); // nothing was used
    /// ```
    pub fn compare(&mut self, vpa: &Self) {
        let no_worse = |point: &&SizerPoint| {
            point.slack.is_some()
                && point.violation_share <= vpa.violation_share
                && point.restarts <= vpa.restarts
        };
        let least = |a: &&SizerPoint, b: &&SizerPoint| {
            let slack = |point: &SizerPoint| point.slack.unwrap_or(f64::INFINITY);
            slack(a).total_cmp(&slack(b))
        };
        self.at_vpa_violations = self.sweep.iter().filter(no_worse).min_by(least).copied();
    }

    /// One resource's figures, where the series has it.
    ///
    /// ```
    /// use autoscale_core::Resource;
    /// use plimsoll_sim::vertical::{SizerReport, SizingOutcome};
    /// let report = SizerReport::new("vpa", "vpa", &SizingOutcome::default());
    /// assert_eq!(report.resource(Resource::Cpu), None);
    /// ```
    #[must_use]
    pub const fn resource(&self, resource: Resource) -> Option<ResourceReport> {
        match resource {
            Resource::Cpu => self.cpu,
            Resource::Memory => self.memory,
        }
    }
}

/// The outcome of a resource that was used at all.
fn recorded(outcome: &SizingOutcome, resource: Resource) -> Option<&ResourceOutcome> {
    let outcome = outcome.resource(resource);
    (outcome.seconds > 0.0).then_some(outcome)
}

/// Slack and share of violations of all resources together.
fn together(outcome: &SizingOutcome) -> (Option<f64>, Option<f64>) {
    let all = || {
        Resource::ALL
            .into_iter()
            .filter_map(|r| recorded(outcome, r))
    };
    let slacks: Vec<f64> = all().filter_map(slack).collect();
    let mean = slacks.iter().sum::<f64>() / slacks.len() as f64;
    let violations = all().map(ResourceOutcome::violation_share).reduce(f64::max);
    ((!slacks.is_empty()).then_some(mean), violations)
}

/// The slack of a resource of which any was used.
fn slack(outcome: &ResourceOutcome) -> Option<f64> {
    (outcome.usage_s > 0.0).then(|| outcome.slack())
}
