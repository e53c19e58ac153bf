//! What a gRPC status means for a breaker; a refusal as `UNAVAILABLE`.

use circuit_breaker::{Classifier, Outcome, Rejected};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::rejection::OnRejection;

const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// The status of a gRPC call.
///
/// ```
/// use circuit_breaker_tower::GrpcCode;
///
/// assert_eq!(GrpcCode::from_number(14), Some(GrpcCode::Unavailable));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum GrpcCode {
    /// Not an error.
    Ok = 0,
    /// The caller gave up.
    Cancelled = 1,
    /// An error without a status of its own.
    Unknown = 2,
    /// The request is wrong, whatever the system's state.
    InvalidArgument = 3,
    /// The deadline expired.
    DeadlineExceeded = 4,
    /// What was asked for is not there.
    NotFound = 5,
    /// What was to be made is there.
    AlreadyExists = 6,
    /// The caller may not.
    PermissionDenied = 7,
    /// A quota or a space is used up.
    ResourceExhausted = 8,
    /// The system is not in the state that the request needs.
    FailedPrecondition = 9,
    /// A conflict with another call.
    Aborted = 10,
    /// Past the valid range.
    OutOfRange = 11,
    /// Not implemented.
    Unimplemented = 12,
    /// An invariant is broken.
    Internal = 13,
    /// The service can't be reached.
    Unavailable = 14,
    /// Data is lost.
    DataLoss = 15,
    /// The caller is not known.
    Unauthenticated = 16,
}

const CODES: [GrpcCode; 17] = [
    GrpcCode::Ok,
    GrpcCode::Cancelled,
    GrpcCode::Unknown,
    GrpcCode::InvalidArgument,
    GrpcCode::DeadlineExceeded,
    GrpcCode::NotFound,
    GrpcCode::AlreadyExists,
    GrpcCode::PermissionDenied,
    GrpcCode::ResourceExhausted,
    GrpcCode::FailedPrecondition,
    GrpcCode::Aborted,
    GrpcCode::OutOfRange,
    GrpcCode::Unimplemented,
    GrpcCode::Internal,
    GrpcCode::Unavailable,
    GrpcCode::DataLoss,
    GrpcCode::Unauthenticated,
];

impl GrpcCode {
    /// The code of this number.
    ///
    /// ```
    /// assert_eq!(circuit_breaker_tower::GrpcCode::from_number(17), None);
    /// ```
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        CODES.get(usize::from(number)).copied()
    }

    /// What a response's headers say: `grpc-status` if it is among them, otherwise what gRPC makes of
    /// the HTTP status. A call that has only begun to answer is [`GrpcCode::Ok`]: the status in the
    /// trailers behind the body is not waited for.
    ///
    /// ```
    /// use circuit_breaker_tower::GrpcCode;
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let headers = HeaderMap::new();
    /// let code = GrpcCode::of(StatusCode::BAD_GATEWAY, &headers);
    /// assert_eq!(code, GrpcCode::Unavailable);
    /// ```
    #[must_use]
    pub fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        if let Some(value) = headers.get(STATUS) {
            return Self::parse(value.as_bytes()).unwrap_or(Self::Unknown);
        }
        match status.as_u16() {
            200 => Self::Ok,
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502 | 503 | 504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let number = std::str::from_utf8(value).ok()?.parse().ok()?;
        Self::from_number(number)
    }
}

/// What a gRPC response means for the breaker, by the status in its headers. Every error is a failure.
///
/// | status | means |
/// |---|---|
/// | `UNKNOWN`, `DEADLINE_EXCEEDED`, `RESOURCE_EXHAUSTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS` | failure |
/// | `CANCELLED` | ignored: the caller gave up |
/// | all others, such as `NOT_FOUND`, `INVALID_ARGUMENT`, `UNIMPLEMENTED` | success: the dependency answered |
///
/// Servers answer a failed unary call with a "trailers-only" response, whose status is among the
/// headers. A stream that breaks after its first message is not seen. A response without a
/// `grpc-status` that is not 200 comes from a proxy: see [`GrpcCode::of`].
///
/// ```
/// use circuit_breaker_tower::{Classifier, GrpcStatus, Outcome};
/// use http::Response;
///
/// let response = Response::builder().header("grpc-status", "14").body(())?;
/// assert_eq!(GrpcStatus::default().classify(&Ok::<_, ()>(response)), Outcome::Failure);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrpcStatus {
    /// One bit a code.
    failures: u32,
    slow: u32,
    ignored: u32,
}

