//! One guarantee: what it is, where it stands, what is wrong with it, and all that happened.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use jiff::Timestamp;

use super::history::History;
use super::masking::{beginning, party};
use super::sight::{Sight, Wish, sight};
use super::timeline::{Entry, timeline};
use super::words::{self, Look};
use crate::casework::Platform;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::queue::job::try_again;
use crate::console::queue::words::{cause_words, kind_words};
use crate::console::{Console, Failure};
use crate::domain::Guarantee;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::GuaranteeId;
use crate::store::documents::{DATA_FORMAT, Document};
use crate::store::jobs::{JobId, Record};
use crate::store::proposals::Subject;
use crate::telemetry::Masked;

#[derive(Template)]
#[template(path = "console/guarantees/one.html")]
struct OnePage {
    frame: Frame,
    one: One,
}

/// What of the page changes while somebody looks at it.
#[derive(Template)]
#[template(path = "console/guarantees/live.html")]
struct LivePart {
    frame: Frame,
    one: One,
}

/// A guarantee as pages show it.
struct One {
    history: History,
    platform: Option<Arc<Platform>>,
    entries: Vec<Entry>,
    failures_only: bool,
    hidden: usize,
    sight: Sight,
}

/// A line of the head: the key of its name, its value, and whether that is a number or code.
type Fact = (&'static str, String, bool);

impl One {
    fn of(
        frame: &Frame,
        history: History,
        platform: Option<Arc<Platform>>,
        failures_only: bool,
        sight: Sight,
    ) -> Self {
        let profile = platform.as_ref().map(|platform| platform.profile.as_ref());
        let mut entries = timeline(frame, &history, profile);
        let all = entries.len();
        if failures_only {
            entries.retain(|entry| entry.look.is_failure());
        }
        let hidden = all.saturating_sub(entries.len());
        Self { hidden, history, platform, entries, failures_only, sight }
    }

    fn guarantee(&self) -> &Guarantee {
        &self.history.guarantee
    }

    fn stage(&self) -> (&'static str, Look) {
        words::stage(self.guarantee().stage)
    }

    fn awaits(&self) -> Vec<&'static str> {
        self.guarantee().awaits().into_iter().map(words::awaited).collect()
    }

    fn platform(&self) -> String {
        let id = &self.guarantee().platform;
        self.platform.as_ref().map_or_else(|| id.to_string(), |it| it.profile.title().to_owned())
    }

    /// Whether a claim names files.
    fn has_evidence(&self) -> bool {
        self.guarantee().claim.as_ref().is_some_and(|claim| !claim.request.evidence.is_empty())
    }

    /// When the plaintext letter is due, while it is.
    fn deadline(&self) -> Option<Timestamp> {
        let guarantee = self.guarantee();
        let delivered = guarantee.letter(LetterKind::Merged).and_then(|letter| letter.delivered_at);
        let opening = guarantee.opening.as_ref().filter(|_| delivered.is_none());
        opening.filter(|_| !guarantee.stage.is_ended()).map(|opening| opening.deadline)
    }

    fn is_late(&self, frame: &Frame) -> bool {
        self.deadline().is_some_and(|deadline| deadline < frame.now)
    }

    fn dead(&self) -> Vec<&Record> {
        self.history.dead().collect()
    }

    fn kind(&self, job: &Record) -> &'static str {
        kind_words(&job.kind)
    }

    fn cause(&self, job: &Record) -> &'static str {
        cause_words(job.cause.as_deref().unwrap_or_default())
    }

    fn detail(&self, job: &Record) -> String {
        job.detail.as_deref().map(super::masking::covered).unwrap_or_default()
    }

    fn application(&self, frame: &Frame) -> Vec<Fact> {
        let guarantee = self.guarantee();
        let application = &guarantee.application;
        let contact = &application.contact;
        let mut facts = vec![
            ("guarantees.applicant", party(&application.applicant.name), false),
            ("guarantees.applicant_code", application.applicant.code.clone(), true),
        ];
        let mut some = |key, value: Option<String>, mono| facts.extend(value.map(|value| (key, value, mono)));
        some("guarantees.contact", self.person(contact.name.as_deref(), Masked::person_name), false);
        some("guarantees.phone", self.person(contact.phone.as_deref(), Masked::phone), true);
        if let Some(payment) = &guarantee.payment {
            some("guarantees.payer", Some(party(&payment.payer.holder)), false);
            some("guarantees.account", self.person(Some(&payment.payer.number), Masked::account), true);
        }
        if let Some(dossier) = &guarantee.dossier {
            let representative = &dossier.legal_representative;
            let name = representative.name.as_deref();
            some("guarantees.representative", self.person(name, Masked::person_name), false);
            let number = dossier.legal_representative_id.as_deref();
            some("guarantees.identity", self.person(number, Masked::id_number), true);
        }
        facts.extend(self.section(frame));
        facts
    }

    /// Personal data, covered unless somebody was granted a look.
    fn person<'a>(&self, text: Option<&'a str>, mask: impl Fn(&'a str) -> Masked<'a>) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        Some(if self.sight.is_lifted() { text.to_owned() } else { mask(text).to_string() })
    }

    /// In plain text from the opening on, else by the beginning of its ciphertext.
    fn section(&self, frame: &Frame) -> Vec<Fact> {
        const SHOWN: usize = 16;
        let sealed = &self.guarantee().application.section;
        match &self.history.section {
            Some(section) => vec![
                ("guarantees.section_number", section.number.clone(), true),
                ("guarantees.section_name", section.name.clone(), false),
                ("guarantees.beneficiary", party(&section.beneficiary), false),
            ],
            None => vec![
                ("guarantees.section_number", beginning(sealed.number.as_str(), SHOWN), true),
                ("guarantees.section_name", frame.t("guarantees.sealed_until_opening").to_owned(), false),
                ("guarantees.beneficiary", frame.t("guarantees.sealed_until_opening").to_owned(), false),
            ],
        }
    }

    fn terms(&self, frame: &Frame) -> Vec<Fact> {
        let guarantee = self.guarantee();
        let yuan = |amount| frame.say("guarantees.yuan", &[("amount", &frame.yuan(amount))]);
        let mut facts = vec![("guarantees.amount", frame.yuan(&guarantee.application.amount), false)];
        let mut some = |key, value: Option<String>| facts.extend(value.map(|value| (key, value, false)));
        let time = |at: &Timestamp| frame.time(at);
        let terms = guarantee.terms.as_ref();
        some("guarantees.premium", terms.map(|terms| yuan(&terms.premium)));
        let issued = guarantee.issued_letter.as_ref();
        some("guarantees.received_at", Some(time(&guarantee.received_at)));
        some("guarantees.paid_at", guarantee.payment.as_ref().and_then(|it| it.paid_at.as_ref().map(time)));
        some("guarantees.issued_at", issued.map(|letter| time(&letter.sealed_at)));
        some(
            "guarantees.valid",
            terms.zip(issued).map(|(terms, letter)| {
                let (from, until) = terms.validity.bounds(letter.sealed_at);
                format!("{} – {}", time(&from), time(&until))
            }),
        );
        some("guarantees.opened_at", guarantee.opening.as_ref().map(|it| time(&it.opened_at)));
        some("guarantees.key_received_at", guarantee.opening.as_ref().map(|it| time(&it.key_received_at)));
        let delivered = guarantee.merged_letter.as_ref().and_then(|letter| letter.delivered_at);
        some("guarantees.delivered_at", delivered.as_ref().map(time));
        let abnormality = guarantee.abnormality.as_ref();
        some("guarantees.abnormality", abnormality.map(|it| frame.t(words::abnormality(it.kind)).to_owned()));
        let claim = guarantee.claim.as_ref();
        some("guarantees.claimed", claim.and_then(|claim| claim.request.amount.as_ref().map(yuan)));
        facts
    }

    fn letter(&self, document: &Document) -> &'static str {
        if document.format == DATA_FORMAT { "guarantees.letter_data" } else { words::letter(document.letter) }
    }

    fn is_letter(&self, document: &Document) -> bool {
        document.format != DATA_FORMAT
    }

    fn delivered(&self, frame: &Frame, document: &Document) -> String {
        let letter = self.guarantee().letter(document.letter);
        let letter = letter.filter(|letter| letter.document == document.digest);
        frame.time_or_dash(&letter.and_then(|letter| letter.delivered_at))
    }

    fn short(&self, document: &Document) -> String {
        document.digest.as_str().chars().take(16).collect()
    }

    fn kilobytes(&self, document: &Document) -> u64 {
        document.size.div_ceil(1024)
    }

    fn live(&self) -> String {
        let show = if self.failures_only { "?show=failures" } else { "" };
        format!("/guarantees/{}/live{show}", self.guarantee().id)
    }

    fn until(&self, at: &Timestamp) -> String {
        at.to_string()
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
    wish: Query<Wish>,
) -> Result<HttpResponse, Failure> {
    let id = GuaranteeId::parse(&id).ok_or(Failure::NotFound)?;
    let sight = sight(&console, acting, Subject::Guarantee(id.clone()), &wish).await?;
    let one = read(&frame, &console, id, &wish, sight).await?;
    page(&OnePage { frame, one })
}

