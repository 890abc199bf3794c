//! One-time codes of authenticator apps (RFC 6238): HMAC-SHA-1, six digits, thirty seconds, because that is what all apps
//! know. Whoever accepts a code keeps its time step, so that it is accepted once.

use anyhow::Context;
use totp_rs::{Algorithm, Builder, Totp};

use crate::secret::Secret;

/// Clocks of telephones may be one step off, both ways.
const SKEW: u16 = 1;

/// The length of a step in seconds.
pub const STEP: u64 = 30;

/// What the codes of one device are made of. Debug prints nothing of it.
#[derive(Clone, Debug, zeroize::ZeroizeOnDrop)]
pub struct CodeSecret(Secret);

impl CodeSecret {
    /// 160 random bits, as RFC 4226 recommends.
    pub fn generate() -> Self {
        Self(Secret::new(totp_rs::Secret::generate().to_base32()))
    }

    /// # Errors
    /// When the text is not Base32 of 128 bits or more.
    pub fn parse(text: &Secret) -> anyhow::Result<Self> {
        let secret = Self(text.clone());
        secret.codes("-", "-").map(|_| secret)
    }

    /// In Base32, as people type it into an app.
    pub fn text(&self) -> &Secret {
        &self.0
    }

    /// The `otpauth` address that an app reads from a picture. `issuer` and `account` are what it shows.
    ///
    /// # Errors
    /// When one of the two holds a colon, which the form has no room for.
    pub fn address(&self, issuer: &str, account: &str) -> anyhow::Result<Secret> {
        let address = self.codes(issuer, account)?.to_url().map_err(anyhow::Error::msg)?;
        Ok(Secret::new(address))
    }

    /// The time step whose code this is, if it is one of now, of the step before or of the step after.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn step_of(&self, code: &str, seconds: u64) -> anyhow::Result<Option<u64>> {
        if code.len() != 6 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
            return Ok(None);
        }
        Ok(self.codes("-", "-")?.check(code, seconds))
    }

    /// The code of a moment, as a device makes it.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn code(&self, seconds: u64) -> anyhow::Result<Secret> {
        Ok(Secret::new(self.codes("-", "-")?.generate(seconds).to_string()))
    }

    fn codes(&self, issuer: &str, account: &str) -> anyhow::Result<Totp> {
        let secret = totp_rs::Secret::try_from_base32(self.0.expose()).map_err(anyhow::Error::msg);
        let codes = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(SKEW)
            .with_step_duration(STEP)
            .with_secret(secret.context("the secret of one-time codes")?)
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build();
        codes.map_err(anyhow::Error::msg).context("one-time codes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::openssl;

    /// `12345678901234567890`, the secret of RFC 6238, appendix B.
    fn of_the_rfc() -> CodeSecret {
        CodeSecret::parse(&Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap()
    }

    #[test]
    fn the_table_of_rfc_6238_comes_out() {
        // The last six of the eight digits that the table has for SHA-1.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(of_the_rfc().code(seconds).unwrap().expose(), code);
            assert_eq!(of_the_rfc().step_of(code, seconds).unwrap(), Some(seconds / STEP));
        }
    }

    #[test]
    fn the_openssl_program_computes_the_same_codes() {
        let secret = CodeSecret::generate();
        let key = totp_rs::Secret::try_from_base32(secret.text().expose()).unwrap();
        let key = format!("hexkey:{}", hex::encode(key.as_bytes()));
        for seconds in [0, 29, 30, 1_795_350_000] {
            let counter: u64 = seconds / STEP;
            let arguments = ["dgst", "-sha1", "-mac", "HMAC", "-macopt", &key, "-binary"];
            let digest = openssl::run(&arguments, &counter.to_be_bytes());
            let at = usize::from(digest[19] & 15);
            let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
            assert_eq!(secret.code(seconds).unwrap().expose(), format!("{:06}", number % 1_000_000));
        }
    }

    #[test]
    fn a_code_holds_for_its_step_and_the_ones_beside_it() {
        let (secret, code) = (of_the_rfc(), "050471");
        let step = |seconds| secret.step_of(code, seconds).unwrap();
        assert_eq!([step(1_111_111_080), step(1_111_111_169)], [Some(37_037_037); 2]);
        assert_eq!([step(1_111_111_079), step(1_111_111_170)], [None; 2]);
        for wrong in ["", "50471", "0504710", "o50471", "０50471", " 50471"] {
            assert_eq!(secret.step_of(wrong, 1_111_111_111).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_whose_codes_these_are() {
        let address = of_the_rfc().address("电子保函网关", "zhang.san").unwrap();
        let address = address.expose();
        assert!(address.starts_with("otpauth://totp/%E7%94%B5"), "{address}");
        assert!(address.contains(":zhang.san?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer="), "{address}");
        assert!(of_the_rfc().address("a:b", "c").is_err());
        assert!(CodeSecret::parse(&Secret::new("GEZDGNBV")).is_err());
        assert_eq!(format!("{:?}", of_the_rfc()), "CodeSecret(Secret)");
    }
}
