//! One sample of every message, drawn from a seed, and a way to decode each by its name.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use sotto_wire::*;
use sotto_wire::{
    blob, channel, grant, info, key_package, live, mailbox, receipt, roster, session, slot, submit,
    tenant,
};

/// A small generator (xorshift64*), so that one seed gives the same messages for ever.
pub struct Gen(u64);

impl Gen {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.u64() % n
    }

    /// A number of any magnitude, so that every length of CBOR integer occurs.
    pub fn number(&mut self) -> u64 {
        let bits = self.below(64);
        self.u64() >> bits
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    pub fn fixed<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.u64() as u8)
    }

    pub fn sealed(&mut self) -> Sealed {
        let len = self.below(40);
        Sealed::new((0..len).map(|_| self.u64() as u8).collect())
    }

    pub fn many<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let n = self.below(4);
        (0..n).map(|_| make(self)).collect()
    }

    pub fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.coin().then(|| make(self))
    }
}

macro_rules! makers {
    ($($fn:ident -> $type:ident;)*) => {
        $(fn $fn(g: &mut Gen) -> $type { $type::new(g.fixed()) })*
    };
}
makers! {
    tenant_id -> TenantId; mailbox_id -> MailboxId; alias -> Alias; slot_id -> SlotId; intent -> IdempotencyId;
    handle -> ReceiptHandle; blob_id -> BlobId; grant_id -> GrantId; generation -> Generation; key -> PublicKey;
    sig -> Sig; digest -> Digest; nonce -> Nonce; bearer -> Bearer;
}

fn time(g: &mut Gen) -> RelayTime {
    let sign = if g.coin() { 1 } else { -1 };
    RelayTime((g.number() >> 1) as i64 * sign)
}

fn signed_time(g: &mut Gen) -> SignedTime {
    SignedTime {
        time: time(g),
        sig: sig(g),
    }
}

fn class(g: &mut Gen) -> submit::Class {
    if g.coin() {
        submit::Class::Urgent
    } else {
        submit::Class::Routine
    }
}

fn delivery(g: &mut Gen) -> submit::Delivery {
    submit::Delivery {
        alias: alias(g),
        receipt: g.maybe(handle),
    }
}

fn refused(g: &mut Gen) -> submit::Refused {
    let reason = if g.coin() {
        submit::RefusedReason::Unknown
    } else {
        submit::RefusedReason::Full
    };
    submit::Refused {
        index: g.number() as u16,
        reason,
    }
}

fn post(g: &mut Gen) -> slot::Post {
    slot::Post {
        payload: g.sealed(),
        deliveries: g.many(delivery),
    }
}

fn entry(g: &mut Gen) -> live::Entry {
    live::Entry {
        seq: EntrySeq(g.number()),
        alias: alias(g),
        payload: g.sealed(),
        receipt: g.maybe(handle),
        accepted: time(g),
        class: class(g),
    }
}

fn ack(g: &mut Gen) -> live::Ack {
    live::Ack {
        seqs: g.many(|g| EntrySeq(g.number())),
        receipts: g.many(|g| live::LeftReceipt {
            handle: handle(g),
            receipt: g.sealed(),
        }),
    }
}

fn server_frame(g: &mut Gen) -> live::ServerFrame {
    match g.below(4) {
        0 => live::ServerFrame::Deliver(g.many(entry)),
        1 => live::ServerFrame::Time(signed_time(g)),
        2 => live::ServerFrame::Acked(live::Acked {
            n: g.number() as u32,
        }),
        _ => live::ServerFrame::Closed(ErrorCode::SessionExpired),
    }
}

fn receipt_state(g: &mut Gen) -> receipt::ReceiptState {
    use receipt::ReceiptState as S;
    match g.below(5) {
        0 => S::Waiting,
        1 => S::Delivered(g.sealed()),
        2 => S::Expired,
        3 => S::Revoked,
        _ => S::Unknown,
    }
}

fn advance_body(g: &mut Gen) -> slot::AdvanceBody {
    slot::AdvanceBody {
        idempotency: intent(g),
        slot: slot_id(g),
        from_epoch: Epoch(g.number()),
        next_epoch_key: key(g),
        next_resync_key: g.maybe(key),
        group_info: g.sealed(),
        posts: g.many(post),
        class: class(g),
        ttl_s: g.number() as u32,
    }
}

fn advance_auth(g: &mut Gen) -> slot::AdvanceAuth {
    if g.coin() {
        slot::AdvanceAuth::EpochKey(sig(g))
    } else {
        slot::AdvanceAuth::ResyncKey(sig(g))
    }
}

/// Error codes of 0.1. Drawing among more would change what is drawn.
const CODES_0_1: u64 = 18;

