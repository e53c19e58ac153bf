//! Statuses of HTTP and gRPC: what they mean for a breaker, and refusals as responses.

mod grpc;
mod status;

use circuit_breaker::{Config, ConfigError};

pub use grpc::{GrpcCode, GrpcRejection, GrpcStatus};
pub use status::{HttpRejection, HttpStatus};

use crate::layer::CircuitBreakerLayer;
use crate::placement::PerService;

impl CircuitBreakerLayer {
    /// For HTTP services: [`HttpStatus`] says what a response means, [`HttpRejection`] answers refused
    /// calls with 503. The wrapped service's errors stay as they are, so that axum's services, which
    /// have none, stay without.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
    /// use http::{Request, Response, StatusCode};
    /// use std::convert::Infallible;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let layer = CircuitBreakerLayer::http(Config::consecutive(1, std::time::Duration::from_secs(9)))?;
    /// let service = layer.layer(service_fn(async |_: Request<()>| {
    ///     Response::builder().status(500).body(String::new())
    /// }));
    /// assert_eq!(service.clone().oneshot(Request::new(())).await?.status(), 500);
    /// let refused = service.oneshot(Request::new(())).await?;
    /// assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    /// assert!(refused.headers().contains_key("retry-after"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(
        config: Config,
    ) -> Result<CircuitBreakerLayer<PerService, HttpStatus, HttpRejection>, ConfigError> {
        Ok(Self::new(config)?
            .with_classifier(HttpStatus::default())
            .with_rejection(HttpRejection))
    }

    /// For gRPC services: [`GrpcStatus`] says what a response means, [`GrpcRejection`] answers refused
    /// calls with `UNAVAILABLE`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
    ///
    /// let layer = CircuitBreakerLayer::grpc(Config::default())?;
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn grpc(
        config: Config,
    ) -> Result<CircuitBreakerLayer<PerService, GrpcStatus, GrpcRejection>, ConfigError> {
        Ok(Self::new(config)?
            .with_classifier(GrpcStatus::default())
            .with_rejection(GrpcRejection))
    }
}
