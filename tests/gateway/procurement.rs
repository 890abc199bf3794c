//! 内蒙古: the ways of an application and of a guarantee for an advance payment that do not end well, as the platform is
//! told of them.

use std::collections::BTreeMap;

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::claim::ClaimStatus;
use baohan_gateway::domain::guarantee::{CancellationKind, SurrenderOutcome};
use baohan_gateway::sandbox::neimenggu::{Application, Delivery, Invalidation, Sandbox};
use baohan_gateway::sandbox::{Act, Answer, Direction, Fault, Outcome};
use serde_json::json;

use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::operator::PAID;

const BY_HAND: &str = "[platforms.neimenggu.underwriting]\nmode = \"manual\"\n";
const SURRENDER_BY_HAND: &str = "[platforms.neimenggu.underwriting]\nsurrender = \"manual\"\n";

const CANCELLATION_BY_HAND: &str = "[platforms.neimenggu.underwriting]\ncancellation = \"manual\"\n";
const ALL_BY_HAND: &str =
    "[platforms.neimenggu.underwriting]\nmode = \"manual\"\ncancellation = \"manual\"\n";
/// Nobody waits long for another attempt.
const QUICK: &str =
    "[jobs.worker]\npoll = \"20ms\"\n[jobs.ordinary]\ndelays = [\"10ms\"]\nrepeat_last = 1000\n";

const CANCELLATION_OPEN: &str = "订单取消申请尚未答复";

/// The states of a guarantee that was issued without incident.
const ISSUED: [&str; 3] = ["01", "05", "03"];

const NO_LETTER: &str = "保函文件尚未生成，请稍后再查询";

const TOO_LATE: &str = "保函已出具，订单不能取消，可申请退保";

/// A rare character that the built-in fonts lack; no letter is issued with a hole in it.
const UNPRINTABLE: char = '𠮷';

/// One advance payment that is to be guaranteed.
struct Purchase {
    house: House<Actor>,
    number: String,
}

impl Purchase {
    /// An application with made-up data, as far as it comes of itself.
    async fn of(database: Database, settings: &str) -> Self {
        Self::changed(database, settings, |_| ()).await
    }

    /// One that is approved and paid, and whose letter nobody can print.
    async fn being_issued(database: Database, settings: &str) -> Self {
        let purchase = Self::changed(database, settings, |it| it.project_name.push(UNPRINTABLE)).await;
        purchase.assert_stands(Stage::Issuing, &ISSUED[..2]).await;
        let dead = purchase.house.ledger().lines("SELECT kind AS line FROM jobs WHERE state = 'dead'");
        assert_eq!(dead.len(), 1, "{dead:?}");
        purchase
    }

    async fn changed(database: Database, settings: &str, change: impl FnOnce(&mut Application)) -> Self {
        let house = House::with(Role::Neimenggu, database, settings).await;
        let mut application = platform(&house).generate();
        change(&mut application);
        let number = application.application_id.clone();
        let answer = platform(&house).apply(application).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        house.at_rest().await;
        Self { house, number }
    }

    fn platform(&self) -> &Sandbox {
        platform(&self.house)
    }

    fn delivery(&self) -> Delivery {
        self.platform().delivery(&self.number).unwrap()
    }

    /// Runs a decision, and waits until the platform has been told.
    async fn decided(&self, decision: &[&str]) {
        self.house.decided(&self.number, decision).await;
        self.house.at_rest().await;
    }

    /// Waits until what follows from an accepted push is done.
    async fn accepted(&self, answer: anyhow::Result<Answer>) {
        let answer = answer.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        self.house.at_rest().await;
    }

    /// Asserts where the guarantee stands, and that the platform has accepted these states and refused none.
    async fn assert_stands(&self, stage: Stage, states: &[&str]) {
        assert_eq!(self.house.stored(&self.number).await.unwrap().stage, stage);
        let delivery = self.delivery();
        assert_eq!(delivery.states(), states);
        assert!(delivery.noted.iter().all(|notice| notice.times == 1), "{:?}", delivery.noted);
        let refused: Vec<String> = self
            .platform()
            .journal()
            .all()
            .iter()
            .filter(|it| it.direction == Direction::Received && it.outcome != Outcome::Accepted)
            .map(ToString::to_string)
            .collect();
        assert_eq!(refused, Vec::<String>::new());
    }

