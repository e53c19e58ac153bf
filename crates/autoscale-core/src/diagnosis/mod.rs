//! Which layer is the bottleneck, and what to do about it.
//!
//! 1. Every figure with a limit becomes evidence: severity = value ÷ limit (of a hit ratio, misses ÷
//!    allowed misses). By the USE method a layer is *saturated* when a utilization or a saturation
//!    (queue, wait, replication lag, misses) is over its limit.
//! 2. The objectives are the system's p95 and its share of failed requests. Broken: *breached*. Not known
//!    to be broken, but a layer saturated, failing or over its own objective: *at risk*. Nothing over a
//!    limit: nothing to do.
//! 3. The response time is split into the layers' shares where each layer with figures has its time.
//!    While requests are slow, weight = severity × share, and a layer with less than `min_time_share` is
//!    no bottleneck however busy it is.
//! 4. The bottleneck is the saturated layer with the heaviest evidence; at a tie the database comes
//!    first, then the application, the cache, the network. A loaded database behind a cache that misses
//!    is relieved by the cache, if with the allowed misses its utilizations would keep their limits:
//!    u × (1 − reads × (1 − allowed misses ÷ misses)).
//! 5. Requests slow and nothing saturated: optimise, in the layer where the time goes. Requests or calls
//!    that fail and nothing saturated: optimise, in the layer whose calls fail. Where a figure is missing
//!    that would decide, the answer is to measure it.
//!
//! Source: B. Gregg, "The USE Method"; Denning & Buzen, "The Operational Analysis of Queueing Network
//! Models" (utilization law). Cost: a few hundred comparisons. Edge cases: impossible figures are left
//! out and named; layers' times beyond the mean response time contradict it and are not used; a mean above
//! the p95, or a layer's time below its wait or above its latency, is possible but rare, and is named;
//! requests that wait for a layer of which nothing is busy call for a larger pool, not a larger layer.

mod config;
mod figures;
mod finding;
#[cfg(feature = "serde")]
mod written;

pub use config::DiagnosisConfig;
pub use figures::{Layer, LayerFigures, Place, Signal, SignalKind, SystemFigures};
pub use finding::{
    Contradiction, DiagnosedAction, Diagnosis, DiagnosisStatus, Evidence, TimeShare,
};

use crate::ConfigError;

/// Names the bottleneck of a system and what to do about it. The same figures give the same answer.
///
/// # Errors
/// [`ConfigError`] names the limit, its value and the bound. Figures that cannot be ones are no error:
/// they are left out and named; [`SystemFigures::check`] refuses them.
///
/// ```
/// use autoscale_core::{diagnose, DiagnosedAction, DiagnosisConfig, Layer, LayerFigures};
/// use autoscale_core::{Place, Signal, SystemFigures};
/// // Slow, but neither application nor database is busy: the queries are slow by themselves.
/// let figures = SystemFigures {
///     p95_s: Some(2.4),
///     application: LayerFigures { cpu: Some(0.3), time_s: Some(0.1), ..LayerFigures::default() },
///     database: LayerFigures { cpu: Some(0.2), time_s: Some(0.9), ..LayerFigures::default() },
///     ..SystemFigures::default()
/// };
/// let found = diagnose(&DiagnosisConfig::default(), &figures)?;
/// assert_eq!(found.action, DiagnosedAction::Optimise);
/// assert_eq!(found.bottleneck, Some(Layer::Database));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
pub fn diagnose(
    config: &DiagnosisConfig,
    figures: &SystemFigures,
) -> Result<Diagnosis, ConfigError> {
    config.validate()?;
    let mut examination = Examination {
        config,
        figures,
        found: Diagnosis::default(),
    };
    examination.collect();
    examination.doubt_times();
    examination.split_time();
    examination.weigh();
    examination.conclude();
    let mut found = examination.found;
    found.missing.sort_unstable();
    found.missing.dedup();
    Ok(found)
}

/// Figures on their way to a finding.
struct Examination<'a> {
    config: &'a DiagnosisConfig,
    figures: &'a SystemFigures,
    found: Diagnosis,
}

