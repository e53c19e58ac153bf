//! A breaker around any tower service, in two lines: it opens, refuses, asks again, closes.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use circuit_breaker_tower::{CircuitBreakerLayer, Config, Error, OpenWait};
use tower::{Layer, Service, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    // A dependency that is down for a while, and counts who asks it.
    let (down, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (is_down, count) = (Arc::clone(&down), Arc::clone(&asked));
    let stock = service_fn(move |article: u32| {
        count.fetch_add(1, Ordering::Relaxed);
        let down = is_down.load(Ordering::Relaxed);
        async move {
            if down {
                Err("connection refused")
            } else {
                Ok(article * 10)
            }
        }
    });

    // The two lines; a short open wait, so that the story is.
    let wait = OpenWait::default().with_base(Duration::from_millis(200));
    let layer = CircuitBreakerLayer::new(Config::default().with_open_wait(wait))?;
    let mut stock = layer.layer(stock);

    let (mut failed, mut refused) = (0, 0);
    for article in 0..1000 {
        match stock
            .ready()
            .await
            .map_err(|e| e.to_string())?
            .call(article)
            .await
        {
            Ok(_) => unreachable!("it is down"),
            Err(Error::Inner(_)) => failed += 1,
            Err(Error::Rejected(_)) => refused += 1,
        }
    }
    println!(
        "down:    1000 calls, {failed} reached the dependency and failed, {refused} refused at once"
    );
    assert_eq!(failed, 20);

    let error = stock.call(1).await.expect_err("the breaker is open");
    let wait = error.retry_after().ok_or("an open wait ends")?;
    println!("refused: {error}; ask again in {} ms", wait.as_millis());

    down.store(false, Ordering::Relaxed);
    // The coarse clock lags by a tick at most.
    tokio::time::sleep(wait + Duration::from_millis(10)).await;
    for article in 0..5 {
        let answer = stock
            .ready()
            .await
            .map_err(|e| e.to_string())?
            .call(article)
            .await;
        let state = stock.breaker().state();
        println!(
            "probe:   article {article}: {answer:?}, then {}",
            state.as_str()
        );
    }
    println!("asked in all: {}", asked.load(Ordering::Relaxed));
    assert_eq!(asked.load(Ordering::Relaxed), 25);
    Ok(())
}
