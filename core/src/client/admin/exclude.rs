//! Devices: excluded, wiped, certified; proposals that wait for a second administrator.

use super::{
    CertificateView, DryRunView, ErasedView, Exclude, ExcludedView, ExclusionView, ExposureView,
    OutcomeView, ProposalView, RevokeDevice, SecurityEventView, WipeStatusView, outcome_view, time,
};
use crate::admin::certificate::{self, Kept, Stage, WipeStatus};
use crate::admin::control::{self, Outcome, Standing};
use crate::admin::exclude::{self, Exclusion, Laid, Revoke};
use crate::admin::security::{self, Sort};
use crate::admin::{dry_run, exposure};
use crate::base::{DeviceId, Owner, codec};
use crate::client::{Client, DeviceView, Error, ErrorKind, Retry};
use crate::roster::Action;
use crate::roster::kind::RevocationMode;

const fn mode_of(mode: Exclude) -> RevocationMode {
    match mode {
        Exclude::Only => RevocationMode::Revoke,
        Exclude::Wipe => RevocationMode::Wipe,
        Exclude::EmergencyWipe => RevocationMode::EmergencyWipe,
    }
}

const fn mode_word(mode: RevocationMode) -> &'static str {
    match mode {
        RevocationMode::Revoke => "revoke",
        RevocationMode::Wipe => "wipe",
        RevocationMode::EmergencyWipe => "emergency wipe",
    }
}

fn to_admin(request: RevokeDevice) -> Revoke {
    Revoke {
        device: request.device,
        mode: mode_of(request.mode),
        suspect_since: request.suspect_since,
        reason: request.reason,
    }
}

impl Client {
    /// Excludes a device: mailbox and roster key at once, with [`Exclude::Wipe`] the order to destroy itself, sealed to
    /// it. Any other device of its person may do this, and whoever has the right. Again finishes what was left.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.no_device`, `admin.own_device`, `admin.last_administrator` and others.
    pub async fn revoke(&self, request: RevokeDevice) -> Result<ExclusionView, Error> {
        self.verified(match request.mode {
            Exclude::Only => Action::RevokeDevice,
            Exclude::Wipe | Exclude::EmergencyWipe => Action::WipeDevice,
        })?;
        let exclusion = exclude::revoke(&self.engine()?, to_admin(request)).await?;
        self.exclusion_view(&exclusion)
    }

    /// Lets a person go, or closes a place, with all their devices in one act.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.last_administrator`, `admin.own_departure` and others.
    pub async fn depart(&self, owner: Owner, reason: Option<&str>) -> Result<ExclusionView, Error> {
        self.verified(match owner {
            Owner::Person(_) => Action::ManagePeople,
            Owner::Place(_) => Action::ManagePlaces,
        })?;
        let exclusion = exclude::depart(&self.engine()?, owner, reason).await?;
        self.exclusion_view(&exclusion)
    }

    /// What [`Client::revoke`] would do to whom. Reads the newest roster; nothing else leaves.
    ///
    /// # Errors
    /// `admin.no_device`, `relay.unreachable`; a refusal of the act itself is in the answer.
    pub async fn wipe_dry_run(&self, request: RevokeDevice) -> Result<DryRunView, Error> {
        let found = dry_run::wipe_dry_run(&self.for_user()?, to_admin(request)).await?;
        let names = self.names()?;
        let (would, why) = match &found.outcome {
            Ok(Outcome::Done { .. }) => ("done", None),
            Ok(Outcome::Proposed { .. }) => ("proposed", None),
            Err(error) => ("refused", Some(error.to_string())),
        };
        let falls = found.falls.as_ref();
        Ok(DryRunView {
            device: found.device.to_string(),
            words: found.words,
            owner: found.owner.to_string(),
            owner_name: names(found.owner),
            mode: mode_word(found.mode),
            would,
            why,
            pending: found.pending,
            channel: found.channel,
            last_contact: time(found.last_contact),
            other_devices: found.others,
            conversations: found
                .conversations
                .iter()
                .map(ToString::to_string)
                .collect(),
            open_results: found
                .open
                .iter()
                .map(|item| item.message.to_string())
                .collect(),
            open_results_move: !found.open.is_empty() && found.others == 0,
            falling_devices: falls.map(|falls| falls.devices.clone()),
            falling_roles: falls.map(|falls| falls.roles.clone()),
            falling_invitations: falls.map(|falls| falls.invitations),
        })
    }

    /// How the wipe of a device stands, from what this device holds: readable without the relay.
    /// [`Client::refresh_wipes`] asks for more.
    ///
    /// # Errors
    /// `admin.no_device`, `store.locked`.
    pub fn wipe_status(&self, device: DeviceId) -> Result<WipeStatusView, Error> {
        let status = certificate::wipe_status(&*self.for_user()?, device)?;
        Ok(status_view(status))
    }

