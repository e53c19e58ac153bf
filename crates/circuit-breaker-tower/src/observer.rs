//! What is emitted of the calls: nothing unless a feature asks for it.

use circuit_breaker::{Outcome, Recorded, Rejected};

#[cfg(any(feature = "tracing", feature = "metrics"))]
use crate::telemetry::Telemetry;

/// Sees every call; without the features `tracing` and `metrics` it is nothing at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observer {
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    telemetry: Option<Telemetry>,
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
impl Observer {
    pub(crate) fn new(telemetry: Telemetry) -> Self {
        Self {
            telemetry: Some(telemetry),
        }
    }

    #[inline]
    pub(crate) fn finished(&self, recorded: Recorded, outcome: impl FnOnce() -> Outcome) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.finished(outcome(), recorded);
        }
    }

    #[inline]
    pub(crate) fn cancelled(&self) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.cancelled();
        }
    }

    pub(crate) fn rejected(&self, rejected: &Rejected) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.rejected(rejected);
        }
    }
}

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
impl Observer {
    #[inline]
    pub(crate) fn finished(&self, _: Recorded, _: impl FnOnce() -> Outcome) {}

    #[inline]
    pub(crate) fn cancelled(&self) {}

    #[inline]
    pub(crate) fn rejected(&self, _: &Rejected) {}
}
