//! Seasons: what is given is checked, what is detected is there.

use std::time::Duration;

use capacity_forecast::{SeasonVerdict, Seasons, Series};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

use crate::cases;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(604_800);
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Standard normal numbers, the same every time.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn detected(step: Duration, values: Vec<f64>) -> Vec<usize> {
    let series = Series::from_grid(WEEK * 2800, step, values).unwrap();
    Seasons::Detect.resolve(&series).unwrap().lengths()
}

/// Share of `count` generated series with any season.
fn share(step: Duration, count: u64, mut generate: impl FnMut(&mut Noise) -> Vec<f64>) -> f64 {
    let found = (1..=count).filter(|seed| {
        let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        !detected(step, generate(&mut noise)).is_empty()
    });
    found.count() as f64 / count as f64
}

fn wave(t: usize, length: usize) -> f64 {
    (std::f64::consts::TAU * t as f64 / length as f64).sin()
}

#[test]
fn given_seasons_are_checked_and_wait_for_two_cycles() {
    let series = Series::from_grid(Duration::ZERO, HOUR, vec![1.0; 60]).unwrap();
    let resolve = |lengths: &[Duration]| Seasons::Given(lengths.to_vec()).resolve(&series);
    let cases: [(&[Duration], &str); 3] = [
        (
            &[HOUR],
            "seasons[0] is 1h, must be a multiple of the step, at least two steps",
        ),
        (
            &[DAY, Duration::from_secs(5400)],
            "seasons[1] is 90m, must be a multiple of the step, at least two steps",
        ),
        (
            &[DAY, WEEK, DAY],
            "seasons[2] is 1d, must be one of at most two",
        ),
    ];
    for (lengths, message) in cases {
        assert_eq!(resolve(lengths).unwrap_err().to_string(), message);
    }
    let report = resolve(&[WEEK, DAY]).unwrap();
    assert_eq!(report.lengths(), [24]);
    assert_eq!(report.candidates[1].verdict, SeasonVerdict::TooShort);
    assert_eq!(resolve(&[DAY, DAY]).unwrap().lengths(), [24]);
    assert!(Seasons::None.resolve(&series).unwrap().lengths().is_empty());
}

#[test]
fn series_without_a_season_rarely_get_one() {
    let walk = |noise: &mut Noise| {
        let mut level = 0.0;
        (0..336)
            .map(|_| {
                level += noise.normal();
                level
            })
            .collect::<Vec<f64>>()
    };
    let white = |noise: &mut Noise| (0..336).map(|_| noise.normal()).collect::<Vec<f64>>();
    let shift = |noise: &mut Noise| {
        let at = (336.0 * noise.uniform()) as usize;
        (0..336)
            .map(|t| noise.normal() + if t > at { 15.0 } else { 0.0 })
            .collect::<Vec<f64>>()
    };
    assert!(share(HOUR, 200, walk) <= 0.08);
    assert!(share(HOUR, 200, white) <= 0.03);
    assert!(share(HOUR, 200, shift) <= 0.05);
    assert!(share(DAY, 200, white) <= 0.10);
}

#[test]
fn smooth_curves_are_trends() {
    for (name, curve) in [
        ("constant", (|_| 5.0) as fn(f64) -> f64),
        ("line", |t| 3.0 + 0.37 * t),
        ("square", |t| 0.01 * t * t),
        ("logarithm", |t| (t + 1.0).ln()),
        ("exponential", |t| (t / 200.0).exp()),
    ] {
        for (step, count) in [(HOUR, 168), (HOUR, 672), (FIVE_MINUTES, 2016), (DAY, 120)] {
            let values = (0..count).map(|t| curve(f64::from(t))).collect();
            assert!(detected(step, values).is_empty(), "{name} of {count}");
        }
    }
}

#[test]
fn days_are_found_under_shifts_outliers_gaps_and_growth() {
    let mut noise = Noise(12_345);
    let values = |change: &dyn Fn(usize) -> f64, noise: &mut Noise| -> Vec<f64> {
        (0..336)
            .map(|t| 2.0 * wave(t, 24) + noise.normal() + change(t))
            .collect()
    };
    let shift = values(&|t| if t > 150 { 40.0 } else { 0.0 }, &mut noise);
    let outliers = values(&|t| if t % 41 == 0 { 500.0 } else { 0.0 }, &mut noise);
    let growth = values(&|t| 0.3 * t as f64, &mut noise);
    let gaps = values(
        &|t| {
            if t % 5 == 0 || (60..130).contains(&t) {
                f64::NAN
            } else {
                0.0
            }
        },
        &mut noise,
    );
    for values in [shift, outliers, growth, gaps] {
        assert_eq!(detected(HOUR, values), [24]);
    }
}

