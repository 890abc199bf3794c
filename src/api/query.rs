//! Parameters of lists: what stands behind the `?`.

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// So many entries a page has, where nothing else is asked for.
const USUAL: u32 = 50;

/// More than so many it never has.
const MOST: u32 = 500;

/// # Errors
/// When a parameter is unknown, comes twice, or is not of its kind.
pub(super) fn read<T: DeserializeOwned + 'static>(request: &HttpRequest) -> Result<T, Problem> {
    match Query::<T>::from_query(request.query_string()) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(error) => Err(Problem::new(Code::InvalidParameter, error.to_string())),
    }
}

/// # Errors
/// When the number is not between 1 and the most that a page has.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(Problem::parameter("limit", format!("expected 1 to {MOST}, found {other}"))),
    }
}

/// The word of a list that this text is.
///
/// # Errors
/// When it is none of them.
pub(super) fn word<T: Copy>(
    name: &str,
    text: &str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<T, Problem> {
    all.iter().copied().find(|it| name_of(*it) == text).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|it| name_of(*it)).collect();
        Problem::parameter(name, format!("expected one of {}, found `{text}`", known.join(", ")))
    })
}

/// # Errors
/// When the text is no UUID.
pub(super) fn uuid(name: &str, text: String) -> Result<String, Problem> {
    match uuid::Uuid::try_parse(&text) {
        Ok(_) => Ok(text.to_ascii_lowercase()),
        Err(_) => Err(Problem::parameter(name, "expected a UUID")),
    }
}

/// One page and where the next one begins: what is asked for is one more than what is shown.
pub(super) fn cut<T>(mut rows: Vec<T>, limit: u32, id: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(id);
    (rows, next)
}
