//! Attachments: encrypted in chunks, so that they can be sent, fetched and resumed piece by piece.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, 2015) over AES-256-GCM: the nonce of a chunk is seven
//! random bytes, the chunk's number in four, and one that says whether it is the last. Chunks cannot be reordered,
//! dropped or repeated, and the end cannot be moved. The header (format, chunk size, length) is authenticated with
//! each chunk. What is encrypted is padded by Padmé, so that the blob's size says little.
//! Key, nonce prefix and header travel in the message ([`crate::mimi::ExternalPart`]); the blob is chunks only.

use crate::mimi::ExternalPart;
use crate::padding::bucket;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// IANA keeps AEAD numbers from 32768 on for private use.
pub const ENC_ALG: u16 = 0xf053;
/// SHA-256 in the IANA registry of named-information hash algorithms.
pub const HASH_SHA_256: u8 = 1;
/// Plaintext bytes of a chunk; the last one may be shorter.
pub const CHUNK: usize = 64 << 10;
/// Bytes that a chunk grows by.
pub const TAG: usize = 16;
/// Largest attachment: 1 GiB.
pub const MAX_LENGTH: u64 = 1 << 30;

const FORMAT: u8 = 1;
const HEADER: usize = 13;

/// Why a chunk or a description was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// Longer than [`MAX_LENGTH`].
    #[error("the attachment is larger than {MAX_LENGTH} bytes")]
    TooLarge,
    /// A message part that does not describe an attachment of this format.
    #[error("the message part does not describe an attachment of this format")]
    Description,
    /// A chunk number beyond the last.
    #[error("the attachment has no such chunk")]
    NoSuchChunk,
    /// A chunk of another size than its place asks for.
    #[error("a chunk has the wrong size")]
    Size,
    /// Changed, of another attachment, or at another place.
    #[error("a chunk is not authentic")]
    NotAuthentic,
}

/// How one attachment is encrypted.
pub struct Stream {
    key: Zeroizing<[u8; 32]>,
    prefix: [u8; 7],
    length: u64,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream(..)")
    }
}

impl Stream {
    /// A stream for an attachment of `length` bytes under a fresh random key and prefix; neither may ever be used for
    /// other content.
    ///
    /// # Errors
    /// [`AttachmentError::TooLarge`].
    pub fn new(key: [u8; 32], prefix: [u8; 7], length: u64) -> Result<Self, AttachmentError> {
        if length > MAX_LENGTH {
            return Err(AttachmentError::TooLarge);
        }
        Ok(Self {
            key: Zeroizing::new(key),
            prefix,
            length,
        })
    }

    /// The stream that a message part describes.
    ///
    /// # Errors
    /// [`AttachmentError::Description`] when it is of another format or malformed.
    pub fn from_part(part: &ExternalPart) -> Result<Self, AttachmentError> {
        let malformed = |_| AttachmentError::Description;
        let key: Zeroizing<[u8; 32]> =
            Zeroizing::new(part.key.as_slice().try_into().map_err(malformed)?);
        let prefix = part.nonce.as_slice().try_into().map_err(malformed)?;
        let header: [u8; HEADER] = part.aad.as_slice().try_into().map_err(malformed)?;
        let stream = Self::new(*key, prefix, part.size)?;
        if part.enc_alg == ENC_ALG && header == stream.header() {
            Ok(stream)
        } else {
            Err(AttachmentError::Description)
        }
    }

    /// The message part for a blob at `url` whose sealed bytes have this SHA-256.
    #[must_use]
    pub fn to_part(
        &self,
        content_type: &str,
        url: &str,
        filename: &str,
        sha256_of_blob: [u8; 32],
    ) -> ExternalPart {
        ExternalPart {
            content_type: content_type.to_owned(),
            url: url.to_owned(),
            expires: 0,
            size: self.length,
            enc_alg: ENC_ALG,
            key: self.key.to_vec(),
            nonce: self.prefix.to_vec(),
            aad: self.header().to_vec(),
            hash_alg: HASH_SHA_256,
            content_hash: sha256_of_blob.to_vec(),
            description: String::new(),
            filename: filename.to_owned(),
        }
    }

