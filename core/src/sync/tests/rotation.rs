//! A rotation of the roster key as one device reads it: with its seal, without, and with one that comes late.

use crate::base::SystemRandom;
use crate::roster::kind::{PersonLeft, Tick};
use crate::roster::tests::fixture::{Device, World};
use crate::roster::{Keyring, Roster, Rotation};
use crate::store::table::device::DeviceSelf;

use super::super::judge::{Judging, Mine, Stop};
use super::super::roster::{
    keyring, put_entries, put_keyring, rebuild, reconsider, remember_passed, replayed,
};
use super::world::Node;

/// A log with two rotations, each followed by a word of the administrator, and the seals beside it.
pub(super) struct Log {
    pub(super) world: World,
    pub(super) reader: Device,
    entries: Vec<(u64, Vec<u8>)>,
    /// Position and record, of every device.
    seals: Vec<(u64, Vec<u8>)>,
    /// The keys as far as a device has them that has read to the first rotation.
    pub(super) first: Keyring,
}

impl Log {
    pub(super) fn new(rotations: usize, junk: bool) -> Self {
        let (mut world, nurse, reader, _) = World::staffed();
        let (organisation, admin) = (world.roster.anchor().organisation, world.admin.clone());
        let mut keys = Keyring::new();
        keys.insert(world.key.clone());
        let first = keys.clone();
        world.ok(
            &admin,
            PersonLeft {
                person: nurse.person(),
            },
        );
        let seal = |keys: &Keyring, bytes: &[u8]| {
            let epoch = keys.newest().unwrap().epoch();
            keys.seal_entry(epoch, &organisation, bytes, &SystemRandom)
                .unwrap()
        };
        let mut log: Vec<Vec<u8>> = world.log.iter().map(|bytes| seal(&keys, bytes)).collect();
        let mut seals = Vec::new();
        if junk {
            let mut claim = log[0].clone();
            claim[7] = 1;
            log.push(claim);
            // What a relay passes on takes a position, valid or not.
            world.push(b"junk".to_vec());
        }
        for _ in 0..rotations {
            let recipients = world.roster.recipients().unwrap();
            let rotation = Rotation::prepare(
                &organisation,
                keys.newest().unwrap(),
                &recipients,
                &SystemRandom,
            )
            .unwrap();
            keys.insert(rotation.key.clone());
            world.ok(&admin, rotation.body.clone());
            let position = u64::try_from(log.len()).unwrap();
            seals.extend(rotation.seals.into_iter().map(|(_, seal)| (position, seal)));
            log.push(seal(&keys, world.log.last().unwrap()));
            world.ok(&admin, Tick {});
            log.push(seal(&keys, world.log.last().unwrap()));
        }
        Self {
            world,
            reader,
            entries: (0..).zip(log).collect(),
            seals,
            first,
        }
    }
    pub(super) fn judging(&self) -> Judging {
        let roster = Roster::new(*self.world.roster.anchor());
        Judging::new(
            roster,
            self.first.clone(),
            self.reader.id,
            self.entries.clone(),
        )
    }
    fn mine(&self, from: u64) -> Vec<Mine> {
        let served: Vec<_> = self
            .seals
            .iter()
            .filter(|(position, _)| *position >= from)
            .cloned()
            .collect();
        Mine::open(&served, &self.reader.secrets.sealing)
    }
    fn rotation(&self, number: usize) -> u64 {
        let mut positions: Vec<u64> = self.seals.iter().map(|(position, _)| *position).collect();
        positions.dedup();
        positions[number]
    }
}

