//! Moments as people write them: a day (`2031-05-06`), a time (`2031-05-06T18:00:00Z`), or a duration from now (`30d`).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sotto_core::Timestamp;

use super::duration;

/// A moment ahead. A day is meant with all its hours; a duration counts from now.
pub(crate) fn until(text: &str) -> Result<Timestamp, String> {
    read(text, now(), Reading::End, &TimeZone::system())
}

/// When something begins ahead. A day is meant from its beginning; a duration counts from now.
pub(crate) fn from(text: &str) -> Result<Timestamp, String> {
    read(text, now(), Reading::Beginning, &TimeZone::system())
}

/// A moment behind. A day is meant from its beginning; a duration counts back from now.
pub(crate) fn since(text: &str) -> Result<Timestamp, String> {
    read(text, now(), Reading::Behind, &TimeZone::system())
}

/// What a bare day and a bare duration mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Beginning,
    End,
    Behind,
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

fn read(
    text: &str,
    now: Timestamp,
    reading: Reading,
    zone: &TimeZone,
) -> Result<Timestamp, String> {
    const EXPECTED: &str = "expected a day such as 2031-05-06, a time such as 2031-05-06T18:00:00Z, or a duration such as 30d";
    let text = text.trim();
    let millis = |time: jiff::Timestamp| Timestamp::from_millis(time.as_millisecond());
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(millis(time));
    }
    if text.len() == "2031-05-06".len()
        && let Ok(day) = text.parse::<Date>()
    {
        let day = match reading {
            Reading::End => day.tomorrow(),
            Reading::Beginning | Reading::Behind => Ok(day),
        };
        let start = day.and_then(|day| day.to_zoned(zone.clone()));
        return start
            .map(|start| millis(start.timestamp()))
            .map_err(|_| EXPECTED.into());
    }
    match duration(text) {
        Ok(span) if reading == Reading::Behind => Ok(now.minus(span)),
        Ok(span) => Ok(now.plus(span)),
        Err(_) => Err(EXPECTED.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_until_its_end_and_begins_at_its_beginning() {
        let now = Timestamp::from_millis(1_000_000);
        let read = |text: &str, reading| read(text, now, reading, &TimeZone::UTC);
        assert_eq!(
            read("2031-05-06", Reading::End).unwrap().to_rfc3339(),
            "2031-05-07T00:00:00.000Z"
        );
        assert_eq!(
            read("2031-05-06", Reading::Behind).unwrap().to_rfc3339(),
            "2031-05-06T00:00:00.000Z"
        );
        assert_eq!(
            read("2031-05-06T18:00:00+02:00", Reading::End)
                .unwrap()
                .to_rfc3339(),
            "2031-05-06T16:00:00.000Z"
        );
        assert_eq!(
            read("2031-05-06", Reading::Beginning),
            read("2031-05-06", Reading::Behind)
        );
        assert_eq!(
            read("10s", Reading::End),
            Ok(Timestamp::from_millis(1_010_000))
        );
        assert_eq!(
            read("10s", Reading::Behind),
            Ok(Timestamp::from_millis(990_000))
        );
        for wrong in ["", "tomorrow", "2031-13-01", "06.05.2031", "7"] {
            assert!(read(wrong, Reading::End).is_err(), "{wrong}");
        }
    }
}
