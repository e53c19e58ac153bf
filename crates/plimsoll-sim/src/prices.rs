//! Which prices a predictive policy followed, and for how long.

use autoscale_core::RungStage;

use crate::outcome::Tick;
use crate::plant::Recorder;

/// A price that a predictive policy followed for a part of a replay.
///
/// ```
/// use plimsoll_sim::FollowedPrice;
/// let followed = FollowedPrice { price: 40.0, brisk: false, share_of_time: 0.25 };
/// assert_eq!(serde_json::to_value(followed)?["brisk"], false);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct FollowedPrice {
    /// Replica-intervals paid to save one replica-interval of bad demand.
    pub price: f64,
    /// Whether it releases early.
    pub brisk: bool,
    /// Share of the time that counts; the shares add up to less than 1 where the policy was blind.
    pub share_of_time: f64,
}

/// Takes notes of the prices that a predictive policy follows; of other policies there is nothing
/// to note.
///
/// ```
/// use autoscale_core::{Predictive, PredictiveConfig};
/// use plimsoll_sim::{Demand, Plant, PlantConfig, Prices, ServiceModel, Signal};
/// # use std::time::Duration;
/// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// # let (tick, scored_from) = (Duration::from_secs(15), 0);
/// let load = vec![4.0, 4.0, 2.0, 2.0, 4.0, 6.0, 6.0, 4.0];
/// # let demand = Demand { start_s: 0, tick, model, load, scored_from };
/// let (mut policy, mut prices) =
///     (Predictive::new(PredictiveConfig::new(0.01, 40.0))?, Prices::default());
/// let plant = Plant::new(&demand, PlantConfig::default())?;
/// plant.run(&mut policy, &[Signal::TotalRate], &mut prices);
/// let shares: f64 = prices.followed().iter().map(|f| f.share_of_time).sum();
/// assert_eq!(shares, 0.75); // the first two ticks lie within the metric lag
/// assert_eq!(prices.switches, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// Changes from one price or style to another.
    pub switches: u64,
    ticks: u64,
    /// Prices followed, the brisk ones last, by rising price, with their ticks.
    followed: Vec<(bool, f64, u64)>,
    last: Option<(bool, f64)>,
}

impl Prices {
    /// The prices that were followed at all: the calm ones by rising price, then the brisk ones.
    ///
    /// ```
    /// assert!(plimsoll_sim::Prices::default().followed().is_empty());
    /// ```
    #[must_use]
    pub fn followed(&self) -> Vec<FollowedPrice> {
        let share = |ticks: u64| ticks as f64 / (self.ticks as f64).max(1.0);
        let prices = self.followed.iter();
        prices
            .map(|&(brisk, price, ticks)| FollowedPrice {
                price,
                brisk,
                share_of_time: share(ticks),
            })
            .collect()
    }
}

impl Recorder for Prices {
    fn record(&mut self, tick: &Tick<'_>) {
        if !tick.scored {
            return;
        }
        self.ticks += 1;
        let ladder = &tick.decision.ladder;
        let rung = ladder.followed.and_then(|index| ladder.rungs.get(index));
        let Some(&RungStage { price, brisk, .. }) = rung else {
            return;
        };
        let order = |entry: &(bool, f64, u64)| {
            let by_price = || entry.1.total_cmp(&price);
            entry.0.cmp(&brisk).then_with(by_price)
        };
        match self.followed.binary_search_by(order) {
            Ok(place) => self.followed[place].2 += 1,
            Err(place) => self.followed.insert(place, (brisk, price, 1)),
        }
        let now = (brisk, price);
        self.switches += u64::from(self.last.is_some_and(|last| last != now));
        self.last = Some(now);
    }
}
