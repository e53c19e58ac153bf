//! Cases computed by hand, one table a stage.

mod calculate;
mod combine;
mod kpa;
mod normalize;
mod triggers;
mod weighted;
