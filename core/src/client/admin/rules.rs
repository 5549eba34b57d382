//! The organisation's rules, and new keys for everything.

use super::{OutcomeView, PolicyView, RekeyView, RuleView, outcome_view};
use crate::admin::policy;
use crate::admin::rekey::{self, Rekeying};
use crate::client::{Client, Error};
use crate::roster::Action;

impl Client {
    /// The rules in force, in words and as they are typed.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn policy(&self) -> Result<PolicyView, Error> {
        let rules = policy::policy(&*self.for_user()?)?;
        let rule = |rule: policy::Rule| RuleView {
            name: rule.name,
            value: rule.value,
            words: rule.words,
            bounds: rule.bounds,
            default: rule.default,
        };
        Ok(PolicyView {
            version: rules.version,
            rules_version: rules.format,
            newest_rules_version: rules.newest_format,
            rules: rules.rules.into_iter().map(rule).collect(),
        })
    }

    /// Changes rules, all or none, each typed as `name=value` (`default` takes a value back).
    ///
    /// # Errors
    /// `verify.needed`, `admin.policy` says what a rule may say; `admin.not_permitted` and others.
    pub async fn set_policy(
        &self,
        changes: &[String],
        reason: Option<&str>,
    ) -> Result<OutcomeView, Error> {
        self.verified(Action::ChangePolicy)?;
        let outcome = policy::set_policy(&self.engine()?, changes, reason).await?;
        Ok(outcome_view(outcome))
    }

    /// Has the log judged from here on by the newest rules that this release knows. Older releases halt there and ask for
    /// an update.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.refused` and others.
    pub async fn adopt_rules(&self) -> Result<OutcomeView, Error> {
        self.verified(Action::ChangePolicy)?;
        Ok(outcome_view(policy::adopt_rules(&self.engine()?).await?))
    }

    /// Replaces the roster key and asks for new keys in every conversation of this device. The commits follow with the
    /// next rounds; [`Client::rekeying`] tells how many are left.
    ///
    /// # Errors
    /// `verify.needed`, `admin.not_permitted`, `admin.no_capability` and others.
    pub async fn rekey(&self) -> Result<RekeyView, Error> {
        self.verified(Action::RotateKey)?;
        Ok(rekey_view(rekey::rekey(&self.engine()?).await?))
    }

    /// How far [`Client::rekey`] has come.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn rekeying(&self) -> Result<RekeyView, Error> {
        Ok(rekey_view(rekey::rekeying(&*self.for_user()?)?))
    }
}

const fn rekey_view(rekeying: Rekeying) -> RekeyView {
    RekeyView {
        epoch: rekeying.epoch,
        conversations: rekeying.conversations,
        waiting: rekeying.waiting,
    }
}
