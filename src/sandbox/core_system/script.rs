//! What the institution does about each callback.

use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::client::Client;
use super::{Done, Received, Shared};

/// Works through the inbox, one callback after the other.
pub(super) async fn work(core: Arc<Shared>, mut inbox: UnboundedReceiver<Received>) {
    while let Some(received) = inbox.recv().await {
        if let Err(error) = answer(&core, &received).await {
            let Received { id, kind, .. } = &received;
            core.note(|diary| diary.faults.push(format!("{kind} {id}: {error:#}")));
        }
        core.note(|diary| diary.worked += 1);
    }
}

async fn answer(core: &Shared, received: &Received) -> anyhow::Result<()> {
    let Some(guarantee) = &received.guarantee else { return Ok(()) };
    let client = core.client.get().context("the gateway's address is not known yet")?;
    let case = Case { core, client, callback: &received.id, guarantee };
    match received.kind.as_str() {
        "application.received" | "application.replaced" => case.underwrite().await,
        "surrender.asked" => case.act("surrender", json!({"outcome": "granted"})).await,
        "cancellation.asked" => case.act("cancellation", json!({"outcome": "granted"})).await,
        "claim.received" => case.pay_claim().await,
        "invoice.asked" => {
            let invoice = json!({
                "outcome": "issued",
                "url": "https://invoice.example.com/core.pdf",
                "code": "046002200111",
                "number": "00000001",
            });
            case.act("invoice", invoice).await
        }
        _ => Ok(()),
    }
}

/// One guarantee, because of one callback.
struct Case<'a> {
    core: &'a Shared,
    client: &'a Client,
    callback: &'a str,
    guarantee: &'a str,
}

impl Case<'_> {
    async fn act(&self, act: &str, body: Value) -> anyhow::Result<()> {
        let path = format!("/guarantees/{}/{act}", self.guarantee);
        self.client.post(&path, &self.key(act), &body).await.with_context(|| act.to_owned())?;
        let done = Done { act: act.to_owned(), guarantee: self.guarantee.to_owned() };
        self.core.note(|diary| diary.done.push(done));
        Ok(())
    }

    /// The same for the same callback, however often it is worked on.
    fn key(&self, what: &str) -> String {
        format!("{}-{what}", self.callback)
    }

    /// Papers first: a platform may ask for them as soon as it hears of the approval.
    async fn underwrite(&self) -> anyhow::Result<()> {
        let voucher = self.upload("payment_proof").await?;
        let dossier = json!({
            "contact": {"name": "林某某", "phone": "13800000003"},
            "legal_representative": {"name": "黄某某", "phone": "13800000004"},
            "legal_representative_id": "350600199001010011",
            "email": "bidder@example.com",
            "address": "福建省漳州市示例路1号",
            "papers": {
                "order": self.upload("order").await?,
                "qualification": self.upload("qualification").await?,
                "licence": self.upload("licence").await?,
                "payment_proof": voucher,
            },
        });
        self.act("dossier", dossier).await?;
        let digits = self.guarantee.replace('-', "");
        // The last digits of the id are random; one platform has room for 32 characters.
        let number = format!("HX{}", digits.get(12..).unwrap_or(&digits));
        self.act("approval", json!({"guarantee_number": number})).await?;
        let premium = json!({
            "payer": {"number": "46050100163600001111", "bank": "示例银行"},
            "basic_account": "confirmed",
            "method": "online-banking",
            "voucher": voucher,
        });
        self.act("premium", premium).await
    }

    async fn upload(&self, paper: &str) -> anyhow::Result<Value> {
        let name = format!("{paper}.txt");
        let text = format!("{paper} {}\n", self.guarantee);
        let digest = self.client.upload(&name, &self.key(&name), text).await.with_context(|| name.clone())?;
        Ok(json!({"digest": digest, "name": name}))
    }

    async fn pay_claim(&self) -> anyhow::Result<()> {
        let known = self.client.get(&format!("/guarantees/{}", self.guarantee)).await?;
        let text = |pointer: &str| known.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let side = |code: String, holder: String, number: String| {
            json!({
                "code": code,
                "contact": {"name": "陈某某", "phone": "13800000002"},
                "account": {"holder": holder, "number": number, "bank": "示例银行海口分行"},
            })
        };
        let ours = &self.core.institution;
        let payer = side(ours.code.clone(), ours.name.clone(), "46050100163600009999".to_owned());
        let beneficiary = side(
            text("/section/beneficiary_code").unwrap_or_else(|| "12460000MA0EXAMP8Y".to_owned()),
            text("/section/beneficiary").unwrap_or_else(|| "示例招标人".to_owned()),
            text("/claim/payee_account").unwrap_or_else(|| "46050100163600008888".to_owned()),
        );
        let amount = text("/claim/amount").or_else(|| text("/amount"));
        let result = json!({
            "status": "paid",
            "amount": amount.context("the guarantee has no amount")?,
            "paid_at": self.core.clock.now().to_string(),
            "payer": payer,
            "beneficiary": beneficiary,
        });
        self.act("claim", result).await
    }
}
