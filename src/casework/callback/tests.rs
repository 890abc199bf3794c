//! Each event as it is told.

use std::collections::BTreeSet;

use super::*;
use crate::domain::abnormality::AbnormalityKind;
use crate::domain::application::Application;
use crate::domain::claim::ClaimStatus;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeNumber};
use crate::domain::money::Fen;
use crate::domain::particulars::Particulars;
use crate::domain::party::{Contact, Party};
use crate::domain::section::{Ciphertext, SealedSection, Secrecy};

/// What may not be in any callback.
const PRIVATE: &str = "13800001234";

fn guarantee() -> Guarantee {
    let application = Application {
        number: ApplicationNumber::new("A1"),
        platform_code: None,
        applicant: Party { name: PRIVATE.to_owned(), code: PRIVATE.to_owned() },
        contact: Contact { name: Some(PRIVATE.to_owned()), phone: Some(PRIVATE.to_owned()) },
        amount: fen(),
        section: SealedSection {
            number: Ciphertext::new(PRIVATE),
            name: Ciphertext::new(PRIVATE),
            beneficiary: Ciphertext::new(PRIVATE),
            beneficiary_code: None,
        },
        particulars: Particulars::default(),
        secrecy: Secrecy::UntilOpening,
    };
    let id = GuaranteeId::new("0199a3c1-0000-7000-8000-000000000001");
    Guarantee::apply(id, PlatformId::new("p"), application, at())
}

fn fen() -> Fen {
    Fen::new(320_050).unwrap()
}

fn at() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

/// One of each, with free texts that say what is private, and the details that are told.
fn events() -> Vec<(Event, Value)> {
    let reason = || PRIVATE.to_owned();
    let document = DocumentDigest::new("d1");
    let number = GuaranteeNumber::new("BH1");
    let none = || json!({});
    let amount = || json!({ "amount": "3200.50" });
    let sealed = |letter| Event::LetterSealed { letter, document: document.clone() };
    vec![
        (Event::ApplicationReceived { amount: fen() }, amount()),
        (Event::ApplicationReplaced { amount: fen() }, amount()),
        (Event::Approved { guarantee_number: number, premium: fen() }, json!({ "premium": "3200.50" })),
        (Event::Declined { reason: reason() }, none()),
        (Event::PremiumPaid, none()),
        (Event::DossierRecorded, none()),
        (Event::IssueAbandoned { reason: reason() }, none()),
        (sealed(LetterKind::Ciphertext), json!({ "letter": "ciphertext", "document": "d1" })),
        (sealed(LetterKind::Plaintext), json!({ "letter": "plaintext", "document": "d1" })),
        (sealed(LetterKind::Merged), json!({ "letter": "merged", "document": "d1" })),
        (Event::LetterDelivered { letter: LetterKind::Plaintext }, json!({ "letter": "plaintext" })),
        (Event::LetterDelivered { letter: LetterKind::Merged }, json!({ "letter": "merged" })),
        (Event::KeyReceived, none()),
        (Event::WaiverAsked, none()),
        (Event::WaiverRefused, none()),
        (Event::Waived, none()),
        (Event::CancellationAsked { reason: reason() }, none()),
        (Event::CancellationRefused { reason: reason() }, none()),
        (Event::OrderKept { reason: reason() }, none()),
        (Event::SurrenderAsked, none()),
        (Event::SurrenderAgreed { reason: reason() }, none()),
        (Event::Surrendered, none()),
        (Event::SurrenderRefused { reason: reason() }, none()),
        (Event::Cancelled, none()),
        (Event::Expired, none()),
        (Event::SectionAbnormal { abnormality: AbnormalityKind::Failed }, json!({ "abnormality": "failed" })),
        (Event::ClaimReceived { amount: Some(fen()) }, amount()),
        (Event::ClaimReceived { amount: None }, json!({ "amount": null })),
        (
            Event::ClaimAnswered { status: ClaimStatus::Paid, paid: Some(fen()) },
            json!({ "status": "paid", "paid": "3200.50" }),
        ),
        (Event::InvoiceAsked { amount: fen() }, amount()),
        (Event::InvoiceIssued, none()),
        (Event::InvoiceRefused { reason: reason() }, none()),
    ]
}

