#![doc = include_str!("../README.md")]

mod connection;
mod driver;
mod error;
mod shared;
mod store;
mod telemetry;

pub use connection::connection_config;
pub use error::Error;
pub use shared::{SharedBreaker, Tick};
pub use store::{RedisStore, SCRIPT};

pub use circuit_breaker;
pub use redis;
pub use redis::aio::{ConnectionManager, ConnectionManagerConfig};
