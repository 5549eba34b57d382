//! An enrolment that has begun: everything drawn for it, committed before the relay hears of it.

use minicbor::{Decode, Encode};

use super::EnrolError;
use super::offer::Offer;
use crate::base::seal::SealingKey;
use crate::base::{DeviceId, Owner, Random, Secret, SigningKey, random};
use crate::roster::invitation::WORDS;
use crate::roster::key::KeyGift;
use crate::roster::kind::{DeviceDetails, DeviceEnrolled};
use crate::roster::{
    ChannelSecret, ContactAlias, DeviceSecrets, InvitationKeys, InvitationLink, RosterError,
    ShortCode, Text, Words,
};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError};

/// Where the record is kept.
pub(super) const JOINING: &str = "joining";

/// The record. It goes with the last step.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub(super) struct Joining {
    #[n(0)]
    pub(super) link: InvitationLink,
    #[n(1)]
    words: Option<Words<WORDS>>,
    #[n(2)]
    pub(super) label: Text<64>,
    #[n(3)]
    pub(super) device: DeviceId,
    #[n(4)]
    signing: SigningKey,
    #[n(5)]
    sealing: Secret<32>,
    #[n(6)]
    receipt: SigningKey,
    #[n(7)]
    contact_alias: ContactAlias,
    #[n(8)]
    #[cbor(with = "minicbor::bytes")]
    mailbox: [u8; 16],
    #[n(9)]
    mailbox_key: SigningKey,
    #[n(10)]
    #[cbor(with = "minicbor::bytes")]
    generation: [u8; 16],
    #[n(11)]
    #[cbor(with = "minicbor::bytes")]
    next_generation: [u8; 16],
    /// Known to the relay as whoever took the invitation; linked to nothing else.
    #[n(12)]
    pub(super) taker: SigningKey,
    /// What the inviter left, once it was taken.
    #[n(13)]
    pub(super) offer: Option<Offer>,
    /// The claim as it is sent to the inviter: sealing draws, and the relay takes the same bytes only.
    #[n(14)]
    #[cbor(with = "minicbor::bytes")]
    pub(super) request: Option<Vec<u8>>,
    /// The roster key, from the offer or from the approval.
    #[n(15)]
    pub(super) gift: Option<KeyGift>,
    /// Secret of the wipe channel; absent where release 0.1 began this.
    #[n(16)]
    channel: Option<ChannelSecret>,
}

impl Joining {
    /// Draws everything. Nothing is stored yet.
    pub(super) fn draw(
        link: InvitationLink,
        words: Option<Words<WORDS>>,
        label: Text<64>,
        source: &dyn Random,
    ) -> Self {
        let secrets = DeviceSecrets::generate(source);
        Self {
            link,
            words,
            label,
            device: DeviceId::random(source),
            signing: secrets.signature,
            sealing: secrets.sealing.seed().clone(),
            receipt: secrets.receipt,
            contact_alias: secrets.contact_alias,
            mailbox: random::array(source),
            mailbox_key: SigningKey::random(source),
            generation: random::array(source),
            next_generation: random::array(source),
            taker: SigningKey::random(source),
            offer: None,
            request: None,
            gift: None,
            channel: secrets.channel,
        }
    }
    /// What the store holds, if anything.
    pub(super) fn load(store: &Store) -> Result<Option<Self>, EnrolError> {
        Ok(store.read::<_, StoreError>(|tx| tx.meta(JOINING))?)
    }
    /// Commits the record, and this device's own once it is known whose it is.
    pub(super) fn save(&self, store: &Store) -> Result<(), EnrolError> {
        store.write::<_, StoreError>("joining an organisation", |tx| {
            tx.put_meta(JOINING, self)?;
            match (&self.offer, tx.device_self()?) {
                // A later session generation may stand in a record of the same device.
                (Some(_), Some(me)) if me.device == self.device => Ok(()),
                (Some(offer), _) => tx.put_device_self(&self.device_self(offer.owner)),
                (None, _) => Ok(()),
            }
        })?;
        Ok(())
    }
    /// The invitation's keys, from link and words.
    pub(super) fn invitation(&self) -> Result<InvitationKeys, EnrolError> {
        Ok(self
            .link
            .secret(self.words.as_ref())?
            .keys(&self.link.invitation))
    }
    /// Whether a link and words are the ones this began with.
    pub(super) fn is_for(&self, link: &InvitationLink, words: Option<&Words<WORDS>>) -> bool {
        self.link == *link && (link.in_person() || self.words.as_ref() == words)
    }
    /// The same with other words, where the first ones were mistyped. The keys drawn stay.
    pub(super) fn with_words(mut self, words: Option<Words<WORDS>>) -> Self {
        self.words = words;
        self
    }

    /// What an approval is sealed to.
    pub(super) fn sealing_key(&self) -> SealingKey {
        SealingKey::from_seed(self.sealing.clone())
    }
    fn secrets(&self) -> DeviceSecrets {
        DeviceSecrets {
            signature: self.signing.clone(),
            sealing: SealingKey::from_seed(self.sealing.clone()),
            receipt: self.receipt.clone(),
            contact_alias: self.contact_alias,
            channel: self.channel.clone(),
        }
    }
    /// This device as everybody will see it. Its wipe channel follows in an entry of its own, because a log that began
    /// under release 0.1 takes no enrolment with one.
    fn details(&self, owner: Owner) -> Result<DeviceDetails, RosterError> {
        let secrets = self.secrets();
        let details = secrets.details(self.device, owner, self.label.clone())?;
        Ok(DeviceDetails {
            channel: None,
            ..details
        })
    }
    /// The claim on the invitation, the same at each call.
    pub(super) fn claim(&self, owner: Owner) -> Result<DeviceEnrolled, EnrolError> {
        let keys = self.invitation()?;
        let organisation = &self.link.anchor.organisation;
        let details = self.details(owner)?;
        Ok(DeviceEnrolled::claim(
            organisation,
            self.link.invitation,
            details,
            &keys.signing,
            &self.signing,
        ))
    }
    /// What is compared with the administrator.
    pub(super) fn code(&self, claim: &DeviceEnrolled) -> Result<ShortCode, EnrolError> {
        let key = self.invitation()?.signing.verifying_key();
        Ok(ShortCode::of(&self.link.anchor.organisation, &key, claim)?)
    }
    /// This device's own record, before it is enrolled.
    fn device_self(&self, owner: Owner) -> DeviceSelf {
        DeviceSelf {
            organisation: self.link.anchor.organisation,
            tenant: self.link.relay.tenant,
            device: self.device,
            owner,
            signing: self.signing.clone(),
            sealing: self.sealing.clone(),
            receipt: self.receipt.clone(),
            mailbox: self.mailbox,
            mailbox_key: self.mailbox_key.clone(),
            contact_alias: *self.contact_alias.as_bytes(),
            root: self.link.anchor.root,
            generation: self.generation,
            next_generation: self.next_generation,
            enrolled: false,
            channel: self.channel.as_ref().map(|c| c.secret().clone()),
        }
    }
}
