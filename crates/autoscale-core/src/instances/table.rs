use core::fmt;

use crate::ConfigError;
use crate::setters::setters;

/// Hours of a month, as AWS bills it: 365 × 24 ÷ 12.
///
/// ```
/// assert!((autoscale_core::HOURS_PER_MONTH - 365.0 * 24.0 / 12.0).abs() < 1e-9);
/// ```
pub const HOURS_PER_MONTH: f64 = 730.0;

/// How a node is paid for.
///
/// ```
/// use autoscale_core::PurchaseOption;
/// assert_eq!(PurchaseOption::OnDemand.to_string(), "on_demand");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PurchaseOption {
    /// By the hour, for as long as it runs.
    OnDemand,
    /// By a commitment, whether it runs or not. To a group of nodes it is an on-demand node.
    Reserved,
    /// From spare capacity that the provider takes back when it likes.
    Spot,
}

impl PurchaseOption {
    pub(super) const ALL: [Self; 3] = [Self::OnDemand, Self::Reserved, Self::Spot];
}

impl fmt::Display for PurchaseOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "on_demand",
            Self::Reserved => "reserved",
            Self::Spot => "spot",
        })
    }
}

/// What one instance type costs in one [`PurchaseOption`].
///
/// ```
/// use autoscale_core::Offer;
/// let offer = Offer::at(0.04).with_interruption_share(0.05);
/// assert_eq!((offer.price_per_hour, offer.max_count), (Some(0.04), None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Offer {
    /// Price of a node for an hour, in any one currency; above 0, at most 10 000, taken to the
    /// nearest 10⁻⁷. There is no default, and where it is needed and not given nothing is chosen.
    pub price_per_hour: Option<f64>,
    /// Most nodes of it, for example the reserved ones that were bought; no bound unless set.
    pub max_count: Option<u32>,
    /// Share of such nodes that the provider takes back within a month, as AWS' Spot Instance
    /// Advisor states it; 0 … 1, taken to the nearest 10⁻⁴, default 0. Only a spot offer has one.
    pub interruption_share: f64,
}

impl Offer {
    /// An offer at this price an hour.
    ///
    /// ```
    /// assert_eq!(autoscale_core::Offer::at(0.1).price_per_hour, Some(0.1));
    /// ```
    #[must_use]
    pub fn at(price_per_hour: f64) -> Self {
        Self {
            price_per_hour: Some(price_per_hour),
            ..Self::default()
        }
    }

    setters! { "Offer::at(0.1)";
        with_max_count: max_count, Option<u32>, "Some(5)";
        with_interruption_share: interruption_share, f64, "0.05";
    }

    fn validate(&self, option: PurchaseOption, path: &str) -> Result<(), ConfigError> {
        let field = |name: &str| format!("{path}.{option}.{name}");
        if let Some(price) = self.price_per_hour
            && !(price > 0.0 && price <= 10_000.0)
        {
            let bound = "above 0, at most 10000";
            return Err(ConfigError::range(field("price_per_hour"), price, bound));
        }
        let share = self.interruption_share;
        if !(0.0..=1.0).contains(&share) {
            return Err(ConfigError::range(
                field("interruption_share"),
                share,
                "0 … 1",
            ));
        }
        if option != PurchaseOption::Spot && share > 0.0 {
            let bound = "0: only spot nodes are taken back";
            return Err(ConfigError::range(
                field("interruption_share"),
                share,
                bound,
            ));
        }
        Ok(())
    }
}

/// One row of a table of instance types: what a node has, what it carries, what it costs.
///
/// The numbers are the user's: what a type carries is measured with the service that is to run on
/// it. An option that is `None` is not offered.
///
/// ```
/// use autoscale_core::{InstanceType, Offer};
/// let large = InstanceType::new("t3.large", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)));
/// assert_eq!((large.gpus, large.spot), (0, None));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct InstanceType {
    /// Its name, once in the table.
    pub name: String,
    /// Virtual CPUs; above 0, at most 1 000 000, as are the other sizes; all are taken to the
    /// nearest thousandth.
    pub vcpu: f64,
    /// Memory in GiB; above 0.
    pub memory_gib: f64,
    /// GPUs; default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub gpus: u32,
    /// Requests a minute that one node carries; above 0.
    pub requests_per_minute: f64,
    /// On demand.
    #[cfg_attr(feature = "serde", serde(default))]
    pub on_demand: Option<Offer>,
    /// Reserved.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reserved: Option<Offer>,
    /// Spot. All spot nodes of a type are one pool: they can be lost together.
    #[cfg_attr(feature = "serde", serde(default))]
    pub spot: Option<Offer>,
}

