//! A slow shop: which layer is the bottleneck, and what would change the answer.

use std::error::Error;

use autoscale_core::{DiagnosisConfig, LayerFigures, SystemFigures, diagnose};

fn main() -> Result<(), Box<dyn Error>> {
    let evening = SystemFigures {
        p95_s: Some(3.1),
        requests_per_s: Some(420.0),
        application: LayerFigures {
            cpu: Some(0.55),
            time_s: Some(0.3),
            ..LayerFigures::default()
        },
        database: LayerFigures {
            cpu: Some(0.94),
            time_s: Some(1.1),
            read_share: Some(0.85),
            ..LayerFigures::default()
        },
        cache: LayerFigures {
            memory: Some(0.7),
            hit_ratio: Some(0.93),
            time_s: Some(0.02),
            ..LayerFigures::default()
        },
        ..SystemFigures::default()
    };
    let mut cold = evening.clone();
    cold.cache.memory = Some(0.98);
    cold.cache.hit_ratio = Some(0.55);
    let mut slow_queries = evening.clone();
    slow_queries.database.cpu = Some(0.3);
    let mut in_the_dark = evening.clone();
    in_the_dark.database.cpu = None;

    for (name, figures) in [
        ("the evening", evening),
        ("with a small cache", cold),
        ("with an idle database", slow_queries),
        ("without the database's CPU", in_the_dark),
    ] {
        let found = diagnose(&DiagnosisConfig::default(), &figures)?;
        println!("{name}: {}", found.summary());
        for evidence in found.evidence.iter().filter(|e| e.over) {
            println!(
                "  {}: {} of {} allowed, weight {:.2}",
                evidence.place, evidence.value, evidence.limit, evidence.weight
            );
        }
        for place in &found.missing {
            println!("  to be sure, measure {place}");
        }
        if let Some(most) = found.max_requests_per_s {
            println!("  carries {most:.0} requests a second");
        }
    }
    Ok(())
}
