//! SM4 in its modes, against the second implementation: mode, key, IV, then the data.

use baohan_gateway::crypto::second_opinion;
use baohan_gateway::crypto::sm4::{Iv, Key, Mode, Padding, apply_ctr, decrypt, encrypt};

use crate::platforms::choice;

pub fn run(input: &[u8]) {
    let [kind, rest @ ..] = input else { return };
    let Some((key, rest)) = rest.split_first_chunk::<16>() else { return };
    let Some((iv, data)) = rest.split_first_chunk::<16>() else { return };
    let (cipher, start) = (Key::from_bytes(*key), Iv::from_bytes(*iv));
    match choice(*kind, 3) {
        0 => {
            padded(&cipher, Mode::Ecb, data);
            let ours = encrypt(&cipher, Mode::Ecb, Padding::Pkcs7, data).unwrap();
            assert_eq!(second_opinion::sm4_ecb_encrypt(key, data).unwrap(), ours);
            let plain = decrypt(&cipher, Mode::Ecb, Padding::Pkcs7, data).ok().map(|plain| plain.to_vec());
            assert_eq!(second_opinion::sm4_ecb_decrypt(key, data).ok(), plain);
        }
        1 => {
            let mode = Mode::Cbc(start);
            padded(&cipher, mode, data);
            let ours = encrypt(&cipher, mode, Padding::Pkcs7, data).unwrap();
            assert_eq!(second_opinion::sm4_cbc_encrypt(key, iv, data).unwrap(), ours);
            let plain = decrypt(&cipher, mode, Padding::Pkcs7, data).ok().map(|plain| plain.to_vec());
            assert_eq!(second_opinion::sm4_cbc_decrypt(key, iv, data).ok(), plain);
        }
        _ => counter(&cipher, key, *iv, data),
    }
}

/// What is encrypted comes back, and each padding writes and takes whole blocks only.
fn padded(key: &Key, mode: Mode, data: &[u8]) {
    for padding in [Padding::Pkcs7, Padding::Zero, Padding::None] {
        let encrypted = encrypt(key, mode, padding, data);
        let whole = !data.is_empty() && data.len().is_multiple_of(16);
        let accepted = padding == Padding::Pkcs7 || whole || padding == Padding::Zero && !data.is_empty();
        assert_eq!(encrypted.is_ok(), accepted, "{padding:?}, {} bytes", data.len());
        let Ok(encrypted) = encrypted else { continue };
        assert!(encrypted.len().is_multiple_of(16));
        let back = decrypt(key, mode, padding, &encrypted).unwrap();
        let zeros = data.iter().rev().take_while(|byte| **byte == 0).count();
        let kept = if padding == Padding::Zero { &data[..data.len() - zeros] } else { data };
        assert_eq!(*back, kept, "{padding:?}");
    }
}

/// The counter mode is the block cipher of the counter, block by block, over all 128 bits.
fn counter(cipher: &Key, key: &[u8; 16], iv: [u8; 16], data: &[u8]) {
    let mut ours = data.to_vec();
    apply_ctr(cipher, &Iv::from_bytes(iv), &mut ours);
    let mut expected = Vec::new();
    let mut counter = u128::from_be_bytes(iv);
    for block in data.chunks(16) {
        let stream = second_opinion::sm4_ecb_encrypt(key, &counter.to_be_bytes()).unwrap();
        expected.extend(block.iter().zip(stream).map(|(left, right)| left ^ right));
        counter = counter.wrapping_add(1);
    }
    assert_eq!(ours, expected);
    apply_ctr(cipher, &Iv::from_bytes(iv), &mut ours);
    assert_eq!(ours, data);
}
