//! Extension fields: the one open map of a message, within the draft's data model.

use super::{InPart, MimiError};
use crate::cbor::{self, CborError, Reader, Writer};

/// Registered key: the sender's URI.
pub const SENDER_URI: i64 = 1;
/// Registered key: the room's URI.
pub const ROOM_URI: i64 = 2;
/// Private key of this project: the sender's time in milliseconds since the UNIX epoch. The hub of a MIMI network
/// would stamp messages; the relay here is blind and stamps only what it queued.
pub const SENDER_TIME: i64 = -1;

/// The extensions map itself is level one.
const MAX_DEPTH: usize = 4;
const MAX_INTEGER: u64 = (1 << 53) - 1;
const MAX_TEXT_KEY: usize = 255;

/// A key of an extension, or of a map inside one (only there may it be a byte string).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionKey {
    /// An integer within ±(2^53 - 1).
    Integer(i64),
    /// A text of 1 to 255 bytes.
    Text(String),
    /// A byte string.
    Bytes(Vec<u8>),
}

/// Any CBOR value.
#[derive(Debug, Clone, PartialEq)]
pub enum ExtensionValue {
    /// 0 to 2^64 - 1.
    Unsigned(u64),
    /// The value is -1 minus this.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<ExtensionValue>),
    /// A map, in the order of its encoded keys.
    Map(Vec<(ExtensionKey, ExtensionValue)>),
    /// A tagged value.
    Tag(u64, Box<ExtensionValue>),
    /// `false`, `true`, `null` and the other simple values.
    Simple(u8),
    /// A float.
    Float(f64),
}

/// The extension fields of a message, each key once, in the deterministic order.
#[derive(Clone, PartialEq, Default)]
pub struct Extensions {
    entries: Vec<(ExtensionKey, ExtensionValue)>,
}

impl Extensions {
    /// The fields every message of this project carries.
    #[must_use]
    pub fn of_message(sender_uri: &str, room_uri: &str, sender_time_ms: u64) -> Self {
        let mut extensions = Self::default();
        extensions.set_text(SENDER_URI, sender_uri);
        extensions.set_text(ROOM_URI, room_uri);
        extensions.set(
            ExtensionKey::Integer(SENDER_TIME),
            ExtensionValue::Unsigned(sender_time_ms),
        );
        extensions
    }

    /// Sets a field, replacing one of the same key.
    pub fn set(&mut self, key: ExtensionKey, value: ExtensionValue) {
        self.entries.retain(|(known, _)| *known != key);
        self.entries.push((key, value));
        self.entries.sort_by_cached_key(|(key, _)| encoded_key(key));
    }

    /// Sets a text field.
    pub fn set_text(&mut self, key: i64, value: &str) {
        self.set(
            ExtensionKey::Integer(key),
            ExtensionValue::Text(value.to_owned()),
        );
    }

