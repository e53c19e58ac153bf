//! The optimum against brute force, and against a policy that reaches it.

use autoscale_core::Policy;
use plimsoll_sim::{LookAhead, Plant, Summary, optimum};
use proptest::prelude::*;
use rand::SeedableRng as _;

use crate::{TICK, demand, start_up, world_cup};

/// Dynamic programming over every fleet of at most two pods: a state counts the pods by the ticks
/// that are left until they serve, and at the end of each tick any of them may be released and any
/// number ordered. What is ordered before the beginning is free to choose.
fn brute_force(needed: &[u32], s: usize) -> u64 {
    const MOST: usize = 2;
    const BASE: usize = MOST + 1;
    let slots = s + 1;
    let states = BASE.pow(u32::try_from(slots).unwrap());
    let digit = |state: usize, slot: usize| state / BASE.pow(u32::try_from(slot).unwrap()) % BASE;
    let pods = |state: usize| (0..slots).map(|slot| digit(state, slot)).sum::<usize>();
    // Released: every count of the state may fall, each on its own.
    let below = |state: usize| {
        (0..states).filter(move |other| (0..slots).all(|i| digit(*other, i) <= digit(state, i)))
    };
    // A tick later: one tick less is left, and what was ordered has all of the start-up before it.
    let later = |kept: usize, ordered: usize| {
        let mut counts = vec![0; slots];
        for slot in 0..slots {
            counts[slot.saturating_sub(1)] += digit(kept, slot);
        }
        counts[s] += ordered;
        (counts.iter().sum::<usize>() <= MOST).then(|| {
            counts
                .iter()
                .rev()
                .fold(0, |state, count| state * BASE + count)
        })
    };
    let successors: Vec<Vec<usize>> = (0..states)
        .map(|state| {
            let mut next: Vec<usize> = below(state)
                .flat_map(|kept| (0..=MOST).filter_map(move |n| later(kept, n)))
                .collect();
            next.sort_unstable();
            next.dedup();
            next
        })
        .collect();
    let mut cost: Vec<Option<u64>> = (0..states)
        .map(|state| (pods(state) <= MOST).then_some(0))
        .collect();
    let mut cheapest = 0;
    for need in needed {
        let mut next: Vec<Option<u64>> = vec![None; states];
        let mut best = None;
        for state in 0..states {
            let Some(paid) = cost[state].filter(|_| digit(state, 0) >= *need as usize) else {
                continue;
            };
            let paid = paid + pods(state) as u64;
            best = Some(best.map_or(paid, |least: u64| least.min(paid)));
            for &to in &successors[state] {
                next[to] = Some(next[to].map_or(paid, |least| least.min(paid)));
            }
        }
        cheapest = best.unwrap();
        cost = next;
    }
    cheapest
}

#[test]
fn equals_dynamic_programming_on_100_000_cases() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for _ in 0..100_000 {
        let s = rng.random_range(0..=2);
        let needed: Vec<u32> = (0..rng.random_range(1..=8))
            .map(|_| rng.random_range(0..=2))
            .collect();
        assert_eq!(
            optimum(&needed, s).replica_ticks,
            brute_force(&needed, s),
            "{needed:?} {s}"
        );
    }
}

/// The layers written down directly, for fleets of any size: a pod must run in a tick if it is needed
/// in it or within a start-up after it.
#[test]
fn equals_the_need_of_the_next_start_up_on_any_fleet() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
    for _ in 0..20_000 {
        let top = rng.random_range(1..=30);
        let s = rng.random_range(0..=12);
        let needed: Vec<u32> = (0..rng.random_range(1..=60))
            .map(|_| rng.random_range(0..=top))
            .collect();
        let ahead = (0..needed.len()).map(|t| needed[t..].iter().take(s + 1).max());
        let total: u64 = ahead.flatten().map(|n| u64::from(*n)).sum();
        assert_eq!(optimum(&needed, s).replica_ticks, total, "{needed:?} {s}");
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
