//! Founding an organisation: its keys, its first entry, its place at the relay, and the root key's way to an offline
//! file.
//!
//! Everything drawn is committed before the relay hears of it. The root key is in the store only sealed under its own
//! passphrase, and only until its file is in place; after that the file is the one place where it exists.

use std::path::PathBuf;
use std::sync::Arc;

use minicbor::{Decode, Encode};
use sotto_wire::roster::Append;
use sotto_wire::tenant::Register;
use sotto_wire::{Bearer, Digest, ErrorCode, Position, Sealed, TenantId, op};
use zeroize::Zeroizing;

use super::connect::{self, RelayAddress};
use super::joining::JOINING;
use super::{EnrolError, REQUEST, log, reach, root_file};
use crate::base::{
    Clock, DeviceId, OrganisationId, Owner, PersonId, Random, Secret, Signature, SigningKey,
    Timestamp, random, sha256,
};
use crate::roster::kind::{Founded, PersonDetails, Policy, RelayDescriptor};
use crate::roster::rootfile::Cost;
use crate::roster::state::root_fingerprint;
use crate::roster::{
    Anchor, DeviceSecrets, FORMAT, Keyring, Name, RootFile, RootSeal, Roster, RosterKey, Text,
    Verdict, root_seal,
};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError, Topic};
use crate::sync::{capability, keyring, put_capability, put_entries, put_keyring};
use crate::transport::{Auth, ProxySetting, Transport};

const FOUNDING: &str = "founding";

/// What a founder decides.
#[derive(Debug, Clone)]
pub struct NewOrganisation {
    /// Name of the organisation.
    pub name: String,
    /// The relay it uses.
    pub relay: RelayAddress,
    /// The relay operator's single-use registration token.
    pub registration_token: Secret<32>,
    /// Name of the first administrator.
    pub admin: String,
    /// What this device is called.
    pub device_label: String,
    /// Where the offline root key goes. Must not exist yet.
    pub root_file: PathBuf,
    /// The passphrase that the root key is sealed under.
    pub root_passphrase: Zeroizing<String>,
    /// What guessing that passphrase costs: [`Cost::STANDARD`].
    pub root_cost: Cost,
}

/// An organisation that has been founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// The organisation and the fingerprint of its root key.
    pub anchor: Anchor,
    /// The first administrator.
    pub admin: PersonId,
    /// This device.
    pub device: DeviceId,
    /// The relay, with the signing key it showed.
    pub relay: RelayDescriptor,
}

/// A founding that has begun, as the store keeps it until it has ended.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
struct Record {
    #[n(0)]
    relay: RelayDescriptor,
    #[n(1)]
    admin: PersonId,
    /// The founding entry, sealed under the first roster key.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    entry: Vec<u8>,
    /// The root file's text until it is in place.
    #[n(3)]
    root_file: Option<String>,
}

/// Founds an organisation with this device as its first. Called again after a crash or a failure it goes on; names and
/// relay are then those of the first call.
///
/// # Errors
/// [`EnrolError`].
pub async fn found(
    store: &Store,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
    request: NewOrganisation,
    proxy: &ProxySetting,
) -> Result<Founding, EnrolError> {
    let record = match begun(store)? {
        Some(record) => {
            prove_passphrase(&record, &request).await?;
            record
        }
        None => {
            root_file::refuse_taken(&request.root_file)?;
            begin(store, clock, random, &request, proxy).await?
        }
    };
    let record = export(store, record, &request)?;
    let me = reach::me(store)?;
    let transport = connect::transport(&record.relay, proxy)?;
    let keys = store.read::<_, StoreError>(keyring)?;
    let bearer = log::bearer_of(keys.newest().ok_or(EnrolError::RosterUnreadable)?);
    register(store, &transport, &request.registration_token, &bearer).await?;
    reach::open_mailbox(&transport, &me, &bearer).await?;
    reach::be_known(store, &transport, &**random).await?;
    append(&transport, &bearer, &record.entry).await?;
    store.write::<_, StoreError>("the organisation is founded", |tx| {
        put_entries(tx, &[(0, record.entry.clone(), true)])?;
        if let Some(mut me) = tx.device_self()? {
            me.enrolled = true;
            tx.put_device_self(&me)?;
        }
        tx.delete_meta(FOUNDING)?;
        tx.emit(Topic::Settings, Vec::new());
        Ok(())
    })?;
    let anchor = Anchor {
        organisation: me.organisation,
        root: me.root,
    };
    Ok(Founding {
        anchor,
        admin: record.admin,
        device: me.device,
        relay: record.relay,
    })
}

