//! The ASN.1 of electronic seals and of signatures made with them: GB/T 38540-2020 (V4), written as the standard says
//! and read as it is found, together with its older and newer relatives (GM/T 0031-2014 and GM/T 0031-2025).
//!
//! ```text
//! SES_Signature ::= SEQUENCE { toSign TBS_Sign, cert OCTET STRING, signatureAlgID OID, signature BIT STRING,
//!                              timeStamp [0] EXPLICIT BIT STRING OPTIONAL }
//! TBS_Sign      ::= SEQUENCE { version INTEGER, eseal SESeal, timeInfo GeneralizedTime, dataHash BIT STRING,
//!                              propertyInfo IA5String, extDatas [0] EXPLICIT ExtensionDatas OPTIONAL }
//! SESeal        ::= SEQUENCE { eSealInfo SES_SealInfo, cert OCTET STRING, signAlgID OID, signedValue BIT STRING }
//! SES_SealInfo  ::= SEQUENCE { header, esID IA5String, property, picture, extDatas ExtensionDatas OPTIONAL }
//! ```
//!
//! GM/T 0031-2014 (V1) has the signer's certificate and algorithm inside TBS_Sign, wraps the sealer's three fields
//! into a SEQUENCE of their own, and has the sealer sign SEQUENCE { SES_SealInfo, cert, signAlgID }.

pub mod encode;
pub mod parse;
pub(super) mod time;

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use serde::Serialize;

/// SM2 signature with SM3 (GM/T 0006), the only algorithm that GB/T 38540 seals use.
pub const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");

/// SM3 (GM/T 0006), as `CheckMethod` of a signature's references.
pub const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");

/// Which edition a structure follows, told by its shape and its version numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Edition {
    /// GM/T 0031-2014.
    V1,
    /// GB/T 38540-2020.
    V4,
    /// GM/T 0031-2025.
    V5,
}

/// SES_Signature as found. The slices are the received bytes, because signatures and digests run over them and not over
/// what a re-encoding would make of them.
#[derive(Debug)]
pub struct SesSignature<'a> {
    pub edition: Edition,
    /// The DER of TBS_Sign: what the signer signed.
    pub to_sign: &'a [u8],
    pub seal: SesSeal<'a>,
    /// timeInfo, if it is a time we can read. V1 may hold a time stamp token instead.
    pub sealed_at: Option<Timestamp>,
    /// SM3 of Signature.xml.
    pub data_hash: &'a [u8],
    /// The path of Signature.xml in the package.
    pub property_info: String,
    /// The signer's X.509 certificate, DER.
    pub certificate: &'a [u8],
    pub algorithm: ObjectIdentifier,
    /// DER SEQUENCE { r, s }.
    pub signature: &'a [u8],
    /// A time stamp token (GB/T 20520), if there is one.
    pub time_stamp: Option<&'a [u8]>,
}

/// SESeal as found.
#[derive(Debug)]
pub struct SesSeal<'a> {
    pub edition: Edition,
    /// The DER of the whole SESeal.
    pub der: &'a [u8],
    /// The DER of SES_SealInfo: what the sealer signed.
    pub info: &'a [u8],
    /// header.Vid.
    pub vendor: String,
    /// esID.
    pub id: String,
    pub name: String,
    pub signers: SignerList<'a>,
    pub created: Option<Timestamp>,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    /// picture.type: `png`, `ofd` and others.
    pub picture_kind: String,
    pub picture: &'a [u8],
    /// picture.width and picture.height, if both are plausible lengths.
    pub picture_size_mm: Option<(u16, u16)>,
    /// The sealer's (制章者) X.509 certificate, DER.
    pub certificate: &'a [u8],
    pub algorithm: ObjectIdentifier,
    /// DER SEQUENCE { r, s }.
    pub signature: &'a [u8],
    /// The DER of SEQUENCE { SES_SealInfo, cert, signAlgID }, which the sealer of a V1 seal signed.
    pub v1_scope: Vec<u8>,
}

/// Who may use a seal: property.certList.
#[derive(Debug)]
pub enum SignerList<'a> {
    /// certListType 1.
    Certificates(Vec<&'a [u8]>),
    /// certListType 2: SM3 of each certificate's DER.
    Digests(Vec<&'a [u8]>),
}

impl SignerList<'_> {
    /// `digest` is the SM3 of `certificate`.
    pub fn contains(&self, certificate: &[u8], digest: &[u8]) -> bool {
        match self {
            Self::Certificates(certificates) => certificates.contains(&certificate),
            Self::Digests(digests) => digests.contains(&digest),
        }
    }
}
