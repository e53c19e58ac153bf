//! Systems whose bottleneck is known.

use autoscale_core::{
    Contradiction, DiagnosedAction as Action, Diagnosis, DiagnosisConfig,
    DiagnosisStatus as Status, Layer, LayerFigures, SystemFigures, diagnose,
};

use super::found;

fn layer(cpu: f64, time_s: f64) -> LayerFigures {
    LayerFigures {
        cpu: Some(cpu),
        time_s: Some(time_s),
        ..LayerFigures::default()
    }
}

/// Slow; neither layer is busy.
fn slow() -> SystemFigures {
    SystemFigures {
        p95_s: Some(3.0),
        application: layer(0.3, 0.4),
        database: layer(0.3, 0.5),
        ..SystemFigures::default()
    }
}

fn missing(found: &Diagnosis) -> Vec<String> {
    found.missing.iter().map(ToString::to_string).collect()
}

fn changed(change: impl FnOnce(&mut SystemFigures)) -> Diagnosis {
    let mut figures = slow();
    change(&mut figures);
    found(&figures)
}

/// What the figures are, how they differ from [`slow`], and what is to be found.
type Case = (
    &'static str,
    fn(&mut SystemFigures),
    Status,
    Option<Layer>,
    Action,
);

#[test]
fn each_branch() {
    let cases: [Case; 19] = [
        (
            "nothing is busy",
            |_| {},
            Status::Breached,
            Some(Layer::Database),
            Action::Optimise,
        ),
        (
            "the objectives are met",
            |f| f.p95_s = Some(1.9),
            Status::Ok,
            None,
            Action::None,
        ),
        (
            "an own objective is not",
            |f| {
                f.p95_s = Some(1.9);
                f.objective_s = Some(0.5);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::Optimise,
        ),
        (
            "the application is busy",
            |f| f.application.cpu = Some(0.9),
            Status::Breached,
            Some(Layer::Application),
            Action::ScaleApplication,
        ),
        (
            "the database is, reads unknown",
            |f| f.database.cpu = Some(0.9),
            Status::Breached,
            Some(Layer::Database),
            Action::ScaleDatabase,
        ),
        (
            "it mostly reads",
            |f| {
                f.database.cpu = Some(0.9);
                f.database.read_share = Some(0.8);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::AddReadReplicas,
        ),
        (
            "it mostly writes",
            |f| {
                f.database.cpu = Some(0.9);
                f.database.read_share = Some(0.2);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::ScaleDatabase,
        ),
        (
            "it reads, but is out of memory",
            |f| {
                f.database.memory = Some(0.95);
                f.database.read_share = Some(0.9);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::ScaleDatabase,
        ),
        (
            "replicas lag and nothing is busy",
            |f| f.database.replication_lag_s = Some(90.0),
            Status::Breached,
            Some(Layer::Database),
            Action::Optimise,
        ),
        (
            "a pool is too small",
            |f| f.database.wait_s = Some(0.4),
            Status::Breached,
            Some(Layer::Database),
            Action::Optimise,
        ),
        (
            "waits, and connections are used up",
            |f| {
                f.database.wait_s = Some(0.4);
                f.database.connections = Some(0.99);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::ScaleDatabase,
        ),
        (
            "the link is full",
            |f| {
                f.network = LayerFigures {
                    bandwidth: Some(0.95),
                    time_s: Some(0.6),
                    ..LayerFigures::default()
                };
            },
            Status::Breached,
            Some(Layer::Network),
            Action::ScaleInfrastructure,
        ),
        (
            "the cache is full",
            |f| {
                f.cache = LayerFigures {
                    memory: Some(0.95),
                    time_s: Some(0.2),
                    ..LayerFigures::default()
                };
            },
            Status::Breached,
            Some(Layer::Cache),
            Action::ScaleCache,
        ),
        (
            "the cache misses with room to spare",
            |f| {
                f.cache = LayerFigures {
                    memory: Some(0.3),
                    hit_ratio: Some(0.4),
                    time_s: Some(0.2),
                    ..LayerFigures::default()
                };
            },
            Status::Breached,
            Some(Layer::Cache),
            Action::Optimise,
        ),
        (
            "the cache misses, its memory is unknown",
            |f| {
                f.cache = LayerFigures {
                    hit_ratio: Some(0.4),
                    time_s: Some(0.2),
                    ..LayerFigures::default()
                };
            },
            Status::Breached,
            Some(Layer::Cache),
            Action::Measure,
        ),
        (
            "not slow yet",
            |f| {
                f.p95_s = Some(0.5);
                f.application.cpu = Some(0.8);
            },
            Status::AtRisk,
            Some(Layer::Application),
            Action::ScaleApplication,
        ),
        (
            "requests fail in the database, which is idle",
            |f| {
                f.p95_s = Some(0.5);
                f.error_rate = Some(0.05);
                f.database.error_rate = Some(0.05);
            },
            Status::Breached,
            Some(Layer::Database),
            Action::Optimise,
        ),
        (
            "requests fail, nobody knows where",
            |f| {
                f.p95_s = Some(0.5);
                f.error_rate = Some(0.05);
            },
            Status::Breached,
            None,
            Action::Measure,
        ),
        (
            "nothing is known",
            |f| *f = SystemFigures::default(),
            Status::Unknown,
            None,
            Action::Measure,
        ),
    ];
    for (name, change, status, bottleneck, action) in cases {
        let found = changed(change);
        assert_eq!(
            (found.status, found.bottleneck, found.action),
            (status, bottleneck, action),
            "{name}"
        );
        assert!(found.summary().ends_with('.'), "{name}");
    }
}

#[test]
fn the_layer_where_the_time_goes_is_named_before_the_busier_one() {
    // Application: 0.95 ÷ 0.7 × 0.3; database: 0.85 ÷ 0.7 × 0.7.
    let found = changed(|f| {
        f.application = layer(0.95, 0.3);
        f.database = layer(0.85, 0.7);
    });
    assert_eq!(found.bottleneck, Some(Layer::Database));
    let order: Vec<String> = found.evidence.iter().map(|e| e.place.to_string()).collect();
    assert_eq!(order, ["p95_s", "database.cpu", "application.cpu"]);
    assert!((found.evidence[1].weight - 0.85 / 0.7 * 0.7).abs() < 1e-12);
    // Without the times the busier one is, and the times are what is missing.
    let found = changed(|f| {
        f.application = layer(0.95, 0.3);
        f.database = layer(0.85, 0.7);
        f.application.time_s = None;
    });
    assert_eq!(found.bottleneck, Some(Layer::Application));
    assert_eq!(missing(&found), ["application.time_s"]);
}

#[test]
fn a_busy_layer_without_a_share_of_the_time_is_no_bottleneck() {
    let found = changed(|f| {
        f.application = layer(0.99, 0.01);
        f.database = layer(0.2, 0.9);
    });
    assert_eq!(
        (found.bottleneck, found.action),
        (Some(Layer::Database), Action::Optimise)
    );
    let layer_ = Layer::Application;
    assert_eq!(
        found.contradictions,
        [Contradiction::SaturatedThoughFast { layer: layer_ }]
    );
    // Not slow yet: the time says nothing about what comes next.
    let found = changed(|f| {
        f.p95_s = Some(0.1);
        f.application = layer(0.99, 0.01);
    });
    assert_eq!(
        (found.bottleneck, found.contradictions.len()),
        (Some(Layer::Application), 0)
    );
}

#[test]
fn a_cache_that_misses_relieves_the_database() {
    let loaded = |hits: f64, reads: Option<f64>, cpu: f64| {
        changed(|f| {
            f.database = layer(cpu, 0.8);
            f.database.read_share = reads;
            f.cache = layer(0.1, 0.1);
            f.cache.memory = Some(0.95);
            f.cache.hit_ratio = Some(hits);
        })
    };
    // Misses from 0.5 to 0.2: 0.9 × (1 − 0.9 × 0.6) = 0.41.
    let found = loaded(0.5, Some(0.9), 0.9);
    assert_eq!(
        (found.bottleneck, found.relieves),
        (Some(Layer::Cache), Some(Layer::Database))
    );
    assert_eq!(found.action, Action::ScaleCache);
    // It takes no time by itself, which is no contradiction here.
    let quick = changed(|f| {
        f.database = layer(0.9, 0.8);
        f.database.read_share = Some(0.9);
        f.cache = LayerFigures {
            memory: Some(0.95),
            hit_ratio: Some(0.5),
            time_s: Some(0.001),
            ..LayerFigures::default()
        };
    });
    assert_eq!(
        (quick.bottleneck, quick.contradictions.len()),
        (Some(Layer::Cache), 0)
    );
    // 0.9 × (1 − 0.9 × 0.05) is still too much, and a cache that answers enough is no cause.
    for (hits, reads) in [
        (0.79, Some(0.9)),
        (0.9, Some(0.9)),
        (0.5, Some(0.2)),
        (0.5, None),
    ] {
        let found = loaded(hits, reads, 0.9);
        assert_eq!(
            (found.bottleneck, found.relieves),
            (Some(Layer::Database), None),
            "{hits}"
        );
    }
    assert!(missing(&loaded(0.5, None, 0.9)).contains(&"database.read_share".to_owned()));
}

#[test]
fn times_that_do_not_fit_are_not_used() {
    let found = changed(|f| f.mean_s = Some(0.5));
    let expected = Contradiction::TimesExceedMean {
        sum_s: 0.9,
        mean_s: 0.5,
    };
    assert_eq!(found.contradictions, [expected]);
    assert!(found.time_shares.is_empty());
    // Most of the time is elsewhere.
    let found = changed(|f| f.mean_s = Some(2.0));
    assert_eq!((found.bottleneck, found.action), (None, Action::Measure));
    assert_eq!(found.unaccounted_share, Some(0.55));
    assert_eq!(
        found.contradictions,
        [Contradiction::TimeUnaccounted { share: 0.55 }]
    );
    assert!(changed(|f| f.mean_s = Some(1.0)).contradictions.is_empty());
}

#[test]
fn what_is_missing_is_said_and_not_guessed() {
    let of = |figures: SystemFigures| found(&figures);
    let only_slow = of(SystemFigures {
        p95_s: Some(3.0),
        ..SystemFigures::default()
    });
    assert_eq!(
        (only_slow.status, only_slow.action),
        (Status::Breached, Action::Measure)
    );
    let expected = [
        "database.cpu",
        "database.time_s",
        "application.cpu",
        "application.time_s",
    ];
    assert_eq!(missing(&only_slow), expected);
    // The time goes to the database, of which nothing is known.
    let unseen = changed(|f| f.database.cpu = None);
    assert_eq!(
        (unseen.bottleneck, unseen.action),
        (Some(Layer::Database), Action::Measure)
    );
    assert_eq!(missing(&unseen), ["database.cpu"]);
    // No split of the time, but both layers have room.
    let unsplit = changed(|f| {
        f.application.time_s = None;
        f.database.time_s = None;
    });
    assert_eq!(
        (unsplit.bottleneck, unsplit.action),
        (None, Action::Optimise)
    );
    // One layer is over its own objective.
    let own = changed(|f| {
        f.database.time_s = None;
        f.application.latency_s = Some(0.9);
        f.application.objective_s = Some(0.3);
    });
    assert_eq!(
        (own.bottleneck, own.action),
        (Some(Layer::Application), Action::Optimise)
    );
    let no_p95 = changed(|f| {
        f.p95_s = None;
        f.application.cpu = Some(0.9);
    });
    assert_eq!(
        (no_p95.status, no_p95.action),
        (Status::AtRisk, Action::ScaleApplication)
    );
    assert_eq!(missing(&no_p95), ["p95_s"]);
}

#[test]
fn impossible_figures_are_left_out_and_named() {
    let found = changed(|f| {
        f.database.cpu = Some(f64::NAN);
        f.database.memory = Some(85.0);
        f.application.wait_s = Some(-1.0);
        f.objective_s = Some(0.0);
    });
    let rejected: Vec<String> = found.rejected.iter().map(ToString::to_string).collect();
    assert_eq!(
        rejected,
        [
            "objective_s",
            "database.cpu",
            "database.memory",
            "application.wait_s"
        ]
    );
    assert_eq!(found.action, Action::Measure);
}

#[test]
fn the_rate_that_fits_follows_the_utilization_law() {
    let found = changed(|f| {
        f.requests_per_s = Some(100.0);
        f.database.cpu = Some(0.35);
        f.application.cpu = Some(0.1);
        f.application.memory = Some(0.8);
    });
    assert_eq!(found.max_requests_per_s, Some(200.0));
    assert_eq!(changed(|_| {}).max_requests_per_s, None);
}

#[test]
fn figures_and_limits_are_refused_by_name() {
    let refused = |change: fn(&mut SystemFigures)| {
        let mut figures = slow();
        change(&mut figures);
        figures.check().map_err(|e| e.to_string())
    };
    assert_eq!(refused(|_| {}), Ok(()));
    for (change, message) in [
        (
            (|f| f.p95_s = Some(f64::NAN)) as fn(&mut SystemFigures),
            "p95_s is NaN, must be a finite number ≥ 0",
        ),
        (
            |f| f.objective_s = Some(0.0),
            "objective_s is 0, must be a finite number > 0",
        ),
        (
            |f| f.error_rate = Some(5.0),
            "error_rate is 5, must be 0 … 1, a share: 85 % is 0.85",
        ),
        (
            |f| f.application.cpu = Some(85.0),
            "application.cpu is 85, must be 0 … 10, a share: 85 % is 0.85",
        ),
        (
            |f| f.cache.hit_ratio = Some(-0.1),
            "cache.hit_ratio is -0.1, must be 0 … 1, a share: 85 % is 0.85",
        ),
        (
            |f| f.network.time_s = Some(f64::INFINITY),
            "network.time_s is inf, must be a finite number ≥ 0",
        ),
    ] {
        assert_eq!(refused(change), Err(message.to_owned()));
    }
    let limits = DiagnosisConfig::default;
    for (config, message) in [
        (limits().with_cpu(1.5), "cpu is 1.5, must be > 0 and ≤ 1"),
        (
            limits().with_error_rate(0.0),
            "error_rate is 0, must be > 0 and ≤ 1",
        ),
        (
            limits().with_objective_s(f64::NAN),
            "objective_s is NaN, must be a finite number > 0",
        ),
        (
            limits().with_queue_per_server(0.0),
            "queue_per_server is 0, must be a finite number > 0",
        ),
        (
            limits().with_hit_ratio(1.0),
            "hit_ratio is 1, must be ≥ 0 and below 1",
        ),
        (
            limits().with_min_time_share(2.0),
            "min_time_share is 2, must be 0 … 1",
        ),
        (
            limits().with_time_tolerance(-1.0),
            "time_tolerance is -1, must be a finite number ≥ 0",
        ),
    ] {
        let error = diagnose(&config, &slow()).map_err(|e| e.to_string());
        assert_eq!(error, Err(message.to_owned()));
    }
}

#[cfg(feature = "serde")]
#[test]
fn figures_are_what_people_write() {
    let written = serde_json::json!({
        "p95_s": "2500ms", "error_rate": "0.5%",
        "database": {"cpu": "85%", "memory": 0.5, "connections": 1, "time_s": null},
    });
    let figures: SystemFigures = serde_json::from_value(written).unwrap();
    assert_eq!(
        (figures.p95_s, figures.error_rate),
        (Some(2.5), Some(0.005))
    );
    assert_eq!(
        (figures.database.cpu, figures.database.connections),
        (Some(0.85), Some(1.0))
    );
    let again = serde_json::to_value(&figures).unwrap();
    assert_eq!(
        serde_json::from_value::<SystemFigures>(again).unwrap(),
        figures
    );
    let config: DiagnosisConfig =
        serde_json::from_value(serde_json::json!({"cpu": "60%"})).unwrap();
    assert_eq!(config, DiagnosisConfig::default().with_cpu(0.6));
    for wrong in [
        serde_json::json!({"cpu": "85"}),
        serde_json::json!({"wait_s": "soon"}),
        serde_json::json!({"colour": 1}),
    ] {
        assert!(serde_json::from_value::<LayerFigures>(wrong).is_err());
    }
    let diagnosis = found(&figures);
    let text = serde_json::to_string(&diagnosis).unwrap();
    assert_eq!(serde_json::from_str::<Diagnosis>(&text).unwrap(), diagnosis);
}
