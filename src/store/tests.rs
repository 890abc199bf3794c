//! How the tables are searched.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _};
use jiff::Timestamp;

use super::connection::{Link, Opener, Purpose, Target};
use super::guarantees::{Filter, Period, Place, Time};
use super::jobs::set_back::{self, Kinds};
use super::jobs::suspicion::Suspects;
use super::jobs::{self, Calls, Cause, Claim, Compartment, Fence, JobId, JobState, Lane, Listing, Sort};
use super::pauses::Pause;
use super::*;
use crate::domain::Stage;
use crate::domain::awaited::Awaited;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};

/// Writes down each statement.
struct Listener(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().unwrap().push(query.to_string());
        }
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn link(connection: &mut Connection) -> &mut diesel::SqliteConnection {
    match &mut connection.link {
        Link::Sqlite(link) => link,
        #[cfg(feature = "postgres")]
        Link::Postgres(_) => panic!("expected SQLite"),
    }
}

/// Every combination of what may be given, of two platforms and of one; first pages and later ones.
fn filters(platform: &PlatformId) -> Vec<Filter> {
    let text = || Some("四个汉字以上".to_owned());
    let given: [fn(&mut Filter, Option<String>); 5] = [
        |it, text| it.application = text.map(ApplicationNumber::new),
        |it, text| it.guarantee = text.map(GuaranteeNumber::new),
        |it, text| it.applicant_code = text,
        |it, text| it.applicant_name = text,
        |it, text| it.section = text,
    ];
    let mut filters = vec![Filter { platforms: vec![platform.clone()], limit: 10, ..Filter::default() }];
    // Each turn doubles what there is: without and with one more thing.
    let mut double = |change: &dyn Fn(&mut Filter)| {
        let mut changed = filters.clone();
        changed.iter_mut().for_each(change);
        filters.extend(changed);
    };
    for give in given {
        double(&|it| give(it, text()));
    }
    let period = Period { from: Some(Timestamp::UNIX_EPOCH), until: Some(Timestamp::UNIX_EPOCH) };
    double(&|it| it.stages = vec![Stage::Applied, Stage::Issued]);
    double(&|it| it.awaits = Some(Awaited::Underwriting));
    double(&|it| it.received = period);
    double(&|it| it.updated = Period { until: None, ..period });
    double(&|it| it.opened = Period { from: None, ..period });
    double(&|it| it.behind = Some(Place { at: Timestamp::UNIX_EPOCH, id: GuaranteeId::new("g") }));
    filters
}

/// What only the console asks for, each alone and together with something else.
fn console_filters(platform: &PlatformId) -> Vec<Filter> {
    let all = Filter { platforms: vec![platform.clone()], limit: 10, ..Filter::default() };
    let mut filters = vec![
        Filter { applicant_code_start: Some("91350100MA0".to_owned()), ..all.clone() },
        Filter { applicant_name_part: Some("建设".to_owned()), ..all.clone() },
        Filter { is_undelivered: true, ..all.clone() },
        Filter { has_dead_job: true, ..all.clone() },
    ];
    filters.extend(Time::ALL.map(|sort| Filter { sort: Some(sort), ..all.clone() }));
    let more = filters.clone().into_iter().map(|it| Filter { stages: vec![Stage::Opened], ..it });
    let other = filters.clone().into_iter().map(|it| Filter { is_undelivered: true, ..it });
    let behind = Some(Place { at: Timestamp::UNIX_EPOCH, id: GuaranteeId::new("g") });
    let later = filters.clone().into_iter().map(|it| Filter { behind: behind.clone(), ..it });
    let more: Vec<Filter> = more.chain(other).chain(later).collect();
    filters.extend(more);
    filters
}

/// What people watch of openings.
fn opened(connection: &mut Connection, platform: &PlatformId) {
    let at = Timestamp::UNIX_EPOCH;
    let day = openings::Day { from: at, until: Timestamp::MAX };
    openings::day(connection, day, at).unwrap();
    openings::totals(connection, day, at).unwrap();
    openings::waiting(connection).unwrap();
    openings::refused_keys(connection, 10).unwrap();
    openings::planned(connection, jiff::civil::date(2026, 11, 22)).unwrap();
    let section = abnormal_sections::SectionMark::of(connection, platform, "s");
    openings::section(connection, platform, &section, at).unwrap();
    openings::members(connection, platform, &section, 0, 10).unwrap();
    openings::missing(connection, platform, &section, 10).unwrap();
    openings::failures(connection, platform, &section).unwrap();
}

