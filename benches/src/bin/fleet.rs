//! Plans many series one after the other, as a service does that watches a fleet: `fleet [SERIES]`
//! (default 10 000), 672 hours each, a week ahead, seasons found, one limit. One thread, one series in
//! memory at a time. The series are the shipped ones, each time from another hour on and on another level.

use std::error::Error;
use std::time::{Duration, Instant};

use benches::forecast::Track;
use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
use cpu_time::ThreadTime;

const HOURS: usize = 672;

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 10_000,
    };
    let track = Track::hourly();
    let recorded: Vec<_> = track.longer(HOURS, 1).collect();
    let planner = Planner::new(PlannerConfig::default().with_max_age(Some(Duration::MAX)))?;
    let (clock, cpu) = (Instant::now(), ThreadTime::now());
    let (mut expected, mut early) = (0.0, 0);
    for index in 0..count {
        let series = recorded[index % recorded.len()];
        let from = index * 7 % (series.values.len() - HOURS);
        let factor = 1.0 + index as f64 / count as f64;
        let values = series.values[from..from + HOURS].iter();
        let values = values.map(|value| value.map(|value| value * factor));
        let history = Series::from_grid(Duration::ZERO, series.step(), values)?;
        let plan = planner.plan(&history, history.end())?;
        let breach = plan.breach(&Limit::at_least(series.most() * factor))?;
        expected += breach.probability.last().copied().unwrap_or(0.0);
        if index == 99 {
            early = peak_kib()?;
        }
    }
    let (cpu, clock) = (cpu.elapsed().as_secs_f64(), clock.elapsed().as_secs_f64());
    println!(
        "{count} series of {HOURS} h, a week ahead: {cpu:.2} s of CPU, {clock:.2} s by the clock"
    );
    println!(
        "{:.3} ms of CPU a series; {expected:.1} limits expected to be reached",
        1e3 * cpu / count as f64
    );
    println!(
        "peak memory {early} KiB after 100 series, {} KiB at the end",
        peak_kib()?
    );
    Ok(())
}

/// Most memory that the process held (Linux).
fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.ok_or("no VmHWM in /proc/self/status")?;
    Ok(kib.trim().trim_end_matches(" kB").parse()?)
}
