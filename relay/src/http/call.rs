//! One request: its headers and body read within their limits, and the form of answers.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::response::Response;
use futures_util::StreamExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sotto_wire::{
    Auth, Digest, ErrorCode, LimitKind, Operation, TenantId, WireError, decode, encode,
};

use crate::crypto::sha256;
use crate::memory::rates::Kind;
use crate::relay::{Peer, Relay};
use crate::store::Submitter;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);
/// The same, of somebody who has proven nothing.
const OPEN_BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes of a refused body that are read all the same.
const DISCARDED: usize = 8 << 20;

/// Who asks, and with which bytes.
#[derive(Debug)]
pub(crate) struct Call {
    peer: Peer,
    tenant: Option<TenantId>,
    bearer: Option<Digest>,
    body: Bytes,
}

impl Call {
    /// Reads an operation's request: first who asks, and only then, if they may ask at all, what.
    pub(super) async fn read<O: Operation>(
        relay: &Relay,
        request: Request,
    ) -> Result<(Self, O::Request), WireError> {
        let (parts, body) = request.into_parts();
        let kind = parts
            .headers
            .get(header::CONTENT_TYPE)
            .map(HeaderValue::as_bytes);
        if kind != Some(sotto_wire::http::CONTENT_TYPE.as_bytes()) {
            return Err(ErrorCode::BadRequest.into());
        }
        let mut call = Self::of(&parts)?;
        let auth = O::DESCRIPTOR.auth;
        let admitted = call.prove(relay, auth).await;
        let body = Incoming {
            body,
            announced: announced(&parts.headers),
            max: O::DESCRIPTOR.body,
        };
        if let Err(refused) = admitted {
            discard(body.body.into_data_stream()).await;
            return Err(refused);
        }
        let time = if auth == Auth::None {
            OPEN_BODY_TIME
        } else {
            BODY_TIME
        };
        call.body = body.read(LimitKind::Body, time).await?;
        let request = decode::<O::Request>(&call.body).map_err(|_| ErrorCode::BadRequest)?;
        Ok((call, request))
    }

    /// Reads raw bytes from a submitter.
    pub(super) async fn read_raw(
        relay: &Relay,
        request: Request,
        max: usize,
    ) -> Result<Self, WireError> {
        let (parts, body) = request.into_parts();
        let mut call = Self::of(&parts)?;
        let admitted = call.prove(relay, Auth::Submit).await;
        if let Err(refused) = admitted {
            discard(body.into_data_stream()).await;
            return Err(refused);
        }
        let body = Incoming {
            body,
            announced: announced(&parts.headers),
            max,
        };
        call.body = body.read(LimitKind::Blob, BODY_TIME).await?;
        Ok(call)
    }

    /// Reads the headers alone.
    pub(crate) fn of(parts: &Parts) -> Result<Self, WireError> {
        let tenant = match parts.headers.get(sotto_wire::http::TENANT_HEADER) {
            None => None,
            Some(value) => {
                let tenant = value.to_str().ok().and_then(sotto_wire::http::parse_tenant);
                Some(tenant.ok_or(ErrorCode::BadRequest)?)
            }
        };
        let bearer = match parts.headers.get(header::AUTHORIZATION) {
            None => None,
            Some(value) => {
                let bearer = value.to_str().ok().and_then(sotto_wire::http::parse_bearer);
                Some(sha256(bearer.ok_or(ErrorCode::Unauthorized)?.expose()))
            }
        };
        let peer = parts
            .extensions
            .get::<Peer>()
            .copied()
            .unwrap_or(Peer::of(std::net::Ipv4Addr::UNSPECIFIED.into()));
        Ok(Self {
            peer,
            tenant,
            bearer,
            body: Bytes::new(),
        })
    }