impl InstanceType {
    /// A type without GPUs and without an offer.
    ///
    /// ```
    /// let medium = autoscale_core::InstanceType::new("t3.xlarge", 4.0, 16.0, 500.0);
    /// assert_eq!(medium.on_demand, None);
    /// ```
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        vcpu: f64,
        memory_gib: f64,
        requests_per_minute: f64,
    ) -> Self {
        Self {
            name: name.into(),
            vcpu,
            memory_gib,
            gpus: 0,
            requests_per_minute,
            on_demand: None,
            reserved: None,
            spot: None,
        }
    }

    setters! { "InstanceType::new(\"a\", 2.0, 8.0, 100.0)";
        with_gpus: gpus, u32, "1";
        with_on_demand: on_demand, Option<Offer>, "Some(Offer::at(0.1))";
        with_reserved: reserved, Option<Offer>, "Some(Offer::at(0.06))";
        with_spot: spot, Option<Offer>, "Some(Offer::at(0.04))";
    }

    /// Its offer in this option.
    ///
    /// ```
    /// use autoscale_core::{InstanceType, Offer, PurchaseOption};
    /// let large = InstanceType::new("a", 2.0, 8.0, 100.0).with_spot(Some(Offer::at(0.04)));
    /// assert_eq!(large.offer(PurchaseOption::Spot), Some(Offer::at(0.04)));
    /// assert_eq!(large.offer(PurchaseOption::Reserved), None);
    /// ```
    #[must_use]
    pub const fn offer(&self, option: PurchaseOption) -> Option<Offer> {
        match option {
            PurchaseOption::OnDemand => self.on_demand,
            PurchaseOption::Reserved => self.reserved,
            PurchaseOption::Spot => self.spot,
        }
    }

    fn validate(&self, path: &str) -> Result<(), ConfigError> {
        let field = |name: &str| format!("{path}.{name}");
        for (name, value) in [
            ("vcpu", self.vcpu),
            ("memory_gib", self.memory_gib),
            ("requests_per_minute", self.requests_per_minute),
        ] {
            if !(0.001..=1e6).contains(&value) {
                return Err(ConfigError::range(field(name), value, "0.001 … 1000000"));
            }
        }
        if self.gpus > 1_000_000 {
            return Err(ConfigError::range(
                field("gpus"),
                self.gpus,
                "at most 1000000",
            ));
        }
        for option in PurchaseOption::ALL {
            if let Some(offer) = self.offer(option) {
                offer.validate(option, path)?;
            }
        }
        Ok(())
    }
}

/// Checks a table of instance types: at least one, at most 10 000, each name once, every figure in
/// its range.
pub(super) fn validate(types: &[InstanceType]) -> Result<(), ConfigError> {
    if types.is_empty() {
        return Err(ConfigError::Missing {
            field: "types".into(),
            need: "at least one instance type",
        });
    }
    if types.len() > 10_000 {
        return Err(ConfigError::range(
            "types",
            format!("{} rows", types.len()),
            "at most 10000",
        ));
    }
    let mut names: Vec<(&str, usize)> = Vec::with_capacity(types.len());
    for (index, instance) in types.iter().enumerate() {
        instance.validate(&format!("types[{index}]"))?;
        names.push((&instance.name, index));
    }
    names.sort_unstable();
    let twice = |pair: &[(&str, usize)]| match pair {
        [(first, _), (second, index)] if first == second => Some(*index),
        _ => None,
    };
    if let Some(index) = names.windows(2).find_map(twice)
        && let Some(instance) = types.get(index)
    {
        let field = format!("types[{index}].name");
        return Err(ConfigError::range(
            field,
            &instance.name,
            "once in the table",
        ));
    }
    Ok(())
}