fn wire_error(g: &mut Gen) -> WireError {
    let code = ErrorCode::ALL[g.below(CODES_0_1) as usize];
    let detail = match g.below(5) {
        0 => Some(Detail::Epoch(Epoch(g.number()))),
        1 => Some(Detail::Position(Position(g.number()))),
        2 => Some(Detail::Limit(LimitKind::Payload, g.number())),
        3 => Some(Detail::Offset(g.number())),
        _ => None,
    };
    WireError {
        code,
        retry_after_ms: g.maybe(|g| g.number() as u32),
        detail,
    }
}

fn relay_limits(g: &mut Gen) -> info::RelayLimits {
    info::RelayLimits {
        alias_entries: g.number() as u32,
        alias_bytes: g.number(),
        mailbox_entries: g.number() as u32,
        mailbox_bytes: g.number(),
        mailbox_aliases: g.number() as u32,
        tenant_mailboxes: g.number() as u32,
        tenant_bytes: g.number(),
        ttl_max_s: g.number() as u32,
        blob_bytes: g.number(),
    }
}

fn channel_state(g: &mut Gen) -> channel::ChannelState {
    use channel::OrderState as S;
    let state = match g.below(4) {
        0 => S::None,
        1 => S::Ordered(time(g)),
        2 => S::Fetched(time(g)),
        _ => S::Ended,
    };
    channel::ChannelState {
        key: key(g),
        state,
        certificates: g.many(Gen::sealed),
    }
}

macro_rules! messages {
    ($($name:literal: $type:ty = |$g:ident| $make:expr;)*) => {
        /// Every message, in a fixed order.
        pub const MESSAGES: &[&str] = &[$($name),*];

        /// Makes a sample of each message, checks that it comes back as it was, and returns its bytes.
        pub fn samples(generator: &mut Gen) -> Vec<(&'static str, Vec<u8>)> {
            let mut out = Vec::new();
            $({
                let $g = &mut *generator;
                let value: $type = $make;
                let bytes = encode(&value);
                assert_eq!(decode::<$type>(&bytes).as_ref(), Ok(&value), "{}", $name);
                out.push(($name, bytes));
            })*
            out
        }

        /// Decodes a message by name and encodes what came out.
        pub fn reencode(name: &str, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
            match name {
                $($name => decode::<$type>(bytes).map(|value| encode(&value)),)*
                _ => panic!("no message is called {name}"),
            }
        }
    };
}

