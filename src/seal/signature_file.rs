//! The XML files of a signature: `Signatures.xml`, which lists signatures, and `Signature.xml`, which describes one.
//!
//! Elements stand in the order of the schema, names carry the prefix `ofd:` and paths are absolute, because some
//! readers need each of these. `CheckMethod` is the OID, as all vendors write it, though the schema of 2016 knows no
//! SM3.

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::ses::{SM2_WITH_SM3, SM3};
use super::stamp::Stamp;
use crate::document::ofd::element::escape;

/// The list of signatures of the package's document; OFD.xml names it before anything is sealed.
pub const SIGNATURES: &str = "Doc_0/Signs/Signatures.xml";

/// The folder of the first signature.
pub const SIGNATURE: &str = "Doc_0/Signs/Sign_0/Signature.xml";
pub const SEAL: &str = "Doc_0/Signs/Sign_0/Seal.esl";
pub const SIGNED_VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

/// An ID (xs:ID, so a letter comes first) that is unique in the files of the first signature: `s001` is the signature,
/// the stamps follow.
fn id(number: usize) -> String {
    format!("s{number:03}")
}

/// Signatures.xml for one signature with that many stamps.
pub fn signatures(stamps: usize) -> String {
    let (first, last) = (id(1), id(1 + stamps));
    format!(
        "{HEAD}<ofd:Signatures {NAMESPACE}><ofd:MaxSignId>{last}</ofd:MaxSignId>\
         <ofd:Signature ID=\"{first}\" Type=\"Seal\" BaseLoc=\"/{SIGNATURE}\"/></ofd:Signatures>"
    )
}

/// Signature.xml. The references are paths without leading slash with the SM3 of the file.
pub fn signature<'a>(
    references: impl Iterator<Item = (&'a str, [u8; 32])>,
    stamps: &[Stamp],
    at: Timestamp,
) -> Result<String, fmt::Error> {
    let mut xml = String::with_capacity(4_096);
    write!(
        xml,
        "{HEAD}<ofd:Signature {NAMESPACE}><ofd:SignedInfo><ofd:Provider ProviderName=\"baohan-gateway\" Version=\"{}\"/>\
         <ofd:SignatureMethod>{SM2_WITH_SM3}</ofd:SignatureMethod>\
         <ofd:SignatureDateTime>{}</ofd:SignatureDateTime><ofd:References CheckMethod=\"{SM3}\">",
        env!("CARGO_PKG_VERSION"),
        at.strftime("%Y%m%d%H%M%SZ"),
    )?;
    for (path, digest) in references {
        write!(
            xml,
            "<ofd:Reference FileRef=\"/{}\"><ofd:CheckValue>{}</ofd:CheckValue></ofd:Reference>",
            escape(path),
            STANDARD.encode(digest)
        )?;
    }
    xml.push_str("</ofd:References>");
    for (number, stamp) in (2..).zip(stamps) {
        write!(
            xml,
            "<ofd:StampAnnot ID=\"{}\" PageRef=\"{}\" Boundary=\"{}\"",
            id(number),
            stamp.page_id,
            stamp.boundary
        )?;
        if let Some(clip) = stamp.clip {
            write!(xml, " Clip=\"{clip}\"")?;
        }
        xml.push_str("/>");
    }
    write!(
        xml,
        "<ofd:Seal><ofd:BaseLoc>/{SEAL}</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>\
         <ofd:SignedValue>/{SIGNED_VALUE}</ofd:SignedValue></ofd:Signature>"
    )?;
    Ok(xml)
}
