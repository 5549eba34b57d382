//! One request and its whole answer over HTTP.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use sotto_wire::http::{
    AUTHORIZATION_HEADER, BLOB_CONTENT_TYPE, CONTENT_TYPE as CBOR, TENANT_HEADER, bearer_value,
    tenant_value,
};
use sotto_wire::{Bearer, TenantId, WireError, codec};
use url::Url;
use zeroize::Zeroizing;

use super::client::Link;
use super::endpoint::EndpointError;
use super::error::TransportError;
use super::lane::Lane;
use super::points;

/// Largest refusal; a real one has a few dozen bytes.
const REFUSAL_BYTES: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
}

/// A request that is ready to leave.
pub(super) struct Exchange {
    link: Arc<Link>,
    lane: Lane,
    point: &'static str,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// The headers that say who asks: the organisation, and the bearer where there is one.
pub(super) fn headers(
    tenant: &TenantId,
    bearer: Option<&Bearer>,
) -> Result<HeaderMap, TransportError> {
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| TransportError::Endpoint(EndpointError::Host))
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static(TENANT_HEADER),
        value(&tenant_value(tenant))?,
    );
    if let Some(bearer) = bearer {
        let mut secret = value(&Zeroizing::new(bearer_value(bearer)))?;
        secret.set_sensitive(true);
        headers.insert(HeaderName::from_static(AUTHORIZATION_HEADER), secret);
    }
    Ok(headers)
}

impl Exchange {
    /// A call of an operation.
    pub(super) fn new(
        link: Arc<Link>,
        lane: Lane,
        method: Method,
        path: &'static str,
        bearer: Option<&Bearer>,
        body: Vec<u8>,
    ) -> Result<Self, TransportError> {
        let mut headers = if method == Method::Get {
            // `info` is asked by nobody in particular.
            HeaderMap::new()
        } else {
            headers(&link.endpoint.tenant, bearer)?
        };
        if method == Method::Post {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(CBOR));
        }
        Self::build(link, lane, points::name(path), method, path, headers, body)
    }

    /// A request for raw bytes of an attachment (`GET`) or with some (`PUT`).
    pub(super) fn blob(
        link: Arc<Link>,
        lane: Lane,
        method: Method,
        path: &str,
        bearer: &Bearer,
        body: Vec<u8>,
    ) -> Result<Self, TransportError> {
        let mut headers = headers(&link.endpoint.tenant, Some(bearer))?;
        if method == Method::Put {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(BLOB_CONTENT_TYPE));
        }
        let point = if method == Method::Put {
            "blob/put"
        } else {
            "blob/get"
        };
        Self::build(link, lane, point, method, path, headers, body)
    }

    fn build(
        link: Arc<Link>,
        lane: Lane,
        point: &'static str,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Self, TransportError> {
        let url = link
            .origin
            .url
            .join(path)
            .map_err(|_| TransportError::Endpoint(EndpointError::Host))?;
        Ok(Self {
            link,
            lane,
            point,
            method,
            url,
            headers,
            body,
        })
    }

    /// Sends it and gathers the answer, of at most `limit` bytes. The caller sets the deadline.
    pub(super) async fn run(self, limit: usize) -> Result<Vec<u8>, TransportError> {
        let client = self.link.client(self.lane);
        let request = match self.method {
            Method::Get => client.get(self.url),
            Method::Post => client.post(self.url).body(self.body),
            Method::Put => client.put(self.url).body(self.body),
        };
        points::before_send(self.point);
        let answer = request.headers(self.headers).send().await?;
        let status = answer.status();
        if status.is_success() {
            let bytes = gather(answer, limit).await?;
            points::after_answer(self.point);
            return Ok(bytes);
        }
        let refusal = gather(answer, REFUSAL_BYTES).await;
        points::after_answer(self.point);
        match refusal {
            Ok(bytes) => Err(refused(status.as_u16(), &bytes)),
            Err(TransportError::AnswerTooLarge) => Err(TransportError::Status(status.as_u16())),
            Err(other) => Err(other),
        }
    }
}

/// Reads a refusal; where it is none that this release knows, the status is all there is to tell.
pub(super) fn refused(status: u16, bytes: &[u8]) -> TransportError {
    codec::decode::<WireError>(bytes).map_or(TransportError::Status(status), TransportError::Relay)
}

async fn gather(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    let announced = usize::try_from(answer.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(TransportError::AnswerTooLarge);
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            return Err(TransportError::AnswerTooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
