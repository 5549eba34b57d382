//! Results: sent, read back, declined, exported.

use sotto_content::hl7::{self, AckCode};

use super::render::Renderer;
use super::{
    Acknowledge, Client, Error, ErrorKind, MessageView, Recipient, SendHandle, SendResult,
    SentResultView,
};
use crate::base::MessageId;
use crate::clinical::{self, To};

impl Client {
    /// Sends every result of a file, or none of it. A correction also goes to everybody who had an earlier version.
    ///
    /// # Errors
    /// `result.refused` naming segment or path, `result.not_critical`, `result.no_orderer`, `result.other_patient`,
    /// `result.recipient_may_not_view`, `result.member_may_not_view`, `role.not_allowed`, `session.locked`.
    pub fn send_result(&self, request: SendResult) -> Result<Vec<SentResultView>, Error> {
        let engine = self.for_user()?;
        let to = match request.to {
            Recipient::Owner(owner) => To::Owner(owner),
            Recipient::Conversation(id) => To::Conversation(id),
            Recipient::Ordering => To::Ordering,
        };
        let sent = clinical::results(
            &engine,
            to,
            &request.source,
            request.critical.as_deref(),
            request.expires,
        )?;
        Ok(engine.read(|tx, context| {
            let renderer = Renderer::new(tx, context);
            sent.iter()
                .map(|card| {
                    Ok(SentResultView {
                        message: Some(card.message.to_string()),
                        conversation: Some(card.conversation.to_string()),
                        to: renderer.title_of(card.conversation)?,
                        title: card.title.clone(),
                        version: card.version,
                        duplicate: card.duplicate,
                        critical: card.critical,
                    })
                })
                .collect()
        })?)
    }

    /// The HL7 answer (MSA) that a dropped file deserves: AA where its results are committed for sending, AE or AR with
    /// the place of the fault where not. `None` for a file that is not HL7 v2.
    #[must_use]
    pub fn hl7_answer(&self, source: &[u8], outcome: Result<(), &Error>) -> Option<Vec<u8>> {
        if !hl7::looks_like_hl7(source) {
            return None;
        }
        let now = self.inner.clock.now();
        let digits: String = now
            .to_rfc3339()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let time = digits.get(..14).unwrap_or_default();
        let mut out = String::new();
        for (number, message) in hl7::import(source).ok()?.messages.iter().enumerate() {
            let code = match (outcome, message.ack_code()) {
                (Ok(()), code) => code,
                // Understood, and refused by a rule of the receiving side.
                (Err(error), AckCode::Accept) if error.kind() == ErrorKind::Refused => {
                    AckCode::Reject
                }
                (Err(_), AckCode::Accept) => AckCode::Error,
                (Err(_), code) => code,
            };
            let control = format!("{digits}{number}");
            out += &hl7::acknowledge(
                &message.header,
                code,
                message.outcome.as_ref().err(),
                &control,
                time,
            );
        }
        Some(out.into_bytes())
    }

    /// Results that wait for somebody here: current, not withdrawn, taken by nobody, not declined by me. The most urgent
    /// first, then the oldest. Identifiers are masked.
    ///
    /// # Errors
    /// `store.locked`, `device.not_enrolled`.
    pub fn open_results(&self) -> Result<Vec<MessageView>, Error> {
        self.render(|renderer| {
            let mut rows = Vec::new();
            for conversation in renderer.tx.conversations()? {
                for message in renderer.open_cards(&conversation)? {
                    // What I sent myself waits for others, whichever colleague began its line.
                    let row = renderer.tx.message(message)?;
                    rows.extend(
                        row.filter(|row| row.owner != renderer.context.me.owner.as_bytes()),
                    );
                }
            }
            rows.sort_by_key(|row| (std::cmp::Reverse(row.priority), row.received, row.seq));
            renderer.messages(&rows, None)
        })
    }

    /// Takes responsibility for a result, having read it back.
    ///
    /// # Errors
    /// `readback.mismatch` (recorded, and told to the sender), `readback.incomplete`, `result.superseded`,
    /// `result.withdrawn`, `role.not_allowed`, `session.locked`.
    pub fn acknowledge(&self, request: Acknowledge) -> Result<SendHandle, Error> {
        let engine = self.for_user()?;
        let values = request
            .values
            .into_iter()
            .map(|read| {
                (
                    read.observation.map(|number| number.saturating_sub(1)),
                    read.value,
                )
            })
            .collect();
        Ok(clinical::acknowledge(&engine, request.message, &values, &request.identifiers)?.into())
    }

    /// Declines a result, with a reason that its sender sees.
    ///
    /// # Errors
    /// As [`Client::acknowledge`].
    pub fn decline(&self, message: MessageId, reason: &str) -> Result<SendHandle, Error> {
        Ok(clinical::decline(&*self.for_user()?, message, reason)?.into())
    }

    /// Tells the sender, signed, that a card was displayed. Once.
    ///
    /// # Errors
    /// `message.not_found`, `session.locked`.
    pub fn mark_seen(&self, message: MessageId) -> Result<(), Error> {
        Ok(clinical::seen(&*self.for_user()?, message)?)
    }
}
