//! From a request's body to the text of its JSON: posted as it is, or as one field of a form.

use std::borrow::Cow;

/// The JSON text in a body, and whether the content type said so.
pub(super) struct Body<'a> {
    pub text: Cow<'a, str>,
    pub as_announced: bool,
}

/// Finds the JSON. A body that begins with `{` is JSON, whatever the content type says; `None` where there is none.
pub(super) fn json<'a>(content_type: Option<&str>, body: &'a [u8], form_field: &str) -> Option<Body<'a>> {
    let announced = content_type.map(|it| it.split(';').next().unwrap_or_default().trim());
    let announced_as = |kind: &str| announced.is_some_and(|it| it.eq_ignore_ascii_case(kind));
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('{') {
        return Some(Body { text: Cow::Borrowed(text), as_announced: announced_as("application/json") });
    }
    let as_announced = announced_as("application/x-www-form-urlencoded");
    let value = text.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == form_field).then_some(value)
    })?;
    Some(Body { text: Cow::Owned(percent_decoded(value)?), as_announced })
}

/// Undoes `application/x-www-form-urlencoded`. `None` for a broken escape or what is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                bytes.extend(hex::decode(digits).ok()?);
                rest = after;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content_type: &str, body: &str) -> Option<(String, bool)> {
        json(Some(content_type), body.as_bytes(), "requestData")
            .map(|it| (it.text.into_owned(), it.as_announced))
    }

    #[test]
    fn the_json_is_found_whatever_the_content_type_says() {
        let (json, form) = ("application/json; charset=UTF-8", "application/x-www-form-urlencoded");
        let posted = "a=1&requestData=%7B%22a%22%3A+%22%E4%B8%AD%2B%22%7D";
        assert_eq!(text(json, r#"{"a":1}"#), Some((r#"{"a":1}"#.into(), true)));
        assert_eq!(text(form, r#" {"a":1}"#), Some((r#" {"a":1}"#.into(), false)));
        assert_eq!(text(form, posted), Some((r#"{"a": "中+"}"#.into(), true)));
        assert_eq!(text(json, posted), Some((r#"{"a": "中+"}"#.into(), false)));
    }

    #[test]
    fn a_body_without_json_is_none() {
        let form = "application/x-www-form-urlencoded";
        for body in ["", "requestdata=%7B%7D", "requestData=%7", "requestData=%zz", "requestData=%ff"] {
            assert_eq!(text(form, body), None, "{body}");
        }
        assert!(json(None, b"\xff{}", "requestData").is_none());
    }
}
