//! What holds of every diagnosis.

use autoscale_core::{
    DiagnosedAction, DiagnosisConfig, DiagnosisStatus, LayerFigures, SignalKind, SystemFigures,
    diagnose,
};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::found;
use crate::cases;

fn figure(most: f64) -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        3 => (0.0..most).prop_map(Some),
        1 => Just(None),
        1 => any::<f64>().prop_map(Some),
    ]
}

fn layer() -> impl Strategy<Value = LayerFigures> {
    let resources = (
        figure(1.2),
        figure(1.0),
        figure(1.0),
        figure(1.0),
        figure(1.0),
    );
    let times = (
        figure(2.0),
        figure(0.2),
        figure(1.0),
        figure(1.0),
        figure(1.0),
    );
    let rest = (figure(0.002), figure(1.0), figure(20.0), figure(1.0));
    (resources, times, rest).prop_map(|(resources, times, rest)| {
        let (cpu, memory, connections, disk_io, bandwidth) = resources;
        let (queue_per_server, wait_s, time_s, latency_s, objective_s) = times;
        let (error_rate, hit_ratio, replication_lag_s, read_share) = rest;
        LayerFigures {
            cpu,
            memory,
            connections,
            disk_io,
            bandwidth,
            queue_per_server,
            wait_s,
            time_s,
            latency_s,
            objective_s,
            error_rate,
            hit_ratio,
            replication_lag_s,
            read_share,
        }
    })
}

fn system() -> impl Strategy<Value = SystemFigures> {
    let own = (
        figure(4.0),
        figure(4.0),
        figure(4.0),
        figure(0.002),
        figure(1e4),
    );
    let some = || prop_oneof![3 => layer(), 1 => Just(LayerFigures::default())];
    (own, some(), some(), some(), some()).prop_map(
        |(own, application, database, cache, network)| {
            let (p95_s, objective_s, mean_s, error_rate, requests_per_s) = own;
            SystemFigures {
                p95_s,
                objective_s,
                mean_s,
                error_rate,
                requests_per_s,
                application,
                database,
                cache,
                network,
            }
        },
    )
}

proptest! {
    #![proptest_config(cases(3_000, 200_000))]

    /// Nothing panics, and what is said goes together.
    #[test]
    fn a_diagnosis_is_total(figures in system()) {
        let found = found(&figures);
        prop_assert_eq!(found.rejected.is_empty(), figures.check().is_ok());
        let over = found.evidence.iter().take_while(|e| e.over).count();
        prop_assert!(found.evidence[over..].iter().all(|e| !e.over));
        for part in [&found.evidence[..over], &found.evidence[over..]] {
            prop_assert!(part.is_sorted_by(|a, b| a.weight >= b.weight));
        }
        match found.action {
            DiagnosedAction::None => prop_assert_eq!(found.status, DiagnosisStatus::Ok),
            DiagnosedAction::Measure => prop_assert!(
                !found.missing.is_empty() || !found.contradictions.is_empty()
            ),
            DiagnosedAction::Optimise => prop_assert!(found.status != DiagnosisStatus::Ok),
            _ => {
                let layer = found.bottleneck;
                prop_assert!(layer.is_some());
                prop_assert!(found.evidence.iter().any(|e| e.over && e.place.layer == layer
                    && matches!(e.kind, SignalKind::Utilization | SignalKind::Saturation)));
            }
        }
        if found.status == DiagnosisStatus::Ok {
            prop_assert_eq!(over, 0);
        }
        let total: f64 = found.time_shares.iter().map(|s| s.share).sum();
        prop_assert!(total <= 1.0 + 1e-9);
    }

    /// What cannot be a figure counts as none at all.
    #[test]
    fn impossible_is_as_missing(figures in system()) {
        let mut cleaned = figures.clone();
        for value in [&mut cleaned.p95_s, &mut cleaned.mean_s] {
            *value = value.filter(|v| v.is_finite() && *v >= 0.0);
        }
        let cpu = &mut cleaned.database.cpu;
        *cpu = cpu.filter(|v| (0.0..=10.0).contains(v));
        let (mut a, mut b) = (found(&figures), found(&cleaned));
        a.rejected.clear();
        b.rejected.clear();
        prop_assert_eq!(a, b);
    }

    /// Whatever the limits: they are refused, or they are lived with.
    #[test]
    fn limits_are_refused_or_total(figures in system(), limits in proptest::array::uniform4(any::<f64>())) {
        let [cpu, wait, hits, share] = limits;
        let config = DiagnosisConfig::default().with_cpu(cpu).with_wait_s(wait)
            .with_hit_ratio(hits).with_min_time_share(share);
        prop_assert_eq!(diagnose(&config, &figures).is_ok(), config.validate().is_ok());
    }
}
