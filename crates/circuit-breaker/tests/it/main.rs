//! Tests of the public API, one binary.

mod fleet;
mod fleet_fields;
mod fleet_ledger;
mod fleet_merge;
mod fleet_outage;
mod fleet_poison;
mod fleet_probes;
