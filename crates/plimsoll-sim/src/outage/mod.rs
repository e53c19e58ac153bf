//! An outage that ends, and a system that does not recover: metastable failure, and what prevents
//! it.
//!
//! A backend with one first-in-first-out queue stands still for some seconds. Clients give up after
//! a time-out and try again, the attempts that they gave up on still cost the backend its work, and
//! so retries can keep it busy with requests that nobody waits for, long after the outage (Bronson
//! et al., *Metastable Failures in Distributed Systems*, HotOS 2021). [`OutageModel::run`] runs one
//! [`Defence`] through it.
//!
//! Time goes in steps of 10 ms. In each: arrivals and retries that are due reach the backend (or
//! its bound, or a breaker, which refuse them); the backend serves the oldest attempts, whether or
//! not anybody still waits for them; clients whose time-out has passed give up. Arrivals are even.
//!
//! Clients are layered. A call of layer 1 is made by one of its instances, which calls an instance
//! of layer 2, and so on; the innermost layer's calls are the attempts that reach the backend and
//! have the time-out. A layer whose call fails tries again, and waits for as long as the layers
//! below need. Every instance has a retry budget and a breaker of its own, where the defence has
//! them. A failure says whether it may be retried: a layer that was refused a token tells those
//! above it not to retry either, or the layers' budgets would multiply.

mod backend;
mod budget;
mod clients;
mod config;
mod defence;
mod gate;
mod model;
mod report;
mod run;

pub use budget::{BudgetConfig, RetryBudget, Tokens};
pub use config::{OutageConfig, OutageError};
pub use defence::{Defence, DefenceError};
pub use model::OutageModel;
pub(crate) use report::percent_down;
pub use report::{OutageReport, OutageRow};
pub use run::{OutageRun, Second};

pub use crate::report::outage_html as html;
