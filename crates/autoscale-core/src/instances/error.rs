use super::{Constraint, PurchaseOption};
use crate::ConfigError;

/// Why no mix was chosen.
///
/// ```
/// use autoscale_core::{Demand, InstanceType, Offer, PoolRules, choose};
/// let unpriced = [InstanceType::new("t3.large", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::default()))];
/// let refused = choose(&unpriced, &Demand::new(1000.0), &PoolRules::default());
/// let message = refused.err().map(|error| error.to_string());
/// assert_eq!(message.as_deref(), Some("t3.large has no on_demand price: price_per_hour is needed"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// A field is outside its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An offer that the rules allow has no price; without it nothing can be called the cheapest.
    #[error("{instance} has no {option} price: price_per_hour is needed")]
    NoPrice {
        /// Name of the instance type.
        instance: String,
        /// The option without a price.
        option: PurchaseOption,
    },
    /// No mix of the table's types meets the demand under the rules.
    #[error("no mix will do: {0}")]
    Infeasible(Shortfall),
    /// The steps of the search ended before any mix was found; there may be one.
    #[error("steps is {steps}, must be more: no mix was found within them, there may be one")]
    Undecided {
        /// The steps allowed.
        steps: u64,
    },
    /// A node in use is of a type that the table does not have.
    #[error("{field} is {name}, must be the name of a type in the table")]
    UnknownType {
        /// Path of the field.
        field: String,
        /// The name given.
        name: String,
    },
}

/// A constraint that is not met, and by how much.
///
/// ```
/// use autoscale_core::{Constraint, Shortfall};
/// let short = Shortfall { constraint: Constraint::Load, has: 900.0, needs: 1200.0 };
/// assert_eq!(short.to_string(), "load: 900 of 1200 requests a minute");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[error("{}: {has} {} {needs} {}", constraint.name(), constraint.relation(), constraint.unit())]
pub struct Shortfall {
    /// Which.
    pub constraint: Constraint,
    /// What there is, or can be at most.
    pub has: f64,
    /// What there must be (of a largest size and an offer's nodes: at most).
    pub needs: f64,
}
