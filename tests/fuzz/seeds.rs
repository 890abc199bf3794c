//! What the fuzzer begins with: a few sound inputs of each target, in the forms that the targets read.

use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::crypto::encoding::TextForm;
use baohan_gateway::crypto::second_opinion;
use baohan_gateway::crypto::sm2::{Form, Layout, Order, PrivateKey};
use baohan_gateway::crypto::sm4::{self, Mode, Padding};
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::dialect::table::{Direction, Field, Interface};
use baohan_gateway::settings::DEFAULT;
use serde_json::{Map, Value, json};

use crate::material::{SEALED, SIGNED, WORKBOOK};
use crate::packages::unpacked;
use crate::platforms::{ACCOUNT, PLATFORMS, Platform, SECTION_KEY};
use crate::speaker::formed;

const SEAL: &[u8] = include_bytes!("material/seal.esl");
const ANCHORS: &str = include_str!("material/anchors.pem");
const TABLE: &str = include_str!("../../src/dialect/tables/zhangzhou-2.3.toml");

pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "push" => pushes(),
        "signed_push" => signed_pushes(),
        "envelope" => envelopes(),
        "field_cipher" => fields(),
        "answer" => answers(),
        "sm2" => sm2(),
        "sm4" => (0..3).map(|mode| [&[b'0' + mode], [0x41; 72].as_slice()].concat()).collect(),
        "keyring" => {
            vec![b"plain text and what is done to it: \x05\x10\x01".to_vec(), b"1\x00\x00\x10".to_vec()]
        }
        "certificate" => certificates(),
        "private_key" => private_keys(),
        "identity_token" => identity_tokens(),
        "seal" => seals(),
        "ofd" => files(SEALED, 1),
        "pdf" => pdfs(),
        "preview" => [files(SEALED, 1), vec![begun(b'2', b"\x00\x20\x01")]].concat(),
        "settings" => settings(),
        "statement" => statements(),
        _ => Vec::new(),
    }
}

/// The choices of a target, as it reads them, and the rest of an input.
fn begun(choice: u8, rest: &[u8]) -> Vec<u8> {
    [&[choice], rest].concat()
}

fn message(platform: &Platform, interface: &Interface) -> String {
    let value = |field: &Field| {
        let plain = formed(field, &platform.table.timestamp.format).unwrap_or_else(|| "甲".to_owned());
        if !field.cipher {
            return plain;
        }
        let key = sm4::Key::from_bytes(SECTION_KEY);
        TextForm::Base64.encode(&sm4::encrypt(&key, Mode::Ecb, Padding::Pkcs7, plain.as_bytes()).unwrap())
    };
    let fields = interface.fields.iter().filter(|field| field.is != Some(Meaning::Digest));
    let members: Map<String, Value> =
        fields.map(|field| (field.name.clone(), Value::from(value(field)))).collect();
    Value::Object(members).to_string()
}

fn each_interface(mut seed: impl FnMut(&Platform, &Interface, [u8; 2]) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (platform, which) in PLATFORMS.iter().zip(b'0'..) {
        for (interface, called) in platform.interfaces(Direction::In).into_iter().zip(b'a'..) {
            seeds.push(seed(platform, interface, [which, called]));
        }
    }
    seeds
}

fn sent(platform: &Platform, interface: &Interface) -> String {
    let message = message(platform, interface);
    match (platform.table.wrapper.is_some(), interface.enveloped) {
        (false, _) => platform.signed(&message).unwrap(),
        (true, false) => platform.wrapped(interface, message.as_bytes()),
        (true, true) => platform.enveloped(interface, message.as_bytes()),
    }
}

fn pushes() -> Vec<Vec<u8>> {
    let mut seeds = each_interface(|platform, interface, choices| {
        [&choices, b"0".as_slice(), sent(platform, interface).as_bytes()].concat()
    });
    let form = format!("0a1x=1&requestData={}", "%7B%22appkey%22%3A%22account-01%22%7D");
    seeds.push(form.into_bytes());
    seeds
}

fn signed_pushes() -> Vec<Vec<u8>> {
    each_interface(|platform, interface, choices| {
        [&choices, message(platform, interface).as_bytes()].concat()
    })
}

