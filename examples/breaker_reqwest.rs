//! A breaker around reqwest's client, which is a tower service: a server that is down is asked until the
//! breaker opens; then callers know at once, and know when to ask again.

use std::error::Error as StdError;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::{Router, routing::get};
use circuit_breaker_tower::{CircuitBreakerLayer, Config, Error, HttpStatus, OpenWait, Outcome};
use reqwest::{Client, Method, Request, Response};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let (down, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (is_down, count) = (Arc::clone(&down), Arc::clone(&asked));
    let handler = move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        if is_down.load(Ordering::Relaxed) {
            StatusCode::BAD_GATEWAY
        } else {
            StatusCode::OK
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url: reqwest::Url = format!("http://{}/", listener.local_addr()?).parse()?;
    let app = Router::new().route("/", get(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });

    // A short open wait, so that the story is.
    let wait = OpenWait::default().with_base(Duration::from_millis(300));
    let client = CircuitBreakerLayer::new(Config::default().with_open_wait(wait))?
        .with_classifier(|result: &reqwest::Result<Response>| match result {
            Ok(response) => HttpStatus::default().outcome(response.status()),
            // The caller's mistake says nothing about the server.
            Err(error) if error.is_builder() => Outcome::Ignored,
            Err(_) => Outcome::Failure,
        })
        .layer(Client::builder().timeout(Duration::from_secs(2)).build()?);
    let ask = async || {
        client
            .clone()
            .oneshot(Request::new(Method::GET, url.clone()))
            .await
    };

    let (mut failed, mut refused) = (0, 0);
    for _ in 0..100 {
        match ask().await {
            Ok(response) => failed += u32::from(response.status().is_server_error()),
            Err(Error::Rejected(_)) => refused += 1,
            Err(Error::Inner(error)) => return Err(error.into()),
        }
    }
    println!("down: {failed} × 502, {refused} refused at once");
    assert_eq!((failed, asked.load(Ordering::Relaxed)), (20, 20));

    let error = ask().await.expect_err("the breaker is open");
    let wait = error.retry_after().ok_or("an open wait ends")?;
    println!("refused: {error}; ask again in {} ms", wait.as_millis());

    down.store(false, Ordering::Relaxed);
    // The coarse clock lags by a tick at most.
    tokio::time::sleep(wait + Duration::from_millis(10)).await;
    let status = ask().await?.status();
    println!("back: {status}");
    assert_eq!(status, 200);
    Ok(())
}
