//! A real cluster of three masters.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, ManualClock, Outcome, Settings, State};
use circuit_breaker_redis::SharedBreaker;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;

use crate::fleet::patient;
use crate::server::Cluster;

async fn instance(
    client: &ClusterClient,
    name: &str,
    i: u64,
) -> (CircuitBreaker, SharedBreaker<ClusterConnection>) {
    let settings = Settings::new(Config::default()).unwrap();
    let connection = client.get_async_connection().await.unwrap();
    let id = format!("pod-{i}");
    (
        CircuitBreaker::new(&settings, i),
        SharedBreaker::new(connection, name, &id, &patient(&settings), i).unwrap(),
    )
}

#[tokio::test]
async fn breakers_lie_all_over_the_cluster() {
    let cluster = Cluster::start().await;
    let client = ClusterClient::new(cluster.urls()).unwrap();
    let clock = ManualClock::default();
    let names = ["orders", "users", "stock", "mail", "search", "images"];
    for name in names {
        let mut instances = Vec::new();
        for i in 0..4 {
            instances.push(instance(&client, name, i).await);
        }
        clock.set(Duration::from_secs(1));
        for (breaker, _) in instances.iter().take(3) {
            for _ in 0..20 {
                let Ok(token) = breaker.try_acquire(Duration::from_secs(1)) else {
                    break;
                };
                breaker.record(token, Outcome::Failure, Duration::from_secs(1));
            }
            assert_eq!(breaker.state(), State::Open);
        }
        for _ in 0..2 {
            for (breaker, shared) in &mut instances {
                shared.tick(breaker, &clock).await.unwrap();
            }
        }
        // Nobody called the fourth one.
        assert_eq!(instances[3].0.state(), State::Open, "{name}");
    }
    let mut used = 0;
    for server in &cluster.servers {
        let mut connection = server.connect().await;
        let keys: usize = redis::cmd("DBSIZE")
            .query_async(&mut connection)
            .await
            .unwrap();
        used += usize::from(keys > 0);
    }
    assert!(used > 1, "the keys lie in several slots");
}

#[tokio::test]
async fn a_master_that_dies_takes_only_its_own_breakers_view() {
    let mut cluster = Cluster::start().await;
    let client = ClusterClient::builder(cluster.urls())
        .retries(0)
        .response_timeout(Duration::from_millis(500))
        .connection_timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let clock = ManualClock::default();
    let names = ["orders", "users", "stock", "mail", "search", "images"];
    let mut all = Vec::new();
    for name in names {
        let (breaker, mut shared) = instance(&client, name, 1).await;
        shared.tick(&breaker, &clock).await.unwrap();
        all.push((breaker, shared));
    }
    let keys: usize = {
        let mut connection = cluster.servers[0].connect().await;
        redis::cmd("DBSIZE")
            .query_async(&mut connection)
            .await
            .unwrap()
    };
    cluster.servers[0].kill();
    let mut failed = 0;
    for (breaker, shared) in &mut all {
        if let Err(error) = shared.tick(breaker, &clock).await {
            assert!(error.is_retryable(), "{error:?}");
            failed += 1;
        }
        assert_eq!(breaker.state(), State::Closed);
    }
    assert_eq!(failed, keys);
    assert!(failed < names.len());
}
