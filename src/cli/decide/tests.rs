//! What lines of `baohan decide` mean.

use std::sync::Arc;

use clap::Parser;

use super::*;
use crate::casework::{Platform, tellable};
use crate::crypto::keyring::Keyring;
use crate::dialect::{Profile, Registry};
use crate::domain::Command;
use crate::domain::application::Application;
use crate::domain::guarantee::Stage;
use crate::domain::identity::GuaranteeId;
use crate::domain::terms::PaymentMethod;
use crate::institution::rules::Rules;
use crate::store::{Archive, ArchiveOptions};

fn archive(folder: &std::path::Path) -> Archive {
    let keyring = Arc::new(Keyring::from_master(&[7; 32]));
    Archive::open(&ArchiveOptions::in_folder(folder.join("archive")), keyring).unwrap()
}

fn platform() -> Platform {
    platform_of("hainan-2024", "")
}

fn platform_of(dialect: &str, more: &str) -> Platform {
    let wire = format!(
        "dialect = '{dialect}'\ntitle = '海南'\nappkey = 'k'\nappsecret = 's'\n\
         base_url = 'https://platform.example/rest/gbsapi/'\n{more}"
    );
    let underwriting = "rate = '0.004'\nminimum_premium = '200.00'\nsmallest_amount = '1000.00'\n\
                        largest_amount = '800000.00'";
    let registry = Registry::built_in().unwrap();
    let table = registry.table(dialect).unwrap();
    let profile = Profile::new(PlatformId::new("hainan"), table, &toml::from_str(&wire).unwrap()).unwrap();
    Platform::under_rules(profile, Rules::new(toml::from_str(underwriting).unwrap(), "示例").unwrap())
}

#[test]
fn what_the_platform_can_not_be_told_is_not_decided() {
    let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let application = Application::for_testing("800000");
    let known = Guarantee::apply(GuaranteeId::new("g"), PlatformId::new("hainan"), application, at);
    let decline = |issuer: &str| Command::Decline { reason: "资信不足".into(), issuer: issuer.into() };
    let told = |command| tellable::expect(&platform(), &known, &[command], at);
    assert!(told(decline("示例财产保险")).is_ok());
    let error = format!("{:#}", told(decline(&"长".repeat(201))).unwrap_err());
    assert!(error.contains("`instname`") && error.contains("nothing was decided"), "{error}");
    // Not possible at all, which is a refusal and told later.
    assert!(told(Command::GrantSurrender).is_ok());
}

#[test]
fn a_platform_that_takes_no_request_for_a_waiver_is_not_asked_for_one() {
    let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let told = |platform: &Platform| tellable::expect(platform, &guarantee(at), &[Command::AskWaiver], at);
    told(&platform()).unwrap();
    let agreed = "agreed_key = '0123456789abcdef0123456789abcdef'\n\
                  redirect_url = 'https://insurer.example/pay?id={application}'";
    let deaf = platform_of("zhangzhou-2.3", agreed);
    let error = told(&deaf).unwrap_err().to_string();
    assert!(error.contains("can't be asked"), "{error}");
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn guarantee(at: Timestamp) -> Guarantee {
    let application = Application::for_testing("800000");
    Guarantee::apply(GuaranteeId::new("g"), PlatformId::new("hainan"), application, at)
}

/// The command that a line means; the archive is in the folder.
async fn command(line: &[&str], folder: &std::path::Path) -> anyhow::Result<Command> {
    command_for(&platform(), line, folder).await
}

async fn command_for(
    platform: &Platform,
    line: &[&str],
    folder: &std::path::Path,
) -> anyhow::Result<Command> {
    let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let line = [&["decide", "--platform", "hainan", "A1"], line].concat();
    let decision = Line::try_parse_from(line).unwrap().args.decision;
    Ok(act::act(decision, platform, &guarantee(at), || Ok(archive(folder)), at).await?.unwrap().command)
}

#[tokio::test]
async fn a_dossier_brings_its_papers_into_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("王某某的执照.PDF"), b"abc").unwrap();
    let file = folder.path().join("dossier.json");
    let listed = r#"{"contact": {"name": "王某某", "phone": "13800000001"}, "email": "a@example.com",
                     "licence": "王某某的执照.PDF"}"#;
    std::fs::write(&file, listed).unwrap();
    let Command::RecordDossier { dossier } =
        command(&["dossier", file.to_str().unwrap()], folder.path()).await.unwrap()
    else {
        panic!("expected a dossier")
    };
    let licence = dossier.licence.unwrap();
    // RFC 1321, A.5
    assert_eq!(
        (licence.name.as_str(), licence.md5.as_str()),
        ("licence.pdf", "900150983cd24fb0d6963f7d28e17f72")
    );
    assert_eq!(archive(folder.path()).get(&licence.document).await.unwrap(), b"abc");
    assert_eq!(dossier.contact.name.as_deref(), Some("王某某"));
    assert_eq!((dossier.email.as_deref(), dossier.order), (Some("a@example.com"), None));
}

