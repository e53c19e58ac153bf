//! The proof that a call was admitted.

use std::time::Duration;

use crate::time::nanos;
use crate::word::Word;

/// The proof that a call was admitted: `Copy`, for queues and foreign code. Give it back once, with
/// [`record`](crate::CircuitBreaker::record) or [`cancel`](crate::CircuitBreaker::cancel); a probe's
/// token that never comes back is replaced after its lease.
///
/// A token knows its generation and nothing else: told twice, or to another breaker in a generation of
/// the same number, it counts again where the breaker counts, and takes the place of another probe where
/// one is out. A [`Permit`](crate::Permit) can't be.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome, Token};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
/// let token = breaker.try_acquire(Duration::from_secs(4))?;
/// let [era, nanos] = token.to_bits();
/// breaker.record(Token::from_bits([era, nanos]), Outcome::Success, Duration::from_secs(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a call that was admitted has to be recorded or cancelled"]
pub struct Token {
    era: u64,
    /// Nanoseconds, modulo 2⁶⁴: two registers are cheaper to hand about than three.
    nanos: u64,
}

impl Token {
    #[inline(always)]
    pub(crate) const fn new(word: Word, admitted_at: Duration) -> Self {
        Self {
            era: word.era(),
            nanos: nanos(admitted_at),
        }
    }

    #[inline(always)]
    pub(crate) const fn era(self) -> u64 {
        self.era
    }

    /// How long ago the call was admitted, in nanoseconds.
    #[inline(always)]
    pub(crate) const fn age(self, now: Duration) -> u64 {
        nanos(now).saturating_sub(self.nanos)
    }

    /// When the call was admitted; modulo 2⁶⁴ nanoseconds, 584 years.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let token = breaker.try_acquire(Duration::from_secs(4))?;
    /// assert_eq!(token.admitted_at(), Duration::from_secs(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub const fn admitted_at(self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// As two numbers, to hand through foreign code.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, Token};
    /// # use std::time::Duration;
    /// let token = CircuitBreaker::with_config(Config::default(), 1)?.try_acquire(Duration::ZERO)?;
    /// assert_eq!(Token::from_bits(token.to_bits()), token);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn to_bits(self) -> [u64; 2] {
        [self.era, self.nanos]
    }

    /// From what [`to_bits`](Self::to_bits) gave.
    ///
    /// ```
    /// # use circuit_breaker::Token;
    /// # use std::time::Duration;
    /// assert_eq!(Token::from_bits([0, 5]).admitted_at(), Duration::from_nanos(5));
    /// ```
    pub const fn from_bits(bits: [u64; 2]) -> Self {
        Self {
            era: bits[0],
            nanos: bits[1],
        }
    }
}
