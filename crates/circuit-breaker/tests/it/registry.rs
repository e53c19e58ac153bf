//! A breaker for each key: one at a time, bounded, and nobody's refusal forgotten.

use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, HalfOpen, OpenWait, Outcome, Registry, RegistryConfig, Settings, State,
};
use proptest::prelude::*;

const fn at(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn settings() -> Settings {
    let config = Config::consecutive(1, at(30)).with_open_wait(OpenWait::fixed(at(30)));
    Settings::new(config).unwrap()
}

fn small(capacity: u32) -> Registry<u32> {
    let config = RegistryConfig::default().with_capacity(capacity);
    Registry::new(&settings(), config, 1).unwrap()
}

fn fail(breaker: &CircuitBreaker, now: Duration) {
    let token = breaker.try_acquire(now).unwrap();
    breaker.record(token, Outcome::Failure, now);
}

#[test]
fn a_key_keeps_its_breaker() {
    let registry: Registry<String> =
        Registry::new(&settings(), RegistryConfig::default(), 1).unwrap();
    let first = registry.get("a", at(0));
    assert!(Arc::ptr_eq(&first, &registry.get("a", at(5))));
    assert!(Arc::ptr_eq(&first, &registry.get(&"a".to_owned(), at(5))));
    assert!(Arc::ptr_eq(&first, &registry.peek("a").unwrap()));
    assert!(!Arc::ptr_eq(&first, &registry.get("b", at(5))));
    assert!(registry.peek("c").is_none());
    assert_eq!(registry.len(), 2);
    assert!(Arc::ptr_eq(&first, &registry.remove("a").unwrap()));
    assert!(registry.remove("a").is_none());
    assert!(!Arc::ptr_eq(&first, &registry.get("a", at(6))));
    let metrics = registry.metrics();
    assert_eq!((metrics.created, metrics.evicted), (3, 0));
}

#[test]
fn refusals_name_field_value_and_bound() {
    let of = |config| {
        Registry::<u32>::new(&settings(), config, 1)
            .unwrap_err()
            .to_string()
    };
    let config = RegistryConfig::default();
    let capacity = "must be from 1 to 1073741824";
    let shards = "must be from 1 to 1024";
    assert_eq!(
        of(config.with_capacity(0)),
        format!("capacity is 0, {capacity}")
    );
    let most = 1 << 30;
    assert_eq!(
        of(config.with_capacity(most + 1)),
        format!("capacity is 1073741825, {capacity}")
    );
    assert_eq!(of(config.with_shards(0)), format!("shards is 0, {shards}"));
    assert_eq!(
        of(config.with_shards(1025)),
        format!("shards is 1025, {shards}")
    );
    assert!(
        Registry::<u32>::new(&settings(), config.with_capacity(most).with_shards(1024), 1).is_ok()
    );
}

#[test]
fn the_same_calls_make_the_same_breakers() {
    let run = |seed: u64| {
        let registry: Registry<u32> = Registry::new(
            &settings(),
            RegistryConfig::default().with_capacity(3),
            seed,
        )
        .unwrap();
        (0..50)
            .map(|i| {
                let breaker = registry.get(&(i * 7 % 11), at(0));
                breaker.trip(at(0), None);
                format!("{breaker:?}")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn seeds_differ() {
    let registry: Registry<u32> = Registry::new(
        &Settings::new(Config::default()).unwrap(),
        RegistryConfig::default(),
        9,
    )
    .unwrap();
    let mut waits: Vec<_> = (0..1000)
        .map(|key| {
            let breaker = registry.get(&key, at(0));
            breaker.trip(at(0), None);
            breaker.next_wakeup().unwrap()
        })
        .collect();
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 990, "{} different waits of 1000", waits.len());
}

#[test]
fn each_key_has_its_settings() {
    let [one, nine] = [1, 9].map(|n| Settings::new(Config::consecutive(n, at(1))).unwrap());
    let registry = Registry::per_key(RegistryConfig::default(), 1, move |key: &u32| {
        if *key < 10 { one.clone() } else { nine.clone() }
    })
    .unwrap();
    for key in [3, 30] {
        fail(&registry.get(&key, at(0)), at(0));
    }
    assert_eq!(registry.get(&3, at(0)).state(), State::Open);
    assert_eq!(registry.get(&30, at(0)).state(), State::Closed);
}

#[test]
fn the_idle_closed_one_goes() {
    let registry = small(4);
    for key in 0..4 {
        registry.get(&key, at(0));
    }
    fail(&registry.get(&0, at(0)), at(0));
    registry.get(&1, at(1));
    let held = registry.get(&2, at(1));
    // 0 is open, 1 was asked for again, 2 is held: 3 goes, though it came last.
    registry.get(&4, at(2));
    assert!(registry.peek(&3).is_none());
    // 4 came once, 1 twice.
    registry.get(&5, at(3));
    assert!(registry.peek(&4).is_none());
    registry.get(&5, at(3));
    // Both came twice, 1 before.
    registry.get(&6, at(3));
    assert!(registry.peek(&1).is_none());
    assert!(Arc::ptr_eq(&held, &registry.peek(&2).unwrap()));
    assert_eq!(registry.peek(&0).unwrap().state(), State::Open);
    assert_eq!(registry.metrics().evicted, 3);
    assert_eq!(registry.metrics().overflowed, 0);
}

#[test]
fn keys_in_use_survive_a_scan() {
    let config = RegistryConfig::default().with_capacity(1000).with_shards(4);
    let registry: Registry<u32> = Registry::new(&settings(), config, 1).unwrap();
    let hot: Vec<_> = (0..100)
        .map(|key| format!("{:?}", registry.get(&key, at(0))))
        .collect();
    for scanned in 1000..50_000 {
        registry.get(&scanned, at(1));
        registry.get(&(scanned % 100), at(1));
    }
    let kept = (0..100)
        .zip(hot)
        .filter(|(key, breaker)| format!("{:?}", registry.get(key, at(2))) == *breaker);
    assert_eq!(kept.count(), 100);
    assert_eq!(registry.metrics().overflowed, 0);
}

#[test]
fn with_nobody_to_go_new_keys_share_a_breaker_that_admits() {
    let registry = small(8);
    for key in 0..8 {
        fail(&registry.get(&key, at(0)), at(0));
    }
    for key in 100..200 {
        let breaker = registry.get(&key, at(1));
        assert!(Arc::ptr_eq(&breaker, registry.overflow()));
        for _ in 0..50 {
            fail(&breaker, at(1));
        }
    }
    assert_eq!(registry.metrics().open, 8);
    assert_eq!(registry.metrics().overflowed, 100);
    assert_eq!(registry.overflow().metrics(at(1)).window.failures, 5000);
    // After the wait they go.
    assert!(!Arc::ptr_eq(
        &registry.get(&300, at(31)),
        registry.overflow()
    ));
    assert_eq!(registry.len(), 8);
}

#[test]
fn after_its_time_a_breaker_goes_after_the_closed_ones() {
    let registry = small(8);
    fail(&registry.get(&0, at(0)), at(0));
    for key in 1..9 {
        registry.get(&key, at(1));
    }
    // The wait is over, nobody has asked: seven closed ones go first.
    for key in 10..17 {
        registry.get(&key, at(40));
    }
    assert_eq!(registry.peek(&0).unwrap().state(), State::Open);
    registry.get(&17, at(41));
    assert!(registry.peek(&0).is_none());
}

/// What an operator set stays, and half-open and ramping breakers stay until their time.
#[test]
fn no_refusal_is_forgotten_before_its_time() {
    let config = Config::consecutive(1, at(30))
        .with_half_open(HalfOpen::default().with_permits(1).with_lease(Some(at(20))))
        .with_ramp_up(Some(at(50)));
    let size = RegistryConfig::default().with_capacity(8);
    let registry: Registry<u32> = Registry::new(&Settings::new(config).unwrap(), size, 1).unwrap();
    registry.get(&1, at(0)).force_open(at(0));
    registry.get(&2, at(0)).disable(at(0));
    registry.get(&3, at(0)).metrics_only(at(0));
    for key in 4..7 {
        fail(&registry.get(&key, at(0)), at(0));
    }
    let probe = registry.get(&5, at(30)).try_acquire(at(30)).unwrap();
    registry
        .get(&5, at(30))
        .record(probe, Outcome::Success, at(30));
    let _out = registry.get(&6, at(30)).try_acquire(at(30)).unwrap();
    let flood = |from: u32, now| {
        for key in from..from + 100 {
            registry.get(&key, now);
            registry.get(&key, now);
        }
        [1, 2, 3, 4, 5, 6].map(|key| registry.peek(&key).map(|breaker| breaker.state()))
    };
    use State::{Closed, Disabled, ForcedOpen, HalfOpen as Half, MetricsOnly, Open};
    let set = [ForcedOpen, Disabled, MetricsOnly].map(Some);
    let [a, b, c, open, ramping, half] = flood(1000, at(29));
    assert_eq!(([a, b, c], open), (set, Some(Open)));
    assert_eq!((ramping, half), (Some(Closed), Some(Half)));
    let [a, b, c, open, ramping, half] = flood(2000, at(49));
    assert_eq!(([a, b, c], open), (set, None));
    assert_eq!((ramping, half), (Some(Closed), Some(Half)));
    let [.., ramping, half] = flood(3000, at(79));
    assert_eq!((ramping, half), (Some(Closed), None));
    let [a, b, c, _, ramping, _] = flood(4000, at(81));
    assert_eq!(([a, b, c], ramping), (set, None));
    // Reset, they go like any other.
    for key in 1..4 {
        registry.get(&key, at(90)).reset(at(90));
    }
    flood(5000, at(150));
    assert_eq!(flood(6000, at(150)), [None; 6]);
    assert_eq!(registry.metrics().overflowed, 0);
}

#[test]
fn a_held_handle_is_the_keys_breaker() {
    let registry = small(4);
    let held: Vec<_> = (0..4).map(|key| registry.get(&key, at(0))).collect();
    for key in 10..100 {
        assert!(Arc::ptr_eq(&registry.get(&key, at(0)), registry.overflow()));
    }
    for (key, breaker) in (0..4).zip(&held) {
        assert!(Arc::ptr_eq(breaker, &registry.get(&key, at(0))));
    }
    drop(held);
    assert!(!Arc::ptr_eq(&registry.get(&10, at(0)), registry.overflow()));
}

#[test]
fn a_breaker_can_be_put_in() {
    let registry = small(2);
    let of = |seed| Arc::new(CircuitBreaker::new(&settings(), seed));
    let [a, b, c] = [1, 2, 3].map(of);
    registry.insert(1, Arc::clone(&a), at(0)).unwrap();
    registry.insert(1, Arc::clone(&b), at(0)).unwrap();
    assert_eq!(registry.len(), 1);
    assert!(Arc::ptr_eq(&registry.get(&1, at(0)), &b));
    registry.insert(2, Arc::clone(&a), at(0)).unwrap();
    let refused = registry.insert(3, Arc::clone(&c), at(0)).unwrap_err();
    assert!(Arc::ptr_eq(&refused, &c));
    assert_eq!(registry.len(), 2);
    drop((a, b));
    registry.insert(3, c, at(0)).unwrap();
    assert_eq!(registry.len(), 2);
}

#[test]
fn for_each_sees_all_and_may_call_the_registry() {
    let registry: Registry<u32> = Registry::new(&settings(), RegistryConfig::default(), 1).unwrap();
    for key in 0..300 {
        registry.get(&key, at(0));
    }
    let mut seen = Vec::new();
    registry.for_each(|key, breaker| {
        assert!(Arc::ptr_eq(breaker, &registry.get(key, at(1))));
        registry.get(&(key + 10_000), at(1));
        seen.push(*key);
    });
    seen.retain(|key| *key < 10_000);
    seen.sort_unstable();
    assert_eq!(seen, (0..300).collect::<Vec<_>>());
}

#[test]
fn metrics_count_states() {
    let registry = small(100);
    for key in 0..10 {
        registry.get(&key, at(0));
    }
    fail(&registry.get(&0, at(0)), at(0));
    let open = registry.get(&1, at(0));
    fail(&open, at(0));
    assert!(open.try_acquire(at(1)).is_err());
    let half = registry.get(&2, at(0));
    let stale = half.try_acquire(at(0)).unwrap();
    fail(&half, at(0));
    half.record(stale, Outcome::Success, at(0));
    let _probe = half.try_acquire(at(40)).unwrap();
    registry.get(&3, at(0)).force_open(at(0));
    registry.get(&4, at(0)).disable(at(0));
    registry.get(&5, at(0)).metrics_only(at(0));
    let m = registry.metrics();
    assert_eq!((m.closed, m.open, m.half_open), (4, 2, 1));
    assert_eq!((m.forced_open, m.disabled, m.metrics_only), (1, 1, 1));
    assert_eq!(
        (m.rejected, m.stale, m.created, m.overflowed),
        (1, 1, 10, 0)
    );
}

#[derive(Default)]
struct Same;

impl Hasher for Same {
    fn finish(&self) -> u64 {
        7
    }
    fn write(&mut self, _: &[u8]) {}
}

/// Colliding keys cost time, never the answer.
#[test]
fn a_hasher_that_hashes_nothing_is_right_all_the_same() {
    let config = RegistryConfig::default().with_capacity(64);
    let registry = Registry::<u32>::new(&settings(), config, 1)
        .unwrap()
        .with_hasher(BuildHasherDefault::<Same>::default());
    let held: Vec<_> = (0..10).map(|key| registry.get(&key, at(0))).collect();
    for key in 100..1000 {
        registry.get(&key, at(0));
    }
    for (key, breaker) in (0..10).zip(&held) {
        assert!(Arc::ptr_eq(breaker, &registry.get(&key, at(0))));
    }
    assert!(registry.len() <= 64);
}

#[test]
fn threads_agree_on_a_keys_breaker() {
    let config = RegistryConfig::default().with_capacity(64);
    let registry: Registry<u32> = Registry::new(&settings(), config, 1).unwrap();
    let rounds = if cfg!(feature = "full") {
        200_000
    } else {
        5000
    };
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let registry = &registry;
            scope.spawn(move || {
                for round in 0..rounds {
                    let key = (round * 31 + thread * 7) % 200;
                    let breaker = registry.get(&key, at(0));
                    let again = registry.get(&key, at(0));
                    let overflowed = Arc::ptr_eq(&breaker, registry.overflow())
                        || Arc::ptr_eq(&again, registry.overflow());
                    assert!(overflowed || Arc::ptr_eq(&breaker, &again));
                }
            });
        }
    });
    assert!(registry.len() <= 64);
    let metrics = registry.metrics();
    assert_eq!(metrics.created, metrics.evicted + registry.len() as u64);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Get(u32),
    Fail(u32),
    Probe(u32, Outcome),
    Remove(u32),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..40_u32;
    prop_oneof![
        4 => key.clone().prop_map(Step::Get),
        4 => key.clone().prop_map(Step::Fail),
        1 => (key.clone(), prop_oneof![Just(Outcome::Success), Just(Outcome::Failure)])
            .prop_map(|(key, outcome)| Step::Probe(key, outcome)),
        1 => key.prop_map(Step::Remove),
        2 => (0..20_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(feature = "full") { 20_000 } else { 300 }))]

    /// Beside a map that forgets nothing: a breaker that would refuse is never another one, the size
    /// is bounded, and a key has no breaker only if all that there are may not go.
    #[test]
    fn open_breakers_are_kept(capacity in 1..=16_u32, steps in prop::collection::vec(step(), 0..400)) {
        let registry = small(capacity);
        let mut now = at(0);
        let mut kept: BTreeMap<u32, (Duration, State)> = BTreeMap::new();
        for step in steps {
            // What may go before it had to stay goes a second later at the latest.
            now += Duration::from_millis(1001);
            kept.retain(|_, (until, _)| *until > now);
            match step {
                Step::Wait(s) => {
                    now += at(s);
                    kept.retain(|_, (until, _)| *until > now);
                }
                Step::Remove(key) => {
                    registry.remove(&key);
                    kept.remove(&key);
                }
                Step::Get(key) | Step::Fail(key) | Step::Probe(key, _) => {
                    let breaker = registry.get(&key, now);
                    if Arc::ptr_eq(&breaker, registry.overflow()) {
                        prop_assert_eq!(kept.len(), registry.len());
                        prop_assert_eq!(registry.len(), capacity as usize);
                        continue;
                    }
                    let admitted = breaker.try_acquire(now);
                    let open = kept.get(&key).is_some_and(|(_, state)| *state == State::Open);
                    prop_assert_eq!(open, admitted.is_err());
                    let Ok(token) = admitted else { continue };
                    let outcome = match step {
                        Step::Fail(_) => Outcome::Failure,
                        Step::Probe(_, outcome) => outcome,
                        _ => Outcome::Ignored,
                    };
                    breaker.record(token, outcome, now);
                    let state = breaker.state();
                    match state {
                        State::Open => kept.insert(key, (now + at(30), state)),
                        // The probe was given back; another one may come within the lease.
                        State::HalfOpen => kept.insert(key, (now + at(30), state)),
                        _ => kept.remove(&key),
                    };
                }
            }
            prop_assert!(registry.len() <= capacity as usize);
            for (key, (until, state)) in &kept {
                let breaker = registry.peek(key);
                prop_assert!(breaker.is_some_and(|b| b.state() == *state), "{key} until {until:?}");
            }
        }
    }
}
