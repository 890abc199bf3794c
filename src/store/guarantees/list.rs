//! Guarantees as lists show them: searched by columns, page by page, with no sealed body opened.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use jiff::Timestamp;

use super::{TABLE, stage_named};
use crate::domain::Stage;
use crate::domain::awaited::Awaited;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::domain::money::Fen;
use crate::store::abnormal_sections::SectionMark;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::guarantees::{self, dsl};
use crate::store::time::{from_micros, optional_from_micros, to_micros};

/// What a list shows of a guarantee: nothing that is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub id: GuaranteeId,
    pub platform: PlatformId,
    pub application: ApplicationNumber,
    pub number: Option<GuaranteeNumber>,
    pub stage: Stage,
    pub version: i64,
    pub awaits: Vec<Awaited>,
    pub applicant_name: String,
    pub applicant_code: String,
    pub amount: Fen,
    pub opened_at: Option<Timestamp>,
    /// When the plaintext letter is due; None before the opening and once it was delivered.
    pub deadline: Option<Timestamp>,
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    pub issued_at: Option<Timestamp>,
    /// The last moment of what is in force.
    pub expires_at: Option<Timestamp>,
}

/// One of a guarantee's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    Received,
    Updated,
    Opened,
}

impl Time {
    pub const ALL: [Self; 3] = [Self::Received, Self::Updated, Self::Opened];

    fn column(self) -> &'static str {
        match self {
            Self::Received => "received_at",
            Self::Updated => "updated_at",
            Self::Opened => "opened_at",
        }
    }

    /// This time of a guarantee; only one that was opened has all of them.
    pub fn of(self, summary: &Summary) -> Option<Timestamp> {
        match self {
            Self::Received => Some(summary.received_at),
            Self::Updated => Some(summary.updated_at),
            Self::Opened => summary.opened_at,
        }
    }
}

/// From one moment to another, the second one not included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Period {
    fn is_given(self) -> bool {
        self.from.is_some() || self.until.is_some()
    }
}

/// A guarantee's place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub at: Timestamp,
    pub id: GuaranteeId,
}

/// Which guarantees to list. What is not given does not matter.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Where to look.
    pub platforms: Vec<PlatformId>,
    /// Any of these; all where there are none.
    pub stages: Vec<Stage>,
    pub awaits: Option<Awaited>,
    pub application: Option<ApplicationNumber>,
    pub guarantee: Option<GuaranteeNumber>,
    pub applicant_code: Option<String>,
    /// How the applicant's code begins, in [`Filter::SHORTEST_CODE`] characters or more; fewer find nothing.
    pub applicant_code_start: Option<String>,
    /// How the applicant's name begins, in [`Filter::SHORTEST_NAME`] characters or more; fewer find nothing.
    pub applicant_name: Option<String>,
    /// What the applicant's name has somewhere. All names are read through for it, newest first.
    pub applicant_name_part: Option<String>,
    /// The number of the tender section in plain text, which finds a guarantee from its opening on.
    pub section: Option<String>,
    pub received: Period,
    pub updated: Period,
    pub opened: Period,
    /// Only what was opened, and whose plaintext letter the platform has not got.
    pub is_undelivered: bool,
    /// Only what has a job that was given up.
    pub has_dead_job: bool,
    /// The time by which the list is ordered, where it is not to follow from the periods.
    pub sort: Option<Time>,
    /// The last guarantee of the page before.
    pub behind: Option<Place>,
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            platforms: Vec::new(),
            stages: Vec::new(),
            awaits: None,
            application: None,
            guarantee: None,
            applicant_code: None,
            applicant_code_start: None,
            applicant_name: None,
            applicant_name_part: None,
            section: None,
            received: Period::default(),
            updated: Period::default(),
            opened: Period::default(),
            is_undelivered: false,
            has_dead_job: false,
            sort: None,
            behind: None,
            limit: 100,
        }
    }
}

impl Filter {
    /// As many characters of a name as the index has.
    pub const SHORTEST_NAME: usize = 4;

