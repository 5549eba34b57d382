//! The lost phone. An administrator orders it wiped; it obeys while it is locked, while it runs, or as soon as it is
//! started; what is left of it opens nothing, and what it certifies is what was done. What nobody may order does nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // a test that cannot go on fails; what was searched is part of the proof

mod crashes;
mod lies;
mod lost;
mod races;
mod returned;
mod ward;
