//! What right-sizing saves beside the Kubernetes VPA: the tables of `docs/right-sizing.md`.
//!
//! ```console
//! $ cargo run --release -p benches --bin right_sizing -- memory 401..=424
//! $ cargo run --release -p benches --bin right_sizing -- variants 1..=12
//! $ cargo run --release -p benches --bin right_sizing -- cpu FILE.csv FILE.json …
//! ```
//!
//! Slack is what was requested beyond the use, as a share of the use; *less* is how much less of it
//! than the VPA's, by the geometric mean over the series. *no worse* counts the series with no more
//! violated time and no more restarts than the VPA's. All of the time counts, the first day too.

mod bound;
mod cpu;
mod files;
mod memory;
mod variants;

use std::error::Error;
use std::ops::RangeInclusive;

use autoscale_core::{
    ContainerObservation, RightSizing, RightSizingConfig, Sizer, VerticalDecision, Vpa, VpaConfig,
};
use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, SizingOutcome, UsageSeries};

type AnySizer = dyn Sizer<Observation = ContainerObservation, Decision = VerticalDecision>;

const USAGE: &str = "usage: right_sizing memory|variants FIRST..=LAST, or right_sizing cpu FILE…";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((kind, [range])) if kind == "memory" => memory::patterns(seeds(range)?),
        Some((kind, [range])) if kind == "variants" => memory::variants(seeds(range)?),
        Some((kind, paths)) if kind == "cpu" && !paths.is_empty() => cpu::files(paths),
        _ => Err(USAGE.into()),
    }
}

fn seeds(range: &str) -> Result<RangeInclusive<u64>, Box<dyn Error>> {
    let (first, last) = range.split_once("..=").ok_or(USAGE)?;
    Ok(first.parse()?..=last.parse()?)
}

fn replay(series: &UsageSeries, sizer: &mut AnySizer) -> Result<SizingOutcome, Box<dyn Error>> {
    let mut outcome = SizingOutcome::default();
    ContainerPlant::new(series, ContainerConfig::default())?.run(sizer, &mut outcome);
    Ok(outcome)
}

fn vpa(series: &UsageSeries) -> Result<SizingOutcome, Box<dyn Error>> {
    replay(series, &mut Vpa::new(VpaConfig::default())?)
}

fn ours(series: &UsageSeries, config: RightSizingConfig) -> Result<SizingOutcome, Box<dyn Error>> {
    replay(series, &mut RightSizing::new(config)?)
}

/// Restarts a day that the VPA asked for: those that no kill made.
fn asked_restarts(vpa: &SizingOutcome) -> f64 {
    let asked = vpa.restarts.saturating_sub(vpa.oom_kills) as f64;
    (asked * 86_400.0 / vpa.seconds).clamp(0.01, 100.0)
}
