//! What an HTTP status means for a breaker; a refusal as 503.

use circuit_breaker::{Classifier, Outcome, Rejected};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};

use crate::rejection::OnRejection;

/// What an HTTP response means for the breaker, by its status. Every error is a failure.
///
/// | status | means | |
/// |---|---|---|
/// | 1xx, 2xx, 3xx | success | |
/// | 4xx but 429 | success | the dependency answered; what was wrong is the request |
/// | 429 | success | it answered, and sheds for itself; see [`with_too_many_requests`](Self::with_too_many_requests) |
/// | 501, 505 | success | what the request asks for is never there: HAProxy's rule |
/// | other 5xx | failure | |
///
/// A 4xx is a success and not ignored, so that a half-open breaker closes on it: the dependency is
/// back, whatever it is asked.
///
/// ```
/// use circuit_breaker_tower::{Classifier, HttpStatus, Outcome};
/// use http::{Response, StatusCode};
///
/// let classifier = HttpStatus::default();
/// let mut response = Response::new(());
/// *response.status_mut() = StatusCode::BAD_GATEWAY;
/// assert_eq!(classifier.classify(&Ok::<_, ()>(response)), Outcome::Failure);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpStatus {
    client_error: Outcome,
    too_many_requests: Outcome,
    server_error: Outcome,
    unsupported: Outcome,
}

impl Default for HttpStatus {
    fn default() -> Self {
        Self {
            client_error: Outcome::Success,
            too_many_requests: Outcome::Success,
            server_error: Outcome::Failure,
            unsupported: Outcome::Success,
        }
    }
}

impl HttpStatus {
    /// What a 429 means: a failure where the limit is the dependency's own, for all its callers, and
    /// calling less is the remedy.
    ///
    /// ```
    /// use circuit_breaker_tower::{HttpStatus, Outcome};
    /// use http::StatusCode;
    ///
    /// let classifier = HttpStatus::default().with_too_many_requests(Outcome::Failure);
    /// assert_eq!(classifier.outcome(StatusCode::TOO_MANY_REQUESTS), Outcome::Failure);
    /// ```
    #[must_use]
    pub const fn with_too_many_requests(mut self, outcome: Outcome) -> Self {
        self.too_many_requests = outcome;
        self
    }

    /// What a 4xx but 429 means.
    ///
    /// ```
    /// use circuit_breaker_tower::{HttpStatus, Outcome};
    /// use http::StatusCode;
    ///
    /// let classifier = HttpStatus::default().with_client_error(Outcome::Ignored);
    /// assert_eq!(classifier.outcome(StatusCode::NOT_FOUND), Outcome::Ignored);
    /// ```
    #[must_use]
    pub const fn with_client_error(mut self, outcome: Outcome) -> Self {
        self.client_error = outcome;
        self
    }

    /// What a 5xx but 501 and 505 means.
    ///
    /// ```
    /// use circuit_breaker_tower::{HttpStatus, Outcome};
    /// use http::StatusCode;
    ///
    /// // Only errors of the connection count.
    /// let classifier = HttpStatus::default().with_server_error(Outcome::Success);
    /// assert_eq!(classifier.outcome(StatusCode::BAD_GATEWAY), Outcome::Success);
    /// ```
    #[must_use]
    pub const fn with_server_error(mut self, outcome: Outcome) -> Self {
        self.server_error = outcome;
        self
    }

    /// What 501 (not implemented) and 505 (version not supported) mean.
    ///
    /// ```
    /// use circuit_breaker_tower::{HttpStatus, Outcome};
    /// use http::StatusCode;
    ///
    /// let classifier = HttpStatus::default().with_unsupported(Outcome::Failure);
    /// assert_eq!(classifier.outcome(StatusCode::NOT_IMPLEMENTED), Outcome::Failure);
    /// ```
    #[must_use]
    pub const fn with_unsupported(mut self, outcome: Outcome) -> Self {
        self.unsupported = outcome;
        self
    }

    /// What `status` means.
    ///
    /// ```
    /// use circuit_breaker_tower::{HttpStatus, Outcome};
    /// use http::StatusCode;
    ///
    /// assert_eq!(HttpStatus::default().outcome(StatusCode::NOT_FOUND), Outcome::Success);
    /// ```
    #[must_use]
    pub const fn outcome(self, status: StatusCode) -> Outcome {
        match status.as_u16() {
            429 => self.too_many_requests,
            400..=499 => self.client_error,
            501 | 505 => self.unsupported,
            500..=599 => self.server_error,
            _ => Outcome::Success,
        }
    }
}

impl<B, E> Classifier<Response<B>, E> for HttpStatus {
    #[inline]
    fn classify(&self, result: &Result<Response<B>, E>) -> Outcome {
        match result {
            Ok(response) => self.outcome(response.status()),
            Err(_) => Outcome::Failure,
        }
    }
}

/// Answers a refused call with 503, an empty body, and `Retry-After` in whole seconds, rounded up;
/// without it where only an operator ends the refusal. The service's errors stay as they are.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, HttpRejection};
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_rejection(HttpRejection);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpRejection;

impl<B: Default, E> OnRejection<Response<B>, E> for HttpRejection {
    type Error = E;

    fn reject(&self, rejected: Rejected) -> Result<Response<B>, E> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        if let Some(wait) = rejected.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        Ok(response)
    }

    fn inner(&self, error: E) -> E {
        error
    }
}
