//! 报文摘要 (5.3.3): the fields in ASCII order as `name=value`, joined by `&`, then the secret, through SM3.

use crate::crypto::second_opinion::sm3;

/// The digest of a message as its `sign` carries it: 64 lower-case hexadecimal digits.
///
/// Empty fields and `sign` itself take no part; `&appsecret=` and the secret come last.
pub fn sign<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>, appsecret: &str) -> String {
    let mut text = joined(fields, &["sign"]);
    text.push_str("&appsecret=");
    text.push_str(appsecret);
    hex::encode(sm3(text.as_bytes()))
}

/// What tells two messages apart that differ in more than the moment of sending: SM3 of all fields but `timestamp`
/// and `sign`.
pub fn content<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    hex::encode(sm3(joined(fields, &["sign", "timestamp"]).as_bytes()))
}

fn joined<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>, without: &[&str]) -> String {
    let mut fields: Vec<(&str, &str)> =
        fields.into_iter().filter(|(name, value)| !value.is_empty() && !without.contains(name)).collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    let length: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = String::with_capacity(length + 64);
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    #[test]
    fn a_capital_sorts_first_and_an_empty_field_takes_no_part() {
        let fields = [
            ("appkey", "DEMOKEY"),
            ("applyno", "AP20240101001"),
            ("timestamp", "2024-01-01 09:00:00"),
            ("biddername", "测试建设有限公司"),
            ("Reason", "测试"),
            ("filelist", r#"[{"fileurl":"http://a.example/1?x=1&y=2"}]"#),
            ("zbrorgnum", ""),
        ];
        assert_eq!(
            sign(fields, "DEMOSECRET"),
            "9de579baa557f579d63ff14d7073450532d387bd0833fef9316d41ae91fc7012"
        );
    }

    #[test]
    fn a_whole_application_has_the_digest_that_its_platform_sent() {
        let body = include_bytes!("hainan/tests/baohanapply.json");
        let message = Message::parse(body).unwrap();
        assert_eq!(sign(message.fields(), "6f1d2c9a-hn-demo-secret"), message.text("sign"));
    }

    #[test]
    fn content_survives_another_moment_but_not_another_value() {
        let first = [("applyno", "1"), ("timestamp", "2024-01-01 09:00:00"), ("sign", "a")];
        let again = [("applyno", "1"), ("timestamp", "2024-01-01 09:00:01"), ("sign", "b")];
        let other = [("applyno", "2"), ("timestamp", "2024-01-01 09:00:00"), ("sign", "a")];
        assert_eq!(content(first), content(again));
        assert_ne!(content(first), content(other));
    }
}
