//! The only code of Sotto that ever sees plaintext. A device = one core + one encrypted store + one MLS leaf per
//! conversation.
//!
//! Shells and integrators use [`Client`] and the plain types beside it: that is the API, and what semantic versioning
//! speaks about (minimum supported Rust: 1.91). The floors below it are public for documentation and tests, not for
//! use: they change without notice.
//!
//! Floors, from the ground up: `base`, `vault` and `transport`, `store`, `audit`, `roster` and `mls`, `membership`,
//! `timeline`, `inbox` and `outbox`, `sync`, `enrol` and `wipe`, `conversation`, `clinical` and `admin`, `client`. Imports
//! go down only; `cargo xtask tidy` proves it.

pub mod admin;
pub mod audit;
pub mod base;
pub mod client;
pub mod clinical;
pub mod conversation;
pub mod enrol;
pub mod history;
pub mod inbox;
pub mod membership;
pub mod mls;
pub mod outbox;
pub mod roster;
pub mod store;
pub mod sync;
pub mod timeline;
pub mod transport;
pub mod vault;
pub mod wipe;

pub use base::{ConversationId, DeviceId, InvitationId, MessageId, Owner, PersonId, PlaceId};
pub use client::*;
