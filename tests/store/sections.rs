//! Tender sections that platforms report as abnormal, and the guarantees in them.

use baohan_gateway::casework::sections;
use baohan_gateway::dialect::AbnormalSection;
use baohan_gateway::domain::abnormality::{Abnormality, AbnormalityKind};
use baohan_gateway::domain::identity::GuaranteeId;
use baohan_gateway::domain::{Guarantee, Stage};
use baohan_gateway::store::guarantees::Stored;
use baohan_gateway::store::{events, guarantees};

use crate::database::{Database, guarantee, instant, long_ago, on_both_databases};
use crate::rounds::platform;

const SECTION: &str = "E4600000001-标段一";
const MONDAY: &str = "2026-11-23T01:00:00Z";
const TUESDAY: &str = "2026-11-24T01:00:00Z";

fn abnormality(kind: AbnormalityKind, decided_at: &str) -> Abnormality {
    Abnormality { kind, remark: "planted-remark".to_owned(), decided_at: instant(decided_at) }
}

fn report(kind: AbnormalityKind, decided_at: &str) -> AbnormalSection {
    AbnormalSection { number: SECTION.to_owned(), abnormality: abnormality(kind, decided_at) }
}

/// Stores a guarantee of platform `two` that was opened.
async fn opened(db: &Database, number: &str) -> Guarantee {
    let guarantee = Guarantee { stage: Stage::Opened, ..guarantee("two", number) };
    let stored = guarantee.clone();
    db.write(move |c| guarantees::insert(c, &stored, long_ago())).await;
    guarantee
}

async fn marked(db: &Database, guarantee: &Guarantee, number: &'static str) {
    let id = guarantee.id.clone();
    db.write(move |c| sections::mark(c, &platform("two", "ggzy"), &id, number, long_ago())).await;
}

async fn recorded(db: &Database, report: AbnormalSection, room: u32) -> u32 {
    db.write(move |c| sections::record(c, &platform("two", "ggzy"), &report, room, long_ago())).await
}

async fn stored(db: &Database, id: &GuaranteeId) -> Stored {
    let id = id.clone();
    db.read(move |c| guarantees::find(c, &id)).await.unwrap()
}

async fn known(db: &Database, guarantee: &Guarantee) -> Option<AbnormalityKind> {
    stored(db, &guarantee.id).await.guarantee.abnormality.map(|it| it.kind)
}

