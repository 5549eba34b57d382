//! Logs. Only this program's own lines are ever written, at any level: libraries below would show headers, addresses and
//! bodies at their finest level, so they are off.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Config, LogFormat, LogLevel};

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
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let layer = match config.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // A second start could only happen in a test; the first one stays.
    let _first_stays = tracing_subscriber::registry().with(layer.with_filter(own)).try_init();
}