#[test]
fn weeks_need_days_and_two_of_them() {
    let mut noise = Noise(777);
    let mut load = |count: usize| -> Vec<f64> {
        let weekend = |t: usize| if t / 24 % 7 >= 5 { 0.5 } else { 1.0 };
        (0..count)
            .map(|t| (3.0 + wave(t, 24)) * weekend(t) + 0.2 * noise.normal())
            .collect()
    };
    assert_eq!(detected(HOUR, load(336)), [24]);
    assert_eq!(detected(HOUR, load(337)), [24, 168]);
    assert_eq!(detected(HOUR, load(672)), [24, 168]);
    let series = Series::from_grid(WEEK, HOUR, load(672)).unwrap();
    let report = Seasons::Detect.resolve(&series).unwrap();
    assert_eq!(report.candidates[1].verdict, SeasonVerdict::Accepted);
    // Days alone: the week is assumed, and the report says that nothing shows it.
    let days = (0..672)
        .map(|t| 5.0 * wave(t, 24) + noise.normal())
        .collect::<Vec<_>>();
    let series = Series::from_grid(WEEK, HOUR, days).unwrap();
    let report = Seasons::Detect.resolve(&series).unwrap();
    assert_eq!(report.lengths(), [24, 168]);
    assert_eq!(report.candidates[1].verdict, SeasonVerdict::Assumed);
    assert!(report.candidates[1].strength < report.candidates[1].needed);
}

#[test]
fn a_sawtooth_without_a_calendar_is_found() {
    let mut noise = Noise(4321);
    let mut saw = |length: usize, count: usize| -> Vec<f64> {
        (0..count)
            .map(|t| 10.0 * (t % length) as f64 / length as f64 + 0.3 * noise.normal())
            .collect()
    };
    assert_eq!(detected(HOUR, saw(37, 336)), [37]);
    assert_eq!(detected(FIVE_MINUTES, saw(53, 2016)), [53]);
    assert_eq!(detected(DAY, saw(37, 365)), [37]);
}

#[test]
fn hours_days_and_years_are_seasons_of_their_steps() {
    let mut noise = Noise(99);
    let minutely: Vec<f64> = (0..1200)
        .map(|t| 3.0 * wave(t, 60) + noise.normal())
        .collect();
    assert_eq!(detected(Duration::from_secs(60), minutely), [60]);
    let daily: Vec<f64> = (0..800)
        .map(|t| 4.0 * wave(t, 365) + f64::from(u8::from(t % 7 < 5)) + 0.3 * noise.normal())
        .collect();
    assert_eq!(detected(DAY, daily), [7, 365]);
    // A step that divides neither hour nor day has no calendar.
    let series = Series::from_grid(WEEK, HOUR * 5, vec![1.0; 400]).unwrap();
    let candidates = Seasons::Detect.resolve(&series).unwrap().candidates;
    assert!(candidates.iter().all(|candidate| candidate.length != DAY));
}

proptest! {
    #![proptest_config(cases(200, 10_000))]

    /// Any values: at most two lengths, ascending, nested, seen twice, and none for a scale.
    #[test]
    fn lengths_are_usable(
        values in vec(
            prop_oneof![
                6 => -10.0..10.0_f64,
                1 => any::<f64>(),
                1 => Just(f64::NAN),
                1 => Just(1e300),
            ],
            1..800,
        ),
        repeat in 1..400_usize,
        step in prop_oneof![
            Just(HOUR), Just(DAY), Just(FIVE_MINUTES), Just(WEEK),
            (1..100_000_u64).prop_map(Duration::from_secs),
        ],
    ) {
        let values: Vec<f64> = values.iter().copied().take(repeat).cycle().take(values.len()).collect();
        let series = Series::from_grid(Duration::ZERO, step, values).unwrap();
        let report = Seasons::Detect.resolve(&series).unwrap();
        let lengths = report.lengths();
        prop_assert!(lengths.len() <= 2);
        prop_assert!(lengths.iter().all(|m| *m >= 2 && series.len() > 2 * m));
        if let [short, long] = lengths[..] {
            prop_assert!(short < long);
        }
        for candidate in &report.candidates {
            prop_assert!(candidate.strength.is_finite() && candidate.strength <= 1.0 + 1e-9);
        }
    }
}