#[tokio::test]
async fn a_dossier_that_can_not_be_read_whole_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dossier.json");
    std::fs::write(folder.path().join("empty.pdf"), b"").unwrap();
    for (listed, complaint) in [
        (r#"{"licence": "nowhere.pdf"}"#, "nowhere.pdf"),
        (r#"{"licence": "empty.pdf"}"#, "found nothing"),
        (r#"{"license": "empty.pdf"}"#, "`license`"),
    ] {
        std::fs::write(&file, listed).unwrap();
        let error = command(&["dossier", file.to_str().unwrap()], folder.path()).await.unwrap_err();
        assert!(format!("{error:#}").contains(complaint), "{error:#}");
    }
}

#[tokio::test]
async fn a_premium_is_recorded_with_how_and_when_it_was_paid() {
    let folder = tempfile::tempdir().unwrap();
    let line = ["premium", "--account", "1", "--basic-account", "confirmed"];
    let paid = ["--method", "alipay", "--paid-at", "2026-11-20 09:30:00", "--amount", "3200.50"];
    let Command::RecordPremium { payment, .. } =
        command(&[&line[..], &paid].concat(), folder.path()).await.unwrap()
    else {
        panic!("expected a premium")
    };
    assert_eq!(payment.method, PaymentMethod::Alipay);
    assert_eq!(payment.paid_at, Some("2026-11-20T01:30:00Z".parse().unwrap()));
    assert_eq!(payment.amount, Some("3200.50".parse().unwrap()));
    let Command::RecordPremium { payment, .. } = command(&line, folder.path()).await.unwrap() else {
        panic!("expected a premium")
    };
    assert_eq!((payment.method, payment.paid_at), (PaymentMethod::Other, None));
    assert_eq!(payment.amount, None);
    let error = command(&[&line[..], &["--amount", "3200.505"]].concat(), folder.path()).await.unwrap_err();
    assert!(format!("{error:#}").starts_with("--amount `3200.505`"), "{error:#}");
}

#[tokio::test]
async fn the_cancellation_of_an_order_is_granted_or_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(command(&["grant-cancellation"], folder.path()).await.unwrap(), Command::GrantCancellation);
    let refused = command(&["refuse-cancellation", "--reason", "保费已到账"], folder.path()).await.unwrap();
    assert_eq!(refused, Command::RefuseCancellation { reason: "保费已到账".to_owned() });
    assert!(Line::try_parse_from(["decide", "--platform", "hainan", "A1", "refuse-cancellation"]).is_err());
}

#[tokio::test]
async fn an_issue_is_given_up_where_the_platform_has_no_word_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let abandon = command(&["abandon", "--reason", "字库缺字"], folder.path()).await.unwrap();
    assert_eq!(abandon, Command::AbandonIssue { reason: "字库缺字".to_owned() });
    let known = Guarantee { stage: Stage::Issuing, ..guarantee(at) };
    tellable::expect(&platform(), &known, &[abandon], at).unwrap();
}

#[tokio::test]
async fn an_application_is_given_up_at_once_where_the_platform_need_not_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(command(&["waive"], folder.path()).await.unwrap(), Command::AskWaiver);
    let unasked = command_for(&platform_of("ggzy", ""), &["waive"], folder.path()).await.unwrap();
    assert_eq!(unasked, Command::Waive);
}

#[tokio::test]
async fn a_surrender_that_was_agreed_with_the_applicant_needs_a_reason_and_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let agreed = command(&["surrender", "--reason", "投标人不再参加投标"], folder.path()).await.unwrap();
    assert_eq!(agreed, Command::Surrender { reason: "投标人不再参加投标".to_owned() });
    assert!(Line::try_parse_from(["decide", "--platform", "hainan", "A1", "surrender"]).is_err());
}

#[tokio::test]
async fn a_number_that_some_interface_of_the_platform_has_no_room_for_is_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let told = async |length: usize| {
        let number = "9".repeat(length);
        let approve = command(&["approve", "--number", &number], folder.path()).await.unwrap();
        tellable::expect(&platform(), &guarantee(at), &[approve], at)
    };
    told(50).await.unwrap();
    let error = told(51).await.unwrap_err().to_string();
    assert!(error.contains("at most 50 characters") && error.contains("found 51"), "{error}");
}
