//! The numbers of every group, in one place.

use std::time::Duration;

use openmls::prelude::{
    Capabilities, ExtensionType, Lifetime, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY,
    MlsGroupCreateConfig, MlsGroupJoinConfig, PastEpochDeletionPolicy, SenderRatchetConfiguration,
};
use openmls_traits::types::Ciphersuite;

use crate::base::{Timestamp, seal};

/// Key packages that one commit may add. More go into several commits.
pub const MAX_ADDS: usize = 100;
/// How long a key package of ours may be used.
pub(super) const KEY_PACKAGE_LIFE: Duration = Duration::from_hours(28 * 24);
/// The longest lifetime that a foreign key package may claim.
pub(super) const MAX_KEY_PACKAGE_LIFE: Duration = Duration::from_hours(90 * 24);
/// Lifetimes start this much earlier, for clocks that run behind.
const CLOCK_MARGIN: Duration = Duration::from_hours(1);
/// Secrets of an epoch are forgotten this long after it ended.
pub(super) const PAST_EPOCH_LIFE: Duration = Duration::from_hours(7 * 24);
/// Above this, each past epoch's member list makes every send expensive, so fewer are kept.
const SMALL_GROUP: usize = 50;
const PAST_EPOCHS_SMALL: usize = 3;
const PAST_EPOCHS_LARGE: usize = 1;
/// Late messages of one sender and epoch that still open, and how far its ratchet may jump ahead.
const OUT_OF_ORDER: u32 = 100;
const FORWARD: u32 = 2_000;
/// The outer envelope pads to whole kilobytes; this only hides a few bytes from one who holds its key.
const PADDING: usize = 32;

/// A ciphersuite that groups of this project may use. Constant for the life of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suite {
    /// 0x004E: ML-KEM-768 with X25519, AES-256-GCM, SHA-384, Ed25519. Post-quantum confidentiality, classical
    /// authentication.
    #[default]
    Hybrid,
    /// 0x0001: X25519, AES-128-GCM, SHA-256, Ed25519. For peers that know only what RFC 9420 defines.
    Classical,
}

impl Suite {
    pub(super) const fn engine(self) -> Ciphersuite {
        match self {
            Self::Hybrid => seal::SUITE,
            Self::Classical => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        }
    }
    pub(super) fn from_engine(suite: Ciphersuite) -> Option<Self> {
        [Self::Hybrid, Self::Classical]
            .into_iter()
            .find(|ours| ours.engine() == suite)
    }
    /// The number in the MLS ciphersuite registry.
    #[must_use]
    pub fn code(self) -> u16 {
        self.engine().into()
    }
}

/// What a leaf of ours can do. The engine's own default leaves out the hybrid suites, and refuses a last-resort key
/// package whose leaf does not list that extension.
pub(super) fn capabilities() -> Capabilities {
    let suites = [Suite::Hybrid, Suite::Classical].map(Suite::engine);
    Capabilities::new(
        None,
        Some(&suites),
        Some(&[ExtensionType::LastResort]),
        None,
        None,
    )
}

pub(super) fn lifetime(now: Timestamp) -> Lifetime {
    Lifetime::init(
        seconds(now.minus(CLOCK_MARGIN)),
        seconds(now.plus(KEY_PACKAGE_LIFE)),
    )
}

/// Whole seconds since the Unix epoch; zero before it.
pub(super) fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.millis() / 1000).unwrap_or(0)
}

/// How many past epochs a group of this size keeps the secrets of.
pub(super) const fn past_epochs(members: usize) -> PastEpochDeletionPolicy {
    PastEpochDeletionPolicy::MaxEpochs(if members <= SMALL_GROUP {
        PAST_EPOCHS_SMALL
    } else {
        PAST_EPOCHS_LARGE
    })
}

pub(super) fn join() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .set_past_epoch_deletion_policy(past_epochs(0))
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}

pub(super) fn create(suite: Suite, now: Timestamp) -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(suite.engine())
        .capabilities(capabilities())
        .lifetime(lifetime(now))
        .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .set_past_epoch_deletion_policy(past_epochs(0))
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}
