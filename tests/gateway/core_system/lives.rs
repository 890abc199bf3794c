//! Lives of guarantees about which the core system decides everything, over its interface alone.

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::terms::PaymentMethod;
use baohan_gateway::sandbox::hainan::Effect;
use serde_json::{Value, json};

use super::{API, Core, paid};
use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::operator::MANUAL;

/// A rare character that the built-in fonts lack; no letter is issued with a hole in it.
const UNPRINTABLE: char = '𠮷';

/// A platform whose applications nobody but the core system decides.
fn by_core(role: Role) -> String {
    let decided = ["mode", "surrender", "cancellation"].map(|key| format!("{key} = \"manual\"\n")).concat();
    format!("{API}[platforms.{}.underwriting]\n{decided}", role.id())
}

/// A guarantee of Hainan that the core system has issued.
struct Issued {
    house: House,
    core: Core,
    applyno: String,
    id: String,
}

impl Issued {
    async fn on(database: Database) -> Self {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        core.act(&id, "issue", json!({"approval": {}, "premium": paid()})).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        Self { house, core, applyno, id }
    }

    async fn act(&self, act: &str, body: Value) {
        self.core.act(&self.id, act, body).await;
    }

    /// What the platform took note of, by interface.
    fn noted(&self, interface: &str) -> Vec<Effect> {
        let journal = self.house.sandbox.journal().all();
        journal.iter().filter(|it| it.interface == interface).filter_map(|it| it.effect.clone()).collect()
    }

    async fn stage(&self) -> Stage {
        self.house.stored(&self.applyno).await.unwrap().stage
    }
}

