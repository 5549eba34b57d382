//! One small file per table: the only SQL outside the migrations. Reading functions are methods of
//! [`ReadTx`](super::ReadTx), changing ones of [`WriteTx`](super::WriteTx), so both work inside a write.

pub mod attachment;
pub mod audit;
pub mod card;
pub mod conversation;
pub mod device;
pub mod held;
pub mod history;
pub mod membership;
pub mod message;
pub mod meta;
pub mod patient;
pub mod queue;
pub mod roster;
pub mod state;
pub mod waiting;
