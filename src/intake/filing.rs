//! Filing an opened push: known again or decided, and stored with its answer, all in one transaction.

use std::sync::Arc;

use jiff::Timestamp;

use super::case;
use super::outcome::PushOutcome;
use super::push::Push;
use super::receive::Answered;
use super::recognition::{Recognition, recognise};
use super::replays::{Letter, Memory, Seen, TOO_LATE};
use super::request;
use crate::casework::{self, Platform, restoration, sections};
use crate::dialect::{Failure, Opened, Response};
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber};
use crate::domain::{Command, Refusal};
use crate::store::bindings::{self, Binding, BusinessKey};
use crate::store::messages::NewMessage;
use crate::store::{Connection, StoreError, guarantees, messages};
use crate::telemetry::Metrics;

/// An opened push on its way into the store.
pub(super) struct Filing {
    pub(super) push: Arc<Push>,
    pub(super) platform: Arc<Platform>,
    pub(super) opened: Opened,
    pub(super) memory: Memory,
    pub(super) at: Timestamp,
}

/// What became of it.
pub(super) struct Filed {
    pub(super) answered: Answered,
    refusal: Option<Refusal>,
}

impl Filing {
    /// Runs inside one transaction and does no I/O but the database's.
    pub(super) fn file(&self, connection: &mut Connection) -> Result<Filed, StoreError> {
        let profile = &self.platform.profile;
        let opened = &self.opened;
        let known = case::find(connection, profile.id(), &opened.subject)?;
        let id = known.as_ref().map(|stored| stored.guarantee.id.clone());
        let letter = Letter::of(connection, profile.id(), opened, self.at, self.memory);
        let letter = letter.as_ref();
        if let Some(letter) = letter {
            let filed = match letter.look(connection)? {
                Seen::Fresh => None,
                Seen::Answered(answer) => Some((PushOutcome::Duplicate, answer, None)),
                Seen::TooLate => {
                    let interface = Some(opened.interface.as_str());
                    let answer = profile.failure(interface, Failure::Content, TOO_LATE);
                    Some((PushOutcome::Replayed, answer, Some(TOO_LATE.to_owned())))
                }
            };
            if let Some((outcome, answer, reason)) = filed {
                return self.finish(connection, id, outcome, answer, reason).map(|(filed, _)| filed);
            }
        }
        let prepared =
            request::prepare(profile, opened, known.as_ref().map(|stored| &stored.guarantee), self.at);
        let Some(prepared) = prepared else {
            return self.refuse(connection, id, PushOutcome::Refused, Refusal::UnknownApplication, letter);
        };

        let business = self.business_key();
        let content = hex::encode(opened.content);
        let bound = bindings::find(connection, &business)?;
        let of_key = bound.as_ref().map(|binding| binding.content.as_str());
        let guarantee = known.as_ref().map(|stored| &stored.guarantee);
        match (recognise(of_key, &content, guarantee, &prepared.command), &bound) {
            (Recognition::Repetition, Some(binding)) => {
                let answer = binding.answer.to_vec();
                let (filed, message) = self.finish(connection, id, PushOutcome::Duplicate, answer, None)?;
                // Asked for once more, and granted once: this copy is used up as well.
                if let Some(letter) = letter {
                    letter.remember(connection, Some(&message))?;
                }
                return Ok(filed);
            }
            (Recognition::Conflict, _) => {
                return self.refuse(connection, id, PushOutcome::Conflict, Refusal::ContentConflict, letter);
            }
            (Recognition::New | Recognition::Repetition, _) => {}
        }
        let applied = matches!(prepared.command, Command::Apply { .. });
        match casework::carry_out(connection, &self.platform, known, prepared.command, self.at)? {
            Err(refusal) => {
                if let (Refusal::WrongKey, Some(id)) = (&refusal, &id) {
                    guarantees::note_refused_key(connection, id, self.at)?;
                }
                self.refuse(connection, id, PushOutcome::Refused, refusal, letter)
            }
            Ok(guarantee) => {
                if applied {
                    sections::mark_applied(connection, &self.platform, &guarantee, self.at)?;
                }
                if let Some(key) = &prepared.key {
                    restoration::keep(connection, &self.platform, &guarantee, key, self.at)?;
                }
                let redirect = self.platform.redirect(&guarantee, self.at);
                let answer = profile.success(&opened.interface, &Response::Done { redirect });
                let stored_answer = answer.clone();
                let (filed, message) =
                    self.finish(connection, Some(guarantee.id), PushOutcome::Accepted, answer, None)?;
                if let Some(letter) = letter {
                    letter.remember(connection, Some(&message))?;
                }
                let answer = stored_answer.into();
                bindings::put(
                    connection,
                    &business,
                    &Binding { content, answer, message, bound_at: self.at },
                )?;
                Ok(filed)
            }
        }
    }

