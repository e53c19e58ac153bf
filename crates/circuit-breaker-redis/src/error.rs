//! What can go wrong between an instance and the store.

use std::time::Duration;

use redis::{ErrorKind, RedisError, RetryMethod, ServerErrorKind};

/// Why a tick did not come to a decision. The breaker goes on by its own rules.
///
/// ```
/// use circuit_breaker_redis::RedisStore;
///
/// let refused = RedisStore::key_of("a{b}").unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "name is a{b}, must be 1 to 128 visible ASCII characters other than braces"
/// );
/// assert!(!refused.is_retryable());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that can't be one.
    #[error("{field} is {value}, must be {bound}")]
    Name {
        /// Which name.
        field: &'static str,
        /// The value given.
        value: String,
        /// What it must be.
        bound: &'static str,
    },
    /// The instance's name was refused.
    #[error(transparent)]
    Config(#[from] circuit_breaker::ConfigError),
    /// Redis, or the way to it.
    #[error("key {key}: {source}")]
    Redis {
        /// The key of the breaker.
        key: String,
        /// What the client says.
        source: RedisError,
    },
    /// Something else than a hash stands at the key: someone else uses it.
    #[error("key {key} holds something else than a hash: {source}")]
    WrongType {
        /// The key of the breaker.
        key: String,
        /// What the client says.
        source: RedisError,
    },
    /// The script's answer is not what the script answers.
    #[error("key {key}: the answer's {field} is {value}, must be {bound}")]
    Answer {
        /// The key of the breaker.
        key: String,
        /// Which part.
        field: &'static str,
        /// What came.
        value: String,
        /// What it must be.
        bound: &'static str,
    },
    /// Redis did not answer within a period.
    #[error("key {key}: no answer within {after:?}")]
    TimedOut {
        /// The key of the breaker.
        key: String,
        /// How long was waited.
        after: Duration,
    },
}

impl Error {
    pub(crate) fn redis(key: &str, source: RedisError) -> Self {
        let key = key.to_owned();
        if source.code() == Some("WRONGTYPE") {
            Self::WrongType { key, source }
        } else {
            Self::Redis { key, source }
        }
    }

    /// Whether the next tick may do better with nothing changed: time-outs, lost connections where
    /// the client reconnects, a cluster that moves slots. Not: names, rights, a key that someone else uses.
    ///
    /// ```
    /// use circuit_breaker_redis::Error;
    /// use std::time::Duration;
    ///
    /// let after = Duration::from_millis(250);
    /// let late = Error::TimedOut { key: "{orders}:circuit-breaker".into(), after };
    /// assert!(late.is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Redis { source, .. } => {
                let scriptless = source.kind() == ErrorKind::Server(ServerErrorKind::NoScript);
                scriptless || !matches!(source.retry_method(), RetryMethod::NoRetry)
            }
            Self::Name { .. } | Self::Config(_) | Self::WrongType { .. } | Self::Answer { .. } => {
                false
            }
        }
    }
}
