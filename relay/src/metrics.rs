//! What an operator may watch: counts of states, never an id. Each milestone of what the relay keeps is a counter, so a
//! lost message would show as a difference.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sotto_wire::{ErrorCode, WireError};

use crate::store::Milestone;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outcome {
    Done,
    Refused(ErrorCode),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MilestoneLabels {
    milestone: Named,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Named(Milestone);

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Done => encoder_write(encoder, format_args!("done")),
            Self::Refused(code) => encoder_write(encoder, format_args!("{code:?}")),
        }
    }
}

impl EncodeLabelValue for Named {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder_write(encoder, format_args!("{:?}", self.0))
    }
}

fn encoder_write(
    encoder: &mut LabelValueEncoder<'_>,
    text: std::fmt::Arguments<'_>,
) -> Result<(), std::fmt::Error> {
    std::fmt::Write::write_fmt(encoder, text)
}

/// The counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    operations: Family<OperationLabels, Counter>,
    milestones: Family<MilestoneLabels, Counter>,
    commits: Histogram,
    /// Connections open now.
    pub(crate) connections: Gauge,
    /// Live sockets open now.
    pub(crate) sockets: Gauge,
    /// Sessions running now.
    pub(crate) sessions: Gauge<u64, AtomicU64>,
    /// 1 while nothing new is taken because the disk is nearly full.
    pub(crate) storage_full: Gauge,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("sotto_relay");
        let operations = Family::default();
        let milestones = Family::default();
        let commits = Histogram::new([
            1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0,
        ]);
        let connections = Gauge::default();
        let sockets = Gauge::default();
        let sessions = Gauge::<u64, AtomicU64>::default();
        let storage_full = Gauge::default();
        registry.register("operations", "Operations by outcome", operations.clone());
        registry.register(
            "milestones",
            "What the relay keeps, by the state it reached",
            milestones.clone(),
        );
        registry.register(
            "commit_operations",
            "Operations that shared one commit",
            commits.clone(),
        );
        registry.register("connections", "Connections open now", connections.clone());
        registry.register("live_sockets", "Live sockets open now", sockets.clone());
        registry.register("sessions", "Sessions running now", sessions.clone());
        registry.register(
            "storage_full",
            "1 while nothing new is taken",
            storage_full.clone(),
        );
        Self {
            registry,
            operations,
            milestones,
            commits,
            connections,
            sockets,
            sessions,
            storage_full,
        }
    }

    /// An operation was answered.
    pub(crate) fn answered(&self, operation: &'static str, result: Result<(), &WireError>) {
        let outcome = result.map_or_else(|error| Outcome::Refused(error.code), |()| Outcome::Done);
        self.operations
            .get_or_create(&OperationLabels { operation, outcome })
            .inc();
    }

    /// So many reached a milestone.
    pub(crate) fn reached(&self, milestone: Milestone, n: u64) {
        self.milestones
            .get_or_create(&MilestoneLabels {
                milestone: Named(milestone),
            })
            .inc_by(n);
    }

    /// So many operations shared one commit.
    #[allow(clippy::cast_precision_loss, reason = "at most 2,048")]
    pub(crate) fn committed(&self, operations: usize) {
        self.commits.observe(operations as f64);
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_states_and_outcomes() {
        let metrics = Metrics::new();
        metrics.answered("submit", Ok(()));
        metrics.answered("submit", Err(&ErrorCode::StorageFull.into()));
        metrics.reached(Milestone::EntryAcknowledged, 3);
        let text = metrics.text().unwrap();
        assert!(
            text.contains(r#"sotto_relay_operations_total{operation="submit",outcome="done"} 1"#),
            "{text}"
        );
        assert!(text.contains(r#"outcome="StorageFull"} 1"#), "{text}");
        assert!(
            text.contains(r#"milestone="EntryAcknowledged"} 3"#),
            "{text}"
        );
    }
}