    /// Asserts that no letter was made, and that the platform gets none.
    async fn assert_without_letter(&self) {
        assert_eq!(self.house.stored(&self.number).await.unwrap().issued_letter, None);
        assert_eq!(self.house.ledger().lines("SELECT digest AS line FROM documents"), Vec::<String>::new());
        let answer = self.platform().fetch_letter(&self.number).await.unwrap();
        assert_eq!((answer.code.as_str(), answer.message.as_str()), ("103", NO_LETTER));
        assert!(self.delivery().letters.is_empty());
    }

    /// Asserts that the letter is there and genuine.
    async fn assert_in_force(&self) {
        assert!(self.delivery().in_force);
        self.accepted(self.platform().fetch_letter(&self.number).await).await;
        let verified = self.platform().verify_letter(&self.number).await.unwrap();
        assert!(verified.is_accepted() && verified.data["status"] == "01", "{verified}");
    }

    /// What a notice of a state says; fields that it has no value for stay empty.
    fn told(&self, transcode: &str, state: &str) -> BTreeMap<String, String> {
        let mut fields = self.delivery().notice(transcode, state).unwrap().fields.clone();
        fields.retain(|_, value| !value.is_empty());
        fields
    }

    /// The fields of a state that says no more than whose it is and why.
    fn reason(&self, state: &str, reason: &str) -> BTreeMap<String, String> {
        fields(&[("applicationId", &self.number), ("applicationStatus", state), ("failReason", reason)])
    }

    /// Answers the claim from a file, as people do.
    async fn answer_claim(&self, status: &str, remark: Option<&str>) {
        let application = self.platform().application(&self.number).unwrap();
        let side = |code: &str, holder: &str| {
            json!({
                "code": code,
                "contact": { "name": "陈某某", "phone": "0471-8000000" },
                "account": { "holder": holder, "number": "15050170663600009999", "bank": null },
            })
        };
        let result = json!({
            "status": status,
            "remark": remark,
            "payer": side("91150100MA0EXAMP7X", "示例银行股份有限公司呼和浩特分行"),
            "beneficiary": side(&application.purchase_soc_code, &application.purchase_name),
            "amount": 100,
        });
        let file = self.house.folder.path().join(format!("{status}.json"));
        std::fs::write(&file, result.to_string()).unwrap();
        self.decided(&["claim", file.to_str().unwrap()]).await;
    }
}

fn platform(house: &House<Actor>) -> &Sandbox {
    let Actor::Procurement(platform) = &house.sandbox else { panic!("for procurement") };
    platform
}

