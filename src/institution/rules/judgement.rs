//! What the rules answer to a question now, and why.

use jiff::{SignedDuration, Timestamp, civil};

use super::Rules;
use super::options::Figures;
use super::validity;
use super::values::{Blacklisted, Collection, Desk, Mode, OutsideHours};
use crate::clock;
use crate::domain::decision::Question;
use crate::domain::particulars::{Particular, Particulars};
use crate::domain::party::Account;
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod};
use crate::domain::{Command, Guarantee, Refusal};
use crate::institution::Answer;
use crate::institution::hours::{Hours, Standing};

/// What an applicant on the blacklist is told: it is the same that others may be told, and names no list.
const NOT_ELIGIBLE: &str = "不符合承保条件";

/// What whoever comes outside working hours is told, where such applications are declined.
const OUT_OF_HOURS: &str = "不在业务受理时间内，请在受理时间内重新提交";

/// An answer with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub answer: Answer,
    pub ground: Ground,
}

/// What an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Nothing stands against it.
    Rules,
    /// `manual`, or a question that no rule answers.
    ForPeople,
    /// `callback`
    ForCoreSystem,
    Blacklisted,
    OutsideHours,
    /// The amount can't be underwritten, for the reason that the platform is told.
    Amount(Refusal),
    /// The guarantee would cover nothing, for the reason that the platform is told.
    Validity(String),
    /// The section is opened so soon that people have to look at it.
    OpeningNear(Timestamp),
}

impl Judgement {
    fn new(answer: Answer, ground: Ground) -> Self {
        Self { answer, ground }
    }

    fn people(ground: Ground) -> Self {
        Self::new(Answer::People, ground)
    }
}

impl Rules {
    /// What the rules answer, and why.
    pub fn judge(&self, question: Question, guarantee: &Guarantee, at: Timestamp) -> Judgement {
        let figures = self.figures_for(guarantee);
        let answer_within = figures.answer_within.value.0;
        let core_system = Judgement::new(Answer::CoreSystem { answer_within }, Ground::ForCoreSystem);
        let desk = |desk: Desk| match desk {
            Desk::Manual => Judgement::people(Ground::ForPeople),
            Desk::Callback => core_system.clone(),
        };
        match question {
            Question::Underwriting => {
                let listed = self.blacklisting(guarantee, &figures).is_some();
                match (listed, figures.blacklisted.value, figures.mode.value) {
                    (true, Blacklisted::Manual, _) => Judgement::people(Ground::Blacklisted),
                    (true, Blacklisted::Decline, _) => self.within_hours(question, &figures, at, || {
                        self.decline(NOT_ELIGIBLE, Ground::Blacklisted)
                    }),
                    (false, _, Mode::Manual) => Judgement::people(Ground::ForPeople),
                    (false, _, Mode::Callback) => core_system,
                    (false, _, Mode::Automatic) => {
                        self.within_hours(question, &figures, at, || self.underwrite(guarantee, &figures, at))
                    }
                }
            }
            Question::Surrender | Question::Cancellation => {
                let (mode, grant) = match question {
                    Question::Surrender => (figures.surrender.value, Command::GrantSurrender),
                    _ => (figures.cancellation.value, Command::GrantCancellation),
                };
                match mode {
                    Mode::Manual => Judgement::people(Ground::ForPeople),
                    Mode::Callback => core_system,
                    Mode::Automatic => self.within_hours(question, &figures, at, || {
                        Judgement::new(Answer::Commands(vec![grant]), Ground::Rules)
                    }),
                }
            }
            // An invoice comes from the tax system and a claim is paid by people: no rule can answer for them.
            Question::Invoice => desk(figures.invoice.value),
            Question::Claim => desk(figures.claim.value),
        }
    }

    /// Whether the rules may decide now.
    pub(super) fn standing(&self, figures: &Figures, at: Timestamp) -> Standing {
        let working_days_only = figures.working_days_only.value;
        Hours { windows: &figures.hours.value, working_days_only, calendar: &self.calendar }.standing(at)
    }