async fn store() -> (crate::store::Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("store.db").display());
    let options = crate::store::StoreOptions { url: crate::secret::Secret::new(url), ..Default::default() };
    let keyring = Arc::new(crate::crypto::keyring::Keyring::from_master(&[7; 32]));
    let store = crate::store::Store::open(&options, keyring).unwrap();
    store.migrate().await.unwrap();
    (store, folder)
}

/// The bodies of all callbacks, the oldest first.
fn told(connection: &mut Connection) -> Result<Vec<Value>, StoreError> {
    let filter = callbacks::Filter { order: callbacks::Order::OldestFirst, limit: 100, ..Default::default() };
    let mut bodies = Vec::new();
    for record in callbacks::list(connection, &filter)? {
        let body = callbacks::body(connection, &record.id)?.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((body["type"].as_str(), record.attempts), (Some(record.kind.as_str()), 0));
        bodies.push(body);
    }
    Ok(bodies)
}

#[tokio::test]
async fn each_event_is_told_in_order_with_what_it_says_and_nothing_private() {
    let (store, _folder) = store().await;
    let bodies = store.write(|connection| {
        let (guarantee, wanted) = (guarantee(), Wanted::new(CallbackType::ALL.iter().copied()));
        let events: Vec<Event> = events().into_iter().map(|(event, _)| event).collect();
        tell_events(connection, &wanted, (&guarantee, 9), (3, &events), at())?;
        told(connection)
    });
    let bodies = bodies.await.unwrap();
    assert_eq!(bodies.len(), events().len());
    for ((number, body), (event, details)) in (3..).zip(&bodies).zip(events()) {
        let expected = json!({
            "type": CallbackType::of(&event).name(),
            "timestamp": "2026-11-22T08:00:00Z",
            "data": {
                "platform": "p",
                "guarantee_id": "0199a3c1-0000-7000-8000-000000000001",
                "application_number": "A1",
                "guarantee_number": null,
                "stage": "applied",
                "version": 9,
                "event": number,
                "details": details,
            },
        });
        assert_eq!(*body, expected);
        assert!(!body.to_string().contains(PRIVATE), "{body}");
    }
    let told: BTreeSet<&str> = bodies.iter().map(|body| body["type"].as_str().unwrap()).collect();
    let others = [
        CallbackType::JobDead,
        CallbackType::DecisionOverdue,
        CallbackType::PlatformUnreachable,
        CallbackType::PlatformRecovered,
        CallbackType::Ping,
    ];
    let of_events: BTreeSet<&str> =
        CallbackType::ALL.iter().filter(|kind| !others.contains(kind)).map(|kind| kind.name()).collect();
    assert_eq!(told, of_events);
}

#[tokio::test]
async fn what_is_not_wanted_is_not_stored() {
    let (store, _folder) = store().await;
    let types = store.write(|connection| {
        let wanted = Wanted::new([CallbackType::GuaranteeExpired]);
        let events = [Event::PremiumPaid, Event::Expired, Event::Cancelled];
        tell_events(connection, &wanted, (&guarantee(), 1), (1, &events), at())?;
        tell_events(connection, &Wanted::default(), (&guarantee(), 1), (1, &events), at())?;
        let (platform, lost) = (PlatformId::new("p"), CallbackType::PlatformUnreachable);
        tell_of_reach(connection, &wanted, &platform, lost, at(), at())?;
        told(connection)
    });
    let types = types.await.unwrap();
    assert_eq!(types.len(), 1);
    assert_eq!(types[0]["data"]["event"], 2);
}
