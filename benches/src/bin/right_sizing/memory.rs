//! The tables of memory: patterns of the simulator, and kinds that the rule was not made for.

use std::error::Error;
use std::ops::RangeInclusive;

use autoscale_core::RightSizingConfig;
use plimsoll_sim::vertical::{MemoryPattern, SizingOutcome, UsageSeries};

use crate::{asked_restarts, bound, ours, variants, vpa};

/// The length that the rule was tuned with.
const DAYS: usize = 28;
/// A share that is asked for is at least this.
const LEAST_SHARE: f64 = 1e-6;

struct Case {
    kind: &'static str,
    series: UsageSeries,
    vpa: SizingOutcome,
}

/// A setting, as its figures are named.
enum Setting {
    Share(f64),
    VpaShare,
    VpaShareAndRestarts,
}

impl Setting {
    const ALL: [Self; 6] = [
        Self::Share(1e-4),
        Self::Share(1e-3),
        Self::Share(1e-5),
        Self::Share(1e-6),
        Self::VpaShare,
        Self::VpaShareAndRestarts,
    ];

    fn name(&self) -> String {
        match self {
            Self::Share(share) => format!("right-sizing, {share:.0e} accepted"),
            Self::VpaShare => "right-sizing, the VPA's share accepted".to_owned(),
            Self::VpaShareAndRestarts => {
                "right-sizing, the VPA's share accepted and its restarts a day".to_owned()
            }
        }
    }

    fn config(&self, vpa: &SizingOutcome) -> RightSizingConfig {
        let config = RightSizingConfig::default();
        let share = vpa.memory.violation_share().clamp(LEAST_SHARE, 0.5);
        match self {
            Self::Share(share) => config.with_memory_violations(*share),
            Self::VpaShare => config.with_memory_violations(share),
            Self::VpaShareAndRestarts => config
                .with_memory_violations(share)
                .with_max_restarts_per_day(asked_restarts(vpa)),
        }
    }
}

/// Figures over some series.
#[derive(Default)]
struct Figures {
    series: u32,
    log_ratio: f64,
    slack: f64,
    violated: f64,
    kills: u64,
    restarts: u64,
    reached: u32,
    no_worse: u32,
    most_kills: u64,
    most_restarts: u64,
}

impl Figures {
    fn add(&mut self, slack: f64, outcome: Option<&SizingOutcome>, vpa: &SizingOutcome) {
        let ratio = slack / vpa.memory.slack();
        self.series += 1;
        self.log_ratio += ratio.ln();
        self.slack += slack;
        self.reached += u32::from(ratio <= 0.7);
        let Some(outcome) = outcome else { return };
        self.violated += outcome.memory.violation_share();
        self.kills += outcome.oom_kills;
        self.restarts += outcome.restarts;
        let share = |outcome: &SizingOutcome| outcome.memory.violation_share();
        let no_worse = share(outcome) <= share(vpa) && outcome.restarts <= vpa.restarts;
        self.no_worse += u32::from(no_worse);
        self.most_kills = self.most_kills.max(outcome.oom_kills);
        self.most_restarts = self.most_restarts.max(outcome.restarts);
    }

    fn print(&self, kind: &str) {
        let all = f64::from(self.series);
        println!(
            "  {kind:<12} {:>4.0}% {:>5.1}% {:>7}/{:<3} {:>9.1e} {:>5} {:>8} {:>8} {:>6}/{}",
            self.slack / all * 100.0,
            (1.0 - (self.log_ratio / all).exp()) * 100.0,
            self.reached,
            self.series,
            self.violated / all,
            self.kills,
            self.restarts,
            self.no_worse,
            self.most_kills,
            self.most_restarts,
        );
    }
}

/// Prints a table of figures: a line a kind, and one for all.
fn table(
    title: &str,
    cases: &[Case],
    mut figures: impl FnMut(&mut Figures, &Case) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    println!("{title}");
    let mut kinds: Vec<(&str, Figures)> = Vec::new();
    let mut all = Figures::default();
    for case in cases {
        figures(&mut all, case)?;
        let index = kinds.iter().position(|(kind, _)| *kind == case.kind);
        let index = index.unwrap_or_else(|| {
            kinds.push((case.kind, Figures::default()));
            kinds.len() - 1
        });
        figures(&mut kinds[index].1, case)?;
    }
    for (kind, figures) in &kinds {
        figures.print(kind);
    }
    all.print("all");
    Ok(())
}

fn compare(cases: &[Case]) -> Result<(), Box<dyn Error>> {
    println!(
        "  {:<12} {:>5} {:>6} {:>11} {:>9} {:>5} {:>8} {:>8} {:>6}",
        "series",
        "slack",
        "less",
        ">= 30 %",
        "violated",
        "kills",
        "restarts",
        "no worse",
        "most k/r"
    );
    table("the VPA", cases, |figures, case| {
        figures.add(case.vpa.memory.slack(), Some(&case.vpa), &case.vpa);
        Ok(())
    })?;
    table(
        "hindsight, no violation, as many changes as the VPA had restarts",
        cases,
        |figures, case| {
            let usage: Vec<f64> = case.series.memory_bytes.iter().flatten().copied().collect();
            let mean = usage.iter().sum::<f64>() / usage.len() as f64;
            let least = bound::least_request(&usage, case.vpa.restarts);
            figures.add(least / mean - 1.0, None, &case.vpa);
            Ok(())
        },
    )?;
    for setting in Setting::ALL {
        table(&setting.name(), cases, |figures, case| {
            let config = setting.config(&case.vpa).with_control_cpu(false);
            let outcome = ours(&case.series, config)?;
            figures.add(outcome.memory.slack(), Some(&outcome), &case.vpa);
            Ok(())
        })?;
    }
    Ok(())
}

/// The simulator's patterns.
pub(crate) fn patterns(seeds: RangeInclusive<u64>) -> Result<(), Box<dyn Error>> {
    let mut cases = Vec::new();
    for seed in seeds {
        for pattern in MemoryPattern::ALL {
            let series = pattern.series(seed, DAYS);
            let vpa = vpa(&series)?;
            let kind = pattern.name();
            cases.push(Case { kind, series, vpa });
        }
    }
    compare(&cases)
}

/// The kinds that the rule was not made for.
pub(crate) fn variants(seeds: RangeInclusive<u64>) -> Result<(), Box<dyn Error>> {
    let mut cases = Vec::new();
    for seed in seeds {
        for kind in variants::NAMES {
            let series = variants::series(kind, seed, DAYS);
            let vpa = vpa(&series)?;
            cases.push(Case { kind, series, vpa });
        }
    }
    compare(&cases)
}