impl Examination<'_> {
    fn limit(&self, layer: &LayerFigures, signal: Signal) -> Option<f64> {
        let config = self.config;
        Some(match signal {
            Signal::Cpu => config.cpu,
            Signal::Memory => config.memory,
            Signal::Connections => config.connections,
            Signal::DiskIo => config.disk_io,
            Signal::Bandwidth => config.bandwidth,
            Signal::Queue => config.queue_per_server,
            Signal::Wait => config.wait_s,
            Signal::HitRatio => config.hit_ratio,
            Signal::ReplicationLag => config.replication_lag_s,
            Signal::ErrorRate => config.error_rate,
            Signal::Latency => layer.known(Signal::Objective)?,
            _ => return None,
        })
    }

    fn add(&mut self, layer: Option<Layer>, signal: Signal, value: f64, limit: f64) {
        let (severity, over) = match signal {
            Signal::HitRatio => ((1.0 - value) / (1.0 - limit), value < limit),
            // Finite, however small the limit: infinity times a share of 0 is no number.
            _ => ((value / limit).min(f64::MAX), value > limit),
        };
        self.found.evidence.push(Evidence {
            place: Place { layer, signal },
            kind: signal.kind(),
            value,
            limit,
            severity,
            weight: severity,
            over,
        });
    }

    /// Every figure that has a limit.
    fn collect(&mut self) {
        let figures = self.figures;
        self.found.rejected = figures.impossible().map(|(place, _)| place).collect();
        if let Some(p95) = figures.known(Signal::P95) {
            let objective = figures.known(Signal::Objective);
            self.add(
                None,
                Signal::P95,
                p95,
                objective.unwrap_or(self.config.objective_s),
            );
        }
        if let Some(errors) = figures.known(Signal::ErrorRate) {
            self.add(None, Signal::ErrorRate, errors, self.config.error_rate);
        }
        for layer in Layer::ALL {
            let given = figures.layer(layer);
            for (signal, _) in given.given() {
                if let Some((value, limit)) = given.known(signal).zip(self.limit(given, signal)) {
                    self.add(Some(layer), signal, value, limit);
                }
            }
        }
        let rate = figures.known(Signal::Requests);
        let most = self.found.evidence.iter().filter_map(|e| {
            let grows = e.kind == SignalKind::Utilization && e.place.signal != Signal::Memory;
            let most = rate? * e.limit / e.value;
            (grows && e.value > 0.0 && most.is_finite()).then_some(most)
        });
        self.found.max_requests_per_s = most.min_by(f64::total_cmp);
    }

    /// Times that are possible together, but more often have a wrong unit.
    fn doubt_times(&mut self) {
        let most = 1.0 + self.config.time_tolerance;
        let above = |(value, other): &(f64, f64)| *value > other * most;
        let (p95, mean) = (Signal::P95, Signal::Mean);
        let (p95, mean) = (self.figures.known(p95), self.figures.known(mean));
        let mean_above = mean.zip(p95).filter(above);
        let doubts = &mut self.found.contradictions;
        doubts.extend(
            mean_above.map(|(mean_s, p95_s)| Contradiction::MeanAboveP95 { mean_s, p95_s }),
        );
        for layer in Layer::ALL {
            let known = |signal| self.figures.layer(layer).known(signal);
            let time = known(Signal::Time);
            let waits = known(Signal::Wait).zip(time).filter(above);
            doubts.extend(waits.map(|(wait_s, time_s)| Contradiction::WaitAboveTime {
                layer,
                wait_s,
                time_s,
            }));
            let calls = time.zip(known(Signal::Latency)).filter(above);
            doubts.extend(
                calls.map(|(time_s, latency_s)| Contradiction::TimeAboveLatency {
                    layer,
                    time_s,
                    latency_s,
                }),
            );
        }
    }

    /// Each layer's share of the response time.
    fn split_time(&mut self) {
        let layers = Layer::ALL
            .into_iter()
            .filter(|layer| self.figures.layer(*layer).is_given());
        let times: Option<Vec<(Layer, f64)>> = layers
            .map(|layer| Some((layer, self.figures.layer(layer).known(Signal::Time)?)))
            .collect();
        let Some(times) = times else { return };
        let sum_s: f64 = times.iter().map(|(_, time)| time).sum();
        let mean = self.figures.known(Signal::Mean);
        if let Some(mean_s) = mean
            && sum_s > mean_s * (1.0 + self.config.time_tolerance)
        {
            let exceed = Contradiction::TimesExceedMean { sum_s, mean_s };
            self.found.contradictions.push(exceed);
            return;
        }
        let whole = mean.map_or(sum_s, |mean| mean.max(sum_s));
        if !(whole > 0.0 && whole.is_finite()) {
            return;
        }
        let share = |(layer, time): &(Layer, f64)| TimeShare {
            layer: *layer,
            share: time / whole,
        };
        self.found.time_shares = times.iter().map(share).collect();
        if mean.is_some() {
            self.found.unaccounted_share = Some(1.0 - sum_s / whole);
        }
    }

    fn share(&self, layer: Layer) -> Option<f64> {
        let mut shares = self.found.time_shares.iter();
        shares.find(|s| s.layer == layer).map(|s| s.share)
    }

    fn over(&self, layer: Option<Layer>) -> impl Iterator<Item = &Evidence> {
        let all = self.found.evidence.iter();
        all.filter(move |e| e.over && e.place.layer == layer)
    }

    fn is_slow(&self) -> bool {
        self.found.is_over(Signal::P95)
    }

    /// The layer with the heaviest evidence of this kind.
    fn worst(&self, kind: SignalKind) -> Option<Layer> {
        let mut over = self.found.evidence.iter().filter(|e| e.over);
        over.find(|e| e.kind == kind && e.place.layer.is_some())?
            .place
            .layer
    }

    /// What is over a limit and takes up a layer's resources.
    fn strain(&self, layer: Layer) -> impl Iterator<Item = &Evidence> {
        self.over(Some(layer))
            .filter(|e| matches!(e.kind, SignalKind::Utilization | SignalKind::Saturation))
    }

    fn is_busy_known(&self, layer: Layer) -> bool {
        self.found
            .evidence
            .iter()
            .any(|e| e.place.layer == Some(layer) && e.kind == SignalKind::Utilization)
    }

    /// Weights the evidence and puts it in order.
    fn weigh(&mut self) {
        if self.is_slow() {
            let shares = self.found.time_shares.clone();
            for evidence in &mut self.found.evidence {
                let share = shares
                    .iter()
                    .find(|s| Some(s.layer) == evidence.place.layer);
                evidence.weight *= share.map_or(1.0, |s| s.share);
            }
        }
        self.found.evidence.sort_by(|a, b| {
            let weight = b.weight.total_cmp(&a.weight);
            b.over.cmp(&a.over).then(weight).then(a.place.cmp(&b.place))
        });
    }

    fn lacks(&mut self, layer: Option<Layer>, signal: Signal) {
        self.found.missing.push(Place { layer, signal });
    }

    fn conclude(&mut self) {
        if self.figures.known(Signal::P95).is_none() {
            self.lacks(None, Signal::P95);
        }
        let saturated: Vec<Layer> = Layer::ALL
            .into_iter()
            .filter(|layer| self.strain(*layer).next().is_some())
            .collect();
        let slow = self.is_slow();
        let failing = self.found.is_over(Signal::ErrorRate);
        if self.worst(SignalKind::Errors).is_some()
            && self.figures.known(Signal::ErrorRate).is_none()
        {
            self.lacks(None, Signal::ErrorRate);
        }
        let known = self.figures.known(Signal::P95).is_some();
        self.found.status = match (slow || failing, self.found.evidence.iter().any(|e| e.over)) {
            (true, _) => DiagnosisStatus::Breached,
            (false, true) => DiagnosisStatus::AtRisk,
            (false, false) if known => DiagnosisStatus::Ok,
            (false, false) => DiagnosisStatus::Unknown,
        };
        match self.found.status {
            DiagnosisStatus::Ok => {
                self.found.action = DiagnosedAction::None;
                return;
            }
            DiagnosisStatus::Unknown => return,
            _ => self.name_what_is_missing(slow),
        }
        if let Some(layer) = self.bottleneck(&saturated, slow) {
            self.found.bottleneck = Some(layer);
            self.found.action = self.remedy(layer);
        } else if slow {
            self.optimise_where_time_goes();
        } else {
            self.optimise_what_fails(failing);
        }
    }

    /// Application and database always do.
    fn takes_part(&self, layer: Layer) -> bool {
        let always = matches!(layer, Layer::Application | Layer::Database);
        always || self.figures.layer(layer).is_given()
    }

    /// Times of the layers, and a utilization of each that takes part.
    fn name_what_is_missing(&mut self, slow: bool) {
        for layer in Layer::ALL {
            if !self.takes_part(layer) {
                continue;
            }
            if slow && self.figures.layer(layer).known(Signal::Time).is_none() {
                self.lacks(Some(layer), Signal::Time);
            }
            if !self.is_busy_known(layer) {
                let signal = match layer {
                    Layer::Network => Signal::Bandwidth,
                    Layer::Cache => Signal::Memory,
                    _ => Signal::Cpu,
                };
                self.lacks(Some(layer), signal);
            }
        }
    }

    /// The saturated layer with the heaviest evidence.
    fn bottleneck(&mut self, saturated: &[Layer], slow: bool) -> Option<Layer> {
        let mut heaviest: Option<(Layer, f64)> = None;
        for layer in saturated {
            let share = self.share(*layer).filter(|_| slow);
            if share.is_some_and(|share| share < self.config.min_time_share) {
                let layer = *layer;
                let fast = Contradiction::SaturatedThoughFast { layer };
                self.found.contradictions.push(fast);
                continue;
            }
            let weight = self
                .strain(*layer)
                .map(|e| e.weight)
                .max_by(f64::total_cmp)?;
            if heaviest.is_none_or(|(_, most)| weight > most) {
                heaviest = Some((*layer, weight));
            }
        }
        let (layer, _) = heaviest?;
        if layer == Layer::Database && self.is_relieved_by_cache() {
            self.found.relieves = Some(Layer::Database);
            // What it costs is time in the database, not its own.
            let layer = Layer::Cache;
            let fast = Contradiction::SaturatedThoughFast { layer };
            self.found.contradictions.retain(|said| *said != fast);
            return Some(layer);
        }
        Some(layer)
    }

    /// Whether the database would keep its limits if the cache missed no more than is allowed.
    fn is_relieved_by_cache(&mut self) -> bool {
        let Some(hits) = self.figures.cache.known(Signal::HitRatio) else {
            return false;
        };
        if hits >= self.config.hit_ratio {
            return false;
        }
        let grow_with_load = [Signal::Cpu, Signal::DiskIo, Signal::Connections];
        if !self
            .strain(Layer::Database)
            .all(|e| grow_with_load.contains(&e.place.signal))
        {
            return false;
        }
        let Some(reads) = self.figures.database.known(Signal::ReadShare) else {
            self.lacks(Some(Layer::Database), Signal::ReadShare);
            return false;
        };
        let misses_left = (1.0 - self.config.hit_ratio) / (1.0 - hits);
        let load_left = 1.0 - reads * (1.0 - misses_left);
        self.strain(Layer::Database)
            .all(|e| e.value * load_left <= e.limit)
    }

    /// What helps a saturated layer.
    fn remedy(&mut self, layer: Layer) -> DiagnosedAction {
        let strain: Vec<Signal> = self.strain(layer).map(|e| e.place.signal).collect();
        let only = |signals: &[Signal]| strain.iter().all(|signal| signals.contains(signal));
        if only(&[Signal::Wait, Signal::Queue]) && self.is_busy_known(layer) {
            let idle = Contradiction::WaitsThoughIdle { layer };
            self.found.contradictions.push(idle);
            return DiagnosedAction::Optimise;
        }
        match layer {
            Layer::Application => DiagnosedAction::ScaleApplication,
            Layer::Network => DiagnosedAction::ScaleInfrastructure,
            // Keys that are not in it, and nothing of it that is full.
            Layer::Cache if only(&[Signal::HitRatio]) => {
                if self.figures.cache.known(Signal::Memory).is_some() {
                    DiagnosedAction::Optimise
                } else {
                    self.lacks(Some(layer), Signal::Memory);
                    DiagnosedAction::Measure
                }
            }
            Layer::Cache => DiagnosedAction::ScaleCache,
            // Replicas that lag, or a buffer cache that misses, and nothing that is busy.
            Layer::Database if only(&[Signal::ReplicationLag, Signal::HitRatio]) => {
                if self.is_busy_known(layer) {
                    DiagnosedAction::Optimise
                } else {
                    DiagnosedAction::Measure
                }
            }
            Layer::Database => self.more_database(&strain),
        }
    }

    /// Replicas take reads off the primary; what they do not take calls for a larger one.
    fn more_database(&mut self, strain: &[Signal]) -> DiagnosedAction {
        let stays = [Signal::Memory, Signal::ReplicationLag, Signal::HitRatio];
        if strain.iter().any(|signal| stays.contains(signal)) {
            return DiagnosedAction::ScaleDatabase;
        }
        match self.figures.database.known(Signal::ReadShare) {
            Some(reads) if reads >= self.config.read_share => DiagnosedAction::AddReadReplicas,
            Some(_) => DiagnosedAction::ScaleDatabase,
            None => {
                self.lacks(Some(Layer::Database), Signal::ReadShare);
                DiagnosedAction::ScaleDatabase
            }
        }
    }

    /// Slow, and no layer that matters is saturated.
    fn optimise_where_time_goes(&mut self) {
        let most = |a: &TimeShare, b: &TimeShare| a.share.total_cmp(&b.share);
        let longest = self.found.time_shares.iter().copied().rev().max_by(most);
        if let Some(unaccounted) = self.found.unaccounted_share
            && longest.is_none_or(|longest| unaccounted > longest.share)
        {
            let share = unaccounted;
            let unaccounted = Contradiction::TimeUnaccounted { share };
            self.found.contradictions.push(unaccounted);
            return;
        }
        // Without a split of the time, the layer that is furthest over its own objective.
        let layer = longest
            .map(|longest| longest.layer)
            .or_else(|| self.worst(SignalKind::Latency));
        self.found.bottleneck = layer;
        let seen = match layer {
            Some(layer) => self.is_busy_known(layer),
            None => self.is_busy_known(Layer::Application) && self.is_busy_known(Layer::Database),
        };
        if seen {
            self.found.action = DiagnosedAction::Optimise;
        }
    }

    /// Requests or a layer's calls fail, or a layer is slower than it should be, and none is saturated:
    /// a fault, which more of the same would share.
    fn optimise_what_fails(&mut self, failing: bool) {
        let slow = || self.worst(SignalKind::Latency).filter(|_| !failing);
        if let Some(layer) = self.worst(SignalKind::Errors).or_else(slow) {
            self.found.bottleneck = Some(layer);
            if self.is_busy_known(layer) {
                self.found.action = DiagnosedAction::Optimise;
            }
            return;
        }
        let unknown: Vec<Layer> = Layer::ALL
            .into_iter()
            .filter(|layer| self.takes_part(*layer))
            .filter(|layer| {
                self.figures
                    .layer(*layer)
                    .known(Signal::ErrorRate)
                    .is_none()
            })
            .collect();
        if unknown.is_empty()
            && let Some(error_rate) = self.figures.known(Signal::ErrorRate)
        {
            let nowhere = Contradiction::FailuresUnaccounted { error_rate };
            self.found.contradictions.push(nowhere);
        }
        for layer in unknown {
            self.lacks(Some(layer), Signal::ErrorRate);
        }
    }
}