    /// Looks at the proof an operation asks for in its headers. The store asks again where it counts.
    async fn prove(&self, relay: &Relay, auth: Auth) -> Result<(), WireError> {
        let session = || relay.find_session(&self.tenant()?, &self.bearer()?);
        match auth {
            Auth::None => Ok(()),
            Auth::Session => session().map(drop),
            Auth::Submit => relay
                .authenticate(self.submitter()?, self.peer)
                .await
                .map(drop),
            Auth::Either if session().is_ok() => Ok(()),
            Auth::Either => relay
                .authenticate(self.submitter()?, self.peer)
                .await
                .map(drop),
            Auth::EitherOrEarlier if session().is_ok() => Ok(()),
            Auth::SubmitOrEarlier | Auth::EitherOrEarlier => {
                match relay.authenticate(self.submitter()?, self.peer).await {
                    Err(refused) if refused.code == ErrorCode::Unauthorized => {
                        let earlier = relay.store.authenticate_earlier(self.submitter()?).await;
                        earlier.map(drop).map_err(|error| relay.refusal(error))
                    }
                    other => other.map(drop),
                }
            }
        }
    }

    /// Takes from the rate of the organisation whose bearer was shown.
    pub(super) async fn admit(
        &self,
        relay: &Relay,
        kind: Kind,
        n: u32,
    ) -> Result<Submitter, WireError> {
        let who = self.submitter()?;
        let tenant = relay.authenticate(who, self.peer).await?;
        relay.rate_tenant(kind, tenant, n)?;
        Ok(who)
    }

    /// Where the request comes from.
    pub(super) const fn peer(&self) -> Peer {
        self.peer
    }

    /// The organisation named.
    pub(crate) fn tenant(&self) -> Result<TenantId, WireError> {
        self.tenant.ok_or_else(|| ErrorCode::BadRequest.into())
    }

    /// The digest of the bearer shown.
    pub(crate) fn bearer(&self) -> Result<Digest, WireError> {
        self.bearer.ok_or_else(|| ErrorCode::Unauthorized.into())
    }

    /// Both, as a submitter.
    pub(super) fn submitter(&self) -> Result<Submitter, WireError> {
        Ok(Submitter {
            tenant: self.tenant()?,
            bearer: self.bearer()?,
        })
    }

    /// The digest of the request's bytes; they are the only encoding of their value.
    pub(super) fn digest(&self) -> Digest {
        sha256(&self.body)
    }

    /// The bytes.
    pub(super) fn into_body(self) -> Bytes {
        self.body
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
}

/// A body on its way.
struct Incoming {
    body: Body,
    announced: Option<usize>,
    max: usize,
}

impl Incoming {
    async fn read(self, kind: LimitKind, time: Duration) -> Result<Bytes, WireError> {
        let (max, announced) = (self.max, self.announced);
        let mut chunks = self.body.into_data_stream();
        let too_large = WireError::too_large(kind, max as u64);
        if announced.is_some_and(|announced| announced > max) {
            discard(chunks).await;
            return Err(too_large);
        }
        let read = async {
            let mut read = Vec::with_capacity(announced.unwrap_or(0));
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|_| WireError::from(ErrorCode::BadRequest))?;
                if read.len() + chunk.len() > max {
                    return Err(too_large);
                }
                read.extend_from_slice(&chunk);
            }
            Ok(Bytes::from(read))
        };
        let read = tokio::time::timeout(time, read)
            .await
            .map_err(|_| WireError::from(ErrorCode::BadRequest))?;
        if read.is_err() {
            discard(chunks).await;
        }
        read
    }
}

/// Reads on for a while: a caller who is still sending would otherwise see a broken connection and not the answer.
async fn discard(mut chunks: BodyDataStream) {
    let read = async {
        let mut left = DISCARDED;
        while let Some(Ok(chunk)) = chunks.next().await {
            if chunk.len() > left {
                return;
            }
            left -= chunk.len();
        }
    };
    let _long_enough = tokio::time::timeout(OPEN_BODY_TIME, read).await;
}

/// A success.
pub(super) fn answered(body: Vec<u8>, content_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A refusal.
pub(crate) fn refused(error: &WireError) -> Response {
    let mut response = answered(encode(error), sotto_wire::http::CONTENT_TYPE);
    *response.status_mut() =
        StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(ms) = error.retry_after_ms {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
    }
    response
}
