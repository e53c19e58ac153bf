//! Weighted factors: the guide's formula, what it gets wrong, and what is done instead.

use std::time::Duration;

use autoscale_core::{
    Decision, Factor, FactorKind, Gauge, LoadTrend, MetricReading, Milli, Observation, PodGroup,
    Policy, Reason, Sample, ScalingTrend, Scoring, StageKind, Statistic, WeightedConfig,
    WeightedFactors, WeightedState,
};
use proptest::prelude::{any, prop_assert_eq, proptest};

use crate::cases;
use crate::given::{pod, secs};

/// CPU and memory in thousandths of the request, p95 in ms, queue, errors in thousandths, requests
/// a second.
type Figures = [i64; 6];
const CALM: Figures = [500, 500, 200, 0, 0, 100];

fn seen(spec: u32, figures: Figures) -> Observation {
    let [cpu, memory, p95, queue, errors, rate] = figures;
    let sample = |v| MetricReading::Pods(vec![Sample::of_group(0, spec, Milli(v))]);
    let value = |v| MetricReading::value(Milli(v));
    Observation::new(spec)
        .with_pods([PodGroup {
            count: spec,
            ..pod()
        }])
        .with_readings([
            sample(cpu),
            sample(memory),
            value(p95),
            value(queue * 1000),
            value(errors),
            value(rate * 1000),
        ])
}

fn with(change: impl FnOnce(&mut Figures)) -> Figures {
    let mut figures = CALM;
    change(&mut figures);
    figures
}

fn policy(config: WeightedConfig) -> WeightedFactors {
    WeightedFactors::new(config).unwrap()
}

fn decide(scoring: Scoring, seen: &Observation) -> Decision {
    policy(WeightedConfig::default().with_scoring(scoring)).decide(secs(0), seen)
}

/// CPU at 100 %, everything else calm: the guide's factor is 1.0986, and int() leaves ten replicas
/// or fewer where they are.
#[test]
fn a_saturated_factor_is_not_outvoted() {
    for count in 1..=10 {
        let busy = seen(count, with(|f| f[0] = 1000));
        let plain = decide(Scoring::Plain, &busy);
        let mean: f64 = plain.factors.iter().map(|f| f.score * f.weight).sum();
        assert!((mean - 1.0986).abs() < 1e-4, "{mean}");
        assert_eq!((plain.replicas, plain.reason), (count, Reason::Steady));
        let ours = decide(Scoring::Demand, &busy);
        assert_eq!(
            (ours.replicas, ours.reason),
            ((count * 10).div_ceil(7), Reason::ScaleUp)
        );
        assert_eq!(ours.after(StageKind::MaxOf), Some(ours.replicas));
    }
    assert_eq!(
        decide(Scoring::Plain, &seen(11, with(|f| f[0] = 1000))).replicas,
        12
    );
}

#[test]
fn each_factor_saturated() {
    for (figures, score, replicas) in [
        (with(|f| f[0] = 1000), 1.0 / 0.7, 15),
        (with(|f| f[0] = 9000), 2.0, 20), // capped
        (with(|f| f[1] = 1000), 1.0 / 0.7, 15),
        (with(|f| f[2] = 1000), 2.0, 20),
        (with(|f| f[2] = 9000), 3.0, 30),
        (with(|f| f[3] = 13), 1.3, 13),
        (with(|f| f[4] = 300), 1.3, 13), // 30 % of the requests fail
    ] {
        let decision = decide(Scoring::Demand, &seen(10, figures));
        assert_eq!(decision.replicas, replicas, "{figures:?}");
        let largest = decision.factors.iter().map(|f| f.score).fold(0.0, f64::max);
        assert!((largest - score).abs() < 1e-9, "{figures:?}: {largest}");
    }
}

/// Between its target and saturation a factor only counts in the mean.
#[test]
fn short_of_saturation_the_mean_decides() {
    for (cpu, queue, expected) in [(870, 9, 106), (870, 0, 105), (876, 0, 126)] {
        let decision = decide(
            Scoring::Demand,
            &seen(100, with(|f| (f[0], f[3]) = (cpu, queue))),
        );
        assert_eq!(decision.replicas, expected, "{cpu}");
    }
}

