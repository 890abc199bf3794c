//! What the core system's answer to a callback means for its job.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::delivery::client::Failure;
use crate::delivery::webhook::WebhookAnswer;
use crate::jobs::verdict::Verdict;
use crate::store::jobs::Cause;

/// Digits in a row that may be somebody's number are not written down.
const LONGEST_NUMBER: usize = 6;

/// # Errors
/// What becomes of the job where the callback was not taken.
pub(super) fn judge(answered: Result<WebhookAnswer, Failure>, now: Timestamp) -> Result<(), Verdict> {
    let WebhookAnswer { status, retry_after, body } = match answered {
        Ok(answer) => answer,
        Err(failure @ (Failure::Timeout | Failure::Broken(_))) => {
            return Err(Verdict::retry(Cause::Unanswered, failure.to_string()));
        }
        Err(failure) => return Err(Verdict::retry(Cause::Unreachable, failure.to_string())),
    };
    let detail = format!("the core system answered HTTP {status}{}", words(&body));
    Err(match status {
        200..=299 => return Ok(()),
        410 => Verdict::dead(Cause::Rejected, detail),
        429 | 503 => {
            let after = retry_after.and_then(|text| wait(&text, now));
            Verdict::Retry { cause: Cause::Unreachable, detail, after }
        }
        502 | 504 => Verdict::retry(Cause::Unreachable, detail),
        _ => Verdict::retry(Cause::Rejected, detail),
    })
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

/// What an answer says, on one line, without long numbers: they may be a person's.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut shown = String::new();
    let mut number = String::new();
    for letter in text.chars().chain([' ']) {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        shown.push_str(if number.len() > LONGEST_NUMBER { "***" } else { &number });
        number.clear();
        shown.push(if letter.is_control() { ' ' } else { letter });
    }
    let shown = shown.trim();
    if shown.is_empty() { String::new() } else { format!(": {shown}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>, body: &str) -> Result<WebhookAnswer, Failure> {
        let retry_after = retry_after.map(str::to_owned);
        Ok(WebhookAnswer { status, retry_after, body: body.as_bytes().to_vec() })
    }

    fn now() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    fn judged(status: u16) -> String {
        judge(answer(status, None, ""), now())
            .map_or_else(|verdict| format!("{verdict:?}"), |()| "taken".into())
    }

    #[test]
    fn only_a_success_is_one_and_gone_is_for_ever() {
        for status in [200, 202, 204, 299] {
            assert_eq!(judged(status), "taken");
        }
        assert_eq!(judged(410), "Dead(rejected: the core system answered HTTP 410)");
        for status in [301, 302, 304, 400, 401, 404, 409, 422, 500] {
            let expected = format!("Retry(rejected: the core system answered HTTP {status}, None)");
            assert_eq!(judged(status), expected);
        }
        for status in [429, 502, 503, 504] {
            let expected = format!("Retry(unreachable: the core system answered HTTP {status}, None)");
            assert_eq!(judged(status), expected);
        }
    }

    #[test]
    fn no_answer_is_told_from_no_connection() {
        let of = |failure| format!("{:?}", judge(Err(failure), now()).unwrap_err());
        assert!(of(Failure::Timeout).starts_with("Retry(unanswered"));
        assert!(of(Failure::Broken("x".to_owned())).starts_with("Retry(unanswered"));
        assert!(of(Failure::Connect("x".to_owned())).starts_with("Retry(unreachable"));
    }

    #[test]
    fn a_busy_core_system_says_when_to_come_again() {
        for (text, seconds) in [
            ("120", Some(120)),
            ("Sun, 22 Nov 2026 08:05:00 GMT", Some(300)),
            ("Sun, 22 Nov 2026 07:05:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let Err(Verdict::Retry { after, .. }) = judge(answer(503, Some(text), ""), now()) else {
                panic!()
            };
            assert_eq!(after.map(|after| after.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn words_of_an_answer_are_kept_on_one_line_and_without_long_numbers() {
        let body = "{\"error\":\n \"13800001234 is unknown, line 42\"}";
        let Err(Verdict::Retry { detail, .. }) = judge(answer(500, None, body), now()) else { panic!() };
        assert_eq!(detail, "the core system answered HTTP 500: {\"error\":  \"*** is unknown, line 42\"}");
    }
}
