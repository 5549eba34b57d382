//! A result card in words. Masked as core hands it over; nothing is computed here, no flag and no unit.

use sotto_core::{CardView, ObservationView};

use super::moment::Wall;
use super::text::{clean, padded, width};

/// The card, indented by two, one line per observation.
pub(crate) fn words(card: &CardView, wall: &Wall) -> String {
    let mut lines = vec![heading(card)];
    if let Some(why) = &card.blanked {
        lines.push(format!(
            "!! {}: values are withdrawn. Do not act on them.",
            clean(why)
        ));
    }
    if card.disputed {
        lines.push(format!(
            "!! Two different results were sent as version {}. Rely on neither; call the sender.",
            card.version
        ));
    }
    if card.version != card.current_version {
        lines.push(format!(
            "!! Superseded: version {} is the current one.",
            card.current_version
        ));
    }
    lines.push(format!("patient    {}", patient(card)));
    let mut about = Vec::new();
    about.extend(
        card.collected
            .as_deref()
            .map(|time| format!("collected {}", wall.at(time))),
    );
    about.extend(
        card.issued
            .as_deref()
            .map(|time| format!("issued {}", wall.at(time))),
    );
    about.extend(
        card.orderer
            .as_deref()
            .map(|name| format!("ordered by {}", clean(name))),
    );
    about.extend(
        card.unit
            .as_deref()
            .map(|unit| format!("unit {}", clean(unit))),
    );
    if !about.is_empty() {
        lines.push(about.join("   "));
    }
    lines.extend(observations(&card.observations));
    lines.push(acknowledged(card));
    lines
        .iter()
        .map(|line| format!("  {}\n", line.trim_end()))
        .collect()
}

fn heading(card: &CardView) -> String {
    let mut parts = vec![
        clean(&card.title),
        clean(&card.status),
        format!("version {}", card.version),
    ];
    if card.critical {
        parts.insert(0, "CRITICAL".into());
    }
    if card.test {
        parts.insert(0, "TEST, not for care".into());
    }
    parts.join(" · ")
}

fn patient(card: &CardView) -> String {
    let mut parts = vec![clean(&card.patient)];
    parts.extend(
        card.birth_date
            .as_deref()
            .map(|date| format!("born {}", clean(date))),
    );
    parts.extend(
        card.identifiers
            .iter()
            .map(|(authority, value)| format!("{} {}", clean(authority), clean(value))),
    );
    parts.join("   ")
}

fn observations(all: &[ObservationView]) -> Vec<String> {
    let cells: Vec<[String; 4]> = all
        .iter()
        .map(|one| {
            let value = [clean(&one.value), clean(&one.unit)].join(" ");
            let value = if one.value.is_empty() {
                format!("— ({})", clean(&one.status))
            } else {
                value
            };
            [
                format!("{:>2}", one.number),
                clean(&one.name),
                value,
                clean(&one.interpretation.join(" ")),
            ]
        })
        .collect();
    let column = |index: usize| {
        cells
            .iter()
            .map(|row| width(&row[index]))
            .max()
            .unwrap_or(0)
    };
    let widths = [column(0), column(1), column(2), column(3)];
    let mut lines = Vec::new();
    for (row, one) in cells.iter().zip(all) {
        let mut line: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, columns)| padded(cell, columns))
            .collect();
        if !one.reference.is_empty() {
            line.push(format!("reference {}", clean(&one.reference)));
        }
        if let Some(previous) = &one.previous {
            line.push(format!("was {}", clean(previous)));
        }
        if one.critical {
            line.push("read back".into());
        }
        lines.push(line.join("  "));
        if !one.options.is_empty() {
            let options: Vec<String> = one.options.iter().map(|option| clean(option)).collect();
            lines.push(format!("    choose: {}", options.join(" | ")));
        }
        lines.extend(
            one.notes
                .iter()
                .map(|note| format!("    note: {}", clean(note))),
        );
    }
    lines
}

fn acknowledged(card: &CardView) -> String {
    if card.acknowledged_by.is_empty() {
        return "acknowledged —".into();
    }
    let names: Vec<String> = card
        .acknowledged_by
        .iter()
        .map(|name| clean(name))
        .collect();
    format!("acknowledged by {}", names.join(", "))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn card() -> CardView {
        CardView {
            token: "lusab-babad".into(),
            title: "Potassium".into(),
            status: "final".into(),
            version: 1,
            current_version: 1,
            disputed: false,
            digest: "00".repeat(32),
            critical: true,
            test: false,
            blanked: None,
            patient: "5W-12 luma-tavo ··42".into(),
            birth_date: None,
            identifiers: Vec::new(),
            unmasked: false,
            collected: Some("2031-05-06T02:51:00Z".into()),
            issued: None,
            orderer: None,
            unit: Some("5W".into()),
            observations: vec![ObservationView {
                number: 1,
                name: "Potassium".into(),
                value: ">6.8".into(),
                unit: "mmol/L".into(),
                interpretation: vec!["HH".into()],
                reference: "3.5-5.1".into(),
                status: "final".into(),
                critical: true,
                previous: None,
                options: Vec::new(),
                notes: Vec::new(),
            }],
            acknowledged_by: Vec::new(),
        }
    }

    #[test]
    fn a_card_shows_the_value_as_the_laboratory_wrote_it() {
        let words = words(&card(), &Wall::fixed(jiff::civil::date(2031, 5, 6)));
        assert!(
            words.contains("CRITICAL · Potassium · final · version 1"),
            "{words}"
        );
        assert!(
            words.contains(" 1  Potassium  >6.8 mmol/L  HH  reference 3.5-5.1  read back"),
            "{words}"
        );
        assert!(words.contains("acknowledged —"), "{words}");
    }

    #[test]
    fn a_superseded_or_withdrawn_card_says_so_above_its_values() {
        let mut old = card();
        old.current_version = 2;
        old.blanked = Some("wrong patient".into());
        old.observations[0].value.clear();
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let disputed = CardView {
            disputed: true,
            ..card()
        };
        assert!(self::words(&disputed, &wall).contains("Rely on neither"));
        let words = words(&old, &wall);
        let warning = words.find("Superseded: version 2").unwrap();
        assert!(warning < words.find("Potassium  —").unwrap(), "{words}");
        assert!(
            words.contains("wrong patient: values are withdrawn"),
            "{words}"
        );
    }
}
