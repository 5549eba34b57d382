//! Serving: what is opened at the start, the connections, the recurring work, and an end that loses nothing.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use sotto_wire::base64url;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::blobs::Blobs;
use crate::clock::{Clock, SystemClock, SystemRandomness};
use crate::config::Config;
use crate::crypto::{RelayKey, SigningKeyError};
use crate::disk::Disk;
use crate::files::{self, FileError};
use crate::http::{health, router};
use crate::lock::{DataLock, LockError};
use crate::logging::{Cause, log_event};
use crate::memory::links::Links;
use crate::memory::nonces::Nonces;
use crate::memory::polls::Polls;
use crate::memory::rates::Rates;
use crate::relay::{Hub, Peer, Place, Relay, Stop};
use crate::store::sqlite::{OpenError, SqliteStore, WriterHandle};
use crate::store::{Listener, Store};
use crate::tls::{self, Tls, TlsError};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the headers of a request may take.
const HEADERS: Duration = Duration::from_secs(15);

/// Why the relay does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The data folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another relay has the data folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The signing key.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The network or the runtime.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> ServeError {
    move |source| ServeError::Io { doing, source }
}

/// The file of the store inside the data folder.
pub(crate) fn database(data: &Path) -> std::path::PathBuf {
    data.join("relay.db")
}

/// Serves until the process is asked to end.
pub(crate) fn serve(config: Config) -> Result<(), ServeError> {
    files::make_folder(&config.data)?;
    let _lock = DataLock::take(&config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(io("starting"))?;
    let writer = runtime.block_on(run(config))?;
    // What still runs on the runtime holds the store; only without it does the writing thread end.
    runtime.shutdown_timeout(Duration::from_secs(5));
    writer.join();
    log_event!(INFO, "stopped");
    Ok(())
}

async fn run(config: Config) -> Result<WriterHandle, ServeError> {
    let tls = tls::load_or_make(&config)?;
    let random = Arc::new(SystemRandomness::new());
    let key = RelayKey::load_or_make(&config.data.join("signing.key"), random.as_ref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let hub = Arc::new(Hub::new());
    let (stop, stopping) = watch::channel(false);
    let blobs = Blobs::open(&config.data)?;
    let listener: Arc<dyn Listener> = Arc::clone(&hub) as Arc<dyn Listener>;
    let (store, writer) = SqliteStore::open(
        &database(&config.data),
        config.readers,
        &clock,
        listener,
        config.quotas(),
    )?;
    let disk = Disk::watch(&config.data, config.disk_free_min, config.ballast);
    let relay = Arc::new(Relay {
        store: Arc::new(store) as Arc<dyn Store>,
        blobs,
        key,
        clock,
        random,
        hub,
        nonces: Nonces::default(),
        channel_nonces: Nonces::default(),
        polls: Polls::new(config.connections),
        links: Links::default(),
        rates: Rates::default(),
        disk,
        stop: Stop(stopping),
        config,
    });
    // What expired while the relay was down is over before anybody asks.
    sweep(&relay).await;
    let listener = TcpListener::bind(relay.config.listen)
        .await
        .map_err(io("listening"))?;
    let address = listener.local_addr().map_err(io("listening"))?;
    let mut tasks = JoinSet::new();
    let metrics = match relay.config.metrics {
        None => None,
        Some(wanted) => {
            let listener = TcpListener::bind(wanted)
                .await
                .map_err(io("listening for metrics"))?;
            let address = listener.local_addr().map_err(io("listening for metrics"))?;
            tasks.spawn(serve_metrics(listener, Arc::clone(&relay)));
            Some(address)
        }
    };
    tasks.spawn(recurring(Arc::clone(&relay)));
    // Heard from before anybody is told that there is something to end.
    let terminate =
        unix::signal(unix::SignalKind::terminate()).map_err(io("listening for signals"))?;
    announce(address, metrics, &tls, &relay).map_err(io("announcing the address"))?;
    log_event!(INFO, "serving");
    let connections = tokio::spawn(accept(listener, tls, Arc::clone(&relay)));
    stop_signal(terminate).await?;
    log_event!(INFO, "stopping");
    stop.send_replace(true);
    // The connections have their time to finish; what is not finished then was not acknowledged.
    let drained = tokio::time::timeout(
        Duration::from_secs(u64::from(relay.config.drain_s)),
        connections,
    )
    .await;
    if drained.is_err() {
        log_event!(WARN, "requests were still under way at the end");
    }
    tasks.shutdown().await;
    Ok(writer)
}

/// One line on standard output, for whoever started the relay.
fn announce(
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    tls: &Tls,
    relay: &Relay,
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    write!(
        out,
        "sotto-relay ready address={address} pin={} signing-key={}",
        base64url::encode(tls.pin.as_bytes()),
        base64url::encode(relay.key.public().as_bytes()),
    )?;
    if let Some(metrics) = metrics {
        write!(out, " metrics={metrics}")?;
    }
    writeln!(out)?;
    out.flush()
}

/// Until the process is asked to end.
async fn stop_signal(mut terminate: unix::Signal) -> Result<(), ServeError> {
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        done = tokio::signal::ctrl_c() => done.map_err(io("listening for signals")),
    }
}

async fn accept(listener: TcpListener, tls: Tls, relay: Arc<Relay>) {
    let acceptor = TlsAcceptor::from(tls.config);
    let app = router(&relay);
    let places = Arc::new(Semaphore::new(
        usize::try_from(relay.config.connections).unwrap_or(Semaphore::MAX_PERMITS),
    ));
    let mut stop = relay.stop.clone();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or a connection that was gone before it was taken.
                    log_event!(WARN, "taking a connection", cause = Cause::of(&error));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.asked() => break,
        };
        // Beyond the limit a connection is closed at once: whoever is refused comes back with a delay of its own.
        let Ok(permit) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let place = Place::take(&relay.hub, permit);
        let from = From {
            place,
            peer: Peer::of(peer.ip()),
        };
        tokio::spawn(handshake(
            stream,
            acceptor.clone(),
            app.clone(),
            from,
            relay.stop.clone(),
        ));
    }
    drop(listener);
    // When every place is free again, every request is answered and every socket has said why it ends.
    let _all_free = places.acquire_many(relay.config.connections).await;
}

