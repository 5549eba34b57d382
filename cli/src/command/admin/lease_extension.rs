//! `admin lease-extension`: lets devices go on through an outage. The text is no secret; it is shown as a QR code.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use sotto_core::{Client, DeviceId};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::{parse, resolve, sheet, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct LeaseExtension {
    /// For this device alone [default: every device]; with --root-file its whole identifier
    #[arg(long)]
    device: Option<String>,
    /// How long it is good
    #[arg(long = "for", value_name = "DURATION", default_value = "3d", value_parser = parse::duration)]
    lasting: Duration,
    /// By the offline root key, without opening this device's store: for the day on which every device is locked
    #[arg(long, value_name = "FILE")]
    root_file: Option<PathBuf>,
    /// Reads the root file's passphrase from this file descriptor, one line
    #[arg(long, value_name = "N", requires = "root_file")]
    root_passphrase_fd: Option<u32>,
    /// New file to write
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    extension: String,
    device: Option<String>,
    file: Option<String>,
}

impl LeaseExtension {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (device, extension) = match &self.root_file {
            Some(root_file) => {
                let device = self.device.as_deref().map(whole).transpose()?;
                let passphrase = context
                    .secrets()
                    .file_passphrase(self.root_passphrase_fd, "The root file's passphrase: ")?;
                let made =
                    Client::root_lease_extension(root_file, &passphrase, device, self.lasting)?;
                (device, made)
            }
            None => {
                let client = context.open_as_owner()?;
                let device = match &self.device {
                    Some(device) => Some(resolve::id(&resolve::device(&client, device)?.id)?),
                    None => None,
                };
                (device, client.make_lease_extension(device, self.lasting)?)
            }
        };
        if let Some(path) = &self.out {
            sheet::fill(sheet::create_private(path)?, &format!("{extension}\n"))?;
        }
        let code = if terminal::present() && !context.out.json() {
            sheet::qr_terminal(&extension)?
        } else {
            String::new()
        };
        let answer = Answer {
            extension,
            device: device.map(|id| id.to_string()),
            file: self.out.map(|path| path.display().to_string()),
        };
        context.out.answer(&answer, || {
            let whom = match answer.device {
                Some(_) => "That device takes",
                None => "Every device of the organisation takes",
            };
            format!(
                "{code}\n{}\n\n{whom} it with `sotto lease extend`, or by the camera. It is no secret.",
                answer.extension
            )
            .trim_start()
            .to_owned()
        })
    }
}

fn whole(text: &str) -> Outcome<DeviceId> {
    text.trim().parse().map_err(|_| {
        Failure::usage(
            "device.identifier",
            "with --root-file no store is opened: give the device's whole identifier, 32 hexadecimal digits",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_store_only_a_whole_identifier_names_a_device() {
        assert!(whole(&"0a".repeat(16)).is_ok());
        assert_eq!(whole("phone").unwrap_err().code(), "device.identifier");
    }
}