/// All factors on their targets, and one replica more or less for no rounding error.
#[test]
fn calm_is_steady() {
    let even = [700, 700, 500, 10, 50, 100];
    for count in [1, 3, 7, 10, 100, 1000, 12_345] {
        for scoring in [Scoring::Plain, Scoring::Demand] {
            let decision = decide(scoring, &seen(count, even));
            assert_eq!(
                (decision.replicas, decision.confidence),
                (count, Some(1.0)),
                "{scoring:?}"
            );
        }
    }
}

#[test]
fn no_factor_is_left_with_less_than_it_needs() {
    let idle = [70, 70, 100, 0, 0, 100];
    assert_eq!(decide(Scoring::Demand, &seen(100, idle)).replicas, 70); // .55 × .5 + .2 + .15 × .8 + .1
    let memory = |milli| decide(Scoring::Demand, &seen(100, [70, milli, 100, 0, 0, 100])).replicas;
    assert_eq!(memory(630), 90); // 63 % of 100 is 70 % of 90
    assert_eq!(memory(701), 100);
    // The guide takes them although errors abound, or memory is above its target.
    assert_eq!(
        decide(Scoring::Plain, &seen(100, [70, 750, 100, 0, 0, 100])).replicas,
        83
    );
    // Errors above their target keep all; below they say nothing.
    let errors = |milli| decide(Scoring::Demand, &seen(100, [70, 70, 100, 0, milli, 100])).replicas;
    assert_eq!([errors(50), errors(51)], [70, 100]);
    assert_eq!(decide(Scoring::Demand, &seen(1, idle)).replicas, 1);
}

#[test]
fn errors_only_ever_add() {
    for errors in [0, 10, 51, 60, 100, 500, 1000] {
        for cpu in [0, 100, 500, 800, 1000] {
            let at = |errors| {
                decide(
                    Scoring::Demand,
                    &seen(40, with(|f| (f[0], f[4]) = (cpu, errors))),
                )
                .replicas
            };
            assert!(at(errors) >= at(0), "{errors} {cpu}");
        }
    }
}

#[test]
fn missing_factors() {
    let lose = |mut seen: Observation, readings: &[usize]| {
        for reading in readings {
            seen.readings[*reading] = MetricReading::Failed;
        }
        seen
    };
    // Without memory, response time and queue, CPU is 3/4 of what is left: 1 + 0.75 × 0.2.
    let busy = lose(seen(100, with(|f| f[0] = 840)), &[1, 2, 3]);
    let decision = decide(Scoring::Demand, &busy);
    assert_eq!(
        (decision.replicas, decision.reason, decision.blind),
        (115, Reason::ScaleUp, false)
    );
    let weights: Vec<_> = decision
        .factors
        .iter()
        .map(|f| (f.weight * 100.0).round())
        .collect();
    assert_eq!(weights, [75.0, 0.0, 0.0, 0.0, 25.0]);
    // Less sure than with everything in place: 0.4 of the weights are.
    let sure = decision.confidence.unwrap();
    assert!((sure - 0.4 * 2.0 * 0.15).abs() < 1e-9, "{sure}");
    for scoring in [Scoring::Plain, Scoring::Demand] {
        let idle = seen(100, [70, 70, 100, 0, 0, 100]);
        assert!(decide(scoring, &idle).replicas < 100);
        for reading in 0..5 {
            let held = decide(scoring, &lose(idle.clone(), &[reading]));
            assert_eq!(
                (held.replicas, held.reason),
                (100, Reason::MetricsFailed),
                "{reading}"
            );
            assert!(held.blind && held.after(StageKind::Guarded) == Some(100));
        }
        let mut short = idle.clone();
        short.pods[0].count = 99;
        let held = decide(scoring, &short);
        assert_eq!(
            (held.replicas, held.reason, held.blind),
            (100, Reason::SamplesLost, false)
        );
        let dead = decide(scoring, &lose(idle, &[0, 1, 2, 3, 4]));
        assert_eq!(
            (dead.replicas, dead.reason, dead.blind),
            (100, Reason::NoData, true)
        );
    }
}