fn envelopes() -> Vec<Vec<u8>> {
    let wrapped = PLATFORMS.iter().find(|platform| platform.table.wrapper.is_some()).unwrap();
    let mut seeds = Vec::new();
    for (interface, called) in wrapped.interfaces(Direction::In).into_iter().zip(b'a'..) {
        let request: Value = serde_json::from_str(&sent(wrapped, interface)).unwrap();
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let (data, sign) = (text("data"), text("sign"));
        let bytes = baohan_gateway::crypto::encoding::decode_any(&data).unwrap();
        let key = baohan_gateway::crypto::encoding::decode_any(&sign).unwrap();
        seeds.push([&[b'0', called], data.as_bytes()].concat());
        seeds.push([&[b'1', called], bytes.as_slice()].concat());
        seeds.push([&[b'2', called], format!("{sign}\n{data}").as_bytes()].concat());
        seeds.push([&[b'3', called], key.as_slice(), b"\n", &bytes].concat());
        seeds.push([&[b'4', called], request.to_string().as_bytes()].concat());
    }
    seeds
}

fn fields() -> Vec<Vec<u8>> {
    let key = TextForm::Base64.encode(&SECTION_KEY);
    let sealed = |mode| {
        let key = sm4::Key::from_bytes(SECTION_KEY);
        sm4::encrypt(&key, mode, Padding::Pkcs7, "标段一".as_bytes()).unwrap()
    };
    let ecb = TextForm::Base64.encode(&sealed(Mode::Ecb));
    let cbc = TextForm::Hex.encode(&[[0; 16].as_slice(), &sealed(Mode::Cbc([0; 16].into()))].concat());
    let mut seeds: Vec<Vec<u8>> = (0..8)
        .flat_map(|way| [&ecb, &cbc].map(|field| format!("{way}{key}\n{key}\n{field}").into_bytes()))
        .collect();
    seeds.push("0BwcHBwcHBwcHBwcHBwcHBw==\n\n第一标段".into());
    let wrapped = PrivateKey::from_bytes(&[0x11; 32]).unwrap().public_key();
    let wrapped = wrapped.encrypt(&SECTION_KEY, Layout::default()).unwrap();
    seeds.push(format!("7{}\n\n{ecb}", TextForm::Base64.encode(&wrapped)).into_bytes());
    seeds
}

fn answers() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (platform, which) in PLATFORMS.iter().zip(b'0'..) {
        let reply = &platform.table.reply;
        for (interface, called) in platform.interfaces(Direction::Out).into_iter().zip(b'a'..) {
            let mut data = Map::new();
            for row in &interface.answer {
                data.insert(row.name.clone(), "x".into());
            }
            let mut answer = Map::new();
            answer.insert(reply.code.clone(), reply.success.clone().into());
            answer.insert(reply.message.clone(), "成功".into());
            let list = interface.answer.iter().find_map(|row| row.within.as_deref()?.split_once('.'));
            let data = match list {
                Some((_, list)) => json!({ list.trim_end_matches("[]"): [data] }),
                None => Value::Object(data),
            };
            answer.insert(reply.data.clone(), data);
            seeds.push([&[which, called], Value::Object(answer).to_string().as_bytes()].concat());
        }
    }
    seeds.push(b"0a<html>502</html>".to_vec());
    seeds
}

fn sm2() -> Vec<Vec<u8>> {
    let key = PrivateKey::from_bytes(&[0x11; 32]).unwrap();
    let (public, message) = (key.public_key(), b"message of the fuzzer");
    let signature = key.sign(message);
    let mut seeds = vec![
        begun(b'0', &signature.to_der()),
        begun(b'1', &[&signature.to_bytes(), message.as_slice()].concat()),
        begun(b'2', &public.to_sec1()),
        begun(b'2', &[&[2], &public.to_sec1()[1..33]].concat()),
        begun(b'2', &public.to_spki_der()),
        begun(b'4', &[[0x11; 32].as_slice(), message].concat()),
        begun(b'5', message),
        begun(b'6', public.to_pem().as_bytes()),
        begun(b'6', hex::encode(public.to_sec1()).as_bytes()),
        begun(b'3', &second_opinion::encrypt_c1c2c3(&public.to_sec1(), message).unwrap()),
    ];
    for order in [Order::C1C3C2, Order::C1C2C3] {
        for form in [Form::Prefixed, Form::Bare, Form::Asn1] {
            seeds.push(begun(b'3', &public.encrypt(message, Layout { order, form }).unwrap()));
        }
    }
    seeds
}

fn certificates() -> Vec<Vec<u8>> {
    let all = Certificate::all_from_pem(ANCHORS).unwrap();
    let mut seeds = vec![begun(b'1', ANCHORS.as_bytes()), begun(b'2', ANCHORS.as_bytes())];
    for certificate in all {
        seeds.push(begun(b'0', certificate.der()));
        seeds.push(begun(b'2', TextForm::Base64.encode(certificate.der()).as_bytes()));
    }
    seeds
}

