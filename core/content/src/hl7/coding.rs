//! CE, CWE, CNE, HD, EI, CX and XCN into the card's types.

use super::segment::Repetition;
use crate::card::{Clinician, Coding, Concept, HumanName, Identifier, system_of_v2};

/// A coded element: two triples of code, words and system, then the sender's own words (CWE.9).
pub(super) fn concept(repetition: &Repetition<'_>) -> Option<Concept> {
    let mut codings = Vec::new();
    for first in [1, 4, 10] {
        // CWE.10 to CWE.12 hold a third triple only where CWE.13 or more exist; older types end at CE.6.
        if first == 10 && repetition.component_count() < 12 {
            continue;
        }
        let coding = Coding {
            code: repetition.component(first),
            display: repetition.whole_component(first + 1),
            system: repetition
                .component(first + 2)
                .and_then(|name| system_of_v2(&name)),
        };
        if coding.code.is_some() || coding.display.is_some() {
            codings.push(coding);
        }
    }
    let concept = Concept {
        codings,
        text: repetition.whole_component(9),
    };
    (!concept.is_empty()).then_some(concept)
}

/// An assigning authority (HD): the namespace as URI and as name.
pub(super) fn authority(
    name: Option<String>,
    id: Option<String>,
    kind: Option<&str>,
) -> (Option<String>, Option<String>) {
    let system = id
        .as_deref()
        .map(|id| match kind.map(str::to_ascii_uppercase).as_deref() {
            Some("ISO" | "OID") => format!("urn:oid:{id}"),
            Some("UUID" | "GUID") => format!("urn:uuid:{id}"),
            Some("URI" | "URL") => id.to_owned(),
            _ => format!("urn:id:{id}"),
        });
    (system, name.or(id))
}

/// An HD inside one component.
pub(super) fn authority_in(
    repetition: &Repetition<'_>,
    component: usize,
) -> (Option<String>, Option<String>) {
    let part = |number| repetition.subcomponent(component, number);
    authority(part(1), part(2), part(3).as_deref())
}

/// CX: a number with authority and kind.
pub(super) fn extended_id(repetition: &Repetition<'_>) -> Option<Identifier> {
    let value = repetition.component(1)?;
    let (system, authority) = authority_in(repetition, 4);
    Some(Identifier {
        value,
        kind: repetition.component(5),
        system,
        authority,
    })
}

/// EI: an order number with namespace.
pub(super) fn entity_id(repetition: &Repetition<'_>) -> Option<Identifier> {
    let value = repetition.component(1)?;
    let part = |number| repetition.component(number);
    let (system, authority) = authority(part(2), part(3), part(4).as_deref());
    Some(Identifier {
        value,
        kind: None,
        system,
        authority,
    })
}

/// XPN and the name inside XCN: family, given, further given, suffix, prefix from a component on.
pub(super) fn name(repetition: &Repetition<'_>, first: usize) -> Option<HumanName> {
    let mut given: Vec<String> = Vec::new();
    given.extend(repetition.component(first + 1));
    given.extend(repetition.component(first + 2));
    let name = HumanName {
        text: None,
        family: repetition.component(first),
        given: given
            .iter()
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect(),
        suffix: repetition.component(first + 3),
        prefix: repetition.component(first + 4),
    };
    (!name.is_empty()).then_some(name)
}

/// XCN: a clinician. Some senders give a number or a family name alone, some leave the number out.
pub(super) fn clinician(repetition: &Repetition<'_>) -> Option<Clinician> {
    let identifier = repetition.component(1).map(|value| {
        let (system, authority) = authority_in(repetition, 9);
        Identifier {
            value,
            kind: repetition.component(13),
            system,
            authority,
        }
    });
    let who = Clinician {
        identifiers: identifier
            .into_iter()
            .filter(Identifier::belongs_on_a_card)
            .collect(),
        name: name(repetition, 2),
    };
    (!who.is_empty()).then_some(who)
}

/// The clinicians of a repeating field; repetitions that give the same name, or none, are one person's numbers.
pub(super) fn clinicians(repetitions: &[Repetition<'_>]) -> Vec<Clinician> {
    let mut found: Vec<Clinician> = Vec::new();
    for who in repetitions.iter().filter_map(clinician) {
        match found
            .iter_mut()
            .find(|known| who.name.is_none() || known.name == who.name)
        {
            Some(known) => known.identifiers.extend(who.identifiers),
            None => found.push(who),
        }
    }
    found
}
