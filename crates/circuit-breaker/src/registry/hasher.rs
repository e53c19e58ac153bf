//! The default hasher: keyed, so that colliding keys cannot be chosen, and the same in every run.

use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// SipHash over a seed and the key: the default hasher of a [`Registry`](crate::Registry).
///
/// ```
/// use circuit_breaker::SeededState;
/// use std::hash::BuildHasher;
///
/// assert_eq!(SeededState::new(7).hash_one("key"), SeededState::new(7).hash_one("key"));
/// assert_ne!(SeededState::new(7).hash_one("key"), SeededState::new(8).hash_one("key"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SeededState(u64);

impl SeededState {
    /// Hashers that begin with `seed`.
    ///
    /// ```
    /// # use circuit_breaker::SeededState;
    /// assert_ne!(SeededState::new(1), SeededState::new(2));
    /// ```
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl BuildHasher for SeededState {
    type Hasher = DefaultHasher;

    #[inline]
    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}
