//! The ledger of a campaign: for each application what its pushes were answered, what its platform received and what the
//! database says, compared. It only compares; whoever fills it has looked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::sandbox::Step;

/// Everything that is known about a generation of applications once all has come to rest.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub accounts: Vec<Account>,
    /// Applications that the database holds and no platform has made, each as `platform/number`.
    pub strangers: Vec<String>,
    /// Jobs that were given up or never came to an end, in words.
    pub jobs: Vec<String>,
    /// What a platform refused of its own accord: the institution sent something that was not right.
    pub refusals: Vec<String>,
    /// The institution answers claims and requests for invoices, so that the platform has to hear of them.
    pub answers_requests: bool,
}

/// One application in three views.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub platform: &'static str,
    pub application: String,
    /// What its pushes were answered.
    pub answers: BTreeMap<Step, Answered>,
    pub told: Told,
    /// `None` where the database does not know it.
    pub stored: Option<Recorded>,
}

/// How a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Accepted,
    Refused,
    /// No answer came though it was pushed again until the end.
    Never,
}

/// What the platform has.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub guarantee: Option<String>,
    pub issued: bool,
    pub declined: bool,
    /// The plaintext letter has arrived.
    pub complete: bool,
    pub surrendered: bool,
    pub claim_answered: bool,
    pub invoice_answered: bool,
    /// How often each effect was had, repetitions of the same content not counted.
    pub effects: BTreeMap<String, u32>,
    pub contradictions: Vec<String>,
    /// What is wrong with its letters.
    pub bad_letters: Vec<String>,
}

/// What the database has.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub guarantee: Option<String>,
    /// How often each kind of event stands in the timeline.
    pub events: BTreeMap<String, u32>,
}

/// What is not as it should be, by the promise that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breach {
    /// A push was answered with success, and its effect is not there.
    Lost,
    /// An effect was had twice.
    Duplicated,
    /// A letter does not verify.
    BadLetter,
    /// A job was given up, or is left over.
    Unfinished,
    /// A push that was never answered, or answered as it must not be.
    Unanswered,
    /// The platform refused something that the gateway sent.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub breach: Breach,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breach = match self.breach {
            Breach::Lost => "lost",
            Breach::Duplicated => "duplicated effect",
            Breach::BadLetter => "bad letter",
            Breach::Unfinished => "unfinished",
            Breach::Unanswered => "push",
            Breach::Refused => "refused by the platform",
        };
        write!(f, "{breach}: {}", self.what)
    }
}

/// The event that stands in the timeline once a step was accepted; none where a step changes no state.
fn event_of(step: Step, has_key: bool) -> Option<&'static str> {
    match step {
        Step::Application => Some("application-received"),
        Step::Opening => has_key.then_some("key-received"),
        Step::Surrender => Some("surrendered"),
        Step::Invoice => Some("invoice-asked"),
        Step::Claim => Some("claim-received"),
        Step::Cancellation => Some("cancelled"),
        Step::WrongKey => None,
    }
}

