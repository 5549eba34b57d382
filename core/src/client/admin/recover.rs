//! The offline root key at work: a new administrator when all are lost, and a new root key.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{OutcomeView, outcome_view};
use crate::admin::recover::{self, Announce, Standing, Successor};
use crate::admin::root::{self, Consent, Request, Rotated};
use crate::base::{PersonId, SigningKey};
use crate::client::organisation::{fast_or_standard, invitation_view};
use crate::client::{Client, Error, InvitationView, root_file};
use crate::roster::Action;

redacted!(
    RootFileAccess,
    AnnounceRecovery,
    RotateRoot,
    RecoveryView,
    RecoveredView,
    RootRotationView,
    RootConsentView,
);

/// The offline root file and what opens it.
#[derive(Clone)]
pub struct RootFileAccess {
    /// The file.
    pub path: PathBuf,
    /// Its passphrase.
    pub passphrase: Zeroizing<String>,
}

/// Who is to administer.
#[derive(Debug, Clone)]
pub enum RecoverAs {
    /// Somebody who is not in the organisation yet.
    New {
        /// Name as it will be shown.
        name: String,
        /// Unit; empty where none.
        unit: String,
    },
    /// Somebody who is; the administrator whose device is lost, too.
    Known(PersonId),
}

/// A new administrator, announced with the root key.
#[derive(Clone)]
pub struct AnnounceRecovery {
    /// The root key.
    pub root: RootFileAccess,
    /// Who.
    pub successor: RecoverAs,
    /// Why. Every member can read it.
    pub reason: String,
    /// How long after the delay it may be carried out; at most 30 days.
    pub valid: Duration,
    /// The link is shown face to face: it holds the six words too.
    pub in_person: bool,
    /// Adopt the newest rules with it, where the organisation has those of the first release.
    pub adopt_rules: bool,
}

/// A new root key.
#[derive(Clone)]
pub struct RotateRoot {
    /// The root key in force.
    pub old: RootFileAccess,
    /// Where the new one goes, and its passphrase. A file that an earlier call made is used.
    pub new: RootFileAccess,
    /// What others answered with [`Client::agree_to_root`].
    pub consents: Vec<String>,
}

/// A recovery, as every member sees it.
#[derive(Clone, Serialize)]
pub struct RecoveryView {
    /// Its number, for [`Client::veto_recovery`].
    pub seq: u64,
    /// Identifier of who is to administer.
    pub person: String,
    /// Their name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When it was announced.
    pub announced: String,
    /// Not before.
    pub effective: String,
    /// Not after.
    pub expires: String,
    /// Others whose devices have seen the delay pass.
    pub witnesses: usize,
    /// How many are needed.
    pub needed: usize,
    /// `waits`, `ready`, `vetoed`, `expired` or `done`.
    pub state: &'static str,
    /// Whether it was announced from this device, which finishes it.
    pub mine: bool,
}

/// A recovery that was carried out.
#[derive(Clone, Serialize)]
pub struct RecoveredView {
    /// The new administrator's invitation.
    pub invitation: InvitationView,
    /// Whether it brings the right to replace the organisation's keys.
    pub capability: bool,
}

/// What a rotation of the root key came to.
#[derive(Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RootRotationView {
    /// The new root key is in force; the old file opens nothing any more.
    Done,
    /// Another administrator must answer this text first.
    NeedsConsent {
        /// For [`Client::agree_to_root`].
        request: String,
        /// Fingerprint of the new root key, to be compared.
        fingerprint: String,
    },
}

/// Consent to a new root key.
#[derive(Clone, Serialize)]
pub struct RootConsentView {
    /// Fingerprint of the new root key, to be compared with whoever asked.
    pub fingerprint: String,
    /// The text for whoever asked.
    pub consent: String,
}

fn view(recovery: recover::Recovery) -> RecoveryView {
    RecoveryView {
        seq: recovery.seq,
        person: recovery.person.to_string(),
        name: recovery.name,
        reason: recovery.reason,
        announced: recovery.announced.to_rfc3339(),
        effective: recovery.effective.to_rfc3339(),
        expires: recovery.expires.to_rfc3339(),
        witnesses: recovery.witnesses,
        needed: recovery.needed,
        state: match recovery.standing {
            Standing::Waits => "waits",
            Standing::Ready => "ready",
            Standing::Vetoed => "vetoed",
            Standing::Expired => "expired",
            Standing::Done => "done",
        },
        mine: recovery.mine,
    }
}

/// Argon2id takes a second and much memory: not on a thread that others wait for.
async fn opened(access: &RootFileAccess) -> Result<SigningKey, Error> {
    let access = access.clone();
    let open = move || root_file::open(&access.path, &access.passphrase);
    let opened = tokio::task::spawn_blocking(open).await;
    let (_, root) = opened.map_err(|_| crate::sync::SyncError::Stopped)??;
    Ok(root)
}

