//! The only administrator is lost: the offline root key announces another, everybody sees it and can object, and after
//! a delay it happens. The delay is log time, which one author could push ahead; so it also has to be seen to have
//! passed by the clocks of two others, where there are two beside those who administer, for these are lost.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Act;
use super::dual::SECOND;
use crate::base::PersonId;
use crate::roster::authorize::{Action, Scope, View, pack};
use crate::roster::entry::{Author, Entry, Owner};
use crate::roster::kind::{
    ApprovalMode, RecoveryAnnounced, RecoveryDone, RecoveryVetoed, RoleTerms, Setting, Subject,
};
use crate::roster::oversight::{RecoveryRecord, RecoveryState};
use crate::roster::record::{InvitationRecord, InvitationState, PersonState};
use crate::roster::{Junk, Roster};

/// No policy allows less.
const SHORTEST: Duration = Duration::from_secs(24 * 3_600);
/// The longest delay, and the longest time to carry it out afterwards.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Others who must have seen the delay pass.
const WITNESSES: usize = 2;

const fn recovered(body: &RecoveryAnnounced) -> Result<PersonId, Junk> {
    match &body.subject {
        Subject::NewPerson(id, _) | Subject::Person(id) => Ok(*id),
        Subject::Place(_) => Err(Junk::WrongOwner),
    }
}

fn administers(view: &View<'_>, owner: Owner) -> bool {
    view.holder_may(owner, Action::GrantPrivilegedRole, &Scope::organisation())
        .is_ok()
}

impl Roster {
    pub(super) fn recovery_announced(
        &mut self,
        act: &Act,
        body: RecoveryAnnounced,
    ) -> Result<(), Junk> {
        if act.author != Author::Root {
            return Err(Junk::WrongAuthor);
        }
        let waits = self.oversight.recoveries.values().any(|record| {
            record.state == RecoveryState::Announced && act.claimed() < record.announced.expires
        });
        if waits {
            return Err(Junk::WrongState);
        }
        self.recoverable(&body)?;
        let policy = self.policy().map_err(|_| Junk::Founding)?;
        let delay = policy.duration(Setting::RecoveryDelay).max(SHORTEST);
        if body.effective < act.claimed().plus(delay) {
            return Err(Junk::TooSoon);
        }
        if body.effective > act.claimed().plus(delay.max(LONGEST))
            || body.expires <= body.effective
            || body.expires > body.effective.plus(LONGEST)
        {
            return Err(Junk::OutOfBounds);
        }
        let person = Owner::Person(recovered(&body)?);
        let view = act.view(self);
        let others: BTreeSet<Owner> = self
            .devices
            .keys()
            .filter_map(|device| view.confirmed(*device).ok())
            .filter(|owner| *owner != person)
            .collect();
        // Those who administer are the ones that are lost: they may bear witness, but it must come about without them.
        let left = others.iter().filter(|owner| !administers(&view, **owner));
        let quorum = left.count().max(usize::from(!others.is_empty()));
        let quorum = u8::try_from(quorum.min(WITNESSES)).unwrap_or_default();
        let record = RecoveryRecord {
            announced: body,
            time: act.time,
            quorum,
            witnesses: BTreeSet::new(),
            state: RecoveryState::Announced,
        };
        self.oversight.recoveries.insert(act.seq, record);
        Ok(())
    }

    fn recoverable(&self, body: &RecoveryAnnounced) -> Result<(), Junk> {
        if self.invitations.contains_key(&body.invitation) {
            return Err(Junk::IdTaken);
        }
        if self.taken.keys.contains(&body.key) {
            return Err(Junk::KeyTaken);
        }
        match &body.subject {
            Subject::NewPerson(id, details) => self.person_free(id, details),
            Subject::Person(id) => {
                let record = self.persons.get(id).ok_or(Junk::UnknownSubject)?;
                self.external_free(id, &record.details)
            }
            Subject::Place(_) => Err(Junk::WrongOwner),
        }
    }

