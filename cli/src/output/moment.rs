//! Times in words: in the reader's zone, with the date where it is not today. JSON carries them as core gives them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::text::clean;

/// What has not happened.
pub(crate) const NEVER: &str = "—";

/// The reader's day and zone.
#[derive(Debug, Clone)]
pub(crate) struct Wall {
    zone: TimeZone,
    today: civil::Date,
}

impl Wall {
    pub(crate) fn now() -> Self {
        let now = jiff::Zoned::now();
        Self {
            zone: now.time_zone().clone(),
            today: now.date(),
        }
    }

    #[cfg(test)]
    pub(crate) const fn fixed(today: civil::Date) -> Self {
        Self {
            zone: TimeZone::UTC,
            today,
        }
    }

    /// `03:04:10` today, `2031-05-06 03:04` on another day; what does not parse is shown as it came.
    pub(crate) fn at(&self, rfc3339: &str) -> String {
        match rfc3339.parse::<Timestamp>() {
            Ok(time) => {
                let local = time.to_zoned(self.zone.clone());
                let format = if local.date() == self.today {
                    "%H:%M:%S"
                } else {
                    "%Y-%m-%d %H:%M"
                };
                local.strftime(format).to_string()
            }
            Err(_) if rfc3339.is_empty() => NEVER.into(),
            Err(_) => clean(rfc3339),
        }
    }

    /// The same, or a dash.
    pub(crate) fn maybe(&self, rfc3339: Option<&str>) -> String {
        rfc3339.map_or_else(|| NEVER.into(), |time| self.at(time))
    }
}

/// Now, as core writes times: RFC 3339 in UTC with milliseconds.
pub(crate) fn now_rfc3339() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_shows_the_time_and_another_day_its_date() {
        let wall = Wall::fixed(civil::date(2031, 5, 6));
        assert_eq!(wall.at("2031-05-06T03:04:10.250Z"), "03:04:10");
        assert_eq!(wall.at("2031-05-05T23:59:59Z"), "2031-05-05 23:59");
    }

    #[test]
    fn what_has_not_happened_is_a_dash_and_a_partial_date_stays() {
        let wall = Wall::fixed(civil::date(2031, 5, 6));
        assert_eq!(wall.maybe(None), "—");
        assert_eq!(wall.at(""), "—");
        assert_eq!(wall.at("2031-05"), "2031-05");
    }
}
