//! `enroll`: make this folder a device of an organisation.

use std::time::Duration;

use sotto_core::{Client, JoinView};
use zeroize::Zeroizing;

use crate::context::{Context, Protection};
use crate::failure::{Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::text::clean;
use crate::{parse, terminal};

/// Joining by an invitation.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["link", "again"])))]
pub(crate) struct Enroll {
    /// The invitation's link; `-` reads it from standard input, with the words on a second line
    link: Option<String>,
    /// The six words, where they came over another channel
    #[arg(long, value_name = "\"WORD WORD …\"", requires = "link")]
    words: Option<String>,
    /// What this device is called
    #[arg(long, value_name = "LABEL", required_unless_present = "again")]
    device: Option<String>,
    /// Goes on waiting for the approval of an earlier `enroll`
    #[arg(long = "continue", id = "again", conflicts_with = "device")]
    again: bool,
    /// How long to wait for an approval
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse::duration)]
    wait: Duration,
    /// Does not wait for an approval: shows the code and ends
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    protection: Protection,
}

impl Enroll {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (client, mut state) = match &self.link {
            Some(link) => self.join(context, link).await?,
            None => (context.open()?, None),
        };
        if let Some(JoinView::AwaitingApproval { code }) = &state {
            if self.no_wait {
                return answer(context, &JoinView::AwaitingApproval { code: code.clone() });
            }
            tell(context, code);
        }
        if !matches!(state, Some(JoinView::Joined { .. })) {
            let progress = Progress::spinner(&context.out, "waiting for an admin");
            state = Some(client.await_approval(self.wait).await?);
            drop(progress);
        }
        match state {
            Some(JoinView::AwaitingApproval { .. }) => Err(Failure::refused(
                "approval.waiting",
                "no admin has approved this device yet; go on waiting with `sotto enroll --continue`",
            )),
            Some(joined) => answer(context, &joined),
            None => Ok(()),
        }
    }

    async fn join(&self, context: &Context, link: &str) -> Outcome<(Client, Option<JoinView>)> {
        let (link, words) = self.secrets(context, link)?;
        // A store left by an earlier try that did not get through is used, so that trying again is enough.
        let client = if context.exists()? {
            context.open()?
        } else {
            context.create(self.protection)?
        };
        let label = self.device.as_deref().unwrap_or_default();
        let progress = Progress::spinner(&context.out, "joining");
        let state = client
            .join(&link, words.as_deref().map(String::as_str), label)
            .await?;
        drop(progress);
        Ok((client, Some(state)))
    }

    /// The link and the words, from wherever they were to come.
    fn secrets(
        &self,
        context: &Context,
        link: &str,
    ) -> Outcome<(Zeroizing<String>, Option<Zeroizing<String>>)> {
        let mut words = self.words.clone().map(Zeroizing::new);
        let link = if link == "-" {
            let link = terminal::line()?;
            if words.is_none() {
                words = Some(terminal::line()?);
            }
            link
        } else {
            if words.is_none() && !context.out.json() && terminal::present() {
                let typed = terminal::ask(
                    "The six words (just Enter if you were shown the code face to face): ",
                )?;
                words = Some(Zeroizing::new(typed));
            }
            Zeroizing::new(link.to_owned())
        };
        Ok((link, words.filter(|words| !words.trim().is_empty())))
    }
}

fn tell(context: &Context, code: &str) {
    let message = format!(
        "An admin must approve this device. Both of you compare this code: {}",
        clean(code)
    );
    context
        .out
        .note_value("approval.code", &message, "approval_code", code);
}

fn answer(context: &Context, state: &JoinView) -> Outcome {
    context.out.answer(state, || match state {
        JoinView::Joined { organisation, .. } => {
            format!(
                "This device is now a member of {}. Next: `sotto run`, or `sotto sync` now and then.",
                clean(organisation)
            )
        }
        JoinView::AwaitingApproval { code } => format!(
            "An admin must approve this device. Both of you compare this code: {}\nThen: `sotto enroll --continue`.",
            clean(code)
        ),
    })
}
