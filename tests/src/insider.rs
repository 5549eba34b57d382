//! A member who is no friend: a device's store in the hands of a program that follows no rule. It has everything a member
//! has, and sends whatever it likes.

use std::sync::Arc;
use std::time::Duration;

use sotto_core::base::{Random, Secret, SystemClock, SystemRandom, codec, random};
use sotto_core::membership::envelope::{self, Frame};
use sotto_core::membership::{Body, Context, Inner, commit, keys, load_group};
use sotto_core::roster::Keyring;
use sotto_core::store::table::conversation::ConversationRow;
use sotto_core::store::{Store, StoreError, StoreOptions, WriteTx};
use sotto_core::sync::Engine;
use sotto_core::transport::{ProxySetting, Transport, TransportError};
use sotto_core::vault::{Argon2Cost, Passphrase, PassphraseVault, Vault};
use sotto_core::{DeviceId, ErrorKind, enrol};
use sotto_wire::slot::{Advance, AdvanceAuth, AdvanceBody, Post};
use sotto_wire::submit::{Class, Delivery, Submit};
use sotto_wire::{Alias, Bearer, Epoch, IdempotencyId, Sealed, Sig, SlotId, TenantId, signed};

use crate::device::{Device, PASSPHRASE};

const REQUEST: Duration = Duration::from_secs(30);
const TTL: u32 = 3_600;

/// A member's store, opened by somebody else's program.
#[derive(Debug)]
pub struct Insider {
    pub(crate) engine: Arc<Engine>,
    runtime: tokio::runtime::Runtime,
}

impl Insider {
    /// Opens a device's store. No command of the device may run meanwhile.
    #[must_use]
    pub fn with(device: &Device) -> Self {
        let passphrase = Passphrase::new(PASSPHRASE.to_owned());
        let vault = PassphraseVault::with_cost(passphrase, Argon2Cost::new(64, 1, 1).unwrap());
        let key = Vault::at(device.home()).open(&vault).unwrap();
        let store = Store::open(device.home(), &key, StoreOptions::default()).unwrap();
        let member = enrol::member(&store)
            .unwrap()
            .expect("the device is a member");
        let endpoint = sotto_core::sync::endpoint(&member.relay, ProxySetting::None).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let transport = runtime.block_on(async { Transport::new(endpoint).unwrap() });
        let engine = Engine::new(
            store,
            transport,
            Arc::new(SystemClock::default()),
            Arc::new(SystemRandom),
        );
        Self {
            engine: Arc::new(engine),
            runtime,
        }
    }

    /// Hands bytes of any kind to everybody in a group.
    ///
    /// # Errors
    /// The relay's, and the contract's.
    pub fn send_bytes(&self, group: &str, payload: Vec<u8>) -> Result<(), TransportError> {
        let aliases = self.inside(group, |tx, context, conversation| {
            let members = load_group(tx, conversation)
                .unwrap()
                .unwrap()
                .members()
                .unwrap();
            let alias = |device| commit::alias_of(tx, context, conversation, device).unwrap();
            members
                .iter()
                .filter_map(|member| alias(&member.device))
                .collect::<Vec<Alias>>()
        });
        let deliveries = aliases
            .into_iter()
            .map(|alias| Delivery {
                alias,
                receipt: None,
            })
            .collect();
        let submit = Submit {
            idempotency: IdempotencyId::new(fresh()),
            payload: Sealed::new(payload),
            deliveries,
            class: Class::Routine,
            ttl_s: TTL,
            escrow: Vec::new(),
        };
        let bearer = self.bearer();
        self.runtime
            .block_on(self.engine.transport().submit(&bearer, &submit, REQUEST))
            .map(drop)
    }

    /// Wraps bytes as a member would, and gives the payload: what is inside is the caller's.
    #[must_use]
    pub fn wrapped(&self, group: &str, inside: &[u8]) -> Vec<u8> {
        self.inside(group, |tx, _, conversation| {
            let keys = tx.conversation_keys(conversation.id).unwrap();
            envelope::wrap(&keys[0].1, &Frame::Mls(inside.to_vec()), &SystemRandom).unwrap()
        })
    }

    /// Encrypts bytes as this member's MLS application message, whatever they are.
    #[must_use]
    pub fn encrypted(&self, group: &str, plaintext: &[u8]) -> Vec<u8> {
        self.inside(group, |tx, context, conversation| {
            let mut mine = load_group(tx, conversation).unwrap().unwrap();
            mine.encrypt(&context.identity(), plaintext).unwrap()
        })
    }

