//! Names as they are stored, titles as people read them, and identifiers.

use std::collections::BTreeSet;
use std::fmt::Debug;

use jiff::Timestamp;
use serde::Serialize;

use super::abnormality::AbnormalityKind;
use super::claim::ClaimStatus;
use super::command::Command;
use super::decision::Question;
use super::event::Event;
use super::guarantee::{CancellationKind, LetterKind, Stage};
use super::identity::{DocumentDigest, GuaranteeId, GuaranteeNumber};
use super::invoice::InvoiceKind;
use super::money::Fen;
use super::particulars::{Particular, Particulars};
use super::premium::{Rate, Rounding};
use super::product::{LetterFormat, Product};
use super::refusal::Refusal;
use super::section::{Ciphertext, Secrecy};
use super::terms::{BasicAccount, PaymentMethod, Validity};

/// `name` and what is stored of a value are the same words: a query by name finds what was stored.
fn expect_stored_under<T: Copy + Debug + Serialize>(all: &[T], name: impl Fn(T) -> &'static str) {
    for it in all {
        assert_eq!(serde_json::to_value(it).unwrap(), name(*it), "{it:?}");
    }
}

#[test]
fn values_are_stored_under_their_names() {
    expect_stored_under(&AbnormalityKind::ALL, AbnormalityKind::name);
    expect_stored_under(&BasicAccount::ALL, BasicAccount::name);
    expect_stored_under(&CancellationKind::ALL, CancellationKind::name);
    expect_stored_under(&ClaimStatus::ALL, ClaimStatus::name);
    expect_stored_under(&InvoiceKind::ALL, InvoiceKind::name);
    expect_stored_under(&LetterFormat::ALL, LetterFormat::name);
    expect_stored_under(&LetterKind::ALL, LetterKind::name);
    expect_stored_under(&PaymentMethod::ALL, PaymentMethod::name);
    expect_stored_under(&Product::ALL, Product::name);
    expect_stored_under(&Question::ALL, Question::name);
    expect_stored_under(&Secrecy::ALL, Secrecy::name);
    expect_stored_under(&Stage::ALL, Stage::name);
    let roundings = [Rounding::FenHalfUp, Rounding::FenUp, Rounding::YuanHalfUp, Rounding::YuanUp];
    expect_stored_under(&roundings, Rounding::name);
}

/// Each is Chinese (brackets included) and none is taken for another.
fn expect_told_apart(titles: impl IntoIterator<Item = &'static str>) {
    let mut seen = BTreeSet::new();
    for title in titles {
        assert!(!title.is_empty() && !title.chars().any(|it| it.is_ascii()), "{title:?} is not Chinese");
        assert!(seen.insert(title), "{title} stands for two things");
    }
}

#[test]
fn titles_are_chinese_and_told_apart() {
    expect_told_apart(AbnormalityKind::ALL.map(AbnormalityKind::title));
    expect_told_apart(Particular::ALL.map(Particular::title));
    expect_told_apart(Stage::ALL.map(Stage::title));
    expect_told_apart(
        [Rounding::FenHalfUp, Rounding::FenUp, Rounding::YuanHalfUp, Rounding::YuanUp].map(Rounding::title),
    );
    let document = DocumentDigest::new("d1");
    let sealed = LetterKind::ALL.map(|letter| Event::LetterSealed { letter, document: document.clone() });
    let delivered = LetterKind::ALL.map(|letter| Event::LetterDelivered { letter });
    let others = [Event::PremiumPaid, Event::KeyReceived, Event::Waived, Event::Surrendered, Event::Expired];
    let all: Vec<Event> = sealed.into_iter().chain(delivered).chain(others).collect();
    expect_told_apart(all.iter().map(Event::title));
}