impl Default for GrpcStatus {
    fn default() -> Self {
        let all = Self {
            failures: 0,
            slow: 0,
            ignored: 0,
        };
        [
            GrpcCode::Unknown,
            GrpcCode::DeadlineExceeded,
            GrpcCode::ResourceExhausted,
            GrpcCode::Internal,
            GrpcCode::Unavailable,
            GrpcCode::DataLoss,
        ]
        .into_iter()
        .fold(all, |table, code| table.with(code, Outcome::Failure))
        .with(GrpcCode::Cancelled, Outcome::Ignored)
    }
}

impl GrpcStatus {
    /// With another meaning of `code`.
    ///
    /// ```
    /// use circuit_breaker_tower::{GrpcCode, GrpcStatus, Outcome};
    ///
    /// // A quota of this caller alone: no reason to stop.
    /// let classifier = GrpcStatus::default().with(GrpcCode::ResourceExhausted, Outcome::Success);
    /// assert_eq!(classifier.outcome(GrpcCode::ResourceExhausted), Outcome::Success);
    /// ```
    #[must_use]
    pub const fn with(mut self, code: GrpcCode, outcome: Outcome) -> Self {
        let bit = 1_u32 << code as u8;
        self.failures &= !bit;
        self.slow &= !bit;
        self.ignored &= !bit;
        match outcome {
            Outcome::Success => {}
            Outcome::Failure => self.failures |= bit,
            Outcome::Slow => self.slow |= bit,
            Outcome::Ignored => self.ignored |= bit,
        }
        self
    }

    /// What `code` means.
    ///
    /// ```
    /// use circuit_breaker_tower::{GrpcCode, GrpcStatus, Outcome};
    ///
    /// assert_eq!(GrpcStatus::default().outcome(GrpcCode::NotFound), Outcome::Success);
    /// ```
    #[must_use]
    pub const fn outcome(self, code: GrpcCode) -> Outcome {
        let bit = 1_u32 << code as u8;
        if self.failures & bit != 0 {
            Outcome::Failure
        } else if self.slow & bit != 0 {
            Outcome::Slow
        } else if self.ignored & bit != 0 {
            Outcome::Ignored
        } else {
            Outcome::Success
        }
    }
}

impl<B, E> Classifier<Response<B>, E> for GrpcStatus {
    #[inline]
    fn classify(&self, result: &Result<Response<B>, E>) -> Outcome {
        match result {
            Ok(response) => self.outcome(GrpcCode::of(response.status(), response.headers())),
            Err(_) => Outcome::Failure,
        }
    }
}

/// Answers a refused call with `UNAVAILABLE` in a trailers-only response, with the
/// refusal's own words as its message, and with
/// `grpc-retry-pushback-ms`, gRPC's own word for when to ask again; −1, do not, where only an operator
/// ends the refusal. The service's errors stay as they are.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, GrpcRejection};
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_rejection(GrpcRejection);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcRejection;

impl<B: Default, E> OnRejection<Response<B>, E> for GrpcRejection {
    type Error = E;

    fn reject(&self, rejected: Rejected) -> Result<Response<B>, E> {
        let mut response = Response::new(B::default());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(STATUS, HeaderValue::from(GrpcCode::Unavailable as u16));
        // Printable ASCII without a percent sign: gRPC's encoding of it is itself.
        if let Ok(message) = HeaderValue::try_from(rejected.to_string()) {
            headers.insert(MESSAGE, message);
        }
        let pushback = rejected.retry_after.map_or(-1, |wait| {
            let millis = wait.as_nanos().div_ceil(1_000_000);
            i32::try_from(millis).unwrap_or(i32::MAX)
        });
        headers.insert(PUSHBACK, HeaderValue::from(pushback));
        Ok(response)
    }

    fn inner(&self, error: E) -> E {
        error
    }
}
