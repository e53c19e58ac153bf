//! Cases computed by hand, one table a stage.

mod activation;
mod calculate;
mod combine;
mod kpa;
mod normalize;
mod triggers;
mod weighted;