/// The whole repertoire that runs while the gateway does; what it finds does not matter.
fn repertoire(connection: &mut Connection) {
    let (id, platform) = (GuaranteeId::new("g"), PlatformId::new("p"));
    let fence = Fence { job: JobId::new("j"), owner: "w".to_owned(), attempt: 1 };
    let hour = Duration::from_secs(3600);
    let (excluded, suspects) = (vec![platform.clone()], Suspects::default());
    let calls = Calls { kinds: &["notify"], rounds: &["asking"] };
    let compartments =
        [Sort::Any, Sort::House, Sort::Calls].map(|of| Compartment { of, ..Compartment::any(4) });
    let (owner, compartments) = ("w".to_owned(), compartments.to_vec());
    let claim = Claim { owner, lease: hour, excluded, only: None, calls, compartments, suspects };
    jobs::claim(connection, &claim).unwrap();
    jobs::hasten_calls(connection, calls, &platform, &Cause::ALL).unwrap();
    jobs::hand_back(connection, &fence).unwrap_err();
    jobs::step_aside(connection, &fence, hour, Cause::Rejected, "").unwrap_err();
    jobs::waiting_behind::<serde_json::Value>(connection, &fence).unwrap_err();
    let (at, by) = (Timestamp::UNIX_EPOCH, "w".to_owned());
    let pause = Pause { platform: platform.clone(), since: at, by, reason: String::new(), resumed: None };
    pauses::begin(connection, &pause).unwrap();
    pauses::open(connection).unwrap();
    pauses::end(connection, &platform, "w", at).unwrap();
    pauses::latest(connection, &platform).unwrap();
    set_back::clock(connection).unwrap();
    set_back::mend(connection, hour, Kinds { by_the_clock: &["a"], by_interval: &["b"] }).unwrap();
    jobs::renew(connection, &fence, hour).unwrap();
    jobs::release(connection, "w").unwrap();
    jobs::counts(connection).unwrap();
    opened(connection, &platform);
    for state in [JobState::Ready, JobState::Running, JobState::Dead] {
        for lane in [None, Some(Lane::of_guarantee(&id))] {
            let platform = Some(platform.clone());
            jobs::list(connection, &Listing { state, platform, lane, limit: 10 }).unwrap();
        }
        jobs::list(connection, &Listing { state, platform: None, lane: None, limit: 10 }).unwrap();
    }
    for state in JobState::ALL {
        let wish = jobs::Wish {
            state,
            platform: Some(platform.clone()),
            kind: Some("k".to_owned()),
            guarantee: Some(id.clone()),
            cause: None,
            attempts: 0,
            behind: Some(JobId::new("j")),
            limit: 10,
        };
        jobs::page(connection, &wish).unwrap();
    }
    jobs::hasten_unanswered(connection, "k").unwrap();
    told(connection, &id, &platform);
    audited(connection);
    jobs::in_lane(connection, &Lane::of_guarantee(&id)).unwrap();
    jobs::hasten(connection, &Lane::of_guarantee(&id), Timestamp::UNIX_EPOCH).unwrap();
    let round = jobs::NewJob {
        platform: platform.clone(),
        lane: Lane::of_round(&platform, "r"),
        kind: "round".to_owned(),
        payload: serde_json::Value::Null,
        deadline: Timestamp::UNIX_EPOCH,
        wait: hour,
    };
    jobs::enqueue_alone(connection, &round).unwrap();
    jobs::revive(connection, &fence.job).unwrap();
    jobs::deadline(connection, &fence).unwrap_err();
    jobs::finish(connection, &fence).unwrap_err();
    jobs::retry(connection, &fence, hour, Cause::Failed, "").unwrap_err();
    jobs::bury(connection, &fence, Cause::Failed, "").unwrap_err();
    jobs::note_message(connection, &fence, "m").unwrap();
    jobs::attempts(connection, &fence.job).unwrap();
    jobs::attempts_of(connection, &[fence.job.clone(), JobId::new("k")]).unwrap();
    jobs::of_guarantee(connection, &id).unwrap();
    guarantees::find(connection, &id).unwrap();
    guarantees::find_by_application(connection, &platform, &ApplicationNumber::new("a")).unwrap();
    guarantees::find_by_number(connection, &platform, &GuaranteeNumber::new("n")).unwrap();
    guarantees::undelivered_restorations(connection, 10).unwrap();
    for filter in filters(&platform).into_iter().chain(console_filters(&platform)) {
        guarantees::list(connection, &filter).unwrap();
    }
    guarantees::summary(connection, &id).unwrap();
    connection.learn_awaited().unwrap();
    let passed = guarantees::Ended { at: Timestamp::UNIX_EPOCH, id: id.clone() };
    for passed in [None, Some(&passed)] {
        guarantees::ended_before(connection, &platform, Timestamp::UNIX_EPOCH, passed, 10).unwrap();
    }
    let section = abnormal_sections::SectionMark::of(connection, &platform, "s");
    guarantees::note_section(connection, &id, &section).unwrap();
    guarantees::in_section(connection, &platform, &section, Some(&id), 10).unwrap();
    abnormal_sections::find(connection, &platform, &section).unwrap();
    messages::find(connection, "m").unwrap();
    messages::header(connection, "m").unwrap();
    messages::of_request(connection, "r", 10).unwrap();
    messages::for_guarantee(connection, &id).unwrap();
    events::timeline(connection, &id).unwrap();
    documents::for_guarantee(connection, &id).unwrap();
    documents::find(connection, &id, &DocumentDigest::new("d")).unwrap();
    keys::find(connection, &id, keys::Purpose::Restoration).unwrap();
    deliveries::find(connection, &id, LetterKind::Merged).unwrap();
    let new = links::NewLink {
        guarantee: id,
        document: DocumentDigest::new("d"),
        name: "n".to_owned(),
        content_type: "c".to_owned(),
        expires_at: Timestamp::UNIX_EPOCH,
    };
    let token = links::issue(connection, &new, Timestamp::UNIX_EPOCH).unwrap();
    links::find(connection, &token, Timestamp::UNIX_EPOCH).unwrap();
    links::count_fetch(connection, "l", Timestamp::UNIX_EPOCH).unwrap();
    let key = bindings::BusinessKey { platform, interface: "i".to_owned(), key: "k".to_owned() };
    bindings::find(connection, &key).unwrap();
}

