//! Tests against real Redis servers that they start themselves.

mod cluster;
mod commands;
mod fleet;
mod live;
mod poison;
mod script;
mod server;
