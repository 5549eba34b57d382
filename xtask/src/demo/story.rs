//! What happens at 03:04. Every line is what a process said, and is checked before it is told.

use std::path::Path;

use serde_json::Value;

use super::card::{
    identifier, in_short, list, main_observation, spoken, text, value_and_unit, words,
};
use super::cast::{Cast, FIRST, head};
use super::live::time_of;
use super::page::{Moment, Page};
use super::relay::Holdings;
use crate::failure::{Failure, Outcome};

/// The story while it is told.
pub(crate) struct Story<'a> {
    pub(crate) cast: &'a mut Cast,
    pub(crate) page: &'a Page,
    /// Whom the result went to by the laboratory's word, and where.
    pub(crate) to: String,
    pub(crate) chat: String,
    /// The message with the newest version.
    pub(crate) message: String,
    /// What must not be found on the server.
    pub(crate) secrets: Vec<String>,
    before: Holdings,
}

/// Fails the demonstration where a statement would not be true.
pub(crate) fn sure(holds: bool, statement: &str) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "this should be so and is not: {statement}"
        )))
    }
}

impl<'a> Story<'a> {
    pub(crate) fn begin(cast: &'a mut Cast, page: &'a Page) -> Outcome<Self> {
        let before = cast.relay.holdings()?;
        let (to, chat, message) = Default::default();
        Ok(Self {
            cast,
            page,
            to,
            chat,
            message,
            secrets: Vec::new(),
            before,
        })
    }

    /// What has changed on the server since it was last asked.
    pub(crate) fn server(&mut self) -> Outcome<Vec<String>> {
        let now = self.cast.relay.holdings()?;
        let told = now.told_since(&self.before);
        self.before = now;
        Ok(told)
    }

    /// The laboratory sends a file to whoever ordered, and it is delivered.
    pub(crate) fn sent(&mut self, file: &Path) -> Outcome {
        let result = self.send(file)?;
        let (version, critical) = (result["version"].clone(), result["critical"] == true);
        sure(
            version == 1 && result["duplicate"] == false,
            "it is the first version of this result",
        )?;
        let message = self.message.clone();
        let arrived = self
            .cast
            .first
            .live
            .message("the result", |view| view["id"] == message.as_str())?;
        let card = &arrived["card"];
        let delivered = self
            .cast
            .laboratory
            .live
            .state(&self.message, FIRST, "delivered")?;
        let queued = self.queued()?;
        let server = self.server()?;
        let title = text(&result, "title");
        let loud = if critical { "CRITICAL: " } else { "" };
        self.page.moment(
            &Moment::at(&queued)
                .lab(format!(
                    "{loud}{title}, version {version}, sent to {}",
                    self.to
                ))
                .lab(format!(
                    "message {}…, queued: signed by the relay",
                    head(&self.message, 8)
                ))
                .server(server),
        );
        sure(
            card["version"] == 1 && card["unmasked"] == false,
            "the ward's process shows the card masked",
        )?;
        let observation =
            main_observation(card).ok_or_else(|| Failure::new("the card has no observation"))?;
        self.page.moment(
            &Moment::at(&time_of(&delivered, "delivered"))
                .lab(format!("delivered, signed by {FIRST}'s device"))
                .ward(format!(
                    "{} for {}",
                    text(&arrived, "priority"),
                    text(card, "patient")
                ))
                .ward(format!(
                    "{} {} {}",
                    spoken(text(observation, "name")),
                    in_short(observation),
                    words(observation, "interpretation")
                )),
        );
        Ok(())
    }

    /// To whoever the report names; where the roster does not know them, to the first clinician, and says so.
    pub(crate) fn send(&mut self, file: &Path) -> Outcome<Value> {
        let path = file
            .to_str()
            .ok_or_else(|| Failure::new("the file has a name that is no text"))?;
        let laboratory = &self.cast.laboratory.device;
        let answer = match laboratory.attempt(&["send-result", "--to", "ordering", path])? {
            Ok(answer) => answer,
            Err(refusal)
                if [
                    "result.no_orderer",
                    "result.ambiguous_orderer",
                    "result.test",
                ]
                .contains(&&*refusal.code) =>
            {
                self.page.text(&format!(
                    "`--to ordering` was refused: {} So it goes to {FIRST}.",
                    refusal.message
                ));
                laboratory.ask(&["send-result", "--to", FIRST, path])?
            }
            Err(refusal) => {
                return Err(Failure::new(format!(
                    "the laboratory's file was refused: {}",
                    refusal.message
                )));
            }
        };
        let critical = list(&answer, "results").find(|one| one["critical"] == true);
        let result = critical.or_else(|| list(&answer, "results").next());
        let result = result
            .cloned()
            .ok_or_else(|| Failure::new("there was no result in the file"))?;
        self.to = text(&result, "to").to_owned();
        self.chat = text(&result, "conversation").to_owned();
        self.message = text(&result, "message").to_owned();
        sure(
            self.to == FIRST,
            &format!("the report's orderer is {FIRST}"),
        )?;
        Ok(result)
    }

    fn queued(&self) -> Outcome<String> {
        let status = self
            .cast
            .laboratory
            .device
            .ask(&["status", &self.message])?;
        let queued = text(&status, "queued").to_owned();
        sure(
            !queued.is_empty(),
            "the relay signed that it has stored the result",
        )?;
        Ok(queued)
    }

    /// The clinician opens the card: identifiers appear for a purpose, and the laboratory learns that it was seen.
    pub(crate) fn opened(&mut self) -> Outcome<Value> {
        let card = self.open()?;
        sure(
            card["unmasked"] == true,
            "identifiers are shown for the purpose TREAT",
        )?;
        let seen = self
            .cast
            .laboratory
            .live
            .state(&self.message, FIRST, "seen")?;
        let server = self.server()?;
        let shown = [
            Some(text(&card, "patient")),
            card["birth_date"].as_str(),
            identifier(&card),
        ];
        self.page.moment(
            &Moment::at(&time_of(&seen, "seen"))
                .lab(format!("seen, signed by {FIRST}'s device"))
                .ward(format!(
                    "{FIRST} opens it for TREAT: {}",
                    shown.into_iter().flatten().collect::<Vec<_>>().join(" · ")
                ))
                .server(server),
        );
        self.keep(&card);
        Ok(card)
    }

    /// The newest version as the ward's process shows it, in clear.
    pub(crate) fn open(&self) -> Outcome<Value> {
        let arguments = ["read", &self.chat, "--unmask", "--purpose", "TREAT"];
        let page = self.cast.first.device.ask(&arguments)?;
        let message = list(&page, "messages").find(|one| one["id"] == self.message.as_str());
        message
            .map(|one| one["card"].clone())
            .ok_or_else(|| Failure::new("the ward does not show the result"))
    }

    /// Remembers what the server must not have.
    fn keep(&mut self, card: &Value) {
        let patient = text(card, "patient");
        let family = patient.split(',').next().unwrap_or_default();
        let numbers = list(card, "identifiers")
            .filter_map(|one| one[1].as_str())
            .map(str::to_owned);
        self.secrets.extend([patient.to_owned(), family.to_owned()]);
        self.secrets.extend(numbers);
        self.secrets
            .extend(main_observation(card).map(value_and_unit));
    }
}
