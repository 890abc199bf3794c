//! Imported statements, their differences, remarks and signatures.

use baohan_gateway::domain::identity::{GuaranteeId, GuaranteeNumber, PlatformId};
use baohan_gateway::store::reconciliations::{
    self, DifferenceKind, Filter, Finding, Import, NewReconciliation, Reconciliation, ReconciliationId,
    Remark, Side, Signature,
};
use baohan_gateway::store::{Constraint, StoreError};
use jiff::civil::Date;

use crate::database::{Database, long_ago, on_both_databases};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn finding(kind: DifferenceKind, number: &str) -> Finding {
    let side = Side {
        number: Some(GuaranteeNumber::new(number)),
        applicant: Some("planted-applicant".to_owned()),
        amount: Some("800000".parse().unwrap()),
        line: Some(7),
        ..Side::default()
    };
    Finding { kind, guarantee: Some(GuaranteeId::new(number)), ours: None, theirs: Some(side) }
}

fn new(platform: &str, on: &str, file: &str, findings: Vec<Finding>) -> NewReconciliation {
    NewReconciliation {
        platform: PlatformId::new(platform),
        day: day(on),
        import: Import {
            file: "planted-file.csv".to_owned(),
            by: "planted-clerk".to_owned(),
            theirs: 9,
            ours: 8,
            compared: vec!["amount".to_owned()],
        },
        digest: reconciliations::digest(file.as_bytes()),
        findings,
        at: long_ago(),
    }
}

async fn insert(db: &Database, new: NewReconciliation) -> ReconciliationId {
    db.write(move |c| reconciliations::insert(c, &new)).await
}

async fn found(db: &Database, id: &ReconciliationId) -> Reconciliation {
    let id = id.clone();
    db.read(move |c| reconciliations::find(c, &id)).await.unwrap()
}

fn said(text: &str) -> Remark {
    Remark { by: "planted-clerk".to_owned(), text: text.to_owned(), at: long_ago() }
}

async fn remark(db: &Database, id: &ReconciliationId, number: u32, text: &str) -> Result<(), StoreError> {
    let (id, remark) = (id.clone(), said(text));
    let write = move |c: &mut baohan_gateway::store::Connection| {
        let read = reconciliations::difference(c, &id, number)?.unwrap();
        reconciliations::add_remark(c, &id, &read, &remark)
    };
    db.store.write(write).await
}

fn signature() -> Signature {
    Signature { by: "planted-head".to_owned(), remark: Some("planted-remark".to_owned()), at: long_ago() }
}

async fn sign(db: &Database, read: &Reconciliation) -> Result<(), StoreError> {
    let read = read.clone();
    db.store.write(move |c| reconciliations::sign(c, &read, &signature())).await
}

async fn open(db: &Database) -> Vec<(String, &'static str, u64)> {
    let open = db.read(reconciliations::open_differences).await;
    open.into_iter().map(|(platform, kind, count)| (platform.to_string(), kind.name(), count)).collect()
}

