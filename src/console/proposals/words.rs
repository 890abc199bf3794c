//! A proposal in words: what it is called, what exactly it would do, why it can't be made or decided.

use jiff::Timestamp;

use crate::casework::decisions::Decision;
use crate::changes::{Change, Content, Item};
use crate::console::frame::Frame;
use crate::domain::claim::{ClaimSide, ClaimStatus};
use crate::domain::decision::Act;
use crate::domain::guarantee::LetterKind;
use crate::domain::terms::{BasicAccount, PaymentMethod};
use crate::proposals::{Effect, Payload, Undecided, Unproposable, fingerprint};
use crate::store::Connection;
use crate::store::proposals::{Proposal, State, Subject};

/// The key of what a kind of proposal is called.
pub(super) fn kind(kind: &str) -> &'static str {
    match kind {
        "opening-keys" => "proposals.kind_opening_keys",
        "retry-jobs" => "proposals.kind_retry_jobs",
        "discard-jobs" => "proposals.kind_discard_jobs",
        "resend-letter" => "proposals.kind_resend_letter",
        "unmask" => "proposals.kind_unmask",
        "change" => "proposals.kind_change",
        other => {
            let named = other.strip_prefix("act-").unwrap_or(other);
            Act::ALL.into_iter().find(|it| it.name() == named).map_or("proposals.kind_other", act)
        }
    }
}

/// The key of what an act is called.
pub(super) fn act(act: Act) -> &'static str {
    match act {
        Act::Approve => "proposals.act_approve",
        Act::Decline => "proposals.act_decline",
        Act::RecordPremium => "proposals.act_record_premium",
        Act::Issue => "proposals.act_issue",
        Act::AbandonIssue => "proposals.act_abandon_issue",
        Act::RecordDossier => "proposals.act_record_dossier",
        Act::Waive => "proposals.act_waive",
        Act::GrantSurrender => "proposals.act_grant_surrender",
        Act::RefuseSurrender => "proposals.act_refuse_surrender",
        Act::Surrender => "proposals.act_surrender",
        Act::GrantCancellation => "proposals.act_grant_cancellation",
        Act::RefuseCancellation => "proposals.act_refuse_cancellation",
        Act::IssueInvoice => "proposals.act_issue_invoice",
        Act::RefuseInvoice => "proposals.act_refuse_invoice",
        Act::AnswerClaim => "proposals.act_answer_claim",
    }
}

/// Where it stands, past its time included that nobody has noted yet.
pub(super) fn state_now(proposal: &Proposal, now: Timestamp) -> State {
    match proposal.state {
        State::Open if proposal.expires_at <= now => State::Expired,
        state => state,
    }
}

pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Open => "proposals.state_open",
        State::Approved => "proposals.state_approved",
        State::Failed => "proposals.state_failed",
        State::Refused => "proposals.state_refused",
        State::Withdrawn => "proposals.state_withdrawn",
        State::Expired => "proposals.state_expired",
    }
}

pub(super) fn badge(state: State) -> &'static str {
    match state {
        State::Open => "badge-warn",
        State::Approved => "badge-good",
        State::Failed | State::Refused => "badge-bad",
        State::Withdrawn | State::Expired => "badge-idle",
    }
}

pub(super) fn about(frame: &Frame, subject: &Subject) -> String {
    let name = match subject {
        Subject::Guarantee(_) => "proposals.about_guarantee",
        Subject::Platform(_) => "proposals.about_platform",
        Subject::Message(_) => "proposals.about_message",
        Subject::House => "proposals.about_house",
    };
    format!("{} {}", frame.t(name), subject.id()).trim().to_owned()
}

pub(super) fn letter(letter: LetterKind) -> &'static str {
    match letter {
        LetterKind::Ciphertext => "proposals.letter_ciphertext",
        LetterKind::Merged => "proposals.letter_merged",
        LetterKind::Plaintext => "proposals.letter_plaintext",
    }
}

pub(super) fn claim_status(status: ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::InHandling => "proposals.claim_in_handling",
        ClaimStatus::ToBePaid => "proposals.claim_to_be_paid",
        ClaimStatus::Paid => "proposals.claim_paid",
        ClaimStatus::Rejected => "proposals.claim_rejected",
        ClaimStatus::Other => "proposals.claim_other",
    }
}

pub(super) fn basic_account(answer: BasicAccount) -> &'static str {
    match answer {
        BasicAccount::Confirmed => "proposals.basic_confirmed",
        BasicAccount::NotBasic => "proposals.basic_not_basic",
        BasicAccount::Unchecked => "proposals.basic_unchecked",
    }
}

