//! Questions of a platform: answered from what is stored, and recorded like every push. They change nothing, but that a
//! letter has arrived at the platform which has asked for it, where the question is known to be the platform's.

mod letter;
mod reconciliation;
mod verification;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::case;
use super::outcome::PushOutcome;
use super::push::Push;
use super::receive::{Answered, Intake};
use super::replays::{Letter, Memory, Seen, TOO_LATE};
use crate::casework::{self, Platform};
use crate::dialect::{Opened, Query, Response};
use crate::domain::guarantee::LetterKind;
use crate::domain::{Command, Guarantee, Refusal};
use crate::downloads::Links;
use crate::seal::Trust;
use crate::store::archive::Archive;
use crate::store::messages::{self, NewMessage};
use crate::store::{Connection, StoreError};

/// What answers come from.
pub struct Inquiries {
    pub archive: Archive,
    pub links: Links,
    /// Whom the verifier of letters believes.
    pub trust: Arc<Trust>,
    verifications: Arc<Semaphore>,
}

impl Inquiries {
    /// At most half of the machine's cores verify letters at a time: anybody may ask for that, and a restoration must
    /// find a core.
    pub fn new(archive: Archive, links: Links, trust: Arc<Trust>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { archive, links, trust, verifications: Arc::new(Semaphore::new(cores.div_ceil(2))) }
    }
}

/// An answer on its way: everything is read; links are made and the answer is recorded in one transaction.
type Prepared = Box<dyn Fn(&mut Connection) -> Result<Response, StoreError> + Send + Sync>;

/// An opened question.
struct Asked {
    push: Arc<Push>,
    platform: Arc<Platform>,
    opened: Opened,
    memory: Memory,
    at: Timestamp,
}

impl Intake {
    /// Answers a question that was opened.
    pub(super) async fn inquire(
        &self,
        push: Arc<Push>,
        platform: Arc<Platform>,
        opened: Opened,
        query: Query,
        memory: Memory,
        at: Timestamp,
    ) -> anyhow::Result<Answered> {
        if self.is_stale(&platform, &opened, memory, at).await? {
            let (interface, message) = (Some(opened.interface), TOO_LATE.to_owned());
            return self.reject(push, Some(platform), interface, PushOutcome::Replayed, message, at).await;
        }
        let (id, subject) = (platform.profile.id().clone(), opened.subject.clone());
        let known = self.store.read(move |connection| case::find(connection, &id, &subject)).await?;
        let known = known.map(|stored| stored.guarantee);
        let prepared = self.prepare(&platform, &opened, known.clone(), query, at).await?;
        let asked = Arc::new(Asked { push, platform, opened, memory, at });
        let shared = Arc::clone(&asked);
        let answered = match prepared {
            Err(refusal) => {
                tracing::warn!(platform = %asked.platform.profile.id(), interface = asked.opened.interface, request_id = asked.push.request_id, reason = %refusal, "question refused");
                self.store
                    .write(move |connection| shared.refuse(connection, known.as_ref(), &refusal))
                    .await?
            }
            Ok((prepared, arrived)) => {
                let write = move |connection: &mut Connection| {
                    let response = prepared(connection)?;
                    shared.answer(connection, known.as_ref(), &response, arrived)
                };
                self.store.write(write).await?
            }
        };
        Ok(answered)
    }

    /// Whether somebody asks with an old message: the answer to it would be for whoever has captured it.
    async fn is_stale(
        &self,
        platform: &Platform,
        opened: &Opened,
        memory: Memory,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, opened) = (platform.profile.id().clone(), opened.clone());
        let look = move |connection: &mut Connection| {
            let letter = Letter::of(connection, &id, &opened, at, memory);
            let seen = letter.map(|letter| letter.look(connection)).transpose()?;
            Ok(!matches!(seen, None | Some(Seen::Fresh)))
        };
        self.store.read(look).await
    }

    /// Reads what the answer needs. With it comes the letter that the platform has when it has the answer.
    async fn prepare(
        &self,
        platform: &Platform,
        opened: &Opened,
        known: Option<Guarantee>,
        query: Query,
        at: Timestamp,
    ) -> anyhow::Result<Result<(Prepared, Option<LetterKind>), Refusal>> {
        if let Query::Reconciliation { first, last } = query {
            let prepared = reconciliation::prepare(platform.profile.id().clone(), first, last);
            return Ok(Ok((prepared, None)));
        }
        let Some(guarantee) = known else {
            return Ok(Err(case::said_of(&opened.subject, Refusal::UnknownApplication)));
        };
        if let (Some(said), Some(number)) = (&opened.subject.guarantee, guarantee.number())
            && said != number
        {
            return Ok(Err(Refusal::GuaranteeNumberMismatch));
        }
        match query {
            Query::LetterInfo => letter::prepare_info(self, guarantee, at).await,
            Query::Letter => letter::prepare_file(self, guarantee).await,
            Query::Verification { file } => {
                verification::prepare(self, guarantee, file, at).await.map(|prepared| Ok((prepared, None)))
            }
            Query::Reconciliation { .. } => Ok(Err(Refusal::UnknownApplication)),
        }
    }
}

impl Asked {
    fn answer(
        &self,
        connection: &mut Connection,
        known: Option<&Guarantee>,
        response: &Response,
        arrived: Option<LetterKind>,
    ) -> Result<Answered, StoreError> {
        let answer = self.platform.profile.success(&self.opened.interface, response);
        // A letter is in the archive already; of an answer that holds one, digest and size are kept.
        let kept = match response {
            Response::Letter(_) | Response::LetterInfo(_) => messages::summary(&answer),
            _ => answer.clone(),
        };
        self.record(connection, known, kept, PushOutcome::Accepted, None)?;
        if let (Some(letter), Some(guarantee)) = (arrived.filter(|_| self.opened.authentic), known) {
            let arrived = [Command::RecordDelivery { letter }];
            let outcome =
                casework::carry_out_all(connection, &self.platform, &guarantee.id, &arrived, self.at)?;
            if let Err(refusal) = outcome {
                tracing::error!(guarantee = %guarantee.id, reason = %refusal, "a delivery could not be recorded");
            }
        }
        Ok(Answered { outcome: PushOutcome::Accepted, answer })
    }

    fn refuse(
        &self,
        connection: &mut Connection,
        known: Option<&Guarantee>,
        refusal: &Refusal,
    ) -> Result<Answered, StoreError> {
        let (profile, interface) = (&self.platform.profile, self.opened.interface.as_str());
        let reason = refusal.to_string();
        let answer = profile.failure(Some(interface), case::failure(refusal), &reason);
        self.record(connection, known, answer.clone(), PushOutcome::Refused, Some(reason))?;
        Ok(Answered { outcome: PushOutcome::Refused, answer })
    }

    fn record(
        &self,
        connection: &mut Connection,
        known: Option<&Guarantee>,
        answer: Vec<u8>,
        outcome: PushOutcome,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        let record = NewMessage {
            guarantee: known.map(|guarantee| guarantee.id.clone()),
            answer: Some(answer),
            outcome: outcome.name().to_owned(),
            detail,
            tolerances: self.opened.tolerances.iter().map(ToString::to_string).collect(),
            ..self.push.record(&self.opened.interface, self.at)
        };
        let platform = self.platform.profile.id();
        if let Some(letter) = Letter::of(connection, platform, &self.opened, self.at, self.memory) {
            letter.remember(connection, None)?;
        }
        messages::record(connection, &record).map(drop)
    }
}
