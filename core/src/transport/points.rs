//! The named points around each request at which a test may end the process: `transport.before_send` and
//! `transport.after_answer` for any request, `transport.<operation>.before_send` and `.after_answer` for one kind, for
//! example `transport.roster/append.before_send`.

#[cfg(any(test, feature = "crash-points"))]
macro_rules! points {
    ($($name:literal)*) => {
        &[$(($name, concat!("transport.", $name, ".before_send"), concat!("transport.", $name, ".after_answer"))),*]
    };
}

#[cfg(any(test, feature = "crash-points"))]
const POINTS: &[(&str, &str, &str)] = points! {
    "info" "tenant/register" "mailbox/open" "session/challenge" "session/start" "alias/create" "alias/drop" "submit"
    "slot/create" "slot/advance" "slot/read" "mailbox/fetch" "mailbox/ack" "receipts/collect" "roster/append"
    "roster/read" "roster/rotate" "roster/seals" "attestation/put" "attestation/get" "kp/publish" "kp/claim"
    "grant/create" "grant/take" "grant/request" "grant/status" "grant/answer" "grant/poll" "grant/drop" "blob/create"
    "blob/status" "blob/link" "blob/put" "blob/get" "live/connect" "live/recv" "live/ack" "channel/open"
    "channel/challenge" "channel/poll" "channel/certify" "channel/collect" "channel/done"
};

/// A request is about to leave.
#[cfg(feature = "crash-points")]
pub(super) fn before_send(name: &str) {
    crate::base::crash::point("transport.before_send");
    if let Some((_, before, _)) = POINTS.iter().find(|(known, _, _)| *known == name) {
        crate::base::crash::point(before);
    }
}

/// Its answer has arrived, whole.
#[cfg(feature = "crash-points")]
pub(super) fn after_answer(name: &str) {
    crate::base::crash::point("transport.after_answer");
    if let Some((_, _, after)) = POINTS.iter().find(|(known, _, _)| *known == name) {
        crate::base::crash::point(after);
    }
}

/// A request is about to leave.
#[cfg(not(feature = "crash-points"))]
pub(super) const fn before_send(_: &str) {}

/// Its answer has arrived, whole.
#[cfg(not(feature = "crash-points"))]
pub(super) const fn after_answer(_: &str) {}

/// The name of an operation's points: its path without the version.
pub(super) fn name(path: &'static str) -> &'static str {
    path.strip_prefix("/v1/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_points() {
        for operation in sotto_wire::OPERATIONS {
            assert!(
                POINTS
                    .iter()
                    .any(|(known, _, _)| *known == name(operation.path)),
                "{}",
                operation.path
            );
        }
    }
}