pub(super) fn method(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::OnlineBanking => "proposals.method_online_banking",
        PaymentMethod::Wechat => "proposals.method_wechat",
        PaymentMethod::Alipay => "proposals.method_alipay",
        PaymentMethod::Other => "proposals.method_other",
    }
}

/// One thing that a proposal says: what it is, and its value.
pub(super) struct Line {
    pub name: &'static str,
    pub value: String,
}

/// Writes down what a payload says, without what others than maker and checker may not see.
struct Words<'a> {
    frame: &'a Frame,
    sees_all: bool,
    lines: Vec<Line>,
}

impl Words<'_> {
    fn line(&mut self, name: &'static str, value: impl ToString) {
        self.lines.push(Line { name: self.frame.t(name), value: value.to_string() });
    }

    fn given(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.line(name, value);
        }
    }

    /// Personal data, which the maker and whoever may approve see in full: they answer for it.
    fn personal(&mut self, name: &'static str, value: Option<&str>) {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return };
        let shown = if self.sees_all { value } else { "••••••" };
        self.line(name, shown.to_owned());
    }

    fn side(&mut self, title: &'static str, side: &ClaimSide) {
        self.line(title, &side.code);
        self.personal("proposals.contact", side.contact.name.as_deref());
        self.personal("proposals.phone", side.contact.phone.as_deref());
        self.personal("proposals.account_holder", Some(&side.account.holder));
        self.personal("proposals.account", Some(&side.account.number));
        self.given("proposals.bank", side.account.bank.as_deref());
    }

    fn change(&mut self, change: &Change) {
        for Item { subject, content, .. } in &change.items {
            self.line("proposals.change_of", subject);
            match content {
                Content::Secret { accept_old_until, .. } => {
                    self.line("proposals.change_to", self.frame.t("proposals.change_secret"));
                    self.given("proposals.change_old_until", accept_old_until.map(|at| self.frame.time(&at)));
                }
                Content::Rule { keys, from } => {
                    self.line("proposals.change_from", from);
                    self.line("proposals.change_to", keys);
                }
                Content::Template { text } => {
                    let bytes = text.len().to_string();
                    self.line(
                        "proposals.change_to",
                        self.frame.say("proposals.change_text", &[("bytes", &bytes)]),
                    );
                }
                Content::AsInSettings(withdrawal) => {
                    self.given("proposals.change_from", withdrawal.from);
                    self.line("proposals.change_to", self.frame.t("proposals.change_withdrawn"));
                }
            }
        }
    }

    fn decision(&mut self, decision: &Decision) {
        let frame = self.frame;
        match decision {
            Decision::Approve { agreed } => {
                self.given("proposals.number", agreed.number.as_ref());
                self.given("proposals.premium", agreed.premium.map(|it| frame.yuan(&it)));
                self.given("proposals.until", agreed.until);
                if agreed.premium.is_none() {
                    self.line("proposals.premium", frame.t("proposals.by_rules"));
                }
            }
            Decision::Decline { reason }
            | Decision::AbandonIssue { reason }
            | Decision::RefuseSurrender { reason }
            | Decision::Surrender { reason }
            | Decision::RefuseCancellation { reason }
            | Decision::RefuseInvoice { reason } => self.line("proposals.said", reason),
            Decision::RecordPremium { payment } => {
                self.personal("proposals.account_holder", Some(&payment.payer.holder));
                self.personal("proposals.account", Some(&payment.payer.number));
                self.given("proposals.bank", payment.payer.bank.as_deref());
                self.line("proposals.basic_account", frame.t(basic_account(payment.basic_account)));
                self.line("proposals.method", frame.t(method(payment.method)));
                self.given("proposals.paid_at", payment.paid_at.map(|at| frame.time(&at)));
                self.given("proposals.amount", payment.amount.map(|it| frame.yuan(&it)));
            }
            Decision::RecordDossier { dossier } => {
                self.personal("proposals.contact", dossier.contact.name.as_deref());
                self.personal("proposals.phone", dossier.contact.phone.as_deref());
                self.personal("proposals.email", dossier.email.as_deref());
                self.personal("proposals.address", dossier.address.as_deref());
                self.personal("proposals.legal_name", dossier.legal_representative.name.as_deref());
                self.personal("proposals.legal_phone", dossier.legal_representative.phone.as_deref());
                self.personal("proposals.legal_id", dossier.legal_representative_id.as_deref());
            }
            Decision::IssueInvoice { invoice } => {
                self.given("proposals.invoice_url", invoice.url.as_deref());
                self.given("proposals.invoice_code", invoice.code.as_deref());
                self.given("proposals.invoice_number", invoice.number.as_deref());
            }
            Decision::AnswerClaim { result } => {
                self.line("proposals.claim_status", frame.t(claim_status(result.status)));
                self.line("proposals.amount", frame.yuan(&result.amount));
                self.given("proposals.said", result.remark.as_deref());
                self.given("proposals.paid_at", result.paid_at.map(|at| frame.time(&at)));
                self.side("proposals.payer_code", &result.payer);
                self.side("proposals.beneficiary_code", &result.beneficiary);
            }
            Decision::Waive | Decision::GrantSurrender | Decision::GrantCancellation => {}
        }
    }
}

