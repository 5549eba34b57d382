//! `org found`: an organisation, its first admin, and this device as theirs.

use std::path::PathBuf;

use serde::Serialize;
use sotto_core::{FoundOrganisation, RelayAddress};

use crate::context::{Context, Protection};
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::clean;
use crate::{parse, terminal};

/// The organisation itself.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Org {
    /// Found an organisation on a relay; you become its first admin
    Found(Found),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Found {
    /// Name of the organisation
    #[arg(long)]
    name: String,
    /// The relay
    #[arg(long, value_name = "HOST:PORT", value_parser = parse::host_port)]
    relay: (String, u16),
    /// SHA-256 of the relay's public key, as the relay prints it or in hexadecimal; once more for its backup key
    #[arg(long = "pin", value_name = "HEX", required = true, value_parser = parse::bytes_32)]
    pins: Vec<[u8; 32]>,
    /// The relay operator's registration token; `-` reads it from standard input
    #[arg(long, value_name = "HEX|-")]
    token: String,
    /// Name of the first admin: yours
    #[arg(long, value_name = "NAME")]
    admin: String,
    /// What this device is called
    #[arg(long, value_name = "LABEL")]
    device: String,
    /// New file for the organisation's root key, to be kept offline
    #[arg(long, value_name = "PATH")]
    root_file: PathBuf,
    /// Reads the root file's passphrase from this file descriptor, one line
    #[arg(long, value_name = "N")]
    root_passphrase_fd: Option<u32>,
    #[command(flatten)]
    protection: Protection,
}

#[derive(Serialize)]
struct Founded {
    organisation: String,
    admin: String,
    device: String,
    root_file: String,
}

impl Org {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Found(found) => found.run(context).await,
        }
    }
}

impl Found {
    async fn run(self, context: &Context) -> Outcome {
        let token = if self.token == "-" {
            terminal::line()?
        } else {
            self.token.into()
        };
        let registration_token = parse::bytes_32(&token).map_err(|why| {
            Failure::bad_input(
                "token.malformed",
                format!("the registration token is not one: {why}"),
            )
        })?;
        let root_passphrase = context.secrets().new_file_passphrase(
            self.root_passphrase_fd,
            "Choose a passphrase for the offline root file: ",
        )?;
        // A store made by an earlier try that did not reach the relay is used, so that trying again is enough.
        let client = if context.exists()? {
            context.open()?
        } else {
            context.create(self.protection)?
        };
        let founded = Founded {
            organisation: clean(&self.name),
            admin: clean(&self.admin),
            device: clean(&self.device),
            root_file: self.root_file.display().to_string(),
        };
        let request = FoundOrganisation {
            name: self.name,
            relay: RelayAddress {
                host: self.relay.0,
                port: self.relay.1,
                pins: self.pins,
            },
            registration_token,
            admin_name: self.admin,
            device_label: self.device,
            root_file: self.root_file,
            root_passphrase,
        };
        let progress = Progress::spinner(&context.out, "founding the organisation");
        client.found(request).await?;
        drop(progress);
        context.out.answer(&founded, || {
            format!(
                "{} is founded. {} is its first admin, on this device.\n\
                 Move {} to a medium that you keep offline, apart from its passphrase: whoever has both can replace every \
                 admin, and without it nobody can.\n\
                 Next: `sotto invite --name NAME --unit UNIT --role ROLE`.",
                founded.organisation, founded.admin, founded.root_file
            )
        })
    }
}
