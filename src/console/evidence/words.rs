//! Evidence in words: keys of texts.

use crate::store::evidence::State;

/// The word for how far a file has come, and the look of its badge.
pub(super) fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Asked => ("quarantine.state_asked", "badge-warn"),
        State::Fetched => ("quarantine.state_fetched", "badge-good"),
        State::Refused => ("quarantine.state_refused", "badge-bad"),
        State::Failed => ("quarantine.state_failed", "badge-bad"),
    }
}

/// Why there is no file.
pub(super) fn reason_words(reason: &str) -> &'static str {
    match reason {
        "no-address" | "credentials" => "quarantine.reason_address",
        "host" => "quarantine.reason_host",
        "private" | "loopback" | "shared" | "link-local" | "metadata" | "wrapped" | "documentation"
        | "multicast" | "unspecified" | "reserved" => "quarantine.reason_private",
        "redirect" => "quarantine.reason_redirect",
        "encoding" => "quarantine.reason_encoding",
        "too-large" => "quarantine.reason_too_large",
        "type" => "quarantine.reason_type",
        "content" => "quarantine.reason_content",
        "active" => "quarantine.reason_active",
        "timeout" => "quarantine.reason_timeout",
        "unreachable" => "quarantine.reason_unreachable",
        "broken" => "quarantine.reason_broken",
        _ => "quarantine.reason_status",
    }
}
