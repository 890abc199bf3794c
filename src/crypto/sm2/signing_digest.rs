//! What an SM2 signature is computed over: `e = SM3(ZA ‖ M)`.

use super::{PublicKey, USER_ID};
use crate::crypto::sm3::Hasher;

/// The curve as `ZA` names it: `a`, `b`, and the base point's `x` and `y`, two halves each (GB/T 32918.5-2017).
const CURVE: [u128; 8] = [
    0xffff_fffe_ffff_ffff_ffff_ffff_ffff_ffff,
    0xffff_ffff_0000_0000_ffff_ffff_ffff_fffc,
    0x28e9_fa9e_9d9f_5e34_4d5a_9e4b_cf65_09a7,
    0xf397_89f5_15ab_8f92_ddbc_bd41_4d94_0e93,
    0x32c4_ae2c_1f19_8119_5f99_0446_6a39_c994,
    0x8fe3_0bbf_f266_0be1_715a_4589_334c_74c7,
    0xbc37_36a2_f4f6_779c_59bd_cee3_6b69_2153,
    0xd0a9_877c_c62a_4740_02df_32e5_2139_f0a0,
];

/// The length of the user id in bits, 16 bytes of eight.
const USER_ID_BITS: u16 = 128;

impl PublicKey {
    /// The digest that a signature by this key over a message is computed from, with the user id `1234567812345678`
    /// (GB/T 32918.2-2016, 5.5 and 6.1). Who signs elsewhere needs these 32 bytes, and learns nothing of the message.
    pub fn signing_digest(&self, message: &[u8]) -> [u8; 32] {
        let mut identity = Hasher::new();
        identity.update(&USER_ID_BITS.to_be_bytes());
        identity.update(USER_ID.as_bytes());
        CURVE.iter().for_each(|half| identity.update(&half.to_be_bytes()));
        // The point without the `04` in front.
        identity.update(self.to_sec1().split_at(1).1);

        let mut digest = Hasher::new();
        digest.update(&identity.finish());
        digest.update(message);
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::second_opinion::KeyPair;
    use crate::crypto::sm2::{PrivateKey, Signature};

    #[test]
    fn the_digest_of_the_standards_example_comes_out() {
        // GM/T 0003.5-2012, example of a signature.
        let key = PublicKey::from_text(
            "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
             ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
        );
        assert_eq!(
            hex::encode(key.unwrap().signing_digest(b"message digest")),
            "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
        );
    }

    #[test]
    fn a_signature_over_the_digest_is_one_over_the_message_whichever_implementation_made_it() {
        let key = PrivateKey::generate();
        let digest = key.public_key().signing_digest(b"letter");
        let ours = key.sign_digest(&digest);
        assert_eq!(key.public_key().verify(b"letter", &ours), Ok(()));
        assert_eq!(key.public_key().verify_digest(&digest, &ours), Ok(()));
        assert!(key.public_key().verify_digest(&key.public_key().signing_digest(b"other"), &ours).is_err());

        let theirs = KeyPair::generate().unwrap();
        let public = PublicKey::from_sec1(&theirs.public_sec1()).unwrap();
        let signature = theirs.sign_digest(&public.signing_digest(b"letter")).unwrap();
        let signature = Signature::from_der(&signature).unwrap();
        assert_eq!(public.verify(b"letter", &signature), Ok(()));
    }
}
