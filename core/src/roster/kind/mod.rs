//! What an entry can say. One number per kind and one fixed shape per number: a body never grows a field, because a
//! release that does not know the field would judge the entry differently. A new shape is a new kind.
//!
//! A kind is *critical* if a reader that does not know it would decide rights wrongly; such a reader halts and asks
//! for an update. Kinds that only inform are chained and ignored by readers that do not know them.

pub mod control;
pub mod device;
pub mod duty;
pub mod founding;
pub mod people;
pub mod place;
pub mod policy;
pub mod role;
pub mod upkeep;

pub use control::{Countersign, Proposal, Refused, RulesAdopted};
pub use device::{
    DeviceApproved, DeviceChannel, DeviceDetails, DeviceEnrolled, DeviceRevoked, RevocationMode,
    SealingPublic,
};
pub use duty::{Availability, DutyDefined, DutyHandedOff, DutyScheduled, Shift};
pub use founding::{
    Approval, Founded, RecoveryAnnounced, RecoveryDone, RecoveryVetoed, RelayDescriptor,
    RootRotated,
};
pub use people::{
    ApprovalMode, CampaignAnswered, CampaignOpened, Decision, ExternalId, InvitationWithdrawn,
    Invited, PersonAdded, PersonChanged, PersonDetails, PersonLeft, PersonSuspended, Recertified,
    Subject,
};
pub use place::{PlaceAdded, PlaceChanged, PlaceClosed, PlaceDetails, PlaceDuty, PlaceKind};
pub use policy::{Policy, Setting, Value};
pub use role::{
    ElevationGranted, ElevationRequested, ExceptionGranted, GrantRef, RoleDefined, RoleDefinition,
    RoleGranted, RoleRetired, RoleRule, RoleTerms, RoleWithdrawn,
};
pub use upkeep::{KeyRotated, PartnerChanged, RelayChanged, Tick};

use crate::base::codec::{self, CodecError};

macro_rules! kinds {
    ($($(#[$doc:meta])* $code:literal $variant:ident $critical:literal $name:literal;)*) => {
        /// A decoded body of a kind this release knows.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Body {
            $($(#[$doc])* $variant(Box<$variant>),)*
        }

        $(impl From<$variant> for Body {
            fn from(body: $variant) -> Self {
                Self::$variant(Box::new(body))
            }
        })*

        /// Number, name and criticality of every kind this release knows.
        pub const KINDS: &[(u16, &str, bool)] = &[$(($code, $name, $critical),)*];

        impl Body {
            /// The kind's number.
            #[must_use]
            pub const fn kind(&self) -> u16 {
                match self { $(Self::$variant(_) => $code,)* }
            }
            /// Whether a reader that does not know the kind must halt.
            #[must_use]
            pub const fn critical(&self) -> bool {
                match self { $(Self::$variant(_) => $critical,)* }
            }
            /// The kind's name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }
            /// The encoded body.
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                match self { $(Self::$variant(body) => codec::encode(body.as_ref()),)* }
            }
            /// Reads a body strictly; `None` for a kind this release does not know.
            ///
            /// # Errors
            /// [`CodecError`].
            pub fn from_bytes(kind: u16, bytes: &[u8]) -> Result<Option<Self>, CodecError> {
                Ok(Some(match kind {
                    $($code => Self::$variant(Box::new(codec::decode(bytes)?)),)*
                    _ => return Ok(None),
                }))
            }
        }
    };
}

kinds! {
    /// The first entry.
    1 Founded true "founded";
    /// The root key changes hands.
    2 RootRotated true "root rotated";
    /// The offline root key announces a new administrator.
    3 RecoveryAnnounced true "recovery announced";
    /// Somebody who administers says that this is not wanted.
    4 RecoveryVetoed true "recovery vetoed";
    /// The announced administrator is invited.
    5 RecoveryDone true "recovery done";
    /// Somebody may enrol one device.
    10 Invited true "person invited";
    /// A person without an invitation yet.
    11 PersonAdded true "person added";
    /// Details of a person change.
    12 PersonChanged false "person changed";
    /// A person left; all their devices with them.
    13 PersonLeft true "person left";
    /// A person is suspended or readmitted.
    14 PersonSuspended true "person suspended";
    /// An unused invitation is taken back.
    15 InvitationWithdrawn true "invitation withdrawn";
    /// A campaign confirmed a person's rights.
    16 Recertified false "recertified";
    /// A review of who still needs their roles begins.
    17 CampaignOpened true "campaign opened";
    /// The review's answer about one person.
    18 CampaignAnswered true "campaign answered";
    /// A place that may own devices.
    20 PlaceAdded true "place added";
    /// Details of a place change.
    21 PlaceChanged false "place changed";
    /// A place closes; its devices with it.
    22 PlaceClosed true "place closed";
    /// A device takes an invitation.
    30 DeviceEnrolled true "device enrolled";
    /// A pending or suspended device is confirmed.
    31 DeviceApproved true "device approved";
    /// A device is excluded; the entry is the order.
    32 DeviceRevoked true "device revoked";
    /// A device adds its wipe channel.
    33 DeviceChannel false "device channel";
    /// A role of the organisation's own.
    40 RoleDefined true "role defined";
    /// A person or place gets a role.
    41 RoleGranted true "role granted";
    /// A granted role ends.
    42 RoleWithdrawn true "role withdrawn";
    /// A role of the organisation's own ends, for all its holders.
    43 RoleRetired true "role retired";
    /// One human may hold two roles that exclude each other, for a time.
    44 ExceptionGranted true "exception granted";
    /// A person asks for a role for some hours.
    45 ElevationRequested true "elevation requested";
    /// Another person agrees: the role holds from here on.
    46 ElevationGranted true "elevation granted";
    /// A duty exists, changes or ends.
    50 DutyDefined false "duty defined";
    /// Who is on call when.
    51 DutyScheduled false "duty scheduled";
    /// A shift passes to somebody else.
    52 DutyHandedOff false "duty handed off";
    /// Whether a person can be reached.
    53 Availability false "availability";
    /// The organisation's rules.
    60 Policy true "policy";
    /// An act that waits for a second person.
    61 Proposal true "proposal";
    /// The second person agrees: the proposed act happens here.
    62 Countersign true "countersign";
    /// The second person, or the proposer, says no.
    63 Refused true "refusal";
    /// From here on entries are judged by a later version of the rules.
    64 RulesAdopted true "rules adopted";
    /// A new roster key.
    70 KeyRotated true "roster key rotated";
    /// Another organisation that may be written to.
    71 PartnerChanged false "partner organisation";
    /// Log time moves on.
    72 Tick false "tick";
    /// The relay's address or pins change.
    73 RelayChanged true "relay changed";
}
