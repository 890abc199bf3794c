//! A request body as the platform reads it: one flat JSON object of strings, checked against its table.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::fields::{Form, Interface};

/// Why the platform answers `0`, in the words that it puts into `message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(pub String);

impl Reason {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The members of a message in the order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Message {
    fields: Vec<(String, String)>,
}

impl Message {
    /// Reads a JSON object whose members are strings, each once; `null` counts as missing.
    ///
    /// # Errors
    /// The platform's answer when the body is anything else.
    pub fn parse(body: &[u8]) -> Result<Self, Reason> {
        let Members(members) = serde_json::from_slice(body)
            .map_err(|error| Reason::new(format!("报文不是JSON对象：{error}")))?;
        let mut seen = BTreeSet::new();
        let mut fields = Vec::with_capacity(members.len());
        for (name, value) in members {
            if !seen.insert(name.to_string()) {
                return Err(Reason::new(format!("字段{name}重复")));
            }
            match value.get().as_bytes().first() {
                Some(b'"') => {
                    let text = serde_json::from_str(value.get())
                        .map_err(|error| Reason::new(format!("字段{name}不是合法的字符串：{error}")))?;
                    fields.push((name.into_owned(), text));
                }
                Some(b'n') => {}
                _ => return Err(Reason::new(format!("字段{name}应为字符串类型"))),
            }
        }
        Ok(Self { fields })
    }

    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a field that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields().find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// The value of a field, or an empty text.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Holds the message against its interface's table: names, necessity, lengths and forms.
    ///
    /// # Errors
    /// The first field that is wrong, and in what way.
    pub fn check(&self, interface: &Interface) -> Result<(), Reason> {
        let declined = self.text("applystatus") == "0";
        for field in interface.fields {
            let Some(value) = self.get(field.name) else {
                if field.required && !(field.on_approval && declined) {
                    return Err(Reason::new(format!("{}不能为空（{}）", field.name, interface.clause)));
                }
                continue;
            };
            if let Some(longest) = field.longest
                && value.chars().count() > longest
            {
                return Err(Reason::new(format!("{}长度超过{longest}（{}）", field.name, interface.clause)));
            }
            if let Some(objection) = field.form.objection(value) {
                return Err(Reason::new(format!("{}{objection}（{}）", field.name, interface.clause)));
            }
        }
        match self.fields().find(|(name, _)| !interface.has(name)) {
            Some((name, _)) => Err(Reason::new(format!("未定义的字段{name}（{}）", interface.clause))),
            None => Ok(()),
        }
    }

    /// Whether the message's timestamp is close enough to `now`.
    ///
    /// # Errors
    /// The platform's answer when it is not, or is no time at all.
    pub fn check_moment(&self, now: Timestamp, window: std::time::Duration) -> Result<(), Reason> {
        let text = self.text("timestamp");
        if let Some(objection) = Form::Time.objection(text) {
            return Err(Reason::new(format!("timestamp{objection}")));
        }
        let sent =
            crate::clock::from_wire(text).map_err(|error| Reason::new(format!("timestamp：{error}")))?;
        if now.duration_since(sent).unsigned_abs() > window {
            return Err(Reason::new("timestamp与平台时间相差过大"));
        }
        Ok(())
    }
}

/// Members as they stand in the text, so that a number is noticed and a second member of the same name is not lost.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name.0, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Fields to be sent, written as one JSON object in the given order: texts, but for those that are named in `numbers`.
pub struct Outgoing<'a> {
    pub fields: &'a [(String, String)],
    /// Fields whose text is a number's and is written as one.
    pub numbers: &'a [&'static str],
}

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in self.fields {
            let number = self.numbers.contains(&name.as_str()).then(|| RawValue::from_string(value.clone()));
            match number {
                Some(Ok(number)) => map.serialize_entry(name, &number)?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::hainan::SPECIFICATION;
    use super::*;

    fn reason(body: &str) -> String {
        Message::parse(body.as_bytes()).map(|_| ()).unwrap_err().0
    }

    #[test]
    fn only_a_flat_object_of_distinct_strings_is_read() {
        assert!(reason("<html>").starts_with("报文不是JSON对象"));
        assert!(reason("[]").starts_with("报文不是JSON对象"));
        assert!(reason(r#"{"a":"1"} {"#).starts_with("报文不是JSON对象"));
        assert_eq!(reason(r#"{"a":"1","a":"1"}"#), "字段a重复");
        assert_eq!(reason(r#"{"cost":3200.0}"#), "字段cost应为字符串类型");
        assert_eq!(reason(r#"{"data":{}}"#), "字段data应为字符串类型");
        let message = Message::parse(r#"{"a":"\u6d77\n","b":null,"c":""}"#.as_bytes()).unwrap();
        assert_eq!(message.fields().collect::<Vec<_>>(), [("a", "海\n"), ("c", "")]);
        assert_eq!(message.get("c"), None);
    }

    #[test]
    fn the_table_names_the_field_that_is_wrong() {
        let table = SPECIFICATION.received("giveupapply").unwrap();
        let check = |body: &str| Message::parse(body.as_bytes()).unwrap().check(table);
        let complete = r#"{"appkey":"k","timestamp":"2024-01-01 09:00:00","applyno":"1","sign":"s"}"#;
        assert_eq!(check(complete), Ok(()));
        let refused = |body: &str| check(body).unwrap_err().0;
        assert_eq!(
            refused(&complete.replace(r#""applyno":"1""#, r#""applyno":"""#)),
            "applyno不能为空（A.15）"
        );
        assert_eq!(
            refused(&complete.replace(r#""1""#, &format!("{:?}", "1".repeat(51)))),
            "applyno长度超过50（A.15）"
        );
        assert_eq!(
            refused(&complete.replace("applyno\"", "reason\":\"x\",\"applyno\"")),
            "未定义的字段reason（A.15）"
        );
        assert!(refused(&complete.replace("01-01", "02-30")).starts_with("timestamp格式应为"));
    }

    #[test]
    fn a_request_of_another_hour_is_refused() {
        let message = Message::parse(br#"{"timestamp":"2024-01-01 09:00:00"}"#).unwrap();
        let now = |text| crate::clock::from_wire(text).unwrap();
        let window = Duration::from_secs(900);
        assert_eq!(message.check_moment(now("2024-01-01 09:15:00"), window), Ok(()));
        assert!(message.check_moment(now("2024-01-01 09:15:01"), window).is_err());
        assert!(message.check_moment(now("2024-01-01 08:44:59"), window).is_err());
    }
}
