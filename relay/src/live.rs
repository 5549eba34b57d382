//! The live socket: what waits in a mailbox is pushed, and acknowledgements come back on the same line. The socket holds
//! no queue of its own. A bell only says "look again", and each look reads what the store still has and this socket has
//! not yet sent, so a lost bell, a slow device or a restart lose nothing.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use sotto_wire::live::{Acked, ClientFrame, Entry, ServerFrame};
use sotto_wire::{EntrySeq, ErrorCode, WireError, decode, encode, limits};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::crash::crash_point;
use crate::http::delivery::check_ack;
use crate::http::{Call, refused};
use crate::memory::sessions::Session;
use crate::relay::{Place, Relay};
use crate::store::StoreError;

/// How often the time is sent.
const TIME_EVERY: Duration = Duration::from_secs(60);
/// How often a ping is sent, and the store looked at without a bell.
const PULSE: Duration = Duration::from_secs(30);
/// A device that says nothing for so long, not even a pong, is gone.
const SILENCE: Duration = Duration::from_secs(90);
/// A frame that cannot be handed over in this time has no reader.
const SEND: Duration = Duration::from_secs(60);
/// Acknowledgements under way before no more frames are read.
const ACKS: usize = 32;
/// Bytes of one frame from a device: a full acknowledgement with full receipts.
const FRAME_BYTES: usize = 6 << 20;

/// Upgrades a session's request.
pub(crate) async fn upgrade(State(relay): State<Arc<Relay>>, request: Request) -> Response {
    match accept(&relay, request).await {
        Ok(response) => response,
        Err(error) => {
            relay.hub.metrics.answered("live", Err(&error));
            refused(&error)
        }
    }
}

async fn accept(relay: &Arc<Relay>, request: Request) -> Result<Response, WireError> {
    let (mut parts, _) = request.into_parts();
    let call = Call::of(&parts)?;
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    // The socket outlives its request; it keeps the connection's place.
    let place = parts.extensions.get::<Place>().cloned();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|_| WireError::from(ErrorCode::BadRequest))?;
    relay.hub.metrics.answered("live", Ok(()));
    let relay = Arc::clone(relay);
    // Small buffers: a hundred idle sockets fit where one with the defaults would be.
    Ok(upgrade
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES)
        .on_upgrade(move |socket| async move {
            relay.hub.metrics.sockets.inc();
            let mut live = Live {
                relay: &relay,
                session: &session,
                socket,
                in_flight: BTreeMap::new(),
                bytes: 0,
            };
            if let Err(End::Say(code)) = live.run().await {
                live.close(code).await;
            }
            relay.hub.metrics.sockets.dec();
            drop(place);
        }))
}

/// Why a socket ends.
enum End {
    /// With a last frame.
    Say(ErrorCode),
    /// Nobody is there to hear it.
    Gone,
}

type AckDone = Pin<Box<dyn Future<Output = (Vec<EntrySeq>, Result<(), StoreError>)> + Send>>;

struct Live<'a> {
    relay: &'a Arc<Relay>,
    session: &'a Arc<Session>,
    socket: WebSocket,
    /// Sent and not yet acknowledged, with their sizes.
    in_flight: BTreeMap<EntrySeq, usize>,
    bytes: usize,
}

impl Live<'_> {
    async fn run(&mut self) -> Result<(), End> {
        let _open = self.session.wait();
        let mut ended = self.session.ended();
        let mut stop = self.relay.stop.clone();
        let mut bell = self.relay.hub.wake.mailbox(self.session.owner.mailbox);
        let mut minute = every(TIME_EVERY);
        let mut pulse = every(PULSE);
        let mut heard = self.relay.clock.elapsed();
        let mut acks: FuturesOrdered<AckDone> = FuturesOrdered::new();
        let mut look = true;
        self.send(&ServerFrame::Time(self.relay.key.time(self.relay.now())))
            .await?;
        loop {
            while look {
                look = self.deliver().await?;
            }
            tokio::select! {
                biased;
                why = ended.why() => return Err(End::Say(why)),
                () = stop.asked() => return Err(End::Say(ErrorCode::Unavailable)),
                Some((seqs, done)) = acks.next(), if !acks.is_empty() => {
                    done.map_err(|error| End::Say(self.relay.refusal(error).code))?;
                    look |= self.landed(&seqs);
                    crash_point("mailbox-ack", "before-answer");
                    let n = u32::try_from(seqs.len()).unwrap_or(u32::MAX);
                    self.send(&ServerFrame::Acked(Acked { n })).await?;
                }
                message = self.socket.recv(), if acks.len() < ACKS => {
                    heard = self.relay.clock.elapsed();
                    if let Some(ack) = self.hear(message)? {
                        acks.push_back(ack);
                    }
                }
                () = bell.rung() => look = true,
                _ = minute.tick() => self.send(&ServerFrame::Time(self.relay.key.time(self.relay.now()))).await?,
                _ = pulse.tick() => {
                    if self.relay.clock.elapsed().saturating_sub(heard) > SILENCE {
                        return Err(End::Gone);
                    }
                    self.send_message(Message::Ping(bytes::Bytes::new())).await?;
                    look = true;
                }
            }
        }
    }

    /// Sends one frame of what waits, if there is room in flight; whether there may be more.
    async fn deliver(&mut self) -> Result<bool, End> {
        let entries = limits::IN_FLIGHT_ENTRIES
            .saturating_sub(self.in_flight.len())
            .min(limits::FETCH_ENTRIES);
        let bytes = limits::IN_FLIGHT_BYTES
            .saturating_sub(self.bytes)
            .min(limits::FETCH_BYTES);
        if entries == 0 || bytes == 0 {
            return Ok(false);
        }
        let skip = self.in_flight.keys().copied().collect();
        let waiting = self
            .relay
            .store
            .waiting(self.session.owner, skip, entries, bytes)
            .await;
        let waiting: Vec<Entry> =
            waiting.map_err(|error| End::Say(self.relay.refusal(error).code))?;
        if waiting.is_empty() {
            return Ok(false);
        }
        for entry in &waiting {
            self.bytes += entry.payload.len();
            self.in_flight.insert(entry.seq, entry.payload.len());
        }
        self.send(&ServerFrame::Deliver(waiting)).await?;
        Ok(true)
    }

    /// Entries are acknowledged; whether that made room.
    fn landed(&mut self, seqs: &[EntrySeq]) -> bool {
        let mut room = false;
        for seq in seqs {
            if let Some(bytes) = self.in_flight.remove(seq) {
                self.bytes -= bytes;
                room = true;
            }
        }
        room
    }

    /// One message of the device.
    fn hear(&self, message: Option<Result<Message, axum::Error>>) -> Result<Option<AckDone>, End> {
        let bytes = match message {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(None),
            Some(Ok(Message::Text(_))) => return Err(End::Say(ErrorCode::BadRequest)),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        };
        let ClientFrame::Ack(ack) = decode(&bytes).map_err(|_| End::Say(ErrorCode::BadRequest))?;
        check_ack(&ack).map_err(|error| End::Say(error.code))?;
        let seqs = ack.seqs.clone();
        let done = self.relay.store.acknowledge(self.session.owner, ack);
        Ok(Some(Box::pin(async move { (seqs, done.await) })))
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), End> {
        self.send_message(Message::Binary(encode(frame).into()))
            .await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn close(&mut self, why: ErrorCode) {
        if self.send(&ServerFrame::Closed(why)).await.is_ok() {
            // The device may be gone by now; then there is nobody to tell.
            let _nobody = self.send_message(Message::Close(None)).await;
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}
