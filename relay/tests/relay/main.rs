//! The relay as its devices meet it: a real process, on loopback, behind TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod blobs;
mod channels;
mod client;
mod crash;
mod deliveries;
mod grants;
mod key_packages;
mod limits;
mod live;
mod mailboxes;
mod operator;
mod process;
mod restart;
mod roster;
mod slots;
mod surface;
mod world;
