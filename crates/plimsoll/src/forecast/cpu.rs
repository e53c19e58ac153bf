//! Processor time of the running thread.

use std::time::Duration;

/// So much since the thread began; `None` where the system does not tell.
#[cfg(unix)]
pub(super) fn time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanos))
}

/// So much since the thread began; `None` where the system does not tell.
#[cfg(not(unix))]
pub(super) fn time() -> Option<Duration> {
    None
}
