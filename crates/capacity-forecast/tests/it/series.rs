//! Samples become a grid: nothing is lost, order does not matter, bad input is refused.

use std::time::Duration;

use capacity_forecast::{Combine, ConfigError, Kind, Sampling, Series, SeriesConfig, SeriesError};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;

use crate::cases;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn gauge(samples: &[(f64, f64)]) -> Result<Series, SeriesError> {
    made(samples, &SeriesConfig::default())
}

fn made(samples: &[(f64, f64)], config: &SeriesConfig) -> Result<Series, SeriesError> {
    Series::from_samples(samples.iter().map(|(s, v)| (at(*s), *v)), config)
}

/// `NaN` as `None`, so that values can be compared.
fn values(series: &Series) -> Vec<Option<f64>> {
    let seen = |v: &f64| Some(*v).filter(|v| !v.is_nan());
    series.values().iter().map(seen).collect()
}

#[test]
fn the_step_is_the_usual_distance_snapped_to_a_round_one() {
    let grid = |distances: &[f64]| {
        let mut time = 1000.0;
        let mut samples = vec![(time, 1.0)];
        for distance in distances {
            time += distance;
            samples.push((time, 1.0));
        }
        gauge(&samples).unwrap().step()
    };
    assert_eq!(grid(&[60.0, 60.0, 60.0]), MINUTE);
    // Jitter, a gap and a duplicate.
    assert_eq!(grid(&[59.2, 60.1, 0.0, 600.0, 61.4]), MINUTE);
    assert_eq!(grid(&[3601.0; 5]), HOUR);
    // Nothing round is near.
    assert_eq!(grid(&[420.0; 5]), at(420.0));
    assert_eq!(grid(&[0.25; 5]), at(0.25));
    assert_eq!(grid(&[86_400.0, 82_800.0, 86_400.0]), 24 * HOUR);
}

#[test]
fn jitter_around_the_grid_neither_merges_nor_drops_samples() {
    let samples: Vec<(f64, f64)> = (0..200)
        .map(|k: u32| {
            let jitter = f64::from(k * 7919 % 23) / 23.0 - 0.5;
            (6000.0 + f64::from(k) * 60.0 + 20.0 * jitter, f64::from(k))
        })
        .collect();
    let series = gauge(&samples).unwrap();
    assert_eq!((series.len(), series.observed()), (200, 200));
    assert_eq!((series.start(), series.step()), (at(6000.0), MINUTE));
    assert_eq!(series.sampling(), Sampling::Points);
    // A phase of its own is kept.
    let shifted: Vec<_> = samples.iter().map(|(t, v)| (t + 25.0, *v)).collect();
    let phase = gauge(&shifted).unwrap().start().as_secs_f64() - 6025.0;
    assert!(phase.abs() < 2.0, "{phase}");
}

#[test]
fn several_samples_a_step_are_combined_as_asked() {
    let samples = [
        (7200.0, 1.0),
        (7500.0, 5.0),
        (7500.0, 3.0),
        (10_799.0, 2.0),
        (14_400.0, 9.0),
        (14_700.0, 7.0),
    ];
    let hourly = |bins, duplicates| {
        let config = SeriesConfig::default()
            .with_step(Some(HOUR))
            .with_bins(bins)
            .with_duplicates(duplicates);
        let series = made(&samples, &config).unwrap();
        assert_eq!(series.start(), 2 * HOUR);
        assert_eq!(series.repairs().duplicates, 1);
        assert_eq!(series.repairs().binned, 3);
        values(&series)
    };
    use Combine::{Last, Max, Mean, Min, Sum};
    assert_eq!(hourly(Mean, Max), [Some(8.0 / 3.0), None, Some(8.0)]);
    assert_eq!(hourly(Mean, Mean), [Some(7.0 / 3.0), None, Some(8.0)]);
    assert_eq!(hourly(Max, Mean), [Some(4.0), None, Some(9.0)]);
    assert_eq!(hourly(Max, Last), [Some(3.0), None, Some(9.0)]);
    assert_eq!(hourly(Min, Min), [Some(1.0), None, Some(7.0)]);
    assert_eq!(hourly(Last, Mean), [Some(2.0), None, Some(7.0)]);
    assert_eq!(hourly(Sum, Sum), [Some(11.0), None, Some(16.0)]);
}

