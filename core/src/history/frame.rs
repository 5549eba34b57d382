//! Frames: length, then AES-256-GCM under the archive's key, bound to the header, the frame's number and whether it is the
//! last one. So nothing can be moved, left out or cut off unnoticed.

use std::io::{Read, Write};

use super::HistoryError;
use super::error::while_doing;
use super::record::{Frame, Header, VERSION};
use crate::base::digest::sha256_parts;
use crate::base::{Digest, Random, Secret, aead, codec, sha256};

const MAGIC: &[u8; 16] = b"SOTTO HISTORY 1\n";
const LABEL: &str = "history frame";
const SEAL_VERSION: u8 = 1;
/// A frame holds at most some 512 KiB of rows; anything far beyond is no frame.
const MOST: u32 = 16 << 20;
const MOST_HEADER: u32 = 64 << 10;

fn bound(header: &Digest, number: u64, last: bool) -> [u8; 41] {
    let mut aad = [0; 41];
    aad[..32].copy_from_slice(header.as_bytes());
    aad[32..40].copy_from_slice(&number.to_be_bytes());
    aad[40] = u8::from(last);
    aad
}

/// Writes frames.
pub(super) struct Writer<'a, W> {
    out: W,
    key: Secret<32>,
    header: Digest,
    number: u64,
    digest: Digest,
    random: &'a dyn Random,
}

impl<'a, W: Write> Writer<'a, W> {
    pub(super) fn begin(
        mut out: W,
        header: &Header,
        key: Secret<32>,
        random: &'a dyn Random,
    ) -> Result<Self, HistoryError> {
        let bytes = codec::encode(header);
        let doing = "writing the archive";
        out.write_all(MAGIC).map_err(while_doing(doing))?;
        put(&mut out, &bytes)?;
        let header = sha256(&bytes);
        Ok(Self {
            out,
            key,
            header,
            number: 0,
            digest: header,
            random,
        })
    }
    /// Digest of the header and all frames so far.
    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }
    pub(super) fn frame(&mut self, frame: &Frame) -> Result<(), HistoryError> {
        let plain = zeroize::Zeroizing::new(codec::encode(frame));
        let last = matches!(frame, Frame::End { .. });
        let aad = bound(&self.header, self.number, last);
        let sealed = aead::seal(&self.key, SEAL_VERSION, LABEL, &aad, &plain, self.random)?;
        put(&mut self.out, &sealed)?;
        self.digest = sha256_parts(&[self.digest.as_bytes().as_slice(), &plain]);
        self.number += 1;
        Ok(())
    }
    pub(super) fn finish(self) -> W {
        self.out
    }
}

fn put(out: &mut impl Write, bytes: &[u8]) -> Result<(), HistoryError> {
    let doing = "writing the archive";
    let length = u32::try_from(bytes.len()).map_err(|_| HistoryError::Damaged)?;
    out.write_all(&length.to_be_bytes())
        .and_then(|()| out.write_all(bytes))
        .map_err(while_doing(doing))
}

fn take(input: &mut impl Read, most: u32) -> Result<Vec<u8>, HistoryError> {
    let cut = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => HistoryError::Damaged,
        kind => HistoryError::Io {
            doing: "reading the archive",
            kind,
        },
    };
    let mut length = [0; 4];
    input.read_exact(&mut length).map_err(cut)?;
    let length = u32::from_be_bytes(length);
    if length > most {
        return Err(HistoryError::Damaged);
    }
    // What is announced and not there allocates nothing.
    let mut bytes = Vec::new();
    let read = input
        .take(u64::from(length))
        .read_to_end(&mut bytes)
        .map_err(cut)?;
    if read == length as usize {
        Ok(bytes)
    } else {
        Err(HistoryError::Damaged)
    }
}

/// Reads the beginning of an archive.
pub(super) fn header(input: &mut impl Read) -> Result<(Header, Digest), HistoryError> {
    let mut magic = [0; 16];
    input
        .read_exact(&mut magic)
        .map_err(|_| HistoryError::NotAnArchive)?;
    if magic != *MAGIC {
        return Err(HistoryError::NotAnArchive);
    }
    let bytes = take(input, MOST_HEADER)?;
    let header: Header = codec::decode(&bytes).map_err(|_| HistoryError::Damaged)?;
    if header.version > VERSION {
        return Err(HistoryError::Newer);
    }
    Ok((header, sha256(&bytes)))
}

/// Reads frames.
pub(super) struct Reader<R> {
    input: R,
    key: Secret<32>,
    header: Digest,
    number: u64,
    digest: Digest,
    over: bool,
}

impl<R: Read> Reader<R> {
    pub(super) const fn new(input: R, header: Digest, key: Secret<32>) -> Self {
        Self {
            input,
            key,
            header,
            number: 0,
            digest: header,
            over: false,
        }
    }
    /// The next frame with the digest of everything before it; `None` after the last one. Bytes after that are damage.
    pub(super) fn next(&mut self) -> Result<Option<(Frame, Digest)>, HistoryError> {
        if self.over {
            let mut one = [0];
            return match self.input.read(&mut one) {
                Ok(0) => Ok(None),
                _ => Err(HistoryError::Damaged),
            };
        }
        let sealed = take(&mut self.input, MOST)?;
        let open = |last| {
            let aad = bound(&self.header, self.number, last);
            aead::open(&self.key, SEAL_VERSION, LABEL, &aad, &sealed).map(zeroize::Zeroizing::new)
        };
        let (plain, last) = match (open(false), open(true)) {
            (Ok(plain), _) => (plain, false),
            (_, Ok(plain)) => (plain, true),
            // The very first frame tells a wrong key from later damage.
            _ if self.number == 0 => return Err(HistoryError::WrongKey),
            _ => return Err(HistoryError::Damaged),
        };
        let before = self.digest;
        self.digest = sha256_parts(&[before.as_bytes().as_slice(), &plain]);
        self.number += 1;
        self.over = last;
        let frame = codec::decode(&plain).map_err(|_| HistoryError::Damaged)?;
        Ok(Some((frame, before)))
    }
}