/// What exactly is proposed. Of a key, nothing but its fingerprint; `sees_all` is for the maker and whoever may approve.
pub(super) fn payload(
    connection: &Connection,
    frame: &Frame,
    payload: &Payload,
    sees_all: bool,
) -> Vec<Line> {
    let mut words = Words { frame, sees_all, lines: Vec::new() };
    match payload {
        Payload::OpeningKeys { keys, opened_at } => {
            words.line("proposals.opened_at", frame.time(opened_at));
            words.line("proposals.key_count", keys.len());
            for pasted in keys {
                let fingerprint = fingerprint(connection, &pasted.key);
                words.line("proposals.key_fingerprint", format!("{}  {fingerprint}", pasted.application));
            }
        }
        Payload::Decision { decision } => words.decision(decision),
        Payload::RetryJobs { jobs } | Payload::DiscardJobs { jobs } => {
            words.line("proposals.job_count", jobs.len());
        }
        Payload::ResendLetter { letter: which } => words.line("proposals.letter", frame.t(letter(*which))),
        Payload::Change { change } => words.change(change),
        Payload::Unmask { minutes } => words.line("proposals.minutes", minutes),
    }
    words.lines
}

/// What would happen to one guarantee or job.
pub(super) fn effect(frame: &Frame, effect: &Effect) -> String {
    match effect {
        Effect::Decides { from, to, events, work } => {
            let name = |stage: crate::domain::Stage| frame.either(stage.title(), stage.name());
            let mut said = match from == to {
                true => frame.say("proposals.effect_stays", &[("stage", name(*from))]),
                false => frame.say("proposals.effect_moves", &[("from", name(*from)), ("to", name(*to))]),
            };
            if !events.is_empty() {
                said.push_str(&frame.say("proposals.effect_events", &[("events", &events.join("、"))]));
            }
            if !work.is_empty() {
                said.push_str(&frame.say("proposals.effect_work", &[("work", &work.join(", "))]));
            }
            said
        }
        Effect::Retries { kind, state } => {
            frame.say("proposals.effect_retries", &[("kind", kind), ("state", state.name())])
        }
        Effect::Discards { kind, state } => {
            frame.say("proposals.effect_discards", &[("kind", kind), ("state", state.name())])
        }
        Effect::Sends { letter: which, work } => {
            let named = [("letter", frame.t(letter(*which))), ("work", &work.join(", "))];
            frame.say("proposals.effect_sends", &named)
        }
        Effect::Changes { after } => {
            frame.say("proposals.effect_changes", &[("version", &after.saturating_add(1).to_string())])
        }
        Effect::Shows { minutes } => {
            frame.say("proposals.effect_shows", &[("minutes", &minutes.to_string())])
        }
    }
}

/// Why nothing was proposed.
pub(super) fn unproposable(frame: &Frame, why: &Unproposable) -> String {
    match why {
        Unproposable::ReasonMissing => frame.t("proposals.reason_missing").to_owned(),
        Unproposable::Pending(_) => frame.t("proposals.pending_already").to_owned(),
        Unproposable::NotPermitted => frame.t("failure.forbidden").to_owned(),
        Unproposable::Size(count) => frame.say("proposals.size", &[("count", &count.to_string())]),
        // What the domain refuses is said in Chinese to everybody.
        other => other.to_string(),
    }
}

/// Why nothing was decided.
pub(super) fn undecided(frame: &Frame, why: Undecided) -> &'static str {
    frame.t(match why {
        Undecided::NotPermitted => "failure.forbidden",
        Undecided::Unknown => "failure.not_found",
        Undecided::Own => "proposals.own",
        Undecided::NotOwn => "proposals.not_own",
        Undecided::Ended(_) => "proposals.ended_already",
        Undecided::Expired => "proposals.expired_already",
        Undecided::Changed => "proposals.changed",
        Undecided::RemarkMissing => "proposals.remark_missing",
    })
}
