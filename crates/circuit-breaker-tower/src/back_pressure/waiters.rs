//! The services that wait for one breaker.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use circuit_breaker::{Listener, Transition};

/// Wakes all that wait whenever a place may have become free: each asks the breaker again, and those
/// that are refused wait again. One that was woken and has gone meanwhile takes nobody's turn.
///
/// No wake-up is lost: who waits is in the list before it asks the breaker the last time, who frees a
/// place has told the breaker before it looks at the list, and a fence on either side keeps that order.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: AtomicUsize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    next: u64,
    wakers: Vec<(u64, Waker)>,
}

impl Waiters {
    /// A place may have become free.
    #[inline]
    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        let mut list = self.lock();
        let woken = std::mem::take(&mut list.wakers);
        self.waiting.store(0, Ordering::Relaxed);
        drop(list);
        // Outside the lock: a waker may poll at once.
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    // A panic inside the lock leaves a list of wakers, which is as good as any.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Waiters {
    fn on_transition(&self, _: &Transition) {
        self.wake();
    }
}

/// One service's place in the list; it leaves it when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    waiters: Arc<Waiters>,
    id: u64,
}

impl Place {
    pub(crate) fn new(waiters: &Arc<Waiters>) -> Self {
        let mut list = waiters.lock();
        let id = list.next;
        list.next += 1;
        drop(list);
        Self {
            waiters: Arc::clone(waiters),
            id,
        }
    }

    /// Wakes `waker` at the next occasion. Ask the breaker after it, not before.
    pub(crate) fn enter(&self, waker: &Waker) {
        let mut list = self.waiters.lock();
        match list.wakers.iter_mut().find(|(id, _)| *id == self.id) {
            Some((_, known)) => known.clone_from(waker),
            None => list.wakers.push((self.id, waker.clone())),
        }
        self.waiters
            .waiting
            .store(list.wakers.len(), Ordering::Relaxed);
        drop(list);
        fence(Ordering::SeqCst);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut list = self.waiters.lock();
        list.wakers.retain(|(id, _)| *id != self.id);
        self.waiters
            .waiting
            .store(list.wakers.len(), Ordering::Relaxed);
    }
}