#[test]
fn sums_of_huge_values_stay_finite() {
    let huge = [
        (0.0, f64::MAX),
        (0.0, f64::MAX),
        (1.0, f64::MAX),
        (60.0, 1.0),
    ];
    for combine in [Combine::Mean, Combine::Sum, Combine::Max] {
        let config = SeriesConfig::default()
            .with_step(Some(MINUTE))
            .with_bins(combine)
            .with_duplicates(combine);
        let series = made(&huge, &config).unwrap();
        assert_eq!(values(&series)[0], Some(f64::MAX), "{combine:?}");
    }
}

#[test]
fn a_counters_increase_survives_restarts_and_spreads_over_steps() {
    let config = SeriesConfig::default().with_kind(Kind::Counter);
    // +60, restart at 0 then 30, +120.
    let samples = [(0.0, 100.0), (60.0, 160.0), (120.0, 30.0), (180.0, 150.0)];
    let series = made(&samples, &config).unwrap();
    assert_eq!(values(&series), [Some(1.0), Some(0.5), Some(2.0)]);
    assert_eq!(series.repairs().resets, 1);
    // Between two steps the increase goes to both in proportion.
    let config = config.with_step(Some(MINUTE));
    let series = made(&[(0.0, 0.0), (45.0, 45.0), (105.0, 165.0)], &config).unwrap();
    assert_eq!(values(&series), [Some(1.25), Some(2.0)]);
    // What happened in a gap is not known, and nothing is made of the start of a step.
    let gap = [
        (0.0, 0.0),
        (60.0, 60.0),
        (600.0, 6000.0),
        (660.0, 6060.0),
        (662.0, 6062.0),
    ];
    let series = made(&gap, &config).unwrap();
    assert_eq!((series.len(), series.observed()), (11, 2));
    assert_eq!(values(&series)[10], Some(1.0));
    // Readings of one instant: the highest, whatever the order.
    let twice = [(0.0, 0.0), (60.0, 60.0), (60.0, 30.0), (120.0, 120.0)];
    assert_eq!(
        values(&made(&twice, &config).unwrap()),
        [Some(1.0), Some(1.0)]
    );
}

#[test]
fn bad_input_is_refused_with_field_value_and_bound() {
    let default = SeriesConfig::default();
    let far = [(0.0, 1.0), (60.0, 1.0), (1e12, 1.0)];
    let cases: [(Result<Series, SeriesError>, &str); 11] = [
        (
            gauge(&[]),
            "0 samples are usable (0 rejected), must be at least 2",
        ),
        (
            gauge(&[(5.0, 1.0)]),
            "1 samples are usable (0 rejected), must be at least 2",
        ),
        (
            gauge(&[(5.0, f64::NAN), (6.0, f64::INFINITY)]),
            "0 samples are usable (2 rejected), must be at least 2",
        ),
        (
            gauge(&[(5.0, 1.0), (5.0, 2.0)]),
            "step is not given and every sample has the time 5s since the epoch",
        ),
        (
            made(&far, &default.clone().with_step(Some(MINUTE))),
            "the grid has 16666666668 values of 60s, must be at most max_values (1048576)",
        ),
        (
            made(&far, &default.clone().with_step(Some(Duration::ZERO))),
            "step is 0s, must be above 0",
        ),
        (
            made(&far, &default.clone().with_max_values(0)),
            "max_values is 0, must be 1 to 67108864",
        ),
        (
            made(
                &far,
                &default.clone().with_max_values(9).with_keep(Some(10)),
            ),
            "keep is 10, must be at most max_values (9)",
        ),
        (
            made(
                &[(0.0, 1.0), (600.0, 2.0)],
                &default.with_kind(Kind::Counter).with_step(Some(at(1e12))),
            ),
            "",
        ),
        (
            Series::from_grid(Duration::MAX, HOUR, [1.0]),
            "a grid from 18446744073709551615.999999999s of 1 values of 3600s ends beyond any time",
        ),
        (
            Series::from_grid(HOUR, Duration::ZERO, [1.0]),
            "step is 0s, must be above 0",
        ),
    ];
    for (result, message) in cases {
        match result {
            Err(error) if !message.is_empty() => assert_eq!(error.to_string(), message),
            other => assert!(message.is_empty(), "{message}: {other:?}"),
        }
    }
    let zero = Series::from_grid(HOUR, HOUR, [1.0]).unwrap().with_keep(0);
    assert!(matches!(
        zero,
        Err(SeriesError::Config(ConfigError::OutOfRange { .. }))
    ));
}