    /// Bytes of the attachment.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that are encrypted: the attachment and its padding.
    fn padded(&self) -> u64 {
        bucket(usize::try_from(self.length).unwrap_or(usize::MAX)) as u64
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.padded().div_ceil(CHUNK as u64) as u32
    }

    /// Bytes of the blob.
    #[must_use]
    pub fn blob_length(&self) -> u64 {
        self.padded() + u64::from(self.chunks()) * TAG as u64
    }

    /// Where a chunk lies in the attachment: offset and length, zero for a chunk of padding alone.
    #[must_use]
    pub fn plain_range(&self, chunk: u32) -> (u64, usize) {
        let offset = (u64::from(chunk) * CHUNK as u64).min(self.length);
        (offset, (self.length - offset).min(CHUNK as u64) as usize)
    }

    /// Where a chunk lies in the blob: offset and length.
    #[must_use]
    pub fn sealed_range(&self, chunk: u32) -> (u64, usize) {
        (
            u64::from(chunk) * (CHUNK + TAG) as u64,
            self.padded_chunk(chunk) + TAG,
        )
    }

    fn padded_chunk(&self, chunk: u32) -> usize {
        let offset = (u64::from(chunk) * CHUNK as u64).min(self.padded());
        (self.padded() - offset).min(CHUNK as u64) as usize
    }

    /// Encrypts one chunk; `plain` is what [`Self::plain_range`] names.
    ///
    /// # Errors
    /// [`AttachmentError::NoSuchChunk`] or [`AttachmentError::Size`].
    pub fn seal(&self, chunk: u32, plain: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        if plain.len() != self.checked(chunk)?.1 {
            return Err(AttachmentError::Size);
        }
        let mut buffer = Vec::with_capacity(self.padded_chunk(chunk) + TAG);
        buffer.extend_from_slice(plain);
        buffer.resize(self.padded_chunk(chunk), 0);
        self.cipher()?
            .seal_in_place_append_tag(self.nonce(chunk), Aad::from(self.header()), &mut buffer)
            .map_err(|_| AttachmentError::NotAuthentic)?;
        Ok(buffer)
    }

    /// Decrypts one chunk; `sealed` is what [`Self::sealed_range`] names.
    ///
    /// # Errors
    /// [`AttachmentError`] by what is wrong; nothing is given out of a chunk that is not authentic.
    pub fn open(&self, chunk: u32, sealed: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        let (_, length) = self.checked(chunk)?;
        if sealed.len() != self.sealed_range(chunk).1 {
            return Err(AttachmentError::Size);
        }
        let mut buffer = sealed.to_vec();
        let plain = self
            .cipher()?
            .open_in_place(self.nonce(chunk), Aad::from(self.header()), &mut buffer)
            .map_err(|_| AttachmentError::NotAuthentic)?;
        if plain[length..].iter().any(|byte| *byte != 0) {
            return Err(AttachmentError::NotAuthentic);
        }
        buffer.truncate(length);
        Ok(buffer)
    }

    fn checked(&self, chunk: u32) -> Result<(u64, usize), AttachmentError> {
        if chunk < self.chunks() {
            Ok(self.plain_range(chunk))
        } else {
            Err(AttachmentError::NoSuchChunk)
        }
    }

    fn cipher(&self) -> Result<LessSafeKey, AttachmentError> {
        let key =
            UnboundKey::new(&AES_256_GCM, &*self.key).map_err(|_| AttachmentError::Description)?;
        Ok(LessSafeKey::new(key))
    }

