//! The organisation's rules, as one document that each entry replaces. A setting is a number and a value; numbers
//! this release does not know are kept and ignored, so that a rule can be added without a new entry format.

mod bounds;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minicbor::{Decode, Encode};

pub use bounds::Shape;

use crate::roster::{Action, Text, Unit};

/// What a setting says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Value {
    /// A count, a size in bytes, a duration in seconds, or 0 / 1.
    #[n(0)]
    Number(#[n(0)] u64),
    /// Steps or codes.
    #[n(1)]
    Numbers(#[n(0)] Vec<u64>),
    /// Media types and the like.
    #[n(2)]
    Words(#[n(0)] Vec<Text<128>>),
    /// One number per unit; units in order.
    #[n(3)]
    PerUnit(#[n(0)] Vec<(Unit, u64)>),
}

/// The rules in force. Absent settings have their default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(array)]
pub struct Policy {
    /// One above the version it replaces; the founding policy is 1.
    #[n(0)]
    pub version: u32,
    /// By setting number. At most 256.
    #[n(1)]
    pub settings: BTreeMap<u16, Value>,
}

macro_rules! settings {
    ($($code:literal $variant:ident $default:expr, $words:literal;)*) => {
        /// A rule that this release knows. The words are what a member is shown.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Setting {
            $(#[doc = $words] $variant = $code,)*
        }

        impl Setting {
            /// Every setting, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Reads a number; `None` where this release does not know it.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
            /// Its number in policies.
            #[must_use]
            pub const fn code(self) -> u16 {
                self as u16
            }
            /// The rule in words.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
            /// What holds where the policy is silent.
            #[must_use]
            pub const fn default_number(self) -> u64 {
                match self { $(Self::$variant => $default,)* }
            }
        }
    };
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

settings! {
    1 MessageLife 30 * DAY, "messages expire after (seconds)";
    2 ResultLife 7 * DAY, "results expire after (seconds)";
    3 LoopRecordLife 6 * 365 * DAY, "loop records are kept for (seconds)";
    4 AuditLife 6 * 365 * DAY, "audit entries are kept for (seconds)";
    5 AttachmentLife 30 * DAY, "attachments expire after (seconds)";
    10 IdleLock 300, "the app locks after this time without use (seconds)";
    11 SessionLength 12 * HOUR, "the app locks at the latest after (seconds)";
    12 NotificationPreview 0, "notifications may show content (0 no, 1 yes)";
    13 LockMode 0, "what a lock does (0 hides, 1 also closes the store and forgets its key)";
    14 VerificationAge 300, "wipe, policy, invitation, export and unmasking many ask for a verification younger than (seconds)";
    20 AttachmentKinds 0, "media types that may be attached (empty: all)";
    21 AttachmentSize 100 * 1024 * 1024, "largest attachment (bytes)";
    22 Export 0, "members may export conversations (0 no, 1 yes)";
    23 History 0, "a person's new device gets history (0 none, 1 from their own device, 2 also from a colleague's)";
    30 NextDevice 0, "a person's next device (0 at once, 1 after approval, 2 by an administrator only)";
    31 ApprovePrivileged 1, "devices of persons with privileged roles wait for approval (0 no, 1 yes)";
    32 ApproveAll 0, "every device waits for approval (0 no, 1 yes)";
    33 InvitationLife 14 * DAY, "invitations expire at the latest after (seconds)";
    34 MinimumVersion 0, "oldest app version that may be used";
    40 LeaseLock 72 * HOUR, "a device locks without fresh word of the roster after (seconds)";
    41 LeaseErase 14 * DAY, "a device that was seen to be excluded erases itself after (seconds)";
    42 UnlockShare 0, "unlocking needs a share kept by the relay (0 no, 1 yes)";
    43 AttestationAge 24 * HOUR, "critical messages need word of the roster younger than (seconds)";
    44 RecoverySealedKey 0, "a device that erases itself keeps its key sealed to the organisation's recovery key (0 no, 1 yes)";
    50 EscalationSteps 0, "an unanswered critical result goes to the next step after (seconds each; empty: 600, 1200, 1800)";
    51 ReadBack 0, "how a critical value is read back, per unit (0 typed, 1 chosen, 2 confirmed)";
    60 TwoAdministrators 0, "acts that need two administrators (action codes)";
    61 WipeCap 3, "wipes that one administrator may order alone per day";
    62 ProposalLife 3 * DAY, "a proposal expires at the latest after (seconds)";
    63 RecoveryDelay 72 * HOUR, "a recovery by the root key waits for (seconds)";
    70 KeyRotation 30 * DAY, "the roster key changes at the latest after (seconds)";
}

impl Policy {
    /// The rules to begin with: version 1, dual control over who administers and over the rules, everything else at
    /// its default. Dual control is written out, so that no later release reads another list into it.
    #[must_use]
    pub fn founding() -> Self {
        let codes = Self::CONTROLLED.map(|action| u64::from(action.code()));
        let control = Value::Numbers(codes.to_vec());
        Self {
            version: 1,
            settings: BTreeMap::from([(Setting::TwoAdministrators.code(), control)]),
        }
    }
    /// What dual control covers in a new organisation.
    pub const CONTROLLED: [Action; 3] = [
        Action::GrantPrivilegedRole,
        Action::ChangePolicy,
        Action::LiftHold,
    ];
    /// Version 1 with everything at its default, as release 0.1 founded organisations: no act needs two.
    #[must_use]
    pub const fn silent() -> Self {
        Self {
            version: 1,
            settings: BTreeMap::new(),
        }
    }
    /// The value set, if any.
    #[must_use]
    pub fn value(&self, setting: Setting) -> Option<&Value> {
        self.settings.get(&(setting as u16))
    }
    /// A setting that is one number.
    #[must_use]
    pub fn number(&self, setting: Setting) -> u64 {
        match self.value(setting) {
            Some(Value::Number(number)) => *number,
            _ => setting.default_number(),
        }
    }
    /// A setting that is a duration in seconds.
    #[must_use]
    pub fn duration(&self, setting: Setting) -> Duration {
        Duration::from_secs(self.number(setting))
    }
    /// A setting that is 0 or 1.
    #[must_use]
    pub fn flag(&self, setting: Setting) -> bool {
        self.number(setting) != 0
    }
    /// A setting that may differ per unit.
    #[must_use]
    pub fn for_unit(&self, setting: Setting, unit: Option<&Unit>) -> u64 {
        let Some(Value::PerUnit(units)) = self.value(setting) else {
            return self.number(setting);
        };
        let found = units.iter().find(|(name, _)| Some(name) == unit);
        found.map_or(setting.default_number(), |(_, number)| *number)
    }
    /// Waiting times of the escalation's steps.
    #[must_use]
    pub fn escalation_steps(&self) -> Vec<Duration> {
        match self.value(Setting::EscalationSteps) {
            Some(Value::Numbers(steps)) if !steps.is_empty() => {
                steps.iter().copied().map(Duration::from_secs).collect()
            }
            _ => [600, 1_200, 1_800].map(Duration::from_secs).to_vec(),
        }
    }
    /// Acts that need a second administrator.
    #[must_use]
    pub fn two_administrators(&self) -> BTreeSet<Action> {
        match self.value(Setting::TwoAdministrators) {
            Some(Value::Numbers(codes)) => codes
                .iter()
                .filter_map(|c| u16::try_from(*c).ok().and_then(Action::from_code))
                .collect(),
            _ => BTreeSet::new(),
        }
    }
    /// Whether an act needs a second administrator.
    #[must_use]
    pub fn needs_two(&self, action: Action) -> bool {
        matches!(self.value(Setting::TwoAdministrators),
            Some(Value::Numbers(codes)) if codes.contains(&u64::from(action.code())))
    }
    /// The same rules with one changed, as the next version.
    #[must_use]
    pub fn with(mut self, setting: Setting, value: Value) -> Self {
        self.version = self.version.saturating_add(1);
        self.settings.insert(setting as u16, value);
        self
    }
}
