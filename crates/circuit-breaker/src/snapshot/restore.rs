//! A breaker of plain data.

use std::time::Duration;

use super::{ProbeCounts, Snapshot, SnapshotError, WindowBucket, width};
use crate::breaker::CircuitBreaker;
use crate::settings::{Compiled, Settings};
use crate::state::{OpenReason, State};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::time::{Stamp, micros, micros_up, nanos};
use crate::time_window::{MOST_CALLS, Ring};
use crate::word::Word;

impl CircuitBreaker {
    /// The breaker that `snapshot` was taken of. Made with the settings and the seed that it had, it
    /// decides from `now` on as that would have, the probes that were out taken as ignored. No
    /// listener is told. Tokens of before the snapshot are not to be used on it.
    ///
    /// With **other settings** the state and its times stay, the rest of an open wait too. The buckets
    /// of the time window go to the new buckets by their age, the newest calls of the count window to
    /// the new one; what the new settings do not count is left out. Probes that came back stay, unless
    /// they decide under the new settings: then it probes anew. A ramp-up goes on if the new settings
    /// have one. Nothing opens or closes until the next call.
    ///
    /// With **another clock** buckets lie at other multiples of their width: they are forgotten by at
    /// most one bucket earlier or later. A clock that is younger than the state makes a ramp-up and a
    /// longest half-open time begin at its origin.
    ///
    /// # Errors
    /// A snapshot that no breaker gives: names the field, its value and the bound.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// use std::time::Duration;
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let mut snapshot = CircuitBreaker::new(&settings, 7).snapshot(Duration::ZERO);
    /// snapshot.openings = 2;
    /// let error = CircuitBreaker::restore(&settings, 7, &snapshot, Duration::ZERO).unwrap_err();
    /// assert_eq!(error.to_string(), "openings is 2, must be 0 in the state closed");
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn restore(
        settings: &Settings,
        seed: u64,
        snapshot: &Snapshot,
        now: Duration,
    ) -> Result<Self, SnapshotError> {
        snapshot.check()?;
        let mut breaker = Self::new(settings, seed);
        let word = snapshot.word(breaker.load(), settings.compiled());
        let generation = word.generation();
        let at = micros(now);
        let since = at.saturating_sub(micros(snapshot.for_how_long));
        let until = at
            .saturating_add(snapshot.open_for.map_or(0, micros_up))
            .saturating_sub(settings.compiled().strictly());
        #[allow(clippy::cast_possible_truncation, reason = "the lower half on purpose")]
        let rejected = snapshot.rejected as u32;
        breaker.word = AtomicU64::new(word.0);
        breaker.since = Stamp::new(generation, since);
        breaker.until = Stamp::new(generation, until);
        breaker.rejected = AtomicU64::new(snapshot.rejected);
        breaker.rejected_before =
            AtomicU32::new(rejected.wrapping_sub(snapshot.rejected_in_period));
        breaker.stale = AtomicU32::new(snapshot.stale);
        breaker.restore_windows(snapshot, word, now);
        Ok(breaker)
    }

    fn restore_windows(&self, snapshot: &Snapshot, word: Word, now: Duration) {
        let era = match word.state() {
            State::Closed | State::MetricsOnly => word.era(),
            _ => word.era_before(),
        };
        let settings = self.compiled();
        let extras = self.extras.as_deref();
        if let Some(window) = extras.and_then(|e| e.anchored.as_ref()) {
            window.restore(&snapshot.window, nanos(now), era);
        }
        let epoch = self.epoch(now);
        let width = width(settings);
        for bucket in &snapshot.window {
            let back = nanos(bucket.age) / width;
            if back < u64::from(settings.buckets) {
                self.restore_bucket(bucket, epoch.wrapping_sub(back), era);
            }
        }
        if let Some(extras) = extras {
            let outcomes = snapshot.count_window.chars().map(|letter| {
                let slow = settings.counts_slow && matches!(letter, 's' | 'b');
                (matches!(letter, 'f' | 'b'), slow)
            });
            if let Some(window) = &extras.count {
                window.restore(era, outcomes);
            }
            let probes = snapshot.probes.filter(|_| word.done() > 0);
            if let (Some(count), Some(probes)) = (&extras.slow_failed_probes, probes) {
                let generation = match word.state() {
                    State::Open => Word(word.era_before()).generation(),
                    _ => word.generation(),
                };
                let value = u64::from(generation) << 32 | u64::from(probes.slow_failures);
                count.store(value, Ordering::Relaxed);
            }
        }
    }

    /// Adds a bucket of a snapshot to that of `epoch`: two may meet where the new ones are wider.
    fn restore_bucket(&self, bucket: &WindowBucket, epoch: u64, era: u64) {
        let held = |ring: Option<Ring<'_>>| {
            ring.and_then(|ring| ring.bucket(epoch, era))
                .map_or((0, 0), |(_, calls, failures)| (calls, failures))
        };
        let (calls, failures) = held(self.ring());
        let (slow, slow_failures) = held(self.slow_ring());
        let (late, _) = held(self.late_ring());
        let all = bucket.calls + calls;
        // As a full bucket is halved: the shares stay.
        let halvings = (0..64).find(|by| all >> by <= MOST_CALLS).unwrap_or(0);
        let put = |ring: Option<Ring<'_>>, calls: u64, failures: u64| {
            if let Some(ring) = ring.filter(|_| calls > 0) {
                ring.restore(epoch, era, calls >> halvings, failures >> halvings);
            }
        };
        put(self.ring(), all, bucket.failures + failures);
        put(
            self.slow_ring(),
            bucket.slow + slow,
            bucket.slow_failures + slow_failures,
        );
        put(self.late_ring(), bucket.late + late, 0);
    }
}

impl Snapshot {
    /// The packed word, made of that of a new breaker.
    fn word(&self, new: Word, settings: &Compiled) -> Word {
        let word = new.next(self.state).with_generation(self.generation);
        match self.state {
            State::Closed => {
                let word = word.with_watch(self.judge_next);
                let word = match settings.config.consecutive_failures {
                    Some(_) => word.with_streak(self.consecutive_failures),
                    None => word,
                };
                match self.ramp_up_calls.filter(|_| settings.ramp_up.is_some()) {
                    Some(turn) => word.with_ramp().with_turn(turn),
                    None => word,
                }
            }
            State::Open => {
                let reason = self.opened_by.unwrap_or(OpenReason::Tripped);
                let word = word.with_attempt(self.openings).with_reason(reason);
                match self.probes {
                    Some(p) => word.with_probes(p.done, p.failed, p.slow).probed(),
                    None => word,
                }
            }
            State::HalfOpen => {
                let word = word.with_attempt(self.openings);
                let ProbeCounts {
                    done, failed, slow, ..
                } = self.probes.unwrap_or_default();
                let slow = if settings.need_slow.is_some() {
                    slow
                } else {
                    0
                };
                let counted = word.with_issued(done).with_probes(done, failed, slow);
                if done < settings.permits && settings.probes_say(counted).is_none() {
                    counted
                } else {
                    word
                }
            }
            State::ForcedOpen | State::Disabled | State::MetricsOnly => word,
        }
    }
}
