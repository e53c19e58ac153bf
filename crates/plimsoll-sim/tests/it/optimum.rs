//! The optimum against brute force, and against a policy that reaches it.

use autoscale_core::Policy;
use plimsoll_sim::{LookAhead, Plant, Summary, optimum};
use proptest::prelude::*;
use rand::SeedableRng as _;

use crate::{TICK, demand, start_up, world_cup};

/// Dynamic programming over every fleet: `state[n]` = cheapest cost so far with n replicas running
/// or starting such that no shortage arises. A replica ordered now serves `s` ticks later and is
/// paid for from now on; ones that are needed within the first s ticks were ordered before the
/// beginning.
fn brute_force(needed: &[u32], s: usize) -> u64 {
    let most = needed.iter().copied().max().unwrap_or(0) as usize;
    // `ordered[t]` = replicas billed in tick t. Serving in t = min of ordered over t-s..=t, where
    // replicas are released newest first. So the constraint is: ordered[u] ≥ needed[t] for all u
    // in t-s..=t unless the fleet held that many all along, which the same condition says.
    // Minimal cost = min over sequences with ordered[u] ≥ needed[t] for u in t-s..=t.
    let floor: Vec<usize> = (0..needed.len())
        .map(|u| {
            needed[u..(u + s + 1).min(needed.len())]
                .iter()
                .copied()
                .max()
                .unwrap() as usize
        })
        .collect();
    // A full table over (tick, count): any count may follow any count.
    let mut best = vec![0_u64; most + 1];
    for low in floor {
        let cheapest = *best.iter().min().unwrap();
        for (count, cost) in best.iter_mut().enumerate() {
            *cost = if count < low {
                u64::MAX / 2
            } else {
                cheapest + count as u64
            };
        }
    }
    best.into_iter().min().unwrap()
}

/// A slower, more literal search: explicit pods with individual start-up timers, every order and
/// release decision tried, memoised on (tick, serving, timers).
fn exhaustive(needed: &[u32], s: usize) -> u64 {
    use std::collections::HashMap;
    type State = (usize, Vec<u8>);
    fn go(t: usize, pods: &[u8], needed: &[u32], s: usize, seen: &mut HashMap<State, u64>) -> u64 {
        if t == needed.len() {
            return 0;
        }
        let serving = pods.iter().filter(|left| **left == 0).count();
        if serving < needed[t] as usize {
            return u64::MAX / 2;
        }
        let key = (t, pods.to_vec());
        if let Some(cost) = seen.get(&key) {
            return *cost;
        }
        let mut best = u64::MAX / 2;
        let most = *needed.iter().max().unwrap() as usize;
        // At the end of the tick: keep any of the pods (fewest ticks left first), add any number.
        for keep in 0..=pods.len() {
            let mut kept: Vec<u8> = pods[..keep]
                .iter()
                .map(|left| left.saturating_sub(1))
                .collect();
            for added in 0..=most.saturating_sub(keep) {
                if added > 0 {
                    kept.push(s as u8);
                }
                kept.sort_unstable();
                best = best.min(go(t + 1, &kept, needed, s, seen));
            }
        }
        let total = pods.len() as u64 + best;
        seen.insert(key, total);
        total
    }
    let most = *needed.iter().max().unwrap();
    let mut seen = HashMap::new();
    // What is ordered before the beginning is free to choose.
    let mut starts: Vec<Vec<u8>> = vec![vec![]];
    for _ in 0..most {
        let mut longer = Vec::new();
        for pods in &starts {
            for left in pods.last().copied().unwrap_or(0)..=s as u8 {
                let mut more = pods.clone();
                more.push(left);
                longer.push(more);
            }
        }
        starts.extend(longer);
        starts.sort();
        starts.dedup();
    }
    starts
        .iter()
        .map(|pods| go(0, pods, needed, s, &mut seen))
        .min()
        .unwrap()
}

#[test]
fn equals_an_exhaustive_search_over_pods() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    for _ in 0..400 {
        let needed: Vec<u32> = (0..rng.random_range(1..=6))
            .map(|_| rng.random_range(0..=2))
            .collect();
        let s = rng.random_range(0..=3);
        assert_eq!(
            optimum(&needed, s).replica_ticks,
            exhaustive(&needed, s),
            "{needed:?} {s}"
        );
        assert_eq!(
            brute_force(&needed, s),
            exhaustive(&needed, s),
            "{needed:?} {s}"
        );
    }
}

#[test]
fn equals_dynamic_programming_on_100_000_cases() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for _ in 0..100_000 {
        let length = rng.random_range(1..=30);
        let top = rng.random_range(1..=6);
        let needed: Vec<u32> = (0..length).map(|_| rng.random_range(0..=top)).collect();
        let s = rng.random_range(0..=8);
        assert_eq!(
            optimum(&needed, s).replica_ticks,
            brute_force(&needed, s),
            "{needed:?} {s}"
        );
    }
}

#[test]
fn knowing_the_next_start_up_costs_the_optimum_on_the_shipped_trace() {
    let load = world_cup();
    for seconds in [0, 15, 60, 180, 600] {
        let plant = Plant::new(&load, start_up(seconds)).unwrap();
        let mut figures = Summary::default();
        let mut policy = LookAhead::new(plant.needed(), plant.start_up(), TICK);
        plant.run(&mut policy, &[], &mut figures);
        assert_eq!(
            figures.replica_ticks,
            plant.optimum().replica_ticks,
            "{seconds} s"
        );
        assert!(
            figures.bad_share() <= 0.0,
            "{seconds} s: {}",
            figures.bad_share()
        );
    }
}

proptest! {
    #[test]
    fn knowing_the_next_start_up_costs_the_optimum_on_any_load(
        load in prop::collection::vec(0.0..12.0_f64, 1..200),
        seconds in 0_u64..400,
    ) {
        let load = demand(&load);
        let plant = Plant::new(&load, start_up(seconds)).unwrap();
        let mut figures = Summary::default();
        let mut policy = LookAhead::new(plant.needed(), plant.start_up(), TICK);
        plant.run(&mut policy as &mut dyn Policy, &[], &mut figures);
        prop_assert_eq!(figures.replica_ticks, plant.optimum().replica_ticks);
        prop_assert!(figures.bad_share() <= 0.0);
    }

    #[test]
    fn never_costs_less_than_the_need_and_grows_with_the_start_up(
        needed in prop::collection::vec(0_u32..20, 1..300),
        s in 0_usize..50,
    ) {
        let best = optimum(&needed, s);
        prop_assert!(best.replica_ticks >= best.ideal_replica_ticks);
        prop_assert_eq!(optimum(&needed, 0).replica_ticks, best.ideal_replica_ticks);
        prop_assert!(optimum(&needed, s + 1).replica_ticks >= best.replica_ticks);
    }
}
