//! The live socket: entries as they come, the time each minute, acknowledgements back.
//!
//! A socket that is silent is asked by a ping, and given up when that stays unanswered: a network that changed breaks no
//! connection, it only stops carrying. Where something on the way refuses the upgrade, the caller falls back to the long
//! poll `mailbox/fetch`, which carries the same.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::Uri;
use sotto_wire::live::{Ack, ClientFrame, ServerFrame};
use sotto_wire::{Bearer, LimitKind, WireError, codec, http as paths, limits};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Error as SocketError};

use super::client::Link;
use super::endpoint::EndpointError;
use super::error::kind;
use super::exchange::{headers, refused};
use super::{NetworkError, Timeouts, Transport, TransportError, points};

/// Largest frame: [`limits::FETCH_BYTES`] of payload, and what surrounds it.
const FRAME_BYTES: usize = 2 * limits::FETCH_BYTES;
const READ_BUFFER: usize = 16 << 10;

/// An open live socket of the own mailbox. Dropping it closes it.
pub struct Live {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    timeouts: Timeouts,
    heard: Instant,
    pinged: bool,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live(..)")
    }
}

impl Live {
    /// Opens the socket with a session token.
    ///
    /// # Errors
    /// [`TransportError::UpgradeRefused`] where it has to be the long poll; the relay's own refusal where it gave one.
    pub async fn connect(
        transport: &Transport,
        token: &Bearer,
        deadline: Duration,
    ) -> Result<Self, TransportError> {
        let link = transport.link();
        let socket = timeout(deadline, open(&link, token))
            .await
            .map_err(|_| NetworkError::Timeout)??;
        Ok(Self {
            socket,
            timeouts: link.endpoint.timeouts,
            heard: Instant::now(),
            pinged: false,
        })
    }

    /// The next frame. Safe to drop and call again; nothing is lost in between. Must be polled for pings to leave.
    ///
    /// # Errors
    /// The relay's reason as [`TransportError::Relay`] where it closed with one, [`NetworkError::Timeout`] where it fell
    /// silent. After any error the socket is of no more use.
    pub async fn recv(&mut self) -> Result<ServerFrame, TransportError> {
        loop {
            let patience = if self.pinged {
                self.timeouts.dead_after
            } else {
                self.timeouts.ping_after
            };
            let Ok(arrived) = timeout_at(self.heard + patience, self.socket.next()).await else {
                if self.pinged {
                    return Err(NetworkError::Timeout.into());
                }
                self.pinged = true;
                let left = self
                    .timeouts
                    .dead_after
                    .saturating_sub(self.timeouts.ping_after);
                self.send(Message::Ping(Bytes::new()), left).await?;
                continue;
            };
            let message = arrived
                .ok_or(TransportError::SocketClosed)?
                .map_err(|e| broken(&e))?;
            self.heard = Instant::now();
            self.pinged = false;
            match message {
                Message::Binary(bytes) => {
                    let frame = codec::decode(&bytes).map_err(|_| TransportError::Malformed)?;
                    points::after_answer("live/recv");
                    return match frame {
                        ServerFrame::Closed(code) => Err(WireError::new(code).into()),
                        frame => Ok(frame),
                    };
                }
                Message::Close(_) => return Err(TransportError::SocketClosed),
                Message::Text(_) => return Err(TransportError::Malformed),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Sends acknowledgements. They are durable when the matching `Acked` frame arrives, one for each call, in order.
    ///
    /// # Errors
    /// [`TransportError`]; more than [`limits::ACKS_PER_CALL`] sequence numbers or receipts are refused here.
    pub async fn ack(&mut self, ack: Ack, deadline: Duration) -> Result<(), TransportError> {
        if ack.seqs.len().max(ack.receipts.len()) > limits::ACKS_PER_CALL {
            return Err(WireError::too_large(LimitKind::Acks, limits::ACKS_PER_CALL as u64).into());
        }
        points::before_send("live/ack");
        self.send(
            Message::Binary(codec::encode(&ClientFrame::Ack(ack)).into()),
            deadline,
        )
        .await
    }

    /// Says goodbye and waits for nothing.
    ///
    /// # Errors
    /// [`TransportError`]; the socket is closed all the same.
    pub async fn close(mut self, deadline: Duration) -> Result<(), TransportError> {
        self.send(Message::Close(None), deadline).await
    }

    async fn send(&mut self, message: Message, within: Duration) -> Result<(), TransportError> {
        timeout(within, self.socket.send(message))
            .await
            .map_err(|_| NetworkError::Timeout)?
            .map_err(|e| broken(&e))
    }
}

/// TCP by the route, TLS by the pins: the connection that becomes a socket.
pub(super) async fn secure(link: &Link) -> Result<TlsStream<TcpStream>, TransportError> {
    let within = link.endpoint.timeouts.connect;
    let steps = async {
        let tcp = link.route.open(&link.origin.uri, within).await?;
        let connecting =
            TlsConnector::from(link.socket_tls.clone()).connect(link.origin.name.clone(), tcp);
        connecting
            .await
            .map_err(|e| kind(&e).unwrap_or(NetworkError::Interrupted))
    };
    Ok(timeout(within, steps)
        .await
        .map_err(|_| NetworkError::Timeout)??)
}

async fn open(
    link: &Link,
    token: &Bearer,
) -> Result<WebSocketStream<TlsStream<TcpStream>>, TransportError> {
    let stream = secure(link).await?;
    let wrong = |_| TransportError::Endpoint(EndpointError::Host);
    let authority = link.origin.uri.authority().map_or("", |a| a.as_str());
    let uri: Uri = format!("wss://{authority}{}", paths::LIVE_PATH)
        .parse()
        .map_err(|_| EndpointError::Host)?;
    let mut request = uri.into_client_request().map_err(wrong)?;
    request
        .headers_mut()
        .extend(headers(&link.endpoint.tenant, Some(token))?);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES));
    points::before_send("live/connect");
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => {
            points::after_answer("live/connect");
            Ok(socket)
        }
        Err(SocketError::Http(answer)) => {
            let status = answer.status().as_u16();
            // The body is there if it came with the head; a refusal does.
            Err(
                match refused(status, answer.body().as_deref().unwrap_or_default()) {
                    TransportError::Status(status) => TransportError::UpgradeRefused(status),
                    refusal => refusal,
                },
            )
        }
        // Something answered 101 and did not switch.
        Err(SocketError::Protocol(
            tungstenite::error::ProtocolError::MissingUpgradeWebSocketHeader
            | tungstenite::error::ProtocolError::MissingConnectionUpgradeHeader
            | tungstenite::error::ProtocolError::SecWebSocketAcceptKeyMismatch,
        )) => Err(TransportError::UpgradeRefused(101)),
        Err(other) => Err(broken(&other)),
    }
}

fn broken(error: &SocketError) -> TransportError {
    match error {
        SocketError::ConnectionClosed | SocketError::AlreadyClosed => TransportError::SocketClosed,
        SocketError::Capacity(_) => TransportError::AnswerTooLarge,
        SocketError::Io(_) | SocketError::Tls(_) => {
            kind(error).unwrap_or(NetworkError::Interrupted).into()
        }
        SocketError::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
            | tungstenite::error::ProtocolError::HandshakeIncomplete,
        ) => NetworkError::Interrupted.into(),
        _ => TransportError::Malformed,
    }
}
