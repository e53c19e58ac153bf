//! The board in Redis: one hash a breaker, one script a tick.

use circuit_breaker::fleet::{Reply, Request};
use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Script, ServerErrorKind};

use crate::error::Error;

/// The script that each tick runs: for `redis-cli --eval`, for reviews.
pub const SCRIPT: &str = include_str!("fleet.lua");

/// The reports and the ledger of one breaker in Redis, in the hash `{NAME}:circuit-breaker`.
///
/// Generic over the client's connection: `ConnectionManager` and `ClusterConnection` reconnect by
/// themselves, `MultiplexedConnection` does not. One key, so one slot of a cluster.
///
/// ```no_run
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings, FleetView};
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use circuit_breaker_redis::RedisStore;
/// use std::time::Duration;
///
/// # type Any = Box<dyn std::error::Error>;
/// # async fn example(connection: impl redis::aio::ConnectionLike) -> Result<(), Any> {
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 7);
/// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
/// let mut view = FleetView::new(&fleet, "pod-7", 7)?;
/// let mut store = RedisStore::new(connection, "orders")?;
/// let request = view.prepare(&breaker, Duration::from_secs(1));
/// let reply = store.exchange(&request).await?;
/// view.decide(&breaker, Duration::from_secs(1), &reply).apply(&breaker);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    script: Script,
    key: String,
}

impl<C> std::fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<C> RedisStore<C> {
    /// The store of the breaker `name`, the same in every instance.
    ///
    /// # Errors
    /// [`Error::Name`] unless the name is 1 to 128 visible ASCII characters other than braces.
    ///
    /// ```
    /// use circuit_breaker_redis::RedisStore;
    ///
    /// let store = RedisStore::new((), "orders")?;
    /// assert_eq!(store.key(), "{orders}:circuit-breaker");
    /// # Ok::<(), circuit_breaker_redis::Error>(())
    /// ```
    pub fn new(connection: C, name: &str) -> Result<Self, Error> {
        Ok(Self {
            key: RedisStore::key_of(name)?,
            script: Script::new(SCRIPT),
            connection,
        })
    }

    /// The key.
    ///
    /// ```
    /// # use circuit_breaker_redis::RedisStore;
    /// assert_eq!(RedisStore::new((), "users")?.key(), "{users}:circuit-breaker");
    /// # Ok::<(), circuit_breaker_redis::Error>(())
    /// ```
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Takes another connection, for clients that do not reconnect by themselves.
    ///
    /// ```
    /// # use circuit_breaker_redis::RedisStore;
    /// let mut store = RedisStore::new("the first", "orders")?;
    /// assert_eq!(store.reconnect("the second"), "the first");
    /// # Ok::<(), circuit_breaker_redis::Error>(())
    /// ```
    pub fn reconnect(&mut self, connection: C) -> C {
        std::mem::replace(&mut self.connection, connection)
    }

    fn command(&self, name: &str, script: &str, request: &Request) -> Cmd {
        let millis = |span: std::time::Duration| {
            // The largest that the script's numbers and the ledger hold.
            u64::try_from(span.as_millis()).map_or(1 << 48, |ms| ms.min(1 << 48))
        };
        let (act, act_round) = request.act.parts();
        let mut command = redis::cmd(name);
        command
            .arg(script)
            .arg(1)
            .arg(&self.key)
            .arg(&request.id)
            .arg(request.report.to_string())
            .arg(request.generation)
            .arg(request.round)
            .arg(act)
            .arg(act_round);
        for span in [
            request.wait,
            request.longest_wait,
            request.lease,
            request.keep,
        ] {
            command.arg(millis(span));
        }
        command
    }
}

impl RedisStore<()> {
    /// The key of the breaker `name`.
    ///
    /// # Errors
    /// [`Error::Name`] unless the name is 1 to 128 visible ASCII characters other than braces.
    ///
    /// ```
    /// assert_eq!(circuit_breaker_redis::RedisStore::key_of("orders")?, "{orders}:circuit-breaker");
    /// # Ok::<(), circuit_breaker_redis::Error>(())
    /// ```
    pub fn key_of(name: &str) -> Result<String, Error> {
        let plain = |b: u8| b.is_ascii_graphic() && b != b'{' && b != b'}';
        if (1..=128).contains(&name.len()) && name.bytes().all(plain) {
            Ok(format!("{{{name}}}:circuit-breaker"))
        } else {
            Err(Error::Name {
                field: "name",
                value: name.chars().take(200).collect(),
                bound: "1 to 128 visible ASCII characters other than braces",
            })
        }
    }
}

impl<C: ConnectionLike> RedisStore<C> {
    /// Carries out one request: one command, one round trip; two after the server has lost its
    /// scripts. May be dropped at any time: a request that is sent again changes nothing more.
    ///
    /// # Errors
    /// Where Redis does not answer, or not as the script does.
    ///
    /// ```no_run
    /// # use circuit_breaker::fleet::Request;
    /// # async fn example<C: redis::aio::ConnectionLike>(
    /// #     store: &mut circuit_breaker_redis::RedisStore<C>, request: &Request,
    /// # ) -> Result<(), circuit_breaker_redis::Error> {
    /// let reply = store.exchange(request).await?;
    /// println!("{} instances", reply.reports.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn exchange(&mut self, request: &Request) -> Result<Reply, Error> {
        let by_hash = self.command("EVALSHA", self.script.get_hash(), request);
        let answer = match by_hash.query_async(&mut self.connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let by_text = self.command("EVAL", SCRIPT, request);
                by_text.query_async(&mut self.connection).await
            }
            answer => answer,
        };
        let parts: Vec<Vec<u8>> = answer.map_err(|error| Error::redis(&self.key, error))?;
        self.reply(&parts)
    }

    fn reply(&self, parts: &[Vec<u8>]) -> Result<Reply, Error> {
        let parts: Vec<_> = parts
            .iter()
            .map(|part| String::from_utf8_lossy(part))
            .collect();
        let refuse = |field, value: &str, bound| Error::Answer {
            key: self.key.clone(),
            field,
            value: value.chars().take(40).collect(),
            bound,
        };
        let [now, ledger, written @ ..] = parts.as_slice() else {
            return Err(refuse("length", &parts.len().to_string(), "at least 2"));
        };
        let bound = "milliseconds";
        let now = now.parse().map_err(|_| refuse("time", now, bound))?;
        let written = written.chunks_exact(2).map(|pair| match pair {
            // What is in nobody's place is nobody's report.
            [field, value] => (field.strip_prefix("i:").unwrap_or(""), value.as_ref()),
            _ => ("", ""),
        });
        Ok(Reply::parse(now, ledger, written))
    }
}
