//! `send-result`: a laboratory result, to whoever must act on it.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use sotto_core::{Error, SendResult as Request, SentResultView};

use crate::context::Context;
use crate::delivery::{Relay, deliver};
use crate::failure::{Failure, Outcome};
use crate::output::table::Table;
use crate::output::text::{clean, short};
use crate::{parse, resolve};

/// A result.
#[derive(Debug, clap::Args)]
pub(crate) struct SendResult {
    /// To whom; `ordering` is whoever the report names
    #[arg(long, value_name = "PERSON|CHAT|ordering")]
    to: String,
    /// HL7 v2 ORU^R01 or FHIR R4 JSON; `-` reads standard input
    file: PathBuf,
    /// Marks it critical though the laboratory's flags do not, and says why
    #[arg(long, value_name = "REASON")]
    critical: Option<String>,
    /// Life of the message [default: the policy's]
    #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
    expires: Option<Duration>,
}

#[derive(Serialize)]
struct Answer {
    results: Vec<SentResultView>,
    relay: Relay,
}

impl SendResult {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let source = self.read()?;
        let client = context.open()?;
        let to = resolve::recipient(&client, &self.to)?;
        let request = Request {
            to,
            source,
            critical: self.critical,
            expires: self.expires,
        };
        let sent = client.send_result(request);
        let results = sent.map_err(|error| named(&self.to, error))?;
        let relay = deliver(context, &client).await;
        let answer = Answer {
            results,
            relay: *relay.as_ref().unwrap_or(&Relay::Unreachable),
        };
        context.out.answer(&answer, || words(&answer))?;
        relay.map(|_| ())
    }

    fn read(&self) -> Outcome<Vec<u8>> {
        if self.file.as_os_str() != "-" {
            return std::fs::read(&self.file)
                .map_err(|error| Failure::io("reading the result", &error));
        }
        let mut source = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut source)
            .map_err(|error| Failure::io("reading the result", &error))?;
        Ok(source)
    }
}

/// Core's errors name nobody. Where one recipient was named here, the answer names them too.
fn named(to: &str, error: Error) -> Failure {
    if error.code() != "result.recipient_may_not_view" || to == "ordering" {
        return error.into();
    }
    let message = format!(
        "{} may not view results: nothing was sent. Choose somebody whose role does, or ask an administrator for such a role",
        clean(to)
    );
    Failure::refused("result.recipient_may_not_view", message)
}

fn words(answer: &Answer) -> String {
    let mut table = Table::new(&["MESSAGE", "RESULT", "VERSION", "TO", ""]);
    for result in &answer.results {
        let what = match (result.duplicate, result.critical, answer.relay) {
            (true, ..) => "sent before; not sent again",
            (_, true, Relay::Reached) => "CRITICAL, with the relay",
            (_, true, _) => "CRITICAL, stored, not with the relay yet",
            (_, false, Relay::Reached) => "with the relay",
            (_, false, _) => "stored, not with the relay yet",
        };
        let message = result.message.as_deref().map_or("—", short);
        table.row([
            message,
            &result.title,
            &result.version.to_string(),
            &result.to,
            what,
        ]);
    }
    table.render("There was no result in it.")
}
