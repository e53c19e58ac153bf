//! Replicas from loads, users, endpoints and an error budget.

use std::time::Duration;

use autoscale_core::{
    Endpoint, LoadPhase, ProvisionConfig, ProvisionReason, UserLoad, binomial_below, provision,
};
use proptest::prelude::*;

use crate::cases;

fn base() -> ProvisionConfig {
    ProvisionConfig::new()
        .with_requests_per_minute(Some(10_000.0))
        .with_replica_requests_per_minute(Some(1000.0))
}

const SIX: UserLoad = UserLoad::Rate {
    requests_per_minute: 6.0,
};

#[test]
fn phases_of_the_guide() {
    let phase = |name: &str, users, min, max| {
        LoadPhase::new(name, users)
            .with_min_instances(Some(min))
            .with_max_instances(Some(max))
    };
    let phases = vec![
        phase("Phase 1", 100.0, 2, 3),
        phase("Phase 2", 500.0, 5, 10),
        phase("Phase 3", 2500.0, 10, 15),
    ];
    let config = ProvisionConfig::new()
        .with_phases(phases)
        .with_user_load(Some(SIX))
        .with_replica_requests_per_minute(Some(1000.0));
    let answer = provision(&config).unwrap();
    let checks: Vec<_> = answer
        .phases
        .iter()
        .map(|c| (c.needed, c.replicas, c.carried, c.missing, c.idle))
        .collect();
    assert_eq!(
        checks,
        [
            (1, 2, true, 0, 1),
            (4, 5, true, 0, 1),
            (19, 15, false, 4, 0)
        ]
    );
    assert_eq!(
        (answer.replicas, answer.reason),
        (19, ProvisionReason::Phase)
    );
}

#[test]
fn endpoints_add_up() {
    let list = Endpoint::new("GET", "/api/v1/datasets", 200.0, 1000.0).with_offered_rps(600.0);
    let agents = Endpoint::new("POST", "/api/v1/agents", 500.0, 100.0).with_offered_rps(130.0);
    let config = ProvisionConfig::new()
        .with_endpoints(vec![list, agents])
        .with_utilization(0.5);
    let answer = provision(&config).unwrap();
    // 1.2 and 2.6 replicas: 3.8 in all.
    let replicas: Vec<u32> = answer.stages.iter().map(|s| s.replicas).collect();
    assert_eq!(replicas, [2, 3, 4, 4]);
    assert_eq!(
        (answer.replicas, answer.reason),
        (4, ProvisionReason::Endpoints)
    );
}

#[test]
fn samples_may_be_short_for_their_share_of_the_budget() {
    let samples: Vec<f64> = (1..=1000).map(f64::from).collect();
    let config = ProvisionConfig::new()
        .with_load_samples(samples)
        .with_replica_requests_per_minute(Some(1.0))
        .with_utilization(1.0)
        .with_replica_availability(1.0)
        .with_availability(Some(0.99));
    let answer = provision(&config).unwrap();
    assert_eq!((answer.needed, answer.spare), (995, 0));
    assert!((answer.uncovered_share - 0.005).abs() < 1e-12);
    let all = provision(&config.with_short_share(0.0)).unwrap();
    assert_eq!((all.needed, all.uncovered_share), (1000, 0.0));
}

#[test]
fn the_law_of_response_times() {
    let load = UserLoad::ThinkTime {
        think_time: Duration::from_secs(9),
        response_time: Duration::from_secs(1),
    };
    assert!((load.requests_per_minute(100.0) - 600.0).abs() < 1e-9);
}

/// The tail by adding up products of ordinary numbers.
fn plain(n: u32, p: f64, k: u32) -> f64 {
    let mut term = (1.0 - p).powi(n as i32);
    let mut sum = 0.0;
    for i in 0..k.min(n + 1) {
        sum += term;
        term *= f64::from(n - i) / f64::from(i + 1) * p / (1.0 - p);
    }
    sum
}

#[test]
fn binomial_tails() {
    for n in [1_u32, 2, 5, 20, 60] {
        for p in [0.05, 0.3, 0.5, 0.9, 0.99] {
            for k in 0..=n + 1 {
                let (ours, other) = (binomial_below(n, p, k), plain(n, p, k));
                assert!((ours - other).abs() <= 1e-9 * other + 1e-300, "{n} {p} {k}");
            }
        }
    }
    for (p, expected) in [(f64::NAN, 1.0), (-1.0, 1.0), (2.0, 0.0)] {
        assert!((binomial_below(5, p, 3) - expected).abs() < 1e-12, "{p}");
    }
    // Far beyond what the plain products can hold.
    assert!(binomial_below(900_000, 0.5, 450_000) > 0.49);
    assert!(binomial_below(900_000, 0.5, 460_000) > 0.999);
}

