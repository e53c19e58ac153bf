//! Twenty instances share one view: a bad node opens nobody else, a real outage opens everybody
//! within two periods, one instance at a time probes, and all come back together. Virtual time, no
//! server; the store is in memory, `circuit-breaker-redis` has the same one in Redis.

use std::error::Error;
use std::time::Duration;

use circuit_breaker::fleet::{Board, FleetAction, FleetConfig, FleetSettings, FleetView};
use circuit_breaker::{CircuitBreaker, Config, Outcome, Settings, State};

const STEP_MS: u64 = 10;
const PERIOD_MS: u64 = 250;

struct Instance {
    breaker: CircuitBreaker,
    view: FleetView,
    /// One call in so many steps.
    every: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::new(Config::default())?;
    let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    let mut board = Board::default();
    let mut instances = Vec::new();
    for i in 0..20_u64 {
        instances.push(Instance {
            breaker: CircuitBreaker::new(&settings, i),
            view: FleetView::new(&fleet, &format!("pod-{i}"), i)?,
            // Every fourth has a call in four seconds: by itself it would not see an outage.
            every: if i % 4 == 3 { 400 } else { 4 + i },
        });
    }
    let (mut last, mut probes) = (String::new(), 0);
    for step in 0..4500_u64 {
        let ms = step * STEP_MS;
        let now = Duration::from_millis(ms);
        for (i, instance) in (0_u64..).zip(&mut instances) {
            // From 8 s on the first node's network is broken; from 15 s to 30 s the dependency is
            // down.
            let fails = (15_000..30_000).contains(&ms) || i == 0 && (8000..30_000).contains(&ms);
            if (step + i).is_multiple_of(instance.every)
                && let Ok(token) = instance.breaker.try_acquire(now)
            {
                probes += u32::from(instance.breaker.state() == State::HalfOpen);
                let outcome = if fails {
                    Outcome::Failure
                } else {
                    Outcome::Success
                };
                instance.breaker.record(token, outcome, now);
            }
            // Each at another time, once a period: the only part that a network would carry.
            if ms % PERIOD_MS != i * 10 {
                continue;
            }
            let request = instance.view.prepare(&instance.breaker, now);
            let reply = board.exchange(&request, ms);
            let decision = instance.view.decide(&instance.breaker, now, &reply);
            decision.apply(&instance.breaker);
            if decision.action == FleetAction::Open {
                let merged = decision.merged;
                println!(
                    "{:6.2} s  pod-{i:<2} {:<16} bad {:>2} of {} live, needed {}",
                    now.as_secs_f64(),
                    decision.reason.as_str(),
                    merged.bad,
                    merged.live,
                    decision.needed
                );
            }
        }
        let count = |state| {
            instances
                .iter()
                .filter(|x| x.breaker.state() == state)
                .count()
        };
        let line = format!(
            "{:2} closed {:2} open {:2} half-open",
            count(State::Closed),
            count(State::Open),
            count(State::HalfOpen)
        );
        if ms.is_multiple_of(500) && line != last {
            println!(
                "{:6.2} s  {line}, {probes} probes so far",
                now.as_secs_f64()
            );
            last = line;
        }
    }
    Ok(())
}
