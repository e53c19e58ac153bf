//! A gRPC server over HTTP/2, by hand, as tonic's look from outside: behind a breaker, a store that is
//! down is asked until the breaker opens; then callers get `UNAVAILABLE` at once, with the time after
//! which to try again.

use std::convert::Infallible;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use circuit_breaker_tower::{CircuitBreakerLayer, Config, OpenWait};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, service_fn};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A message with gRPC's prefix: not compressed, and its length.
fn message(text: &str) -> Bytes {
    let mut frame = vec![0];
    frame.extend((text.len() as u32).to_be_bytes());
    frame.extend(text.as_bytes());
    frame.into()
}

/// An answer whose status stands in the trailers behind the message.
fn answer(text: &str) -> Response<Body> {
    let trailers = HeaderMap::from_iter([("grpc-status".parse().expect("a name"), 0.into())]);
    let body = Full::new(message(text)).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(body.boxed_unsync());
    response
        .headers_mut()
        .insert("content-type", "application/grpc".parse().expect("a value"));
    response
}

/// A failure, trailers only: the status stands among the headers.
fn failure(code: u16) -> Response<Body> {
    let mut response = Response::new(Body::default());
    let headers = response.headers_mut();
    headers.insert("content-type", "application/grpc".parse().expect("a value"));
    headers.insert("grpc-status", code.into());
    response
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (down, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (is_down, count) = (Arc::clone(&down), Arc::clone(&asked));
    let store = service_fn(move |_: Request<Incoming>| {
        count.fetch_add(1, Ordering::Relaxed);
        const UNAVAILABLE: u16 = 14;
        let down = is_down.load(Ordering::Relaxed);
        let response = if down {
            failure(UNAVAILABLE)
        } else {
            answer("42 in stock")
        };
        std::future::ready(Ok::<_, Infallible>(response))
    });

    // The two lines; a short open wait, so that the story is.
    let wait = OpenWait::default().with_base(Duration::from_millis(300));
    let service = CircuitBreakerLayer::grpc(Config::default().with_open_wait(wait))?.layer(store);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a socket");
            let service = TowerToHyperService::new(service.clone());
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });

    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let stream = TokioIo::new(stream);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await?;
    tokio::spawn(connection);
    let mut call = async || -> Result<(String, Option<String>), Box<dyn Error>> {
        let request = Request::post(format!("http://{address}/stock.Stock/Count"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(message("screws")))?;
        client.ready().await?;
        let (head, body) = client.send_request(request).await?.into_parts();
        let body = body.collect().await?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let text = |name| {
            let value = head.headers.get(name).or(trailers.get(name));
            value.and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        Ok((text("grpc-status").ok_or("a status")?, text("grpc-message")))
    };

    let mut answers = std::collections::BTreeMap::new();
    for _ in 0..100 {
        *answers.entry(call().await?).or_insert(0) += 1;
    }
    for ((status, from), count) in answers {
        let from = from.unwrap_or_else(|| "the store".to_owned());
        println!("down: {count:>3} × grpc-status {status} from: {from}");
    }
    println!(
        "the store was asked {} times",
        asked.load(Ordering::Relaxed)
    );

    down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(320)).await;
    let (status, _) = call().await?;
    println!("back: grpc-status {status}");
    assert_eq!(status, "0");
    Ok(())
}
