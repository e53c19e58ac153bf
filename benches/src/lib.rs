//! What the benches share.

pub mod forecast;
