//! The organisation's root key in a text file that is kept offline: Argon2id over a passphrase, then AES-256-GCM.
//! The lines in clear are authenticated, and a checksum tells a damaged file from a wrong passphrase.

use std::fmt::Write as _;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::RosterError;
use super::state::{Anchor, root_fingerprint};
use crate::base::{
    Digest, OrganisationId, Random, Secret, SigningKey, Timestamp, aead, codec, random, sha256,
};

const HEADER: &str = "SOTTO ROOT KEY";
const ADVICE: &str =
    "Keep this file offline. Whoever has it and its passphrase is the organisation.";
const LABEL: &str = "root file";
const VERSION: u8 = 1;
const CHECK_DIGITS: usize = 16;

/// What deriving the key from the passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// 256 MiB, 4 passes: about a second, once in years.
    pub const STANDARD: Self = Self {
        memory_kib: 256 * 1024,
        passes: 4,
    };
    /// Highest accepted from a file: 2 GiB, 64 passes.
    const HIGHEST: Self = Self {
        memory_kib: 2 * 1024 * 1024,
        passes: 64,
    };

    fn derive(self, passphrase: &str, salt: &[u8]) -> Result<Secret<32>, RosterError> {
        if self.memory_kib > Self::HIGHEST.memory_kib || self.passes > Self::HIGHEST.passes {
            return Err(RosterError::Cost);
        }
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32))
            .map_err(|_| RosterError::Cost)?;
        let mut out = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, out.as_mut_slice())
            .map_err(|_| RosterError::Cost)?;
        Ok(Secret::new(*out))
    }
}

/// A root file: everything but the key is in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootFile {
    /// Which organisation, and the fingerprint of the key inside.
    pub anchor: Anchor,
    /// When it was made.
    pub made: Timestamp,
    cost: Cost,
    salt: [u8; 16],
    sealed: Vec<u8>,
}

impl RootFile {
    /// Encrypts a root key.
    ///
    /// # Errors
    /// [`RosterError::Cost`], [`RosterError::Crypto`].
    pub fn seal(
        organisation: OrganisationId,
        root: &SigningKey,
        made: Timestamp,
        passphrase: &str,
        cost: Cost,
        source: &dyn Random,
    ) -> Result<Self, RosterError> {
        let anchor = Anchor {
            organisation,
            root: root_fingerprint(&root.verifying_key()),
        };
        let mut file = Self {
            anchor,
            made,
            cost,
            salt: random::array(source),
            sealed: Vec::new(),
        };
        let key = cost.derive(passphrase, &file.salt)?;
        file.sealed = aead::seal(
            &key,
            VERSION,
            LABEL,
            file.header().as_bytes(),
            root.seed().expose(),
            source,
        )?;
        Ok(file)
    }
    /// Decrypts the root key.
    ///
    /// # Errors
    /// [`RosterError::Passphrase`], [`RosterError::Cost`].
    pub fn open(&self, passphrase: &str) -> Result<SigningKey, RosterError> {
        let key = self.cost.derive(passphrase, &self.salt)?;
        let seed = aead::open(&key, VERSION, LABEL, self.header().as_bytes(), &self.sealed)
            .map(Zeroizing::new)
            .map_err(|_| RosterError::Passphrase)?;
        let root = SigningKey::from_seed(Secret::from_slice(&seed).ok_or(RosterError::RootFile)?);
        let fits = root_fingerprint(&root.verifying_key()) == self.anchor.root;
        if fits {
            Ok(root)
        } else {
            Err(RosterError::RootFile)
        }
    }
    fn header(&self) -> String {
        let Cost { memory_kib, passes } = self.cost;
        format!(
            "{HEADER}\n{ADVICE}\nversion: {VERSION}\norganisation: {}\nroot: {}\nmade: {}\nkdf: argon2id m={memory_kib} t={passes} p=1\nsalt: {}\n",
            self.anchor.organisation,
            self.anchor.root,
            self.made.millis(),
            codec::hex(&self.salt),
        )
    }
    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.header();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "sealed: {}", STANDARD.encode(&self.sealed));
        let check = checksum(&text);
        let _ = writeln!(text, "check: {check}");
        text
    }
    /// Reads a file's text. Line ends may be those of any system.
    ///
    /// # Errors
    /// [`RosterError::RootFile`].
    pub fn parse(text: &str) -> Result<Self, RosterError> {
        Self::read(text)
            .filter(|file| file.to_text() == normalised(text))
            .ok_or(RosterError::RootFile)
    }
    fn read(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let cost = value("kdf")?
            .strip_prefix("argon2id m=")?
            .strip_suffix(" p=1")?;
        let (memory, passes) = cost.split_once(" t=")?;
        Some(Self {
            anchor: Anchor {
                organisation: value("organisation")?.parse().ok()?,
                root: Digest::from_slice(&codec::unhex(value("root")?)?)?,
            },
            made: Timestamp::from_millis(value("made")?.parse().ok()?),
            cost: Cost {
                memory_kib: memory.parse().ok()?,
                passes: passes.parse().ok()?,
            },
            salt: codec::unhex(value("salt")?)?.try_into().ok()?,
            sealed: STANDARD.decode(value("sealed")?).ok()?,
        })
    }
}

fn checksum(text: &str) -> String {
    sha256(text.as_bytes())
        .to_string()
        .chars()
        .take(CHECK_DIGITS)
        .collect()
}

fn normalised(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |all, line| all + line + "\n")
}