#[test]
fn one_sample_is_a_series_when_the_step_is_given() {
    let config = SeriesConfig::default().with_step(Some(HOUR));
    let series = made(&[(5400.0, 3.0)], &config).unwrap();
    assert_eq!(
        (series.len(), series.last_observed()),
        (1, Some((at(5400.0), 3.0)))
    );
}

#[test]
fn streaming_drops_the_oldest_and_counts_what_it_cannot_use() {
    let mut series = Series::from_grid(Duration::ZERO, MINUTE, [1.0, 2.0])
        .unwrap()
        .with_keep(4)
        .unwrap();
    series.push(5 * MINUTE, 6.0).unwrap();
    assert_eq!(values(&series), [None, None, None, Some(6.0)]);
    assert_eq!(series.start(), 2 * MINUTE);
    // A late sample fills the hole of its step; a second one, and one before the start, do not.
    series.push(3 * MINUTE, 4.0).unwrap();
    series.push(3 * MINUTE, 9.0).unwrap();
    series.push(MINUTE, 9.0).unwrap();
    series.push(5 * MINUTE, 8.0).unwrap();
    series.push(5 * MINUTE, f64::NAN).unwrap();
    assert_eq!(values(&series), [None, Some(4.0), None, Some(7.0)]);
    let repairs = series.repairs();
    assert_eq!(
        (repairs.late, repairs.duplicates, repairs.rejected),
        (2, 1, 1)
    );
    assert_eq!((repairs.unsorted, repairs.dropped), (3, 2));
    assert_eq!((repairs.missing, repairs.longest_gap), (2, 1));
    // A gap as long as what is kept leaves only what comes after it.
    series.push(100 * MINUTE, 1.0).unwrap();
    assert_eq!((series.start(), series.len()), (100 * MINUTE, 1));
    let before = series.clone();
    let refused = series.push(Duration::MAX, 1.0);
    assert!(
        matches!(refused, Err(SeriesError::TooLong { .. })),
        "{refused:?}"
    );
    assert_eq!(series, before);
}

#[test]
fn staleness_needs_a_value_and_a_now_that_is_not_earlier() {
    let series = Series::from_grid(HOUR, HOUR, [Some(1.0), Some(2.0), None]).unwrap();
    assert_eq!(series.staleness(5 * HOUR), Ok(3 * HOUR));
    assert_eq!(
        series.staleness(HOUR),
        Err(SeriesError::FromTheFuture { ahead: HOUR })
    );
    let empty = Series::from_grid(HOUR, HOUR, [None, None]).unwrap();
    assert_eq!(
        empty.staleness(HOUR),
        Err(SeriesError::AllMissing { count: 2 })
    );
    assert_eq!(empty.last_observed(), None);
    assert_eq!(empty.fill(1), Err(SeriesError::AllMissing { count: 2 }));
}

