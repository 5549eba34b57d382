//! Names on the command line, made into identifiers. A name that could mean two things is refused: a result sent to the
//! wrong one cannot be called back.

use sotto_core::{
    Client, ConversationId, ConversationView, DeviceView, ErrorKind, ExportScope, Owner, PersonId,
    PersonView, PlaceId, Recipient,
};

use crate::failure::{Failure, Outcome};
use crate::output::text::clean;

/// A conversation, or somebody to open one with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Conversation(ConversationId),
    Owner(Owner),
}

/// `CHAT|PERSON`.
pub(crate) fn target(client: &Client, text: &str) -> Outcome<Target> {
    let conversation = found(client.find_conversation(text))?;
    let owner = found(client.find_owner(text))?;
    let direct = |id: ConversationId| -> Outcome<bool> {
        let id = id.to_string();
        Ok(client
            .conversations()?
            .iter()
            .any(|view: &ConversationView| view.id == id && view.kind == "direct"))
    };
    match (conversation, owner) {
        // The other's name finds their direct conversation: the two mean the same.
        (Some(id), Some(_)) if direct(id)? => Ok(Target::Conversation(id)),
        (Some(_), Some(_)) => Err(ambiguous(text, "a group and a person or place")),
        (Some(id), None) => Ok(Target::Conversation(id)),
        (None, Some(owner)) => Ok(Target::Owner(owner)),
        (None, None) => Err(Failure::not_found(
            "target.not_found",
            format!(
                "no conversation, person or place is called “{}”; `sotto people` lists who is there",
                clean(text)
            ),
        )),
    }
}

/// `CHAT|PERSON`, opening the direct conversation where there is none yet.
pub(crate) fn conversation(client: &Client, text: &str) -> Outcome<ConversationId> {
    match target(client, text)? {
        Target::Conversation(id) => Ok(id),
        Target::Owner(owner) => Ok(client.direct(owner)?),
    }
}

/// `PERSON|CHAT|ordering`.
pub(crate) fn recipient(client: &Client, text: &str) -> Outcome<Recipient> {
    if text == "ordering" {
        return Ok(Recipient::Ordering);
    }
    Ok(match target(client, text)? {
        Target::Conversation(id) => Recipient::Conversation(id),
        Target::Owner(owner) => Recipient::Owner(owner),
    })
}

/// `CHAT|MESSAGE`.
pub(crate) fn export_scope(client: &Client, text: &str) -> Outcome<ExportScope> {
    let message = if looks_like_id(text) {
        found(client.find_message(text))?
    } else {
        None
    };
    match (message, found(client.find_conversation(text))?) {
        (Some(_), Some(_)) => Err(ambiguous(text, "a message and a conversation")),
        (Some(message), None) => Ok(ExportScope::Message(message)),
        (None, Some(conversation)) => Ok(ExportScope::Conversation(conversation)),
        (None, None) => Err(Failure::not_found(
            "target.not_found",
            format!("no conversation and no message is called “{}”", clean(text)),
        )),
    }
}

/// Several persons or places, all or none.
pub(crate) fn owners(client: &Client, names: &[String]) -> Outcome<Vec<Owner>> {
    names
        .iter()
        .map(|name| Ok(client.find_owner(name)?))
        .collect()
}

/// Whose device this is.
pub(crate) fn me(client: &Client) -> Outcome<Owner> {
    let people = client.people()?;
    people
        .iter()
        .find(|person| person.me)
        .and_then(owner_of)
        .ok_or_else(|| {
            Failure::not_found(
                "device.without_owner",
                "this device does not belong to an organisation yet",
            )
        })
}

fn owner_of(view: &PersonView) -> Option<Owner> {
    match view.kind {
        "place" => view.id.parse::<PlaceId>().ok().map(Owner::Place),
        _ => view.id.parse::<PersonId>().ok().map(Owner::Person),
    }
}

/// `DEVICE`: what core takes for one, with what is shown of it.
pub(crate) fn device(client: &Client, text: &str) -> Outcome<DeviceView> {
    let id = client.find_device(text)?.to_string();
    let mut devices = client.devices()?.into_iter();
    devices.find(|device| device.id == id).ok_or_else(|| {
        Failure::not_found(
            "device.not_found",
            "that device is gone; `sotto devices` lists them",
        )
    })
}

/// `PERSON`, and no place.
pub(crate) fn person(client: &Client, text: &str) -> Outcome<PersonId> {
    match client.find_owner(text)? {
        Owner::Person(person) => Ok(person),
        Owner::Place(_) => Err(Failure::bad_input(
            "person.place",
            "that is a place; this is about a person",
        )),
    }
}

/// The name of a person or place, as it is shown.
pub(crate) fn name_of(client: &Client, owner: Owner) -> Outcome<String> {
    let id = owner.to_string();
    let people = client.people()?;
    let found = people.into_iter().find(|view| view.id == id);
    Ok(found.map_or(id, |view| clean(&view.name)))
}

/// An identifier that core printed.
pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Outcome<T> {
    text.parse().map_err(|_| {
        Failure::new(
            ErrorKind::Internal,
            "id.malformed",
            "an identifier is malformed",
        )
    })
}

fn found<T>(result: Result<T, sotto_core::Error>) -> Outcome<Option<T>> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn ambiguous(text: &str, what: &str) -> Failure {
    Failure::bad_input(
        "target.ambiguous",
        format!("“{}” names {what}; use the identifier instead", clean(text)),
    )
}

fn looks_like_id(text: &str) -> bool {
    text.len() >= 6 && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_not_taken_for_an_identifier() {
        assert!(looks_like_id("ab12cd"));
        for word in ["ab12c", "ICU 5", "élan66", ""] {
            assert!(!looks_like_id(word), "{word}");
        }
    }

    #[test]
    fn a_place_in_the_list_of_people_is_a_place() {
        let mut view = PersonView {
            id: "0b".repeat(16),
            name: "Ward 5W".into(),
            unit: String::new(),
            state: "active".into(),
            roles: Vec::new(),
            external_ids: Vec::new(),
            devices: 1,
            kind: "place",
            me: true,
        };
        assert_eq!(owner_of(&view), Some(Owner::Place(PlaceId::new([11; 16]))));
        view.kind = "person";
        assert_eq!(
            owner_of(&view),
            Some(Owner::Person(PersonId::new([11; 16])))
        );
        view.id = "0b".into();
        assert_eq!(owner_of(&view), None);
    }
}
