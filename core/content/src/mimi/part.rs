//! The body: parts, which may nest.

use super::{InPart, MimiError};
use crate::cbor::{CborError, Reader, Writer};

/// How deep parts may nest, the outermost counting as one.
pub const MAX_PART_DEPTH: usize = 4;

/// What a part is meant for: a number of the draft's registry, or one of 9 to 255 that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Disposition {
    Unspecified,
    Render,
    Reaction,
    Profile,
    Inline,
    Icon,
    Attachment,
    Session,
    Preview,
    /// A number that is not (yet) in the registry.
    Other(u8),
}

impl Disposition {
    const NAMED: [Self; 9] = [
        Self::Unspecified,
        Self::Render,
        Self::Reaction,
        Self::Profile,
        Self::Inline,
        Self::Icon,
        Self::Attachment,
        Self::Session,
        Self::Preview,
    ];

    fn number(self) -> u8 {
        match self {
            Self::Other(number) => number,
            named => Self::NAMED.iter().position(|d| *d == named).unwrap_or(0) as u8,
        }
    }

    fn from_number(number: u8) -> Self {
        Self::NAMED
            .get(usize::from(number))
            .copied()
            .unwrap_or(Self::Other(number))
    }
}

/// How the parts of a multipart belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartSemantics {
    /// The receiver picks exactly one part.
    ChooseOne,
    /// All parts are one unit.
    SingleUnit,
    /// The receiver processes all parts one by one.
    ProcessAll,
}

/// Content that lies elsewhere, with what is needed to fetch, decrypt and check it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ExternalPart {
    /// IANA media type.
    pub content_type: String,
    /// Where it lies.
    pub url: String,
    /// Seconds since the UNIX epoch after which it is gone; 0 for never.
    pub expires: u32,
    /// Bytes; 0 when not known.
    pub size: u64,
    /// IANA AEAD number, 0 for none, from 32768 on for private use.
    pub enc_alg: u16,
    /// AEAD key.
    pub key: Vec<u8>,
    /// AEAD nonce.
    pub nonce: Vec<u8>,
    /// AEAD additional authenticated data.
    pub aad: Vec<u8>,
    /// IANA named-information hash number, 0 for none.
    pub hash_alg: u8,
    /// Hash of what lies at the URL.
    pub content_hash: Vec<u8>,
    /// A text to describe it, may be empty.
    pub description: String,
    /// The real file name, may be empty; the name outside is random.
    pub filename: String,
}

/// Holds a key, a name and a place: none of them is printed.
impl std::fmt::Debug for ExternalPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExternalPart(..)")
    }
}

/// What a part holds.
#[derive(Clone, PartialEq, Eq)]
pub enum PartContent {
    /// Nothing: retracts what the message replaces.
    Null,
    /// Content inside the message.
    Single {
        /// IANA media type.
        content_type: String,
        /// The content.
        content: Vec<u8>,
    },
    /// Content elsewhere.
    External(Box<ExternalPart>),
    /// Two parts or more.
    Multi {
        /// How they belong together.
        semantics: PartSemantics,
        /// The parts.
        parts: Vec<NestedPart>,
    },
}

/// One part with its disposition and language.
#[derive(Clone, PartialEq, Eq)]
pub struct NestedPart {
    /// What it is meant for.
    pub disposition: Disposition,
    /// RFC 5646 tags, separated by commas; empty when not said.
    pub language: String,
    /// What it holds.
    pub content: PartContent,
}

impl std::fmt::Debug for NestedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match &self.content {
            PartContent::Null => "null",
            PartContent::Single { .. } => "single",
            PartContent::External(_) => "external",
            PartContent::Multi { .. } => "multi",
        };
        write!(f, "NestedPart({:?}, {kind})", self.disposition)
    }
}

impl NestedPart {
    /// A part inside the message.
    #[must_use]
    pub fn single(disposition: Disposition, content_type: &str, content: Vec<u8>) -> Self {
        Self {
            disposition,
            language: String::new(),
            content: PartContent::Single {
                content_type: content_type.to_owned(),
                content,
            },
        }
    }

