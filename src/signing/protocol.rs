//! What a signing service is asked and answers, as `deploy/SIGNING.md` describes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SigningError;
use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::Signature;

/// The one algorithm there is: SM2 over the curve of GB/T 32918.5.
const ALGORITHM: &str = "SM2";
/// How the digest was made; the service only computes what follows.
const DIGEST_OF: &str = "SM3(ZA||M)";
/// A service's own words are repeated up to so many characters.
const LONGEST_COMPLAINT: usize = 200;

#[derive(Serialize)]
struct SignatureRequest<'a> {
    request_id: &'a str,
    algorithm: &'static str,
    digest: String,
    digest_of: &'static str,
}

#[derive(Deserialize)]
struct SignatureAnswer {
    form: Form,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009-2012, 7.3).
    Der,
    /// `r‖s`, 64 bytes.
    Raw,
}

#[derive(Deserialize)]
struct KeyAnswer {
    algorithm: String,
    certificate: String,
}

#[derive(Deserialize)]
struct Complaint {
    error: String,
}

/// The body that asks for a signature. Every attempt at the same signature bears the same id.
pub(super) fn request(id: Uuid, digest: &[u8; 32]) -> serde_json::Result<Vec<u8>> {
    let digest = BASE64.encode(digest);
    let id = id.to_string();
    serde_json::to_vec(&SignatureRequest {
        request_id: &id,
        algorithm: ALGORITHM,
        digest,
        digest_of: DIGEST_OF,
    })
}

pub(super) fn signature(body: &[u8]) -> Result<Signature, SigningError> {
    let answer: SignatureAnswer = read(body)?;
    let unusable =
        |expected: &str| SigningError::Unusable(format!("the answer's `signature`: expected {expected}"));
    let bytes = BASE64.decode(&answer.signature).map_err(|_| unusable("Base64"))?;
    match answer.form {
        Form::Der => Signature::from_der(&bytes).map_err(|_| unusable("DER of two numbers")),
        Form::Raw => {
            let raw = bytes.as_slice().try_into().map_err(|_| unusable("64 bytes"))?;
            Signature::from_bytes(raw).map_err(|_| unusable("two numbers below the order of the curve"))
        }
    }
}

pub(super) fn certificate(body: &[u8]) -> Result<Certificate, SigningError> {
    let answer: KeyAnswer = read(body)?;
    let unusable = |problem: String| SigningError::Unusable(format!("the answer about the key: {problem}"));
    if answer.algorithm != ALGORITHM {
        return Err(unusable(format!(
            "expected the algorithm `{ALGORITHM}`, found `{:.20}`",
            answer.algorithm
        )));
    }
    Certificate::from_pem(&answer.certificate).map_err(|error| unusable(error.to_string()))
}

/// A page of HTML, for instance, is told by what was missing, and never repeated.
fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, SigningError> {
    serde_json::from_slice(body)
        .map_err(|error| SigningError::Unusable(format!("the answer is not of this protocol: {error}")))
}

/// What the service says about a refusal, where it says it as it should, on one line and not at length.
pub(super) fn complaint(body: &[u8]) -> Option<String> {
    let Complaint { error } = serde_json::from_slice(body).ok()?;
    let plain = error.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    Some(plain.take(LONGEST_COMPLAINT).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::crypto::sm2::PrivateKey;
    use crate::seal::testing::WORLD;

    fn bytes(value: &Value) -> Vec<u8> {
        serde_json::to_vec(value).unwrap()
    }

    #[test]
    fn a_request_says_the_digest_and_nothing_else() {
        let body: Value = serde_json::from_slice(&request(Uuid::nil(), &[7; 32]).unwrap()).unwrap();
        let expected = json!({
            "request_id": "00000000-0000-0000-0000-000000000000",
            "algorithm": "SM2",
            "digest": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
            "digest_of": "SM3(ZA||M)",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn the_protocol_is_described_as_it_is_spoken() {
        let page = include_str!("../../deploy/SIGNING.md");
        let examples: Vec<Value> = page
            .split("```json\n")
            .skip(1)
            .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
            .collect();
        let [key, asked, signed] = &examples[..] else { panic!("{} examples", examples.len()) };
        let pem = WORLD.insurer.certificate.to_pem();
        let key = key.to_string().replace(&key["certificate"].to_string(), &json!(pem).to_string());
        assert_eq!(certificate(key.as_bytes()).unwrap(), WORLD.insurer.certificate);
        // The digest of GM/T 0003.5-2012, example of a signature.
        let digest = hex::decode("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640").unwrap();
        let id: Uuid = asked["request_id"].as_str().unwrap().parse().unwrap();
        let ours = request(id, digest.as_slice().try_into().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&ours).unwrap(), *asked);
        // The example's signature is cut short.
        let said = signature(&bytes(signed)).unwrap_err().to_string();
        assert!(said.contains("expected Base64"), "{said}");
    }

    #[test]
    fn a_signature_is_read_in_both_forms_and_refused_in_any_other() {
        let signed = PrivateKey::generate().sign(b"letter");
        let (der, raw) = (BASE64.encode(signed.to_der()), BASE64.encode(signed.to_bytes()));
        let read = |form: &str, text: &str| signature(&bytes(&json!({ "form": form, "signature": text })));
        assert!(read("der", &der).unwrap() == signed && read("raw", &raw).unwrap() == signed);
        let zeros = BASE64.encode([0; 64]);
        for (form, text, expected) in [
            ("raw", der.as_str(), "64 bytes"),
            ("der", &raw, "DER of two numbers"),
            ("raw", &zeros, "two numbers"),
            ("raw", "-", "Base64"),
            ("pkcs7", &raw, "not of this protocol"),
        ] {
            let said = read(form, text).unwrap_err().to_string();
            assert!(said.contains(expected), "{form}: {said}");
        }
        let page = signature(b"<html>secret").unwrap_err().to_string();
        assert!(page.contains("not of this protocol") && !page.contains("secret"), "{page}");
    }

    #[test]
    fn a_key_of_another_algorithm_is_refused() {
        let pem = WORLD.insurer.certificate.to_pem();
        let read = |algorithm: &str, pem: &str| {
            certificate(&bytes(&json!({ "algorithm": algorithm, "certificate": pem, "key": "seal" })))
        };
        assert_eq!(read("SM2", &pem).unwrap(), WORLD.insurer.certificate);
        assert!(read("RSA", &pem).unwrap_err().to_string().contains("found `RSA`"));
        assert!(read("SM2", "none").unwrap_err().to_string().contains("no block `CERTIFICATE`"));
    }

    #[test]
    fn a_complaint_is_repeated_on_one_line_and_not_at_length() {
        assert_eq!(complaint(br#"{"error":"key is\nlocked"}"#).as_deref(), Some("key is locked"));
        let long = bytes(&json!({ "error": "x".repeat(10_000) }));
        assert_eq!(complaint(&long).unwrap().len(), LONGEST_COMPLAINT);
        assert_eq!(complaint(b"<html>"), None);
    }
}
