//! Attachments on the way, cut and resumed.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use sotto_wire::blob::{Create, Link, Status};
use sotto_wire::{Bearer, BlobId, Detail, ErrorCode, RelayTime, WireError, codec, http};

use super::relay::{Asked, Reply, TestRelay, ok, refuse};
use super::{LONG, bearer, token};
use crate::transport::blob::{download, upload};
use crate::transport::{BlobSink, BlobSource, NetworkError, TransportError};

const CHUNK: usize = 1 << 20;
const SIZE: usize = 2 * CHUNK + 77;

fn content() -> Vec<u8> {
    (0..SIZE).map(|i| ((i * 31) >> 7) as u8).collect()
}

struct Bytes(Vec<u8>);

impl BlobSource for Bytes {
    async fn read(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        assert!(len <= CHUNK);
        let offset = usize::try_from(offset).unwrap();
        self.0
            .get(offset..offset + len)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl BlobSink for Bytes {
    async fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(self.0.len() as u64, offset, "in order, without a gap");
        assert!(bytes.len() <= CHUNK);
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// What goes wrong with a request for bytes.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Nothing is done and the connection breaks.
    Before,
    /// It is done and the answer breaks.
    After,
    /// The link has ended.
    LinkEnded,
}

#[derive(Clone)]
struct Shelf {
    stored: Arc<Mutex<Vec<u8>>>,
    faults: Arc<Mutex<VecDeque<Fault>>>,
}

fn number(asked: &Asked, name: &str) -> usize {
    let pair = asked
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    pair.unwrap().parse().unwrap()
}

impl Shelf {
    fn new(stored: Vec<u8>, faults: &[Fault]) -> Self {
        Self {
            stored: Arc::new(Mutex::new(stored)),
            faults: Arc::new(Mutex::new(faults.iter().copied().collect())),
        }
    }

    async fn relay(&self) -> TestRelay {
        let shelf = self.clone();
        TestRelay::start(move |asked| shelf.answer(asked)).await
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let mut stored = self.stored.lock().unwrap();
        let status = |received: usize| {
            ok(&Status {
                size: SIZE as u64,
                received: received as u64,
                expires: RelayTime(9),
            })
        };
        let bearer_is = |expected: &Bearer| {
            asked.headers["authorization"].to_str().unwrap() == http::bearer_value(expected)
        };
        match asked.path.as_str() {
            "/v1/blob/create" => {
                assert!(bearer_is(&bearer()));
                assert_eq!(codec::decode::<Create>(&asked.body).unwrap(), announced());
                status(stored.len())
            }
            "/v1/blob/link" => {
                assert!(bearer_is(&token()));
                ok(&Link {
                    token: link(),
                    expires: RelayTime(9),
                    size: SIZE as u64,
                })
            }
            path => {
                assert_eq!(
                    http::parse_blob(path.strip_prefix(http::BLOB_PATH_PREFIX).unwrap()),
                    Some(blob())
                );
                let fault = self
                    .faults
                    .lock()
                    .unwrap()
                    .pop_front()
                    .unwrap_or(Fault::None);
                if fault == Fault::Before {
                    return Reply::Broken(Vec::new());
                }
                if fault == Fault::LinkEnded {
                    return refuse(WireError::new(ErrorCode::Unauthorized));
                }
                let offset = number(asked, "offset");
                if asked.query.contains("len=") {
                    assert!(bearer_is(&link()));
                    let range = stored[offset..offset + number(asked, "len")].to_vec();
                    return if fault == Fault::After {
                        Reply::Broken(range)
                    } else {
                        Reply::Bytes(200, range)
                    };
                }
                assert!(bearer_is(&bearer()));
                if offset != stored.len() {
                    let detail = Detail::Offset(stored.len() as u64);
                    return refuse(WireError::detailed(ErrorCode::PositionConflict, detail));
                }
                stored.extend_from_slice(&asked.body);
                if fault == Fault::After {
                    Reply::Broken(Vec::new())
                } else {
                    status(stored.len())
                }
            }
        }
    }
}

fn blob() -> BlobId {
    BlobId::new([6; 16])
}

fn link() -> Bearer {
    Bearer::new([33; 32])
}

fn announced() -> Create {
    Create {
        blob: blob(),
        size: SIZE as u64,
        ttl_s: 600,
    }
}

#[tokio::test]
async fn an_upload_resumes_after_a_cut_wherever_the_cut_was() {
    for cut in [Fault::Before, Fault::After] {
        let shelf = Shelf::new(Vec::new(), &[Fault::None, cut]);
        let relay = shelf.relay().await;
        let transport = relay.transport();
        let mut source = Bytes(content());
        let mut seen = Vec::new();
        let first = upload(
            &transport,
            &bearer(),
            &announced(),
            &mut source,
            &mut |done, _| seen.push(done),
        )
        .await;
        assert_eq!(
            first,
            Err(TransportError::Network(NetworkError::Interrupted))
        );
        let kept = shelf.stored.lock().unwrap().len();
        assert_eq!(
            kept,
            if cut == Fault::Before {
                CHUNK
            } else {
                2 * CHUNK
            }
        );
        let second = upload(
            &transport,
            &bearer(),
            &announced(),
            &mut source,
            &mut |done, _| seen.push(done),
        )
        .await;
        assert_eq!(second.unwrap().received, SIZE as u64);
        assert!(*shelf.stored.lock().unwrap() == content());
        let asked = relay.asked();
        let puts = asked
            .iter()
            .filter(|a| a.query.starts_with("offset"))
            .count();
        // Nothing the relay already had was sent again.
        assert_eq!(puts, if cut == Fault::Before { 4 } else { 3 });
        assert_eq!(seen.last(), Some(&(SIZE as u64)));
        assert!(seen.is_sorted());
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_the_relay_says_it_is() {
    // The announcement was answered from before another connection stored the first chunk.
    let shelf = Shelf::new(Vec::new(), &[]);
    let racing = shelf.clone();
    let relay = TestRelay::start(move |asked| {
        let reply = racing.answer(asked);
        if asked.path == "/v1/blob/create" {
            *racing.stored.lock().unwrap() = content()[..CHUNK].to_vec();
        }
        reply
    })
    .await;
    let done = upload(
        &relay.transport(),
        &bearer(),
        &announced(),
        &mut Bytes(content()),
        &mut |_, _| {},
    )
    .await;
    assert_eq!(done.unwrap().received, SIZE as u64);
    assert!(*shelf.stored.lock().unwrap() == content());
}

#[tokio::test]
async fn an_upload_to_a_relay_that_never_counts_on_ends() {
    let stuck = |asked: &Asked| match asked.path.as_str() {
        "/v1/blob/create" => ok(&Status {
            size: SIZE as u64,
            received: 0,
            expires: RelayTime(9),
        }),
        _ => {
            let other = if number(asked, "offset") == 0 { 5 } else { 0 };
            refuse(WireError::detailed(
                ErrorCode::PositionConflict,
                Detail::Offset(other),
            ))
        }
    };
    let relay = TestRelay::start(stuck).await;
    let whole = async {
        upload(
            &relay.transport(),
            &bearer(),
            &announced(),
            &mut Bytes(content()),
            &mut |_, _| {},
        )
        .await
    };
    let ended = tokio::time::timeout(LONG, whole).await.unwrap();
    assert_eq!(ended.unwrap_err().code(), Some(ErrorCode::PositionConflict));
}

#[tokio::test]
async fn a_source_that_ends_early_is_a_local_failure() {
    let relay = Shelf::new(Vec::new(), &[]).relay().await;
    let short = content()[..CHUNK + 5].to_vec();
    let ended = upload(
        &relay.transport(),
        &bearer(),
        &announced(),
        &mut Bytes(short),
        &mut |_, _| {},
    )
    .await;
    assert_eq!(
        ended,
        Err(TransportError::Local(io::ErrorKind::UnexpectedEof))
    );
}

#[tokio::test]
async fn a_download_resumes_after_a_cut_and_renews_its_link() {
    let shelf = Shelf::new(
        content(),
        &[Fault::None, Fault::After, Fault::None, Fault::LinkEnded],
    );
    let relay = shelf.relay().await;
    let transport = relay.transport();
    let mut sink = Bytes(Vec::new());
    let mut seen = Vec::new();
    let first = download(
        &transport,
        &token(),
        blob(),
        0,
        &mut sink,
        &mut |done, _| seen.push(done),
    )
    .await;
    assert_eq!(
        first,
        Err(TransportError::Network(NetworkError::Interrupted))
    );
    assert_eq!(sink.0.len(), CHUNK);
    let from = sink.0.len() as u64;
    let second = download(
        &transport,
        &token(),
        blob(),
        from,
        &mut sink,
        &mut |done, _| seen.push(done),
    )
    .await;
    assert_eq!(second, Ok(SIZE as u64));
    assert!(sink.0 == content());
    assert!(seen.is_sorted());
    let links = relay
        .asked()
        .iter()
        .filter(|a| a.path == "/v1/blob/link")
        .count();
    assert_eq!(links, 3);
}

#[tokio::test]
async fn a_link_that_never_works_ends_the_download() {
    let relay = Shelf::new(content(), &[Fault::LinkEnded, Fault::LinkEnded])
        .relay()
        .await;
    let ended = download(
        &relay.transport(),
        &token(),
        blob(),
        0,
        &mut Bytes(Vec::new()),
        &mut |_, _| {},
    )
    .await;
    assert_eq!(ended.unwrap_err().code(), Some(ErrorCode::Unauthorized));
}

#[tokio::test]
async fn a_range_longer_than_asked_is_refused() {
    let relay = TestRelay::start(|asked| match asked.path.as_str() {
        "/v1/blob/link" => ok(&Link {
            token: link(),
            expires: RelayTime(9),
            size: 10,
        }),
        _ => Reply::Bytes(200, vec![0; 11]),
    })
    .await;
    let ended = download(
        &relay.transport(),
        &token(),
        blob(),
        0,
        &mut Bytes(Vec::new()),
        &mut |_, _| {},
    )
    .await;
    assert_eq!(ended, Err(TransportError::AnswerTooLarge));
}

#[tokio::test]
async fn files_are_sources_and_sinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attachment");
    let mut file = tokio::fs::File::create_new(&path).await.unwrap();
    BlobSink::write(&mut file, 0, b"first").await.unwrap();
    BlobSink::write(&mut file, 5, b" then").await.unwrap();
    let mut file = tokio::fs::File::open(&path).await.unwrap();
    assert_eq!(BlobSource::read(&mut file, 3, 5).await.unwrap(), b"st th");
    assert!(BlobSource::read(&mut file, 8, 5).await.is_err());
}
