//! The pure parts. What needs a relay is proven over a real one, by the whole-system tests.

use std::sync::Arc;

use super::joining::Joining;
use super::log::Replayed;
use super::offer::{Inviter, Offer};
use super::{EnrolError, claim, join, member, open_request, root_file};
use crate::base::seal::SealingKey;
use crate::base::{
    Clock, DeviceId, Digest, InvitationId, OrganisationId, Owner, PersonId, Random, Secret,
    Signature, SigningKey, SystemClock, SystemRandom, Timestamp, VerifyingKey, codec,
};
use crate::roster::key::{KeyGift, SealedAs};
use crate::roster::kind::{
    ApprovalMode, Founded, Invited, PersonDetails, Policy, RelayDescriptor, SealingPublic, Subject,
    Tick,
};
use crate::roster::record::{InvitationRecord, InvitationState};
use crate::roster::state::root_fingerprint;
use crate::roster::{
    Anchor, Author, Body, DeviceSecrets, FORMAT, InvitationLink, InvitationSecret, Keyring, Name,
    Roster, RosterHead, RosterKey, Text,
};
use crate::store::{Store, StoreOptions};
use crate::transport::ProxySetting;
use crate::vault::DatabaseKey;

fn relay() -> RelayDescriptor {
    RelayDescriptor {
        address: Text::new("https://relay.example:8443").unwrap(),
        pins: vec![Digest::new([1; 32])],
        signing_key: VerifyingKey::new([2; 32]),
        tenant: [3; 16],
    }
}

fn details(name: &str) -> PersonDetails {
    PersonDetails {
        name: Name::new(name).unwrap(),
        unit: None,
        title: None,
        phone: None,
        external: Default::default(),
    }
}

/// An organisation of one device, and what an invitation needs.
struct Organisation {
    roster: Roster,
    key: RosterKey,
    device: DeviceId,
    admin: DeviceSecrets,
    log: Vec<Vec<u8>>,
    now: Timestamp,
}

impl Organisation {
    fn new() -> Self {
        let (random, now) = (&SystemRandom, Timestamp::from_millis(1_700_000_000_000));
        let (organisation, person, device) = (
            OrganisationId::random(random),
            PersonId::random(random),
            DeviceId::random(random),
        );
        let (root, admin, key) = (
            SigningKey::random(random),
            DeviceSecrets::generate(random),
            RosterKey::random(0, random),
        );
        let label = Text::new("desk").unwrap();
        let founded = Founded {
            format: FORMAT,
            organisation,
            name: Name::new("St. Elsewhere").unwrap(),
            root: root.verifying_key(),
            relay: relay(),
            admin: person,
            details: details("Ada"),
            roles: vec![],
            device: admin.details(device, Owner::Person(person), label).unwrap(),
            device_proof: Signature::new([0; 64]),
            policy: Policy::founding(),
            key_commitment: key.commitment(),
            root_sealing: None,
            root_seal: None,
        };
        let entry = founded
            .into_entry(now, &root, &admin.signature)
            .to_bytes()
            .unwrap();
        let anchor = Anchor {
            organisation,
            root: root_fingerprint(&root.verifying_key()),
        };
        let mut own = Self {
            roster: Roster::new(anchor),
            key,
            device,
            admin,
            log: vec![],
            now,
        };
        own.push(&entry);
        own
    }
    fn organisation(&self) -> OrganisationId {
        self.roster.anchor().organisation
    }
    fn push(&mut self, entry: &[u8]) {
        let sealed = self
            .key
            .seal(SealedAs::Entry, &self.organisation(), entry, &SystemRandom)
            .unwrap();
        self.roster
            .ingest(self.roster.next_position(), &sealed, &self.keys());
        self.log.push(sealed);
    }
    fn keys(&self) -> Keyring {
        let mut keys = Keyring::new();
        keys.insert(self.key.clone());
        keys
    }
    fn append(&mut self, body: impl Into<Body>) {
        let author = Author::Device(self.device);
        let entry = self.roster.composer().unwrap().entry(
            author,
            self.now,
            &body.into(),
            &self.admin.signature,
        );
        self.push(&entry.unwrap());
    }
    /// Invites somebody new.
    fn invite(&mut self, mode: ApprovalMode) -> (InvitationId, InvitationSecret, Owner) {
        let (id, person) = (
            InvitationId::random(&SystemRandom),
            PersonId::random(&SystemRandom),
        );
        let secret = InvitationSecret::random(&SystemRandom);
        let keys = secret.keys(&id);
        self.append(Invited {
            invitation: id,
            key: keys.signing.verifying_key(),
            sealing_key: keys.sealing_public().unwrap(),
            subject: Subject::NewPerson(person, details("Bob")),
            roles: vec![],
            mode,
            expires: self.now.plus(std::time::Duration::from_secs(3600)),
        });
        assert!(self.roster.invitations().contains_key(&id));
        (id, secret, Owner::Person(person))
    }
    fn link(&self, id: InvitationId, secret: &InvitationSecret, in_person: bool) -> InvitationLink {
        let minimum = self.roster.minimum().unwrap();
        InvitationLink::new(
            relay(),
            *self.roster.anchor(),
            minimum,
            id,
            secret,
            in_person,
        )
    }
    fn inviter(&self) -> Inviter {
        let sealing_key = SealingPublic::new(&self.admin.sealing.public().unwrap()).unwrap();
        Inviter {
            device: self.device,
            sealing_key,
        }
    }
}

