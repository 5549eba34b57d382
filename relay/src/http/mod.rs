//! The relay's HTTP surface: one route for each operation of the contract, the live socket, and the raw blob paths.

mod blob;
mod call;
mod channel;
pub(crate) mod delivery;
mod grant;
mod key_package;
mod mailbox;
mod organisation;
mod roster;
mod slot;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{any, get, post, put};
use http::StatusCode;
use sotto_wire::{ErrorCode, Operation, RESERVED, VERSION, WireError, encode, op};

pub(crate) use self::call::{Call, refused};
use crate::crash::crash_point;
use crate::live;
use crate::relay::Relay;

/// Every route.
pub(crate) fn router(relay: &Arc<Relay>) -> Router {
    let router = Router::new().route(
        op::Info::DESCRIPTOR.path,
        get({
            let relay = Arc::clone(relay);
            move |request: Request| async move {
                let call = Call::of(&request.into_parts().0);
                answer::<op::Info>(
                    &relay,
                    call.and_then(|call| organisation::info(&relay, &call)),
                )
            }
        }),
    );
    let router = serve::<op::TenantRegister, _, _>(router, relay, organisation::register);
    let router = serve::<op::MailboxOpen, _, _>(router, relay, mailbox::open);
    let router = serve::<op::SessionChallenge, _, _>(router, relay, mailbox::challenge);
    let router = serve::<op::SessionStart, _, _>(router, relay, mailbox::start);
    let router = serve::<op::AliasCreate, _, _>(router, relay, mailbox::create_aliases);
    let router = serve::<op::AliasDrop, _, _>(router, relay, mailbox::drop_aliases);
    let router = serve::<op::Submit, _, _>(router, relay, delivery::submit);
    let router = serve::<op::SlotCreate, _, _>(router, relay, slot::create);
    let router = serve::<op::SlotAdvance, _, _>(router, relay, slot::advance);
    let router = serve::<op::SlotRead, _, _>(router, relay, slot::read);
    let router = serve::<op::MailboxFetch, _, _>(router, relay, delivery::fetch);
    let router = serve::<op::MailboxAck, _, _>(router, relay, delivery::acknowledge);
    let router = serve::<op::ReceiptsCollect, _, _>(router, relay, delivery::collect);
    let router = serve::<op::RosterAppend, _, _>(router, relay, roster::append);
    let router = serve::<op::RosterRead, _, _>(router, relay, roster::read);
    let router = serve::<op::RosterRotate, _, _>(router, relay, roster::rotate);
    let router = serve::<op::RosterSeals, _, _>(router, relay, roster::seals);
    let router = serve::<op::AttestationPut, _, _>(router, relay, roster::put_attestation);
    let router = serve::<op::AttestationGet, _, _>(router, relay, roster::get_attestation);
    let router = serve::<op::KeyPackagePublish, _, _>(router, relay, key_package::publish);
    let router = serve::<op::KeyPackageClaim, _, _>(router, relay, key_package::claim);
    let router = serve::<op::GrantCreate, _, _>(router, relay, grant::create);
    let router = serve::<op::GrantTake, _, _>(router, relay, grant::take);
    let router = serve::<op::GrantRequest, _, _>(router, relay, grant::request);
    let router = serve::<op::GrantStatus, _, _>(router, relay, grant::status);
    let router = serve::<op::GrantAnswer, _, _>(router, relay, grant::answer);
    let router = serve::<op::GrantPoll, _, _>(router, relay, grant::poll);
    let router = serve::<op::GrantDrop, _, _>(router, relay, grant::end);
    let router = serve::<op::BlobCreate, _, _>(router, relay, blob::create);
    let router = serve::<op::BlobStatus, _, _>(router, relay, blob::status);
    let router = serve::<op::BlobLink, _, _>(router, relay, blob::link);
    let router = serve::<op::ChannelOpen, _, _>(router, relay, channel::open);
    let router = serve::<op::ChannelChallenge, _, _>(router, relay, channel::challenge);
    let router = serve::<op::ChannelPoll, _, _>(router, relay, channel::poll);
    let router = serve::<op::ChannelCertify, _, _>(router, relay, channel::certify);
    let router = serve::<op::ChannelCollect, _, _>(router, relay, channel::collect);
    let router = serve::<op::ChannelDone, _, _>(router, relay, channel::done);
    let mut router = router
        .route("/v1/blob/{id}", put(blob::put).get(blob::get))
        .route(sotto_wire::http::LIVE_PATH, any(live::upgrade))
        .route("/healthz", get(health));
    for (_, path) in RESERVED {
        router = router.route(
            path,
            any(|| async { refused(&ErrorCode::Unsupported.into()) }),
        );
    }
    router
        .method_not_allowed_fallback(|| async { refused(&ErrorCode::BadRequest.into()) })
        .fallback(unknown)
        .with_state(Arc::clone(relay))
}

/// Adds the route of one operation.
fn serve<O, F, Fut>(
    router: Router<Arc<Relay>>,
    relay: &Arc<Relay>,
    handler: F,
) -> Router<Arc<Relay>>
where
    O: Operation + 'static,
    O::Request: Send,
    O::Response: Send,
    F: Fn(Arc<Relay>, Call, O::Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<O::Response, WireError>> + Send,
{
    let relay = Arc::clone(relay);
    let route = post(move |request: Request| async move {
        let result = async {
            let (call, request) = Call::read::<O>(&relay, request).await?;
            handler(Arc::clone(&relay), call, request).await
        };
        let result = result.await;
        answer::<O>(&relay, result)
    });
    router.route(O::DESCRIPTOR.path, route)
}

/// The answer of an operation, counted.
fn answer<O: Operation>(relay: &Relay, result: Result<O::Response, WireError>) -> Response {
    let path = O::DESCRIPTOR.path;
    let name = path.strip_prefix("/v1/").unwrap_or(path);
    relay.hub.metrics.answered(name, result.as_ref().map(drop));
    crash_point(name, "before-answer");
    match result {
        Ok(response) => call::answered(encode(&response), sotto_wire::http::CONTENT_TYPE),
        Err(error) => refused(&error),
    }
}

/// 200 while the relay can write and read, 507 while its disk is nearly full, 503 otherwise. No body.
pub(crate) async fn health(
    axum::extract::State(relay): axum::extract::State<Arc<Relay>>,
) -> Response {
    let status = match relay.store.health().await {
        _ if relay.stop.is_asked() => StatusCode::SERVICE_UNAVAILABLE,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        Ok(()) if relay.disk.is_full() => StatusCode::INSUFFICIENT_STORAGE,
        Ok(()) => StatusCode::OK,
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A path of another version, or of nothing.
async fn unknown(request: Request) -> Response {
    let first = request
        .uri()
        .path()
        .split('/')
        .nth(1)
        .and_then(|segment| segment.strip_prefix('v'));
    let version = first.and_then(|number| number.parse::<u16>().ok());
    let code = if version.is_some_and(|version| version != VERSION) {
        ErrorCode::UnsupportedVersion
    } else {
        ErrorCode::NotFound
    };
    refused(&code.into())
}
