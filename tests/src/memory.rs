//! The memory of a running process: what a core dump would hold.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::canary::Piece;

/// Every region of a process's memory that can be read. An error where this machine does not let us.
///
/// # Errors
/// The system's, such as where another process's memory may not be read.
pub fn of(process: u32) -> std::io::Result<Vec<Piece>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut memory = File::open(format!("/proc/{process}/mem"))?;
    let mut pieces = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        let name = words.nth(3).unwrap_or("anonymous");
        // The program's own code and its libraries are the same for everybody; the kernel's pages cannot be read.
        let foreign =
            !rights.starts_with("rw") || name.starts_with("[vv") || name.starts_with("/dev/");
        if foreign {
            continue;
        }
        let Some((from, to)) = range.split_once('-') else {
            continue;
        };
        let bounds = [from, to].map(|bound| u64::from_str_radix(bound, 16));
        let [Ok(from), Ok(to)] = bounds else { continue };
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from))?;
        // A region may have gone since it was listed.
        if memory.read_exact(&mut bytes).is_ok() {
            pieces.push(Piece::new(format!("memory {from:x} {name}"), bytes));
        }
    }
    if pieces.is_empty() {
        Err(std::io::ErrorKind::NotFound.into())
    } else {
        Ok(pieces)
    }
}

/// The process that was started with this word on its command line, such as a data folder.
#[must_use]
pub fn process_with(word: &Path) -> Option<u32> {
    let entries = fs::read_dir("/proc").ok()?;
    let mut processes =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    processes.find(|process| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.any(|one| one == word.as_os_str().as_encoded_bytes())
    })
}