fn store(dir: &tempfile::TempDir) -> Store {
    Store::create(
        &dir.path().join("home"),
        &DatabaseKey::random(&SystemRandom),
        StoreOptions::default(),
    )
    .unwrap()
}

fn joining(own: &Organisation, id: InvitationId, secret: &InvitationSecret) -> Joining {
    Joining::draw(
        own.link(id, secret, true),
        None,
        Text::new("phone").unwrap(),
        &SystemRandom,
    )
}

#[test]
fn an_offer_has_one_size_with_and_without_a_key_and_opens_for_the_invitation_alone() {
    let mut own = Organisation::new();
    let (id, secret, owner) = own.invite(ApprovalMode::Instant);
    let keys = secret.keys(&id);
    let gift = KeyGift {
        key: own.key.clone(),
        admin_capability: Some(Secret::random(&SystemRandom)),
    };
    let with = Offer {
        owner,
        inviter: own.inviter(),
        gift: Some(gift),
    };
    let without = Offer {
        gift: None,
        ..with.clone()
    };
    let to = keys.sealing_public().unwrap();
    let (with_bytes, without_bytes) = (with.seal(&to).unwrap(), without.seal(&to).unwrap());
    assert_eq!(with_bytes.len(), without_bytes.len());
    assert_eq!(Offer::open(&keys.sealing, &with_bytes).unwrap(), with);
    assert_eq!(Offer::open(&keys.sealing, &without_bytes).unwrap(), without);
    let other = InvitationSecret::random(&SystemRandom).keys(&id);
    assert!(matches!(
        Offer::open(&other.sealing, &with_bytes),
        Err(EnrolError::OfferAltered)
    ));
}

#[test]
fn a_claim_reaches_the_inviter_and_only_a_claim_on_this_invitation_is_taken() {
    let mut own = Organisation::new();
    let (id, secret, owner) = own.invite(ApprovalMode::Approval);
    let (other_id, ..) = own.invite(ApprovalMode::Approval);
    let joining = joining(&own, id, &secret);
    let made = joining.claim(owner).unwrap();
    let request = claim::seal_request(&own.inviter(), &made).unwrap();
    let records = own.roster.invitations();
    let open = |key: &SealingKey, id: &InvitationId, record: &InvitationRecord, request: &[u8]| {
        open_request(key, &own.organisation(), id, record, request)
    };
    assert_eq!(
        open(&own.admin.sealing, &id, &records[&id], &request).unwrap(),
        made
    );
    assert!(open(&own.admin.sealing, &other_id, &records[&other_id], &request).is_err());
    assert!(
        open(
            &SealingKey::from_seed(Secret::new([9; 32])),
            &id,
            &records[&id],
            &request
        )
        .is_err()
    );
    assert!(open(&own.admin.sealing, &id, &records[&id], &request[1..]).is_err());
    // Somebody who has neither link nor words signs with a key of their own.
    let stranger = InvitationSecret::random(&SystemRandom);
    let forged = Joining::draw(
        own.link(id, &stranger, true),
        None,
        Text::new("x").unwrap(),
        &SystemRandom,
    );
    let forged = claim::seal_request(&own.inviter(), &forged.claim(owner).unwrap()).unwrap();
    assert!(open(&own.admin.sealing, &id, &records[&id], &forged).is_err());
}

#[test]
fn what_was_begun_is_read_back_as_it_was_and_both_sides_compare_the_same_code() {
    let mut own = Organisation::new();
    let (id, secret, owner) = own.invite(ApprovalMode::Approval);
    let mut joining = joining(&own, id, &secret);
    let empty = codec::encode(&joining);
    assert_eq!(
        codec::encode(&codec::decode::<Joining>(&empty).unwrap()),
        empty
    );
    let offer = Offer {
        owner,
        inviter: own.inviter(),
        gift: None,
    };
    joining.offer = Some(offer);
    joining.request = Some(vec![5, 1, 2]);
    joining.gift = Some(KeyGift {
        key: own.key.clone(),
        admin_capability: None,
    });
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    joining.save(&store).unwrap();
    let read = Joining::load(&store).unwrap().unwrap();
    assert_eq!(codec::encode(&read), codec::encode(&joining));
    assert_eq!(read.claim(owner).unwrap(), joining.claim(owner).unwrap());
    let shown = read.code(&read.claim(owner).unwrap()).unwrap();
    let record: &InvitationRecord = &own.roster.invitations()[&id];
    assert_eq!(record.state, InvitationState::Open);
    let compared = crate::roster::ShortCode::of(
        &own.organisation(),
        &record.key,
        &joining.claim(owner).unwrap(),
    );
    assert!(shown == compared.unwrap());
    assert!(
        member(&store).unwrap().is_none(),
        "a device that waits is no member"
    );
}