fn private_keys() -> Vec<Vec<u8>> {
    let pem = PrivateKey::from_bytes(&[0x11; 32]).unwrap().to_pem();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = baohan_gateway::crypto::encoding::decode_any(&body).unwrap();
    let p256 = baohan_gateway::crypto::international::PrivateKey::generate_p256().unwrap().to_pem().unwrap();
    vec![
        begun(b'0', pem.as_bytes()),
        begun(b'0', body.as_bytes()),
        begun(b'0', &b"11".repeat(32)),
        begun(b'1', &der),
        begun(b'2', p256.as_bytes()),
        begun(b'3', include_bytes!("material/key.p12")),
    ]
}

fn identity_tokens() -> Vec<Vec<u8>> {
    let part =
        |value: Value| TextForm::Base64.encode(value.to_string().as_bytes()).replace(['=', '+', '/'], "");
    let claims = json!({
        "iss": "https://id.example.com", "sub": "4711", "aud": "baohan", "nonce": "n-1",
        "exp": 1_717_377_660, "iat": 1_717_377_300,
    });
    let keys = r#"{"keys": [{"kty": "RSA", "kid": "k-1", "n": "AQAB", "e": "AQAB"}, {"kty": "oct", "k": "c2VjcmV0"}]}"#;
    let token =
        |header: Value| format!("{}.{}.AAAA\n{keys}", part(header), part(claims.clone())).into_bytes();
    ["none", "HS256", "RS256", "ES256"]
        .into_iter()
        .map(|algorithm| token(json!({ "alg": algorithm, "kid": "k-1", "typ": "JWT" })))
        .collect()
}

fn seals() -> Vec<Vec<u8>> {
    let package = unpacked(SEALED);
    let value = package.files().find(|(path, _)| path.ends_with("SignedValue.dat"));
    let mut seeds = vec![SEAL.to_vec()];
    seeds.extend(value.map(|(_, bytes)| bytes.to_vec()));
    seeds
}

/// The package as it is, each of its files replaced by itself, and a bit flipped in each.
fn files(zipped: &[u8], form: u8) -> Vec<Vec<u8>> {
    let package = unpacked(zipped);
    let mut seeds = vec![begun(b'0', zipped)];
    for ((_, content), which) in package.files().zip(0_u8..) {
        seeds.push([&[b'0' + form, which, 1], content].concat());
        seeds.push(vec![b'0' + form, which, 0, 0, 9, 1]);
    }
    seeds
}

fn pdfs() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = SIGNED.iter().zip(b'0'..).map(|(pdf, which)| begun(which, pdf)).collect();
    seeds.extend((b'3'..b'6').map(|which| vec![which, 0, 0x90, 1]));
    let update = b"\n10 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\nxref\n0 0\ntrailer\n<< /Size 11 /Root 10 0 R /Prev 9 >>\nstartxref\n0\n%%EOF";
    seeds.extend((b'6'..b'9').map(|which| begun(which, update)));
    seeds
}

fn settings() -> Vec<Vec<u8>> {
    let platform = format!(
        "dialect = 'hainan-2024'\ntitle = 'x'\nappkey = '{ACCOUNT}'\nappsecret = 'x'\n\
         base_url = 'https://platform.example/'\n[cipher]\nmode = 'cbc'\niv = 'zero'\n[digest]\nempties = 'keep'\n"
    );
    let mut seeds = vec![
        begun(b'0', TABLE.as_bytes()),
        begun(b'0', TABLE.replace("zhangzhou-2.3", "another").as_bytes()),
        begun(b'1', platform.as_bytes()),
        begun(b'2', b"[timestamp]\nwindow_minutes = 10\noutside = 'refuse'\n"),
        begun(b'3', b"[server]\nlisten = '127.0.0.1:1'\n[institution]\nname = 'x'\n"),
    ];
    // The manual of every key, section by section.
    for section in DEFAULT.split("\n[").skip(1) {
        let lines = section.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let text: Vec<&str> = lines.collect();
        seeds.push(begun(b'3', format!("[{}\n", text.join("\n")).as_bytes()));
    }
    seeds
}

fn statements() -> Vec<Vec<u8>> {
    let csv =
        "保函编号,业务流水号,保函金额,保费,状态,出函日期\nBH1,TB1,\"800,000.00\",3200.00,已出函,2024-06-03\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(csv);
    [vec![begun(b'0', csv.as_bytes()), begun(b'0', &gbk)], files(WORKBOOK, 1)].concat()
}
