//! The file `stub.cbor` and its lock. Replaced whole, by one process at a time; whoever holds the lock too long does not
//! stand in the way of a wipe.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::error::while_doing;
use super::{Stub, WipeError};
use crate::base::{Digest, codec, digest};
use crate::vault::file;

/// Name of the stub's file.
pub(super) const STUB: &str = "stub.cbor";
/// Held while the stub is changed.
pub(super) const LOCK: &str = "stub.lock";
const VERSION: u16 = 1;
/// An organisation of many administrators has some hundred kilobytes; anything far beyond is no stub.
const LIMIT: u64 = 4 << 20;
/// How long one wait takes.
const STEP: Duration = Duration::from_millis(10);
/// How long another process is waited for.
pub(super) const PATIENCE: Duration = Duration::from_millis(800);

/// The outermost layer, which no version may change: so that damage, a newer release, and a wipe that a newer release
/// has begun are told apart.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Outer {
    #[n(0)]
    version: u16,
    /// An order is being or was carried out.
    #[n(1)]
    begun: bool,
    #[n(2)]
    body: ByteVec,
    #[n(3)]
    digest: Digest,
}

fn digest_of(version: u16, begun: bool, body: &[u8]) -> Digest {
    digest::sha256_parts(&[&version.to_be_bytes(), &[u8::from(begun)], body])
}

/// Reads the stub of a folder; `None` where there is none.
pub(super) fn read(home: &Path) -> Result<Option<Stub>, WipeError> {
    let Some(bytes) =
        file::read(&home.join(STUB), LIMIT).map_err(while_doing("reading the stub"))?
    else {
        return Ok(None);
    };
    let outer: Outer = codec::decode(&bytes).map_err(|_| WipeError::Damaged)?;
    if outer.digest != digest_of(outer.version, outer.begun, &outer.body) || outer.version < VERSION
    {
        return Err(WipeError::Damaged);
    }
    if outer.version > VERSION {
        return Err(WipeError::Newer { begun: outer.begun });
    }
    codec::decode(&outer.body)
        .map(Some)
        .map_err(|_| WipeError::Damaged)
}

/// Puts a stub in place. The bytes of the one before are overwritten, because keys leave a stub step by step.
pub(super) fn write(home: &Path, stub: &Stub) -> Result<(), WipeError> {
    const DOING: &str = "writing the stub";
    let (begun, body) = (stub.begun(), codec::encode(stub));
    let bytes = codec::encode(&Outer {
        version: VERSION,
        begun,
        digest: digest_of(VERSION, begun, &body),
        body: body.into(),
    });
    let before = before(home);
    file::replace(home, STUB, &bytes).map_err(while_doing(DOING))?;
    if let Some((mut file, length)) = before {
        // The new one is in place; of the old one this is what can be done.
        let _ = file::zeros(&mut file, length);
    }
    Ok(())
}

/// The file in place, open so that its bytes can be reached once it has lost its name. Elsewhere than on Unix an open
/// file could not be replaced.
fn before(home: &Path) -> Option<(File, u64)> {
    if !cfg!(unix) {
        return None;
    }
    let path = home.join(STUB);
    if !std::fs::symlink_metadata(&path).ok()?.is_file() {
        return None;
    }
    let file = OpenOptions::new().write(true).open(path).ok()?;
    let length = file.metadata().ok()?.len();
    Some((file, length))
}

/// A held lock; `None` where it did not come free in time.
pub(super) struct Held(Option<File>);

impl Held {
    /// Waits for the stub's lock, at most about as long as `patience`.
    pub(super) fn take(home: &Path, patience: Duration) -> Self {
        let open = file::private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(home.join(LOCK));
        let Ok(file) = open else { return Self(None) };
        let mut left = patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Self(Some(file)),
                Err(TryLockError::WouldBlock) if !left.is_zero() => {
                    let step = STEP.min(left);
                    std::thread::sleep(step);
                    left -= step;
                }
                Err(_) => return Self(None),
            }
        }
    }
    /// Whether it is held.
    pub(super) const fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

/// Changes an armed stub, or makes the first one; writes only where something changed. One that is no longer armed
/// stays as it is. Says whether it was written.
pub(super) fn update(
    home: &Path,
    change: impl FnOnce(Option<super::Armed>) -> Option<super::Armed>,
) -> Result<bool, WipeError> {
    let held = Held::take(home, PATIENCE);
    if !held.is_held() {
        // Another process is changing it; the next time does.
        return Ok(false);
    }
    let known = match read(home) {
        Ok(Some(Stub::Armed(armed))) => Some(*armed),
        Ok(Some(_)) => return Err(WipeError::Begun),
        Ok(None) | Err(WipeError::Damaged) => None,
        Err(error) => return Err(error),
    };
    let before = known.as_ref().map(codec::encode);
    let Some(armed) = change(known) else {
        return Ok(false);
    };
    if before.is_some_and(|before| before == codec::encode(&armed)) {
        return Ok(false);
    }
    write(home, &Stub::Armed(Box::new(armed)))?;
    Ok(true)
}

/// A stub as a newer release would write it.
#[cfg(test)]
pub(super) fn newer(begun: bool) -> Vec<u8> {
    let (version, body) = (VERSION + 1, vec![0xff; 8]);
    codec::encode(&Outer {
        version,
        begun,
        digest: digest_of(version, begun, &body),
        body: body.into(),
    })
}