    /// As many characters of a code as the index has: eight say where and what a company is, the next ones which.
    pub const SHORTEST_CODE: usize = 10;

    /// The time by which the list is ordered, newest first: the one that is asked for, or else that of receipt.
    pub fn order(&self) -> Time {
        let asked = [Time::Updated, Time::Opened].into_iter().find(|time| self.period(*time).is_given());
        self.sort.or(asked).unwrap_or(Time::Received)
    }

    fn period(&self, time: Time) -> Period {
        match time {
            Time::Received => self.received,
            Time::Updated => self.updated,
            Time::Opened => self.opened,
        }
    }

    /// Whether it names something that few guarantees share.
    fn seeks_few(&self) -> bool {
        let sought = [&self.applicant_code, &self.applicant_code_start, &self.applicant_name, &self.section];
        self.application.is_some() || self.guarantee.is_some() || sought.into_iter().any(Option::is_some)
    }
}

/// So many guarantees that a part of a name finds are looked up one by one.
const FEW_NAMED: i64 = 2000;

/// A part of what is asked for that one index answers. Databases without statistics guess, and a wrong guess reads all
/// that a platform ever sent; so what an index must not be chosen by is written as an expression, which none has.
enum Part<'a> {
    /// Few rows, which are sorted once they are found.
    Few { platform: &'a PlatformId, section: Option<SectionMark> },
    /// What awaits something, on any platform: few rows too.
    Awaiting,
    /// What is opened and not delivered, on any platform: few rows again.
    Undelivered,
    /// What has a job that was given up.
    Dead,
    /// These, found by their names.
    Among(Vec<String>),
    /// Names that many have: read through in order until the page is full.
    Named,
    /// Read off an index in its order until the page is full.
    Newest { platform: &'a PlatformId, stage: Option<Stage> },
}

/// A page of guarantees, newest first by [`Filter::order`].
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn list(connection: &mut Connection, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
    let mut found = Vec::new();
    for part in &parts_of(connection, filter)? {
        for row in rows_of(connection, filter, part)? {
            found.push(summary_of(row)?);
        }
    }
    let order = filter.order();
    found.sort_by(|a, b| (order.of(b), &b.id).cmp(&(order.of(a), &a.id)));
    found.dedup_by(|a, b| a.id == b.id);
    found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    Ok(found)
}

fn parts_of<'a>(connection: &mut Connection, filter: &'a Filter) -> Result<Vec<Part<'a>>, StoreError> {
    let mut parts = Vec::new();
    if let Some(name) = filter.applicant_name_part.as_deref().filter(|_| !filter.seeks_few()) {
        match named(connection, filter, name)? {
            // A database reads all rows to find that none is among none.
            Some(ids) if ids.is_empty() => {}
            Some(ids) => parts.push(Part::Among(ids)),
            None => parts.push(Part::Named),
        }
    } else if filter.seeks_few() {
        for platform in &filter.platforms {
            let mark = |number| SectionMark::of(connection, platform, number);
            let section = filter.section.as_deref().map(mark);
            parts.push(Part::Few { platform, section });
        }
    } else if filter.has_dead_job {
        parts.push(Part::Dead);
    } else if filter.is_undelivered {
        parts.push(Part::Undelivered);
    } else if filter.awaits.is_some() {
        parts.push(Part::Awaiting);
    } else {
        let by_stage = filter.order() == Time::Received && !filter.stages.is_empty();
        for platform in &filter.platforms {
            if by_stage {
                let stages = filter.stages.iter().map(|stage| Some(*stage));
                parts.extend(stages.map(|stage| Part::Newest { platform, stage }));
            } else {
                parts.push(Part::Newest { platform, stage: None });
            }
        }
    }
    Ok(parts)
}

