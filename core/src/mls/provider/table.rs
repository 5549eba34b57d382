//! The table `mls(kind, k, sub, v)`: keys and values are CBOR, because the engine's own types need a
//! self-describing encoding (one of them is an untagged enum).

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// MLS state could not be read or written. The transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The database refused.
    #[error("reading or writing MLS state")]
    Database(#[from] rusqlite::Error),
    /// A value of the engine has no encoding.
    #[error("encoding MLS state")]
    Encode,
    /// A stored value is not what this version of the engine writes.
    #[error("decoding MLS state")]
    Decode,
}

/// What a row holds. The numbers are part of the schema; those below [`Kind::FIRST_DEVICE_WIDE`] belong to one
/// group, whose id is their key.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(in crate::mls) enum Kind {
    JoinConfig = 1,
    Tree = 2,
    InterimTranscriptHash = 3,
    Context = 4,
    ConfirmationTag = 5,
    GroupState = 6,
    MessageSecrets = 7,
    ResumptionPsks = 8,
    OwnLeafIndex = 9,
    EpochSecrets = 10,
    OwnLeafNode = 11,
    Proposal = 12,
    EpochKeyPairs = 13,
    /// When epochs were first seen, so that their secrets are forgotten in time.
    Retention = 14,
    SignatureKeyPair = 32,
    EncryptionKeyPair = 33,
    KeyPackage = 34,
    Psk = 35,
    /// The last epoch of a group whose state was deleted: an old Welcome must not bring it back.
    Left = 48,
}

impl Kind {
    const FIRST_DEVICE_WIDE: u8 = 32;
}

/// A part of a row's key, and its value.
type Row = (Vec<u8>, Zeroizing<Vec<u8>>);

/// Rows of one transaction.
pub(in crate::mls) struct Table<'tx> {
    conn: &'tx Connection,
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Zeroizing<Vec<u8>>, StateError> {
    let mut out = Zeroizing::new(Vec::with_capacity(512));
    ciborium::into_writer(value, &mut *out).map_err(|_| StateError::Encode)?;
    Ok(out)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    ciborium::from_reader(bytes).map_err(|_| StateError::Decode)
}

impl<'tx> Table<'tx> {
    pub(super) const fn new(conn: &'tx Connection) -> Self {
        Self { conn }
    }

    pub(in crate::mls) fn put<K: Serialize + ?Sized, T: Serialize + ?Sized>(
        &self,
        kind: Kind,
        key: &K,
        sub: &[u8],
        value: &T,
    ) -> Result<(), StateError> {
        let sql = "INSERT INTO mls (kind, k, sub, v) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (kind, k, sub) DO UPDATE SET v = excluded.v";
        self.conn.prepare_cached(sql)?.execute(params![
            kind as u8,
            *encode(key)?,
            sub,
            *encode(value)?
        ])?;
        Ok(())
    }

    pub(in crate::mls) fn get<K: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        kind: Kind,
        key: &K,
        sub: &[u8],
    ) -> Result<Option<T>, StateError> {
        self.conn
            .prepare_cached("SELECT v FROM mls WHERE kind = ?1 AND k = ?2 AND sub = ?3")?
            .query_row(params![kind as u8, *encode(key)?, sub], |row| {
                row.get::<_, Vec<u8>>(0)
            })
            .optional()?
            .map(|v| decode(&Zeroizing::new(v)))
            .transpose()
    }

    /// All rows of one key in the order of `sub`: `(sub, value bytes)`.
    pub(super) fn rows<K: Serialize + ?Sized>(
        &self,
        kind: Kind,
        key: &K,
    ) -> Result<Vec<Row>, StateError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT sub, v FROM mls WHERE kind = ?1 AND k = ?2 ORDER BY sub")?;
        let rows = statement.query_map(params![kind as u8, *encode(key)?], |row| {
            Ok((row.get(0)?, Zeroizing::new(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every value of a kind, whatever its key, with the stored form of that key.
    pub(in crate::mls) fn all<T: DeserializeOwned>(
        &self,
        kind: Kind,
    ) -> Result<Vec<(Vec<u8>, T)>, StateError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT k, v FROM mls WHERE kind = ?1")?;
        let rows = statement
            .query_map(params![kind as u8], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, Zeroizing::new(row.get(1)?)))
            })?
            .collect::<Result<Vec<Row>, _>>()?;
        rows.into_iter()
            .map(|(k, v)| Ok((k, decode(&v)?)))
            .collect()
    }

    pub(super) fn delete<K: Serialize + ?Sized>(
        &self,
        kind: Kind,
        key: &K,
        sub: &[u8],
    ) -> Result<(), StateError> {
        self.conn.execute(
            "DELETE FROM mls WHERE kind = ?1 AND k = ?2 AND sub = ?3",
            params![kind as u8, *encode(key)?, sub],
        )?;
        Ok(())
    }

    pub(super) fn delete_rows<K: Serialize + ?Sized>(
        &self,
        kind: Kind,
        key: &K,
    ) -> Result<(), StateError> {
        self.delete_stored(kind, &encode(key)?)
    }

    /// Deletes by the stored form of a key, as [`Table::all`] gave it.
    pub(in crate::mls) fn delete_stored(
        &self,
        kind: Kind,
        stored_key: &[u8],
    ) -> Result<(), StateError> {
        self.conn.execute(
            "DELETE FROM mls WHERE kind = ?1 AND k = ?2",
            params![kind as u8, stored_key],
        )?;
        Ok(())
    }

    /// Deletes everything that belongs to one group, also where the engine could no longer load it.
    pub(in crate::mls) fn delete_group<K: Serialize + ?Sized>(
        &self,
        group: &K,
    ) -> Result<(), StateError> {
        self.conn.execute(
            "DELETE FROM mls WHERE kind < ?1 AND k = ?2",
            params![Kind::FIRST_DEVICE_WIDE, *encode(group)?],
        )?;
        Ok(())
    }
}