    /// The value of an integer key.
    #[must_use]
    pub fn get(&self, key: i64) -> Option<&ExtensionValue> {
        self.entries
            .iter()
            .find_map(|(known, value)| (*known == ExtensionKey::Integer(key)).then_some(value))
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = &(ExtensionKey, ExtensionValue)> {
        self.entries.iter()
    }

    /// The sender's URI, where it is a text.
    #[must_use]
    pub fn sender_uri(&self) -> Option<&str> {
        self.text(SENDER_URI)
    }

    /// The room's URI, where it is a text.
    #[must_use]
    pub fn room_uri(&self) -> Option<&str> {
        self.text(ROOM_URI)
    }

    /// The sender's time in milliseconds since the UNIX epoch.
    #[must_use]
    pub fn sender_time_ms(&self) -> Option<u64> {
        match self.get(SENDER_TIME) {
            Some(ExtensionValue::Unsigned(time)) => Some(*time),
            _ => None,
        }
    }

    fn text(&self, key: i64) -> Option<&str> {
        match self.get(key) {
            Some(ExtensionValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn write(&self, w: &mut Writer) -> Result<(), MimiError> {
        if self
            .entries
            .iter()
            .any(|(key, _)| matches!(key, ExtensionKey::Bytes(_)))
        {
            return Err(MimiError::ExtensionKey);
        }
        self.registered_keys_are_text()?;
        write_map(w, &self.entries, 1)
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, MimiError> {
        if r.major().part("the extensions")? != cbor::MAP {
            return Err(CborError::Expected("a map")).part("the extensions");
        }
        let entries = read_map(r, 1)?;
        if entries
            .iter()
            .any(|(key, _)| matches!(key, ExtensionKey::Bytes(_)))
        {
            return Err(MimiError::ExtensionKey);
        }
        let extensions = Self { entries };
        extensions.registered_keys_are_text()?;
        Ok(extensions)
    }

    fn registered_keys_are_text(&self) -> Result<(), MimiError> {
        for key in [SENDER_URI, ROOM_URI] {
            if self
                .get(key)
                .is_some_and(|value| !matches!(value, ExtensionValue::Text(_)))
            {
                return Err(MimiError::ExtensionValue);
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Extensions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Extensions({} fields)", self.entries.len())
    }
}

fn encoded_key(key: &ExtensionKey) -> Vec<u8> {
    let mut w = Writer::new();
    write_key(&mut w, key);
    w.finish()
}

fn write_key(w: &mut Writer, key: &ExtensionKey) {
    match key {
        ExtensionKey::Integer(number) => w.int(*number),
        ExtensionKey::Text(text) => w.text(text),
        ExtensionKey::Bytes(bytes) => w.bytes(bytes),
    };
}

fn key_in_range(key: &ExtensionKey) -> bool {
    match key {
        ExtensionKey::Integer(number) => number.unsigned_abs() <= MAX_INTEGER,
        ExtensionKey::Text(text) => (1..=MAX_TEXT_KEY).contains(&text.len()),
        ExtensionKey::Bytes(_) => true,
    }
}

fn write_map(
    w: &mut Writer,
    entries: &[(ExtensionKey, ExtensionValue)],
    depth: usize,
) -> Result<(), MimiError> {
    if depth > MAX_DEPTH {
        return Err(MimiError::TooDeep);
    }
    let mut ordered: Vec<_> = entries
        .iter()
        .map(|(key, value)| (encoded_key(key), key, value))
        .collect();
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    w.map(ordered.len());
    let mut previous: Option<&[u8]> = None;
    for (encoded, key, value) in &ordered {
        if previous == Some(encoded) || !key_in_range(key) {
            return Err(MimiError::ExtensionKey);
        }
        previous = Some(encoded);
        w.raw(encoded);
        write_value(w, value, depth)?;
    }
    Ok(())
}

fn write_value(w: &mut Writer, value: &ExtensionValue, depth: usize) -> Result<(), MimiError> {
    let inside = depth + 1;
    match value {
        ExtensionValue::Unsigned(number) => w.uint(*number),
        ExtensionValue::Negative(number) => w.head(cbor::NINT, *number),
        ExtensionValue::Bytes(bytes) => w.bytes(bytes),
        ExtensionValue::Text(text) => w.text(text),
        ExtensionValue::Simple(number @ (0..=23 | 32..)) => {
            w.head(cbor::SIMPLE, u64::from(*number))
        }
        ExtensionValue::Simple(_) => return Err(MimiError::ExtensionValue),
        ExtensionValue::Float(number) => w.float(*number),
        ExtensionValue::Map(entries) => return write_map(w, entries, inside),
        ExtensionValue::Array(_) | ExtensionValue::Tag(..) if inside > MAX_DEPTH => {
            return Err(MimiError::TooDeep);
        }
        ExtensionValue::Array(items) => {
            w.array(items.len());
            return items
                .iter()
                .try_for_each(|item| write_value(w, item, inside));
        }
        ExtensionValue::Tag(number, content) => {
            w.head(cbor::TAG, *number);
            return write_value(w, content, inside);
        }
    };
    Ok(())
}

fn read_map(
    r: &mut Reader<'_>,
    depth: usize,
) -> Result<Vec<(ExtensionKey, ExtensionValue)>, MimiError> {
    if depth > MAX_DEPTH {
        return Err(MimiError::TooDeep);
    }
    let count = r.map().part("an extension")?;
    let mut entries = Vec::new();
    let mut previous: Option<&[u8]> = None;
    for _ in 0..count {
        let before = r.rest();
        let key = match r.major().part("an extension's key")? {
            cbor::UINT | cbor::NINT => {
                ExtensionKey::Integer(r.int().map_err(|_| MimiError::ExtensionKey)?)
            }
            cbor::TEXT => ExtensionKey::Text(r.text().part("an extension's key")?.to_owned()),
            cbor::BYTES => ExtensionKey::Bytes(r.bytes().part("an extension's key")?.to_vec()),
            _ => return Err(MimiError::ExtensionKey),
        };
        let encoded = &before[..before.len() - r.rest().len()];
        if previous.is_some_and(|previous| previous >= encoded) || !key_in_range(&key) {
            return Err(MimiError::ExtensionKey);
        }
        previous = Some(encoded);
        entries.push((key, read_value(r, depth)?));
    }
    Ok(entries)
}

fn read_value(r: &mut Reader<'_>, depth: usize) -> Result<ExtensionValue, MimiError> {
    let inside = depth + 1;
    let what = "an extension's value";
    Ok(match r.major().part(what)? {
        cbor::BYTES => ExtensionValue::Bytes(r.bytes().part(what)?.to_vec()),
        cbor::TEXT => ExtensionValue::Text(r.text().part(what)?.to_owned()),
        cbor::MAP => ExtensionValue::Map(read_map(r, inside)?),
        cbor::ARRAY | cbor::TAG if inside > MAX_DEPTH => return Err(MimiError::TooDeep),
        cbor::ARRAY => {
            let count = r.array().part(what)?;
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(read_value(r, inside)?);
            }
            ExtensionValue::Array(items)
        }
        cbor::TAG => {
            let number = r.head().part(what)?.argument;
            ExtensionValue::Tag(number, Box::new(read_value(r, inside)?))
        }
        _ => {
            let head = r.head().part(what)?;
            match (head.major, head.info) {
                (cbor::UINT, _) => ExtensionValue::Unsigned(head.argument),
                (cbor::NINT, _) => ExtensionValue::Negative(head.argument),
                (_, 25..=27) => ExtensionValue::Float(head.float().part(what)?),
                _ => ExtensionValue::Simple(head.argument as u8),
            }
        }
    })
}
