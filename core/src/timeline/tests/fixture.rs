//! A physician's device with a real store: what others send to one group, without the relay and without MLS.

use sotto_content::card::{Quantity, ReportStatus, ResultCard, Value};
use sotto_content::hl7;
use sotto_content::id;
use sotto_content::mimi::{Extensions, MessageId as MimiId, MimiContent};
use sotto_content::readback::{Answer, Policy, ReadBack};
use sotto_content::statement::{
    Act, Body, From, ReadBackRecord, Signed, Speaker, Statement, Subject,
};

use crate::base::{
    ConversationId, MessageId, Owner, Secret, SigningKey, SystemRandom, Timestamp, random,
};
use crate::membership::Context;
use crate::roster::tests::fixture::{Device, World};
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::device::DeviceSelf;
use crate::store::table::held::{HeldCause, HeldRow};
use crate::store::table::message::MessageRow;
use crate::store::{ReadTx, Store, StoreError, StoreOptions, WriteTx};
use crate::timeline::{Applied, Incoming, TimelineError, apply, arrived, message_id, uris, wait};
use crate::vault::DatabaseKey;

const POTASSIUM: &[u8] = include_bytes!("../../../content/samples/potassium-critical.hl7");

pub(crate) struct Ward {
    pub(crate) world: World,
    pub(crate) nurse: Device,
    pub(crate) physician: Device,
    pub(crate) bench: Device,
    pub(crate) store: Store,
    pub(crate) group: ConversationId,
    pub(crate) other: ConversationId,
    pub(crate) now: Timestamp,
    me: DeviceSelf,
    dir: tempfile::TempDir,
}

fn database_key() -> DatabaseKey {
    DatabaseKey::new(Secret::new([0x5a; 32]))
}

/// The sample's card: a panel whose potassium is critical.
pub(crate) fn potassium() -> ResultCard {
    let mut import = hl7::import(POTASSIUM).unwrap();
    let mut card = import.messages.remove(0).outcome.unwrap().cards.remove(0);
    card.version = 1;
    card
}

/// The same result, another version with another potassium.
pub(crate) fn version(number: u32, value: &str) -> ResultCard {
    let mut card = potassium();
    card.version = number;
    card.status = if number == 1 {
        ReportStatus::Final
    } else {
        ReportStatus::Corrected
    };
    let at = card.critical()[0];
    let Value::Quantity(old) = card.observations[at].value.clone() else {
        panic!("a quantity")
    };
    let value = sotto_content::decimal::Decimal::parse(value).unwrap();
    card.observations[at].value = Value::Quantity(Quantity { value, ..old });
    card
}

/// The same result, withdrawn in a version of its own.
pub(crate) fn wrong_patient(number: u32) -> ResultCard {
    ResultCard {
        version: number,
        ..crate::timeline::withdrawn(potassium())
    }
}

impl Ward {
    pub(crate) fn new() -> Self {
        let (world, nurse, physician, bench) = World::staffed();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let store = Store::create(&path, &database_key(), StoreOptions::default()).unwrap();
        let secrets = &physician.secrets;
        let me = DeviceSelf {
            organisation: world.roster.anchor().organisation,
            tenant: [3; 16],
            device: physician.id,
            owner: physician.owner,
            signing: secrets.signature.clone(),
            sealing: secrets.sealing.seed().clone(),
            receipt: secrets.receipt.clone(),
            mailbox: [4; 16],
            mailbox_key: SigningKey::random(&SystemRandom),
            contact_alias: *secrets.contact_alias.as_bytes(),
            root: world.roster.anchor().root,
            generation: [5; 16],
            next_generation: [5; 16],
            enrolled: true,
            channel: None,
        };
        let now = world.now;
        let (group, other) = (ConversationId::new([1; 16]), ConversationId::new([2; 16]));
        let ward = Self {
            world,
            nurse,
            physician,
            bench,
            store,
            group,
            other,
            now,
            me,
            dir,
        };
        ward.furnish();
        ward
    }