/// The same without what stands around it, again and again while something is to happen. What was uncovered is covered
/// again then: a look is one look.
pub(super) async fn live(
    frame: Frame,
    console: Data<Console>,
    id: Path<String>,
    wish: Query<Wish>,
) -> Result<HttpResponse, Failure> {
    let id = GuaranteeId::parse(&id).ok_or(Failure::NotFound)?;
    let one = read(&frame, &console, id, &wish, Sight::Covered).await?;
    page(&LivePart { frame, one })
}

async fn read(
    frame: &Frame,
    console: &Console,
    id: GuaranteeId,
    wish: &Wish,
    sight: Sight,
) -> Result<One, Failure> {
    let (platforms, at) = (console.platforms.clone(), console.clock.now());
    let found = console.store.read(move |connection| {
        History::read(connection, &id, |guarantee| platforms.find(&guarantee.platform), at)
    });
    let history = found.await?.ok_or(Failure::NotFound)?;
    let platform = console.platforms.find(&history.guarantee.platform);
    Ok(One::of(frame, history, platform, wish.show == "failures", sight))
}

/// Tries one of its jobs again, at once.
pub(super) async fn retry(
    console: Data<Console>,
    acting: Acting,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let (guarantee, job) = path.into_inner();
    let guarantee = GuaranteeId::parse(&guarantee).ok_or(Failure::NotFound)?;
    try_again(&console, acting, JobId::new(job), Some(guarantee.clone())).await?;
    Ok(go_to(&format!("/guarantees/{guarantee}")))
}
