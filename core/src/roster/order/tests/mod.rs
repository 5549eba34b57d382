//! A locked device against everybody who would have it wiped.

mod attacks;
mod grown;
mod long;
mod random;
mod shape;

use super::{Authorities, OrderProof, OrderRefusal, VerifiedOrder};
use crate::roster::authorize::pack;
use crate::roster::kind::{DeviceRevoked, Proposal, RevocationMode};
use crate::roster::tests::fixture::{Device, World, terms};
use crate::roster::{Body, Roster, Verdict};

/// The valid entries of a log, by number.
pub(super) fn chain(world: &World) -> Vec<Vec<u8>> {
    let mut roster = Roster::new(*world.roster.anchor());
    let mut entries = Vec::new();
    for (position, bytes) in (0..).zip(&world.log) {
        if let Verdict::Valid { .. } | Verdict::Ignored { .. } = roster.apply(position, bytes) {
            entries.push(bytes.clone());
        }
    }
    entries
}

pub(super) fn prove(world: &World, seq: u64, hint: Option<u64>) -> OrderProof {
    let entries = chain(world);
    let entry = |seq: u64| entries.get(usize::try_from(seq).unwrap()).cloned();
    OrderProof::build(&world.roster, &entry, seq, hint).unwrap()
}

pub(super) fn wipe(device: &Device) -> DeviceRevoked {
    DeviceRevoked {
        device: device.id,
        mode: RevocationMode::Wipe,
        suspect_since: None,
        reason: None,
    }
}

pub(super) fn proposal(world: &World, body: impl Into<Body>) -> Proposal {
    let body = body.into();
    Proposal {
        kind: body.kind(),
        body: body.to_bytes(),
        expires: world.now.plus(crate::roster::tests::fixture::HOUR),
        reason: None,
    }
}

/// A nurse's phone is locked; it knew the organisation as it was then.
pub(super) struct Locked {
    pub(super) world: World,
    pub(super) phone: Device,
    pub(super) knew: Authorities,
}

impl Locked {
    pub(super) fn phone_of(world: World, phone: Device) -> Self {
        let knew = Authorities::of(&world.roster, phone.id);
        Self { world, phone, knew }
    }
    /// Grace Hopper and Ada Lovelace administer; Florence Nightingale's phone is locked.
    pub(super) fn set() -> (Self, Device) {
        let (mut world, nurse, ..) = World::staffed();
        let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
        (Self::phone_of(world, nurse), second)
    }
    pub(super) fn admin(&self) -> Device {
        self.world.admin.clone()
    }
    pub(super) fn judge(&self, proof: &OrderProof) -> Result<VerifiedOrder, OrderRefusal> {
        let anchor = self.world.roster.anchor();
        let knew = Authorities::from_bytes(&self.knew.to_bytes()).unwrap();
        let sent = OrderProof::from_bytes(&proof.to_bytes().unwrap())?;
        sent.verify(&anchor.organisation, &anchor.root, &self.phone.id, &knew)
    }
    /// Judged with and without knowing how far the device had read.
    pub(super) fn obeys(&self, seq: u64) -> VerifiedOrder {
        let exact = prove(&self.world, seq, Some(self.knew.seq()));
        let order = self.judge(&exact).unwrap();
        assert_eq!(self.judge(&prove(&self.world, seq, None)), Ok(order));
        assert_eq!(order.seq, seq);
        assert_eq!(self.world.roster.hash_at(seq), Some(order.entry_digest));
        order
    }
    pub(super) fn bytes(&self, seq: u64) -> Vec<u8> {
        chain(&self.world)[usize::try_from(seq).unwrap()].clone()
    }
}