    /// The same people and devices, to whom nothing has come yet.
    pub(crate) fn begin_anew(&mut self) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        self.store = Store::create(&path, &database_key(), StoreOptions::default()).unwrap();
        self.dir = dir;
        self.furnish();
    }

    fn furnish(&self) {
        let now = self.now;
        for id in [self.group, self.other] {
            let row = ConversationRow {
                id,
                kind: ConversationKind::Group,
                title: "Room 12".into(),
                patient: Vec::new(),
                mls_group: Vec::new(),
                slot: [0; 16],
                key_generation: 0,
                alias: [0; 16],
                state: ConversationState::Active,
                peer: Vec::new(),
                created: now,
                updated: now,
            };
            self.write(|tx, _| Ok(tx.put_conversation(&row)?));
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            me: &self.me,
            roster: &self.world.roster,
            now: self.now,
            random: &SystemRandom,
        }
    }
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> Result<T, TimelineError>,
    ) -> T {
        self.store
            .write("test", |tx| work(tx, &self.context()))
            .unwrap()
    }
    pub(crate) fn read<T>(&self, work: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError>) -> T {
        self.store.read(work).unwrap()
    }
    pub(crate) fn row(&self, id: MessageId) -> MessageRow {
        self.read(|tx| tx.message(id)).unwrap()
    }

    /// Salt and extensions as this device would write them.
    pub(crate) fn stamp(&self, from: &Device, room: ConversationId) -> ([u8; 16], Extensions) {
        let (sender, room) = uris(self.me.organisation, room, from.id);
        let time = u64::try_from(self.now.millis()).unwrap();
        (
            random::array(&SystemRandom),
            Extensions::of_message(&sender, &room, time),
        )
    }

    /// Something arrives (or leaves, where it is from this device), with this priority.
    pub(crate) fn arrives(
        &self,
        from: &Device,
        room: ConversationId,
        content: &MimiContent,
        priority: u8,
    ) -> Applied {
        self.arrives_sent(from, room, content, priority, self.now)
    }
    pub(crate) fn arrives_sent(
        &self,
        from: &Device,
        room: ConversationId,
        content: &MimiContent,
        priority: u8,
        sent: Timestamp,
    ) -> Applied {
        let content = content.encode().unwrap();
        // As the inbox does it: a verdict against it leaves nothing behind.
        struct Undone(Applied);
        impl std::convert::From<StoreError> for Undone {
            fn from(error: StoreError) -> Self {
                panic!("{error}")
            }
        }
        let result = self.store.write("test", |tx| {
            let row = tx.conversation(room)?.unwrap();
            let incoming = Incoming {
                sender: from.id,
                owner: from.owner,
                mine: from.id == self.me.device,
                priority,
                content: &content,
                sent,
                drifted: sent != self.now,
                judged_at: self.world.roster.head().unwrap().seq,
            };
            let context = self.context();
            match apply(tx, &context, &row, &incoming).unwrap() {
                verdict @ (Applied::Refused | Applied::Malformed) => Err(Undone(verdict)),
                Applied::Waits(awaiting) => {
                    let held = self.as_it_came(room);
                    if wait(tx, &context, &incoming, awaiting, &held).unwrap() {
                        Ok(Applied::Waits(awaiting))
                    } else {
                        Err(Undone(Applied::Refused))
                    }
                }
                done => {
                    let id = message_id(self.me.organisation, room, from.id, &content).unwrap();
                    arrived(tx, &context, id).unwrap();
                    Ok(done)
                }
            }
        });
        result.unwrap_or_else(|undone: Undone| undone.0)
    }
    fn as_it_came(&self, room: ConversationId) -> HeldRow {
        HeldRow {
            id: 0,
            conversation: Some(room),
            alias: [0; 16],
            payload: b"sealed".to_vec(),
            cause: HeldCause::UnknownMessage,
            refused: false,
            handle: None,
            accepted: self.now,
            since: self.now,
            repeats: 0,
        }
    }
    /// Causes of what waits, and of what is evidence.
    pub(crate) fn held(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let rows = self.read(|tx| tx.held());
        let of = |refused| {
            let rows = rows.iter().filter(move |row| row.refused == refused);
            rows.map(|row| row.cause.as_str()).collect()
        };
        (of(false), of(true))
    }
    /// Closes the store and opens it again, as another process would.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, dir, .. } = self;
        let path = dir.path().join("store");
        drop(store);
        let store = Store::open(&path, &database_key(), StoreOptions::default()).unwrap();
        Self { store, dir, ..self }
    }
    pub(crate) fn id_of(
        &self,
        from: &Device,
        room: ConversationId,
        content: &MimiContent,
    ) -> MessageId {
        message_id(
            self.me.organisation,
            room,
            from.id,
            &content.encode().unwrap(),
        )
        .unwrap()
    }
    pub(crate) fn text(&self, from: &Device, text: &str) -> MessageId {
        let (salt, extensions) = self.stamp(from, self.group);
        stored(self.arrives(
            from,
            self.group,
            &MimiContent::text(salt, extensions, text),
            1,
        ))
    }
    pub(crate) fn try_card(
        &self,
        from: &Device,
        room: ConversationId,
        card: &ResultCard,
    ) -> Applied {
        let (salt, extensions) = self.stamp(from, room);
        self.arrives(
            from,
            room,
            &MimiContent::card(salt, extensions, card.to_bytes().unwrap()),
            1,
        )
    }
    pub(crate) fn card(&self, from: &Device, card: &ResultCard) -> MessageId {
        stored(self.try_card(from, self.group, card))
    }

    /// A statement about the card of a message, by a device, signed by `signer`.
    pub(crate) fn states_as(
        &self,
        from: &Device,
        about: MessageId,
        act: Act,
        change: impl FnOnce(&mut Statement),
        signer: &Device,
    ) -> Applied {
        let card = self.read(|tx| tx.card(about)).unwrap();
        let subject = Subject {
            card: id::CardId(card.identity),
            version: card.version,
            digest: *card.digest.as_bytes(),
        };
        let content = self.statement(
            (from, card.conversation),
            (about, subject),
            act,
            change,
            signer,
        );
        self.arrives(from, card.conversation, &content, 2)
    }
    /// A statement as a device would write it, about a version that need not be here.
    pub(crate) fn statement(
        &self,
        (from, room): (&Device, ConversationId),
        (about, subject): (MessageId, Subject),
        act: Act,
        change: impl FnOnce(&mut Statement),
        signer: &Device,
    ) -> MimiContent {
        let (person, place) = match from.owner {
            Owner::Person(person) => (Some(id::PersonId::from(*person.as_bytes())), None),
            Owner::Place(place) => (None, Some(id::PlaceId::from(*place.as_bytes()))),
        };
        let device = id::DeviceId::from(*from.id.as_bytes());
        let mut statement = Statement {
            subject,
            speaker: Speaker {
                person,
                from: place.map_or(From::Device(device), From::Place),
            },
            act,
            at_ms: self.now.millis(),
            roster_seq: self.world.roster.head().unwrap().seq,
        };
        change(&mut statement);
        let signature = *signer
            .secrets
            .signature
            .sign(Statement::LABEL, &statement.signing_bytes().unwrap())
            .as_bytes();
        let signed = Signed {
            body: statement,
            signature,
        }
        .encode()
        .unwrap();
        let (salt, extensions) = self.stamp(from, room);
        MimiContent::statement(salt, extensions, signed).replying_to(MimiId(*about.as_bytes()))
    }
    pub(crate) fn states(&self, from: &Device, about: MessageId, act: Act) -> Applied {
        self.states_as(from, about, act, |_| (), from)
    }
    pub(crate) fn proven(&self, about: MessageId) -> Vec<u8> {
        self.read(|tx| tx.message_states(about))
            .iter()
            .map(|state| state.state)
            .collect()
    }
}

/// An acknowledgement of the sample's value.
pub(crate) fn acknowledged() -> Act {
    let card = potassium();
    let questions = ReadBack::of(&card, &Policy::default(), &[7; 32]);
    let at = card.critical()[0];
    let value = card.observations[at].value.text_without_unit();
    let known = card.patient.identifiers[0].value.clone();
    let confirmed = questions
        .check(&card, &[(at, Answer::Typed(value))], &[&known])
        .unwrap();
    Act::Acknowledged(ReadBackRecord::new(&confirmed, Policy::default().numbers))
}

pub(crate) fn stored(applied: Applied) -> MessageId {
    match applied {
        Applied::Stored(id) => id,
        other => panic!("not stored: {other:?}"),
    }
}
