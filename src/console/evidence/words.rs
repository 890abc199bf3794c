//! Evidence in words: keys of texts.

use crate::store::evidence::State;

/// The word for how far a file has come, and the look of its badge.
pub(super) fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Asked => ("evidence.state_asked", "badge-warn"),
        State::Fetched => ("evidence.state_fetched", "badge-good"),
        State::Refused => ("evidence.state_refused", "badge-bad"),
        State::Failed => ("evidence.state_failed", "badge-bad"),
    }
}

/// Why there is no file.
pub(super) fn reason_words(reason: &str) -> &'static str {
    match reason {
        "no-address" | "credentials" => "evidence.reason_address",
        "host" => "evidence.reason_host",
        "private" | "loopback" | "shared" | "link-local" | "metadata" | "wrapped" | "documentation"
        | "multicast" | "unspecified" | "reserved" => "evidence.reason_private",
        "redirect" => "evidence.reason_redirect",
        "encoding" => "evidence.reason_encoding",
        "too-large" => "evidence.reason_too_large",
        "type" => "evidence.reason_type",
        "content" => "evidence.reason_content",
        "active" => "evidence.reason_active",
        "timeout" => "evidence.reason_timeout",
        "unreachable" => "evidence.reason_unreachable",
        "broken" => "evidence.reason_broken",
        _ => "evidence.reason_status",
    }
}
