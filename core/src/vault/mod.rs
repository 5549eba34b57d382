//! What opens the store: the database key, and what a person or a device must bring to get it.
//!
//! The database key is 32 random bytes, drawn once. It lies on disk only wrapped: AES-256-GCM under a
//! key-encryption key = HKDF(secret of the keyring ‖ Argon2id(passphrase) ‖ unlock share), each part where the record
//! names it. So a passphrase changes without re-encrypting the store, and a record without what it asks for opens
//! nothing. Who brings a part is a [`KeyVault`]; the record is the file `vault.cbor` and holds no key, no passphrase
//! and nothing from which one could be guessed faster than through Argon2id.

mod combined;
mod destroy;
mod error;
mod factor;
pub(crate) mod file;
mod key;
mod keyring;
mod memory;
mod open;
mod passphrase;
mod record;
mod share;
#[cfg(test)]
mod tests;

pub use combined::CombinedVault;
pub use error::VaultError;
pub use factor::{Ask, Factors, KeyVault, Part, SlotId};
pub use key::DatabaseKey;
pub use keyring::KeyringVault;
pub use memory::MemoryVault;
pub use open::Vault;
pub use passphrase::{Argon2Cost, Passphrase, PassphraseVault, Stretch};
pub(crate) use record::RECORD;
pub use share::ShareVault;
