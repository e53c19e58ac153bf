//! HTTP and gRPC: the tables, and refusals as responses.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use circuit_breaker_tower::{
    CircuitBreakerLayer, Classifier, GrpcCode, GrpcStatus, HttpStatus, ManualClock, Outcome, State,
};
use http::{HeaderMap, Response, StatusCode};
use tower::{Layer, Service};

use crate::services::{answer, touchy};

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("a status")
}

#[test]
fn http_statuses() {
    let classifier = HttpStatus::default();
    for code in 100..=599 {
        let expected = match code {
            500 | 502..=504 | 506..=599 => Outcome::Failure,
            _ => Outcome::Success,
        };
        let mut response = Response::new(());
        *response.status_mut() = status(code);
        assert_eq!(
            classifier.classify(&Ok::<_, ()>(response)),
            expected,
            "{code}"
        );
    }
    assert_eq!(
        classifier.classify(&Err::<Response<()>, _>(())),
        Outcome::Failure
    );
}

#[test]
fn http_statuses_can_mean_something_else() {
    let classifier = HttpStatus::default()
        .with_client_error(Outcome::Ignored)
        .with_too_many_requests(Outcome::Slow)
        .with_server_error(Outcome::Success)
        .with_unsupported(Outcome::Failure);
    let of = |code| classifier.outcome(status(code));
    assert_eq!([404, 428, 499].map(of), [Outcome::Ignored; 3]);
    assert_eq!(of(429), Outcome::Slow);
    assert_eq!([500, 503, 599].map(of), [Outcome::Success; 3]);
    assert_eq!([501, 505].map(of), [Outcome::Failure; 2]);
    assert_eq!([100, 200, 302, 600, 999].map(of), [Outcome::Success; 5]);
}

#[test]
fn grpc_statuses() {
    use Outcome::{Failure, Ignored, Success};
    // By the numbers of the specification.
    let expected = [
        Success, Ignored, Failure, Success, Failure, Success, Success, Success, Failure, Success,
        Success, Success, Success, Failure, Failure, Failure, Success,
    ];
    for (number, expected) in (0_u8..).zip(expected) {
        let code = GrpcCode::from_number(number).expect("a code");
        assert_eq!(code as u8, number);
        let response = Response::builder().header("grpc-status", u16::from(number));
        let response = response.body(()).expect("a response");
        let classifier = GrpcStatus::default();
        assert_eq!(
            classifier.classify(&Ok::<_, ()>(response)),
            expected,
            "{code:?}"
        );
        for outcome in [Success, Failure, Ignored, Outcome::Slow] {
            assert_eq!(classifier.with(code, outcome).outcome(code), outcome);
        }
    }
    assert_eq!(GrpcCode::from_number(17), None);
    let failed = GrpcStatus::default().classify(&Err::<Response<()>, _>(()));
    assert_eq!(failed, Failure);
}

#[test]
fn grpc_statuses_that_are_none() {
    let of = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", value.parse().expect("a value"));
        GrpcCode::of(StatusCode::OK, &headers)
    };
    for value in ["", "17", "256", "-1", "x", "1.0"] {
        assert_eq!(of(value), GrpcCode::Unknown, "{value}");
    }
    for (code, expected) in [
        (200, GrpcCode::Ok),
        (400, GrpcCode::Internal),
        (401, GrpcCode::Unauthenticated),
        (403, GrpcCode::PermissionDenied),
        (404, GrpcCode::Unimplemented),
        (429, GrpcCode::Unavailable),
        (500, GrpcCode::Unknown),
        (502, GrpcCode::Unavailable),
        (503, GrpcCode::Unavailable),
        (504, GrpcCode::Unavailable),
        (302, GrpcCode::Unknown),
    ] {
        assert_eq!(
            GrpcCode::of(status(code), &HeaderMap::new()),
            expected,
            "{code}"
        );
    }
}

type Answer = Result<Response<String>, Infallible>;

fn internal_error(_: ()) -> std::future::Ready<Answer> {
    let mut response = Response::new(String::from("oops"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    std::future::ready(Ok(response))
}

/// Seconds are rounded up; a wait that is over is never 0 before it is.
#[test]
fn retry_after() {
    let nothing = Duration::ZERO;
    for (wait, passed, expected) in [
        (3000, 0, Some("3")),
        (3000, 1, Some("3")),
        (3001, 0, Some("4")),
        (1000, 999, Some("1")),
        (1, 0, Some("1")),
    ] {
        let clock = Arc::new(ManualClock::default());
        let layer = CircuitBreakerLayer::http(touchy(Duration::from_secs(1), 1)).expect("accepted");
        let mut service = layer
            .with_clock(Arc::clone(&clock))
            .layer(tower::service_fn(internal_error));
        let Ok(response) = answer(service.call(()));
        assert_eq!(response.body(), "oops");
        service
            .breaker()
            .trip(nothing, Some(Duration::from_millis(wait)));
        clock.advance(Duration::from_millis(passed));
        let Ok(response) = answer(service.call(()));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.body(), "");
        let header = response
            .headers()
            .get("retry-after")
            .map(|v| v.to_str().expect("text"));
        assert_eq!(header, expected, "{wait} ms, {passed} ms of them over");
    }
}

#[test]
fn forced_open_promises_nothing() {
    let layer = CircuitBreakerLayer::http(touchy(Duration::from_secs(1), 1)).expect("accepted");
    let mut service = layer.layer(tower::service_fn(internal_error));
    service.breaker().force_open(Duration::ZERO);
    let Ok(response) = answer(service.call(()));
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().is_empty());
}

#[test]
fn grpc_refusals_are_trailers_only() {
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::grpc(touchy(Duration::from_secs(1), 1)).expect("accepted");
    let unavailable = |_: ()| {
        let response = Response::builder()
            .header("grpc-status", "14")
            .body(String::new());
        std::future::ready(response)
    };
    let mut service = layer
        .with_clock(Arc::clone(&clock))
        .layer(tower::service_fn(unavailable));
    assert!(answer(service.call(())).is_ok());
    assert_eq!(service.breaker().state(), State::Open);
    clock.advance(Duration::from_micros(1_500));
    let response = answer(service.call(())).expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["grpc-status"], "14");
    assert_eq!(response.headers()["grpc-message"], "circuit breaker open");
    assert_eq!(response.headers()["grpc-retry-pushback-ms"], "999");
    service.breaker().force_open(Duration::from_secs(1));
    let response = answer(service.call(())).expect("a response");
    assert_eq!(response.headers()["grpc-retry-pushback-ms"], "-1");
    let message = &response.headers()["grpc-message"];
    assert_eq!(message, "circuit breaker forced open");
}
