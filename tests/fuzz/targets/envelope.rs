//! Wrapped messages below their JSON: ciphertexts that somebody with the secret made of whatever he likes, and digital
//! envelopes, which anybody can make. The first byte says which part is free, the second which interface is called.

use baohan_gateway::crypto::encoding::TextForm;
use baohan_gateway::dialect::table::Direction;

use super::push::{check_opened, check_refusal};
use crate::platforms::{self, PLATFORMS, Platform, choice};

pub fn run(input: &[u8]) {
    let [part, called, rest @ ..] = input else { return };
    let platform = PLATFORMS.iter().find(|platform| platform.table.wrapper.is_some()).unwrap();
    let interfaces = platform.interfaces(Direction::In);
    let interface = interfaces[choice(*called, interfaces.len())];
    let text = String::from_utf8_lossy(rest);
    let body = match choice(*part, 5) {
        // The text of the ciphertext.
        0 => platform.request(interface, &text, &platform.wrapper_digest(&text)),
        // Its bytes.
        1 => {
            let data = TextForm::Base64.encode(rest);
            platform.request(interface, &data, &platform.wrapper_digest(&data))
        }
        // The key of an envelope and its data.
        2 => {
            let (sign, data) = text.split_once('\n').unwrap_or((&text, ""));
            platform.request(interface, data, sign)
        }
        // The same as bytes.
        3 => {
            let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (sign, data) = rest.split_at(at);
            platform.request(interface, &TextForm::Base64.encode(data), &TextForm::Base64.encode(sign))
        }
        // The wrapper's own members.
        _ => text.into_owned(),
    };
    open(platform, &body);
}

fn open(platform: &Platform, body: &str) {
    match platform.profile.open(None, Some("application/json"), body.as_bytes(), platforms::now()) {
        Ok(opened) => check_opened(&opened),
        Err(rejection) => check_refusal(platform, &rejection, body.as_bytes()),
    }
}
