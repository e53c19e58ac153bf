//! Statuses of HTTP and gRPC: what they mean for a breaker, and refusals as responses.

mod grpc;
mod status;

use circuit_breaker::{Config, ConfigError, Settings};

pub use grpc::{GrpcCode, GrpcRejection, GrpcStatus};
pub use status::{HttpRejection, HttpStatus};

use crate::clock::SystemClock;
use crate::layer::CircuitBreakerLayer;
use crate::placement::{PerLayer, PerService};

impl CircuitBreakerLayer {
    /// For HTTP services: [`HttpStatus`] says what a response means, [`HttpRejection`] answers refused
    /// calls with 503. The wrapped service's errors stay as they are, so that axum's services, which
    /// have none, stay without.
    ///
    /// One breaker for all services that the layer and its clones wrap: a router makes a service for
    /// each route, method and connection. For a breaker a service, give both to [`new`](Self::new).
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
    ) -> Result<CircuitBreakerLayer<PerLayer, HttpStatus, HttpRejection>, ConfigError> {
        Ok(Self::per_layer(config)?
            .with_classifier(HttpStatus::default())
            .with_rejection(HttpRejection))
    }

    /// For gRPC services: [`GrpcStatus`] says what a response means, [`GrpcRejection`] answers refused
    /// calls with `UNAVAILABLE`. One breaker for all services that the layer wraps, as
    /// [`http`](Self::http).
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
    ) -> Result<CircuitBreakerLayer<PerLayer, GrpcStatus, GrpcRejection>, ConfigError> {
        Ok(Self::per_layer(config)?
            .with_classifier(GrpcStatus::default())
            .with_rejection(GrpcRejection))
    }

    fn per_layer(config: Config) -> Result<CircuitBreakerLayer<PerLayer>, ConfigError> {
        let clock = SystemClock::for_config(&config);
        let maker = PerService::new(Settings::new(config)?);
        Ok(CircuitBreakerLayer::placed(PerLayer::new(maker), clock))
    }
}
