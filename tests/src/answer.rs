//! What a command answered.

use serde_json::Value;

/// A command that has ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output as it is.
    pub stdout: Vec<u8>,
    /// Standard error as it is.
    pub stderr: String,
}

impl Answer {
    /// The document on standard output; `Null` where there is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.stdout.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "no JSON ({error}): {}",
                String::from_utf8_lossy(&self.stdout)
            )
        })
    }

    /// The error's code, such as `relay.unreachable`; empty where there is none.
    #[must_use]
    pub fn error(&self) -> String {
        self.said("error")
    }

    /// The code of the last remark, such as `relay.later`; empty where there is none.
    #[must_use]
    pub fn note(&self) -> String {
        self.said("note")
    }

    fn said(&self, kind: &str) -> String {
        let lines = self.stderr.lines().rev();
        let mut documents = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = documents.find_map(|document| document.get(kind).cloned());
        found
            .and_then(|one| one["code"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Panics unless the command succeeded.
    #[must_use]
    #[track_caller]
    pub fn good(self) -> Self {
        assert_eq!(
            self.code,
            Some(0),
            "signal {:?}: {}{}",
            self.signal,
            self.tail(),
            String::from_utf8_lossy(&self.stdout)
        );
        self
    }

    /// Panics unless the command failed with this exit code and this error.
    #[track_caller]
    pub fn refused(self, code: i32, error: &str) {
        assert_eq!(
            (self.code, self.error().as_str()),
            (Some(code), error),
            "{}",
            self.tail()
        );
    }

    /// The end of standard error: logs may be long.
    fn tail(&self) -> &str {
        let from = self
            .stderr
            .char_indices()
            .rev()
            .nth(4_000)
            .map_or(0, |(at, _)| at);
        &self.stderr[from..]
    }
}
