//! The text under a message's digest, and where it differs from what the other side may have digested.

use super::difference::{Piece, Side, difference};
use super::masking::{Mask, beginning};
use crate::console::frame::Frame;
use crate::dialect::Profile;
use crate::dialect::explain::{Candidate, Difference};

/// As much of a digest as tells two of them apart.
const TOLD_APART: usize = 8;

/// So many ways are shown.
const MOST: usize = 6;

/// How a message's digest came about, in words.
pub(super) struct DigestView {
    pub pre_image: String,
    /// What we make of it; of one that the message does not have only the beginning, since the whole would be all that a
    /// forged message lacks.
    pub digest: String,
    /// What the message says.
    pub given: Option<String>,
    pub matches: bool,
    /// The tolerances by which it matches.
    pub tolerances: Vec<String>,
    pub candidates: Vec<CandidateView>,
    /// Whether the message's digest is that of the candidates; otherwise they are what was tried.
    pub candidates_match: bool,
}

pub(super) struct CandidateView {
    /// What is different, in words.
    pub differences: Vec<String>,
    /// What would have to stand in the settings, where that is what is different.
    pub settings: Vec<String>,
    pieces: Vec<Piece>,
}

impl CandidateView {
    /// Where it stands and its text: `same`, `ours` or `theirs`.
    pub fn pieces(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.pieces.iter().map(|(side, text)| {
            let side = match side {
                Side::Both => "same",
                Side::Left => "ours",
                Side::Right => "theirs",
            };
            (side, text.as_str())
        })
    }
}

/// None where a message has no text of fields that could be digested.
pub(super) fn explained(frame: &Frame, profile: &Profile, body: &[u8], mask: &Mask) -> Option<DigestView> {
    let explanation = profile.explain_veiled(None, body, mask)?;
    let candidates = explanation.candidates.iter().take(MOST);
    let candidates = candidates.map(|candidate| view(frame, &explanation.pre_image, candidate)).collect();
    let digest = match explanation.matches {
        Some(_) => explanation.digest,
        None => beginning(&explanation.digest, TOLD_APART),
    };
    Some(DigestView {
        candidates,
        candidates_match: explanation.candidates_match,
        matches: explanation.matches.is_some(),
        tolerances: explanation.matches.unwrap_or_default().iter().map(ToString::to_string).collect(),
        pre_image: explanation.pre_image,
        digest,
        given: explanation.given,
    })
}

fn view(frame: &Frame, ours: &str, candidate: &Candidate) -> CandidateView {
    let differences = candidate.differences.iter().map(|difference| match difference {
        Difference::Option { name, value } => frame.say(option_words(name), &[("value", value)]),
        Difference::LeftOut(field) => frame.say("guarantees.differs_left_out", &[("field", field)]),
        Difference::ShortNumbers => frame.t("guarantees.differs_short_numbers").to_owned(),
        Difference::Trimmed => frame.t("guarantees.differs_trimmed").to_owned(),
    });
    let settings = candidate.differences.iter().filter_map(|difference| match difference {
        Difference::Option { name, value } => Some(format!("digest.{name} = \"{value}\"")),
        _ => None,
    });
    CandidateView {
        differences: differences.collect(),
        settings: settings.collect(),
        pieces: difference(ours, &candidate.pre_image),
    }
}

fn option_words(name: &str) -> &'static str {
    match name {
        "empties" => "guarantees.differs_empties",
        "order" => "guarantees.differs_order",
        "pair" => "guarantees.differs_pair",
        "algorithm" => "guarantees.differs_algorithm",
        _ => "guarantees.differs_frame",
    }
}