#[test]
fn an_entry_that_claims_a_later_key_is_passed_over_and_the_rest_is_judged() {
    let mut own = Organisation::new();
    own.invite(ApprovalMode::Instant);
    let later = RosterKey::random(1, &SystemRandom);
    let junk = later
        .seal(
            SealedAs::Entry,
            &own.organisation(),
            b"no rotation",
            &SystemRandom,
        )
        .unwrap();
    own.log.insert(1, junk);
    let mut replayed = Replayed::new(*own.roster.anchor());
    replayed.follow(own.log.clone(), &own.keys()).unwrap();
    assert_eq!(replayed.roster.head(), own.roster.head());
    assert_eq!(
        replayed.rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        [true, false, true]
    );
    replayed
        .check(&own.keys(), &own.roster.minimum().unwrap())
        .unwrap();
}

#[test]
fn an_older_or_another_roster_than_the_link_names_is_refused() {
    let mut own = Organisation::new();
    own.invite(ApprovalMode::Instant);
    let minimum = own.roster.minimum().unwrap();
    let mut cut = Replayed::new(*own.roster.anchor());
    cut.follow(own.log[..1].to_vec(), &own.keys()).unwrap();
    assert!(matches!(
        cut.check(&own.keys(), &minimum),
        Err(EnrolError::RosterOlder)
    ));
    let mut whole = Replayed::new(*own.roster.anchor());
    whole.follow(own.log.clone(), &own.keys()).unwrap();
    let forked = RosterHead {
        hash: Digest::new([7; 32]),
        ..minimum
    };
    assert!(matches!(
        whole.check(&own.keys(), &forked),
        Err(EnrolError::RosterForked)
    ));
    let mut strange = Keyring::new();
    strange.insert(RosterKey::random(0, &SystemRandom));
    assert!(matches!(
        whole.check(&strange, &minimum),
        Err(EnrolError::RosterUnreadable)
    ));
    let mut foreign = Replayed::new(Anchor {
        root: Digest::new([8; 32]),
        ..*own.roster.anchor()
    });
    foreign.follow(own.log.clone(), &own.keys()).unwrap();
    assert!(
        foreign.check(&own.keys(), &minimum).is_err(),
        "another root founds nothing here"
    );
}

#[test]
fn the_root_file_is_never_written_over_another_and_an_interrupted_founding_finds_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root.txt");
    root_file::refuse_taken(&path).unwrap();
    root_file::place(&path, "the root").unwrap();
    root_file::place(&path, "the root").unwrap();
    assert!(matches!(
        root_file::place(&path, "another root"),
        Err(EnrolError::RootFileExists)
    ));
    assert!(matches!(
        root_file::refuse_taken(&path),
        Err(EnrolError::RootFileExists)
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the root");
    let nowhere = dir.path().join("no folder").join("root.txt");
    assert!(matches!(
        root_file::place(&nowhere, "the root"),
        Err(EnrolError::RootFile(_))
    ));
}

#[tokio::test]
async fn a_link_that_is_none_and_words_that_are_missing_or_none_are_told_apart_before_anything_is_stored()
 {
    let mut own = Organisation::new();
    let (id, secret, _) = own.invite(ApprovalMode::Instant);
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let url = own.link(id, &secret, false).to_url();
    let attempt = async |link: &str, words: Option<&str>, label: &str| {
        join(
            &store,
            &clock,
            &random,
            link,
            words,
            label,
            &ProxySetting::None,
        )
        .await
        .unwrap_err()
    };
    assert!(matches!(
        attempt("https://example.org/#x", None, "phone").await,
        EnrolError::Link
    ));
    assert!(matches!(
        attempt(&url, None, "phone").await,
        EnrolError::WordsMissing
    ));
    assert!(matches!(
        attempt(&url, Some(" "), "phone").await,
        EnrolError::WordsMissing
    ));
    assert!(matches!(
        attempt(&url, Some("zebra"), "phone").await,
        EnrolError::WordsMalformed
    ));
    let words = secret.words.reveal();
    assert!(matches!(
        attempt(&url, Some(&words), "").await,
        EnrolError::Text(_)
    ));
    assert!(Joining::load(&store).unwrap().is_none());
}

#[test]
fn every_error_has_a_name_of_its_own_floor_and_none_shows_a_secret() {
    let errors = [
        EnrolError::InvitationTaken,
        EnrolError::WordsWrong,
        EnrolError::KeysReplaced,
        EnrolError::Link,
    ];
    for error in errors {
        assert!(error.code().starts_with("enrol."), "{error}");
    }
    let mut own = Organisation::new();
    let (id, secret, _) = own.invite(ApprovalMode::Instant);
    own.append(Tick {});
    let shown = format!(
        "{:?} {:?}",
        own.inviter(),
        joining(&own, id, &secret).link.secret(None)
    );
    assert!(!shown.contains(&secret.words.reveal()), "{shown}");
}
