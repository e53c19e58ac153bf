//! The packed state: everything that a transition changes, in one atomic word.
//!
//! | bits | closed | open | half-open |
//! |---|---|---|---|
//! | 43–63 | generation | generation | generation |
//! | 35–42 | ramp-up counter (29–42) | slow probes | slow probes |
//! | 27–34 | | failed probes | failed probes |
//! | 19–26 | failures in a row (13–28) | probes done | probes done |
//! | 11–18 | 11 judge the next outcome, 12 ramp-up | 11–15 reason, 18 counts are probes' | probes admitted |
//! | 10 | more to count than one inline window: for good | same | same |
//! | 3–9 | 0 | openings in a row | openings in a row |
//! | 0–2 | state | state | state |
//!
//! Every transition is a compare-and-swap from a word of one generation to a word of the next, so
//! each happens once, and what was admitted in an earlier generation is told by one comparison.
//! 21 bits of generation repeat after 2 097 152 transitions: a permit would have to be held through
//! exactly that many to be taken for one of today's.

use crate::state::{OpenReason, State};

pub(crate) const GENERATION_SHIFT: u32 = 43;
const LOW: u64 = (1 << GENERATION_SHIFT) - 1;
const STATE: u64 = 0b111;
const ATTEMPT_SHIFT: u32 = 3;
const ISSUED_SHIFT: u32 = 11;
const DONE_SHIFT: u32 = 19;
const FAILED_SHIFT: u32 = 27;
const SLOW_SHIFT: u32 = 35;
const BYTE: u64 = 0xff;
const ATTEMPT: u64 = 0x7f;
pub(crate) const FULL: u64 = 1 << 10;
const WATCH: u64 = 1 << 11;
const RAMP: u64 = 1 << 12;
const STREAK_SHIFT: u32 = 13;
const STREAK: u64 = MAX_STREAK as u64;
const TURN_SHIFT: u32 = 29;
const TURN: u64 = MAX_TURN as u64;
const REASON: u64 = 0x1f;
const PROBED: u64 = 1 << 18;

pub(crate) const MAX_GENERATION: u32 = (1 << (64 - GENERATION_SHIFT)) - 1;
pub(crate) const MAX_STREAK: u32 = 0xffff;
pub(crate) const MAX_TURN: u32 = 0x3fff;