impl Client {
    /// Announced recoveries, the newest first. Every member sees them.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn recoveries(&self) -> Result<Vec<RecoveryView>, Error> {
        let all = recover::recoveries(&*self.for_user()?)?;
        Ok(all.into_iter().map(view).collect())
    }

    /// Announces a new administrator with the offline root key, from any device of the organisation. Nothing happens
    /// before [`Client::finish_recovery`], on this device, after the delay.
    ///
    /// # Errors
    /// `root.passphrase`, `root.file`, `admin.wrong_root`, `admin.recovery_waits`, `admin.not_adopted` and others.
    pub async fn announce_recovery(
        &self,
        request: AnnounceRecovery,
    ) -> Result<RecoveryView, Error> {
        let engine = self.for_user()?;
        let root = opened(&request.root).await?;
        let announce = Announce {
            successor: match request.successor {
                RecoverAs::New { name, unit } => Successor::New { name, unit },
                RecoverAs::Known(person) => Successor::Known(person),
            },
            reason: request.reason,
            valid: request.valid,
            in_person: request.in_person,
            adopt_rules: request.adopt_rules,
        };
        Ok(view(recover::announce(&engine, &root, &announce).await?))
    }

    /// Objects to a recovery. Whoever holds a privileged role may, until it is carried out.
    ///
    /// # Errors
    /// `admin.no_recovery`, `admin.recovery_over`, `admin.not_permitted`.
    pub async fn veto_recovery(
        &self,
        seq: u64,
        reason: Option<&str>,
    ) -> Result<OutcomeView, Error> {
        let outcome = recover::veto(&self.for_user()?, seq, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// Carries out the recovery that this device announced: the new administrator gets an invitation. Again leaves the
    /// keys anew, where nobody took them yet.
    ///
    /// # Errors
    /// `admin.recovery_too_soon`, `admin.recovery_over`, `admin.no_recovery`, `admin.wrong_root`, `root.passphrase`.
    pub async fn finish_recovery(&self, root: RootFileAccess) -> Result<RecoveredView, Error> {
        let engine = self.for_user()?;
        let root = opened(&root).await?;
        let recovered = recover::finish(&engine, &root).await?;
        Ok(RecoveredView {
            invitation: invitation_view(recovered.invitation, false),
            capability: recovered.capability,
        })
    }

    /// Gives an administrator's device, this one, the right to replace the organisation's keys from the root key.
    ///
    /// # Errors
    /// `admin.not_permitted`, `admin.no_root_seal`, `admin.wrong_root`, `root.passphrase`.
    pub async fn take_root_capability(&self, root: RootFileAccess) -> Result<(), Error> {
        let engine = self.for_user()?;
        let root = opened(&root).await?;
        Ok(recover::take_capability(&engine, &root).await?)
    }

    /// Replaces the root key by one in a new file. Where another administrator must agree, says what to send them; the
    /// same call with their answers goes on.
    ///
    /// # Errors
    /// `verify.needed`, `root.passphrase`, `admin.wrong_root`, `admin.root_token`, `admin.not_adopted` and others.
    pub async fn rotate_root(&self, request: RotateRoot) -> Result<RootRotationView, Error> {
        self.verified(Action::GrantPrivilegedRole)?;
        let engine = self.engine()?;
        let consents = request.consents.iter().map(|text| Consent::parse(text));
        let consents = consents.collect::<Result<Vec<_>, _>>()?;
        let old = opened(&request.old).await?;
        let organisation = engine.read(|_, context| Ok(context.me.organisation))?;
        let (new, cost) = (request.new, fast_or_standard(self.inner.fast_kdf));
        let (made, random) = (self.inner.clock.now(), self.inner.random.clone());
        let make = move || {
            let (path, passphrase) = (&new.path, &new.passphrase);
            root_file::open_or_make(path, passphrase, organisation, made, cost, &*random)
        };
        let made = tokio::task::spawn_blocking(make).await;
        let new = made.map_err(|_| crate::sync::SyncError::Stopped)??;
        Ok(match root::rotate(&engine, &old, &new, &consents).await? {
            Rotated::Done => RootRotationView::Done,
            Rotated::NeedsConsent(request) => RootRotationView::NeedsConsent {
                fingerprint: request.fingerprint().to_string(),
                request: request.to_text(),
            },
        })
    }

    /// Agrees to a new root key that somebody asked for with a text. Compare the fingerprint with them first
    /// ([`Client::root_fingerprint_of`]).
    ///
    /// # Errors
    /// `verify.needed`, `admin.root_token`, `admin.not_permitted`.
    pub async fn agree_to_root(&self, request: &str) -> Result<RootConsentView, Error> {
        self.verified(Action::GrantPrivilegedRole)?;
        let request = Request::parse(request)?;
        let consent = root::agree(&self.engine()?, &request).await?;
        Ok(RootConsentView {
            fingerprint: request.fingerprint().to_string(),
            consent: consent.to_text(),
        })
    }

    /// The fingerprint of the root key that a text asks for, to be compared before agreeing.
    ///
    /// # Errors
    /// `admin.root_token`.
    pub fn root_fingerprint_of(request: &str) -> Result<String, Error> {
        Ok(Request::parse(request)?.fingerprint().to_string())
    }
}
