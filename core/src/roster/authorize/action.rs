//! The acts that need a permission.

/// How far a unit-scoped role reaches for an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Units do not matter: messages cross them.
    Free,
    /// Inside the unit, or where the item was addressed to the actor or to a duty they hold, or in an emergency.
    Care,
    /// Strictly inside the unit.
    Unit,
}

macro_rules! actions {
    ($($code:literal $variant:ident $bound:ident $privileged:literal $name:literal;)*) => {
        /// An act that needs a permission. The code is part of the entry format; the name is what people read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Action {
            $(#[doc = $name] $variant = $code,)*
        }

        impl Action {
            /// Every act, in order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The number in entries.
            #[must_use]
            pub const fn code(self) -> u16 {
                self as u16
            }
            /// Reads a number; `None` where this release does not know it.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
            /// The version of the rules that brought it; before, no role permits it.
            #[must_use]
            pub const fn since(self) -> u16 {
                if (self as u16) < 38 { 1 } else { 2 }
            }
            /// The name people read.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
            /// How far a unit-scoped role reaches.
            #[must_use]
            pub const fn bound(self) -> Bound {
                match self { $(Self::$variant => Bound::$bound,)* }
            }
            /// Whether a role with it is privileged: granted only by who may grant privileged roles, and its
            /// holders' devices wait for approval unless policy says otherwise.
            #[must_use]
            pub const fn privileged(self) -> bool {
                match self { $(Self::$variant => $privileged,)* }
            }
        }
    };
}

actions! {
    1 SendMessage Free false "send message";
    2 StartConversation Free false "start conversation";
    3 ManageMembers Free false "manage members";
    4 SendResult Care false "send result";
    5 MarkCritical Care false "mark critical";
    6 Acknowledge Care false "acknowledge";
    7 AcknowledgeCritical Care false "acknowledge critical";
    8 ViewResult Care false "view result";
    9 Unmask Care false "unmask";
    10 Export Care false "export";
    11 HoldDuty Care false "hold duty";
    12 TakeOver Care false "take over";
    13 RequestEmergencyAccess Free false "request emergency access";
    14 GrantEmergencyAccess Free true "grant emergency access";
    15 ReviewEmergencyAccess Unit true "review emergency access";
    20 Invite Unit true "invite";
    21 ApproveDevice Unit true "approve device";
    22 ManagePeople Unit true "manage people";
    23 ManagePlaces Unit true "manage places";
    24 RevokeDevice Unit true "revoke device";
    25 WipeDevice Unit true "wipe device";
    26 DefineRole Unit true "define role";
    27 GrantRole Unit true "grant role";
    28 GrantPrivilegedRole Unit true "grant privileged role";
    29 DefineDuty Unit false "define duty";
    30 ScheduleDuty Unit false "schedule duty";
    31 ChangePolicy Unit true "change policy";
    32 RotateKey Unit true "rotate roster key";
    33 ManagePartners Unit true "manage partners";
    34 Recertify Unit true "recertify";
    35 ChangeRelay Unit true "change relay";
    36 ReadAudit Unit true "read audit";
    37 Attest Free false "attest";
    38 UnmaskMany Care false "unmask many at once";
    39 PlaceHold Unit true "place legal hold";
    40 LiftHold Unit true "lift legal hold";
}
