//! Durations as people write them: `90s`, `30m`, `48h`, `7d`, `2w`, `1d12h`.

use std::time::Duration;

const UNITS: [(char, u64); 5] = [
    ('w', 604_800),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];

/// Reads a duration of at least a second. A bare number is refused: nobody would know its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a duration such as 90s, 30m, 48h, 7d or 1d12h";
    let mut rest = text.trim();
    let (mut seconds, mut last) = (0u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(EXPECTED)?;
        let number: u64 = rest[..digits].parse().map_err(|_| EXPECTED)?;
        let letter = rest[digits..].chars().next().ok_or(EXPECTED)?;
        let (_, unit) = UNITS
            .iter()
            .find(|(unit, _)| *unit == letter)
            .ok_or(EXPECTED)?;
        if *unit >= last {
            return Err(EXPECTED.into());
        }
        last = *unit;
        seconds = number
            .checked_mul(*unit)
            .and_then(|part| seconds.checked_add(part))
            .ok_or("that is too long")?;
        rest = &rest[digits + letter.len_utf8()..];
    }
    if seconds == 0 {
        Err(EXPECTED.into())
    } else {
        Ok(Duration::from_secs(seconds))
    }
}

/// A duration as a human says it, in at most two units, never shorter than it is.
pub(crate) fn duration_text(duration: Duration) -> String {
    const WORDS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    let Some(first) = WORDS.iter().position(|(unit, _)| seconds >= *unit) else {
        return "0 s".into();
    };
    let (unit, word) = WORDS[first];
    let whole = format!("{} {word}", seconds / unit);
    match WORDS
        .get(first + 1)
        .map(|(unit, word)| (seconds % WORDS[first].0 / unit, word))
    {
        Some((part, word)) if part > 0 => format!("{whole} {part} {word}"),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_may_be_combined() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1_800),
            ("48h", 172_800),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("1d12h", 129_600),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in [
            "",
            "7",
            "7 days",
            "d",
            "0s",
            "-1d",
            "1h1d",
            "1h2h",
            "1.5h",
            "7D",
            "99999999999999999999d",
            "3é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("18446744073709551615w").is_err());
    }

    #[test]
    fn a_duration_is_said_in_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (172_800, "2 d"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(duration_text(Duration::from_secs(seconds)), text);
        }
        assert_eq!(duration_text(Duration::from_millis(1)), "1 s");
    }
}