/// What is put on record, and how it is found again.
fn audited(connection: &mut Connection) {
    let at = Timestamp::UNIX_EPOCH;
    let entry = audit::Entry {
        actor: audit::Actor::Stranger,
        address: None,
        action: "a",
        subject: ("s", "i".to_owned()),
        detail: serde_json::Value::Null,
        before: None,
        after: None,
    };
    for _ in 0..2 {
        audit::append(connection, &entry, at).unwrap();
    }
    let (all, text) = (audit::Filter { limit: 10, ..audit::Filter::default() }, || Some("t".to_owned()));
    for filter in [
        all.clone(),
        audit::Filter { actor_kind: Some(audit::ActorKind::Stranger), ..all.clone() },
        audit::Filter { actor: text(), ..all.clone() },
        audit::Filter { action: text(), ..all.clone() },
        audit::Filter { action: Some("job.".to_owned()), ..all.clone() },
        audit::Filter { subject: text(), ..all.clone() },
        audit::Filter { from: Some(at), until: Some(at), before: Some(7), ..all.clone() },
    ] {
        audit::list(connection, &filter).unwrap();
    }
    audit::find(connection, 1).unwrap();
    audit::head(connection).unwrap();
}

/// What is told to the core system, and what it looks through.
fn told(connection: &mut Connection, id: &GuaranteeId, platform: &PlatformId) {
    let at = Timestamp::UNIX_EPOCH;
    let new = callbacks::NewCallback {
        id: "c",
        kind: "k",
        platform: Some(platform),
        guarantee: Some(id),
        body: b"{}",
        job: JobId::new("j"),
    };
    callbacks::insert(connection, &new, at).unwrap();
    callbacks::find(connection, "c").unwrap();
    callbacks::body(connection, "c").unwrap();
    callbacks::delivered(connection, "c", at).unwrap();
    callbacks::send_anew(connection, "c", &JobId::new("j2")).unwrap();
    for order in [callbacks::Order::NewestFirst, callbacks::Order::OldestFirst] {
        for state in callbacks::CallbackState::ALL {
            for guarantee in [None, Some(id.clone())] {
                let filter = callbacks::Filter {
                    state: Some(state),
                    kinds: vec!["k".to_owned()],
                    guarantee,
                    from: Some(at),
                    until: Some(at),
                    order,
                    behind: Some("b".to_owned()),
                    limit: 10,
                };
                callbacks::list(connection, &filter).unwrap();
            }
        }
    }
    proposed(connection, id);
    reach::note_lost(connection, platform, at, at).unwrap();
    reach::unreachable_since(connection, platform).unwrap();
    reach::note_back(connection, platform, at).unwrap();
}

