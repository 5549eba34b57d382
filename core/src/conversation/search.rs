//! Finding messages by words. What people type is words, not an expression of the index's own language.

use super::ConversationError;
use crate::store::table::message::MessageRow;
use crate::sync::Engine;

/// The match expression for typed words: every word must occur, the last one as a beginning.
fn expression(typed: &str) -> Option<String> {
    let words: Vec<String> = typed
        .split_whitespace()
        .map(|word| word.replace('"', ""))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{word}\""))
        .collect();
    let last = words.last()?.clone() + "*";
    let rest = &words[..words.len() - 1];
    Some(
        rest.iter()
            .cloned()
            .chain([last])
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// Messages with all the words, newest first.
///
/// # Errors
/// [`ConversationError`].
pub fn search(
    engine: &Engine,
    typed: &str,
    limit: u32,
) -> Result<Vec<MessageRow>, ConversationError> {
    let Some(expression) = expression(typed) else {
        return Err(ConversationError::Empty);
    };
    Ok(engine.read(|tx, _| Ok(tx.search_messages(&expression, limit)?))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_never_an_expression() {
        assert_eq!(
            expression("Kalium 6.8").as_deref(),
            Some("\"Kalium\" \"6.8\"*")
        );
        assert_eq!(
            expression("a OR \"b\" NEAR(c)").as_deref(),
            Some("\"a\" \"OR\" \"b\" \"NEAR(c)\"*")
        );
        assert_eq!(expression("  \" - "), None);
    }
}
