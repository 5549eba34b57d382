//! How an organisation begins, and how its root key changes hands.

use minicbor::{Decode, Encode};

use super::{DeviceDetails, PersonDetails, Policy, SealingPublic, Subject};
use crate::base::{
    DeviceId, Digest, InvitationId, OrganisationId, PersonId, RoleId, Signature, Timestamp,
    VerifyingKey,
};
use crate::roster::root_seal::RootSeal;
use crate::roster::{Name, Text};

/// Where the organisation's relay is and how it is recognised.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RelayDescriptor {
    /// Address: `https://host[:port]`.
    #[n(0)]
    pub address: Text<256>,
    /// SHA-256 of the TLS key's SubjectPublicKeyInfo, first the current, then the backup. 1 to 4.
    #[n(1)]
    pub pins: Vec<Digest>,
    /// Signs `queued`, time and escrow outcomes.
    #[n(2)]
    pub signing_key: VerifyingKey,
    /// The organisation's name at the relay, 16 random bytes unlinkable to its name here.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub tenant: [u8; 16],
}

/// Redacted: where an organisation is, and its name there.
impl std::fmt::Debug for RelayDescriptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayDescriptor(..)")
    }
}

/// The first entry: signed by the root key, pinned by every link.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Founded {
    /// Entry format and table of rights; a higher one than a reader knows halts it.
    #[n(0)]
    pub format: u16,
    /// The organisation's id.
    #[n(1)]
    pub organisation: OrganisationId,
    /// Its name.
    #[n(2)]
    pub name: Name,
    /// The root key.
    #[n(3)]
    pub root: VerifyingKey,
    /// The first relay.
    #[n(4)]
    pub relay: RelayDescriptor,
    /// The first administrator.
    #[n(5)]
    pub admin: PersonId,
    /// Who that is.
    #[n(6)]
    pub details: PersonDetails,
    /// Roles beside `admin` that this person gets, organisation-wide.
    #[n(7)]
    pub roles: Vec<RoleId>,
    /// The first device, confirmed.
    #[n(8)]
    pub device: DeviceDetails,
    /// By the first device's signature key: it holds that key.
    #[n(9)]
    pub device_proof: Signature,
    /// The rules to begin with.
    #[n(10)]
    pub policy: Policy,
    /// Commitment to the first roster key.
    #[n(11)]
    pub key_commitment: Digest,
    /// Sealing key that only the root key opens; absent in what release 0.1 wrote.
    #[n(12)]
    pub root_sealing: Option<SealingPublic>,
    /// The first administration capability, sealed to it: whoever has the root file can hand it to a new administrator
    /// when all others are lost.
    #[n(13)]
    pub root_seal: Option<RootSeal>,
}

/// An administrator's consent to a new root key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Approval {
    /// The consenting device.
    #[n(0)]
    pub device: DeviceId,
    /// Over organisation, the entry that the consent follows, the new root key and its sealing key.
    #[n(1)]
    pub signature: Signature,
}

/// A new root key: signed by the old one as the entry's author, by the new one, and by administrators.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RootRotated {
    /// The new root key.
    #[n(0)]
    pub root: VerifyingKey,
    /// By the new root key over the same bytes as the approvals.
    #[n(1)]
    pub proof: Signature,
    /// Administrators, one device of each.
    #[n(2)]
    pub approvals: Vec<Approval>,
    /// Sealing key that only the new root key opens; from the second version of the rules on. The old one is forgotten
    /// with or without it.
    #[n(3)]
    pub root_sealing: Option<SealingPublic>,
    /// The entry that approvals and proof follow, at most a week back in log time; absent: the predecessor. People need
    /// a while to agree, and the log does not wait for them. From the second version of the rules on.
    #[n(4)]
    pub follows: Option<u64>,
}

/// The only administrator is lost: the offline root key announces another. Nothing happens yet; everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecoveryAnnounced {
    /// Who is to administer: a new person or one of the roster.
    #[n(0)]
    pub subject: Subject,
    /// The invitation of their device.
    #[n(1)]
    pub invitation: InvitationId,
    /// Its signature key.
    #[n(2)]
    pub key: VerifyingKey,
    /// Its sealing key.
    #[n(3)]
    pub sealing_key: SealingPublic,
    /// Not before; as far ahead as policy asks for, at least a day. Judged against log time.
    #[n(4)]
    pub effective: Timestamp,
    /// Not after, and the invitation's end; at most 30 days after `effective`.
    #[n(5)]
    pub expires: Timestamp,
    /// Why.
    #[n(6)]
    pub reason: Text<256>,
}

/// Somebody with a privileged role says that the recovery is not wanted: it is off.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecoveryVetoed {
    /// The announcement's entry number.
    #[n(0)]
    pub announcement: u64,
    /// For the record.
    #[n(1)]
    pub reason: Option<Text<256>>,
}

/// By the root key, after the delay: the announced person gets the role `admin` and may enrol their device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecoveryDone {
    /// The announcement's entry number.
    #[n(0)]
    pub announcement: u64,
}