/// What an earlier call committed.
fn begun(store: &Store) -> Result<Option<Record>, EnrolError> {
    store.read(|tx| {
        if tx.device_self()?.is_some_and(|me| me.enrolled) {
            return Err(EnrolError::AlreadyEnrolled);
        }
        if tx.meta_bytes(JOINING)?.is_some() {
            return Err(EnrolError::Underway);
        }
        Ok(tx.meta(FOUNDING)?)
    })
}

/// Whether a founding has begun and not ended.
pub(super) fn underway(tx: &crate::store::ReadTx<'_>) -> Result<bool, StoreError> {
    Ok(tx.meta_bytes(FOUNDING)?.is_some())
}

/// Draws everything, signs the founding entry and commits. The root key goes no further than this function but sealed.
async fn begin(
    store: &Store,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
    request: &NewOrganisation,
    proxy: &ProxySetting,
) -> Result<Record, EnrolError> {
    let text = |what| move |_| EnrolError::Text(what);
    let name = Name::new(request.name.as_str()).map_err(text("organisation's name"))?;
    let admin_name = Name::new(request.admin.as_str()).map_err(text("administrator's name"))?;
    let label = Text::new(request.device_label.as_str()).map_err(text("device's label"))?;
    let relay =
        connect::describe(&request.relay, random::array(&**random), &**clock, proxy).await?;

    let now = clock.now();
    let organisation = OrganisationId::random(&**random);
    let (admin, device) = (PersonId::random(&**random), DeviceId::random(&**random));
    let owner = Owner::Person(admin);
    let root = SigningKey::random(&**random);
    let secrets = DeviceSecrets::generate(&**random);
    let key = RosterKey::random(0, &**random);
    let admin_capability = Secret::random(&**random);
    // For the day when every administrator is lost.
    let root_sealing = root_seal::public(&root)?;
    let root_seal = RootSeal::seal(&root_sealing, &organisation, 0, &admin_capability)?;
    let details = PersonDetails {
        name: admin_name,
        unit: None,
        title: None,
        phone: None,
        external: Default::default(),
    };
    let founded = Founded {
        format: FORMAT,
        organisation,
        name,
        root: root.verifying_key(),
        relay: relay.clone(),
        admin,
        details,
        roles: Vec::new(),
        device: secrets.details(device, owner, label)?,
        // Filled in by `into_entry`.
        device_proof: Signature::new([0; 64]),
        policy: Policy::founding(),
        key_commitment: key.commitment(),
        root_sealing: Some(root_sealing),
        root_seal: Some(root_seal),
    };
    let entry = founded
        .into_entry(now, &root, &secrets.signature)
        .to_bytes()?;
    let mut keys = Keyring::new();
    keys.insert(key);
    let entry = keys.seal_entry(0, &organisation, &entry, &**random)?;
    let fingerprint = root_fingerprint(&root.verifying_key());
    match Roster::new(Anchor {
        organisation,
        root: fingerprint,
    })
    .ingest(0, &entry, &keys)
    {
        Verdict::Junk(reason) => return Err(EnrolError::Refused(reason)),
        Verdict::Valid { .. } => {}
        _ => return Err(EnrolError::RosterUnreadable),
    }
    let file = seal_root(organisation, root, now, request, random).await?;

    let me = DeviceSelf {
        organisation,
        tenant: relay.tenant,
        device,
        owner,
        signing: secrets.signature.clone(),
        sealing: secrets.sealing.seed().clone(),
        receipt: secrets.receipt.clone(),
        mailbox: random::array(&**random),
        mailbox_key: SigningKey::random(&**random),
        contact_alias: *secrets.contact_alias.as_bytes(),
        root: fingerprint,
        generation: random::array(&**random),
        next_generation: random::array(&**random),
        enrolled: false,
        channel: secrets.channel.as_ref().map(|c| c.secret().clone()),
    };
    let admin_capability = Secret::random(&**random);
    let record = Record {
        relay,
        admin,
        entry,
        root_file: Some(file),
    };
    store.write::<_, StoreError>("beginning to found an organisation", |tx| {
        tx.put_device_self(&me)?;
        put_keyring(tx, &keys)?;
        put_capability(tx, &admin_capability)?;
        tx.put_meta(FOUNDING, &record)
    })?;
    Ok(record)
}