    pub(super) fn write(&self, w: &mut Writer, depth: usize) -> Result<(), MimiError> {
        if depth > MAX_PART_DEPTH {
            return Err(MimiError::TooDeep);
        }
        let fields = match self.content {
            PartContent::Null => 3,
            PartContent::Single { .. } | PartContent::Multi { .. } => 5,
            PartContent::External(_) => 15,
        };
        w.array(fields)
            .uint(u64::from(self.disposition.number()))
            .text(&self.language);
        match &self.content {
            PartContent::Null => {
                w.uint(0);
            }
            PartContent::Single {
                content_type,
                content,
            } => {
                w.uint(1).text(content_type).bytes(content);
            }
            PartContent::External(external) => {
                w.uint(2).text(&external.content_type).text(&external.url);
                w.uint(u64::from(external.expires))
                    .uint(external.size)
                    .uint(u64::from(external.enc_alg));
                w.bytes(&external.key)
                    .bytes(&external.nonce)
                    .bytes(&external.aad);
                w.uint(u64::from(external.hash_alg))
                    .bytes(&external.content_hash);
                w.text(&external.description).text(&external.filename);
            }
            PartContent::Multi { semantics, parts } => {
                if parts.len() < 2 {
                    return Err(MimiError::TooFewParts);
                }
                w.uint(3).uint(*semantics as u64).array(parts.len());
                for part in parts {
                    part.write(w, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn read(r: &mut Reader<'_>, depth: usize) -> Result<Self, MimiError> {
        if depth > MAX_PART_DEPTH {
            return Err(MimiError::TooDeep);
        }
        let fields = r.array().part("a part")?;
        let number = r
            .uint_as::<u8>("a disposition of 0 to 255")
            .part("a part's disposition")?;
        let language = r.text().part("a part's language")?.to_owned();
        let cardinality = r.uint().part("a part's cardinality")?;
        let expected = match cardinality {
            0 => 3,
            1 | 3 => 5,
            2 => 15,
            _ => return Err(MimiError::UnknownNumber("cardinality")),
        };
        if fields != expected {
            return Err(CborError::Expected("as many fields as the cardinality has"))
                .part("a part");
        }
        let content = match cardinality {
            0 => PartContent::Null,
            1 => PartContent::Single {
                content_type: r.text().part("a part's content type")?.to_owned(),
                content: r.bytes().part("a part's content")?.to_vec(),
            },
            2 => PartContent::External(Box::new(read_external(r).part("an external part")?)),
            _ => read_multi(r, depth)?,
        };
        Ok(Self {
            disposition: Disposition::from_number(number),
            language,
            content,
        })
    }
}

fn read_external(r: &mut Reader<'_>) -> Result<ExternalPart, CborError> {
    Ok(ExternalPart {
        content_type: r.text()?.to_owned(),
        url: r.text()?.to_owned(),
        expires: r.uint_as("an expiry of 32 bits")?,
        size: r.uint()?,
        enc_alg: r.uint_as("an algorithm of 16 bits")?,
        key: r.bytes()?.to_vec(),
        nonce: r.bytes()?.to_vec(),
        aad: r.bytes()?.to_vec(),
        hash_alg: r.uint_as("a hash number of 8 bits")?,
        content_hash: r.bytes()?.to_vec(),
        description: r.text()?.to_owned(),
        filename: r.text()?.to_owned(),
    })
}

fn read_multi(r: &mut Reader<'_>, depth: usize) -> Result<PartContent, MimiError> {
    let semantics = match r.uint().part("a multipart")? {
        0 => PartSemantics::ChooseOne,
        1 => PartSemantics::SingleUnit,
        2 => PartSemantics::ProcessAll,
        _ => return Err(MimiError::UnknownNumber("part semantics")),
    };
    let count = r.array().part("a multipart")?;
    if count < 2 {
        return Err(MimiError::TooFewParts);
    }
    let mut parts = Vec::new();
    for _ in 0..count {
        parts.push(NestedPart::read(r, depth + 1)?);
    }
    Ok(PartContent::Multi { semantics, parts })
}
