//! Where the services that a layer makes get their breakers from.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use circuit_breaker::{CircuitBreaker as Breaker, Listener, Settings, Transition};

use crate::source::Shared;

/// Where the services that a layer makes get their breakers from: [`PerService`] or [`Given`].
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Layer, PerService, Placement};
///
/// /// Takes a layer, wherever its breakers come from.
/// fn guarded<P: Placement>(layer: &CircuitBreakerLayer<P>) {
///     let service = layer.layer("any service");
///     assert_eq!(service.into_inner(), "any service");
/// }
/// guarded::<PerService>(&CircuitBreakerLayer::new(Config::default())?);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
pub trait Placement: sealed::Sealed {
    /// What a service asks for its breaker.
    type Source;

    /// The source of one more service.
    fn place(&self) -> Self::Source;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::PerService {}
    impl<B> Sealed for super::Given<B> {}
}

/// A breaker of its own for each service that the layer wraps; the service's clones share it. Made by
/// [`CircuitBreakerLayer::new`](crate::CircuitBreakerLayer::new).
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Layer};
/// use std::sync::Arc;
///
/// let layer = CircuitBreakerLayer::new(Config::default())?;
/// let (first, second) = (layer.layer(()), layer.layer(()));
/// assert!(!Arc::ptr_eq(first.breaker(), second.breaker()));
/// assert!(Arc::ptr_eq(first.breaker(), first.clone().breaker()));
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PerService {
    pub(crate) settings: Settings,
    pub(crate) listeners: Vec<Arc<dyn Listener>>,
    seed: Option<u64>,
    made: Arc<AtomicU64>,
}

impl PerService {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            listeners: Vec::new(),
            seed: None,
            made: Arc::default(),
        }
    }

    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.seed = Some(seed);
    }

    /// One more breaker, with `more` told of its transitions too.
    pub(crate) fn make(&self, more: Option<Arc<dyn Listener>>) -> Arc<Breaker> {
        let nth = self.made.fetch_add(1, Ordering::Relaxed);
        let seed = match self.seed {
            Some(seed) => seed.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            // std seeds every hasher from the system's entropy.
            None => RandomState::new().hash_one(nth),
        };
        let listeners: Vec<_> = self.listeners.iter().cloned().chain(more).collect();
        let settings = self.settings.clone();
        let settings = match listeners.as_slice() {
            [] => settings,
            [only] => settings.with_listener(Arc::clone(only)),
            _ => settings.with_listener(Arc::new(move |change: &Transition| {
                listeners.iter().for_each(|l| l.on_transition(change));
            })),
        };
        Arc::new(Breaker::new(&settings, seed))
    }
}

impl Placement for PerService {
    type Source = Shared;

    fn place(&self) -> Shared {
        Shared::new(self.make(None))
    }
}

impl fmt::Debug for PerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerService")
            .field("settings", &self.settings)
            .field("listeners", &self.listeners.len())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// The same source for every service that the layer wraps. Made by
/// [`shared`](crate::CircuitBreakerLayer::shared), [`per_key`](crate::CircuitBreakerLayer::per_key) and
/// [`from_source`](crate::CircuitBreakerLayer::from_source), which have examples.
#[derive(Clone, Debug)]
pub struct Given<B>(pub(crate) B);

impl<B: Clone> Placement for Given<B> {
    type Source = B;

    fn place(&self) -> B {
        self.0.clone()
    }
}
