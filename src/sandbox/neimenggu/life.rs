//! A whole life on this platform, as a demonstration shows it and a test walks it.

use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::delivery::Delivery;
use super::{Invalidation, Platform};
use crate::sandbox::answer::Answer;
use crate::sandbox::play::Moment;

/// What has happened so far, and how long the next wait may take.
struct Diary<'a> {
    platform: &'a Platform,
    patience: Duration,
    moments: Vec<Moment>,
}

impl Platform {
    /// See [`Play::live`](crate::sandbox::Play::live).
    pub(super) async fn whole_life(&self, patience: Duration) -> anyhow::Result<Vec<Moment>> {
        let mut diary = Diary { platform: self, patience, moments: Vec::new() };
        let surrendered = diary.issue().await?;
        let claimed = diary.issue().await?;
        let cancelled = diary.issue().await?;
        let again = self.duplicate(&surrendered, "PREP101").await?;
        diary.accepted(&surrendered, "repeated application answered again", &again)?;
        diary.verify(&claimed).await?;
        diary.accepted(&surrendered, "surrender asked for", &self.surrender(&surrendered).await?)?;
        diary.until(&surrendered, "surrendered", |delivery| delivery.states().contains(&"08")).await?;
        diary.accepted(&claimed, "claim received", &self.claim(&claimed).await?)?;
        let asked = self.invalidate(&cancelled, Invalidation::Fulfilled).await?;
        diary.accepted(&cancelled, "cancellation asked for", &asked)?;
        diary.until(&cancelled, "cancelled", Delivery::is_cancelled).await?;
        Ok(diary.moments)
    }
}

impl Diary<'_> {
    fn note(&mut self, application_id: &str, what: &'static str) {
        self.moments.push(Moment { applyno: application_id.to_owned(), what });
    }

    fn accepted(&mut self, application_id: &str, what: &'static str, answer: &Answer) -> anyhow::Result<()> {
        ensure!(answer.is_accepted(), "`{application_id}`, {what}: expected code `000`, found {answer}");
        self.note(application_id, what);
        Ok(())
    }

    async fn until(
        &mut self,
        application_id: &str,
        what: &'static str,
        arrived: impl Fn(&Delivery) -> bool,
    ) -> anyhow::Result<()> {
        let platform = self.platform;
        let come = |platform: &Platform| platform.delivery(application_id).as_ref().is_some_and(&arrived);
        if !platform.wait_until(come, self.patience).await {
            let last = platform.journal().all().last().map(ToString::to_string).unwrap_or_default();
            bail!(
                "`{application_id}`, {what}: not after {} s; last exchange: {last}",
                self.patience.as_secs()
            );
        }
        self.note(application_id, what);
        Ok(())
    }

    /// An application, up to its letter.
    async fn issue(&mut self) -> anyhow::Result<String> {
        let (application_id, answer) = self.platform.apply_generated().await?;
        self.accepted(&application_id, "applied", &answer)?;
        self.until(&application_id, "issued", |delivery| delivery.in_force).await?;
        self.accepted(
            &application_id,
            "letter fetched",
            &self.platform.fetch_letter(&application_id).await?,
        )?;
        Ok(application_id)
    }

    /// The letter is genuine as it is, and is not with one byte changed.
    async fn verify(&mut self, application_id: &str) -> anyhow::Result<()> {
        let platform = self.platform;
        let letter = platform.delivery(application_id).and_then(|mut delivery| delivery.letters.pop());
        let mut document = letter.context("no letter has been fetched (PREP103)")?.document.to_vec();
        self.verdict(application_id, "letter verified", &document, "01").await?;
        let middle = document.len() / 2;
        if let Some(byte) = document.get_mut(middle) {
            *byte ^= 1;
        }
        self.verdict(application_id, "changed letter recognised", &document, "02").await
    }

    async fn verdict(
        &mut self,
        application_id: &str,
        what: &'static str,
        document: &[u8],
        status: &str,
    ) -> anyhow::Result<()> {
        let answer = self.platform.verify(application_id, document).await?;
        let found = answer.data.get("status").cloned().unwrap_or_default();
        ensure!(found == status, "`{application_id}`, {what}: expected status `{status}`, found `{found}`");
        self.accepted(application_id, what, &answer)
    }
}
