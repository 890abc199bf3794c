//! Chapter 9: the seven members of a request, the digest, SM2 around the whole message, and the digital envelope.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;

use super::fields::{self, Table};
use super::options::{FilePushes, Reqtime, SandboxOptions};
use super::refusal::{Code, Refusal};
use crate::crypto::second_opinion::{KeyPair, Objection, encrypt, sm3, sm4_ecb_decrypt, sm4_ecb_encrypt};
use crate::sandbox::message::{Message, Outgoing};

const VERSION: &str = "v1.0";
/// 9.2.1, with the lengths of the table; `reqtime` has its own check.
const MEMBERS: &[(&str, Option<usize>)] = &[
    ("transcode", Some(20)),
    ("msgcode", Some(32)),
    ("appid", Some(32)),
    ("reqtime", None),
    ("version", Some(10)),
    ("data", None),
    ("sign", Some(64)),
];

/// 9.3.2: SM3 of the four values with `&` between them, as 64 lower-case hexadecimal digits.
pub fn digest(data: &str, reqtime: &str, appkey: &str, appsecret: &str) -> String {
    hex::encode(sm3(format!("{data}&{reqtime}&{appkey}&{appsecret}").as_bytes()))
}

/// Whether a transaction uses the digital envelope (10.3, 10.4).
pub fn is_enveloped(transcode: &str) -> bool {
    matches!(transcode, "PREP103" | "PREP104")
}

/// The body of a push around a message: encrypted to the institution, with a fresh `msgcode`.
///
/// # Errors
/// When the institution's public key is none.
pub fn compose(
    options: &SandboxOptions,
    transcode: &str,
    message: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, Objection> {
    let reqtime = options.reqtime.print(now);
    let institution = &options.institution_key;
    let (data, sign) = if is_enveloped(transcode) && options.file_pushes == FilePushes::DigitalEnvelope {
        let key: [u8; 16] = rand::random();
        (BASE64.encode(sm4_ecb_encrypt(&key, message)?), BASE64.encode(encrypt(institution, &key)?))
    } else {
        let data = BASE64.encode(encrypt(institution, message)?);
        let sign = digest(&data, &reqtime, &options.appkey, &options.appsecret);
        (data, sign)
    };
    let msgcode = uuid::Builder::from_random_bytes(rand::random()).into_uuid().simple().to_string();
    let members = [
        ("transcode", transcode),
        ("msgcode", &msgcode),
        ("appid", &options.appid),
        ("reqtime", &reqtime),
        ("version", VERSION),
        ("data", &data),
        ("sign", &sign),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(serde_json::to_vec(&Outgoing { fields: &members, numbers: &[] }).unwrap_or_default())
}

/// A request that is what it says it is, decrypted; its fields have not been looked at.
#[derive(Debug)]
pub struct Opened {
    pub table: &'static Table,
    pub message: Message,
    /// SM3 of the decrypted message, hexadecimal: what tells a repetition from another content.
    pub content: String,
}

/// Opens a request of the institution. `path` is the transaction code at the end of the URL, if it had one.
///
/// # Errors
/// 103 for members that are missing or malformed, 101 for a digest or an `appid` that is wrong, 102 for data that the
/// platform's private key does not open.
pub fn open(
    options: &SandboxOptions,
    keys: &KeyPair,
    path: Option<&str>,
    body: &[u8],
) -> Result<Opened, Refusal> {
    let envelope = Message::parse(body).map_err(|reason| Refusal::parameters(reason.0))?;
    check_members(&envelope)?;
    let transcode = envelope.text("transcode");
    if path.is_some_and(|path| path != transcode) {
        return Err(Refusal::parameters("transcode与请求地址不一致"));
    }
    let table =
        fields::received(transcode).ok_or_else(|| Refusal::parameters(format!("交易码{transcode}不存在")))?;
    if envelope.text("appid") != options.appid {
        return Err(Refusal::new(Code::Signature, "appid不存在"));
    }
    let reqtime = envelope.text("reqtime");
    check_moment(options, reqtime)?;
    let data = envelope.text("data");
    if digest(data, reqtime, &options.appkey, &options.appsecret) != envelope.text("sign") {
        return Err(Refusal::new(Code::Signature, "sign与报文不符"));
    }
    let unreadable = |detail: &str| Refusal::new(Code::Decryption, detail);
    let ciphertext = BASE64.decode(data).map_err(|_| unreadable("data不是合法的Base64"))?;
    let plain = keys.decrypt_c1c3c2(&ciphertext).map_err(|_| unreadable("data无法用平台私钥解密"))?;
    let message = Message::parse(&plain).map_err(|reason| Refusal::parameters(reason.0))?;
    Ok(Opened { table, message, content: hex::encode(sm3(&plain)) })
}

fn check_members(envelope: &Message) -> Result<(), Refusal> {
    for (name, longest) in MEMBERS {
        let Some(value) = envelope.get(name) else {
            return Err(Refusal::parameters(format!("{name}不能为空（9.2.1）")));
        };
        if longest.is_some_and(|longest| value.chars().count() > longest) {
            return Err(Refusal::parameters(format!("{name}长度超出（9.2.1）")));
        }
    }
    if let Some((name, _)) =
        envelope.fields().find(|(name, _)| !MEMBERS.iter().any(|(known, _)| known == name))
    {
        return Err(Refusal::parameters(format!("未定义的参数{name}（9.2.1）")));
    }
    let msgcode = envelope.text("msgcode");
    if msgcode.len() != 32 || !msgcode.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::parameters("msgcode应为32位UUID（9.2.1）"));
    }
    if envelope.text("version") != VERSION {
        return Err(Refusal::parameters(format!("version应为{VERSION}（9.2.1）")));
    }
    Ok(())
}

