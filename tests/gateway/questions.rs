//! Questions that can't be answered well, and letters that are not what somebody takes them for (内蒙古 10.3, 10.4;
//! 公共资源 三(十一)).

use std::sync::Arc;

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::{self, Clock};
use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::crypto::sm2::PrivateKey;
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::document::{DocumentOptions, Form, Letter, LetterKind, Metadata, PdfDocument, Press};
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::particulars::Particular;
use baohan_gateway::sandbox::neimenggu::Sandbox;
use baohan_gateway::seal::pdf::{Container, PdfSignatureProfile, PdfSigner, SealPicture, sign};
use baohan_gateway::seal::{LocalSigner, Sealer};
use serde_json::{Value, json};

use crate::house::{House, on_both_databases};
use crate::spoken::{About, Speaker};

const NOT_A_LETTER: &[u8] = b"hello";

const CONFLICT: &str = "同一业务已收到过不同内容的请求，本次内容未受理";

/// Somebody else's letter, as laid out and as signed by somebody whom nobody has certified here.
fn foreign() -> (Vec<u8>, Vec<u8>) {
    let press = Press::open(&DocumentOptions::default()).unwrap();
    let metadata = Metadata {
        document_id: "00112233445566778899aabbccddeeff".to_owned(),
        title: "预付款保函".to_owned(),
        author: "另一家担保有限公司".to_owned(),
        created_on: jiff::civil::date(2026, 6, 3),
        ..Metadata::default()
    };
    let laid = press.letter(&Letter::sample(Form::BidBond, LetterKind::Plaintext)).unwrap();
    let PdfDocument { bytes, seal_places, .. } = laid.to_pdf(&metadata).unwrap();

    let (folder, now) = (tempfile::tempdir().unwrap(), Clock::system().now());
    props::keys_and_seal(folder.path(), now).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join("keys").join(name)).unwrap();
    let key = PrivateKey::from_pem(&read("signer.key.pem")).unwrap();
    let signer = LocalSigner::new(key, Certificate::from_pem(&read("signer.cert.pem")).unwrap()).unwrap();
    let seal = std::fs::read(folder.path().join("keys/seal.esl")).unwrap();
    let sealer = Arc::new(Sealer::new(Arc::new(signer), seal).unwrap());
    let picture = SealPicture::from_png(sealer.picture_png().unwrap(), sealer.size_mm()).unwrap();
    let profile = PdfSignatureProfile { container: Container::Ses, ..PdfSignatureProfile::default() };
    let at = Clock::system().now();
    let signed = sign(bytes.clone(), &PdfSigner::Sm2(sealer), &picture, &seal_places, &profile, at).unwrap();
    (bytes, signed)
}

/// Without its last page.
fn shortened(pdf: &[u8]) -> Vec<u8> {
    let mut document = lopdf::Document::load_mem(pdf).unwrap();
    let last = *document.get_pages().keys().last().unwrap();
    document.delete_pages(&[last]);
    let mut shortened = Vec::new();
    document.save_to(&mut shortened).unwrap();
    shortened
}

fn with_another_byte(pdf: &[u8], at: usize) -> Vec<u8> {
    let mut pdf = pdf.to_vec();
    pdf[at] ^= 1;
    pdf
}

/// A guarantee that is issued and whose letter was fetched.
async fn issued(house: &House<Actor>, platform: &Sandbox) -> (About, Vec<u8>) {
    let (application, answer) = platform.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.at_rest().await;
    assert!(platform.fetch_letter(&application).await.unwrap().is_accepted());
    let guarantee = house.number(&application).await;
    let letter = platform.delivery(&application).unwrap().letters[0].document.to_vec();
    (About { application, guarantee }, letter)
}

/// What is told of a seal: 10.4.
fn seal_of(data: &Value) -> [&str; 6] {
    ["certNum", "certOwner", "certBeginTime", "certEndTime", "certAuthor", "signTime"]
        .map(|name| data[name].as_str().unwrap())
}

