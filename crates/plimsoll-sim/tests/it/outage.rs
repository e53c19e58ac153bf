//! The outage model against a rough one of the same rules, and its parts by hand.

mod bars;
mod budget;
mod defence;

use std::time::Duration;

use plimsoll_sim::outage::{
    BudgetConfig, Defence, OutageConfig, OutageModel, OutageRun, Second, Tokens,
};

fn run(config: OutageConfig, defence: &str) -> OutageRun {
    let model = OutageModel::new(config).unwrap();
    model.run(defence.parse().unwrap())
}

/// The rough model's: one client, one layer, ten seconds of saved tokens.
fn rough(attempts: u32) -> OutageConfig {
    let bucket = Tokens::Bucket { most: 800.0 };
    OutageConfig::default()
        .with_layers(1)
        .with_clients(1)
        .with_attempts(attempts)
        .with_budget(BudgetConfig::default().with_tokens(bucket))
}

/// Its recovery: from when on five seconds in a row gave as many answers as there were arrivals.
fn answers_follow(run: &OutageRun) -> Option<usize> {
    let fine = |second: &Second| second.answers as f64 >= 0.99 * second.arrivals as f64;
    (28..95)
        .find(|at| run.seconds[*at..*at + 5].iter().all(fine))
        .map(|at| at - 28)
}

fn per_arrival(seconds: &[Second]) -> f64 {
    let sum = |of: fn(&Second) -> u64| seconds.iter().map(of).sum::<u64>() as f64;
    sum(|second| second.attempts) / sum(|second| second.arrivals)
}

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() <= 0.02 * expected,
        "{value}, not {expected}"
    );
}

/// What the rough model said: recovery after, attempts per arrival in the outage and 12 to 32 s
/// after it.
const ROUGH: [(&str, u32, Option<usize>, f64, f64); 9] = [
    ("no-retries", 1, Some(28), 1.0, 1.0),
    ("no-retries+bounded-queue", 1, Some(1), 1.0, 1.0),
    ("retries", 3, None, 2.62, 3.0),
    ("retries", 27, None, 4.45, 25.75),
    ("jitter", 27, None, 3.46, 9.53),
    ("budget", 3, None, 1.42, 1.20),
    ("budget+bounded-queue", 3, Some(1), 1.43, 1.0),
    ("budget+bounded-queue", 27, Some(1), 1.43, 1.0),
    ("bounded-queue", 27, Some(1), 5.55, 1.58),
];

#[test]
fn with_the_rough_models_rules_its_figures_come_out() {
    for (defence, attempts, recovery, during, after) in ROUGH {
        let run = run(rough(attempts), defence);
        assert_eq!(answers_follow(&run), recovery, "{defence} {attempts}");
        close(run.attempts_per_arrival, during);
        close(per_arrival(&run.seconds[40..60]), after);
        close(per_arrival(&run.seconds[20..28]), run.attempts_per_arrival);
        // Ours counts the arrivals that are served, not the answers of a second.
        match recovery {
            None => assert_eq!((run.recovery_s(), run.goodput_after_2s), (None, 0.0)),
            Some(s) => assert_eq!(run.recovery_s(), Some(s as u64 - 1)),
        }
    }
}

#[test]
fn layers_without_a_defence_are_one_chain_of_attempts() {
    for (defence, during) in [("three-tries", 2.62), ("retries", 4.45), ("jitter", 3.46)] {
        let run = run(OutageConfig::default(), defence);
        close(run.attempts_per_arrival, during);
        assert_eq!(run.recovery_s(), None, "{defence}");
    }
}

#[test]
fn without_retries_the_backlog_decides() {
    // 8 s of 400 a second are worked off at 100 a second, until less than 1 s of work is queued.
    let run = run(OutageConfig::default(), "no-retries");
    assert_eq!(run.recovery_s(), Some(27));
    let unserved_until_s = 2.0 + 70.0 * (1.0 - run.goodput_after_2s);
    assert!(
        (26.0..28.0).contains(&unserved_until_s),
        "{unserved_until_s}"
    );
    assert_eq!((run.attempts_per_arrival, run.p99_s), (1.0, None));
}

