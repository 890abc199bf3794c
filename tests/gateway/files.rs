//! The files of `tests/inputs`: what they are signed with, what is behind their ciphertext, and how they are made to fit
//! a guarantee.

use std::path::Path;

use baohan_gateway::cli::demo::cast::{Credentials, Role};
use baohan_gateway::crypto::second_opinion::{self, sm4_ecb_decrypt};
use baohan_gateway::sandbox::tender::Application;
use baohan_gateway::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

/// One file of a platform.
pub fn text(role: Role, name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs").join(role.id());
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn credential_if_any(role: Role, name: &str) -> Option<String> {
    let credentials: Value = serde_json::from_str(&text(role, "credentials.json")).unwrap();
    credentials[name].as_str().map(str::to_owned)
}

pub fn credential(role: Role, name: &str) -> String {
    credential_if_any(role, name).unwrap()
}

/// Those of the files, and fresh ones where these name none.
pub fn credentials(role: Role) -> Credentials {
    let mut credentials = Credentials::generate(role);
    credentials.appkey = credential(role, "appkey");
    credentials.appsecret = Secret::new(credential(role, "appsecret"));
    if let Some(appid) = credential_if_any(role, "appid") {
        credentials.appid = appid;
        credentials.institution = private_key(&credential(role, "institution_private_key_pem"));
        credentials.platform = private_key(&credential(role, "platform_private_key_pem"));
    }
    if let Some(key) = credential_if_any(role, "agreed_key_base64") {
        credentials.agreed_key = BASE64.decode(key).unwrap().try_into().unwrap();
    }
    credentials
}

/// The number in a PEM of PKCS#8.
pub fn private_key(pem: &str) -> [u8; 32] {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64.decode(body).unwrap()[36..68].try_into().unwrap()
}

/// The digest that the platforms for tenders agree on, by the second implementation of SM3. Numbers are digested as
/// they are printed.
pub fn digest(role: Role, fields: &Map<String, Value>) -> String {
    let printed = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut fields: Vec<(&str, String)> =
        fields.iter().map(|(name, value)| (name.as_str(), printed(value))).collect();
    fields.retain(|(name, value)| *name != "sign" && !value.is_empty());
    fields.sort_unstable();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = format!("{}&appsecret={}", pairs.join("&"), credential(role, "appsecret"));
    hex::encode(second_opinion::sm3(text.as_bytes()))
}

/// A file with the guarantee's number filled in: no byte differs but those of number and digest.
pub fn filled(role: Role, push: &str, number: &str) -> String {
    let push = push.replace("{{baohanno}}", number);
    let fields: Map<String, Value> = serde_json::from_str(&push).unwrap();
    push.replace(fields["sign"].as_str().unwrap(), &digest(role, &fields))
}

/// What an application for a tender says, read with the key that comes with the files, so that the platform knows what
/// it has sent.
pub fn application(role: Role, push: &str) -> Application {
    let fields: Value = serde_json::from_str(push).unwrap();
    let text = |name: &str| fields[name].as_str().unwrap().to_owned();
    let key = credential_if_any(role, "project_key_base64");
    let key = key.unwrap_or_else(|| credential(role, "agreed_key_base64"));
    let key = BASE64.decode(key).unwrap().try_into().unwrap();
    let plain = |name: &str| {
        let ciphertext = BASE64.decode(text(name)).unwrap();
        String::from_utf8(sm4_ecb_decrypt(&key, &ciphertext).unwrap()).unwrap()
    };
    // Some have no field for it.
    let contact = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
    Application {
        applyno: text("applyno"),
        biddername: text("biddername"),
        biddercode: text("biddercode"),
        jbrname: contact("jbrname"),
        jbrphone: contact("jbrphone"),
        section_number: plain("biaoduanno"),
        section_name: plain("biaoduanname"),
        bond: text("bzjamount"),
        beneficiary: plain("zbr"),
        beneficiary_code: Some(plain("zbrorgnum")),
        key,
    }
}
