//! Forecasts of recorded series by `capacity-forecast` and by its peer, augurs, as both are used.

mod peer;
mod series;
mod task;

pub use peer::{AutoEts, Mstl};
pub use series::{Recorded, Track};
pub use task::{Answer, Forecast, Method, Task};