    fn business_key(&self) -> BusinessKey {
        BusinessKey {
            platform: self.platform.profile.id().clone(),
            interface: self.opened.interface.clone(),
            key: self.opened.business_key.clone(),
        }
    }

    fn refuse(
        &self,
        connection: &mut Connection,
        id: Option<GuaranteeId>,
        outcome: PushOutcome,
        refusal: Refusal,
        letter: Option<&Letter<'_>>,
    ) -> Result<Filed, StoreError> {
        if let Some(letter) = letter {
            letter.remember(connection, None)?;
        }
        let refusal = case::said_of(&self.opened.subject, refusal);
        let (profile, interface) = (&self.platform.profile, self.opened.interface.as_str());
        let answer = profile.failure(Some(interface), case::failure(&refusal), &refusal.to_string());
        let (filed, _) = self.finish(connection, id, outcome, answer, Some(refusal.to_string()))?;
        Ok(Filed { refusal: Some(refusal), ..filed })
    }

    /// Records the message with its answer; yields the record's id too.
    fn finish(
        &self,
        connection: &mut Connection,
        guarantee: Option<GuaranteeId>,
        outcome: PushOutcome,
        answer: Vec<u8>,
        detail: Option<String>,
    ) -> Result<(Filed, String), StoreError> {
        let record = NewMessage {
            guarantee,
            answer: Some(answer.clone()),
            outcome: outcome.name().to_owned(),
            detail,
            tolerances: self.opened.tolerances.iter().map(ToString::to_string).collect(),
            ..self.push.record(&self.opened.interface, self.at)
        };
        let message = messages::record(connection, &record)?;
        Ok((Filed { answered: Answered { outcome, answer }, refusal: None }, message))
    }

    /// Logs once what became of the push, and raises the alarms that it deserves.
    pub(super) fn report(&self, filed: &Filed, metrics: &Metrics) {
        let platform = self.platform.profile.id();
        let application = self.opened.subject.application.as_ref().map(ApplicationNumber::as_str);
        let guarantee_number = self.opened.subject.guarantee.as_ref().map(GuaranteeNumber::as_str);
        let (interface, request_id) = (&self.opened.interface, &self.push.request_id);
        match &filed.refusal {
            None => {
                let outcome = filed.answered.outcome.name();
                match filed.answered.outcome {
                    PushOutcome::Replayed => {
                        tracing::warn!(%platform, interface, application, guarantee_number, request_id, "copy of an old message refused");
                    }
                    _ => {
                        tracing::info!(%platform, interface, application, guarantee_number, request_id, outcome, "push received");
                    }
                }
            }
            Some(Refusal::WrongKey) => {
                metrics.decrypt_failed(platform.as_str());
                metrics.alarm("wrong-key");
                tracing::error!(%platform, interface, application, guarantee_number, request_id, "restoration key does not fit; the guarantee stays sealed");
            }
            Some(Refusal::ContentConflict) => {
                metrics.alarm("content-conflict");
                tracing::error!(%platform, interface, application, guarantee_number, request_id, "push repeats a request with other content");
            }
            Some(refusal) => {
                tracing::warn!(%platform, interface, application, guarantee_number, request_id, reason = %refusal, "push refused");
            }
        }
    }
}
