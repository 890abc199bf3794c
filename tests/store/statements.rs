//! What statements are made of.

use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeNumber, PlatformId};
use baohan_gateway::domain::{Event, Guarantee};
use baohan_gateway::reconciliation::movement::Movement;
use baohan_gateway::reconciliation::statement::{Line, Period, Statement};
use baohan_gateway::store::statements;
use baohan_gateway::store::{events, guarantees};
use jiff::Timestamp;

use crate::database::{Database, guarantee, instant, on_both_databases, terms};

/// Stores a guarantee with a timeline.
async fn live(db: &Database, guarantee: &Guarantee, life: Vec<(Timestamp, Vec<Event>)>) {
    let guarantee = guarantee.clone();
    db.write(move |c| {
        guarantees::insert(c, &guarantee, life[0].0)?;
        for (at, new) in &life {
            events::append(c, &guarantee, new, *at)?;
        }
        Ok(())
    })
    .await;
}

fn numbered(application: &str, number: &str) -> Guarantee {
    let mut numbered = guarantee("hainan", application);
    numbered.terms = Some(terms(number));
    numbered
}

fn approved(number: &str) -> Event {
    Event::Approved { guarantee_number: GuaranteeNumber::new(number), premium: "3200".parse().unwrap() }
}

fn sealed(letter: LetterKind) -> Event {
    Event::LetterSealed { letter, document: DocumentDigest::new("d") }
}

fn life(number: &str, from: &str, issued: &str) -> Vec<(Timestamp, Vec<Event>)> {
    let amount = "800000".parse().unwrap();
    vec![
        (instant(from), vec![Event::ApplicationReceived { amount }]),
        (instant(from), vec![approved(number), Event::PremiumPaid]),
        (instant(issued), vec![sealed(LetterKind::Ciphertext)]),
    ]
}

async fn read(db: &Database, first: &str, last: &str) -> Statement {
    let now = instant("2027-01-01T00:00:00Z");
    let period = Period::new(first.parse().unwrap(), last.parse().unwrap(), now).unwrap();
    Statement::read(&db.store, &PlatformId::new("hainan"), period).await.unwrap()
}

fn told(lines: &[Line]) -> Vec<(Movement, String, &'static str)> {
    lines.iter().map(|it| (it.movement, it.application.to_string(), it.stage.unwrap().name())).collect()
}

