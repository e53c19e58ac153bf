//! The shared view: instances of one service tell each other what their calls come to.
//!
//! The local breaker stays the authority, and nothing here is on its call path: a [`FleetView`]
//! reads the breaker's windows once a period and moves what an operator could move by hand. Pure:
//! no I/O, no clock; `circuit-breaker-redis` carries it over Redis, [`Board`] is a store in memory.
//!
//! **Opening.** Each instance reports what its window holds and what it makes of that: bad, good or
//! unknown ([`Own`]). A closed one opens if enough of the live ones say bad, if all calls together
//! fail often enough or as many of those that say bad are open (their rules may look at more than
//! failures: latency, failures in a row), and if its own newest calls are not significantly good. What is missing, old or
//! unreadable is counted neither for nor against; opened by others, an instance says no more than
//! it saw itself, so that openings do not feed on each other.
//!
//! **Coming back.** While so many are open, one of them at a time probes for all, with its own
//! half-open permits: it holds a lease of the [`Ledger`]. The others hold their wait for two
//! periods, again and again. If the probes fail, the fleet waits, longer each time, and another one
//! is next. If they come back well, a new generation begins, and the others probe at once.
//!
//! **Fences.** Votes and openings belong to a generation; what an instance says of a lease counts
//! only with the round that it was given in. A decision belongs to the generation of the breaker that
//! it was made of: carried out late, it changes nothing.
//!
//! **Times.** An instance's own are the caller's; the ledger's are the store's. Only differences of
//! the same clock are used.
//!
//! Cost: O(buckets) to report, O(instances) to decide, once a period. Cases: `tests/it/fleet*.rs`.

mod board;
mod config;
mod decision;
mod evidence;
mod fence;
mod ledger;
mod merge;
mod report;
mod view;

pub use board::Board;
pub use config::{FleetConfig, FleetSettings};
pub use decision::{FleetAction, FleetDecision, FleetReason};
pub use evidence::{Own, Vote};
pub use ledger::{Act, Ledger, Request};
pub use merge::{Aged, Merged, Reply};
pub use report::{MAX_ID, Report, ReportError};
pub use view::FleetView;