#[test]
fn gaps_are_filled_as_the_protocol_does() {
    let filled = |raw: &[Option<f64>], season| {
        let series = Series::from_grid(Duration::ZERO, HOUR, raw.to_vec()).unwrap();
        series.fill(season).unwrap().values
    };
    let n = None;
    let s = Some;
    // Leading gap; three steps by a line; four from a season earlier; trailing always so.
    assert_eq!(filled(&[n, n, s(5.0)], 2), [5.0, 5.0, 5.0]);
    assert_eq!(
        filled(&[s(1.0), n, n, n, s(5.0)], 2),
        [1.0, 2.0, 3.0, 4.0, 5.0]
    );
    assert_eq!(
        filled(&[s(1.0), s(2.0), n, n, n, n, s(9.0)], 2),
        [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 9.0]
    );
    assert_eq!(filled(&[s(1.0), s(2.0), n], 2), [1.0, 2.0, 1.0]);
    // No season that far back: the previous value.
    assert_eq!(
        filled(&[s(1.0), n, n, n, n, s(9.0)], 24),
        [1.0, 1.0, 1.0, 1.0, 1.0, 9.0]
    );
    assert_eq!(filled(&[s(-f64::MAX), n, s(f64::MAX)], 1)[1], -f64::MAX);
}

#[test]
fn steady_streaming_allocates_nothing() {
    let minute = |k: u32| MINUTE * k;
    let mut series = Series::from_grid(Duration::ZERO, MINUTE, vec![1.0; 64])
        .unwrap()
        .with_keep(64)
        .unwrap();
    for k in 64..256 {
        series.push(minute(k), f64::from(k)).unwrap();
    }
    let info = allocation_counter::measure(|| {
        for k in 256..10_000 {
            series.push(minute(k), f64::from(k)).unwrap();
        }
    });
    assert_eq!(info.count_total, 0);
    assert_eq!((series.len(), series.end()), (64, minute(9999)));
}

/// Times on a rough grid with jitter, repeats and gaps; values of all sizes and kinds.
fn samples() -> impl Strategy<Value = Vec<(Duration, f64)>> {
    let value = prop_oneof![
        8 => -1e3..1e3_f64,
        1 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(0.0),
    ];
    let time = prop_oneof![
        6 => (0..400_u64).prop_map(|k| Duration::from_secs(60 * k)),
        4 => (0..24_000_u64, 0..1000_u32).prop_map(|(s, ms)| Duration::new(s, ms * 1_000_000)),
    ];
    vec((time, value), 0..120)
}

fn configs() -> impl Strategy<Value = SeriesConfig> {
    let combine = || {
        prop_oneof![
            Just(Combine::Mean),
            Just(Combine::Max),
            Just(Combine::Min),
            Just(Combine::Sum),
            Just(Combine::Last),
        ]
    };
    let step = prop_oneof![
        Just(None),
        (1..7200_u64).prop_map(|s| Some(Duration::from_secs(s))),
        (1..10_000_u64).prop_map(|ms| Some(Duration::from_millis(ms))),
    ];
    let kind = prop_oneof![2 => Just(Kind::Gauge), 1 => Just(Kind::Counter)];
    let keep = prop_oneof![Just(None), (1..300_usize).prop_map(Some)];
    (step, combine(), combine(), kind, keep).prop_map(|(step, bins, duplicates, kind, keep)| {
        SeriesConfig::default()
            .with_step(step)
            .with_bins(bins)
            .with_duplicates(duplicates)
            .with_kind(kind)
            .with_keep(keep)
            .with_max_values(30_000)
    })
}

