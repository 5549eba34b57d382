//! Compressed streams inside bytes: zlib, gzip and zstd, recognised by how they begin.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// More than this is not taken out of one stream.
const MOST: u64 = 4 << 20;
/// Fewer bytes than this came out of something that was no stream.
const LEAST: usize = 12;

/// What is inside, if a stream begins here. A stream that is cut gives what it has.
pub(super) fn open(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let (kind, inside) = match bytes {
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => ("zlib", drain(ZlibDecoder::new(bytes))),
        [0x1f, 0x8b, 0x08, ..] => ("gzip", drain(GzDecoder::new(bytes))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (
            "zstd",
            drain(ruzstd::decoding::StreamingDecoder::new(bytes).ok()?),
        ),
        _ => return None,
    };
    (inside.len() >= LEAST).then_some((kind, inside))
}

fn drain(source: impl Read) -> Vec<u8> {
    let mut inside = Vec::new();
    // What came out before the error is what counts.
    let _cut = source.take(MOST).read_to_end(&mut inside);
    inside
}

/// The same bytes in each kind of stream.
#[cfg(test)]
pub(super) fn pack(bytes: &[u8]) -> Vec<Vec<u8>> {
    use flate2::Compression;
    use flate2::read::{GzEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    vec![
        drain(ZlibEncoder::new(bytes, Compression::best())),
        drain(GzEncoder::new(bytes, Compression::fast())),
        compress_to_vec(bytes, CompressionLevel::Fastest),
    ]
}
