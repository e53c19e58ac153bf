//! Members alone: what any history must not do to them.

use capacity_forecast::{
    AutoEts, Drift, Ets, EtsParameters, EtsState, ForecastError, Forecaster, History, Naive,
    SeasonalNaive, Theta, ThetaMethod,
};
use proptest::prelude::*;

fn members() -> Vec<Box<dyn Forecaster>> {
    let members: Vec<Box<dyn Forecaster>> = vec![
        Box::new(Naive),
        Box::new(SeasonalNaive),
        Box::new(Drift),
        Box::new(AutoEts::new()),
        Box::new(AutoEts::new().with_additive_only(true)),
        Box::new(Theta::new(ThetaMethod::Standard)),
        Box::new(Theta::new(ThetaMethod::Optimized)),
        Box::new(Theta::new(ThetaMethod::DynamicOptimized)),
        #[cfg(feature = "linfa")]
        Box::new(capacity_forecast::PolynomialTrend),
        #[cfg(feature = "stl")]
        Box::new(capacity_forecast::Mstl::new()),
        #[cfg(feature = "stl")]
        Box::new(capacity_forecast::Mstl::new().with_robust(true)),
    ];
    members
}

/// Histories that break forecasters: any size of numbers, constant ones, zeros, spikes, few values.
fn series() -> impl Strategy<Value = Vec<f64>> {
    let sizes = prop_oneof![
        4 => Just(1.0),
        1 => Just(1e-300),
        1 => Just(1e-12),
        1 => Just(1e12),
        1 => Just(1e300),
        1 => Just(0.0),
    ];
    let kinds = 0..6_u8;
    (
        prop::collection::vec(-1.0..1.0_f64, 0..90),
        sizes,
        kinds,
        1..9_usize,
    )
        .prop_map(|(noise, size, kind, season)| {
            let steps = noise.iter().enumerate();
            steps
                .map(|(index, noise)| {
                    let phase = (index % season) as f64;
                    let step = index as f64;
                    size * match kind {
                        0 => *noise,
                        1 => noise.abs(),
                        2 => 2.0 + 0.3 * phase + 0.1 * noise,
                        3 => (0.1 * step + 0.2 * noise).exp(),
                        4 if index % 17 == 16 => 1e6 * noise,
                        4 => 1.0 + 0.01 * noise,
                        _ => 3.0 + phase,
                    }
                })
                .collect()
        })
}

proptest! {
    #![proptest_config(super::cases(120, 20_000))]

    #[test]
    fn a_forecast_is_finite_or_refused(
        values in series(),
        season in 2..13_usize,
        horizon in 0..40_usize,
    ) {
        let observed = vec![true; values.len()];
        let seasons = [season, 2 * season];
        for seasons in [&seasons[..0], &seasons[..1], &seasons[..]] {
            let history = History::new(&values, &observed, seasons)?;
            for member in members() {
                let mut out = vec![f64::NAN; horizon];
                if member.forecast(&history, &mut out) {
                    prop_assert!(
                        out.iter().all(|v| v.is_finite()),
                        "{} of {values:?}: {out:?}", member.name(),
                    );
                }
            }
        }
    }

    /// Value by value is the same as one pass over all of them.
    #[test]
    fn an_ets_that_goes_on_is_one_that_saw_it_all(
        values in series(),
        season in 1..13_usize,
        later in series(),
    ) {
        let Ok(mut fit) = AutoEts::new().fit(&values, season) else {
            return Ok(());
        };
        let mut all = values;
        let model = fit.model().clone();
        for value in later.into_iter().take(20) {
            all.push(value);
            let whole = model.filter(&all);
            let before = fit.clone();
            match (fit.update(value), whole) {
                (Ok(()), Ok(whole)) => {
                    for (own, whole) in fit.fitted().iter().zip(whole.fitted()) {
                        prop_assert!((own - whole).abs() <= 1e-9 * whole.abs());
                    }
                    let (own, whole) = (fit.end(), whole.end());
                    prop_assert!((own.level - whole.level).abs() <= 1e-9 * whole.level.abs());
                    prop_assert_eq!(&own.season, &whole.season);
                }
                (Err(_), Err(_)) => {
                    prop_assert_eq!(&fit, &before);
                    all.pop();
                }
                (own, whole) => prop_assert!(false, "{own:?} but {whole:?}"),
            }
        }
    }

    #[test]
    fn ets_intervals_hold_the_point_and_do_not_explode(
        values in series(),
        season in 1..13_usize,
    ) {
        let Ok(fit) = AutoEts::new().fit(&values, season) else {
            return Ok(());
        };
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut means = vec![0.0; 200];
        prop_assert!(fit.forecast(&mut means));
        let (narrow, wide) = (fit.interval(0.8, 200), fit.interval(0.95, 200));
        prop_assert_eq!(narrow.len(), 200);
        for ((mean, narrow), wide) in means.iter().zip(narrow).zip(wide) {
            prop_assert!(wide.0 <= narrow.0 && narrow.0 <= *mean);
            prop_assert!(*mean <= narrow.1 && narrow.1 <= wide.1);
            prop_assert!(wide.1 - wide.0 <= 10.1 * (high - low) || high - low == f64::INFINITY);
        }
    }

    #[test]
    fn scaling_the_values_scales_the_forecast(
        noise in prop::collection::vec(0.0..1.0_f64, 30..60),
        power in -20..20_i32,
    ) {
        let factor = 2.0_f64.powi(power);
        let values: Vec<f64> = noise.iter().map(|v| 5.0 + v).collect();
        let scaled: Vec<f64> = values.iter().map(|v| factor * v).collect();
        let observed = vec![true; values.len()];
        for (member, close) in [
            (&AutoEts::new() as &dyn Forecaster, 1e-9),
            (&Drift, 1e-9),
            (&SeasonalNaive, 1e-9),
        ] {
            let (mut plain, mut grown) = ([0.0; 5], [0.0; 5]);
            let done = member.forecast(&History::new(&values, &observed, &[4])?, &mut plain);
            let also = member.forecast(&History::new(&scaled, &observed, &[4])?, &mut grown);
            prop_assert_eq!(done, also);
            for (plain, grown) in plain.iter().zip(grown) {
                prop_assert!((factor * plain - grown).abs() <= close * grown.abs());
            }
        }
    }
}

