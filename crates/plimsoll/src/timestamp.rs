//! Moments as files have them.

use std::time::Duration;

/// Where seconds since the epoch end and finer units begin: the year 5138.
const MOST_SECONDS: f64 = 1e11;

/// A date and time, of UTC where it has no offset.
pub(crate) fn date(text: &str) -> Option<jiff::Timestamp> {
    text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let date = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(date).ok()
    })
}

/// Time since the epoch: seconds, milliseconds, microseconds or nanoseconds by their size, or a
/// date and time.
pub(crate) fn since_epoch(text: &str) -> Option<Duration> {
    let Ok(number) = text.parse::<f64>() else {
        return Duration::try_from(date(text)?.as_duration()).ok();
    };
    if let Ok(whole) = text.parse::<u64>() {
        return Some(match number {
            n if n < MOST_SECONDS => Duration::from_secs(whole),
            n if n < MOST_SECONDS * 1e3 => Duration::from_millis(whole),
            n if n < MOST_SECONDS * 1e6 => Duration::from_micros(whole),
            _ => Duration::from_nanos(whole),
        });
    }
    let scale = [1.0, 1e3, 1e6, 1e9]
        .into_iter()
        .find(|scale| number < MOST_SECONDS * scale)?;
    Duration::try_from_secs_f64(number / scale).ok()
}

/// What [`since_epoch`] reads, for messages.
pub(crate) const EXPECTED: &str = "must be seconds or milliseconds since the epoch, or a date and time such as \
                         2014-02-14T14:30:00Z, from 1970 on";

/// A moment for people, to the minute, in UTC.
pub(crate) fn shown(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_second(seconds) {
        Ok(stamp) => stamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => format!("{} s", since_epoch.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_by_their_size() {
        let at = Duration::from_secs(1_392_388_200);
        for text in [
            "1392388200",
            "1392388200.0",
            "1392388200000",
            "1392388200000000",
            "1392388200000000000",
            "2014-02-14T14:30:00Z",
            "2014-02-14T15:30:00+01:00",
            "2014-02-14 14:30:00",
            "1.3923882e9",
        ] {
            assert_eq!(since_epoch(text), Some(at), "{text}");
        }
        assert_eq!(since_epoch("0.25"), Some(Duration::from_millis(250)));
        for text in [
            "",
            "-1",
            "inf",
            "NaN",
            "later",
            "1960-01-01T00:00:00Z",
            "1e30",
        ] {
            assert_eq!(since_epoch(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_shown_to_the_minute() {
        assert_eq!(
            shown(Duration::from_secs(1_392_388_259)),
            "2014-02-14 14:30 UTC"
        );
    }
}
