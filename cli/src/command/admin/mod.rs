//! `admin`: who may do what, and the lost device. One file per subject; every act answers whether it stands in the
//! organisation's log or waits for a second administrator.

mod events;
mod exposure;
mod grants;
mod lease_extension;
mod lost;
mod people;
mod policy;
mod proposals;
mod recertify;
mod recover;
mod rekey;
mod roles;
mod root;
mod said;
mod wipe;
mod wipe_status;

use crate::context::Context;
use crate::failure::Outcome;

pub(crate) use said::exclusion_words;

/// Administration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Admin {
    /// A device is lost: shows the person's devices and what would happen, then orders the wipe
    Lost(lost::Lost),
    /// Exclude a device: it loses mailbox and keys at once, and keeps what it has
    Revoke(wipe::Revoke),
    /// Exclude a device and order it to destroy its keys and data
    Wipe(wipe::Wipe),
    /// How the wipe of a device, or every wipe, stands
    WipeStatus(wipe_status::WipeStatus),
    /// The certificate of a wiped device, for print
    Certificate(wipe_status::Certificate),
    /// What a lost device may hold
    Exposure(exposure::Exposure),
    /// Confirm a device again that fell with a suspect one
    Lift(grants::Lift),
    /// Acts that wait for a second administrator
    Proposals(proposals::Proposals),
    /// Agree to another person's proposal, or to their request for a role
    Countersign(proposals::Countersign),
    /// Refuse a proposal or a request, or take your own back
    Refuse(proposals::Refuse),
    /// The organisation's rules, in words; set some
    Policy(policy::Policy),
    /// Roles: list, define, retire, the table of who may do what
    Roles(roles::Roles),
    /// Give a role
    Grant(grants::Grant),
    /// Take a role
    Withdraw(grants::Withdraw),
    /// A role for some hours: ask, list, grant
    #[command(subcommand)]
    Elevate(grants::Elevate),
    /// Let somebody hold two roles that exclude each other, until a date
    #[command(subcommand)]
    Exception(grants::Exception),
    /// Suspend a person, who then may do nothing
    Suspend(grants::Suspend),
    /// Readmit a suspended person
    Readmit(grants::Readmit),
    /// Review who still needs their roles
    #[command(subcommand)]
    Recertify(recertify::Recertify),
    /// People from the personnel office's table
    #[command(subcommand)]
    People(people::People),
    /// Security events: what was refused, what disagrees, what was ordered in an emergency
    Events,
    /// Let one device, or every device, go on without word of the organisation for a while
    LeaseExtension(lease_extension::LeaseExtension),
    /// The only administrator is lost: a new one, with the offline root file
    #[command(subcommand)]
    Recover(recover::Recover),
    /// The offline root key: replace it, agree to a new one
    #[command(subcommand)]
    Root(root::Root),
    /// New keys for the roster and for every conversation of this device
    Rekey(rekey::Rekey),
}

impl Admin {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Lost(command) => command.run(context).await,
            Self::Revoke(command) => command.run(context).await,
            Self::Wipe(command) => command.run(context).await,
            Self::WipeStatus(command) => command.run(context).await,
            Self::Certificate(command) => command.run(context).await,
            Self::Exposure(command) => command.run(context).await,
            Self::Lift(command) => command.run(context).await,
            Self::Proposals(command) => command.run(context),
            Self::Countersign(command) => command.run(context).await,
            Self::Refuse(command) => command.run(context).await,
            Self::Policy(command) => command.run(context).await,
            Self::Roles(command) => command.run(context).await,
            Self::Grant(command) => command.run(context).await,
            Self::Withdraw(command) => command.run(context).await,
            Self::Elevate(command) => command.run(context).await,
            Self::Exception(command) => command.run(context).await,
            Self::Suspend(command) => command.run(context).await,
            Self::Readmit(command) => command.run(context).await,
            Self::Recertify(command) => command.run(context).await,
            Self::People(command) => command.run(context).await,
            Self::Events => events::run(context),
            Self::LeaseExtension(command) => command.run(context).await,
            Self::Recover(command) => command.run(context).await,
            Self::Root(command) => command.run(context).await,
            Self::Rekey(command) => command.run(context).await,
        }
    }
}
