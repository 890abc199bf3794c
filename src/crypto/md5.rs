//! MD5, for the one reason that platforms ask for it as the digest of a file. It protects nothing.

use md5::{Digest, Md5};

/// MD5 of `data`.
pub fn digest(data: &[u8]) -> [u8; 16] {
    #[cfg(test)]
    super::effort::note(|done| done.hashed += data.len());
    Md5::digest(data).into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_examples_of_rfc_1321_come_out() {
        assert_eq!(hex::encode(super::digest(b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex::encode(super::digest(b"message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
