use std::time::Duration;

/// Parts of a token: shares are kept in millionths, so that 30 % is 30 %.
const TOKEN: i64 = 1_000_000;
const SLOTS: usize = 10;

/// How many retries a client may make.
///
/// ```
/// use std::time::Duration;
/// use plimsoll_sim::outage::{BudgetConfig, RetryBudget, Tokens};
/// let budget = BudgetConfig::default()
///     .with_ratio(0.5)
///     .with_tokens(Tokens::Bucket { most: 10.0 });
/// let mut budget = RetryBudget::new(&budget);
/// let now = Duration::ZERO;
/// budget.deposit(now);
/// assert!(!budget.withdraw(now));
/// budget.deposit(now);
/// assert!(budget.withdraw(now));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BudgetConfig {
    /// Retries for each call, 0 … 10; default 0.2. Kept in millionths.
    pub ratio: f64,
    /// What becomes of tokens that are not spent; default a window of 1 s with a floor of 1
    /// retry a second.
    pub tokens: Tokens,
}

/// What becomes of tokens that are not spent.
///
/// ```
/// use plimsoll_sim::outage::{BudgetConfig, Tokens};
/// assert!(matches!(BudgetConfig::default().tokens, Tokens::Window { .. }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tokens {
    /// The retries of any `ttl` are at most the ratio of its calls, or `floor_per_s × ttl` where
    /// that is more. A short `ttl` keeps what a quiet time saved from being spent in the first
    /// second of an outage; the floor lets a client with few calls retry at all, from one token on.
    Window {
        /// How long calls and retries count, in ten slots; 10 ms … 10 min.
        ttl: Duration,
        /// Retries a second that need no calls, 0 … 1000.
        floor_per_s: f64,
    },
    /// As in Finagle and tower: the same, but `reserve_per_s × ttl` come on top.
    Reserve {
        /// How long calls and retries count, in ten slots; 10 ms … 10 min.
        ttl: Duration,
        /// Retries a second beyond those that calls allow, 0 … 1000.
        reserve_per_s: f64,
    },
    /// Deposits are kept until they are spent, at most so many tokens.
    Bucket {
        /// Most tokens, 0 … 1 000 000.
        most: f64,
    },
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            ratio: 0.2,
            tokens: Tokens::Window {
                ttl: Duration::from_secs(1),
                floor_per_s: 1.0,
            },
        }
    }
}

impl BudgetConfig {
    /// The defaults of tower's `TpsBudget` and Finagle's `RetryBudget`: 20 %, tokens good for 10 s,
    /// 10 retries a second whatever the load.
    ///
    /// ```
    /// assert_eq!(plimsoll_sim::outage::BudgetConfig::tower().ratio, 0.2);
    /// ```
    #[must_use]
    pub const fn tower() -> Self {
        Self {
            ratio: 0.2,
            tokens: Tokens::Reserve {
                ttl: Duration::from_secs(10),
                reserve_per_s: 10.0,
            },
        }
    }

    /// Sets the retries for each call.
    ///
    /// ```
    /// use plimsoll_sim::outage::BudgetConfig;
    /// assert_eq!(BudgetConfig::default().with_ratio(0.1).ratio, 0.1);
    /// ```
    #[must_use]
    pub const fn with_ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// Sets what becomes of tokens that are not spent.
    ///
    /// ```
    /// use plimsoll_sim::outage::{BudgetConfig, Tokens};
    /// let bucket = Tokens::Bucket { most: 5.0 };
    /// assert_eq!(BudgetConfig::default().with_tokens(bucket).tokens, bucket);
    /// ```
    #[must_use]
    pub const fn with_tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = tokens;
        self
    }
}

/// The tokens of one client: a call deposits, a retry withdraws.
///
/// Values out of range are brought into it. O(1) a call.
///
/// ```
/// use std::time::Duration;
/// use plimsoll_sim::outage::{BudgetConfig, RetryBudget};
/// let mut budget = RetryBudget::new(&BudgetConfig::default());
/// assert!(budget.withdraw(Duration::ZERO)); // the floor's
/// assert!(!budget.withdraw(Duration::ZERO));
/// (0..10).for_each(|_| budget.deposit(Duration::from_secs(1)));
/// let within = |budget: &mut RetryBudget| budget.withdraw(Duration::from_secs(1));
/// assert!(within(&mut budget) && within(&mut budget) && !within(&mut budget));
/// ```
#[derive(Clone, Debug)]
pub struct RetryBudget {
    deposit: i64,
    store: Store,
}

