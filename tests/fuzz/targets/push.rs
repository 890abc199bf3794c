//! A push as it comes from the network: platform, interface, content type, then the body.
//!
//! Nothing is accepted without a digest that fits, whatever is refused is refused in words that a platform may see, and
//! the answer is JSON.

use std::collections::BTreeMap;

use baohan_gateway::dialect::table::Direction;
use baohan_gateway::dialect::{Opened, Rejection};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::platforms::{self, APP_KEY, PLATFORMS, Platform, SECRET, choice};

const CONTENT_TYPES: [Option<&str>; 4] =
    [Some("application/json"), Some("application/x-www-form-urlencoded"), None, Some(";\u{7f}")];

pub fn run(input: &[u8]) {
    let [which, called, announced, body @ ..] = input else { return };
    let platform = &PLATFORMS[choice(*which, PLATFORMS.len())];
    let interfaces = platform.interfaces(Direction::In);
    let interface = interfaces.get(choice(*called, interfaces.len() + 1)).map(|interface| interface.path());
    let content_type = CONTENT_TYPES[choice(*announced, CONTENT_TYPES.len())];

    // What operators see of a message that was captured has no secret in it, be it a message or not.
    if let Some(explanation) = platform.profile.explain(content_type, body)
        && !contains(body, SECRET)
    {
        assert!(!format!("{explanation:?}").contains(SECRET));
    }
    match platform.profile.open(interface, content_type, body, platforms::now()) {
        Err(rejection) => check_refusal(platform, &rejection, body),
        Ok(opened) => {
            check_opened(&opened);
            check_digest(platform, &opened, body);
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The words of a refusal are short, in one line and without secrets, and its answer is JSON.
pub fn check_refusal(platform: &Platform, rejection: &Rejection, body: &[u8]) {
    let message = &rejection.message;
    assert!(!message.is_empty() && message.chars().count() < 200, "{message}");
    assert!(!message.contains(char::is_control), "{message:?}");
    for secret in [SECRET, APP_KEY] {
        assert!(!message.contains(secret) || contains(body, secret), "{message}");
    }
    let kind = rejection.kind.failure();
    let answer = platform.profile.failure(rejection.interface.as_deref(), kind, message);
    assert!(serde_json::from_slice::<Value>(&answer).is_ok_and(|answer| answer.is_object()));
}

pub fn check_opened(opened: &Opened) {
    assert!(!opened.interface.is_empty());
    assert!(opened.tolerances.len() < 16, "{:?}", opened.tolerances);
}

/// A digest of our own computing agrees. With a tolerance the two may differ, and a wrapper's digest is looked at in
/// another target.
fn check_digest(platform: &Platform, opened: &Opened, body: &[u8]) {
    if platform.table.wrapper.is_some() || !opened.tolerances.is_empty() {
        return;
    }
    let Ok(mut members) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(body) else { return };
    let given =
        members.remove(&platform.table.envelope.digest).expect("a push without a digest was accepted");
    let given: String = serde_json::from_str(given.get()).unwrap();
    assert_eq!(Some(given), platforms::digest(&members), "a digest that does not fit was accepted");
}
