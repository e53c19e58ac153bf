//! Cron expressions of five fields, and the local times that they name.

use jiff::Span;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::ConfigError;

/// 29 February may be eight years off.
const DAYS: usize = 366 * 8 + 1;
/// More minutes than any fold is long.
const MINUTES: usize = 2 * 24 * 60;

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const LAST_DAY: u64 = 1 << 32;

/// A field of an expression, with the values that it may take.
struct Field {
    name: &'static str,
    least: u8,
    /// What `*` and `a/n` reach to.
    most: u8,
    /// What may be written: 7 is Sunday as well as 0.
    limit: u8,
    /// Names of the values from `least` on.
    names: &'static [&'static str],
    bound: &'static str,
}

const fn field(name: &'static str, least: u8, most: u8, bound: &'static str) -> Field {
    Field {
        name,
        least,
        most,
        limit: most,
        names: &[],
        bound,
    }
}

const MINUTE: Field = field("minute", 0, 59, "0 … 59, *, a-b, */n, or a list of these");
const HOUR: Field = field("hour", 0, 23, "0 … 23, *, a-b, */n, or a list of these");
const DAY: Field = field(
    "day",
    1,
    31,
    "1 … 31, L, ?, *, a-b, */n, or a list of these",
);
const MONTH: Field = Field {
    names: MONTHS,
    ..field(
        "month",
        1,
        12,
        "1 … 12, JAN … DEC, *, a-b, */n, or a list of these",
    )
};
const WEEKDAY: Field = Field {
    limit: 7,
    names: WEEKDAYS,
    ..field(
        "weekday",
        0,
        6,
        "0 … 7, SUN … SAT, ?, *, a-b, */n, or a list of these",
    )
};

impl Field {
    /// The values as bits, and whether they are all of them because a `*` or `?` says so.
    fn parse(&self, path: &str, text: &str) -> Result<(u64, bool), ConfigError> {
        let refuse = |value: &str, bound| {
            Err(ConfigError::range(
                format!("{path}, {}", self.name),
                value,
                bound,
            ))
        };
        let (mut bits, mut any) = (0_u64, false);
        for item in text.split(',') {
            let (head, step) = item
                .split_once('/')
                .map_or((item, None), |(h, s)| (h, Some(s)));
            let days = self.least == DAY.least && self.most == DAY.most || self.limit == 7;
            let (from, to) = match head.split_once('-') {
                Some((from, to)) => (self.value(from), self.value(to)),
                None if head == "*" || days && head == "?" => {
                    any |= step.is_none();
                    (Some(self.least), Some(self.most))
                }
                None if head == "L" && step.is_none() && self.most == DAY.most => {
                    bits |= LAST_DAY;
                    continue;
                }
                None => {
                    let value = self.value(head);
                    (
                        value,
                        if step.is_some() {
                            Some(self.most)
                        } else {
                            value
                        },
                    )
                }
            };
            let (Some(from), Some(to)) = (from, to) else {
                return refuse(item, self.bound);
            };
            if from > to {
                return refuse(item, "a range that goes up");
            }
            let step = match step.map(str::parse::<u8>) {
                None => 1,
                Some(Ok(step)) if step > 0 => step,
                Some(_) => return refuse(item, "a step of 1 … 255"),
            };
            for value in (from..=to).step_by(usize::from(step)) {
                bits |= 1 << value;
            }
        }
        Ok((bits, any))
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = (self.least..).zip(self.names);
        let mut named = named.filter(|(_, name)| name.eq_ignore_ascii_case(text));
        let number = || {
            text.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| text.parse().ok())
        };
        let value = named.next().map(|(value, _)| value).or_else(|| number()?);
        value.filter(|v| (self.least..=self.limit).contains(v))
    }
}

/// Which way to search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Towards {
    Past,
    Future,
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether one of the day fields does not restrict anything; where both do, either will do.
    both: bool,
}