    fn within_hours(
        &self,
        question: Question,
        figures: &Figures,
        at: Timestamp,
        decide: impl FnOnce() -> Judgement,
    ) -> Judgement {
        let Standing::Closed(opens) = self.standing(figures, at) else { return decide() };
        match (figures.outside_hours.value, opens) {
            (OutsideHours::Decline, _) if question == Question::Underwriting => {
                self.decline(OUT_OF_HOURS, Ground::OutsideHours)
            }
            // Who has a guarantee already, or wants none any more, is not sent away for coming at night.
            (OutsideHours::Wait | OutsideHours::Decline, Some(opens)) => {
                Judgement::new(Answer::Later(opens), Ground::OutsideHours)
            }
            (OutsideHours::Manual, _) | (_, None) => Judgement::people(Ground::OutsideHours),
        }
    }

    fn underwrite(&self, guarantee: &Guarantee, figures: &Figures, at: Timestamp) -> Judgement {
        let terms = match self.terms(guarantee, at) {
            Ok(terms) => terms,
            Err(refusal) => return self.decline(&refusal.to_string(), Ground::Amount(refusal)),
        };
        if let Some(reason) = validity::of(guarantee, figures, at).emptiness(at) {
            return self.decline(&reason, Ground::Validity(reason.clone()));
        }
        if let Some(opening) = opening_too_near(guarantee, figures, at) {
            return Judgement::people(Ground::OpeningNear(opening));
        }
        let mut commands = vec![Command::Approve { terms }];
        if let Collection::Assumed { account, bank } = &figures.premium.value {
            let holder = guarantee.application.applicant.name.clone();
            let payer = Account { holder, number: account.clone(), bank: bank.clone() };
            let payment = Payment {
                payer,
                basic_account: BasicAccount::Confirmed,
                method: PaymentMethod::OnlineBanking,
                paid_at: Some(at),
                amount: None,
                voucher: None,
            };
            commands.push(Command::RecordPremium { payment, payer: figures.payer.value.rule() });
        }
        Judgement::new(Answer::Commands(commands), Ground::Rules)
    }

    fn decline(&self, reason: &str, ground: Ground) -> Judgement {
        let decline = Command::Decline { reason: reason.to_owned(), issuer: self.issuer.clone() };
        Judgement::new(Answer::Commands(vec![decline]), ground)
    }
}

/// When the section is opened, or else until when the deposit is due, where the platform sent it in the clear.
pub(super) fn known_opening(guarantee: &Guarantee) -> Option<Timestamp> {
    let particulars = &guarantee.application.particulars;
    let deposit = || particulars.get(Particular::DepositDeadline).and_then(moment);
    planned_opening(particulars).or_else(deposit)
}

/// When the section is to be opened, where that stands there in the clear.
pub fn planned_opening(particulars: &Particulars) -> Option<Timestamp> {
    particulars.get(Particular::OpeningTime).and_then(moment)
}

pub(super) fn opening_too_near(guarantee: &Guarantee, figures: &Figures, at: Timestamp) -> Option<Timestamp> {
    let hours = SignedDuration::from_hours(i64::from(figures.hours_before_opening.value));
    known_opening(guarantee).filter(|opening| !hours.is_zero() && opening.duration_since(at) < hours)
}

/// A time as platforms write it, to the second, to the minute or as a day, of which the beginning counts.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let day = |format| civil::Date::strptime(format, text).ok().map(clock::china_midnight);
    let compact = || civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok();
    let compact = || clock::from_wire(&compact()?.strftime("%Y-%m-%d %H:%M:%S").to_string()).ok();
    let precise = clock::from_wire(text).or_else(|_| clock::from_wire(&format!("{text}:00"))).ok();
    precise.or_else(compact).or_else(|| day("%Y-%m-%d")).or_else(|| day("%Y%m%d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_read_in_each_form_and_ciphertext_is_none() {
        for (text, read) in [
            ("2024-06-24 09:30:00", Some("2024-06-24T01:30:00Z")),
            ("2024-06-24 09:30", Some("2024-06-24T01:30:00Z")),
            ("20240624093000", Some("2024-06-24T01:30:00Z")),
            ("2024-06-24", Some("2024-06-23T16:00:00Z")),
            ("20240624", Some("2024-06-23T16:00:00Z")),
            ("NkzetRlXBwxCflZDj8Sfb0u2Bj6GL8JCJkV/e6g0s7c=", None),
            ("", None),
        ] {
            assert_eq!(moment(text), read.map(|it| it.parse().unwrap()), "{text}");
        }
    }
}
