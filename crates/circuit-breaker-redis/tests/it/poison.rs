//! Garbage at the key: refused, counted, cleared away; never a panic, never an opening.

use circuit_breaker::State;
use circuit_breaker_redis::Error;

use crate::fleet::Fleet;
use crate::server::Server;

#[tokio::test]
async fn garbage_in_the_hash_is_refused_and_cleared_away() {
    let server = Server::start().await;
    let mut fleet = Fleet::new(&server, "orders", 5, |_| 10.0).await;
    let key = fleet.instances[0].shared.store().key().to_owned();
    let mut raw = server.connect().await;
    let long = vec![b'x'; 1 << 20];
    let garbage: [(&[u8], &[u8]); 7] = [
        (b"i:evil", b"rubbish"),
        (b"i:evil", b"99999999999999999999999 1 open 0 bad 9 9 0 0"),
        (b"i:\xff\xfe", b"\xff\xfe\x00"),
        (b"i:evil", &long),
        (b"someone else's", b"1764000000000 1 open 0 bad 9 9 0 0"),
        (b"ledger", b"\x00"),
        (b"ledger", b"1 281474976710656 281474976710656 1 1 1 evil"),
    ];
    let mut refused = 0;
    for (i, (field, value)) in garbage.into_iter().enumerate() {
        let () = redis::cmd("HSET")
            .arg(&key)
            .arg(field)
            .arg(value)
            .query_async(&mut raw)
            .await
            .unwrap();
        let end = fleet.now + 500;
        fleet
            .run(
                end,
                |_| 0.01,
                |fleet| {
                    refused += fleet
                        .instances
                        .iter()
                        .filter(|i| i.merged.refused > 0)
                        .count()
                },
            )
            .await;
        assert_eq!(fleet.errors, 0, "garbage {i}");
        assert!(
            fleet
                .instances
                .iter()
                .all(|i| i.breaker.state() == State::Closed)
        );
        let fields: Vec<Vec<u8>> = redis::cmd("HKEYS")
            .arg(&key)
            .query_async(&mut raw)
            .await
            .unwrap();
        assert_eq!(
            fields.len(),
            6,
            "garbage {i}: five instances and the ledger"
        );
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn a_key_that_someone_else_uses_is_said_so() {
    let server = Server::start().await;
    let mut fleet = Fleet::new(&server, "orders", 1, |_| 10.0).await;
    let instance = &mut fleet.instances[0];
    let key = instance.shared.store().key().to_owned();
    let mut raw = server.connect().await;
    let () = redis::cmd("SET")
        .arg(&key)
        .arg("theirs")
        .query_async(&mut raw)
        .await
        .unwrap();
    let error = instance
        .shared
        .tick(&instance.breaker, &fleet.clock)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::WrongType { .. }), "{error}");
    assert!(!error.is_retryable());
    assert!(
        error
            .to_string()
            .starts_with("key {orders}:circuit-breaker holds something else")
    );
    let theirs: String = redis::cmd("GET")
        .arg(&key)
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(theirs, "theirs");
}