on_both_databases! {
    async fn only_the_letter_that_was_issued_under_a_number_is_genuine(database: Database) {
        let house = House::with(Role::Neimenggu, database, "").await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let (about, letter) = issued(&house, platform).await;
        let (other, another_letter) = issued(&house, platform).await;
        assert_ne!(letter, another_letter);
        let before = house.ledger().state();
        let asked = async |document: &[u8]| {
            let answer = platform.verify(&about.application, document).await.unwrap();
            assert!(answer.is_accepted(), "{answer}");
            assert_eq!(answer.data["guaranteeId"], about.guarantee);
            (answer.data["status"].as_str().unwrap().to_owned(), answer.data)
        };

        let certificate = std::fs::read_to_string(house.folder.path().join("keys/signer.cert.pem")).unwrap();
        let certificate = Certificate::from_pem(&certificate).unwrap();
        let day = |instant| clock::china_date(instant).to_string();
        let sealed_at = house.stored(&about.application).await.unwrap().issued_letter.unwrap().sealed_at;
        let (serial, owner, issuer) =
            (certificate.serial_hex(), certificate.subject(), certificate.issuer());
        let (from, until) = (day(certificate.not_before()), day(certificate.not_after()));
        let sealed_at = clock::to_wire(sealed_at);
        let ours = [&serial, &owner, &from, &until, &issuer, &sealed_at].map(String::as_str);
        let (status, data) = asked(&letter).await;
        assert_eq!((status.as_str(), seal_of(&data)), ("01", ours));

        let (unsigned, foreign) = foreign();
        // The first lies in what is drawn, the last in the end of the update that signs.
        for at in [letter.len() / 3, letter.len() - 2] {
            assert_eq!(asked(&with_another_byte(&letter, at)).await.0, "02", "byte {at} of {}", letter.len());
        }
        assert_eq!(asked(&shortened(&letter)).await.0, "02");
        assert_eq!(asked(&[&letter, b"\n".as_slice()].concat()).await.0, "02");
        assert_eq!(asked(&letter[..letter.len() / 2]).await.0, "02");
        let (status, data) = asked(&another_letter).await;
        assert_eq!((status.as_str(), &seal_of(&data)[..3]), ("02", &ours[..3]));
        let (status, data) = asked(&foreign).await;
        assert_eq!(status, "02");
        assert_ne!(seal_of(&data)[0], ours[0]);
        assert!(!seal_of(&data)[0].is_empty());
        for document in [unsigned.as_slice(), NOT_A_LETTER, b"PK\x03\x04", b"%PDF-1.7"] {
            let (status, data) = asked(document).await;
            assert_eq!((status.as_str(), seal_of(&data)), ("02", [""; 6]));
        }
        assert_eq!(platform.verify(&other.application, &letter).await.unwrap().data["status"], "02");
        assert_eq!(house.ledger().state(), before);
    }

    async fn a_letter_that_is_none_is_refused_before_it_is_looked_at(database: Database) {
        let house = House::with(Role::Neimenggu, database, "").await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let (about, _) = issued(&house, platform).await;
        let (speaker, before) = (Speaker::of(&house), house.ledger().state());
        let interface = speaker.interfaces().find(|it| it.field(Meaning::LetterFile).is_some()).unwrap();
        for (file, words) in [
            ("", "guaranteeData 为必填项（10.4）"),
            ("保函", "guaranteeData 应为 Base64 文本（10.4）"),
            ("JVBERi0", "guaranteeData 应为 Base64 文本（10.4）"),
        ] {
            let push = speaker.push(interface, &about, &[(Meaning::LetterFile, file)]);
            let reply = house.post("PREP104", push).await;
            house.assert_failed(file, &reply, "103", "malformed", words).await;
        }
        assert_eq!(house.ledger().state(), before);
    }

    async fn a_claim_that_is_not_about_its_guarantee_is_told_what_differs(database: Database) {
        let house = House::with(Role::Neimenggu, database, "").await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let (about, _) = issued(&house, platform).await;
        let application = house.stored(&about.application).await.unwrap().application;
        let applicant = application.applicant.code.as_str();
        let project = application.particulars.get(Particular::ProjectNumber);
        let (speaker, before) = (Speaker::of(&house), house.ledger().state());
        let interface = speaker.interfaces().find(|it| it.name == "PREP105").unwrap();
        let amount = application.amount.fen() / 100 + 1;
        let too_much = format!("{amount}.00");
        let over = format!("赔付金额 {amount}.00 元超过保函金额 {} 元（已赔付 0.00 元）", application.amount);
        let company = (Meaning::ApplicantCode, applicant);
        for (changes, code, words) in [
            (vec![], "204", "统一社会信用代码与该保函的申请人不一致"),
            (vec![company], "201", "项目编号与该保函的项目编号不一致"),
            (
                vec![company, (Meaning::ProjectNumber, project.unwrap()), (Meaning::ClaimedAmount, &too_much)],
                "103",
                &over,
            ),
        ] {
            let reply = house.post("PREP105", speaker.push(interface, &about, &changes)).await;
            house.assert_failed(words, &reply, code, "refused", words).await;
        }
        assert_eq!(house.ledger().state(), before);
    }

    async fn an_order_is_cancelled_once_however_often_that_is_pushed(database: Database) {
        let manual = "[platforms.neimenggu.underwriting]\nmode = \"manual\"\n";
        let house = House::with(Role::Neimenggu, database, manual).await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let (application, _) = platform.apply_generated().await.unwrap();
        let again = platform.duplicate(&application, "PREP101").await.unwrap();
        assert!(again.is_accepted(), "{again}");
        assert!(platform.cancel_order(&application).await.unwrap().is_accepted());
        house.at_rest().await;
        let before = house.ledger().state();
        for transcode in ["PREP101", "PREP109"] {
            let again = platform.duplicate(&application, transcode).await.unwrap();
            assert!(again.is_accepted(), "{again}");
            let other = platform.conflict(&application, transcode).await.unwrap();
            assert_eq!((other.code.as_str(), other.message.as_str()), ("103", CONFLICT));
        }
        assert_eq!(house.ledger().state(), before);
        let delivery = platform.delivery(&application).unwrap();
        assert_eq!((delivery.states(), delivery.conflicts), (vec!["07"], 0));
    }

    async fn a_list_of_days_that_are_none_is_refused_and_one_of_all_days_has_everything(database: Database) {
        let house = House::with(Role::Ggzy, database, "").await;
        let Actor::Tender(platform) = &house.sandbox else { panic!("another platform") };
        let mut expected = Vec::new();
        for status in ["0", "1"] {
            let (applyno, answer) = platform.apply_generated().await.unwrap();
            assert!(answer.is_accepted(), "{answer}");
            house.at_rest().await;
            if status == "1" {
                assert!(platform.surrender(&applyno).await.unwrap().is_accepted());
                house.at_rest().await;
                assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Surrendered);
            }
            expected.push((house.number(&applyno).await, applyno, status));
        }
        let (speaker, before) = (Speaker::of(&house), house.ledger().state());
        let interface = speaker.interfaces().find(|it| it.field(Meaning::FirstDay).is_some()).unwrap();
        let nobody = About { application: String::new(), guarantee: String::new() };
        let asked = async |first: &str, last: &str| {
            let changes = [(Meaning::FirstDay, first), (Meaning::LastDay, last)];
            house.post("checkbaohanlist", speaker.push(interface, &nobody, &changes)).await
        };
        let (form, wrong) = ("应为日期，格式 yyyy-MM-dd（三(十一)）", "malformed");
        for (first, last, words) in [
            ("2026-06-04", "2026-06-03", "enddate 不得早于 startdate（三(十一)）".to_owned()),
            ("2026-02-30", "2026-06-03", format!("startdate {form}")),
            ("2026-06-03", "2026-06-03 00:00:00", format!("enddate {form}")),
            ("-999-01-01", "2026-06-03", format!("startdate {form}")),
            ("", "2026-06-03", "startdate 为必填项（三(十一)）".to_owned()),
        ] {
            let reply = asked(first, last).await;
            house.assert_failed(&format!("{first} to {last}"), &reply, "0", wrong, &words).await;
        }
        let listed = async |first: &str, last: &str| {
            let answer: Value = serde_json::from_str(&asked(first, last).await.body).unwrap();
            assert_eq!(answer["code"], "1", "{answer}");
            let list = answer["data"]["baohanlist"].as_array().unwrap().clone();
            list.into_iter().map(|row| json!([row["baohanno"], row["applyno"], row["status"]])).collect::<Vec<_>>()
        };
        assert!(listed("2001-01-01", "2001-12-31").await.is_empty());
        let expected: Vec<Value> = expected.iter().map(|row| json!(row)).collect();
        assert_eq!(listed("0001-01-01", "9999-12-31").await, expected);
        assert_eq!(house.ledger().state(), before);
    }
}