on_both_databases! {
    async fn a_reconciliation_comes_back_as_it_was_stored(db: Database) {
        let findings = vec![
            finding(DifferenceKind::OnlyOurs, "G1"),
            finding(DifferenceKind::Amount, "G2"),
            finding(DifferenceKind::Amount, "G3"),
        ];
        let id = insert(&db, new("hainan", "2026-11-22", "a", findings.clone())).await;
        let stored = found(&db, &id).await;
        assert_eq!((stored.platform.as_str(), stored.day, stored.generation), ("hainan", day("2026-11-22"), 1));
        assert_eq!(stored.import, new("", "2026-11-22", "", vec![]).import);
        assert_eq!(stored.differences, [(DifferenceKind::OnlyOurs, 1), (DifferenceKind::Amount, 2)].into());
        assert_eq!((stored.unexplained, stored.is_open(), &stored.signature), (3, true, &None));
        assert_eq!(stored.digest, reconciliations::digest(b"a"));
        let page = |behind, limit| {
            let id = id.clone();
            db.read(move |c| reconciliations::differences(c, &id, behind, limit))
        };
        let all = page(0, 10).await;
        assert_eq!(all.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(all.into_iter().map(|it| it.finding).collect::<Vec<_>>(), findings);
        assert_eq!(page(1, 1).await[0].number, 2);
        assert!(page(3, 1).await.is_empty());
    }

    async fn thousands_of_differences_are_stored_at_once(db: Database) {
        let findings = (0..2500).map(|number| finding(DifferenceKind::OnlyTheirs, &number.to_string())).collect();
        let id = insert(&db, new("hainan", "2026-11-22", "a", findings)).await;
        assert_eq!(found(&db, &id).await.unexplained, 2500);
        let last = db.read(move |c| reconciliations::difference(c, &id, 2500)).await.unwrap();
        assert_eq!(last.finding.guarantee, Some(GuaranteeId::new("2499")));
    }

    async fn a_newer_file_takes_the_place_of_an_older_one_which_stays(db: Database) {
        let first = insert(&db, new("hainan", "2026-11-22", "a", vec![finding(DifferenceKind::Date, "G1")])).await;
        let other_day = insert(&db, new("hainan", "2026-11-21", "a", vec![])).await;
        let second = insert(&db, new("hainan", "2026-11-22", "b", vec![finding(DifferenceKind::State, "G1")])).await;
        assert_eq!(found(&db, &first).await.superseded_by, Some(second.clone()));
        assert_eq!((found(&db, &second).await.generation, found(&db, &other_day).await.generation), (2, 1));
        let current = db.read(|c| reconciliations::current(c, &PlatformId::new("hainan"), day("2026-11-22"))).await;
        assert_eq!(current.unwrap().id, second);
        assert_eq!(open(&db).await, [("hainan".to_owned(), "state", 1)], "only what is current is open");
        let list = |filter: Filter| db.read(move |c| reconciliations::list(c, &filter));
        let ids = |list: Vec<Reconciliation>| list.into_iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(list(Filter::default()).await), [second.clone(), other_day.clone(), first.clone()]);
        let of_day = Filter { day: Some(day("2026-11-22")), before: Some(second.clone()), ..Filter::default() };
        assert_eq!(ids(list(of_day).await), [first]);
        let elsewhere = Filter { platform: Some(PlatformId::new("jilin")), ..Filter::default() };
        assert!(list(elsewhere).await.is_empty());
    }

    async fn the_same_file_is_kept_once_for_a_day(db: Database) {
        let first = insert(&db, new("hainan", "2026-11-22", "a", vec![])).await;
        let again = new("hainan", "2026-11-22", "a", vec![]);
        let refused = db.store.write(move |c| reconciliations::insert(c, &again)).await;
        assert_eq!(refused, Err(StoreError::Duplicate(Constraint::Other)));
        let digest = reconciliations::digest(b"a");
        let platform = PlatformId::new("hainan");
        let known = db.read(move |c| reconciliations::find_by_file(c, &platform, day("2026-11-22"), &digest)).await;
        assert_eq!(known.unwrap().id, first);
        insert(&db, new("jilin", "2026-11-22", "a", vec![])).await;
        insert(&db, new("hainan", "2026-11-23", "a", vec![])).await;
    }

    async fn the_first_remark_explains_a_difference_and_later_ones_stand_below(db: Database) {
        let findings = vec![finding(DifferenceKind::Amount, "G1"), finding(DifferenceKind::Amount, "G2")];
        let id = insert(&db, new("hainan", "2026-11-22", "a", findings)).await;
        for (text, left) in [("first", 1), ("second", 1)] {
            remark(&db, &id, 1, text).await.unwrap();
            assert_eq!(found(&db, &id).await.unexplained, left, "{text}");
        }
        let difference = { let id = id.clone(); db.read(move |c| reconciliations::difference(c, &id, 1)).await.unwrap() };
        assert_eq!(difference.remarks, [said("first"), said("second")]);
        assert_eq!(open(&db).await, [("hainan".to_owned(), "amount", 1)]);
        remark(&db, &id, 2, "third").await.unwrap();
        assert!(open(&db).await.is_empty() && !found(&db, &id).await.is_open());
    }

    async fn what_was_signed_changes_no_more(db: Database) {
        let id = insert(&db, new("hainan", "2026-11-22", "a", vec![finding(DifferenceKind::Amount, "G1")])).await;
        let read = found(&db, &id).await;
        sign(&db, &read).await.unwrap();
        let signed = found(&db, &id).await;
        assert_eq!((signed.signature.clone(), signed.is_open()), (Some(signature()), false));
        assert!(open(&db).await.is_empty());
        assert_eq!(sign(&db, &read).await, Err(StoreError::Conflict));
        assert_eq!(remark(&db, &id, 1, "too late").await, Err(StoreError::Conflict));
        assert_eq!(found(&db, &id).await, signed);
    }

    async fn whoever_signs_has_read_the_last_remark(db: Database) {
        let id = insert(&db, new("hainan", "2026-11-22", "a", vec![finding(DifferenceKind::Amount, "G1")])).await;
        let stale = found(&db, &id).await;
        remark(&db, &id, 1, "meanwhile").await.unwrap();
        assert_eq!(sign(&db, &stale).await, Err(StoreError::Conflict));
        sign(&db, &found(&db, &id).await).await.unwrap();
    }

    async fn nothing_that_names_a_person_stands_in_the_clear(db: Database) {
        let id = insert(&db, new("hainan", "2026-11-22", "a", vec![finding(DifferenceKind::Amount, "G1")])).await;
        remark(&db, &id, 1, "planted-explanation").await.unwrap();
        sign(&db, &found(&db, &id).await).await.unwrap();
        for (table, column) in
            [("reconciliations", "body"), ("reconciliations", "signature"), ("differences", "body"), ("remarks", "body")]
        {
            let as_text = if db.is_sqlite() { format!("hex({column})") } else { format!("upper(encode({column}, 'hex'))") };
            let rows = db.lines(&format!("SELECT {as_text} AS line FROM {table}"));
            let planted = hex::encode_upper("planted-");
            assert!(rows.len() == 1 && !rows[0].is_empty() && !rows[0].contains(&planted), "{table}.{column}: {rows:?}");
        }
    }
}
