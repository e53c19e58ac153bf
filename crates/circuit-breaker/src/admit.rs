//! Admission when there is something to look at: open, half-open, ramp-up, an operator's states.

use std::time::Duration;

use crate::breaker::{CircuitBreaker, OpenFor};
use crate::error::{RejectReason, Rejected};
use crate::state::{OpenReason, State};
use crate::sync::Ordering;
use crate::time::{micros, micros_up};
use crate::token::Token;
use crate::word::Word;

/// The share that is admitted at the beginning of a ramp-up, in 2⁻³²: a tenth.
const FIRST_SHARE: u64 = (1 << 32) / 10;
/// The golden ratio's fraction in 2⁻³²: its multiples fill the interval evenly.
const GOLDEN: u64 = 2_654_435_769;

/// What became of a call that asked, in two registers: the call path must not go through memory.
///
/// Admitted: the era. Refused: `reason 3 | opened by 5 | whether it was open 1 | 1` and the time to wait
/// in microseconds, or the largest number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    bits: u64,
    retry: u64,
}

const REFUSED: u64 = 1;
const OPENED: u64 = 2;
const BY_SHIFT: u32 = 2;
const BY: u64 = 0x1f;
const REASON_SHIFT: u32 = 7;

impl Answer {
    const fn admitted(word: Word) -> Self {
        Self {
            bits: word.era(),
            retry: 0,
        }
    }

    fn refused(reason: RejectReason, retry: Option<u64>, by: Option<OpenReason>) -> Self {
        let by = by.map_or(0, |by| OPENED | by.bits() << BY_SHIFT);
        Self {
            bits: REFUSED | by | reason.bits() << REASON_SHIFT,
            retry: retry.unwrap_or(u64::MAX),
        }
    }

    #[inline(always)]
    pub(crate) fn unpack(self, now: Duration) -> Result<Token, Rejected> {
        if self.bits & REFUSED == 0 {
            Ok(Token::new(Word(self.bits), now))
        } else {
            Err(self.rejected())
        }
    }

    #[cold]
    #[inline(never)]
    fn rejected(self) -> Rejected {
        let by = OpenReason::from_bits(self.bits >> BY_SHIFT & BY);
        Rejected {
            reason: RejectReason::from_bits(self.bits >> REASON_SHIFT),
            retry_after: (self.retry != u64::MAX).then(|| Duration::from_micros(self.retry)),
            opened_by: (self.bits & OPENED != 0).then_some(by),
        }
    }
}

impl CircuitBreaker {
    #[cold]
    #[inline(never)]
    pub(crate) fn admit(&self, mut word: Word, now: Duration) -> Answer {
        loop {
            let step = match word.state() {
                State::Closed if word.is_ramping() => self.admit_ramping(word, now),
                State::Open => self.admit_open(word, now),
                State::HalfOpen => self.admit_half_open(word, now),
                State::ForcedOpen => Ok(self.reject(RejectReason::ForcedOpen, None, None)),
                State::Closed | State::Disabled | State::MetricsOnly => Ok(Answer::admitted(word)),
            };
            match step {
                Ok(answer) => return answer,
                Err(changed) => word = changed,
            }
        }
    }

    /// After closing: the admitted share rises with time, spread evenly over the calls.
    fn admit_ramping(&self, word: Word, now: Duration) -> Result<Answer, Word> {
        let length = self.compiled().ramp_up.unwrap_or(0);
        let at = micros(now);
        let live = || self.is_live(word.era());
        let Some(since) = self.since.get_or_set(word.generation(), at, live) else {
            return Err(self.load());
        };
        let elapsed = at.saturating_sub(since);
        if elapsed >= length {
            let done = word.without_ramp();
            return self.swap(word, done).map(|()| Answer::admitted(done));
        }
        let next = word.next_turn();
        self.swap(word, next)?;
        let share = u128::from(elapsed) << 32;
        let share = u64::try_from(share / u128::from(length.max(1))).unwrap_or(u64::MAX);
        let place = next.turn().wrapping_mul(GOLDEN) & 0xffff_ffff;
        if place < share.max(FIRST_SHARE) {
            return Ok(Answer::admitted(next));
        }
        let retry = (length - elapsed).min(self.base_wait());
        Ok(self.reject(RejectReason::RampUp, Some(retry), None))
    }

    fn admit_open(&self, word: Word, now: Duration) -> Result<Answer, Word> {
        let at = micros(now);
        let Some(until) = self.open_until(word, now) else {
            return Err(self.load());
        };
        let over = self.first_after(until);
        if at < over {
            let left = over - at;
            return Ok(self.reject(RejectReason::Open, Some(left), Some(word.reason())));
        }
        let to = word
            .next(State::HalfOpen)
            .with_attempt(word.attempt())
            .with_issued(1);
        self.swap(word, to)?;
        self.entered(word, to, now, None);
        Ok(Answer::admitted(to))
    }

