//! Intents: what this device has promised to send. A row is written in the transaction of the act it carries, leaves
//! with the same bytes on every attempt, and goes only when the relay's signed answer has been stored.

mod answer;
mod error;
mod file;
mod withdraw;

pub use answer::{end, known_already, queued, undelivered};
pub use error::OutboxError;
pub use file::{encrypt_ready, file, file_slot, keep};
pub use withdraw::withdraw;