#[test]
fn a_rotation_whose_seal_is_withheld_is_waited_for_and_read_when_the_seal_comes() {
    let log = Log::new(1, false);
    let rotation = log.rotation(0);
    let mut judging = log.judging();
    assert_eq!(judging.run(), Stop::Seals(rotation));
    judging.seals = Some(Vec::new());
    assert_eq!(judging.run(), Stop::Bearer);
    judging.bearer = Some(false);
    assert_eq!(judging.run(), Stop::Waiting(1));
    assert_eq!(judging.roster.next_position(), rotation, "read up to it");
    assert_eq!(u64::try_from(judging.rows.len()).unwrap(), rotation);

    // The next round asks again, and goes on to the end.
    judging.seals = Some(log.mine(rotation));
    assert_eq!(judging.run(), Stop::End);
    assert_eq!(judging.roster.digest(), log.world.roster.digest());
    assert_eq!(judging.gifts.len(), 1);
}

#[test]
fn the_seal_of_a_later_rotation_makes_up_for_one_that_never_came() {
    let log = Log::new(2, false);
    let mut judging = log.judging();
    assert_eq!(judging.run(), Stop::Seals(log.rotation(0)));
    judging.seals = Some(log.mine(log.rotation(1)));
    assert_eq!(judging.run(), Stop::End);
    assert_eq!(judging.roster.digest(), log.world.roster.digest());
    assert_eq!(judging.gifts.len(), 2, "the key in between came along");
}

#[test]
fn junk_that_claims_to_be_a_rotation_stops_nobody() {
    // While the bearer stands, there was no rotation.
    let log = Log::new(0, true);
    let mut judging = log.judging();
    assert!(matches!(judging.run(), Stop::Seals(_)));
    judging.seals = Some(Vec::new());
    assert_eq!(judging.run(), Stop::Bearer);
    judging.bearer = Some(true);
    assert_eq!(judging.run(), Stop::End);
    assert!(judging.passed.is_some());
    assert_eq!(judging.roster.digest(), log.world.roster.digest());

    // And where the true one follows it, that one's seal says so.
    let log = Log::new(1, true);
    let mut judging = log.judging();
    let Stop::Seals(from) = judging.run() else {
        panic!("the claim needs a seal");
    };
    assert!(from < log.rotation(0));
    judging.seals = Some(log.mine(from));
    assert_eq!(judging.run(), Stop::End);
    assert_eq!(judging.roster.digest(), log.world.roster.digest());
}

/// The reader's store after a relay that said the bearer still stood.
fn deceived(log: &Log) -> (Node, DeviceSelf) {
    let node = Node::new(&log.reader, &log.world.roster, 9);
    let mut judging = log.judging();
    judging.seals = Some(Vec::new());
    judging.bearer = Some(true);
    assert_eq!(judging.run(), Stop::End);
    assert_ne!(judging.roster.digest(), log.world.roster.digest());
    node.write(|tx, _| {
        put_keyring(tx, &log.first).unwrap();
        put_entries(tx, &judging.rows).unwrap();
        remember_passed(tx, judging.passed).unwrap();
    });
    let me = node.me.clone();
    (node, me)
}

#[test]
fn a_rotation_that_was_passed_by_is_judged_anew_when_its_seal_comes_after_all() {
    for rotations in [1, 2] {
        let log = Log::new(rotations, false);
        let (node, me) = deceived(&log);
        let before = node.write(|tx, _| rebuild(tx, &me, None).unwrap());
        assert!(before.next_position() > log.rotation(0), "it went on");
        assert!(node.write(|tx, _| !reconsider(tx, &me, &[]).unwrap()));
        let mine = log.mine(log.rotation(rotations - 1));
        assert!(node.write(|tx, _| reconsider(tx, &me, &mine).unwrap()));
        let (after, count, keys) = node.write(|tx, _| {
            (
                rebuild(tx, &me, None).unwrap(),
                replayed(tx).unwrap(),
                keyring(tx).unwrap(),
            )
        });
        assert_eq!(after.digest(), log.world.roster.digest());
        assert_eq!(count, 1, "what is cached is dropped");
        assert_eq!(
            keys.newest().unwrap().epoch(),
            u64::try_from(rotations).unwrap()
        );
    }
}
