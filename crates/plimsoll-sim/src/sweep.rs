//! One knob, many settings: the frontier of cost against bad requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::Summary;

/// The shares of bad requests for which a frontier gives the cheapest cost.
///
/// ```
/// use plimsoll_sim::{BAD_LIMITS, frontier};
/// assert_eq!(frontier(&[]).map(|point| point.bad_limit), BAD_LIMITS);
/// ```
pub const BAD_LIMITS: [f64; 3] = [0.01, 0.001, 0.0001];

/// A setting of a policy's knob and what it came to.
///
/// ```
/// use plimsoll_sim::{Summary, SweepPoint};
/// let points = [0.5, 0.7].map(|setting| {
///     let mut run = Summary::default(); // of a plant's run with this setting
/// #     (run.ticks, run.replica_ticks) = (5760, (6_000.0 / setting) as u64);
///     SweepPoint::new(setting, &run, 6_000, 5760.0)
/// });
/// assert!(points[0].cost_ratio > points[1].cost_ratio);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SweepPoint {
    /// The knob's value.
    pub setting: f64,
    /// Cost as a multiple of the optimum.
    pub cost_ratio: f64,
    /// Share of bad requests.
    pub bad_share: f64,
    /// Changes of direction a day.
    pub reversals_per_day: f64,
}

impl SweepPoint {
    /// Relates a run's figures to the optimum.
    ///
    /// ```
    /// use plimsoll_sim::{Summary, SweepPoint};
    /// let mut run = Summary::default();
    /// (run.ticks, run.replica_ticks, run.reversals) = (2 * 5760, 9_000, 6);
    /// let point = SweepPoint::new(0.7, &run, 6_000, 5760.0); // two days by 15 s
    /// assert_eq!((point.cost_ratio, point.reversals_per_day), (1.5, 3.0));
    /// ```
    #[must_use]
    pub fn new(setting: f64, run: &Summary, optimum_ticks: u64, ticks_a_day: f64) -> Self {
        let days = run.ticks as f64 / ticks_a_day;
        Self {
            setting,
            cost_ratio: run.replica_ticks as f64 / optimum_ticks.max(1) as f64,
            bad_share: run.bad_share(),
            reversals_per_day: run.reversals as f64 / days,
        }
    }
}

/// The cheapest setting that keeps the share of bad requests within a limit; without figures where
/// no setting of the sweep does.
///
/// ```
/// use plimsoll_sim::{SweepPoint, frontier};
/// # let (setting, cost_ratio, reversals_per_day) = (0.7, 1.1, 0.0);
/// let only = SweepPoint { setting, cost_ratio, bad_share: 0.005, reversals_per_day };
/// let [loose, strict, _] = frontier(&[only]);
/// assert_eq!((loose.bad_limit, loose.cost_ratio), (0.01, Some(1.1)));
/// assert_eq!((strict.bad_limit, strict.cost_ratio), (0.001, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct FrontierPoint {
    /// The limit.
    pub bad_limit: f64,
    /// Cost as a multiple of the optimum.
    pub cost_ratio: Option<f64>,
    /// The knob's value.
    pub setting: Option<f64>,
    /// Changes of direction a day.
    pub reversals_per_day: Option<f64>,
}

/// The frontier of a sweep at [`BAD_LIMITS`]; of equally cheap settings the first one.
///
/// ```
/// use plimsoll_sim::{frontier, SweepPoint};
/// let at = |setting, cost_ratio, bad_share| SweepPoint {
///     setting, cost_ratio, bad_share, reversals_per_day: 0.0,
/// };
/// let best = frontier(&[at(0.5, 1.5, 0.0), at(0.6, 1.3, 0.002), at(0.7, 1.1, 0.02)]);
/// assert_eq!(best.map(|p| p.setting), [Some(0.6), Some(0.5), Some(0.5)]);
/// ```
#[must_use]
pub fn frontier(sweep: &[SweepPoint]) -> [FrontierPoint; 3] {
    BAD_LIMITS.map(|bad_limit| {
        let best = sweep
            .iter()
            .filter(|p| p.bad_share <= bad_limit)
            .reduce(|best, p| {
                if p.cost_ratio < best.cost_ratio {
                    p
                } else {
                    best
                }
            });
        FrontierPoint {
            bad_limit,
            cost_ratio: best.map(|p| p.cost_ratio),
            setting: best.map(|p| p.setting),
            reversals_per_day: best.map(|p| p.reversals_per_day),
        }
    })
}

/// Does independent work on all cores; results come in the order of the work, whatever the timing.
/// `progress` is called on the calling thread with the number of finished pieces.
///
/// ```
/// let squares = plimsoll_sim::in_parallel(&[1, 2, 3], |x| x * x, |_done| {});
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub fn in_parallel<W: Sync, T: Send>(
    work: &[W],
    job: impl Fn(&W) -> T + Sync,
    mut progress: impl FnMut(usize),
) -> Vec<T> {
    let threads = std::thread::available_parallelism()
        .map_or(1, |n| n.get())
        .min(work.len());
    let next = AtomicUsize::new(0);
    let mut results: Vec<Option<T>> = work.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads {
            let (send, next, job) = (send.clone(), &next, &job);
            scope.spawn(move || {
                while let Some((index, piece)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    work.get(index).map(|piece| (index, piece))
                } {
                    if send.send((index, job(piece))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (done, (index, result)) in receive.iter().enumerate() {
            results[index] = Some(result);
            progress(done + 1);
        }
    });
    results.into_iter().flatten().collect()
}
