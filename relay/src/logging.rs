//! Logs. Only this program's own lines are ever written, at any level: libraries below would show headers, addresses and
//! bodies at their finest level, so they are off.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as lines};

use std::fmt::{self, Display};

use crate::config::{Config, LogFormat, LogLevel};

/// Marks a type whose printed form holds no id, address, token or byte of a body. Only such values pass the door.
pub(crate) trait LogSafe: Display {}

impl LogSafe for bool {}
impl LogSafe for usize {}
/// Text known at compile time.
impl LogSafe for &'static str {}

/// What kind of error it was: the operating system's kind or the engine's number, never its words.
pub(crate) struct Cause(Kind);

enum Kind {
    Io(std::io::ErrorKind),
    Engine(i32),
    Other,
}

impl Cause {
    /// Looks through an error and its causes.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                return Self(Kind::Io(io.kind()));
            }
            if let Some(rusqlite::Error::SqliteFailure(failure, _)) = error.downcast_ref() {
                return Self(Kind::Engine(failure.extended_code));
            }
            next = error.source();
        }
        Self(Kind::Other)
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Io(kind) => kind.fmt(f),
            Kind::Engine(code) => write!(f, "engine code {code}"),
            Kind::Other => f.write_str("other"),
        }
    }
}

impl LogSafe for Cause {}

/// Passes a value through the door.
pub(crate) fn safe<T: LogSafe>(value: T) -> T {
    value
}

/// Logs one event: a fixed label and named values that are [`LogSafe`]. Nothing else in this program writes to the log.
macro_rules! log_event {
    ($level:ident, $label:literal $(, $name:ident = $value:expr)* $(,)?) => {
        ::tracing::event!(
            ::tracing::Level::$level,
            $($name = %$crate::logging::safe($value),)*
            $label
        )
    };
}
pub(crate) use log_event;

/// Starts logging to standard error.
pub(crate) fn start(config: &Config) {
    let level = match config.log {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let own = Targets::new().with_target("sotto_relay", level);
    let lines = lines::layer().with_writer(std::io::stderr).with_ansi(false);
    let layer = match config.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // A second start could only happen in a test; the first one stays.
    let _first_stays = tracing_subscriber::registry()
        .with(layer.with_filter(own))
        .try_init();
}
