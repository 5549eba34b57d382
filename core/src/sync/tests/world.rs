//! The devices and the relay.

use std::collections::{BTreeMap, VecDeque};

use sotto_wire::live::Entry;
use sotto_wire::slot::Advance;
use sotto_wire::submit::{Class, Delivery, Queued, Refused, RefusedReason, Submit};
use sotto_wire::{Alias, EntrySeq, RelayTime, Sealed, Sig};
use tempfile::TempDir;

use crate::base::{
    Clock, ConversationId, DeviceId, Owner, Secret, SigningKey, SystemClock, SystemRandom,
    Timestamp,
};
use crate::inbox::{self, Cause};
use crate::membership::{self, Body, Context, Outgoing, Plan, commit, join, load_group};
use crate::mls::{Suite, key_package};
use crate::outbox;
use crate::roster::Roster;
use crate::roster::tests::fixture::{Device, World as Organisation};
use crate::store::table::conversation::{ConversationKind, ConversationRow};
use crate::store::table::device::DeviceSelf;
use crate::store::table::membership::{PendingCommitRow, WishKind};
use crate::store::table::queue::OutboxKind;
use crate::store::{Store, StoreError, StoreOptions, WriteTx};
use crate::vault::DatabaseKey;

/// One device: its store and the roster as far as it has read it.
pub(super) struct Node {
    pub(super) me: DeviceSelf,
    pub(super) store: Store,
    pub(super) roster: Roster,
    _dir: TempDir,
}

impl Node {
    pub(super) fn new(device: &Device, roster: &Roster, number: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = DatabaseKey::new(Secret::new([number; 32]));
        let store = Store::create(dir.path(), &key, StoreOptions::default()).unwrap();
        let me = DeviceSelf {
            organisation: roster.anchor().organisation,
            tenant: [7; 16],
            device: device.id,
            owner: device.owner,
            signing: device.secrets.signature.clone(),
            sealing: device.secrets.sealing.seed().clone(),
            receipt: device.secrets.receipt.clone(),
            mailbox: [number; 16],
            mailbox_key: SigningKey::random(&SystemRandom),
            contact_alias: *device.secrets.contact_alias.as_bytes(),
            root: roster.anchor().root,
            generation: [1; 16],
            next_generation: [1; 16],
            enrolled: true,
            channel: None,
        };
        store
            .write::<_, StoreError>("a device", |tx| {
                tx.put_device_self(&me)?;
                tx.add_alias(&me.contact_alias, None)
            })
            .unwrap();
        Self {
            me,
            store,
            roster: roster.clone(),
            _dir: dir,
        }
    }
    pub(super) fn write<T>(&self, work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> T) -> T {
        let now = SystemClock::default().now();
        self.at(now, work)
    }
    pub(super) fn at<T>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> T,
    ) -> T {
        self.store
            .write::<_, StoreError>("a test", |tx| {
                let context = Context {
                    me: &self.me,
                    roster: &self.roster,
                    now,
                    random: &SystemRandom,
                };
                Ok(work(tx, &context))
            })
            .unwrap()
    }
    pub(super) fn conversation(&self, id: ConversationId) -> ConversationRow {
        self.store
            .read::<_, StoreError>(|tx| tx.conversation(id))
            .unwrap()
            .unwrap()
    }
    /// The devices in the group, as this one sees it.
    pub(super) fn members(&self, id: ConversationId) -> Vec<DeviceId> {
        self.write(|tx, _| {
            let row = tx.conversation(id).unwrap().unwrap();
            let group = load_group(tx, &row).unwrap().unwrap();
            group.members().unwrap().iter().map(|m| m.device).collect()
        })
    }
    pub(super) fn epoch(&self, id: ConversationId) -> u64 {
        self.write(|tx, _| {
            let row = tx.conversation(id).unwrap().unwrap();
            load_group(tx, &row).unwrap().unwrap().epoch()
        })
    }
    pub(super) fn key_generations(&self, id: ConversationId) -> Vec<u64> {
        let keys = self
            .store
            .read::<_, StoreError>(|tx| tx.conversation_keys(id))
            .unwrap();
        keys.into_iter().map(|(generation, _)| generation).collect()
    }
    /// Titles that arrived, as a stand-in for messages whose order can be seen.
    pub(super) fn title(&self, id: ConversationId) -> String {
        self.conversation(id).title
    }
    /// How many wait, and how many are evidence.
    pub(super) fn held(&self) -> (usize, usize) {
        let rows = self.store.read::<_, StoreError>(|tx| tx.held()).unwrap();
        let refused = rows.iter().filter(|row| row.refused).count();
        (rows.len() - refused, refused)
    }
    pub(super) fn outbox(&self) -> u64 {
        self.store
            .read::<_, StoreError>(|tx| tx.outbox_len())
            .unwrap()
    }
    pub(super) fn make(&self, kind: ConversationKind, owners: &[Owner]) -> ConversationId {
        self.write(|tx, context| {
            let (row, request) = join::create(tx, context, kind, "", owners).unwrap();
            outbox::file_slot(tx, context, &row, &request).unwrap();
            row.id
        })
    }
    /// Files a word: the conversation's title.
    pub(super) fn say(&self, id: ConversationId, word: &str) {
        self.write(|tx, context| {
            let row = tx.conversation(id).unwrap().unwrap();
            let out = Outgoing::word(Body::Info(word.to_owned(), Vec::new()));
            outbox::file(tx, context, &row, None, &out).unwrap();
        });
    }
    pub(super) fn wish(&self, id: ConversationId, kind: WishKind, owner: Owner) {
        self.write(|tx, context| {
            tx.add_wish(id, kind, owner.kind(), owner.as_bytes(), context.now)
                .unwrap()
        });
    }
    pub(super) fn pending(&self, id: ConversationId) -> Option<PendingCommitRow> {
        self.store
            .read::<_, StoreError>(|tx| tx.pending_commit(id))
            .unwrap()
    }
    /// Takes entries in, as a round does.
    pub(super) fn ingest(&self, entries: &[Entry]) {
        for batch in entries.chunks(inbox::BATCH) {
            self.write(|tx, context| {
                let mut report = inbox::ingest(tx, context, batch).unwrap();
                super::super::pull::follow(tx, context, &mut report).unwrap();
            });
        }
    }
}

