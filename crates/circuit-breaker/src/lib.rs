#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_possible_truncation
)]
#![doc = include_str!("../README.md")]

mod admit;
mod anchored_window;
mod breaker;
mod clock;
mod config;
mod control;
mod count_window;
mod duration;
mod error;
pub mod fleet;
mod judge;
mod metrics;
mod outcome;
mod permit;
mod presets;
mod registry;
mod setters;
mod settings;
mod snapshot;
mod state;
mod sync;
mod time;
mod time_window;
mod token;
mod word;

pub use breaker::CircuitBreaker;
pub use clock::{Clock, ManualClock};
pub use config::{Config, Dialect, HalfOpen, LatencyLimit, OnDrop, OpenWait, TimeWindow};
pub use error::{CallError, ConfigError, RejectReason, Rejected};
pub use metrics::{Counts, Metrics};
pub use outcome::{Classifier, ErrorsAreFailures, Outcome, Recorded};
pub use permit::Permit;
pub use registry::{Registry, RegistryConfig, RegistryMetrics, SeededState};
pub use settings::Settings;
pub use snapshot::{ProbeCounts, Snapshot, SnapshotError, WindowBucket};
pub use state::{Listener, OpenReason, State, Transition};
pub use token::Token;
