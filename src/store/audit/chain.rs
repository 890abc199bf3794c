//! How an entry hangs on the one before it, and the row that says which entry is the last.

use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;

use super::row::Row;
use super::{Entry, TABLE};
use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::schema::{audit_entries, audit_head};

/// What the first entry hangs on.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// The one row of its table.
pub(super) const HEAD: &str = "head";

const HEAD_TABLE: &str = "audit_head";

/// They keep an entry's code from being that of a head, and both from what a later version may chain by.
const ENTRY_LABEL: &[u8] = b"baohan audit entry 1";
const HEAD_LABEL: &[u8] = b"baohan audit head 1";

/// The last entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub number: i64,
    pub mac: [u8; 32],
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_head)]
pub(super) struct HeadRow {
    id: String,
    number: i64,
    mac: String,
    key_id: String,
    proof: String,
}

impl HeadRow {
    pub fn of(connection: &Connection, number: i64, mac: &str) -> Result<Self, StoreError> {
        let key = connection.linking_id();
        let text = head_text(number, mac, &hex::encode(key));
        let proof = connection.chain_code(key, &text).ok_or_else(|| damaged("no key to sign it with"))?;
        let (mac, key_id) = (mac.to_owned(), hex::encode(key));
        Ok(Self { id: HEAD.to_owned(), number, mac, key_id, proof: hex::encode(proof) })
    }

    /// The last entry, where this row is the gateway's own.
    pub fn proven(&self, connection: &Connection) -> Option<Head> {
        let text = head_text(self.number, &self.mac, &self.key_id);
        let proof = connection.chain_code(key_of(&self.key_id)?, &text)?;
        let mac = hex::decode(&self.mac).ok()?.try_into().ok()?;
        (hex::encode(proof) == self.proof).then_some(Head { number: self.number, mac })
    }
}

fn damaged(detail: &str) -> StoreError {
    StoreError::damaged(HEAD_TABLE, HEAD, detail)
}

/// The id of an auditing key, as a row names it.
fn key_of(text: &str) -> Option<[u8; 4]> {
    hex::decode(text).ok()?.try_into().ok()
}

fn head_text(number: i64, mac: &str, key: &str) -> Vec<u8> {
    let mut text = Vec::new();
    for part in [HEAD_LABEL, number.to_string().as_bytes(), mac.as_bytes(), key.as_bytes()] {
        add(&mut text, Some(part));
    }
    text
}

/// The length keeps `ab`, `c` from being `a`, `bc`; what is missing differs from what is empty.
fn add(text: &mut Vec<u8>, part: Option<&[u8]>) {
    let length = part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(u64::MAX - 1));
    text.extend_from_slice(&length.to_be_bytes());
    text.extend_from_slice(part.unwrap_or_default());
}

/// What an entry's code is made over.
pub(super) fn text_of(previous: &[u8; 32], row: &Row, detail: &[u8]) -> Vec<u8> {
    let mut text = previous.to_vec();
    let (number, at) = (row.number.to_string(), row.at.to_string());
    let parts = [
        Some(ENTRY_LABEL),
        Some(number.as_bytes()),
        Some(at.as_bytes()),
        Some(row.actor_kind.as_bytes()),
        Some(row.actor_id.as_bytes()),
        Some(row.actor_name.as_bytes()),
        row.address.as_ref().map(String::as_bytes),
        Some(row.action.as_bytes()),
        Some(row.subject_kind.as_bytes()),
        Some(row.subject_id.as_bytes()),
        Some(detail),
        row.digest_before.as_ref().map(String::as_bytes),
        row.digest_after.as_ref().map(String::as_bytes),
        Some(row.key_id.as_bytes()),
    ];
    parts.into_iter().for_each(|part| add(&mut text, part));
    text
}

/// The code of an entry behind that of the entry before it; None where the key that the row names is not in the keyring.
pub(super) fn code(
    connection: &Connection,
    previous: &[u8; 32],
    row: &Row,
    detail: &[u8],
) -> Option<[u8; 32]> {
    connection.chain_code(key_of(&row.key_id)?, &text_of(previous, row, detail))
}

