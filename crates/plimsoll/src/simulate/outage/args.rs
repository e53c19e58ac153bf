//! The command's part of the command line.

use std::fmt;
use std::time::Duration;

use clap::Args;
use plimsoll_sim::outage::{Defence, OutageConfig, Tokens};

use super::bounds::{number, share, span, whole};
use crate::cli::{OutputArgs, refuse_flag, seed};

/// Arguments of `plimsoll simulate outage`.
#[derive(Debug, Args)]
pub(crate) struct OutageArgs {
    /// What clients and backend do about failures: no-retries, three-tries, retries, jitter,
    /// budget, tower-budget, bounded-queue, breaker, all, or several joined by +. May be given
    /// several times. Default: fourteen of them.
    #[arg(long, value_name = "NAME", value_parser = defence)]
    pub(crate) defence: Vec<Named>,

    /// Arrivals, as a share of the capacity, 0.01 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = share(0.01, 1.0))]
    pub(crate) load: f64,

    /// Requests a second that the backend serves, 10 to 2000.
    #[arg(long, value_name = "R", default_value = "500", value_parser = number(10.0, 2000.0))]
    pub(crate) capacity: f64,

    /// How long a client waits for an attempt, 100ms to 60s.
    #[arg(
        long, visible_alias = "timeout", value_name = "D", default_value = "1s",
        value_parser = span("100ms", "60s")
    )]
    pub(crate) time_out: Duration,

    /// How long the backend stands still, 100ms to 300s.
    #[arg(long, value_name = "D", default_value = "8s", value_parser = span("100ms", "300s"))]
    pub(crate) outage: Duration,

    /// How much is watched after the outage, 10s to 1000s.
    #[arg(long, value_name = "D", default_value = "72s", value_parser = span("10s", "1000s"))]
    pub(crate) after: Duration,

    /// Tries that each layer makes of a call, 1 to 125; no-retries and three-tries have one layer
    /// and a number of their own, so that neither this nor --layers changes them.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole(125))]
    pub(crate) attempts: u32,

    /// Layers that try again, one calling the next, 1 to 4: three layers of three tries make up to
    /// 27 attempts of one arrival (at most 125).
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole(4))]
    pub(crate) layers: u32,

    /// Instances of each layer, each with a retry budget and a breaker of its own, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(1000))]
    pub(crate) clients: u32,

    /// Longest queue of a bounded one, as the share of the time-out that serving it takes, 0.01
    /// to 1.
    #[arg(long, value_name = "SHARE", default_value = "0.5", value_parser = share(0.01, 1.0))]
    pub(crate) queue: f64,

    /// Retries for each call that a budget allows, 0 to 10; each instance may make one a second in
    /// any case.
    #[arg(long, value_name = "SHARE", default_value = "0.2", value_parser = share(0.0, 10.0))]
    pub(crate) budget: f64,

    /// How long a call counts for a budget, 10ms to 10m.
    #[arg(long, value_name = "D", default_value = "1s", value_parser = span("10ms", "10m"))]
    pub(crate) budget_ttl: Duration,

    /// Longest time that a breaker stays open before it probes, 1s to 8760h. Default: the breaker's
    /// own, 5s.
    #[arg(long, value_name = "D", value_parser = span("1s", "8760h"))]
    pub(crate) open_wait_cap: Option<Duration>,

    /// Time-outs stand around the breakers: a breaker sees a dropped call, which counts as a failure
    /// from its slow_call_duration (1 s) on only.
    #[arg(long)]
    pub(crate) drops: bool,

    /// Seed of everything that is drawn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// A defence, and how it was called.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(super) given: String,
    pub(super) defence: Defence,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.defence.fmt(f)
    }
}

fn defence(text: &str) -> Result<Named, String> {
    refuse_flag(text)?;
    let defence = text.parse::<Defence>().map_err(|error| error.to_string())?;
    Ok(Named {
        given: text.to_owned(),
        defence,
    })
}

impl OutageArgs {
    /// What the flags come to.
    pub(super) fn config(&self) -> OutageConfig {
        let mut config = OutageConfig::default();
        if let Tokens::Window { ttl, .. } = &mut config.budget.tokens {
            *ttl = self.budget_ttl;
        }
        config.budget.ratio = self.budget;
        if let Some(cap) = self.open_wait_cap {
            config.breaker.open_wait.cap = cap;
        }
        config
            .with_load(self.load)
            .with_capacity_rps(self.capacity)
            .with_time_out(self.time_out)
            .with_outage(self.outage)
            .with_after(self.after)
            .with_attempts(self.attempts)
            .with_layers(self.layers)
            .with_clients(self.clients)
            .with_queue(self.queue)
            .with_drops(self.drops)
            .with_seed(self.seed)
    }
}
