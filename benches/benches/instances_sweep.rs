//! The cheapest mix out of 500 types, over 240 random tables and several sets of rules.
//!
//! Bar: less than 10 ms. The tables differ in how price, load and memory go together; those whose
//! types are all worth nearly the same have rows of their own, for they are the hard ones. Of each
//! choice the least of ten times counts, for the machine may be busy with something else.

use std::time::Instant;

use autoscale_core::{Demand, InstanceType, Offer, PoolRules, choose};

const TYPES: u32 = 500;
const TABLES: u64 = 240;
const KINDS: u64 = 6;
/// The kind whose types are worth nearly the same.
const NEAR: u64 = 1;

/// Numbers in 0 … 1 that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        let mut numbers = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03);
        for _ in 0..8 {
            numbers.next();
        }
        numbers
    }

    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

fn table(seed: u64) -> Vec<InstanceType> {
    let mut next = Numbers::new(seed);
    let cents = |price: f64| (price * 1e4).round() / 1e4;
    let row = |index: u32| {
        let size = f64::from(2 << (index % 6));
        let memory = size * [2.0, 4.0, 8.0][(next.next() * 3.0) as usize];
        let (vcpu, memory, load, price, spot) = match seed % KINDS {
            // Price follows size, more or less.
            0 => {
                let load = (size * next.within(80.0, 120.0)).round();
                let price = size * next.within(0.0425, 0.0575);
                (size, size * 4.0, load, price, next.within(0.25, 0.45))
            }
            NEAR => {
                let load = (size * next.within(97.0, 103.0)).round();
                let price = size * next.within(0.049, 0.051);
                (size, memory, load, price, next.within(0.29, 0.31))
            }
            // Loads of any size.
            2 => {
                let load = next.within(100.0, 6400.0).round();
                let vcpu = (load / 100.0).round();
                let price = load * 0.0005 * next.within(0.9, 1.1);
                (vcpu, memory, load, price, next.within(0.25, 0.45))
            }
            // Nothing follows anything.
            3 => {
                let load = next.within(100.0, 3000.0).round();
                let price = next.within(0.05, 1.5);
                (size, memory, load, price, next.within(0.2, 0.9))
            }
            // Families whose price and load are multiples of their smallest type's.
            4 => {
                let mut family = Numbers::new(seed * 1000 + u64::from(index / 6));
                let load = size * family.within(80.0, 120.0).round();
                let price = size * cents(family.within(0.0425, 0.0575));
                let memory = size * [2.0, 4.0, 8.0][(family.next() * 3.0) as usize];
                (size, memory, load, price, next.within(0.25, 0.45))
            }
            // Larger is cheaper, prices of hundredths of a cent.
            _ => {
                let load = (size.powf(0.9) * next.within(108.0, 132.0)).round();
                let price = cents(size.powf(0.85) * next.within(0.054, 0.066));
                (size, memory, load, price, next.within(0.25, 0.6))
            }
        };
        let lost = (next.next() * 20.0).round() / 100.0;
        InstanceType::new(format!("type-{index}"), vcpu, memory, load)
            .with_on_demand(Some(Offer::at(price)))
            .with_reserved(Some(Offer::at(cents(price * 0.63))))
            .with_spot(Some(Offer::at(price * spot).with_interruption_share(lost)))
    };
    (0..TYPES).map(row).collect()
}

fn demand(seed: u64, several: bool, small: bool) -> Demand {
    let mut next = Numbers::new(seed + 1_000_000);
    let load = [1000.0, 5000.0, 20_000.0][(seed / KINDS % 3) as usize] * next.within(0.8, 1.2);
    let load = if small { load.min(6000.0) } else { load }.round();
    let demand = Demand::new(load);
    if !several {
        return demand;
    }
    demand
        .with_min_vcpu((load / 100.0 * next.within(0.9, 1.5)).round())
        .with_min_memory_gib((load / 100.0 * next.within(3.0, 7.0)).round())
}

fn main() {
    let rules = PoolRules::default;
    let base = || rules().with_on_demand_base_capacity(2);
    let percentage = |p| base().with_on_demand_percentage_above_base_capacity(Some(p));
    let sets = [
        ("no rules", rules(), false),
        (
            "2 pools",
            percentage(0).with_spot_instance_pools(Some(2)),
            false,
        ),
        ("base 2", base(), false),
        (
            "base 2, 3 to 20 nodes",
            base().with_min_size(3).with_max_size(20),
            false,
        ),
        ("base 2, half on demand", percentage(50), false),
        ("several minimums", rules(), true),
        (
            "several, 3 to 12 nodes",
            base().with_min_size(3).with_max_size(12),
            true,
        ),
    ];
    println!(
        "{:24}{:9}{:>8}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}",
        "ms", "types", "tables", "median", "p90", "p99", "max", "unproven", "gap"
    );
    for (name, rules, several) in sets {
        let small = rules.max_size < 100;
        for near in [false, true] {
            let seeds = (0..TABLES).filter(|seed| (seed % KINDS == NEAR) == near);
            let mut times = Vec::new();
            let (mut unproven, mut gap) = (0, 0.0_f64);
            for seed in seeds {
                let (types, demand) = (table(seed), demand(seed, several, small));
                let timed = || {
                    let start = Instant::now();
                    let mix = choose(&types, &demand, &rules).expect("a mix");
                    (start.elapsed().as_secs_f64() * 1e3, mix)
                };
                let (first, mix) = timed();
                times.push((0..9).fold(first, |least, _| least.min(timed().0)));
                if !mix.proven {
                    gap = gap.max(mix.gap_per_hour() / mix.cost_per_hour);
                    unproven += 1;
                }
            }
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
            println!(
                "{name:24}{:9}{:8}{:9.2}{:9.2}{:9.2}{:9.2}{unproven:10}{:8.2}%",
                if near { "alike" } else { "differ" },
                times.len(),
                at(0.5),
                at(0.9),
                at(0.99),
                at(1.0),
                gap * 100.0
            );
        }
    }
}
