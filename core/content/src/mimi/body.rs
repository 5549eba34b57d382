//! What a received message means to this product.

use super::{
    Disposition, ExternalPart, FHIR_JSON, MessageId, MimiContent, NestedPart, PartContent,
    PartSemantics, STATEMENT,
};

/// The meaning of a message, borrowed from it.
#[derive(Clone, PartialEq)]
pub enum Meaning<'a> {
    /// A text; `edits` names the message it replaces.
    Text {
        /// The text, shown as text.
        text: &'a str,
        /// The message it replaces.
        edits: Option<MessageId>,
    },
    /// A reaction to another message.
    Reaction {
        /// The message reacted to.
        to: MessageId,
        /// The reaction.
        reaction: &'a str,
    },
    /// Takes back a message or a reaction.
    Retraction {
        /// What is taken back.
        of: MessageId,
    },
    /// Bytes of a result card, not yet decoded.
    Card(&'a [u8]),
    /// Bytes of a signed statement, not yet decoded.
    Statement(&'a [u8]),
    /// An attachment.
    Attachment(&'a ExternalPart),
    /// Several parts that all count.
    Several(Vec<Meaning<'a>>),
    /// Something this version does not show; said as such, never dropped in silence.
    Unknown,
}

/// Content is never printed.
impl std::fmt::Debug for Meaning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text(..)",
            Self::Reaction { .. } => "Reaction(..)",
            Self::Retraction { .. } => "Retraction(..)",
            Self::Card(_) => "Card(..)",
            Self::Statement(_) => "Statement(..)",
            Self::Attachment(_) => "Attachment(..)",
            Self::Several(_) => "Several(..)",
            Self::Unknown => "Unknown",
        })
    }
}

impl MimiContent {
    /// What the message means.
    #[must_use]
    pub fn meaning(&self) -> Meaning<'_> {
        self.meaning_of(&self.body)
    }

    fn meaning_of<'a>(&'a self, part: &'a NestedPart) -> Meaning<'a> {
        match &part.content {
            PartContent::Null => match self.replaces {
                Some(of) => Meaning::Retraction { of },
                None => Meaning::Unknown,
            },
            PartContent::External(external) => Meaning::Attachment(external),
            PartContent::Single {
                content_type,
                content,
            } => self.single(part.disposition, content_type, content),
            PartContent::Multi {
                semantics: PartSemantics::ChooseOne,
                parts,
            } => parts
                .iter()
                .map(|part| self.meaning_of(part))
                .find(|meaning| *meaning != Meaning::Unknown)
                .unwrap_or(Meaning::Unknown),
            PartContent::Multi { semantics, parts } => {
                let all: Vec<_> = parts.iter().map(|part| self.meaning_of(part)).collect();
                if *semantics == PartSemantics::SingleUnit && all.contains(&Meaning::Unknown) {
                    return Meaning::Unknown;
                }
                Meaning::Several(all)
            }
        }
    }

    fn single<'a>(
        &'a self,
        disposition: Disposition,
        content_type: &str,
        content: &'a [u8],
    ) -> Meaning<'a> {
        // Parameters after the essence do not change what a part is.
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let text = std::str::from_utf8(content);
        if disposition == Disposition::Reaction {
            return match (self.in_reply_to, text) {
                (Some(to), Ok(reaction)) => Meaning::Reaction { to, reaction },
                _ => Meaning::Unknown,
            };
        }
        if essence.eq_ignore_ascii_case(FHIR_JSON) {
            return Meaning::Card(content);
        }
        if essence.eq_ignore_ascii_case(STATEMENT) {
            return Meaning::Statement(content);
        }
        let textual = ["text/markdown", "text/plain"]
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known));
        match text {
            Ok(text) if textual => Meaning::Text {
                text,
                edits: self.replaces,
            },
            _ => Meaning::Unknown,
        }
    }
}
