//! Moments as dates, in UTC.
//!
//! Civil dates after Howard Hinnant, "chrono-compatible low-level date algorithms".

use super::figures::NBSP;

pub(super) const DAY_S: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// A date of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    pub(super) day: i64,
}

impl Date {
    /// The date of a moment in seconds since the epoch.
    pub(super) fn of(at_s: i64) -> Self {
        let z = at_s.div_euclid(DAY_S) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        Self {
            year,
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
        }
    }

    /// Its first second; the month may lie outside 1 … 12.
    pub(super) fn start_s(self) -> i64 {
        let month = (self.month - 1).rem_euclid(12) + 1;
        let year = self.year + (self.month - 1).div_euclid(12) - i64::from(month <= 2);
        let yoe = year.rem_euclid(400);
        let mp = (month + 9) % 12;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + self.day - 1;
        (year.div_euclid(400) * 146_097 + doe - 719_468).saturating_mul(DAY_S)
    }

    pub(super) fn month_name(self) -> &'static str {
        MONTHS[(self.month - 1).rem_euclid(12) as usize]
    }

    /// `9 Jun`.
    pub(super) fn short(self) -> String {
        format!("{}{NBSP}{}", self.day, self.month_name())
    }
}

/// Day of the week of a moment.
pub(super) fn weekday(at_s: i64) -> &'static str {
    WEEKDAYS[at_s.div_euclid(DAY_S).rem_euclid(7) as usize]
}

/// `14:05`, or with seconds where they are not 0.
pub(super) fn clock(at_s: i64) -> String {
    let s = at_s.rem_euclid(DAY_S);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if s == 0 {
        format!("{h:02}:{m:02}")
    } else {
        format!("{h:02}:{m:02}:{s:02}")
    }
}

/// `Tue 9 Jun 14:05`.
pub(super) fn moment(at_s: i64) -> String {
    format!(
        "{}{NBSP}{} {}",
        weekday(at_s),
        Date::of(at_s).short(),
        clock(at_s)
    )
}

/// `9 Jun 1998, 14:05`.
pub(super) fn full(at_s: i64) -> String {
    let date = Date::of(at_s);
    format!("{}{NBSP}{}, {}", date.short(), date.year, clock(at_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (at_s, date) in [
            (0, (1970, 1, 1)),
            (897_350_400, (1998, 6, 9)),
            (951_782_400, (2000, 2, 29)),
            (-1, (1969, 12, 31)),
        ] {
            let (year, month, day) = date;
            let found = Date::of(at_s);
            assert_eq!(found, Date { year, month, day });
            assert_eq!(found.start_s(), at_s.div_euclid(DAY_S) * DAY_S);
        }
        assert_eq!(
            Date {
                year: 1998,
                month: 13,
                day: 1
            }
            .start_s(),
            915_148_800
        );
    }

    #[test]
    fn words_are_short() {
        assert_eq!(moment(897_350_400).replace(NBSP, " "), "Tue 9 Jun 00:00");
        assert_eq!(full(-1).replace(NBSP, " "), "31 Dec 1969, 23:59:59");
        assert!(!full(i64::MAX).is_empty() && !full(i64::MIN).is_empty());
    }
}
