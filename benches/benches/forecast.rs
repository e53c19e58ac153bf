//! A plan, a tracked sample and a report of `capacity-forecast` beside fits of augurs.
//!
//! Bars: a plan with backtest, intervals and the probability to reach a limit at most 0.8 ms for 672
//! hours and a week ahead, 0.4 ms for 2016 values and 12 ahead; a sample at most 2 µs and no allocation.
//! One pass is one forecast of every shipped series that is long enough, so that a row does not depend on
//! one shape of data; criterion's "elem" is a forecast. Times are the processor's, not the clock's.
//! Every method is told the seasons, unless the name says that they are found. augurs gets the gaps
//! filled beforehand, and makes no backtest.

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use benches::forecast::{AutoEts, Mstl, Recorded, Track};
use capacity_forecast::{
    CapacityPlanner, CapacityPlannerConfig, Limit, Metric, MetricKind, Planner, PlannerConfig,
    Seasons, Series, Tracker, TrackerConfig,
};
use cpu_time::ThreadTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};

/// Time of the processor: a pass is longer than the machine leaves a thread alone.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = ThreadTime;
    type Value = Duration;

    fn start(&self) -> ThreadTime {
        ThreadTime::now()
    }

    fn end(&self, start: ThreadTime) -> Duration {
        start.elapsed()
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// A history, what is asked about it, and what augurs gets.
struct Workload {
    history: Series,
    planner: Planner,
    limit: Limit,
    filled: Vec<f64>,
    seasons: Vec<usize>,
    horizon: usize,
    /// The values that came then.
    after: Vec<Option<f64>>,
}

fn planner(series: &Recorded, horizon: usize, seasons: Seasons) -> Planner {
    let config = PlannerConfig::default()
        .with_horizon(series.step() * horizon as u32)
        .with_seasons(seasons)
        .with_max_age(Some(Duration::MAX));
    Planner::new(config).expect("a good configuration")
}

impl Workload {
    fn new(series: &Recorded, count: usize, horizon: usize) -> Self {
        let history = series.window(count, horizon);
        let filled = history.fill(series.season_lengths[0]).expect("a season");
        Self {
            planner: planner(series, horizon, Seasons::Given(series.seasons())),
            limit: Limit::at_least(series.most()),
            filled: filled.values,
            seasons: series.season_lengths.clone(),
            horizon,
            after: series.values[series.values.len() - horizon..].to_vec(),
            history,
        }
    }

    fn plan(&self, planner: &Planner) -> f64 {
        let plan = planner.plan(black_box(&self.history), self.history.end());
        let plan = plan.expect("a plan");
        let breach = plan.breach(&self.limit).expect("a good limit");
        plan.point[0] + breach.probability[0]
    }

    fn mstl(&self) -> f64 {
        let seasons = self.seasons.clone();
        let forecast = Mstl { seasons }.forecast(black_box(&self.filled), self.horizon);
        forecast.expect("a forecast").point[0]
    }

    fn autoets(&self) -> f64 {
        let forecast = AutoEts.forecast(black_box(&self.filled), self.horizon);
        forecast.expect("a forecast").point[0]
    }

    fn tracker(&self) -> Tracker {
        let spare = self.history.step() * self.after.len() as u32;
        let config = TrackerConfig::default().with_spare(Some(spare));
        let series = self.history.clone();
        let now = series.end();
        Tracker::new(&self.planner, config, series, now).expect("a plan")
    }

    /// Takes some of what came, and reads the next step's forecast and interval after each sample.
    fn follow(&self, tracker: &mut Tracker, steps: Range<usize>) -> f64 {
        let step = self.history.step();
        let mut at = self.history.end() + step * steps.start as u32;
        let mut sum = 0.0;
        for value in &self.after[steps] {
            if let Some(value) = value {
                tracker.update(at, black_box(*value)).expect("in order");
            }
            let read = tracker.point(0).zip(tracker.interval(1, 0));
            sum += read.map_or(0.0, |(point, (lower, _))| point - lower);
            at += step;
        }
        sum
    }
}

fn workloads(track: &Track, count: usize, horizon: usize) -> Vec<Workload> {
    let series = track.longer(count, horizon);
    series.map(|s| Workload::new(s, count, horizon)).collect()
}

type Row<'a> = &'a dyn Fn(&Workload) -> f64;

fn rows(group: &mut BenchmarkGroup<'_, CpuTime>, all: &[Workload], rows: &[(&str, Row<'_>)]) {
    group.throughput(Throughput::Elements(all.len() as u64));
    for (name, row) in rows {
        group.bench_function(*name, |b| {
            b.iter(|| all.iter().map(row).sum::<f64>());
        });
    }
}

