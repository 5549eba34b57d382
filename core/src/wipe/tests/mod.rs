//! A phone that is locked, and everybody who would have it wiped or keep it from wiping itself. What needs a relay is
//! proven over a real one, by the whole-system tests.

pub(crate) mod fixture;
mod keeping;
mod orders;
mod steps;
