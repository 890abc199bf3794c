//! What is fuzzed: each target is a function that takes any bytes, and panics where a promise is broken.

mod answer;
mod certificate;
mod envelope;
mod field_cipher;
mod identity_token;
mod keyring;
mod ofd;
mod pdf;
mod preview;
mod private_key;
mod push;
mod seal;
mod settings;
mod signed_push;
mod sm2;
mod sm4;
mod statement;

/// A target, under the name of its folder in `corpus`.
pub struct Target {
    pub name: &'static str,
    /// Longest input that is tried, in bytes.
    pub longest: usize,
    pub run: fn(&[u8]),
}

pub const ALL: &[Target] = &[
    Target { name: "push", longest: 4_096, run: push::run },
    Target { name: "signed_push", longest: 4_096, run: signed_push::run },
    Target { name: "envelope", longest: 4_096, run: envelope::run },
    Target { name: "field_cipher", longest: 1_024, run: field_cipher::run },
    Target { name: "answer", longest: 4_096, run: answer::run },
    Target { name: "sm2", longest: 1_024, run: sm2::run },
    Target { name: "sm4", longest: 1_024, run: sm4::run },
    Target { name: "keyring", longest: 1_024, run: keyring::run },
    Target { name: "certificate", longest: 4_096, run: certificate::run },
    Target { name: "private_key", longest: 4_096, run: private_key::run },
    Target { name: "identity_token", longest: 4_096, run: identity_token::run },
    Target { name: "seal", longest: 8_192, run: seal::run },
    Target { name: "ofd", longest: 16_384, run: ofd::run },
    Target { name: "pdf", longest: 16_384, run: pdf::run },
    Target { name: "preview", longest: 16_384, run: preview::run },
    Target { name: "settings", longest: 16_384, run: settings::run },
    Target { name: "statement", longest: 16_384, run: statement::run },
];

pub fn named(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