/// One value of the packed word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    /// Closed, nothing counted. `full`: the configuration asks for more than one inline window.
    pub(crate) const fn closed(generation: u32, full: bool) -> Self {
        let full = if full { FULL } else { 0 };
        Self((generation as u64) << GENERATION_SHIFT | full)
    }

    /// The era before this word's.
    pub(crate) const fn era_before(self) -> u64 {
        self.era().wrapping_sub(1 << GENERATION_SHIFT)
    }

    /// Another state of the next generation, nothing counted.
    pub(crate) fn next(self, state: State) -> Self {
        let era = self.era().wrapping_add(1 << GENERATION_SHIFT);
        Self(era | self.0 & FULL | state.bits())
    }

    /// Open in the next generation, once more in a row: from closed, where none were before, or from
    /// half-open.
    pub(crate) fn opened(self, reason: OpenReason) -> Self {
        self.next(State::Open)
            .with_attempt(self.attempt().saturating_add(1))
            .with_reason(reason)
    }

    /// The generation and nothing else: the word of a closed breaker with nothing to look at.
    #[inline(always)]
    pub(crate) const fn era(self) -> u64 {
        self.0 & !LOW
    }

    /// Closed, one inline window, no failures in a row, no ramp-up, nothing to judge: the call path
    /// looks no further.
    #[inline(always)]
    pub(crate) const fn is_quiet(self) -> bool {
        self.0 << (64 - GENERATION_SHIFT) == 0
    }

    /// As quiet, with more to count.
    #[inline(always)]
    pub(crate) const fn is_quiet_but_full(self) -> bool {
        self.0 & LOW == FULL
    }

    pub(crate) const fn with_generation(self, generation: u32) -> Self {
        Self(self.0 & LOW | (generation as u64) << GENERATION_SHIFT)
    }

    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    pub(crate) const fn state(self) -> State {
        State::from_bits(self.0 & STATE)
    }

    const fn byte(self, shift: u32) -> u8 {
        (self.0 >> shift & BYTE) as u8
    }

    fn with_byte(self, shift: u32, value: u8) -> Self {
        Self(self.0 & !(BYTE << shift) | u64::from(value) << shift)
    }

    /// Openings in a row, this one or the last one among them.
    pub(crate) const fn attempt(self) -> u8 {
        (self.0 >> ATTEMPT_SHIFT & ATTEMPT) as u8
    }

    /// With this many openings in a row, 127 at most.
    pub(crate) fn with_attempt(self, attempt: u8) -> Self {
        let attempt = u64::from(attempt).min(ATTEMPT);
        Self(self.0 & !(ATTEMPT << ATTEMPT_SHIFT) | attempt << ATTEMPT_SHIFT)
    }

    pub(crate) const fn issued(self) -> u8 {
        self.byte(ISSUED_SHIFT)
    }

    pub(crate) fn with_issued(self, issued: u8) -> Self {
        self.with_byte(ISSUED_SHIFT, issued)
    }

    pub(crate) const fn done(self) -> u8 {
        self.byte(DONE_SHIFT)
    }

    pub(crate) const fn failed(self) -> u8 {
        self.byte(FAILED_SHIFT)
    }

    pub(crate) const fn slow(self) -> u8 {
        self.byte(SLOW_SHIFT)
    }

    pub(crate) fn with_probes(self, done: u8, failed: u8, slow: u8) -> Self {
        self.with_byte(DONE_SHIFT, done)
            .with_byte(FAILED_SHIFT, failed)
            .with_byte(SLOW_SHIFT, slow)
    }

    /// Why the breaker opened, where it is open.
    pub(crate) const fn reason(self) -> OpenReason {
        OpenReason::from_bits(self.0 >> ISSUED_SHIFT & REASON)
    }

    pub(crate) fn with_reason(self, reason: OpenReason) -> Self {
        Self(self.0 & !(REASON << ISSUED_SHIFT) | reason.bits() << ISSUED_SHIFT)
    }

    /// Whether the counts in an open word are those of the probes that opened it.
    pub(crate) const fn is_probed(self) -> bool {
        self.0 & PROBED != 0
    }

    pub(crate) fn probed(self) -> Self {
        Self(self.0 | PROBED)
    }

    pub(crate) const fn is_watched(self) -> bool {
        self.0 & WATCH != 0
    }

    pub(crate) fn with_watch(self, watch: bool) -> Self {
        Self(if watch {
            self.0 | WATCH
        } else {
            self.0 & !WATCH
        })
    }

    pub(crate) const fn is_ramping(self) -> bool {
        self.0 & RAMP != 0
    }

    pub(crate) fn with_ramp(self) -> Self {
        Self(self.0 | RAMP)
    }

    pub(crate) fn without_ramp(self) -> Self {
        Self(self.0 & !(RAMP | TURN << TURN_SHIFT))
    }

    /// Calls that asked during the ramp-up.
    pub(crate) const fn turn(self) -> u64 {
        self.0 >> TURN_SHIFT & TURN
    }

    pub(crate) fn next_turn(self) -> Self {
        let turn = (self.turn() + 1) & TURN;
        Self(self.0 & !(TURN << TURN_SHIFT) | turn << TURN_SHIFT)
    }

    pub(crate) fn with_turn(self, turn: u32) -> Self {
        let turn = u64::from(turn) & TURN;
        Self(self.0 & !(TURN << TURN_SHIFT) | turn << TURN_SHIFT)
    }

    /// Failures in a row, 65 535 at most.
    pub(crate) const fn streak(self) -> u32 {
        (self.0 >> STREAK_SHIFT & STREAK) as u32
    }

    pub(crate) fn with_streak(self, streak: u32) -> Self {
        let streak = u64::from(streak).min(STREAK);
        Self(self.0 & !(STREAK << STREAK_SHIFT) | streak << STREAK_SHIFT)
    }
}
