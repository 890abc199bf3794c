//! Fills the ledger: what the pushes were answered, what stands in the platforms' journals, and what in the database.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use jiff::Timestamp;

use super::ground::Plot;
use super::ledger::{Account, Ledger, Recorded, Told};
use super::lives::{Answers, Book, OnStage};
use crate::casework::Task;
use crate::cli::demo::cast::{Actor, Role};
use crate::cli::demo::props;
use crate::crypto::certificate::Certificate;
use crate::domain::Event;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::gateway;
use crate::sandbox::{Direction, Effect, Outcome};
use crate::seal::{Trust, verify_file};
use crate::store::guarantees::{Filter, Period, Place};
use crate::store::jobs::JobState;
use crate::store::{Connection, Store, StoreError, events, guarantees, jobs};

/// How many guarantees are read at once.
const PAGE: u32 = 500;

/// A generation that has come to rest, and what is needed to look at it.
pub struct Views<'a> {
    pub plot: &'a Plot,
    pub stage: &'a [OnStage],
    pub book: &'a Book,
    /// The folder of the campaign, where the certificate is that seals have to be traced back to.
    pub folder: &'a std::path::Path,
    /// When the generation began, and when it is looked at.
    pub began: Timestamp,
    pub now: Timestamp,
}

/// What the whole generation did on the wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wire {
    /// Requests of the gateway that the platforms had before.
    pub duplicates: u64,
    pub requests: u64,
    pub letters: u64,
}

impl Views<'_> {
    /// Looks at everything.
    ///
    /// # Errors
    /// When the database or the certificate can't be read.
    pub async fn compare(&self) -> anyhow::Result<(Ledger, Wire)> {
        let root = std::fs::read_to_string(self.folder.join(props::ROOT_CERTIFICATE))?;
        let trust = Trust { anchors: vec![Certificate::from_pem(&root)?] };
        let store = gateway::connect_store(&self.plot.settings()?)?;
        let mut answers = self.book.answers();
        let mut ledger = Ledger { jobs: unfinished(&store).await?, ..Ledger::default() };
        let mut wire = Wire::default();
        for OnStage { role, actor } in self.stage {
            let mut effects = self.journal(*role, actor, &mut ledger, &mut wire);
            let mut stored = self.stored(&store, *role).await?;
            let mut numbers: BTreeSet<String> = effects.keys().cloned().collect();
            numbers.extend(answers.keys().filter(|(of, _)| of == role).map(|(_, number)| number.clone()));
            for application in numbers {
                let mut told = told(actor, &application, &trust, self.now);
                wire.letters += u64::try_from(actor.standing(&application).map_or(0, |it| it.letters.len()))?;
                told.effects = effects.remove(&application).unwrap_or_default();
                told.declined = told.effects.contains_key(&Effect::Declined.to_string());
                let stored = stored.remove(&application);
                let answers: Answers = answers.remove(&(*role, application.clone())).unwrap_or_default();
                ledger.accounts.push(Account { platform: role.id(), application, answers, told, stored });
            }
            ledger.strangers.extend(stored.into_keys().map(|number| format!("{}/{number}", role.id())));
        }
        Ok((ledger, wire))
    }

    /// Reads a platform's journal: what each application has got, what came again, what was refused.
    fn journal(
        &self,
        role: Role,
        actor: &Actor,
        ledger: &mut Ledger,
        wire: &mut Wire,
    ) -> BTreeMap<String, BTreeMap<String, u32>> {
        let mut effects: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        for exchange in actor.journal().all() {
            if exchange.direction == Direction::Pushed {
                continue;
            }
            wire.requests += 1;
            wire.duplicates += u64::from(exchange.duplicate);
            let refused = match &exchange.outcome {
                Outcome::Refused(_) | Outcome::Failed(_) => true,
                Outcome::Faulted(text) => text.contains("refused"),
                Outcome::Accepted => false,
            };
            if refused {
                ledger.refusals.push(format!("{}: {exchange}", role.id()));
            }
            let effect = exchange.effect.as_ref().filter(|_| !exchange.duplicate).and_then(once);
            if let (Some(effect), Some(application)) = (effect, &exchange.applyno) {
                *effects.entry(application.clone()).or_default().entry(effect).or_default() += 1;
            }
        }
        effects
    }

    /// What the database holds of a platform's applications since the generation began.
    async fn stored(&self, store: &Store, role: Role) -> anyhow::Result<BTreeMap<String, Recorded>> {
        let mut all = BTreeMap::new();
        let received = Period { from: Some(self.began), until: None };
        let mut filter = Filter {
            platforms: vec![PlatformId::new(role.id())],
            received,
            limit: PAGE,
            ..Filter::default()
        };
        loop {
            let wanted = filter.clone();
            let page = store.read(move |connection| guarantees::list(connection, &wanted)).await?;
            for summary in &page {
                let (platform, number) = (summary.platform.clone(), summary.application.clone());
                let name = number.to_string();
                let read = move |connection: &mut Connection| recorded(connection, &platform, &number);
                let recorded = store.read(read).await?;
                all.insert(
                    name.clone(),
                    recorded.with_context(|| format!("{name} is listed and not stored"))?,
                );
            }
            let Some(last) = page.last() else { return Ok(all) };
            filter.behind = Some(Place { at: last.received_at, id: last.id.clone() });
        }
    }
}