    /// Every wipe that was ordered, the newest first.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn wipes(&self) -> Result<Vec<WipeStatusView>, Error> {
        let wipes = certificate::wipes(&*self.for_user()?)?;
        Ok(wipes.into_iter().map(status_view).collect())
    }

    /// Asks the relay how the orders stand, and keeps the certificates that verify. Says how many came.
    ///
    /// # Errors
    /// `relay.unreachable` and others.
    pub async fn refresh_wipes(&self) -> Result<usize, Error> {
        let engine = self.for_user()?;
        engine.read_roster(REFRESH).await?;
        Ok(certificate::collect(&engine).await?)
    }

    /// What a lost device may hold, as far as this device can know.
    ///
    /// # Errors
    /// `admin.no_device`, `store.locked`.
    pub fn exposure(&self, device: DeviceId) -> Result<ExposureView, Error> {
        let found = exposure::exposure(&*self.for_user()?, device)?;
        let names = self.names()?;
        Ok(ExposureView {
            device: found.device.to_string(),
            words: found.words,
            owner_name: names(found.owner),
            conversations: found
                .conversations
                .iter()
                .map(ToString::to_string)
                .collect(),
            messages: found.messages,
            results: found.results,
            patients: found.patients,
            tokens: found.tokens,
            attachments: found.attachments,
            attachment_bytes: found.attachment_bytes,
            last_contact: time(found.last_contact),
            excluded: time(found.excluded),
            reached: time(found.reached),
            protection: found.protection,
            last_unlocked: time(found.last_unlocked),
            destroyed: time(found.destroyed),
            unknown: found.unknown,
        })
    }

    /// Confirms a device again that fell with a suspect one.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_suspended`, `admin.not_permitted` and others.
    pub async fn lift_suspension(&self, device: DeviceId) -> Result<OutcomeView, Error> {
        self.verified(Action::ApproveDevice)?;
        Ok(outcome_view(exclude::lift(&self.engine()?, device).await?))
    }

    /// Proposals, the newest first; expired ones are shown as such.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn proposals(&self) -> Result<Vec<ProposalView>, Error> {
        let engine = self.for_user()?;
        let me = engine.read(|_, context| Ok(context.me.owner))?;
        let names = self.names()?;
        let all = control::proposals(&engine)?.into_iter();
        Ok(all
            .map(|proposed| ProposalView {
                seq: proposed.seq,
                what: proposed.what,
                by: proposed.by.to_string(),
                by_name: names(Owner::Person(proposed.by)),
                reason: proposed.reason,
                made: proposed.made.to_rfc3339(),
                expires: proposed.expires.to_rfc3339(),
                state: match proposed.standing {
                    Standing::Open => "open",
                    Standing::Carried => "carried",
                    Standing::Refused => "refused",
                    Standing::Expired => "expired",
                },
                mine: me == Owner::Person(proposed.by),
                may_countersign: proposed.may_countersign.is_ok(),
                why_not: proposed
                    .may_countersign
                    .err()
                    .map(|error| error.to_string()),
            })
            .collect())
    }

    /// Agrees to another person's proposal: what it proposes happens, exclusions with their orders in one operation.
    ///
    /// # Errors
    /// `verify.needed`, `admin.no_proposal`, `admin.not_open`, `admin.proposal_expired`, `admin.same_person`, `admin.new_administrator`,
    /// `admin.not_permitted` and others.
    pub async fn countersign(&self, proposal: u64) -> Result<ExclusionView, Error> {
        self.verified_for("agree to a proposal")?;
        let exclusion = control::countersign(&self.engine()?, proposal).await?;
        self.exclusion_view(&exclusion)
    }

    /// Refuses a proposal or a request for a role, or takes one's own back.
    ///
    /// # Errors
    /// `verify.needed`, `admin.no_proposal`, `admin.not_open`, `admin.not_permitted` and others.
    pub async fn refuse(&self, proposal: u64, reason: Option<&str>) -> Result<OutcomeView, Error> {
        self.verified_for("refuse a proposal")?;
        let outcome = control::refuse(&self.engine()?, proposal, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// What should make an administrator look, the newest first.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn security_events(&self) -> Result<Vec<SecurityEventView>, Error> {
        let events = security::security_events(&*self.for_user()?)?;
        Ok(events
            .into_iter()
            .map(|event| SecurityEventView {
                kind: match event.sort {
                    Sort::Refused => "refused",
                    Sort::NoRight => "no right",
                    Sort::Junk => "junk",
                    Sort::Fork => "fork",
                    Sort::Device => "device",
                    Sort::Certificate => "certificate",
                    Sort::Recovery => "recovery",
                    Sort::Clock => "clock",
                },
                at: time(event.at),
                words: event.words,
                conversation: event.conversation.map(|id| id.to_string()),
                count: event.count,
            })
            .collect())
    }

    /// A device by identifier (whole, or its beginning), by label, or by its owner's name where they have one that counts.
    ///
    /// # Errors
    /// `admin.no_device`; `ambiguous` where several match.
    pub fn find_device(&self, text: &str) -> Result<DeviceId, Error> {
        let wanted = text.trim().to_lowercase();
        let devices = self.devices()?;
        let counts = |device: &DeviceView| device.state == "confirmed";
        let tests: [&dyn Fn(&DeviceView) -> bool; 4] = [
            &|device| wanted.len() >= 6 && device.id.starts_with(&wanted),
            &|device| counts(device) && device.label.to_lowercase() == wanted,
            &|device| counts(device) && device.owner_name.to_lowercase() == wanted,
            &|device| device.label.to_lowercase() == wanted,
        ];
        for test in tests {
            let found: Vec<&DeviceView> = devices.iter().filter(|device| test(device)).collect();
            match found.as_slice() {
                [] => {}
                [one] => {
                    let id = one.id.parse::<DeviceId>();
                    return id.map_err(|_| crate::admin::AdminError::NoDevice.into());
                }
                _ => {
                    return Err(Error::new(
                        ErrorKind::Usage,
                        "ambiguous",
                        Retry::NeedsUser,
                        "several devices match: say the identifier",
                    ));
                }
            }
        }
        Err(crate::admin::AdminError::NoDevice.into())
    }

    fn exclusion_view(&self, exclusion: &Exclusion) -> Result<ExclusionView, Error> {
        let words = |device: &DeviceId| -> Result<String, Error> {
            Ok(certificate::wipe_status(&*self.engine()?, *device)?.words)
        };
        let devices = exclusion.devices.iter().map(|excluded| {
            let (order, sentence) = match excluded.order {
                Laid::NotAsked => ("none asked", "It is excluded: its mailbox is closed."),
                Laid::Laid => (
                    "laid",
                    "It is excluded, and the order waits for it at the relay, also while it is locked.",
                ),
                Laid::NoChannel => (
                    "no channel",
                    "It is excluded, and has no wipe channel: no order reaches it while it is locked.",
                ),
                Laid::NotProven => (
                    "not proven",
                    "It is excluded. Its order could not be laid: what gave its author the right does not fit into a proof, so the device would not obey. Whoever has administered for long can order the wipe.",
                ),
                Laid::Later => (
                    "later",
                    "It is excluded. Its mailbox is closed, and its order laid, by the next administrator's device that is online.",
                ),
            };
            Ok(ExcludedView {
                device: excluded.device.to_string(),
                words: words(&excluded.device)?,
                mode: mode_word(excluded.mode),
                order,
                sentence,
            })
        });
        Ok(ExclusionView {
            outcome: outcome_view(exclusion.outcome),
            devices: devices.collect::<Result<_, Error>>()?,
        })
    }
}

