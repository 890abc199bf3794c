//! What somebody has to explain yet.

use diesel::dsl::count_star;
use diesel::prelude::*;
use jiff::Timestamp;

use super::DifferenceKind;
use super::rows::kind_named;
use crate::domain::identity::PlatformId;
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{differences, reconciliations};
use crate::store::time::to_micros;

/// How many differences of current reconciliations nobody has explained or signed for.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn open_differences(
    connection: &mut Connection,
) -> Result<Vec<(PlatformId, DifferenceKind, u64)>, StoreError> {
    open_differences_before(connection, Timestamp::MAX)
}

/// The same of reconciliations that were imported before an instant.
///
/// # Errors
/// As [`open_differences`].
pub fn open_differences_before(
    connection: &mut Connection,
    imported: Timestamp,
) -> Result<Vec<(PlatformId, DifferenceKind, u64)>, StoreError> {
    let joined = differences::table
        .inner_join(reconciliations::table.on(reconciliations::id.eq(differences::reconciliation_id)));
    let current = reconciliations::signed_at.is_null().and(reconciliations::superseded_by.is_null());
    let open = current.and(reconciliations::unexplained.gt(0)).and(differences::remarks.eq(0));
    let query = joined.filter(open).filter(reconciliations::imported_at.lt(to_micros(imported)));
    let query = query.group_by((reconciliations::platform, differences::kind));
    let query = query.select((reconciliations::platform, differences::kind, count_star()));
    let query = query.order((reconciliations::platform, differences::kind));
    let counts: Vec<(String, String, i64)> = on!(connection, |link| query.load(link))?;
    let counted = |(platform, kind, count): (String, String, i64)| {
        let kind = kind_named(&platform, &kind)?;
        Ok((PlatformId::new(platform), kind, u64::try_from(count).unwrap_or(0)))
    };
    counts.into_iter().map(counted).collect()
}
