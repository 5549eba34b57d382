//! The personnel office's table.

use super::{ImportPeople, ImportView, PeopleView, PersonDifference};
use crate::admin::people_csv::{self, Apply, Difference, People};
use crate::client::{Client, Error, InvitationView};
use crate::roster::Action;

impl Client {
    /// Compares the personnel office's table with the roster as this device has it: joins, changes, leavers, orphans.
    /// Nothing leaves.
    ///
    /// # Errors
    /// `admin.table` names the line.
    pub fn compare_people(&self, table: &str, system: Option<&str>) -> Result<PeopleView, Error> {
        let people = people_csv::compare_people(&*self.for_user()?, table, system)?;
        Ok(people_view(people))
    }

    /// Makes the roster say what the table says. Again changes nothing more, and goes on after a failure.
    ///
    /// # Errors
    /// `verify.needed`, `admin.table`, `admin.not_permitted`, `admin.external_id_taken` and others.
    pub async fn import_people(&self, request: ImportPeople) -> Result<ImportView, Error> {
        self.verified(Action::ManagePeople)?;
        let how = Apply {
            valid: request.valid,
            in_person: request.in_person,
            orphans_leave: request.orphans_leave,
        };
        let system = request.system.as_deref();
        let applied =
            people_csv::import_people(&self.engine()?, &request.table, system, how).await?;
        let invitations = applied.invitations.into_iter();
        Ok(ImportView {
            before: people_view(applied.before),
            invitations: invitations
                .map(|invitation| InvitationView {
                    id: invitation.id.to_string(),
                    name: invitation.name,
                    link: invitation.link,
                    words: invitation.words.unwrap_or_default(),
                    expires: invitation.expires.to_rfc3339(),
                    approval: invitation.approval,
                })
                .collect(),
            done: applied.done,
            proposed: applied.proposed,
            after: people_view(applied.after),
        })
    }
}

fn people_view(people: People) -> PeopleView {
    let all = |all: Vec<Difference>| {
        all.into_iter()
            .map(|one| PersonDifference {
                line: one.line,
                person: one.person.map(|id| id.to_string()),
                number: one.id,
                name: one.name,
                what: one.what,
            })
            .collect()
    };
    PeopleView {
        joins: all(people.joins),
        returns: all(people.returns),
        changes: all(people.changes),
        leavers: all(people.leavers),
        orphans: all(people.orphans),
        without_number: all(people.without_id),
        unchanged: people.unchanged,
    }
}
