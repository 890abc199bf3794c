//! The layouts in which SM2 ciphertexts travel, and the way from each to the standard's.
//!
//! A ciphertext has three parts: C1, a point of the curve; C2, as long as the plaintext; C3, a digest of 32 bytes.
//! Libraries differ in the order of C2 and C3, in whether the point begins with its `04`, and some write ASN.1.

use std::fmt;

use der::asn1::{AnyRef, UintRef};
use der::{Decode, Encode, Sequence, Tag};
use serde::{Deserialize, Serialize};

const POINT: usize = 64;
const DIGEST: usize = 32;
const UNCOMPRESSED: u8 = 4;

/// How an SM2 ciphertext is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layout {
    pub order: Order,
    pub form: Form,
}

/// Which of C2 and C3 comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// GB/T 32918.4-2016.
    #[default]
    #[serde(rename = "c1c3c2", alias = "c1-c3-c2")]
    C1C3C2,
    /// The older order, still the default of Bouncy Castle and hutool.
    #[serde(rename = "c1c2c3", alias = "c1-c2-c3")]
    C1C2C3,
}

/// How the parts are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The point begins with `04`, as in the standard.
    #[default]
    Prefixed,
    /// The point is 64 bytes without the `04`.
    Bare,
    /// `SEQUENCE { x INTEGER, y INTEGER, C3 OCTET STRING, C2 OCTET STRING }` (GM/T 0009-2012, 7.2).
    Asn1,
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::C1C3C2 => "C1C3C2",
            Order::C1C2C3 => "C1C2C3",
        };
        let form = match self.form {
            Form::Prefixed => "with 04",
            Form::Bare => "without 04",
            Form::Asn1 => "in ASN.1",
        };
        write!(formatter, "{order} {form}")
    }
}

impl Layout {
    /// Every layout, in the order in which a ciphertext of unknown layout is tried. The first bytes `30` and `04` may
    /// belong to a bare point too, so that each match is only a candidate; C3 decides.
    pub(super) const ALL: [Self; 6] = [
        Self { order: Order::C1C3C2, form: Form::Asn1 },
        Self { order: Order::C1C2C3, form: Form::Asn1 },
        Self { order: Order::C1C3C2, form: Form::Prefixed },
        Self { order: Order::C1C2C3, form: Form::Prefixed },
        Self { order: Order::C1C3C2, form: Form::Bare },
        Self { order: Order::C1C2C3, form: Form::Bare },
    ];

    /// Rewrites a ciphertext of this layout as `04‖C1‖C3‖C2`; nothing if it cannot be one.
    pub(super) fn standardise(self, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let (point, c3, c2): ([u8; POINT], &[u8], &[u8]) = match self.form {
            Form::Asn1 => {
                let parts = Received::from_der(ciphertext).ok()?;
                let octets = |part: AnyRef<'_>| part.header().tag() == Tag::OctetString;
                if !octets(parts.third) || !octets(parts.fourth) {
                    return None;
                }
                let (c3, c2) = self.ordered(parts.third.value(), parts.fourth.value());
                (point(parts.x, parts.y)?, c3, c2)
            }
            Form::Prefixed | Form::Bare => {
                let bare = if self.form == Form::Bare {
                    ciphertext
                } else {
                    ciphertext.strip_prefix(&[UNCOMPRESSED])?
                };
                let (point, rest) = bare.split_first_chunk::<POINT>()?;
                let first = match self.order {
                    Order::C1C3C2 => DIGEST,
                    Order::C1C2C3 => rest.len().checked_sub(DIGEST)?,
                };
                let (first, second) = rest.split_at_checked(first)?;
                let (c3, c2) = self.ordered(first, second);
                (*point, c3, c2)
            }
        };
        let sound = c3.len() == DIGEST && !c2.is_empty();
        sound.then(|| [&[UNCOMPRESSED], point.as_slice(), c3, c2].concat())
    }

    /// Rewrites `04‖C1‖C3‖C2` in this layout.
    pub(super) fn arrange(self, standard: &[u8]) -> Option<Vec<u8>> {
        let (point, rest) = standard.strip_prefix(&[UNCOMPRESSED])?.split_first_chunk::<POINT>()?;
        let (c3, c2) = rest.split_at_checked(DIGEST)?;
        let (first, second) = self.ordered(c3, c2);
        match self.form {
            Form::Prefixed => Some([&[UNCOMPRESSED], point.as_slice(), first, second].concat()),
            Form::Bare => Some([point, first, second].concat()),
            Form::Asn1 => {
                let (x, y) = point.split_at(DIGEST);
                let parts = Sent {
                    x: UintRef::new(x).ok()?,
                    y: UintRef::new(y).ok()?,
                    third: AnyRef::new(Tag::OctetString, first).ok()?,
                    fourth: AnyRef::new(Tag::OctetString, second).ok()?,
                };
                parts.to_der().ok()
            }
        }
    }

    /// Swaps C3 and C2, or the first and the second part, if the order is the older one.
    fn ordered<'a>(self, first: &'a [u8], second: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        match self.order {
            Order::C1C3C2 => (first, second),
            Order::C1C2C3 => (second, first),
        }
    }
}

/// As a peer wrote it: some keep the leading zeros of a coordinate, some forget the zero that makes it positive.
#[derive(Sequence)]
struct Received<'a> {
    x: AnyRef<'a>,
    y: AnyRef<'a>,
    third: AnyRef<'a>,
    fourth: AnyRef<'a>,
}

#[derive(Sequence)]
struct Sent<'a> {
    x: UintRef<'a>,
    y: UintRef<'a>,
    third: AnyRef<'a>,
    fourth: AnyRef<'a>,
}

fn point(x: AnyRef<'_>, y: AnyRef<'_>) -> Option<[u8; POINT]> {
    let mut point = [0; POINT];
    let (left, right) = point.split_at_mut(DIGEST);
    for (part, number) in [(left, x), (right, y)] {
        if number.header().tag() != Tag::Integer {
            return None;
        }
        let digits = number.value().iter().rev().copied();
        if digits.clone().skip(DIGEST).any(|digit| digit != 0) {
            return None;
        }
        part.iter_mut().rev().zip(digits).for_each(|(to, from)| *to = from);
    }
    Some(point)
}
