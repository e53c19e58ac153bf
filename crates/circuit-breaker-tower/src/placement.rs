//! Where the services that a layer makes get their breakers from.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use circuit_breaker::{CircuitBreaker as Breaker, Listener, Settings, Transition};

use crate::source::Shared;

/// Where the services that a layer makes get their breakers from: [`PerService`], [`PerLayer`] or [`Given`].
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
    impl Sealed for super::PerLayer {}
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

/// One breaker for all services that the layer and its clones wrap, made with the first of them. Made
/// by `CircuitBreakerLayer::http` and `grpc`.
///
/// ```
/// # #[cfg(feature = "http")] {
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Layer};
/// use std::sync::Arc;
///
/// let layer = CircuitBreakerLayer::http(Config::default())?;
/// let (first, second) = (layer.layer(()), layer.clone().layer(()));
/// assert!(Arc::ptr_eq(first.breaker(), second.breaker()));
/// # }
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PerLayer {
    maker: PerService,
    made: Arc<OnceLock<Arc<Breaker>>>,
}

impl PerLayer {
    #[cfg_attr(
        not(feature = "http"),
        allow(dead_code, reason = "for the layers of HTTP and gRPC")
    )]
    pub(crate) fn new(maker: PerService) -> Self {
        Self {
            maker,
            made: Arc::default(),
        }
    }

    /// The breaker; `more` is told of its transitions if it is made now.
    pub(crate) fn breaker(&self, more: Option<Arc<dyn Listener>>) -> Arc<Breaker> {
        Arc::clone(self.made.get_or_init(|| self.maker.make(more)))
    }
}

impl Placement for PerLayer {
    type Source = Shared;

    fn place(&self) -> Shared {
        Shared::new(self.breaker(None))
    }
}

/// A placement that makes its breakers: [`PerService`] and [`PerLayer`].
///
/// ```
/// use circuit_breaker_tower::{MakesBreakers, PerLayer, PerService};
///
/// fn makes<P: MakesBreakers>() {}
/// makes::<PerService>();
/// makes::<PerLayer>();
/// ```
pub trait MakesBreakers: makes::Sealed {}

impl MakesBreakers for PerService {}
impl MakesBreakers for PerLayer {}

pub(crate) mod makes {
    use super::{Arc, Listener, PerLayer, PerService};

    pub trait Sealed {
        fn seed(&mut self, seed: u64);
        fn listen(&mut self, listener: Arc<dyn Listener>);
    }

    impl Sealed for PerService {
        fn seed(&mut self, seed: u64) {
            self.seed = Some(seed);
        }

        fn listen(&mut self, listener: Arc<dyn Listener>) {
            self.listeners.push(listener);
        }
    }

    // Another breaker from here on: the one that clones may have made has other settings.
    impl Sealed for PerLayer {
        fn seed(&mut self, seed: u64) {
            self.maker.seed(seed);
            self.made = Arc::default();
        }

        fn listen(&mut self, listener: Arc<dyn Listener>) {
            self.maker.listen(listener);
            self.made = Arc::default();
        }
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