/// Takes the row that says which entry is the last, so that nobody else appends before this transaction ends; None where
/// there is no entry yet.
pub(super) fn advance(connection: &mut Connection) -> Result<Option<Head>, StoreError> {
    // Changed to what it was: that alone holds others back, on PostgreSQL until the commit.
    let taken = diesel::update(audit_head::table.find(HEAD)).set(audit_head::id.eq(HEAD));
    let row: Option<HeadRow> =
        on!(connection, |link| taken.returning(HeadRow::as_returning()).get_result(link).optional())?;
    let Some(row) = row else {
        if last_number(connection)?.is_none() {
            return Ok(None);
        }
        // On PostgreSQL the first entry of all may have been committed since the look above.
        return Err(match head_row(connection)? {
            Some(_) => StoreError::Conflict,
            None => damaged("expected the number of the last entry, found no row"),
        });
    };
    row.proven(connection).map(Some).ok_or_else(|| damaged("it is not what the gateway wrote"))
}

/// The greatest number that an entry has.
pub(super) fn last_number(connection: &mut Connection) -> Result<Option<i64>, StoreError> {
    let query = audit_entries::table.select(max(audit_entries::number));
    Ok(on!(connection, |link| query.first(link))?)
}

pub(super) fn head_row(connection: &mut Connection) -> Result<Option<HeadRow>, StoreError> {
    let query = audit_head::table.find(HEAD);
    Ok(on!(connection, |link| query.select(HeadRow::as_select()).first(link).optional())?)
}

/// The last entry; None where there is none, or where the row that names it is not the gateway's.
///
/// # Errors
/// When the database fails.
pub fn head(connection: &mut Connection) -> Result<Option<Head>, StoreError> {
    let row = head_row(connection)?;
    Ok(row.and_then(|row| row.proven(connection)))
}

/// Makes the last entry that is there the end of the trail again, whatever somebody else did to it, and appends `entry`,
/// which says so. Nothing that is missing comes back, and what is wrong further up stays wrong.
///
/// # Errors
/// When the database fails, or the last entry has no code.
pub fn reseal(connection: &mut Connection, entry: &Entry, at: Timestamp) -> Result<i64, StoreError> {
    on!(connection, |link| diesel::delete(audit_head::table.find(HEAD)).execute(link))?;
    if let Some(last) = last_number(connection)? {
        let query = audit_entries::table.find(last).select(audit_entries::mac);
        let mac: String = on!(connection, |link| query.first(link))?;
        let row = HeadRow::of(connection, last, &mac)?;
        if row.proven(connection).is_none() {
            return Err(StoreError::damaged(TABLE, &last.to_string(), "expected a code of 64 hex digits"));
        }
        on!(connection, |link| diesel::insert_into(audit_head::table).values(&row).execute(link))?;
    }
    super::append(connection, entry, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::crypto::openssl;

    fn row() -> Row {
        Row {
            number: 7,
            at: 1_763_769_600_000_000,
            actor_kind: "operator".to_owned(),
            actor_id: "u1".to_owned(),
            actor_name: "王工".to_owned(),
            address: None,
            action: "job.retry".to_owned(),
            subject_kind: "job".to_owned(),
            subject_id: "j1".to_owned(),
            detail: Vec::new(),
            digest_before: None,
            digest_after: Some(String::new()),
            key_id: hex::encode(Keyring::from_master(&[7; 32]).key_id()),
            mac: String::new(),
        }
    }

    /// The frame as the page above words it, put together by hand, and `openssl` for the code.
    #[test]
    fn openssl_computes_the_same_code_over_the_frame_that_is_described() {
        let keyring = Keyring::from_master(&[7; 32]);
        let part = |text: &str| [&u64::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
        let missing = vec![0xff; 8];
        let frame = [
            vec![9; 32],
            part("baohan audit entry 1"),
            part("7"),
            part("1763769600000000"),
            part("operator"),
            part("u1"),
            part("王工"),
            missing.clone(),
            part("job.retry"),
            part("job"),
            part("j1"),
            part("{\"why\":\"x\"}"),
            missing,
            part(""),
            part(&hex::encode(keyring.key_id())),
        ]
        .concat();
        assert_eq!(text_of(&[9; 32], &row(), b"{\"why\":\"x\"}"), frame);
        let mac = |key: &[u8], text: &[u8]| {
            let key = format!("hexkey:{}", hex::encode(key));
            let arguments = ["mac", "-digest", "SM3", "-macopt", &key, "-binary", "HMAC"];
            openssl::run(&arguments, text)
        };
        let auditing = mac(&[7; 32], b"baohan keyring 1: auditing");
        let expected = mac(&auditing, &frame);
        assert_eq!(keyring.link(keyring.key_id(), &frame).unwrap().as_slice(), expected);
    }
}
