//! Restoration keys and ciphertext fields, in each way that a table may agree on: the way, then lines with the key, the
//! IV and a field.

use std::sync::LazyLock;

use baohan_gateway::crypto::encoding::TextForm;
use baohan_gateway::crypto::sm4::{self, Mode, Padding};
use baohan_gateway::dialect::table::Direction;
use baohan_gateway::dialect::{Registry, Request, SectionKey};
use baohan_gateway::domain::application::Application;
use baohan_gateway::domain::section::Ciphertext;

use crate::platforms::{self, Platform, choice};

/// Options of the cipher, with the ways that a key may be wrapped in.
const WAYS: [&str; 8] = [
    "",
    "cipher.mode = 'cbc'\ncipher.iv = 'zero'",
    "cipher.mode = 'cbc'\ncipher.iv = 'prefix'\ncipher.text = 'hex'",
    "agreed_iv = 'BwcHBwcHBwcHBwcHBwcHBw=='\ncipher.mode = 'cbc'\ncipher.iv = 'agreed'\ncipher.text = 'auto'",
    "cipher.padding = 'zero'\ncipher.text = 'auto'",
    "cipher.padding = 'none'\ncipher.key_form = 'hex'",
    "agreed_key = 'BwcHBwcHBwcHBwcHBwcHBw=='\ncipher.key_form = 'sm4-wrapped'",
    "cipher.key_form = 'sm2-wrapped'\nprivate_key = '1111111111111111111111111111111111111111111111111111111111111111'",
];

static PLATFORMS: LazyLock<Vec<Platform>> = LazyLock::new(|| {
    let registry = Registry::built_in().unwrap();
    WAYS.iter().map(|way| Platform::with(registry.table("hainan-2024").unwrap(), way)).collect()
});

/// An application as the platform sends it.
static APPLICATION: LazyLock<Application> = LazyLock::new(|| {
    let sample: serde_json::Value =
        serde_json::from_str(include_str!("../../inputs/hainan/01-baohanapply.json")).unwrap();
    let mut message = sample.as_object().unwrap().clone();
    message.remove("sign");
    message.insert("appkey".to_owned(), platforms::ACCOUNT.into());
    let platform = &PLATFORMS[0];
    let body = platform.signed(&serde_json::Value::Object(message).to_string()).unwrap();
    let apply = platform.interfaces(Direction::In)[0].path().to_owned();
    let opened = platform.profile.open(Some(&apply), None, body.as_bytes(), platforms::now()).unwrap();
    let Request::Apply(application) = opened.request else { panic!("{apply} is no application") };
    application
});

pub fn run(input: &[u8]) {
    let [way, rest @ ..] = input else { return };
    let way = choice(*way, WAYS.len());
    let platform = &PLATFORMS[way];
    let text = String::from_utf8_lossy(rest);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (key, iv, field) = (line(), line(), line());

    let mut application = APPLICATION.clone();
    let Some(key) = platform.profile.read_section_key(key, iv) else { return };
    let kept = SectionKey::from_bytes(&key.to_bytes()).expect("a key that cannot be kept");
    assert_eq!(*kept.to_bytes(), *key.to_bytes());
    application.section.number = Ciphertext::new(field);
    application.section.name = Ciphertext::new(field);
    application.section.beneficiary = Ciphertext::new(field);
    application.section.beneficiary_code = None;
    if let Ok(revealed) = platform.profile.reveal_application(&application, Some(&key)) {
        for text in [&revealed.number, &revealed.name, &revealed.beneficiary] {
            assert!(!text.trim().is_empty() && !text.contains(char::is_control), "{text:?}");
        }
    }
    // In the usual way, what the platform encrypts under this key is what is read.
    if way == 0 && field.len() < 100 && !field.trim().is_empty() && !field.contains(char::is_control) {
        let bytes = key.to_bytes();
        let key_of_cipher = sm4::Key::from_slice(&bytes[..16]).unwrap();
        let sealed = sm4::encrypt(&key_of_cipher, Mode::Ecb, Padding::Pkcs7, field.as_bytes()).unwrap();
        let sealed = Ciphertext::new(TextForm::Base64.encode(&sealed));
        application.section.number = sealed.clone();
        application.section.name = sealed.clone();
        application.section.beneficiary = sealed;
        application.particulars = Default::default();
        let revealed = platform.profile.reveal_application(&application, Some(&key));
        let revealed = revealed.unwrap_or_else(|_| panic!("{field:?} does not come back"));
        assert_eq!((revealed.number.as_str(), revealed.name.as_str()), (field, field));
    }
}
