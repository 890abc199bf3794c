//! Values as the interface writes them: money as decimal yuan in a text, rates as decimal texts.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::money::Fen;
use crate::domain::premium::Rate;

/// An amount in yuan: a text with at most two decimals. A JSON number is refused, since most readers of JSON make a
/// binary fraction of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yuan(pub Fen);

/// A premium rate: a text above 0 and below 1, `"0.005"` for five per mille.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateText(pub Rate);

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text("an amount in yuan as a text, such as \"3200.00\""))?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for RateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a rate above 0 and below 1 as a text, such as \"0.005\"";
        let text = deserializer.deserialize_str(Text(expected))?;
        let rate = text.parse::<Decimal>().ok().filter(|rate| *rate > Decimal::ZERO && *rate < Decimal::ONE);
        rate.map(|rate| Self(Rate(rate)))
            .ok_or_else(|| D::Error::custom(format!("expected {expected}, found `{text}`")))
    }
}

/// Reads a text and nothing else.
struct Text(&'static str);

impl serde::de::Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

fn text_schema(pattern: &str, example: &str, description: &str) -> RefOr<Schema> {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("decimal".to_owned())))
        .pattern(Some(pattern))
        .examples([example])
        .description(Some(description));
    RefOr::T(Schema::Object(schema.build()))
}

impl PartialSchema for Yuan {
    fn schema() -> RefOr<Schema> {
        text_schema(r"^[0-9]{1,12}(\.[0-9]{1,2})?$", "3200.00", "An amount in yuan, as a decimal text.")
    }
}

impl ToSchema for Yuan {}

impl PartialSchema for RateText {
    fn schema() -> RefOr<Schema> {
        text_schema(r"^0\.[0-9]{1,20}$", "0.004", "A premium rate as a decimal text.")
    }
}

impl ToSchema for RateText {}

/// The schema of one of these words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

/// The schema of any text.
pub(super) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// The schema of a UUID.
pub(super) fn uuid() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_a_decimal_text_and_never_a_number() {
        let read = |json: &str| serde_json::from_str::<Yuan>(json).map_err(|error| error.to_string());
        assert_eq!(read("\"3200.5\"").unwrap().0.fen(), 320_050);
        assert_eq!(serde_json::to_string(&read("\"3200.5\"").unwrap()).unwrap(), "\"3200.50\"");
        for wrong in ["3200", "3200.0", "null", "\"1e3\"", "\"-1\"", "\"0.001\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read("3200").unwrap_err().contains("as a text"));
    }

    #[test]
    fn a_rate_is_a_fraction() {
        let read = |json: &str| serde_json::from_str::<RateText>(json);
        assert_eq!(read("\"0.0040\"").unwrap(), RateText(Rate("0.004".parse().unwrap())));
        for wrong in ["0.004", "\"0\"", "\"1\"", "\"four\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
