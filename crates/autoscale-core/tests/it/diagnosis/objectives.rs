//! Whether users notice is the system's own objectives' to say; what its layers show is evidence.

use autoscale_core::{
    DiagnosedAction as Action, DiagnosisStatus as Status, Layer, LayerFigures, SystemFigures,
};

use super::found;

/// A system that keeps what is promised, of which no resource is short.
fn met() -> SystemFigures {
    let idle = LayerFigures {
        cpu: Some(0.3),
        ..LayerFigures::default()
    };
    SystemFigures {
        p95_s: Some(0.5),
        error_rate: Some(0.0005),
        application: idle.clone(),
        database: idle,
        ..SystemFigures::default()
    }
}

/// How the figures differ from [`met`], the status, the bottleneck, the action, and how the summary
/// begins.
type Case = (
    fn(&mut SystemFigures),
    Status,
    Option<Layer>,
    Action,
    &'static str,
);

#[test]
fn the_headline_follows_the_objectives() {
    let cases: [Case; 9] = [
        (
            |_| {},
            Status::Ok,
            None,
            Action::None,
            "The objectives are met: nothing to do.",
        ),
        (
            |f| f.database.error_rate = Some(0.05),
            Status::AtRisk,
            Some(Layer::Database),
            Action::Optimise,
            "The objectives are met, but a layer is over a limit: no resource is short; find out why \
             calls of the database fail.",
        ),
        (
            |f| {
                f.database.latency_s = Some(0.4);
                f.database.objective_s = Some(0.1);
            },
            Status::AtRisk,
            Some(Layer::Database),
            Action::Optimise,
            "The objectives are met, but a layer is over a limit: no resource is short; optimise",
        ),
        (
            |f| {
                f.error_rate = None;
                f.application.error_rate = Some(0.05);
            },
            Status::AtRisk,
            Some(Layer::Application),
            Action::Optimise,
            "No objective is known to be broken, but a layer is over a limit: no resource",
        ),
        (
            |f| {
                f.application.cpu = Some(0.9);
                f.database.error_rate = Some(0.05);
            },
            Status::AtRisk,
            Some(Layer::Application),
            Action::ScaleApplication,
            "The objectives are met, but a layer is over a limit: the application is the bottleneck",
        ),
        (
            |f| f.p95_s = Some(2.5),
            Status::Breached,
            None,
            Action::Optimise,
            "Requests are slow: ",
        ),
        (
            |f| {
                f.error_rate = Some(0.02);
                f.database.error_rate = Some(0.05);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::Optimise,
            "Too many requests fail: no resource is short; find out why calls of the database fail.",
        ),
        (
            |f| {
                f.p95_s = Some(2.5);
                f.error_rate = Some(0.02);
            },
            Status::Breached,
            None,
            Action::Optimise,
            "Requests are slow, and too many of them fail: ",
        ),
        (
            |f| f.p95_s = None,
            Status::Unknown,
            None,
            Action::Measure,
            "Whether requests are slow is not known: ",
        ),
    ];
    for (change, status, bottleneck, action, summary) in cases {
        let mut figures = met();
        change(&mut figures);
        let found = found(&figures);
        let said = found.summary();
        assert!(said.starts_with(summary), "{said}");
        assert_eq!(
            (found.status, found.bottleneck, found.action),
            (status, bottleneck, action),
            "{said}"
        );
    }
}

#[test]
fn failures_of_a_layer_call_for_the_systems_error_rate() {
    let mut figures = met();
    figures.error_rate = None;
    figures.application.error_rate = Some(0.05);
    let missing = found(&figures).missing;
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["error_rate"]);
}
