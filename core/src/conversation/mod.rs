//! Conversations as people use them: make one, change who is in it, write, answer, react, correct oneself, attach, find.

mod attach;
mod error;
pub mod members;
mod search;
pub mod send;

pub use attach::{attach, save};
pub use error::ConversationError;
pub use members::{add, direct, new_group, remove};
pub use search::search;
pub use send::{Sent, Text};
