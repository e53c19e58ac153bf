//! Cases computed by hand, one table a stage.

mod activation;
mod calculate;
mod combine;
mod kpa;
mod normalize;
#[cfg(feature = "schedule")]
mod schedule;
mod triggers;
mod weighted;
