//! What a breaker and a registry cost in memory, to the byte.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, Registry, RegistryConfig, Settings};

/// Bytes on the heap that `make` leaves behind, what it makes kept.
fn kept<T>(make: impl FnOnce() -> T) -> i64 {
    let mut made = None;
    let bytes = allocation_counter::measure(|| made = Some(make())).bytes_current;
    drop(made);
    bytes
}

/// Bytes a breaker, inline and heap, over a thousand of them.
fn each(config: Config) -> usize {
    let settings = Settings::new(config).unwrap();
    let heap = kept(|| {
        (0..1000)
            .map(|seed| CircuitBreaker::new(&settings, seed))
            .collect::<Vec<_>>()
    });
    usize::try_from(heap).unwrap() / 1000
}

#[test]
fn of_a_breaker() {
    let base = Config::default();
    let slow = |config: Config| config.with_slow_call_rate(Some(0.5));
    let count = |config: Config| config.with_count_window(Some(100));
    assert_eq!(size_of::<CircuitBreaker>(), 192);
    assert_eq!(each(base.clone()), 192);
    assert_eq!(each(slow(base.clone())), 488);
    assert_eq!(each(count(base.clone())), 392);
    assert_eq!(each(slow(count(base))), 520);
}

/// At most 280 bytes an entry, what its key has on the heap not counted; the same however many keys
/// ask, and whatever state the breakers are in.
#[test]
fn of_a_registry() {
    let settings = Settings::new(Config::default()).unwrap();
    let fill = |capacity: u32, keys: u32, open: bool| {
        let bytes = kept(|| {
            let config = RegistryConfig::default().with_capacity(capacity);
            let registry: Registry<u64> = Registry::new(&settings, config, 1).unwrap();
            for key in 0..keys {
                let breaker = registry.get(&u64::from(key), Duration::ZERO);
                if open {
                    breaker.trip(Duration::ZERO, None);
                }
            }
            registry
        });
        usize::try_from(bytes).unwrap() / capacity as usize
    };
    let more = if cfg!(feature = "full") {
        10_000_000
    } else {
        100_000
    };
    for capacity in [1000, 1024, 10_000] {
        for open in [false, true] {
            let [filled, flooded] = [20_000, more].map(|keys| fill(capacity, keys, open));
            assert!(
                filled <= 280,
                "{filled} bytes an entry of {capacity}, open {open}"
            );
            assert!(
                flooded <= filled,
                "{flooded} after {filled} of {capacity}, open {open}"
            );
        }
    }
}
