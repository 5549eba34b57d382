//! What callers hand in and get back is content. Its `Debug` says which type it is, and nothing else: a shell that logs
//! what it handles logs no patient.

/// `Debug` that names the type alone.
macro_rules! redacted {
    ($($name:ident),* $(,)?) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })*
    };
}
