//! The pushes of `tests/inputs` go in as they are, and each does what it is there for. Those of Hainan stand here, the
//! others' in modules of their names.

mod ggzy;
mod jilin;
mod neimenggu;
mod zhangzhou;

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::invoice::InvoiceKind;
use baohan_gateway::sandbox::tender::Tally;

use crate::files;
use crate::house::{Database, House, on_both_databases};
use crate::pushes::{
    self, APPLICATION, APPLYNO, CANCELLATION, CLAIM, INVOICE, RESTORATION, SUCCESS, SURRENDER, WAIVER,
    failure, filled,
};

/// Pushes a file as it is and demands an answer.
async fn push(house: &House, interface: &str, file: &str, answer: &str) {
    let got = house.sandbox.push_raw(interface, file.as_bytes()).await.unwrap();
    assert_eq!((got.status, got.body.as_str()), (200, answer), "{interface}");
}

/// A gateway that has issued what file 01 applies for.
async fn issued(database: Database) -> (House, String) {
    let house = House::open(database).await;
    assert_eq!(
        house.credentials.appkey,
        pushes::credential("appkey"),
        "the files are signed for this account"
    );
    house.sandbox.enter(files::application(Role::Hainan, APPLICATION)).unwrap();
    push(&house, "baohanapply", APPLICATION, SUCCESS).await;
    house.until(|platform| platform.delivery(APPLYNO).is_some_and(|it| it.ciphertext.is_some())).await;
    let number = house.number(APPLYNO).await;
    (house, number)
}

async fn stage(house: &House) -> Stage {
    house.stored(APPLYNO).await.unwrap().stage
}

on_both_databases! {
    async fn the_files_of_a_guarantee_that_is_opened_do_what_they_are_there_for(database: Database) {
        let (house, number) = issued(database).await;
        house.at_rest().await;
        let delivery = house.sandbox.delivery(APPLYNO).unwrap();
        assert!(delivery.exactly_once() && delivery.baohanno.as_ref() == Some(&number));

        push(&house, "giveupapply", WAIVER, &failure("保函已出具，不能放弃申请，可在开标前申请退保")).await;
        let mismatch = failure("保函编号与该申请的保函编号不一致");
        push(&house, "baohanrestore", RESTORATION, &mismatch).await;
        assert_eq!(stage(&house).await, Stage::Issued);

        push(&house, "baohanrestore", &filled(RESTORATION, &number), SUCCESS).await;
        house.until(|platform| platform.delivery(APPLYNO).unwrap().plaintext.is_some()).await;
        house.at_rest().await;
        assert!(house.sandbox.delivery(APPLYNO).unwrap().exactly_once());

        push(&house, "invoiceapply", &filled(INVOICE, &number), SUCCESS).await;
        push(&house, "claimsnotice", &filled(CLAIM, &number), SUCCESS).await;
        let guarantee = house.stored(APPLYNO).await.unwrap();
        let invoice = guarantee.invoice.unwrap().request;
        assert_eq!((invoice.kind, invoice.amount.to_string().as_str()), (InvoiceKind::Special, "3200.00"));
        let claim = guarantee.claim.unwrap().request;
        assert_eq!(claim.amount.unwrap().to_string(), "800000.00");
        assert_eq!(
            claim.evidence,
            ["https://files.example.com/a.pdf?x=1&y=2", "https://files.example.com/b.pdf"]
        );

        push(&house, "quitapply", &filled(SURRENDER, &number), &failure("已开标，不能退保")).await;
        push(&house, "canclenotice", &filled(CANCELLATION, &number), SUCCESS).await;
        assert_eq!(stage(&house).await, Stage::Cancelled);
    }

    async fn file_05_surrenders_before_the_opening_where_other_files_come_too_early(database: Database) {
        let (house, number) = issued(database).await;
        let unrestored = failure("保函尚未还原，不能开具发票");
        push(&house, "invoiceapply", &filled(INVOICE, &number), &unrestored).await;
        let unopened = failure("尚未开标，不能注销保函，开标前请申请退保");
        push(&house, "canclenotice", &filled(CANCELLATION, &number), &unopened).await;
        push(&house, "quitapply", &filled(SURRENDER, &number), SUCCESS).await;
        house.until(|platform| platform.delivery(APPLYNO).unwrap().notices.contains_key("quitnotice")).await;
        house.at_rest().await;
        assert_eq!(stage(&house).await, Stage::Surrendered);
        assert!(house.sandbox.delivery(APPLYNO).unwrap().notices.values().all(Tally::is_single));
        let surrendered = failure("该保函已退保，不能还原");
        push(&house, "baohanrestore", &filled(RESTORATION, &number), &surrendered).await;
    }

    async fn file_07_waives_an_application_that_nobody_has_decided_yet(database: Database) {
        let manual = "[platforms.hainan.underwriting]\nmode = \"manual\"";
        let house = House::open_with(database, manual).await;
        push(&house, "giveupapply", WAIVER, &failure("业务流水号未找到对应的申请")).await;
        push(&house, "baohanapply", APPLICATION, SUCCESS).await;
        let early = failure("保函尚未出具");
        push(&house, "quitapply", SURRENDER, &early).await;
        push(&house, "claimsnotice", CLAIM, &early).await;
        push(&house, "giveupapply", WAIVER, SUCCESS).await;
        house.at_rest().await;
        assert_eq!(house.timeline(APPLYNO).await, ["收到投保申请", "申请已放弃"]);
        assert_eq!(house.ledger().jobs(), ["consult"]);
        assert_eq!(stage(&house).await, Stage::Waived);
    }
}

/// The files are kept byte for byte, with what the gateway let pass: their times are long gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_on_record_as_it_came() {
    let manual = "[platforms.hainan.underwriting]\nmode = \"manual\"";
    let house = House::open_with(Database::Sqlite, manual).await;
    let reply = house.post("baohanapply", APPLICATION).await;
    let record = house.record(&reply.request_id).await;
    assert_eq!(record.body.as_slice(), APPLICATION.as_bytes());
    assert_eq!(record.answer.unwrap().as_slice(), SUCCESS.as_bytes());
    assert_eq!(record.header.outcome, "accepted");
    assert_eq!(record.header.tolerances, ["time-outside-window"]);
    assert_eq!(record.header.guarantee, Some(house.stored(APPLYNO).await.unwrap().id));
    assert_eq!(record.header.peer.as_deref(), Some("127.0.0.1"));
}
