use std::io;

use super::{Error, ErrorKind};
use crate::admin::AdminError;
use crate::clinical::ClinicalError;
use crate::conversation::ConversationError;
use crate::enrol::EnrolError;
use crate::inbox::InboxError;
use crate::store::StoreError;
use crate::sync::SyncError;
use crate::timeline::TimelineError;
use crate::transport::{NetworkError, TransportError};

#[test]
fn a_cause_keeps_its_class_through_every_floor() {
    let unreached = || TransportError::Network(NetworkError::Connect);
    let full = || StoreError::DiskFull { doing: "writing" };
    for (error, kind, code) in [
        (
            Error::from(EnrolError::Sync(unreached().into())),
            ErrorKind::Network,
            "relay.unreachable",
        ),
        (
            AdminError::Sync(unreached().into()).into(),
            ErrorKind::Network,
            "relay.unreachable",
        ),
        (
            ClinicalError::from(ConversationError::Sync(unreached().into())).into(),
            ErrorKind::Network,
            "relay.unreachable",
        ),
        (
            SyncError::Inbox(InboxError::Store(full())).into(),
            ErrorKind::Internal,
            "store.disk_full",
        ),
        (
            SyncError::Timeline(TimelineError::Store(full())).into(),
            ErrorKind::Internal,
            "store.disk_full",
        ),
        (
            AdminError::NoOwner.into(),
            ErrorKind::NotFound,
            "admin.no_owner",
        ),
        (
            AdminError::UnknownRole.into(),
            ErrorKind::NotFound,
            "admin.unknown_role",
        ),
        (
            AdminError::Text("name").into(),
            ErrorKind::BadInput,
            "admin.text",
        ),
        (
            AdminError::Item {
                number: 2,
                cause: Box::new(AdminError::UnknownRole),
            }
            .into(),
            ErrorKind::NotFound,
            "admin.unknown_role",
        ),
        (EnrolError::Link.into(), ErrorKind::BadInput, "enrol.link"),
        (
            EnrolError::InvitationUnknown.into(),
            ErrorKind::NotFound,
            "enrol.invitation_unknown",
        ),
        (
            EnrolError::WordsWrong.into(),
            ErrorKind::Refused,
            "enrol.words_wrong",
        ),
        (
            ConversationError::File(io::ErrorKind::NotFound).into(),
            ErrorKind::NotFound,
            "file.not_found",
        ),
        (
            TransportError::Local(io::ErrorKind::StorageFull).into(),
            ErrorKind::Internal,
            "disk.full",
        ),
    ] {
        assert_eq!((error.kind(), error.code()), (kind, code));
        assert!(!error.to_string().is_empty());
    }
}
