use std::time::Duration;

use autoscale_core::{AdaptiveForecast, DemandForecast};

use super::SeasonalForecast;

const TICK: Duration = Duration::from_secs(300);
const A_DAY: u64 = 288;
const HORIZON: usize = 3;

/// Noise in −0.5 … 0.5 by the tick.
fn noise(tick: u64) -> f64 {
    let mut mixed = (tick + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
}

/// Office hours of five days a week, sharply, with noise.
fn office(tick: u64) -> f64 {
    let (day, minute) = (tick / A_DAY, (tick % A_DAY * 5) as f64);
    let works = day % 7 < 5 && (540.0..1050.0).contains(&minute);
    (if works { 30.0 } else { 4.0 }) * (1.0 + 0.1 * noise(tick))
}

/// A level that wanders as far up as down, without hours.
fn aimless(tick: u64) -> f64 {
    let slow = (0..5).map(|scale| noise(tick >> (2 * scale + 2)));
    10.0 * (1.0 + 0.4 * slow.sum::<f64>() + 0.1 * noise(tick)).max(0.05)
}

fn counts() -> Vec<f64> {
    (1..=60).map(f64::from).collect()
}

/// Observes a tick and asks for what lies ahead.
fn step<F: DemandForecast>(forecast: &mut F, tick: u64, demand: f64, out: &mut [f64]) -> usize {
    let end = |tick: u64| TICK * u32::try_from(tick + 1).unwrap();
    forecast.observe(end(tick), demand);
    forecast.partial_expectations(end(tick + HORIZON as u64), &counts(), out)
}

/// What each forecast says, tick by tick, as bits; and the last day on which they agreed throughout.
fn agrees_until(load: fn(u64) -> f64, days: u64) -> (u64, SeasonalForecast) {
    let mut seasonal = SeasonalForecast::new(TICK, HORIZON);
    let mut usual = AdaptiveForecast::new(TICK, HORIZON);
    let mut agreed = None;
    let (mut ours, mut theirs) = (vec![0.0; 60], vec![0.0; 60]);
    for tick in 0..days * A_DAY {
        let useful = step(&mut seasonal, tick, load(tick), &mut ours);
        let usually = step(&mut usual, tick, load(tick), &mut theirs);
        assert!(ours.iter().all(|beyond| beyond.is_finite()));
        let bits = |all: &[f64]| all.iter().map(|one| one.to_bits()).collect::<Vec<_>>();
        let same = useful == usually
            && bits(&ours[..useful]) == bits(&theirs[..usually])
            && seasonal.expected().to_bits() == usual.expected().to_bits();
        if !same {
            agreed.get_or_insert(tick / A_DAY);
        }
    }
    (agreed.unwrap_or(days), seasonal)
}

#[test]
fn without_seasons_every_bit_is_the_usual_forecasts() {
    let (agreed, seasonal) = agrees_until(aimless, 40);
    assert_eq!(agreed, 40);
    // The others did run beside it.
    assert_eq!(seasonal.shadows.len(), 4);
    assert_eq!(seasonal.record.followed(), 0);
}

#[test]
fn weeks_are_followed_after_three_of_them() {
    let (agreed, seasonal) = agrees_until(office, 40);
    assert!((23..30).contains(&agreed), "day {agreed}");
    assert!(seasonal.record.followed() > 0);
}

/// Replicas and 25 times what they could not serve, where each count was chosen at that price.
fn losses(load: fn(u64) -> f64, days: std::ops::Range<u64>) -> (f64, f64) {
    let mut seasonal = SeasonalForecast::new(TICK, HORIZON);
    let mut usual = AdaptiveForecast::new(TICK, HORIZON);
    let (mut ours, mut theirs) = (vec![0.0; 60], vec![0.0; 60]);
    let (mut our_loss, mut their_loss) = (0.0, 0.0);
    for tick in 0..days.end * A_DAY {
        let choice =
            |beyond: &[f64], useful: usize| super::record::choices(&counts(), beyond, useful)[1];
        let useful = step(&mut seasonal, tick, load(tick), &mut ours);
        let usually = step(&mut usual, tick, load(tick), &mut theirs);
        let outcome = load(tick + HORIZON as u64);
        let loss = |choice: f64| {
            choice
                + if choice < outcome {
                    25.0 * outcome
                } else {
                    0.0
                }
        };
        if days.contains(&(tick / A_DAY)) {
            our_loss += loss(choice(&ours, useful));
            their_loss += loss(choice(&theirs, usually));
        }
    }
    (our_loss, their_loss)
}

#[test]
fn strong_weeks_cost_less() {
    let (ours, usual) = losses(office, 28..42);
    assert!(ours < 0.97 * usual, "{ours} {usual}");
}

#[test]
fn a_state_that_was_written_goes_on_as_if_it_had_not_been() {
    let mut one = SeasonalForecast::new(TICK, HORIZON);
    let mut out = vec![0.0; 60];
    for tick in 0..30 * A_DAY {
        step(&mut one, tick, office(tick), &mut out);
    }
    let text = serde_json::to_string(&one).unwrap();
    let mut other: SeasonalForecast = serde_json::from_str(&text).unwrap();
    assert!(other.is_sound());
    for tick in 30 * A_DAY..32 * A_DAY {
        let mut theirs = vec![0.0; 60];
        let useful = step(&mut one, tick, office(tick), &mut out);
        assert_eq!(step(&mut other, tick, office(tick), &mut theirs), useful);
        assert_eq!(out[..useful], theirs[..useful]);
    }
    other.record.restart();
    assert_eq!(other.record.followed(), 0);
    for broken in [text.replacen("\"trust\":0.5", "\"trust\":-1.0", 1), {
        let past = text.find("\"first_s\"").unwrap();
        let from = past + text[past..].find("\"values\":[").unwrap() + 10;
        let to = from + text[from..].find(',').unwrap();
        format!("{}0.0{}", &text[..from], &text[to..])
    }] {
        assert_ne!(broken, text);
        let read: SeasonalForecast = serde_json::from_str(&broken).unwrap();
        assert!(!read.is_sound());
    }
}

#[test]
fn gaps_zeroes_and_other_horizons_leave_numbers() {
    let mut forecast = SeasonalForecast::new(TICK, HORIZON);
    let mut out = vec![0.0; 60];
    for tick in 0..30 * A_DAY {
        // A day without samples, and one without load.
        if (2880..=3168).contains(&tick) {
            forecast.skip(1);
        } else {
            let idle = (4000..=4300).contains(&tick);
            step(
                &mut forecast,
                tick,
                if idle { 0.0 } else { office(tick) },
                &mut out,
            );
        }
        if tick == 25 * A_DAY {
            forecast.set_horizon(9);
            assert_eq!(forecast.record.followed(), 0);
        }
        assert!(
            out.iter()
                .all(|beyond| beyond.is_finite() && *beyond >= 0.0)
        );
    }
    assert!(forecast.is_sound() && !forecast.shadows.is_empty());
    // Beyond a gap of months nothing is planned from before it.
    let far = TICK * 100_000_000;
    forecast.observe(far, 5.0);
    forecast.partial_expectations(far + TICK, &counts(), &mut out);
    assert!(out.iter().all(|beyond| beyond.is_finite()));
    forecast.restart(TICK, HORIZON);
    assert!(forecast.shadows.is_empty());
}

#[test]
fn a_course_joins_the_one_before_it() {
    let mut forecast = SeasonalForecast::new(TICK, HORIZON);
    let mut out = vec![0.0; 60];
    let mut before = None;
    for tick in 0..21 * A_DAY {
        step(&mut forecast, tick, office(tick), &mut out);
        let end = (TICK * u32::try_from(tick + 1).unwrap()).as_secs_f64();
        let now = forecast.factors(end);
        if let Some(before) = before.replace(now) {
            // What follows is learnt relative to it: no plan may tear it off.
            for (now, before) in now.iter().zip::<[f64; 2]>(before) {
                let ratio = now / before;
                assert!(ratio > 0.1 && ratio < 10.0, "tick {tick}: {ratio}");
            }
        }
        if tick < 7 * A_DAY {
            assert_eq!(now, [1.0, 1.0]);
        }
    }
    assert_ne!(before, Some([1.0, 1.0]));
}
