//! Figures that hardly go together are named, and used all the same.

use autoscale_core::{
    Contradiction, DiagnosedAction as Action, DiagnosisConfig, Layer, LayerFigures, SystemFigures,
    diagnose,
};

use super::found;

fn said(figures: &SystemFigures) -> Vec<String> {
    let found = found(figures);
    found
        .contradictions
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn database(layer: LayerFigures) -> SystemFigures {
    SystemFigures {
        p95_s: Some(1.0),
        database: layer,
        ..SystemFigures::default()
    }
}

#[test]
fn a_mean_above_the_p95_is_unusual() {
    let of = |mean_s| SystemFigures {
        p95_s: Some(1.0),
        mean_s: Some(mean_s),
        ..SystemFigures::default()
    };
    let expected = "mean_s is 1.2 s, above p95_s of 1 s: that is unusual and takes a few very slow \
                    requests; check the units";
    assert_eq!(said(&of(1.2)), [expected]);
    // Within the tolerance it is rounding, and of another window.
    for mean_s in [0.4, 1.0, 1.09] {
        assert!(said(&of(mean_s)).is_empty(), "{mean_s}");
    }
    let strict = DiagnosisConfig::default().with_time_tolerance(0.0);
    let found = diagnose(&strict, &of(1.09)).unwrap();
    assert_eq!(found.contradictions.len(), 1);
}

#[test]
fn a_wait_is_part_of_the_layers_time() {
    let waits = |wait_s| {
        said(&database(LayerFigures {
            wait_s: Some(wait_s),
            time_s: Some(0.05),
            cpu: Some(0.9),
            ..LayerFigures::default()
        }))
    };
    let expected = "database.wait_s is 0.09 s, above database.time_s of 0.05 s, which should include \
                    it; check the units, and that both are means";
    assert_eq!(waits(0.09), [expected]);
    assert!(waits(0.05).is_empty());
}

#[test]
fn a_layers_time_above_its_latency_means_several_calls() {
    let takes = |time_s| {
        said(&database(LayerFigures {
            time_s: Some(time_s),
            latency_s: Some(0.1 + 0.2),
            ..LayerFigures::default()
        }))
    };
    let expected = "database.time_s is 0.9 s a request, above database.latency_s of 0.3 s a call: \
                    unless a request makes several calls, check the units";
    assert_eq!(takes(0.9), [expected]);
    assert!(takes(0.3).is_empty());
}

#[test]
fn failures_that_no_layer_has_are_named() {
    let idle = LayerFigures {
        cpu: Some(0.3),
        error_rate: Some(0.0),
        ..LayerFigures::default()
    };
    let mut figures = SystemFigures {
        p95_s: Some(0.5),
        error_rate: Some(0.02),
        application: idle.clone(),
        database: idle,
        ..SystemFigures::default()
    };
    let nowhere = found(&figures);
    let expected = Contradiction::FailuresUnaccounted { error_rate: 0.02 };
    assert_eq!(nowhere.contradictions, [expected]);
    assert_eq!(
        (nowhere.bottleneck, nowhere.action),
        (None, Action::Measure)
    );
    assert!(nowhere.missing.is_empty());
    assert!(
        nowhere.summary().ends_with("check what does not fit."),
        "{}",
        nowhere.summary()
    );
    // A cache that takes part may be where they fail.
    figures.cache.memory = Some(0.5);
    let unknown = found(&figures);
    assert!(unknown.contradictions.is_empty());
    let missing: Vec<String> = unknown.missing.iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["cache.error_rate"]);
    figures.cache.error_rate = Some(0.3);
    assert_eq!(found(&figures).bottleneck, Some(Layer::Cache));
}

#[test]
fn numbers_are_short_whatever_they_are() {
    let mut figures = database(LayerFigures {
        time_s: Some(1e300),
        latency_s: Some(1e-300),
        ..LayerFigures::default()
    });
    figures.p95_s = None;
    let said = said(&figures);
    assert!(said[0].contains("1.0e300 s a request"), "{said:?}");
    assert!(said[0].contains("1.0e-300 s a call"), "{said:?}");
}