impl Cron {
    /// Parses `minute hour day month weekday`.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, ConfigError> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            let bound = "five fields: minute hour day month weekday";
            return Err(ConfigError::range(path, text, bound));
        };
        let (days, any_day) = DAY.parse(path, day)?;
        let (weekdays, any_weekday) = WEEKDAY.parse(path, weekday)?;
        let cron = Self {
            minutes: MINUTE.parse(path, minute)?.0,
            hours: HOUR.parse(path, hour)?.0,
            days,
            months: MONTH.parse(path, month)?.0,
            weekdays: weekdays | weekdays >> 7, // Sunday
            both: any_day || any_weekday,
        };
        match cron.search(date(2000, 1, 1).at(0, 0, 0, 0), Towards::Future) {
            Some(_) => Ok(cron),
            None => Err(ConfigError::range(path, text, "a day that exists")),
        }
    }

    /// The first instant after this one that the expression names in the zone. A local time that the
    /// clocks skip is the instant at which they do; of one that comes twice the first counts.
    pub(super) fn next(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let from = zone.to_datetime(after);
        let later = |at: Timestamp| at > after;
        self.find(zone, from, Towards::Future, later)
    }

    /// The last such instant up to this one.
    pub(super) fn last(&self, zone: &TimeZone, until: Timestamp) -> Option<Timestamp> {
        let mut from = zone.to_datetime(until);
        // The clocks went back: later local times have been, too.
        if let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(from).offset()
        {
            from = from.checked_add(before.until(after).negate()).ok()?;
        }
        self.find(zone, from, Towards::Past, |at| at <= until)
    }

    fn find(
        &self,
        zone: &TimeZone,
        from: DateTime,
        towards: Towards,
        fits: impl Fn(Timestamp) -> bool,
    ) -> Option<Timestamp> {
        let mut from = from.date().at(from.hour(), from.minute(), 0, 0);
        let step = match towards {
            Towards::Past => -1,
            Towards::Future => 1,
        };
        for _ in 0..MINUTES {
            let local = self.search(from, towards)?;
            let at = instant(zone, local)?;
            if fits(at) {
                return Some(at);
            }
            from = local.checked_add(Span::new().minutes(step)).ok()?;
        }
        None
    }

    /// The nearest local time that fits, this one included.
    fn search(&self, from: DateTime, towards: Towards) -> Option<DateTime> {
        let mut day = from.date();
        let mut time = Some((from.hour().unsigned_abs(), from.minute().unsigned_abs()));
        for _ in 0..DAYS {
            if self.names(day)
                && let Some((hour, minute)) = self.time(time, towards)
            {
                let small = |value: u8| i8::try_from(value).ok();
                return Some(day.at(small(hour)?, small(minute)?, 0, 0));
            }
            time = None;
            day = match towards {
                Towards::Past => day.yesterday(),
                Towards::Future => day.tomorrow(),
            }
            .ok()?;
        }
        None
    }

    fn names(&self, date: Date) -> bool {
        let has = |bits: u64, value: i8| bits >> value.unsigned_abs() & 1 == 1;
        let last = self.days & LAST_DAY != 0 && date.day() == date.days_in_month();
        let day = last || has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let days = if self.both {
            day && weekday
        } else {
            day || weekday
        };
        has(self.months, date.month()) && days
    }

    /// The nearest time of a day from this one on; its first or last without one.
    fn time(&self, from: Option<(u8, u8)>, towards: Towards) -> Option<(u8, u8)> {
        let end = match towards {
            Towards::Past => (23, 59),
            Towards::Future => (0, 0),
        };
        let (hour, minute) = from.unwrap_or(end);
        let near = |bits, from| nearest(bits, from, towards);
        let same = nearest(self.hours, hour, towards).filter(|h| *h == hour);
        let same = same.and_then(|hour| Some((hour, near(self.minutes, minute)?)));
        same.or_else(|| {
            let other = match towards {
                Towards::Past => near(self.hours, hour.checked_sub(1)?)?,
                Towards::Future => near(self.hours, hour.checked_add(1)?)?,
            };
            Some((other, near(self.minutes, end.1)?))
        })
    }
}

/// The nearest set bit from this one on.
fn nearest(bits: u64, from: u8, towards: Towards) -> Option<u8> {
    let from = from.min(63);
    let bit = match towards {
        Towards::Past => (bits & (u64::MAX >> (63 - from))).checked_ilog2()?,
        Towards::Future => (bits & (u64::MAX << from)).trailing_zeros(),
    };
    u8::try_from(bit).ok().filter(|bit| *bit < 64)
}

/// The instant of a local time; of a skipped one, when the clocks skip it.
fn instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let earlier = ambiguous.earlier().ok()?;
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => Some(zone.following(earlier).next()?.timestamp()),
        _ => Some(earlier),
    }
}
