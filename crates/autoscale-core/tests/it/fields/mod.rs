//! Every field of every configuration flips a decision.

mod activation;
mod aws;
mod diagnosis;
mod hpa;
mod kpa;
mod nodes;
mod predictive;
#[cfg(feature = "schedule")]
mod schedule;
mod triggers;
mod vertical;
mod weighted;

use serde::Serialize;

/// The names in the table are the structure's fields, all of them and once.
fn assert_covers(structure: &impl Serialize, tested: impl IntoIterator<Item = &'static str>) {
    let json = serde_json::to_value(structure).unwrap();
    let mut fields: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    let mut tested: Vec<_> = tested.into_iter().map(str::to_owned).collect();
    fields.sort();
    tested.sort();
    assert_eq!(tested, fields);
}
