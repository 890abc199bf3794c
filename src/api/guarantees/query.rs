//! What a caller wants listed.

use super::cursor::{self, CursorError, Fingerprint};
use super::parameters::Parameters;
use crate::api::problem::Problem;
use crate::casework::Platforms;
use crate::domain::Stage;
use crate::domain::awaited::Awaited;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber, PlatformId};
use crate::store::guarantees::{Filter, Period};

/// How many guarantees a page holds unless the caller says so.
const PAGE: u32 = 50;

/// And at most.
pub(super) const LARGEST_PAGE: u32 = 200;

/// Every parameter that there is.
const KNOWN: [&str; 16] = [
    "platform",
    "stage",
    "awaits",
    "application_number",
    "guarantee_number",
    "applicant_code",
    "applicant_name",
    "section",
    "received_from",
    "received_until",
    "updated_from",
    "updated_until",
    "opened_from",
    "opened_until",
    "limit",
    "cursor",
];

/// What is asked for, and how it was asked.
pub(super) struct Query {
    pub(super) filter: Filter,
    pub(super) fingerprint: Fingerprint,
    /// All parameters but the cursor, for the link to the next page.
    pub(super) parameters: Vec<(String, String)>,
}

/// # Errors
/// Names the first parameter that is unknown or wrong, and what was expected of it.
pub(super) fn read(query: &str, platforms: &Platforms) -> Result<Query, Problem> {
    let mut given = Parameters::read(query)?;
    let cursor = given.take("cursor")?;
    let parameters = given.sorted();
    let limit = given.take("limit")?.map(|text| limit(&text)).transpose()?;
    // Pages may have different lengths: what is asked for stays the same.
    let fingerprint = Fingerprint::of(&given.sorted());
    let mut filter = Filter {
        platforms: asked_platforms(given.take("platform")?, platforms)?,
        application: given.take("application_number")?.map(ApplicationNumber::new),
        guarantee: given.take("guarantee_number")?.map(GuaranteeNumber::new),
        applicant_code: given.take("applicant_code")?,
        applicant_name: given.take("applicant_name")?,
        section: given.take("section")?,
        received: period(&mut given, "received_from", "received_until")?,
        updated: period(&mut given, "updated_from", "updated_until")?,
        opened: period(&mut given, "opened_from", "opened_until")?,
        limit: limit.unwrap_or(PAGE),
        ..Filter::default()
    };
    let stages = Stage::ALL.map(|stage| (stage.name(), stage));
    for text in given.take_all("stage") {
        let stage = Parameters::word("stage", &text, &stages)?;
        if !filter.stages.contains(&stage) {
            filter.stages.push(stage);
        }
    }
    let awaited = Awaited::ALL.map(|awaited| (awaited.name(), awaited));
    filter.awaits =
        given.take("awaits")?.map(|text| Parameters::word("awaits", &text, &awaited)).transpose()?;
    given.finish(&KNOWN)?;
    let name = filter.applicant_name.as_deref().map(|name| name.chars().count());
    if name.is_some_and(|length| length < Filter::SHORTEST_NAME) {
        let expected =
            format!("expected how the name begins, in {} characters or more", Filter::SHORTEST_NAME);
        return Err(Problem::parameter("applicant_name", expected));
    }
    filter.behind = cursor.map(|text| place(&text, &fingerprint)).transpose()?;
    Ok(Query { filter, fingerprint, parameters })
}

fn limit(text: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit)).ok_or_else(|| {
        Problem::parameter("limit", format!("expected a number from 1 to {LARGEST_PAGE}, found `{text}`"))
    })
}

/// All that there are, unless one is asked for.
fn asked_platforms(asked: Option<String>, platforms: &Platforms) -> Result<Vec<PlatformId>, Problem> {
    let all: Vec<PlatformId> = platforms.iter().map(|platform| platform.profile.id().clone()).collect();
    let Some(asked) = asked else { return Ok(all) };
    match all.iter().find(|id| id.as_str() == asked) {
        Some(id) => Ok(vec![id.clone()]),
        None => {
            let known: Vec<&str> = all.iter().map(PlatformId::as_str).collect();
            let expected = format!("expected one of {}, found `{asked}`", known.join(", "));
            Err(Problem::parameter("platform", expected))
        }
    }
}

fn period(given: &mut Parameters, from: &str, until: &str) -> Result<Period, Problem> {
    let period = Period { from: given.take_time(from)?, until: given.take_time(until)? };
    match (period.from, period.until) {
        (Some(first), Some(end)) if first >= end => {
            Err(Problem::parameter(until, format!("expected a time after `{from}`")))
        }
        _ => Ok(period),
    }
}

fn place(text: &str, of: &Fingerprint) -> Result<crate::store::guarantees::Place, Problem> {
    cursor::read(text, of).map_err(|error| {
        let expected = match error {
            CursorError::NoCursor => "expected `next_cursor` of a page as it was, found something else",
            CursorError::OtherFilters => "expected the filters of the page that it came with, found others",
        };
        Problem::parameter("cursor", expected)
    })
}
