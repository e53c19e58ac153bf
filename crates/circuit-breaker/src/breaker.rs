//! The breaker: one packed word, its times, its windows; and the call path.

use std::fmt;
use std::time::Duration;

use crate::anchored_window::AnchoredWindow;
use crate::config::{Config, Dialect};
use crate::count_window::CountWindow;
use crate::error::{ConfigError, Rejected};
use crate::outcome::{Outcome, Recorded};
use crate::settings::{Compiled, Settings};
use crate::state::{OpenReason, State, Transition};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::time::{Stamp, micros, micros_up, nanos};
use crate::time_window::{self, Added, CALL, EMPTY, FAILURE, INLINE, INLINE_LOG2, Ring};
use crate::token::Token;
use crate::word::{FULL, Word};

/// Decides whether a call may go out, from what came of the calls before.
///
/// Call order: [`try_acquire`](Self::try_acquire) before the call, then
/// [`record`](Self::record) or [`cancel`](Self::cancel) once with its token; or
/// [`permit`](Self::permit), which does the rest when it is completed or dropped. All methods take
/// `&self`, from any thread; a `now` earlier than an earlier call's never admits sooner.
///
/// Closed, a successful call costs two atomic loads and one fetch-and-add. Every transition is a
/// compare-and-swap of one word that holds the state, its generation and the probes that are out, so
/// that it happens once, no half-open period has more probes out than its permits, and outcomes of an
/// earlier generation are told apart.
///
/// 192 bytes, of which 128 are the buckets of a time window; more only for what is configured beyond
/// that: a window of more than 16 buckets, slow calls, a latency limit, a count window.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome, Settings, State};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 7);
/// for call in 0..20 {
///     let now = Duration::from_millis(100 * call);
///     let token = breaker.try_acquire(now)?;
///     breaker.record(token, Outcome::Failure, now);
/// }
/// assert_eq!(breaker.state(), State::Open);
/// let rejected = breaker.try_acquire(Duration::from_secs(2)).unwrap_err();
/// assert!(rejected.retry_after.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct CircuitBreaker {
    pub(crate) word: AtomicU64,
    settings: Settings,
    /// The end of the open wait; half-open, when the newest probe was admitted.
    pub(crate) until: Stamp,
    /// When the state was entered.
    pub(crate) since: Stamp,
    pub(crate) extras: Option<Box<Extras>>,
    pub(crate) seed: u64,
    pub(crate) rejected: AtomicU64,
    pub(crate) stale: AtomicU32,
    /// What `rejected` was when the last closed or half-open period began, its lower half.
    pub(crate) rejected_before: AtomicU32,
    ring: [AtomicU64; INLINE],
}

/// How long a breaker stays open that opens now.
#[derive(Clone, Copy)]
pub(crate) enum OpenFor {
    /// As long as an operator said.
    Given(Duration),
    /// As long as the configuration says: every thread computes the same.
    Computed(Duration),
}

impl OpenFor {
    const fn wait(self) -> Duration {
        match self {
            Self::Given(wait) | Self::Computed(wait) => wait,
        }
    }
}

/// What a configuration asks for beyond one inline time window.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// The ring of a time window of more than 16 buckets.
    long: Option<Box<[AtomicU64]>>,
    /// Slow calls, and those of them that failed, in the time window's buckets.
    slow: Option<Box<[AtomicU64]>>,
    /// Calls beyond the latency limit, in the time window's buckets.
    late: Option<Box<[AtomicU64]>>,
    pub(crate) count: Option<CountWindow>,
    pub(crate) anchored: Option<AnchoredWindow>,
    /// Probes that were slow and failed: `generation | count`.
    pub(crate) slow_failed_probes: Option<AtomicU64>,
}

impl Extras {
    fn new(settings: &Compiled) -> Option<Box<Self>> {
        if settings.plain {
            return None;
        }
        let slots = || {
            (0..1_u64 << settings.log2)
                .map(|_| AtomicU64::new(EMPTY))
                .collect()
        };
        let window = settings.config.time_window;
        let anchored = window.filter(|_| settings.dialect == Dialect::Polly);
        let aligned = window.is_some() && anchored.is_none();
        Some(Box::new(Self {
            long: (aligned && settings.log2 > INLINE_LOG2).then(slots),
            slow: (window.is_some() && settings.counts_slow).then(slots),
            late: settings.late_share.map(|_| slots()),
            count: settings.config.count_window.map(CountWindow::new),
            anchored: anchored.map(|w| {
                let length = nanos(w.length);
                // Below 200 ms Polly counts in one bucket.
                let buckets = if length < 200_000_000 { 1 } else { w.buckets };
                AnchoredWindow::new(length, buckets)
            }),
            slow_failed_probes: settings.counts_slow.then(|| AtomicU64::new(0)),
        }))
    }
}

