//! The predictive policy, in closed loops with a small service of its own.

mod bounds;
mod forecast;
mod ladder;
mod properties;
mod reconfigure;
mod records;
mod service;
mod share;
#[cfg(feature = "serde")]
mod snapshot;
mod sources;
mod times;
