//! An axum front whose client keeps a breaker a host: a flaky upstream costs its callers nothing but a
//! 503 that says when to come again, while another upstream goes on. And a server that puts a breaker
//! before its own routes.

use std::error::Error as StdError;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use axum::{Router, response::IntoResponse};
use circuit_breaker_tower::{
    CircuitBreakerLayer, Config, Error, HttpRejection, HttpStatus, OnRejection, OpenWait, Registry,
    RegistryConfig, Settings,
};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};

type Result<T> = std::result::Result<T, Box<dyn StdError>>;

/// Starts `app` on a free port of this machine.
async fn serve(app: Router) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

/// Answers 500 while it is down.
async fn upstream(down: Arc<AtomicBool>, asked: Arc<AtomicU32>) -> Result<u16> {
    let handler = move || async move {
        asked.fetch_add(1, Ordering::Relaxed);
        if down.load(Ordering::Relaxed) {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        }
    };
    serve(Router::new().route("/", get(handler))).await
}

/// Asks the upstream on `port` through `client`.
async fn forward<C, B, E>(port: u16, client: C) -> Response<Body>
where
    C: Service<Request<Body>, Response = Response<B>, Error = Error<E>>,
{
    let request = Request::get(format!("http://localhost:{port}/")).body(Body::empty());
    let Ok(request) = request else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match client.oneshot(request).await {
        Ok(response) => response.status().into_response(),
        Err(Error::Rejected(rejected)) => {
            let Ok(response) =
                OnRejection::<_, std::convert::Infallible>::reject(&HttpRejection, rejected);
            response
        }
        Err(Error::Inner(_)) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let down = Arc::new(AtomicBool::new(true));
    let asked: [_; 2] = std::array::from_fn(|_| Arc::new(AtomicU32::new(0)));
    let flaky = upstream(Arc::clone(&down), Arc::clone(&asked[0])).await?;
    let steady = upstream(Arc::default(), Arc::clone(&asked[1])).await?;

    // A breaker for each host and port, at most 10 000 of them.
    let config =
        Config::default().with_open_wait(OpenWait::default().with_base(Duration::from_millis(300)));
    let registry = Registry::<String>::new(&Settings::new(config)?, RegistryConfig::default(), 7)?;
    let layer = CircuitBreakerLayer::per_key(Arc::new(registry), |request: &Request<Body>| {
        request
            .uri()
            .authority()
            .map_or("", |authority| authority.as_str())
    })
    .with_classifier(HttpStatus::default());
    let client = layer.layer(Client::builder(TokioExecutor::new()).build_http::<Body>());

    let handler = move |Path(port): Path<u16>| forward(port, client.clone());
    let front = serve(Router::new().route("/{port}", get(handler))).await?;

    // A connection for each request: what a breaker learns must outlive them.
    let browser = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http::<Body>();
    let visit = async |front: u16, port: u16| -> Result<(u16, Option<String>)> {
        let response = browser
            .get(format!("http://localhost:{front}/{port}").parse()?)
            .await?;
        let wait = response.headers().get("retry-after");
        let wait = wait.map(|w| w.to_str().map(str::to_owned)).transpose()?;
        Ok((response.status().as_u16(), wait))
    };

    // The other way round, on the server's side: two lines, one breaker for all connections.
    let breaker = CircuitBreakerLayer::http(Config::default())?;
    let handled = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&handled);
    let handler = move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let guarded = Router::new().route("/{port}", get(handler)).layer(breaker);
    let guarded = serve(guarded).await?;

    for (name, front, port) in [
        ("flaky upstream", front, flaky),
        ("steady upstream", front, steady),
        ("guarded routes", guarded, 0),
    ] {
        let mut answers = std::collections::BTreeMap::new();
        for _ in 0..100 {
            *answers.entry(visit(front, port).await?).or_insert(0) += 1;
        }
        for ((status, wait), count) in answers {
            let wait = wait.map_or(String::new(), |s| format!(", Retry-After: {s} s"));
            println!("{name:<15}: {count:>3} × {status}{wait}");
        }
    }
    assert_eq!(handled.load(Ordering::Relaxed), 20);
    let asked = asked.map(|a| a.load(Ordering::Relaxed));
    println!(
        "asked: the flaky one {} times, the steady one {} times",
        asked[0], asked[1]
    );

    down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(320)).await;
    let (status, _) = visit(front, flaky).await?;
    println!("flaky upstream, back, after its open wait: {status}");
    assert_eq!(status, 200);
    Ok(())
}
