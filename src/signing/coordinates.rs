//! The structures of GM/T 0018-2012 for elliptic curves, `ECCrefPublicKey` and `ECCSignature`, read from the bytes that a
//! library has written.

use super::{CoordinateBytes, SigningError};
use crate::crypto::sm2::{PublicKey, Signature};

/// Room for either structure in either layout, and behind it for what a library with another layout would write.
pub(super) const ROOM: usize = 256;

/// Numbers on the curve have 32 bytes, whatever the room for them.
const NUMBER: usize = 32;
/// `unsigned int bits`.
const BITS: usize = 4;

impl CoordinateBytes {
    /// `r[n]` and `s[n]`, both with zeros in front where n is longer than the number.
    pub(super) fn signature(self, structure: &[u8; ROOM]) -> Result<Signature, SigningError> {
        let numbers = self.pair(structure)?;
        Signature::from_bytes(&numbers)
            .map_err(|_| SigningError::Unusable("returned a signature with numbers out of range".to_owned()))
    }

    /// `unsigned int bits`, `x[n]`, `y[n]`.
    pub(super) fn public_key(self, structure: &[u8; ROOM]) -> Result<PublicKey, SigningError> {
        let (bits, point) = structure.split_at(BITS);
        let bits = bits.try_into().map(u32::from_ne_bytes).unwrap_or_default();
        if bits != 256 {
            return Err(SigningError::Unusable(format!("returned a public key of {bits} bits, not 256")));
        }
        let numbers = self.pair(point)?;
        PublicKey::from_bytes(&numbers).map_err(|_| {
            SigningError::Unusable("returned a public key that is no point of the SM2 curve".to_owned())
        })
    }

    fn pair(self, structure: &[u8]) -> Result<[u8; 2 * NUMBER], SigningError> {
        let length = self.get();
        let parts = || {
            let (first, rest) = structure.split_at_checked(length)?;
            let (second, behind) = rest.split_at_checked(length)?;
            let (first_pad, first) = first.split_last_chunk::<NUMBER>()?;
            let (second_pad, second) = second.split_last_chunk::<NUMBER>()?;
            let zeros = [first_pad, second_pad, behind].concat().iter().all(|byte| *byte == 0);
            zeros.then(|| [first.as_slice(), second].concat().try_into().ok())?
        };
        parts().ok_or_else(|| {
            let other = if length == NUMBER { 64 } else { NUMBER };
            SigningError::Unusable(format!(
                "its structures are not those of seal.device.coordinate_bytes = {length}; try {other}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sm2::PrivateKey;

    /// A structure as a library writes it.
    fn written(front: &[u8], numbers: &[u8], length: usize) -> [u8; ROOM] {
        let padded =
            numbers.chunks(NUMBER).flat_map(|number| [vec![0; length - NUMBER], number.to_vec()].concat());
        let mut structure = [0; ROOM];
        front.iter().copied().chain(padded).zip(&mut structure).for_each(|(from, to)| *to = from);
        structure
    }

    #[test]
    fn keys_and_signatures_are_read_in_both_layouts() {
        let key = PrivateKey::generate();
        let (point, signature) = (key.public_key(), key.sign(b"letter"));
        let (bits, numbers) = (256_u32.to_ne_bytes(), signature.to_bytes());
        for layout in [CoordinateBytes::SixtyFour, CoordinateBytes::ThirtyTwo] {
            let structure = written(&bits, &point.to_sec1()[1..], layout.get());
            assert_eq!(layout.public_key(&structure).unwrap(), point);
            assert!(layout.signature(&written(&[], &numbers, layout.get())).unwrap() == signature);
        }
    }

    #[test]
    fn the_other_layout_is_noticed_and_named() {
        let signature = PrivateKey::generate().sign(b"letter").to_bytes();
        let both = [(CoordinateBytes::SixtyFour, 32, "try 32"), (CoordinateBytes::ThirtyTwo, 64, "try 64")];
        for (layout, found, expected) in both {
            let said = layout.signature(&written(&[], &signature, found)).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        let said = CoordinateBytes::SixtyFour.public_key(&[1; ROOM]).unwrap_err().to_string();
        assert!(said.contains("16843009 bits"), "{said}");
        let nothing = CoordinateBytes::SixtyFour.signature(&[0; ROOM]).unwrap_err().to_string();
        assert!(nothing.contains("out of range"), "{nothing}");
    }
}