/// The guarantees of applicants whose name has this in it, by one index that is read and nothing else; None where they are
/// so many that a page of them is found sooner by going through all guarantees.
fn named(
    connection: &mut Connection,
    filter: &Filter,
    name: &str,
) -> Result<Option<Vec<String>>, StoreError> {
    let platforms = filter.platforms.iter().map(PlatformId::as_str);
    let query = guarantees::table.filter(dsl::applicant_name.like(containing(name)).escape('\\'));
    let query = query.filter(sql::<Text>("(platform || '')").eq_any(platforms)).select(dsl::id);
    let query = query.order((dsl::received_at.desc(), dsl::id.desc())).limit(FEW_NAMED.saturating_add(1));
    let ids: Vec<String> = on!(connection, |link| query.load(link))?;
    Ok((ids.len() <= usize::try_from(FEW_NAMED).unwrap_or(0)).then_some(ids))
}

fn containing(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

fn rows_of(connection: &mut Connection, filter: &Filter, part: &Part<'_>) -> Result<Vec<Row>, StoreError> {
    let order = filter.order();
    let along_index = matches!(part, Part::Newest { .. } | Part::Named);
    let time = |time: Time| {
        let column = time.column();
        let plain = along_index && time == order;
        sql::<BigInt>(&if plain { column.to_owned() } else { format!("({column} + 0)") })
    };
    let stages: Vec<&str> = filter.stages.iter().map(|stage| stage.name()).collect();
    let rows = on!(connection, |link| {
        let mut query = guarantees::table.select(Row::as_select()).into_boxed();
        let mut stage_is_known = stages.is_empty();
        match part {
            Part::Few { platform, section } => {
                query = query.filter(dsl::platform.eq(platform.as_str()));
                if let Some(section) = section {
                    query = query.filter(dsl::section_mark.eq(section.as_str()));
                }
            }
            Part::Awaiting | Part::Undelivered | Part::Dead | Part::Among(_) | Part::Named => {
                let platforms = filter.platforms.iter().map(PlatformId::as_str);
                query = query.filter(sql::<Text>("(platform || '')").eq_any(platforms));
            }
            Part::Newest { platform, stage } => {
                query = query.filter(dsl::platform.eq(platform.as_str()));
                if let Some(stage) = stage {
                    query = query.filter(dsl::stage.eq(stage.name()));
                    stage_is_known = true;
                }
            }
        }
        match part {
            Part::Awaiting => query = query.filter(dsl::awaits.is_not_null().and(dsl::awaits.gt(""))),
            Part::Undelivered => query = query.filter(dsl::deadline.is_not_null()),
            Part::Among(ids) => query = query.filter(dsl::id.eq_any(ids)),
            Part::Few { .. } | Part::Newest { .. } | Part::Dead | Part::Named => {}
        }
        if filter.is_undelivered && !matches!(part, Part::Undelivered) {
            query = query.filter(sql::<Bool>("(deadline + 0) IS NOT NULL"));
        }
        if filter.has_dead_job {
            query = query.filter(sql::<Bool>(
                "id IN (SELECT substr(lane, length(lane) - 35) FROM jobs WHERE state = 'dead')",
            ));
        }
        if !stage_is_known {
            query = query.filter(sql::<Text>("(stage || '')").eq_any(stages.clone()));
        }
        if let Some(awaited) = filter.awaits {
            query = query.filter(dsl::awaits.like(format!("% {} %", awaited.name())));
        }
        if let Some(number) = &filter.application {
            query = query.filter(dsl::application_number.eq(number.as_str()));
        }
        if let Some(number) = &filter.guarantee {
            query = query.filter(dsl::guarantee_number.eq(number.as_str()));
        }
        if let Some(code) = &filter.applicant_code {
            query = query.filter(dsl::applicant_code.eq(code));
        }
        if let Some(code) = &filter.applicant_code_start {
            let start: String = code.chars().take(Filter::SHORTEST_CODE).collect();
            let length = i64::try_from(code.chars().count()).unwrap_or(i64::MAX);
            let whole = format!("substr(applicant_code, 1, {length}) = ");
            query = query.filter(sql::<Bool>("substr(applicant_code, 1, 10) = ").bind::<Text, _>(start));
            query = query.filter(sql::<Bool>(&whole).bind::<Text, _>(code));
        }
        if let Some(part) = &filter.applicant_name_part {
            query = query.filter(dsl::applicant_name.like(containing(part)).escape('\\'));
        }
        if let Some(name) = &filter.applicant_name {
            let start: String = name.chars().take(Filter::SHORTEST_NAME).collect();
            let length = i64::try_from(name.chars().count()).unwrap_or(i64::MAX);
            let whole = format!("substr(applicant_name, 1, {length}) = ");
            query = query.filter(sql::<Bool>("substr(applicant_name, 1, 4) = ").bind::<Text, _>(start));
            query = query.filter(sql::<Bool>(&whole).bind::<Text, _>(name));
        }
        for which in Time::ALL {
            let Period { from, until } = filter.period(which);
            if let Some(from) = from {
                query = query.filter(time(which).ge(to_micros(from)));
            }
            if let Some(until) = until {
                query = query.filter(time(which).lt(to_micros(until)));
            }
        }
        if order == Time::Opened {
            query = query.filter(dsl::opened_at.is_not_null());
        }
        if let Some(Place { at, id }) = &filter.behind {
            let at = to_micros(*at);
            query = query.filter(time(order).le(at));
            query = query.filter(time(order).lt(at).or(dsl::id.lt(id.as_str())));
        }
        let query = query.order((time(order).desc(), dsl::id.desc()));
        query.limit(i64::from(filter.limit)).load(link)
    })?;
    Ok(rows)
}

/// What a list would show of one guarantee.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn summary(connection: &mut Connection, id: &GuaranteeId) -> Result<Option<Summary>, StoreError> {
    let query = guarantees::table.find(id.as_str());
    let row: Option<Row> = on!(connection, |link| query.select(Row::as_select()).first(link).optional())?;
    row.map(summary_of).transpose()
}

