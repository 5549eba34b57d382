//! The unlock share: where policy asks for it, the relay keeps 32 bytes without which the key does not open, and deletes
//! them with the order. An old image of the disk and the passphrase then open nothing.
//!
//! What the relay keeps is sealed under a key from the secret of the device's wipe channel, and bound to the device: the
//! relay, its backups and its journals hold ciphertext. What a backup of the relay keeps after the deletion opens only
//! together with the device's stub, and is gone when that backup is.
//!
//! It is taken up and dropped when the store is opened, because only then what protects the key is at hand. First the
//! relay has the share durably and hands it out again, then the record asks for it: whoever comes after a crash in
//! between finds a record that opens without, and another share is left.

use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::lease::apart;
use super::{Client, Error, ErrorKind, Retry, relock, standby};
use crate::base::{CryptoError, Random, Secret, aead, codec, crash, hkdf};
use crate::roster::kind::Setting;
use crate::transport::ProxySetting;
use crate::vault::{CombinedVault, Factors, KeyVault, ShareVault, Vault};
use crate::wipe::{self, Armed, Attend, Attended, Stub, Tools, WipeError};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);

fn gone() -> Error {
    Error::new(
        ErrorKind::Locked,
        "vault.share_gone",
        Retry::Never,
        "the relay no longer keeps this device's part of the key: it deletes it when the device is excluded. The store cannot be opened any more; ask an administrator for an invitation and enrol in another folder",
    )
}

fn unreachable() -> Error {
    Error::new(
        ErrorKind::Locked,
        "vault.share_unreachable",
        Retry::Later(None),
        "the organisation's rules keep a part of this device's key at the relay, and the relay was not reached: connect to the network and try again",
    )
}

const VERSION: u8 = 1;
const LABEL: &str = "unlock share";

/// Seals shares of one device.
struct Seal {
    key: Secret<32>,
    bound: Vec<u8>,
}

impl Seal {
    fn of(armed: &Armed) -> Self {
        let (channel, identity) = (&armed.channel, &armed.identity);
        Self {
            key: hkdf(channel.secret().expose(), &[], "unlock share seal"),
            bound: codec::encode(&(
                identity.organisation,
                identity.device,
                channel.details().key,
            )),
        }
    }
    fn seal(&self, share: &Secret<32>, random: &dyn Random) -> Result<Vec<u8>, CryptoError> {
        let plain = share.expose();
        aead::seal(&self.key, VERSION, LABEL, &self.bound, plain, random)
    }
    fn open(&self, sealed: &[u8]) -> Option<Secret<32>> {
        let plain = aead::open(&self.key, VERSION, LABEL, &self.bound, sealed).ok()?;
        Secret::from_slice(&Zeroizing::new(plain))
    }
}

/// The seal of the device in a folder.
fn seal_of(home: &Path) -> Result<Seal, Error> {
    match wipe::read(home)? {
        Some(Stub::Armed(armed)) => Ok(Seal::of(&armed)),
        Some(_) => Err(standby::wiped()),
        None => Err(WipeError::NotReady.into()),
    }
}

/// What an answer from the channel means for the key.
fn share_of(asked: Result<Attended, WipeError>, seal: &Seal) -> Result<Secret<32>, Error> {
    match asked {
        Ok(Attended::Nothing { share: Some(share) }) => seal.open(&share).ok_or_else(gone),
        Ok(Attended::Nothing { share: None } | Attended::Refused(_)) => Err(gone()),
        Ok(Attended::Wiped { .. }) | Err(WipeError::Begun) => Err(standby::wiped()),
        Err(WipeError::Transport(_)) => Err(unreachable()),
        Err(error) => Err(error.into()),
    }
}

/// Fetches the share. An order that lies in its place is carried out instead.
pub(super) fn fetch(home: &Path, proxy: ProxySetting, tools: &Tools) -> Result<Secret<32>, Error> {
    let seal = seal_of(home)?;
    let attend = Attend {
        home: home.to_owned(),
        proxy,
        tools: tools.clone(),
    };
    share_of(apart(attend.ask(Duration::ZERO, REQUEST))?, &seal)
}

