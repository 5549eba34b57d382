//! Roles: defined, given, taken, for some hours, reviewed; persons suspended and readmitted.

use std::time::Duration;

use super::{
    DefineRole, ElevationView, ExceptionView, GrantRole, HolderView, OutcomeView, ReviewView,
    RoleView, outcome_view, time,
};
use crate::admin::grants::{self, NewGrant, NewRole};
use crate::admin::oversight;
use crate::base::{Owner, PersonId, Timestamp};
use crate::client::{Client, Error, ErrorKind, Retry};
use crate::roster::Action;

impl Client {
    /// Every role with what it permits and who holds it now.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn roles(&self) -> Result<Vec<RoleView>, Error> {
        let roles = grants::roles(&*self.for_user()?)?;
        let names = self.names()?;
        let holder = |(owner, terms): (Owner, crate::roster::kind::RoleTerms)| HolderView {
            id: owner.to_string(),
            name: names(owner),
            unit: terms
                .unit
                .map(|unit| unit.as_str().to_owned())
                .unwrap_or_default(),
            from: time(terms.from),
            until: time(terms.until),
        };
        Ok(roles
            .into_iter()
            .map(|role| RoleView {
                id: role.role.to_string(),
                name: role.name,
                of_the_pack: role.of_the_pack,
                privileged: role.privileged,
                permissions: role.permissions,
                holders: role
                    .holders
                    .into_iter()
                    .map(|(owner, _, terms)| holder((owner, terms)))
                    .collect(),
            })
            .collect())
    }

    /// Defines a role of the organisation's own, or replaces what one of this name permits.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.unknown_permission`, `admin.role_taken` and others.
    pub async fn define_role(&self, request: DefineRole) -> Result<OutcomeView, Error> {
        self.verified(Action::DefineRole)?;
        let role = NewRole {
            name: request.name,
            permissions: request.permissions,
        };
        Ok(outcome_view(
            grants::define_role(&self.engine()?, role).await?,
        ))
    }

    /// Ends a role of the organisation's own for all its holders.
    ///
    /// # Errors
    /// `verify.needed`, `admin.unknown_role`, `admin.not_permitted` and others.
    pub async fn retire_role(&self, name: &str) -> Result<OutcomeView, Error> {
        self.verified(Action::DefineRole)?;
        Ok(outcome_view(
            grants::retire_role(&self.engine()?, name).await?,
        ))
    }

    /// Gives a role.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.unknown_role`, `admin.toxic_pair` and others.
    pub async fn grant(&self, request: GrantRole) -> Result<OutcomeView, Error> {
        self.verified(Action::GrantRole)?;
        let wish = NewGrant {
            holder: request.holder,
            role: request.role,
            from: request.from,
            until: request.until,
            reason: request.reason,
        };
        Ok(outcome_view(grants::grant(&self.engine()?, wish).await?))
    }

    /// Takes a role (`name`, or `name@unit` as it was given) from somebody: every grant of it.
    ///
    /// # Errors
    /// `verify.needed`, `admin.no_grant`, `admin.not_permitted`, `admin.last_administrator` and others.
    pub async fn withdraw(
        &self,
        holder: Owner,
        role: &str,
        reason: Option<&str>,
    ) -> Result<Vec<OutcomeView>, Error> {
        self.verified(Action::GrantRole)?;
        let outcomes = grants::withdraw_role(&self.engine()?, holder, role, reason).await?;
        Ok(outcomes.into_iter().map(outcome_view).collect())
    }

    /// Asks for a role for some hours, at most twelve. Another person agrees with [`Client::grant_elevation`].
    ///
    /// # Errors
    /// `verify.needed`, `admin.unknown_role`, `admin.text`, `admin.refused` and others.
    pub async fn request_elevation(
        &self,
        role: &str,
        lasting: Duration,
        reason: &str,
    ) -> Result<OutcomeView, Error> {
        self.verified_for("ask for a role")?;
        let outcome = oversight::request_elevation(&self.engine()?, role, lasting, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// Agrees to another person's request for a role.
    ///
    /// # Errors
    /// `verify.needed`, `admin.no_proposal`, `admin.same_person`, `admin.not_permitted` and others.
    pub async fn grant_elevation(&self, request: u64) -> Result<OutcomeView, Error> {
        self.verified(Action::GrantRole)?;
        let outcome = oversight::grant_elevation(&self.engine()?, request).await?;
        Ok(outcome_view(outcome))
    }

    /// Requests for roles for some hours, the newest first.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn elevations(&self) -> Result<Vec<ElevationView>, Error> {
        let all = oversight::elevations(&*self.for_user()?)?;
        let names = self.names()?;
        Ok(all
            .into_iter()
            .map(|one| ElevationView {
                seq: one.seq,
                person: one.person.to_string(),
                name: names(Owner::Person(one.person)),
                role: one.role,
                seconds: one.lasting.as_secs(),
                reason: one.reason,
                expires: one.expires.to_rfc3339(),
                state: one.state,
                until: time(one.until),
            })
            .collect())
    }

    /// Lets somebody hold two roles that exclude each other, until a date at most a year ahead.
    ///
    /// # Errors
    /// `verify.needed`, `admin.unknown_role`, `admin.text`, `admin.not_permitted` and others.
    pub async fn grant_exception(
        &self,
        holder: Owner,
        roles: (&str, &str),
        until: Timestamp,
        reason: &str,
    ) -> Result<OutcomeView, Error> {
        self.verified(Action::GrantRole)?;
        let engine = self.engine()?;
        let outcome = oversight::grant_exception(&engine, holder, roles, until, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// Exceptions, the newest first, ended ones included.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn exceptions(&self) -> Result<Vec<ExceptionView>, Error> {
        let all = oversight::exceptions(&*self.for_user()?)?;
        let names = self.names()?;
        Ok(all
            .into_iter()
            .map(|one| ExceptionView {
                seq: one.seq,
                holder: one.holder.to_string(),
                name: names(one.holder),
                first: one.roles.0,
                second: one.roles.1,
                until: one.until.to_rfc3339(),
                reason: one.reason,
                ended: one.ended,
            })
            .collect())
    }

    /// Suspends a person, who then may do nothing.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.last_administrator`, `admin.own_departure` and others.
    pub async fn suspend(
        &self,
        person: PersonId,
        reason: Option<&str>,
    ) -> Result<OutcomeView, Error> {
        self.verified(Action::ManagePeople)?;
        let outcome = grants::suspend(&self.engine()?, person, true, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// Readmits a suspended person.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted` and others.
    pub async fn readmit(
        &self,
        person: PersonId,
        reason: Option<&str>,
    ) -> Result<OutcomeView, Error> {
        self.verified(Action::ManagePeople)?;
        let outcome = grants::suspend(&self.engine()?, person, false, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// Begins a review of who still needs their roles, in one unit or, where it is empty, everywhere. Who is not answered
    /// for by the date (one day to 400 days ahead) is suspended until they are.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.text`, `admin.refused` and others.
    pub async fn open_review(
        &self,
        name: &str,
        unit: &str,
        due: Timestamp,
    ) -> Result<OutcomeView, Error> {
        self.verified(Action::Recertify)?;
        let outcome = oversight::open_review(&self.engine()?, name, unit, due).await?;
        Ok(outcome_view(outcome))
    }

    /// Answers for one person of a review: they keep their roles, or lose them all.
    ///
    /// # Errors
    /// `verify.needed`, `admin.no_campaign`, `admin.no_owner`, `admin.same_person`, `admin.not_permitted` and others.
    pub async fn answer_review(
        &self,
        name: &str,
        person: PersonId,
        keep: bool,
    ) -> Result<OutcomeView, Error> {
        self.verified(Action::Recertify)?;
        let outcome = oversight::answer_review(&self.engine()?, name, person, keep).await?;
        Ok(outcome_view(outcome))
    }

    /// Every review with its answers, the newest first.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn reviews(&self) -> Result<Vec<ReviewView>, Error> {
        Ok(oversight::reviews(&*self.for_user()?)?)
    }

    /// The evidence of one review as JSON: each answer with the number and hash of its signed entry.
    ///
    /// # Errors
    /// `admin.no_campaign`, `store.locked`.
    pub fn review_evidence(&self, name: &str) -> Result<String, Error> {
        let review = oversight::review(&*self.for_user()?, name)?;
        serde_json::to_string_pretty(&review).map_err(|_| {
            Error::new(
                ErrorKind::Internal,
                "client.failed",
                Retry::Never,
                "the evidence could not be written",
            )
        })
    }
}
