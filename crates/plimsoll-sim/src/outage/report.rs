use super::{OutageConfig, OutageRun, Second, Tokens};

/// Defences side by side in one outage.
///
/// ```
/// use plimsoll_sim::outage::{Defence, OutageConfig, OutageModel, OutageReport};
/// let model = OutageModel::new(OutageConfig::default())?;
/// let mut report = OutageReport::new(model.config(), "plimsoll simulate outage");
/// report.add(model.run(Defence::ALL));
/// let json = serde_json::to_value(&report)?;
/// assert_eq!(json["rows"][0]["defence"], "all");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct OutageReport {
    /// Arrivals, as a share of the capacity.
    pub load: f64,
    /// Requests a second that the backend serves.
    pub capacity_rps: f64,
    /// How long a client waits for an attempt, in seconds.
    pub time_out_s: f64,
    /// Length of the outage, in seconds.
    pub outage_s: f64,
    /// What was watched after it, in seconds.
    pub after_s: f64,
    /// Tries of each layer.
    pub attempts: u32,
    /// Layers.
    pub layers: u32,
    /// Instances of each layer.
    pub clients: u32,
    /// Longest queue of a bounded one, as the share of the time-out that serving it takes.
    pub queue: f64,
    /// Retries for each call that a budget allows.
    pub budget: f64,
    /// How long calls count for it, in seconds; `null` for a budget whose tokens do not expire.
    pub budget_ttl_s: Option<f64>,
    /// Longest time that a breaker stays open before it probes, in seconds.
    pub open_wait_cap_s: f64,
    /// Whether breakers see time-outs as dropped calls.
    pub drops: bool,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// The command that gives the same figures again.
    pub command: String,
    /// The defences, in the order in which they were given.
    pub rows: Vec<OutageRow>,
}

/// What one defence came to; the figures are those of [`OutageRun`].
///
/// ```
/// use plimsoll_sim::outage::{OutageConfig, OutageModel, OutageRow};
/// let model = OutageModel::new(OutageConfig::default())?;
/// let row = OutageRow::new(model.run("three-tries".parse()?));
/// assert_eq!((row.defence.as_str(), row.recovery_s), ("three-tries", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct OutageRow {
    /// Its name.
    pub defence: String,
    /// Attempts that reached the backend during the outage, for each arrival.
    pub attempts_per_arrival: f64,
    /// Share of the arrivals from 2 s after the outage on that were answered in time.
    pub goodput_after_2s: f64,
    /// Seconds after the outage from which on 99 % were; `null` where that never came.
    pub recovery_s: Option<u64>,
    /// Tries that a breaker refused during the outage, for each arrival.
    pub rejected_per_arrival: f64,
    /// Attempts for each arrival from 2 s after the outage on.
    pub attempts_after_2s: f64,
    /// Time in which 99 % of those arrivals were answered; `null` where fewer were.
    pub p99_s: Option<f64>,
    /// What the plots are made of.
    #[serde(skip)]
    pub seconds: Vec<Second>,
}

impl OutageReport {
    /// One without rows.
    ///
    /// ```
    /// use plimsoll_sim::outage::{OutageConfig, OutageReport};
    /// let report = OutageReport::new(&OutageConfig::default(), "plimsoll simulate outage");
    /// assert!(report.rows.is_empty() && report.outage_s == 8.0);
    /// ```
    #[must_use]
    pub fn new(config: &OutageConfig, command: &str) -> Self {
        Self {
            load: config.load,
            capacity_rps: config.capacity_rps,
            time_out_s: config.time_out.as_secs_f64(),
            outage_s: config.outage.as_secs_f64(),
            after_s: config.after.as_secs_f64(),
            attempts: config.attempts,
            layers: config.layers,
            clients: config.clients,
            queue: config.queue,
            budget: config.budget.ratio,
            budget_ttl_s: match config.budget.tokens {
                Tokens::Window { ttl, .. } | Tokens::Reserve { ttl, .. } => Some(ttl.as_secs_f64()),
                Tokens::Bucket { .. } => None,
            },
            open_wait_cap_s: config.breaker.open_wait.cap.as_secs_f64(),
            drops: config.drops,
            seed: config.seed,
            command: command.to_owned(),
            rows: Vec::new(),
        }
    }

    /// Adds a defence.
    ///
    /// ```
    /// use plimsoll_sim::outage::{Defence, OutageConfig, OutageModel, OutageReport};
    /// let model = OutageModel::new(OutageConfig::default())?;
    /// let mut report = OutageReport::new(model.config(), "plimsoll simulate outage");
    /// report.add(model.run(Defence::ALL));
    /// assert_eq!(report.rows.len(), 1);
    /// # Ok::<(), plimsoll_sim::outage::OutageError>(())
    /// ```
    pub fn add(&mut self, run: OutageRun) {
        self.rows.push(OutageRow::new(run));
    }
}

impl OutageRow {
    /// Goodput as percent, rounded down to a tenth: 100.0 is every arrival.
    ///
    /// ```
    /// use plimsoll_sim::outage::{OutageConfig, OutageModel, OutageRow};
    /// let model = OutageModel::new(OutageConfig::default())?;
    /// let mut row = OutageRow::new(model.run("no-retries".parse()?));
    /// row.goodput_after_2s = 0.9999;
    /// assert_eq!(row.goodput_percent(), 99.9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn goodput_percent(&self) -> f64 {
        percent_down(self.goodput_after_2s)
    }

    /// The figures of a run.
    #[must_use]
    pub fn new(run: OutageRun) -> Self {
        Self {
            defence: run.defence.to_string(),
            attempts_per_arrival: run.attempts_per_arrival,
            goodput_after_2s: run.goodput_after_2s,
            recovery_s: run.recovery_s(),
            rejected_per_arrival: run.rejected_per_arrival,
            attempts_after_2s: run.attempts_after_2s,
            p99_s: run.p99_s,
            seconds: run.seconds,
        }
    }
}

/// Percent of a share, down to a tenth. Whole tenths stay what they are, whatever their binary form.
pub(crate) fn percent_down(share: f64) -> f64 {
    share.mul_add(1000.0, 1e-9).floor() / 10.0
}