#[test]
fn a_command_is_audited_under_a_name_of_its_own() {
    let restore = Command::Restore {
        guarantee: GuaranteeNumber::new("BH1"),
        opened_at: Timestamp::UNIX_EPOCH,
        key: super::command::KeyCheck::Fits,
        deadline: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(restore.name(), "guarantee.restore");
    assert_eq!(Command::Expire.name(), "guarantee.expire");
    assert_eq!(Command::AskWaiver.name(), "guarantee.ask-waiver");
}

/// The stages in which something is so.
fn stages(is: impl Fn(Stage) -> bool) -> Vec<Stage> {
    Stage::ALL.into_iter().filter(|stage| is(*stage)).collect()
}

#[test]
fn a_guarantee_binds_from_issue_to_its_end_and_every_way_out_is_an_end() {
    assert_eq!(stages(Stage::is_in_force), [Stage::Issued, Stage::Opened, Stage::Restored]);
    let ends = [
        Stage::Declined,
        Stage::Waived,
        Stage::Abandoned,
        Stage::Surrendered,
        Stage::Cancelled,
        Stage::Expired,
    ];
    assert_eq!(stages(Stage::is_ended), ends);
}

#[test]
fn numbers_of_identity_documents_are_known_as_such() {
    let personal: Vec<Particular> =
        Particular::ALL.into_iter().filter(|particular| particular.identifies_a_person()).collect();
    assert_eq!(personal, [Particular::LegalRepresentativeId, Particular::ContactId]);
}

#[test]
fn particulars_are_found_by_what_they_are_and_listed_in_order() {
    let told = [(Particular::Region, "460100"), (Particular::ProjectName, "示例工程")];
    let particulars: Particulars = told.map(|(what, text)| (what, text.to_owned())).into_iter().collect();
    assert_eq!(particulars.get(Particular::Region), Some("460100"));
    assert_eq!(particulars.get(Particular::ProjectName), Some("示例工程"));
    assert_eq!(particulars.get(Particular::ProjectNumber), None);
    let listed: Vec<_> = particulars.iter().collect();
    assert_eq!(listed, [(Particular::ProjectName, "示例工程"), (Particular::Region, "460100")]);
}

#[test]
fn ids_of_guarantees_are_uuids_that_differ_and_have_one_spelling() {
    let (one, other) = (GuaranteeId::generate(), GuaranteeId::generate());
    assert_ne!(one, other);
    assert_eq!(GuaranteeId::parse(one.as_str()), Some(one.clone()));
    assert_eq!(GuaranteeId::parse(&one.as_str().to_uppercase()), Some(one));
    for text in ["", "1", "../../etc/passwd", "0190163d8694-7398-8b2c-5f3a1c2d4e5"] {
        assert_eq!(GuaranteeId::parse(text), None, "{text}");
    }
}

#[test]
fn identifiers_rates_and_refusals_are_shown_as_they_are_said() {
    let number = GuaranteeNumber::new("BH20240603000000000001");
    assert_eq!(number.to_string(), "BH20240603000000000001");
    assert_eq!(number.as_str(), "BH20240603000000000001");
    assert_eq!(Ciphertext::new("q83v").as_str(), "q83v");
    assert_eq!(Rate("0.0040".parse().unwrap()).to_string(), "0.004");
    let ended = Refusal::NotClaimable(Stage::Expired).to_string();
    assert!(ended.contains(Stage::Expired.title()), "{ended}");
}

#[test]
fn the_largest_amount_is_an_amount_and_no_sum_goes_beyond_it() {
    let largest = Fen::new(99_999_999_999_999).unwrap();
    assert_eq!(largest.to_string(), "999999999999.99");
    assert_eq!(i64::from(largest), 99_999_999_999_999);
    assert!(Fen::new(100_000_000_000_000).is_err() && Fen::new(-1).is_err());
    let one = Fen::new(1).unwrap();
    assert_eq!(largest.saturating_add(one), largest);
    assert_eq!(one.saturating_add(one), Fen::new(2).unwrap());
}

#[test]
fn a_guarantee_is_over_after_the_last_second_of_its_last_day_and_not_before() {
    let latest = "2024-12-01".parse().unwrap();
    let validity = Validity { from: None, days_after_bid_validity: 30, latest };
    for (at, over) in [
        ("2024-06-03T01:15:27Z", false),
        ("2024-12-01T15:59:59Z", false),
        ("2024-12-01T15:59:59.999999Z", false),
        ("2024-12-01T16:00:00Z", true),
    ] {
        assert_eq!(validity.is_over(at.parse().unwrap()), over, "{at}");
    }
}
