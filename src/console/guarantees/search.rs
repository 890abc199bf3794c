//! What the text in the search box finds: one guarantee, one message, or a list.

use super::filter::{Filter, Key};
use crate::domain::identity::GuaranteeId;
use crate::store::guarantees::{self, Summary};
use crate::store::messages::{self, Header};
use crate::store::{Connection, StoreError};

/// Messages of one request that are listed; a request has one or two.
const MESSAGES: u32 = 20;

pub(super) enum Found {
    /// The one thing that has this key.
    Page(String),
    List {
        /// What the text was taken for; None where there is none.
        key: Option<Key>,
        guarantees: Vec<Summary>,
        /// Those of the request of this id.
        messages: Vec<Header>,
    },
}

/// Looks for the text as for each of the keys, the most particular first, and stays with the first that finds something.
///
/// # Errors
/// When the database fails or a row can't be read.
pub(super) fn search(
    connection: &mut Connection,
    filter: &Filter,
    asked: &guarantees::Filter,
) -> Result<Found, StoreError> {
    let list = |key, guarantees| Found::List { key, guarantees, messages: Vec::new() };
    let text = filter.q.trim();
    if text.is_empty() {
        return Ok(list(None, guarantees::list(connection, asked)?));
    }
    let goes_there =
        filter.by.is_empty() && !filter.is_narrowed() && asked.behind.is_none() && !filter.lists_one;
    if goes_there && let Some(found) = by_id(connection, text)? {
        return Ok(found);
    }
    let keys = match filter.key() {
        Some(key) => vec![key],
        None => Key::ALL.to_vec(),
    };
    for key in keys {
        let Some(asked) = filter.asked_by(key, asked) else { continue };
        let guarantees = guarantees::list(connection, &asked)?;
        match guarantees.as_slice() {
            [] => {}
            [one] if key.is_unique() && goes_there => return Ok(Found::Page(page_of(&one.id))),
            _ => return Ok(list(Some(key), guarantees)),
        }
    }
    Ok(list(filter.key(), Vec::new()))
}

/// A guarantee, a message or a request.
fn by_id(connection: &mut Connection, text: &str) -> Result<Option<Found>, StoreError> {
    let Some(id) = GuaranteeId::parse(text) else { return Ok(None) };
    if guarantees::summary(connection, &id)?.is_some() {
        return Ok(Some(Found::Page(page_of(&id))));
    }
    if messages::header(connection, id.as_str())?.is_some() {
        return Ok(Some(Found::Page(format!("/messages/{id}"))));
    }
    let messages = messages::of_request(connection, id.as_str(), MESSAGES)?;
    Ok(match messages.as_slice() {
        [] => None,
        [one] => Some(Found::Page(match &one.guarantee {
            Some(guarantee) => format!("{}#message-{}", page_of(guarantee), one.id),
            None => format!("/messages/{}", one.id),
        })),
        _ => Some(Found::List { key: None, guarantees: Vec::new(), messages }),
    })
}

fn page_of(id: &GuaranteeId) -> String {
    format!("/guarantees/{id}")
}