/// What requests of one connection share.
struct From {
    place: Place,
    peer: Peer,
}

async fn handshake(stream: TcpStream, acceptor: TlsAcceptor, app: Router, from: From, stop: Stop) {
    // Small frames are answers somebody waits for.
    let _only_slower = stream.set_nodelay(true);
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, app, Some(from), stop).await,
        Ok(Err(error)) => log_event!(DEBUG, "a handshake failed", cause = Cause::of(&error)),
        Err(_) => log_event!(DEBUG, "a handshake took too long"),
    }
}

/// One connection, until it ends or the relay stops and its requests are answered.
async fn converse<S>(stream: S, app: Router, from: Option<From>, mut stop: Stop)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        if let Some(from) = &from {
            request.extensions_mut().insert(from.place.clone());
            request.extensions_mut().insert(from.peer);
        }
        app.clone().call(request)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(16 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.asked() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        // The text may hold what the peer sent; that it ended so is all that is said.
        log_event!(DEBUG, "a connection ended with an error");
    }
}

async fn serve_metrics(listener: TcpListener, relay: Arc<Relay>) {
    let app = Router::new()
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(health))
        .with_state(Arc::clone(&relay));
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(stream, app.clone(), None, relay.stop.clone()));
    }
}

async fn metrics_text(State(relay): State<Arc<Relay>>) -> Response {
    let metrics = &relay.hub.metrics;
    metrics.sessions.set(relay.hub.sessions.count() as u64);
    metrics.storage_full.set(i64::from(relay.disk.is_full()));
    match metrics.text() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Sweeps at the operator's pace.
async fn recurring(relay: Arc<Relay>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(u64::from(relay.config.sweep_s)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        sweep(&relay).await;
    }
}

/// Ends what is over, in the store and in memory, and looks at the disk.
async fn sweep(relay: &Arc<Relay>) {
    let now = relay.clock.elapsed();
    relay.nonces.sweep(now);
    relay.channel_nonces.sweep(now);
    relay.links.sweep(now);
    relay.rates.sweep(now);
    relay.hub.sessions.sweep(now);
    relay.hub.wake.sweep();
    relay.disk.look();
    loop {
        let swept = match relay.store.sweep().await {
            Ok(swept) => swept,
            Err(error) => {
                let _for_callers = relay.refusal(error);
                return;
            }
        };
        let (blobs, keys) = (relay.blobs.clone(), swept.blobs);
        let removed = tokio::task::spawn_blocking(move || {
            for key in keys {
                if let Err(error) = blobs.remove(key) {
                    log_event!(
                        WARN,
                        "deleting the file of an ended blob",
                        cause = Cause::of(&error)
                    );
                }
            }
        });
        if removed.await.is_err() || !swept.more {
            return;
        }
    }
}