fn plans(c: &mut Criterion<CpuTime>) {
    for (track, count, horizon) in [
        (Track::hourly(), 672, 168),
        (Track::five_minutes(), 2016, 12),
    ] {
        let all = workloads(&track, count, horizon);
        let first = track.longer(count, horizon).next().expect("a series");
        let finds = planner(first, horizon, Seasons::Detect);
        let mut group = c.benchmark_group(format!("forecast/{count}-{horizon}"));
        group.sample_size(20);
        rows(
            &mut group,
            &all,
            &[
                ("plan", &|w| w.plan(&w.planner)),
                ("plan/seasons_found", &|w| w.plan(&finds)),
                ("augurs/mstl", &Workload::mstl),
                ("augurs/autoets", &Workload::autoets),
            ],
        );
        group.finish();
    }
}

fn tracked(c: &mut Criterion<CpuTime>) {
    let all = workloads(&Track::hourly(), 672, 168);
    let mut group = c.benchmark_group("forecast/tracked");
    let samples = all.iter().map(|w| w.after.len() as u64).sum();
    group
        .sample_size(20)
        .throughput(Throughput::Elements(samples));
    let fresh: Vec<Tracker> = all.iter().map(Workload::tracker).collect();
    let follow = |trackers: &mut [Tracker], steps: Range<usize>| {
        let pairs = all.iter().zip(trackers);
        pairs.map(|(w, t)| w.follow(t, steps.clone())).sum::<f64>()
    };
    let mut used = fresh.clone();
    // The first step that is over makes room for more.
    black_box(follow(&mut used, 0..2));
    let counted = allocation_counter::measure(|| {
        black_box(follow(&mut used, 2..168));
    });
    println!(
        "forecast/tracked: {} allocations in {} samples",
        counted.count_total,
        166 * all.len()
    );
    group.bench_function("sample", |b| {
        b.iter_batched_ref(
            || fresh.clone(),
            |trackers| follow(trackers, 0..168),
            BatchSize::LargeInput,
        );
    });
    group.throughput(Throughput::Elements(all.len() as u64));
    group.bench_function("plan", |b| {
        b.iter(|| {
            let plan = |(w, tracker): (&Workload, &Tracker)| {
                let plan = tracker.plan(tracker.series().end()).expect("not used up");
                plan.breach(&w.limit).expect("a good limit").probability[0]
            };
            all.iter().zip(&fresh).map(plan).sum::<f64>()
        });
    });
    group.finish();
}

fn reports(c: &mut Criterion<CpuTime>) {
    let track = Track::hourly();
    let series = track.longer(672, 168).next().expect("a series");
    let quiet = Metric::new("quiet", MetricKind::Other)
        .with_limit(Limit::at_least(10.0 * series.most()))
        .with_lead_time(Duration::from_secs(86_400));
    let config = CapacityPlannerConfig::default().with_metrics(vec![quiet]);
    let mut planner = CapacityPlanner::new(config).expect("a good configuration");
    let history = series.window(672, 168);
    let report = planner.report(history.end(), [("quiet", &history)]);
    assert!(report.refusals.is_empty() && report.recommendations.is_empty());
    c.bench_function("forecast/report_of_a_quiet_metric", |b| {
        b.iter(|| planner.report(history.end(), [("quiet", black_box(&history))]));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = plans, tracked, reports
}
criterion_main!(benches);
