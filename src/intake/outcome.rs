//! How a push can end.

use crate::dialect::{Failure, RejectionKind};
use crate::telemetry::InboundOutcome;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PushOutcome {
    Accepted,
    /// Seen before: the stored answer was given again.
    Duplicate,
    /// Seen before with other content.
    Conflict,
    /// Understood, but not possible now.
    Refused,
    /// It could not be opened.
    Rejected(RejectionKind),
    /// Somebody else's copy of a message: too late, or to another interface.
    Replayed,
    /// From an address, or without a certificate, that the platform does not have.
    Forbidden,
    /// Too many of these.
    Limited,
    UnknownPlatform,
    NotPosted,
    TooLarge,
    Unfinished,
    Unavailable,
}

impl PushOutcome {
    /// The word in the store.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Rejected(kind) => kind.label(),
            Self::Replayed => "replayed",
            Self::Forbidden => "forbidden",
            Self::Limited => "limited",
            Self::UnknownPlatform => "unknown-platform",
            Self::NotPosted => "not-posted",
            Self::TooLarge => "too-large",
            Self::Unfinished => "unfinished",
            Self::Unavailable => "unavailable",
        }
    }

    /// Which of a platform's failure codes fits a push that could not be opened.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Rejected(kind) => kind.failure(),
            Self::Unavailable | Self::Limited => Failure::Unavailable,
            _ => Failure::Content,
        }
    }

    /// Whether nothing shows that a platform sent it.
    pub(super) fn is_strangers(&self) -> bool {
        match self {
            Self::Rejected(kind) => kind.is_unsigned(),
            Self::Forbidden | Self::UnknownPlatform | Self::NotPosted | Self::TooLarge | Self::Unfinished => {
                true
            }
            Self::Accepted
            | Self::Duplicate
            | Self::Conflict
            | Self::Refused
            | Self::Replayed
            | Self::Limited
            | Self::Unavailable => false,
        }
    }

    pub(super) fn metric(&self) -> InboundOutcome {
        match self {
            Self::Accepted => InboundOutcome::Accepted,
            Self::Duplicate => InboundOutcome::Duplicate,
            Self::Conflict => InboundOutcome::Conflict,
            Self::Refused => InboundOutcome::Refused,
            Self::Rejected(RejectionKind::BadDigest) => InboundOutcome::BadSign,
            Self::Rejected(RejectionKind::Stale) | Self::Replayed => InboundOutcome::Stale,
            Self::Forbidden => InboundOutcome::Forbidden,
            Self::Rejected(RejectionKind::UnknownInterface | RejectionKind::UnknownAppKey)
            | Self::UnknownPlatform => InboundOutcome::Unknown,
            Self::Rejected(_) | Self::NotPosted => InboundOutcome::Malformed,
            Self::TooLarge | Self::Unfinished | Self::Limited => InboundOutcome::Limited,
            Self::Unavailable => InboundOutcome::Failed,
        }
    }
}