#[test]
fn several_origins_give_what_each_gives_alone() -> Result<(), ForecastError> {
    let values: Vec<f64> = (0..50).map(|t| 4.0 + f64::from(t * t % 11)).collect();
    let observed = vec![true; values.len()];
    let history = History::new(&values, &observed, &[5])?;
    let origins = [0, 20, 50];
    for member in members() {
        let mut rows = vec![0.0; 9];
        let mut done = [true; 3];
        member.forecast_each(&history, &origins, 3, &mut rows, &mut done);
        for ((origin, row), done) in origins.iter().zip(rows.chunks(3)).zip(done) {
            let mut alone = [0.0; 3];
            let also = member.forecast(&history.up_to(*origin), &mut alone);
            assert_eq!(done, also, "{} at {origin}", member.name());
            assert!(!also || row == alone, "{} at {origin}", member.name());
        }
    }
    Ok(())
}

#[test]
fn models_say_why_they_refuse() {
    let constant = ForecastError::Constant {
        count: 40,
        value: 2.0,
    };
    let broken = [1.0, f64::NAN, 2.0, 3.0, 1.0, 2.0, 5.0];
    let not_finite = ForecastError::NotFinite {
        what: "values".to_owned(),
        index: 1,
    };
    assert_eq!(AutoEts::new().fit(&[2.0; 40], 4), Err(constant.clone()));
    assert_eq!(Theta::default().fit(&[2.0; 40], 4), Err(constant));
    assert_eq!(AutoEts::new().fit(&broken, 1), Err(not_finite.clone()));
    assert_eq!(Theta::default().fit(&broken, 1), Err(not_finite));
    assert!(matches!(
        AutoEts::new().fit(&[1.0, 2.0, 4.0, 3.0, 1.0, 2.0, 5.0], 4),
        Err(ForecastError::TooShort { have: 7, need: 10 })
    ));
}

/// A step up moves the level's share of it, and a seasonal amount that of its own phase only.
#[test]
fn a_filter_moves_by_its_shares() -> Result<(), Box<dyn std::error::Error>> {
    let parameters = EtsParameters {
        level: 0.25,
        season: 0.5,
        ..EtsParameters::default()
    };
    let start = EtsState {
        level: 10.0,
        trend: 0.0,
        season: vec![1.0, -1.0],
    };
    let fit = Ets::new("ANA".parse()?, parameters, start)?.filter(&[15.0])?;
    assert_eq!(fit.fitted(), &[11.0]);
    assert_eq!(fit.end().level, 11.0);
    assert_eq!(fit.end().season, vec![-1.0, 3.0]);
    Ok(())
}

#[test]
fn multiplicative_forms_need_positive_values() -> Result<(), ForecastError> {
    let mut values: Vec<f64> = (0..60).map(|t| 10.0 * f64::from(1 + t % 6)).collect();
    for (index, value) in values.iter_mut().enumerate() {
        *value *= 1.0 + 0.3 * ((index * index % 7) as f64 / 7.0 - 0.5);
    }
    let form = AutoEts::new().fit(&values, 6)?.model().form();
    assert!(form.to_string().contains('M'), "{form}");
    values[7] = 0.0;
    let form = AutoEts::new().fit(&values, 6)?.model().form();
    assert!(!form.to_string().contains('M'), "{form}");
    Ok(())
}
