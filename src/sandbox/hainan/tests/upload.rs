//! The institution's side of A.3 to A.5, made with libsm only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::super::super::letter::md5;
use super::super::super::testing::{Scene, number};
use super::super::Application;
use crate::crypto::second_opinion::{encrypt, encrypt_c1c2c3, sm4_cbc_encrypt};

impl Scene {
    /// Encrypts a letter, uploads it in slices of 700 bytes and completes; the answer to the completion.
    pub async fn upload(&self, application: &Application, filetype: &str, document: &[u8]) -> Value {
        let file = Encrypted::new(document);
        let base = self.options.wire.index_base;
        for (slice, index) in file.ciphertext.chunks(700).zip(base..) {
            let answer = self.slice(application, filetype, index, &BASE64.encode(slice)).await;
            assert_eq!(answer["code"], "1", "{answer}");
        }
        self.complete(application, filetype, &file).await
    }

    pub async fn slice(&self, application: &Application, filetype: &str, index: u64, text: &str) -> Value {
        let fields = [
            ("applyno", application.applyno.clone()),
            ("baohanno", number(application)),
            ("baohanfile", text.to_owned()),
            ("filetype", filetype.to_owned()),
            ("filesuffixtype", "ofd".to_owned()),
            ("index", index.to_string()),
        ];
        self.call("uploadbaohanfile", &fields).await
    }

    pub async fn complete(&self, application: &Application, filetype: &str, file: &Encrypted) -> Value {
        let public = self.public_key(application).await;
        self.call("baohanfilecompletenotice", &completion(application, filetype, file, &public)).await
    }

    pub async fn public_key(&self, application: &Application) -> Vec<u8> {
        let answer = self.call("downloadpublickey", &[("applyno", application.applyno.clone())]).await;
        hex::decode(answer["data"]["publickey"].as_str().unwrap()).unwrap()
    }
}

/// A file under a fresh key and IV.
pub struct Encrypted {
    pub key: [u8; 16],
    pub iv: [u8; 16],
    pub ciphertext: Vec<u8>,
    pub md5: String,
    pub old_order: bool,
}

impl Encrypted {
    pub fn new(document: &[u8]) -> Self {
        let (key, iv) = (rand::random(), rand::random());
        let ciphertext = sm4_cbc_encrypt(&key, &iv, document).unwrap();
        Self { key, iv, ciphertext, md5: md5(document), old_order: false }
    }

    fn wrapped(&self, public: &[u8], secret: &[u8]) -> String {
        let wrapped = if self.old_order { encrypt_c1c2c3(public, secret) } else { encrypt(public, secret) };
        BASE64.encode(wrapped.unwrap())
    }
}

pub fn completion(
    application: &Application,
    filetype: &str,
    file: &Encrypted,
    public: &[u8],
) -> Vec<(&'static str, String)> {
    vec![
        ("applyno", application.applyno.clone()),
        ("baohanno", number(application)),
        ("key", file.wrapped(public, &file.key)),
        ("iv", file.wrapped(public, &file.iv)),
        ("baohanfilemd5", file.md5.clone()),
        ("filetype", filetype.to_owned()),
        ("filesuffixtype", "ofd".to_owned()),
    ]
}
