//! The platform as its server, its control endpoints and a demonstration see it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use anyhow::Context;
use serde_json::Value;

use super::super::answer::Answer;
use super::super::desk::Desk;
use super::super::letter::Letter;
use super::super::play::{Acted, Moment, Play};
use super::super::steps::{Standing, Step};
use super::Platform;
use crate::clock;

const ACTS: &str = "\
POST /acts/restore/{applyno}                push one key: baohanrestore
POST /acts/wrong-key/{applyno}              push a wrong key
POST /acts/invoice/{applyno}                ask for an ordinary invoice: invoiceapply
POST /acts/special-invoice/{applyno}        ask for a special invoice
POST /acts/surrender/{applyno}              quitapply
POST /acts/cancel/{applyno}                 canclenotice
POST /acts/claim/{applyno}                  claimsnotice
POST /acts/waive/{applyno}                  give the application up
";

impl Play for Platform {
    const PATH: &'static str = "/rest/gbsapi";

    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn help(&self) -> String {
        let specification = self.specification();
        format!("{}（模拟）\n\n{ACTS}{}", specification.title, specification.acts)
    }

    async fn receive(self: Arc<Self>, interface: String, body: Bytes, fault: Option<String>) -> String {
        self.answer_to(interface, body, fault).await
    }

    fn refusal(&self, message: &str) -> String {
        self.reply("0", message, None)
    }

    fn refused_by_script(&self, interface: &str, body: &[u8]) {
        if interface == "baohanfilecompletenotice" {
            self.settle(body);
        }
    }

    async fn apply_many(&self, count: u32) -> Vec<Acted> {
        Self::apply_many(self, count).await
    }

    async fn open_all(&self) -> Vec<Acted> {
        self.open_section().await
    }

    async fn act(&self, name: &str, applyno: &str) -> Option<anyhow::Result<Value>> {
        let answer: anyhow::Result<Answer> = match name {
            "restore" => self.restore(applyno).await,
            "wrong-key" => self.restore_with_wrong_key(applyno).await,
            "invoice" => self.invoice(applyno, "0").await,
            "special-invoice" => self.invoice(applyno, "1").await,
            "surrender" => self.surrender(applyno).await,
            "cancel" => self.cancel(applyno).await,
            "claim" => self.claim(applyno).await,
            "waive" => self.waive(applyno).await,
            "collect" => self.collect(applyno).await,
            "reconcile" => {
                let today = clock::china_date(self.desk.clock.now());
                self.reconcile(today, today).await
            }
            _ => return self.declared_by_name(name, applyno),
        };
        Some(answer.and_then(|answer| Ok(serde_json::to_value(answer)?)))
    }

    async fn push_again(&self, applyno: &str, interface: &str, changed: bool) -> anyhow::Result<Answer> {
        match changed {
            false => self.duplicate(applyno, interface).await,
            true => self.conflict(applyno, interface).await,
        }
    }

    async fn take(&self, step: Step, applyno: &str) -> Option<anyhow::Result<Answer>> {
        self.take_step(step, applyno).await
    }

    fn standing(&self, applyno: &str) -> Option<Standing> {
        self.standing_of(applyno)
    }

    async fn live(&self, patience: Duration) -> anyhow::Result<Vec<Moment>> {
        self.whole_life(patience).await
    }

    fn arrived(&self, applyno: Option<&str>) -> Option<Value> {
        match applyno {
            Some(applyno) => serde_json::to_value(self.delivery(applyno)?).ok(),
            None => serde_json::to_value(self.deliveries()).ok(),
        }
    }

    fn document(&self, applyno: &str, name: &str) -> Option<Vec<u8>> {
        let delivery = self.delivery(applyno)?;
        let letters = [(Letter::Ciphertext, delivery.ciphertext), (Letter::Plaintext, delivery.plaintext)];
        let (_, accepted) = letters.into_iter().find(|(letter, _)| letter.name() == name)?;
        Some(accepted?.document.to_vec())
    }

    // As `<applyno>-ciphertext.ofd` and `<applyno>-plaintext.ofd`.
    fn save_letters(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        std::fs::create_dir_all(folder).with_context(|| format!("folder `{}`", folder.display()))?;
        let mut paths = Vec::new();
        for delivery in self.deliveries() {
            let letters =
                [(Letter::Ciphertext, delivery.ciphertext), (Letter::Plaintext, delivery.plaintext)];
            for (letter, accepted) in letters {
                let Some(accepted) = accepted else { continue };
                let path = folder.join(format!("{}-{}.ofd", delivery.applyno, letter.name()));
                std::fs::write(&path, &accepted.document)
                    .with_context(|| format!("letter `{}`", path.display()))?;
                paths.push(path);
            }
        }
        Ok(paths)
    }
}
