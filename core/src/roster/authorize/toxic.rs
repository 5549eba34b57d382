//! Roles that one human must not hold together (segregation of duties). A fixed table, like the table of rights.
//!
//! Where it comes from: NIST SP 800-53 Rev. 5 AC-5 (who administers access control does not administer audit), ISO/IEC
//! 27002:2022 5.3 (who requests, approves and reviews are different), 45 CFR 164.308(a)(1)(ii)(D) (review of activity),
//! OIG Compliance Program Guidance for Hospitals, 63 FR 8987 (coding and billing as risk areas).

use super::{Action, View, pack};
use crate::base::RoleId;
use crate::roster::kind::RoleDefinition;

/// Two roles of the pack, and why not both.
pub const ROLES: &[(RoleId, RoleId, &str)] = &[
    (
        pack::ADMIN,
        pack::AUDITOR,
        "who administers does not audit the administration",
    ),
    (
        pack::ADMIN,
        pack::PRIVACY_OFFICER,
        "who administers does not review access",
    ),
    (
        pack::SECURITY_OFFICIAL,
        pack::AUDITOR,
        "who secures does not audit the securing",
    ),
    (
        pack::PRIVACY_OFFICER,
        pack::AUDITOR,
        "who reviews access does not audit the reviews",
    ),
    (
        pack::CODER,
        pack::BILLING,
        "who codes a service does not bill it",
    ),
    (
        pack::PHYSICIAN,
        pack::BILLING,
        "who renders a service does not bill it",
    ),
];

/// Two permissions that must not meet in one human, and why not: for roles of the organisation's own as well.
pub const ACTIONS: &[(Action, Action, &str)] = &[
    (
        Action::GrantPrivilegedRole,
        Action::ReadAudit,
        "who grants rights does not audit their use",
    ),
    (
        Action::ChangePolicy,
        Action::ReadAudit,
        "who makes the rules does not audit their keeping",
    ),
    (
        Action::GrantPrivilegedRole,
        Action::ReviewEmergencyAccess,
        "who grants rights does not review their use in emergencies",
    ),
    (
        Action::RequestEmergencyAccess,
        Action::ReviewEmergencyAccess,
        "who uses emergency access does not review it",
    ),
    (
        Action::GrantEmergencyAccess,
        Action::ReviewEmergencyAccess,
        "who grants emergency access does not review it",
    ),
];

/// A role as it is to be, in place of its definition in force.
pub type Instead<'a> = Option<(&'a RoleId, &'a RoleDefinition)>;

fn permits(view: &View<'_>, role: &RoleId, action: Action, instead: Instead<'_>) -> bool {
    match instead {
        Some((changed, definition)) if changed == role => within(definition, action),
        _ => view.role_rule(role, action).is_some(),
    }
}

fn within(definition: &RoleDefinition, action: Action) -> bool {
    definition
        .rules
        .iter()
        .any(|rule| rule.action == action.code())
}

/// Why one human must not hold both roles; `None` where they may.
#[must_use]
pub fn reason(
    view: &View<'_>,
    one: &RoleId,
    other: &RoleId,
    instead: Instead<'_>,
) -> Option<&'static str> {
    if one == other {
        return None;
    }
    let roles = ROLES
        .iter()
        .find(|(a, b, _)| (a, b) == (one, other) || (a, b) == (other, one))
        .map(|(.., why)| *why);
    let meet = |a: Action, b: Action| {
        permits(view, one, a, instead) && permits(view, other, b, instead)
            || permits(view, other, a, instead) && permits(view, one, b, instead)
    };
    roles.or_else(|| {
        ACTIONS
            .iter()
            .find(|(a, b, _)| meet(*a, *b))
            .map(|(.., why)| *why)
    })
}

/// Why one role must not hold all this; `None` where it may.
#[must_use]
pub fn in_itself(definition: &RoleDefinition) -> Option<&'static str> {
    ACTIONS
        .iter()
        .find(|(a, b, _)| within(definition, *a) && within(definition, *b))
        .map(|(.., why)| *why)
}
