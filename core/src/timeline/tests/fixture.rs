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
use crate::store::table::message::MessageRow;
use crate::store::{ReadTx, Store, StoreError, StoreOptions, WriteTx};
use crate::timeline::{Applied, Incoming, TimelineError, apply, message_id, uris};
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
    _dir: tempfile::TempDir,
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
        let key = DatabaseKey::new(Secret::new([0x5a; 32]));
        let store =
            Store::create(&dir.path().join("store"), &key, StoreOptions::default()).unwrap();
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
            _dir: dir,
        };
        for id in [group, other] {
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
            ward.write(|tx, _| Ok(tx.put_conversation(&row)?));
        }
        ward
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
            match apply(tx, &self.context(), &row, &incoming).unwrap() {
                verdict @ (Applied::Refused | Applied::Malformed) => Err(Undone(verdict)),
                done => Ok(done),
            }
        });
        result.unwrap_or_else(|undone: Undone| undone.0)
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
        let (person, place) = match from.owner {
            Owner::Person(person) => (Some(id::PersonId::from(*person.as_bytes())), None),
            Owner::Place(place) => (None, Some(id::PlaceId::from(*place.as_bytes()))),
        };
        let device = id::DeviceId::from(*from.id.as_bytes());
        let mut statement = Statement {
            subject: Subject {
                card: id::CardId(card.identity),
                version: card.version,
                digest: *card.digest.as_bytes(),
            },
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
        let (salt, extensions) = self.stamp(from, card.conversation);
        let content =
            MimiContent::statement(salt, extensions, signed).replying_to(MimiId(*about.as_bytes()));
        self.arrives(from, card.conversation, &content, 2)
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