/// How long reading the roster may take.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(30);

fn status_view(status: WipeStatus) -> WipeStatusView {
    WipeStatusView {
        device: status.device.to_string(),
        words: status.words,
        stage: match status.stage {
            Stage::NotOrdered => "not ordered",
            Stage::Ordered => "ordered",
            Stage::Reached => "reached",
            Stage::Certified => "certified",
        },
        mode: status.order.map(|(.., mode)| mode_word(mode)),
        entry: status.order.map(|(seq, ..)| seq),
        entry_hash: status
            .order
            .and_then(|(_, hash, _)| hash)
            .map(|hash| hash.to_string()),
        by: status.by,
        ordered: time(status.ordered),
        laid: time(status.laid),
        reached: time(status.reached),
        channel: status.channel,
        certificate: status.certificate.as_ref().map(certificate_view),
        refused_certificates: status.refused,
        text: status.text,
    }
}

fn certificate_view(kept: &Kept) -> CertificateView {
    let statement = &kept.statement;
    CertificateView {
        sha256: kept.digest.to_string(),
        began: statement.began.to_rfc3339(),
        ended: statement.ended.to_rfc3339(),
        method: statement.method.words(),
        protection: statement.protection.words().to_owned(),
        unlocked: time(statement.unlocked_at),
        complete: statement.is_complete(),
        erased: statement
            .erased
            .iter()
            .map(|erased| ErasedView {
                place: erased.place.clone(),
                outcome: erased.outcome.words(),
            })
            .collect(),
        encoded: codec::hex(&kept.bytes),
    }
}
