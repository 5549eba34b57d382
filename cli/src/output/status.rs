//! What each addressee has proven, as a line read from left to right.

use sotto_core::{MessageStatusView, StatusView};

use super::moment::{NEVER, Wall};
use super::text::{clean, padded, short, width};

/// The states on the way to an acknowledgement; each is shown whether or not it has happened.
const WAY: [&str; 4] = ["queued", "delivered", "seen", "acknowledged"];

/// The whole status in words.
pub(crate) fn words(status: &MessageStatusView, wall: &Wall) -> String {
    let mut text = format!("Message {}\n", short(&status.message));
    if status.people.is_empty() {
        text.push_str(&format!(
            "  {}\n",
            step("queued", &wall.maybe(status.queued.as_deref()))
        ));
        return text;
    }
    let names: Vec<String> = status
        .people
        .iter()
        .map(|person| clean(&person.name))
        .collect();
    let columns = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let lines: Vec<Vec<String>> = status
        .people
        .iter()
        .map(|person| line(person, status.queued.as_deref(), wall))
        .collect();
    let steps: Vec<usize> = (0..WAY.len())
        .map(|column| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|cell| width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    for (name, line) in names.iter().zip(lines) {
        text.push_str(&format!("  {}", padded(name, columns)));
        for (column, cell) in line.iter().enumerate() {
            text.push_str(&format!(
                "   {}",
                padded(cell, steps.get(column).copied().unwrap_or(0))
            ));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The four steps, then whatever lies beside the way: declined, mismatch, expired, revoked.
fn line(person: &StatusView, queued: Option<&str>, wall: &Wall) -> Vec<String> {
    let time = |state: &str| {
        person
            .times
            .iter()
            .find(|time| time.state == state)
            .map(|time| time.at.as_str())
    };
    let mut cells: Vec<String> = WAY
        .iter()
        .map(|state| {
            let at = time(state).or_else(|| queued.filter(|_| *state == "queued"));
            let cell = step(state, &wall.maybe(at));
            match person.version {
                Some(version) if *state == "acknowledged" && at.is_some() => {
                    format!("{cell} (version {version})")
                }
                _ => cell,
            }
        })
        .collect();
    let beside = person
        .times
        .iter()
        .filter(|time| !WAY.contains(&time.state));
    cells.extend(beside.map(|time| step(time.state, &wall.at(&time.at))));
    cells
}

fn step(state: &str, at: &str) -> String {
    format!("{state} {}", if at.is_empty() { NEVER } else { at })
}

#[cfg(test)]
mod tests {
    use sotto_core::StateTime;

    use super::*;

    fn person(name: &str, times: &[(&'static str, &str)]) -> StatusView {
        StatusView {
            id: "00".repeat(16),
            name: name.into(),
            state: times.last().map_or("waiting", |time| time.0),
            times: times
                .iter()
                .map(|(state, at)| StateTime {
                    state,
                    at: (*at).into(),
                })
                .collect(),
            version: Some(1),
        }
    }

    #[test]
    fn a_line_reads_from_left_to_right_and_a_dash_has_not_happened() {
        let status = MessageStatusView {
            message: "ab".repeat(32),
            queued: Some("2031-05-06T03:04:10Z".into()),
            people: vec![
                person(
                    "Chen",
                    &[
                        ("delivered", "2031-05-06T03:04:12Z"),
                        ("acknowledged", "2031-05-06T03:06:00Z"),
                    ],
                ),
                person("Ward 5W", &[("expired", "2031-05-06T04:00:00Z")]),
            ],
        };
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let expected = "Message ababababab\n  \
            Chen      queued 03:04:10   delivered 03:04:12   seen —   acknowledged 03:06:00 (version 1)\n  \
            Ward 5W   queued 03:04:10   delivered —          seen —   acknowledged —                      expired 04:00:00\n";
        assert_eq!(words(&status, &wall), expected);
    }

    #[test]
    fn nothing_is_claimed_before_the_relay_has_it() {
        let status = MessageStatusView {
            message: "ab".repeat(32),
            queued: None,
            people: vec![person("Chen", &[])],
        };
        let words = words(&status, &Wall::fixed(jiff::civil::date(2031, 5, 6)));
        assert_eq!(words.matches('—').count(), 4);
    }
}