impl CircuitBreaker {
    /// A closed breaker. The `seed` draws the jitter of the open waits and names the breaker in
    /// [`Transition`]s: give every instance another one, so that they do not all probe at once.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Settings, State};
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let [orders, users] = [1, 2].map(|seed| CircuitBreaker::new(&settings, seed));
    /// assert_eq!(orders.state(), users.state());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn new(settings: &Settings, seed: u64) -> Self {
        Self {
            word: AtomicU64::new(Word::closed(0, !settings.compiled().plain).0),
            settings: settings.clone(),
            until: Stamp::new(0, 0),
            since: Stamp::new(0, 0),
            extras: Extras::new(settings.compiled()),
            seed,
            rejected: AtomicU64::new(0),
            stale: AtomicU32::new(0),
            rejected_before: AtomicU32::new(0),
            ring: std::array::from_fn(|_| AtomicU64::new(EMPTY)),
        }
    }

    /// A closed breaker of a configuration that no other breaker shares.
    ///
    /// # Errors
    /// As [`Settings::new`].
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::hystrix(), 1)?;
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn with_config(config: Config, seed: u64) -> Result<Self, ConfigError> {
        Ok(Self::new(&Settings::new(config)?, seed))
    }

    /// A closed breaker whose seed is drawn from `rng`.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// # use std::convert::Infallible;
    /// # struct Rng;
    /// # impl rand_core::TryRng for Rng {
    /// #     type Error = Infallible;
    /// #     fn try_next_u32(&mut self) -> Result<u32, Infallible> { Ok(4) }
    /// #     fn try_next_u64(&mut self) -> Result<u64, Infallible> { Ok(4) }
    /// #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> { Ok(()) }
    /// # }
    /// # let mut rng = Rng;
    /// let breaker = CircuitBreaker::from_rng(&Settings::new(Config::default())?, &mut rng);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[cfg(feature = "rand_core")]
    #[must_use]
    pub fn from_rng<R: rand_core::Rng + ?Sized>(settings: &Settings, rng: &mut R) -> Self {
        Self::new(settings, rng.next_u64())
    }

    /// The settings that it was made of.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// assert_eq!(breaker.settings().config().min_calls, 20);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The seed that it was made with: what [`Transition::breaker`] says.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    ///
    /// assert_eq!(CircuitBreaker::with_config(Config::default(), 7)?.seed(), 7);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    #[inline]
    pub(crate) fn compiled(&self) -> &Compiled {
        self.settings.compiled()
    }

    /// Asks whether a call may go out at `now`. Closed: one atomic load.
    ///
    /// # Errors
    /// [`Rejected`] says why not, and when to ask again.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome, Recorded};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let token = breaker.try_acquire(Duration::from_secs(1))?;
    /// let recorded = breaker.record(token, Outcome::Success, Duration::from_millis(1020));
    /// assert_eq!(recorded, Recorded::Counted);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self, now: Duration) -> Result<Token, Rejected> {
        let word = Word(self.word.load(Ordering::Acquire));
        if word.is_quiet() || word.is_quiet_but_full() {
            return Ok(Token::new(word, now));
        }
        self.admit(word, now).unpack(now)
    }

    /// Says what came of a call that was admitted with `token`, at `now`. Closed, a success costs one
    /// atomic load and one fetch-and-add; what harms is judged: O(buckets).
    ///
    /// A token counts once: it is `Copy` for queues and foreign code, and telling twice counts twice.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let token = breaker.try_acquire(Duration::ZERO)?;
    /// breaker.record(token, Outcome::Failure, Duration::from_millis(20));
    /// assert_eq!(breaker.metrics(Duration::from_secs(1)).window.failures, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn record(&self, token: Token, outcome: Outcome, now: Duration) -> Recorded {
        if outcome == Outcome::Success {
            let word = Word(self.word.load(Ordering::Acquire));
            if word.0 == token.era() {
                return self.count_inline(token.era(), now);
            }
            if word.0 == token.era() | FULL {
                return self.count_full(word, token.age(now), now);
            }
        }
        self.record_aged(token, outcome, token.age(now), now)
    }

    /// Counts a success in the inline window of a quiet breaker.
    #[inline(always)]
    fn count_inline(&self, era: u64, now: Duration) -> Recorded {
        let epoch = self.compiled().epochs.rounded(now);
        let wanted = time_window::wanted_inline(epoch, era);
        #[allow(clippy::cast_possible_truncation, reason = "masked to the ring")]
        let Some(slot) = self.ring.get(epoch as usize & (INLINE - 1)) else {
            return Recorded::Ignored;
        };
        let before = slot.fetch_add(CALL, Ordering::AcqRel);
        if time_window::fits(before, wanted) {
            return Recorded::Counted;
        }
        self.count_elsewhere(slot, before, wanted, era, now)
    }

    /// Counts a success of a quiet breaker that has more than an inline window.
    #[inline(never)]
    fn count_full(&self, word: Word, duration: u64, now: Duration) -> Recorded {
        let settings = self.compiled();
        if !settings.short || duration > settings.harm_nanos {
            return self.count(word, Outcome::Success, duration, now);
        }
        if settings.config.time_window.is_some() {
            let recorded = self.count_inline(word.era(), now);
            if recorded != Recorded::Counted {
                return recorded;
            }
        }
        if let Some(window) = self.extras.as_deref().and_then(|e| e.count.as_ref())
            && window
                .push(word.era(), false, false, || self.is_live(word.era()))
                .is_none()
        {
            return self.count_stale();
        }
        Recorded::Counted
    }

    #[cold]
    #[inline(never)]
    fn count_elsewhere(
        &self,
        slot: &AtomicU64,
        before: u64,
        wanted: u64,
        era: u64,
        now: Duration,
    ) -> Recorded {
        let live = || self.is_live(era);
        match time_window::counted_elsewhere(slot, before, wanted, live) {
            Added::Counted => Recorded::Counted,
            Added::Halved => {
                self.halve_beside(self.compiled().epochs.of(now), era);
                Recorded::Counted
            }
            Added::Late => self.count_stale(),
        }
    }

    /// A bucket of the time window was halved: so are its slow and late calls.
    #[cold]
    pub(crate) fn halve_beside(&self, epoch: u64, era: u64) {
        for ring in [self.slow_ring(), self.late_ring()].into_iter().flatten() {
            ring.halve(epoch, era);
        }
    }

    /// As [`record`](Self::record), for a call whose duration the caller measured.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default().with_slow_call_rate(Some(0.8)), 1)?;
    /// let token = breaker.try_acquire(Duration::ZERO)?;
    /// let now = Duration::from_secs(5);
    /// breaker.record_timed(token, Outcome::Success, Duration::from_secs(3), now);
    /// assert_eq!(breaker.metrics(now).window.slow, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_timed(
        &self,
        token: Token,
        outcome: Outcome,
        duration: Duration,
        now: Duration,
    ) -> Recorded {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.record_aged(token, outcome, nanos, now)
    }

    /// As [`record`](Self::record), for a call that took `duration` nanoseconds.
    #[inline(never)]
    fn record_aged(
        &self,
        token: Token,
        outcome: Outcome,
        duration: u64,
        now: Duration,
    ) -> Recorded {
        let word = Word(self.word.load(Ordering::Acquire));
        if word.era() != token.era() {
            return self.count_stale();
        }
        match word.state() {
            State::Closed | State::MetricsOnly => self.count(word, outcome, duration, now),
            State::HalfOpen => self.probe(word, outcome, duration, now),
            _ => Recorded::Ignored,
        }
    }

    /// The caller gave up at `now`: [`Config::on_drop`] says whether that is a failure.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Recorded};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let token = breaker.try_acquire(Duration::ZERO)?;
    /// assert_eq!(breaker.cancel(token, Duration::from_millis(30)), Recorded::Ignored);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self, token: Token, now: Duration) -> Recorded {
        let age = token.age(now);
        let outcome = match self.compiled().drop_age() {
            Some(limit) if age >= limit => Outcome::Failure,
            _ => Outcome::Ignored,
        };
        self.record_aged(token, outcome, age, now)
    }

    pub(crate) fn load(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Changes `from` to `to`, or says what stands there instead.
    pub(crate) fn swap(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Acquire)
            .map(|_| ())
            .map_err(Word)
    }

    pub(crate) fn is_live(&self, era: u64) -> bool {
        self.load().era() == era
    }

    #[cold]
    pub(crate) fn count_stale(&self) -> Recorded {
        self.stale.fetch_add(1, Ordering::Relaxed);
        Recorded::Stale
    }

    /// The time window's ring, unless its buckets are anchored or there is none.
    pub(crate) fn ring(&self) -> Option<Ring<'_>> {
        let settings = self.compiled();
        let extras = self.extras.as_deref();
        if settings.config.time_window.is_none() || extras.is_some_and(|e| e.anchored.is_some()) {
            return None;
        }
        let slots = extras.and_then(|e| e.long.as_deref()).unwrap_or(&self.ring);
        Some(Ring {
            slots,
            log2: settings.log2,
        })
    }

    /// The ring of slow calls, in the time window's buckets.
    pub(crate) fn slow_ring(&self) -> Option<Ring<'_>> {
        self.beside(self.extras.as_deref()?.slow.as_deref()?)
    }

    /// The ring of calls beyond the latency limit, in the time window's buckets.
    pub(crate) fn late_ring(&self) -> Option<Ring<'_>> {
        self.beside(self.extras.as_deref()?.late.as_deref()?)
    }

    #[allow(clippy::unnecessary_wraps, reason = "its callers chain it")]
    fn beside<'a>(&'a self, slots: &'a [AtomicU64]) -> Option<Ring<'a>> {
        Some(Ring {
            slots,
            log2: self.compiled().log2,
        })
    }

    /// What a changed word brings with it: the times, the counters, the listener.
    pub(crate) fn entered(&self, from: Word, to: Word, now: Duration, open_wait: Option<OpenFor>) {
        let at = micros(now);
        let generation = to.generation();
        let live = || self.is_live(to.era());
        self.since.update(generation, at, |_| at, live);
        // Whatever stands there already came after the word: a reader's wait, a probe, an order to
        // hold or to probe. It stays, unless it is shorter than a wait that was asked for.
        let end = open_wait.map_or(at, |open| {
            micros_up(now).saturating_add(micros_up(open.wait()))
        });
        let given = matches!(open_wait, Some(OpenFor::Given(_))) || to.state() == State::HalfOpen;
        let keep = |there: u64| if given { there.max(end) } else { there };
        self.until.update(generation, end, keep, live);
        if matches!(to.state(), State::Closed | State::HalfOpen) {
            #[allow(clippy::cast_possible_truncation, reason = "the lower half on purpose")]
            self.rejected_before.store(
                self.rejected.load(Ordering::Relaxed) as u32,
                Ordering::Relaxed,
            );
        }
        if let Some(extras) = self.extras.as_deref() {
            let era = to.era();
            if let (Some(window), State::Closed | State::MetricsOnly) =
                (&extras.anchored, to.state())
            {
                window.begin(era, || self.is_live(era));
            }
        }
        if let Some(listener) = &self.compiled().listener {
            let open = to.state() == State::Open;
            listener.on_transition(&Transition {
                breaker: self.seed,
                from: from.state(),
                to: to.state(),
                at: now,
                generation,
                reason: open.then(|| to.reason()),
                open_wait: open_wait.map(OpenFor::wait),
            });
        }
    }

    /// The wait of an open word: the same whoever asks.
    pub(crate) fn wait_of(&self, word: Word) -> Duration {
        let draw = draw(self.seed, word.generation());
        self.compiled().open_wait(word.attempt(), draw)
    }

    /// Opens from `from`, or from what it has become within its generation; false if another
    /// transition came first.
    pub(crate) fn open(&self, mut from: Word, reason: OpenReason, now: Duration) -> bool {
        let era = from.era();
        loop {
            let to = from.opened(reason);
            match self.swap(from, to) {
                Ok(()) => {
                    self.entered(from, to, now, Some(OpenFor::Computed(self.wait_of(to))));
                    return true;
                }
                Err(word) if word.era() == era => from = word,
                Err(_) => return false,
            }
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.load();
        f.debug_struct("CircuitBreaker")
            .field("state", &word.state())
            .field("generation", &word.generation())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// The step of splitmix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// splitmix64: the number that follows `seed`.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(GOLDEN);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The jitter's draw of a generation, from 0 to 1: splitmix64 of the seed.
pub(crate) fn draw(seed: u64, generation: u32) -> f64 {
    let z = mix(seed.wrapping_add(u64::from(generation).wrapping_mul(GOLDEN)));
    // 53 bits, all of which a float holds.
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// One failing call.
pub(crate) const FAILED_CALL: u64 = CALL + FAILURE;
