//! What the benches share.

pub mod breaker;
pub mod forecast;
