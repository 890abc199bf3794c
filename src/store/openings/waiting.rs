//! What waits for its opening.

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use jiff::Timestamp;
use jiff::civil::Date;

use super::day::number;
use super::{TABLE, day_mark};
use crate::domain::identity::{ApplicationNumber, GuaranteeId, PlatformId};
use crate::store::abnormal_sections::SectionMark;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::guarantees::{self, dsl};
use crate::store::time::{from_micros, optional_from_micros};

/// The condition of the index over what waits, in the words in which the index has it.
const WAITS: &str = "stage = 'issued' AND key_at IS NULL AND sealed_mark IS NOT NULL";

/// Guarantees of a platform that are sealed and have no key yet, in whichever section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub platform: PlatformId,
    pub count: u64,
    /// Those of them for which a key came that does not fit.
    pub refused: u64,
    /// When the first of them was issued.
    pub oldest: Option<Timestamp>,
    /// The largest groups of two and more whose ciphertext is the same, so that they are in one section.
    pub groups: Vec<SealedGroup>,
}

/// Guarantees that are in one section, though nobody can read in which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedGroup {
    pub mark: String,
    pub count: u64,
    pub oldest: Option<Timestamp>,
}

/// Groups that are told of each platform.
const GROUPS: i64 = 40;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    mark: String,
    #[diesel(sql_type = BigInt)]
    many: i64,
    #[diesel(sql_type = BigInt)]
    refused: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    oldest: Option<i64>,
}

/// What waits on each platform where something does, in order of their ids.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn waiting(connection: &mut Connection) -> Result<Vec<Waiting>, StoreError> {
    let counts = "count(*) AS many, count(key_refused_at) AS refused, min(issued_at) AS oldest";
    let all = format!(
        "SELECT platform, CAST('' AS TEXT) AS mark, {counts} FROM guarantees WHERE {WAITS} GROUP BY platform ORDER BY platform"
    );
    let groups = format!(
        "SELECT platform, sealed_mark AS mark, {counts} FROM guarantees WHERE {WAITS} \
         GROUP BY platform, sealed_mark HAVING count(*) > 1 ORDER BY many DESC, mark LIMIT {GROUPS}"
    );
    let all: Vec<Row> = on!(connection, |link| sql_query(all).load(link))?;
    let groups: Vec<Row> = on!(connection, |link| sql_query(groups).load(link))?;
    let mut waiting = Vec::with_capacity(all.len());
    for row in all {
        let of_platform = groups.iter().filter(|group| group.platform == row.platform);
        let group = |group: &Row| {
            let oldest = optional_from_micros(TABLE, &group.mark, group.oldest)?;
            Ok(SealedGroup { mark: group.mark.clone(), count: number(group.many), oldest })
        };
        waiting.push(Waiting {
            count: number(row.many),
            refused: number(row.refused),
            oldest: optional_from_micros(TABLE, &row.platform, row.oldest)?,
            groups: of_platform.map(group).collect::<Result<_, StoreError>>()?,
            platform: PlatformId::new(row.platform),
        });
    }
    Ok(waiting)
}

/// A guarantee that waits and got a key that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub id: GuaranteeId,
    pub platform: PlatformId,
    pub application: ApplicationNumber,
    pub at: Timestamp,
}

/// Guarantees that wait and got a key that does not fit, the last one first.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn refused_keys(connection: &mut Connection, limit: u32) -> Result<Vec<Refused>, StoreError> {
    let rows: Vec<(String, String, String, Option<i64>)> = on!(connection, |link| {
        let waits = diesel::dsl::sql::<Bool>(WAITS).and(dsl::key_refused_at.is_not_null());
        let query = guarantees::table.filter(waits).order((dsl::key_refused_at.desc(), dsl::id));
        let query = query.select((dsl::id, dsl::platform, dsl::application_number, dsl::key_refused_at));
        query.limit(i64::from(limit)).load(link)
    })?;
    let refused = |(id, platform, application, at): (String, String, String, Option<i64>)| {
        Ok(Refused {
            at: from_micros(TABLE, &id, at.unwrap_or(0))?,
            id: GuaranteeId::new(id),
            platform: PlatformId::new(platform),
            application: ApplicationNumber::new(application),
        })
    };
    rows.into_iter().map(refused).collect()
}

/// A section of which the platform tells beforehand when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub platform: PlatformId,
    pub section: SectionMark,
    /// Guarantees in it, those that ended included.
    pub count: u64,
    /// One of them.
    pub example: GuaranteeId,
}

/// The sections that are to be opened on a day in China, as far as platforms tell it beforehand.
///
/// # Errors
/// When the database fails.
pub fn planned(connection: &mut Connection, day: Date) -> Result<Vec<Planned>, StoreError> {
    let mark = day_mark(connection, day);
    let rows: Vec<(String, Option<String>, i64, Option<String>)> = on!(connection, |link| {
        let of_day = dsl::opening_day_mark.is_not_null().and(dsl::opening_day_mark.eq(&mark));
        let query = guarantees::table.filter(of_day).group_by((dsl::platform, dsl::section_mark));
        let query = query.select((dsl::platform, dsl::section_mark, count_star(), min(dsl::id)));
        query.order((dsl::platform, dsl::section_mark)).load(link)
    })?;
    let planned = |(platform, section, count, example): (String, Option<String>, i64, Option<String>)| {
        Some(Planned {
            section: SectionMark::parse(section.as_deref()?)?,
            platform: PlatformId::new(platform),
            count: number(count),
            example: GuaranteeId::new(example?),
        })
    };
    Ok(rows.into_iter().filter_map(planned).collect())
}
