//! Guarantees and their timelines.

use baohan_gateway::domain::guarantee::{Letter, LetterKind, Opening};
use baohan_gateway::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeNumber, PlatformId};
use baohan_gateway::domain::{Event, Guarantee, Stage};
use baohan_gateway::store::guarantees::{self, Filter};
use baohan_gateway::store::{Constraint, StoreError, events};
use futures_util::future::join_all;

use crate::database::{Database, application, guarantee, instant, long_ago, on_both_databases, terms};

async fn store(db: &Database, guarantee: &Guarantee) -> Result<(), StoreError> {
    let guarantee = guarantee.clone();
    db.store.write(move |c| guarantees::insert(c, &guarantee, long_ago())).await
}

on_both_databases! {
    async fn a_guarantee_comes_back_as_it_was_stored(db: Database) {
        let mut stored = guarantee("hainan", "A1");
        stored.terms = Some(terms("G1"));
        store(&db, &stored).await.unwrap();
        let (id, platform) = (stored.id.clone(), PlatformId::new("hainan"));
        let found = db.read(move |c| {
            Ok([
                guarantees::find(c, &id)?,
                guarantees::find_by_application(c, &platform, &ApplicationNumber::new("A1"))?,
                guarantees::find_by_number(c, &platform, &GuaranteeNumber::new("G1"))?,
                guarantees::find_by_number(c, &PlatformId::new("henan"), &GuaranteeNumber::new("G1"))?,
            ])
        }).await;
        let [by_id, by_application, by_number, elsewhere] = found.map(|it| it.map(|it| (it.guarantee, it.version)));
        assert_eq!(by_id, Some((stored, 1)));
        assert_eq!(by_application, by_id);
        assert_eq!(by_number, by_id);
        assert_eq!(elsewhere, None);
    }

    async fn an_update_of_an_old_version_is_refused_and_changes_nothing(db: Database) {
        let first = guarantee("hainan", "A1");
        store(&db, &first).await.unwrap();
        let mut declined = first.clone();
        declined.stage = Stage::Declined;
        db.write({
            let declined = declined.clone();
            move |c| guarantees::update(c, &declined, 1, long_ago())
        }).await;
        let stale = db.store.write({
            let first = first.clone();
            move |c| guarantees::update(c, &first, 1, long_ago())
        }).await;
        assert_eq!(stale, Err(StoreError::Conflict));
        let kept = db.read(move |c| guarantees::find(c, &first.id)).await.unwrap();
        assert_eq!((kept.guarantee, kept.version), (declined, 2));
    }

    async fn numbers_that_are_taken_are_named(db: Database) {
        let mut first = guarantee("hainan", "A1");
        first.terms = Some(terms("G1"));
        store(&db, &first).await.unwrap();
        let again = store(&db, &guarantee("hainan", "A1")).await;
        assert_eq!(again, Err(StoreError::Duplicate(Constraint::Application)));
        let mut same_number = guarantee("hainan", "A2");
        same_number.terms = Some(terms("G1"));
        assert_eq!(store(&db, &same_number).await, Err(StoreError::Duplicate(Constraint::GuaranteeNumber)));
        let id = guarantee("hainan", "A3");
        store(&db, &id).await.unwrap();
        let mut same_id = id.clone();
        same_id.application = application("A4");
        assert_eq!(store(&db, &same_id).await, Err(StoreError::Duplicate(Constraint::Other)));
        // Another platform has its own numbers; and a number is not missed twice.
        store(&db, &guarantee("henan", "A1")).await.unwrap();
        store(&db, &guarantee("henan", "A2")).await.unwrap();
    }

    async fn changes_at_the_same_time_are_made_one_after_the_other(db: Database) {
        let first = guarantee("hainan", "A1");
        store(&db, &first).await.unwrap();
        let change = |_| {
            let id = first.id.clone();
            db.store.write(move |c| {
                let read = guarantees::find(c, &id)?.unwrap();
                guarantees::update(c, &read.guarantee, read.version, long_ago())?;
                events::append(c, &read.guarantee, &[Event::PremiumPaid, Event::KeyReceived], long_ago())
            })
        };
        for outcome in join_all((0..6).map(change)).await {
            assert_eq!(outcome, Ok(()));
        }
        let id = first.id.clone();
        assert_eq!(db.read(move |c| guarantees::find(c, &id)).await.unwrap().version, 7);
        let timeline = db.read(move |c| events::timeline(c, &first.id)).await;
        let numbers: Vec<_> = timeline.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
        assert_eq!(timeline[0].event, Event::PremiumPaid);
        assert_eq!(timeline[1].event, Event::KeyReceived);
    }

    async fn lists_are_filtered_and_paged_newest_first(db: Database) {
        let mut ids = Vec::new();
        for number in 0..5 {
            let mut one = guarantee("hainan", &number.to_string());
            if number == 3 {
                one.stage = Stage::Declined;
            }
            store(&db, &one).await.unwrap();
            ids.push(one.id);
        }
        store(&db, &guarantee("henan", "other")).await.unwrap();
        let hainan = Filter { platform: Some(PlatformId::new("hainan")), limit: 2, ..Filter::default() };
        let list = |filter: Filter| db.read(move |c| guarantees::list(c, &filter));
        let first = list(hainan.clone()).await;
        let shown: Vec<_> = first.iter().map(|it| it.id.clone()).collect();
        assert_eq!(shown, [ids[4].clone(), ids[3].clone()]);
        let next = list(Filter { before: Some(ids[3].clone()), ..hainan.clone() }).await;
        let shown: Vec<_> = next.iter().map(|it| it.id.clone()).collect();
        assert_eq!(shown, [ids[2].clone(), ids[1].clone()]);
        let declined = list(Filter { stage: Some(Stage::Declined), ..hainan }).await;
        assert_eq!(declined.len(), 1);
        assert_eq!(declined[0].application, ApplicationNumber::new("3"));
        assert_eq!(declined[0].received_at, long_ago());
        let counts = db.read(guarantees::counts).await;
        let (hainan, henan) = (PlatformId::new("hainan"), PlatformId::new("henan"));
        assert_eq!(counts, [(hainan.clone(), Stage::Applied, 4), (hainan, Stage::Declined, 1), (henan, Stage::Applied, 1)]);
    }

    async fn a_restoration_is_awaited_until_its_letter_arrives(db: Database) {
        let opening = |deadline: &str| Some(Opening {
            opened_at: long_ago(), key_received_at: long_ago(), deadline: instant(deadline),
        });
        let mut later = guarantee("hainan", "later");
        (later.stage, later.opening) = (Stage::Opened, opening("2026-02-02T00:00:00Z"));
        let mut sooner = guarantee("hainan", "sooner");
        (sooner.stage, sooner.opening) = (Stage::Opened, opening("2026-01-01T00:00:00Z"));
        for one in [&later, &sooner, &guarantee("hainan", "unopened")] {
            store(&db, one).await.unwrap();
        }
        let awaited = || db.read(|c| guarantees::undelivered_restorations(c, 10));
        let numbers = |list: Vec<guarantees::Summary>| -> Vec<_> {
            list.into_iter().map(|it| it.application.to_string()).collect()
        };
        assert_eq!(numbers(awaited().await), ["sooner", "later"]);
        sooner.stage = Stage::Restored;
        let letter = |delivered_at| Some(Letter { document: DocumentDigest::new("d"), sealed_at: long_ago(), delivered_at });
        for (version, delivered_at, expected) in
            [(1, None, vec!["sooner", "later"]), (2, Some(long_ago()), vec!["later"])]
        {
            sooner.merged_letter = letter(delivered_at);
            assert_eq!(sooner.letter(LetterKind::Merged).unwrap().delivered_at, delivered_at);
            let changed = sooner.clone();
            db.write(move |c| guarantees::update(c, &changed, version, long_ago())).await;
            assert_eq!(numbers(awaited().await), expected);
        }
    }
}
