//! Results: sent, versioned, routed, read back, acknowledged, declined. The rules of the result loop that a device
//! applies before it signs.

mod answer;
mod error;
mod recipients;
mod routing;
pub mod send;
mod spread;
mod write;

pub use answer::{Values, acknowledge, decline, questions, seen};
pub use error::ClinicalError;
pub use send::{SentCard, To, parse, results};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