impl Client {
    /// Brings the record to what policy says, with what has just opened it. Where the relay is not reached, the next
    /// opening does it.
    ///
    /// # Errors
    /// `vault.*` where the record could not be written; then it is as it was.
    pub(super) fn settle_share(
        &self,
        base: &dyn KeyVault,
        share: Option<&Secret<32>>,
    ) -> Result<(), Error> {
        let vault = Vault::at(&self.inner.home);
        let has = vault.factors()?.contain(Factors::UNLOCK_SHARE);
        let wanted = self.setting(Setting::UnlockShare)? == 1;
        let random = &*self.inner.random;
        match (share, wanted) {
            (Some(share), false) if has => {
                let old = CombinedVault::new(base, ShareVault::new(share.clone()));
                let asks = |factors: Factors| factors.contain(Factors::UNLOCK_SHARE);
                vault.change_where(&old, asks, || Ok::<_, Error>(base), random)?;
                self.inner.guard.watch().brought.share = None;
            }
            (None, true) if !has => {
                let fresh = Secret::random(random);
                let plain = |factors: Factors| !factors.contain(Factors::UNLOCK_SHARE);
                let leave = || {
                    self.leave_share(&fresh)?;
                    crash::point("share.left");
                    Ok::<_, Error>(CombinedVault::new(base, ShareVault::new(fresh.clone())))
                };
                match vault.change_where(base, plain, leave, random) {
                    Ok(true) => self.inner.guard.watch().brought.share = Some(fresh.clone()),
                    Ok(false) => {}
                    Err(error) => {
                        crate::log_event!(DEBUG, "the unlock share waits", code = error.code());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Leaves a share at the relay and has it handed out again.
    fn leave_share(&self, share: &Secret<32>) -> Result<(), Error> {
        let home = &self.inner.home;
        let left = apart(async {
            let engine = self.engine()?;
            self.keep_ready(&engine, false).await?;
            let seal = seal_of(home)?;
            let sealed = seal.seal(share, &*self.inner.random);
            let sealed = sealed.map_err(WipeError::from)?;
            wipe::open_channel(&engine, home, Some(sealed), REQUEST).await?;
            let attend = Attend {
                home: home.clone(),
                proxy: self.inner.proxy.setting(),
                tools: self.tools(),
            };
            let kept = share_of(attend.ask(Duration::ZERO, REQUEST).await, &seal)?;
            if kept == *share {
                Ok(())
            } else {
                Err(unreachable())
            }
        });
        // Its connections ended with the runtime that they were made in.
        *relock(&self.inner.engine) = None;
        left?
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;
    use crate::roster::{ChannelSecret, SealedFor};
    use crate::wipe::tests::fixture::arm;

    #[test]
    fn the_relay_keeps_ciphertext_that_only_the_device_opens() {
        let home = tempfile::tempdir().unwrap();
        let armed = arm(home.path());
        let share = Secret::random(&SystemRandom);
        let seal = seal_of(home.path()).unwrap();
        let sealed = seal.seal(&share, &SystemRandom).unwrap();
        assert!(sealed.len() <= sotto_wire::limits::SHARE_BYTES);
        assert!(!sealed.windows(32).any(|part| part == share.expose()));
        assert!(seal.open(&sealed).unwrap() == share);
        assert_ne!(sealed, seal.seal(&share, &SystemRandom).unwrap());
        // Neither as it was left in the clear, nor turned, nor another device's.
        assert!(seal.open(share.expose()).is_none());
        let mut turned = sealed.clone();
        turned[40] ^= 1;
        assert!(seal.open(&turned).is_none());
        let mut other = armed.clone();
        other.channel = ChannelSecret::random(&SystemRandom);
        assert!(Seal::of(&other).open(&sealed).is_none());
        let mut moved = armed.clone();
        moved.identity.device = crate::base::DeviceId::new([9; 16]);
        assert!(Seal::of(&moved).open(&sealed).is_none());
        // Colleagues read the channel's other key in the roster.
        let (details, who) = (armed.channel.details(), armed.identity);
        for what in [SealedFor::Order, SealedFor::Certificate] {
            let opened = details.open(what, &who.organisation, &who.device, &sealed);
            assert!(opened.is_err());
        }
    }
}