    /// Whoever holds a privileged role can object, until it is done.
    pub(super) fn recovery_vetoed(&mut self, act: &Act, body: &RecoveryVetoed) -> Result<(), Junk> {
        let (device, _) = self.controller(act)?;
        let record = self
            .oversight
            .recoveries
            .get_mut(&body.announcement)
            .ok_or(Junk::UnknownSubject)?;
        if record.state != RecoveryState::Announced {
            return Err(Junk::WrongState);
        }
        record.state = RecoveryState::Vetoed(device);
        Ok(())
    }

    pub(super) fn recovery_done(&mut self, act: &Act, body: &RecoveryDone) -> Result<(), Junk> {
        if act.author != Author::Root {
            return Err(Junk::WrongAuthor);
        }
        let record = self
            .oversight
            .recoveries
            .get(&body.announcement)
            .ok_or(Junk::UnknownSubject)?;
        if record.state != RecoveryState::Announced {
            return Err(Junk::WrongState);
        }
        // Where one witness is all there is, log time stays behind with the clock of whoever is lost: what counts is the
        // witnesses' word, each by their own clock.
        if act.claimed() < record.announced.effective
            || record.witnesses.len() < usize::from(record.quorum)
        {
            return Err(Junk::TooSoon);
        }
        if act.claimed() >= record.announced.expires {
            return Err(Junk::Expired);
        }
        let announced = record.announced.clone();
        self.recoverable(&announced)?;
        let person = recovered(&announced)?;
        let owner = Owner::Person(person);
        match announced.subject {
            Subject::NewPerson(id, details) => self.insert_person(act.seq, id, details),
            Subject::Person(_) | Subject::Place(_) => {
                self.readmit(act, person);
                if let Some(known) = self.persons.get_mut(&person)
                    && known.state.now() == Some(&PersonState::Suspended)
                {
                    known.state.set(act.seq, PersonState::Present);
                }
                self.oversight.excuse(&person, act.seq);
            }
        }
        for invitation in self.invitations.values_mut() {
            if invitation.owner == owner && invitation.state == InvitationState::Open {
                invitation.state = InvitationState::Void;
            }
        }
        let terms = RoleTerms {
            role: pack::ADMIN,
            unit: None,
            from: None,
            until: None,
        };
        self.insert_grants(act, owner, vec![terms]);
        self.taken.keys.insert(announced.key);
        let invitation = InvitationRecord {
            key: announced.key,
            sealing_key: announced.sealing_key,
            owner,
            mode: ApprovalMode::Instant,
            expires: announced.expires,
            by: act.author,
            seq: act.seq,
            state: InvitationState::Open,
        };
        self.invitations.insert(announced.invitation, invitation);
        if let Some(record) = self.oversight.recoveries.get_mut(&body.announcement) {
            record.state = RecoveryState::Done(act.seq);
        }
        Ok(())
    }

    /// Whether every open invitation of somebody is the root key's.
    pub(super) fn recovers(&self, owner: Owner) -> bool {
        let mut open = self
            .invitations
            .values()
            .filter(|i| i.owner == owner && i.state == InvitationState::Open)
            .peekable();
        open.peek().is_some() && open.all(|i| i.by == Author::Root)
    }

    /// Takes a valid entry as word of its author's clock. An entry that only repeats log time says nothing: devices
    /// raise their own time to it.
    pub(super) fn witness(&mut self, entry: &Entry) {
        let (Author::Device(device), Some(last)) = (entry.author, self.log_time()) else {
            return;
        };
        if entry.time <= last || self.rules() < SECOND {
            return;
        }
        self.oversight.clocks.insert(device, entry.time);
        let mut seen = Vec::new();
        for (seq, record) in &self.oversight.recoveries {
            let Some(then) = self.times.get(usize::try_from(*seq).unwrap_or(usize::MAX)) else {
                continue;
            };
            let known = View::new(self, *seq, *then).confirmed(device);
            if record.state == RecoveryState::Announced
                && entry.time >= record.announced.effective
                && let Ok(owner) = known
                && recovered(&record.announced).map(Owner::Person) != Ok(owner)
            {
                seen.push((*seq, owner));
            }
        }
        for (seq, owner) in seen {
            if let Some(record) = self.oversight.recoveries.get_mut(&seq) {
                record.witnesses.insert(owner);
            }
        }
    }
}
