//! What the client shows. Plain data, ready to be drawn or written as JSON; identifiers are hexadecimal text, times are
//! RFC 3339 in UTC. Field names are stable: they are the `--json` contract of the command line.

use serde::Serialize;

redacted!(
    PersonView,
    DeviceView,
    InvitationView,
    PendingApprovalView,
    JoinView,
    ConversationView,
    MessageView,
    CardView,
    ObservationView,
    AttachmentView,
    StatusView,
    StateTime,
    MessageStatusView,
    SentResultView,
    HeldView,
);

/// A person of the organisation.
#[derive(Clone, Serialize)]
pub struct PersonView {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Unit; empty where none.
    pub unit: String,
    /// `active`, `invited`, `suspended` or `left`.
    pub state: String,
    /// Names of roles held now.
    pub roles: Vec<String>,
    /// System and value.
    pub external_ids: Vec<(String, String)>,
    /// How many confirmed devices.
    pub devices: usize,
    /// `person` or `place`.
    pub kind: &'static str,
    /// Is it me (this device's owner)?
    pub me: bool,
}

/// A device of the organisation.
#[derive(Clone, Serialize)]
pub struct DeviceView {
    /// Identifier.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// Owner's identifier.
    pub owner: String,
    /// Owner's name.
    pub owner_name: String,
    /// `confirmed`, `pending` or `revoked`.
    pub state: String,
    /// Groups of digits two people compare.
    pub safety_code: String,
    /// Is it this one?
    pub this: bool,
}

/// An invitation that was made.
#[derive(Clone, Serialize)]
pub struct InvitationView {
    /// Identifier.
    pub id: String,
    /// For whom.
    pub name: String,
    /// The link.
    pub link: String,
    /// The six words; empty where the link holds them.
    pub words: String,
    /// Until when.
    pub expires: String,
    /// Whether an admin must approve.
    pub approval: bool,
}

/// Somebody waiting for approval.
#[derive(Clone, Serialize)]
pub struct PendingApprovalView {
    /// The invitation.
    pub invitation: String,
    /// For whom it was.
    pub name: String,
    /// What the new device is called.
    pub device_label: String,
    /// The short code that both compare.
    pub code: String,
}

/// How joining went.
#[derive(Clone, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JoinView {
    /// This device is a member of the organisation.
    Joined {
        /// Its identifier.
        device: String,
        /// The organisation's name.
        organisation: String,
    },
    /// An admin must approve; both compare the code.
    AwaitingApproval {
        /// The short code.
        code: String,
    },
}

/// A conversation in a list.
#[derive(Clone, Serialize)]
pub struct ConversationView {
    /// Identifier.
    pub id: String,
    /// `direct` or `group`.
    pub kind: &'static str,
    /// Title, or the other's name.
    pub title: String,
    /// `creating`, `active`, `left`, `stalled` or `read_only`.
    pub state: &'static str,
    /// Members' names.
    pub members: Vec<String>,
    /// Newest activity.
    pub updated: String,
    /// Cards addressed to me that nobody has acknowledged.
    pub unacknowledged: usize,
}

/// One message.
#[derive(Clone, Serialize)]
pub struct MessageView {
    /// Identifier.
    pub id: String,
    /// Conversation.
    pub conversation: String,
    /// `text`, `card`, `attachment`, `statement` or `system`.
    pub kind: &'static str,
    /// Sender's name.
    pub sender: String,
    /// Sender's owner id.
    pub sender_id: String,
    /// Sent by this device.
    pub mine: bool,
    /// `routine`, `urgent` or `critical`.
    pub priority: &'static str,
    /// Sender's time.
    pub sent: String,
    /// When this device received it.
    pub received: String,
    /// The sender's clock was off.
    pub drifted: bool,
    /// Text; empty for cards.
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<String>,
    /// `handed over` (a colleague's word: the named sender did not prove it here), `edited`, `retracted`, `expired`, in
    /// this order where they apply.
    pub marks: Vec<&'static str>,
    /// Reactions: name and emoji.
    pub reactions: Vec<(String, String)>,
    /// The card, if it carries one.
    pub card: Option<CardView>,
    /// Attachments.
    pub attachments: Vec<AttachmentView>,
    /// When it expires.
    pub expires: Option<String>,
}