/// What operators propose to each other.
fn proposed(connection: &mut Connection, guarantee: &GuaranteeId) {
    let (at, later) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(3600).unwrap());
    let person = |name: &str| proposals::Person { id: name.to_owned(), name: name.to_owned() };
    let new = proposals::NewProposal {
        kind: "k",
        subject: proposals::Subject::Guarantee(guarantee.clone()),
        version: Some(1),
        guarantees: std::slice::from_ref(guarantee),
        payload: "{}".to_owned().into(),
        reason: "r",
        maker: person("m"),
        made_at: at,
        expires_at: later,
    };
    let proposal = proposals::insert(connection, &new).unwrap();
    proposals::payload(connection, &proposal).unwrap().unwrap();
    for states in [vec![], vec![proposals::State::Open], proposals::State::ALL.to_vec()] {
        for (maker, guarantee) in [(None, None), (Some("m".to_owned()), Some(guarantee.clone()))] {
            let (behind, not_by) = (Some(proposal.id.clone()), maker.clone().map(|_| "n".to_owned()));
            let kind = maker.clone();
            let filter = proposals::Filter {
                states: states.clone(),
                maker,
                not_by,
                kind,
                guarantee,
                behind,
                limit: 10,
            };
            proposals::list(connection, &filter).unwrap();
        }
    }
    proposals::open_for(connection, guarantee, at).unwrap();
    proposals::count_open(connection, Some("n"), at).unwrap();
    proposals::overdue(connection, at, 10).unwrap();
    proposals::guarantees_of(connection, &proposal.id).unwrap();
    proposals::held(connection, "m", &proposal.subject, at).unwrap();
    let by = person("c");
    let (state, conclusion) = (proposals::State::Approved, proposals::Conclusion::default());
    let ending = proposals::Ending { state, by: Some(&by), conclusion, holds_until: Some(later) };
    proposals::end(connection, &proposal.id, &ending, at).unwrap();
}

/// A fresh database, and how it would carry out each statement of some work, one text for each.
fn plans(work: impl FnOnce(&mut Connection)) -> Vec<(String, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db").display().to_string();
    let keyring = Arc::new(Keyring::from_master(&[7; 32]));
    let opener = Opener { target: Target::Sqlite { path }, keyring };
    let mut connection = opener.open(Purpose::Write).unwrap();
    connection.migrate().unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    link(&mut connection).set_instrumentation(Listener(Arc::clone(&said)));
    work(&mut connection);
    link(&mut connection).set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let statements = std::mem::take(&mut *said.lock().unwrap());
    let planned = statements.into_iter().map(|statement| {
        let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
            .load(link(&mut connection))
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        (statement, plan.into_iter().map(|step| step.detail).collect())
    });
    planned.collect()
}

