//! Writing GB/T 38540-2020 structures as DER.
//!
//! No extensions are written and the certificate itself stands in the list of signers: some verifiers re-encode what
//! they read, or cannot read anything else.

use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, Ia5StringRef, OctetStringRef, Utf8StringRef};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Sequence};
use jiff::Timestamp;

use super::SM2_WITH_SM3;
use super::time::generalized;

/// The version of structures after GB/T 38540-2020.
const VERSION: u8 = 4;
/// property.type of an organisation's seal (单位印章).
const ORGANISATION_SEAL: u8 = 1;
/// property.certListType: the list holds certificates.
const LIST_OF_CERTIFICATES: u8 = 1;
/// header.Vid: who made the program that made the seal.
const VENDOR: &str = "baohan-gateway";

/// What a seal says about itself.
pub struct SealInfo<'a> {
    /// esID, ASCII.
    pub id: &'a str,
    pub name: &'a str,
    pub picture_png: &'a [u8],
    pub width_mm: u16,
    pub height_mm: u16,
    pub created: Timestamp,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
    /// The X.509 DER of the one who may use the seal.
    pub signer_certificate: &'a [u8],
}

impl SealInfo<'_> {
    /// The DER of SES_SealInfo.
    ///
    /// # Errors
    /// When the id is not ASCII or a time lies before 1970.
    pub fn to_der(&self) -> der::Result<Vec<u8>> {
        SesSealInfo {
            header: Header {
                id: Ia5StringRef::new("ES")?,
                version: VERSION,
                vendor: Ia5StringRef::new(VENDOR)?,
            },
            id: Ia5StringRef::new(self.id)?,
            property: Property {
                kind: ORGANISATION_SEAL,
                name: Utf8StringRef::new(self.name)?,
                list_type: LIST_OF_CERTIFICATES,
                list: vec![OctetStringRef::new(self.signer_certificate)?],
                created: generalized(self.created)?,
                valid_from: generalized(self.valid_from)?,
                valid_until: generalized(self.valid_until)?,
            },
            picture: Picture {
                kind: Ia5StringRef::new("png")?,
                data: OctetStringRef::new(self.picture_png)?,
                width: self.width_mm,
                height: self.height_mm,
            },
        }
        .to_der()
    }
}

/// The DER of [SESeal](super::SesSeal): the seal maker's signature round the DER of SES_SealInfo.
pub fn seal(info: &[u8], sealer_certificate: &[u8], signature: &[u8]) -> der::Result<Vec<u8>> {
    Signed::new(info, sealer_certificate, signature)?.to_der()
}

/// The DER of TBS_Sign.
///
/// # Errors
/// When the seal is not one DER value, the path is not ASCII, or the time lies before 1970.
pub fn to_sign(
    seal: &[u8],
    at: Timestamp,
    data_hash: &[u8; 32],
    property_info: &str,
) -> der::Result<Vec<u8>> {
    ToSign {
        version: VERSION,
        seal: AnyRef::from_der(seal)?,
        time_info: generalized(at)?,
        data_hash: BitStringRef::from_bytes(data_hash)?,
        property_info: Ia5StringRef::new(property_info)?,
    }
    .to_der()
}

/// The DER of [SES_Signature](super::SesSignature): the signer's signature round the DER of TBS_Sign.
pub fn signature(to_sign: &[u8], signer_certificate: &[u8], signature: &[u8]) -> der::Result<Vec<u8>> {
    Signed::new(to_sign, signer_certificate, signature)?.to_der()
}

/// The common shape of SESeal and of SES_Signature without a time stamp.
#[derive(Sequence)]
struct Signed<'a> {
    content: AnyRef<'a>,
    certificate: &'a OctetStringRef,
    algorithm: ObjectIdentifier,
    signature: BitStringRef<'a>,
}

impl<'a> Signed<'a> {
    fn new(content: &'a [u8], certificate: &'a [u8], signature: &'a [u8]) -> der::Result<Self> {
        Ok(Self {
            content: AnyRef::from_der(content)?,
            certificate: OctetStringRef::new(certificate)?,
            algorithm: SM2_WITH_SM3,
            signature: BitStringRef::from_bytes(signature)?,
        })
    }
}

#[derive(Sequence)]
struct ToSign<'a> {
    version: u8,
    seal: AnyRef<'a>,
    time_info: GeneralizedTime,
    data_hash: BitStringRef<'a>,
    property_info: Ia5StringRef<'a>,
}

#[derive(Sequence)]
struct SesSealInfo<'a> {
    header: Header<'a>,
    id: Ia5StringRef<'a>,
    property: Property<'a>,
    picture: Picture<'a>,
}

#[derive(Sequence)]
struct Header<'a> {
    id: Ia5StringRef<'a>,
    version: u8,
    vendor: Ia5StringRef<'a>,
}

#[derive(Sequence)]
struct Property<'a> {
    kind: u8,
    name: Utf8StringRef<'a>,
    list_type: u8,
    list: Vec<&'a OctetStringRef>,
    created: GeneralizedTime,
    valid_from: GeneralizedTime,
    valid_until: GeneralizedTime,
}

#[derive(Sequence)]
struct Picture<'a> {
    kind: Ia5StringRef<'a>,
    data: &'a OctetStringRef,
    width: u16,
    height: u16,
}
