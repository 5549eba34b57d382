//! The read-back: a value is misread and refused, then read rightly and taken.

use serde_json::Value;

use super::card::{Asked, asked, identifier, text};
use super::cast::FIRST;
use super::live::time_of;
use super::page::Moment;
use super::story::{Story, sure};
use super::text::sentence;
use crate::failure::{Failure, Outcome};

impl Story<'_> {
    /// A value is misread, and nothing is acknowledged; then it is read rightly, and it is.
    pub(crate) fn read_back(&mut self, card: &Value) -> Outcome {
        let (asked, identifier) = (asked(card), identifier(card).unwrap_or_default().to_owned());
        if asked.is_empty() {
            let how = "Nothing in it is critical, no read-back is asked for: acknowledged as it is";
            return self.acknowledged(&["ack", &self.message.clone()], how);
        }
        let wrong = self.answer(&asked, &identifier, |one| &one.wrong);
        let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
        let refusal = match self.cast.first.device.attempt(&wrong)? {
            Err(refusal) => refusal,
            Ok(_) => return Err(Failure::new("a wrong read-back was taken for right")),
        };
        sure(
            (refusal.exit, &*refusal.code) == (3, "readback.mismatch"),
            "a wrong read-back is refused as a mismatch",
        )?;
        let told = self
            .cast
            .laboratory
            .live
            .state(&self.message, FIRST, "mismatch")?;
        sure(
            time_of(&told, "acknowledged").is_empty(),
            "nothing is acknowledged yet",
        )?;
        let server = self.server()?;
        self.page.moment(
            &Moment::at(&time_of(&told, "mismatch"))
                .lab(format!(
                    "{} at the read-back, signed by {FIRST}'s device",
                    text(&told, "state")
                ))
                .ward(format!("{FIRST} reads back “{}”. REFUSED:", asked[0].wrong))
                .ward(sentence(&refusal.message))
                .server(server),
        );
        let right = self.answer(&asked, &identifier, |one| &one.right);
        let right: Vec<&str> = right.iter().map(String::as_str).collect();
        self.acknowledged(
            &right,
            &format!("Reads back “{}” and {identifier}: taken", asked[0].right),
        )
    }

    fn answer<'b>(
        &self,
        asked: &'b [Asked],
        identifier: &str,
        pick: impl Fn(&'b Asked) -> &'b String,
    ) -> Vec<String> {
        let mut arguments = vec!["ack".to_owned(), self.message.clone()];
        for one in asked {
            arguments
                .extend(["--observation", &one.number, "--value", pick(one)].map(str::to_owned));
        }
        arguments.extend(["--identifier", identifier].map(str::to_owned));
        arguments
    }

    /// Takes responsibility, and waits until the laboratory holds the signed statement.
    pub(crate) fn acknowledged(&mut self, arguments: &[&str], how: &str) -> Outcome {
        self.cast.first.device.ask(arguments)?;
        let told = self
            .cast
            .laboratory
            .live
            .state(&self.message, FIRST, "acknowledged")?;
        sure(
            told["state"] == "acknowledged",
            "the laboratory holds the acknowledgement",
        )?;
        let server = self.server()?;
        self.page.moment(
            &Moment::at(&time_of(&told, "acknowledged"))
                .lab(format!(
                    "ACKNOWLEDGED by {FIRST}, version {}, signed",
                    told["version"]
                ))
                .ward(how)
                .server(server),
        );
        Ok(())
    }
}
