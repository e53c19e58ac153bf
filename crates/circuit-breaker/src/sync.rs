//! The atomics that the breaker is built on: the standard library's, or loom's in model tests.

#[cfg(loom)]
pub(crate) use loom::sync::Mutex;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::Mutex;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// One turn of a spin loop.
#[cfg(not(loom))]
pub(crate) fn relax() {
    std::hint::spin_loop();
}

/// One turn of a spin loop.
#[cfg(loom)]
pub(crate) fn relax() {
    loom::thread::yield_now();
}