#[derive(Clone, Debug)]
enum Store {
    Window(Box<Window>),
    Bucket { most: i64, balance: i64 },
}

/// Deposits and withdrawals of ten slots.
#[derive(Clone, Debug)]
struct Window {
    slot_ns: u128,
    /// What may be spent whatever was deposited.
    least: i64,
    /// What may be spent beyond it.
    reserve: i64,
    slots: [(i64, i64); SLOTS],
    deposited: i64,
    withdrawn: i64,
    newest: u128,
}

/// Millionths of a number from 0 to `most`.
fn millionths(value: f64, most: f64) -> i64 {
    (value.clamp(0.0, most) * TOKEN as f64).round() as i64
}

impl RetryBudget {
    /// An empty one.
    #[must_use]
    pub fn new(config: &BudgetConfig) -> Self {
        let tokens = |a_second: f64, ttl: Duration| {
            millionths(a_second.clamp(0.0, 1000.0) * ttl.as_secs_f64(), 1e9)
        };
        let store = match config.tokens {
            Tokens::Window { ttl, floor_per_s } => {
                Store::Window(Window::new(ttl, tokens(floor_per_s, ttl), 0))
            }
            Tokens::Reserve { ttl, reserve_per_s } => {
                Store::Window(Window::new(ttl, 0, tokens(reserve_per_s, ttl)))
            }
            Tokens::Bucket { most } => Store::Bucket {
                most: millionths(most, 1e6),
                balance: 0,
            },
        };
        Self {
            deposit: millionths(config.ratio, 10.0),
            store,
        }
    }

    /// A call was made: adds the ratio. An earlier `now` than the last counts as the last.
    ///
    /// ```
    /// use std::time::Duration;
    /// use plimsoll_sim::outage::{BudgetConfig, RetryBudget, Tokens};
    /// let config = BudgetConfig::default().with_ratio(1.0);
    /// let mut budget = RetryBudget::new(&config.with_tokens(Tokens::Bucket { most: 1.0 }));
    /// (0..5).for_each(|_| budget.deposit(Duration::ZERO));
    /// assert!(budget.withdraw(Duration::ZERO) && !budget.withdraw(Duration::ZERO));
    /// ```
    pub fn deposit(&mut self, now: Duration) {
        match &mut self.store {
            Store::Window(window) => {
                let slot = window.at(now);
                slot.0 += self.deposit;
                window.deposited += self.deposit;
            }
            Store::Bucket { most, balance } => *balance = (*balance + self.deposit).min(*most),
        }
    }

    /// Whether a retry may be made; if so, it is paid.
    ///
    /// ```
    /// use std::time::Duration;
    /// use plimsoll_sim::outage::{BudgetConfig, RetryBudget};
    /// let mut tower = RetryBudget::new(&BudgetConfig::tower());
    /// let retries = (0..200).filter(|_| tower.withdraw(Duration::ZERO)).count();
    /// assert_eq!(retries, 100); // 10 a second for 10 s, with no call at all
    /// ```
    pub fn withdraw(&mut self, now: Duration) -> bool {
        match &mut self.store {
            Store::Window(window) => {
                window.at(now);
                let most = window.deposited.max(window.least) + window.reserve;
                let has = window.withdrawn + TOKEN <= most;
                if has {
                    window.at(now).1 += TOKEN;
                    window.withdrawn += TOKEN;
                }
                has
            }
            Store::Bucket { balance, .. } => {
                let has = *balance >= TOKEN;
                *balance -= if has { TOKEN } else { 0 };
                has
            }
        }
    }
}

impl Window {
    fn new(ttl: Duration, least: i64, reserve: i64) -> Box<Self> {
        Box::new(Self {
            slot_ns: (ttl.as_nanos() / SLOTS as u128).max(1_000_000),
            least,
            reserve,
            slots: [(0, 0); SLOTS],
            deposited: 0,
            withdrawn: 0,
            newest: 0,
        })
    }

    /// The slot of a time; those that are too old expire.
    fn at(&mut self, now: Duration) -> &mut (i64, i64) {
        let slot = now.as_nanos() / self.slot_ns;
        let passed = slot.saturating_sub(self.newest).min(SLOTS as u128);
        for i in 0..passed {
            let place = ((self.newest + 1 + i) % SLOTS as u128) as usize;
            let (deposited, withdrawn) = std::mem::take(&mut self.slots[place]);
            self.deposited -= deposited;
            self.withdrawn -= withdrawn;
        }
        self.newest = slot.max(self.newest);
        &mut self.slots[(self.newest % SLOTS as u128) as usize]
    }
}
