use crate::numeric;

/// What a container can be given.
///
/// ```
/// use autoscale_core::{Resource, Resources};
/// let request = Resources::new(250, 512 << 20);
/// assert_eq!(request.get(Resource::Cpu), Some(250));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Resource {
    /// Processor time, in millicores.
    Cpu,
    /// Memory, in bytes.
    Memory,
}

impl Resource {
    /// Both.
    ///
    /// ```
    /// use autoscale_core::Resource;
    /// assert_eq!(Resource::ALL, [Resource::Cpu, Resource::Memory]);
    /// ```
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];
}

/// An amount of each resource, or none: a request, a bound, a recommendation.
///
/// ```
/// use autoscale_core::Resources;
/// let only_cpu = Resources { cpu_milli: Some(250), ..Resources::default() };
/// assert_eq!(only_cpu.memory_bytes, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Resources {
    /// Millicores, up to 10¹⁴.
    pub cpu_milli: Option<u64>,
    /// Bytes, up to 10¹⁴.
    pub memory_bytes: Option<u64>,
}

impl Resources {
    /// An amount of both.
    ///
    /// ```
    /// assert_eq!(autoscale_core::Resources::new(250, 1024).memory_bytes, Some(1024));
    /// ```
    #[must_use]
    pub const fn new(cpu_milli: u64, memory_bytes: u64) -> Self {
        Self {
            cpu_milli: Some(cpu_milli),
            memory_bytes: Some(memory_bytes),
        }
    }

    /// The amount of one.
    ///
    /// ```
    /// use autoscale_core::{Resource, Resources};
    /// assert_eq!(Resources::new(250, 1024).get(Resource::Memory), Some(1024));
    /// ```
    #[must_use]
    pub const fn get(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::Cpu => self.cpu_milli,
            Resource::Memory => self.memory_bytes,
        }
    }

    /// Sets the amount of one.
    ///
    /// ```
    /// use autoscale_core::{Resource, Resources};
    /// let mut request = Resources::new(250, 1024);
    /// request.set(Resource::Cpu, None);
    /// assert_eq!(request.cpu_milli, None);
    /// ```
    pub const fn set(&mut self, resource: Resource, amount: Option<u64>) {
        match resource {
            Resource::Cpu => self.cpu_milli = amount,
            Resource::Memory => self.memory_bytes = amount,
        }
    }

    /// Brings every amount into the bounds that are set; the upper one wins. A bound of 0 is none.
    ///
    /// ```
    /// use autoscale_core::Resources;
    /// let bounds = (Resources::new(500, 0), Resources::new(4000, 1 << 30));
    /// let capped = Resources::new(100, 2 << 30).clamp(&bounds.0, &bounds.1);
    /// assert_eq!(capped, Resources::new(500, 1 << 30));
    /// ```
    #[must_use]
    pub fn clamp(mut self, least: &Self, most: &Self) -> Self {
        for resource in Resource::ALL {
            if let Some(amount) = self.get(resource) {
                let least = least.get(resource).unwrap_or(0);
                let most = most.get(resource).filter(|&most| most > 0);
                let capped = amount.max(least).min(most.unwrap_or(u64::MAX));
                self.set(resource, Some(capped));
            }
        }
        self
    }
}

/// Largest amount of a resource, in its unit.
pub(crate) const MAX_AMOUNT: u64 = 100_000_000_000_000;

/// An amount cut to a whole number, between 0 and the largest; NaN gives 0.
pub(crate) fn amount(value: f64) -> u64 {
    numeric::trunc_u64(value).min(MAX_AMOUNT)
}

/// An amount times a factor, cut to a whole number.
pub(crate) fn scaled(amount_of: u64, factor: f64) -> u64 {
    amount(numeric::u64_f64(amount_of) * factor)
}
