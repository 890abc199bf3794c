//! The section `downloads` of the settings.

use actix_web::http::Uri;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DownloadOptions {
    /// What stands before `/files` in a link: where platforms reach this gateway from outside.
    #[serde(deserialize_with = "address")]
    pub public_url: Option<String>,
    /// How long a link opens after it was last told to a platform.
    #[serde(deserialize_with = "at_least_one")]
    pub days: u32,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self { public_url: None, days: 90 }
    }
}

/// Platforms store a link and give it to others: an address with a query, or without a host, would be found wrong by them.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let sound = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
    });
    // `Uri` drops what follows it.
    if sound && !text.contains('#') {
        return Ok(Some(text));
    }
    Err(D::Error::custom(format!(
        "expected an address such as `https://gateway.example.com`, found `{text}`"
    )))
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(D::Error::custom("expected one day or more, found `0`")),
        days => Ok(days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_makes_no_link_is_refused_and_told() {
        let read = |text: &str| toml::from_str::<DownloadOptions>(&format!("public_url = {text:?}"));
        for sound in ["https://gateway.example.com", "http://10.0.0.1:8080/baohan/"] {
            assert_eq!(read(sound).unwrap().public_url.as_deref(), Some(sound));
        }
        for wrong in
            ["", "gateway.example.com", "/files", "ftp://a.example", "https://a.example/?a=b", "https://a/#b"]
        {
            let complaint = read(wrong).unwrap_err().to_string();
            assert!(complaint.contains(&format!("found `{wrong}`")), "{complaint}");
        }
    }

    #[test]
    fn a_link_opens_for_ninety_days_unless_the_settings_say_otherwise() {
        assert_eq!(toml::from_str::<DownloadOptions>("").unwrap().days, 90);
        assert_eq!(toml::from_str::<DownloadOptions>("days = 30").unwrap().days, 30);
        let complaint = toml::from_str::<DownloadOptions>("days = 0").unwrap_err().to_string();
        assert!(complaint.contains("one day or more"), "{complaint}");
    }
}
