//! What can't be decrypted gets one answer, byte for byte, whatever it is that broke: who alters a message and sends it
//! again must not learn from the answers.

use std::collections::BTreeSet;

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::crypto::second_opinion::{KeyPair, encrypt, sm3, sm4_ecb_encrypt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::files::credential;
use crate::house::{House, on_both_databases};
use crate::pushes::{RESTORATION, altered, filled};

const KEY: [u8; 16] = [9; 16];

/// Where the parts of a ciphertext of SM2 begin: `04‖C1‖C3‖C2`.
const X: usize = 1;
const Y: usize = 33;
const C3: usize = 65;
const C2: usize = 97;

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// Ciphertexts of SM2, each broken in another way.
fn broken_by_sm2(sound: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let stranger = KeyPair::generate().unwrap();
    let with = |at: usize, part: &[u8]| [&sound[..at], part, &sound[at + part.len()..]].concat();
    vec![
        ("another key", encrypt(&stranger.public_sec1(), b"a message to somebody else").unwrap()),
        ("a point off the curve", flipped(sound, Y + 31)),
        ("a point of zeros", with(X, &[0; 64])),
        ("a coordinate beyond the field", with(X, &[0xff; 32])),
        ("a compressed point", with(0, &[2])),
        ("the digest inside", flipped(sound, C3)),
        ("the end of the digest inside", flipped(sound, C2 - 1)),
        ("the text", flipped(sound, C2)),
        ("the end of the text", flipped(sound, sound.len() - 1)),
        ("no text", sound[..C2].to_vec()),
        ("a byte too few", sound[..sound.len() - 1].to_vec()),
        ("a byte too many", [sound, &[0]].concat()),
        ("a point alone", sound[..C3].to_vec()),
        ("a byte", vec![4]),
        ("an empty ASN.1", vec![0x30, 0]),
        ("ASN.1 without an end", [&[0x30, 0x80], sound].concat()),
    ]
}

/// 内蒙古 9.3.2, over the request as it is now.
fn sign(request: &mut Value) {
    let of = |name: &str| request[name].as_str().unwrap().to_owned();
    let role = Role::Neimenggu;
    let (appkey, secret) = (credential(role, "appkey"), credential(role, "appsecret"));
    let signed = format!("{}&{}&{appkey}&{secret}", of("data"), of("reqtime"));
    request["sign"] = hex::encode(sm3(signed.as_bytes())).into();
}

/// A push of the platform's as it should be, as JSON.
fn sealed(house: &House<Actor>, transcode: &str, message: &[(&str, &str)]) -> Value {
    let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
    let message: Vec<_> =
        message.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    serde_json::from_slice(&platform.sealed_body(transcode, &message).unwrap()).unwrap()
}

/// Everything that a peer can tell answers apart by, but for the number of the request, in all of these cases.
async fn answers(
    house: &House<Actor>,
    transcode: &str,
    cases: impl IntoIterator<Item = (&'static str, Value)>,
) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for (what, request) in cases {
        let reply = house.post(transcode, request.to_string()).await;
        let record = house.record(&reply.request_id).await;
        assert_eq!(record.header.outcome, "undecryptable", "{what}: {}", reply.body);
        told.insert(format!("{} {} {}", reply.status, reply.content_type, reply.body));
    }
    told
}

on_both_databases! {
    async fn a_message_that_cannot_be_decrypted_gets_one_answer(database: Database) {
        let house = House::with(Role::Neimenggu, database, "").await;
        let sound = sealed(&house, "PREP101", &[("applicationId", "YFK2024111800001")]);
        let data = BASE64.decode(sound["data"].as_str().unwrap()).unwrap();
        let mut cases: Vec<(&str, Value)> = Vec::new();
        for (what, broken) in broken_by_sm2(&data) {
            let mut request = sound.clone();
            request["data"] = BASE64.encode(broken).into();
            cases.push((what, request));
        }
        for (what, text) in [("no Base64", "%%%%"), ("half of it", "BA"), ("digits", "0404")] {
            let mut request = sound.clone();
            request["data"] = text.into();
            cases.push((what, request));
        }
        cases.iter_mut().for_each(|(_, request)| sign(request));
        let count = cases.len();
        let told = answers(&house, "PREP101", cases).await;
        let expected = r#"200 application/json; charset=UTF-8 {"code":"102","message":"data 解密失败"}"#;
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [expected], "{count} cases");
    }

    async fn an_envelope_that_cannot_be_opened_gets_one_answer(database: Database) {
        let house = House::with(Role::Neimenggu, database, "").await;
        for (transcode, message) in [
            ("PREP103", vec![("applicationId", "YFK2024111800001")]),
            ("PREP104", vec![("guaranteeId", "BH1"), ("guaranteeData", "JVBERi0xLjc=")]),
        ] {
            let sound = sealed(&house, transcode, &message);
            let wrapped = BASE64.decode(sound["sign"].as_str().unwrap()).unwrap();
            let data = BASE64.decode(sound["data"].as_str().unwrap()).unwrap();
            let institution = KeyPair::from_private_bytes(&house.credentials.institution).unwrap().public_sec1();
            let wrap = |material: &[u8]| encrypt(&institution, material).unwrap();
            let mut cases: Vec<(&str, Value)> = Vec::new();
            let mut add = |what, key: &[u8], data: &[u8]| {
                let mut request = sound.clone();
                request["sign"] = BASE64.encode(key).into();
                request["data"] = BASE64.encode(data).into();
                cases.push((what, request));
            };
            for (what, broken) in broken_by_sm2(&wrapped) {
                // What is no longer than a digest is one, and wrong.
                if broken.len() > 32 {
                    add(what, &broken, &data);
                }
            }
            add("a key of 15 bytes", &wrap(&[9; 15]), &data);
            add("a key of 17 bytes", &wrap(&[9; 17]), &data);
            add("another key of the cipher", &wrap(&KEY), &data);
            add("half a block", &wrapped, &data[..data.len() - 8]);
            add("a block too few", &wrapped, &data[..data.len() - 16]);
            add("a byte", &wrapped, &data[..1]);
            let mut padding = data.clone();
            padding.truncate(data.len() - 16);
            padding.extend_from_slice(&data[..16]);
            add("another last block", &wrapped, &padding);
            for plain in [&b"no JSON"[..], b"[]", b"\xff\xfe\xfd", b"{\"a\":\"1\",\"a\":\"2\"}", b"{"] {
                add("no message", &wrap(&KEY), &sm4_ecb_encrypt(&KEY, plain).unwrap());
            }
            let count = cases.len();
            let told = answers(&house, transcode, cases).await;
            let expected = r#"200 application/json; charset=UTF-8 {"code":"102","message":"data 解密失败"}"#;
            assert_eq!(told.into_iter().collect::<Vec<_>>(), [expected], "{transcode}: {count} cases");
        }
    }

    async fn a_key_that_opens_nothing_gets_one_answer(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        let number = house.number(&applyno).await;
        let mut told = BTreeSet::new();
        let keys = (0..16).map(|at| flipped(&KEY, at));
        for key in keys.chain([vec![0; 16], vec![0xff; 16], b"0123456789abcdef".to_vec()]) {
            let changes = [("applyno", applyno.as_str()), ("key", &BASE64.encode(key))];
            let push = filled(&altered(RESTORATION, &changes), &number);
            let reply = house.post("baohanrestore", push).await;
            assert_eq!(house.record(&reply.request_id).await.header.outcome, "refused");
            told.insert(format!("{} {} {}", reply.status, reply.content_type, reply.body));
        }
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