#[test]
fn dampening() {
    let mut ours = policy(WeightedConfig::default());
    let mut plain = policy(WeightedConfig::default().with_scoring(Scoring::Plain));
    let mild = |count| seen(count, with(|f| (f[0], f[1], f[3]) = (860, 860, 12)));
    let first = ours.decide(secs(0), &mild(20));
    assert_eq!(first.reason, Reason::ScaleUp);
    assert_eq!(plain.decide(secs(0), &mild(20)).reason, Reason::ScaleUp);
    let more = first.replicas;
    let held = ours.decide(secs(15), &mild(more));
    assert_eq!((held.replicas, held.reason), (more, Reason::Dampened));
    assert_eq!(held.after(StageKind::Dampened), Some(more));
    assert_eq!(ours.next_wakeup(), Some(secs(300)));
    let moment = Duration::from_nanos(1);
    assert!(
        !ours
            .clone()
            .decide(secs(300) - moment, &mild(more))
            .is_change()
    );
    assert!(ours.clone().decide(secs(300), &mild(more)).is_change());
    // Saturation does not wait, but for the guide it does.
    let burning = |count| seen(count, with(|f| f[0] = 1000));
    assert_eq!(ours.decide(secs(30), &burning(35)).replicas, 50);
    let calm = plain.decide(secs(30), &burning(35));
    assert_eq!((calm.replicas, calm.reason), (35, Reason::Dampened));
    // Scale-in is dampened like any other change.
    let idle = |count| seen(count, [70, 70, 100, 0, 0, 100]);
    assert_eq!(ours.decide(secs(45), &idle(50)).reason, Reason::Dampened);
    assert_eq!(ours.decide(secs(330), &idle(50)).reason, Reason::ScaleDown);
}

/// Replicas that still start are capacity already asked for.
#[test]
fn saturation_counts_from_what_is_ready() {
    let mut ours = policy(WeightedConfig::default());
    let burning = |ready: u32, spec: u32| {
        let mut seen = seen(ready, with(|f| f[0] = 1000));
        let starting = PodGroup {
            count: spec - ready,
            ready: Some(autoscale_core::Readiness::False),
            ..pod()
        };
        seen.pods.push(starting);
        (seen.spec_replicas, seen.status_replicas) = (spec, spec);
        seen
    };
    assert_eq!(ours.decide(secs(0), &burning(10, 10)).replicas, 15);
    for tick in 1..10 {
        assert_eq!(ours.decide(secs(tick * 15), &burning(10, 15)).replicas, 15);
    }
    assert_eq!(ours.decide(secs(200), &burning(12, 15)).replicas, 18);
    // Without a list of pods an emergency waits like anything else.
    let mut unlisted = burning(10, 15);
    unlisted.pods.clear();
    unlisted.readings[0] = MetricReading::Failed;
    unlisted.readings[2] = MetricReading::value(Milli(9_000));
    assert_eq!(ours.decide(secs(210), &unlisted).reason, Reason::Dampened);
}

/// A change that nobody carried out dampens nothing; a halved confidence that is enough goes on.
#[test]
fn what_dampens() {
    let mut policy_a = policy(WeightedConfig::default());
    let busy = |count| seen(count, with(|f| (f[0], f[1], f[2]) = (860, 860, 600)));
    assert_eq!(policy_a.decide(secs(0), &busy(20)).reason, Reason::ScaleUp);
    assert_eq!(policy_a.decide(secs(15), &busy(20)).reason, Reason::ScaleUp);
    assert_eq!(
        policy_a.decide(secs(30), &busy(22)).reason,
        Reason::Dampened
    );
    let lax = WeightedConfig::default().with_min_confidence(0.1);
    let mut policy_b = policy(lax);
    policy_b.decide(secs(0), &busy(20));
    let second = policy_b.decide(secs(15), &busy(22));
    assert_eq!(second.reason, Reason::ScaleUp);
    let sure = second.confidence.unwrap();
    assert!((0.1..0.2).contains(&sure), "{sure}");
}

