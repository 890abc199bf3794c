//! What metrics are told apart by: enums for what callers report, and the sets of labels they become.

use prometheus_client::encoding::EncodeLabelSet;

/// How a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundOutcome {
    Accepted,
    /// Seen before: the stored answer was given again.
    Duplicate,
    /// Seen before with other content.
    Conflict,
    /// Read and understood, but the guarantee's state does not allow it.
    Refused,
    BadSign,
    /// Outside the window around the sender's time.
    Stale,
    Malformed,
    /// No such platform or interface.
    Unknown,
    /// Turned away by a limit of size or rate.
    Limited,
    /// From an address, or without a certificate, that the platform does not have.
    Forbidden,
    /// Our own fault: nothing was recorded as accepted.
    Failed,
}

impl InboundOutcome {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::BadSign => "bad_sign",
            Self::Stale => "stale",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Limited => "limited",
            Self::Forbidden => "forbidden",
            Self::Failed => "failed",
        }
    }
}

/// How one call to a platform ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    Ok,
    /// The platform answered in its own form, and said no.
    Rejected,
    /// The platform answered with an HTTP status or a body that is no answer.
    Http,
    Timeout,
    /// No connection, or it was cut.
    Connection,
    Tls,
    /// Our own guard forbids the call.
    Refused,
}

impl AttemptResult {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rejected => "rejected",
            Self::Http => "http",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Refused => "refused",
        }
    }
}

/// How a request for a document under a link was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadResult {
    Whole,
    Part,
    /// The asker has the document already.
    Unchanged,
    /// Asked about, not for: HEAD.
    Described,
    /// A range outside the document.
    Unsatisfiable,
    /// No link has this token.
    Unknown,
    Expired,
    /// Asked too often, or by somebody who tries tokens.
    Limited,
    /// The link is open, but the archive has no such document.
    Missing,
    /// Our own fault.
    Failed,
}

impl DownloadResult {
    /// The word for it, as a metric's label and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
            Self::Unchanged => "unchanged",
            Self::Described => "described",
            Self::Unsatisfiable => "unsatisfiable",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Limited => "limited",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

/// Who signs, where it is not this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureSource {
    /// A service that is asked over HTTP.
    Service,
    /// A cryptographic device whose library is loaded.
    Device,
}

impl SignatureSource {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Device => "device",
        }
    }
}

/// What became of a digest that was to be signed outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureResult {
    Ok,
    /// It will not sign until somebody has mended something.
    Refused,
    /// It was not there, or too busy, for as long as it was waited for.
    Unavailable,
    /// What came back can't be read as a signature.
    Unusable,
    /// A signature, but not by the key that it should be by.
    Wrong,
}

impl SignatureResult {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Unusable => "unusable",
            Self::Wrong => "wrong",
        }
    }
}

/// How many jobs of one kind are in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCount {
    pub kind: String,
    pub state: String,
    pub count: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PushLabels {
    pub(super) platform: String,
    pub(super) interface: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AttemptLabels {
    pub(super) platform: String,
    pub(super) interface: String,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct JobLabels {
    pub(super) kind: String,
    pub(super) state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct JobKind {
    pub(super) kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct GuaranteeLabels {
    pub(super) platform: String,
    pub(super) state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PlatformLabel {
    pub(super) platform: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ChunkLabels {
    pub(super) platform: String,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DownloadLabels {
    pub(super) platform: String,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct SignatureLabels {
    pub(super) source: &'static str,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ApiLabels {
    pub(super) resource: String,
    pub(super) method: &'static str,
    pub(super) status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LimitLabel {
    pub(super) limit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DifferenceLabels {
    pub(super) platform: String,
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AlarmKind {
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AlarmLabels {
    pub(super) rule: &'static str,
    pub(super) severity: &'static str,
}

/// Of a certificate or a folder, by a word of the code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct NameLabel {
    pub(super) name: &'static str,
}

/// Of a metric that is not shown before it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct NoLabels {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildLabels {
    pub(super) version: &'static str,
    pub(super) commit: &'static str,
}
