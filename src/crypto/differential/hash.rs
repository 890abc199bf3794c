//! SM3 and HMAC-SM3.

use super::Draw;
use crate::crypto::{openssl, second_opinion, sm3};

/// What `openssl dgst -r` says of each file, in their order.
fn digests(output: Vec<u8>) -> Vec<String> {
    let output = String::from_utf8(output).unwrap();
    output.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn sm3_of_every_length_up_to_300_is_the_same_by_three() {
    let mut draw = Draw::new();
    let mut messages: Vec<Vec<u8>> = (0..=300).map(|length| draw.bytes(length)).collect();
    for _ in 0..20 {
        let length = draw.below(20_000);
        messages.push(draw.bytes(length));
    }
    let files: Vec<String> =
        (0..).zip(&messages).map(|(index, it)| draw.file(&format!("{index}"), it)).collect();
    let mut arguments = vec!["dgst", "-sm3", "-r"];
    arguments.extend(files.iter().map(String::as_str));
    let theirs = digests(openssl::run(&arguments, b""));
    assert_eq!(theirs.len(), messages.len());
    for (message, theirs) in messages.iter().zip(theirs) {
        let ours = sm3::digest(message);
        assert_eq!(hex::encode(ours), theirs, "{} bytes", message.len());
        assert_eq!(ours, second_opinion::sm3(message), "{} bytes", message.len());
        let mut hasher = sm3::Hasher::new();
        let (first, second) = message.split_at(draw.below(message.len() + 1));
        hasher.update(first);
        hasher.update(second);
        assert_eq!(hasher.finish(), ours, "{} bytes in two pieces", message.len());
    }
}

#[test]
fn hmac_sm3_is_the_same_by_three_for_keys_around_the_block() {
    let mut draw = Draw::new();
    for length in [1, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1_000] {
        let (key, message) = (draw.bytes(length), draw.bytes(length % 97));
        let ours = sm3::hmac(&key, &message);
        assert_eq!(ours, second_opinion::hmac_sm3(&key, &message), "a key of {length} bytes");
        let key = format!("hexkey:{}", hex::encode(&key));
        let theirs = openssl::run(&["dgst", "-sm3", "-r", "-mac", "HMAC", "-macopt", &key], &message);
        assert_eq!(digests(theirs), [hex::encode(ours)], "a key of {length} bytes");
    }
    for _ in 0..300 {
        let (key, message) = (draw.below(200), draw.below(300));
        let (key, message) = (draw.bytes(key), draw.bytes(message));
        assert_eq!(sm3::hmac(&key, &message), second_opinion::hmac_sm3(&key, &message));
    }
}
