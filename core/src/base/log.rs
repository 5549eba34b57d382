//! The only door to the log. What may pass is a type's decision, not a caller's hope: a value is loggable only if it
//! implements [`LogSafe`], and only counts, codes and labels do.

use std::fmt::Display;

/// Marks a type whose printed form holds no content, no identifier, no key and no address.
pub trait LogSafe: Display {}

impl LogSafe for u16 {}
impl LogSafe for u32 {}
impl LogSafe for u64 {}
impl LogSafe for usize {}
impl LogSafe for i64 {}
impl LogSafe for bool {}
/// Text known at compile time cannot hold a patient's name.
impl LogSafe for &'static str {}

/// Passes a value through the door; fails to compile for anything that is not [`LogSafe`].
pub fn safe<T: LogSafe>(value: T) -> T {
    value
}

/// Logs one event: a fixed label and named values that are [`LogSafe`].
#[macro_export]
macro_rules! log_event {
    ($level:ident, $label:literal $(, $name:ident = $value:expr)* $(,)?) => {
        ::tracing::event!(
            target: "sotto",
            ::tracing::Level::$level,
            $($name = %$crate::base::log::safe($value),)*
            $label
        )
    };
}