fn fields(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

on_both_databases! {
    async fn a_declined_application_is_told_with_its_reason_and_gets_no_letter(database: Database) {
        let purchase = Purchase::of(database, BY_HAND).await;
        purchase.assert_stands(Stage::Applied, &[]).await;
        purchase.decided(&["decline", "--reason", "授信额度不足"]).await;
        purchase.assert_stands(Stage::Declined, &["02"]).await;
        assert_eq!(purchase.told("PREP102", "02"), purchase.reason("02", "授信额度不足"));
        purchase.assert_without_letter().await;
    }

    async fn an_issue_that_is_given_up_is_told_with_its_reason(database: Database) {
        let purchase = Purchase::being_issued(database, "").await;
        purchase.decided(&["abandon", "--reason", "项目名称无法打印，保费已原路退回"]).await;
        purchase.assert_stands(Stage::Abandoned, &["01", "05", "04"]).await;
        assert_eq!(purchase.told("PREP102", "04"), purchase.reason("04", "项目名称无法打印，保费已原路退回"));
        purchase.assert_without_letter().await;
        let again = ["abandon", "--reason", "再次"];
        purchase.house.undecided(&purchase.number, &again, "该申请开函失败，不能标记为开函失败").await;
    }

    async fn an_order_is_cancelled_while_its_guarantee_is_being_issued(database: Database) {
        let purchase = Purchase::being_issued(database, "").await;
        purchase.accepted(purchase.platform().cancel_order(&purchase.number).await).await;
        purchase.assert_stands(Stage::Waived, &["01", "05", "07"]).await;
        let cancelled = [("applicationId", purchase.number.as_str()), ("applicationStatus", "07")];
        assert_eq!(purchase.told("PREP102", "07"), fields(&cancelled));
        purchase.assert_without_letter().await;
    }

    async fn an_order_is_cancelled_when_the_institution_has_said_so(database: Database) {
        let purchase = Purchase::of(database, ALL_BY_HAND).await;
        let grant = ["grant-cancellation"];
        purchase.house.undecided(&purchase.number, &grant, "没有待处理的订单取消申请").await;
        purchase.accepted(purchase.platform().cancel_order(&purchase.number).await).await;
        purchase.assert_stands(Stage::Applied, &[]).await;
        purchase.house.undecided(&purchase.number, &["approve"], CANCELLATION_OPEN).await;
        purchase.decided(&grant).await;
        purchase.assert_stands(Stage::Waived, &["07"]).await;
        purchase.assert_without_letter().await;
    }

    async fn an_order_that_is_not_cancelled_goes_on_and_may_be_asked_for_again(database: Database) {
        let purchase = Purchase::of(database, ALL_BY_HAND).await;
        purchase.decided(&["approve"]).await;
        let cancel = async || purchase.accepted(purchase.platform().cancel_order(&purchase.number).await).await;
        cancel().await;
        purchase.house.undecided(&purchase.number, PAID, CANCELLATION_OPEN).await;
        let refuse = ["refuse-cancellation", "--reason", "保费已到账"];
        purchase.decided(&refuse).await;
        purchase.assert_stands(Stage::Approved, &["01", "06"]).await;
        assert_eq!(purchase.told("PREP102", "06"), purchase.reason("06", "保费已到账"));

        cancel().await;
        purchase.decided(&refuse).await;
        purchase.decided(PAID).await;
        cancel().await;
        cancel().await;
        purchase.assert_stands(Stage::Issued, &["01", "06", "06", "05", "03", "06", "06"]).await;
        assert_eq!(purchase.delivery().conflicts, 0);
        purchase.assert_in_force().await;
    }

    async fn no_letter_is_sealed_while_the_order_may_be_cancelled(database: Database) {
        let house = House::with(Role::Neimenggu, database, &format!("{CANCELLATION_BY_HAND}{QUICK}")).await;
        platform(&house).script(vec![Fault::on("PREP102", Act::Status(503)).always()]);
        let (number, answer) = platform(&house).apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let sandbox = platform(&house);
        assert!(sandbox.wait_until(|it| it.journal().count(|entry| entry.interface == "PREP102") > 0, PATIENCE).await);
        let purchase = Purchase { house, number };
        // The notices hold up the letter, which stands behind them.
        let answer = purchase.platform().cancel_order(&purchase.number).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        purchase.platform().script(Vec::new());
        purchase.house.at_rest().await;
        assert_eq!(purchase.delivery().states(), ["01", "05"]);
        assert_eq!(purchase.house.stored(&purchase.number).await.unwrap().stage, Stage::Issuing);
        purchase.assert_without_letter().await;

        purchase.decided(&["refuse-cancellation", "--reason", "保费已到账"]).await;
        assert_eq!(purchase.delivery().states(), ["01", "05", "06", "03"]);
        assert_eq!(purchase.house.stored(&purchase.number).await.unwrap().stage, Stage::Issued);
        purchase.assert_in_force().await;
    }

    async fn an_issue_is_not_given_up_before_the_platform_has_its_answer(database: Database) {
        let purchase = Purchase::being_issued(database, CANCELLATION_BY_HAND).await;
        purchase.accepted(purchase.platform().cancel_order(&purchase.number).await).await;
        let abandon = ["abandon", "--reason", "项目名称无法打印"];
        purchase.house.undecided(&purchase.number, &abandon, CANCELLATION_OPEN).await;
        purchase.decided(&["refuse-cancellation", "--reason", "保费已到账"]).await;
        purchase.decided(&abandon).await;
        purchase.assert_stands(Stage::Abandoned, &["01", "05", "06", "04"]).await;
    }

    async fn a_premium_that_was_not_paid_in_full_issues_nothing(database: Database) {
        let purchase = Purchase::of(database, BY_HAND).await;
        purchase.decided(&["approve", "--premium", "512.50"]).await;
        let paid = |amount| [PAID, &["--amount", amount]].concat();
        let reason = "实付保费 512.49 元低于应付保费 512.50 元";
        purchase.house.undecided(&purchase.number, &paid("512.49"), reason).await;
        purchase.decided(&paid("512.50")).await;
        let payment = purchase.house.stored(&purchase.number).await.unwrap().payment.unwrap();
        assert_eq!(payment.amount.unwrap().to_string(), "512.50");
        purchase.assert_stands(Stage::Issued, &ISSUED).await;
    }

    async fn an_order_that_is_cancelled_too_late_is_kept_and_its_guarantee_stays_in_force(database: Database) {
        let purchase = Purchase::of(database, "").await;
        purchase.accepted(purchase.platform().cancel_order(&purchase.number).await).await;
        purchase.assert_stands(Stage::Issued, &["01", "05", "03", "06"]).await;
        assert_eq!(purchase.told("PREP102", "06"), purchase.reason("06", TOO_LATE));
        purchase.assert_in_force().await;

        purchase.accepted(purchase.platform().surrender(&purchase.number).await).await;
        purchase.assert_stands(Stage::Surrendered, &["01", "05", "03", "06", "08"]).await;
        assert!(!purchase.delivery().in_force);
    }

    async fn a_refused_surrender_leaves_the_guarantee_in_force_and_may_be_asked_for_again(database: Database) {
        let purchase = Purchase::of(database, SURRENDER_BY_HAND).await;
        purchase.accepted(purchase.platform().surrender(&purchase.number).await).await;
        purchase.assert_stands(Stage::Issued, &ISSUED).await;
        purchase.decided(&["refuse-surrender", "--reason", "预付款已支付，合同仍在履行"]).await;
        purchase.assert_stands(Stage::Issued, &["01", "05", "03", "09"]).await;
        assert_eq!(purchase.told("PREP102", "09"), purchase.reason("09", "预付款已支付，合同仍在履行"));
        let surrender = purchase.house.stored(&purchase.number).await.unwrap().surrender.unwrap();
        assert_eq!(surrender.outcome, SurrenderOutcome::Refused { reason: "预付款已支付，合同仍在履行".to_owned() });
        purchase.assert_in_force().await;

        purchase.accepted(purchase.platform().surrender(&purchase.number).await).await;
        purchase.decided(&["grant-surrender"]).await;
        purchase.assert_stands(Stage::Surrendered, &["01", "05", "03", "09", "08"]).await;
    }

    async fn a_letter_whose_file_is_defective_is_cancelled(database: Database) {
        let purchase = Purchase::of(database, "").await;
        let defective = Invalidation::WrongFile;
        purchase.accepted(purchase.platform().invalidate(&purchase.number, defective).await).await;
        purchase.assert_stands(Stage::Cancelled, &ISSUED).await;
        let guarantee = purchase.house.stored(&purchase.number).await.unwrap();
        let cancellation = guarantee.cancellation.clone().unwrap();
        assert_eq!(cancellation.kind, CancellationKind::Defective);
        let delivery = purchase.delivery();
        assert!(!delivery.in_force);
        let notice = delivery.notice("PREP108", "").unwrap();
        assert_eq!(notice.fields["guaranteeId"], guarantee.number().unwrap().as_str());
        assert_eq!(Some(&notice.fields["cancelNotice"]), cancellation.remark.as_ref());
    }

    async fn a_claim_is_told_to_be_in_handling_and_then_to_be_refused(database: Database) {
        let purchase = Purchase::of(database, "").await;
        purchase.accepted(purchase.platform().claim(&purchase.number).await).await;
        assert!(purchase.delivery().claim_states().is_empty());
        let application = purchase.platform().application(&purchase.number).unwrap();
        let number = purchase.house.number(&purchase.number).await;
        let (mut before, steps) = (Vec::new(), [
            ("in-handling", "00", ClaimStatus::InHandling, None),
            ("rejected", "02", ClaimStatus::Rejected, Some("供应商已按合同履约")),
        ]);
        for (status, told, stored, remark) in steps {
            purchase.answer_claim(status, remark).await;
            before.push(told);
            let delivery = purchase.delivery();
            assert_eq!(delivery.claim_states(), before);
            let expected = [
                ("guaranteeId", number.as_str()),
                ("status", told),
                ("paymentBeneficiary", &application.purchase_name),
                ("paymentBeneficiarySocial", &application.purchase_soc_code),
            ];
            assert_eq!(purchase.told("PREP106", told), fields(&expected));
            let claim = purchase.house.stored(&purchase.number).await.unwrap().claim.unwrap();
            let result = claim.result.unwrap();
            assert_eq!((result.status, result.remark.as_deref()), (stored, remark));
            purchase.assert_stands(Stage::Issued, &ISSUED).await;
        }
        assert!(purchase.delivery().in_force);
        let guarantee = purchase.house.stored(&purchase.number).await.unwrap();
        assert_eq!(guarantee.paid_on_claims.fen(), 0);
    }
}
