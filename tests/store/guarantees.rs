//! Guarantees and their timelines.

use baohan_gateway::domain::awaited::Awaited;
use baohan_gateway::domain::guarantee::{Letter, LetterKind, Opening};
use baohan_gateway::domain::identity::{
    ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId,
};
use baohan_gateway::domain::{Event, Guarantee, Stage};
use baohan_gateway::store::guarantees::{self, Filter, Place, Stored};
use baohan_gateway::store::{Constraint, StoreError, StoreOptions, events};
use futures_util::future::join_all;

use crate::database::{Database, application, guarantee, instant, long_ago, on_both_databases, terms};

async fn store(db: &Database, guarantee: &Guarantee) -> Result<(), StoreError> {
    let guarantee = guarantee.clone();
    db.store.write(move |c| guarantees::insert(c, &guarantee, long_ago())).await
}

async fn change(db: &Database, id: &GuaranteeId, how: impl FnOnce(&mut Guarantee)) {
    let wanted = id.clone();
    let Stored { mut guarantee, version } = db.read(move |c| guarantees::find(c, &wanted)).await.unwrap();
    how(&mut guarantee);
    db.write(move |c| guarantees::update(c, &guarantee, version, long_ago())).await;
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
        let mut firsts: Vec<i64> =
            join_all((0..6).map(change)).await.into_iter().map(Result::unwrap).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, [1, 3, 5, 7, 9, 11]);
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
        let hainan = Filter { platforms: vec![PlatformId::new("hainan")], limit: 2, ..Filter::default() };
        let list = |filter: Filter| db.read(move |c| guarantees::list(c, &filter));
        let first = list(hainan.clone()).await;
        let shown: Vec<_> = first.iter().map(|it| it.id.clone()).collect();
        assert_eq!(shown, [ids[4].clone(), ids[3].clone()]);
        let next = list(Filter { behind: Some(Place { at: long_ago(), id: ids[3].clone() }), ..hainan.clone() }).await;
        let shown: Vec<_> = next.iter().map(|it| it.id.clone()).collect();
        assert_eq!(shown, [ids[2].clone(), ids[1].clone()]);
        let declined = list(Filter { stages: vec![Stage::Declined], ..hainan }).await;
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

    async fn what_waits_is_listed_by_what_it_waits_for_newest_first(db: Database) {
        let mut ids = Vec::new();
        for number in ["A1", "A2", "A3"] {
            let one = guarantee("hainan", number);
            store(&db, &one).await.unwrap();
            ids.push(one.id);
        }
        let mut waived = guarantee("hainan", "A4");
        waived.stage = Stage::Waived;
        store(&db, &waived).await.unwrap();
        let waiting = |awaited| {
            let platforms = vec![PlatformId::new("hainan")];
            let filter = Filter { platforms, awaits: Some(awaited), ..Filter::default() };
            db.read(move |c| guarantees::list(c, &filter))
        };
        let listed = async |awaited| {
            waiting(awaited).await.into_iter().map(|it| it.application.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(listed(Awaited::Underwriting).await, ["A3", "A2", "A1"]);
        assert_eq!(waiting(Awaited::Underwriting).await[0].awaits, [Awaited::Underwriting]);
        for awaited in Awaited::ALL.into_iter().filter(|it| *it != Awaited::Underwriting) {
            assert!(waiting(awaited).await.is_empty(), "{awaited:?}");
        }
        change(&db, &ids[0], |it| it.waiver_asked = true).await;
        change(&db, &ids[1], |it| it.stage = Stage::Declined).await;
        assert_eq!(listed(Awaited::Underwriting).await, ["A3"]);
        assert_eq!(listed(Awaited::Waiver).await, ["A1"]);
    }

    async fn what_guarantees_of_an_earlier_version_wait_for_is_learnt_once(db: Database) {
        let stages = [Stage::Applied, Stage::Approved, Stage::Issued, Stage::Expired];
        for number in 0..450 {
            let mut one = guarantee("hainan", &format!("{number:03}"));
            one.stage = stages[number % stages.len()];
            one.waiver_asked = number % 5 == 0 && one.stage == Stage::Approved;
            store(&db, &one).await.unwrap();
        }
        let kept = "SELECT application_number || COALESCE(awaits, '-') || version AS line FROM guarantees ORDER BY 1";
        let before = db.lines(kept);
        // As an earlier version left them.
        assert_eq!(db.execute("UPDATE guarantees SET awaits = ''"), 450);
        let replicas: Vec<_> = (0..3).map(|_| db.reopen(&StoreOptions::default())).collect();
        for outcome in join_all(replicas.iter().map(|replica| replica.migrate())).await {
            assert!(outcome.unwrap().is_empty());
        }
        assert_eq!(db.lines(kept), before, "learnt, and no version passed");
        // What is known is not read again: it would not even be noticed that it can't be.
        db.execute("UPDATE guarantees SET body = body || body");
        db.store.migrate().await.unwrap();
        assert_eq!(db.lines(kept), before);
    }

    async fn a_guarantee_that_can_not_be_read_keeps_nobody_from_starting(db: Database) {
        for number in ["A1", "A2"] {
            store(&db, &guarantee("hainan", number)).await.unwrap();
        }
        db.execute("UPDATE guarantees SET awaits = ''");
        db.execute("UPDATE guarantees SET body = body || body WHERE application_number = 'A1'");
        db.store.migrate().await.unwrap();
        let left = db.lines("SELECT application_number || ':' || awaits AS line FROM guarantees ORDER BY 1");
        assert_eq!(left, ["A1:", "A2: underwriting "]);
    }
}
