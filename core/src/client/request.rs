//! What callers hand to the client.

use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::{ConversationId, MessageId, Owner, PersonId};

redacted!(
    Unlock,
    RelayAddress,
    FoundOrganisation,
    Invitee,
    Invite,
    Draft,
    SendResult,
    ReadBack,
    Acknowledge,
    Unmask,
);

/// How a store's key is protected.
#[derive(Clone)]
pub enum Unlock {
    /// The operating system's keyring alone.
    Keyring,
    /// A PIN or passphrase (Argon2id).
    Passphrase(Zeroizing<String>),
    /// Both: a thief needs the machine's session and the passphrase.
    KeyringAndPassphrase(Zeroizing<String>),
}

/// Where the relay is and how it proves itself.
#[derive(Clone)]
pub struct RelayAddress {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// SHA-256 over the SubjectPublicKeyInfo of its TLS key, then of its backup key.
    pub pins: Vec<[u8; 32]>,
}

/// Founding an organisation.
#[derive(Clone)]
pub struct FoundOrganisation {
    /// Name of the organisation.
    pub name: String,
    /// The relay it uses.
    pub relay: RelayAddress,
    /// The relay operator's single-use registration token (32 bytes).
    pub registration_token: [u8; 32],
    /// Name of the first admin.
    pub admin_name: String,
    /// What this device is called.
    pub device_label: String,
    /// Where the offline root key goes, sealed under a passphrase of its own. Must not exist yet.
    pub root_file: PathBuf,
    /// That passphrase.
    pub root_passphrase: Zeroizing<String>,
}

/// Whom an invitation is for.
#[derive(Clone)]
pub enum Invitee {
    /// Somebody new.
    Person {
        /// Name as it will be shown.
        name: String,
        /// Unit ("5W"); empty where none.
        unit: String,
        /// Names of roles, as the roster knows them ("physician", "laboratory").
        roles: Vec<String>,
        /// Identifiers elsewhere: system and value (NPI, staff number).
        external_ids: Vec<(String, String)>,
    },
    /// A new place: ward station, lab bench, agent.
    Place {
        /// Name as it will be shown.
        name: String,
        /// Unit.
        unit: String,
        /// Names of roles.
        roles: Vec<String>,
    },
    /// Another device of somebody who is already there.
    NextDevice(Owner),
}

/// An invitation to be made.
#[derive(Clone)]
pub struct Invite {
    /// For whom.
    pub invitee: Invitee,
    /// An admin compares a short code before keys are handed out.
    pub approval: bool,
    /// How long it is good.
    pub valid: Duration,
    /// Shown face to face: the link holds the six words too.
    pub in_person: bool,
}

/// A message to be sent.
#[derive(Clone, Default)]
pub struct Draft {
    /// Text as Markdown (GFM-MIMI), shown as text.
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Life of the message, counted from receipt.
    pub expires: Option<Duration>,
    /// A file to attach.
    pub attachment: Option<PathBuf>,
    /// 1 routine, 2 urgent. Zero counts as routine. Critical is for results alone.
    pub priority: u8,
}

/// Whom a result is for.
#[derive(Debug, Clone)]
pub enum Recipient {
    /// A person or place.
    Owner(Owner),
    /// An existing conversation.
    Conversation(ConversationId),
    /// Whoever the report names: the orderer, else their unit's place.
    Ordering,
}

/// A result to be sent.
#[derive(Clone)]
pub struct SendResult {
    /// To whom.
    pub to: Recipient,
    /// HL7 v2 ORU^R01 or FHIR R4 JSON, as the laboratory system wrote it.
    pub source: Vec<u8>,
    /// Mark all observations critical that the laboratory's flags do not already mark; says why.
    pub critical: Option<String>,
    /// Life of the message; `None` for the policy's.
    pub expires: Option<Duration>,
}

/// One observation read back.
#[derive(Clone)]
pub struct ReadBack {
    /// Which observation, from 1, in the card's order; `None` where only one asks for it.
    pub observation: Option<usize>,
    /// What the reader typed or chose.
    pub value: String,
}

/// An acknowledgement with its read-back.
#[derive(Clone)]
pub struct Acknowledge {
    /// The message that carries the card.
    pub message: MessageId,
    /// Values read back, one per observation that asks for it.
    pub values: Vec<ReadBack>,
    /// The patient's identifiers as the reader confirmed them (last digits or whole, or the birth date).
    pub identifiers: Vec<String>,
}

/// Why identifiers are shown in clear.
#[derive(Clone)]
pub struct Unmask {
    /// v3 PurposeOfUse code: TREAT, ETREAT, HOPERAT, BTG.
    pub purpose: String,
    /// In words.
    pub reason: String,
}

/// What an export covers.
#[derive(Debug, Clone, Copy)]
pub enum ExportScope {
    /// A whole conversation.
    Conversation(ConversationId),
    /// One message with all its statements.
    Message(MessageId),
}

/// A person's departure, or a place's closing.
#[derive(Debug, Clone, Copy)]
pub struct Leave {
    /// Who.
    pub person: PersonId,
}
