//! What the MLS engine needs from us: cryptography, randomness, and a table to keep its state in.

mod storage;
mod table;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use rusqlite::Connection;

pub use table::StateError;
pub(super) use table::{Kind, Table};

/// Cryptography from the engine's own provider, state in the table `mls` of one transaction.
pub(super) struct Provider<'tx> {
    crypto: RustCrypto,
    table: Table<'tx>,
}

impl<'tx> Provider<'tx> {
    pub(super) fn new(conn: &'tx Connection) -> Self {
        Self {
            crypto: RustCrypto::default(),
            table: Table::new(conn),
        }
    }
    pub(super) const fn table(&self) -> &Table<'tx> {
        &self.table
    }
}

impl<'tx> OpenMlsProvider for Provider<'tx> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Table<'tx>;

    fn storage(&self) -> &Table<'tx> {
        &self.table
    }
    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }
    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}