/// An answer to a claim.
pub fn claim(status: &str, more: Value) -> Value {
    let side = |code: &str, holder: &str| {
        json!({
            "code": code,
            "contact": {"name": "李某某", "phone": "13900002222"},
            "account": {"holder": holder, "number": "46050100163600001234", "bank": "示例银行海口分行"},
        })
    };
    let mut answer = json!({
        "status": status,
        "payer": side("91460000MA0EXAMP7X", "示例财产保险股份有限公司"),
        "beneficiary": side("11460000MA271828X0", "海口市美兰区住房和城乡建设局"),
    });
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

on_both_databases! {
    async fn a_guarantee_lives_from_application_to_paid_claim(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        house.at_rest().await;
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let agreed = json!({"guarantee_number": "HX-2024-0001", "premium": "512.50", "rate": "0.0051"});
        let approved = core.act(&id, "approval", agreed).await;
        assert_eq!((&approved.body["stage"], &approved.body["guarantee_number"]), (&json!("approved"), &json!("HX-2024-0001")));
        let mut premium = paid();
        premium["paid_at"] = json!("2024-06-24T09:30:00+08:00");
        premium["amount"] = json!("513.00");
        assert_eq!(core.act(&id, "premium", premium).await.body["stage"], "issuing");
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        let guarantee = house.stored(&applyno).await.unwrap();
        let payment = guarantee.payment.unwrap();
        assert_eq!(payment.payer.holder, guarantee.application.applicant.name);
        assert_eq!(payment.paid_at.unwrap().to_string(), "2024-06-24T01:30:00Z");
        assert_eq!((payment.amount.unwrap().to_string().as_str(), payment.method), ("513.00", PaymentMethod::OnlineBanking));
        assert_eq!(house.sandbox.delivery(&applyno).unwrap().baohanno.as_deref(), Some("HX-2024-0001"));

        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        house.at_rest().await;
        let issued = Issued { house, core, applyno, id };
        let (house, applyno) = (&issued.house, issued.applyno.as_str());
        assert!(house.sandbox.invoice(applyno, "0").await.unwrap().is_accepted());
        issued.act("invoice", json!({"outcome": "refused", "reason": "开票信息不完整"})).await;
        house.noticed(applyno, "invoicenotice", 1).await;
        assert!(house.sandbox.invoice(applyno, "0").await.unwrap().is_accepted());
        issued.act("invoice", json!({"outcome": "issued", "url": "https://invoice.example.com/1.pdf", "number": "24462000000012345678"})).await;
        house.noticed(applyno, "invoicenotice", 2).await;
        let noted = [false, true].map(|issued| Effect::InvoiceNoted { issued });
        assert_eq!(issued.noted("invoicenotice"), noted);

        assert!(house.sandbox.claim(applyno).await.unwrap().is_accepted());
        // The platform has no word for a claim that is being handled.
        issued.act("claim", claim("in-handling", json!({}))).await;
        issued.act("claim", claim("to-be-paid", json!({"amount": "20000.00"}))).await;
        house.noticed(applyno, "claimsresultnotice", 1).await;
        let paid = json!({"amount": "20000.00", "paid_at": "2024-12-20T16:00:00+08:00"});
        issued.act("claim", claim("paid", paid)).await;
        house.noticed(applyno, "claimsresultnotice", 2).await;
        let noted = ["1", "2"].map(|status| Effect::ClaimResultNoted { status: status.to_owned() });
        assert_eq!(issued.noted("claimsresultnotice"), noted);
        let guarantee = house.stored(applyno).await.unwrap();
        assert_eq!((guarantee.stage, guarantee.paid_on_claims.to_string().as_str()), (Stage::Restored, "20000.00"));
    }

    async fn a_surrender_is_refused_and_then_granted(database: Database) {
        let issued = Issued::on(database).await;
        let (house, applyno) = (&issued.house, issued.applyno.as_str());
        assert!(house.sandbox.surrender(applyno).await.unwrap().is_accepted());
        issued.act("surrender", json!({"outcome": "refused", "reason": "项目即将开标"})).await;
        house.noticed(applyno, "quitnotice", 1).await;
        assert_eq!(issued.stage().await, Stage::Issued);
        assert!(house.sandbox.surrender(applyno).await.unwrap().is_accepted());
        issued.act("surrender", json!({"outcome": "granted"})).await;
        house.noticed(applyno, "quitnotice", 2).await;
        let noted = [false, true].map(|agreed| Effect::SurrenderNoted { agreed });
        assert_eq!((issued.stage().await, &issued.noted("quitnotice")[..]), (Stage::Surrendered, &noted[..]));
    }

    async fn a_surrender_is_agreed_without_the_platform_having_asked(database: Database) {
        let issued = Issued::on(database).await;
        issued.act("surrender", json!({"outcome": "agreed", "reason": "投标人不再参加投标"})).await;
        issued.house.noticed(&issued.applyno, "quitnotice", 1).await;
        assert_eq!(issued.stage().await, Stage::Surrendered);
        assert_eq!(issued.noted("quitnotice"), [Effect::SurrenderNoted { agreed: true }]);
    }

    async fn an_application_is_given_up_where_the_platform_is_asked_and_where_it_is_not(database: Database) {
        let house = House::open_with(database, &by_core(Role::Hainan)).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        assert_eq!(core.act(&id, "waiver", json!({})).await.body["stage"], "applied");
        house.noticed(&applyno, "giveupapply", 1).await;
        assert_eq!(house.timeline(&applyno).await[1..], ["已向平台提出放弃申请", "申请已放弃"]);

        let house = House::with(Role::Ggzy, database, &by_core(Role::Ggzy)).await.tender();
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        assert_eq!(core.act(&id, "waiver", json!({})).await.body["stage"], "waived");
    }

    async fn an_order_is_kept_and_then_cancelled(database: Database) {
        let house = House::with(Role::Neimenggu, database, &by_core(Role::Neimenggu)).await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let (application, answer) = platform.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let (core, id) = (house.core().await, house.id_of(&application).await);
        assert!(platform.cancel_order(&application).await.unwrap().is_accepted());
        let pending = (409, "illegal-state", "cancellation-pending");
        let reply = core.refused(&id, "approval", json!({}), pending).await;
        assert_eq!(reply.body["legal_acts"], json!(["record-dossier", "grant-cancellation", "refuse-cancellation"]));
        core.act(&id, "cancellation", json!({"outcome": "refused", "reason": "已开始审批"})).await;
        core.act(&id, "approval", json!({})).await;
        house.at_rest().await;
        assert!(platform.cancel_order(&application).await.unwrap().is_accepted());
        core.act(&id, "cancellation", json!({"outcome": "granted"})).await;
        house.at_rest().await;
        assert_eq!(house.stored(&application).await.unwrap().stage, Stage::Waived);
        assert_eq!(platform.delivery(&application).unwrap().states().last(), Some(&"07"));
    }

    async fn what_can_not_be_printed_is_paid_and_then_not_issued(database: Database) {
        let house = House::with(Role::Neimenggu, database, &by_core(Role::Neimenggu)).await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let mut application = platform.generate();
        application.project_name.push(UNPRINTABLE);
        let number = application.application_id.clone();
        assert!(platform.apply(application).await.unwrap().is_accepted());
        let (core, id) = (house.core().await, house.id_of(&number).await);
        core.act(&id, "issue", json!({"approval": {}, "premium": paid()})).await;
        house.at_rest().await;
        let given_up = core.act(&id, "abandonment", json!({"reason": "字库缺字"})).await;
        assert_eq!(given_up.body["stage"], "abandoned");
        let told = |all: &[_]| all.len() == 1 && platform.delivery(&number).unwrap().states() == ["01", "05", "04"];
        assert!(house.sandbox.wait_until(told, PATIENCE).await);
    }
}
