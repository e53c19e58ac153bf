//! The closed, successful call through every circuit breaker, ours and the peers', in one run.
//!
//! Bars: 0.3 × the time of failsafe and recloser for one time window; 5 ns with slow calls timed and
//! both windows, where a fetch-and-add takes 2 ns. Rows and their loop: `benches/src/breaker`. The peers
//! read no clock on this path, ours is given the time. Instructions: `benches/breaker_instructions.sh`;
//! memory: `cargo run --release -p benches --bin breaker -- memory`.

use std::hint::black_box;
use std::time::Instant;

use benches::breaker::{ROWS, run};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn closed(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("breaker/closed");
    group.throughput(Throughput::Elements(1));
    for row in ROWS {
        group.bench_function(row, |bencher| {
            bencher.iter_custom(|calls| {
                let begun = Instant::now();
                assert_eq!(black_box(run(row, calls)), Some(calls));
                begun.elapsed()
            });
        });
    }
    group.finish();
}

/// One row after the other in one thread, none of them may allocate.
fn allocations(_: &mut Criterion) {
    const CALLS: u64 = 10_000;
    let ours = ROWS.iter().filter(|row| row.starts_with("plimsoll"));
    for row in ours {
        let count = |calls| {
            let measured = allocation_counter::measure(|| {
                black_box(run(row, calls));
            });
            measured.count_total
        };
        assert_eq!(
            count(CALLS),
            count(2 * CALLS),
            "{row} allocates as it calls"
        );
    }
}

criterion_group!(benches, closed, allocations);
criterion_main!(benches);
