//! The institution's people in a demonstration: whatever the built-in rules leave to people is done at once.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::casework::{self, Platform, Task};
use crate::crypto::encoding::TextForm;
use crate::crypto::md5;
use crate::domain::claim::{ClaimRequest, ClaimResult, ClaimSide, ClaimStatus};
use crate::domain::dossier::{Dossier, Paper};
use crate::domain::identity::GuaranteeId;
use crate::domain::invoice::{Invoice, InvoiceOutcome};
use crate::domain::money::Fen;
use crate::domain::party::{Account, Contact};
use crate::domain::section::{RevealedSection, Secrecy};
use crate::domain::{Command, Guarantee, Stage};
use crate::gateway::{Assembly, Gateway};
use crate::store::guarantees::{self, Filter};
use crate::store::jobs::{self, JobState};
use crate::store::{StoreError, archive::ArchiveError};
use crate::supervise;

/// How often the clerk looks.
const EVERY: Duration = Duration::from_millis(50);

/// More guarantees than this a demonstration's life does not have; a plain run needs no clerk.
const MOST: u32 = 200;

/// Someone at work until [`Clerk::go_home`].
pub struct Clerk(JoinHandle<Option<()>>);

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl Clerk {
    /// Begins to answer what the gateway's platforms wait for.
    pub fn at(gateway: &Gateway) -> Self {
        let assembly = gateway.assembly.clone();
        Self(supervise::spawn("clerk", async move {
            loop {
                if let Err(trouble) = tidy_desk(&assembly).await {
                    tracing::warn!(%trouble, "the clerk could not work");
                }
                assembly.clock.wait(EVERY).await;
            }
        }))
    }

    /// Does at once whatever is due.
    ///
    /// # Errors
    /// When the database or the archive fails.
    pub async fn catch_up(&self, gateway: &Gateway) -> anyhow::Result<()> {
        loop {
            match tidy_desk(&gateway.assembly).await {
                Ok(false) => return Ok(()),
                // The clerk's own round may have come first.
                Ok(true) | Err(Trouble::Store(StoreError::Conflict)) => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
    }

    /// Finishes what is due, with the jobs that follow from it, and goes.
    ///
    /// # Errors
    /// When the database fails, or work is left after `patience`.
    pub async fn go_home(self, gateway: &Gateway, patience: Duration) -> anyhow::Result<()> {
        self.0.abort();
        let (assembly, begun) = (&gateway.assembly, Instant::now());
        loop {
            let busy = tidy_desk(assembly).await?;
            let counts = assembly.store.read(jobs::counts).await?;
            let unfinished = |it: &jobs::Count| matches!(it.state, JobState::Ready | JobState::Running);
            if !busy && !counts.iter().any(|it| unfinished(it) && !Task::waits_for_its_time(&it.kind)) {
                return Ok(());
            }
            anyhow::ensure!(begun.elapsed() < patience, "unfinished jobs: {counts:?}");
            assembly.clock.wait(EVERY).await;
        }
    }
}

/// Does whatever is due; `false` if nothing was.
async fn tidy_desk(assembly: &Assembly) -> Result<bool, Trouble> {
    let mut busy = false;
    let platforms = assembly.platforms.iter().map(|platform| platform.profile.id().clone()).collect();
    let filter = Filter { platforms, limit: MOST, ..Filter::default() };
    let cases = assembly.store.read(move |connection| {
        let ids = guarantees::list(connection, &filter)?.into_iter().map(|summary| summary.id);
        ids.map(|id| guarantees::find(connection, &id)).collect::<Result<Vec<_>, _>>()
    });
    for stored in cases.await?.into_iter().flatten() {
        let guarantee = stored.guarantee;
        let Some(platform) = assembly.platforms.find(&guarantee.platform) else { continue };
        let Some(command) = due(assembly, &platform, &guarantee).await? else { continue };
        carry_out(assembly, &platform, guarantee.id, command).await?;
        busy = true;
    }
    Ok(busy)
}

async fn carry_out(
    assembly: &Assembly,
    platform: &Platform,
    id: GuaranteeId,
    command: Command,
) -> Result<(), StoreError> {
    let (platform, at) = (platform.clone(), assembly.clock.now());
    let commands = [command];
    let write = assembly
        .store
        .write(move |connection| casework::carry_out_all(connection, &platform, &id, &commands, at));
    if let Err(refusal) = write.await? {
        tracing::info!(reason = %refusal, "the case went on without the clerk");
    }
    Ok(())
}

/// The next thing that a person has to do about a guarantee.
async fn due(
    assembly: &Assembly,
    platform: &Platform,
    guarantee: &Guarantee,
) -> Result<Option<Command>, Trouble> {
    if guarantee.invoice.as_ref().is_some_and(|it| it.outcome == InvoiceOutcome::Asked) {
        let invoice = Invoice {
            url: Some("https://invoice.example.com/demo.pdf".to_owned()),
            code: Some("046002200111".to_owned()),
            number: Some("00000001".to_owned()),
        };
        return Ok(Some(Command::IssueInvoice { invoice }));
    }
    if let Some(claim) = guarantee.claim.as_ref().filter(|claim| claim.result.is_none()) {
        let result = paid(assembly, platform, guarantee, &claim.request);
        return Ok(Some(Command::AnswerClaim { result }));
    }
    let issued = matches!(guarantee.stage, Stage::Approved | Stage::Issuing | Stage::Issued);
    if platform.profile.asks_for_dossiers() && issued && guarantee.dossier.is_none() {
        let dossier = dossier(assembly, guarantee).await?;
        return Ok(Some(Command::RecordDossier { dossier }));
    }
    Ok(None)
}

fn paid(
    assembly: &Assembly,
    platform: &Platform,
    guarantee: &Guarantee,
    request: &ClaimRequest,
) -> ClaimResult {
    let side = |code: &str, holder: &str, number: &str, name: &str| ClaimSide {
        code: code.to_owned(),
        contact: Contact { name: Some(name.to_owned()), phone: Some("13800000002".to_owned()) },
        account: Account {
            holder: holder.to_owned(),
            number: number.to_owned(),
            bank: Some("示例银行海口分行".to_owned()),
        },
    };
    let (beneficiary, code) = beneficiary(platform, guarantee);
    let payee = request.payee_account.as_deref().unwrap_or("46050100163600008888");
    ClaimResult {
        status: ClaimStatus::Paid,
        remark: None,
        payer: side(
            super::props::INSTITUTION_CODE,
            super::props::INSTITUTION,
            "46050100163600009999",
            "陈某某",
        ),
        beneficiary: side(&code, &beneficiary, payee, "王某某"),
        amount: request.amount.unwrap_or_else(|| half(guarantee.application.amount)),
        paid_at: Some(assembly.clock.now()),
    }
}

/// Name and code as the letter has them, where nothing was secret; else what somebody who has read it would write.
fn beneficiary(platform: &Platform, guarantee: &Guarantee) -> (String, String) {
    let invented = || ("示例招标人".to_owned(), "12460000MA0EXAMP8Y".to_owned());
    if guarantee.application.secrecy == Secrecy::UntilOpening {
        return invented();
    }
    let key = platform.profile.agreed_section_key();
    let revealed = platform.profile.reveal_application(&guarantee.application, key.as_ref());
    let told = |mut it: RevealedSection| {
        (std::mem::take(&mut it.beneficiary), it.beneficiary_code.take().unwrap_or_default())
    };
    revealed.map_or_else(|_| invented(), told)
}

fn half(amount: Fen) -> Fen {
    Fen::new(amount.fen() / 2).unwrap_or(amount)
}

async fn dossier(assembly: &Assembly, guarantee: &Guarantee) -> Result<Dossier, ArchiveError> {
    let contact = |name: &str| Contact { name: Some(name.to_owned()), phone: Some("13800000003".to_owned()) };
    let number = &guarantee.application.number;
    let paper = async |what: &str| {
        let text = format!("{what} {number}\n").into_bytes();
        let md5 = TextForm::Hex.encode(&md5::digest(&text));
        let document = assembly.archive.put(text).await?;
        Ok::<_, ArchiveError>(Paper { document, name: format!("{what}.txt"), md5 })
    };
    Ok(Dossier {
        contact: contact("林某某"),
        email: Some("bidder@example.com".to_owned()),
        address: Some("福建省漳州市示例路1号".to_owned()),
        legal_representative: contact("黄某某"),
        legal_representative_id: Some("350600199001010011".to_owned()),
        order: Some(paper("order").await?),
        qualification: Some(paper("qualification").await?),
        licence: Some(paper("licence").await?),
        payment_proof: Some(paper("payment").await?),
    })
}
