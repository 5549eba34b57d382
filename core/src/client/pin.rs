//! The PIN of a store that the keyring alone opens, and the count of wrong tries. Both lie in the encrypted store: the
//! PIN protects an unlocked device against the next hand, and never the key.

use std::time::Duration;

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::verify::{Moment, Times};
use super::{Client, Error, ErrorKind, Retry};
use crate::base::{Digest, Timestamp, hkdf};
use crate::store::{Store, StoreError};
use crate::vault::{Argon2Cost, Passphrase, Stretch, VaultError};

const PIN: &str = "verification pin";
const TRIES: &str = "verification tries";
/// Fewest characters of a PIN.
const SHORTEST: usize = 6;
/// Wrong tries before the first wait.
const FREE: u32 = 5;
/// The first wait; each further wrong try doubles it ...
const WAIT: Duration = Duration::from_secs(30);
/// ... up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What tells the right PIN from a wrong one, at the price of Argon2id.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Verifier {
    #[n(0)]
    stretch: Stretch,
    #[n(1)]
    check: Digest,
}

impl Verifier {
    fn check(stretch: &Stretch, text: &str) -> Result<Digest, VaultError> {
        let stretched = stretch.apply(&Passphrase::new(text.to_owned()))?;
        let check = hkdf(stretched.expose(), &[], "verification pin");
        Ok(Digest::new(*check.expose()))
    }
    /// Whether this is the PIN.
    pub(super) fn holds(&self, text: &Zeroizing<String>) -> Result<bool, Error> {
        match Self::check(&self.stretch, text) {
            Ok(check) => Ok(check == self.check),
            Err(VaultError::EmptyPassphrase) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The verifier of the PIN that was set.
pub(super) fn read(store: &Store) -> Result<Option<Verifier>, StoreError> {
    store.read(|tx| tx.meta(PIN))
}

/// A PIN proves that somebody is there who knew it before.
pub(super) fn fresh() -> Error {
    Error::new(
        ErrorKind::Refused,
        "verify.pin_new",
        Retry::NeedsUser,
        "the PIN was set in this session, in which it proves nothing: open the store again",
    )
}

pub(super) fn none() -> Error {
    Error::new(
        ErrorKind::Usage,
        "verify.no_pin",
        Retry::NeedsUser,
        "no PIN was set for this store",
    )
}

/// How often in a row it was wrong, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Tries {
    #[n(0)]
    wrong: u32,
    #[n(1)]
    last: Timestamp,
}

impl Tries {
    fn delay(self) -> Duration {
        match self.wrong.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(more) => (WAIT * (1 << more.min(7))).min(LONGEST_WAIT),
        }
    }
    /// How long the next try has to wait. In the process that saw the last one, turning the clock shortens nothing. In
    /// another it is sat out by the running clock, or has passed by a wall clock that the lease believes.
    fn wait(self, times: &Times, tried: Option<Moment>) -> Duration {
        let passed = match tried {
            Some(tried) => times.now.at_least_since(tried),
            None => times.believed.since(self.last).max(times.open),
        };
        self.delay().saturating_sub(passed)
    }
}

/// One try, counted: what was counted before it, and what it made of that.
pub(super) struct Trial {
    before: Option<Tries>,
    counted: Tries,
}

impl Trial {
    /// Counts it, unless it has to wait.
    pub(super) fn begin(
        store: &Store,
        times: &Times,
        tried: Option<Moment>,
    ) -> Result<Self, Error> {
        let begun = store.write::<_, StoreError>("counting a verification", |tx| {
            let before = tx.meta::<Tries>(TRIES)?;
            let known = before.unwrap_or_default();
            let wait = known.wait(times, tried);
            if !wait.is_zero() {
                return Ok(Err(wait));
            }
            let counted = Tries {
                wrong: known.wrong.saturating_add(1),
                last: times.latest,
            };
            tx.put_meta(TRIES, &counted)?;
            Ok(Ok(Self { before, counted }))
        })?;
        begun.map_err(|wait| {
            let text = format!(
                "too many wrong tries: wait {} seconds",
                wait.as_secs().max(1)
            );
            Error::new(
                ErrorKind::Refused,
                "verify.wait",
                Retry::Later(Some(wait)),
                text,
            )
        })
    }
    /// It was right: the count begins anew.
    pub(super) fn right(self, store: &Store) -> Result<(), Error> {
        Ok(store.write::<_, StoreError>("ending a count", |tx| tx.delete_meta(TRIES))?)
    }
    /// It was not judged: it is taken off the count. What others tried meanwhile stays counted.
    pub(super) fn undone(self, store: &Store) -> Result<(), Error> {
        Ok(store.write::<_, StoreError>("taking back a count", |tx| {
            let Some(now) = tx.meta::<Tries>(TRIES)? else {
                return Ok(());
            };
            let left = if now == self.counted {
                self.before
            } else {
                Some(Tries {
                    wrong: now.wrong.saturating_sub(1),
                    ..now
                })
            };
            match left {
                Some(left) => tx.put_meta(TRIES, &left),
                None => tx.delete_meta(TRIES),
            }
        })?)
    }
}

impl Client {
    /// Sets the PIN that [`super::Proof::Pin`] asks for, at least six characters, in a store that the keyring alone
    /// opens. It needs a verification: for the first one that is having just made the store, or the platform's prompt,
    /// for a change the PIN before. In the session that set it, it proves nothing.
    ///
    /// # Errors
    /// `verify.short_pin`; `verify.needed`; `verify.pin_not_here` where the store has a passphrase, which proves more;
    /// `session.locked`, `store.locked`.
    pub fn set_pin(&self, pin: &Zeroizing<String>) -> Result<(), Error> {
        self.attended()?;
        let store = self.store()?;
        if self.inner.guard.watch().brought.passphrase {
            return Err(Error::new(
                ErrorKind::Usage,
                "verify.pin_not_here",
                Retry::Never,
                "this store has a passphrase; no PIN is needed",
            ));
        }
        if pin.chars().count() < SHORTEST {
            return Err(Error::new(
                ErrorKind::BadInput,
                "verify.short_pin",
                Retry::NeedsUser,
                format!("a PIN has at least {SHORTEST} characters"),
            ));
        }
        // Else whoever passes by a device that has none sets one, and proves with it to be its owner.
        self.verified_for("set the PIN")?;
        let stretch = Stretch::new(self.cost()?, &*self.inner.random);
        let check = Verifier::check(&stretch, pin)?;
        let verifier = Verifier { stretch, check };
        store.write::<_, StoreError>("setting the PIN", |tx| tx.put_meta(PIN, &verifier))?;
        self.inner.guard.watch().pin_set = true;
        Ok(())
    }

    /// Whether a PIN was set.
    ///
    /// # Errors
    /// `store.locked`.
    pub fn has_pin(&self) -> Result<bool, Error> {
        Ok(read(&self.store()?)?.is_some())
    }

    /// What one guess costs where this client makes a verifier.
    pub(super) fn cost(&self) -> Result<Argon2Cost, Error> {
        Ok(if self.inner.fast_kdf {
            Argon2Cost::new(64, 1, 1)?
        } else {
            Argon2Cost::STANDARD
        })
    }
}
