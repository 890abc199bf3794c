//! DER taken apart value by value, leniently about string and time types, without copying: signatures and digests run
//! over the bytes as received.

use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};
use jiff::Timestamp;

use super::ses::time;
use crate::crypto::der_soundness::{self, NotDer};

/// More fields than any honest structure has; the longest is the list of a seal's signers.
const MOST_FIELDS: usize = 4_096;

/// Why bytes are not the structure that they should be.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    #[error("not DER: {0}")]
    Der(#[from] der::Error),
    #[error(transparent)]
    NotDer(#[from] NotDer),
    #[error("{field}: expected {expected}, found {found}")]
    Unexpected { field: &'static str, expected: &'static str, found: String },
    #[error("{structure}: expected {expected} fields, found {found}")]
    FieldCount { structure: &'static str, expected: &'static str, found: usize },
}

/// One DER value: its tag, its content, and the whole as received.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    name: &'static str,
    pub der: &'a [u8],
    value: AnyRef<'a>,
}

impl<'a> Field<'a> {
    /// Checks that the bytes are one value and that all inside it is DER; for a structure as it was received.
    pub fn received(bytes: &'a [u8]) -> Result<Self, FieldError> {
        der_soundness::check(bytes)?;
        Self::whole(bytes)
    }

    fn whole(bytes: &'a [u8]) -> Result<Self, FieldError> {
        Ok(Self { name: "value", der: bytes, value: AnyRef::from_der(bytes)? })
    }

    pub fn tag(&self) -> Tag {
        self.value.header().tag()
    }

    pub fn unexpected(&self, expected: &'static str) -> FieldError {
        FieldError::Unexpected { field: self.name, expected, found: self.tag().to_string() }
    }

    /// The content of an OCTET STRING, or of a BIT STRING of whole bytes.
    pub fn bytes(&self) -> Result<&'a [u8], FieldError> {
        match (self.tag(), self.value.value()) {
            (Tag::OctetString, content) => Ok(content),
            (Tag::BitString, [0, content @ ..]) => Ok(content),
            _ => Err(self.unexpected("an OCTET STRING or a BIT STRING of whole bytes")),
        }
    }

    pub fn text(&self) -> Result<String, FieldError> {
        match self.tag() {
            Tag::Ia5String | Tag::Utf8String | Tag::PrintableString | Tag::VisibleString => {
                Ok(String::from_utf8_lossy(self.value.value()).into_owned())
            }
            _ => Err(self.unexpected("a string")),
        }
    }

    pub fn integer(&self) -> Result<u8, FieldError> {
        self.value.decode_as::<u8>().map_err(|_| self.unexpected("a small INTEGER"))
    }

    /// A length in whole millimetres, if it is one.
    pub fn length(&self) -> Option<u16> {
        self.value.decode_as::<u16>().ok()
    }

    pub fn oid(&self) -> Result<ObjectIdentifier, FieldError> {
        self.value.decode_as::<ObjectIdentifier>().map_err(|_| self.unexpected("an OBJECT IDENTIFIER"))
    }

    pub fn time(&self) -> Option<Timestamp> {
        match self.tag() {
            Tag::GeneralizedTime | Tag::UtcTime => time::read(self.value.value()),
            _ => time::read(self.bytes().ok()?),
        }
    }

    /// What stands between the header and the end.
    pub fn content(&self) -> &'a [u8] {
        self.value.value()
    }

    /// The value inside an explicit tag.
    pub fn inner(&self) -> Result<Self, FieldError> {
        match self.tag() {
            Tag::ContextSpecific { .. } => Ok(Self { name: self.name, ..Self::whole(self.value.value())? }),
            _ => Err(self.unexpected("an explicit tag")),
        }
    }
}

/// The fields of a SEQUENCE, taken one after the other.
pub struct Fields<'a> {
    structure: &'static str,
    reader: SliceReader<'a>,
}

impl<'a> Fields<'a> {
    pub fn of(structure: &'static str, field: Field<'a>) -> Result<Self, FieldError> {
        Self::of_tagged(structure, field, Tag::Sequence)
    }

    /// The fields of another constructed value: a SET, or what stands under an implicit tag.
    pub fn of_tagged(structure: &'static str, field: Field<'a>, tag: Tag) -> Result<Self, FieldError> {
        if field.tag() != tag {
            return Err(FieldError::Unexpected {
                field: structure,
                expected: "another type",
                found: field.tag().to_string(),
            });
        }
        Ok(Self { structure, reader: SliceReader::new(field.value.value())? })
    }

    pub fn of_received(structure: &'static str, bytes: &'a [u8]) -> Result<Self, FieldError> {
        Self::of(structure, Field::received(bytes)?)
    }

    /// How many fields are left; for telling the editions apart.
    pub fn count(&self) -> Result<usize, FieldError> {
        Ok(Self { structure: self.structure, reader: self.reader.clone() }.rest()?.len())
    }

    pub fn next(&mut self, name: &'static str) -> Result<Field<'a>, FieldError> {
        let der = self.reader.tlv_bytes()?;
        Ok(Field { name, ..Field::whole(der)? })
    }

    /// Nothing may follow: what nobody reads could say anything.
    pub fn finish(self) -> Result<(), FieldError> {
        let (structure, found) = (self.structure, self.rest()?.len());
        if found == 0 {
            Ok(())
        } else {
            Err(FieldError::FieldCount { structure, expected: "no more", found })
        }
    }

    pub fn optional(&mut self) -> Result<Option<Field<'a>>, FieldError> {
        if self.reader.is_finished() { Ok(None) } else { self.next(self.structure).map(Some) }
    }

    pub fn rest(mut self) -> Result<Vec<Field<'a>>, FieldError> {
        let mut fields = Vec::new();
        while let Some(field) = self.optional()? {
            if fields.len() == MOST_FIELDS {
                return Err(FieldError::FieldCount {
                    structure: self.structure,
                    expected: "at most 4096",
                    found: MOST_FIELDS + 1,
                });
            }
            fields.push(field);
        }
        Ok(fields)
    }
}
