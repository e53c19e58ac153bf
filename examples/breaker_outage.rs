//! Eight seconds of outage at 80 % load: three tries never recover from it; a retry budget, a bounded
//! queue and a breaker do at once. First how a client asks all three, then the model with the same parts.

use std::error::Error;
use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, Outcome};
use plimsoll_sim::outage::{BudgetConfig, OutageConfig, OutageModel, RetryBudget};

/// What a client does with one request: at most three tries, each admitted by the breaker, each
/// further one paid for from the budget, none earlier than the breaker says.
fn request(
    breaker: &CircuitBreaker,
    budget: &mut RetryBudget,
    mut now: Duration,
    mut call: impl FnMut(Duration) -> Result<Duration, Duration>,
) -> (Duration, bool) {
    budget.deposit(now);
    for attempt in 1..=3 {
        let wait = match breaker.try_acquire(now) {
            Ok(token) => match call(now) {
                Ok(took) => {
                    breaker.record(token, Outcome::Success, now + took);
                    return (now + took, true);
                }
                Err(took) => {
                    now += took;
                    breaker.record(token, Outcome::Failure, now);
                    Duration::from_millis(10 << attempt)
                }
            },
            Err(rejected) => rejected.retry_after.unwrap_or(Duration::MAX),
        };
        // A client that cannot wait for the breaker, or has no budget left, gives up.
        if wait > Duration::from_millis(200) || !budget.withdraw(now) {
            break;
        }
        now += wait;
    }
    (now, false)
}

fn main() -> Result<(), Box<dyn Error>> {
    let breaker = CircuitBreaker::with_config(Config::default(), 7)?;
    let mut budget = RetryBudget::new(&BudgetConfig::default());
    let (mut now, mut calls, mut failed) = (Duration::ZERO, 0, 0);
    for _ in 0..100 {
        // The dependency hangs; its clients give up after 50 ms.
        let (end, answered) = request(&breaker, &mut budget, now, |_| {
            calls += 1;
            Err(Duration::from_millis(50))
        });
        failed += u32::from(!answered);
        now = end + Duration::from_millis(10);
    }
    println!("100 requests to a dependency that hangs, three tries each: {failed} failed after");
    println!("{calls} calls, where without breaker and budget it is called 300 times\n");

    let model = OutageModel::new(OutageConfig::default())?;
    println!("share of each second's arrivals that is served in time, from 10 s before the end of");
    println!("the outage to 30 s after it, one digit a second: 9 is all, 0 is none\n");
    for defence in ["three-tries", "budget", "bounded-queue", "breaker", "all"] {
        let run = model.run(defence.parse()?);
        let seconds = run.seconds.iter().filter(|s| (-10..30).contains(&s.from_s));
        let digits: String = seconds
            .map(|s| char::from_digit((s.served * 9 / s.arrivals.max(1)) as u32, 10).unwrap_or('?'))
            .collect();
        let recovers = run
            .recovery_s()
            .map_or("never".to_owned(), |s| format!("{s} s"));
        println!(
            "{defence:14} {digits}  recovers: {recovers:5}  {:.2} attempts for each arrival",
            run.attempts_per_arrival
        );
    }
    Ok(())
}
