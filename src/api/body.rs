//! Bodies of requests: JSON of one exact shape, and what is told about one that has another.

use actix_web::dev::Payload;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::Api;
use super::objects::Objects;
use super::problem::{Code, Problem};

/// A body as it was sent and as it was read.
pub struct Body<T> {
    pub value: T,
    /// For the fingerprint of the request.
    pub bytes: Bytes,
}

/// Nothing needs to be said: `{}`.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct Nothing {}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = request.content_type().eq_ignore_ascii_case("application/json");
        let limit = request.app_data::<Data<Api>>().map_or(0, |api| api.options.body_bytes);
        let payload = payload.take();
        async move {
            if !json {
                return Err(Problem::new(Code::UnsupportedMediaType, "expected `application/json`"));
            }
            let bytes = read(payload, limit).await?;
            Ok(Self { value: parse(&bytes)?, bytes })
        }
        .boxed_local()
    }
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// When it is longer, comes too slowly, or ends before its end.
pub(super) async fn read(payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    use futures_util::StreamExt;
    let mut payload = payload;
    let mut body = actix_web::web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::broken_off(&error))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::new(Code::BodyTooLarge, format!("expected at most {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut deserializer)).map_err(|error| {
        let pointer = pointer(error.path(), &error.inner().to_string());
        Problem::at(pointer, without_place(&error.inner().to_string()))
    })?;
    deserializer.end().map_err(|_| Problem::at("", "expected nothing behind the JSON value, found more"))?;
    Ok(value)
}

/// The path as a JSON pointer (RFC 6901). Of a field that is unknown or missing, the path leads to what should hold it.
fn pointer(path: &serde_path_to_error::Path, problem: &str) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => pointer.push_str(&token(key)),
            Segment::Unknown => {}
        }
    }
    let named = ["unknown field `", "missing field `", "duplicate field `"];
    let name = named.iter().find_map(|start| problem.strip_prefix(start)?.split('`').next());
    if let Some(name) = name
        && !pointer.ends_with(&token(name))
    {
        pointer.push_str(&token(name));
    }
    pointer
}

/// One step of a pointer.
fn token(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// serde_json ends its texts with line and column, which the pointer says better.
fn without_place(problem: &str) -> &str {
    problem.rsplit_once(" at line ").map_or(problem, |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "list")]
        _list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "amount")]
        _amount: String,
    }

    fn found(text: &str) -> (String, String) {
        let problem = parse::<Outer>(text.as_bytes()).unwrap_err();
        (problem.pointer.unwrap(), problem.detail)
    }

    #[test]
    fn a_mistake_is_named_with_its_pointer_and_what_was_expected() {
        for (text, pointer, detail) in [
            (r#"{"list": [{"amount": 1}]}"#, "/list/0/amount", "expected a string"),
            (r#"{"list": [{"amount": "1", "x/y": 2}]}"#, "/list/0/x~1y", "unknown field"),
            (r#"{"list": [{}]}"#, "/list/0/amount", "missing field"),
            (r#"{"list": [{"amount": "1", "amount": "2"}]}"#, "/list/0/amount", "duplicate field"),
            (r#"{"list": []} 1"#, "", "nothing behind"),
            ("{\"list\": [1", "/list/0", "expected"),
            (r#"[[]]"#, "", "invalid type: sequence, expected struct Outer"),
            (r#"{"list": [["1"]]}"#, "/list/0", "invalid type: sequence, expected struct Inner"),
        ] {
            let (at, said) = found(text);
            assert_eq!(at, pointer, "{text}: {said}");
            assert!(said.contains(detail) && !said.contains("line"), "{text}: {said}");
        }
    }
}
