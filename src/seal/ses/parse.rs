//! Reading SES structures of any edition, leniently about string and time types, without copying.
//!
//! Files in the wild hold OCTET STRING where V1 says BIT STRING, and GeneralizedTime where it says UTCTime.

use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader, Tag};
use jiff::Timestamp;

use super::{Edition, SesSeal, SesSignature, SignerList, time};

/// More fields than any honest structure has; the longest is the list of a seal's signers.
const MOST_FIELDS: usize = 4_096;

/// Why bytes are no SES structure.
#[derive(Debug, thiserror::Error)]
pub enum SesError {
    #[error("not DER: {0}")]
    Der(#[from] der::Error),
    #[error("{field}: expected {expected}, found {found}")]
    Unexpected { field: &'static str, expected: &'static str, found: String },
    #[error("{structure}: expected {expected} fields, found {found}")]
    FieldCount { structure: &'static str, expected: &'static str, found: usize },
}

impl<'a> SesSignature<'a> {
    /// # Errors
    /// When the bytes are not exactly one SES_Signature of a known edition.
    pub fn from_der(bytes: &'a [u8]) -> Result<Self, SesError> {
        let mut outer = Fields::of_whole("SES_Signature", bytes)?;
        let v1 = match outer.count()? {
            2 => true,
            4 | 5 => false,
            found => {
                return Err(SesError::FieldCount {
                    structure: "SES_Signature",
                    expected: "2, 4 or 5",
                    found,
                });
            }
        };
        let to_sign = outer.next("toSign")?;
        let mut tbs = Fields::of("TBS_Sign", to_sign)?;
        let version = tbs.next("version")?.integer()?;
        let seal = SesSeal::read(tbs.next("eseal")?)?;
        let sealed_at = tbs.next("timeInfo")?.time();
        let data_hash = tbs.next("dataHash")?.bytes()?;
        let property_info = tbs.next("propertyInfo")?.text()?;
        // The signer's certificate and algorithm stand inside TBS_Sign in V1, after it since.
        let (certificate, algorithm) = {
            let fields = if v1 { &mut tbs } else { &mut outer };
            (fields.next("cert")?.bytes()?, fields.next("signatureAlgID")?.oid()?)
        };
        let signature = outer.next("signature")?.bytes()?;
        let time_stamp = outer.optional()?.map(|field| field.inner()?.bytes()).transpose()?;
        let edition = edition(v1, version)?;
        Ok(Self {
            edition,
            to_sign: to_sign.der,
            seal,
            sealed_at,
            data_hash,
            property_info,
            certificate,
            algorithm,
            signature,
            time_stamp,
        })
    }
}

impl<'a> SesSeal<'a> {
    /// # Errors
    /// When the bytes are not exactly one SESeal of a known edition.
    pub fn from_der(bytes: &'a [u8]) -> Result<Self, SesError> {
        Self::read(Field::whole(bytes)?)
    }

    fn read(seal: Field<'a>) -> Result<Self, SesError> {
        let mut outer = Fields::of("SESeal", seal)?;
        let v1 = match outer.count()? {
            2 => true,
            4 | 5 => false,
            found => return Err(SesError::FieldCount { structure: "SESeal", expected: "2, 4 or 5", found }),
        };
        let info = outer.next("eSealInfo")?;
        let mut signing = if v1 { Fields::of("signInfo", outer.next("signInfo")?)? } else { outer };
        let certificate = signing.next("cert")?;
        let algorithm = signing.next("signAlgID")?;
        let signature = signing.next("signedValue")?;

        let mut fields = Fields::of("SES_SealInfo", info)?;
        let mut header = Fields::of("header", fields.next("header")?)?;
        let marker = header.next("header.ID")?.text()?;
        if marker != "ES" {
            return Err(SesError::Unexpected {
                field: "header.ID",
                expected: "`ES`",
                found: format!("`{marker}`"),
            });
        }
        let version = header.next("header.version")?.integer()?;
        let vendor = header.next("header.Vid")?.text()?;
        let id = fields.next("esID")?.text()?;
        let mut property = Fields::of("property", fields.next("property")?)?;
        property.next("property.type")?;
        let name = property.next("property.name")?.text()?;
        let signers = if v1 {
            SignerList::Certificates(octets(property.next("property.certList")?)?)
        } else {
            signer_list(&mut property)?
        };
        let created = property.next("property.createDate")?.time();
        let valid_from = property.next("property.validStart")?.time();
        let valid_until = property.next("property.validEnd")?.time();
        let mut picture = Fields::of("picture", fields.next("picture")?)?;
        let picture_kind = picture.next("picture.type")?.text()?;
        let picture_data = picture.next("picture.data")?.bytes()?;
        let picture_size_mm =
            picture.next("picture.width")?.length().zip(picture.next("picture.height")?.length());
        Ok(Self {
            edition: edition(v1, version)?,
            der: seal.der,
            info: info.der,
            vendor,
            id,
            name,
            signers,
            created,
            valid_from,
            valid_until,
            picture_kind,
            picture: picture_data,
            picture_size_mm,
            certificate: certificate.bytes()?,
            algorithm: algorithm.oid()?,
            signature: signature.bytes()?,
            v1_scope: AnyRef::new(Tag::Sequence, &[info.der, certificate.der, algorithm.der].concat())?
                .to_der()?,
        })
    }
}

fn edition(v1: bool, version: u8) -> Result<Edition, SesError> {
    match (v1, version) {
        // V1 files carry 1, 2 or 3 here; the shape is what tells them.
        (true, _) => Ok(Edition::V1),
        (false, 4) => Ok(Edition::V4),
        (false, 5) => Ok(Edition::V5),
        (false, other) => {
            Err(SesError::Unexpected { field: "version", expected: "4 or 5", found: other.to_string() })
        }
    }
}

fn signer_list<'a>(property: &mut Fields<'a>) -> Result<SignerList<'a>, SesError> {
    let kind = property.next("property.certListType")?.integer()?;
    let list = property.next("property.certList")?;
    match kind {
        1 => Ok(SignerList::Certificates(octets(list)?)),
        2 => {
            let mut digests = Vec::new();
            for field in Fields::of("property.certList", list)?.rest()? {
                let mut entry = Fields::of("CertDigestObj", field)?;
                entry.next("CertDigestObj.type")?;
                digests.push(entry.next("CertDigestObj.value")?.bytes()?);
            }
            Ok(SignerList::Digests(digests))
        }
        other => Err(SesError::Unexpected {
            field: "property.certListType",
            expected: "1 or 2",
            found: other.to_string(),
        }),
    }
}