/// What holds for every series.
fn sound(series: &Series) {
    assert!(!series.is_empty());
    assert!(series.values().iter().all(|v| v.is_nan() || v.is_finite()));
    let seen = series.values().iter().filter(|v| !v.is_nan()).count();
    assert_eq!(seen, series.observed());
    assert_eq!(series.time(series.len() - 1), Some(series.end()));
    let r = series.repairs();
    assert_eq!(r.missing + seen, series.len());
    assert!(r.longest_gap <= r.missing);
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    /// Nothing of a gauge is lost, and every series is sound or refused.
    #[test]
    fn counts_add_up(given in samples(), config in configs()) {
        let count = given.len();
        if let Ok(series) = Series::from_samples(given, &config) {
            sound(&series);
            let r = series.repairs();
            prop_assert_eq!(r.given, count);
            if config.kind == Kind::Gauge {
                let used = series.observed() + r.duplicates + r.binned;
                prop_assert_eq!(used + r.dropped + r.rejected + r.late, count);
                prop_assert_eq!(r.late, 0);
            }
        }
    }

    /// The order of the samples changes nothing, to the bit (but for the last of an instant).
    #[test]
    fn order_does_not_matter(
        given in samples(),
        config in configs(),
        swaps in vec(any::<(Index, Index)>(), 0..60),
    ) {
        let config = match config.duplicates {
            Combine::Last => config.with_duplicates(Combine::Mean),
            _ => config,
        };
        let mut shuffled = given.clone();
        for (a, b) in swaps {
            if !shuffled.is_empty() {
                let (a, b) = (a.index(shuffled.len()), b.index(shuffled.len()));
                shuffled.swap(a, b);
            }
        }
        match (Series::from_samples(given, &config), Series::from_samples(shuffled, &config)) {
            (Ok(one), Ok(other)) => {
                let bits = |s: &Series| s.values().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&one), bits(&other));
                prop_assert_eq!((one.start(), one.step()), (other.start(), other.step()));
            }
            (one, other) => prop_assert_eq!(one.is_ok(), other.is_ok()),
        }
    }

    /// A series made of a series' own values is the same.
    #[test]
    fn resampling_a_grid_changes_nothing(given in samples(), config in configs()) {
        let config = config.with_kind(Kind::Gauge);
        if let Ok(series) = Series::from_samples(given, &config) {
            let own = series.values().iter().enumerate().filter(|(_, v)| !v.is_nan());
            let own = own.map(|(k, v)| (series.time(k).unwrap(), *v));
            let again = Series::from_samples(own, &config.with_step(Some(series.step()))).unwrap();
            let first = series.values().iter().position(|v| !v.is_nan()).unwrap();
            prop_assert_eq!(values(&again), values(&series)[first..].to_vec());
            prop_assert_eq!(again.start(), series.time(first).unwrap());
        }
    }

    /// Samples streamed in their order make the same series as all at once.
    #[test]
    fn streaming_equals_batch(
        mut given in samples(),
        config in configs(),
        cut in any::<Index>(),
    ) {
        given.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let config = config.with_kind(Kind::Gauge);
        let Ok(batch) = Series::from_samples(given.clone(), &config) else {
            return Ok(());
        };
        // The first part settles step and phase; only cuts after which those are the same compare.
        let cut = cut.index(given.len());
        let config = config.with_step(Some(batch.step()));
        let Ok(mut stream) = Series::from_samples(given[..cut].to_vec(), &config) else {
            return Ok(());
        };
        let Ok(batch) = Series::from_samples(given.clone(), &config) else {
            return Ok(());
        };
        for (at, value) in &given[cut..] {
            stream.push(*at, *value).unwrap();
            sound(&stream);
        }
        if stream.sampling() == batch.sampling() && stream.start() == batch.start() {
            prop_assert_eq!(values(&stream), values(&batch));
        }
    }

    /// The increase of a counter read once a step is neither lost nor invented.
    #[test]
    fn a_counters_increase_is_kept(steps in vec((0.0..1e6_f64, any::<bool>()), 1..60)) {
        let (mut value, mut total) = (0.0, 0.0);
        let mut readings = vec![(0.0, 0.0)];
        for (k, (growth, restart)) in steps.iter().enumerate() {
            let restart = *restart && *growth < value;
            value = if restart { *growth } else { value + growth };
            total += growth;
            readings.push((60.0 * (k + 1) as f64, value));
        }
        let config = SeriesConfig::default().with_kind(Kind::Counter).with_step(Some(MINUTE));
        let series = made(&readings, &config).unwrap();
        let sum: f64 = series.values().iter().map(|v| v * 60.0).sum();
        prop_assert!((sum - total).abs() <= 1e-9 * total.max(1.0), "{sum} {total}");
        prop_assert_eq!(series.observed(), steps.len());
        // The same streamed, but for the first two.
        let mut stream = made(&readings[..2], &config).unwrap();
        for (second, value) in &readings[2..] {
            stream.push(at(*second), *value).unwrap();
        }
        prop_assert_eq!(stream.values(), series.values());
    }

    /// Any times at all, streamed: sound or refused, never a panic.
    #[test]
    fn any_stream_is_sound(
        config in configs(),
        pushes in vec((any::<Duration>(), any::<f64>()), 0..40),
        near in vec((0..20_000_u64, -10.0..1e3_f64), 0..60),
    ) {
        let start = [(MINUTE, 1.0), (2 * MINUTE, 2.0)];
        let Ok(mut series) = Series::from_samples(start, &config) else {
            return Ok(());
        };
        for (second, value) in near {
            let _ = series.push(Duration::from_secs(second), value);
            sound(&series);
        }
        for (at, value) in pushes {
            let _ = series.push(at, value);
            sound(&series);
            sound(&series.tail(7));
            let _ = series.staleness(at);
        }
    }
}

