#![doc = include_str!("../README.md")]

mod back_pressure;
mod clock;
mod error;
mod future;
mod guard;
#[cfg(feature = "http")]
mod http;
mod keyed;
mod layer;
mod observer;
mod placement;
mod rejection;
mod service;
mod source;
#[cfg(any(feature = "tracing", feature = "metrics"))]
mod telemetry;

pub use circuit_breaker;
pub use circuit_breaker::{
    Classifier, Clock, Config, ConfigError, Dialect, ErrorsAreFailures, HalfOpen, LatencyLimit,
    Listener, ManualClock, OnDrop, OpenReason, OpenWait, Outcome, Registry, RegistryConfig,
    RejectReason, Rejected, Settings, State, TimeWindow, Transition,
};
pub use tower_layer::Layer;

#[cfg(feature = "tokio")]
pub use back_pressure::TokioTimer;
pub use back_pressure::{BackPressure, BackPressureFuture, BackPressureLayer, OneBreaker, Timer};
pub use clock::SystemClock;
pub use error::Error;
pub use future::ResponseFuture;
#[cfg(feature = "http")]
pub use http::{GrpcCode, GrpcRejection, GrpcStatus, HttpRejection, HttpStatus};
pub use keyed::{PerKey, PerMadeKey};
pub use layer::CircuitBreakerLayer;
pub use placement::{Given, MakesBreakers, PerLayer, PerService, Placement};
pub use rejection::{AsBoxError, AsError, OnRejection};
pub use service::CircuitBreaker;
pub use source::{BreakerSource, Shared, Static};
#[cfg(any(feature = "tracing", feature = "metrics"))]
pub use telemetry::Telemetry;