messages! {
    "error": WireError = |g| wire_error(g);
    "info.request": info::InfoRequest = |_g| info::InfoRequest {};
    "info.answer": info::RelayInfo = |g| info::RelayInfo {
        version_min: g.number() as u16, version_max: g.number() as u16, signing_key: key(g),
        limits: relay_limits(g), time: signed_time(g),
    };
    "tenant/register.request": tenant::Register = |g| tenant::Register {
        token: bearer(g), tenant: tenant_id(g), bearer_hash: digest(g), admin_capability_hash: digest(g),
    };
    "tenant/register.answer": tenant::Registered = |_g| tenant::Registered {};
    "mailbox/open.request": mailbox::Open = |g| mailbox::Open {
        mailbox: mailbox_id(g), key: key(g), generation: generation(g),
    };
    "mailbox/open.answer": mailbox::Opened = |_g| mailbox::Opened {};
    "session/challenge.request": session::Challenge = |g| session::Challenge { mailbox: mailbox_id(g) };
    "session/challenge.answer": session::Challenged = |g| session::Challenged { nonce: nonce(g), time: time(g) };
    "session/start.request": session::Start = |g| session::Start {
        mailbox: mailbox_id(g), nonce: nonce(g), expect: generation(g), next: generation(g), sig: sig(g),
    };
    "session/start.answer": session::Started = |g| session::Started {
        token: bearer(g), expires_in_s: g.number() as u32, other_live: g.coin(), time: time(g),
    };
    "alias/create.request": mailbox::AliasCreate = |g| mailbox::AliasCreate { aliases: g.many(alias) };
    "alias/create.answer": mailbox::AliasCreated = |_g| mailbox::AliasCreated {};
    "alias/drop.request": mailbox::AliasDrop = |g| mailbox::AliasDrop { aliases: g.many(alias) };
    "alias/drop.answer": mailbox::AliasDropped = |_g| mailbox::AliasDropped {};
    "submit.request": submit::Submit = |g| submit::Submit {
        idempotency: intent(g), payload: g.sealed(), deliveries: g.many(delivery), class: class(g),
        ttl_s: g.number() as u32, escrow: g.many(Gen::sealed),
    };
    "submit.answer": submit::Queued = |g| submit::Queued { time: time(g), refused: g.many(refused), sig: sig(g) };
    "slot/create.request": slot::Create = |g| slot::Create {
        slot: slot_id(g), epoch: Epoch(g.number()), epoch_key: key(g), resync_key: key(g), group_info: g.sealed(),
    };
    "slot/create.answer": slot::Created = |_g| slot::Created {};
    "slot/advance.request": slot::Advance = |g| slot::Advance { body: advance_body(g), auth: advance_auth(g) };
    "slot/advance.answer": slot::Advanced = |g| slot::Advanced { time: time(g), refused: g.many(refused), sig: sig(g) };
    "slot/read.request": slot::Read = |g| slot::Read {
        slot: slot_id(g), since: Epoch(g.number()), at: time(g), sig: sig(g), group_info: g.coin(),
    };
    "slot/read.answer": slot::Slot = |g| slot::Slot {
        epoch: Epoch(g.number()), group_info: g.maybe(Gen::sealed),
        commits: g.many(|g| slot::RecentCommit { epoch: Epoch(g.number()), payload: g.sealed() }),
    };
    "live.server": live::ServerFrame = |g| server_frame(g);
    "live.client": live::ClientFrame = |g| live::ClientFrame::Ack(ack(g));
    "mailbox/fetch.request": live::Fetch = |g| live::Fetch { max: g.number() as u16, wait_ms: g.number() as u32 };
    "mailbox/fetch.answer": live::Fetched = |g| live::Fetched { entries: g.many(entry), time: signed_time(g) };
    "mailbox/ack.request": live::Ack = |g| ack(g);
    "mailbox/ack.answer": live::Acked = |g| live::Acked { n: g.number() as u32 };
    "receipts/collect.request": receipt::Collect = |g| receipt::Collect {
        handles: g.many(handle), done: g.many(handle),
    };
    "receipts/collect.answer": receipt::Collected = |g| receipt::Collected {
        receipts: g.many(|g| receipt::CollectedReceipt { handle: handle(g), state: receipt_state(g) }),
    };
    "roster/append.request": roster::Append = |g| roster::Append {
        expect: Position(g.number()), entries: g.many(Gen::sealed),
    };
    "roster/append.answer": roster::Appended = |g| roster::Appended { end: Position(g.number()) };
    "roster/read.request": roster::Read = |g| roster::Read { from: Position(g.number()), limit: g.number() as u16 };
    "roster/read.answer": roster::Entries = |g| roster::Entries {
        entries: g.many(|g| roster::RosterEntry { position: Position(g.number()), entry: g.sealed() }),
        end: Position(g.number()),
    };
    "roster/rotate.request": roster::Rotate = |g| roster::Rotate {
        idempotency: intent(g), admin_capability: bearer(g), expect: Position(g.number()),
        entries: g.many(Gen::sealed), new_bearer_hash: digest(g), new_admin_capability_hash: digest(g),
        seals: g.many(|g| roster::Seal { alias: alias(g), seal: g.sealed() }), close: g.many(alias),
        orders: None, refuse: None,
    };
    "roster/rotate.answer": roster::Rotated = |g| roster::Rotated {
        end: Position(g.number()), unknown_seals: g.many(|g| g.number() as u16),
        unknown_close: g.many(|g| g.number() as u16),
    };
    "roster/seals.request": roster::ReadSeals = |g| roster::ReadSeals { from: Position(g.number()) };
    "roster/seals.answer": roster::Seals = |g| roster::Seals {
        seals: g.many(|g| roster::ReadSeal { rotation: Position(g.number()), seal: g.sealed() }),
    };
    "attestation/put.request": roster::PutAttestation = |g| roster::PutAttestation {
        attestation: g.sealed(), at: time(g),
    };
    "attestation/put.answer": roster::AttestationPutDone = |g| roster::AttestationPutDone { kept: g.coin() };
    "attestation/get.request": roster::GetAttestation = |_g| roster::GetAttestation {};
    "attestation/get.answer": roster::Attestation = |g| roster::Attestation { attestation: g.sealed(), at: time(g) };
    "kp/publish.request": key_package::Publish = |g| key_package::Publish {
        alias: alias(g), one_time: g.many(Gen::sealed), last_resort: g.maybe(Gen::sealed), replace: g.coin(),
    };
    "kp/publish.answer": key_package::Published = |g| key_package::Published { remaining: g.number() as u32 };
    "kp/claim.request": key_package::Claim = |g| key_package::Claim { aliases: g.many(alias) };
    "kp/claim.answer": key_package::Claimed = |g| key_package::Claimed {
        packages: g.many(|g| key_package::ClaimedPackage {
            alias: alias(g), key_package: g.maybe(Gen::sealed), last_resort: g.coin(),
        }),
    };
    "grant/create.request": grant::Create = |g| grant::Create {
        grant: grant_id(g), take_hash: digest(g), offer: g.sealed(), expires_s: g.number() as u32,
        notify: g.maybe(alias),
    };
    "grant/create.answer": grant::Created = |g| grant::Created { expires: time(g) };
    "grant/take.request": grant::Take = |g| grant::Take {
        grant: grant_id(g), token: bearer(g), taker: key(g), sig: sig(g),
    };
    "grant/take.answer": grant::Taken = |g| grant::Taken { offer: g.sealed(), expires: time(g) };
    "grant/request.request": grant::Request = |g| grant::Request {
        grant: grant_id(g), request: g.sealed(), sig: sig(g),
    };
    "grant/request.answer": grant::Requested = |_g| grant::Requested {};
    "grant/status.request": grant::Status = |g| grant::Status { grant: grant_id(g) };
    "grant/status.answer": grant::Grant = |g| grant::Grant {
        taker: g.maybe(key), request: g.maybe(Gen::sealed), answered: g.coin(), expires: time(g),
    };
    "grant/answer.request": grant::Answer = |g| grant::Answer { grant: grant_id(g), answer: g.sealed() };
    "grant/answer.answer": grant::Answered = |_g| grant::Answered {};
    "grant/poll.request": grant::Poll = |g| grant::Poll {
        grant: grant_id(g), at: time(g), wait_ms: g.number() as u32, sig: sig(g),
    };
    "grant/poll.answer": grant::Polled = |g| grant::Polled { answer: g.maybe(Gen::sealed) };
    "grant/drop.request": grant::Drop = |g| grant::Drop { grant: grant_id(g) };
    "grant/drop.answer": grant::Dropped = |_g| grant::Dropped {};
    "blob/create.request": blob::Create = |g| blob::Create {
        blob: blob_id(g), size: g.number(), ttl_s: g.number() as u32,
    };
    "blob/status.request": blob::AskStatus = |g| blob::AskStatus { blob: blob_id(g) };
    "blob/status.answer": blob::Status = |g| blob::Status { size: g.number(), received: g.number(), expires: time(g) };
    "blob/link.request": blob::AskLink = |g| blob::AskLink { blob: blob_id(g) };
    "blob/link.answer": blob::Link = |g| blob::Link { token: bearer(g), expires: time(g), size: g.number() };
    // Added after 0.1; each draws after all before it, so that theirs stay as they were.
    "error.channel": WireError = |_g| WireError::new(ErrorCode::ChannelClosed);
    "channel/open.request": channel::Open = |g| channel::Open {
        key: key(g), share: g.maybe(Gen::sealed), at: time(g), sig: sig(g),
    };
    "channel/open.answer": channel::Opened = |_g| channel::Opened {};
    "channel/challenge.request": channel::Challenge = |g| channel::Challenge { key: key(g) };
    "channel/challenge.answer": channel::Challenged = |g| channel::Challenged { nonce: nonce(g), time: time(g) };
    "channel/poll.request": channel::Poll = |g| channel::Poll {
        key: key(g), nonce: nonce(g), sig: sig(g), wait_s: g.number() as u16,
    };
    "channel/poll.answer": channel::Polled = |g| channel::Polled {
        order: g.maybe(Gen::sealed), share: g.maybe(Gen::sealed), time: signed_time(g),
    };
    "channel/certify.request": channel::Certify = |g| channel::Certify {
        key: key(g), nonce: nonce(g), sig: sig(g), certificate: g.sealed(),
    };
    "channel/certify.answer": channel::Certified = |_g| channel::Certified {};
    "channel/collect.request": channel::Collect = |g| channel::Collect { keys: g.many(key) };
    "channel/collect.answer": channel::Collected = |g| channel::Collected { channels: g.many(channel_state) };
    "channel/done.request": channel::Done = |g| channel::Done { admin_capability: bearer(g), keys: g.many(key) };
    "channel/done.answer": channel::Ended = |_g| channel::Ended {};
    "roster/rotate.orders": roster::Rotate = |g| roster::Rotate {
        idempotency: intent(g), admin_capability: bearer(g), expect: Position(g.number()),
        entries: g.many(Gen::sealed), new_bearer_hash: digest(g), new_admin_capability_hash: digest(g),
        seals: g.many(|g| roster::Seal { alias: alias(g), seal: g.sealed() }), close: g.many(alias),
        orders: Some(g.many(|g| roster::Order { key: key(g), order: g.sealed() })),
        refuse: None,
    };
    "roster/rotate.refuse": roster::Rotate = |g| roster::Rotate {
        idempotency: intent(g), admin_capability: bearer(g), expect: Position(g.number()),
        entries: g.many(Gen::sealed), new_bearer_hash: digest(g), new_admin_capability_hash: digest(g),
        seals: g.many(|g| roster::Seal { alias: alias(g), seal: g.sealed() }), close: g.many(alias),
        orders: None, refuse: Some(g.many(key)),
    };
}
