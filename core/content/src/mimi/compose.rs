//! The messages this product sends, built from typed values.

use super::{
    Disposition, Expiration, Extensions, ExternalPart, FHIR_JSON, MARKDOWN, MessageId, MimiContent,
    NestedPart, PLAIN, PartContent, STATEMENT,
};

/// Everything about a new message but its body.
impl MimiContent {
    fn with_body(salt: [u8; 16], extensions: Extensions, body: NestedPart) -> Self {
        Self {
            salt,
            replaces: None,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to: None,
            extensions,
            body,
        }
    }

    /// A text in GFM-MIMI markdown.
    #[must_use]
    pub fn text(salt: [u8; 16], extensions: Extensions, text: &str) -> Self {
        let body = NestedPart::single(Disposition::Render, MARKDOWN, text.as_bytes().to_vec());
        Self::with_body(salt, extensions, body)
    }

    /// A reaction to another message, typically one emoji.
    #[must_use]
    pub fn reaction(salt: [u8; 16], extensions: Extensions, to: MessageId, reaction: &str) -> Self {
        let body = NestedPart::single(Disposition::Reaction, PLAIN, reaction.as_bytes().to_vec());
        Self::with_body(salt, extensions, body).replying_to(to)
    }

    /// Takes a message back: an empty body that replaces it. `reaction` tells a withdrawn reaction from a message.
    #[must_use]
    pub fn retraction(
        salt: [u8; 16],
        extensions: Extensions,
        of: MessageId,
        reaction: bool,
    ) -> Self {
        let body = NestedPart {
            disposition: if reaction {
                Disposition::Reaction
            } else {
                Disposition::Render
            },
            language: String::new(),
            content: PartContent::Null,
        };
        Self::with_body(salt, extensions, body).replacing(of)
    }

    /// A result card, given as the bytes of [`crate::card::ResultCard::to_bytes`].
    #[must_use]
    pub fn card(salt: [u8; 16], extensions: Extensions, card: Vec<u8>) -> Self {
        Self::with_body(
            salt,
            extensions,
            NestedPart::single(Disposition::Render, FHIR_JSON, card),
        )
    }

    /// A signed statement, given as the bytes of [`crate::statement::Signed::encode`].
    #[must_use]
    pub fn statement(salt: [u8; 16], extensions: Extensions, signed: Vec<u8>) -> Self {
        let body = NestedPart::single(Disposition::Unspecified, STATEMENT, signed);
        Self::with_body(salt, extensions, body)
    }

    /// An attachment that lies in an encrypted blob.
    #[must_use]
    pub fn attachment(salt: [u8; 16], extensions: Extensions, external: ExternalPart) -> Self {
        let body = NestedPart {
            disposition: Disposition::Attachment,
            language: String::new(),
            content: PartContent::External(Box::new(external)),
        };
        Self::with_body(salt, extensions, body)
    }

    /// The same message, as an answer to another.
    #[must_use]
    pub fn replying_to(mut self, to: MessageId) -> Self {
        self.in_reply_to = Some(to);
        self
    }

    /// The same message, as an edit of another.
    #[must_use]
    pub fn replacing(mut self, edited: MessageId) -> Self {
        self.replaces = Some(edited);
        self
    }

    /// The same message, with an end.
    #[must_use]
    pub fn expiring(mut self, expires: Expiration) -> Self {
        self.expires = Some(expires);
        self
    }
}
