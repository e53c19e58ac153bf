//! Circuit breakers side by side, apart from criterion: instructions, memory, allocations.
//!
//! ```text
//! breaker run ROW CALLS     calls through one row, for valgrind (benches/breaker_instructions.sh)
//! breaker memory            bytes a breaker, over 1000 of each
//! breaker time              nanoseconds a call, the best of many short passes, rows in turn
//! ```

use std::process::ExitCode;
use std::time::Duration;

use benches::breaker::{ROWS, run};
use circuit_breaker::{CircuitBreaker, Config, Settings};
use cpu_time::ThreadTime;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["run", row, calls] => match calls.parse().ok().and_then(|calls| run(row, calls)) {
            Some(counted) => {
                println!("{counted}");
                ExitCode::SUCCESS
            }
            None => usage(),
        },
        ["memory"] => {
            memory();
            ExitCode::SUCCESS
        }
        ["time"] => {
            time();
            ExitCode::SUCCESS
        }
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: breaker run ROW CALLS | memory | time\nrows: {}",
        ROWS.join(" ")
    );
    ExitCode::from(2)
}

fn time() {
    const CALLS: u32 = 200_000;
    let mut best = [Duration::MAX; ROWS.len()];
    for _ in 0..40 {
        for (best, row) in best.iter_mut().zip(ROWS) {
            let begun = ThreadTime::now();
            assert_eq!(run(row, u64::from(CALLS)), Some(u64::from(CALLS)), "{row}");
            *best = begun.elapsed().min(*best);
        }
    }
    for (best, row) in best.iter().zip(ROWS) {
        println!(
            "{row:24} {:8.2} ns",
            best.as_nanos() as f64 / f64::from(CALLS)
        );
    }
}

fn memory() {
    let shared = |config: Config| {
        let settings = Settings::new(config).expect("a preset with plain changes");
        bytes(move |seed| CircuitBreaker::new(&settings, seed))
    };
    let slow = Config::default().with_slow_call_rate(Some(0.8));
    println!(
        "{:40} {:6} bytes",
        "plimsoll, default",
        shared(Config::default())
    );
    println!(
        "{:40} {:6} bytes",
        "plimsoll, slow calls",
        shared(slow.clone())
    );
    println!(
        "{:40} {:6} bytes",
        "plimsoll, slow calls, both windows",
        shared(slow.with_count_window(Some(100)))
    );
    println!(
        "{:40} {:6} bytes",
        "plimsoll, default, settings of its own",
        bytes(|seed| CircuitBreaker::with_config(Config::default(), seed).expect("the default"))
    );
    println!(
        "{:40} {:6} bytes",
        "failsafe, default",
        bytes(|_| failsafe::Config::new().build())
    );
    println!(
        "{:40} {:6} bytes",
        "recloser, default",
        bytes(|_| {
            let breaker = recloser::Recloser::default();
            // Its ring is made by the first call.
            let _ = breaker.call(|| Ok::<_, ()>(()));
            breaker
        })
    );
}

/// Inline and heap bytes of one of a thousand.
fn bytes<T>(make: impl Fn(u64) -> T) -> u64 {
    const COUNT: u64 = 1000;
    let mut all = Vec::with_capacity(COUNT as usize);
    let heap = allocation_counter::measure(|| all.extend((0..COUNT).map(&make)));
    let heap = u64::try_from(heap.bytes_current).unwrap_or(0) / COUNT;
    heap + size_of::<T>() as u64
}
