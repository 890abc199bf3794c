//! Whether bytes are DER (X.690, 10 and 11) through and through, before anybody makes sense of them.
//!
//! One value has one encoding in DER. Where a reader takes others too, two readers may see two values in the same signed
//! bytes, and what was signed may be changed without its signature noticing. Types of texts and times are left alone: what
//! vendors write in them is read leniently, see [`ses`](crate::seal).

/// Deeper than any certificate or seal.
const DEEPEST: usize = 32;

/// More values than the longest list of a seal's signers has.
const MOST_VALUES: usize = 50_000;

/// Bytes of one INTEGER: a key of 8,192 bits, and the zero that makes it positive.
const LONGEST_INTEGER: usize = 1_025;

/// Bytes of one OBJECT IDENTIFIER.
const LONGEST_IDENTIFIER: usize = 64;

/// Where and why bytes are not DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not DER at byte {at}: {fault}")]
pub struct NotDer {
    pub at: usize,
    pub fault: DerFault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerFault {
    #[error("the value leads out of the one around it")]
    Truncated,
    #[error("bytes stand behind the value")]
    Trailing,
    #[error("a length must be definite and as short as it can be")]
    Length,
    #[error("the tag is not written as short as it can be, or of no type that occurs")]
    Tag,
    #[error("a SEQUENCE or SET must be constructed, and every other type primitive")]
    Construction,
    #[error("a BOOLEAN must be one byte, 00 or FF")]
    Boolean,
    #[error("an INTEGER must be as short as it can be, and of {LONGEST_INTEGER} bytes at most")]
    Integer,
    #[error("the unused bits of a BIT STRING must be less than eight, and zero")]
    BitString,
    #[error("a NULL must be empty")]
    Null,
    #[error("an OBJECT IDENTIFIER must be as short as it can be, and of {LONGEST_IDENTIFIER} bytes at most")]
    Identifier,
    #[error("the members of a SET must be in order")]
    Order,
    #[error("nested more than {DEEPEST} deep")]
    Depth,
    #[error("more than {MOST_VALUES} values")]
    Values,
}

/// Checks that the bytes are exactly one value in DER.
///
/// # Errors
/// Names the first place that is not.
pub fn check(bytes: &[u8]) -> Result<(), NotDer> {
    let mut walk = Walk { left: MOST_VALUES };
    let length = walk.value(bytes, 0, DEEPEST)?;
    if length < bytes.len() { Err(NotDer { at: length, fault: DerFault::Trailing }) } else { Ok(()) }
}

/// Whether values that stand one behind the other are in the order of a SET OF (X.690, 11.6). The values themselves have
/// been checked.
pub fn is_ordered(mut values: &[u8]) -> bool {
    let mut before: &[u8] = &[];
    while !values.is_empty() {
        let Ok(header) = Header::read(values) else { return false };
        let Some((value, rest)) = values.split_at_checked(header.length.saturating_add(header.content))
        else {
            return false;
        };
        // No encoding is the beginning of another, so that bytes compare as the standard has them padded.
        if before > value {
            return false;
        }
        (before, values) = (value, rest);
    }
    true
}

struct Walk {
    left: usize,
}

impl Walk {
    /// Checks the value at the beginning of the bytes, which stand at `at`, and returns its length.
    fn value(&mut self, bytes: &[u8], at: usize, depth: usize) -> Result<usize, NotDer> {
        let refuse = |fault| NotDer { at, fault };
        self.left = self.left.checked_sub(1).ok_or(refuse(DerFault::Values))?;
        let header = Header::read(bytes).map_err(refuse)?;
        let content = bytes.get(header.length..).and_then(|rest| rest.get(..header.content));
        let content = content.ok_or(refuse(DerFault::Truncated))?;
        header.check(content).map_err(refuse)?;
        if header.constructed {
            let depth = depth.checked_sub(1).ok_or(refuse(DerFault::Depth))?;
            let mut inside = 0;
            while let Some(rest) = content.get(inside..).filter(|rest| !rest.is_empty()) {
                inside += self.value(rest, at + header.length + inside, depth)?;
            }
            if header.is(SET) && !is_ordered(content) {
                return Err(refuse(DerFault::Order));
            }
        }
        Ok(header.length + header.content)
    }
}

/// Universal types (X.680, 8.4).
const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const NULL: u8 = 5;
const OBJECT_IDENTIFIER: u8 = 6;
const ENUMERATED: u8 = 10;
const SEQUENCE: u8 = 16;
const SET: u8 = 17;

/// Tag and length of a value.
struct Header {
    /// The universal type; `None` for tags of other classes.
    universal: Option<u8>,
    constructed: bool,
    /// Bytes of this header.
    length: usize,
    /// Bytes of what follows.
    content: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, DerFault> {
        let (first, rest) = bytes.split_first().ok_or(DerFault::Truncated)?;
        let (class, number) = (first >> 6, first & 0x1f);
        let tag = match number {
            // Numbers up to 30 fit the first byte; of larger ones, one more byte is enough for all that occur.
            0x1f => match rest.first().ok_or(DerFault::Truncated)? {
                31..=127 if class != 0 => 2,
                _ => return Err(DerFault::Tag),
            },
            0 if class == 0 => return Err(DerFault::Tag),
            _ => 1,
        };
        let lengths = bytes.get(tag..).unwrap_or_default();
        let (first_length, more) = lengths.split_first().ok_or(DerFault::Truncated)?;
        let (length, content) = match *first_length {
            short @ 0..0x80 => (1, usize::from(short)),
            0x80 => return Err(DerFault::Length),
            long => {
                let count = usize::from(long & 0x7f);
                if count > 4 {
                    return Err(DerFault::Length);
                }
                let digits = more.get(..count).ok_or(DerFault::Truncated)?;
                let content = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
                if content < 0x80 || digits.first() == Some(&0) {
                    return Err(DerFault::Length);
                }
                (1 + count, content)
            }
        };
        let universal = (class == 0).then_some(number);
        Ok(Self { universal, constructed: first & 0x20 != 0, length: tag + length, content })
    }

