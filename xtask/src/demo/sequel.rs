//! After the acknowledgement: a colleague is told, and a correction opens the loop again.

use std::path::Path;

use serde_json::Value;

use super::card::{in_short, main_observation, spoken, text, value_and_unit};
use super::cast::{FIRST, SECOND, head};
use super::live::time_of;
use super::page::Moment;
use super::story::{Story, sure};
use super::text::sentence;
use crate::failure::{Failure, Outcome};

impl Story<'_> {
    /// The clinician asks a colleague for help, in a group the laboratory is not in. Gives the group.
    pub(crate) fn colleague(&mut self, card: &Value) -> Outcome<String> {
        let observation =
            main_observation(card).ok_or_else(|| Failure::new("the card has no observation"))?;
        let place = text(card, "unit");
        let words = format!(
            "{} {} in {place}. I am with the patient, please come.",
            spoken(text(observation, "name")),
            in_short(observation)
        );
        let first = &self.cast.first.device;
        let group = first.ask(&["chat", "new", "--title", "5W at night", "--member", SECOND])?;
        let group = text(&group, "conversation").to_owned();
        first.ask(&["send", &group, &words, "--urgent"])?;
        let heard = self
            .cast
            .second
            .live
            .message("the message in the group", |view| {
                view["text"] == words.as_str()
            })?;
        sure(
            heard["sender"] == FIRST && heard["conversation"] == group.as_str(),
            "it comes from who wrote it",
        )?;
        self.tell(&heard, FIRST, &words)?;

        let answer = "On my way.";
        self.cast.second.device.ask(&["send", &group, answer])?;
        let heard = self
            .cast
            .first
            .live
            .message("the answer", |view| view["text"] == answer)?;
        sure(
            heard["sender"] == SECOND,
            "the answer comes from the colleague",
        )?;
        self.tell(&heard, SECOND, answer)?;
        self.secrets.push(words);
        self.secrets.push("5W at night".to_owned());
        Ok(group)
    }

    fn tell(&mut self, heard: &Value, who: &str, words: &str) -> Outcome {
        let server = self.server()?;
        let moment = Moment::at(text(heard, "received"))
            .ward(format!("{who}: “{words}”"))
            .server(server);
        self.page.moment(&moment);
        Ok(())
    }

    /// A correction reaches who had the first version, and inherits no acknowledgement.
    pub(crate) fn corrected(&mut self, file: &Path, group: &str) -> Outcome {
        let earlier = self.message.clone();
        let result = self.send(file)?;
        sure(
            result["version"] == 2 && result["duplicate"] == false,
            "a correction is version 2 of the same result",
        )?;
        let message = self.message.clone();
        let arrived = self
            .cast
            .first
            .live
            .message("the correction", |view| view["id"] == message.as_str())?;
        let told = self
            .cast
            .laboratory
            .live
            .state(&self.message, FIRST, "delivered")?;
        sure(
            told["state"] == "delivered",
            "no acknowledgement is carried over to the correction",
        )?;
        let card = &arrived["card"];
        let nobody = card["acknowledged_by"]
            .as_array()
            .is_some_and(Vec::is_empty);
        sure(
            nobody && card["version"] == 2,
            "the ward sees version 2, acknowledged by nobody",
        )?;
        let changed =
            super::card::list(card, "observations").find(|one| one["previous"].is_string());
        let changed =
            changed.ok_or_else(|| Failure::new("the correction does not show what it corrects"))?;
        let server = self.server()?;
        self.page.moment(
            &Moment::at(&time_of(&told, "delivered"))
                .lab(format!(
                    "CORRECTED: version 2, message {}…",
                    head(&self.message, 10)
                ))
                .lab("delivered; acknowledged by nobody: the loop is open again")
                .ward(format!(
                    "{}: {} {}, before: {}",
                    text(&arrived, "priority"),
                    spoken(text(changed, "name")),
                    value_and_unit(changed),
                    text(changed, "previous")
                ))
                .server(server),
        );
        self.secrets.push(value_and_unit(changed));
        self.superseded(&earlier)?;

        let card = self.open()?;
        self.read_back(&card)?;
        let words = format!("Corrected to {}. Please stop.", value_and_unit(changed));
        self.cast.first.device.ask(&["send", group, &words])?;
        let heard = self
            .cast
            .second
            .live
            .message("the correction in the group", |view| {
                view["text"] == words.as_str()
            })?;
        self.tell(&heard, FIRST, &words)?;
        self.secrets.push(words);
        Ok(())
    }

    /// Whoever answers the old version is told so; the old acknowledgement stays with it.
    fn superseded(&mut self, earlier: &str) -> Outcome {
        let late = ["decline", earlier, "--reason", "too late"];
        let refusal = match self.cast.first.device.attempt(&late)? {
            Err(refusal) => refusal,
            Ok(_) => return Err(Failure::new("a superseded version could be answered")),
        };
        sure(
            (refusal.exit, &*refusal.code) == (3, "result.superseded"),
            "a superseded version takes no answer",
        )?;
        let status = self.cast.laboratory.device.ask(&["status", earlier])?;
        let kept = super::card::list(&status, "people")
            .any(|one| one["state"] == "acknowledged" && one["version"] == 1);
        sure(kept, "the first version keeps the acknowledgement it had")?;
        let moment = Moment::at("")
            .lab("version 1 keeps its acknowledgement, as proof of that moment")
            .ward("Answers version 1. REFUSED:")
            .ward(sentence(&refusal.message));
        self.page.moment(&moment);
        Ok(())
    }
}