on_both_databases! {
    async fn a_statement_holds_the_movements_of_its_days_in_china_in_order(db: Database) {
        // The last moment of the 21st and the first one of the 22nd.
        let edge = life("G1", "2026-11-21T15:59:59.999999Z", "2026-11-21T16:00:00Z");
        live(&db, &numbered("A1", "G1"), edge).await;
        let mut gone = life("G2", "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z");
        gone.push((instant("2026-11-22T03:00:00Z"), vec![Event::Surrendered]));
        live(&db, &numbered("A2", "G2"), gone).await;
        let mut elsewhere = guarantee("henan", "A3");
        elsewhere.terms = Some(terms("G3"));
        live(&db, &elsewhere, life("G3", "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z")).await;

        use Movement::{Issued, Premium, Surrendered};
        let name = |text: &str| text.to_owned();
        let before = read(&db, "2026-11-21", "2026-11-21").await;
        assert_eq!(told(&before.lines), [(Premium, name("A1"), "issuing")]);
        let day = read(&db, "2026-11-22", "2026-11-22").await;
        assert_eq!(told(&day.lines), [
            (Issued, name("A1"), "issued"),
            (Premium, name("A2"), "surrendered"),
            (Issued, name("A2"), "surrendered"),
            (Surrendered, name("A2"), "surrendered"),
        ]);
        let line = &day.lines[0];
        assert_eq!(line.number, Some(GuaranteeNumber::new("G1")));
        assert_eq!((line.premium, line.amount), (Some("3200".parse().unwrap()), "800000".parse().unwrap()));
        assert_eq!((line.date.to_string(), line.paid), ("2026-11-22".to_owned(), None));
        let issued = day.totals.of(Issued);
        assert_eq!((issued.count, issued.amount.to_string()), (2, "1600000.00".to_owned()));
        assert_eq!(day.totals.of(Premium).premium.to_string(), "3200.00");
        let both = read(&db, "2026-11-21", "2026-11-22").await;
        assert_eq!(both.lines, [before.lines, day.lines].concat());
    }

    async fn a_day_that_is_over_says_the_same_whatever_comes_later(db: Database) {
        let mine = numbered("A1", "G1");
        live(&db, &mine, life("G1", "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z")).await;
        let first = read(&db, "2026-11-22", "2026-11-22").await;
        db.write(move |c| {
            let later = [Event::KeyReceived, sealed(LetterKind::Merged), Event::Expired];
            events::append(c, &mine, &later, instant("2026-11-23T01:00:00Z"))
        }).await;
        assert_eq!(read(&db, "2026-11-22", "2026-11-22").await, first);
        assert_eq!(told(&read(&db, "2026-11-23", "2026-11-23").await.lines).len(), 1, "a restoration moves nothing");
    }

    async fn a_statement_is_read_in_pages_without_a_gap(db: Database) {
        db.write(|c| {
            for number in 0..620 {
                let mine = numbered(&format!("A{number}"), &format!("G{number}"));
                let at = instant("2026-11-22T01:00:00Z") + jiff::SignedDuration::from_secs(number / 200);
                guarantees::insert(c, &mine, at)?;
                let name = format!("G{number}");
                events::append(c, &mine, &[approved(&name), Event::PremiumPaid, sealed(LetterKind::Plaintext)], at)?;
            }
            Ok(())
        }).await;
        let statement = read(&db, "2026-11-22", "2026-11-22").await;
        assert_eq!(statement.lines.len(), 1240);
        let mut named: Vec<_> = statement.lines.iter().map(|it| (it.application.clone(), it.movement)).collect();
        assert!(statement.lines.is_sorted_by_key(|line| line.at));
        named.sort();
        named.dedup();
        assert_eq!(named.len(), 1240);
        assert_eq!(statement.totals.of(Movement::Premium).count, 620);
    }

    async fn a_payment_without_an_amount_in_its_event_is_what_the_guarantee_has_paid(db: Database) {
        let mut mine = numbered("A1", "G1");
        let mut life = life("G1", "2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z");
        life.push((instant("2026-11-22T03:00:00Z"), vec![
            serde_json::from_str(r#"{"kind":"claim-answered","status":"paid"}"#).unwrap(),
            serde_json::from_str(r#"{"kind":"claim-answered","status":"paid","paid":50050}"#).unwrap(),
        ]));
        mine.paid_on_claims = "1001".parse().unwrap();
        live(&db, &mine, life).await;
        let statement = read(&db, "2026-11-22", "2026-11-22").await;
        let paid: Vec<_> = statement.lines.iter().map(|line| line.paid.unwrap().to_string()).collect();
        assert_eq!(paid, ["500.50", "500.50"]);
        assert_eq!(statement.totals.of(Movement::ClaimPaid).paid.to_string(), "1001.00");
    }

    async fn guarantees_are_found_by_their_numbers_on_their_platform(db: Database) {
        live(&db, &numbered("A1", "G1"), life("G1", "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z")).await;
        let (numbers, applications) = ([GuaranteeNumber::new("G1")], [ApplicationNumber::new("A1")]);
        for (platform, count) in [("hainan", 1), ("henan", 0)] {
            let (platform, numbers, applications) = (PlatformId::new(platform), numbers.clone(), applications.clone());
            let found = db.read(move |c| Ok((
                statements::with_numbers(c, &platform, &numbers)?,
                statements::with_applications(c, &platform, &applications)?,
            ))).await;
            assert_eq!((found.0.len(), found.1.len()), (count, count));
        }
    }
}
