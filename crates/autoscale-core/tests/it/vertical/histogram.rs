use autoscale_core::{Histogram, HistogramError, HistogramOptions};

use crate::given::secs;

const HOUR_S: u64 = 3600;

fn whole() -> HistogramOptions {
    HistogramOptions::linear(10.0, 1.0, 1e-15).unwrap()
}

fn near(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

#[test]
fn refused_ranges() {
    for (result, expected) in [
        (
            HistogramOptions::linear(f64::NAN, 1.0, 1e-9),
            "max_value is NaN, must be a finite number > 0",
        ),
        (
            HistogramOptions::linear(1.0, -1.0, 1e-9),
            "bucket_size is -1, must be a finite number > 0",
        ),
        (
            HistogramOptions::exponential(1.0, 0.0, 2.0, 1e-9),
            "first_bucket_size is 0, must be a finite number > 0",
        ),
        (
            HistogramOptions::exponential(1.0, 1.0, 1.0, 1e-9),
            "ratio is 1, must be a finite number > 1",
        ),
        (
            HistogramOptions::exponential(1.0, 1.0, 2.0, f64::INFINITY),
            "epsilon is inf, must be a finite number > 0",
        ),
        (
            HistogramOptions::linear(1e6, 1.0, 1e-9),
            "max_value is 1000000, must be at most 100 000 buckets",
        ),
    ] {
        assert_eq!(
            result.err().map(|e| e.to_string()).as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn samples_fade_by_half() {
    let mut fading = Histogram::decaying(whole(), secs(HOUR_S)).unwrap();
    fading.add(2.5, 1.0, secs(0));
    fading.add(5.5, 1.0, secs(HOUR_S));
    // A third of the weight is the old sample's.
    assert!(near(fading.percentile(0.33), 3.0));
    assert!(near(fading.percentile(0.34), 6.0));
}

#[test]
fn the_reference_moves_without_a_trace() {
    let options = HistogramOptions::linear(10.0, 1.0, 1e-4).unwrap();
    let mut moved = Histogram::decaying(options, secs(HOUR_S)).unwrap();
    // 250 half-lives: the reference moved twice.
    for hour in 0..250 {
        moved.add((hour % 7) as f64 + 0.5, 1.0, secs(HOUR_S * hour));
    }
    let mut fresh = Histogram::decaying(options, secs(HOUR_S)).unwrap();
    for hour in 200..250 {
        fresh.add((hour % 7) as f64 + 0.5, 1.0, secs(HOUR_S * hour));
    }
    for tenth in 0..=10 {
        let percentile = f64::from(tenth) / 10.0;
        assert!(near(
            moved.percentile(percentile),
            fresh.percentile(percentile)
        ));
    }
}

#[test]
fn merging_aligns_the_references() {
    let options = HistogramOptions::linear(10.0, 1.0, 1e-9).unwrap();
    let of = |times: &[u64]| {
        let mut histogram = Histogram::decaying(options, secs(HOUR_S)).unwrap();
        for &hour in times {
            histogram.add((hour % 7) as f64 + 0.5, 1.0, secs(HOUR_S * hour));
        }
        histogram
    };
    let (old, new, both) = (of(&[0, 3, 5]), of(&[6, 8]), of(&[0, 3, 5, 6, 8]));
    for (mut into, from) in [(old.clone(), new.clone()), (new, old)] {
        into.merge(&from).unwrap();
        for tenth in 0..=10 {
            let percentile = f64::from(tenth) / 10.0;
            let (got, expected) = (into.percentile(percentile), both.percentile(percentile));
            assert!(near(got, expected), "{percentile}: {got} {expected}");
        }
    }
}

#[test]
fn unlike_histograms_do_not_merge() {
    let mut plain = Histogram::new(whole());
    let fading = Histogram::decaying(whole(), secs(60)).unwrap();
    assert_eq!(plain.merge(&fading), Err(HistogramError::Unlike));
}

#[test]
fn weights_that_are_none_add_nothing() {
    let mut plain = Histogram::new(whole());
    for weight in [f64::NAN, f64::INFINITY, -1.0] {
        plain.add(3.0, weight, secs(0));
        plain.subtract(3.0, weight, secs(0));
    }
    assert_eq!(plain, Histogram::new(whole()));
}

#[test]
fn a_checkpoint_with_an_impossible_weight_is_refused() {
    let mut plain = Histogram::new(whole());
    plain.add(3.0, 1.0, secs(0));
    let mut saved = plain.checkpoint();
    for total in [f64::NAN, -1.0, f64::INFINITY] {
        saved.total_weight = total;
        assert!(Histogram::new(whole()).load(&saved).is_err(), "{total}");
    }
}