impl Ledger {
    /// Compares; finds nothing where all is as it should be.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for account in &self.accounts {
            self.lost(account, &mut found);
            duplicated(account, &mut found);
            account.note(&mut found, Breach::BadLetter, &account.told.bad_letters);
        }
        self.numbered_twice(&mut found);
        let mut all = |breach, list: &[String]| {
            found.extend(list.iter().map(|what| Finding { breach, what: what.clone() }));
        };
        all(Breach::Duplicated, &self.strangers);
        all(Breach::Unfinished, &self.jobs);
        all(Breach::Refused, &self.refusals);
        found
    }

    fn lost(&self, account: &Account, found: &mut Vec<Finding>) {
        let (told, no_events) = (&account.told, BTreeMap::new());
        let events = account.stored.as_ref().map_or(&no_events, |stored| &stored.events);
        // Only where keys are pushed can a wrong one be.
        let has_key = account.answers.contains_key(&Step::WrongKey);
        for (step, answered) in &account.answers {
            let name = step.name();
            match (answered, step) {
                (Answered::Never, _) => {
                    account.say(found, Breach::Unanswered, format!("{name}: never answered"));
                }
                (Answered::Accepted, Step::WrongKey) => {
                    account.say(found, Breach::Unanswered, "a wrong key was accepted".to_owned());
                }
                (Answered::Refused, Step::WrongKey) => {}
                (Answered::Refused, _) => {
                    account.say(found, Breach::Unanswered, format!("{name}: refused"));
                }
                (Answered::Accepted, _) => {
                    let event = event_of(*step, has_key);
                    if let Some(event) = event.filter(|event| !events.contains_key(*event)) {
                        account.say(found, Breach::Lost, format!("{name} accepted, no `{event}` stored"));
                    }
                    if !self.was_told(told, *step) {
                        account.say(
                            found,
                            Breach::Lost,
                            format!("{name} accepted, the platform got nothing"),
                        );
                    }
                }
            }
        }
        let stored = account.stored.as_ref().and_then(|stored| stored.guarantee.as_ref());
        if let Some(guarantee) = told.guarantee.as_ref().filter(|guarantee| stored != Some(guarantee)) {
            account.say(found, Breach::Lost, format!("told the number {guarantee}, stored {stored:?}"));
        }
    }

    /// Whether the platform got what an accepted push has to bring it.
    fn was_told(&self, told: &Told, step: Step) -> bool {
        match step {
            Step::Application => told.issued || told.declined,
            Step::Opening => told.complete,
            Step::Surrender => told.surrendered,
            Step::Claim => told.claim_answered || !self.answers_requests,
            Step::Invoice => told.invoice_answered || !self.answers_requests,
            Step::WrongKey | Step::Cancellation => true,
        }
    }

    fn numbered_twice(&self, found: &mut Vec<Finding>) {
        let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for account in &self.accounts {
            let stored = account.stored.as_ref().and_then(|stored| stored.guarantee.as_ref());
            for number in stored.into_iter().chain(&account.told.guarantee) {
                owners.entry(number).or_default().insert(&account.application);
            }
        }
        for (number, owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
            let what = format!("the number {number} belongs to {owners:?}");
            found.push(Finding { breach: Breach::Duplicated, what });
        }
    }
}

fn duplicated(account: &Account, found: &mut Vec<Finding>) {
    let twice = |counts: &BTreeMap<String, u32>, where_: &str| -> Vec<String> {
        let often = counts.iter().filter(|(_, times)| **times > 1);
        often.map(|(what, times)| format!("{where_}: {what}, {times} times")).collect()
    };
    account.note(found, Breach::Duplicated, &twice(&account.told.effects, "at the platform"));
    account.note(found, Breach::Duplicated, &account.told.contradictions);
    if let Some(stored) = &account.stored {
        account.note(found, Breach::Duplicated, &twice(&stored.events, "in the timeline"));
    }
}

impl Account {
    fn say(&self, found: &mut Vec<Finding>, breach: Breach, what: String) {
        let Self { platform, application, .. } = self;
        found.push(Finding { breach, what: format!("{platform}/{application}: {what}") });
    }