/// A slot at the relay.
struct Slot {
    epoch: u64,
    group_info: Vec<u8>,
    commits: BTreeMap<u64, Vec<u8>>,
}

/// The organisation, its devices and the relay.
pub(super) struct Ward {
    pub(super) organisation: Organisation,
    pub(super) nodes: Vec<Node>,
    slots: BTreeMap<[u8; 16], Slot>,
    pub(super) mailboxes: Vec<VecDeque<Entry>>,
    /// Aliases that take nothing.
    pub(super) full: Vec<[u8; 16]>,
    /// Devices without key packages.
    pub(super) bare: Vec<usize>,
    next: u64,
}

impl Ward {
    /// The administrator, a nurse, a physician and a bench: devices 0 to 3, in four owners.
    pub(super) fn new() -> Self {
        let (organisation, nurse, physician, bench) = Organisation::staffed();
        let admin = organisation.admin.clone();
        let mut ward = Self {
            organisation,
            nodes: Vec::new(),
            slots: BTreeMap::new(),
            mailboxes: Vec::new(),
            full: Vec::new(),
            bare: Vec::new(),
            next: 1,
        };
        for device in [admin, nurse, physician, bench] {
            ward.enter(&device);
        }
        ward
    }
    pub(super) fn enter(&mut self, device: &Device) -> usize {
        let number = u8::try_from(self.nodes.len() + 1).unwrap();
        self.nodes
            .push(Node::new(device, &self.organisation.roster, number));
        self.mailboxes.push(VecDeque::new());
        self.nodes.len() - 1
    }
    pub(super) fn owner(&self, node: usize) -> Owner {
        self.nodes[node].me.owner
    }
    /// Every device reads the roster as it is, and compares its groups with it.
    pub(super) fn read_roster(&mut self) {
        for at in 0..self.nodes.len() {
            self.read_roster_at(at);
        }
    }
    pub(super) fn read_roster_at(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.roster = self.organisation.roster.clone();
        node.write(|tx, context| {
            for row in tx.conversations().unwrap() {
                membership::plan::heal(tx, context, &row).unwrap();
            }
            let mut report = inbox::retry_held(tx, context, Cause::Roster).unwrap();
            super::super::pull::follow(tx, context, &mut report).unwrap();
        });
    }
    fn mailbox_of(&self, alias: &[u8; 16]) -> Option<usize> {
        self.nodes.iter().position(|node| {
            node.store
                .read::<_, StoreError>(|tx| tx.alias(alias))
                .unwrap()
                .is_some()
        })
    }
    /// Puts a payload into mailboxes; says who got nothing.
    pub(super) fn deliver(
        &mut self,
        payload: &Sealed,
        deliveries: &[Delivery],
        first: usize,
    ) -> Vec<Refused> {
        let mut refused = Vec::new();
        for (index, delivery) in deliveries.iter().enumerate() {
            let index = u16::try_from(first + index).unwrap();
            let alias = delivery.alias.as_bytes();
            let Some(to) = self.mailbox_of(alias) else {
                refused.push(Refused {
                    index,
                    reason: RefusedReason::Unknown,
                });
                continue;
            };
            if self.full.contains(alias) {
                refused.push(Refused {
                    index,
                    reason: RefusedReason::Full,
                });
                continue;
            }
            let entry = self.entry(*alias, payload.clone(), delivery.receipt);
            self.mailboxes[to].push_back(entry);
            self.next += 1;
        }
        refused
    }
    fn entry(
        &self,
        alias: [u8; 16],
        payload: Sealed,
        receipt: Option<sotto_wire::ReceiptHandle>,
    ) -> Entry {
        Entry {
            seq: EntrySeq(self.next),
            alias: Alias::new(alias),
            payload,
            receipt,
            accepted: RelayTime(SystemClock::default().now().millis()),
            class: Class::Routine,
        }
    }
    /// Sends what the outbox holds, lane by lane.
    pub(super) fn push(&mut self, at: usize) {
        loop {
            let now = SystemClock::default().now();
            let heads = self.nodes[at]
                .store
                .read::<_, StoreError>(|tx| tx.outbox_heads())
                .unwrap();
            let ready = heads
                .into_iter()
                .find(|row| row.kind != OutboxKind::Draft && row.not_before <= now);
            let Some(row) = ready else { return };
            if row.kind == OutboxKind::CreateSlot {
                let create: sotto_wire::slot::Create = sotto_wire::decode(&row.request).unwrap();
                let slot = Slot {
                    epoch: create.epoch.0,
                    group_info: create.group_info.into_bytes(),
                    commits: BTreeMap::new(),
                };
                self.slots.insert(*create.slot.as_bytes(), slot);
                self.nodes[at].write(|tx, _| tx.drop_outbox(row.id).unwrap());
                continue;
            }
            let request: Submit = sotto_wire::decode(&row.request).unwrap();
            let refused = self.deliver(&request.payload, &request.deliveries, 0);
            let answer = Queued {
                time: RelayTime(now.millis()),
                refused,
                sig: Sig::new([0; 64]),
            };
            self.nodes[at]
                .write(|tx, context| outbox::queued(tx, &row, &answer, context.now).unwrap());
        }
    }
    fn claim(&self, devices: &[DeviceId]) -> Vec<(DeviceId, Vec<u8>)> {
        let mut claimed = Vec::new();
        for device in devices {
            let Some(at) = self.nodes.iter().position(|node| node.me.device == *device) else {
                continue;
            };
            if !self.bare.contains(&at) {
                let package = self.nodes[at].write(|tx, context| {
                    key_package::generate(
                        tx,
                        &context.identity(),
                        Suite::default(),
                        1,
                        false,
                        context.now,
                    )
                    .unwrap()
                    .remove(0)
                });
                claimed.push((*device, package));
            }
        }
        claimed
    }
    /// Plans and stages a commit, as far as the store.
    pub(super) fn stage(&mut self, at: usize, id: ConversationId) -> Option<PendingCommitRow> {
        self.stage_later(at, id, std::time::Duration::ZERO)
    }
    pub(super) fn stage_later(
        &mut self,
        at: usize,
        id: ConversationId,
        later: std::time::Duration,
    ) -> Option<PendingCommitRow> {
        let now = SystemClock::default().now().plus(later);
        let plan = |node: &Node| -> Plan {
            node.at(now, |tx, context| {
                let row = tx.conversation(id).unwrap().unwrap();
                let group = load_group(tx, &row).unwrap().unwrap();
                membership::plan(tx, context, &row, &group).unwrap()
            })
        };
        if let Some(pending) = self.nodes[at].pending(id) {
            return Some(pending);
        }
        let mut planned = plan(&self.nodes[at]);
        let claimed = self.claim(&planned.add);
        planned
            .add
            .retain(|device| claimed.iter().any(|(have, _)| have == device));
        if planned.is_empty() {
            return None;
        }
        let packages: Vec<Vec<u8>> = claimed.into_iter().map(|(_, bytes)| bytes).collect();
        self.nodes[at].at(now, |tx, context| {
            let row = tx.conversation(id).unwrap().unwrap();
            let mut group = load_group(tx, &row).unwrap().unwrap();
            commit::stage(tx, context, &row, &mut group, &planned, &packages).unwrap();
        });
        self.nodes[at].pending(id)
    }
    /// The relay's compare-and-set; `true` where it accepts.
    pub(super) fn advance(&mut self, pending: &PendingCommitRow) -> bool {
        let request: Advance = sotto_wire::decode(&pending.request).unwrap();
        let body = request.body;
        let slot = self.slots.get_mut(body.slot.as_bytes()).unwrap();
        if slot.epoch != body.from_epoch.0 {
            return false;
        }
        slot.epoch += 1;
        slot.group_info = body.group_info.into_bytes();
        slot.commits
            .insert(body.from_epoch.0, body.posts[0].payload.as_bytes().to_vec());
        for post in &body.posts {
            self.deliver(&post.payload, &post.deliveries, 0);
        }
        true
    }
    /// The relay's yes reaches the device.
    pub(super) fn confirm(&mut self, at: usize, pending: &PendingCommitRow) {
        self.nodes[at].write(|tx, context| {
            let still = tx.pending_commit(pending.conversation).unwrap();
            if still.is_none_or(|p| p.commit_digest != pending.commit_digest) {
                return;
            }
            let row = tx.conversation(pending.conversation).unwrap().unwrap();
            tx.mark_payload_seen(pending.commit_digest.as_bytes(), context.now)
                .unwrap();
            let accepted = commit::accepted(tx, context, &row, pending).unwrap();
            let word = crate::timeline::committed(tx, context, &row, &accepted).unwrap();
            let mut report = inbox::retry_held(tx, context, Cause::Moved(row.id)).unwrap();
            report.follow.extend(word.map(|word| (row.id, word)));
            super::super::pull::follow(tx, context, &mut report).unwrap();
        });
    }
    /// Commits until nothing is left to commit.
    pub(super) fn settle(&mut self, at: usize, id: ConversationId) {
        for _ in 0..6 {
            let Some(pending) = self.stage(at, id) else {
                break;
            };
            if self.advance(&pending) {
                self.confirm(at, &pending);
            } else {
                self.pull(at);
                self.withdraw(at, &pending);
            }
        }
        self.encrypt(at, id);
    }
    pub(super) fn withdraw(&self, at: usize, pending: &PendingCommitRow) {
        self.nodes[at].write(|tx, _| {
            let row = tx.conversation(pending.conversation).unwrap().unwrap();
            commit::lost(tx, &row, pending).unwrap();
        });
    }
    pub(super) fn encrypt(&self, at: usize, id: ConversationId) {
        self.nodes[at]
            .write(|tx, context| super::super::pull::encrypt_waiting(tx, context, id).unwrap());
    }
    /// Takes in what waits for a device.
    pub(super) fn pull(&mut self, at: usize) {
        let entries: Vec<Entry> = self.mailboxes[at].drain(..).collect();
        self.nodes[at].ingest(&entries);
    }
    /// Everybody sends and takes in until all is quiet.
    pub(super) fn quiet(&mut self) {
        for _ in 0..12 {
            for at in 0..self.nodes.len() {
                self.push(at);
            }
            if self.mailboxes.iter().all(VecDeque::is_empty) {
                return;
            }
            for at in 0..self.nodes.len() {
                self.pull(at);
            }
        }
        panic!("the devices do not come to rest");
    }
    /// A conversation of the first with the others, settled everywhere.
    pub(super) fn conversation(
        &mut self,
        kind: ConversationKind,
        members: &[usize],
    ) -> ConversationId {
        let owners: Vec<Owner> = members[1..].iter().map(|at| self.owner(*at)).collect();
        let id = self.nodes[members[0]].make(kind, &owners);
        self.push(members[0]);
        self.settle(members[0], id);
        self.quiet();
        id
    }
    /// What the relay has of a slot since an epoch, as entries of a gap.
    pub(super) fn commits_since(&self, at: usize, id: ConversationId, since: u64) -> Vec<Entry> {
        let row = self.nodes[at].conversation(id);
        let slot = &self.slots[&row.slot];
        let later = slot.commits.range(since..);
        later
            .map(|(_, commit)| Entry {
                seq: EntrySeq(inbox::LATE),
                ..self.entry(row.alias, Sealed::new(commit.clone()), None)
            })
            .collect()
    }
    /// Comes back by external commit; `true` where the relay accepts.
    pub(super) fn resync(&mut self, at: usize, id: ConversationId) -> PendingCommitRow {
        let row = self.nodes[at].conversation(id);
        let info = self.slots[&row.slot].group_info.clone();
        self.nodes[at]
            .write(|tx, context| membership::resync::rejoin(tx, context, &row, &info).unwrap());
        self.nodes[at].pending(id).unwrap()
    }
}
