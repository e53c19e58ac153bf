#![doc = include_str!("../README.md")]

mod driver;
mod error;
mod shared;
mod store;

pub use error::Error;
pub use shared::{SharedBreaker, Tick};
pub use store::{RedisStore, SCRIPT};

pub use circuit_breaker;
pub use redis;