    fn note(&self, found: &mut Vec<Finding>, breach: Breach, all: &[String]) {
        for what in all {
            self.say(found, breach, what.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(names: &[&str]) -> BTreeMap<String, u32> {
        names.iter().map(|name| ((*name).to_owned(), 1)).collect()
    }

    /// A guarantee that was opened with a key, and claimed; nothing is wrong with it.
    fn opened(application: &str) -> Account {
        let accepted = [Step::Application, Step::Opening, Step::Claim].map(|step| (step, Answered::Accepted));
        let number = Some(format!("HX-{application}"));
        Account {
            platform: "p",
            application: application.to_owned(),
            answers: accepted.into_iter().chain([(Step::WrongKey, Answered::Refused)]).collect(),
            told: Told {
                guarantee: number.clone(),
                issued: true,
                complete: true,
                effects: counted(&["approved", "ciphertext letter accepted", "plaintext letter accepted"]),
                ..Told::default()
            },
            stored: Some(Recorded {
                guarantee: number,
                events: counted(&["application-received", "approved", "key-received", "claim-received"]),
            }),
        }
    }

    fn found(change: impl FnOnce(&mut Ledger, usize)) -> Vec<(Breach, String)> {
        let mut ledger = Ledger { accounts: vec![opened("A1"), opened("A2")], ..Ledger::default() };
        change(&mut ledger, 1);
        ledger.findings().into_iter().map(|finding| (finding.breach, finding.what)).collect()
    }

    fn in_account(change: impl FnOnce(&mut Account)) -> Vec<(Breach, String)> {
        found(|ledger, index| change(&mut ledger.accounts[index]))
    }

    fn stored(account: &mut Account) -> &mut Recorded {
        account.stored.as_mut().unwrap()
    }

    #[test]
    fn where_nothing_is_wrong_nothing_is_found() {
        assert_eq!(found(|_, _| {}), []);
        let waits = in_account(|it| {
            it.answers.insert(Step::Invoice, Answered::Accepted);
        });
        assert_eq!(waits, [(Breach::Lost, "p/A2: invoice accepted, no `invoice-asked` stored".to_owned())]);
    }

    #[test]
    fn a_push_that_was_accepted_and_left_nothing_behind_is_lost() {
        let lost = |change: fn(&mut Account)| {
            let found = in_account(change);
            assert!(
                !found.is_empty() && found.iter().all(|(breach, _)| *breach == Breach::Lost),
                "{found:?}"
            );
            found.into_iter().map(|(_, what)| what).collect::<Vec<_>>().join("; ")
        };
        assert!(lost(|it| it.stored = None).contains("no `application-received` stored"));
        assert!(
            lost(|it| {
                stored(it).events.remove("key-received");
            })
            .contains("no `key-received`")
        );
        assert!(
            lost(|it| {
                stored(it).events.remove("claim-received");
            })
            .contains("claim accepted")
        );
        assert!(lost(|it| it.told.complete = false).contains("opening accepted, the platform got nothing"));
        assert!(lost(|it| it.told.issued = false).contains("application accepted, the platform got nothing"));
        assert!(lost(|it| stored(it).guarantee = None).contains("told the number HX-A2, stored None"));
        let surrendered = |it: &mut Account| {
            it.answers.insert(Step::Surrender, Answered::Accepted);
            stored(it).events.insert("surrendered".to_owned(), 1);
        };
        assert!(lost(surrendered).contains("surrender accepted, the platform got nothing"));
    }

    #[test]
    fn an_answer_that_the_institution_owes_is_lost_if_it_does_not_come() {
        let found = found(|ledger, index| {
            ledger.answers_requests = true;
            ledger.accounts[index - 1].told.claim_answered = true;
        });
        assert_eq!(found, [(Breach::Lost, "p/A2: claim accepted, the platform got nothing".to_owned())]);
    }

    #[test]
    fn an_effect_that_was_had_twice_is_found_wherever_it_shows() {
        let duplicated = |change: fn(&mut Account)| {
            let found = in_account(change);
            assert!(found.len() == 1 && found[0].0 == Breach::Duplicated, "{found:?}");
            found[0].1.clone()
        };
        let letter = "plaintext letter accepted";
        let twice = duplicated(|it| *it.told.effects.get_mut("approved").unwrap() = 2);
        assert_eq!(twice, "p/A2: at the platform: approved, 2 times");
        assert!(
            duplicated(|it| {
                it.told.effects.insert("plaintext letter accepted".to_owned(), 2);
            })
            .contains(letter)
        );
        assert!(
            duplicated(|it| it.told.contradictions.push("letter x: 1 other files".to_owned()))
                .contains("other files")
        );
        let event = duplicated(|it| *stored(it).events.get_mut("key-received").unwrap() = 2);
        assert_eq!(event, "p/A2: in the timeline: key-received, 2 times");
    }

    #[test]
    fn a_number_that_two_guarantees_have_is_found() {
        let same = in_account(|it| {
            it.told.guarantee = Some("HX-A1".to_owned());
            stored(it).guarantee = Some("HX-A1".to_owned());
        });
        assert_eq!(same, [(Breach::Duplicated, "the number HX-A1 belongs to {\"A1\", \"A2\"}".to_owned())]);
    }

    #[test]
    fn what_nobody_pushed_what_is_left_over_and_what_was_refused_is_found() {
        let kinds = |change: fn(&mut Ledger)| {
            found(|ledger, _| change(ledger)).into_iter().map(|it| it.0).collect::<Vec<_>>()
        };
        assert_eq!(kinds(|it| it.strangers.push("p/A9".to_owned())), [Breach::Duplicated]);
        assert_eq!(kinds(|it| it.jobs.push("1 upload dead".to_owned())), [Breach::Unfinished]);
        assert_eq!(kinds(|it| it.refusals.push("a notice".to_owned())), [Breach::Refused]);
        assert_eq!(
            kinds(|it| it.accounts[0].told.bad_letters.push("digest".to_owned())),
            [Breach::BadLetter]
        );
    }

    #[test]
    fn a_push_without_the_right_answer_is_found() {
        let answered = |step, answered| {
            in_account(|it| {
                it.answers.insert(step, answered);
            })
        };
        assert_eq!(answered(Step::WrongKey, Answered::Accepted)[0].1, "p/A2: a wrong key was accepted");
        assert_eq!(answered(Step::Claim, Answered::Refused)[0].0, Breach::Unanswered);
        assert_eq!(answered(Step::Opening, Answered::Never)[0].1, "p/A2: opening: never answered");
    }
}