#[test]
fn a_rising_load_is_met_ahead() {
    let trend = LoadTrend::new(Gauge::new(Statistic::Total).with_reading(5));
    let config = || WeightedConfig::default().with_trend(Some(trend.clone()));
    let at_target = |rate| seen(10, [700, 700, 500, 10, 0, rate]);
    // 100, 110 … 190: the mean is 145, five steps of 10 ahead 195.
    let mut rising = policy(config());
    for minute in 0..9 {
        let i = i64::try_from(minute).unwrap();
        assert_eq!(
            rising
                .decide(secs(minute * 60), &at_target(100 + 10 * i))
                .replicas,
            10
        );
        // In between nothing is sampled.
        rising.decide(secs(minute * 60 + 30), &at_target(9999));
    }
    let decision = rising.clone().decide(secs(540), &at_target(190));
    let stage = decision.factors.last().unwrap();
    assert_eq!((stage.kind, stage.value), (FactorKind::Trend, Some(190.0)));
    assert!(
        (stage.score - 195.0 / 145.0).abs() < 1e-9,
        "{}",
        stage.score
    );
    assert_eq!(decision.replicas, 14);
    // A load that cannot be read adds nothing and forbids fewer.
    let mut dead = at_target(0);
    dead.readings[5] = MetricReading::Failed;
    assert_eq!(rising.clone().decide(secs(540), &dead).replicas, 10);
    let mut idle = seen(10, [70, 70, 100, 0, 0, 100]);
    idle.readings[5] = MetricReading::Failed;
    assert_eq!(rising.decide(secs(540), &idle).reason, Reason::SamplesLost);
    // Falling fast: halved at most.
    let mut falling = policy(config());
    let last = (0..10).map(|m| {
        let i = i64::try_from(m).unwrap();
        falling.decide(secs(m * 60), &at_target(1000 - 100 * i))
    });
    assert_eq!(last.last().unwrap().factors[5].score, 0.5);
    // After an hour without samples there is no line.
    let later = falling.decide(secs(540 + 3601), &at_target(100));
    assert_eq!(later.factors[5].score, 1.0);
    assert_eq!(falling.state().samples.len(), 1);
}

#[test]
fn statistics_of_a_day() {
    let mut ours = policy(WeightedConfig::default().with_dampening(secs(0)));
    let (busy, idle, calm) = (
        seen(10, with(|f| f[0] = 1000)),
        seen(10, [70, 70, 100, 0, 0, 100]),
        seen(10, [700, 700, 500, 10, 0, 0]),
    );
    let mut tick = 0;
    let mut feed = |ours: &mut WeightedFactors, list: &[&Observation]| {
        for seen in list {
            tick += 600;
            ours.decide(secs(tick), seen);
        }
        ours.stats(secs(tick))
    };
    let stats = feed(&mut ours, &[&busy, &busy, &busy, &calm]);
    assert_eq!(
        (stats.decisions, stats.scale_ups, stats.scale_downs),
        (4, 3, 0)
    );
    assert_eq!(stats.trend, ScalingTrend::InsufficientData);
    let mean = stats.mean_confidence.unwrap();
    assert!(
        (mean - (3.0 * 2.0 * 3.0 / 7.0 + 1.0) / 4.0).abs() < 1e-9,
        "{mean}"
    );
    assert_eq!(feed(&mut ours, &[&idle]).trend, ScalingTrend::ScalingUp);
    assert_eq!(
        feed(&mut ours, &[&idle, &idle]).trend,
        ScalingTrend::ScalingDown
    );
    assert_eq!(
        feed(&mut ours, &[&calm, &calm, &calm, &calm, &busy]).trend,
        ScalingTrend::Stable
    );
    assert_eq!(
        feed(&mut ours, &[&busy, &idle]).trend,
        ScalingTrend::Oscillating
    );
    // 14 decisions of the first three hours: five, six and three.
    let stats = ours.stats(secs(24 * 3600 - 1));
    assert_eq!(
        (stats.decisions, stats.scale_ups, stats.scale_downs),
        (14, 5, 4)
    );
    assert_eq!(ours.stats(secs(24 * 3600)).decisions, 9);
    let gone = ours.stats(secs(26 * 3600));
    assert_eq!(
        (gone.decisions, gone.mean_confidence, gone.trend),
        (0, None, ScalingTrend::InsufficientData)
    );
}

