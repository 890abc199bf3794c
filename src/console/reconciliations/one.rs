//! One statement compared with ours: each difference with both sides, what was said about it, and the signature.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::{refusal, words};
use crate::access::Permission;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure};
use crate::reconciliation::{Said, reconciler};
use crate::store::audit::{self, Entry};
use crate::store::reconciliations::{
    self, Difference, DifferenceKind, Reconciliation, ReconciliationId, Side, WhichDifferences,
};
use crate::store::{Connection, StoreError};

/// Differences on one page.
const PAGE: u32 = 50;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// The name of a kind; all where it is empty.
    #[serde(default)]
    kind: String,
    /// `yes`: only those that nobody has explained.
    #[serde(default)]
    open: String,
    #[serde(default)]
    behind: u32,
}

#[derive(Template)]
#[template(path = "console/reconciliations/one.html")]
struct OnePage {
    frame: Frame,
    wanted: Wanted,
    it: Reconciliation,
    platform: String,
    differences: Vec<Difference>,
    next: Option<u32>,
}

/// A line of one side: the key of its heading, what it says, and whether the other side says something else.
struct Fact {
    heading: &'static str,
    text: String,
    differs: bool,
}

impl OnePage {
    fn kinds(&self) -> Vec<(&'static str, &'static str, u64)> {
        let all = self.it.differences.iter();
        all.map(|(kind, count)| (kind.name(), self.frame.t(words::kind(kind)), *count)).collect()
    }

    fn kind(&self, difference: &Difference) -> &'static str {
        self.frame.t(words::kind(&difference.finding.kind))
    }

    fn standing(&self) -> (&'static str, &'static str) {
        words::standing(&self.it)
    }

    fn total(&self) -> u64 {
        self.it.differences.values().sum()
    }

    fn ours(&self, difference: &Difference) -> Vec<Fact> {
        self.facts(difference.finding.ours.as_ref(), difference.finding.kind)
    }

    fn theirs(&self, difference: &Difference) -> Vec<Fact> {
        self.facts(difference.finding.theirs.as_ref(), difference.finding.kind)
    }

    /// What a side says; empty where it says nothing.
    fn facts(&self, side: Option<&Side>, kind: DifferenceKind) -> Vec<Fact> {
        let Some(side) = side else { return Vec::new() };
        let frame = &self.frame;
        let told = [
            ("reconciliations.number", side.number.as_ref().map(ToString::to_string), DifferenceKind::Number),
            ("reconciliations.amount", side.amount.map(|it| frame.yuan(&it)), DifferenceKind::Amount),
            ("reconciliations.premium", side.premium.map(|it| frame.yuan(&it)), DifferenceKind::Premium),
            ("reconciliations.state", side.state.clone(), DifferenceKind::State),
            ("reconciliations.date", side.date.map(|it| it.to_string()), DifferenceKind::Date),
            ("reconciliations.line", side.line.map(|it| it.to_string()), DifferenceKind::Duplicate),
        ];
        let plain = [
            ("reconciliations.application", side.application.as_ref().map(ToString::to_string)),
            ("reconciliations.applicant", side.applicant.clone()),
        ];
        let told = told.into_iter().map(|(heading, text, of)| (heading, text, of == kind));
        let plain = plain.into_iter().map(|(heading, text)| (heading, text, false));
        let facts = plain.chain(told);
        facts.filter_map(|(heading, text, differs)| Some(Fact { heading, text: text?, differs })).collect()
    }

    /// Whether whoever looks may still say something.
    fn may_be_changed(&self) -> bool {
        self.it.signature.is_none()
            && self.it.superseded_by.is_none()
            && self.frame.may(Permission::Reconcile)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    id: Path<String>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let (id, wanted) = (ReconciliationId::new(id.into_inner()), wanted.into_inner());
    let kind = DifferenceKind::ALL.into_iter().find(|kind| kind.name() == wanted.kind);
    if kind.is_none() && !wanted.kind.is_empty() {
        return Err(Failure::NotUnderstood);
    }
    let which = WhichDifferences { kind, unexplained: wanted.open == "yes", behind: wanted.behind };
    let read = move |connection: &mut Connection| {
        let Some(it) = reconciliations::find(connection, &id)? else { return Ok(None) };
        let limit = PAGE.saturating_add(1);
        let found = reconciliations::some_differences(connection, &id, &which, limit)?;
        Ok(Some((it, found)))
    };
    let (it, mut differences) = console.store.read(read).await?.ok_or(Failure::NotFound)?;
    let more = u32::try_from(differences.len()).is_ok_and(|count| count > PAGE);
    differences.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let next = differences.last().filter(|_| more).map(|last| last.number);
    let known = console.platforms.find(&it.platform);
    let platform = known.map_or_else(|| it.platform.to_string(), |known| known.profile.title().to_owned());
    page(&OnePage { frame, wanted, it, platform, differences, next })
}

#[derive(Debug, Deserialize)]
pub(super) struct RemarkForm {
    difference: u32,
    remark: String,
}

pub(super) async fn remark(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    id: Path<String>,
    form: Form<RemarkForm>,
) -> Result<HttpResponse, Failure> {
    let RemarkForm { difference, remark } = form.into_inner();
    let detail = json!({"difference": difference, "remark": remark});
    let entry = acting.entry("reconciliation.remark", ("reconciliation", id.to_string()), detail);
    let said = Said { by: acting.operator.name, remark: Some(remark), at: frame.now };
    let say = move |connection: &mut Connection, id: &ReconciliationId| {
        reconciler::remark(connection, id, difference, &said)
    };
    carry_out(&frame, &console, &id, entry, say).await?;
    Ok(go_to(&format!("/reconciliations/{id}#difference-{difference}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct SignForm {
    #[serde(default)]
    remark: String,
}

pub(super) async fn sign(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    id: Path<String>,
    form: Form<SignForm>,
) -> Result<HttpResponse, Failure> {
    let remark = Some(form.into_inner().remark).filter(|remark| !remark.trim().is_empty());
    let detail = json!({"remark": remark});
    let entry = acting.entry("reconciliation.sign", ("reconciliation", id.to_string()), detail);
    let said = Said { by: acting.operator.name, remark, at: frame.now };
    let say =
        move |connection: &mut Connection, id: &ReconciliationId| reconciler::sign(connection, id, &said);
    carry_out(&frame, &console, &id, entry, say).await?;
    Ok(go_to(&format!("/reconciliations/{id}")))
}

type Outcome = Result<Result<Reconciliation, reconciler::SignRefused>, StoreError>;

/// Does something to a reconciliation, and records who did, together.
async fn carry_out(
    frame: &Frame,
    console: &Console,
    id: &str,
    entry: Entry,
    act: impl Fn(&mut Connection, &ReconciliationId) -> Outcome + Send + Sync + 'static,
) -> Result<(), Failure> {
    let (id, now) = (ReconciliationId::new(id), frame.now);
    let entry = Arc::new(entry);
    let done = console.store.write(move |connection| {
        let done = act(connection, &id)?;
        if done.is_ok() {
            audit::append(connection, &entry, now)?;
        }
        Ok(done.map(drop))
    });
    done.await?.map_err(|refused| refusal::of_signature(frame, refused))
}
