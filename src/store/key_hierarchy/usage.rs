//! How many values are sealed under which key.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::crypto::keyring::KeyId;
use crate::store::connection::{Connection, Link, on};
use crate::store::error::StoreError;
use crate::store::sealed::{SEALED, SealedColumn};

/// Values by the id of their key in hexadecimal, and by `table.column`.
pub type Usage = BTreeMap<String, BTreeMap<String, u64>>;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Looks through every sealed column.
///
/// # Errors
/// When the database fails.
pub fn usage(connection: &mut Connection) -> Result<Usage, StoreError> {
    let mut usage = Usage::new();
    for sealed in SEALED {
        let (column, table) = (sealed.column, sealed.table);
        let key = match &connection.link {
            Link::Sqlite(_) => format!("lower(hex(substr({column}, 2, 4)))"),
            #[cfg(feature = "postgres")]
            Link::Postgres(_) => format!("encode(substr({column}, 2, 4), 'hex')"),
        };
        let query = format!(
            "SELECT {key} AS key, count(*) AS count FROM {table} WHERE {column} IS NOT NULL GROUP BY {key}"
        );
        let counts: Vec<Count> = on!(connection, |link| diesel::sql_query(query).load(link))?;
        for Count { key, count } in counts {
            let values = u64::try_from(count).unwrap_or_default();
            usage.entry(key).or_default().insert(format!("{table}.{column}"), values);
        }
    }
    Ok(usage)
}

/// The columns that hold values of this key, with how many.
pub(super) fn usage_of(
    connection: &mut Connection,
    key: KeyId,
) -> Result<Vec<(&'static SealedColumn, u64)>, StoreError> {
    let mut found = Vec::new();
    for sealed in SEALED {
        let query = format!(
            "SELECT '' AS key, count(*) AS count FROM {} WHERE substr({}, 2, 4) = $1",
            sealed.table, sealed.column
        );
        let Count { count, .. } = on!(connection, |link| diesel::sql_query(query)
            .bind::<Binary, _>(key.to_vec())
            .get_result(link))?;
        if count > 0 {
            found.push((sealed, u64::try_from(count).unwrap_or_default()));
        }
    }
    Ok(found)
}
