//! The rows of reconciliations, their differences and remarks, and what is sealed in them.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{
    Difference, DifferenceKind, Finding, Reconciliation, ReconciliationId, Remark, Side, Signature, TABLE,
};
use crate::domain::identity::{DocumentDigest, GuaranteeId, PlatformId};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{differences, reconciliations, remarks};
use crate::store::time::from_micros;

#[derive(Queryable, Selectable)]
#[diesel(table_name = reconciliations)]
pub(super) struct ReconciliationRow {
    id: String,
    platform: String,
    day: String,
    generation: i64,
    superseded_by: Option<String>,
    digest: String,
    unexplained: i64,
    imported_at: i64,
    body: Vec<u8>,
    signed_at: Option<i64>,
    signature: Option<Vec<u8>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = differences)]
pub(super) struct DifferenceRow {
    reconciliation_id: String,
    number: i64,
    kind: String,
    guarantee_id: Option<String>,
    remarks: i64,
    body: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = differences)]
pub(super) struct NewDifferenceRow {
    reconciliation_id: String,
    number: i64,
    kind: &'static str,
    guarantee_id: Option<String>,
    remarks: i64,
    body: Vec<u8>,
}

/// Our side and theirs, as the body of a difference holds them.
type Sides = (Option<Side>, Option<Side>);

pub(super) fn of_finding(
    connection: &Connection,
    id: &ReconciliationId,
    number: i64,
    finding: &Finding,
) -> Result<NewDifferenceRow, StoreError> {
    let place = place_of_difference(id.as_str(), number);
    let sides = (&finding.ours, &finding.theirs);
    Ok(NewDifferenceRow {
        body: sealed(connection, "differences", &place, "body", &sides)?,
        reconciliation_id: id.as_str().to_owned(),
        number,
        kind: finding.kind.name(),
        guarantee_id: finding.guarantee.as_ref().map(ToString::to_string),
        remarks: 0,
    })
}

pub(super) fn finding_of(connection: &Connection, row: DifferenceRow) -> Result<Finding, StoreError> {
    let place = place_of_difference(&row.reconciliation_id, row.number);
    let (ours, theirs): Sides = unsealed(connection, "differences", &place, "body", &row.body)?;
    let kind = kind_named(&place, &row.kind)?;
    Ok(Finding { kind, guarantee: row.guarantee_id.map(GuaranteeId::new), ours, theirs })
}

pub(super) fn difference_of(
    connection: &mut Connection,
    row: DifferenceRow,
) -> Result<Difference, StoreError> {
    let (id, number, said) = (ReconciliationId::new(&row.reconciliation_id), row.number, row.remarks);
    let finding = finding_of(connection, row)?;
    let remarks = if said > 0 { remarks_of(connection, &id, number)? } else { Vec::new() };
    Ok(Difference { number: u32::try_from(number).unwrap_or(u32::MAX), finding, remarks })
}

fn remarks_of(
    connection: &mut Connection,
    id: &ReconciliationId,
    difference: i64,
) -> Result<Vec<Remark>, StoreError> {
    let about = remarks::reconciliation_id.eq(id.as_str()).and(remarks::difference.eq(difference));
    let query = remarks::table.filter(about).order(remarks::number);
    let query = query.select((remarks::number, remarks::at, remarks::body));
    let rows: Vec<(i64, i64, Vec<u8>)> = on!(connection, |link| query.load(link))?;
    let mut all = Vec::with_capacity(rows.len());
    for (number, at, body) in rows {
        let place = place_of_remark(id, difference, number);
        let (by, text) = unsealed(connection, "remarks", &place, "body", &body)?;
        all.push(Remark { by, text, at: from_micros("remarks", &place, at)? });
    }
    Ok(all)
}

pub(super) fn reconciliation_of(
    connection: &mut Connection,
    row: ReconciliationRow,
) -> Result<Reconciliation, StoreError> {
    let id = row.id.as_str();
    let damaged = |error: &dyn ToString| StoreError::damaged(TABLE, id, error.to_string());
    let import = unsealed(connection, TABLE, id, "body", &row.body)?;
    let signature = match (row.signed_at, &row.signature) {
        (Some(at), Some(signature)) => {
            let (by, remark) = unsealed(connection, TABLE, id, "signature", signature)?;
            let at: Timestamp = from_micros(TABLE, id, at)?;
            Some(Signature { by, remark, at })
        }
        _ => None,
    };
    Ok(Reconciliation {
        day: row.day.parse().map_err(|error: jiff::Error| damaged(&error))?,
        generation: u32::try_from(row.generation).map_err(|error| damaged(&error))?,
        imported_at: from_micros(TABLE, id, row.imported_at)?,
        differences: counted(connection, id)?,
        unexplained: u64::try_from(row.unexplained).map_err(|error| damaged(&error))?,
        superseded_by: row.superseded_by.as_deref().map(ReconciliationId::new),
        platform: PlatformId::new(&row.platform),
        digest: DocumentDigest::new(&row.digest),
        id: ReconciliationId::new(id),
        import,
        signature,
    })
}

fn counted(connection: &mut Connection, id: &str) -> Result<BTreeMap<DifferenceKind, u64>, StoreError> {
    let query = differences::table.filter(differences::reconciliation_id.eq(id));
    let query = query.group_by(differences::kind).select((differences::kind, count_star()));
    let rows: Vec<(String, i64)> = on!(connection, |link| query.load(link))?;
    let count =
        |(kind, count): (String, i64)| Ok((kind_named(id, &kind)?, u64::try_from(count).unwrap_or(0)));
    rows.into_iter().map(count).collect()
}

pub(super) fn kind_named(row: &str, name: &str) -> Result<DifferenceKind, StoreError> {
    let known = DifferenceKind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| StoreError::damaged("differences", row, format!("unknown kind `{name}`")))
}

pub(super) fn place_of_remark(id: &ReconciliationId, difference: i64, number: i64) -> String {
    format!("{id}/{difference}/{number}")
}

fn place_of_difference(id: &str, number: i64) -> String {
    format!("{id}/{number}")
}

/// A value as the body of a sealed column.
pub(super) fn sealed(
    connection: &Connection,
    table: &'static str,
    row: &str,
    column: &str,
    value: &impl Serialize,
) -> Result<Vec<u8>, StoreError> {
    let plaintext = serde_json::to_vec(value).map(Zeroizing::new);
    let plaintext = plaintext.map_err(|error| StoreError::damaged(table, row, error))?;
    Ok(connection.seal(table, row, column, &plaintext))
}

fn unsealed<T: DeserializeOwned>(
    connection: &Connection,
    table: &'static str,
    row: &str,
    column: &'static str,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let plaintext = connection.unseal(table, row, column, sealed)?;
    serde_json::from_slice(&plaintext).map_err(|error| StoreError::damaged(table, row, error))
}
