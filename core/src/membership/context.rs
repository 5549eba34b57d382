//! What a decision about membership needs besides the transaction: who this device is, what the roster says, the time
//! and entropy.

use crate::base::{DeviceId, Digest, Owner, Random, Timestamp};
use crate::mls::{Identity, Member};
use crate::roster::authorize::Refusal;
use crate::roster::record::DeviceRecord;
use crate::roster::{Action, Actor, HeadRelation, Roster, RosterHead, Scope};
use crate::store::table::conversation::{ConversationKind, ConversationRow};
use crate::store::table::device::DeviceSelf;

/// Handed down by whoever opened the transaction.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// This device.
    pub me: &'a DeviceSelf,
    /// The roster as far as it has been verified and stored.
    pub roster: &'a Roster,
    /// This device's clock.
    pub now: Timestamp,
    /// Entropy.
    pub random: &'a dyn Random,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Context(..)")
    }
}

impl<'a> Context<'a> {
    /// This device as an MLS client.
    #[must_use]
    pub const fn identity(&self) -> Identity<'a> {
        Identity {
            device: self.me.device,
            key: &self.me.signing,
        }
    }
    /// The newest roster entry this device has verified.
    #[must_use]
    pub fn head(&self) -> RosterHead {
        self.roster.head().unwrap_or(RosterHead {
            seq: 0,
            hash: Digest::ZERO,
        })
    }
    /// How another's head relates to this device's roster.
    #[must_use]
    pub fn relate(&self, head: &RosterHead) -> HeadRelation {
        self.roster.compare(head)
    }
    /// What the roster knows of a device.
    #[must_use]
    pub fn device(&self, device: &DeviceId) -> Option<&'a DeviceRecord> {
        self.roster.device(device)
    }
    /// Whom a device belongs to, as far as the roster knows.
    #[must_use]
    pub fn owner_of(&self, device: &DeviceId) -> Option<Owner> {
        self.device(device).map(|d| d.details.owner)
    }
    /// Whether a device counts now.
    #[must_use]
    pub fn is_confirmed(&self, device: &DeviceId) -> bool {
        self.roster
            .view()
            .is_ok_and(|view| view.confirmed(*device).is_ok())
    }
    /// Whether a device counted after an entry.
    #[must_use]
    pub fn was_confirmed(&self, device: &DeviceId, seq: u64) -> bool {
        self.roster
            .at(seq)
            .is_some_and(|view| view.confirmed(*device).is_ok())
    }
    /// Whether a leaf may stay: a confirmed device with the key that the roster names, and in a direct conversation a
    /// device of one of the two.
    #[must_use]
    pub fn stands(&self, conversation: &ConversationRow, leaf: &Member) -> bool {
        let known = self
            .device(&leaf.device)
            .filter(|device| device.details.signature_key == leaf.key);
        let belongs = known.is_some_and(|device| self.belongs(conversation, &device.details.owner));
        belongs && self.is_confirmed(&leaf.device)
    }
    /// Whether an owner's devices may be in a conversation: in a direct one those of the two.
    #[must_use]
    pub fn belongs(&self, conversation: &ConversationRow, owner: &Owner) -> bool {
        conversation.kind == ConversationKind::Group
            || *owner == self.me.owner
            || owner.as_bytes().as_slice() == conversation.peer
    }
    /// Whether an owner is there: neither suspended nor gone.
    #[must_use]
    pub fn acts(&self, owner: &Owner) -> bool {
        self.roster
            .view()
            .is_ok_and(|view| view.owner_acts(*owner).is_ok())
    }
    /// The other owner of a direct conversation.
    #[must_use]
    pub fn peer_of(&self, conversation: &ConversationRow) -> Option<Owner> {
        let unknown = |owner: &Owner| {
            self.roster.view().map_or(true, |view| {
                view.owner_acts(*owner) == Err(Refusal::UnknownOwner)
            })
        };
        [1, 2]
            .into_iter()
            .filter_map(|kind| Owner::from_parts(kind, &conversation.peer))
            .find(|owner| !unknown(owner))
    }
    /// The devices of an owner that count now.
    #[must_use]
    pub fn confirmed_devices(&self, owner: &Owner) -> Vec<DeviceId> {
        self.roster
            .active_devices_of(*owner)
            .map(|record| record.details.device)
            .collect()
    }
    /// Whether this device may sign how fresh the roster is.
    #[must_use]
    pub fn may_attest(&self) -> bool {
        self.roster
            .may(
                Actor::device(self.me.device),
                Action::Attest,
                &Scope::organisation(),
            )
            .is_ok()
    }
    /// Where a device's Welcomes arrive.
    #[must_use]
    pub fn contact_alias(&self, device: &DeviceId) -> Option<[u8; 16]> {
        self.device(device)
            .map(|d| *d.details.contact_alias.as_bytes())
    }
    /// What is sealed to a device is sealed to this key (1,216 bytes).
    #[must_use]
    pub fn sealing_key(&self, device: &DeviceId) -> Option<&'a [u8]> {
        self.device(device)
            .map(|d| d.details.sealing_key.as_bytes())
    }
    /// The owner's name for people; a dash where the roster does not know them.
    #[must_use]
    pub fn name_of(&self, owner: &Owner) -> String {
        let name = match owner {
            Owner::Person(id) => self
                .roster
                .person(id)
                .map(|person| person.details.name.as_str()),
            Owner::Place(id) => self
                .roster
                .place(id)
                .map(|place| place.details.name.as_str()),
        };
        name.unwrap_or("—").to_owned()
    }
}