/// The form of the table's length and example is always taken, and the form that the platform itself prints.
fn check_moment(options: &SandboxOptions, reqtime: &str) -> Result<(), Refusal> {
    let sent = Reqtime::Digits.read(reqtime).or_else(|| options.reqtime.read(reqtime));
    let sent = sent.ok_or_else(|| Refusal::parameters("reqtime格式应为yyyyMMddHHmmss（9.2.1）"))?;
    if options.clock.now().duration_since(sent).unsigned_abs() > options.timestamp_window {
        return Err(Refusal::parameters("reqtime与平台时间相差过大"));
    }
    Ok(())
}

/// Decrypts what an answer brings. With a `sign` it is a digital envelope, without one SM2 over the whole.
///
/// # Errors
/// Which part could not be read.
pub fn open_answer(keys: &KeyPair, data: &str, sign: Option<&str>) -> Result<Vec<u8>, String> {
    let decode =
        |name: &str, text: &str| BASE64.decode(text).map_err(|_| format!("应答的{name}不是合法的Base64"));
    let ciphertext = decode("data", data)?;
    let Some(sign) = sign else {
        return keys.decrypt_c1c3c2(&ciphertext).map_err(|_| "应答的data无法用平台私钥解密".to_owned());
    };
    let key =
        keys.decrypt_c1c3c2(&decode("sign", sign)?).map_err(|_| "应答的sign无法用平台私钥解密".to_owned())?;
    let key: [u8; 16] = key.try_into().map_err(|_| "应答的对称密钥不是16字节".to_owned())?;
    sm4_ecb_decrypt(&key, &ciphertext).map_err(|_| "应答的data无法用数字信封中的密钥解密".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_covers_the_four_values_and_nothing_else() {
        assert_eq!(
            digest("QUJDRA==", "20240101090000", "DEMOKEY", "DEMOSECRET"),
            "3c21c1ec8c116356c10841f36ce037e4e29dce1241cdaeb7b3352861290516f7"
        );
    }
}
