//! Starting, stopping and a clock that is wrong.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;

use crate::base::{Clock, SystemClock};
use crate::store::StoreError;
use crate::transport::RelayClock;

use super::super::SyncError;
use super::attachments::offline;

const WRITTEN: &str = "a word at the last moment";

#[tokio::test]
async fn stopping_waits_for_a_write_that_is_under_way() {
    let (node, engine) = offline();
    let (begun, beginning) = tokio::sync::oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let writer = Arc::clone(&engine);
    // Whoever waited for it is gone, as when a connection is dropped in the middle.
    let caller = tokio::spawn(async move {
        let write = writer.write_blocking("a last word", move |tx, _| {
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok(tx.put_meta(WRITTEN, &1u64)?)
        });
        write.await
    });
    beginning.await.unwrap();
    caller.abort();

    let mut run = pin!(engine.run(async {}, |_| ()));
    let first = poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx))).await;
    assert!(first.is_pending(), "the write has not ended");
    release.send(()).unwrap();
    run.await.unwrap();
    let written = node
        .store
        .read::<_, StoreError>(|tx| tx.meta::<u64>(WRITTEN))
        .unwrap();
    assert_eq!(written, Some(1));
}

#[tokio::test]
async fn a_clock_that_is_years_ahead_is_named_instead_of_spending_key_packages() {
    let (node, engine) = offline();
    let day = 24 * 3600 * 1000;
    let clock = |days: i64| {
        engine.note(|status| {
            status.clock = Some(RelayClock {
                offset_ms: days * day,
                drifted: true,
                measured_at: SystemClock::default().now(),
            });
        });
    };
    let device = node.me.device;
    clock(-3 * 365);
    let error = engine
        .claim(&[device], super::super::REQUEST)
        .await
        .unwrap_err();
    assert!(
        matches!(error, SyncError::ClockWrong { days: 1095 }),
        "{error}"
    );
    assert!(!error.is_final(), "a clock can be set");
    assert_eq!(
        error.to_string(),
        "this device's clock is wrong by 1095 days: set it, and what waits goes on"
    );
    // A small error keeps nobody from asking the relay.
    clock(1);
    let error = engine
        .claim(&[device], super::super::REQUEST)
        .await
        .unwrap_err();
    assert!(matches!(error, SyncError::Transport(_)), "{error}");
}
