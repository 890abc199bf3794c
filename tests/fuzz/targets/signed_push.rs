//! A push by somebody who has the platform's secret: platform, interface, then a message, which is signed, and where the
//! dialect has a wrapper encrypted, before it is sent. So it gets past the digest whatever is in it.
//!
//! What is opened does not depend on the order of members or on white space, and no longer opens under another digest.

use std::collections::BTreeMap;

use baohan_gateway::dialect::table::{Direction, Interface};
use baohan_gateway::dialect::{Opened, Rejection, RejectionKind, Request, SectionKey};
use serde_json::value::RawValue;

use super::push::{check_opened, check_refusal};
use crate::platforms::{self, PLATFORMS, Platform, SECTION_KEY, choice};

pub fn run(input: &[u8]) {
    let [which, called, message @ ..] = input else { return };
    let platform = &PLATFORMS[choice(*which, PLATFORMS.len())];
    let interfaces = platform.interfaces(Direction::In);
    let interface = interfaces[choice(*called, interfaces.len())];
    let Some(body) = body(platform, interface, message) else { return };
    match open(platform, interface, &body) {
        Err(rejection) => {
            check_refusal(platform, &rejection, body.as_bytes());
            let texts_only = serde_json::from_slice::<BTreeMap<String, String>>(message).is_ok();
            let refused_digest = matches!(rejection.kind, RejectionKind::BadDigest);
            assert!(!(refused_digest && texts_only), "a digest that fits was refused: {body}");
        }
        Ok(opened) => {
            check_opened(&opened);
            check_reordered(platform, interface, message, &opened);
            check_other_digest(platform, interface, &body);
            check_revelation(platform, &opened);
        }
    }
}

fn body(platform: &Platform, interface: &Interface, message: &[u8]) -> Option<String> {
    if platform.table.wrapper.is_none() {
        return platform.signed(std::str::from_utf8(message).ok()?);
    }
    Some(if interface.enveloped {
        platform.enveloped(interface, message)
    } else {
        platform.wrapped(interface, message)
    })
}

fn open(platform: &Platform, interface: &Interface, body: &str) -> Result<Opened, Rejection> {
    let path = platform.table.wrapper.is_none().then(|| interface.path());
    platform.profile.open(path, Some("application/json"), body.as_bytes(), platforms::now())
}

/// The same members from the last to the first, with white space between them, are the same push.
fn check_reordered(platform: &Platform, interface: &Interface, message: &[u8], opened: &Opened) {
    let Ok(members) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(message) else { return };
    let members: Vec<String> = members
        .iter()
        .rev()
        .map(|(name, value)| format!("\t{} : {} ", serde_json::to_string(name).unwrap(), value.get()))
        .collect();
    let message = format!(" {{{}}}\n", members.join(",\r\n"));
    let again =
        body(platform, interface, message.as_bytes()).and_then(|body| open(platform, interface, &body).ok());
    let again = again.expect("a message is refused when its members come in another order");
    assert_eq!(again.content, opened.content);
    assert_eq!(again.business_key, opened.business_key);
    assert_eq!(again.subject, opened.subject);
}

fn check_other_digest(platform: &Platform, interface: &Interface, body: &str) {
    if interface.enveloped {
        return;
    }
    let marker = format!("\"{}\":\"", platform.table.envelope.digest);
    let at = body.find(&marker).map(|at| at + marker.len()).unwrap();
    let other = if body[at..].starts_with('0') { "1" } else { "0" };
    let altered = format!("{}{other}{}", &body[..at], &body[at + 1..]);
    let rejection = open(platform, interface, &altered).expect_err("another digest opens the message too");
    assert!(matches!(rejection.kind, RejectionKind::BadDigest), "{rejection:?}");
}

/// A section either opens with the key to readable text, or does not open.
fn check_revelation(platform: &Platform, opened: &Opened) {
    let Request::Apply(application) = &opened.request else { return };
    let key = SectionKey::from_bytes(&SECTION_KEY).unwrap();
    if let Ok(revealed) = platform.profile.reveal_application(application, Some(&key)) {
        let encrypted = platform.table.interfaces.iter().any(|it| it.fields.iter().any(|field| field.cipher));
        let unreadable = revealed.number.is_empty() || revealed.number.contains(char::is_control);
        assert!(!(encrypted && unreadable), "{:?}", revealed.number);
    }
}