fn recorded(
    connection: &mut Connection,
    platform: &PlatformId,
    number: &ApplicationNumber,
) -> Result<Option<Recorded>, StoreError> {
    let Some(stored) = guarantees::find_by_application(connection, platform, number)? else {
        return Ok(None);
    };
    let guarantee = stored.guarantee.number().map(ToString::to_string);
    let mut recorded = Recorded { guarantee, ..Recorded::default() };
    for entry in events::timeline(connection, &stored.guarantee.id)? {
        *recorded.events.entry(kind_of(&entry.event)).or_default() += 1;
    }
    Ok(Some(recorded))
}

/// Its name as stored; events of letters are told apart by the letter.
fn kind_of(event: &Event) -> String {
    let body = serde_json::to_value(event).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let kind = text("kind").unwrap_or_default();
    match text("letter") {
        Some(letter) => format!("{kind} {letter}"),
        None => kind,
    }
}

/// What an effect is called if it can be had once only. Slices may begin anew, and keys may be asked for at any time.
fn once(effect: &Effect) -> Option<String> {
    match effect {
        Effect::SliceStored { .. } | Effect::PublicKeyGiven | Effect::AbnormalSectionsGiven { .. } => None,
        Effect::LetterAccepted { letter, .. } => Some(format!("{} letter accepted", letter.name())),
        Effect::Approved { .. } => Some("approved".to_owned()),
        other => Some(other.to_string()),
    }
}

fn told(actor: &Actor, application: &str, trust: &Trust, now: Timestamp) -> Told {
    let Some(standing) = actor.standing(application) else { return Told::default() };
    let mut bad_letters = Vec::new();
    for letter in &standing.letters {
        let verified = verify_file(letter, trust, now);
        if !verified.is_valid() {
            bad_letters.push(format!("{:?}", verified.failures()));
        }
    }
    Told {
        guarantee: standing.guarantee,
        issued: standing.issued,
        complete: standing.complete,
        surrendered: standing.surrendered,
        claim_answered: standing.claim_answered,
        invoice_answered: standing.invoice_answered,
        contradictions: standing.contradictions,
        bad_letters,
        ..Told::default()
    }
}

/// Jobs that were given up, and those that wait or run though all has come to rest.
async fn unfinished(store: &Store) -> Result<Vec<String>, StoreError> {
    let counts = store.read(jobs::counts).await?;
    let left = counts.into_iter().filter(|it| it.state == JobState::Dead || is_due(it));
    Ok(left.map(|it| format!("{} jobs of kind {} are {}", it.count, it.kind, it.state.name())).collect())
}

fn is_due(count: &jobs::Count) -> bool {
    count.state != JobState::Dead && !Task::waits_for_its_time(&count.kind)
}

/// Whether the gateway has nothing to do; it has where its database can't be read yet.
pub async fn is_idle(store: &Store) -> bool {
    store.read(jobs::counts).await.is_ok_and(|counts| !counts.iter().any(is_due))
}
