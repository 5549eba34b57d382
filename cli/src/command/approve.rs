//! `approve`: who waits, and letting them in after the code was compared.

use serde::Serialize;
use sotto_core::PendingApprovalView;

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::table::Table;
use crate::output::text::{clean, short};
use crate::{resolve, terminal};

/// Letting somebody in.
#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// Which invitation: its identifier or the beginning of it. Without: lists who waits
    invitation: Option<String>,
    /// The code on the other device, as its holder reads it to you [default: asked for]
    #[arg(long, requires = "invitation")]
    code: Option<String>,
}

#[derive(Serialize)]
struct Pending<'a> {
    pending: &'a [PendingApprovalView],
}

#[derive(Serialize)]
struct Approved<'a> {
    approved: &'a PendingApprovalView,
}

impl Approve {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open_for(self.invitation.is_some())?;
        let pending = client.pending_approvals().await?;
        let Some(wanted) = &self.invitation else {
            return list(context, &pending);
        };
        let one = choose(&pending, wanted)?;
        let code = match &self.code {
            Some(code) => code.clone(),
            None if terminal::present() => terminal::ask(&format!(
                "{} waits with “{}”. Ask for the code on that screen and type it here: ",
                clean(&one.name),
                clean(&one.device_label)
            ))?,
            None => {
                return Err(Failure::usage(
                    "approval.code_needed",
                    "approving needs the code on the other device; give it with --code",
                ));
            }
        };
        if !same_code(&code, &one.code) {
            return Err(Failure::refused(
                "approval.code_differs",
                "the code on the other device is another one; nothing was approved. If it was not mistyped, somebody else \
                 may be using the invitation",
            ));
        }
        client.approve(resolve::id(&one.invitation)?).await?;
        context.out.answer(&Approved { approved: one }, || {
            format!(
                "{} is approved with “{}”.",
                clean(&one.name),
                clean(&one.device_label)
            )
        })
    }
}

fn list(context: &Context, pending: &[PendingApprovalView]) -> Outcome {
    context.out.answer(&Pending { pending }, || {
        let mut table = Table::new(&["INVITATION", "FOR", "DEVICE", "CODE"]);
        for one in pending {
            table.row([
                short(&one.invitation),
                &one.name,
                &one.device_label,
                &one.code,
            ]);
        }
        table.render("Nobody waits for approval.")
    })
}

fn choose<'a>(
    pending: &'a [PendingApprovalView],
    wanted: &str,
) -> Outcome<&'a PendingApprovalView> {
    let wanted = wanted.to_lowercase();
    let mut matching = pending
        .iter()
        .filter(|one| !wanted.is_empty() && one.invitation.starts_with(&wanted));
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::bad_input(
            "approval.ambiguous",
            "several wait whose invitations begin so",
        )),
        _ => Err(Failure::not_found(
            "approval.not_found",
            "nobody waits with that invitation; `sotto approve` lists them",
        )),
    }
}

/// Spaces and dashes are how people read digits aloud.
fn same_code(typed: &str, shown: &str) -> bool {
    let bare = |code: &str| -> String {
        code.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    !bare(shown).is_empty() && bare(typed) == bare(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(invitation: &str) -> PendingApprovalView {
        PendingApprovalView {
            invitation: invitation.into(),
            name: "Chen".into(),
            device_label: "phone".into(),
            code: "12 34-56".into(),
        }
    }

    #[test]
    fn the_code_is_compared_without_its_spacing_and_never_against_nothing() {
        assert!(same_code("123456", "12 34-56"));
        assert!(!same_code("123457", "12 34-56"));
        assert!(!same_code("", ""));
        assert!(!same_code("", "12 34-56"));
    }

    #[test]
    fn an_invitation_is_named_by_a_beginning_that_fits_one() {
        let pending = [waiting("0aff"), waiting("0abb")];
        assert_eq!(choose(&pending, "0AF").unwrap().invitation, "0aff");
        assert_eq!(
            choose(&pending, "0a").unwrap_err().code(),
            "approval.ambiguous"
        );
        assert_eq!(
            choose(&pending, "").unwrap_err().code(),
            "approval.not_found"
        );
        assert_eq!(
            choose(&pending, "ff").unwrap_err().code(),
            "approval.not_found"
        );
    }
}