    fn is(&self, universal: u8) -> bool {
        self.universal == Some(universal)
    }

    fn check(&self, content: &[u8]) -> Result<(), DerFault> {
        let Some(universal) = self.universal else { return Ok(()) };
        if self.constructed != matches!(universal, SEQUENCE | SET) {
            return Err(DerFault::Construction);
        }
        let (sound, fault) = match universal {
            BOOLEAN => (matches!(content, [0 | 0xff]), DerFault::Boolean),
            INTEGER | ENUMERATED => (is_integer(content), DerFault::Integer),
            BIT_STRING => (is_bit_string(content), DerFault::BitString),
            NULL => (content.is_empty(), DerFault::Null),
            OBJECT_IDENTIFIER => (is_identifier(content), DerFault::Identifier),
            _ => (true, DerFault::Tag),
        };
        if sound { Ok(()) } else { Err(fault) }
    }
}

fn is_integer(content: &[u8]) -> bool {
    content.len() <= LONGEST_INTEGER
        && match content {
            [] => false,
            [0, second, ..] => *second >= 0x80,
            [0xff, second, ..] => *second < 0x80,
            _ => true,
        }
}

fn is_bit_string(content: &[u8]) -> bool {
    match content {
        [unused, .., last] => *unused < 8 && last.trailing_zeros() >= u32::from(*unused),
        [unused] => *unused == 0,
        [] => false,
    }
}

fn is_identifier(content: &[u8]) -> bool {
    let ends = content.last().is_some_and(|last| *last < 0x80);
    let mut begins = true;
    let shortest = content.iter().all(|byte| {
        let sound = !begins || *byte != 0x80;
        begins = *byte < 0x80;
        sound
    });
    content.len() <= LONGEST_IDENTIFIER && ends && shortest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> Option<DerFault> {
        check(bytes).err().map(|refusal| refusal.fault)
    }

    #[test]
    fn der_is_taken() {
        for der in [
            &b"\x30\x00"[..],
            b"\x05\x00",
            b"\x01\x01\xff",
            b"\x02\x01\x00",
            b"\x02\x02\x00\x80",
            b"\x02\x02\xff\x7f",
            b"\x03\x01\x00",
            b"\x03\x02\x07\x80",
            b"\x06\x03\x2a\x81\x1c",
            b"\xa0\x03\x02\x01\x05",
            b"\x80\x02\xff\xff",
            b"\x31\x06\x02\x01\x01\x02\x01\x02",
            b"\xbf\x1f\x02\x05\x00",
        ] {
            assert_eq!(check(der), Ok(()), "{der:02x?}");
        }
        assert_eq!(check(&[b"\x04\x82\x01\x00".as_slice(), &[7; 256]].concat()), Ok(()));
    }

    #[test]
    fn every_other_encoding_of_the_same_is_refused() {
        for (bytes, expected) in [
            // BER: an indefinite length, a long form of a short one, a leading zero.
            (&b"\x30\x80\x00\x00"[..], DerFault::Length),
            (b"\x30\x81\x00", DerFault::Length),
            (b"\x04\x82\x00\x81", DerFault::Length),
            (b"\x04\x85\x00\x00\x00\x00\x01x", DerFault::Length),
            (b"\x04\xff", DerFault::Length),
            // Tags: an end of contents, a number that fits the first byte, a universal type in the long form.
            (b"\x00\x00", DerFault::Tag),
            (b"\xbf\x1e\x00", DerFault::Tag),
            (b"\x1f\x10\x00", DerFault::Tag),
            (b"\xbf\x81\x00\x00", DerFault::Tag),
            // A text in pieces, and a sequence that claims to be one piece.
            (b"\x24\x03\x04\x01x", DerFault::Construction),
            (b"\x10\x00", DerFault::Construction),
            (b"\x01\x01\x01", DerFault::Boolean),
            (b"\x01\x02\xff\xff", DerFault::Boolean),
            (b"\x02\x00", DerFault::Integer),
            (b"\x02\x02\x00\x7f", DerFault::Integer),
            (b"\x02\x02\xff\x80", DerFault::Integer),
            (b"\x0a\x02\x00\x01", DerFault::Integer),
            (b"\x03\x00", DerFault::BitString),
            (b"\x03\x01\x01", DerFault::BitString),
            (b"\x03\x02\x08\x00", DerFault::BitString),
            (b"\x03\x02\x01\x01", DerFault::BitString),
            (b"\x05\x01\x00", DerFault::Null),
            (b"\x06\x00", DerFault::Identifier),
            (b"\x06\x02\x2a\x80", DerFault::Identifier),
            (b"\x06\x03\x2a\x80\x01", DerFault::Identifier),
            (b"\x31\x06\x02\x01\x02\x02\x01\x01", DerFault::Order),
            (b"\x30\x00\x00", DerFault::Trailing),
            (b"\x30\x02\x05", DerFault::Truncated),
            (b"\x30\x03\x04\x02x", DerFault::Truncated),
            (b"\x30", DerFault::Truncated),
            (b"", DerFault::Truncated),
        ] {
            assert_eq!(fault(bytes), Some(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn the_place_of_the_fault_is_told() {
        let refusal = check(b"\x30\x06\x05\x00\x02\x02\x00\x01").unwrap_err();
        assert_eq!(refusal, NotDer { at: 4, fault: DerFault::Integer });
    }

    #[test]
    fn towers_heaps_and_giants_are_refused() {
        let around = |inner: Vec<u8>| {
            let length = u32::try_from(inner.len()).unwrap().to_be_bytes();
            let header = match inner.len() {
                0..0x80 => vec![0x30, length[3]],
                0x80..0x100 => vec![0x30, 0x81, length[3]],
                0x100..0x1_0000 => vec![0x30, 0x82, length[2], length[3]],
                _ => vec![0x30, 0x83, length[1], length[2], length[3]],
            };
            [header, inner].concat()
        };
        let tower = |height| (0..height).fold(Vec::new(), |inner, _| around(inner));
        assert_eq!(check(&tower(DEEPEST)), Ok(()));
        assert_eq!(fault(&tower(DEEPEST + 1)), Some(DerFault::Depth));
        assert_eq!(fault(&tower(10_000)), Some(DerFault::Depth));

        assert_eq!(check(&around(b"\x05\x00".repeat(MOST_VALUES - 1))), Ok(()));
        assert_eq!(fault(&around(b"\x05\x00".repeat(MOST_VALUES))), Some(DerFault::Values));

        let giant = |tag: u8, length: usize| {
            let size = u16::try_from(length).unwrap().to_be_bytes();
            [&[tag, 0x82, size[0], size[1]], vec![0x11; length].as_slice()].concat()
        };
        assert_eq!(check(&giant(2, LONGEST_INTEGER)), Ok(()));
        assert_eq!(fault(&giant(2, LONGEST_INTEGER + 1)), Some(DerFault::Integer));
        let identifier = |length: u8| [&[6, length], vec![0x2a; usize::from(length)].as_slice()].concat();
        assert_eq!(check(&identifier(64)), Ok(()));
        assert_eq!(fault(&identifier(65)), Some(DerFault::Identifier));
    }
}
