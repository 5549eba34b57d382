//! What the messages of Sotto mean, as pure codecs.
//!
//! Nothing here reads a file, a clock or a random number: salts, ids, seeds and times are handed in, so that the same
//! input always gives the same bytes. Every decoder takes untrusted bytes, is bounded in depth and size, allocates in
//! proportion to its input and answers with a typed refusal that names the place, never the content.
//!
//! A result travels as a [`card::ResultCard`], made by [`hl7`] or [`fhir`], carried as one part of a
//! [`mimi::MimiContent`], read back through [`readback`] and answered by a signed [`statement`].

pub mod attachment;
pub mod card;
mod cbor;
pub mod decimal;
pub mod export;
pub mod fhir;
pub mod hash;
pub mod hl7;
pub mod id;
pub mod masking;
pub mod mimi;
pub mod moment;
pub mod padding;
pub mod readback;
pub mod refusal;
pub mod state;
pub mod statement;

pub use cbor::CborError;
