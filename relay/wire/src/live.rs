//! What a mailbox gives out: entries, over the live socket or by long poll, until each is acknowledged. A device
//! acknowledges only what a committed transaction of its own holds.

use minicbor::{Decode, Encode};

use crate::submit::Class;
use crate::{Alias, EntrySeq, ErrorCode, ReceiptHandle, RelayTime, Sealed, SignedTime};

/// One delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    /// Its place in the mailbox.
    #[n(0)]
    pub seq: EntrySeq,
    /// Which of the mailbox's aliases it was sent to.
    #[n(1)]
    pub alias: Alias,
    /// What was sent.
    #[n(2)]
    pub payload: Sealed,
    /// Where the sender waits for a receipt.
    #[n(3)]
    pub receipt: Option<ReceiptHandle>,
    /// When the relay accepted it.
    #[n(4)]
    pub accepted: RelayTime,
    /// How urgent it was sent.
    #[n(5)]
    pub class: Class,
}

/// One receipt a device leaves. The relay takes it while the sender still waits under the handle, and forgets it
/// silently otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LeftReceipt {
    /// From the entry.
    #[n(0)]
    pub handle: ReceiptHandle,
    /// Signed by the device, sealed to the sender.
    #[n(1)]
    pub receipt: Sealed,
}

/// Acknowledges entries and leaves receipts, which may also come later than the acknowledgement of their entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    /// Entries that may be forgotten. Unknown ones are no error.
    #[n(0)]
    pub seqs: Vec<EntrySeq>,
    /// Receipts.
    #[n(1)]
    pub receipts: Vec<LeftReceipt>,
}

/// The acknowledgement is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Acked {
    /// How many sequence numbers the acknowledgement named.
    #[n(0)]
    pub n: u32,
}

/// Asks for what waits; answers at once if something does, else when something comes or the wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fetch {
    /// At most so many entries.
    #[n(0)]
    pub max: u16,
    /// Wait at most so long.
    #[n(1)]
    pub wait_ms: u32,
}

/// What waits, in order. Not yet acknowledged entries come again at the next fetch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fetched {
    /// The entries.
    #[n(0)]
    pub entries: Vec<Entry>,
    /// The relay's time now.
    #[n(1)]
    pub time: SignedTime,
}

/// A frame from the relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum ServerFrame {
    /// Entries, each once per socket. No more come while [`crate::limits::IN_FLIGHT_ENTRIES`] or
    /// [`crate::limits::IN_FLIGHT_BYTES`] are not acknowledged.
    #[n(1)]
    Deliver(#[n(0)] Vec<Entry>),
    /// The time: first of all frames, then each minute.
    #[n(2)]
    Time(#[n(0)] SignedTime),
    /// Answers acknowledgements, in their order.
    #[n(3)]
    Acked(#[n(0)] Acked),
    /// The last frame, and why.
    #[n(4)]
    Closed(#[n(0)] ErrorCode),
}

/// A frame from the device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum ClientFrame {
    /// Acknowledges.
    #[n(1)]
    Ack(#[n(0)] Ack),
}
