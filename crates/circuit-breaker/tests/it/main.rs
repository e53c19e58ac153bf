//! Behaviour of the breaker, its registry and its snapshots.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod fields;
mod fleet;
mod fleet_fences;
mod fleet_fields;
mod fleet_ledger;
mod fleet_merge;
mod fleet_outage;
mod fleet_poison;
mod fleet_probes;
mod fleet_rules;
mod generations;
mod given;
mod memory;
mod presets;
mod probes;
mod properties;
mod reference;
mod refusals;
mod registry;
#[cfg(feature = "serde")]
mod serde;
mod snapshot;
mod states;
mod waits;
mod windows;
