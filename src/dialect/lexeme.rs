//! A JSON object's members as they were received: no number is parsed and printed again, because digests run over the
//! text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// More members than any message has, and few enough to look for duplicates one by one.
const MOST_MEMBERS: usize = 200;

/// How deep a value may be nested.
const DEEPEST: usize = 16;

#[derive(Debug)]
pub(super) struct Member<'a> {
    pub name: Cow<'a, str>,
    pub value: Lexeme<'a>,
}

/// A member's value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    /// A string's content, unescaped.
    Text(Cow<'a, str>),
    /// A number, `true` or `false`, untouched.
    Literal(&'a str),
    Null,
    /// An array or object, untouched.
    Nested(&'a str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    NotAnObject,
    Duplicate(String),
}

impl Lexeme<'_> {
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Literal(text) | Self::Nested(text) => text,
            Self::Null => "",
        }
    }
}

/// The members of the JSON object that `text` is, in their order.
pub(super) fn members(text: &str) -> Result<Vec<Member<'_>>, Malformed> {
    let raw: RawMembers<'_> = serde_json::from_str(text).map_err(|_| Malformed::NotAnObject)?;
    let mut members: Vec<Member<'_>> = Vec::with_capacity(raw.0.len());
    for (Text(name), value) in raw.0 {
        if members.iter().any(|member| member.name == name) {
            return Err(Malformed::Duplicate(name.into_owned()));
        }
        members.push(Member { name, value: lexeme(value.get())? });
    }
    Ok(members)
}

fn lexeme(raw: &str) -> Result<Lexeme<'_>, Malformed> {
    match raw.as_bytes().first() {
        Some(b'"') => {
            let Text(text) = serde_json::from_str(raw).map_err(|_| Malformed::NotAnObject)?;
            Ok(Lexeme::Text(text))
        }
        Some(b'n') => Ok(Lexeme::Null),
        Some(b'{' | b'[') if depth(raw) <= DEEPEST => Ok(Lexeme::Nested(raw)),
        Some(b'{' | b'[') | None => Err(Malformed::NotAnObject),
        Some(_) => Ok(Lexeme::Literal(raw)),
    }
}

/// The depth of well-formed JSON.
fn depth(raw: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct RawMembers<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(24);
                while let Some(member) = map.next_entry()? {
                    if members.len() == MOST_MEMBERS {
                        return Err(de::Error::custom("too many members"));
                    }
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexemes_stay_as_they_were_received() {
        let text = r#" {"b":3200.0,"a":1E3,"\u0063":"\u4e2d\n","n":null,"t":true,"l":[ {"x" : 1.50} ]} "#;
        let members = members(text).unwrap();
        let shown: Vec<_> = members.iter().map(|it| (it.name.as_ref(), it.value.text())).collect();
        let expected = [
            ("b", "3200.0"),
            ("a", "1E3"),
            ("c", "中\n"),
            ("n", ""),
            ("t", "true"),
            ("l", r#"[ {"x" : 1.50} ]"#),
        ];
        assert_eq!(shown, expected);
        assert_eq!(members[3].value, Lexeme::Null);
    }

    #[test]
    fn a_name_that_comes_twice_is_refused_even_if_escaped() {
        let twice = members(r#"{"a":"1","\u0061":"2"}"#);
        assert_eq!(twice.unwrap_err(), Malformed::Duplicate("a".to_owned()));
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(17), "]".repeat(17));
        let many: Vec<String> = (0..201).map(|index| format!(r#""{index}":1"#)).collect();
        let many = format!("{{{}}}", many.join(","));
        for text in [
            "",
            "[]",
            "\"a\"",
            "{",
            "{}{}",
            "{} x",
            r#"{"a":}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":01}"#,
            "{\"a\":\"\n\"}",
            r#"{a:1}"#,
            "\u{feff}{}",
            &deep,
            &many,
        ] {
            assert_eq!(members(text).unwrap_err(), Malformed::NotAnObject, "{text}");
        }
        assert!(members(&format!(r#"{{"a":{}"[[["{}}}"#, "[".repeat(16), "]".repeat(16))).is_ok());
    }

    #[test]
    fn brackets_behind_an_escaped_quotation_mark_are_text_and_nest_nothing() {
        let nested = format!(r#"{{"b":"\\\"{}"}}"#, "[".repeat(20));
        assert_eq!(members(&format!(r#"{{"a":{nested}}}"#)).unwrap()[0].value, Lexeme::Nested(&nested));
    }
}
