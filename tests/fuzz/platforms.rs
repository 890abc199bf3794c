//! One platform of each built-in dialect, with secrets that never change, and how its side signs and encrypts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use baohan_gateway::clock;
use baohan_gateway::crypto::encoding::TextForm;
use baohan_gateway::crypto::sm2::{Layout, PrivateKey};
use baohan_gateway::crypto::{sm3, sm4};
use baohan_gateway::dialect::options::KeySource;
use baohan_gateway::dialect::table::{Direction, Interface};
use baohan_gateway::dialect::{Profile, Registry, Table};
use baohan_gateway::domain::identity::PlatformId;
use jiff::Timestamp;
use serde_json::value::RawValue;

pub const SECRET: &str = "a-secret-of-the-fuzzer";
pub const ACCOUNT: &str = "account-01";
/// Of the digest, where messages name an account and not the appkey.
pub const APP_KEY: &str = "appkey-01";
pub const SECTION_KEY: [u8; 16] = [7; 16];
const INSTITUTION: [u8; 32] = [0x11; 32];
const THEIRS: [u8; 32] = [0x22; 32];

pub struct Platform {
    pub table: Table,
    pub profile: Profile,
    pub institution: PrivateKey,
}

/// In the order of their ids: what the first byte of an input chooses from.
pub static PLATFORMS: LazyLock<Vec<Platform>> = LazyLock::new(|| {
    let mut all: Vec<Platform> = Registry::built_in().unwrap().tables().map(Platform::of).collect();
    all.sort_by(|one, other| one.table.id.cmp(&other.table.id));
    all
});

/// When every message is opened.
pub fn now() -> Timestamp {
    clock::from_wire("2024-06-03 09:16:00").unwrap()
}

/// A letter or a digit of an input as a choice among `count`.
pub fn choice(byte: u8, count: usize) -> usize {
    let number = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'z' => byte - b'a',
        other => other,
    };
    usize::from(number) % count.max(1)
}

impl Platform {
    fn of(table: &Table) -> Self {
        Self::with(table, "")
    }

    /// With more settings; sections stand at their end.
    pub fn with(table: &Table, extra: &str) -> Self {
        let institution = PrivateKey::from_bytes(&INSTITUTION).unwrap();
        let mut options = format!(
            "dialect = '{}'\ntitle = 'x'\nappsecret = '{SECRET}'\nbase_url = 'https://platform.example/'\n",
            table.id
        );
        let answers = table.interfaces.iter().flat_map(|interface| &interface.answer);
        if answers.into_iter().any(|row| row.on_success) {
            options.push_str("redirect_url = 'https://insurer.example/pay?id={application}'\n");
        }
        if table.cipher.key_source == KeySource::Agreed {
            options.push_str(&format!("agreed_key = '{}'\n", TextForm::Base64.encode(&SECTION_KEY)));
        }
        if table.wrapper.is_some() {
            let theirs = PrivateKey::from_bytes(&THEIRS).unwrap().public_key().to_pem();
            options.push_str(&format!("appid = '{ACCOUNT}'\nappkey = '{APP_KEY}'\n"));
            options.push_str(&format!(
                "private_key = '''{}'''\npublic_key = '''{theirs}'''\n",
                *institution.to_pem()
            ));
        } else {
            options.push_str(&format!("appkey = '{ACCOUNT}'\n"));
        }
        options.push_str(extra);
        let options = toml::from_str(&options).unwrap();
        let profile = Profile::new(PlatformId::new("test"), table, &options).unwrap();
        Self { table: table.clone(), profile, institution }
    }

    /// The interfaces that the platform calls, or those that we call.
    pub fn interfaces(&self, direction: Direction) -> Vec<&Interface> {
        self.table.interfaces.iter().filter(|interface| interface.direction == direction).collect()
    }

    /// The message with a digest in front of its members that fits them; `None` for what is no object, and for one that
    /// has a digest already.
    pub fn signed(&self, message: &str) -> Option<String> {
        let carrier = &self.table.envelope.digest;
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(message).ok()?;
        if members.contains_key(carrier) {
            return None;
        }
        let digest = digest(&members)?;
        let rest = message.trim_start().strip_prefix('{')?;
        let comma = if members.is_empty() { "" } else { "," };
        Some(format!("{{\"{carrier}\":\"{digest}\"{comma}{rest}"))
    }

    /// The message encrypted to the institution, in a wrapper whose digest fits.
    pub fn wrapped(&self, interface: &Interface, message: &[u8]) -> String {
        let data = TextForm::Base64.encode(&self.encrypted(message));
        self.request(interface, &data, &self.wrapper_digest(&data))
    }

    /// The message in a digital envelope.
    pub fn enveloped(&self, interface: &Interface, message: &[u8]) -> String {
        let key = sm4::Key::from_bytes(SECTION_KEY);
        let data = sm4::encrypt(&key, sm4::Mode::Ecb, sm4::Padding::Pkcs7, message).unwrap();
        let sign = TextForm::Base64.encode(&self.encrypted(key.expose()));
        self.request(interface, &TextForm::Base64.encode(&data), &sign)
    }

    /// SM2 encrypts no empty text; one space stands for it.
    fn encrypted(&self, bytes: &[u8]) -> Vec<u8> {
        let bytes = if bytes.is_empty() { b" " } else { bytes };
        self.institution.public_key().encrypt(bytes, Layout::default()).unwrap()
    }

    /// 内蒙古 9.3.2, which is the only wrapper there is.
    pub fn wrapper_digest(&self, data: &str) -> String {
        hex::encode(sm3::digest(format!("{data}&20240603091500&{APP_KEY}&{SECRET}").as_bytes()))
    }

    pub fn request(&self, interface: &Interface, data: &str, sign: &str) -> String {
        serde_json::json!({
            "transcode": interface.name, "msgcode": "adfd95a4b3634b58b0cf3b8c67b18a29", "appid": ACCOUNT,
            "reqtime": "20240603091500", "version": "v1.0", "data": data, "sign": sign,
        })
        .to_string()
    }
}

/// The digest of the four dialects without a wrapper (海南 5.3.3 and the like): of the members as they were written,
/// those that are empty left out.
pub fn digest(members: &BTreeMap<String, Box<RawValue>>) -> Option<String> {
    let mut text = String::new();
    for (name, value) in members {
        let raw = value.get();
        let shown = match raw.as_bytes().first()? {
            b'"' => serde_json::from_str(raw).ok()?,
            b'n' => String::new(),
            _ => raw.to_owned(),
        };
        if !shown.is_empty() {
            text.push_str(&format!("{name}={shown}&"));
        }
    }
    // An object without anything to sign begins with the separator.
    let text = if text.is_empty() { "&" } else { &text };
    Some(hex::encode(sm3::digest(format!("{text}appsecret={SECRET}").as_bytes())))
}
