//! `admin policy`: the organisation's rules, which every member may read.

use sotto_core::PolicyView;

use super::said;
use crate::context::Context;
use crate::failure::Outcome;
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::text::{clean, sentence};

#[derive(Debug, clap::Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// The rules in force, in words
    Show {
        /// As they are typed, with what each may say
        #[arg(long)]
        values: bool,
    },
    /// Set rules, all or none: `idle-lock=10 min`, `two-administrators=wipe device, change policy`, `export=default`
    Set {
        /// The changes
        #[arg(required = true, value_name = "NAME=VALUE")]
        changes: Vec<String>,
        /// Why; every member can read it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Judge by the newest table of rights that this release knows; devices with older releases then ask for an update
    Adopt,
}

impl Policy {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let act = self.act.unwrap_or(Act::Show { values: false });
        let client = context.open_for(!matches!(act, Act::Show { .. }))?;
        match act {
            Act::Show { values } => {
                let policy = client.policy()?;
                context.out.answer(&policy, || {
                    if values {
                        typed(&policy)
                    } else {
                        words(&policy)
                    }
                })
            }
            Act::Set { changes, reason } => {
                let progress = Progress::spinner(&context.out, "changing the rules");
                let outcome = client.set_policy(&changes, reason.as_deref()).await?;
                drop(progress);
                said::outcome(context, outcome, "The rules are changed, for everybody")
            }
            Act::Adopt => {
                let outcome = client.adopt_rules().await?;
                said::outcome(context, outcome, "The newest rules are in force")
            }
        }
    }
}

fn words(policy: &PolicyView) -> String {
    let mut text = format!("The organisation's rules, version {}:\n", policy.version);
    for rule in &policy.rules {
        text.push_str(&format!("  {}\n", sentence(&clean(&rule.words))));
    }
    if policy.newest_rules_version > policy.rules_version {
        text.push_str(
            "This release knows a newer table of rights; an administrator puts it in force with `sotto admin policy adopt`.\n",
        );
    }
    text
}

fn typed(policy: &PolicyView) -> String {
    let mut table = Table::new(&["NAME", "VALUE", "", "MAY BE"]);
    for rule in &policy.rules {
        let set = if rule.default { "default" } else { "set" };
        table.row([&rule.name, &rule.value, set, &rule.bounds]);
    }
    table.render("There are no rules.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_core::RuleView;

    #[test]
    fn rules_are_sentences_and_can_be_seen_as_typed() {
        let policy = PolicyView {
            version: 3,
            rules_version: 1,
            newest_rules_version: 2,
            rules: vec![RuleView {
                name: "idle-lock".into(),
                value: "5 min".into(),
                words: "the app locks after 5 minutes without use".into(),
                bounds: "a time from 10 s to 1 h".into(),
                default: true,
            }],
        };
        assert!(words(&policy).contains("  The app locks after 5 minutes without use.\n"));
        assert!(words(&policy).contains("policy adopt"));
        assert!(typed(&policy).contains("idle-lock  5 min  default  a time"));
    }
}