    /// The plaintext of a message with this body, as an honest device would write it around it.
    #[must_use]
    pub fn plaintext(&self, group: &str, body: Body) -> Vec<u8> {
        self.inside(group, |_, context, _| {
            codec::encode(&Inner {
                head: context.head(),
                sent: context.now,
                body,
            })
        })
    }

    /// The same, claiming a roster that nobody else has.
    #[must_use]
    pub fn plaintext_of_another_roster(&self, group: &str, body: Body) -> Vec<u8> {
        self.inside(group, |_, context, _| {
            let mut head = context.head();
            head.hash = sotto_core::base::sha256(b"a roster of my own");
            codec::encode(&Inner {
                head,
                sent: context.now,
                body,
            })
        })
    }

    /// Wins the next epoch of a group with bytes that are no commit.
    ///
    /// # Errors
    /// The relay's.
    pub fn win_the_epoch_with_junk(&self, group: &str) -> Result<(), TransportError> {
        let junk = self.wrapped(group, &random::array::<512>(&SystemRandom));
        let request = self.inside(group, |tx, context, conversation| {
            let mine = load_group(tx, conversation).unwrap().unwrap();
            let members = mine.members().unwrap();
            let alias = |device| commit::alias_of(tx, context, conversation, device).unwrap();
            let deliveries = members
                .iter()
                .filter(|member| member.device != context.me.device)
                .filter_map(|member| alias(&member.device))
                .map(|alias| Delivery {
                    alias,
                    receipt: None,
                })
                .collect();
            let body = AdvanceBody {
                idempotency: IdempotencyId::new(fresh()),
                slot: SlotId::new(conversation.slot),
                from_epoch: Epoch(mine.epoch()),
                next_epoch_key: keys::on_wire(
                    &keys::epoch_key(&Secret::random(&SystemRandom)).verifying_key(),
                ),
                next_resync_key: None,
                group_info: Sealed::new(fresh::<64>().to_vec()),
                posts: vec![Post {
                    payload: Sealed::new(junk),
                    deliveries,
                }],
                class: Class::Routine,
                ttl_s: TTL,
            };
            let tenant = TenantId::new(context.me.tenant);
            let key = keys::epoch_key(&mine.epoch_seed().unwrap());
            let signature = key.sign_raw(&signed::slot_advance(&tenant, &body).bytes());
            Advance {
                body,
                auth: AdvanceAuth::EpochKey(Sig::new(*signature.as_bytes())),
            }
        });
        let bearer = self.bearer();
        self.runtime
            .block_on(self.engine.transport().advance(&bearer, &request, REQUEST))
            .map(drop)
    }

    fn inside<T>(
        &self,
        group: &str,
        work: impl FnOnce(&WriteTx, &Context<'_>, &ConversationRow) -> T,
    ) -> T {
        let done = self.engine.write("an insider", |tx, context| {
            let all = tx.conversations()?;
            let conversation = all
                .iter()
                .find(|one| one.title == group)
                .expect("the insider is in the group");
            Ok(work(tx, context, conversation))
        });
        done.unwrap()
    }

    fn bearer(&self) -> Bearer {
        let keyring: Option<Keyring> = self
            .engine
            .store()
            .read::<_, StoreError>(|tx| tx.meta("roster keyring"))
            .unwrap();
        Bearer::new(*keyring.unwrap().newest().unwrap().submit_bearer().expose())
    }
}

/// Random bytes.
#[must_use]
pub fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes);
    bytes
}

/// The class of error of what the relay refused, as the façade tells it.
#[must_use]
pub fn kind(error: TransportError) -> ErrorKind {
    sotto_core::Error::from(error).kind()
}

/// The groups of a device, and in how many of them one of these devices is still a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaves {
    /// Groups that the device is in.
    pub groups: usize,
    /// Groups that the other one is in, too.
    pub shared: usize,
}

impl Insider {
    /// In how many groups of this device that other one is a leaf.
    #[must_use]
    pub fn leaves_of(&self, device: DeviceId) -> Leaves {
        let counted = self.engine.write("an insider", |tx, _| {
            let mut leaves = Leaves {
                groups: 0,
                shared: 0,
            };
            for conversation in tx.conversations()? {
                let Some(group) = load_group(tx, &conversation).unwrap() else {
                    continue;
                };
                let members = group.members().unwrap();
                leaves.groups += 1;
                leaves.shared += usize::from(members.iter().any(|one| one.device == device));
            }
            Ok(leaves)
        });
        counted.unwrap()
    }
}