/// Argon2id over the passphrase takes a second and much memory: not on a thread that others wait for.
async fn seal_root(
    organisation: OrganisationId,
    root: SigningKey,
    now: Timestamp,
    request: &NewOrganisation,
    random: &Arc<dyn Random>,
) -> Result<String, EnrolError> {
    let (passphrase, cost, random) = (
        request.root_passphrase.clone(),
        request.root_cost,
        Arc::clone(random),
    );
    let seal = move || RootFile::seal(organisation, &root, now, &passphrase, cost, &*random);
    let file = tokio::task::spawn_blocking(seal)
        .await
        .map_err(|_| EnrolError::Stopped)??;
    Ok(file.to_text())
}

/// An interrupted founding may have sealed the root key already: then the passphrase given now must be that one.
async fn prove_passphrase(record: &Record, request: &NewOrganisation) -> Result<(), EnrolError> {
    let Some(text) = &record.root_file else {
        return Ok(());
    };
    let (sealed, passphrase) = (RootFile::parse(text)?, request.root_passphrase.clone());
    let opened = tokio::task::spawn_blocking(move || sealed.open(&passphrase))
        .await
        .map_err(|_| EnrolError::Stopped)?;
    opened.map(drop).map_err(|_| EnrolError::RootPassphrase)
}

/// Puts the root file in place and forgets its text.
fn export(
    store: &Store,
    mut record: Record,
    request: &NewOrganisation,
) -> Result<Record, EnrolError> {
    let Some(text) = record.root_file.take() else {
        return Ok(record);
    };
    root_file::place(&request.root_file, &text)?;
    store.write::<_, StoreError>("the root key is in its file", |tx| {
        tx.put_meta(FOUNDING, &record)
    })?;
    Ok(record)
}

async fn register(
    store: &Store,
    transport: &Transport,
    token: &Secret<32>,
    bearer: &Bearer,
) -> Result<(), EnrolError> {
    let capability = store
        .read::<_, StoreError>(capability)?
        .ok_or(EnrolError::RosterUnreadable)?;
    let hash = |secret: &[u8; 32]| Digest::new(*sha256(secret).as_bytes());
    let request = Register {
        token: Bearer::new(*token.expose()),
        tenant: TenantId::new(reach::me(store)?.tenant),
        bearer_hash: hash(bearer.expose()),
        admin_capability_hash: hash(capability.expose()),
    };
    match transport
        .call::<op::TenantRegister>(&Auth::None, &request, REQUEST)
        .await
    {
        Ok(_) => Ok(()),
        // Registered before, with another token.
        Err(error) if error.code() == Some(ErrorCode::AlreadyExists) => {
            Err(EnrolError::RegistrationToken)
        }
        Err(error) if error.code() == Some(ErrorCode::Unauthorized) => {
            Err(EnrolError::RegistrationToken)
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts the founding entry at the first position. If the log is longer, an earlier call has done it, or the relay lies.
async fn append(transport: &Transport, bearer: &Bearer, entry: &[u8]) -> Result<(), EnrolError> {
    let request = Append {
        expect: Position(0),
        entries: vec![Sealed::new(entry.to_vec())],
    };
    match transport
        .call::<op::RosterAppend>(&Auth::Submit(bearer.clone()), &request, REQUEST)
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some(ErrorCode::PositionConflict) => {
            let log = log::read(transport, bearer, 0).await?;
            if log.first().is_some_and(|first| first == entry) {
                Ok(())
            } else {
                Err(EnrolError::RosterTaken)
            }
        }
        Err(error) => Err(error.into()),
    }
}
