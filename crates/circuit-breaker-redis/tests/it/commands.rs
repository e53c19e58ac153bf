//! How many commands a tick costs, by the server's own count.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;

use crate::fleet::{Fleet, PERIOD};
use crate::server::Server;

async fn counts(connection: &mut MultiplexedConnection) -> BTreeMap<String, u64> {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(connection)
        .await
        .unwrap();
    info.lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="))
        .map(|(name, rest)| {
            let calls = rest.split(',').next().unwrap().parse().unwrap();
            (name.to_owned(), calls)
        })
        .collect()
}

#[tokio::test]
async fn a_tick_is_one_command_of_at_most_four_inside() {
    const TICKS: u64 = 20 * 80;
    let server = Server::start().await;
    let mut fleet = Fleet::new(&server, "orders", 20, |_| 5.0).await;
    // Everybody is known, the script is loaded.
    fleet.run(2 * PERIOD, |_| 0.01, |_| {}).await;
    let mut raw = server.connect().await;
    let before = counts(&mut raw).await;
    let processed = |info: &BTreeMap<String, u64>| info.clone();
    // An outage and its end among them: leases and rounds cost no more.
    let end = fleet.now + 40 * PERIOD;
    fleet.run(end, |_| 1.0, |_| {}).await;
    let end = fleet.now + 40 * PERIOD;
    fleet.run(end, |_| 0.0, |_| {}).await;
    let after = counts(&mut raw).await;
    let made: BTreeMap<String, u64> = processed(&after)
        .into_iter()
        .map(|(name, calls)| {
            let calls = calls - before.get(&name).copied().unwrap_or(0);
            (name, calls)
        })
        .filter(|(name, calls)| *calls > 0 && !matches!(name.as_str(), "info" | "client|setinfo"))
        .collect();
    assert_eq!(made.get("evalsha"), Some(&TICKS), "{made:?}");
    // What the script itself runs: the time, everything, what is new; when a window ends, its
    // expiry.
    for name in ["time", "hgetall", "hset"] {
        assert_eq!(made.get(name), Some(&TICKS), "{made:?}");
    }
    let expiries = made.get("pexpire").copied().unwrap_or(0);
    assert!(expiries <= 20, "{made:?}");
    assert_eq!(made.values().sum::<u64>(), 4 * TICKS + expiries, "{made:?}");
}
