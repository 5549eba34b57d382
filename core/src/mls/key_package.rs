//! Key packages: what lets others add this device while it sleeps (RFC 9420 §10).

use openmls::prelude::tls_codec::DeserializeBytes as _;
use openmls::prelude::{
    KeyPackage, KeyPackageBundle, KeyPackageNewError, MlsMessageBodyIn, MlsMessageIn,
    MlsMessageOut, ProtocolVersion,
};
use openmls_rust_crypto::RustCrypto;

use super::identity::leaf_identity;
use super::provider::{Kind, Provider};
use super::{Error, Identity, Suite, config};
use crate::base::{DeviceId, Timestamp, VerifyingKey};
use crate::store::WriteTx;

/// What a valid key package says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPackageInfo {
    /// The device that it adds.
    pub device: DeviceId,
    /// The signature key of the leaf it adds.
    pub key: VerifyingKey,
    /// The suite it is for.
    pub suite: Suite,
    /// When it ends. A member that sees the adding commit only later must resync, so do not use one near its end.
    pub expires: Timestamp,
    /// True if it may be used more than once.
    pub last_resort: bool,
}

/// Makes `count` key packages that live 28 days from `now`, and keeps their private halves. Each is an encoded MLS
/// message.
///
/// # Errors
/// [`Error::State`], [`Error::Engine`].
pub fn generate(
    tx: &WriteTx,
    identity: &Identity<'_>,
    suite: Suite,
    count: usize,
    last_resort: bool,
    now: Timestamp,
) -> Result<Vec<Vec<u8>>, Error> {
    let provider = Provider::new(tx.conn());
    (0..count)
        .map(|_| {
            let mut builder = KeyPackage::builder()
                .key_package_lifetime(config::lifetime(now))
                .leaf_node_capabilities(config::capabilities());
            if last_resort {
                builder = builder.mark_as_last_resort();
            }
            let bundle = builder
                .build(suite.engine(), &provider, identity, identity.credential())
                .map_err(|e| match e {
                    KeyPackageNewError::StorageError => Error::Engine("storing a key package"),
                    _ => Error::Engine("making a key package"),
                })?;
            let message = MlsMessageOut::from(bundle.into_key_package());
            message
                .to_bytes()
                .map_err(|_| Error::Engine("encoding a key package"))
        })
        .collect()
}

/// Checks a foreign key package: signatures, suite, credential, keys, and a lifetime that includes `now` and spans
/// at most 90 days. The engine also asks the system clock whether it is valid yet and still.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Suite`], [`Error::KeyPackage`].
pub fn inspect(bytes: &[u8], now: Timestamp) -> Result<KeyPackageInfo, Error> {
    let (package, info) = parse(&RustCrypto::default(), bytes)?;
    let now = config::seconds(now);
    let life = package.life_time();
    if life.not_before() > now || life.not_after() <= now {
        return Err(Error::KeyPackage);
    }
    Ok(info)
}

/// Deletes the private halves of key packages that ended before `before`, and returns how many. A Welcome may be on
/// its way for as long as the relay keeps it, so `before` lies that far in the past.
///
/// # Errors
/// [`Error::State`].
pub fn delete_expired(tx: &WriteTx, before: Timestamp) -> Result<usize, Error> {
    let provider = Provider::new(tx.conn());
    let before = config::seconds(before);
    let mut deleted = 0;
    for (stored_key, bundle) in provider.table().all::<KeyPackageBundle>(Kind::KeyPackage)? {
        if bundle.key_package().life_time().not_after() < before {
            provider
                .table()
                .delete_stored(Kind::KeyPackage, &stored_key)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Everything about a foreign key package that does not depend on the caller's clock.
pub(super) fn parse(
    crypto: &RustCrypto,
    bytes: &[u8],
) -> Result<(KeyPackage, KeyPackageInfo), Error> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Error::Malformed)?;
    let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
        return Err(Error::Malformed);
    };
    let package = package
        .validate(crypto, ProtocolVersion::Mls10)
        .map_err(|_| Error::KeyPackage)?;
    let suite = Suite::from_engine(package.ciphersuite()).ok_or(Error::Suite)?;
    let (device, key) = leaf_identity(package.leaf_node()).ok_or(Error::KeyPackage)?;
    let life = package.life_time();
    if life.not_after().saturating_sub(life.not_before()) > config::MAX_KEY_PACKAGE_LIFE.as_secs() {
        return Err(Error::KeyPackage);
    }
    let expires = Timestamp::from_millis(
        i64::try_from(life.not_after().saturating_mul(1000)).unwrap_or(i64::MAX),
    );
    let last_resort = package.last_resort();
    Ok((
        package,
        KeyPackageInfo {
            device,
            key,
            suite,
            expires,
            last_resort,
        },
    ))
}
