//! `tenant/register`: nobody uses a relay uninvited. The operator hands the organisation a single-use token; with it the
//! founder brings the digests of the first submit bearer and of the administration capability. The relay never stores
//! either in clear.

use minicbor::{Decode, Encode};

use crate::{Bearer, Digest, TenantId};

/// The request. The same values again get the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Register {
    /// The operator's registration token.
    #[n(0)]
    pub token: Bearer,
    /// The organisation's id at this relay, chosen at random by the founder.
    #[n(1)]
    pub tenant: TenantId,
    /// SHA-256 of the submit bearer.
    #[n(2)]
    pub bearer_hash: Digest,
    /// SHA-256 of the administration capability.
    #[n(3)]
    pub admin_capability_hash: Digest,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Registered {}