    /// When the wait of an open word ends, in microseconds; `None` if the word is not the newest.
    pub(crate) fn open_until(&self, word: Word, now: Duration) -> Option<u64> {
        let generation = word.generation();
        self.until.get(generation).or_else(|| {
            // Another thread has opened the breaker and not yet said until when: the same for all.
            let end = micros_up(now).saturating_add(micros_up(self.wait_of(word)));
            let live = || self.is_live(word.era());
            self.until.get_or_set(generation, end, live)
        })
    }

    fn admit_half_open(&self, word: Word, now: Duration) -> Result<Answer, Word> {
        let settings = self.compiled();
        let generation = word.generation();
        let at = micros(now);
        let live = || self.is_live(word.era());
        if let Some(max_wait) = settings.max_wait {
            let Some(since) = self.since.get_or_set(generation, at, live) else {
                return Err(self.load());
            };
            if at.saturating_sub(since) >= max_wait {
                return self.reopen(word, OpenReason::ProbeTimeout, now);
            }
        }
        if word.issued() < settings.permits {
            // First the time, then the place: whoever sees every place taken sees how fresh the last is.
            self.until
                .update(generation, at, |newest| newest.max(at), live);
            self.swap(word, word.with_issued(word.issued() + 1))?;
            return Ok(Answer::admitted(word));
        }
        let Some(newest) = self.until.get_or_set(generation, at, live) else {
            return Err(self.load());
        };
        let base = self.base_wait();
        let Some(lease) = settings.lease else {
            return Ok(self.reject(RejectReason::HalfOpenFull, Some(base), None));
        };
        let Some(since) = self.since.get_or_set(generation, at, live) else {
            return Err(self.load());
        };
        // Places that come back and are given away again make the newest young for ever.
        let over = newest
            .saturating_add(lease)
            .min(since.saturating_add(2 * lease));
        if at < over {
            let retry = (over - at).min(base);
            return Ok(self.reject(RejectReason::HalfOpenFull, Some(retry), None));
        }
        // The probes that are out are lost: they count as failed and slow. A place that came back and was given
        // away since `newest` was read makes the same word: the fresh probe is then lost with the rest.
        let lost = word.issued().saturating_sub(word.done());
        let word_with_lost = word.with_probes(
            word.issued(),
            word.failed().saturating_add(lost),
            word.slow().saturating_add(if settings.need_slow.is_some() {
                lost
            } else {
                0
            }),
        );
        if settings.probes_open(word_with_lost) {
            self.reopen_with(word, word_with_lost, OpenReason::ProbeTimeout, now)
        } else {
            let to = self.closed_after(word);
            self.swap(word, to)?;
            self.entered(word, to, now, None);
            Err(self.load())
        }
    }

    fn reopen(&self, word: Word, reason: OpenReason, now: Duration) -> Result<Answer, Word> {
        self.reopen_with(word, word, reason, now)
    }

    /// Opens again from the half-open `word`, with the probes of `counts`, and refuses this call.
    fn reopen_with(
        &self,
        word: Word,
        counts: Word,
        reason: OpenReason,
        now: Duration,
    ) -> Result<Answer, Word> {
        let to = open_again(counts, reason);
        self.swap(word, to)?;
        let wait = self.wait_of(to);
        self.entered(word, to, now, Some(OpenFor::Computed(wait)));
        // As the next call will be told, in whole microseconds.
        let left = self.first_after(micros_up(wait));
        Ok(self.reject(RejectReason::Open, Some(left), Some(reason)))
    }

    /// The closed word that follows.
    pub(crate) fn closed_after(&self, word: Word) -> Word {
        let to = word.next(State::Closed);
        if self.compiled().ramp_up.is_some() {
            to.with_ramp()
        } else {
            to
        }
    }

    fn reject(
        &self,
        reason: RejectReason,
        retry: Option<u64>,
        opened_by: Option<OpenReason>,
    ) -> Answer {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Answer::refused(reason, retry, opened_by)
    }

    /// The first microsecond in which a wait that ends at `end` is over.
    pub(crate) fn first_after(&self, end: u64) -> u64 {
        end.saturating_add(self.compiled().strictly())
    }

    /// The base of the open waits, in microseconds.
    fn base_wait(&self) -> u64 {
        micros_up(self.compiled().config.open_wait.base)
    }
}

/// The open word that follows a half-open one, its probes kept to be looked at.
pub(crate) fn open_again(word: Word, reason: OpenReason) -> Word {
    word.opened(reason)
        .with_probes(word.done(), word.failed(), word.slow())
        .probed()
}
