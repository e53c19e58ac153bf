//! Each field of a table, a fleet and its settings: not a number, negative, zero, above its bound.

use autoscale_core::{
    Demand, FleetGroup, FleetSizing, InstanceType, NodeSettings, Offer, PoolRules, PurchaseOption,
    choose, right_size,
};

use super::guide;

/// What is put in the field, and the end of the message; `None` where it is taken.
type Case = (f64, Option<&'static str>);

fn check(field: &str, cases: &[Case], refusal: impl Fn(f64) -> Option<String>) {
    for (value, bound) in cases {
        let expected = bound.map(|bound| format!("{field} is {value}, must be {bound}"));
        assert_eq!(refusal(*value), expected, "{field}: {value}");
    }
}

fn with<T>(mut value: T, set: impl FnOnce(&mut T)) -> T {
    set(&mut value);
    value
}

fn row() -> InstanceType {
    InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))
}

fn of_row(row: InstanceType) -> Option<String> {
    let refused = choose(&[row], &Demand::new(10.0), &PoolRules::default()).err();
    refused.map(|error| error.to_string())
}

#[test]
fn of_a_type() {
    const SIZE: Option<&str> = Some("0.001 … 1000000");
    let size = [
        (f64::NAN, SIZE),
        (f64::INFINITY, SIZE),
        (-1.0, SIZE),
        (0.0, SIZE),
        (0.0009, SIZE),
        (0.001, None),
        (1e6, None),
        (1_000_000.5, SIZE),
    ];
    check("types[0].vcpu", &size, |vcpu| {
        of_row(with(row(), |row| row.vcpu = vcpu))
    });
    check("types[0].memory_gib", &size, |memory_gib| {
        of_row(with(row(), |row| row.memory_gib = memory_gib))
    });
    check(
        "types[0].requests_per_minute",
        &size,
        |requests_per_minute| {
            of_row(with(row(), |row| {
                row.requests_per_minute = requests_per_minute
            }))
        },
    );
    let gpus = [
        (0.0, None),
        (1e6, None),
        (1_000_001.0, Some("at most 1000000")),
    ];
    check("types[0].gpus", &gpus, |gpus| {
        of_row(row().with_gpus(gpus as u32))
    });
    let long = vec![row(); 10_001];
    let refused = choose(&long, &Demand::new(10.0), &PoolRules::default()).err();
    let expected = "types is 10001 rows, must be at most 10000";
    assert_eq!(refused.map(|e| e.to_string()).as_deref(), Some(expected));
}

#[test]
fn of_an_offer() {
    const PRICE: Option<&str> = Some("above 0, at most 10000");
    let price = [
        (f64::NAN, PRICE),
        (f64::INFINITY, PRICE),
        (-0.1, PRICE),
        (0.0, PRICE),
        (1e-9, None),
        (10_000.0, None),
        (10_000.5, PRICE),
    ];
    const SHARE: Option<&str> = Some("0 … 1");
    let share = [
        (f64::NAN, SHARE),
        (-0.1, SHARE),
        (0.0, None),
        (1.0, None),
        (1.1, SHARE),
    ];
    type Set = fn(InstanceType, Offer) -> InstanceType;
    let offers: [(&str, Set); 3] = [
        ("on_demand", |row, offer| row.with_on_demand(Some(offer))),
        ("reserved", |row, offer| row.with_reserved(Some(offer))),
        ("spot", |row, offer| row.with_spot(Some(offer))),
    ];
    for (option, set) in offers {
        let field = format!("types[0].{option}.price_per_hour");
        check(&field, &price, |price| of_row(set(row(), Offer::at(price))));
        let with_share = |share| of_row(set(row(), Offer::at(0.1).with_interruption_share(share)));
        let field = format!("types[0].{option}.interruption_share");
        if option == "spot" {
            check(&field, &share, with_share);
        } else {
            let none = Some("0: only spot nodes are taken back");
            check(
                &field,
                &[(0.0, None), (0.5, none), (1.5, SHARE)],
                with_share,
            );
        }
        let with_count = |count: f64| {
            of_row(set(
                row(),
                Offer::at(0.1).with_max_count(Some(count as u32)),
            ))
        };
        if option != "on_demand" {
            check(
                "max_count",
                &[(0.0, None), (4_294_967_295.0, None)],
                with_count,
            );
        }
    }
    // The only offer of the table, and none of it to be had.
    let none = of_row(row().with_on_demand(Some(Offer::at(0.1).with_max_count(Some(0)))));
    assert_eq!(
        none.as_deref(),
        Some("no mix will do: load: 0 of 12 requests a minute")
    );
}

fn of_fleet(group: FleetGroup, config: &FleetSizing) -> Option<String> {
    let refused = right_size(&guide(), &[group], config).err();
    refused.map(|error| error.to_string())
}

fn group() -> FleetGroup {
    FleetGroup::new("t3.large", PurchaseOption::OnDemand, 4, 0.5, 0.3)
}

#[test]
fn of_a_fleet() {
    const SHARE: Option<&str> = Some("0 … 1");
    let share = [
        (f64::NAN, SHARE),
        (-0.01, SHARE),
        (0.0, None),
        (1.0, None),
        (1.01, SHARE),
    ];
    let of = |group| of_fleet(group, &FleetSizing::default());
    check("fleet[0].cpu_utilization", &share, |cpu_utilization| {
        of(with(group(), |group| {
            group.cpu_utilization = cpu_utilization
        }))
    });
    check(
        "fleet[0].memory_utilization",
        &share,
        |memory_utilization| {
            of(with(group(), |group| {
                group.memory_utilization = memory_utilization
            }))
        },
    );
    check("fleet[0].gpu_utilization", &share, |gpu_utilization| {
        of(with(group(), |group| {
            group.gpu_utilization = gpu_utilization
        }))
    });
    let counts = [
        (0.0, None),
        (65_535.0, None),
        (65_536.0, Some("at most 65535")),
    ];
    check("fleet[0].count", &counts, |count| {
        // So little use that the nodes which are needed stay few.
        of(with(group(), |group| {
            (group.count, group.cpu_utilization) = (count as u32, 0.001);
        }))
    });
}

#[test]
fn of_the_settings() {
    const WORKERS: Option<&str> = Some("above 0, at most 1000");
    const MOST: Option<&str> = Some("at least workers_per_vcpu, at most 1000");
    const SHARE: Option<&str> = Some("0 … 1");
    let of = |settings| of_fleet(group(), &FleetSizing::default().with_settings(settings));
    let plain = NodeSettings::default;
    let workers = [
        (f64::NAN, WORKERS),
        (-1.0, WORKERS),
        (0.0, WORKERS),
        (1e-3, None),
        (1000.0, None),
        (1000.5, WORKERS),
    ];
    check("settings.workers_per_vcpu", &workers, |workers| {
        of(plain()
            .with_workers_per_vcpu(workers)
            .with_max_workers_per_vcpu(1000.0))
    });
    let most = [
        (f64::NAN, MOST),
        (-1.0, MOST),
        (0.0, MOST),
        (1.9, MOST),
        (2.0, None),
        (1000.0, None),
        (1000.5, MOST),
    ];
    check("settings.max_workers_per_vcpu", &most, |most| {
        of(plain().with_max_workers_per_vcpu(most))
    });
    let share = [
        (f64::NAN, SHARE),
        (-0.1, SHARE),
        (0.0, None),
        (1.0, None),
        (1.1, SHARE),
    ];
    check("settings.cache_memory_share", &share, |share| {
        of(plain().with_cache_memory_share(share))
    });
}