#[test]
fn an_idle_backend_answers_within_a_step() {
    let calm = OutageConfig::default().with_outage(Duration::from_millis(100));
    let run = run(calm, "no-retries");
    assert_eq!((run.recovery_s(), run.goodput_after_2s), (Some(0), 1.0));
    assert_eq!(run.p99_s, Some(0.01));
    let served = run
        .seconds
        .iter()
        .all(|second| second.served == second.arrivals);
    assert!(served && run.seconds.iter().all(|second| second.arrivals > 0));
}

#[test]
fn the_outage_ends_where_a_second_begins() {
    let odd = OutageConfig::default().with_outage(Duration::from_millis(2_350));
    let run = run(odd, "no-retries+bounded-queue");
    let seconds: Vec<i64> = run.seconds.iter().map(|second| second.from_s).collect();
    assert_eq!((seconds[0], seconds[seconds.len() - 1]), (-23, 71));
    // 20 s of calm and 2.35 s: the first second has 35 steps only.
    assert_eq!(
        (run.seconds[0].arrivals, run.seconds[1].arrivals),
        (140, 400)
    );
    let at = |from_s| {
        run.seconds
            .iter()
            .find(|second| second.from_s == from_s)
            .unwrap()
    };
    assert_eq!((at(-1).answers, at(0).served), (0, 396));
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_another() {
    for defence in Defence::usual() {
        let of = |seed| {
            let model = OutageModel::new(OutageConfig::default().with_seed(seed)).unwrap();
            model.run(defence)
        };
        assert_eq!(of(3), of(3), "{defence}");
        let drawn = !matches!(
            defence.to_string().as_str(),
            "no-retries" | "no-retries+bounded-queue" | "three-tries" | "retries"
        );
        assert_eq!(of(3).seconds != of(4).seconds, drawn, "{defence}");
    }
}

#[test]
fn what_lies_out_of_range_is_refused_with_its_bound() {
    let default = OutageConfig::default;
    let seconds = Duration::from_secs;
    let window = |ttl, floor_per_s| {
        default()
            .with_budget(BudgetConfig::default().with_tokens(Tokens::Window { ttl, floor_per_s }))
    };
    for (config, said) in [
        (
            default().with_load(1.01),
            "load is 1.01, must be from 0.01 to 1",
        ),
        (
            default().with_load(f64::NAN),
            "load is NaN, must be from 0.01 to 1",
        ),
        (
            default().with_load(1e-300),
            "load is 1e-300, must be from 0.01 to 1",
        ),
        (
            default().with_capacity_rps(1e308),
            "capacity is 1e308, must be from 10 to 2000 requests a second",
        ),
        (
            default().with_capacity_rps(9.0),
            "capacity is 9, must be from 10 to 2000 requests a second",
        ),
        (
            default().with_time_out(Duration::from_millis(99)),
            "time-out is 0.099 s, must be from 100ms to 60s",
        ),
        (
            default().with_outage(seconds(301)),
            "outage is 301 s, must be from 100ms to 300s",
        ),
        (
            default().with_after(seconds(9)),
            "after is 9 s, must be from 10s to 1000s",
        ),
        (
            default().with_attempts(0),
            "attempts is 0, must be from 1 to 125",
        ),
        (default().with_layers(5), "layers is 5, must be from 1 to 4"),
        (
            default().with_attempts(6),
            "attempts to the power of layers is 216, must be at most 125",
        ),
        (
            default().with_clients(0),
            "clients is 0, must be from 1 to 1000",
        ),
        (
            default().with_queue(0.0),
            "queue is 0, must be from 0.01 to 1",
        ),
        (
            default().with_budget(BudgetConfig::default().with_ratio(10.5)),
            "budget is 10.5, must be from 0 to 10",
        ),
        (
            window(seconds(601), 1.0),
            "budget-ttl is 601 s, must be from 10ms to 10m",
        ),
        (
            window(seconds(1), -1.0),
            "budget-floor is -1, must be from 0 to 1000 retries a second",
        ),
    ] {
        assert_eq!(OutageModel::new(config).unwrap_err().to_string(), said);
    }
}
