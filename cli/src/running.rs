//! One `run` per folder, and how `lock` ends it: the running process holds `cli.lock` for as long as it lives, and
//! watches for `cli.stop`. The operating system gives the lock back when the process ends, however it ends, so whoever
//! then gets it knows that nothing of that process is left in memory. No process identifier is involved, because
//! those are given out again.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};

const LOCK: &str = "cli.lock";
const STOP: &str = "cli.stop";
/// How often the stop file is looked for, and the lock tried.
const LOOK: Duration = Duration::from_millis(100);
/// A `lock` that finds nothing running holds the lock for a moment; a `run` that starts just then waits this long.
const START: Duration = Duration::from_secs(1);

/// Held by the process that runs this folder.
#[derive(Debug)]
pub(crate) struct Running {
    _lock: File,
    stop: PathBuf,
}

impl Running {
    /// Takes the place of the running process.
    pub(crate) fn begin(home: &Path) -> Outcome<Self> {
        let lock = open(home)?;
        let until = Instant::now() + START;
        while !try_lock(&lock)? {
            if Instant::now() >= until {
                return Err(Failure::refused(
                    "run.already",
                    "`sotto run` is running for this folder already; `sotto lock` stops it",
                ));
            }
            std::thread::sleep(LOOK);
        }
        let stop = home.join(STOP);
        // Left behind by a request to a process that died before it saw it.
        remove(&stop)?;
        Ok(Self { _lock: lock, stop })
    }

    /// Resolves when `lock` asks.
    pub(crate) async fn stop_asked(&self) {
        let mut look = tokio::time::interval(LOOK);
        while !self.stop.exists() {
            look.tick().await;
        }
    }
}

/// Asks the running process to stop and waits until it has. False where none was running.
pub(crate) fn stop(home: &Path, patience: Duration) -> Outcome<bool> {
    let lock = open(home)?;
    if try_lock(&lock)? {
        return Ok(false);
    }
    let request = home.join(STOP);
    File::create(&request).map_err(|error| Failure::io("asking `run` to stop", &error))?;
    let until = Instant::now() + patience;
    while !try_lock(&lock)? {
        if Instant::now() >= until {
            // The request stays: it will still be obeyed.
            return Err(Failure::new(
                sotto_core::ErrorKind::Locked,
                "lock.timeout",
                "`sotto run` has been asked to stop and has not yet; it may be finishing a transfer. Try again",
            ));
        }
        std::thread::sleep(LOOK);
    }
    remove(&request)?;
    Ok(true)
}

fn open(home: &Path) -> Outcome<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(home.join(LOCK))
        .map_err(|error| Failure::io("opening the lock of this folder", &error))
}

fn try_lock(file: &File) -> Outcome<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(Failure::io("locking this folder", &error)),
    }
}

fn remove(path: &Path) -> Outcome {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::io("removing a request to stop", &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_with_nothing_running_says_so_and_leaves_no_request() {
        let home = tempfile::tempdir().unwrap();
        assert!(!stop(home.path(), Duration::ZERO).unwrap());
        assert!(!home.path().join(STOP).exists());
    }

    #[test]
    fn lock_stops_the_running_one_and_returns_when_it_has_ended() {
        let home = tempfile::tempdir().unwrap();
        let running = Running::begin(home.path()).unwrap();
        let path = home.path().to_owned();
        let asking = std::thread::spawn(move || stop(&path, Duration::from_secs(60)));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(running.stop_asked());
        assert!(
            !asking.is_finished(),
            "the request returned while the process was still running"
        );
        drop(running);
        assert!(asking.join().unwrap().unwrap());
        assert!(!home.path().join(STOP).exists());
    }

    #[test]
    fn a_second_run_is_refused_and_an_old_request_stops_nobody() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(STOP), b"").unwrap();
        let _running = Running::begin(home.path()).unwrap();
        assert!(!home.path().join(STOP).exists());
        let second = Running::begin(home.path()).unwrap_err();
        assert_eq!(second.code(), "run.already");
    }
}