/// A million guarantees are ten million rows and gigabytes: a query that reads a table from end to end stops
/// everything for minutes. Only the partial indices may be read whole, which are as long as what is unfinished or dead, and
/// the one over names, which has no more of a guarantee than its name.
#[test]
fn no_query_reads_a_table_that_grows_for_ever() {
    let plans = plans(repertoire);
    assert!(plans.len() > 2000, "{}", plans.len());
    let short = [
        "jobs_unfinished",
        "jobs_dead",
        "pauses_open",
        "callbacks_undelivered",
        "guarantees_deadline",
        "guarantees_awaiting",
        "guarantees_awaited",
        "guarantees USING COVERING INDEX guarantees_names",
        "guarantees_waiting",
    ];
    let tables = [
        "jobs",
        "job",
        "attempts",
        "callbacks",
        "guarantees",
        "messages",
        "events",
        "documents",
        "links",
        "audit_entries",
        "proposals",
        "proposal_guarantees",
    ];
    let mut long = Vec::new();
    for (statement, plan) in plans {
        let whole = plan.iter().filter(|step| step.starts_with("SCAN"));
        let table = |step: &&String| tables.iter().any(|name| step.split(' ').nth(1) == Some(name));
        let open = |step: &&String| !short.iter().any(|index| step.contains(index));
        long.extend(whole.filter(table).filter(open).map(|step| format!("{step}\n  {statement}")));
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// How a page is found, whatever else is asked for.
#[test]
fn a_page_is_found_by_what_narrows_most() {
    let text = || Some("四个汉字以上".to_owned());
    let period = Period { from: Some(Timestamp::UNIX_EPOCH), until: None };
    let all = Filter { platforms: vec![PlatformId::new("p")], ..Filter::default() };
    let few = [
        (Filter { application: text().map(ApplicationNumber::new), ..all.clone() }, "application_number=?"),
        (Filter { guarantee: text().map(GuaranteeNumber::new), ..all.clone() }, "guarantee_number=?"),
        (Filter { applicant_code: text(), ..all.clone() }, "guarantees_by_applicant ("),
        (Filter { applicant_name: text(), ..all.clone() }, "guarantees_by_applicant_name ("),
        (Filter { section: text(), ..all.clone() }, "guarantees_by_section ("),
        (Filter { applicant_code_start: text(), ..all.clone() }, "guarantees_by_code_start ("),
        (Filter { is_undelivered: true, ..all.clone() }, "guarantees_deadline"),
        (Filter { has_dead_job: true, ..all.clone() }, "jobs_dead"),
        (Filter { awaits: Some(Awaited::Claim), ..all.clone() }, "guarantees_awaited (awaits>?)"),
    ];
    let one_stage = Filter { stages: vec![Stage::Applied], ..all.clone() };
    let newest = [
        (all.clone(), "guarantees_by_receipt (platform=?)"),
        (one_stage.clone(), "guarantees_stage (platform=? AND stage=?)"),
        (Filter { received: period, ..all.clone() }, "guarantees_by_receipt (platform=? AND received_at>?)"),
        (
            Filter { received: period, ..one_stage.clone() },
            "stage (platform=? AND stage=? AND received_at>?)",
        ),
        (
            Filter { updated: period, ..one_stage.clone() },
            "guarantees_by_change (platform=? AND updated_at>?)",
        ),
        (
            Filter { opened: period, ..one_stage.clone() },
            "guarantees_by_opening (platform=? AND opened_at>?)",
        ),
    ];
    let plan_of = |filter: &Filter| {
        let plans = plans(|connection| drop(guarantees::list(connection, filter).unwrap()));
        let (_, plan) = plans.into_iter().last().unwrap();
        plan.join("\n")
    };
    for (filter, index) in &few {
        let stages = vec![Stage::Applied];
        let more = Filter { stages, received: period, updated: period, ..filter.clone() };
        for filter in [filter, &more] {
            let plan = plan_of(filter);
            assert!(plan.contains(index), "{index} expected, found {plan}");
        }
    }
    for (filter, index) in &newest {
        let plan = plan_of(filter);
        assert!(plan.contains(index) && !plan.contains("TEMP"), "{index} expected, found {plan}");
    }
}

/// A guarantee for each of so many sections, opened a second ago.
fn fill_with_sections(connection: &mut Connection, sections: u32) {
    for n in 0..sections {
        let row = format!(
            "INSERT INTO guarantees (id, platform, application_number, stage, version, applicant_name, applicant_code, \
             amount, body, received_at, updated_at, opened_at, key_at, deadline, section_mark, sealed_mark) \
             VALUES ('g{n}', 'p', 'a{n}', 'opened', 1, 'n', 'c', 1, '', 1, 1, 1, 1000000, 2000000, '{n:064x}', 's{n}')"
        );
        diesel::sql_query(row).execute(link(connection)).unwrap();
    }
}

/// A board is asked for every two seconds by everybody who watches an opening.
#[test]
fn a_board_takes_as_many_statements_for_many_sections_as_for_one() {
    let asked = |sections: u32| {
        let plans = plans(|connection| {
            fill_with_sections(connection, sections);
            let day = openings::Day { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX };
            let now = Timestamp::from_second(3).unwrap();
            let found = openings::day(connection, day, now).unwrap();
            assert_eq!(found.len(), usize::try_from(sections).unwrap());
            assert!(found.iter().all(|it| (it.received, it.due, it.overdue) == (1, 1, 1)));
            let totals = openings::totals(connection, day, now).unwrap();
            assert_eq!((totals.received, totals.overdue), (u64::from(sections), u64::from(sections)));
            openings::waiting(connection).unwrap();
            openings::refused_keys(connection, 20).unwrap();
            openings::planned(connection, jiff::civil::date(2026, 11, 22)).unwrap();
        });
        plans.into_iter().filter(|(statement, _)| statement.contains("SELECT")).count()
    };
    assert_eq!((asked(1), asked(60)), (10, 10));
}
