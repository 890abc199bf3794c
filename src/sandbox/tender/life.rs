//! A whole life on one platform, as a demonstration shows it and a test walks it.

use std::time::Duration;

use anyhow::{bail, ensure};

use super::super::answer::Answer;
use super::super::play::Moment;
use super::Platform;
use super::delivery::Delivery;
use crate::clock;

/// How soon a guarantee that could not be collected is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// What has happened so far, and how long the next wait may take.
struct Diary<'a> {
    platform: &'a Platform,
    patience: Duration,
    moments: Vec<Moment>,
}

impl Platform {
    /// See [`Play::live`](super::super::Play::live).
    pub(super) async fn whole_life(&self, patience: Duration) -> anyhow::Result<Vec<Moment>> {
        let mut diary = Diary { platform: self, patience, moments: Vec::new() };
        let has = |interface: &str| self.specification().pushed(interface).is_some();
        let surrendered = diary.issue().await?;
        let claimed = diary.issue().await?;
        let cancelled = diary.issue().await?;
        diary.repeat(&surrendered).await?;
        diary.surrender(&surrendered).await?;
        for applyno in [&claimed, &cancelled] {
            diary.open(applyno).await?;
        }
        if has("invoiceapply") {
            diary.invoice(&claimed).await?;
        }
        diary.accepted(&claimed, "claim received", self.claim(&claimed).await?)?;
        if has("canclenotice") {
            diary.accepted(&cancelled, "cancelled", self.cancel(&cancelled).await?)?;
        }
        if has("checkbaohanlist") {
            let today = clock::china_date(self.desk.clock.now());
            // A life may begin on one day and end on the next.
            diary.accepted("", "list reconciled", self.reconcile(today.yesterday()?, today).await?)?;
        }
        Ok(diary.moments)
    }
}

impl Diary<'_> {
    fn note(&mut self, applyno: &str, what: &'static str) {
        self.moments.push(Moment { applyno: applyno.to_owned(), what });
    }

    fn accepted(&mut self, applyno: &str, what: &'static str, answer: Answer) -> anyhow::Result<()> {
        ensure!(answer.is_accepted(), "`{applyno}`, {what}: expected code `1`, found {answer}");
        self.note(applyno, what);
        Ok(())
    }

    async fn until(
        &mut self,
        applyno: &str,
        what: &'static str,
        arrived: impl Fn(&Delivery) -> bool,
    ) -> anyhow::Result<()> {
        let platform = self.platform;
        let come = |platform: &Platform| platform.delivery(applyno).as_ref().is_some_and(&arrived);
        if !platform.wait_until(come, self.patience).await {
            let last = platform.journal().all().last().map(ToString::to_string).unwrap_or_default();
            bail!("`{applyno}`, {what}: not after {} s; last exchange: {last}", self.patience.as_secs());
        }
        self.note(applyno, what);
        Ok(())
    }

    /// An application, up to its letter, or to the notice where letters are collected later.
    async fn issue(&mut self) -> anyhow::Result<String> {
        let (applyno, answer) = self.platform.apply_generated().await?;
        self.accepted(&applyno, "applied", answer)?;
        let arrived = |delivery: &Delivery| {
            delivery.approved == Some(true) && (!delivery.restores || delivery.ciphertext.is_some())
        };
        self.until(&applyno, "issued", arrived).await?;
        Ok(applyno)
    }

    async fn repeat(&mut self, applyno: &str) -> anyhow::Result<()> {
        let again = self.platform.duplicate(applyno, "baohanapply").await?;
        self.accepted(applyno, "repeated application answered again", again)
    }

    async fn surrender(&mut self, applyno: &str) -> anyhow::Result<()> {
        let answer = self.platform.surrender(applyno).await?;
        self.accepted(applyno, "surrender asked for", answer)?;
        self.until(applyno, "surrendered", |delivery| delivery.surrendered).await
    }

    async fn open(&mut self, applyno: &str) -> anyhow::Result<()> {
        let platform = self.platform;
        if !platform.specification().restores() {
            return self.collect(applyno).await;
        }
        let wrong = platform.restore_with_wrong_key(applyno).await?;
        ensure!(wrong.status == 200 && wrong.code == "0", "`{applyno}`, wrong key: not refused, but {wrong}");
        self.note(applyno, "wrong key refused");
        self.accepted(applyno, "key sent", platform.restore(applyno).await?)?;
        self.until(applyno, "restored", |delivery| delivery.plaintext.is_some()).await
    }

    /// Asks again where the institution does not have everything together yet.
    async fn collect(&mut self, applyno: &str) -> anyhow::Result<()> {
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.platform.collect(applyno).await?;
            if answer.is_accepted() || waited >= self.patience {
                return self.accepted(applyno, "guarantee collected", answer);
            }
            self.platform.desk.clock.wait(ASK_AGAIN).await;
            waited += ASK_AGAIN;
        }
    }

    async fn invoice(&mut self, applyno: &str) -> anyhow::Result<()> {
        let answer = self.platform.invoice(applyno, "0").await?;
        self.accepted(applyno, "invoice asked for", answer)?;
        self.until(applyno, "invoiced", |delivery| delivery.notices.contains_key("invoicenotice")).await
    }
}
