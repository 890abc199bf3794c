//! Reading SES structures of any edition, leniently about string and time types, without copying.
//!
//! Files in the wild hold OCTET STRING where V1 says BIT STRING, and GeneralizedTime where it says UTCTime.

use der::asn1::AnyRef;
use der::{Encode, Tag};

use super::{Edition, SesSeal, SesSignature, SignerList};
use crate::seal::fields::{Field, FieldError, Fields};

impl<'a> SesSignature<'a> {
    /// # Errors
    /// When the bytes are not exactly one SES_Signature of a known edition.
    pub fn from_der(bytes: &'a [u8]) -> Result<Self, FieldError> {
        let mut outer = Fields::of_received("SES_Signature", bytes)?;
        let v1 = match outer.count()? {
            2 => true,
            4 | 5 => false,
            found => {
                return Err(FieldError::FieldCount {
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
    pub fn from_der(bytes: &'a [u8]) -> Result<Self, FieldError> {
        Self::read(Field::received(bytes)?)
    }

    fn read(seal: Field<'a>) -> Result<Self, FieldError> {
        let mut outer = Fields::of("SESeal", seal)?;
        let v1 = match outer.count()? {
            2 => true,
            4 | 5 => false,
            found => {
                return Err(FieldError::FieldCount { structure: "SESeal", expected: "2, 4 or 5", found });
            }
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
            return Err(FieldError::Unexpected {
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

fn edition(v1: bool, version: u8) -> Result<Edition, FieldError> {
    match (v1, version) {
        // V1 files carry 1, 2 or 3 here; the shape is what tells them.
        (true, _) => Ok(Edition::V1),
        (false, 4) => Ok(Edition::V4),
        (false, 5) => Ok(Edition::V5),
        (false, other) => {
            Err(FieldError::Unexpected { field: "version", expected: "4 or 5", found: other.to_string() })
        }
    }
}

fn signer_list<'a>(property: &mut Fields<'a>) -> Result<SignerList<'a>, FieldError> {
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
        other => Err(FieldError::Unexpected {
            field: "property.certListType",
            expected: "1 or 2",
            found: other.to_string(),
        }),
    }
}

fn octets(list: Field<'_>) -> Result<Vec<&[u8]>, FieldError> {
    Fields::of("property.certList", list)?.rest()?.iter().map(Field::bytes).collect()
}
