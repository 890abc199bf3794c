//! Asking the institution, and carrying out what it says.

use std::time::Duration;

use jiff::Timestamp;

use super::desk::{Assignment, Desk};
use super::remind;
use super::verdict::Verdict;
use crate::casework::{self, Platform, Task, task};
use crate::domain::decision::Question;
use crate::domain::refusal::RefusalKind;
use crate::domain::{Command, Guarantee};
use crate::institution::Answer;
use crate::store::jobs::Cause;
use crate::store::{Connection, StoreError, guarantees, jobs};

/// The lane of questions that wait for their hour.
const LANE: &str = "decisions";

pub(super) async fn run(desk: &Desk, assignment: Assignment, question: Question) -> anyhow::Result<Verdict> {
    let Assignment { platform, guarantee } = assignment;
    let at = desk.clock.now();
    if !question.is_open(&guarantee) {
        tracing::info!(guarantee.id = %guarantee.id, question = question.name(), "the question has been settled before the institution was asked");
        return Ok(Verdict::done());
    }
    let answer = match platform.institution.consult(question, &guarantee, at).await {
        Ok(answer) => answer,
        Err(unanswered) => {
            return Ok(Verdict::retry(Cause::Unanswered, unanswered.to_string()));
        }
    };
    let id = &guarantee.id;
    match answer {
        Answer::Commands(commands) => {
            let platform = platform.clone();
            let asked = Asked { question, guarantee, at };
            Ok(Verdict::writing(move |connection| settle(connection, &platform, &asked, &commands)))
        }
        Answer::People => {
            desk.metrics.alarm("decision-due");
            let application = &guarantee.application.number;
            tracing::warn!(guarantee.id = %id, %application, question = question.name(), "a person has to decide; `baohan decide` records it");
            Ok(Verdict::done())
        }
        Answer::CoreSystem { answer_within } => {
            tracing::info!(guarantee.id = %id, question = question.name(), "the core system has to decide");
            let reminder = remind::job(&guarantee, question, answer_within, at)?;
            Ok(Verdict::writing(move |connection| jobs::enqueue(connection, &reminder).map(drop)))
        }
        Answer::Later(then) => {
            tracing::info!(guarantee.id = %id, question = question.name(), %then, "the question waits for its hour");
            let wait = Duration::try_from(then.duration_since(at)).unwrap_or_default();
            let asked = Asked { question, guarantee, at };
            Ok(Verdict::writing(move |connection| asked.again(connection, wait)))
        }
    }
}

/// A question, whom it is about as the institution was told, and when.
struct Asked {
    question: Question,
    guarantee: Guarantee,
    at: Timestamp,
}

impl Asked {
    /// Puts the question again after a while; what else there is to do for the guarantee does not wait for it.
    fn again(&self, connection: &mut Connection, wait: Duration) -> Result<(), StoreError> {
        let task = Task::ConsultLater { question: self.question };
        let later = task::beside(&self.guarantee, LANE, &task, wait, self.at)?;
        jobs::enqueue(connection, &later).map(drop)
    }
}

/// Carries the answer out, unless the application is no longer the one that it was given for: the question about the
/// one in its place is a job of its own, behind this one.
fn settle(
    connection: &mut Connection,
    platform: &Platform,
    asked: &Asked,
    answer: &[Command],
) -> Result<(), StoreError> {
    let id = &asked.guarantee.id;
    let present = guarantees::find(connection, id)?;
    if present.is_some_and(|present| present.guarantee.application != asked.guarantee.application) {
        tracing::info!(guarantee.id = %id, "the application was replaced while the institution was asked");
        return Ok(());
    }
    // A refusal of state means that the case went on without this answer, by a waiver for instance. Then the answer is moot.
    match casework::carry_out_all(connection, platform, id, answer, asked.at)? {
        Err(refusal) if refusal.kind() == RefusalKind::Content => {
            tracing::error!(guarantee.id = %id, reason = %refusal, "the institution's answer can't be carried out; a person has to decide");
        }
        Err(refusal) => {
            tracing::info!(guarantee.id = %id, reason = %refusal, "the institution's answer came too late");
        }
        Ok(()) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::dialect::{Profile, Registry};
    use crate::domain::Stage;
    use crate::domain::application::Application;
    use crate::domain::identity::{GuaranteeId, PlatformId};
    use crate::institution::rules::Rules;
    use crate::secret::Secret;
    use crate::store::{Store, StoreOptions};

    fn platform() -> Platform {
        let wire = "dialect = 'hainan-2024'\ntitle = '海南'\nappkey = 'k'\nappsecret = 's'\n\
                    base_url = 'https://platform.example/rest/gbsapi/'";
        let underwriting = "mode = 'automatic'\nrate = '0.004'\nminimum_premium = '200.00'\nsmallest_amount = '1000.00'\n\
                            largest_amount = '800000.00'";
        let registry = Registry::built_in().unwrap();
        let table = registry.table("hainan-2024").unwrap();
        let profile = Profile::new(PlatformId::new("hainan"), table, &toml::from_str(wire).unwrap()).unwrap();
        Platform::under_rules(profile, Rules::new(toml::from_str(underwriting).unwrap(), "示例").unwrap())
    }

    /// The stage in which an answer about 800,000 yuan leaves an application that is over `amount` by then.
    async fn stage_after_the_answer(amount: &str) -> Stage {
        let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = Secret::new(folder.path().join("store.db").display().to_string());
        let options = StoreOptions { url, ..StoreOptions::default() };
        let store = Store::open(&options, Arc::new(Keyring::from_master(&[7; 32]))).unwrap();
        store.migrate().await.unwrap();
        let guarantee = |amount| {
            let (id, platform) = (GuaranteeId::new("g"), PlatformId::new("hainan"));
            Guarantee::apply(id, platform, Application::for_testing(amount), at)
        };
        let (platform, asked, present) = (platform(), guarantee("800000"), guarantee(amount));
        let answer = platform.institution.consult(Question::Underwriting, &asked, at).await.unwrap();
        let Answer::Commands(answer) = answer else { panic!("{answer:?}") };
        let settled = store.write(move |connection| {
            guarantees::insert(connection, &present, at)?;
            let asked = Asked { question: Question::Underwriting, guarantee: asked.clone(), at };
            settle(connection, &platform, &asked, &answer)?;
            guarantees::find(connection, &asked.guarantee.id)
        });
        Box::pin(settled).await.unwrap().unwrap().guarantee.stage
    }

    #[tokio::test]
    async fn an_answer_about_an_application_that_was_replaced_meanwhile_is_dropped() {
        assert_ne!(Box::pin(stage_after_the_answer("800000")).await, Stage::Applied);
        assert_eq!(Box::pin(stage_after_the_answer("500000")).await, Stage::Applied);
    }
}
