//! Retry budgets.

use std::time::Duration;

use plimsoll_sim::outage::{BudgetConfig, RetryBudget, Tokens};
use proptest::prelude::*;

#[test]
fn any_ratio_is_kept_exactly() {
    for (ratio, retries) in [
        (0.01, 10),
        (0.1, 100),
        (0.3, 300),
        (0.6, 600),
        (0.7, 700),
        (0.9, 900),
        (1.5, 1500),
        (10.0, 10_000),
    ] {
        let config = BudgetConfig::default().with_ratio(ratio);
        let mut budget = RetryBudget::new(&config.with_tokens(Tokens::Bucket { most: 1e6 }));
        (0..1000).for_each(|_| budget.deposit(Duration::ZERO));
        let granted = (0..20_000)
            .filter(|_| budget.withdraw(Duration::ZERO))
            .count();
        assert_eq!(granted, retries, "{ratio}");
    }
}

#[test]
fn a_bucket_holds_what_it_may() {
    let config = BudgetConfig::default().with_tokens(Tokens::Bucket { most: 3.0 });
    let mut budget = RetryBudget::new(&config);
    (0..100).for_each(|_| budget.deposit(Duration::ZERO));
    let granted = (0..20)
        .filter(|_| budget.withdraw(Duration::from_secs(9)))
        .count();
    assert_eq!(granted, 3);
}

#[test]
fn tokens_of_a_window_expire() {
    let window = Tokens::Window {
        ttl: Duration::from_secs(10),
        floor_per_s: 0.0,
    };
    let config = BudgetConfig::default().with_ratio(1.0).with_tokens(window);
    let mut budget = RetryBudget::new(&config);
    (0..5).for_each(|_| budget.deposit(Duration::ZERO));
    assert!(budget.withdraw(Duration::from_millis(9_999)));
    assert!(!budget.withdraw(Duration::from_secs(10)));
    // An earlier time counts as the last one.
    budget.deposit(Duration::ZERO);
    assert!(!budget.withdraw(Duration::from_secs(1)));
}

proptest! {
    /// Of the calls and retries of the last ten slots, counted anew every time.
    #[test]
    fn retries_of_a_window_follow_its_calls(
        ratio in 0_u32..=200,
        floor in 0_u32..4,
        on_top in any::<bool>(),
        events in proptest::collection::vec((0_u64..40, any::<bool>()), 1..400),
    ) {
        let (ttl, a_second) = (Duration::from_secs(1), f64::from(floor));
        let window = match on_top {
            true => Tokens::Reserve { ttl, reserve_per_s: a_second },
            false => Tokens::Window { ttl, floor_per_s: a_second },
        };
        let config = BudgetConfig::default().with_ratio(f64::from(ratio) / 100.0);
        let mut budget = RetryBudget::new(&config.with_tokens(window));
        let (mut calls, mut retries, mut now_ms) = (Vec::new(), Vec::new(), 0_u64);
        for (passed, call) in events {
            now_ms += passed;
            let now = Duration::from_millis(now_ms);
            if call {
                budget.deposit(now);
                calls.push(now_ms / 100);
            } else {
                let recent = |all: &[u64]| {
                    all.iter().filter(|slot| **slot + 10 > now_ms / 100).count() as u64
                };
                let (of_calls, other) = (recent(&calls) * u64::from(ratio), 100 * u64::from(floor));
                let tokens = if on_top { of_calls + other } else { of_calls.max(other) };
                let expected = tokens >= 100 * (recent(&retries) + 1);
                prop_assert_eq!(budget.withdraw(now), expected);
                retries.extend(expected.then_some(now_ms / 100));
            }
        }
    }
}