/// A result card, masked unless identifiers were asked for with a purpose.
#[derive(Clone, Serialize)]
pub struct CardView {
    /// What was examined.
    pub title: String,
    /// FHIR DiagnosticReport status.
    pub status: String,
    /// 1, 2, …
    pub version: u32,
    /// The newest version there is: another number means this one is superseded.
    pub current_version: u32,
    /// Another card has the same version and says something else: neither may be relied on.
    pub disputed: bool,
    /// SHA-256 of the card's bytes.
    pub digest: String,
    /// Asks for a read-back.
    pub critical: bool,
    /// Stamped TEST: never acted on.
    pub test: bool,
    /// `wrong patient` or `entered in error`: values are blanked.
    pub blanked: Option<String>,
    /// Patient: unit, token and last digits, or the name where `unmasked`.
    pub patient: String,
    /// The patient's token.
    pub token: String,
    /// Birth date, only in clear.
    pub birth_date: Option<String>,
    /// Identifiers, only in clear: authority and value.
    pub identifiers: Vec<(String, String)>,
    /// Whether identifiers are shown.
    pub unmasked: bool,
    /// When the specimen was collected.
    pub collected: Option<String>,
    /// When the report was issued.
    pub issued: Option<String>,
    /// Orderer as the report names them.
    pub orderer: Option<String>,
    /// Unit as the report names it.
    pub unit: Option<String>,
    /// Observations in order.
    pub observations: Vec<ObservationView>,
    /// Acknowledged by whom, for this version.
    pub acknowledged_by: Vec<String>,
}

/// One observation of a card.
#[derive(Clone, Serialize)]
pub struct ObservationView {
    /// From 1.
    pub number: usize,
    /// Name of the test.
    pub name: String,
    /// Value as the laboratory wrote it, with comparator; empty where absent or blanked.
    pub value: String,
    /// Unit.
    pub unit: String,
    /// The laboratory's flags ("HH").
    pub interpretation: Vec<String>,
    /// Reference range.
    pub reference: String,
    /// FHIR Observation status; `removed` for one that the version before had and this one has not.
    pub status: String,
    /// Asks for a read-back.
    pub critical: bool,
    /// The value of the version before, where it differs.
    pub previous: Option<String>,
    /// Options to choose from where the read-back is by choice.
    pub options: Vec<String>,
    /// Notes.
    pub notes: Vec<String>,
}

/// An attachment.
#[derive(Clone, Serialize)]
pub struct AttachmentView {
    /// Part number.
    pub part: u16,
    /// Real name.
    pub name: String,
    /// Media type.
    pub media: String,
    /// Bytes.
    pub size: u64,
    /// `wanted`, `uploading`, `here` or `gone`.
    pub state: &'static str,
}

/// What one person (or place) has proven about a message.
#[derive(Clone, Serialize)]
pub struct StatusView {
    /// Person or place.
    pub id: String,
    /// Name.
    pub name: String,
    /// The furthest state: `queued`, `delivered`, `seen`, `acknowledged`, `declined`, `mismatch`, `expired`, `revoked`, `waiting`.
    pub state: &'static str,
    /// Every proven state with its time.
    pub times: Vec<StateTime>,
    /// The card's version the statement names, where it is one.
    pub version: Option<u32>,
}

/// A state and when it was reached.
#[derive(Clone, Serialize)]
pub struct StateTime {
    /// State.
    pub state: &'static str,
    /// When.
    pub at: String,
}

/// The states of a message: the relay's word, then each addressee's.
#[derive(Clone, Serialize)]
pub struct MessageStatusView {
    /// Message.
    pub message: String,
    /// When the relay stored it, by its signed word; `None`: not yet.
    pub queued: Option<String>,
    /// Each addressee.
    pub people: Vec<StatusView>,
}

/// A result that was sent, or why not.
#[derive(Clone, Serialize)]
pub struct SentResultView {
    /// The message, where one was sent.
    pub message: Option<String>,
    /// Conversations it went to.
    pub conversation: Option<String>,
    /// To whom.
    pub to: String,
    /// What was examined.
    pub title: String,
    /// Version of the card.
    pub version: u32,
    /// The same content had been sent before: nothing was sent again.
    pub duplicate: bool,
    /// Went out as critical.
    pub critical: bool,
}

/// Something held.
#[derive(Clone, Serialize)]
pub struct HeldView {
    /// Local number.
    pub number: i64,
    /// Conversation, where known.
    pub conversation: Option<String>,
    /// Why.
    pub cause: &'static str,
    /// Judged and kept as evidence.
    pub refused: bool,
    /// Since when.
    pub since: String,
    /// How many more were refused in the same conversation and are not kept: the space for evidence was full.
    pub repeats: u64,
}

/// What one round with the relay did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SyncReport {
    /// Entries ingested.
    pub received: usize,
    /// Requests the relay answered.
    pub sent: usize,
    /// Receipts collected.
    pub receipts: usize,
    /// Roster entries read.
    pub roster: usize,
    /// Commits accepted.
    pub commits: usize,
    /// Messages held.
    pub held: usize,
    /// Still waiting in the outbox.
    pub waiting: usize,
}

/// One line of the doctor's findings.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub topic: &'static str,
    /// `ok`, `warning` or `problem`.
    pub level: &'static str,
    /// In words.
    pub text: String,
}