#[test]
fn every_field_changes_an_answer() {
    let many = || {
        base()
            .with_users(Some(3000.0))
            .with_user_load(Some(SIX))
            .with_load_samples((0..2000).map(|x| f64::from(x) * 10.0).collect())
            .with_availability(Some(0.999))
            .with_endpoints(vec![
                Endpoint::new("GET", "/", 200.0, 10.0).with_offered_rps(1.0),
            ])
            .with_phases(vec![LoadPhase::new("a", 10.0)])
    };
    let other = UserLoad::Rate {
        requests_per_minute: 9.0,
    };
    let busy = Endpoint::new("GET", "/", 200.0, 10.0).with_offered_rps(900.0);
    let cases = [
        (
            "requests_per_minute",
            many().with_requests_per_minute(Some(50_000.0)),
        ),
        ("users", many().with_users(Some(6000.0))),
        ("user_load", many().with_user_load(Some(other))),
        ("phases", many().with_phases(vec![])),
        ("load_samples", many().with_load_samples(vec![60_000.0])),
        (
            "replica_requests_per_minute",
            many().with_replica_requests_per_minute(Some(500.0)),
        ),
        ("endpoints", many().with_endpoints(vec![busy])),
        ("utilization", many().with_utilization(0.5)),
        ("availability", many().with_availability(None)),
        ("short_share", many().with_short_share(0.0)),
        (
            "replica_availability",
            many().with_replica_availability(0.9),
        ),
        ("min_replicas", many().with_min_replicas(100)),
    ];
    #[cfg(feature = "serde")]
    {
        let json = serde_json::to_value(many()).unwrap();
        let mut fields: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        let mut tested: Vec<_> = cases.iter().map(|c| c.0.to_owned()).collect();
        fields.sort();
        tested.sort();
        assert_eq!(tested, fields);
        let back: ProvisionConfig = serde_json::from_value(json).unwrap();
        assert_eq!(back, many());
    }
    let plain = provision(&many()).unwrap();
    for (field, changed) in cases {
        assert_ne!(provision(&changed).unwrap(), plain, "{field}");
    }
}

#[test]
fn refusals_name_field_value_and_bound() {
    let endpoint = |e: Endpoint| base().with_endpoints(vec![e]);
    let get = || Endpoint::new("GET", "/", 200.0, 10.0);
    let phases = |phases: &[(&str, f64)]| {
        let phases = phases.iter();
        let phases = phases.map(|(name, users)| LoadPhase::new(*name, *users));
        base()
            .with_phases(phases.collect())
            .with_user_load(Some(SIX))
    };
    let bounds = LoadPhase::new("a", 1.0)
        .with_min_instances(Some(3))
        .with_max_instances(Some(2));
    for (config, expected) in [
        (
            ProvisionConfig::new(),
            "requests_per_minute is missing: a load: requests_per_minute, users, phases, \
             load_samples or endpoints",
        ),
        (
            base().with_requests_per_minute(Some(f64::NAN)),
            "requests_per_minute is NaN, must be 0 … 1000000000",
        ),
        (
            base().with_replica_requests_per_minute(None),
            "replica_requests_per_minute is missing: what one replica can carry",
        ),
        (
            base().with_users(Some(5.0)),
            "user_load is missing: what one user asks for",
        ),
        (
            base().with_utilization(0.0),
            "utilization is 0, must be above 0, at most 1",
        ),
        (
            base().with_availability(Some(1.0)),
            "availability is 1, must be 0 … 0.999999",
        ),
        (
            endpoint(get().with_allowed_p95_ms(Some(100.0))),
            "endpoints[0].allowed_p95_ms is 100, must be at least p95_ms, at which max_rps was \
             measured",
        ),
        (
            endpoint(Endpoint::new("GET", "/", 200.0, 0.0)),
            "endpoints[0].max_rps is 0, must be above 0, at most 1000000000",
        ),
        (
            base().with_phases(vec![bounds]).with_user_load(Some(SIX)),
            "phases[0].min_instances is 3, must be at most the phase's max_instances",
        ),
        (
            phases(&[("a", 0.0)]),
            "phases[0].users is 0, must be above 0, at most 1000000000",
        ),
        (
            phases(&[("a", 1.0), ("b", f64::NAN)]),
            "phases[1].users is NaN, must be above 0, at most 1000000000",
        ),
        (
            phases(&[("a", 1.0), ("b", 2.0), ("a", 3.0)]),
            "phases[2].name is a, must be a name, once among the phases",
        ),
        (
            phases(&[("", 1.0)]),
            "phases[0].name is empty, must be a name, once among the phases",
        ),
        (
            base()
                .with_requests_per_minute(Some(1e9))
                .with_utilization(0.001),
            "requests_per_minute is 1000000000, must be such that at most 1000000 replicas are \
             needed",
        ),
        (
            base()
                .with_replica_availability(1e-9)
                .with_availability(Some(0.9)),
            "replica_availability is 0.000000001, must be such that 1000000 replicas keep the \
             error budget",
        ),
    ] {
        let message = provision(&config).err().map(|error| error.to_string());
        assert_eq!(message.as_deref(), Some(expected));
    }
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    /// The spare replicas keep the budget, and one fewer would not.
    #[test]
    fn spare_is_the_least(
        load in 0.0_f64..2e5, up in 0.5_f64..1.0, nines in 1_u32..6,
    ) {
        let availability = 1.0 - 10_f64.powi(-(nines as i32));
        let config = base()
            .with_requests_per_minute(Some(load))
            .with_replica_availability(up)
            .with_availability(Some(availability))
            .with_min_replicas(0);
        let answer = provision(&config).unwrap();
        let budget = 1.0 - availability;
        prop_assert!(answer.shortage_probability.unwrap() <= budget);
        if answer.spare > 0 {
            prop_assert!(binomial_below(answer.replicas - 1, up, answer.needed) > budget);
        }
        let more = provision(&config.with_requests_per_minute(Some(load * 1.5))).unwrap();
        prop_assert!(more.replicas >= answer.replicas);
    }
}
