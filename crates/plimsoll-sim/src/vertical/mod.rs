//! One container's recorded use, replayed through a vertical sizer.
//!
//! A tick is a minute, or the series' step where that is shorter; a step's value holds for all of its
//! ticks, as a metrics server shows it. In tick t the container runs with its request; at the end of
//! t the sizer is shown the use and decides; what it orders holds from t + 1. CPU beyond the request
//! is a violation. Memory's limit is its request: use beyond it is a violation and kills the
//! container, and the sizer is shown no more than the limit. A missing value gives no sample and
//! counts for nothing. The use is what was recorded: a restart does not empty a leak.

mod outcome;
mod plant;
mod report;
mod series;
mod synthetic;
mod timeline;

pub use outcome::{ResourceOutcome, SizingOutcome};
pub use plant::{ContainerConfig, ContainerPlant, ContainerRecorder, ContainerTick, Event};
pub use report::{ResourceReport, SizerPoint, SizerReport, VerticalReport};
pub use series::{UsageError, UsageRow, UsageSeries};
pub use synthetic::MemoryPattern;
pub use timeline::{SizingColumn, SizingTimeline, UsageColumn};

pub use crate::report::vertical_html as html;