fn octets(list: Field<'_>) -> Result<Vec<&[u8]>, SesError> {
    Fields::of("property.certList", list)?.rest()?.iter().map(Field::bytes).collect()
}

/// One DER value: its tag, its content, and the whole as received.
#[derive(Clone, Copy)]
struct Field<'a> {
    name: &'static str,
    der: &'a [u8],
    value: AnyRef<'a>,
}

impl<'a> Field<'a> {
    fn whole(bytes: &'a [u8]) -> Result<Self, SesError> {
        Ok(Self { name: "value", der: bytes, value: AnyRef::from_der(bytes)? })
    }

    fn tag(&self) -> Tag {
        self.value.header().tag()
    }

    fn unexpected(&self, expected: &'static str) -> SesError {
        SesError::Unexpected { field: self.name, expected, found: self.tag().to_string() }
    }

    /// The content of an OCTET STRING, or of a BIT STRING of whole bytes.
    fn bytes(&self) -> Result<&'a [u8], SesError> {
        match (self.tag(), self.value.value()) {
            (Tag::OctetString, content) => Ok(content),
            (Tag::BitString, [0, content @ ..]) => Ok(content),
            _ => Err(self.unexpected("an OCTET STRING or a BIT STRING of whole bytes")),
        }
    }

    fn text(&self) -> Result<String, SesError> {
        match self.tag() {
            Tag::Ia5String | Tag::Utf8String | Tag::PrintableString | Tag::VisibleString => {
                Ok(String::from_utf8_lossy(self.value.value()).into_owned())
            }
            _ => Err(self.unexpected("a string")),
        }
    }

    fn integer(&self) -> Result<u8, SesError> {
        self.value.decode_as::<u8>().map_err(|_| self.unexpected("a small INTEGER"))
    }

    /// A length in whole millimetres, if it is one.
    fn length(&self) -> Option<u16> {
        self.value.decode_as::<u16>().ok()
    }

    fn oid(&self) -> Result<ObjectIdentifier, SesError> {
        self.value.decode_as::<ObjectIdentifier>().map_err(|_| self.unexpected("an OBJECT IDENTIFIER"))
    }

    fn time(&self) -> Option<Timestamp> {
        match self.tag() {
            Tag::GeneralizedTime | Tag::UtcTime => time::read(self.value.value()),
            _ => time::read(self.bytes().ok()?),
        }
    }

    /// The value inside an explicit tag.
    fn inner(&self) -> Result<Self, SesError> {
        match self.tag() {
            Tag::ContextSpecific { .. } => Ok(Self { name: self.name, ..Self::whole(self.value.value())? }),
            _ => Err(self.unexpected("an explicit tag")),
        }
    }
}

/// The fields of a SEQUENCE, taken one after the other.
struct Fields<'a> {
    structure: &'static str,
    reader: SliceReader<'a>,
}

impl<'a> Fields<'a> {
    fn of(structure: &'static str, field: Field<'a>) -> Result<Self, SesError> {
        if field.tag() != Tag::Sequence {
            return Err(SesError::Unexpected {
                field: structure,
                expected: "a SEQUENCE",
                found: field.tag().to_string(),
            });
        }
        Ok(Self { structure, reader: SliceReader::new(field.value.value())? })
    }

    fn of_whole(structure: &'static str, bytes: &'a [u8]) -> Result<Self, SesError> {
        Self::of(structure, Field::whole(bytes)?)
    }

    /// How many fields are left; for telling the editions apart.
    fn count(&self) -> Result<usize, SesError> {
        Ok(Self { structure: self.structure, reader: self.reader.clone() }.rest()?.len())
    }

    fn next(&mut self, name: &'static str) -> Result<Field<'a>, SesError> {
        let der = self.reader.tlv_bytes()?;
        Ok(Field { name, ..Field::whole(der)? })
    }

    fn optional(&mut self) -> Result<Option<Field<'a>>, SesError> {
        if self.reader.is_finished() { Ok(None) } else { self.next(self.structure).map(Some) }
    }

    fn rest(mut self) -> Result<Vec<Field<'a>>, SesError> {
        let mut fields = Vec::new();
        while let Some(field) = self.optional()? {
            if fields.len() == MOST_FIELDS {
                return Err(SesError::FieldCount {
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
