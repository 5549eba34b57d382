//! The drop folder: a laboratory system writes a file, an answer appears beside it, the file moves on. Nothing is lost
//! or sent twice, wherever the process dies:
//!
//! ```text
//! DIR/x.hl7  ──(complete)──►  DIR/.taken/x.hl7  ──(stored by core)──►  DIR/x.hl7.ack  ──►  DIR/done/x.hl7
//!                                                └──(refused)───────►  DIR/x.hl7.ack  ──►  DIR/refused/x.hl7
//! ```
//!
//! Each arrow is one rename or one synced file. A file found in `.taken` at a start is posted again; core recognises what
//! it has sent, so the second time makes the same answer and no second message. Taking the file out of the folder
//! first means that a new file of the same name can never be mistaken for the one that was sent.

mod answer;
mod folder;
mod post;
mod watch;
mod worker;

pub(crate) use folder::Folder;
pub(crate) use post::ClientPost;
pub(crate) use worker::{FileEvent, Worker};
