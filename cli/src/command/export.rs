//! `export`: a conversation or a message with all its statements, as FHIR R4.

use std::path::PathBuf;

use serde::Serialize;
use sotto_core::Unmask;

use crate::context::Context;
use crate::failure::Outcome;
use crate::{resolve, sheet};

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// A conversation, or a message
    #[arg(value_name = "CHAT|MESSAGE")]
    what: String,
    /// Purpose of use: TREAT, ETREAT, HOPERAT, BTG
    #[arg(long, value_name = "CODE")]
    purpose: String,
    /// The reason in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// New file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Written {
    file: String,
    bytes: usize,
}

impl Export {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let client = context.open_as_owner()?;
        let scope = resolve::export_scope(&client, &self.what)?;
        // Before the export is made, because making it is recorded.
        let file = self.out.as_deref().map(sheet::create_private).transpose()?;
        let bundle = client.export(
            scope,
            &Unmask {
                purpose: self.purpose,
                reason: self.reason,
            },
        )?;
        let (Some(file), Some(path)) = (file, self.out) else {
            return context.out.verbatim(&bundle);
        };
        sheet::fill(file, &bundle)?;
        let written = Written {
            file: path.display().to_string(),
            bytes: bundle.len(),
        };
        context.out.answer(&written, || {
            format!(
                "Exported to {}. It holds patient data in clear; the export was recorded.",
                written.file
            )
        })
    }
}
