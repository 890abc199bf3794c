//! SM4 in its modes, its paddings, and what each refuses to decrypt.

use super::Draw;
use crate::crypto::sm4::{Iv, Key, Mode, Padding, apply_ctr, decrypt, encrypt};
use crate::crypto::{openssl, second_opinion};

/// Vectors at the edges of what a counter counts, and a random one.
fn vectors(draw: &mut Draw) -> [[u8; 16]; 5] {
    let mut carry = [0xff; 16];
    carry[15] = 0xfe;
    let low = [[0; 8], [0xff; 8]].concat().try_into().unwrap();
    [[0; 16], [0xff; 16], carry, low, draw.array()]
}

const LENGTHS: [usize; 8] = [0, 1, 15, 16, 17, 32, 63, 257];

/// The program on SM4 in a mode.
fn program(
    mode: &str,
    key: &[u8; 16],
    iv: &[u8; 16],
    more: &[&str],
    input: &[u8],
) -> Result<Vec<u8>, String> {
    let (key, iv) = (hex::encode(key), hex::encode(iv));
    let mut arguments = vec!["enc", mode, "-K", &key];
    if mode != "-sm4-ecb" {
        arguments.extend(["-iv", &iv]);
    }
    arguments.extend(more);
    openssl::try_run(&arguments, input)
}

#[test]
fn sm4_with_pkcs7_is_the_same_by_three_both_ways() {
    let mut draw = Draw::new();
    for (iv, length) in vectors(&mut draw).into_iter().cycle().zip(LENGTHS) {
        let (key, plain) = (draw.array::<16>(), draw.bytes(length));
        let ours = Key::from_bytes(key);
        let ecb = encrypt(&ours, Mode::Ecb, Padding::Pkcs7, &plain).unwrap();
        assert_eq!(Ok(&ecb), program("-sm4-ecb", &key, &iv, &[], &plain).as_ref());
        assert_eq!(Ok(&ecb), second_opinion::sm4_ecb_encrypt(&key, &plain).as_ref());
        assert_eq!(Ok(&plain), program("-sm4-ecb", &key, &iv, &["-d"], &ecb).as_ref());
        assert_eq!(Ok(&plain), second_opinion::sm4_ecb_decrypt(&key, &ecb).as_ref());
        assert_eq!(*decrypt(&ours, Mode::Ecb, Padding::Pkcs7, &ecb).unwrap(), plain);

        let mode = Mode::Cbc(iv.into());
        let cbc = encrypt(&ours, mode, Padding::Pkcs7, &plain).unwrap();
        assert_eq!(Ok(&cbc), program("-sm4-cbc", &key, &iv, &[], &plain).as_ref());
        assert_eq!(Ok(&cbc), second_opinion::sm4_cbc_encrypt(&key, &iv, &plain).as_ref());
        assert_eq!(Ok(&plain), program("-sm4-cbc", &key, &iv, &["-d"], &cbc).as_ref());
        assert_eq!(Ok(&plain), second_opinion::sm4_cbc_decrypt(&key, &iv, &cbc).as_ref());
        assert_eq!(*decrypt(&ours, mode, Padding::Pkcs7, &cbc).unwrap(), plain);
    }
}

#[test]
fn sm4_without_padding_and_with_zeros_is_what_the_program_makes_of_whole_blocks() {
    let mut draw = Draw::new();
    for length in [1, 16, 33, 64] {
        let (key, iv, plain) = (draw.array::<16>(), draw.array::<16>(), draw.bytes(length));
        let mut whole = plain.clone();
        whole.resize(length.next_multiple_of(16), 0);
        for (name, mode) in [("-sm4-ecb", Mode::Ecb), ("-sm4-cbc", Mode::Cbc(iv.into()))] {
            let ours = Key::from_bytes(key);
            let theirs = program(name, &key, &iv, &["-nopad"], &whole).unwrap();
            assert_eq!(encrypt(&ours, mode, Padding::Zero, &plain).unwrap(), theirs, "{name}, {length}");
            assert_eq!(encrypt(&ours, mode, Padding::None, &whole).unwrap(), theirs, "{name}, {length}");
            assert_eq!(program(name, &key, &iv, &["-nopad", "-d"], &theirs).unwrap(), whole);
            assert_eq!(*decrypt(&ours, mode, Padding::None, &theirs).unwrap(), whole);
        }
    }
}

#[test]
fn the_counter_carries_over_all_128_bits_by_three() {
    let mut draw = Draw::new();
    for iv in vectors(&mut draw) {
        let (key, plain) = (draw.array::<16>(), draw.bytes(100));
        let mut ours = plain.clone();
        apply_ctr(&Key::from_bytes(key), &Iv::from_bytes(iv), &mut ours);
        assert_eq!(Ok(&ours), program("-sm4-ctr", &key, &iv, &[], &plain).as_ref(), "{iv:02x?}");
        let counters = (0..7).map(|block| u128::from_be_bytes(iv).wrapping_add(block).to_be_bytes());
        let stream: Vec<u8> = counters
            .flat_map(|counter| second_opinion::sm4_ecb_encrypt(&key, &counter).unwrap()[..16].to_vec())
            .collect();
        let expected: Vec<u8> = plain.iter().zip(stream).map(|(left, right)| left ^ right).collect();
        assert_eq!(ours, expected, "{iv:02x?}");
    }
}

#[test]
fn what_one_refuses_to_decrypt_all_three_refuse() {
    let mut draw = Draw::new();
    let (key, iv) = (draw.array::<16>(), draw.array::<16>());
    let ours = Key::from_bytes(key);
    let mut inputs: Vec<Vec<u8>> = [0, 1, 15, 17, 31].map(|length| draw.bytes(length)).into();
    // Every padding that one wrong byte can spoil, and random blocks, one in 256 of which is padded.
    for pad in 1..=16_u8 {
        let mut block = draw.array::<16>();
        let kept = 16 - usize::from(pad);
        block[kept..].fill(pad);
        let wrong = kept + draw.below(usize::from(pad));
        for spoil in [0, 0x40] {
            block[wrong] ^= spoil;
            inputs.push(second_opinion::sm4_ecb_encrypt(&key, &block).unwrap()[..16].to_vec());
        }
    }
    inputs.extend((0..8).map(|_| draw.bytes(32)));
    let mut refused = 0;
    for input in inputs {
        let first = decrypt(&ours, Mode::Ecb, Padding::Pkcs7, &input).ok().map(|plain| plain.to_vec());
        assert_eq!(second_opinion::sm4_ecb_decrypt(&key, &input).ok(), first, "{input:02x?}");
        // The program decrypts nothing to nothing; that is no message of anybody's.
        if !input.is_empty() {
            assert_eq!(program("-sm4-ecb", &key, &iv, &["-d"], &input).ok(), first, "{input:02x?}");
        }
        let chained = decrypt(&ours, Mode::Cbc(iv.into()), Padding::Pkcs7, &input).ok();
        let chained = chained.map(|plain| plain.to_vec());
        assert_eq!(second_opinion::sm4_cbc_decrypt(&key, &iv, &input).ok(), chained, "{input:02x?}");
        refused += usize::from(first.is_none());
    }
    assert!(refused >= 20, "{refused} were refused");
}
