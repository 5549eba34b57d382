//! Single values by name: settings of this device, cursors, its own identity.

use minicbor::{Decode, Encode};
use rusqlite::{OptionalExtension as _, params};

use crate::base::codec;
use crate::store::{Doing as _, ReadTx, StoreError, WriteTx};

impl ReadTx<'_> {
    /// The bytes under `key`, `None` where there are none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn meta_bytes(&self, key: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.conn()
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .doing("reading a single value")
    }

    /// The value under `key`, `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Value`] where it is of another type; else as [`ReadTx::meta_bytes`].
    pub fn meta<T>(&self, key: &'static str) -> Result<Option<T>, StoreError>
    where
        T: for<'b> Decode<'b, ()> + Encode<()>,
    {
        self.meta_bytes(key)?
            .map(|bytes| {
                codec::decode(&bytes).map_err(|_| StoreError::Value {
                    doing: "reading a single value",
                })
            })
            .transpose()
    }
}

impl WriteTx<'_> {
    /// Puts bytes under `key` in place of what was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_meta_bytes(&self, key: &'static str, value: &[u8]) -> Result<(), StoreError> {
        self.conn()
            .execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                params![key, value],
            )
            .doing("keeping a single value")
            .map(drop)
    }

    /// Puts a value under `key`, in deterministic CBOR, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_meta<T: Encode<()>>(&self, key: &'static str, value: &T) -> Result<(), StoreError> {
        self.put_meta_bytes(key, &codec::encode(value))
    }

    /// Removes what is under `key`; nothing there is no error.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_meta(&self, key: &'static str) -> Result<(), StoreError> {
        self.conn()
            .execute("DELETE FROM meta WHERE key = ?1", [key])
            .doing("removing a single value")
            .map(drop)
    }
}
