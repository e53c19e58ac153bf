use autoscale_core::Reason;
use plimsoll_sim::{Blocks, Column, Elasticity, FrontierPoint, PolicyReport, SweepPoint};

use crate::given::{replay, timeline, waves};
use crate::page::check;

#[test]
fn numbers_out_of_all_proportion_are_survived() {
    let hard = [
        0.0,
        -0.0,
        1e-300,
        1e12,
        1e300,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let moments = [0, i64::MIN, i64::MAX, -62_135_596_800, 95_617_584_000];
    for (i, value) in hard.into_iter().enumerate() {
        for from_s in moments {
            let mut report = replay(&waves(), &[2], true, 50);
            report.from_s = from_s;
            report.to_s = moments[i % moments.len()];
            report.optimum_replica_seconds = value;
            report.capacity_rps = value;
            report.utilization = value;
            report.start_up_s = value;
            report.tick_s = value;
            report.lag_s = value;
            report.peak_replicas = u32::MAX;
            report.seed = u64::MAX;
            for policy in &mut report.policies {
                spoil(policy, value);
            }
            check(&report);
        }
    }
}

/// Sets every number to `value`, or to the largest there is.
fn spoil(policy: &mut PolicyReport, value: f64) {
    policy.cost_ratio = value;
    policy.static_peak_ratio = value;
    policy.bad_share = value;
    policy.bad_minutes = value;
    policy.longest_bad_run_s = value;
    policy.overload_share = value;
    policy.reversals_per_day = value;
    policy.changes_per_day = value;
    policy.setting = Some(value);
    policy.elasticity = Elasticity {
        under_accuracy: value,
        jitter_per_hour: value,
        ..policy.elasticity
    };
    policy.blocked = Blocks {
        tolerance: value,
        ..policy.blocked
    };
    policy.sweep.push(SweepPoint {
        setting: value,
        cost_ratio: value,
        bad_share: value,
        reversals_per_day: value,
    });
    policy.frontier.push(FrontierPoint {
        bad_limit: 0.01,
        cost_ratio: Some(value),
        setting: Some(value),
        reversals_per_day: None,
    });
    policy.frontier.reverse();
    policy.timeline = timeline(vec![
        Column {
            ticks: u32::MAX,
            needed: (0, value, u32::MAX),
            serving: (0, value, u32::MAX),
            billed: value,
            bad_ticks: u32::MAX,
            reasons: vec![(Reason::Steady, u32::MAX), (Reason::Panic, 1)],
            ..Column::default()
        },
        Column::default(),
    ]);
}
