//! What a verification found, in the words of the page.

use crate::document::preview::LeftOut;
use crate::seal::verify::{Outcome, Report, SecondOpinion, SignatureReport, Verdict};

/// The key of a word and the look of its badge.
pub(super) type Word = (&'static str, &'static str);

pub(super) fn verdict(report: &Report) -> Word {
    match report.verdict {
        Verdict::Valid => ("letters.valid", "badge-good"),
        Verdict::Untrusted => ("letters.untrusted", "badge-warn"),
        Verdict::Invalid => ("letters.invalid", "badge-bad"),
        Verdict::Unsigned => ("letters.unsigned", "badge-bad"),
    }
}

pub(super) fn outcome(outcome: Outcome) -> Word {
    match outcome {
        Outcome::Passed => ("letters.passed", "badge-good"),
        Outcome::Warning => ("letters.warning", "badge-warn"),
        Outcome::Failed => ("letters.failed", "badge-bad"),
    }
}

pub(super) fn coverage(report: &Report) -> Word {
    match report.covers_whole_file() {
        Some(true) => ("letters.covered", "badge-good"),
        Some(false) => ("letters.not_covered", "badge-bad"),
        None => ("letters.not_looked_at", "badge-idle"),
    }
}

pub(super) fn second_opinion(signature: &SignatureReport) -> Word {
    match signature.second_opinion {
        Some(SecondOpinion::Accepted) => ("letters.both_accept", "badge-good"),
        Some(SecondOpinion::Refused) => ("letters.both_refuse", "badge-bad"),
        Some(SecondOpinion::Split) => ("letters.split", "badge-bad"),
        None => ("letters.not_asked", "badge-idle"),
    }
}

/// What a picture lacks.
pub(super) fn lacking(what: LeftOut) -> &'static str {
    match what {
        LeftOut::Character => "letters.lacks_character",
        LeftOut::OwnFont => "letters.lacks_font",
        LeftOut::Shading => "letters.lacks_shading",
        LeftOut::Picture => "letters.lacks_picture",
        LeftOut::Seal => "letters.lacks_seal",
        LeftOut::Object => "letters.lacks_object",
    }
}