/// Opened guarantees whose plaintext letter has not arrived, the most urgent first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn undelivered_restorations(connection: &mut Connection, limit: u32) -> Result<Vec<Summary>, StoreError> {
    let query = guarantees::table.filter(dsl::deadline.is_not_null()).order((dsl::deadline, dsl::id));
    let query = query.limit(i64::from(limit));
    let rows: Vec<Row> = on!(connection, |link| query.select(Row::as_select()).load(link))?;
    rows.into_iter().map(summary_of).collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = guarantees)]
struct Row {
    id: String,
    platform: String,
    application_number: String,
    guarantee_number: Option<String>,
    stage: String,
    version: i64,
    awaits: Option<String>,
    applicant_name: String,
    applicant_code: String,
    amount: i64,
    opened_at: Option<i64>,
    deadline: Option<i64>,
    received_at: i64,
    updated_at: i64,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
}

fn awaits_named(names: Option<&str>) -> Vec<Awaited> {
    let names: Vec<&str> = names.unwrap_or_default().split_whitespace().collect();
    Awaited::ALL.into_iter().filter(|awaited| names.contains(&awaited.name())).collect()
}

fn summary_of(row: Row) -> Result<Summary, StoreError> {
    let id = row.id.as_str();
    Ok(Summary {
        stage: stage_named(id, &row.stage)?,
        version: row.version,
        awaits: awaits_named(row.awaits.as_deref()),
        amount: Fen::new(row.amount).map_err(|error| StoreError::damaged(TABLE, id, error))?,
        opened_at: optional_from_micros(TABLE, id, row.opened_at)?,
        deadline: optional_from_micros(TABLE, id, row.deadline)?,
        received_at: from_micros(TABLE, id, row.received_at)?,
        updated_at: from_micros(TABLE, id, row.updated_at)?,
        issued_at: optional_from_micros(TABLE, id, row.issued_at)?,
        expires_at: optional_from_micros(TABLE, id, row.expires_at)?,
        id: GuaranteeId::new(row.id),
        platform: PlatformId::new(row.platform),
        application: ApplicationNumber::new(row.application_number),
        number: row.guarantee_number.map(GuaranteeNumber::new),
        applicant_name: row.applicant_name,
        applicant_code: row.applicant_code,
    })
}
