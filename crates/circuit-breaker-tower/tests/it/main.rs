//! The middleware as its users meet it.

mod allocations;
mod back_pressure;
mod balance;
mod cancellation;
mod clock;
mod half_open;
mod hung;
mod matrix;
mod rejection;
mod services;
mod sources;
#[cfg(feature = "http")]
mod statuses;
#[cfg(any(feature = "tracing", feature = "metrics"))]
mod telemetry;
mod wake_ups;
