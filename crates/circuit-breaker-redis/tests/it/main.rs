//! Tests against real Redis servers that they start themselves.

mod cluster;
mod commands;
mod fleet;
mod live;
mod poison;
mod restart;
mod script;
mod server;
#[cfg(any(feature = "tracing", feature = "metrics"))]
mod telemetry;
