//! The role pack: roles every organisation has. Their table is fixed by the entry format; what an organisation wants
//! otherwise it defines as a role of its own.

use Action::{
    Acknowledge, AcknowledgeCritical, ApproveDevice, Attest, ChangePolicy, ChangeRelay, DefineDuty,
    DefineRole, Export, GrantEmergencyAccess, GrantPrivilegedRole, GrantRole, HoldDuty, Invite,
    LiftHold, ManageMembers, ManagePartners, ManagePeople, ManagePlaces, MarkCritical, PlaceHold,
    ReadAudit, Recertify, RequestEmergencyAccess, ReviewEmergencyAccess, RevokeDevice, RotateKey,
    ScheduleDuty, SendMessage, SendResult, StartConversation, TakeOver, Unmask, UnmaskMany,
    ViewResult, WipeDevice,
};

use super::Action;
use crate::base::RoleId;

/// A role of the pack.
#[derive(Debug)]
pub struct PackRole {
    /// Its fixed id.
    pub id: RoleId,
    /// As it is shown, and typed at a command line.
    pub name: &'static str,
    /// Permitted wherever the role holds.
    pub always: &'static [Action],
    /// Permitted where the actor also has a relation to the patient.
    pub with_relation: &'static [Action],
}

impl PackRole {
    /// Whether the role permits an act: `None` no, `Some(true)` only with a relation to the patient.
    #[must_use]
    pub fn rule(&self, action: Action) -> Option<bool> {
        if self.always.contains(&action) {
            Some(false)
        } else if self.with_relation.contains(&action) {
            Some(true)
        } else {
            None
        }
    }
}

const fn id(number: u8) -> RoleId {
    let mut bytes = *b"sotto role pack\0";
    bytes[15] = number;
    RoleId::new(bytes)
}

/// Id of `physician`.
pub const PHYSICIAN: RoleId = id(1);
/// Id of `nurse`.
pub const NURSE: RoleId = id(2);
/// Id of `pharmacist`.
pub const PHARMACIST: RoleId = id(3);
/// Id of `laboratory`.
pub const LABORATORY: RoleId = id(4);
/// Id of `radiology technologist`.
pub const RADIOLOGY_TECHNOLOGIST: RoleId = id(5);
/// Id of `coder`.
pub const CODER: RoleId = id(6);
/// Id of `billing`.
pub const BILLING: RoleId = id(7);
/// Id of `release of information`.
pub const RELEASE_OF_INFORMATION: RoleId = id(8);
/// Id of `unit clerk`.
pub const UNIT_CLERK: RoleId = id(9);
/// Id of `charge nurse`.
pub const CHARGE_NURSE: RoleId = id(10);
/// Id of `privacy officer`.
pub const PRIVACY_OFFICER: RoleId = id(11);
/// Id of `security official`.
pub const SECURITY_OFFICIAL: RoleId = id(12);
/// Id of `auditor`.
pub const AUDITOR: RoleId = id(13);
/// Id of `admin`.
pub const ADMIN: RoleId = id(14);
/// Id of `agent`, for a place without a screen.
pub const AGENT: RoleId = id(15);

/// Every role of the pack.
#[rustfmt::skip]
pub const PACK: &[PackRole] = &[
    PackRole {
        id: PHYSICIAN, name: "physician",
        always: &[SendMessage, StartConversation, ManageMembers, SendResult, MarkCritical, Acknowledge, HoldDuty, TakeOver,
            RequestEmergencyAccess, Attest],
        with_relation: &[AcknowledgeCritical, ViewResult, Unmask],
    },
    PackRole {
        id: NURSE, name: "nurse",
        always: &[SendMessage, StartConversation, ManageMembers, Acknowledge, HoldDuty, TakeOver, RequestEmergencyAccess,
            Attest],
        with_relation: &[AcknowledgeCritical, ViewResult, Unmask],
    },
    PackRole {
        id: PHARMACIST, name: "pharmacist",
        always: &[SendMessage, StartConversation, ManageMembers, Acknowledge, HoldDuty, RequestEmergencyAccess, Attest],
        with_relation: &[ViewResult, Unmask],
    },
    PackRole {
        id: LABORATORY, name: "laboratory",
        always: &[SendMessage, StartConversation, ManageMembers, SendResult, MarkCritical, Acknowledge, ViewResult,
            HoldDuty, Attest],
        with_relation: &[Unmask],
    },
    PackRole {
        id: RADIOLOGY_TECHNOLOGIST, name: "radiology technologist",
        always: &[SendMessage, StartConversation, SendResult, MarkCritical, Acknowledge, HoldDuty, Attest],
        with_relation: &[ViewResult, Unmask],
    },
    PackRole {
        id: CODER, name: "coder",
        always: &[SendMessage],
        with_relation: &[ViewResult, Unmask],
    },
    PackRole {
        id: BILLING, name: "billing",
        always: &[SendMessage],
        with_relation: &[],
    },
    PackRole {
        id: RELEASE_OF_INFORMATION, name: "release of information",
        always: &[SendMessage],
        with_relation: &[ViewResult, Unmask, Export, UnmaskMany],
    },
    PackRole {
        id: UNIT_CLERK, name: "unit clerk",
        always: &[SendMessage, StartConversation, Attest],
        with_relation: &[],
    },
    PackRole {
        id: CHARGE_NURSE, name: "charge nurse",
        always: &[SendMessage, StartConversation, ManageMembers, Acknowledge, HoldDuty, TakeOver, RequestEmergencyAccess,
            Invite, GrantRole, ScheduleDuty, Attest],
        with_relation: &[AcknowledgeCritical, ViewResult, Unmask],
    },
    PackRole {
        id: PRIVACY_OFFICER, name: "privacy officer",
        always: &[SendMessage, StartConversation, ViewResult, Unmask, Export, ReviewEmergencyAccess, ReadAudit, Attest,
            UnmaskMany, PlaceHold, LiftHold],
        with_relation: &[],
    },
    PackRole {
        id: SECURITY_OFFICIAL, name: "security official",
        always: &[SendMessage, StartConversation, ApproveDevice, RevokeDevice, WipeDevice, RotateKey, ReadAudit, Attest],
        with_relation: &[],
    },
    PackRole {
        id: AUDITOR, name: "auditor",
        always: &[SendMessage, ReadAudit],
        with_relation: &[],
    },
    PackRole {
        id: ADMIN, name: "admin",
        always: &[SendMessage, StartConversation, ManageMembers, Invite, ApproveDevice, ManagePeople, ManagePlaces,
            RevokeDevice, WipeDevice, DefineRole, GrantRole, GrantPrivilegedRole, DefineDuty, ScheduleDuty, ChangePolicy,
            RotateKey, ManagePartners, Recertify, ChangeRelay, Attest],
        with_relation: &[],
    },
    PackRole {
        id: AGENT, name: "agent",
        always: &[SendMessage, SendResult, MarkCritical, GrantEmergencyAccess, Attest],
        with_relation: &[],
    },
];

/// A role of the pack by id.
#[must_use]
pub fn by_id(role: &RoleId) -> Option<&'static PackRole> {
    PACK.iter().find(|entry| entry.id == *role)
}

/// A role of the pack by its name, of any case.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static PackRole> {
    PACK.iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name))
}