#[cfg(feature = "serde")]
mod stored {
    use super::{HOUR, Index, Series, any, cases, configs, prop_assert_eq, samples};
    use proptest::proptest;

    #[test]
    fn a_grid_is_read_and_refused_like_any_other() {
        let read = |text: &str| serde_json::from_str::<Series>(text);
        let series = read(r#"{"start": "1d", "step": "1h", "values": [1, null, 2.5]}"#).unwrap();
        assert_eq!(
            series,
            Series::from_grid(24 * HOUR, HOUR, [Some(1.0), None, Some(2.5)]).unwrap()
        );
        for (text, message) in [
            (
                r#"{"start": 0, "step": 0, "values": [1]}"#,
                "step is 0s, must be above 0",
            ),
            (
                r#"{"start": 0, "step": 60, "values": []}"#,
                "must be at least 1",
            ),
            (
                r#"{"start": 0, "step": "x", "values": [1]}"#,
                "a duration such as",
            ),
            (
                r#"{"start": 0, "step": 60, "values": [1], "newest": "9d"}"#,
                "newest is 9d",
            ),
            (
                r#"{"start": 0, "step": 60, "values": [1], "mean": 1}"#,
                "unknown field",
            ),
            (
                r#"{"start": 0, "step": 60, "values": [1, 2], "config": {"keep": 1}}"#,
                "must be at most max_values (1)",
            ),
            (
                r#"{"start": 0, "step": 60, "values": [1], "config": {"kind": "counter"}}"#,
                "state is None",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    proptest! {
        #![proptest_config(cases(100, 5_000))]

        /// A series read back is the same, and goes on the same.
        #[test]
        fn a_series_read_back_goes_on(given in samples(), config in configs(), cut in any::<Index>()) {
            let mut given = given;
            given.sort_by_key(|(at, _)| *at);
            let cut = if given.is_empty() { 0 } else { cut.index(given.len()) };
            if let Ok(mut series) = Series::from_samples(given[..cut].to_vec(), &config) {
                let text = serde_json::to_string(&series).unwrap();
                let mut again: Series = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&again, &series);
                for (at, value) in &given[cut..] {
                    let (one, other) = (series.push(*at, *value), again.push(*at, *value));
                    prop_assert_eq!(one, other);
                    prop_assert_eq!(&again, &series);
                }
            }
        }
    }
}
