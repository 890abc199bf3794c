//! What a platform answers to us: platform, interface, then the body. An answer may be anything; what is kept of it is
//! short and has no control characters, and what says no is never read as a yes.

use std::collections::BTreeMap;

use baohan_gateway::dialect::Verdict;
use baohan_gateway::dialect::table::Direction;
use serde_json::value::RawValue;

use crate::platforms::{PLATFORMS, choice};

pub fn run(input: &[u8]) {
    let [which, called, body @ ..] = input else { return };
    let platform = &PLATFORMS[choice(*which, PLATFORMS.len())];
    let interfaces = platform.interfaces(Direction::Out);
    let name = interfaces.get(choice(*called, interfaces.len() + 1)).map_or("", |it| it.name.as_str());
    let answer = platform.profile.read_answer(name, body);

    assert!(answer.message.chars().count() <= 200);
    assert!(!answer.message.contains(char::is_control), "{:?}", answer.message);
    assert!(answer.public_key.as_ref().is_none_or(|key| !key.is_empty()));
    if answer.verdict == Verdict::Accepted {
        let read = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(body);
        assert!(read.is_ok(), "what is no JSON object was read as a yes");
    }
    if answer.verdict == Verdict::Unreadable {
        assert_eq!(answer.public_key, None);
    }
    assert_eq!(platform.profile.read_answer(name, body), answer);
}