/// A month of decisions takes less than 1 KiB.
#[test]
fn memory_is_bounded() {
    let trend = LoadTrend::new(Gauge::new(Statistic::Total).with_reading(5));
    let mut ours = policy(WeightedConfig::default().with_trend(Some(trend)));
    let mut spec = 10;
    for tick in 0..20_000_u64 {
        let wave = i64::try_from((tick % 97).abs_diff(48)).unwrap();
        let seen = seen(spec, [wave * 25, 500, 200, 0, 0, wave]);
        spec = ours.decide(secs(tick * 130), &seen).replicas.clamp(2, 50);
    }
    let WeightedState {
        samples,
        hours,
        recent,
        ..
    } = ours.state();
    assert_eq!((samples.len(), hours.len(), recent.len()), (10, 24, 5));
    let bytes = size_of::<WeightedState>()
        + size_of_val(&**samples)
        + size_of_val(&**hours)
        + size_of_val(&**recent);
    assert!(bytes <= 1024, "{bytes}");
    assert_eq!(
        [samples.capacity(), hours.capacity(), recent.capacity()],
        [10, 24, 5]
    );
    let stats = ours.stats(secs(20_000 * 130));
    assert!(stats.scale_ups > 5 && stats.scale_downs > 5, "{stats:?}");
}

#[test]
fn zero_stays_zero() {
    let decision = decide(Scoring::Demand, &seen(0, CALM));
    assert_eq!((decision.replicas, decision.reason), (0, Reason::Disabled));
}

/// The guide's lines, one after the other.
fn guide(current: u32, [cpu, memory, p95, queue, errors, _]: Figures) -> u32 {
    let [cpu, memory, errors] = [cpu, memory, errors].map(|v| v as f64 / 1000.0);
    let (p95, queue) = (p95 as f64, queue as f64);
    let utilization = |v: f64| {
        if v > 0.7 {
            (v / 0.7).min(2.0)
        } else if v < 0.3 {
            (v / 0.3).max(0.5)
        } else {
            1.0
        }
    };
    let response = if p95 > 500.0 {
        (p95 / 500.0).min(3.0)
    } else {
        1.0
    };
    let waiting = if queue > 10.0 {
        (queue / 10.0).min(2.0)
    } else {
        (queue / 10.0).max(0.8)
    };
    let failing = if errors > 0.05 {
        (1.0 + errors).min(2.0)
    } else {
        1.0
    };
    let factor = utilization(cpu) * 0.3
        + utilization(memory) * 0.25
        + response * 0.2
        + waiting * 0.15
        + failing * 0.1;
    // The product of two sums of fractions may be a hair below a whole number.
    (f64::from(current) * factor + 1e-7) as u32
}

proptest! {
    #![proptest_config(cases(500, 100_000))]

    #[test]
    fn plain_is_the_guide(
        cpu in 0_i64..2500, memory in 0_i64..2500, p95 in 0_i64..3000, queue in 0_i64..40,
        errors in 0_i64..1001, current in 1_u32..60,
    ) {
        let figures = [cpu, memory, p95, queue, errors, 0];
        let plain = decide(Scoring::Plain, &seen(current, figures));
        prop_assert_eq!(plain.after(StageKind::Recommended), Some(guide(current, figures)));
    }

    /// More of anything never asks for fewer.
    #[test]
    fn more_never_asks_for_fewer(
        figures in proptest::array::uniform5(0_i64..1500), more in proptest::array::uniform5(0_i64..800),
        current in 1_u32..60, plain in any::<bool>(),
    ) {
        let scoring = if plain { Scoring::Plain } else { Scoring::Demand };
        let at = |add: bool| {
            let figure = |i: usize| figures[i] + if add { more[i] } else { 0 };
            decide(scoring, &seen(current, [figure(0), figure(1), figure(2), figure(3), figure(4), 0]))
        };
        proptest::prop_assert!(at(true).replicas >= at(false).replicas);
    }
}

/// One factor alone is that factor's target tracking, within its caps.
#[test]
fn one_factor() {
    let cpu = Factor::new(FactorKind::Cpu, Gauge::cpu_utilization(), 50.0, 2.0);
    let mut policy = policy(WeightedConfig::new([cpu]));
    assert_eq!(
        policy
            .decide(secs(0), &seen(10, with(|f| f[0] = 600)))
            .replicas,
        12
    );
}