on_both_databases! {
    async fn a_report_reaches_the_guarantees_of_its_section_and_no_others(db: Database) {
        let (inside, outside, unmarked) =
            (opened(&db, "A1").await, opened(&db, "A2").await, opened(&db, "A3").await);
        marked(&db, &inside, SECTION).await;
        marked(&db, &outside, "E4600000001-标段二").await;
        assert_eq!(recorded(&db, report(AbnormalityKind::Failed, MONDAY), 10).await, 2);
        assert_eq!(known(&db, &inside).await, Some(AbnormalityKind::Failed));
        assert_eq!((known(&db, &outside).await, known(&db, &unmarked).await), (None, None));
    }

    async fn a_report_that_came_first_counts_as_soon_as_the_section_is_known(db: Database) {
        assert_eq!(recorded(&db, report(AbnormalityKind::Terminated, MONDAY), 10).await, 1);
        let guarantee = opened(&db, "A1").await;
        assert_eq!(known(&db, &guarantee).await, None);
        marked(&db, &guarantee, SECTION).await;
        assert_eq!(known(&db, &guarantee).await, Some(AbnormalityKind::Terminated));
    }

    async fn what_is_known_already_changes_nothing_and_an_older_decision_overtakes_no_later_one(db: Database) {
        let guarantee = opened(&db, "A1").await;
        marked(&db, &guarantee, SECTION).await;
        recorded(&db, report(AbnormalityKind::Suspended, TUESDAY), 10).await;
        let before = stored(&db, &guarantee.id).await;
        assert_eq!(recorded(&db, report(AbnormalityKind::Suspended, TUESDAY), 10).await, 0);
        assert_eq!(recorded(&db, report(AbnormalityKind::Voided, MONDAY), 10).await, 0);
        assert_eq!(stored(&db, &guarantee.id).await, before);
        let id = guarantee.id.clone();
        assert_eq!(db.read(move |c| events::timeline(c, &id)).await.len(), 1);
        assert_eq!(recorded(&db, report(AbnormalityKind::Voided, TUESDAY), 10).await, 2);
        assert_eq!(known(&db, &guarantee).await, Some(AbnormalityKind::Voided));
    }

    async fn a_section_with_many_guarantees_is_recorded_in_portions(db: Database) {
        let mut guarantees = Vec::new();
        for number in ["A1", "A2", "A3"] {
            let guarantee = opened(&db, number).await;
            marked(&db, &guarantee, SECTION).await;
            guarantees.push(guarantee);
        }
        let mut portions = Vec::new();
        for _ in 0..4 {
            portions.push(recorded(&db, report(AbnormalityKind::Failed, MONDAY), 2).await);
        }
        assert_eq!(portions, [2, 2, 0, 0]);
        for guarantee in &guarantees {
            assert_eq!(known(&db, guarantee).await, Some(AbnormalityKind::Failed));
        }
    }

    async fn guarantees_that_have_ended_stay_as_they_are_and_take_no_room(db: Database) {
        let guarantee = Guarantee { stage: Stage::Surrendered, ..guarantee("two", "A1") };
        let copy = guarantee.clone();
        db.write(move |c| guarantees::insert(c, &copy, long_ago())).await;
        marked(&db, &guarantee, SECTION).await;
        assert_eq!(recorded(&db, report(AbnormalityKind::Failed, MONDAY), 10).await, 1);
        assert_eq!(known(&db, &guarantee).await, None);
    }

    async fn a_secret_section_of_a_platform_that_reports_none_is_marked_from_when_it_is_known(db: Database) {
        let guarantee = opened(&db, "A1").await;
        let (applied, id) = (guarantee.clone(), guarantee.id.clone());
        let one = || platform("one", "hainan-2024");
        db.write(move |c| sections::mark_applied(c, &one(), &applied, long_ago())).await;
        assert_eq!(db.lines("SELECT section_mark AS line FROM guarantees"), ["NULL"]);
        db.write(move |c| sections::mark(c, &one(), &id, SECTION, long_ago())).await;
        let marks = db.lines("SELECT section_mark AS line FROM guarantees");
        assert!(marks[0].len() == 64 && !marks[0].contains(SECTION), "{marks:?}");
        // What another platform reports of a section of the same number is not this one's.
        assert_eq!(recorded(&db, report(AbnormalityKind::Failed, MONDAY), 10).await, 1);
        assert_eq!(known(&db, &guarantee).await, None);
    }

    async fn neither_number_nor_remark_stands_in_the_database_in_the_clear(db: Database) {
        let guarantee = opened(&db, "A1").await;
        marked(&db, &guarantee, SECTION).await;
        recorded(&db, report(AbnormalityKind::Failed, MONDAY), 10).await;
        let encode = if db.is_sqlite() { "hex(body)" } else { "encode(body, 'hex')" };
        let kept = db.lines(&format!("SELECT section_mark || ' ' || {encode} AS line FROM abnormal_sections"));
        let marks = db.lines("SELECT section_mark AS line FROM guarantees");
        assert_eq!((kept.len(), marks.len()), (1, 1));
        assert!(kept[0].starts_with(&marks[0]) && marks[0].len() == 64, "{kept:?} {marks:?}");
        for planted in [SECTION, "planted-remark"] {
            assert!(!kept[0].to_lowercase().contains(&hex::encode(planted)), "{planted}");
            assert!(!kept[0].contains(planted));
        }
    }
}