    fn nonce(&self, chunk: u32) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.prefix);
        nonce[7..11].copy_from_slice(&chunk.to_be_bytes());
        nonce[11] = u8::from(chunk + 1 == self.chunks());
        Nonce::assume_unique_for_key(nonce)
    }

    fn header(&self) -> [u8; HEADER] {
        let mut header = [FORMAT; HEADER];
        header[1..5].copy_from_slice(&(CHUNK as u32).to_be_bytes());
        header[5..].copy_from_slice(&self.length.to_be_bytes());
        header
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn stream(length: usize) -> Stream {
        Stream::new([7; 32], [1; 7], length as u64).unwrap()
    }

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    fn seal_all(stream: &Stream, plain: &[u8]) -> Vec<u8> {
        (0..stream.chunks())
            .flat_map(|chunk| {
                let (offset, length) = stream.plain_range(chunk);
                stream
                    .seal(chunk, &plain[offset as usize..offset as usize + length])
                    .unwrap()
            })
            .collect()
    }

    fn part_of<'a>(stream: &Stream, blob: &'a [u8], chunk: u32) -> &'a [u8] {
        let (offset, length) = stream.sealed_range(chunk);
        &blob[offset as usize..offset as usize + length]
    }

    #[test]
    fn every_length_comes_back_chunk_by_chunk() {
        for length in [0, 1, 1024, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_001] {
            let (stream, plain) = (stream(length), plain(length));
            let blob = seal_all(&stream, &plain);
            assert_eq!(blob.len() as u64, stream.blob_length(), "{length}");
            // Any order: a download may resume anywhere.
            for chunk in (0..stream.chunks()).rev() {
                let (offset, size) = stream.plain_range(chunk);
                let opened = stream.open(chunk, part_of(&stream, &blob, chunk)).unwrap();
                assert_eq!(
                    opened,
                    &plain[offset as usize..offset as usize + size],
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn chunks_cannot_be_moved_cut_changed_or_given_another_end() {
        let stream_a = stream(3 * CHUNK);
        let blob = seal_all(&stream_a, &plain(3 * CHUNK));
        let second = part_of(&stream_a, &blob, 1).to_vec();
        assert_eq!(
            stream_a.open(0, &second),
            Err(AttachmentError::NotAuthentic)
        );
        let mut changed = second.clone();
        changed[5] ^= 1;
        assert_eq!(
            stream_a.open(1, &changed),
            Err(AttachmentError::NotAuthentic)
        );
        assert_eq!(stream_a.open(1, &second[1..]), Err(AttachmentError::Size));
        assert_eq!(
            stream_a.open(99, &second),
            Err(AttachmentError::NoSuchChunk)
        );
        // A shorter length makes another header and another last chunk.
        let cut = stream(2 * CHUNK);
        assert_eq!(cut.open(1, &second), Err(AttachmentError::NotAuthentic));
        assert_eq!(
            cut.open(0, part_of(&stream_a, &blob, 0)),
            Err(AttachmentError::NotAuthentic)
        );
    }

    #[test]
    fn the_message_part_describes_the_stream() {
        let stream = stream(70_000);
        let part = stream.to_part("application/pdf", "blob:1", "report.pdf", [9; 32]);
        let blob = seal_all(&stream, &plain(70_000));
        let again = Stream::from_part(&part).unwrap();
        assert_eq!(
            again.open(1, part_of(&again, &blob, 1)).unwrap(),
            plain(70_000)[CHUNK..]
        );
        for wrong in [
            ExternalPart {
                enc_alg: 1,
                ..part.clone()
            },
            ExternalPart {
                size: 69_999,
                ..part.clone()
            },
            ExternalPart {
                key: vec![1; 16],
                ..part.clone()
            },
            ExternalPart {
                aad: Vec::new(),
                ..part
            },
        ] {
            assert!(Stream::from_part(&wrong).is_err());
        }
        assert_eq!(
            Stream::new([0; 32], [0; 7], MAX_LENGTH + 1).unwrap_err(),
            AttachmentError::TooLarge
        );
    }
}
