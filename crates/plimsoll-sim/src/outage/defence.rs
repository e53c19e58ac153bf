use std::fmt;
use std::str::FromStr;

/// How often a client tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tries {
    One,
    /// Three, in one layer.
    Three,
    /// As often as the model's layers do.
    Layers,
}

/// Whose retry budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    Model,
    Tower,
}

/// What clients and backend do about failures: parts joined by `+`.
///
/// `no-retries`, `three-tries` and `retries` (all layers; the default) say how often clients try;
/// `jitter`, `budget`, `tower-budget`, `bounded-queue` and `breaker` what holds them back; `all` is
/// `jitter+budget+bounded-queue+breaker`. Whatever has one of the latter backs off with full
/// jitter, too. Without retries there is nothing for jitter and budgets to hold back: they are refused
/// beside `no-retries`, and `no-retries+all` is `no-retries+bounded-queue+breaker`.
///
/// ```
/// use plimsoll_sim::outage::Defence;
/// let defence: Defence = "bounded-queue+budget".parse()?;
/// assert_eq!(defence.to_string(), "budget+bounded-queue");
/// assert_eq!("all".parse::<Defence>()?, "retries+budget+breaker+bounded-queue".parse()?);
/// # Ok::<(), plimsoll_sim::outage::DefenceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defence {
    pub(super) tries: Tries,
    jitter: bool,
    pub(super) budget: Option<Budget>,
    pub(super) bounded_queue: bool,
    pub(super) breaker: bool,
}

/// Why a name is no defence.
///
/// ```
/// use plimsoll_sim::outage::{Defence, DefenceError};
/// let refused = "bulkhead".parse::<Defence>();
/// assert!(matches!(refused, Err(DefenceError::Unknown { .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefenceError {
    /// There is no such part.
    #[error(
        "must be one of no-retries, three-tries, retries, jitter, budget, tower-budget, \
        bounded-queue, breaker and all, or several joined by + (there is no \"{part}\")"
    )]
    Unknown {
        /// What was given.
        part: String,
    },
    /// Two parts contradict each other, or are the same.
    #[error("must not have both {one} and {other}")]
    Both {
        /// The part given first.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Nothing is tried again that it could hold back.
    #[error("must not have {part} beside no-retries: there is no retry that it could hold back")]
    NoRetry {
        /// What has nothing to do.
        part: &'static str,
    },
}

const PARTS: [&str; 9] = [
    "no-retries",
    "three-tries",
    "retries",
    "jitter",
    "budget",
    "tower-budget",
    "bounded-queue",
    "breaker",
    "all",
];

/// Those that are run where none is named.
const USUAL: [&str; 14] = [
    "no-retries",
    "no-retries+bounded-queue",
    "three-tries",
    "three-tries+budget",
    "three-tries+all",
    "retries",
    "jitter",
    "budget",
    "tower-budget",
    "bounded-queue",
    "breaker",
    "budget+bounded-queue",
    "bounded-queue+breaker",
    "all",
];

impl Defence {
    /// Everything with its defaults.
    pub const ALL: Self = Self {
        tries: Tries::Layers,
        jitter: true,
        budget: Some(Budget::Model),
        bounded_queue: true,
        breaker: true,
    };

    /// Those that are compared where none is named.
    ///
    /// ```
    /// use plimsoll_sim::outage::Defence;
    /// assert_eq!(Defence::usual().last(), Some(&Defence::ALL));
    /// ```
    #[must_use]
    pub fn usual() -> Vec<Self> {
        USUAL.iter().filter_map(|name| name.parse().ok()).collect()
    }

    /// Whether retries are spread out.
    pub(super) const fn backs_off(&self) -> bool {
        self.jitter || self.budget.is_some() || self.bounded_queue || self.breaker
    }
}

impl FromStr for Defence {
    type Err = DefenceError;

    fn from_str(text: &str) -> Result<Self, DefenceError> {
        let mut parts: Vec<&'static str> = Vec::new();
        for part in text.split('+') {
            let known = PARTS.into_iter().find(|known| *known == part);
            let known = known.ok_or_else(|| DefenceError::Unknown {
                part: part.to_owned(),
            })?;
            let tries = |name: &str| matches!(name, "no-retries" | "three-tries" | "retries");
            let excludes = |one: &str| {
                one == known
                    || (tries(one) && tries(known))
                    || (one.ends_with("budget") && known.ends_with("budget"))
                    || (one == "all" && !tries(known))
                    || (known == "all" && !tries(one))
            };
            if let Some(one) = parts.iter().find(|one| excludes(one)) {
                return Err(DefenceError::Both { one, other: known });
            }
            parts.push(known);
        }
        let idle = parts
            .iter()
            .find(|part| matches!(**part, "jitter" | "budget" | "tower-budget"));
        if let Some(part) = idle
            && parts.contains(&"no-retries")
        {
            return Err(DefenceError::NoRetry { part });
        }
        let all = parts.contains(&"all");
        let has = |name: &str| parts.contains(&name);
        Ok(Self {
            tries: match () {
                () if has("no-retries") => Tries::One,
                () if has("three-tries") => Tries::Three,
                () => Tries::Layers,
            },
            jitter: all || has("jitter"),
            budget: match () {
                () if all || has("budget") => Some(Budget::Model),
                () if has("tower-budget") => Some(Budget::Tower),
                () => None,
            },
            bounded_queue: all || has("bounded-queue"),
            breaker: all || has("breaker"),
        }
        .normal())
    }
}

impl Defence {
    /// Jitter is only told apart where nothing else brings it, and there is something to spread; so
    /// a budget.
    fn normal(mut self) -> Self {
        if self.tries == Tries::One {
            self.budget = None;
        }
        let held = self.budget.is_some() || self.bounded_queue || self.breaker;
        self.jitter = self.tries != Tries::One && (self.jitter || held);
        self
    }
}

impl fmt::Display for Defence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let everything = self.budget == Some(Budget::Model) && self.bounded_queue && self.breaker;
        let held = [
            match self.budget {
                Some(Budget::Model) => Some("budget"),
                Some(Budget::Tower) => Some("tower-budget"),
                None => None,
            },
            self.bounded_queue.then_some("bounded-queue"),
            self.breaker.then_some("breaker"),
        ];
        let held: Vec<&str> = match everything {
            true => vec!["all"],
            false => held.into_iter().flatten().collect(),
        };
        let jitter = (held.is_empty() && self.jitter).then_some("jitter");
        let tries = match self.tries {
            Tries::One => Some("no-retries"),
            Tries::Three => Some("three-tries"),
            Tries::Layers if held.is_empty() && jitter.is_none() => Some("retries"),
            Tries::Layers => None,
        };
        let parts: Vec<&str> = tries.into_iter().chain(jitter).chain(held).collect();
        f.write_str(&parts.join("+"))
    }
}
