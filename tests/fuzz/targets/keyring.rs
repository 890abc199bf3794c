//! Files of master keys, and sealed values: bytes that nobody sealed never open, and a sealed value with any change to it does not either.

use std::hint::black_box;
use std::sync::LazyLock;

use baohan_gateway::crypto::keyring::{Context, Keyring, parse_masters};

const PLACE: Context<'static> = Context { table: "guarantees", row: "1", column: "secret" };

static KEYRING: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::from_master(&[0x33; 32]).with_former(&[0x44; 32]));

/// Seals nothing here: the fuzzer finds whatever is sealed before its eyes, and hands it in again.
static STRANGERS: LazyLock<Keyring> = LazyLock::new(|| Keyring::from_master(&[0x55; 32]));

pub fn run(input: &[u8]) {
    assert!(STRANGERS.open(&PLACE, input).is_err(), "what nobody sealed has opened");
    black_box(Keyring::id_of(input));
    if let Err(refusal) = parse_masters(input, "fuzzed") {
        let said = refusal.to_string();
        assert!(said.chars().count() < 200, "{said}");
    }

    // The first half is sealed; the second half is what is done to it.
    let (plain, change) = input.split_at(input.len() / 2);
    let sealed = KEYRING.seal(&PLACE, plain);
    assert_eq!(*KEYRING.open(&PLACE, &sealed).unwrap(), plain);
    let mut altered = sealed.clone();
    for edit in change.chunks(3) {
        match *edit {
            [0, high, low] => altered.truncate(usize::from(u16::from_be_bytes([high, low]))),
            [1, _, byte] => altered.push(byte),
            [_, at, bits] => {
                let length = altered.len();
                if let Some(byte) = altered.get_mut(usize::from(at) % length.max(1)) {
                    *byte ^= bits;
                }
            }
            _ => {}
        }
    }
    assert_eq!(KEYRING.open(&PLACE, &altered).is_ok(), altered == sealed, "a changed value has opened");
    let text = String::from_utf8_lossy(change);
    let elsewhere = Context { row: &text, ..PLACE };
    assert_eq!(KEYRING.open(&elsewhere, &sealed).is_ok(), elsewhere == PLACE, "a moved value has opened");
}
